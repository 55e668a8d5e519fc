use std::io::Read as _;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, StatusCode};
use ayumi_protocol::body::BodyReading;
use ayumi_protocol::cursor::Epoch;
use ayumi_protocol::entry::Entry;
use ayumi_protocol::snapshot::{Snapshot, SnapshotAnswer, SnapshotItem, read_items};
use ayumi_protocol::thinning::{Thinning, thinning};
use ayumi_protocol::wire::Wire as _;
use ayumi_server::cases::snapshots::make::make_snapshots;
use ayumi_server::http::extract::sha256;
use ayumi_server::policy::Policy;
use ayumi_server::server::{Parts, Server, boxed};
use ayumi_server::store::state;
use ayumi_server::uploads::collect::empty_garbage;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::logs::{count, message, op_id, pull, push};
use crate::support::{Person, World, request, respond};

/// A world whose logs get a snapshot every ten entries.
pub async fn world(seed: u64) -> World {
    let mut world = World::new(seed).await;
    let server = &world.server;
    let policy = Policy {
        snapshot_every: 10,
        ..Policy::default()
    };
    let parts = Parts::new(
        server.host.clone(),
        server.store.clone(),
        server.objects.clone(),
        policy,
    );
    world.server = Server::new(parts);
    world
}

pub fn care(world: &World) -> Value {
    json!({ "case_id": world.here.participant.case_id.to_string(), "audience": "care" })
}

pub async fn talk(world: &World, from: u32, entries: u32) {
    let messages: Vec<_> = (from..from + entries)
        .map(|number| message(number, &format!("message {number}")))
        .collect();
    let own = &world.here.participant.person;
    push(world, own, &care(world), "talk", &messages).await;
}

pub async fn offered(world: &World, by: &Person) -> Option<Snapshot> {
    let asked = request(
        "POST",
        "/v1/snapshot",
        Some(&by.token),
        &json!({ "log": care(world) }),
    );
    let (status, answer) = world.send(asked).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    SnapshotAnswer::parse(answer.to_string().as_bytes())
        .unwrap()
        .snapshot
}

