//! Questions to the health advisers and their answers, in the advice log. A question is named by the operation that asked it.
//!
//! Source: content.md 14.

use serde::{Deserialize, Serialize};

use super::Check;
use super::conversation::{Attachment, TriageRule, check_content};
use super::course::{Qualification, ReasonCode};
use crate::id::{AccountId, OpId};
use crate::limits::{self, LimitError, check};

/// `question.asked`: a new question.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QuestionAsked {
    /// Her words.
    #[cfg_attr(feature = "openapi", schema(max_length = 5000))]
    pub text: String,
    /// Pictures in the order in which they are shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(max_items = 4))]
    pub attachments: Vec<Attachment>,
    /// Rules of the triage that matched on the phone, before it was sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(max_items = 32))]
    pub triage: Vec<TriageRule>,
}

impl Check for QuestionAsked {
    fn check(&self) -> Result<(), LimitError> {
        check_content(&self.text, &self.attachments)?;
        check::length("triage", self.triage.len(), limits::SHORT_LIST)
    }
}

/// `question.followed_up`: a further question to the same answer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QuestionFollowedUp {
    /// The question.
    pub question: OpId,
    /// Her words.
    #[cfg_attr(feature = "openapi", schema(max_length = 5000))]
    pub text: String,
    /// Pictures in the order in which they are shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(max_items = 4))]
    pub attachments: Vec<Attachment>,
    /// Rules of the triage that matched on the phone, before it was sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(max_items = 32))]
    pub triage: Vec<TriageRule>,
}

impl Check for QuestionFollowedUp {
    fn check(&self) -> Result<(), LimitError> {
        check_content(&self.text, &self.attachments)?;
        check::length("triage", self.triage.len(), limits::SHORT_LIST)
    }
}

/// `question.marked_urgent`: the question cannot wait. Never taken back.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QuestionMarkedUrgent {
    /// The question.
    pub question: OpId,
    /// The rule that matched, or `adviser` for a person's judgement.
    pub reason: ReasonCode,
}

impl Check for QuestionMarkedUrgent {}

/// `question.assigned`: an adviser takes the question or is given it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QuestionAssigned {
    /// The question.
    pub question: OpId,
    /// The adviser.
    pub adviser_id: AccountId,
    /// The name that she sees.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    pub adviser_name: String,
    /// The profession that she sees.
    pub qualification: Qualification,
}

impl Check for QuestionAssigned {
    fn check(&self) -> Result<(), LimitError> {
        check::text("adviser_name", &self.adviser_name, limits::LINE_CHARS)
    }
}

/// `question.answered`: the answer, or an answer to what followed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QuestionAnswered {
    /// The question.
    pub question: OpId,
    /// The answer.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 5000))]
    pub text: String,
    /// Whether it advises to see a doctor, which the screen then says first.
    pub advises_doctor: bool,
}

impl Check for QuestionAnswered {
    fn check(&self) -> Result<(), LimitError> {
        check::text("text", &self.text, limits::TEXT_CHARS)
    }
}

/// `question.closed`: done, by her or because its time has passed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QuestionClosed {
    /// The question.
    pub question: OpId,
}

impl Check for QuestionClosed {}

/// `question.shared`: she shows a question to her dietitian.
///
/// It carries the words themselves: the dietitian has no access to the advice log, and gets none by this.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QuestionShared {
    /// The question.
    pub question: OpId,
    /// Its text.
    #[cfg_attr(feature = "openapi", schema(max_length = 5000))]
    pub question_text: String,
    /// The answer, if there was one by then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 5000))]
    pub answer_text: Option<String>,
}

impl Check for QuestionShared {
    fn check(&self) -> Result<(), LimitError> {
        check::chars("question_text", &self.question_text, limits::TEXT_CHARS)?;
        let answer = self.answer_text.as_deref().unwrap_or_default();
        check::chars("answer_text", answer, limits::TEXT_CHARS)
    }
}

/// `question.faq_proposed`: a rewritten text for everybody, in which nobody can be recognised.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QuestionFaqProposed {
    /// The question.
    pub question: OpId,
    /// Title of the article.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    pub title: String,
    /// The question in the adviser's words.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 5000))]
    pub question_text: String,
    /// The answer for everybody.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 5000))]
    pub answer_text: String,
}

impl Check for QuestionFaqProposed {
    fn check(&self) -> Result<(), LimitError> {
        check::text("title", &self.title, limits::LINE_CHARS)?;
        check::text("question_text", &self.question_text, limits::TEXT_CHARS)?;
        check::text("answer_text", &self.answer_text, limits::TEXT_CHARS)
    }
}

/// `question.faq_approved`: a second person agrees to a proposal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QuestionFaqApproved {
    /// The question.
    pub question: OpId,
    /// The operation of the proposal, so that nobody approves a text that was changed meanwhile.
    pub proposal: OpId,
}

impl Check for QuestionFaqApproved {}

silent_debug!(
    QuestionAsked,
    QuestionFollowedUp,
    QuestionMarkedUrgent,
    QuestionAssigned,
    QuestionAnswered,
    QuestionClosed,
    QuestionShared,
    QuestionFaqProposed,
    QuestionFaqApproved
);
