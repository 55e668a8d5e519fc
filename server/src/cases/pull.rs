//! Reading logs: from each cursor on, page by page, and waiting for news.
//!
//! Source: sync.md 3.4, 6.1, 7, 13.1, 15.5.

use std::collections::BTreeMap;
use std::time::Duration;

use ayumi_protocol::body::RawBody;
use ayumi_protocol::cursor::{Cursor, Epoch, LogName};
use ayumi_protocol::entry::Entry;
use ayumi_protocol::id::{CaseId, DeviceId};
use ayumi_protocol::kind::KindName;
use ayumi_protocol::limits;
use ayumi_protocol::problem::{ProblemCode, Refusal};
use ayumi_protocol::pull::{LogAnswer, LogCursor, Page, PullAnswer, PullRequest};
use ayumi_protocol::session::Role;
use ayumi_protocol::time::{UtcOffset, ZoneName};
use ayumi_protocol::version::AppVersion;

use super::access::{CaseAccess, read_cases};
use super::{refusals, sql};
use crate::accounts::principal::{Credentials, Principal, authenticate};
use crate::audit::{self, Act, Chain};
use crate::server::{Server, boxed};
use crate::store::{Fault, Refused, Row, StoreError, Transaction, Value, state};
use crate::waiting::Woken;

/// Entries that are read at once: what is held in memory beyond the page itself.
const PORTION: usize = 50;
/// Bytes of an entry around its body, rounded up.
const ENTRY_BYTES: usize = 600;
/// Bytes of an answer around its pages, rounded up: 1,000 logs that are refused.
const AROUND_BYTES: usize = 512 * 1024;

/// A pull.
#[derive(Debug, Clone)]
pub struct PullInput {
    /// Who asks. The time is that of the reading, not of the request: a long poll reads more than once.
    pub credentials: Credentials,
    /// What she asks for.
    pub request: PullRequest,
}

/// Answers a pull, after a wait if there is nothing new and the request allows one.
///
/// Errors: those of [`authenticate`] and of the store. What is wrong with one log stands in its answer.
pub async fn pull(server: &Server, mut input: PullInput) -> Result<PullAnswer, Fault> {
    let (answer, device_id) = read(server, &input).await?;
    // One pull in flight for each device: an older one that still waits lost its connection, or nobody listens to it.
    server.waiters.replace(device_id);
    let wait = Duration::from_millis(u64::from(input.request.wait_ms));
    if wait.is_zero() || has_news(&answer) {
        return Ok(answer);
    }
    let end = server.host.time.monotonic().saturating_add(wait);
    let cases = input.request.logs.iter().map(|log| log.log.case_id).collect();
    let waiter = server.waiters.register(device_id, cases);
    loop {
        // What came between the last reading and the registration, or with the hint.
        input.credentials.now = server.host.now();
        let (mut answer, _) = read(server, &input).await?;
        if has_news(&answer) {
            return Ok(answer);
        }
        let left = end.saturating_sub(server.host.time.monotonic());
        match waiter.wait(left).await {
            Woken::Hint if left > Duration::ZERO => {}
            // What there is goes to the newer pull, or to the next one.
            Woken::Replaced | Woken::Draining => {
                answer.server_time_ms = server.host.now();
                return Ok(answer);
            }
            Woken::Hint | Woken::TimeOver => {
                input.credentials.now = server.host.now();
                return read(server, &input).await.map(|(answer, _)| answer);
            }
        }
    }
}

fn has_news(answer: &PullAnswer) -> bool {
    !answer.logs.is_empty()
}

async fn read(server: &Server, input: &PullInput) -> Result<(PullAnswer, DeviceId), Fault> {
    server
        .read(input.clone(), |tx, input| boxed(read_logs(tx, input)))
        .await
}

