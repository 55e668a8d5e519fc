//! Several writers at once: on one SQLite node, and on two nodes over one `PostgreSQL`. Source: sync.md 5.3, faults.md 4.8, F34, F66.
//!
//! While they write, a reader that knows nothing of the server looks at the rows again and again. What it sees is always a log
//! without a gap and without a repeat, and what it saw before is always the beginning of what it sees now: so the order in
//! which entries become visible is the order of their numbers.

#![allow(missing_docs, unreachable_pub, reason = "a test")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test may stop at the first surprise"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use ayumi_protocol::id::CaseId;
use ayumi_server::host::Host;
use ayumi_server::server::{Server, boxed};
use ayumi_server::store::{Row, Running, SqliteStore, Store, Value, exchange_hints};
use ayumi_server::waiting::Notifier;
use serde_json::{Value as Json, json};
use support::{World, request, send};

const WRITERS: usize = 8;
const PUSHES: usize = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_writers_on_one_sqlite_node_leave_no_gap_and_no_repeat() {
    let host = Host::system();
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), Running::OnThreads { readers: 2 }, &host).unwrap();
    let store: Arc<dyn Store> = Arc::new(store);
    many_writers(vec![Arc::clone(&store)], store, host).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_writers_on_two_nodes_over_one_postgresql_leave_no_gap_and_no_repeat_f66() {
    let database = ayumi_server::testing::postgres::database().await;
    let nodes: Vec<Arc<dyn Store>> = vec![database.connect().await, database.connect().await];
    many_writers(nodes, database.connect().await, Host::system()).await;
}

async fn many_writers(stores: Vec<Arc<dyn Store>>, independent: Arc<dyn Store>, host: Host) {
    let world = World::on(host.clone(), Arc::clone(&stores[0])).await;
    let nodes: Vec<Server> = stores
        .into_iter()
        .map(|store| support::node_with(host.clone(), store, support::without_rates()))
        .collect();
    let case_id = world.here.participant.case_id;
    let is_done = Arc::new(AtomicBool::new(false));
    let reader = tokio::spawn(watch(independent, Value::from(case_id), Arc::clone(&is_done)));

    let (_, answer) = send(&nodes[0], request("GET", "/v1/server", None, &Json::Null)).await;
    let epoch = answer["epoch"].as_str().unwrap().to_owned();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let token = if writer % 2 == 0 {
                world.here.participant.person.token.clone()
            } else {
                world.here.dietitian.token.clone()
            };
            let (nodes, epoch) = (nodes.clone(), epoch.clone());
            let log = json!({ "case_id": case_id.to_string(), "audience": "care" });
            tokio::spawn(async move {
                let mut stored = BTreeMap::new();
                for push in 0..PUSHES {
                    let body = batch(&log, &epoch, writer, push);
                    let ask = |node: usize| {
                        let request = request("POST", "/v1/push", Some(&token), &body);
                        let node = &nodes[node % nodes.len()];
                        async move { send(node, request).await }
                    };
                    // The same batch goes to both nodes at the same moment, as a phone does that lost its first answer.
                    let (one, other) = tokio::join!(ask(push), ask(push + 1));
                    for (status, answer) in [one, other] {
                        assert_eq!(status, 200, "{answer}");
                        for result in answer["results"].as_array().unwrap() {
                            let op_id = result["op_id"].as_str().unwrap().to_owned();
                            let seq = result["seq"].as_i64().unwrap();
                            let before = stored.insert(op_id, seq);
                            assert!(before.is_none_or(|before| before == seq));
                        }
                    }
                }
                stored
            })
        })
        .collect();
    let mut acknowledged = BTreeMap::new();
    for writer in writers {
        acknowledged.extend(writer.await.unwrap());
    }
    is_done.store(true, Ordering::SeqCst);
    let log = reader.await.unwrap();

    assert_eq!(
        log.len(),
        acknowledged.len(),
        "every acknowledged entry is there once"
    );
    for (place, op_id) in (1..).zip(&log) {
        assert_eq!(acknowledged.get(op_id), Some(&place));
    }
}

