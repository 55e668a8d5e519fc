//! A backup two hours old is restored: what phones and server say to each other afterwards. Source: sync.md 7, faults.md F70.

#![allow(missing_docs, unreachable_pub, reason = "a test")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use ayumi_server::host::Host;
use ayumi_server::server::Server;
use ayumi_server::store::{Store, backup};
use serde_json::{Value, json};
use support::{World, request};

struct Phone {
    token: String,
    case_id: String,
}

impl Phone {
    async fn epoch(server: &Server) -> Value {
        let asked = request("GET", "/v1/server", None, &Value::Null);
        support::send(server, asked).await.1["epoch"].clone()
    }

    fn operation(number: u64) -> Value {
        json!({
            "op_id": format!("018f0000-0000-7000-8000-{number:012x}"), "kind": "message.posted", "body_version": 1,
            "occurred_at_ms": 1_790_000_000_000_i64, "zone": "Asia/Tokyo", "utc_offset_min": 540,
            "body": { "text": format!("Simulated {number}."), "authored_by": "person" },
        })
    }

    async fn push(&self, server: &Server, epoch: &Value, numbers: std::ops::RangeInclusive<u64>) -> Value {
        let operations: Vec<Value> = numbers.map(Self::operation).collect();
        let body = json!({
            "log": { "case_id": self.case_id, "audience": "care" }, "epoch": epoch, "lane": "talk",
            "operations": operations,
        });
        support::send(server, request("POST", "/v1/push", Some(&self.token), &body))
            .await
            .1
    }

    async fn pull(&self, server: &Server, epoch: &Value, seq: u64) -> Value {
        let log = json!({ "case_id": self.case_id, "audience": "care" });
        let body =
            json!({ "logs": [{ "log": log, "cursor": { "epoch": epoch, "seq": seq } }], "page_entries": 50 });
        let (_, answer) = support::send(server, request("POST", "/v1/pull", Some(&self.token), &body)).await;
        answer["logs"][0].clone()
    }
}

fn outcomes(answer: &Value) -> Vec<(&str, u64)> {
    let results = answer["results"].as_array().unwrap();
    let outcome = |result: &'_ Value| result["outcome"].as_str().map(str::to_owned);
    assert!(results.iter().all(|result| outcome(result).is_some()), "{answer}");
    results
        .iter()
        .map(|result| {
            (
                result["outcome"].as_str().unwrap(),
                result["seq"].as_u64().unwrap_or(0),
            )
        })
        .collect()
}

/// `from` serves until its disk is lost; `into` is a new store.
async fn a_restored_server_takes_again_what_it_lost(
    host: Host,
    time: ayumi_server::host::ManualTime,
    from: Arc<dyn Store>,
    into: Arc<dyn Store>,
) {
    let world = World::on(host.clone(), from).await;
    let own = &world.here.participant;
    let phone = Phone {
        token: own.person.token.clone(),
        case_id: own.case_id.to_string(),
    };
    let before = Phone::epoch(&world.server).await;
    assert_eq!(
        outcomes(&phone.push(&world.server, &before, 1..=3).await)[2],
        ("stored", 3)
    );

    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("backup");
    let objects = Arc::clone(&world.server.objects);
    let watch: backup::Watch = Arc::new(|_| {});
    backup::write(
        &*world.server.store,
        &*objects,
        &host,
        &folder,
        Arc::clone(&watch),
    )
    .await
    .unwrap();
    time.advance(Duration::from_hours(2));
    assert_eq!(
        outcomes(&phone.push(&world.server, &before, 4..=6).await)[2],
        ("stored", 6)
    );

    let restored = support::node(host.clone(), into);
    backup::restore(&*restored.store, &*restored.objects, &host, &folder, watch)
        .await
        .unwrap();
    let after = Phone::epoch(&restored).await;
    assert_ne!(before, after);

    // The old cursor is told so, whatever it points at, and nothing is taken under the old incarnation.
    for seq in [0, 3, 6] {
        let told = phone.pull(&restored, &before, seq).await;
        assert_eq!(told["refusal"]["code"], "epoch_changed", "{told}");
    }
    let refused = phone.push(&restored, &before, 4..=6).await;
    assert_eq!(refused["code"], "epoch_changed");

    // The log is read again from its start, and what is missing is offered again under its own ids, from wherever it starts.
    let read = phone.pull(&restored, &after, 0).await;
    assert_eq!(read["page"]["entries"].as_array().unwrap().len(), 3);
    let offered = phone.push(&restored, &after, 2..=6).await;
    let expected = [
        ("duplicate", 2),
        ("duplicate", 3),
        ("stored", 4),
        ("stored", 5),
        ("stored", 6),
    ];
    assert_eq!(outcomes(&offered), expected);
    let again = phone.push(&restored, &after, 4..=6).await;
    assert_eq!(
        outcomes(&again),
        [("duplicate", 4), ("duplicate", 5), ("duplicate", 6)]
    );
    let read = phone.pull(&restored, &after, 3).await;
    let entries = read["page"]["entries"].as_array().unwrap();
    let ids: Vec<&Value> = entries.iter().map(|entry| &entry["op_id"]).collect();
    let numbers: Vec<Value> = (4..=6)
        .map(|number| Phone::operation(number)["op_id"].clone())
        .collect();
    assert_eq!(ids, numbers.iter().collect::<Vec<_>>());
}

#[tokio::test]
async fn a_restored_server_on_sqlite_takes_again_what_it_lost_f70() {
    let (host, time) = ayumi_server::testing::seeded_host(11);
    let (_from, from) = ayumi_server::testing::sqlite();
    let (_into, into) = ayumi_server::testing::sqlite();
    a_restored_server_takes_again_what_it_lost(host, time, from, into).await;
}

#[tokio::test]
async fn a_restored_server_on_postgresql_takes_again_what_it_lost_f70() {
    let (host, time) = ayumi_server::testing::seeded_host(12);
    let from = ayumi_server::testing::postgres::database().await;
    let into = ayumi_server::testing::postgres::database().await;
    a_restored_server_takes_again_what_it_lost(host, time, from.connect().await, into.connect().await).await;
}
