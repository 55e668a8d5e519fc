//! One small world: what can happen in a state, and what comes of it.
//!
//! Invariants:
//!
//! - A step does not depend on the path: the same choice in the same state leads to the same state.
//! - Nothing but [`SmallWorld::apply`] makes a state out of another one.

use std::rc::Rc;
use std::time::Duration;

use ayumi_core::sync::engine::HttpAnswer;
use ayumi_protocol::cursor::{Audience, LogName};

use super::Options;
use super::interned::{Interned, Number};
use super::judge::{Fine, Writer};
use super::phones::{Flight, Phones, Step, Told};
use super::servers::{Handled, Servers};
use super::state::{Choice, Place, Side, State, Strays};
use super::unordered::Map;
use super::wire::{AnswerNumber, RequestNumber, Wire};
use crate::oracle::{Happening, Log, OpId, PhoneEvent, RequestEnd, ServerEvent, WorldEvent};
use crate::simulation::backend::at_once;
use crate::simulation::record::{Recorder, log_of, target_of};
use crate::simulation::world::Template;

/// Events after which a world that does not come to rest by itself is left as it is: the oracle objects to what is still open.
const MOST_EVENTS: usize = 500;

/// Two phones and a server, with everything about them that was found out so far.
pub struct SmallWorld {
    options: Options,
    pub(super) phones: [Phones; 2],
    pub(super) server: Servers,
    pub(super) wire: Wire,
    pub(super) sides: Interned<Side>,
    strays: Interned<Strays>,
    /// What comes of a choice that concerns one phone, with the answer if it is one that a request gets.
    turns: Map<(Number<Side>, Choice, Option<AnswerNumber>), Turn>,
    /// Strays with others added.
    joined: Map<(Number<Strays>, Number<Strays>), Number<Strays>>,
    pub(super) fine: Fine,
    pub(super) log: Log,
    /// The operations of each phone in the order in which they were made.
    pub(super) operations: [Vec<OpId>; 2],
    /// What the log held before.
    pub(super) before: Vec<OpId>,
    /// What happened before, for the oracle.
    pub(super) past: Vec<Happening>,
    _folder: tempfile::TempDir,
}

/// What comes of a choice for a phone.
#[derive(Clone, Copy)]
struct Turn {
    to: Number<Side>,
    /// Requests that nobody waits for any more.
    strays: Number<Strays>,
}

impl SmallWorld {
    /// A participant's phone and her dietitian's phone, both in front and up to date, and the state in which they are.
    pub fn new(template: &Template, options: Options) -> (Self, State) {
        let world = template.copy(1);
        let (hers, dietitians) = (&world.phones[0], &world.phones[3]);
        let case_id = hers.cases[0];
        let epoch = world.backend.epoch().as_uuid().as_u128();
        let mut recorder = Recorder::default();
        recorder.history.server(0, ServerEvent::Created(epoch));
        for phone in &world.phones {
            let audiences: &[Audience] = if phone.is_staff {
                &[Audience::Care, Audience::Staff]
            } else {
                &[Audience::Care, Audience::Advice]
            };
            for case_id in &phone.cases {
                for audience in audiences {
                    let log = log_of(LogName {
                        case_id: *case_id,
                        audience: *audience,
                    });
                    let access = ServerEvent::Access {
                        account: phone.account,
                        log,
                        granted: true,
                        replicates: true,
                    };
                    recorder.history.server(0, access);
                }
            }
            let signed_in = PhoneEvent::SignedIn(phone.account);
            recorder.history.phone(0, phone.device, signed_in);
            // The others have written before, and lie in a drawer.
            let is_here = [hers.device, dietitians.device].contains(&phone.device);
            recorder
                .history
                .phone(0, phone.device, PhoneEvent::Foreground(is_here));
        }
        let cases = dietitians.cases.clone();
        recorder.past(&world.backend, &cases);
        recorder.server(0, &world.backend, &cases);
        at_once(world.backend.server.store.close());
        drop(world.backend);
        let folder = world.folder;
        let now = ayumi_protocol::time::UtcMillis(world.now.0);
        let server = Servers::new(folder.path().join("server"), now, cases, &recorder, epoch);
        let past = std::mem::take(&mut recorder.history).records;
        let phones = [
            Phones::new(0, hers, case_id, world.now, recorder.clone()),
            Phones::new(1, dietitians, case_id, world.now, recorder),
        ];
        let log = log_of(LogName {
            case_id,
            audience: Audience::Care,
        });
        let mut world = Self {
            options,
            phones,
            server,
            wire: Wire::default(),
            sides: Interned::default(),
            strays: Interned::default(),
            turns: Map::new(),
            joined: Map::new(),
            fine: Fine::default(),
            log,
            before: Vec::new(),
            operations: [Vec::new(), Vec::new()],
            past: past.into_iter().map(|record| record.what).collect(),
            _folder: folder,
        };
        let state = world.open();
        world.before = world.server.log(state.server, log).to_vec();
        (world, state)
    }

