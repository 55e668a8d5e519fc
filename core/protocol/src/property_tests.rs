//! Laws over generated messages: what is written is read as it was, and no bytes bring a reader down.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::Value;

use crate::body::{Body, RawBody};
use crate::cursor::Seq;
use crate::entry::{Entry, Recorded};
use crate::fuzz::REQUESTS;
use crate::id::{AccountId, DeviceId, OpId};
use crate::kind::{Kind, KindName};
use crate::operation::{Operation, RawOperation};
use crate::pull::PullAnswer;
use crate::session::Role;
use crate::snapshot::read_items;
use crate::thinning::{is_thinnable, thinning};
use crate::time::{UtcMillis, UtcOffset, ZoneName};
use crate::version::AppVersion;
use crate::wire::{ParseError, Wire};

/// Any JSON value, not deep.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 20, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Any object, compact or with white space.
fn raw_body() -> impl Strategy<Value = RawBody> {
    let fields = prop::collection::btree_map(any::<String>(), json(), 0..5);
    (fields, any::<bool>()).prop_map(|(fields, is_pretty)| {
        let object = Value::Object(fields.into_iter().collect());
        let text = if is_pretty {
            serde_json::to_string_pretty(&object).unwrap()
        } else {
            object.to_string()
        };
        RawBody::from_text(&text).unwrap()
    })
}

fn operation() -> impl Strategy<Value = Operation> {
    let kind = prop_oneof![
        prop::sample::select(Kind::ALL).prop_map(KindName::from),
        "[a-z]{1,20}\\.[a-z_]{1,20}".prop_map(|word| KindName::from_word(&word).unwrap()),
    ];
    let exact = -9_007_199_254_740_991i64..=9_007_199_254_740_991;
    let version = prop::option::of(any::<(u16, u16, u16)>());
    let id = (0..1u64 << 48, any::<[u8; 10]>()).prop_map(|(ms, random)| OpId::new(ms, &random));
    (
        id,
        kind,
        1u16..,
        exact,
        "[A-Z][a-z]{1,10}/[A-Z][a-z_]{1,10}",
        -1439i16..=1439,
        version,
        raw_body(),
    )
        .prop_map(
            |(op_id, kind, body_version, at_ms, zone, offset, version, body)| Operation {
                op_id,
                kind,
                body_version,
                occurred_at_ms: UtcMillis(at_ms),
                zone: ZoneName::parse(&zone).unwrap(),
                utc_offset_min: UtcOffset::from_minutes(offset).unwrap(),
                min_app_version: version.map(|(major, minor, patch)| AppVersion { major, minor, patch }),
                body,
            },
        )
}

fn entry() -> impl Strategy<Value = Entry> {
    (
        operation(),
        1i64..1 << 53,
        any::<[u8; 10]>(),
        prop::sample::select(Role::KNOWN),
    )
        .prop_map(|(operation, seq, random, author_role)| {
            Entry::of(
                operation,
                Recorded {
                    seq: Seq::new(seq).unwrap(),
                    author_id: AccountId::new(1, &random),
                    author_role,
                    device_id: DeviceId::new(2, &random),
                    recorded_at_ms: UtcMillis(seq),
                },
            )
        })
}

/// Fields that no version has yet, as text to be put before the closing brace of an entry.
fn later_fields() -> impl Strategy<Value = String> {
    prop::collection::btree_map("later_[a-z]{1,8}", json(), 0..5).prop_map(|fields| {
        let fields: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!(",{} : {value}", Value::from(name.as_str())))
            .collect();
        fields.concat()
    })
}

/// Every committed message.
fn golden_texts() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let files = |folder: &str| -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = fs::read_dir(root.join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        files
    };
    ["messages", "entries", "later"]
        .into_iter()
        .flat_map(files)
        .map(|path| fs::read(path).unwrap())
        .collect()
}