async fn read_logs(tx: &mut dyn Transaction, input: &PullInput) -> Result<(PullAnswer, DeviceId), Fault> {
    let principal = authenticate(tx, &input.credentials).await?;
    let epoch = state::epoch(tx).await?;
    let logs = &input.request.logs;
    let ids: Vec<CaseId> = logs.iter().map(|log| log.log.case_id).collect();
    let cases = read_cases(tx, &principal, &ids).await?;
    let mut answer = PullAnswer {
        server_time_ms: principal.now,
        epoch,
        logs: Vec::new(),
        has_more: false,
    };
    let mut room = limits::PULL_ANSWER_BYTES.saturating_sub(AROUND_BYTES);
    let mut acts = Acts::default();
    let mut answered = std::collections::BTreeSet::new();
    for asked in logs.iter().filter(|asked| answered.insert(asked.log)) {
        let access = cases
            .get(&asked.log.case_id)
            .and_then(|case| case.reach(&principal, asked.log.audience));
        let refusal = match &access {
            None => Some(ProblemCode::NotFound),
            Some(access) => log_refusal(access, asked.cursor, epoch),
        };
        if let Some(code) = refusal {
            if code == ProblemCode::NotFound {
                to_be_written(tx)?;
                acts.refused.push((asked.log, Refused::from(code.clone())));
            }
            answer.logs.push(LogAnswer {
                log: asked.log,
                page: None,
                refusal: Some(Refusal::from(code)),
            });
            continue;
        }
        let Some(access) = access.filter(|access| access.head_seq > asked.cursor.seq) else {
            continue;
        };
        if room < limits::PAGE_BYTES {
            answer.has_more = true;
            continue;
        }
        let (page, bytes) = read_page(tx, asked, &access, input.request.page_entries).await?;
        room = room.saturating_sub(bytes);
        if access.role != Role::Participant && !page.entries.is_empty() {
            to_be_written(tx)?;
            acts.read
                .push((access.case_id, reading(&principal, &access, asked, &page)));
        }
        answer.logs.push(LogAnswer {
            log: asked.log,
            page: Some(page),
            refusal: None,
        });
    }
    acts.record(tx, &principal).await?;
    Ok((answer, principal.device_id))
}

/// What is to be written down of a pull. It is kept until everything is read: whoever writes to a chain locks it, and nobody shall
/// wait for the pages that are read after it.
#[derive(Default)]
struct Acts {
    /// What staff read. Her own reading is nobody's business.
    read: Vec<(CaseId, Act)>,
    refused: Vec<(LogName, Refused)>,
}

impl Acts {
    /// Writes them down, the chains of cases in the order of their ids, whatever order the phone chose: of two pulls that share cases
    /// none waits for the other in a circle.
    async fn record(mut self, tx: &mut dyn Transaction, principal: &Principal) -> Result<(), Fault> {
        self.read.sort_by_key(|(case_id, _)| *case_id);
        for (case_id, act) in &self.read {
            audit::record(tx, Chain::Case(*case_id), act).await?;
        }
        for (log, refused) in &self.refused {
            refusals::record(tx, principal, "entries.read_refused", *log, refused).await?;
        }
        Ok(())
    }
}

/// Ends a reading transaction as soon as there is something to write down, and not after all pages.
fn to_be_written(tx: &dyn Transaction) -> Result<(), Fault> {
    if tx.is_writing() {
        Ok(())
    } else {
        Err(Fault::NeedsWrite)
    }
}

/// Why a log that she may reach is not read on.
fn log_refusal(access: &CaseAccess, cursor: Cursor, epoch: Epoch) -> Option<ProblemCode> {
    if let Some(code) = access.reading_refusal() {
        return Some(code);
    }
    let is_other = cursor.epoch != epoch || cursor.seq > access.head_seq;
    is_other.then_some(ProblemCode::EpochChanged)
}

/// Entries from a cursor on, at most as many as asked for and as a page may hold, but always one.
async fn read_page(
    tx: &mut dyn Transaction,
    asked: &LogCursor,
    access: &CaseAccess,
    page_entries: u32,
) -> Result<(Page, usize), StoreError> {
    let most = usize::try_from(page_entries)
        .unwrap_or(limits::PAGE_ENTRIES)
        .min(limits::PAGE_ENTRIES);
    let mut entries: Vec<Entry> = Vec::new();
    let mut bytes: usize = 0;
    let mut last = asked.cursor.seq;
    'page: while entries.len() < most && last < access.head_seq {
        let portion = most.saturating_sub(entries.len()).min(PORTION);
        let from: [Value; 4] = [
            asked.log.case_id.into(),
            asked.log.audience.into(),
            last.into(),
            i64::try_from(portion).unwrap_or(1).into(),
        ];
        let rows = tx.query(sql::PAGE, &from).await?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            let entry = read_entry(row)?;
            let length = entry.body.as_ref().map_or(0, |body| body.as_str().len());
            let with = bytes.saturating_add(length).saturating_add(ENTRY_BYTES);
            if with > limits::PAGE_BYTES && !entries.is_empty() {
                break 'page;
            }
            bytes = with;
            last = entry.seq;
            entries.push(entry);
        }
    }
    let page = Page {
        after: asked.cursor,
        entries,
        head_seq: access.head_seq,
        has_more: last < access.head_seq,
    };
    Ok((page, bytes))
}

