//! What the fuzz targets do with their input, one function for each. `tests/tests/fuzz_corpus.rs` runs the same functions
//! over the committed corpus with the stable compiler.

use std::collections::BTreeSet;
use std::io::{Cursor, Write as _};
use std::sync::OnceLock;
use std::time::Duration;

use ayumi_core::clock::Random;
use ayumi_core::import::apple_health::{AppleHealth, HealthArchive};
use ayumi_core::import::fitabase::{self, MinuteSteps};
use ayumi_core::import::google_fit::GoogleFit;
use ayumi_core::import::libra::Libra;
use ayumi_core::import::weight_csv::{self, WeightColumns};
use ayumi_core::import::{DateOrder, ImportError, LengthUnit, Record, Records, detect, trendweight};
use ayumi_core::pictures::{prepare, sha256_of};
use ayumi_core::search::{MESSAGES, QUERY_CHARACTERS, Query};
use ayumi_core::steps;
use ayumi_core::store::{Store, StoreConfig, StoreError};
use ayumi_core::sync::engine::{
    Command, Engine, EngineConfig, Files, HttpAnswer, Input, Instruction, Now, SignIn,
};
use ayumi_core::sync::snapshots::HeldSnapshots;
use ayumi_core::time::{DayStart, Tz, UtcMillis};
use ayumi_core::weight::{self, GoalReason, GoalWeight, MassUnit, ReplayOptions, Weight};
use ayumi_guidance::triage;
use ayumi_protocol::body::BodyReading;
use ayumi_protocol::entry::Entry;
use ayumi_protocol::fuzz::{REQUESTS, ReadAndWrite, read_and_write};
use ayumi_protocol::hash::Sha256;
use ayumi_protocol::limits;
use ayumi_protocol::problem::Problem;
use ayumi_protocol::pull::PullAnswer;
use ayumi_protocol::push::PushAnswer;
use ayumi_protocol::session::{DeviceDescription, EnrolRequest, Platform, Secret};
use ayumi_protocol::snapshot::read_items;
use ayumi_protocol::thinning::thinning;
use ayumi_protocol::time::LocalDate;
use ayumi_protocol::version::AppVersion;
use ayumi_server::cases::snapshots::deliver::AskedRange;
use ayumi_server::uploads::picture_header;
use flate2::Compression;
use flate2::write::GzEncoder;

/// A zone with clock changes of an hour.
const ZONE: Tz = Tz::Europe__Berlin;

/// Apple Health, as an archive if it is one, else as XML.
pub fn apple_health(data: &[u8]) {
    let _ = detect(data, "export.xml");
    if data.starts_with(b"PK") {
        if let Ok(mut archive) = HealthArchive::open(Cursor::new(data))
            && let Ok(xml) = archive.xml()
        {
            drain(Ok(AppleHealth::new(xml, ZONE)));
        }
    } else {
        drain(Ok(AppleHealth::new(data, ZONE)));
    }
}

/// Google Fit Takeout.
pub fn google_fit(data: &[u8]) {
    let _ = detect(data, "steps.json");
    drain(Ok(GoogleFit::new(data)));
}

/// Both Fitabase tables, for the first person named in the input.
pub fn fitabase(data: &[u8]) {
    let Ok(persons) = fitabase::persons(data) else {
        return;
    };
    let person = persons.first().map_or("", String::as_str);
    drain(MinuteSteps::open(data, person, ZONE));
    // A zone that skipped a whole day, and one that changes by half an hour.
    drain(MinuteSteps::open(data, person, Tz::Pacific__Apia));
    drain(MinuteSteps::open(data, person, Tz::Australia__Lord_Howe));
    drain(fitabase::weights(data, person, ZONE));
}

/// Libra.
pub fn libra(data: &[u8]) {
    drain(Ok(Libra::new(data, ZONE)));
}

