//! What only an engine with several writers at once can do to a work.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use ayumi_protocol::body::{ErasureReason, RawBody};
use ayumi_protocol::cursor::{Audience, LogName, Seq};
use ayumi_protocol::id::{CaseId, OpId};
use ayumi_protocol::kind::Kind;
use ayumi_protocol::time::UtcMillis;
use ayumi_server::audit::digest::digest_audit;
use ayumi_server::audit::verify::verify;
use ayumi_server::audit::{Act, Chain, record};
use ayumi_server::cases::append::{SystemEntry, by_system};
use ayumi_server::cases::erasure::erase;
use ayumi_server::host::{Boxed, Host};
use ayumi_server::policy::Policy;
use ayumi_server::server::{Parts, Server, boxed};
use ayumi_server::store::{Fault, PostgresSettings, PostgresStore, Transaction, Value, Work, read, write};
use tokio::sync::Barrier;

use crate::conformance::postgresql;

const ADD: &str = "
    UPDATE attempt
    SET count = count + 1
    WHERE scope = $1";

/// Locks two rows, and waits between them for the other: only the first time it runs.
struct Crossing {
    order: [&'static str; 2],
    meeting: Arc<Barrier>,
    runs: AtomicU32,
}

impl Work for Crossing {
    fn run<'t>(&'t self, tx: &'t mut dyn Transaction) -> Boxed<'t, Result<(), Fault>> {
        Box::pin(async move {
            let [first, second] = self.order;
            tx.execute(ADD, &[Value::from(first)]).await?;
            if self.runs.fetch_add(1, Ordering::SeqCst) == 0 {
                self.meeting.wait().await;
            }
            tx.execute(ADD, &[Value::from(second)]).await?;
            Ok(())
        })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_works_that_block_each_other_are_both_done_once_f67() {
    let bench = postgresql().await;
    let prepared = write(&*bench.store, (), |tx, ()| {
        boxed(async move {
            for scope in ["a", "b"] {
                let sql = "INSERT INTO attempt (scope, hour, count) VALUES ($1, 1, 0)";
                tx.execute(sql, &[scope.into()]).await?;
            }
            Ok(())
        })
    });
    prepared.await.unwrap();
    let meeting = Arc::new(Barrier::new(2));
    let crossing = |order| {
        Arc::new(Crossing {
            order,
            meeting: Arc::clone(&meeting),
            runs: AtomicU32::new(0),
        })
    };
    let (one, other) = (crossing(["a", "b"]), crossing(["b", "a"]));
    let (first, second) = tokio::join!(
        bench.store.run_write(Arc::clone(&one) as Arc<dyn Work>),
        bench.other.run_write(Arc::clone(&other) as Arc<dyn Work>),
    );
    first.unwrap();
    second.unwrap();
    let runs = one.runs.load(Ordering::SeqCst) + other.runs.load(Ordering::SeqCst);
    assert!(
        runs >= 3,
        "the database broke the knot, and one of them ran again"
    );
    let rows = read(&*bench.store, (), |tx, ()| {
        boxed(async move { Ok(tx.query("SELECT count FROM attempt ORDER BY scope", &[]).await?) })
    });
    let counts: Vec<i64> = rows
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0).unwrap())
        .collect();
    assert_eq!(counts, [2, 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_have_deadlines_and_what_the_operator_adds_to_them() {
    let mut settings = ayumi_server::testing::postgres::database().await.settings();
    settings
        .config
        .options("-c statement_timeout=7s -c search_path=public");
    let store = PostgresStore::open(&settings, Host::system()).await.unwrap();
    let read = read(&store, (), |tx, ()| {
        boxed(async move {
            let sql = "SELECT current_setting('lock_timeout'), current_setting('statement_timeout'), current_setting('search_path')";
            Ok(tx.row(sql, &[]).await?)
        })
    });
    let row = read.await.unwrap().unwrap();
    let setting = |index| row.get::<String>(index).unwrap();
    assert_eq!([0, 1, 2].map(setting), ["10s", "7s", "public"]);
}

/// The statements of `docs/postgresql-roles.sql`, as an operator runs them.
const ROLES: &str = include_str!("../../../docs/postgresql-roles.sql");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_role_that_serves_can_do_its_work_and_cannot_rewrite_the_audit() {
    let database = ayumi_server::testing::postgres::database().await;
    let config: tokio_postgres::Config = database.address().parse().unwrap();
    let (owner, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    owner
        .batch_execute("CREATE ROLE ayumi_serves LOGIN")
        .await
        .unwrap();
    owner.batch_execute(ROLES).await.unwrap();
    let address = database.address().replace("user=ayumi ", "user=ayumi_serves ");
    let settings = PostgresSettings::parse(&address).unwrap();
    let (host, _) = ayumi_server::testing::seeded_host(1);
    let store = PostgresStore::open(&settings, host.clone()).await.unwrap();
    let objects = Arc::new(object_store::memory::InMemory::new());
    let parts = Parts::new(host, Arc::new(store), objects, Policy::default());
    let server = Server::new(parts);

    let case_id = CaseId::from_uuid(uuid::Uuid::from_u128(1));
    let works = server.write(case_id, |tx, case_id| {
        boxed(async move {
            let head = "INSERT INTO case_head (case_id, society_id, account_id, name, opened_at_ms, care_seq, staff_seq, advice_seq,
                     audit_seq, audit_hash, consent)
                 VALUES ($1, $1, $1, 'Simulated', 0, 0, 0, 0, 0, $2, 'given')";
            tx.execute(head, &[(*case_id).into(), [0_u8; 32].into()]).await?;
            let body = RawBody::from_text(r#"{"acting":[]}"#).unwrap();
            let entry = SystemEntry {
                case_id: *case_id,
                audience: Audience::Care,
                op_id: OpId::from_uuid(uuid::Uuid::from_u128(2)),
                kind: Kind::AssignmentChanged,
                body,
                now: UtcMillis(0),
            };
            by_system(tx, &entry).await?;
            for chain in [Chain::Case(*case_id), Chain::Server] {
                record(tx, chain, &Act::by_server(UtcMillis(0), "simulated", "")).await?;
            }
            Ok(())
        })
    });
    works.await.unwrap();
    let log = LogName {
        case_id,
        audience: Audience::Care,
    };
    let first = Seq::START.next().unwrap();
    erase(&server, log, first, ErasureReason::Accidental)
        .await
        .unwrap();
    digest_audit(&server).await.unwrap();
    let report = verify(&server, None).await.unwrap();
    assert_eq!((report.findings.len(), report.rows, report.digests), (0, 3, 1));

    for forbidden in [
        "UPDATE audit SET outcome = 'x'",
        "DELETE FROM audit",
        "UPDATE audit_digest SET chains = 0",
        "DELETE FROM audit_digest_chain",
        "DELETE FROM case_head",
        "DELETE FROM audit_chain",
        "DELETE FROM entry",
        "UPDATE entry SET author_role = 'x'",
        "UPDATE entry SET payload_sha256 = payload_sha256",
        "DELETE FROM refinery_schema_history",
    ] {
        let tried = server.write(forbidden, |tx, sql| {
            boxed(async move { Ok(tx.execute(sql, &[]).await?) })
        });
        assert!(tried.await.is_err(), "{forbidden}");
    }
}
