//! The loop of one run: the next event in virtual time, until the faults are over and everything has settled.

mod desk;
mod explain;
mod faults;
mod requests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ayumi_core::store::StoreError;
use ayumi_core::sync::engine::{Command, HttpAnswer, Input, Instruction, NoAnswer, RequestId};
use ayumi_core::time::UtcMillis;
use ayumi_protocol::cursor::{Audience, LogName};
use ayumi_protocol::id::CaseId;

use super::backend::{ServerBackup, Working};
use super::disk;
use super::logs;
use super::network::Fate;
use super::people;
use super::random::Dice;
use super::record::{Cause, Recorder, log_of};
use super::walks::Walks;
use super::world::{Template, World};
use super::{Options, Outcome};
use crate::oracle::{self, PhoneEvent, RequestEnd, ServerEvent, Target, WorldEvent};

/// How long after the last fault everything has to be exchanged: `T` of I6, and the longest wait that was asked for.
const SETTLING: Duration = Duration::from_mins(25);

/// Under what parts of snapshots are counted, which are no faults.
const SNAPSHOT_PARTS: &str = "(parts of snapshots fetched)";

/// Runs one seed.
#[must_use]
pub fn run(template: &Template, seed: u64, options: Options) -> Outcome {
    logs::look();
    logs::found();
    disk::insert();
    super::make(options.bug);
    let outcome = Run::new(template.copy(seed), seed, options).finish();
    super::make(None);
    outcome
}

/// Something that happens at a moment.
enum Event {
    /// The owner of a phone does something.
    Person(usize),
    /// The timer of a process.
    Timer { phone: usize, incarnation: u64 },
    /// A request reaches the server.
    Arrival(Box<Arrival>),
    /// An answer, or none, reaches a phone.
    Answer {
        phone: usize,
        incarnation: u64,
        id: RequestId,
        result: Result<HttpAnswer, NoAnswer>,
    },
    /// Something happens to the surroundings.
    Fault,
    /// The network of a phone comes back.
    Connection(usize),
    /// A killed app is opened again.
    Opening(usize),
    /// There is room on the disk of a phone again.
    Room(usize),
    /// The owner of a phone looks whether she has to sign in.
    SignIn(usize),
    /// A suspended account goes on.
    Resumed(u128),
    /// Faults are over.
    Peace,
}

/// A request on its way.
struct Arrival {
    phone: usize,
    incarnation: u64,
    id: RequestId,
    request: ayumi_core::sync::engine::HttpRequest,
    part: Option<Vec<u8>>,
    /// Who listens for the answer: nobody, if it was lost, doubled or given up.
    is_awaited: bool,
    fate: Fate,
}

/// A request that the server has begun and not answered: a long poll.
struct Held {
    phone: usize,
    incarnation: u64,
    id: RequestId,
    is_awaited: bool,
    fate: Fate,
    working: Working,
}

struct Run {
    world: Option<World>,
    dice: Dice,
    options: Options,
    now: Duration,
    queue: BTreeMap<(Duration, u64), Event>,
    next: u64,
    held: Vec<Held>,
    /// Requests that a phone waits for, with what they are counted by.
    awaited: BTreeMap<(usize, RequestId), (u64, Option<Target>)>,
    recorder: Recorder,
    outcome: Outcome,
    is_peace: bool,
    walks: Walks,
    /// Accounts that are suspended.
    suspended: BTreeSet<u128>,
    server_backup: Option<ServerBackup>,
    backups: u64,
}

impl Run {
    fn new(world: World, seed: u64, options: Options) -> Self {
        let mut run = Self {
            walks: Walks::new(world.now),
            world: Some(world),
            dice: Dice::new(seed),
            options,
            now: Duration::ZERO,
            queue: BTreeMap::new(),
            next: 0,
            held: Vec::new(),
            awaited: BTreeMap::new(),
            recorder: Recorder::default(),
            outcome: Outcome {
                seed,
                ..Outcome::default()
            },
            is_peace: false,
            suspended: BTreeSet::new(),
            server_backup: None,
            backups: 0,
        };
        run.begin();
        run
    }

    fn world(&mut self) -> &mut World {
        self.world.as_mut().expect("a world")
    }

    fn at_ms(&self) -> u64 {
        u64::try_from(self.now.as_millis()).unwrap_or(u64::MAX)
    }

