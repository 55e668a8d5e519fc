//! Servers, and what stands before them, that know no ranges: the beginning of a log comes by pages. Source: sync.md 6.7.

use ayumi_protocol::id::SnapshotId;
use ayumi_protocol::limits;
use ayumi_protocol::snapshot::{Snapshot, SnapshotAnswer};

use super::*;
use crate::sync::test_support::seq;

/// A new phone of a participant whose log is long, to which a snapshot of several parts was offered.
fn offered() -> (Driven, Log) {
    let mut log = Log::care(case(1));
    for number in 0..300 {
        log.append(&Person::dietitian(1), said(&format!("{number}")));
    }
    let phone = Phone::new(&Person::participant(1), &[&log]);
    let mut driven = Driven::live(phone, NOW);
    let (id, _) = driven.take_pull();
    let first = page(&log, log.page(Seq::START, 10));
    driven.answer_pull(id, vec![first]).unwrap();
    let (id, _) = driven.take("/v1/snapshot");
    let offer = SnapshotAnswer {
        server_time_ms: NOW.into(),
        snapshot: Some(Snapshot {
            snapshot_id: SnapshotId::from_uuid(Uuid::from_u128(1)),
            epoch: log.epoch,
            up_to_seq: seq(300),
            length_bytes: 3 * u64::from(limits::SNAPSHOT_PART_BYTES),
            decompressed_bytes: 10 * u64::from(limits::SNAPSHOT_PART_BYTES),
            sha256: crate::pictures::sha256_of(b"a snapshot"),
        }),
    };
    driven.answer(id, Ok(json(&offer))).unwrap();
    (driven, log)
}

/// The pull in flight asks for the log from where its first page ended, and nothing else of the snapshot is asked for.
#[track_caller]
fn assert_goes_on_by_pages(driven: &mut Driven, log: &Log) {
    let paths = driven.in_flight().join(" ");
    assert!(!paths.contains("/v1/snapshot"), "{paths}");
    let (mut id, mut request) = driven.take_pull();
    if asked_from(&request, log).is_none() {
        // It was asked for the other logs while it was the turn of the snapshot.
        driven.answer_pull(id, Vec::new()).unwrap();
        (id, request) = driven.take_pull();
    }
    assert_eq!(asked_from(&request, log), Some(seq(10)));
    let rest = page(log, log.page(seq(10), 500));
    driven.answer_pull(id, vec![rest]).unwrap();
    (_, request) = driven.take_pull();
    assert_eq!(asked_from(&request, log), Some(seq(300)));
}

#[test]
fn a_server_that_sends_the_whole_instead_of_a_part_is_not_asked_again_and_pages_come_at_once() {
    let (mut driven, log) = offered();
    let (id, request) = driven.take("/v1/snapshots/");
    assert_eq!(
        request.most_answer_bytes,
        limits::SNAPSHOT_PART_BYTES as usize,
        "of a whole file no more is read than of a part"
    );
    driven.answer(id, Err(NoAnswer::TooLong)).unwrap();
    assert_goes_on_by_pages(&mut driven, &log);
}

#[test]
fn a_server_that_loses_the_knowledge_of_ranges_in_the_middle_leaves_pages_for_the_rest() {
    let (mut driven, log) = offered();
    let (id, _) = driven.take("/v1/snapshots/");
    let part = HttpAnswer {
        status: 206,
        content_type: Some("application/gzip".to_owned()),
        body: vec![7; limits::SNAPSHOT_PART_BYTES as usize],
        ..json(&SnapshotAnswer {
            server_time_ms: NOW.into(),
            snapshot: None,
        })
    };
    driven.answer(id, Ok(part)).unwrap();
    assert_eq!(
        driven.status().snapshot.unwrap().fetched_bytes,
        u64::from(limits::SNAPSHOT_PART_BYTES)
    );
    let (id, _) = driven.take("/v1/snapshots/");
    driven.answer(id, Err(NoAnswer::TooLong)).unwrap();
    assert_goes_on_by_pages(&mut driven, &log);
}