    /// Opens both apps and lets them exchange what there is.
    fn open(&mut self) -> State {
        let mut state = State::default();
        for phone in 0..2 {
            let step = self.phones[phone].step(&mut self.wire, 0, Told::Killed);
            let flights = step
                .sent
                .iter()
                .map(|(flight, request)| (*flight, Place::There(*request)))
                .collect();
            state.sides[phone] = self.sides.number(Side {
                phone: step.to,
                done: 0,
                flights,
            });
        }
        for phone in 0..2 {
            if self.is_perfect(phone) {
                state = self.settle(state, phone, None);
            }
        }
        let mut state = self.rest(state, None);
        state.backup = state.server;
        state.faults = self.options.faults;
        state
    }

    /// Lets happen what happens by itself, in one of its orders, until nothing does.
    pub fn rest(&mut self, mut state: State, mut writer: Option<&mut Writer>) -> State {
        for _ in 0..MOST_EVENTS {
            let choices = self.choices(&state);
            let happens = |choice: &&Choice| {
                !matches!(choice, Choice::Person(_) | Choice::BackUp) && !choice.is_fault()
            };
            let Some(choice) = choices.iter().find(happens) else {
                break;
            };
            state = self.apply(&state, *choice, writer.as_deref_mut());
        }
        state
    }

    /// States of the phones and of the server, and steps of both, that were made by the real code.
    pub fn made(&self) -> [usize; 4] {
        [
            self.phones.iter().map(Phones::states).sum(),
            self.server.states(),
            self.phones.iter().map(Phones::steps).sum(),
            self.server.steps(),
        ]
    }

    /// Everything that can happen in a state.
    pub fn choices(&mut self, state: &State) -> Vec<Choice> {
        let mut choices = Vec::new();
        let has_faults = state.faults > 0;
        for number in 0..2 {
            if self.sides.of(state.sides[usize::from(number)]).done < self.options.operations {
                choices.push(Choice::Person(number));
            }
            if !self.is_perfect(number) {
                self.choices_of(number, state, has_faults, &mut choices);
            }
        }
        let strays = self.strays.of(state.strays);
        for (number, stray) in (0..).zip(strays.iter()) {
            // Two that are equal do the same.
            if number == 0 || strays[usize::from(number) - 1] != *stray {
                choices.push(Choice::Stray(number));
            }
        }
        if has_faults {
            if self.options.backs_up && !state.is_backed_up && state.server != state.backup {
                choices.push(Choice::BackUp);
            }
            choices.push(Choice::Restore);
        }
        choices
    }

    /// Whether the network of a phone never fails and takes no time.
    fn is_perfect(&self, phone: u8) -> bool {
        self.options.faulty.is_some_and(|faulty| faulty != phone)
    }

    /// What can happen to a phone and on its way, but for what its owner does.
    fn choices_of(&mut self, number: u8, state: &State, has_faults: bool, choices: &mut Vec<Choice>) {
        let side = self.sides.of(state.sides[usize::from(number)]);
        let mut is_waiting = true;
        for (flight, place) in &side.flights {
            match place {
                Place::There(request) => {
                    if !self.server.holds(&mut self.wire, state.server, *request) {
                        is_waiting = false;
                        choices.push(Choice::Arrive(number, *flight));
                    }
                    if has_faults && self.wire.appends(*request) {
                        choices.push(Choice::Double(number, *flight));
                    }
                }
                Place::Back(..) => {
                    is_waiting = false;
                    choices.push(Choice::Answer(number, *flight));
                }
            }
            if has_faults {
                choices.push(Choice::Lose(number, *flight));
            }
        }
        // A network answers within milliseconds or not at all, and the shortest timer is longer: a timer ends only while the phone
        // waits for nothing but news.
        if is_waiting && self.phones[usize::from(number)].timer(side.phone).is_some() {
            choices.push(Choice::Timer(number));
        }
        if has_faults {
            choices.push(Choice::Kill(number));
        }
    }

    /// The state behind a choice, and behind all that follows at once.
    pub fn apply(&mut self, state: &State, choice: Choice, mut writer: Option<&mut Writer>) -> State {
        let mut next = self.happen(state, choice, writer.as_deref_mut());
        if let Some(faulty) = self.options.faulty {
            let perfect = 1 - faulty;
            let side = usize::from(perfect);
            if next.server != state.server || next.sides[side] != state.sides[side] {
                next = self.settle(next, perfect, writer);
            }
        }
        next
    }

