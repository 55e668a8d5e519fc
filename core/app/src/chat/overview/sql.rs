//! Reading `message` and `read_mark` of many conversations at once.

use std::collections::BTreeSet;

use ayumi_protocol::id::{AccountId, CaseId};
use rusqlite::Result as SqlResult;

use super::super::read_marks::UNREAD_MOST;
use super::ConversationState;
use crate::store::Reader;
use crate::sync::columns::parsed;
use crate::time::UtcMillis;

/// Cases as an array in JSON, which a statement reads as rows. One statement for all costs a third of one for each.
pub(super) fn asked(cases: &BTreeSet<CaseId>) -> String {
    let ids: Vec<String> = cases.iter().map(|case_id| format!("\"{case_id}\"")).collect();
    format!("[{}]", ids.join(","))
}

/// The last answer is found from the end, the first message after it from there: both steps are short in a conversation that goes on.
const STATES: &str = "SELECT asked.value,
        (SELECT COUNT(*) FROM (
             SELECT 1 FROM message
             WHERE case_id = asked.value
               AND seq > IFNULL((SELECT up_to_seq FROM read_mark
                                 WHERE case_id = asked.value AND audience = 'care' AND reader_id = ?2), 0)
               AND author_id <> ?2 AND is_deleted = 0 AND is_erased = 0
             LIMIT ?3)),
        (SELECT recorded_at_ms FROM message
         WHERE case_id = asked.value
           AND seq > IFNULL((SELECT seq FROM message
                             WHERE case_id = asked.value AND author_role <> 'participant' AND is_automated = 0
                               AND is_deleted = 0
                             ORDER BY seq DESC
                             LIMIT 1), 0)
           AND author_role = 'participant' AND is_deleted = 0 AND is_erased = 0
         ORDER BY seq
         LIMIT 1)
     FROM json_each(?1) AS asked
     ORDER BY asked.value";

/// `asked`: see [`asked`]. What waits in the outbox is not looked at.
pub(super) fn states(reader: &Reader<'_>, asked: &str, own: AccountId) -> SqlResult<Vec<ConversationState>> {
    reader
        .connection()
        .prepare_cached(STATES)?
        .query_map((asked, own.to_string(), UNREAD_MOST), |row| {
            Ok(ConversationState {
                case_id: parsed(row, 0, "a case", CaseId::parse)?,
                unread: row.get(1)?,
                waiting_since: row.get::<_, Option<i64>>(2)?.map(UtcMillis),
                not_sent: 0,
            })
        })?
        .collect()
}

/// The statement behind a screen, whose plan a test pins.
#[cfg(test)]
pub(crate) const HOT_STATEMENTS: &[(&str, &str)] = &[("states of many", STATES)];
