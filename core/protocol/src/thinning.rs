//! Which entries a snapshot may hold without their body, because a later one of the same log says more.
//!
//! The server does not fold: it groups entries by [`ThinningKey`] and thins those of a group before the last one of the highest rank
//! whose own rank is lower. What stands behind that one stays whole: when somebody last wrote is told by the last entry. The rule is
//! tested where the fold is: the fold of a snapshot equals the fold of the log. A fold that needs more has to change this table.

use crate::body::Body;
use crate::entry::Entry;
use crate::id::{AccountId, ArticleId, DeviceId, OpId, WeighInId};
use crate::kind::Kind;
use crate::time::LocalDate;

/// What an entry is about; of all entries about the same only those of the highest rank matter, and those behind them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ThinningKey {
    /// The read mark of one reader.
    ReadMark(AccountId),
    /// Another text for one message or note, by one author.
    Edit(AccountId, OpId),
    /// One date on one device.
    StepsDay(DeviceId, LocalDate),
    /// One weigh-in.
    WeighIn(WeighInId),
    /// The bookmark of one article.
    Bookmark(ArticleId),
    /// How far one article was read.
    ArticleRead(ArticleId),
    /// One setting.
    Setting(crate::body::SettingKey),
}

/// Where an entry belongs and how much it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thinning {
    /// What it is about.
    pub key: ThinningKey,
    /// A later entry with a higher rank about the same makes this one superfluous; an equal one does not.
    pub rank: i64,
}

/// Whether entries of a kind may be thinned at all: the others need not be read.
#[must_use]
pub const fn is_thinnable(kind: Kind) -> bool {
    match kind {
        Kind::MessageRead
        | Kind::MessageEdited
        | Kind::NoteEdited
        | Kind::StepsDay
        | Kind::WeightRecorded
        | Kind::WeightDeleted
        | Kind::ArticleBookmarked
        | Kind::ArticleRead
        | Kind::SettingsChanged => true,
        // What was said and agreed, with its pictures and quotations, and the steps of the course: nothing later replaces it.
        Kind::MessagePosted
        | Kind::MessageDeleted
        | Kind::ConsentGiven
        | Kind::ConsentWithdrawn
        | Kind::PlanSet
        | Kind::InterviewRecorded
        | Kind::SupportOpened
        | Kind::SupportClosed
        | Kind::EvaluationRecorded
        | Kind::CaseOpened
        | Kind::AssignmentChanged
        | Kind::EntryErased
        | Kind::NotePosted
        | Kind::NoteDeleted
        | Kind::QuestionAsked
        | Kind::QuestionFollowedUp
        | Kind::QuestionMarkedUrgent
        | Kind::QuestionAssigned
        | Kind::QuestionAnswered
        | Kind::QuestionClosed
        | Kind::QuestionShared
        | Kind::QuestionFaqProposed
        | Kind::QuestionFaqApproved => false,
    }
}

/// Where an entry with this body belongs; `None` if it stays whole.
///
/// Kinds of which the last one by place counts are ranked by place, a read mark by how far it reaches, a date by its revision.
#[must_use]
pub fn thinning(entry: &Entry, body: &Body) -> Option<Thinning> {
    if !is_thinnable(body.kind()) {
        return None;
    }
    let by_place = entry.seq.number();
    let (key, rank) = match body {
        Body::MessageRead(body) => (ThinningKey::ReadMark(entry.author_id), body.up_to_seq.number()),
        Body::MessageEdited(body) => (ThinningKey::Edit(entry.author_id, body.target), by_place),
        Body::NoteEdited(body) => (ThinningKey::Edit(entry.author_id, body.target), by_place),
        Body::StepsDay(body) => (
            ThinningKey::StepsDay(entry.device_id, body.date),
            i64::from(body.revision),
        ),
        Body::WeightRecorded(body) => (ThinningKey::WeighIn(body.weight_id), by_place),
        Body::WeightDeleted(body) => (ThinningKey::WeighIn(body.weight_id), by_place),
        Body::ArticleBookmarked(body) => (ThinningKey::Bookmark(body.article_id.clone()), by_place),
        Body::ArticleRead(body) => (ThinningKey::ArticleRead(body.article_id.clone()), by_place),
        Body::SettingsChanged(body) => (ThinningKey::Setting(body.key.clone()), by_place),
        _ => return None,
    };
    Some(Thinning { key, rank })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::{MessageRead, RawBody};
    use crate::cursor::Seq;

    /// A read mark at `seq` that reaches `up_to`, by the author of the golden entry.
    fn read_mark(seq: i64, up_to: i64) -> Thinning {
        let text = include_str!("../golden/entries/message.read.v1.json");
        let mut entry: Entry = serde_json::from_str(text).unwrap();
        let body = MessageRead {
            up_to_seq: Seq::new(up_to).unwrap(),
        };
        entry.seq = Seq::new(seq).unwrap();
        entry.body = Some(RawBody::of(&body).unwrap());
        thinning(&entry, &body.into()).unwrap()
    }

    #[test]
    fn a_read_mark_is_ranked_by_how_far_it_reaches_and_not_by_its_place() {
        let (early, far) = (read_mark(9, 7), read_mark(10, 3));
        assert_eq!(early.key, far.key);
        assert!(early.rank > far.rank);
    }

    #[test]
    fn a_weigh_in_and_its_deletion_are_about_the_same() {
        let of = |text: &str| {
            let entry: Entry = serde_json::from_str(text).unwrap();
            match entry.read_body().unwrap() {
                Some(crate::body::BodyReading::Known(body)) => thinning(&entry, &body).unwrap(),
                _ => panic!("a known body"),
            }
        };
        let recorded = of(include_str!("../golden/entries/weight.recorded.v1.json"));
        let deleted = of(include_str!("../golden/entries/weight.deleted.v1.json"));
        assert_eq!(recorded.key, deleted.key);
        assert!(recorded.rank < deleted.rank, "the later one counts");
    }
}
