use std::time::Duration;

use axum::http::StatusCode;
use ayumi_protocol::body::{Body, BodyReading, ErasureReason};
use ayumi_protocol::cursor::{Audience, LogName, Seq};
use ayumi_protocol::problem::ProblemCode;
use ayumi_protocol::snapshot::SnapshotItem;
use ayumi_server::cases::erasure::{Erased, erase};
use ayumi_server::cases::snapshots::make::make_snapshots;
use ayumi_server::http::extract::sha256;
use ayumi_server::store::Fault;
use ayumi_server::uploads::collect::{collect_uploads, empty_garbage};
use object_store::ObjectStoreExt as _;
use serde_json::{Value, json};

use crate::logs::{count, message, op_id, pull, push};
use crate::snapshots::{care, items, objects, offered, talk, world};
use crate::support::{World, request};

fn log(world: &World) -> LogName {
    LogName {
        case_id: world.here.participant.case_id,
        audience: Audience::Care,
    }
}

async fn erased(world: &World, seq: i64) -> Result<Erased, Fault> {
    erase(
        &world.server,
        log(world),
        Seq::new(seq).unwrap(),
        ErasureReason::Requested,
    )
    .await
}

#[tokio::test]
async fn an_erased_body_is_gone_and_everything_else_of_the_entry_stays() {
    let world = world(1).await;
    let own = &world.here.participant.person;
    talk(&world, 1, 4).await;
    let before = pull(&world, own, &care(&world)).await;
    assert_eq!(
        erased(&world, 2).await.unwrap(),
        Erased::Now(Seq::new(5).unwrap())
    );
    let after = pull(&world, own, &care(&world)).await;
    let seqs: Vec<i64> = after.iter().map(|entry| entry.seq.number()).collect();
    assert_eq!(seqs, [1, 2, 3, 4, 5], "without a gap");
    assert!(after[1].body.is_none());
    let mut restored = after[1].clone();
    restored.body.clone_from(&before[1].body);
    assert_eq!(restored, before[1], "place, author, kind and times stay");
    assert_eq!((&after[0], &after[2..4]), (&before[0], &before[2..]));
    match after[4].read_body().unwrap() {
        Some(BodyReading::Known(Body::EntryErased(body))) => assert_eq!(body.target_seq, after[1].seq),
        other => panic!("{other:?}"),
    }
    let audited = "SELECT COUNT(*) FROM audit WHERE act = 'entry.erased' AND from_seq = 2 AND to_seq = 2 AND audience = 'care'";
    assert_eq!(count(&world, audited).await, 1);
    assert_eq!(
        count(
            &world,
            "SELECT COUNT(*) FROM entry WHERE body = '{\"text\":\"message 2\",\"authored_by\":\"person\"}'"
        )
        .await,
        0
    );
}

#[tokio::test]
async fn the_operation_of_an_erased_entry_is_still_a_duplicate_and_brings_nothing_back() {
    let world = world(2).await;
    let own = &world.here.participant.person;
    let original = message(1, "x");
    push(
        &world,
        own,
        &care(&world),
        "talk",
        std::slice::from_ref(&original),
    )
    .await;
    erased(&world, 1).await.unwrap();
    let results = push(&world, own, &care(&world), "talk", &[original]).await;
    assert_eq!(
        (&results[0]["outcome"], &results[0]["seq"]),
        (&json!("duplicate"), &json!(1))
    );
    let other = push(&world, own, &care(&world), "talk", &[message(1, "y")]).await;
    assert_eq!(other[0]["code"], "operation_reused");
    assert!(pull(&world, own, &care(&world)).await[0].body.is_none());
    // And the next number is the next one.
    let results = push(&world, own, &care(&world), "talk", &[message(2, "x")]).await;
    assert_eq!(results[0]["seq"], 3);
}

