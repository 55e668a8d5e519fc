//! The kinds of entries: who may write one, into which log, through which lane, and how the fold treats it.
//!
//! This list is the authority. A new kind needs a line in each `match` below, a body under [`body`](crate::body), and a golden file.
//! The server announces what it knows; a phone with a newer list holds the new kinds back until the server has caught up.

use crate::cursor::{Audience, Lane};
use crate::session::Role;

words! {
    /// A kind of entry that this version knows. Each line says how the fold treats it.
    pub enum Kind: "a kind of entry" {
        /// A message: appended at its place.
        MessagePosted = "message.posted",
        /// Another text for a message: the last one by place wins; on a deleted message it has no effect and is a success.
        MessageEdited = "message.edited",
        /// A message is gone: wins for ever over edits.
        MessageDeleted = "message.deleted",
        /// A read mark: per reader the maximum; it never moves back.
        MessageRead = "message.read",

        /// The steps of a date. Per device and date the highest revision wins; between devices the larger amount of each slot
        /// counts, never the sum.
        StepsDay = "steps.day",
        /// A weigh-in, new or edited: per weigh-in the last one by place.
        WeightRecorded = "weight.recorded",
        /// A weigh-in is taken back: per weigh-in the last one by place.
        WeightDeleted = "weight.deleted",
        /// A bookmark set or taken away: per article the last one by place.
        ArticleBookmarked = "article.bookmarked",
        /// How far an article was read: per article the last one by place.
        ArticleRead = "article.read",
        /// A setting: per key the last one by place.
        SettingsChanged = "settings.changed",

        /// Consent to a text: the last one by place, together with withdrawals; changes access at the next request.
        ConsentGiven = "consent.given",
        /// Consent is withdrawn: as `consent.given`.
        ConsentWithdrawn = "consent.withdrawn",
        /// The support plan: the last one by place; one that is not based on the present plan is refused.
        PlanSet = "plan.set",
        /// An initial interview took place: a step of the course.
        InterviewRecorded = "interview.recorded",
        /// A support episode begins: a step of the course.
        SupportOpened = "support.opened",
        /// A support episode ends: a step of the course.
        SupportClosed = "support.closed",
        /// The final evaluation, or an interim one: a step of the course.
        EvaluationRecorded = "evaluation.recorded",

        /// Her name and society: the last one by place.
        CaseOpened = "case.opened",
        /// Who may act: the last one by place; changes access at the next request.
        AssignmentChanged = "assignment.changed",
        /// The body of an earlier entry is gone: its place stays, with nothing in it, in every replica.
        EntryErased = "entry.erased",

        /// A private note of the staff: appended at its place.
        NotePosted = "note.posted",
        /// Another text for a note: the last one by place wins; on a deleted note it has no effect and is a success.
        NoteEdited = "note.edited",
        /// A note is gone: wins for ever over edits.
        NoteDeleted = "note.deleted",

        /// A question to the health advisers: opens it.
        QuestionAsked = "question.asked",
        /// A further question to the same answer: opens it again.
        QuestionFollowedUp = "question.followed_up",
        /// The question cannot wait: wins for ever.
        QuestionMarkedUrgent = "question.marked_urgent",
        /// An adviser takes the question or is given it: the last one by place.
        QuestionAssigned = "question.assigned",
        /// The answer: appended to the question.
        QuestionAnswered = "question.answered",
        /// The question is done: closed until it is followed up.
        QuestionClosed = "question.closed",
        /// She shows the question to her dietitian: in the care log it stands at its place, in the advice log it marks the question.
        QuestionShared = "question.shared",
        /// A rewritten, anonymous text for everybody: the last one by place is the proposal.
        QuestionFaqProposed = "question.faq_proposed",
        /// A second person agrees to a proposal: makes it an article.
        QuestionFaqApproved = "question.faq_approved",
    }
}

word_type! {
    /// The name of any kind, known or not.
    pub struct KindName: "a kind of entry"
}

impl KindName {
    /// The kind, if this version knows it.
    #[must_use]
    pub fn known(&self) -> Option<Kind> {
        Kind::from_word(self.as_str())
    }
}

impl From<Kind> for KindName {
    fn from(kind: Kind) -> Self {
        Self(kind.as_str().into())
    }
}

const PARTICIPANT: &[Role] = &[Role::Participant];
const DIETITIAN: &[Role] = &[Role::Dietitian];
const ADVISER: &[Role] = &[Role::Adviser];
const SYSTEM: &[Role] = &[Role::System];
const PARTICIPANT_AND_DIETITIAN: &[Role] = &[Role::Participant, Role::Dietitian];
const PARTICIPANT_AND_SYSTEM: &[Role] = &[Role::Participant, Role::System];
const ADVISER_AND_SYSTEM: &[Role] = &[Role::Adviser, Role::System];
const COORDINATOR_AND_SYSTEM: &[Role] = &[Role::Coordinator, Role::System];
const ANYBODY_WHO_READS: &[Role] = &[Role::Participant, Role::Dietitian, Role::Adviser];

const PARTICIPANT_AND_ADVISER: &[Role] = &[Role::Participant, Role::Adviser];

const CARE: &[Audience] = &[Audience::Care];
const STAFF: &[Audience] = &[Audience::Staff];
const ADVICE: &[Audience] = &[Audience::Advice];
const CARE_AND_ADVICE: &[Audience] = &[Audience::Care, Audience::Advice];

impl Audience {
    /// The roles that may replicate a log of this audience, for a case that is theirs. Everybody else finds no such log.
    #[must_use]
    pub const fn readers(self) -> &'static [Role] {
        match self {
            Self::Care => PARTICIPANT_AND_DIETITIAN,
            Self::Staff => DIETITIAN,
            Self::Advice => PARTICIPANT_AND_ADVISER,
        }
    }
}