    /// A phone with a perfect network exchanges all that there is.
    fn settle(&mut self, mut state: State, phone: u8, mut writer: Option<&mut Writer>) -> State {
        let mut choices = Vec::new();
        for _ in 0..MOST_EVENTS {
            choices.clear();
            self.choices_of(phone, &state, false, &mut choices);
            let Some(choice) = choices.first() else {
                break;
            };
            state = self.happen(&state, *choice, writer.as_deref_mut());
        }
        state
    }

    fn happen(&mut self, state: &State, choice: Choice, mut writer: Option<&mut Writer>) -> State {
        let mut next = *state;
        if choice.is_fault() {
            next.faults = next.faults.saturating_sub(1);
        }
        if let Some(writer) = writer.as_deref_mut() {
            writer.passed(Duration::ZERO);
        }
        match choice {
            Choice::Arrive(phone, flight) => {
                let side = self.sides.of(state.sides[usize::from(phone)]);
                let Place::There(request) = place_of(&side, flight) else {
                    panic!("it is not on its way there")
                };
                let answer = self
                    .arrive(&mut next, request, writer.as_deref_mut())
                    .expect("it is not held");
                self.turn(&mut next, phone, choice, Some(answer), writer);
            }
            Choice::Person(phone)
            | Choice::Answer(phone, _)
            | Choice::Lose(phone, _)
            | Choice::Double(phone, _)
            | Choice::Kill(phone)
            | Choice::Timer(phone) => self.turn(&mut next, phone, choice, None, writer),
            Choice::Stray(number) => {
                let mut strays = (*self.strays.of(state.strays)).clone();
                let request = strays.remove(usize::from(number));
                next.strays = self.strays.number(strays);
                self.arrive(&mut next, request, writer);
            }
            Choice::BackUp => {
                next.backup = state.server;
                next.is_backed_up = true;
            }
            Choice::Restore => {
                let (to, records) = self.server.restore(state.server, state.backup);
                next.server = to;
                if let Some(writer) = writer {
                    records.iter().for_each(|record| writer.add(record));
                    writer.add(&Happening::World(WorldEvent::FaultEnded));
                }
            }
        }
        next
    }

    /// The server handles a request. Returns its answer, or `None` if it holds the request.
    fn arrive(
        &mut self,
        next: &mut State,
        request: RequestNumber,
        writer: Option<&mut Writer>,
    ) -> Option<AnswerNumber> {
        match self.server.handle(&mut self.wire, next.server, request) {
            Handled::Held => None,
            Handled::Answered { to, answer, records } => {
                next.server = to;
                if let Some(writer) = writer {
                    records.iter().for_each(|record| writer.add(record));
                }
                Some(answer)
            }
        }
    }

    /// What a choice changes about one phone. It is found out once, and again only to write its history down.
    fn turn(
        &mut self,
        next: &mut State,
        phone: u8,
        choice: Choice,
        answer: Option<AnswerNumber>,
        writer: Option<&mut Writer>,
    ) {
        let from = next.sides[usize::from(phone)];
        let key = (from, choice, answer);
        let turn = match self.turns.get(&key) {
            Some(turn) if writer.is_none() => *turn,
            _ => {
                let turn = self.make_turn(from, phone, choice, answer, writer);
                self.turns.insert(key, turn);
                turn
            }
        };
        next.sides[usize::from(phone)] = turn.to;
        if turn.strays != Number::default() {
            next.strays = self.join(next.strays, turn.strays);
        }
    }

    fn make_turn(
        &mut self,
        from: Number<Side>,
        phone: u8,
        choice: Choice,
        answer: Option<AnswerNumber>,
        mut writer: Option<&mut Writer>,
    ) -> Turn {
        let mut side = (*self.sides.of(from)).clone();
        let mut strays = Strays::new();
        match choice {
            Choice::Person(_) => {
                let done = side.done;
                side.done += 1;
                let step = self.tell(&mut side, &mut strays, phone, Told::Person(done), writer);
                let operations = &mut self.operations[usize::from(phone)];
                if operations.len() == usize::from(done) {
                    let made = step.records.iter().find_map(|record| match record {
                        Happening::Phone(_, PhoneEvent::Enqueued(enqueue)) => Some(enqueue.op),
                        _ => None,
                    });
                    operations.push(made.expect("an operation"));
                }
            }
            Choice::Arrive(_, flight) => {
                let (_, place) = side
                    .flights
                    .iter_mut()
                    .find(|(number, _)| *number == flight)
                    .expect("it waits for it");
                if let (Place::There(request), Some(answer)) = (*place, answer) {
                    *place = Place::Back(request, answer);
                }
            }
            Choice::Answer(_, flight) => {
                let Place::Back(request, answer) = take(&mut side, flight) else {
                    panic!("it has no answer")
                };
                let told = Some(self.wire.answer_of(answer));
                self.end_request(phone, request, told, writer.as_deref_mut());
                self.tell(
                    &mut side,
                    &mut strays,
                    phone,
                    Told::Answer(flight, answer),
                    writer,
                );
            }
            Choice::Lose(_, flight) => {
                let (Place::There(request) | Place::Back(request, _)) = take(&mut side, flight);
                self.end_request(phone, request, None, writer.as_deref_mut());
                self.tell(&mut side, &mut strays, phone, Told::NoAnswer(flight), writer);
            }
            Choice::Double(_, flight) => {
                if let Place::There(request) = place_of(&side, flight) {
                    strays.push(request);
                }
            }
            Choice::Kill(_) => {
                self.tell(&mut side, &mut strays, phone, Told::Killed, writer);
            }
            Choice::Timer(_) => {
                self.tell(&mut side, &mut strays, phone, Told::Timer, writer);
            }
            Choice::Stray(_) | Choice::BackUp | Choice::Restore => panic!("it concerns no phone"),
        }
        strays.sort_unstable();
        Turn {
            to: self.sides.number(side),
            strays: self.strays.number(strays),
        }
    }

