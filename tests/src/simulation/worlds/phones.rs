//! The states in which a phone of a small world can be, and the steps between them. Each step is made once, by the real app and the
//! real engine over the real files, and then remembered.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use ayumi_core::chat::NewMessage;
use ayumi_core::sync::engine::{
    Command, Engine, EngineConfig, HttpRequest, Input, Instruction, NoAnswer, RequestId,
};
use ayumi_core::time::UtcMillis;
use ayumi_protocol::id::{CaseId, DeviceId};
use ayumi_protocol::session::Tokens;
use sha2::{Digest as _, Sha256};

use super::image::{Image, content_of};
use super::wire::{AnswerNumber, RequestNumber, Wire};
use crate::oracle::{Happening, History, PhoneEvent, Shown};
use crate::simulation::people::MARK;
use crate::simulation::phone::{APP_VERSION, Phone};
use crate::simulation::random::SharedDice;
use crate::simulation::record::{Cause, Recorder};

/// The number of a state of a phone.
pub type PhoneState = u32;
/// The number of a request that a phone waits for, in its present state.
pub type Flight = u8;

/// Timers that end this late are not waited for: the next look at the caseload.
pub const NEVER: Duration = Duration::from_mins(10);

/// How long an event of a phone takes: an engine remembers for a second that it was told to try at once.
const EVENT: Duration = Duration::from_secs(1);

/// What a phone is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Told {
    /// Its owner does the next thing: the number of things that were done before.
    Person(u8),
    /// An answer.
    Answer(Flight, AnswerNumber),
    /// That there is none.
    NoAnswer(Flight),
    /// Its timer.
    Timer,
    /// The process ends without a word, and the app is opened again.
    Killed,
}

/// What came of it.
pub struct Step {
    /// The state behind it.
    pub to: PhoneState,
    /// Requests that leave.
    pub sent: Vec<(Flight, RequestNumber)>,
    /// The new numbers of requests that it goes on waiting for.
    pub kept: BTreeMap<Flight, Flight>,
    /// How long it took.
    pub passed: Duration,
    /// What happened, for the oracle.
    pub records: Vec<Happening>,
}

struct Known {
    image: Image,
    engine: Engine,
    recorder: Recorder,
    sum: [u8; 32],
    shown: Shown,
}

/// All states of one phone that were reached so far.
pub struct Phones {
    index: usize,
    device: u128,
    account: u128,
    case_id: CaseId,
    is_staff: bool,
    name: &'static str,
    folder: PathBuf,
    tokens: Option<Tokens>,
    wall: UtcMillis,
    known: Vec<Known>,
    numbers: BTreeMap<[u8; 32], PhoneState>,
    steps: BTreeMap<(PhoneState, Told), Rc<Step>>,
}

/// An engine that has heard nothing.
fn new_engine() -> Engine {
    Engine::new(EngineConfig {
        app_version: APP_VERSION,
        asks_about_old_messages: true,
        // The logs of a small world are read page by page.
        snapshot_worth_entries: i64::MAX,
    })
}

impl Phones {
    /// A phone of the simulator before it is started. Returns it with the number of its first state.
    pub fn new(index: usize, phone: &Phone, case_id: CaseId, wall: UtcMillis, recorder: Recorder) -> Self {
        let path = phone.folder.join("user").join("user.db");
        let sum = content_of(&path, EXCEPT_TABLES, &[]);
        let known = Known {
            image: Image::read(&path, None),
            engine: new_engine(),
            recorder,
            sum,
            shown: Shown::default(),
        };
        Self {
            index,
            device: phone.device,
            account: phone.account,
            case_id,
            is_staff: phone.is_staff,
            name: phone.name,
            folder: phone.folder.clone(),
            tokens: phone.tokens(),
            wall,
            known: vec![known],
            numbers: BTreeMap::new(),
            steps: BTreeMap::new(),
        }
    }

    /// How many states were reached.
    pub fn states(&self) -> usize {
        self.known.len()
    }

    /// How many steps were made.
    pub fn steps(&self) -> usize {
        self.steps.len()
    }

    /// The device as the oracle knows it.
    pub const fn device(&self) -> u128 {
        self.device
    }

    /// What it could show in a state.
    pub fn shown(&self, state: PhoneState) -> &Shown {
        &self.known[state as usize].shown
    }

    /// When its timer ends.
    pub fn timer(&self, state: PhoneState) -> Option<Duration> {
        self.known[state as usize]
            .engine
            .timer_after(Engine::CANONICAL_NOW)
            .filter(|after| *after < NEVER)
    }

    /// The step from a state.
    pub fn step(&mut self, wire: &mut Wire, from: PhoneState, told: Told) -> Rc<Step> {
        if let Some(step) = self.steps.get(&(from, told)) {
            return Rc::clone(step);
        }
        let step = Rc::new(self.make(wire, from, told));
        self.steps.insert((from, told), Rc::clone(&step));
        step
    }

