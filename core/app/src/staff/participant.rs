//! One participant as her dietitian sees her. Source: sync.md 3.5.

use std::collections::BTreeSet;
use std::fmt;

use ayumi_protocol::id::{CaseId, OpId};

use super::{Staff, StaffError, signed_in, sql};
use crate::app::{Home, home_of_case};
use crate::case::{self, CaseRecord, Consent};
use crate::chat::{PageFrom, TimelinePage};
use crate::time::NaiveDate;

/// One participant: who she is, and the end of the conversation with her.
#[derive(Clone, PartialEq)]
pub struct ParticipantPicture {
    /// Name, consent, and who acts for her.
    pub record: CaseRecord,
    /// The newest page of the conversation.
    pub page: TimelinePage,
    /// Messages of others that were not read, at most [`chat::UNREAD_MOST`](crate::chat::UNREAD_MOST).
    pub unread: u32,
    /// Her steps and her weight in numbers, as her own home screen shows them.
    pub home: Home,
    /// It is the server's summary: nothing of her log has arrived.
    pub is_summary: bool,
}

/// Without names and texts.
impl fmt::Debug for ParticipantPicture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParticipantPicture")
            .field("record", &self.record)
            .field("unread", &self.unread)
            .field("is_summary", &self.is_summary)
            .finish_non_exhaustive()
    }
}

impl Staff<'_> {
    /// One participant, from one state of the data. Charts are drawn by [`App::case_step_chart`](crate::app::App::case_step_chart) and
    /// [`App::case_weight_chart`](crate::app::App::case_weight_chart).
    ///
    /// `today`: her date.
    /// `limit`: items of the conversation, at most [`chat::PAGE_ITEMS`](crate::chat::PAGE_ITEMS). `sending`: the operations that are
    /// on their way at this moment.
    /// Errors: `SignedOut`; `NotStaff`; `NoSuchCase`; `Store`.
    pub fn participant(
        &self,
        case_id: CaseId,
        today: NaiveDate,
        limit: usize,
        sending: &BTreeSet<OpId>,
    ) -> Result<ParticipantPicture, StaffError> {
        self.store.read(|reader| {
            signed_in(reader)?;
            let record = case::record(reader, case_id)?;
            let summary = sql::find_summary(reader, case_id)?;
            let is_summary = summary.is_some();
            let told = summary.map(|summary| CaseRecord {
                case_id,
                name: Some(summary.name),
                name_reading: None,
                society_id: Some(summary.society_id),
                society_name: None,
                consent: Consent::None,
                acting: Vec::new(),
                last_participant_at: summary.last_participant_at,
                last_staff_at: summary.last_staff_at,
            });
            Ok(ParticipantPicture {
                record: record.or(told).ok_or(StaffError::NoSuchCase)?,
                page: self
                    .chat
                    .timeline_in(reader, case_id, PageFrom::Newest, limit, sending)?,
                unread: crate::chat::unread_in(reader, case_id)?,
                home: home_of_case(reader, case_id, today)?,
                is_summary,
            })
        })
    }
}
