//! Stories and laws of readings through the log, over real stores: operations of one phone are made entries by hand.

mod laws;
mod stories;

use std::cell::Cell;
use std::sync::Arc;

use ayumi_protocol::body::{Body, CaseOpened};
use ayumi_protocol::cursor::{Cursor, Epoch, LogName, Seq};
use ayumi_protocol::entry::{Entry, Recorded};
use ayumi_protocol::id::{AccountId, CaseId, DeviceId, OpId, SocietyId};
use ayumi_protocol::kind::Kind;
use ayumi_protocol::pull::Page;
use ayumi_protocol::session::Role;
use ayumi_protocol::time::{UtcOffset, ZoneName};
use ayumi_protocol::unknown::UnknownFields;
use uuid::Uuid;

use crate::app::{App, Config};
use crate::clock::{Clock as _, ManualClock, Random};
use crate::steps::{DaySteps, IntervalRecord, StepEvent};
use crate::store::StoreError;
use crate::sync::account::{Account, SessionState};
use crate::sync::outbox::{self, Moment, OperationState};
use crate::sync::{account, replica};
use crate::time::{DateRange, HOUR_MS, NaiveDate, Tz, UtcMillis, parse_date};
use crate::weight::{MassUnit, NewWeighIn, WeighIn, WeighInId, WeighInTime};

const EPOCH: Epoch = Epoch::from_uuid(Uuid::from_u128(9));
const CASE: CaseId = CaseId::from_uuid(Uuid::from_u128(5));
const HER: AccountId = AccountId::from_uuid(Uuid::from_u128(6));
const DIETITIAN: AccountId = AccountId::from_uuid(Uuid::from_u128(7));
/// 2026-04-01T00:00:00Z.
const START: UtcMillis = UtcMillis(1_775_001_600_000);

const LOG: LogName = LogName {
    case_id: CASE,
    audience: ayumi_protocol::cursor::Audience::Care,
};

/// Counts, so that no two ids of one test are alike.
#[derive(Debug)]
struct Counted(std::sync::atomic::AtomicU64);

impl Random for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        let number = self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        bytes.fill(0);
        for (byte, digit) in bytes.iter_mut().zip(number.to_le_bytes()) {
            *byte = digit;
        }
    }
}

/// The log of the case, as a server keeps it.
struct Server {
    epoch: Epoch,
    log: Vec<Entry>,
}

/// A case begins with the entry that opens it.
impl Default for Server {
    fn default() -> Self {
        let opened = Body::from(CaseOpened {
            society_id: SocietyId::from_uuid(Uuid::from_u128(8)),
            society_name: "A society".to_owned(),
            name: "Simulated".to_owned(),
            name_reading: None,
        });
        let entry = Entry {
            seq: Seq::new(1).unwrap(),
            op_id: OpId::from_uuid(Uuid::from_u128(1)),
            author_id: AccountId::SYSTEM,
            author_role: Role::System,
            device_id: DeviceId::SYSTEM,
            kind: Kind::CaseOpened.into(),
            body_version: 1,
            occurred_at_ms: START.into(),
            zone: ZoneName::parse("Asia/Tokyo").unwrap(),
            utc_offset_min: UtcOffset::from_minutes(540).unwrap(),
            recorded_at_ms: START.into(),
            min_app_version: None,
            body: Some(opened.to_raw().unwrap()),
            unknown: UnknownFields::default(),
        };
        Self {
            epoch: EPOCH,
            log: vec![entry],
        }
    }
}

struct Phone {
    _folder: tempfile::TempDir,
    app: App,
    clock: Arc<ManualClock>,
    random: Arc<Counted>,
    device: DeviceId,
    page: Cell<usize>,
}