/// An entry from its row, in the order of the columns of [`sql::PAGE`].
pub(crate) fn read_entry(row: &Row) -> Result<Entry, StoreError> {
    let fault = StoreError::Bug {
        what: "a stored entry cannot be read",
    };
    let text = |column: usize| row.get::<String>(column);
    let entry = (|| {
        let body = match row.get::<Option<String>>(12).ok()? {
            Some(body) => Some(RawBody::from_text(&body).ok()?),
            None => None,
        };
        let min_app_version = match row.get::<Option<String>>(11).ok()? {
            Some(version) => Some(AppVersion::parse(&version)?),
            None => None,
        };
        Some(Entry {
            seq: row.get(0).ok()?,
            op_id: row.get(1).ok()?,
            author_id: row.get(2).ok()?,
            author_role: Role::from_word(&text(3).ok()?)?,
            device_id: row.get(4).ok()?,
            kind: KindName::from_word(&text(5).ok()?)?,
            body_version: row.get(6).ok()?,
            occurred_at_ms: row.get(7).ok()?,
            zone: ZoneName::parse(&text(8).ok()?)?,
            utc_offset_min: UtcOffset::from_minutes(row.get(9).ok()?)?,
            recorded_at_ms: row.get(10).ok()?,
            min_app_version,
            body,
            unknown: ayumi_protocol::unknown::UnknownFields::default(),
        })
    })();
    entry.ok_or(fault)
}

fn reading(principal: &Principal, access: &CaseAccess, asked: &LogCursor, page: &Page) -> Act {
    let mut act = Act::done(principal, access.role.clone(), "entries.read");
    act.audience = Some(asked.log.audience);
    act.from_seq = page.entries.first().map(|entry| entry.seq);
    act.to_seq = page.entries.last().map(|entry| entry.seq);
    act
}

/// Cases that one statement asks for.
const HEADS_PORTION: usize = 32;

/// Looks again and again whether a log that somebody waits for has grown through another node, and wakes whoever waits.
///
/// A hint from another node may be lost; this is the floor under it. It never ends by itself.
/// Source: sync.md 15.2.
pub async fn keep_polling(server: Server) {
    let mut known = BTreeMap::new();
    loop {
        server.host.time.sleep(server.policy.poll_interval).await;
        match poll_heads(&server, &known).await {
            Ok(heads) => known = heads,
            // The next round tries again; long polls end by themselves meanwhile.
            Err(error) => tracing::warn!(%error, "the ends of logs cannot be read"),
        }
    }
}

/// One round: wakes those who wait for a case that has grown since, or that is seen for the first time.
async fn poll_heads(server: &Server, known: &BTreeMap<CaseId, i64>) -> Result<BTreeMap<CaseId, i64>, Fault> {
    let cases = server.waiters.cases();
    if cases.is_empty() {
        return Ok(BTreeMap::new());
    }
    let heads = server
        .read(cases, |tx, cases| boxed(read_heads(tx, cases)))
        .await?;
    for (case_id, head) in &heads {
        if known.get(case_id) != Some(head) {
            server.waiters.hint_here(*case_id);
        }
    }
    Ok(heads)
}

async fn read_heads(tx: &mut dyn Transaction, cases: &[CaseId]) -> Result<BTreeMap<CaseId, i64>, Fault> {
    let mut heads = BTreeMap::new();
    for portion in cases.chunks(HEADS_PORTION) {
        let padding = portion.last().into_iter().cycle();
        let ids = portion.iter().chain(padding).take(HEADS_PORTION);
        let values: Vec<Value> = ids.map(|id| Value::from(*id)).collect();
        for row in tx.query(sql::HEADS, &values).await? {
            heads.insert(row.get(0)?, row.get(1)?);
        }
    }
    Ok(heads)
}
