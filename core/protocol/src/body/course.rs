//! The course of guidance: plan, interview, support, evaluation. What follows from them is for the rules to say.

use serde::{Deserialize, Serialize};

use super::conversation::AuthoredBy;
use super::reading::check_measures;
use super::{Check, each};
use crate::cursor::Seq;
use crate::id::OpId;
use crate::limits::{self, LimitError, check};
use crate::time::LocalDate;

open_words! {
    /// The level of guidance that stratification (階層化) chose.
    pub enum GuidanceLevel: "a level of guidance" {
        /// Active support (積極的支援).
        Active = "active",
        /// Motivational support (動機付け支援).
        Motivational = "motivational",
    }
}

open_words! {
    /// The habit of a goal.
    pub enum Habit: "a habit" {
        /// Eating (食習慣).
        Diet = "diet",
        /// Exercise (運動習慣).
        Exercise = "exercise",
        /// Smoking (喫煙習慣).
        Smoking = "smoking",
        /// Rest (休養習慣).
        Rest = "rest",
        /// Another habit (その他の生活習慣), alcohol among them.
        OtherHabit = "other",
    }
}

open_words! {
    /// The form of a contact.
    pub enum ContactForm: "the form of a contact" {
        /// One person, in one room.
        IndividualFace = "individual_face",
        /// One person, over the web.
        IndividualRemote = "individual_remote",
        /// A group, in one room.
        GroupFace = "group_face",
        /// A group, over the web.
        GroupRemote = "group_remote",
        /// By telephone.
        Phone = "phone",
        /// By chat, mail or letter.
        Written = "message",
    }
}

open_words! {
    /// What entitles a member of the staff to guide.
    pub enum Qualification: "a qualification" {
        /// Physician (医師).
        Physician = "physician",
        /// Public-health nurse (保健師).
        PublicHealthNurse = "public_health_nurse",
        /// Registered dietitian (管理栄養士).
        RegisteredDietitian = "registered_dietitian",
        /// Another one.
        OtherQualification = "other",
    }
}

open_words! {
    /// Which part of an interview that may be split in two.
    pub enum InterviewPart: "a part of an interview" {
        /// All of it.
        Whole = "whole",
        /// The first half (初回面接①).
        First = "first",
        /// The second half (初回面接②).
        Second = "second",
    }
}

open_words! {
    /// The type of a support in the third period.
    pub enum SupportType: "a type of support" {
        /// Based on the submitted record of the plan (支援A).
        A = "a",
        /// Encouragement and praise (支援B).
        B = "b",
    }
}

word_type! {
    /// Why a support counts or does not, in the codes of the ledger.
    pub struct ReasonCode: "a reason"
}

/// `plan.set`: the support plan (特定保健指導支援計画), whole each time.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlanSet {
    /// Place of the plan that it replaces; null for the first. Refused if another plan came in between.
    #[serde(deserialize_with = "crate::word::nullable")]
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub based_on: Option<Seq>,
    /// The day on which she agreed.
    pub agreed_on: LocalDate,
    /// Period of the programme, 3 or 4.
    #[cfg_attr(feature = "openapi", schema(minimum = 3, maximum = 4))]
    pub period: u8,
    /// The level of guidance.
    pub level: GuidanceLevel,
    /// Goal for waist and weight: 0 none, 1 for 1 cm and 1 kg, 2 for 2 cm and 2 kg.
    #[cfg_attr(feature = "openapi", schema(maximum = 2))]
    pub waist_weight_goal: u8,
    /// What she means to do, in the order in which it is shown.
    #[cfg_attr(feature = "openapi", schema(max_items = 32))]
    pub goals: Vec<PlanGoal>,
    /// Day of the next contact, if it is agreed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_contact_on: Option<LocalDate>,
    /// Day for which the final evaluation is planned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evaluation_on: Option<LocalDate>,
}

/// One goal of a plan.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlanGoal {
    /// The habit.
    pub habit: Habit,
    /// What she means to do, in her words.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    pub text: String,
    /// The day on which she begins.
    pub starts_on: LocalDate,
}

impl Check for PlanSet {
    fn check(&self) -> Result<(), LimitError> {
        check::range("period", self.period, 3, 4)?;
        check::range("waist_weight_goal", self.waist_weight_goal, 0, 2)?;
        each("goals", &self.goals, limits::SHORT_LIST, |goal| {
            check::text("text", &goal.text, limits::LINE_CHARS)
        })
    }
}

/// The length and size of a contact, which its form asks for.
fn check_contact(
    form: &ContactForm,
    minutes: Option<u16>,
    group_size: Option<u16>,
) -> Result<(), LimitError> {
    if let Some(minutes) = minutes {
        check::range("minutes", minutes, 0, limits::CONTACT_MOST_MIN)?;
    }
    if let Some(size) = group_size {
        check::range("group_size", size, 1, limits::GROUP_MOST)?;
    }
    let (has_minutes, is_group) = match form {
        ContactForm::IndividualFace | ContactForm::IndividualRemote | ContactForm::Phone => (true, false),
        ContactForm::GroupFace | ContactForm::GroupRemote => (true, true),
        ContactForm::Written => (false, false),
        ContactForm::Other(_) => return Ok(()),
    };
    check::agree("minutes", minutes.is_some() == has_minutes)?;
    check::agree("group_size", group_size.is_some() == is_group)
}