    fn make(&mut self, wire: &mut Wire, from: PhoneState, told: Told) -> Step {
        let before = &self.known[from as usize];
        let seed = match told {
            Told::Person(number) => 1 + self.index as u64 * 100 + u64::from(number),
            _ => u64::from_le_bytes(before.sum[..8].try_into().expect("eight bytes")),
        };
        let path = self.folder.join("user").join("user.db");
        before.image.write(&path);
        let mut phone = Phone::new(
            self.name,
            self.folder.clone(),
            self.tokens.clone(),
            SharedDice::for_ids(seed),
        );
        phone.device = self.device;
        phone.device_id = DeviceId::from_uuid(uuid::Uuid::from_u128(self.device));
        phone.account = self.account;
        phone.cases = vec![self.case_id];
        phone.is_staff = self.is_staff;
        phone.start(self.wall);
        let is_killed = told == Told::Killed;
        let engine = if is_killed {
            new_engine()
        } else {
            before.engine.clone()
        };
        phone.process.as_mut().expect("it runs").engine = engine;
        let mut recorder = before.recorder.clone();
        let passed = if told == Told::Timer {
            self.timer(from).expect("a timer").max(EVENT)
        } else {
            EVENT
        };
        let now = Engine::CANONICAL_NOW + passed;
        let inputs = self.inputs(wire, &phone, &mut recorder, told);
        let mut requests: BTreeMap<RequestId, HttpRequest> = BTreeMap::new();
        for input in inputs {
            for instruction in phone.step(now, self.wall, input) {
                match instruction {
                    Instruction::Http { id, request } => {
                        recorder.request(0, &phone, &request);
                        requests.insert(id, request);
                    }
                    Instruction::Abort { id } => {
                        requests.remove(&id);
                    }
                    Instruction::SetTimer { .. }
                    | Instruction::ClearTimer
                    | Instruction::Reply(_)
                    | Instruction::StatusChanged => {}
                    Instruction::SaveTokens { .. }
                    | Instruction::LoadTokens
                    | Instruction::ForgetTokens
                    | Instruction::Wipe => panic!("no session changes in a small world"),
                }
            }
            recorder.outbox(0, &phone, Cause::Engine);
        }
        recorder.shown(0, &phone);
        let (engine, numbers) = phone.process.as_ref().expect("it runs").engine.canonical(now);
        phone.kill();
        let sum = content_of(&path, EXCEPT_TABLES, &[]);
        let flight = |id: RequestId| u8::try_from(id.0).expect("few requests");
        let records: Vec<Happening> = std::mem::take(&mut recorder.history)
            .records
            .into_iter()
            .map(|record| record.what)
            .collect();
        let (mut sent, mut kept) = (Vec::new(), BTreeMap::new());
        for (old, new) in numbers {
            match requests.remove(&old) {
                Some(request) => sent.push((flight(new), wire.request(self.index, request))),
                None => {
                    kept.insert(flight(old), flight(new));
                }
            }
        }
        let shown = records.iter().rev().find_map(|record| match record {
            Happening::Phone(_, PhoneEvent::Shown(shown)) => Some(shown.clone()),
            _ => None,
        });
        let known = Known {
            image: Image::read(&path, Some(&self.known[from as usize].image)),
            sum: sum_of(&engine, sum),
            engine,
            recorder,
            shown: shown.unwrap_or_default(),
        };
        let next = self.known.len() as PhoneState;
        let to = *self.numbers.entry(known.sum).or_insert(next);
        if to == next {
            self.known.push(known);
        }
        Step {
            to,
            sent,
            kept,
            passed,
            records,
        }
    }

    /// What the engine is handed, after what the owner or the platform did.
    fn inputs(&self, wire: &Wire, phone: &Phone, recorder: &mut Recorder, told: Told) -> Vec<Input> {
        let app = &phone.process.as_ref().expect("it runs").app;
        match told {
            Told::Person(number) => {
                let text = format!("{MARK} {} {number}", self.index);
                app.chat()
                    .send(self.case_id, NewMessage::text(text))
                    .expect("a message");
                recorder.outbox(0, phone, Cause::Person);
                vec![Input::Enqueued]
            }
            Told::Answer(flight, answer) => vec![Input::Answered {
                id: RequestId(u64::from(flight)),
                result: Ok(wire.answer_of(answer).clone()),
            }],
            Told::NoAnswer(flight) => vec![Input::Answered {
                id: RequestId(u64::from(flight)),
                result: Err(NoAnswer::Broken),
            }],
            Told::Timer => vec![Input::TimerFired],
            Told::Killed => {
                let history: &mut History = &mut recorder.history;
                history.phone(0, self.device, PhoneEvent::Killed);
                history.phone(0, self.device, PhoneEvent::Restarted);
                history.phone(0, self.device, PhoneEvent::Foreground(true));
                let tokens = self.tokens.clone();
                vec![Input::Started { tokens }, Input::Command(Command::GoLive)]
            }
        }
    }
}

/// The search index is derived, and its insides depend on the order of writes.
const EXCEPT_TABLES: &[&str] = &["search"];

fn sum_of(engine: &Engine, content: [u8; 32]) -> [u8; 32] {
    let mut sum = Sha256::new();
    sum.update(content);
    sum.update(format!("{engine:?}"));
    sum.finalize().into()
}
