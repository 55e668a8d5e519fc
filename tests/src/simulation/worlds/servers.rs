//! The states in which the server of a small world can be, and what it answers in each. Each request is handled once in each state, by
//! the real router over the real store, and then remembered.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use ayumi_protocol::id::CaseId;
use ayumi_protocol::time::UtcMillis;
use ayumi_server::host::ManualTime;
use object_store::memory::InMemory;

use super::image::{Image, content_of};
use super::unordered::Map;
use super::wire::{AnswerNumber, RequestNumber, Wire};
use crate::oracle::{Happening, Log, ServerEvent};
use crate::simulation::backend::{Backend, at_once};
use crate::simulation::random::SharedDice;
use crate::simulation::record::Recorder;
use crate::simulation::world::{to_answer, to_http};

/// The number of a state of the server.
pub type ServerState = u32;

/// What became of a request.
#[derive(Clone)]
pub enum Handled {
    /// It waits for news.
    Held,
    /// It is answered.
    Answered {
        /// The state behind it.
        to: ServerState,
        /// The answer.
        answer: AnswerNumber,
        /// What happened, for the oracle.
        records: Arc<[Happening]>,
    },
}

/// The state behind a restore, and what happened, for the oracle.
type Restored = (ServerState, Arc<[Happening]>);

/// What one state holds.
struct Known {
    image: Image,
    heads: BTreeMap<Log, u64>,
    /// The operations of each log, in order.
    logs: BTreeMap<Log, Vec<u128>>,
    epoch: u128,
    sum: [u8; 32],
}

/// All states of the server that were reached so far.
pub struct Servers {
    folder: PathBuf,
    now: UtcMillis,
    cases: Vec<CaseId>,
    known: Vec<Known>,
    numbers: BTreeMap<[u8; 32], ServerState>,
    handled: Map<(ServerState, RequestNumber), Handled>,
    restored: BTreeMap<(ServerState, ServerState), Restored>,
}

/// The audit and what is counted against abuse decide nothing here, and grow with each request.
const EXCEPT_TABLES: &[&str] = &["audit", "attempt", "idempotency", "push_outbox", "lease"];
const EXCEPT_COLUMNS: &[&str] = &["audit_seq", "audit_hash"];

impl Servers {
    /// The server of a world, whose files are in `folder` and not open. `recorder` knows what it holds.
    pub fn new(
        folder: PathBuf,
        now: UtcMillis,
        cases: Vec<CaseId>,
        recorder: &Recorder,
        epoch: u128,
    ) -> Self {
        let path = folder.join("ayumi.db");
        let sum = content_of(&path, EXCEPT_TABLES, EXCEPT_COLUMNS);
        let mut logs = BTreeMap::new();
        take_in(
            &mut logs,
            recorder.history.records.iter().map(|record| &record.what),
        );
        let known = Known {
            image: Image::read(&path, None),
            heads: recorder.heads.clone(),
            logs,
            epoch,
            sum,
        };
        Self {
            folder,
            now,
            cases,
            numbers: BTreeMap::from([(sum, 0)]),
            known: vec![known],
            handled: Map::new(),
            restored: BTreeMap::new(),
        }
    }

    /// How many states were reached.
    pub fn states(&self) -> usize {
        self.known.len()
    }

    /// How many requests were handled.
    pub fn steps(&self) -> usize {
        self.handled.len() + self.restored.len()
    }

    /// The operations of a log, in order.
    pub fn log(&self, state: ServerState, log: Log) -> &[u128] {
        self.known[state as usize]
            .logs
            .get(&log)
            .map_or(&[], Vec::as_slice)
    }

    /// The incarnation of the store.
    pub fn epoch(&self, state: ServerState) -> u128 {
        self.known[state as usize].epoch
    }

