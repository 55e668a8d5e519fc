//! What has to hold in each state of a small world, and the history of a path for the oracle.

use std::time::Duration;

use super::phones::PhoneState;
use super::servers::ServerState;
use super::small_world::SmallWorld;
use super::state::{Place, Side, State};
use super::unordered::Set;
use crate::oracle::{Anomaly, Happening, History, Invariant, OpId, PhoneEvent, RequestEnd, Word};
use crate::simulation::record::target_of;

/// How long an event takes for the oracle.
const EVENT_MS: u64 = 100;
/// How long after the last event a history goes on: everything has to have come together long before.
const QUIET_MS: u64 = 900_000;

/// A phone, how much its owner had done, and the server, in states that were found to fit together.
pub type Fine = Set<(usize, PhoneState, u8, ServerState)>;

/// Writes a history down while a path is walked.
#[derive(Default)]
pub struct Writer {
    history: History,
    at_ms: u64,
}

impl Writer {
    pub(super) fn add(&mut self, happening: &Happening) {
        match happening {
            Happening::Phone(device, event) => self.history.phone(self.at_ms, *device, event.clone()),
            Happening::Server(event) => self.history.server(self.at_ms, event.clone()),
            Happening::World(event) => self.history.world(self.at_ms, *event),
        }
    }

    pub(super) fn passed(&mut self, time: Duration) {
        self.at_ms += EVENT_MS + u64::try_from(time.as_millis()).unwrap_or(0);
    }
}

impl SmallWorld {
    /// The history that begins with everything before this world.
    pub fn writer(&self) -> Writer {
        let mut writer = Writer::default();
        self.past.iter().for_each(|record| writer.add(record));
        writer
    }

    /// The history that a writer has written, up to a quiet state. It ends when everything has long been quiet.
    pub fn finish(&self, mut writer: Writer, state: &State) -> History {
        for (phone, side) in (0..).zip(state.sides) {
            for (_, place) in &self.sides.of(side).flights {
                // The server answers that there are no news.
                if let Place::There(request) = place
                    && let Some(target) = target_of(self.wire.request_of(*request))
                {
                    let end = RequestEnd::Progress;
                    let event = PhoneEvent::RequestEnded { target, end };
                    let device = self.phones[phone].device();
                    writer.add(&Happening::Phone(device, event));
                }
            }
        }
        writer.history.ended_at_ms = writer.at_ms + QUIET_MS;
        writer.history
    }

    /// What has to hold in every state (I1 to I4), however it was reached. It concerns each phone and the server, and not the phones
    /// among each other.
    pub fn objection(&mut self, state: &State) -> Option<Anomaly> {
        for (index, side) in state.sides.into_iter().enumerate() {
            let side = self.sides.of(side);
            let key = (index, side.phone, side.done, state.server);
            if self.fine.contains(&key) {
                continue;
            }
            let objection = self.objection_to(index, &side, state.server);
            if objection.is_some() {
                return objection;
            }
            self.fine.insert(key);
        }
        None
    }

    fn objection_to(&self, index: usize, side: &Side, server: ServerState) -> Option<Anomaly> {
        let log = self.server.log(server, self.log);
        let epoch = self.server.epoch(server);
        let phone = &self.phones[index];
        let shown = phone.shown(side.phone);
        let object = |invariant, word, op: Option<OpId>, rule| {
            Some(Anomaly {
                invariant,
                word,
                at_ms: 0,
                device: Some(phone.device()),
                log: Some(self.log),
                ops: op.into_iter().collect(),
                rule,
            })
        };
        let is_known = |op: &OpId| {
            let mut all = self.operations.iter().flatten().chain(&self.before);
            all.any(|known| known == op)
        };
        if let Some(op) = log.iter().find(|op| !is_known(op)) {
            let rule = "every entry has its enqueue";
            return object(Invariant::I2, Word::Unexpected, Some(*op), rule);
        }
        let view = shown.logs.iter().find(|view| view.log == self.log);
        if let Some(view) = view.filter(|view| view.epoch == epoch) {
            let is_prefix = view.entries.len() <= log.len()
                && view.cursor == view.entries.len() as u64
                && view.entries.iter().zip(log).all(|(entry, op)| entry.op == *op);
            if !is_prefix {
                let rule = "a replica is a prefix of the log";
                return object(Invariant::I4, Word::Diverged, None, rule);
            }
        }
        let mut last = None;
        for op in self.operations[index].iter().take(usize::from(side.done)) {
            let mut places = log
                .iter()
                .enumerate()
                .filter(|(_, of)| *of == op)
                .map(|(place, _)| place);
            let place = places.next();
            let rows = shown.outbox.iter().filter(|row| row.op == *op).count();
            if places.next().is_some() || rows > 1 {
                let rule = "an operation is one entry, and one row before that";
                return object(Invariant::I2, Word::Duplicated, Some(*op), rule);
            }
            let is_in_former_log =
                view.is_some_and(|view| view.epoch != epoch && view.entries.iter().any(|e| e.op == *op));
            if place.is_none() && rows == 0 && !is_in_former_log {
                let rule = "an operation is in the log, or on its phone";
                return object(Invariant::I1, Word::Lost, Some(*op), rule);
            }
            if place.is_some() && place < last {
                let rule = "the operations of a phone stand in the log in their order";
                return object(Invariant::I3, Word::Reordered, Some(*op), rule);
            }
            last = place.or(last);
        }
        None
    }

    /// The state of the server, for a trace.
    pub fn describe(&self, state: &State) -> String {
        let name = |op: &OpId| {
            let whose = self
                .operations
                .iter()
                .enumerate()
                .find_map(|(phone, ops)| Some((phone, ops.iter().position(|of| of == op)?)));
            whose.map_or_else(|| "-".to_owned(), |(phone, number)| format!("{phone}/{number}"))
        };
        let log: Vec<String> = self.server.log(state.server, self.log).iter().map(name).collect();
        let sides: Vec<String> = (0..2)
            .map(|index| {
                let side = self.sides.of(state.sides[index]);
                let shown = self.phones[index].shown(side.phone);
                let outbox: Vec<String> = shown
                    .outbox
                    .iter()
                    .map(|row| format!("{}:{:?}", name(&row.op), row.state))
                    .collect();
                let flights: Vec<String> = side
                    .flights
                    .iter()
                    .map(|(flight, place)| {
                        let (Place::There(request) | Place::Back(request, _)) = place;
                        let way = if matches!(place, Place::There(_)) {
                            '>'
                        } else {
                            '<'
                        };
                        format!("{flight}{way}{}", self.wire.request_of(*request).path)
                    })
                    .collect();
                format!(
                    "phone {index} #{} timer {:?} outbox [{}] waits for [{}]",
                    side.phone,
                    self.phones[index].timer(side.phone),
                    outbox.join(" "),
                    flights.join(" ")
                )
            })
            .collect();
        format!("log [{}]; {}", log.join(" "), sides.join("; "))
    }
}
