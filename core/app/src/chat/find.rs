//! Search in a conversation, through the index of [`search`](crate::search) in `cache.db`.
//!
//! The index follows the log of each case from its place in the replica, and holds no texts: what it finds is read again from the fold,
//! so that nothing deleted, erased or edited is shown for what it was. Source: content.md 12.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use ayumi_protocol::cursor::{Audience, Seq};
use ayumi_protocol::entry::Entry;
use ayumi_protocol::id::{CaseId, OpId};
use ayumi_protocol::kind::Kind;
use uuid::Uuid;

use super::item::TimelineItem;
use super::message::{Message, Talk, care};
use super::timeline::Conversation;
use super::timeline::sql as shown;
use super::{Chat, ChatError};
use crate::search::{BATCH, Change, MESSAGES, Position, Query};
use crate::store::{Reader, StoreError};
use crate::sync::replica::{self, Replica};

/// Bits of an id that number the entry; the others number the replica. A log has far fewer entries.
const SEQ_BITS: u32 = 40;

/// Steps that a search takes itself if the index is behind, so that what was pulled just now is found.
const STEPS_OF_A_SEARCH: usize = 8;

/// A message that was found.
#[derive(Clone, PartialEq, Eq)]
pub struct Found {
    /// The message as it reads now.
    pub item: TimelineItem,
    /// Where its text has what was searched for: bytes, in order.
    pub places: Vec<Range<usize>>,
}

/// Without texts.
impl std::fmt::Debug for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Found")
            .field("item", &self.item)
            .finish_non_exhaustive()
    }
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundPage {
    /// The newest first.
    pub found: Vec<Found>,
    /// Where the next page begins: given to [`Chat::search`] as `before`. `None`: that was all.
    pub next: Option<Seq>,
    /// Nothing was left to search for: empty, emoji, punctuation.
    pub is_empty_query: bool,
    /// Everything on this phone was looked at; otherwise the index is still being built.
    pub is_complete: bool,
}

/// The id of a message in the index: never used for another one, because a replica that is read again has another number.
fn index_id(replica: &Replica, seq: i64) -> i64 {
    first_id(replica.id).saturating_add(seq)
}

fn first_id(replica_id: i64) -> i64 {
    replica_id.checked_shl(SEQ_BITS).unwrap_or(i64::MAX)
}

/// How far the index can follow a replica. Its number stands for the incarnation of the log.
fn head(replica: &Replica) -> Position {
    Position {
        epoch: Uuid::from_u128(u128::from(replica.id.unsigned_abs())),
        seq: replica.cursor.seq.number(),
    }
}

fn shown_replicas(reader: &Reader<'_>) -> Result<BTreeMap<String, Replica>, StoreError> {
    let mut shown = BTreeMap::new();
    for replica in replica::all_growing(reader)? {
        if replica.log.audience == Audience::Care
            && let Some(replica) = replica::shown(reader, replica.log)?
        {
            shown.insert(replica.log.case_id.to_string(), replica);
        }
    }
    Ok(shown)
}

/// What a step of the index has to do.
struct Portion {
    changes: Vec<(i64, Option<String>)>,
    reached: Position,
}