async fn download(
    world: &World,
    by: &Person,
    snapshot: &Snapshot,
    fields: &[(&'static str, &str)],
) -> (StatusCode, HeaderMap, Vec<u8>) {
    let path = format!("/v1/snapshots/{}", snapshot.snapshot_id);
    let mut asked = request("GET", &path, Some(&by.token), &Value::Null);
    for (name, value) in fields {
        asked.headers_mut().insert(*name, value.parse().unwrap());
    }
    let answer = respond(&world.server, asked).await;
    let (parts, body): (_, Body) = answer.into_parts();
    let bytes = to_bytes(body, 64 << 20).await.unwrap();
    (parts.status, parts.headers, bytes.into())
}

/// Downloads a whole snapshot, checks it against what was announced, and reads its items.
pub async fn items(world: &World, by: &Person, snapshot: &Snapshot) -> Vec<SnapshotItem> {
    let (status, _, bytes) = download(world, by, snapshot, &[]).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(bytes.len() as u64, snapshot.length_bytes);
    assert_eq!(sha256(&bytes), snapshot.sha256);
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(bytes.as_slice())
        .read_to_end(&mut text)
        .unwrap();
    assert_eq!(text.len() as u64, snapshot.decompressed_bytes);
    read_items(&text).map(Result::unwrap).collect()
}

/// What the rule of thinning says of one entry in this log, straight from its definition.
fn is_superfluous(entry: &Entry, log: &[Entry]) -> bool {
    let rank = |entry: &Entry| -> Option<Thinning> {
        match entry.read_body() {
            Ok(Some(BodyReading::Known(body))) => thinning(entry, &body),
            _ => None,
        }
    };
    rank(entry).is_some_and(|mine| {
        let highest = log
            .iter()
            .filter_map(|other| Some((rank(other)?, other.seq)))
            .filter(|(other, _)| other.key == mine.key)
            .map(|(other, seq)| (other.rank, seq))
            .max();
        highest.is_some_and(|(rank, last)| rank > mine.rank && last > entry.seq)
    })
}

fn check(items: &[SnapshotItem], log: &[Entry]) {
    assert_eq!(items.len(), log.len(), "without a gap");
    for (item, entry) in items.iter().zip(log) {
        assert_eq!(item.seq(), entry.seq);
        match item {
            SnapshotItem::Thinned { kind, .. } => {
                assert!(is_superfluous(entry, log), "{entry:?}");
                assert_eq!(*kind, entry.kind);
            }
            SnapshotItem::Entry(kept) => {
                assert!(!is_superfluous(entry, log), "{entry:?}");
                assert_eq!(
                    serde_json::to_string(kept).unwrap(),
                    serde_json::to_string(entry).unwrap()
                );
            }
        }
    }
}

/// Something that is pushed: the lane, the kind, the body.
fn operation() -> impl Strategy<Value = (&'static str, &'static str, Value)> {
    let text = "[a-z歩く\\\\\"\n]{1,30}";
    prop_oneof![
        text.prop_map(|text| ("talk", "message.posted", json!({ "text": format!("x{text}"), "authored_by": "person" }))),
        (1..4u32, text).prop_map(|(target, text)| {
            ("talk", "message.edited", json!({ "target": op_id(target), "text": format!("x{text}") }))
        }),
        (1..4i64).prop_map(|seq| ("readings", "message.read", json!({ "up_to_seq": seq }))),
        (0..2u8, 1..5u16).prop_map(|(day, revision)| {
            ("readings", "steps.day", json!({
                "date": format!("2026-04-0{}", day + 1), "revision": revision, "sensor_steps": 0, "correction_steps": 0,
                "quarantined_steps": 0, "zone": "Asia/Tokyo", "is_travel_day": false, "hours": [], "paused": [], "excluded": [],
            }))
        }),
        (1..3u32).prop_map(|id| ("readings", "weight.deleted", json!({ "weight_id": op_id(id) }))),
        any::<bool>().prop_map(|is| {
            ("readings", "article.bookmarked", json!({ "article_id": "recipe-0007", "is_bookmarked": is }))
        }),
        prop::sample::select(vec!["steps.goal", "weight.goal"])
            .prop_map(|key| ("readings", "settings.changed", json!({ "key": key, "value": "8000" }))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_snapshot_is_the_log_without_the_bodies_that_a_later_one_makes_superfluous(
        operations in prop::collection::vec(operation(), 10..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let world = world(1).await;
            let own = world.here.participant.person.clone();
            let log = care(&world);
            // Something to edit and to have read.
            talk(&world, 1, 3).await;
            for (number, (lane, kind, body)) in operations.into_iter().enumerate() {
                let operation = (op_id(100 + number as u32), kind, body);
                let results = push(&world, &own, &log, lane, &[operation]).await;
                assert!(results[0]["seq"].is_number(), "{results:?}");
            }
            make_snapshots(&world.server, 10).await.unwrap();
            let snapshot = offered(&world, &own).await.unwrap();
            let entries = pull(&world, &own, &log).await;
            prop_assert_eq!(snapshot.up_to_seq, entries.last().unwrap().seq);
            check(&items(&world, &own, &snapshot).await, &entries);
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn a_download_resumed_by_ranges_is_the_whole_file() {
    let world = world(2).await;
    let own = &world.here.participant.person;
    talk(&world, 1, 40).await;
    make_snapshots(&world.server, 10).await.unwrap();
    let snapshot = offered(&world, own).await.unwrap();
    let (status, fields, whole) = download(&world, own, &snapshot, &[]).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(fields["etag"], format!("\"{}\"", snapshot.sha256).as_str());
    assert_eq!(fields["x-content-type-options"], "nosniff");
    assert!(fields["cache-control"].to_str().unwrap().contains("no-store"));
    assert_eq!(fields["accept-ranges"], "bytes");

    let etag = fields["etag"].to_str().unwrap();
    let mut got: Vec<u8> = Vec::new();
    while got.len() < whole.len() {
        let range = format!("bytes={}-{}", got.len(), got.len() + 99);
        let (status, fields, part) =
            download(&world, own, &snapshot, &[("range", &range), ("if-range", etag)]).await;
        assert_eq!(status, StatusCode::PARTIAL_CONTENT);
        let last = got.len() + part.len() - 1;
        let expected = format!("bytes {}-{last}/{}", got.len(), whole.len());
        assert_eq!(fields["content-range"], expected.as_str());
        assert_eq!(fields["content-length"], part.len().to_string().as_str());
        got.extend(part);
    }
    assert_eq!(got, whole);

    let (status, _, rest) = download(&world, own, &snapshot, &[("range", "bytes=10-")]).await;
    assert_eq!(
        (status, rest.as_slice()),
        (StatusCode::PARTIAL_CONTENT, &whole[10..])
    );
    // Of a file that is another one by now, of several ranges, of something else than bytes: the whole.
    for fields in [
        vec![("range", "bytes=10-"), ("if-range", "\"other\"")],
        vec![("range", "bytes=0-1,5-6")],
        vec![("range", "lines=1-2")],
    ] {
        let (status, _, bytes) = download(&world, own, &snapshot, &fields).await;
        assert_eq!((status, bytes.len()), (StatusCode::OK, whole.len()));
    }
    let behind = format!("bytes={}-", whole.len());
    let (status, fields, problem) = download(&world, own, &snapshot, &[("range", &behind)]).await;
    assert_eq!(status, StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(
        fields["content-range"],
        format!("bytes */{}", whole.len()).as_str()
    );
    let problem: Value = serde_json::from_slice(&problem).unwrap();
    assert_eq!(
        (&problem["code"], &problem["status"]),
        (&json!("range_unsatisfiable"), &json!(416))
    );
}

#[tokio::test]
async fn a_log_gets_a_new_snapshot_when_it_has_grown_and_the_old_one_is_kept_for_a_day() {
    let world = world(3).await;
    let own = &world.here.participant.person;
    talk(&world, 1, 9).await;
    make_snapshots(&world.server, 10).await.unwrap();
    assert_eq!(
        offered(&world, own).await,
        None,
        "pulling from the start is as good"
    );
    talk(&world, 10, 1).await;
    make_snapshots(&world.server, 10).await.unwrap();
    let first = offered(&world, own).await.unwrap();
    assert_eq!(first.up_to_seq.number(), 10);
    make_snapshots(&world.server, 10).await.unwrap();
    assert_eq!(
        offered(&world, own).await,
        Some(first.clone()),
        "nothing new, nothing made"
    );

    talk(&world, 11, 10).await;
    make_snapshots(&world.server, 10).await.unwrap();
    let second = offered(&world, own).await.unwrap();
    assert_eq!(second.up_to_seq.number(), 20);
    assert_eq!(
        download(&world, own, &first, &[]).await.0,
        StatusCode::OK,
        "a running download goes on"
    );
    world.time.advance(Duration::from_hours(25));
    make_snapshots(&world.server, 10).await.unwrap();
    // The session of the test is too old by now; the rows tell.
    assert_eq!(count(&world, "SELECT COUNT(*) FROM snapshot").await, 1);
    assert_eq!(count(&world, "SELECT COUNT(*) FROM garbage").await, 1);
    world.time.advance(Duration::from_hours(2));
    empty_garbage(&world.server, 100).await.unwrap();
    assert_eq!(count(&world, "SELECT COUNT(*) FROM garbage").await, 0);
    assert_eq!(objects(&world).await, 1);
}

pub async fn objects(world: &World) -> usize {
    use futures_util::StreamExt as _;
    world.server.objects.list(None).count().await
}

#[tokio::test]
async fn a_snapshot_of_another_epoch_is_not_offered_and_not_delivered() {
    let world = world(4).await;
    let own = &world.here.participant.person;
    talk(&world, 1, 10).await;
    make_snapshots(&world.server, 10).await.unwrap();
    let old = offered(&world, own).await.unwrap();
    let epoch = Epoch::from_uuid(world.server.host.random_uuid());
    let renewed = world.server.write(epoch, |tx, epoch| {
        boxed(async move { Ok(state::renew(tx, *epoch).await?) })
    });
    renewed.await.unwrap();
    assert_eq!(offered(&world, own).await, None);
    assert_eq!(download(&world, own, &old, &[]).await.0, StatusCode::NOT_FOUND);
    make_snapshots(&world.server, 10).await.unwrap();
    let new = offered(&world, own).await.unwrap();
    assert_eq!(new.epoch, epoch);
    make_snapshots(&world.server, 10).await.unwrap();
    assert_eq!(
        count(&world, "SELECT COUNT(*) FROM snapshot").await,
        1,
        "the old one is taken away"
    );
}

const READS: &str = "SELECT COUNT(*) FROM audit
    WHERE act = 'snapshot.read' AND from_seq = 1 AND to_seq = 12 AND audience = 'care'";

#[tokio::test]
async fn staff_who_download_are_written_down_with_the_entries_and_she_is_not() {
    let world = world(5).await;
    talk(&world, 1, 12).await;
    make_snapshots(&world.server, 10).await.unwrap();
    let own = &world.here.participant.person;
    let snapshot = offered(&world, own).await.unwrap();
    items(&world, own, &snapshot).await;
    assert_eq!(count(&world, READS).await, 0);
    let dietitian = &world.here.dietitian;
    items(&world, dietitian, &offered(&world, dietitian).await.unwrap()).await;
    assert_eq!(count(&world, READS).await, 1);
    download(&world, dietitian, &snapshot, &[("range", "bytes=99999-")]).await;
    assert_eq!(count(&world, READS).await, 1, "nothing was delivered");
    // Who may not read it is written down too.
    let stranger = &world.here.unassigned_dietitian;
    assert_eq!(
        download(&world, stranger, &snapshot, &[]).await.0,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        count(
            &world,
            "SELECT COUNT(*) FROM audit WHERE act = 'snapshot.read_refused'"
        )
        .await,
        1
    );
    // After a withdrawal only she reads on.
    world
        .insert(vec![("UPDATE case_head SET consent = 'withdrawn'", vec![])])
        .await;
    assert_eq!(
        download(&world, dietitian, &snapshot, &[]).await.0,
        StatusCode::FORBIDDEN
    );
    assert_eq!(download(&world, own, &snapshot, &[]).await.0, StatusCode::OK);
}

/// Bodies as large as they may be, of a kind that this program does not know, so that nothing of them is thinned.
async fn insert_large(world: &World, entries: i64, body_bytes: usize) {
    let case_id = world.here.participant.case_id;
    let insert = "INSERT INTO entry (case_id, audience, seq, op_id, author_id, author_role, device_id, kind, body_version, body,
             payload_sha256, occurred_at_ms, zone, utc_offset_min, recorded_at_ms)
         VALUES ($1, 'care', $2, $3, $1, 'participant', $1, 'meal.recorded', 1, $4, $5, 0, 'Asia/Tokyo', 540, 0)";
    let mut rows = Vec::new();
    for seq in 1..=entries {
        let mut bytes = vec![0; body_bytes / 3];
        world.server.host.random.fill(&mut bytes);
        let random: Vec<String> = bytes.iter().map(u8::to_string).collect();
        let body = json!({ "x": random.concat() }).to_string();
        let op_id = world.server.host.random_uuid();
        rows.push((
            insert,
            vec![
                case_id.into(),
                seq.into(),
                op_id.into(),
                body.into(),
                [0_u8; 32].into(),
            ],
        ));
    }
    rows.push((
        "UPDATE case_head SET care_seq = $2 WHERE case_id = $1",
        vec![case_id.into(), entries.into()],
    ));
    world.insert(rows).await;
}

#[tokio::test]
async fn a_large_log_is_written_in_parts() {
    let world = world(6).await;
    insert_large(&world, 400, 60_000).await;
    make_snapshots(&world.server, 10).await.unwrap();
    let own = &world.here.participant.person;
    let snapshot = offered(&world, own).await.unwrap();
    assert!(snapshot.length_bytes > 6 << 20, "{snapshot:?}");
    assert_eq!(items(&world, own, &snapshot).await.len(), 400);
}

#[tokio::test]
async fn a_log_that_is_too_large_gets_none_and_keeps_no_other_from_its_turn() {
    let world = world(7).await;
    // More than 64 MiB; the bodies are the same, so that the test is quick.
    insert_large(&world, 1, 10).await;
    let many = "INSERT INTO entry (case_id, audience, seq, op_id, author_id, author_role, device_id, kind, body_version, body,
             payload_sha256, occurred_at_ms, zone, utc_offset_min, recorded_at_ms)
         WITH RECURSIVE seqs (seq) AS (SELECT 2 UNION ALL SELECT seq + 1 FROM seqs WHERE seq < 1100)
         SELECT $1, 'care', seq, randomblob(16), $1, 'participant', $1, 'meal.recorded', 1, $2, $3, 0, 'Asia/Tokyo', 540, 0 FROM seqs";
    let body = json!({ "x": "y".repeat(65_000) }).to_string();
    let case_id = world.here.participant.case_id;
    world
        .insert(vec![
            (many, vec![case_id.into(), body.into(), [0_u8; 32].into()]),
            (
                "UPDATE case_head SET care_seq = 1100 WHERE case_id = $1",
                vec![case_id.into()],
            ),
        ])
        .await;
    let other = &world.here.other_participant;
    let log = json!({ "case_id": other.case_id.to_string(), "audience": "care" });
    let messages: Vec<_> = (1..=10).map(|number| message(number, "x")).collect();
    push(&world, &other.person, &log, "talk", &messages).await;
    // One try in each run; which log comes first, its id says.
    let runs = [
        make_snapshots(&world.server, 1).await,
        make_snapshots(&world.server, 1).await,
    ];
    assert_eq!(runs.iter().filter(|run| run.is_err()).count(), 1);
    assert_eq!(count(&world, "SELECT COUNT(*) FROM snapshot").await, 1);
    assert_eq!(
        count(&world, "SELECT COUNT(*) FROM garbage").await,
        1,
        "of the one that failed"
    );
}

#[tokio::test]
async fn a_run_that_ends_does_not_skip_the_other_logs_of_a_case() {
    let world = world(8).await;
    talk(&world, 1, 10).await;
    let copy = "INSERT INTO entry (case_id, audience, seq, op_id, author_id, author_role, device_id, kind, body_version, body,
             payload_sha256, occurred_at_ms, zone, utc_offset_min, recorded_at_ms)
         SELECT case_id, 'staff', seq, randomblob(16), author_id, author_role, device_id, kind, body_version, body,
             payload_sha256, occurred_at_ms, zone, utc_offset_min, recorded_at_ms
         FROM entry";
    let head = "UPDATE case_head SET staff_seq = care_seq";
    world.insert(vec![(copy, vec![]), (head, vec![])]).await;
    make_snapshots(&world.server, 1).await.unwrap();
    assert_eq!(count(&world, "SELECT COUNT(*) FROM snapshot").await, 2);
}
