//! The model: what the sync rules promise, in plain lists. One case, her phone and her tablet, her dietitian's phone, a server.
//!
//! It does what sync.md says with one list for the log and one for each outbox, and writes down what it does as a [`History`].
//! The checker has to accept every history of the model and object to the same scripts played with a [`Bug`]: so each of the
//! two is held to the rules by the other. No database, no runtime, no HTTP, no randomness: a script in, a history out.
//!
//! | File | What it is |
//! | --- | --- |
//! | `mod.rs` | the script's acts, and the play |
//! | `phone.rs` | enqueue, edit, delete, parking, what the author decides, what a screen shows |
//! | `exchange.rs` | push, pull, the server's log, a changed epoch |
//! | `bug.rs` | deliberate mistakes |

mod bug;
mod exchange;
mod phone;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use bug::Bug;

use super::history::{
    Account, Audience, Departure, Device, Enqueue, Entry, Epoch, FileCheck, History, Kind, Lane, Log, Millis,
    OpId, PhoneEvent, Place, RowState, ServerEvent, Shown, WorldEvent,
};
use phone::{Files, Phone};

/// The participant.
pub const PARTICIPANT: Account = 10;
/// Her dietitian.
pub const DIETITIAN: Account = 20;
/// Someone else, who has no case.
pub const STRANGER: Account = 30;
/// The one log of the model.
pub const CARE: Log = Log {
    case: 7,
    audience: Audience::Care,
};
/// An hour.
const HOUR_MS: Millis = 3_600_000;

/// What the network does with one push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Request and answer arrive.
    Arrives,
    /// The request is lost.
    RequestLost,
    /// The server commits, the answer is lost.
    ResponseLost,
    /// The request arrives twice.
    Twice,
    /// The request is given up by the phone and arrives at [`Act::LateRequestsArrive`].
    Late,
    /// The server refuses it for good.
    Refused,
}

/// One act of a script. The phone is 0, the tablet 1, the dietitian's phone 2; an act that makes no sense does nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "fields are the position of a phone, or say what they are"
)]
pub enum Act {
    /// A message is written.
    Say { phone: usize },
    /// A message with a photo is written.
    Attach { phone: usize },
    /// A message is written while the process dies: it exists, or not.
    SayAndDie { phone: usize, committed: bool },
    /// Her last message is edited.
    Edit { phone: usize },
    /// Her last message is deleted.
    Delete { phone: usize },
    /// Steps of the day are counted; a total that was never sent gives way.
    Walk { phone: usize },
    /// The head of a lane is sent.
    Push { phone: usize, lane: Lane, fate: Fate },
    /// Entries are fetched; the answer may be lost.
    Pull { phone: usize, lost: bool },
    /// Requests that were under way reach the server.
    LateRequestsArrive,
    /// The process is killed and starts again.
    Kill { phone: usize },
    /// The first parked operation is sent again.
    SendAgain { phone: usize },
    /// The first old message is confirmed.
    Confirm { phone: usize },
    /// The first parked or old message is given up.
    Discard { phone: usize },
    /// Consent is withdrawn.
    Withdraw { phone: usize },
    /// Consent is given; what was held back follows.
    Consent { phone: usize },
    /// Someone else signs in for a while.
    StrangerVisits { phone: usize },
    /// Signed out after a warning, erased, and signed in again as a new device.
    StartOver { phone: usize },
    /// A copy of the phone's files is made.
    BackUpPhone { phone: usize },
    /// The last copy of a phone of the same account is restored here, as a new device.
    RestorePhone { phone: usize },
    /// A copy of the server's store is made.
    BackUpServer,
    /// The server's store goes back to its last copy.
    RestoreServer,
    /// 25 hours pass with every app in the background.
    Night,
}

/// A request under way.
#[derive(Debug, Clone)]
struct Request {
    entry: Entry,
    epoch: Epoch,
}

/// The whole world of the model.
#[derive(Debug)]
pub struct Model {
    history: History,
    bug: Option<Bug>,
    now_ms: Millis,
    last_id: u128,
    ops: BTreeMap<OpId, Enqueue>,
    /// Who wrote what was ever stored.
    authors: BTreeMap<OpId, Account>,
    phones: Vec<Phone>,
    epoch: Epoch,
    log: Vec<Entry>,
    late: Vec<Request>,
    server_copy: usize,
    phone_copies: Vec<(u64, Account, Files)>,
    /// Steps of each phone as its sensor says.
    steps: BTreeMap<usize, u32>,
    /// Steps in each operation that carries some, with the phone's position.
    totals: BTreeMap<OpId, (usize, u32)>,
}

/// Plays a script to its end, lets everything come together, and returns what happened.
pub fn play(script: &[Act], bug: Option<Bug>) -> History {
    let mut model = Model::new(bug);
    for act in script {
        model.act(*act);
    }
    model.come_together();
    model.history
}