impl Chat<'_> {
    /// Brings the index for searching a little further. Returns whether there is more to do: called again then, after every change of
    /// a case and at the start, on a thread that draws nothing. Words of what was erased leave the file with it.
    ///
    /// Errors: `Store`.
    pub fn index_step(&self) -> Result<bool, ChatError> {
        let replicas = self.store.read(shown_replicas)?;
        let heads: BTreeMap<String, Position> = replicas
            .iter()
            .map(|(log, replica)| (log.clone(), head(replica)))
            .collect();
        let Some(due) = self.store.write_cache(|tx| MESSAGES.due(tx, &heads))? else {
            return Ok(false);
        };
        let Some(replica) = replicas.get(due.log()) else {
            return Ok(false);
        };
        let after = due.after().map_or(0, |position| position.seq);
        let portion = self.store.read(|reader| portion(reader, replica, after))?;
        let changes: Vec<Change<'_, 1>> = portion
            .changes
            .iter()
            .map(|(id, text)| match text {
                Some(text) => Change::Put {
                    id: *id,
                    texts: [text],
                },
                None => Change::Remove { id: *id },
            })
            .collect();
        self.store
            .write_cache(|tx| MESSAGES.index(tx, &due, &changes, portion.reached))?;
        Ok(true)
    }

    /// Messages of a conversation with everything that was typed, the newest first, at most `limit`; what waits to be sent comes before
    /// the first page.
    ///
    /// Errors: `SignedOut`; `NoSuchCase`; `Store`.
    pub fn search(
        &self,
        case_id: CaseId,
        typed: &str,
        before: Option<Seq>,
        limit: u32,
    ) -> Result<FoundPage, ChatError> {
        let Some(query) = Query::parse(typed) else {
            return Ok(FoundPage {
                found: Vec::new(),
                next: None,
                is_empty_query: true,
                is_complete: true,
            });
        };
        let mut is_complete = false;
        for _ in 0..STEPS_OF_A_SEARCH {
            if !self.index_step()? {
                is_complete = true;
                break;
            }
        }
        let replica = self.store.read(|reader| replica::shown(reader, care(case_id)))?;
        let replica = replica.ok_or(ChatError::NoSuchCase)?;
        let lowest = first_id(replica.id);
        let end = before.map_or_else(
            || first_id(replica.id.saturating_add(1)),
            |seq| index_id(&replica, seq.number()),
        );
        let ids = self
            .store
            .read_cache(|reader| MESSAGES.newest(reader, &query, Some(end), limit))?;
        let seqs: Vec<i64> = ids
            .iter()
            .take_while(|id| **id > lowest)
            .map(|id| id.saturating_sub(lowest))
            .collect();
        let is_last = seqs.len() < usize::try_from(limit).unwrap_or(usize::MAX);
        let next = seqs.last().copied().filter(|_| !is_last).and_then(Seq::new);
        let found = self.store.read(|reader| {
            let conversation = Conversation::open(reader, case_id)?;
            let mut hits: Vec<(Message, Vec<Range<usize>>)> = Vec::new();
            let mut keep = |message: Message| {
                let places = message.text.as_deref().map(|text| query.places_in(text));
                if let Some(places) = places.filter(|places| !places.is_empty()) {
                    hits.push((message, places));
                }
            };
            if before.is_none() {
                conversation.own_newest_first().into_iter().for_each(&mut keep);
            }
            for seq in seqs {
                conversation.at(seq)?.into_iter().for_each(&mut keep);
            }
            let (messages, places): (Vec<_>, Vec<_>) = hits.into_iter().unzip();
            let items = conversation.items(messages, &BTreeSet::new(), self.files)?;
            let found = items.into_iter().zip(places);
            Ok::<_, ChatError>(found.map(|(item, places)| Found { item, places }).collect())
        })?;
        Ok(FoundPage {
            found,
            next,
            is_empty_query: false,
            is_complete,
        })
    }
}

/// The messages that the entries after a place touched, as they are now.
fn portion(reader: &Reader<'_>, replica: &Replica, after: i64) -> Result<Portion, ChatError> {
    let case_id = replica.log.case_id;
    let from = Seq::new(after).unwrap_or(Seq::START);
    let entries = replica::sql::entries_after(reader, replica.id, from, BATCH)?;
    let mut touched = BTreeSet::new();
    for entry in &entries {
        touch(reader, replica, entry, &mut touched)?;
    }
    let mut changes = Vec::with_capacity(touched.len());
    for seq in touched {
        let text = shown::by_seq(reader, case_id, seq)?.and_then(|message| message.text);
        changes.push((index_id(replica, seq), text));
    }
    let end = head(replica);
    Ok(Portion {
        changes,
        reached: Position {
            epoch: end.epoch,
            seq: entries.last().map_or(end.seq, |entry| entry.seq.number()),
        },
    })
}

fn touch(
    reader: &Reader<'_>,
    replica: &Replica,
    entry: &Entry,
    touched: &mut BTreeSet<i64>,
) -> Result<(), ChatError> {
    let case_id = replica.log.case_id;
    let mut touch_operation = |op_id: OpId| {
        let message = shown::by_operation(reader, case_id, op_id)?;
        touched.extend(message.and_then(|message| message.seq).map(Seq::number));
        Ok::<_, ChatError>(())
    };
    match Talk::of_entry(entry) {
        Some(Talk::Posted(_)) => touch_operation(entry.op_id)?,
        Some(Talk::Edited { target, .. } | Talk::Deleted { target }) => touch_operation(target)?,
        None => {}
    }
    if let Some(target) = replica::erased_place(entry) {
        if replica::sql::is_of_kind(reader, replica.id, target, Kind::MessageEdited)? {
            // What it was about went with it, so every message is looked at again. Nobody erases edits often.
            touched.extend(shown::all_seqs(reader, case_id)?);
        } else {
            touched.insert(target.number());
        }
    }
    Ok(())
}