    fn join(&mut self, strays: Number<Strays>, others: Number<Strays>) -> Number<Strays> {
        if let Some(joined) = self.joined.get(&(strays, others)) {
            return *joined;
        }
        let mut all = (*self.strays.of(strays)).clone();
        all.extend(self.strays.of(others).iter());
        all.sort_unstable();
        let joined = self.strays.number(all);
        self.joined.insert((strays, others), joined);
        joined
    }

    /// Hands something to a phone, and puts on the way what it sends.
    fn tell(
        &mut self,
        side: &mut Side,
        strays: &mut Strays,
        phone: u8,
        told: Told,
        writer: Option<&mut Writer>,
    ) -> Rc<Step> {
        let index = usize::from(phone);
        let step = self.phones[index].step(&mut self.wire, side.phone, told);
        side.phone = step.to;
        let mut dropped = Vec::new();
        let mut flights = Vec::new();
        for (old, place) in std::mem::take(&mut side.flights) {
            match step.kept.get(&old) {
                Some(new) => flights.push((*new, place)),
                None => dropped.push(place),
            }
        }
        flights.extend(
            step.sent
                .iter()
                .map(|(flight, request)| (*flight, Place::There(*request))),
        );
        flights.sort_unstable_by_key(|(flight, _)| *flight);
        side.flights = flights;
        // Nobody waits for them any more. Only what appends something makes a difference when it arrives.
        for place in &dropped {
            if let Place::There(request) = place
                && self.wire.appends(*request)
            {
                strays.push(*request);
            }
        }
        if let Some(writer) = writer {
            for place in dropped {
                let (Place::There(request) | Place::Back(request, _)) = place;
                if told != Told::Killed
                    && let Some(target) = target_of(self.wire.request_of(request))
                {
                    let end = RequestEnd::Progress;
                    let device = self.phones[index].device();
                    writer.add(&Happening::Phone(
                        device,
                        PhoneEvent::RequestEnded { target, end },
                    ));
                }
            }
            writer.passed(step.passed);
            step.records.iter().for_each(|record| writer.add(record));
            if matches!(told, Told::NoAnswer(_) | Told::Killed) {
                writer.add(&Happening::World(WorldEvent::FaultEnded));
            }
        }
        step
    }

    fn end_request(
        &self,
        phone: u8,
        request: RequestNumber,
        answer: Option<&HttpAnswer>,
        writer: Option<&mut Writer>,
    ) {
        let (Some(writer), Some(target)) = (writer, target_of(self.wire.request_of(request))) else {
            return;
        };
        let end = match answer {
            Some(answer) if answer.status == 200 => RequestEnd::Progress,
            _ => RequestEnd::Failure { asked_wait_ms: 0 },
        };
        let device = self.phones[usize::from(phone)].device();
        writer.add(&Happening::Phone(
            device,
            PhoneEvent::RequestEnded { target, end },
        ));
    }

    /// Whether nothing more happens by itself.
    pub fn is_quiet(choices: &[Choice]) -> bool {
        choices
            .iter()
            .all(|choice| choice.is_fault() || matches!(choice, Choice::Stray(_) | Choice::BackUp))
    }
}

fn place_of(side: &Side, flight: Flight) -> Place {
    let found = side.flights.iter().find(|(number, _)| *number == flight);
    found.expect("it waits for it").1
}

fn take(side: &mut Side, flight: Flight) -> Place {
    let index = side.flights.iter().position(|(number, _)| *number == flight);
    side.flights.remove(index.expect("it waits for it")).1
}