impl Phone {
    fn unsigned(device: u128) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(START));
        let random = Arc::new(Counted(std::sync::atomic::AtomicU64::new(
            u64::try_from(device).unwrap() << 32,
        )));
        let app = App::open(Config {
            folder: folder.path().to_owned(),
            key: None,
            zone: Tz::Asia__Tokyo,
            clock: clock.clone(),
            random: random.clone(),
            server: None,
        })
        .unwrap();
        Self {
            _folder: folder,
            app,
            clock,
            random,
            device: DeviceId::from_uuid(Uuid::from_u128(device)),
            page: Cell::new(500),
        }
    }

    fn hers(device: u128) -> Self {
        let phone = Self::unsigned(device);
        phone.sign_in(HER, Some(CASE));
        phone.read_nothing_but_the_opening();
        phone
    }

    /// The log was read once, as it is after every sign-in.
    fn read_nothing_but_the_opening(&self) {
        self.pull(&Server::default());
    }

    fn dietitians(device: u128) -> Self {
        let phone = Self::unsigned(device);
        phone.sign_in(DIETITIAN, None);
        phone
    }

    fn sign_in(&self, account_id: AccountId, case_id: Option<CaseId>) {
        self.write(|tx| {
            account::write(
                tx,
                &Account {
                    account_id,
                    device_id: self.device,
                    case_id,
                    session: SessionState::Active,
                    consent_version: None,
                    signed_in_at: self.clock.now(),
                },
            )?;
            replica::add(tx, LOG, EPOCH)?;
            crate::app::report_everything(tx, self.clock.now(), self.random.as_ref())
        });
    }

    fn write<T>(&self, work: impl FnOnce(&crate::store::WriteTransaction<'_>) -> Result<T, StoreError>) -> T {
        self.app.store().write(work).unwrap()
    }

    fn moment(&self) -> Moment<'_> {
        Moment {
            now: self.clock.now(),
            random: self.random.as_ref(),
        }
    }

    /// Gathers what is due, as the engine does before it sends.
    fn gather(&self) {
        let today = self.app.today().unwrap();
        while self
            .write(|tx| super::report_due(tx, self.moment(), today, 20))
            .has_more
        {}
    }

    /// Sends everything; the answers may be lost on their way.
    fn send(&self, server: &mut Server) {
        self.gather();
        for outgoing in self.app.outbox().unwrap() {
            if outgoing.state == OperationState::Parked {
                continue;
            }
            self.write(|tx| Ok(outbox::sql::claim(tx, outgoing.operation.op_id)?));
            let is_known = |entry: &Entry| entry.op_id == outgoing.operation.op_id;
            if server.log.iter().any(is_known) {
                continue;
            }
            let recorded = Recorded {
                seq: Seq::new(i64::try_from(server.log.len()).unwrap() + 1).unwrap(),
                author_id: HER,
                author_role: Role::Participant,
                device_id: self.device,
                recorded_at_ms: self.clock.now().into(),
            };
            server.log.push(Entry::of(outgoing.operation, recorded));
        }
    }

    fn pull(&self, server: &Server) {
        loop {
            let growing = || {
                let store = self.app.store();
                store
                    .read(|reader| replica::growing(reader, LOG))
                    .unwrap()
                    .unwrap()
            };
            if growing().cursor.epoch != server.epoch {
                self.write(|tx| replica::restart(tx, LOG, server.epoch));
            }
            let replica = growing();
            let from = usize::try_from(replica.cursor.seq.number()).unwrap();
            let until = (from + self.page.get()).min(server.log.len());
            let page = Page {
                after: Cursor {
                    epoch: server.epoch,
                    seq: replica.cursor.seq,
                },
                entries: server.log[from..until].to_vec(),
                head_seq: Seq::new(i64::try_from(server.log.len()).unwrap()).unwrap(),
                has_more: until < server.log.len(),
            };
            let now = self.clock.now();
            self.app
                .store()
                .write(|tx| replica::apply_page(tx, now, LOG, &page))
                .unwrap();
            if !page.has_more {
                return;
            }
        }
    }

    fn sync(&self, server: &mut Server) {
        self.send(server);
        self.pull(server);
    }

    fn walk(&self, id: &str, start: UtcMillis, steps: i64) {
        self.walk_in(id, start, steps, Tz::Asia__Tokyo);
    }

    fn walk_in(&self, id: &str, start: UtcMillis, steps: i64, zone: Tz) {
        let record = StepEvent::Interval(IntervalRecord {
            source: "watch".to_owned(),
            id: id.to_owned(),
            start,
            end: start.plus(HOUR_MS),
            steps,
            modified: self.clock.now(),
            zone: Some(zone),
        });
        self.app.steps().record(&[record]).unwrap();
    }

    fn correct(&self, on: &str, steps: Option<i64>) {
        let adjust = StepEvent::Adjust {
            date: date(on),
            steps,
        };
        self.app.steps().record(&[adjust]).unwrap();
    }

    fn weigh(&self, typed: &str) -> WeighInId {
        self.app
            .weight()
            .record(&NewWeighIn {
                when: WeighInTime::Timed {
                    at: self.clock.now(),
                    sub_ms_ns: 7,
                    offset_s: 9 * 3600,
                    zone: Some(Tz::Asia__Tokyo),
                },
                typed: typed.to_owned(),
                unit: MassUnit::Kilogram,
                waist: None,
                source: "typed".to_owned(),
            })
            .unwrap()
            .id
    }

    fn days(&self) -> Vec<DaySteps> {
        self.app.steps().days(DateRange::ALL).unwrap()
    }

    fn total(&self, on: &str) -> Option<i64> {
        let days = self.app.steps().days(DateRange::single(date(on))).unwrap();
        days.first().and_then(|day| day.steps)
    }

    fn weigh_ins(&self) -> Vec<WeighIn> {
        self.app.weight().weigh_ins(DateRange::ALL).unwrap()
    }

    /// Rows of a table, as text.
    fn rows(&self, table: &str) -> Vec<String> {
        self.app
            .store()
            .read::<_, StoreError>(|reader| {
                let mut statement = reader.connection().prepare(&format!("SELECT * FROM {table}"))?;
                let width = statement.column_count();
                let rows = statement
                    .query_map([], |row| {
                        let values: Result<Vec<rusqlite::types::Value>, _> =
                            (0..width).map(|column| row.get(column)).collect();
                        Ok(format!("{:?}", values?))
                    })?
                    .collect::<Result<_, _>>()?;
                Ok(rows)
            })
            .unwrap()
    }

    /// Folds the log again and derives everything, as an app with other rules does at its start.
    fn derive_everything(&self) {
        self.write(replica::refold);
        self.app.steps().rebuild().unwrap();
        self.app.weight().rebuild().unwrap();
    }
}

fn date(text: &str) -> NaiveDate {
    parse_date(text).unwrap()
}