/// The plain weight format, `TrendWeight`, and chosen columns: the first is the date, the last the weight.
pub fn weight_csv(data: &[u8]) {
    let _ = detect(data, "weights.csv");
    drain(weight_csv::plain(data));
    drain(trendweight::open(data, ZONE, Some(MassUnit::Stone)));
    let Ok(names) = weight_csv::columns(data) else {
        return;
    };
    for dates in [DateOrder::MonthFirst, DateOrder::DayFirst] {
        let columns = WeightColumns {
            date: names.first().cloned().unwrap_or_default(),
            time: names.get(1).cloned(),
            weight: names.last().cloned().unwrap_or_default(),
            unit: MassUnit::Pound,
            waist: names.get(2).cloned().map(|name| (name, LengthUnit::Inch)),
            dates,
            zone: Some(ZONE),
        };
        drain(weight_csv::chosen(data, &columns));
    }
}

/// The replay format of steps. A blank line in front moves every line number by one and changes nothing else.
pub fn steps_replay(data: &[u8]) {
    let moved = steps::parse_replay(&[b" \t\r\n", data].concat());
    match steps::parse_replay(data) {
        Ok(lines) => {
            let moved = moved.expect("a blank line is skipped");
            assert_eq!(lines.len(), moved.len());
            for (line, moved) in lines.iter().zip(&moved) {
                assert_eq!((line.line + 1, &line.event), (moved.line, &moved.event));
            }
        }
        Err(error) => {
            assert!(!error.reason.is_empty());
            let moved = moved.expect_err("a blank line mends nothing");
            assert_eq!((error.line + 1, error.reason), (moved.line, moved.reason));
        }
    }
}

/// The replay format of weight, and every rule behind it.
pub fn weight_replay(data: &[u8]) {
    let Ok(readings) = weight::parse_replay(data) else {
        assert!(weight::replay(data, &ReplayOptions::default()).is_err());
        return;
    };
    let twice = [readings.as_slice(), readings.as_slice()].concat();
    for minutes in [0, 270, 1439] {
        let day_start = DayStart::from_minutes(minutes).expect("a minute of the day");
        let days = weight::day_values(&readings, day_start);
        assert_eq!(days, weight::day_values(&twice, day_start));
        assert!(days.is_sorted_by(|day, next| day.date < next.date));
        let lowest = days
            .iter()
            .map(|day| day.weight.kilograms())
            .fold(f64::MAX, f64::min);
        let highest = days.iter().map(|day| day.weight.kilograms()).fold(0.0, f64::max);
        for goal in [None, GoalWeight::from_kilograms(60.0)] {
            let options = ReplayOptions {
                goal,
                day_start,
                ..ReplayOptions::default()
            };
            let output = weight::replay(data, &options).expect("it was read a moment ago");
            assert_eq!(output.days.len(), days.len());
            // An average of weights lies between them.
            assert!(
                output
                    .days
                    .iter()
                    .all(|day| (lowest - 1e-9..=highest + 1e-9).contains(&day.trend_kg))
            );
            assert_eq!(
                output.summary.goal_date.is_some(),
                output.summary.goal_reason == GoalReason::Ok
            );
        }
    }
}

/// Typed weights in every unit: inside the range, and what is shown can be typed again.
pub fn typed_weight(data: &[u8]) {
    let Ok(typed) = std::str::from_utf8(data) else {
        return;
    };
    for unit in [MassUnit::Kilogram, MassUnit::Pound, MassUnit::Stone] {
        let Ok(weight) = Weight::parse(typed, unit) else {
            continue;
        };
        assert_eq!(Weight::from_ten_grams(weight.ten_grams()), Some(weight));
        let exact = format!("{}.{:02}", weight.ten_grams() / 100, weight.ten_grams() % 100);
        assert_eq!(Weight::parse(&exact, MassUnit::Kilogram), Ok(weight));
        for shown in [MassUnit::Kilogram, MassUnit::Pound, MassUnit::Stone] {
            let text = weight.shown_in(shown).to_string();
            // At the very ends one decimal may lie just outside the range.
            if let Ok(again) = Weight::parse(&text, shown) {
                assert_eq!(again.shown_in(shown).to_string(), text);
            } else {
                assert!(weight.ten_grams() < 205 || weight.ten_grams() > 49_995);
            }
        }
    }
}