/// One to three messages of one writer.
fn batch(log: &Json, epoch: &str, writer: usize, push: usize) -> Json {
    let operations: Vec<Json> = (0..=push % 3)
        .map(|number| {
            json!({
                "op_id": format!("018f0000-0000-7000-8000-{writer:04x}{push:04x}{number:04x}"),
                "kind": "message.posted", "body_version": 1, "occurred_at_ms": 1_790_000_000_000_i64,
                "zone": "Asia/Tokyo", "utc_offset_min": 540,
                "body": { "text": "Simulated.", "authored_by": "person" },
            })
        })
        .collect();
    json!({ "log": log, "epoch": epoch, "lane": "talk", "operations": operations })
}

/// Looks until told to stop, and once more; returns the last it saw.
async fn watch(store: Arc<dyn Store>, case_id: Value, is_done: Arc<AtomicBool>) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    loop {
        let is_last = is_done.load(Ordering::SeqCst);
        let rows = ayumi_server::store::read(&*store, case_id.clone(), |tx, case_id| {
            boxed(async move {
                let sql =
                    "SELECT seq, op_id FROM entry WHERE case_id = $1 AND audience = 'care' ORDER BY seq";
                Ok(tx.query(sql, std::slice::from_ref(case_id)).await?)
            })
        })
        .await
        .unwrap();
        let log: Vec<String> = rows
            .iter()
            .zip(1_i64..)
            .map(|(row, place)| place_of(row, place))
            .collect();
        assert_eq!(log.iter().collect::<BTreeSet<_>>().len(), log.len(), "no repeat");
        assert!(log.starts_with(&seen), "what was seen stays the beginning");
        seen = log;
        if is_last {
            return seen;
        }
        tokio::task::yield_now().await;
    }
}