impl Kind {
    /// Newest version of its body. Versions count from 1; within one only optional fields are added.
    #[must_use]
    pub const fn newest_body_version(self) -> u16 {
        1
    }

    /// The lane of the phone through which it is sent; `None` for what only the server appends or a coordinator causes.
    #[must_use]
    pub const fn lane(self) -> Option<Lane> {
        match self {
            Self::MessagePosted
            | Self::MessageEdited
            | Self::MessageDeleted
            | Self::ConsentGiven
            | Self::ConsentWithdrawn
            | Self::PlanSet
            | Self::InterviewRecorded
            | Self::SupportOpened
            | Self::SupportClosed
            | Self::EvaluationRecorded
            | Self::NotePosted
            | Self::NoteEdited
            | Self::NoteDeleted
            | Self::QuestionAsked
            | Self::QuestionFollowedUp
            | Self::QuestionMarkedUrgent
            | Self::QuestionAssigned
            | Self::QuestionAnswered
            | Self::QuestionClosed
            | Self::QuestionShared
            | Self::QuestionFaqProposed
            | Self::QuestionFaqApproved => Some(Lane::Talk),
            Self::MessageRead
            | Self::StepsDay
            | Self::WeightRecorded
            | Self::WeightDeleted
            | Self::ArticleBookmarked
            | Self::ArticleRead
            | Self::SettingsChanged => Some(Lane::Readings),
            Self::CaseOpened | Self::AssignmentChanged | Self::EntryErased => None,
        }
    }

    /// The logs in which it may stand.
    #[must_use]
    pub const fn audiences(self) -> &'static [Audience] {
        match self {
            Self::MessagePosted
            | Self::MessageEdited
            | Self::MessageDeleted
            | Self::StepsDay
            | Self::WeightRecorded
            | Self::WeightDeleted
            | Self::ArticleBookmarked
            | Self::ArticleRead
            | Self::SettingsChanged
            | Self::ConsentGiven
            | Self::ConsentWithdrawn
            | Self::PlanSet
            | Self::InterviewRecorded
            | Self::SupportOpened
            | Self::SupportClosed
            | Self::EvaluationRecorded
            | Self::CaseOpened
            | Self::AssignmentChanged => CARE,
            Self::NotePosted | Self::NoteEdited | Self::NoteDeleted => STAFF,
            Self::QuestionAsked
            | Self::QuestionFollowedUp
            | Self::QuestionMarkedUrgent
            | Self::QuestionAssigned
            | Self::QuestionAnswered
            | Self::QuestionClosed
            | Self::QuestionFaqProposed
            | Self::QuestionFaqApproved => ADVICE,
            Self::MessageRead | Self::QuestionShared => CARE_AND_ADVICE,
            Self::EntryErased => Audience::ALL,
        }
    }

    /// The roles that may write it. What they may do it to (their own message, a case assigned to them) is for the server to know.
    #[must_use]
    pub const fn authors(self) -> &'static [Role] {
        match self {
            Self::MessagePosted | Self::MessageEdited | Self::MessageDeleted => PARTICIPANT_AND_DIETITIAN,
            Self::MessageRead => ANYBODY_WHO_READS,
            Self::StepsDay
            | Self::WeightRecorded
            | Self::WeightDeleted
            | Self::ArticleBookmarked
            | Self::ArticleRead
            | Self::SettingsChanged
            | Self::ConsentGiven
            | Self::ConsentWithdrawn
            | Self::QuestionAsked
            | Self::QuestionFollowedUp
            | Self::QuestionShared => PARTICIPANT,
            Self::PlanSet
            | Self::InterviewRecorded
            | Self::SupportOpened
            | Self::SupportClosed
            | Self::EvaluationRecorded
            | Self::NotePosted
            | Self::NoteEdited
            | Self::NoteDeleted => DIETITIAN,
            Self::QuestionAssigned
            | Self::QuestionAnswered
            | Self::QuestionFaqProposed
            | Self::QuestionFaqApproved => ADVISER,
            Self::QuestionMarkedUrgent => ADVISER_AND_SYSTEM,
            Self::QuestionClosed => PARTICIPANT_AND_SYSTEM,
            Self::AssignmentChanged => COORDINATOR_AND_SYSTEM,
            Self::CaseOpened | Self::EntryErased => SYSTEM,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_log_and_an_author() {
        for kind in Kind::ALL {
            assert!(
                !kind.audiences().is_empty() && !kind.authors().is_empty(),
                "{kind}"
            );
            assert_eq!(KindName::from(*kind).known(), Some(*kind));
        }
    }

    #[test]
    fn what_no_phone_sends_has_no_lane() {
        for kind in Kind::ALL {
            let is_sent = kind
                .authors()
                .iter()
                .any(|role| !matches!(role, Role::System | Role::Coordinator));
            assert_eq!(kind.lane().is_some(), is_sent, "{kind}");
        }
    }

    #[test]
    fn somebody_who_sends_a_kind_can_read_every_log_in_which_it_may_stand() {
        for kind in Kind::ALL.iter().filter(|kind| kind.lane().is_some()) {
            for audience in kind.audiences() {
                let mut authors = kind.authors().iter();
                assert!(authors.any(|role| audience.readers().contains(role)), "{kind}");
            }
        }
    }

    #[test]
    fn a_participant_writes_nothing_into_the_staff_log() {
        for kind in Kind::ALL {
            let is_private = kind.audiences() == STAFF;
            assert!(
                !(is_private && kind.authors().contains(&Role::Participant)),
                "{kind}"
            );
        }
    }
}