/// Everything here that reads bytes.
fn read_as_everything(bytes: &[u8]) {
    for (name, read_and_write) in REQUESTS {
        if let Some(written) = read_and_write(bytes) {
            assert_eq!(read_and_write(&written), Some(written), "{name}");
        }
    }
    let _ = PullAnswer::parse(bytes).map(|answer| answer.write());
    for item in read_items(bytes) {
        let _ = item.map(|item| item.seq());
    }
    if let Ok(entry) = serde_json::from_slice::<Entry>(bytes)
        && let Ok(Some(crate::body::BodyReading::Known(body))) = entry.read_body()
    {
        let _ = (body.check(), body.to_raw(), thinning(&entry, &body));
    }
}

proptest! {
    #[test]
    fn an_operation_is_read_as_it_was_written(operation in operation()) {
        let raw = RawOperation::of(&operation).unwrap();
        prop_assert_eq!(raw.read().unwrap(), operation);
    }

    #[test]
    fn an_entry_keeps_its_body_and_what_it_does_not_know_byte_for_byte(entry in entry(), later in later_fields()) {
        let text = serde_json::to_string(&entry).unwrap();
        let with_later = format!("{}{later}}}", text.strip_suffix('}').unwrap());
        let read: Entry = serde_json::from_str(&with_later).unwrap();
        prop_assert_eq!(&read.body, &entry.body);
        // White space between fields is nobody's; that inside a value is the author's.
        let again: Entry = serde_json::from_str(&serde_json::to_string(&read).unwrap()).unwrap();
        prop_assert_eq!(&again, &read);
        prop_assert_eq!(read.unknown.iter().count(), later.matches("\"later_").count());
    }

    #[test]
    fn what_is_offered_again_after_a_restore_is_what_was_sent(operation in operation(), entry in entry()) {
        let recorded = Recorded {
            seq: entry.seq,
            author_id: entry.author_id,
            author_role: entry.author_role,
            device_id: entry.device_id,
            recorded_at_ms: entry.recorded_at_ms,
        };
        prop_assert_eq!(Entry::of(operation.clone(), recorded).to_operation(), Some(operation));
    }

    #[test]
    fn any_body_of_any_kind_is_understood_kept_or_refused(
        kind in prop::sample::select(Kind::ALL),
        body_version: u16,
        body in raw_body(),
    ) {
        let _ = Body::accept(&kind.into(), body_version, &body);
    }

    #[test]
    fn no_bytes_bring_a_reader_down(bytes: Vec<u8>) {
        read_as_everything(&bytes);
    }

    #[test]
    fn no_damage_to_a_message_brings_a_reader_down(
        text in prop::sample::select(golden_texts()),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..3), 1..6),
    ) {
        let mut text = text;
        for (place, byte, what) in damage {
            if text.is_empty() {
                break;
            }
            let place = place.index(text.len());
            match what {
                0 => text[place] = byte,
                1 => text.insert(place, byte),
                _ => text.truncate(place),
            }
        }
        read_as_everything(&text);
    }
}

#[test]
fn deep_nesting_brings_no_reader_down() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let nested = format!("{}0{}", open.repeat(20_000), close.repeat(20_000));
        read_as_everything(nested.as_bytes());
        let body = format!("{{\"up_to_seq\":1,\"later\":{nested}}}");
        let body = RawBody::from_text(&body).unwrap();
        let accepted = Body::accept(&Kind::MessageRead.into(), 1, &body);
        // Passed over without a stack frame for each level, or too long; both are answers.
        assert!(matches!(accepted, Ok(_) | Err(ParseError::TooLarge { .. })));
    }
}

#[test]
fn a_kind_is_thinned_exactly_if_the_table_says_so() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/entries");
    for file in fs::read_dir(root).unwrap() {
        let text = fs::read(file.unwrap().path()).unwrap();
        let entry: Entry = serde_json::from_slice(&text).unwrap();
        let Ok(Some(crate::body::BodyReading::Known(body))) = entry.read_body() else {
            panic!("{entry:?} is not understood");
        };
        assert_eq!(
            thinning(&entry, &body).is_some(),
            is_thinnable(body.kind()),
            "{entry:?}"
        );
    }
}