/// `interview.recorded`: an initial interview (初回面接) took place.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InterviewRecorded {
    /// The day in Japan.
    pub held_on: LocalDate,
    /// Its form.
    pub form: ContactForm,
    /// Attested minutes; absent for a written one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(maximum = 1440))]
    pub minutes: Option<u16>,
    /// Persons in the group; absent for a single person.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 999))]
    pub group_size: Option<u16>,
    /// All of it, or a half.
    pub part: InterviewPart,
    /// What entitles the one who led it.
    pub qualification: Qualification,
    /// Whether she showed who she is.
    pub is_identity_checked: bool,
}

impl Check for InterviewRecorded {
    fn check(&self) -> Result<(), LimitError> {
        check_contact(&self.form, self.minutes, self.group_size)
    }
}

/// `support.opened`: a support episode begins. Its operation is its name.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SupportOpened {
    /// Its form.
    pub form: ContactForm,
    /// Its type; absent in the fourth period, which knows none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub support_type: Option<SupportType>,
}

impl Check for SupportOpened {}

/// `support.closed`: a support episode ends, with what the ledger needs to judge it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SupportClosed {
    /// The operation that opened the episode.
    pub target: OpId,
    /// The day in Japan that it belongs to.
    pub held_on: LocalDate,
    /// Its form; it may have become another one, a call instead of a chat.
    pub form: ContactForm,
    /// Attested minutes; absent for a written one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(maximum = 1440))]
    pub minutes: Option<u16>,
    /// Persons in the group; absent for a single person.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 999))]
    pub group_size: Option<u16>,
    /// Who wrote the staff's part.
    pub authored_by: AuthoredBy,
    /// Whether it held text and not only pictures or signs.
    pub has_text: bool,
    /// Whether both sides wrote and practical advice was given.
    pub is_complete_round_trip: bool,
    /// Whether the dietitian was told that it counts. The ledger judges anew from the facts above.
    pub counts: bool,
    /// The reason that stood beside it.
    pub reason: ReasonCode,
}

impl Check for SupportClosed {
    fn check(&self) -> Result<(), LimitError> {
        check_contact(&self.form, self.minutes, self.group_size)
    }
}

/// `evaluation.recorded`: the evaluation (実績評価); whether it is the final one or an interim one follows from the rules.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EvaluationRecorded {
    /// The day in Japan.
    pub evaluated_on: LocalDate,
    /// Weight in units of 10 g; absent if it was not measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 200, maximum = 50000))]
    pub weight_10g: Option<u32>,
    /// Waist circumference in millimetres; absent if it was not measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 100, maximum = 3000))]
    pub waist_mm: Option<u32>,
    /// Whether she measured herself.
    pub is_self_measured: bool,
    /// The habits that she kept, each at most once.
    #[cfg_attr(feature = "openapi", schema(max_items = 32))]
    pub kept_habits: Vec<KeptHabit>,
    /// How often it was tried to reach her before this; the official record asks for it when she could not be reached.
    pub contact_attempts: u16,
}

/// A habit kept without a break.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeptHabit {
    /// The habit.
    pub habit: Habit,
    /// First day of keeping it.
    pub since_on: LocalDate,
}

impl Check for EvaluationRecorded {
    fn check(&self) -> Result<(), LimitError> {
        check_measures(self.weight_10g, self.waist_mm)?;
        each("kept_habits", &self.kept_habits, limits::SHORT_LIST, |_| Ok(()))
    }
}

silent_debug!(
    PlanSet,
    PlanGoal,
    InterviewRecorded,
    SupportOpened,
    SupportClosed,
    EvaluationRecorded,
    KeptHabit
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_a_contact_decides_what_belongs_to_it() {
        use ContactForm::{GroupRemote, IndividualRemote, Phone, Written};
        for (form, minutes, group_size) in [
            (IndividualRemote, Some(30), None),
            (GroupRemote, Some(80), Some(8)),
            (Phone, Some(5), None),
            (Written, None, None),
        ] {
            assert_eq!(check_contact(&form, minutes, group_size), Ok(()), "{form}");
        }
        for (form, minutes, group_size) in [
            (IndividualRemote, None, None),
            (IndividualRemote, Some(30), Some(2)),
            (GroupRemote, Some(80), None),
            (Written, Some(5), None),
            (Phone, Some(1441), None),
            (GroupRemote, Some(80), Some(0)),
        ] {
            assert!(check_contact(&form, minutes, group_size).is_err(), "{form}");
        }
    }
}