fn place_of(row: &Row, place: i64) -> String {
    assert_eq!(row.get::<i64>(0).unwrap(), place, "no gap");
    row.get::<uuid::Uuid>(1).unwrap().to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poll_at_another_node_wakes_by_a_hint_also_after_the_connection_for_hints_was_lost_f71() {
    let database = ayumi_server::testing::postgres::database().await;
    let host = Host::system();
    let here = support::node_with(host.clone(), database.connect().await, support::without_rates());
    let world = World::on(host.clone(), database.connect().await).await;
    let there = support::node(host.clone(), database.connect().await);
    let relays =
        [&here, &there].map(|node| exchange_hints(node.waiters.clone(), database.settings(), host.clone()));

    let (_, answer) = send(&here, request("GET", "/v1/server", None, &Json::Null)).await;
    let epoch = answer["epoch"].as_str().unwrap().to_owned();
    let participant = &world.here.participant;
    let log = json!({ "case_id": participant.case_id.to_string(), "audience": "care" });
    let mut pushes = 0;
    let mut seq = 0;
    for round in 0..2 {
        // Nobody polls the store at that node, so that only a hint, or the end of its wait, ends it.
        let pull = json!({
            "logs": [{ "log": log, "cursor": { "epoch": epoch, "seq": seq } }], "page_entries": 100,
            "wait_ms": 25_000,
        });
        let token = world.here.dietitian.token.clone();
        let node = there.clone();
        let mut poll =
            tokio::spawn(async move { send(&node, request("POST", "/v1/pull", Some(&token), &pull)).await });
        while there.waiters.count() == 0 {
            tokio::task::yield_now().await;
        }
        // Until both listen, what is said may be lost: that is what a hint is.
        let (status, page) = loop {
            let body = batch(&log, &epoch, 0, pushes);
            let (status, _) = send(
                &here,
                request("POST", "/v1/push", Some(&participant.person.token), &body),
            )
            .await;
            assert_eq!(status, 200);
            pushes += 1;
            if let Ok(answered) = tokio::time::timeout(Duration::from_millis(300), &mut poll).await {
                break answered.unwrap();
            }
            assert!(pushes < 60, "no hint has arrived");
        };
        assert_eq!(status, 200);
        let entries = page["logs"][0]["page"]["entries"].as_array().unwrap();
        seq = entries.last().unwrap()["seq"].as_i64().unwrap();
        if round == 0 {
            let (client, connection) = database
                .settings()
                .config
                .connect(tokio_postgres::NoTls)
                .await
                .unwrap();
            let connection = tokio::spawn(connection);
            let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE application_name = 'ayumi hints' AND datname = current_database()";
            assert_eq!(client.query(sql, &[]).await.unwrap().len(), 2);
            connection.abort();
        }
    }
    relays.iter().for_each(tokio::task::JoinHandle::abort);
}

/// Counts what other nodes would be told.
#[derive(Debug, Default)]
struct Told(AtomicUsize);

impl Notifier for Told {
    fn notify(&self, _: CaseId) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn other_nodes_are_told_of_what_was_stored_and_of_nothing_else() {
    let world = World::new(1).await;
    let told = Arc::new(Told::default());
    world.server.waiters.pass_on_to(told.clone());
    let (_, answer) = world.send(request("GET", "/v1/server", None, &Json::Null)).await;
    let participant = &world.here.participant;
    let log = json!({ "case_id": participant.case_id.to_string(), "audience": "care" });
    let good = batch(&log, answer["epoch"].as_str().unwrap(), 0, 0);
    let mut refused = batch(&log, answer["epoch"].as_str().unwrap(), 0, 3);
    refused["operations"][0]["kind"] = json!("nobody.knows");
    for (body, expected) in [(&refused, 0), (&good, 1), (&good, 1)] {
        let push = request("POST", "/v1/push", Some(&participant.person.token), body);
        let (status, answer) = world.send(push).await;
        assert_eq!(status, 200);
        assert_eq!(told.0.load(Ordering::SeqCst), expected, "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_whose_key_another_node_is_about_to_remember_is_in_progress() {
    const KEY: &str = "5f8c1f0e-8f5e-4c3a-9d61-0b7c2a9e4d11";
    const IS_WAITING: &str = "
        SELECT COUNT(*)
        FROM pg_stat_activity
        WHERE wait_event_type = 'Lock'
            AND datname = current_database()";
    let database = ayumi_server::testing::postgres::database().await;
    let world = World::on(Host::system(), database.connect().await).await;
    let config = database.settings().config;
    let (mut other, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let (watching, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let coordinator = &world.here.coordinator;
    let remember = format!(
        "INSERT INTO idempotency (requester, key, request_sha256, answer, made_at_ms)
         VALUES ('{}', '{KEY}', '', '', 0)",
        coordinator.account_id
    );
    let first = other.transaction().await.unwrap();
    first.batch_execute(&remember).await.unwrap();
    let body = json!({
        "society_id": world.here.society_id.to_string(), "name": "Simulated", "birth_date": "1975-04-01",
    });
    let path = "/v1/coordination/invitation";
    let mut second = request("POST", path, Some(&coordinator.token), &body);
    second
        .headers_mut()
        .insert("idempotency-key", KEY.parse().unwrap());
    let node = world.server.clone();
    let second = tokio::spawn(async move { send(&node, second).await });
    while watching
        .query_one(IS_WAITING, &[])
        .await
        .unwrap()
        .get::<_, i64>(0)
        == 0
    {
        assert!(!second.is_finished(), "{:?}", second.await);
        tokio::task::yield_now().await;
    }
    first.commit().await.unwrap();
    let (status, answer) = second.await.unwrap();
    assert_eq!((status.as_u16(), &answer["code"]), (409, &json!("in_progress")));
    let invited = watching.query_one("SELECT COUNT(*) FROM invitation", &[]).await;
    assert_eq!(invited.unwrap().get::<_, i64>(0), 0);
}
