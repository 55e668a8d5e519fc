//! The oracle of the sync invariants I1 to I12 (faults.md, section 1): a history in, breaches out.
//!
//! A second, independent opinion: it shares no code and no type with the core, the protocol or the server, and knows no
//! database, no runtime and no HTTP. Whoever drives the real parts (the simulator, the state-space search, the test of real
//! processes) writes down what happened as a [`History`] and asks [`check`].
//!
//! | File | What it is |
//! | --- | --- |
//! | `history.rs` | what a driver writes down, as plain data |
//! | `anomaly.rs` | what comes out: invariant, word, ids, time; never a text or a value |
//! | `checker.rs` | the walk over a history; the files that judge are listed there |
//! | `model/` | the same rules as plain lists, to try the checker on scripts: clean ones pass, each deliberate mistake is found |
//! | `tests/` | broken histories that have to be objected to, correct ones that may not be |
//!
//! # How to read a history
//!
//! One list of records in order of happening holds both histories: what each phone did and could show, and what the server
//! held. A driver adds
//!
//! - on the server's side every commit: [`ServerEvent::Created`] first, then [`ServerEvent::Access`] for who may read what,
//!   [`ServerEvent::Appended`] for each entry, [`ServerEvent::Restored`], [`ServerEvent::Erased`], and [`ServerEvent::Served`]
//!   for each answer with content;
//! - on a phone's side each thing that its owner or its surroundings did at the moment it happened, each attempt when its bytes
//!   leave, and after each step that changed something one [`PhoneEvent::Shown`] with **everything** that a screen could show:
//!   what is missing there is lost to its owner;
//! - of the surroundings [`WorldEvent::FaultBegan`] and [`WorldEvent::FaultEnded`]; without the end of every fault, and `T` of quiet
//!   after it, convergence is not judged.
//!
//! An enqueue that did not return (killed, error, unknown) is written with `returned: false`, at the latest when its row is
//! found after the restart: nothing is owed, but it may exist. An exemption is always an event: discarding, replacing, a sign-out
//! with its warning, an erased account, a restored backup, a lost case. The checker forgives nothing by itself.
//!
//! # What each invariant means here
//!
//! | Id | Judged | Objected to as |
//! | --- | --- | --- |
//! | I1 | At each `Shown` and each sign-out: every enqueue that returned is in the log of the present store, or a row of that device's outbox, or still in its replica of a store that is no more; and visible on its device at every moment. `Sent` names a number under which it was stored. Bytes are those of the enqueue, at every attempt and in the log. What was parked, awaits confirmation or was given up before it was sent never goes by itself | lost, altered, unexpected, non-monotonic (vanished for a while) |
//! | I2 | One id is enqueued once, is one entry of one log per epoch, one entry of a replica, one row, one item, and never row and entry at once. Every entry has its enqueue | duplicated, unexpected |
//! | I3 | Per log, epoch, device and lane, entries come in the order of their last enqueue on the device whose session appended them; see below | reordered |
//! | I4 | Numbers of a log rise by one. Each replica holds exactly the numbers 1 to its cursor with the server's operation and bytes under each; a cursor never goes back, unless the files did | skipped, non-monotonic, diverged, unexpected, stale |
//! | I5 | Each photo is whole, and there are as many as were enqueued, at the append; nobody but the author sees an unfinished one | incomplete |
//! | I6 | Replicas with everything up to the same cursor have the same fold, at any time. `T` after the last fault, input, append and asked wait: every phone that is signed in, running, in front, not blocked and connected has every log at its head, and only parked and unconfirmed rows | diverged, stale |
//! | I7 | Nothing is shown without a session, of another account, or of a log from after the right to it ended; nothing served, written or sent without right; nothing but the withdrawal while consent is withdrawn; an erased body is gone when its erasure is folded | leaked |
//! | I8 | A day's steps are those of the source, or of the readings that phones took in, each once and of several phones the larger amount of each hour; at no time more than was ever measured; the same on every screen in the end; absent is not zero | duplicated (too many), lost (too few), unexpected, diverged |
//! | I9 | A lane that could send tries within 405 s plus the wait that was asked for; a failing target is not tried more than about once a second; a request ends at its deadline; a newer total or read mark takes the place of one never sent | stalled, spinning, hung, duplicated |
//! | I10 | The cache is at most its budget and one item | oversized |
//! | I11 | No scan found a marked text | leaked |
//! | I12 | Files are sound, nothing orphaned or missing, no panic | damaged |
//!
//! # Order, exactly
//!
//! The place of an operation is that of its last enqueue before its append. These are the cases where that is subtle:
//!
//! | Case | Decision |
//! | --- | --- |
//! | sent again after a refusal; confirmed after 24 hours | at the tail, with the old id and bytes; later operations may have passed it meanwhile |
//! | rewritten in place, coalesced | keeps the place that it had |
//! | consent withdrawn | the withdrawal is enqueued last and sent first; what it overtook is held, and goes only as sent again, behind the next consent |
//! | consent given, not acknowledged, and withdrawn | the consent may still go, before the withdrawal: a copy of it that arrived later would undo the withdrawal |
//! | consent given again on another device of hers | what this phone held goes once it has folded that, in its own order and behind that consent |
//! | stored at the first attempt, its answer lost, then parked or confirmed | judged by the place at the append, which was right |
//! | an old attempt may still wander in the network when the operation is parked, overtaken by a withdrawal, or has a new place | not judged for two minutes: nobody can tell which request arrived |
//! | re-offered after a restored server | within the new epoch: entries that the device had pulled in an old epoch come in the order of their old numbers, ahead of all else in the lane; what it had not pulled comes in its own order |
//! | re-offered by another device of the account | an entry belongs to the device whose session appended it in this epoch, and is judged there |
//! | two devices of one person | each keeps its own order; between them only the log decides |
//! | an operation with `depends_on` | follows the one it depends on, in whatever lane and epoch |
//! | a backup on two phones | both have the order of the copy |

mod anomaly;
mod appends;
mod checker;
mod ending;
mod history;
mod liveness;
pub mod model;
mod outbox;
mod readings;
mod screens;
#[cfg(test)]
mod tests;

pub use anomaly::{Anomaly, Invariant, Word};
pub use checker::check;
pub use history::{
    Account, Answer, Attachment, Audience, Body, Bounds, Case, Departure, Device, Enqueue, Entry, Epoch,
    FileCheck, Fingerprint, FoldedEntry, Happening, History, Item, ItemState, Kind, Lane, Log, LogView,
    Millis, OpId, OutboxRow, PhoneEvent, Place, Reading, Record, RequestEnd, RowState, ServerEvent, Shown,
    Target, WorldEvent,
};
