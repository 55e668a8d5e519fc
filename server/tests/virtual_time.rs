//! Everything a phone talks to runs in one thread and in virtual time: no runtime, no clock, no thread of ours.
//!
//! The simulator stands on this. A future that waits for something outside the node would be pending here for ever.

#![allow(missing_docs, unreachable_pub, reason = "a test")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod support;

use std::pin::pin;
use std::time::Duration;

use futures_util::FutureExt as _;
use serde_json::{Value, json};
use support::{World, request};

/// The result of a future that has to be ready at once.
fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().unwrap()
}

fn message(world: &World, number: u64) -> Value {
    let (_, answer) = now(world.send(request("GET", "/v1/server", None, &Value::Null)));
    json!({
        "log": { "case_id": world.here.participant.case_id.to_string(), "audience": "care" },
        "epoch": answer["epoch"], "lane": "talk",
        "operations": [{
            "op_id": format!("018f0000-0000-7000-8000-{number:012x}"), "kind": "message.posted", "body_version": 1,
            "occurred_at_ms": 1_790_000_000_000_i64, "zone": "Asia/Tokyo", "utc_offset_min": 540,
            "body": { "text": "Simulated.", "authored_by": "person" },
        }],
    })
}

fn pull(world: &World, seq: u64, wait_ms: u64) -> Value {
    let push = message(world, 0);
    json!({
        "logs": [{ "log": push["log"], "cursor": { "epoch": push["epoch"], "seq": seq } }],
        "page_entries": 100, "wait_ms": wait_ms,
    })
}

#[test]
fn a_message_is_stored_read_and_awaited_without_a_runtime() {
    let world = now(World::new(1));
    let her = world.here.participant.person.token.clone();
    let dietitian = world.here.dietitian.token.clone();

    let push = message(&world, 1);
    let (status, answer) = now(world.send(request("POST", "/v1/push", Some(&her), &push)));
    assert_eq!(
        (status.as_u16(), &answer["results"][0]["outcome"]),
        (200, &json!("stored")),
        "{answer}"
    );
    let (_, again) = now(world.send(request("POST", "/v1/push", Some(&her), &push)));
    assert_eq!(again["results"][0]["outcome"], "duplicate");
    assert_eq!(again["results"][0]["seq"], answer["results"][0]["seq"]);

    let from_start = pull(&world, 0, 0);
    let (status, page) = now(world.send(request("POST", "/v1/pull", Some(&dietitian), &from_start)));
    assert_eq!(status, 200, "{page}");
    let entries = &page["logs"][0]["page"]["entries"];
    assert_eq!(entries[0]["body"]["text"], "Simulated.");

    // A long poll that ends with news.
    let waiting = pull(&world, 1, 20_000);
    let mut poll = pin!(world.send(request("POST", "/v1/pull", Some(&dietitian), &waiting)));
    assert!(poll.as_mut().now_or_never().is_none());
    world.time.advance(Duration::from_secs(5));
    assert!(poll.as_mut().now_or_never().is_none());
    now(world.send(request("POST", "/v1/push", Some(&her), &message(&world, 2))));
    let (_, page) = now(poll);
    assert_eq!(page["logs"][0]["page"]["entries"][0]["seq"], 2);

    // One that ends with its time.
    let waiting = pull(&world, 2, 20_000);
    let mut poll = pin!(world.send(request("POST", "/v1/pull", Some(&dietitian), &waiting)));
    assert!(poll.as_mut().now_or_never().is_none());
    world.time.advance(Duration::from_secs(20));
    let (status, nothing) = now(poll);
    assert_eq!((status.as_u16(), &nothing["logs"]), (200, &json!([])));
    assert_eq!(world.server.waiters.count(), 0);
    assert_eq!(world.time.next_timer(), None);
}

#[test]
fn a_newer_pull_of_the_same_device_ends_the_older_wait_with_nothing() {
    let world = now(World::new(3));
    let her = world.here.participant.person.token.clone();
    let waiting = pull(&world, 0, 20_000);
    let mut older = pin!(world.send(request("POST", "/v1/pull", Some(&her), &waiting)));
    assert!(older.as_mut().now_or_never().is_none());
    let mut newer = pin!(world.send(request("POST", "/v1/pull", Some(&her), &waiting)));
    assert!(newer.as_mut().now_or_never().is_none());
    now(world.send(request("POST", "/v1/push", Some(&her), &message(&world, 1))));
    let (status, nothing) = now(older);
    assert_eq!((status.as_u16(), &nothing["logs"]), (200, &json!([])));
    let (_, page) = now(newer);
    assert_eq!(page["logs"][0]["page"]["entries"][0]["seq"], 1);

    // One that does not wait ends it too.
    let mut older = pin!(world.send(request("POST", "/v1/pull", Some(&her), &pull(&world, 1, 20_000))));
    assert!(older.as_mut().now_or_never().is_none());
    now(world.send(request("POST", "/v1/pull", Some(&her), &pull(&world, 1, 0))));
    let (status, nothing) = now(older);
    assert_eq!((status.as_u16(), &nothing["logs"]), (200, &json!([])));
    assert_eq!(world.server.waiters.count(), 0);
}

#[test]
fn a_device_that_pushes_too_often_is_told_when_it_may_again() {
    let world = now(World::new(4));
    let her = world.here.participant.person.token.clone();
    let push = |token: &str| {
        let sent = request("POST", "/v1/push", Some(token), &message(&world, 1));
        now(support::respond(&world.server, sent))
    };
    for _ in 0..world.server.policy.push_burst {
        assert_eq!(push(&her).status(), 200);
    }
    let refused = push(&her);
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["retry-after"], "1");
    let problem = now(axum::body::to_bytes(refused.into_body(), 4096)).unwrap();
    let problem: Value = serde_json::from_slice(&problem).unwrap();
    assert_eq!(problem["code"], "rate_limited");
    assert_eq!(problem["retry_after_ms"], 1000);
    assert_eq!(push(&world.here.dietitian.token).status(), 200, "another device");
    let (status, _) = now(world.send(request("POST", "/v1/pull", Some(&her), &pull(&world, 0, 0))));
    assert_eq!(status, 200, "reading has no rate");
    world.time.advance(Duration::from_secs(1));
    assert_eq!(push(&her).status(), 200);
    assert_eq!(push(&her).status(), 429);
    assert_eq!(push("unknown").status(), 401);
}

#[test]
fn another_node_is_noticed_without_a_hint_within_the_poll_interval_f71() {
    let world = now(World::new(2));
    let other = support::node(
        world.server.host.clone(),
        std::sync::Arc::clone(&world.server.store),
    );
    let her = world.here.participant.person.token.clone();
    let dietitian = world.here.dietitian.token.clone();
    let mut floor = pin!(ayumi_server::cases::pull::keep_polling(world.server.clone()));
    assert!(floor.as_mut().now_or_never().is_none());

    let waiting = pull(&world, 0, 20_000);
    let mut poll = pin!(world.send(request("POST", "/v1/pull", Some(&dietitian), &waiting)));
    assert!(poll.as_mut().now_or_never().is_none());
    now(support::send(
        &other,
        request("POST", "/v1/push", Some(&her), &message(&world, 1)),
    ));
    assert!(
        poll.as_mut().now_or_never().is_none(),
        "no hint came from the other node"
    );
    world.time.advance(world.server.policy.poll_interval);
    assert!(floor.as_mut().now_or_never().is_none());
    let (_, page) = now(poll);
    assert_eq!(page["logs"][0]["page"]["entries"][0]["seq"], 1);
}