impl Model {
    fn new(bug: Option<Bug>) -> Self {
        let mut model = Self {
            history: History::default(),
            bug,
            now_ms: 0,
            last_id: 0,
            ops: BTreeMap::new(),
            authors: BTreeMap::new(),
            phones: [PARTICIPANT, PARTICIPANT, DIETITIAN].map(Phone::new).to_vec(),
            epoch: 1,
            log: Vec::new(),
            late: Vec::new(),
            server_copy: 0,
            phone_copies: Vec::new(),
            steps: BTreeMap::new(),
            totals: BTreeMap::new(),
        };
        model.server(ServerEvent::Created(1));
        for account in [PARTICIPANT, DIETITIAN] {
            model.server(ServerEvent::Access {
                account,
                log: CARE,
                granted: true,
                replicates: true,
            });
        }
        for phone in 0..model.phones.len() {
            model.register(phone);
        }
        model
    }

    fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    fn next_id(&mut self) -> u128 {
        self.last_id += 1;
        self.last_id
    }

    fn server(&mut self, event: ServerEvent) {
        self.now_ms += 1;
        self.history.server(self.now_ms, event);
    }

    fn note(&mut self, phone: usize, event: PhoneEvent) {
        self.now_ms += 1;
        let device = self.phones[phone].device;
        self.history.phone(self.now_ms, device, event);
    }

