//! Templates: how messages begin that are written again and again. What is sent must have been written for her, so a draft that began
//! as a template is not sent unchanged; the conversation sees to that.

use std::fmt;

use ayumi_protocol::id::CaseId;
use ayumi_protocol::limits::{self, LimitError, LimitReason};
use serde::{Deserialize, Serialize};

use super::{Staff, StaffError, signed_in};
use crate::case::{self, CaseRecord};
use crate::store::{Topic, settings};
use crate::sync::account::Account;

/// Setting in which they are kept, as JSON.
const TEMPLATES: &str = "staff.templates";

/// A beginning of a message.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageTemplate {
    /// By which she finds it; at most [`TemplateLimits::TITLE_CHARS`] characters, and not empty.
    pub title: String,
    /// The text. `{name}` stands for the participant's name, `{own_name}` for the name that the participant sees of who writes,
    /// `{reply_hours}` for when an answer can be expected. What is not known stays as it is, to be replaced by hand.
    pub text: String,
}

/// The texts are hers.
impl fmt::Debug for MessageTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageTemplate").finish_non_exhaustive()
    }
}

/// What is kept of templates at most.
#[derive(Debug, Clone, Copy)]
pub struct TemplateLimits;

impl TemplateLimits {
    /// Templates.
    pub const COUNT: usize = 100;
    /// Characters of a title.
    pub const TITLE_CHARS: usize = 100;
    /// Characters of a text: as many as a message may have.
    pub const TEXT_CHARS: usize = limits::TEXT_CHARS;
}

impl Staff<'_> {
    /// Her templates, in their order.
    ///
    /// Errors: `SignedOut`; `NotStaff`; `Templates`; `Store`.
    pub fn templates(&self) -> Result<Vec<MessageTemplate>, StaffError> {
        self.store.read(|reader| {
            signed_in(reader)?;
            match settings::get(reader, TEMPLATES)? {
                Some(json) => serde_json::from_str(&json).map_err(|_| StaffError::Templates),
                None => Ok(Vec::new()),
            }
        })
    }

    /// Keeps templates in the place of those before. They stay on this phone.
    ///
    /// Errors: `SignedOut`; `NotStaff`; `Limit` for too many, and for a title or text that is empty or too long; `Store`.
    pub fn set_templates(&self, templates: &[MessageTemplate]) -> Result<(), StaffError> {
        check(templates)?;
        let json = serde_json::to_string(templates).map_err(|_| StaffError::Templates)?;
        self.store.write(|tx| {
            signed_in(tx)?;
            let kept = (!templates.is_empty()).then_some(json.as_str());
            settings::set(tx, TEMPLATES, kept)?;
            tx.notify(Topic::Settings);
            Ok(())
        })
    }

    /// Begins the draft of a conversation with a template, in the place of the text that was there, and answers the text. It has to be
    /// changed before it is sent.
    ///
    /// Errors: `SignedOut`; `NotStaff`; `NoSuchCase` until anything of the case has arrived; `Store`.
    pub fn begin_with_template(
        &self,
        case_id: CaseId,
        template: &MessageTemplate,
    ) -> Result<String, StaffError> {
        let text = self.store.read(|reader| {
            let account = signed_in(reader)?;
            let record = case::record(reader, case_id)?.ok_or(StaffError::NoSuchCase)?;
            Ok::<_, StaffError>(filled(&template.text, &record, &account))
        })?;
        self.chat.begin_with_template(case_id, &text)?;
        Ok(text)
    }
}

fn check(templates: &[MessageTemplate]) -> Result<(), LimitError> {
    let too_long = |field, most| LimitError {
        field,
        reason: LimitReason::TooLong { most },
    };
    if templates.len() > TemplateLimits::COUNT {
        return Err(too_long("templates", TemplateLimits::COUNT));
    }
    for template in templates {
        for (field, text, most) in [
            ("title", &template.title, TemplateLimits::TITLE_CHARS),
            ("text", &template.text, TemplateLimits::TEXT_CHARS),
        ] {
            if text.trim().is_empty() {
                return Err(LimitError {
                    field,
                    reason: LimitReason::Empty,
                });
            }
            if text.chars().count() > most {
                return Err(too_long(field, most));
            }
        }
    }
    Ok(())
}

/// In one pass, so that a name that looks like a placeholder stays a name.
fn filled(text: &str, record: &CaseRecord, account: &Account) -> String {
    let own = record
        .acting
        .iter()
        .find(|staff| staff.account_id == account.account_id);
    let value = |placeholder: &str| -> Option<&str> {
        let value = match placeholder {
            "name" => record.name.as_deref(),
            "own_name" => own.map(|staff| staff.name.as_str()),
            "reply_hours" => own.map(|staff| staff.reply_hours.as_str()),
            _ => None,
        };
        value.filter(|value| !value.is_empty())
    };
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let closed = after.split_once('}');
        if let Some((value, after)) = closed.and_then(|(name, after)| Some((value(name)?, after))) {
            filled.push_str(value);
            rest = after;
        } else {
            filled.push('{');
            rest = after;
        }
    }
    filled.push_str(rest);
    filled
}
