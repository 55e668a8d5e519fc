//! Laws of the fold.

use proptest::prelude::*;

use super::*;
use crate::store::StoreError;
use crate::sync::replica;

const TABLES: [&str; 4] = ["message", "message_picture", "read_mark", "case_record"];

fn rows(phone: &Phone) -> Vec<(String, Vec<String>)> {
    let order = |table: &str| match table {
        "read_mark" => "case_id, audience, reader_id",
        "case_record" => "case_id",
        "message_picture" => "case_id, seq, position",
        _ => "case_id, seq",
    };
    TABLES
        .iter()
        .map(|table| {
            let statement = format!("SELECT * FROM {table} ORDER BY {}", order(table));
            ((*table).to_owned(), phone.rows(&statement))
        })
        .collect()
}

/// What happens next in a log; numbers name an earlier entry.
#[derive(Debug, Clone)]
enum Step {
    Post {
        by: u8,
        pictures: usize,
        reply: Option<usize>,
    },
    Edit {
        by: u8,
        target: usize,
    },
    Delete {
        by: u8,
        target: usize,
    },
    Read {
        by: u8,
        up_to: usize,
    },
    Erase {
        target: usize,
    },
    Newer,
}

fn step() -> impl Strategy<Value = Step> {
    let by = 0_u8..3;
    prop_oneof![
        4 => (by.clone(), 0_usize..3, prop::option::of(0_usize..20))
            .prop_map(|(by, pictures, reply)| Step::Post { by, pictures, reply }),
        3 => (by.clone(), 0_usize..20).prop_map(|(by, target)| Step::Edit { by, target }),
        1 => (by.clone(), 0_usize..20).prop_map(|(by, target)| Step::Delete { by, target }),
        1 => (by, 0_usize..20).prop_map(|(by, up_to)| Step::Read { by, up_to }),
        1 => (0_usize..20).prop_map(|target| Step::Erase { target }),
        1 => Just(Step::Newer),
    ]
}

fn picture(number: usize) -> ayumi_protocol::body::Attachment {
    let sha = |number: usize| crate::pictures::sha256_of(&number.to_be_bytes());
    ayumi_protocol::body::Attachment {
        sha256: sha(number),
        media_type: ayumi_protocol::body::PictureType::Jpeg,
        length_bytes: 9,
        width_px: 8,
        height_px: 6,
        thumbnail: ayumi_protocol::body::Thumbnail {
            sha256: sha(number + 1_000),
            length_bytes: 5,
            width_px: 4,
            height_px: 3,
        },
    }
}

/// The number of the entry at an index.
fn place(index: usize) -> i64 {
    i64::try_from(index).unwrap() + 1
}

/// What a step does to a log. A phone that has pulled an entry before it is erased has had its body.
fn write(log: &mut Log, step: &Step) {
    let who = |by: u8| match by {
        0 => her(),
        1 => her().on_device(2),
        _ => dietitian(),
    };
    let length = log.entries.len();
    let op = |log: &Log, target: usize| log.entries.get(target).map(|entry| entry.op_id);
    match step {
        Step::Post { by, pictures, reply } => {
            let mut message = said(&format!("{length}"));
            message.attachments = (0..*pictures)
                .map(|number| picture(length * 4 + number))
                .collect();
            message.reply_to = reply.and_then(|target| op(log, target));
            log.append(&who(*by), message);
        }
        Step::Edit { by, target } => {
            if let Some(target) = op(log, *target) {
                log.append(&who(*by), edited(target, &format!("{length}の二")));
            }
        }
        Step::Delete { by, target } => {
            if let Some(target) = op(log, *target) {
                log.append(&who(*by), MessageDeleted { target });
            }
        }
        Step::Read { by, up_to } => {
            log.append(&who(*by), read(place(*up_to)));
        }
        Step::Erase { target } => {
            if *target < length {
                log.erase(seq(place(*target)));
            }
        }
        Step::Newer => {
            log.append(&dietitian(), said("新しい"));
            let entry = log.entries.last_mut().unwrap();
            entry.body_version = 2;
            entry.min_app_version = ayumi_protocol::version::AppVersion::parse("9.0.0");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_paging_and_folding_again_give_the_same_rows_as_reading_at_once(
        steps in prop::collection::vec((step(), 0_usize..4), 1..40),
    ) {
        let mut log = Log::care(case(1));
        let slow = Phone::new(&her(), &[&log]);
        for (step, page) in &steps {
            write(&mut log, step);
            if *page > 0 {
                slow.pull_page(&log, *page);
            }
        }
        slow.pull(&log);
        let fast = Phone::new(&her(), &[&log]);
        fast.pull(&log);
        prop_assert_eq!(rows(&slow), rows(&fast));
        let before = rows(&slow);
        slow.store().write::<_, StoreError>(replica::refold).unwrap();
        prop_assert_eq!(before, rows(&slow));
    }

    #[test]
    fn c10_a_phone_that_begins_with_a_snapshot_shows_what_one_shows_that_read_every_page(
        before in prop::collection::vec(step(), 1..40),
        after in prop::collection::vec(step(), 0..20),
        first in 0_usize..8,
        portion in 1_usize..12,
        page in 1_usize..8,
    ) {
        let mut log = Log::care(case(1));
        for step in &before {
            write(&mut log, step);
        }
        if log.entries.is_empty() {
            return Ok(());
        }
        let begun = Phone::new(&her(), &[&log]);
        // It has its first page when it asks.
        begun.pull_page(&log, first);
        begun.apply_snapshot(&log, &log.items(), portion);
        for step in &after {
            write(&mut log, step);
        }
        // A body that is erased behind the snapshot may be one that made others superfluous.
        while begun.pull_page(&log, page) {}
        let full = Phone::new(&her(), &[&log]);
        full.pull(&log);
        prop_assert_eq!(rows(&begun), rows(&full));
        let before = rows(&begun);
        begun.store().write::<_, StoreError>(replica::refold).unwrap();
        prop_assert_eq!(before, rows(&begun));
    }
}