/// A search text on the first line, a text on the others: the index, which runs the expression, finds the text exactly if
/// places in it can be marked, and no search text is an error.
pub fn search_query(data: &[u8]) {
    let Ok(input) = std::str::from_utf8(data) else {
        return;
    };
    let (typed, text) = input.split_once('\n').unwrap_or((input, input));
    let Some(query) = Query::parse(typed) else { return };
    let places = query.places_in(text);
    assert!(places.is_sorted_by(|place, next| place.end < next.start));
    assert!(
        places
            .iter()
            .all(|place| text.get(place.clone()).is_some_and(|part| !part.is_empty()))
    );
    let snippet = query.snippet(text, QUERY_CHARACTERS);
    assert_eq!(snippet.is_some(), !places.is_empty());
    let found = search_store()
        .write_cache::<_, StoreError>(|tx| {
            MESSAGES.put(tx, 1, [text])?;
            MESSAGES.newest(tx, &query, None, 2)
        })
        .expect("no search text is an error");
    assert_eq!(found == [1], !places.is_empty());
}

/// A text of any kind: it meets each rule at most once, at a place between characters that meets the rule alone too, and
/// lines around it take nothing away.
pub fn triage(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let ids = |text: &str| -> BTreeSet<&str> {
        let found = triage::triage(text);
        found.iter().map(|found| found.rule.id()).collect()
    };
    let found = triage::triage(text);
    assert!(found.is_sorted_by_key(|found| found.rule.level()));
    for one in &found {
        let words = text
            .get(one.place.clone())
            .expect("a place lies between characters");
        assert!(ids(words).contains(one.rule.id()));
    }
    let alone = ids(text);
    assert_eq!(alone.len(), found.len());
    assert!(ids(&format!("鶏\n{text}\n肉")).is_superset(&alone));
}

/// Answers of a server of any kind, to an engine that has just signed in: whatever they say, the store can be written
/// and a screen gets a status.
pub fn server_answers(data: &[u8]) {
    let (kind, body) = data.split_first().unwrap_or((&0, &[]));
    let answer = |body: &[u8], status: u16, content_type: &str| HttpAnswer {
        status,
        content_type: Some(content_type.to_owned()),
        retry_after: None,
        date: None,
        upload_offset: None,
        body: body.to_vec(),
    };
    let store = engine_store();
    let files = NoFiles {
        snapshots: HeldSnapshots::default(),
    };
    let mut monotonic = Duration::ZERO;
    let mut engine = Engine::new(EngineConfig {
        app_version: AppVersion::parse("1.0.0").expect("a version"),
        asks_about_old_messages: true,
        snapshot_worth_entries: 1,
    });
    let mut step = |engine: &mut Engine, input: Input| {
        monotonic = monotonic.saturating_add(Duration::from_secs(1));
        let now = Now {
            monotonic,
            wall: UtcMillis(1_788_220_800_000),
        };
        let (instructions, stepped) = engine.step(store, &files, now, &NoChance, input);
        stepped.expect("no answer breaks the store");
        instructions
    };
    let device = DeviceDescription {
        platform: Platform::Android,
        model: "simulated".to_owned(),
        app_version: AppVersion::parse("1.0.0").expect("a version"),
    };
    let enrol = SignIn::Enrol(EnrolRequest {
        code: Secret::new("simulated".to_owned()),
        birth_date: LocalDate::new(1975, 4, 1).expect("a date"),
        device,
    });
    let mut todo = step(&mut engine, Input::Started { tokens: None });
    todo.extend(step(&mut engine, Input::Command(Command::SignIn(enrol))));
    let mut is_first = true;
    for _ in 0..6 {
        for instruction in std::mem::take(&mut todo) {
            let input = match instruction {
                // The session itself is the input, or a good one before the input.
                Instruction::Http { id, .. } if std::mem::take(&mut is_first) && kind % 2 == 0 => {
                    Input::Answered {
                        id,
                        result: Ok(answer(SESSION.as_bytes(), 200, "application/json")),
                    }
                }
                Instruction::Http { id, .. } => Input::Answered {
                    id,
                    result: Ok(match kind / 2 % 2 {
                        0 => answer(body, 200, "application/json"),
                        _ => answer(body, 422, "application/problem+json"),
                    }),
                },
                Instruction::SaveTokens { .. } => Input::TokensSaved { is_saved: true },
                Instruction::LoadTokens => Input::TokensLoaded { tokens: None },
                _ => continue,
            };
            todo.extend(step(&mut engine, input));
        }
        todo.extend(step(&mut engine, Input::Command(Command::SyncOnce)));
    }
    let now = Now {
        monotonic: Duration::from_hours(1),
        wall: UtcMillis(1_788_220_800_000),
    };
    store
        .read(|reader| engine.status(reader, now))
        .expect("a status, whatever was answered");
}

