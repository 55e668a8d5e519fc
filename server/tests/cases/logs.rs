//! Pushing and pulling, as short as a test wants it.

use axum::http::StatusCode;
use ayumi_protocol::entry::Entry;
use serde_json::{Value, json};

use crate::support::{Person, World, request};

/// Ids of operations that a test counts up.
pub fn op_id(number: u32) -> String {
    format!("018f0000-0000-7000-8000-{number:012}")
}

pub async fn epoch(world: &World) -> String {
    let (_, answer) = world.send(request("GET", "/v1/server", None, &Value::Null)).await;
    answer["epoch"].as_str().unwrap().to_owned()
}

/// Pushes operations of one lane, 50 at a time, and brings the results.
pub async fn push(
    world: &World,
    by: &Person,
    log: &Value,
    lane: &str,
    operations: &[(String, &str, Value)],
) -> Vec<Value> {
    let epoch = epoch(world).await;
    let mut results = Vec::new();
    for portion in operations.chunks(50) {
        let operations: Vec<Value> = portion
            .iter()
            .map(|(op_id, kind, body)| {
                json!({
                    "op_id": op_id, "kind": kind, "body_version": 1, "occurred_at_ms": 1_790_000_000_000_i64,
                    "zone": "Asia/Tokyo", "utc_offset_min": 540, "body": body,
                })
            })
            .collect();
        let body = json!({ "log": log, "epoch": epoch, "lane": lane, "operations": operations });
        let (status, answer) = world
            .send(request("POST", "/v1/push", Some(&by.token), &body))
            .await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        results.extend(answer["results"].as_array().unwrap().iter().cloned());
    }
    results
}

/// A message of the care log.
pub fn message(number: u32, text: &str) -> (String, &'static str, Value) {
    let body = json!({ "text": text, "authored_by": "person" });
    (op_id(number), "message.posted", body)
}

/// Pulls a whole log.
pub async fn pull(world: &World, by: &Person, log: &Value) -> Vec<Entry> {
    let epoch = epoch(world).await;
    let mut entries: Vec<Entry> = Vec::new();
    loop {
        let seq = entries.last().map_or(0, |entry| entry.seq.number());
        let cursor = json!({ "log": log, "cursor": { "epoch": epoch, "seq": seq } });
        let body = json!({ "logs": [cursor], "page_entries": 500 });
        let (status, answer) = world
            .send(request("POST", "/v1/pull", Some(&by.token), &body))
            .await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let Some(page) = answer["logs"][0]["page"].as_object() else {
            return entries;
        };
        let page: Vec<Entry> = serde_json::from_value(page["entries"].clone()).unwrap();
        entries.extend(page);
    }
}

/// The number that a statement brings.
pub async fn count(world: &World, sql: &'static str) -> i64 {
    let counted = world.server.read(sql, |tx, sql| {
        ayumi_server::server::boxed(async move { Ok(tx.row(sql, &[]).await?.unwrap().get(0)?) })
    });
    counted.await.unwrap()
}