    fn wall(&self) -> UtcMillis {
        let start = self.world.as_ref().expect("a world").now;
        start.plus(i64::try_from(self.now.as_millis()).unwrap_or(i64::MAX))
    }

    fn after(&mut self, delay: Duration, event: Event) {
        let key = (self.now.saturating_add(delay), self.next);
        self.next += 1;
        self.queue.insert(key, event);
    }

    fn count(&mut self, fault: &'static str) {
        *self.outcome.faults.entry(fault).or_default() += 1;
        let at_ms = self.at_ms();
        self.recorder.history.world(at_ms, WorldEvent::FaultEnded);
        self.note(fault);
    }

    /// Adds to the trace.
    fn note(&mut self, what: &str) {
        self.outcome.events += 1;
        for byte in what.bytes().chain(self.at_ms().to_le_bytes()) {
            self.outcome.trace = (self.outcome.trace ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        if self.options.is_verbose {
            eprintln!("{:>9} {what}", self.at_ms());
        }
    }

    fn cases(&self) -> Vec<CaseId> {
        let mut cases: Vec<CaseId> = Vec::new();
        for phone in &self.world.as_ref().expect("a world").phones {
            for case_id in &phone.cases {
                if !cases.contains(case_id) {
                    cases.push(*case_id);
                }
            }
        }
        cases
    }

    fn begin(&mut self) {
        let epoch = self.world().backend.epoch().as_uuid().as_u128();
        self.recorder.history.server(0, ServerEvent::Created(epoch));
        let participants: Vec<(u128, Vec<CaseId>)> = self
            .world()
            .phones
            .iter()
            .filter(|phone| !phone.is_staff)
            .map(|phone| (phone.account, phone.cases.clone()))
            .collect();
        for (account, cases) in participants {
            for case_id in cases {
                for audience in [Audience::Care, Audience::Advice] {
                    let log = log_of(LogName { case_id, audience });
                    let access = ServerEvent::Access {
                        account,
                        log,
                        granted: true,
                        replicates: true,
                    };
                    self.recorder.history.server(0, access);
                }
            }
        }
        self.staff_changed();
        let phones: Vec<(u128, u128)> = self
            .world()
            .phones
            .iter()
            .map(|phone| (phone.device, phone.account))
            .collect();
        for (device, account) in phones {
            self.recorder
                .history
                .phone(0, device, PhoneEvent::SignedIn(account));
        }
        let cases = self.cases();
        let Self { world, recorder, .. } = self;
        recorder.past(&world.as_ref().expect("a world").backend, &cases);
        self.server_changed();
        for phone in 0..self.world().phones.len() {
            self.open(phone, Cause::Engine);
            let delay = self.person_delay();
            self.after(delay, Event::Person(phone));
        }
        let fault = self.fault_delay();
        self.after(fault, Event::Fault);
        let minutes = Duration::from_mins(self.options.minutes);
        self.after(minutes, Event::Peace);
    }

    fn person_delay(&mut self) -> Duration {
        Duration::from_millis(2_000 + self.dice.below(120_000))
    }

    fn fault_delay(&mut self) -> Duration {
        Duration::from_millis(5_000 + self.dice.below(120_000))
    }

    /// Opens the app of a phone.
    fn open(&mut self, phone: usize, cause: Cause) {
        let (wall, at_ms) = (self.wall(), self.at_ms());
        if let Err(error) = self.world().phones[phone].try_start(wall) {
            self.is_full(phone, &error);
            self.note("not opened: the disk is full");
            self.after(Duration::from_secs(20), Event::Opening(phone));
            return;
        }
        let made = &self.world.as_ref().expect("a world").phones[phone];
        let (device, tokens) = (made.device, made.tokens());
        if made.incarnation > 1 {
            self.recorder.history.phone(at_ms, device, PhoneEvent::Restarted);
        }
        self.recorder
            .history
            .phone(at_ms, device, PhoneEvent::Foreground(true));
        let made = &self.world.as_ref().expect("a world").phones[phone];
        self.recorder.outbox(at_ms, made, cause);
        self.note("opened");
        self.input(phone, Input::Started { tokens });
        self.input(phone, Input::Command(Command::GoLive));
    }

    /// Hands an input to a phone and carries out what it answers.
    fn input(&mut self, phone: usize, input: Input) {
        let (now, wall, at_ms) = (self.now, self.wall(), self.at_ms());
        if self.world().phones[phone].process.is_none() {
            return;
        }
        // A process that is killed before the commit has not heard; one that is killed after it does nothing any more.
        let is_killed = !self.is_peace && self.dice.happens(4);
        if is_killed && self.dice.happens(500) {
            self.kill(phone, "killed before a commit");
            return;
        }
        let (instructions, stepped) = self.world().phones[phone].try_step(now, wall, input);
        if let Err(error) = stepped {
            self.is_full(phone, &error);
            self.note("a step found no room");
        }
        let has_signed_in = self.look_who_is_signed_in(phone);
        let made = &self.world.as_ref().expect("a world").phones[phone];
        self.recorder.outbox(at_ms, made, Cause::Engine);
        if is_killed {
            self.kill(phone, "killed after a commit");
            return;
        }
        let made = &self.world.as_ref().expect("a world").phones[phone];
        self.recorder.shown(at_ms, made);
        for instruction in instructions {
            self.carry_out(phone, instruction);
        }
        if has_signed_in && self.is_peace {
            self.tidy_up(phone);
        }
    }

    /// A full disk is the only reason for which a store may fail, and it is told as what it is.
    fn is_full(&mut self, phone: usize, error: &StoreError) {
        let made = &self.world().phones[phone];
        assert!(
            made.is_full && matches!(error, StoreError::StorageFull),
            "{}: {error}",
            made.name
        );
    }

    fn carry_out(&mut self, phone: usize, instruction: Instruction) {
        if self.world().phones[phone].process.is_none() {
            return;
        }
        match instruction {
            Instruction::Http { id, request } => self.send(phone, id, &request),
            Instruction::Abort { id } => {
                if let Some((incarnation, Some(target))) = self.awaited.remove(&(phone, id)) {
                    let _ = incarnation;
                    let (at_ms, device) = (self.at_ms(), self.world().phones[phone].device);
                    let ended = PhoneEvent::RequestEnded {
                        target,
                        end: RequestEnd::Progress,
                    };
                    self.recorder.history.phone(at_ms, device, ended);
                }
            }
            Instruction::SetTimer { after } => {
                let now = self.now;
                let made = &mut self.world().phones[phone];
                let incarnation = made.incarnation;
                if let Some(process) = &mut made.process {
                    process.timer = Some(now.saturating_add(after));
                }
                self.after(after, Event::Timer { phone, incarnation });
            }
            Instruction::ClearTimer => {
                if let Some(process) = &mut self.world().phones[phone].process {
                    process.timer = None;
                }
            }
            Instruction::SaveTokens { tokens } => {
                if !self.is_peace && self.dice.happens(50) {
                    self.kill(phone, "killed before a token was kept");
                    return;
                }
                self.world().phones[phone].set_tokens(Some(tokens));
                self.input(phone, Input::TokensSaved { is_saved: true });
            }
            Instruction::LoadTokens => {
                let tokens = self.world().phones[phone].tokens();
                self.input(phone, Input::TokensLoaded { tokens });
            }
            Instruction::ForgetTokens => {
                self.world().phones[phone].set_tokens(None);
                self.note("session over");
            }
            Instruction::Wipe => self.note("wipe"),
            Instruction::Reply(_) | Instruction::StatusChanged => {}
        }
    }

    fn kill(&mut self, phone: usize, how: &'static str) {
        let at_ms = self.at_ms();
        let device = self.world().phones[phone].device;
        self.world().phones[phone].kill();
        self.recorder.history.phone(at_ms, device, PhoneEvent::Killed);
        self.count(how);
        self.awaited.retain(|(of, _), _| *of != phone);
        let delay = Duration::from_millis(500 + self.dice.below(60_000));
        self.after(delay, Event::Opening(phone));
    }

    /// The server may have given a case to somebody else.
    fn staff_changed(&mut self) {
        let at_ms = self.at_ms();
        let Self { world, recorder, .. } = self;
        recorder.assignments(at_ms, &world.as_ref().expect("a world").backend);
    }

    /// The server may have appended something.
    fn server_changed(&mut self) {
        let (at_ms, cases) = (self.at_ms(), self.cases());
        let Self { world, recorder, .. } = self;
        recorder.server(at_ms, &world.as_ref().expect("a world").backend, &cases);
    }

    fn person(&mut self, phone: usize) {
        if self.is_peace {
            return;
        }
        let (wall, at_ms) = (self.wall(), self.at_ms());
        let rows = self.rows(phone);
        let Self {
            world,
            dice,
            walks,
            recorder,
            options,
            ..
        } = self;
        let made = &mut world.as_mut().expect("a world").phones[phone];
        let walks_now = options.has_walks && !made.is_staff && made.process.is_some() && dice.happens(150);
        let did = if walks_now {
            for read in walks.go_on(made, phone, dice) {
                recorder.history.phone(at_ms, made.device, read);
            }
            "walk"
        } else {
            people::act(made, dice, wall)
        };
        if did == people::NO_ROOM {
            assert!(made.is_full, "{}: its disk has room", made.name);
            self.count(people::NO_ROOM);
            assert_eq!(self.rows(phone), rows, "what was refused leaves nothing behind");
        }
        let made = &self.world.as_ref().expect("a world").phones[phone];
        let has_acted = made.process.is_some() && did != "nothing";
        if has_acted {
            let made = &self.world.as_ref().expect("a world").phones[phone];
            self.recorder.outbox(at_ms, made, Cause::Person);
            self.recorder.shown(at_ms, made);
            self.recorder.days(at_ms, made, self.walks.today());
            self.note(did);
            self.input(phone, Input::Enqueued);
        }
        let delay = self.person_delay();
        self.after(delay, Event::Person(phone));
    }

    /// How many operations the outbox of a phone has.
    fn rows(&self, phone: usize) -> usize {
        let process = self.world.as_ref().expect("a world").phones[phone]
            .process
            .as_ref();
        process.map_or(0, |process| process.app.outbox().expect("an outbox").len())
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Person(phone) => self.person(phone),
            Event::Timer { phone, incarnation } => {
                let now = self.now;
                let made = &mut self.world().phones[phone];
                let is_due = made.incarnation == incarnation
                    && made
                        .process
                        .as_ref()
                        .is_some_and(|process| process.timer.is_some_and(|at| at <= now));
                if is_due {
                    if let Some(process) = &mut made.process {
                        process.timer = None;
                    }
                    self.note("timer");
                    self.input(phone, Input::TimerFired);
                }
            }
            Event::Arrival(arrival) => self.arrive(*arrival),
            Event::Answer {
                phone,
                incarnation,
                id,
                result,
            } => self.answered(phone, incarnation, id, result),
            Event::Fault => self.fault(),
            Event::Connection(phone) => self.connect(phone),
            Event::Opening(phone) => self.opening(phone),
            Event::Room(phone) => self.make_room(phone),
            Event::SignIn(phone) => self.sign_in(phone),
            Event::Resumed(account) => self.resume(account),
            Event::Peace => self.make_peace(),
        }
    }

    /// Looks at what was logged, at the steps that every phone draws, and at its files.
    fn examine(&mut self) {
        let at_ms = self.at_ms();
        let today = self.walks.today();
        let Self { world, recorder, .. } = self;
        let phones = &world.as_ref().expect("a world").phones;
        if logs::found()
            && let Some(phone) = phones.first()
        {
            let leak = PhoneEvent::Leak(oracle::Place::LogLine);
            recorder.history.phone(at_ms, phone.device, leak);
        }
        for phone in phones {
            recorder.days(at_ms, phone, today);
            let check = PhoneEvent::FileCheck(phone.examine());
            recorder.history.phone(at_ms, phone.device, check);
        }
    }

    fn finish(mut self) -> Outcome {
        let end = Duration::from_mins(self.options.minutes) + SETTLING;
        loop {
            let server = self.world().backend.time.next_timer();
            let server = server.map(|wait| self.now.saturating_add(wait));
            let queued = self.queue.first_key_value().map(|((at, _), _)| *at);
            let next = match (queued, server) {
                (Some(queued), Some(server)) => queued.min(server),
                (Some(at), None) | (None, Some(at)) => at,
                (None, None) => break,
            };
            if next > end {
                break;
            }
            let passed = next.saturating_sub(self.now);
            self.now = next;
            self.world().backend.time.advance(passed);
            self.poll();
            if queued == Some(next)
                && let Some((_, event)) = self.queue.pop_first()
            {
                self.handle(event);
                self.poll();
            }
        }
        self.examine();
        self.recorder.history.ended_at_ms = u64::try_from(end.as_millis()).unwrap_or(u64::MAX);
        self.outcome.operations = self.recorder.operations;
        self.outcome.anomalies = oracle::check(&self.recorder.history);
        if self.options.is_verbose {
            self.explain();
        }
        self.outcome
    }
}