/// A session that a server could give.
const SESSION: &str = r#"{"server_time_ms":1788220800000,"account_id":"01990000-0000-7000-8000-000000000001","device_id":"01990000-0000-7000-8000-000000000002","roles":[],"case_id":"01990000-0000-7000-8000-000000000003","epoch":"01990000-0000-7000-8000-000000000004","tokens":{"access_token":"a","access_expires_in_ms":900000,"refresh_token":"r"}}"#;

/// A phone without a picture.
struct NoFiles {
    snapshots: HeldSnapshots,
}

impl Files for NoFiles {
    fn attachment_length(&self, _sha256: Sha256) -> Result<Option<u64>, StoreError> {
        Ok(None)
    }

    fn keep_picture(&self, _sha256: Sha256, _bytes: &[u8]) -> Result<(), StoreError> {
        Ok(())
    }

    fn has_picture(&self, _sha256: Sha256) -> Result<bool, StoreError> {
        Ok(false)
    }

    fn snapshots(&self) -> &HeldSnapshots {
        &self.snapshots
    }
}

/// Chance that is none, so that an input always does the same.
#[derive(Debug)]
struct NoChance;

impl Random for NoChance {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

/// As [`search_store`], for the engine.
fn engine_store() -> &'static Store {
    static STORE: OnceLock<Store> = OnceLock::new();
    STORE.get_or_init(|| {
        let folder = std::env::temp_dir().join(format!("ayumi-fuzz-engine-{}", std::process::id()));
        let config = StoreConfig {
            folder: folder.clone(),
            key: None,
        };
        let store = Store::open(config).expect("a new folder can be opened").0;
        std::fs::remove_dir_all(folder).expect("open files can be deleted");
        store
    })
}

/// A store that all inputs share. Its folder is gone from the start: the open files live on, and nothing is left behind.
fn search_store() -> &'static Store {
    static STORE: OnceLock<Store> = OnceLock::new();
    STORE.get_or_init(|| {
        let folder = std::env::temp_dir().join(format!("ayumi-fuzz-search-{}", std::process::id()));
        let config = StoreConfig {
            folder: folder.clone(),
            key: None,
        };
        let store = Store::open(config).expect("a new folder can be opened").0;
        std::fs::remove_dir_all(folder).expect("open files can be deleted");
        store
    })
}