    /// A new device id, signed in with whatever files are there.
    fn register(&mut self, phone: usize) {
        self.phones[phone].device = self.next_id();
        self.note(phone, PhoneEvent::SignedIn(self.phones[phone].account));
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Say { phone } => self.say(phone, 0, true),
            Act::Attach { phone } => self.say(phone, 1, true),
            Act::SayAndDie { phone, committed } => self.say_and_die(phone, committed),
            Act::Edit { phone } => self.edit(phone),
            Act::Delete { phone } => self.delete(phone),
            Act::Walk { phone } => self.walk(phone),
            Act::Push { phone, lane, fate } => self.push(phone, lane, fate),
            Act::Pull { phone, lost } => self.pull(phone, lost),
            Act::LateRequestsArrive => {
                for request in std::mem::take(&mut self.late) {
                    self.accept(&request);
                }
            }
            Act::Kill { phone } => self.kill(phone),
            Act::SendAgain { phone } => self.send_again(phone),
            Act::Confirm { phone } => self.confirm(phone),
            Act::Discard { phone } => self.discard(phone),
            Act::Withdraw { phone } => self.withdraw(phone),
            Act::Consent { phone } => self.consent(phone),
            Act::StrangerVisits { phone } => self.stranger_visits(phone),
            Act::StartOver { phone } => self.start_over(phone),
            Act::BackUpPhone { phone } => {
                let backup = u64::try_from(self.next_id()).unwrap_or_default();
                let copy = (
                    backup,
                    self.phones[phone].account,
                    self.phones[phone].files.clone(),
                );
                self.phone_copies.push(copy);
                self.note(phone, PhoneEvent::BackedUp { backup });
            }
            Act::RestorePhone { phone } => self.restore_phone(phone),
            Act::BackUpServer => self.server_copy = self.log.len(),
            Act::RestoreServer => self.restore_server(),
            Act::Night => self.night(),
        }
        for phone in 0..self.phones.len() {
            self.show(phone);
        }
    }

    fn kill(&mut self, phone: usize) {
        self.note(phone, PhoneEvent::Killed);
        if self.has(Bug::LoseQueueOnKill) {
            self.phones[phone].files.rows.clear();
        }
        self.note(phone, PhoneEvent::Restarted);
    }

    fn stranger_visits(&mut self, phone: usize) {
        self.note(phone, PhoneEvent::SignedOut(Departure::Kept));
        self.note(phone, PhoneEvent::Shown(Shown::default()));
        self.note(phone, PhoneEvent::SignedIn(STRANGER));
        let shown = if self.has(Bug::ShowToTheNextAccount) {
            self.screen(phone)
        } else {
            Shown::default()
        };
        self.note(phone, PhoneEvent::Shown(shown));
        self.note(phone, PhoneEvent::SignedOut(Departure::Kept));
        self.note(phone, PhoneEvent::SignedIn(self.phones[phone].account));
    }

    fn start_over(&mut self, phone: usize) {
        let unsent = self.phones[phone].unsent();
        let warned_of = if self.has(Bug::EraseWithoutWarning) {
            0
        } else {
            unsent
        };
        let departure = Departure::ErasedAfterWarning(warned_of);
        self.note(phone, PhoneEvent::SignedOut(departure));
        self.phones[phone].files = Files::default();
        self.register(phone);
    }

    fn restore_phone(&mut self, phone: usize) {
        let account = self.phones[phone].account;
        let copy = self.phone_copies.iter().rev().find(|copy| copy.1 == account);
        let Some((backup, _, files)) = copy.cloned() else {
            return;
        };
        self.note(phone, PhoneEvent::Killed);
        self.phones[phone].device = self.next_id();
        self.phones[phone].files = files;
        self.note(phone, PhoneEvent::RestoredFromBackup { backup });
        self.note(phone, PhoneEvent::SignedIn(account));
    }

    fn restore_server(&mut self) {
        self.log.truncate(self.server_copy);
        self.epoch += 1;
        let heads = [(CARE, self.head())].into();
        let epoch = self.epoch;
        self.server(ServerEvent::Restored { epoch, heads });
    }

    fn night(&mut self) {
        self.late.clear();
        for phone in 0..self.phones.len() {
            self.note(phone, PhoneEvent::Foreground(false));
        }
        self.now_ms += 25 * HOUR_MS;
        for phone in 0..self.phones.len() {
            self.note(phone, PhoneEvent::Foreground(true));
        }
    }

    /// Faults are over: every phone sends and pulls until nothing changes, and `T` passes.
    fn come_together(&mut self) {
        self.late.clear();
        self.history.world(self.now_ms, WorldEvent::FaultEnded);
        for phone in 0..self.phones.len() {
            if self.steps.contains_key(&phone) {
                self.walk(phone);
            }
        }
        let mut idle_rounds = 0;
        // A mistake may keep it busy for ever.
        for _ in 0..200 {
            if idle_rounds == 3 {
                break;
            }
            let before = self.progress();
            for phone in 0..self.phones.len() {
                let may_pull = !(self.has(Bug::NeverPullAgain) && phone == 2);
                if may_pull {
                    self.pull(phone, false);
                    self.show(phone);
                }
                for lane in [Lane::Talk, Lane::Readings] {
                    if !self.has(Bug::StopTrying) {
                        self.push(phone, lane, Fate::Arrives);
                    }
                }
                self.show(phone);
            }
            idle_rounds = if self.progress() == before {
                idle_rounds + 1
            } else {
                0
            };
        }
        for phone in 0..self.phones.len() {
            if self.is_blocked(phone) {
                self.note(phone, PhoneEvent::Blocked(true));
            }
        }
        self.scan();
        self.now_ms += HOUR_MS;
        self.history.ended_at_ms = self.now_ms;
    }

    /// What still changes while everything comes together.
    fn progress(&self) -> (usize, Vec<(u64, usize, usize)>) {
        let phones = self.phones.iter();
        let of_phone = |phone: &Phone| {
            let queued = phone
                .files
                .rows
                .iter()
                .filter(|row| row.state == RowState::Queued)
                .count();
            (phone.files.cursor, phone.files.rows.len(), queued)
        };
        (self.log.len(), phones.map(of_phone).collect())
    }

    /// Whether consent is withdrawn as far as this phone or the server knows.
    fn is_blocked(&self, phone: usize) -> bool {
        let phone = &self.phones[phone];
        phone.files.withdrawn.is_some() || (phone.account == PARTICIPANT && !self.has_consent())
    }

    /// The last word on consent in the log.
    fn has_consent(&self) -> bool {
        let mut kinds = self.log.iter().rev().map(|entry| entry.kind);
        kinds.find(|kind| matches!(kind, Kind::ConsentGiven | Kind::ConsentWithdrawn))
            != Some(Kind::ConsentWithdrawn)
    }

    fn scan(&mut self) {
        let phones = 0..self.phones.len();
        let all_sent = phones
            .into_iter()
            .all(|phone| !self.is_blocked(phone) && self.phones[phone].unsent() == 0);
        if all_sent {
            for phone in 0..self.phones.len() {
                let source = self.steps.values().max().copied();
                let shown = self.steps_on_screen(phone);
                self.note(
                    phone,
                    PhoneEvent::StepsOfDay {
                        date: 20_260_415,
                        source,
                        shown,
                    },
                );
            }
        }
        for phone in 0..self.phones.len() {
            let bytes = if self.has(Bug::ExceedTheBudget) { 120 } else { 110 };
            let (budget, largest_item) = (100, 10);
            self.note(
                phone,
                PhoneEvent::CacheSize {
                    bytes,
                    budget,
                    largest_item,
                },
            );
            let orphan_files = u32::from(self.has(Bug::LeaveFiles));
            let check = FileCheck {
                orphan_files,
                ..FileCheck::SOUND
            };
            self.note(phone, PhoneEvent::FileCheck(check));
            if self.has(Bug::LogTheText) {
                self.note(phone, PhoneEvent::Leak(Place::LogLine));
            }
        }
    }

    fn kind(&self, op: OpId) -> Kind {
        self.ops.get(&op).map_or(Kind::System, |enqueue| enqueue.kind)
    }

    fn lane(&self, op: OpId) -> Lane {
        self.ops.get(&op).map_or(Lane::Talk, |enqueue| enqueue.lane)
    }

    fn head(&self) -> u64 {
        self.log.last().map_or(0, |entry| entry.seq)
    }

    fn device(&self, phone: usize) -> Device {
        self.phones[phone].device
    }
}