#[tokio::test]
async fn an_entry_is_erased_once_and_what_is_not_there_is_not_found() {
    let world = world(3).await;
    talk(&world, 1, 1).await;
    erased(&world, 1).await.unwrap();
    assert_eq!(erased(&world, 1).await.unwrap(), Erased::Before);
    assert_eq!(count(&world, "SELECT COUNT(*) FROM entry").await, 2);
    for (seq, code) in [
        (2, ProblemCode::InvalidValue),
        (3, ProblemCode::NotFound),
        (0, ProblemCode::NotFound),
    ] {
        match erased(&world, seq).await {
            Err(Fault::Refused(refused)) => assert_eq!(refused.code, code),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn snapshots_that_hold_the_body_are_taken_away_and_the_next_one_does_not() {
    let world = world(4).await;
    let own = &world.here.participant.person;
    talk(&world, 1, 12).await;
    make_snapshots(&world.server, 10).await.unwrap();
    assert!(offered(&world, own).await.is_some());
    erased(&world, 2).await.unwrap();
    assert_eq!(offered(&world, own).await, None);
    assert_eq!(count(&world, "SELECT COUNT(*) FROM garbage").await, 1);
    make_snapshots(&world.server, 10).await.unwrap();
    let snapshot = offered(&world, own).await.unwrap();
    assert_eq!(snapshot.up_to_seq.number(), 13);
    match &items(&world, own, &snapshot).await[1] {
        SnapshotItem::Entry(entry) => assert!(entry.body.is_none()),
        other @ SnapshotItem::Thinned { .. } => panic!("{other:?}"),
    }
}

/// Puts a complete picture there, as an upload would.
async fn picture(world: &World, number: u8) -> String {
    let case_id = world.here.participant.case_id;
    let hash = sha256(&[number]);
    let key = format!("pictures/{number}");
    let insert = "INSERT INTO upload (case_id, upload_id, audience, sha256, length_bytes, media_type, width_px, height_px, account_id,
             offset_bytes, object_key, made_at_ms, touched_at_ms)
         VALUES ($1, $2, 'care', $3, 1, 'image/jpeg', 1, 1, $4, 1, $5, $6, $6)";
    let (id, account_id) = (world.server.host.random_uuid(), world.here.dietitian.account_id);
    let now = world.server.host.now();
    let values = vec![
        case_id.into(),
        id.into(),
        hash.into(),
        account_id.into(),
        key.as_str().into(),
        now.into(),
    ];
    world.insert(vec![(insert, values)]).await;
    let path = object_store::path::Path::from(key);
    world
        .server
        .objects
        .put(&path, vec![number].into())
        .await
        .unwrap();
    hash.to_string()
}

fn with_picture(number: u32, picture: &str, thumbnail: &str) -> (String, &'static str, Value) {
    let attachment = json!({
        "sha256": picture, "length_bytes": 1, "media_type": "image/jpeg", "width_px": 1, "height_px": 1,
        "thumbnail": { "sha256": thumbnail, "length_bytes": 1, "media_type": "image/jpeg", "width_px": 1, "height_px": 1 },
    });
    let body = json!({ "text": "x", "authored_by": "person", "attachments": [attachment] });
    (op_id(number), "message.posted", body)
}

#[tokio::test]
async fn a_picture_goes_with_the_last_entry_that_names_it() {
    let world = world(5).await;
    let own = &world.here.participant.person;
    let (first, second, small) = (
        picture(&world, 1).await,
        picture(&world, 2).await,
        picture(&world, 3).await,
    );
    let messages = [
        with_picture(1, &first, &small),
        with_picture(2, &second, &small),
        with_picture(3, &second, &small),
    ];
    let results = push(&world, own, &care(&world), "talk", &messages).await;
    assert!(
        results.iter().all(|result| result["seq"].is_number()),
        "{results:?}"
    );

    let sees = async |hash: &str| {
        let asked = json!({ "log": care(&world), "sha256": hash });
        let asked = request("POST", "/v1/picture", Some(&own.token), &asked);
        world.send(asked).await.0 == StatusCode::OK
    };
    let seen = async || (sees(&first).await, sees(&second).await, sees(&small).await);
    erased(&world, 1).await.unwrap();
    assert_eq!(seen().await, (false, true, true));
    erased(&world, 2).await.unwrap();
    assert_eq!(
        seen().await,
        (false, true, true),
        "the third still names the second picture"
    );
    erased(&world, 3).await.unwrap();
    assert_eq!(seen().await, (false, false, false));

    collect_uploads(&world.server, 100).await.unwrap();
    world.time.advance(Duration::from_hours(2));
    empty_garbage(&world.server, 100).await.unwrap();
    assert_eq!(count(&world, "SELECT COUNT(*) FROM upload").await, 0);
    assert_eq!(objects(&world).await, 0);
}