    fn open(&self, state: ServerState) -> Backend {
        let known = &self.known[state as usize];
        known.image.write(&self.folder.join("ayumi.db"));
        let seed = u64::from_le_bytes(known.sum[..8].try_into().expect("eight bytes"));
        Backend::open(
            &self.folder,
            ManualTime::new(self.now),
            SharedDice::for_ids(seed),
            Arc::new(InMemory::new()),
        )
    }

    /// Whether it would hold a request until there are news.
    pub fn holds(&mut self, wire: &mut Wire, state: ServerState, request: RequestNumber) -> bool {
        let known = self.handled.get(&(state, request));
        let is_held = known.map(|handled| matches!(handled, Handled::Held));
        is_held.unwrap_or_else(|| matches!(self.handle(wire, state, request), Handled::Held))
    }

    /// What it does with a request.
    pub fn handle(&mut self, wire: &mut Wire, state: ServerState, request: RequestNumber) -> Handled {
        if let Some(handled) = self.handled.get(&(state, request)) {
            return handled.clone();
        }
        let backend = self.open(state);
        let mut working = backend.begin(to_http(wire.request_of(request), None));
        let polled = working.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        drop(working);
        let handled = match polled {
            Poll::Pending => {
                at_once(backend.server.store.close());
                Handled::Held
            }
            Poll::Ready(response) => {
                let answer = wire.answer(to_answer(response));
                let mut recorder = Recorder::default();
                recorder.heads.clone_from(&self.known[state as usize].heads);
                recorder.server(0, &backend, &self.cases);
                let records: Arc<[Happening]> = std::mem::take(&mut recorder.history)
                    .records
                    .into_iter()
                    .map(|record| record.what)
                    .collect();
                let to = self.keep(state, backend, recorder.heads, &records);
                Handled::Answered { to, answer, records }
            }
        };
        self.handled.insert((state, request), handled.clone());
        handled
    }

    /// Sets it back to a copy that was taken in the state `backup`.
    pub fn restore(&mut self, state: ServerState, backup: ServerState) -> Restored {
        if let Some(restored) = self.restored.get(&(state, backup)) {
            return restored.clone();
        }
        let copy = self.folder.with_extension("copy");
        let _ = std::fs::remove_dir_all(&copy);
        let old = self.open(backup);
        let heads = self.known[backup as usize].heads.clone();
        let kept = old.back_up(&copy, heads.clone());
        at_once(old.server.store.close());
        drop(old);
        let backend = self.open(state).restore(&kept);
        let epoch = backend.epoch().as_uuid().as_u128();
        let event = ServerEvent::Restored {
            epoch,
            heads: heads.clone(),
        };
        let records: Arc<[Happening]> = Arc::from([Happening::Server(event)]);
        let to = self.keep(backup, backend, heads, &records);
        self.known[to as usize].epoch = epoch;
        self.restored.insert((state, backup), (to, Arc::clone(&records)));
        (to, records)
    }

    /// Keeps the state in which it is now, which came from `before`.
    fn keep(
        &mut self,
        before: ServerState,
        backend: Backend,
        heads: BTreeMap<Log, u64>,
        records: &[Happening],
    ) -> ServerState {
        at_once(backend.server.store.close());
        drop(backend);
        let path = self.folder.join("ayumi.db");
        let sum = content_of(&path, EXCEPT_TABLES, EXCEPT_COLUMNS);
        let next = self.known.len() as ServerState;
        let number = *self.numbers.entry(sum).or_insert(next);
        if number == next {
            let old = &self.known[before as usize];
            let mut logs = old.logs.clone();
            take_in(&mut logs, records.iter());
            let known = Known {
                image: Image::read(&path, Some(&old.image)),
                heads,
                logs,
                epoch: old.epoch,
                sum,
            };
            self.known.push(known);
        }
        number
    }
}

fn take_in<'a>(logs: &mut BTreeMap<Log, Vec<u128>>, records: impl Iterator<Item = &'a Happening>) {
    for record in records {
        if let Happening::Server(ServerEvent::Appended(entry)) = record {
            logs.entry(entry.log).or_default().push(entry.op);
        }
    }
}