/// Reads to the end and checks what holds for every record, whatever the file says.
fn drain(records: Result<impl Records, ImportError>) {
    let Ok(records) = records else { return };
    for record in records {
        match record {
            Ok(Record::Steps(record)) => {
                assert!(!record.source.is_empty() && !record.id.is_empty());
                assert!(record.start <= record.end && (0..=1_000_000).contains(&record.steps));
                assert!(record.start.is_plausible() && record.end.is_plausible());
            }
            Ok(Record::WeighIn(weigh_in)) => {
                assert!(
                    weigh_in
                        .typed
                        .bytes()
                        .all(|byte| byte.is_ascii_digit() || byte == b'.')
                );
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

/// Every request that the server takes.
pub fn protocol_requests(data: &[u8]) {
    for (name, request) in REQUESTS {
        holds_still(name, *request, data);
    }
}

/// The bytes of an uploaded picture, and the range of a file that a header field asks for.
pub fn server_files(data: &[u8]) {
    if let Ok(header) = picture_header::inspect(data) {
        let pixels = u64::from(header.width_px).saturating_mul(u64::from(header.height_px));
        assert!((1..=limits::PICTURE_PIXELS).contains(&pixels));
    }
    let range = std::str::from_utf8(data).ok().and_then(AskedRange::parse);
    for length in [0, 1, 1000, u64::MAX] {
        if let Some(bytes) = range.and_then(|range| range.within(length)) {
            assert!(bytes.start < bytes.end && bytes.end <= length);
        }
    }
}

/// A file of the gallery: what comes out is taken by the server, which looks for metadata, and its dimensions are right.
pub fn pictures(data: &[u8]) {
    let Ok(prepared) = prepare(data) else { return };
    for (picture, edge_px) in [
        (&prepared.picture, limits::PICTURE_EDGE_PX),
        (&prepared.thumbnail, limits::THUMBNAIL_EDGE_PX),
    ] {
        let header = picture_header::inspect(&picture.bytes).expect("the server takes it");
        assert_eq!(
            (header.width_px, header.height_px),
            (picture.width_px, picture.height_px)
        );
        assert!(picture.width_px.max(picture.height_px) <= edge_px);
        assert!(picture.length_bytes() <= limits::PICTURE_BYTES);
    }
}

/// The file of a snapshot, as it came and packed: never more is unpacked than asked for, portions meet, and reading ends.
pub fn snapshots(data: &[u8]) {
    const PORTION: u64 = 64;
    let packed = {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(data).expect("memory takes bytes");
        encoder.finish().expect("memory takes bytes")
    };
    let held = HeldSnapshots::default();
    for (file, content) in [(data, None), (packed.as_slice(), Some(data))] {
        let sha256 = sha256_of(file);
        held.write(sha256, 0, file);
        assert!(held.is_whole(sha256));
        let first = held.unpack(sha256, 0, PORTION);
        assert!(first.as_ref().is_ok_and(|first| first.len() as u64 <= PORTION) || content.is_none());
        if let Some(content) = content {
            let rest = held.unpack(sha256, PORTION, u64::MAX).expect("it is packed");
            assert_eq!([first.expect("it is packed"), rest].concat(), content);
        }
    }
    // Read in two portions: what ends in the first is not read again.
    let (first, _) = data.split_at(data.len() / 2);
    let whole = read_items(data).map_while(Result::ok).count();
    let mut reading = read_items(first);
    let before = reading.by_ref().map_while(Result::ok).count();
    let (_, rest) = data.split_at(reading.read_bytes());
    let after = read_items(rest).map_while(Result::ok).count();
    assert_eq!(before + after, whole);
}

/// What a phone gets from a server, and entries as it stores them.
pub fn protocol_answers(data: &[u8]) {
    holds_still("pull answer", read_and_write::<PullAnswer>, data);
    holds_still("push answer", read_and_write::<PushAnswer>, data);
    holds_still("problem", read_and_write::<Problem>, data);
    for item in read_items(data) {
        let _ = item.map(|item| item.seq());
    }
    if let Ok(entry) = serde_json::from_slice::<Entry>(data) {
        let written = serde_json::to_vec(&entry).expect("an entry has a form in JSON");
        let again: Entry = serde_json::from_slice(&written).expect("an entry is read as it was written");
        assert_eq!(again, entry);
        if let Ok(Some(BodyReading::Known(body))) = entry.read_body() {
            let _ = (body.check(), body.to_raw(), thinning(&entry, &body));
        }
    }
}

/// What was accepted and written is accepted again and written to the same bytes.
fn holds_still(name: &str, read_and_write: ReadAndWrite, data: &[u8]) {
    if let Some(written) = read_and_write(data) {
        assert_eq!(read_and_write(&written), Some(written), "{name}");
    }
}
