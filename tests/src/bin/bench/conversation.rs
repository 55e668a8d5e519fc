//! The conversation: a message made durable, the newest page, the first exchange of a new phone, the caseload. The server is the real
//! one on loopback, in this process.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ayumi_core::chat::{NewMessage, PageFrom};
use ayumi_core::time::UtcMillis;
use ayumi_protocol::id::CaseId;
use ayumi_tests::real_server::{PATIENCE, RealPhone, RealServer};
use rusqlite::{Connection, params_from_iter, types::Value};

use crate::figures::{Figure, Table, median};
use crate::ingest::rows_of;

/// Messages that are sent, one after the other.
const ENQUEUED: usize = 1_001;
/// Entries of the case whose first exchange is measured.
const ENTRIES: usize = 10_000;
/// Messages of the conversation whose newest page is measured.
const MESSAGES: usize = 100_000;
/// Cases of the caseload.
const CASES: usize = 300;
const RUNS: usize = 101;
/// More exchanges than a case of this length needs, each at most as long as [`PATIENCE`].
const MOST_EXCHANGES: usize = 20;

pub(crate) fn measure(table: &mut Table) {
    let server = RealServer::start();
    let participant = RealPhone::new(&server.url(), 1);
    let case_id = participant.enrol(&server);
    enqueue(table, &participant, case_id);
    eprintln!("sending {ENTRIES} messages …");
    for number in ENQUEUED..ENTRIES {
        say(&participant, case_id, number);
    }
    exchange(&participant);
    let dietitian = first_exchange(table, &server);
    newest_page(table, &dietitian, case_id);
    caseload(table);
}

fn say(phone: &RealPhone, case_id: CaseId, number: usize) {
    let text = format!("{number} お昼は焼き魚とごはんを少なめにしました。夕方に三十分ほど歩きました。");
    phone
        .app
        .chat()
        .send(case_id, NewMessage::text(text))
        .expect("a message");
}

/// Until nothing waits and nothing is new.
fn exchange(phone: &RealPhone) {
    let is_over = (0..MOST_EXCHANGES).any(|_| {
        let outcome = phone.app.sync().sync_now(PATIENCE).expect("an exchange");
        assert!(outcome.status.trouble.is_none(), "{outcome:?}");
        outcome.is_complete && phone.app.sync().pending().expect("the outbox").unsent == 0
    });
    assert!(is_over, "the exchange does not end");
}

fn database(phone: &RealPhone) -> PathBuf {
    phone.folder.path().join("app/user/user.db")
}

/// One message beside one raw transaction that inserts the same row into the same table, alternately, so that both meet the same disk.
fn enqueue(table: &mut Table, phone: &RealPhone, case_id: CaseId) {
    let raw_folder = tempfile::tempdir().expect("a folder");
    drop(ayumi_tests::phone::open(raw_folder.path()));
    let raw = writer(&raw_folder.path().join("user/user.db"));
    say(phone, case_id, 0);
    let (insert, rows) = rows_of(&Connection::open(database(phone)).expect("a database"), "outbox");
    let mut row = rows.into_iter().next().expect("a message that waits");
    let (mut measured, mut limit) = (Vec::new(), Vec::new());
    for number in 1..ENQUEUED {
        let start = Instant::now();
        say(phone, case_id, number);
        measured.push(start.elapsed());
        row[0] = Value::Integer(i64::try_from(number).expect("a number"));
        row[1] = Value::Text(format!("{number:08x}-0000-7000-8000-000000000000"));
        let start = Instant::now();
        raw.execute_batch("BEGIN IMMEDIATE").expect("a transaction");
        raw.prepare_cached(&insert)
            .expect("a statement")
            .execute(params_from_iter(&row))
            .expect("a row");
        raw.execute_batch("COMMIT").expect("a commit");
        limit.push(start.elapsed());
    }
    measured.sort_unstable();
    limit.sort_unstable();
    let (measured, limit) = (measured[measured.len() / 2], limit[limit.len() / 2]);
    table.add(&Figure {
        what: "enqueue a message, durable",
        measured,
        limit: Some((limit, "one raw WAL+FULL transaction that inserts the same row")),
        target: "within 1.5x",
        is_met: measured.as_secs_f64() <= 1.5 * limit.as_secs_f64(),
    });
}

fn writer(path: &Path) -> Connection {
    let connection = Connection::open(path).expect("a database");
    connection
        .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF")
        .expect("pragmas");
    connection
}

/// The dietitian signs in on a new phone, which reads the whole case.
fn first_exchange(table: &mut Table, server: &RealServer) -> RealPhone {
    let phone = RealPhone::new(&server.url(), 2);
    server.sign_dietitian_in(&phone);
    let start = Instant::now();
    exchange(&phone);
    let measured = start.elapsed();
    let counts = phone.app.sync().counts();
    let source = Connection::open(database(&phone)).expect("a database");
    let rows: Vec<_> = ["log_entry", "message"]
        .iter()
        .map(|name| rows_of(&source, name))
        .collect();
    let entries = rows[0].1.len();
    assert!(entries > ENTRIES, "{entries} entries");
    let raw_folder = tempfile::tempdir().expect("a folder");
    drop(ayumi_tests::phone::open(raw_folder.path()));
    let raw = writer(&raw_folder.path().join("user/user.db"));
    let limit = median(1, |_| {
        for page in (0..entries).step_by(500) {
            raw.execute_batch("BEGIN IMMEDIATE").expect("a transaction");
            for (insert, rows) in &rows {
                let mut statement = raw.prepare_cached(insert).expect("a statement");
                for row in rows.iter().skip(page).take(500) {
                    statement.execute(params_from_iter(row)).expect("a row");
                }
            }
            raw.execute_batch("COMMIT").expect("a commit");
        }
    });
    table.add(&Figure {
        what: &format!("first exchange of a case with {entries} entries, loopback"),
        measured,
        limit: Some((limit, "raw insert of the same rows, 500 entries a transaction")),
        target: "1.5 s",
        is_met: measured <= Duration::from_millis(1_500),
    });
    table.note(
        "its requests, and bytes of bodies on the wire",
        format!(
            "{} requests, {:.1} kB sent, {:.1} kB received",
            counts.requests,
            counts.sent_bytes as f64 / 1e3,
            counts.received_bytes as f64 / 1e3
        ),
    );
    phone
}

/// The rows of the conversation are multiplied in the file: sending a hundred thousand messages shows nothing more about a page.
fn newest_page(table: &mut Table, phone: &RealPhone, case_id: CaseId) {
    phone.app.pause().expect("a pause");
    let raw = writer(&database(phone));
    let copies = i64::try_from(MESSAGES.div_ceil(ENTRIES)).expect("a number");
    raw.execute_batch("BEGIN IMMEDIATE").expect("a transaction");
    for copy in 1..copies {
        raw.execute(
            "INSERT INTO message
             SELECT case_id, seq + 20000 * ?1, printf('%08x', ?1) || substr(op_id, 9), author_id, author_role, text, is_deleted,
                 is_erased, edited_seq, reply_to, is_automated, min_app_version, occurred_at_ms, utc_offset_min, recorded_at_ms
             FROM message WHERE seq < 20000",
            [copy],
        )
        .expect("rows");
    }
    raw.execute_batch("COMMIT").expect("a commit");
    phone.app.resume().expect("an open app");
    let count: i64 = raw
        .query_row("SELECT COUNT(*) FROM message", [], |row| row.get(0))
        .expect("a count");
    let none = BTreeSet::new();
    let measured = median(RUNS, |_| {
        let page = phone
            .app
            .chat()
            .timeline(case_id, PageFrom::Newest, 50, &none)
            .expect("a page");
        assert_eq!(page.items.len(), 50);
    });
    let limit = median(RUNS, |_| {
        let mut statement = raw
            .prepare_cached("SELECT * FROM message WHERE case_id = ?1 ORDER BY seq DESC LIMIT 50")
            .expect("a statement");
        let mut rows = statement.query([case_id.to_string()]).expect("rows");
        while let Some(row) = rows.next().expect("a row") {
            for column in 0..15 {
                std::hint::black_box(row.get_ref(column).expect("a value"));
            }
        }
    });
    table.add(&Figure {
        what: &format!("newest 50 messages of {count}"),
        measured,
        limit: Some((limit, "raw read of the same rows")),
        target: "1 ms",
        is_met: measured <= Duration::from_millis(1),
    });
}

/// Three hundred enrolled participants with a few messages each, on the phone of their dietitian.
fn caseload(table: &mut Table) {
    eprintln!("enrolling {CASES} simulated participants …");
    let server = RealServer::start();
    for seed in (10..).take(CASES) {
        let participant = RealPhone::new(&server.url(), seed);
        let case_id = participant.enrol(&server);
        for message in 0..3 {
            say(&participant, case_id, message);
        }
        exchange(&participant);
    }
    let phone = RealPhone::new(&server.url(), 2);
    server.sign_dietitian_in(&phone);
    let start = Instant::now();
    exchange(&phone);
    table.note(
        &format!("first exchange of {CASES} cases"),
        format!("{:.2} s", start.elapsed().as_secs_f64()),
    );
    let measured = median(RUNS, |_| {
        assert_eq!(phone.app.staff().caseload().expect("a caseload").len(), CASES);
    });
    let raw = Connection::open(database(&phone)).expect("a database");
    let limit = median(RUNS, |_| {
        let mut statement = raw
            .prepare_cached("SELECT * FROM case_record")
            .expect("a statement");
        let columns = statement.column_count();
        let mut rows = statement.query([]).expect("rows");
        while let Some(row) = rows.next().expect("a row") {
            for column in 0..columns {
                std::hint::black_box(row.get_ref(column).expect("a value"));
            }
        }
    });
    table.add(&Figure {
        what: &format!("caseload of {CASES} cases, with who waits for an answer"),
        measured,
        limit: Some((limit, "raw read of one row for each case")),
        target: "none",
        is_met: true,
    });
}

/// What a phone has in memory at most after an ordinary use of the app, in a process of its own: `bench phone URL CODE`.
pub(crate) fn one_phone(url: &str, code: &str) {
    let phone = RealPhone::new(url, 3);
    let sync = phone.app.sync();
    sync.enrol(code, ayumi_tests::real_server::born(), PATIENCE)
        .expect("a session");
    let text = sync.consent_text(PATIENCE).expect("a text");
    phone
        .app
        .cases()
        .give_consent(text.version, text.text_sha256)
        .expect("consent");
    exchange(&phone);
    let account = phone.app.account().expect("an account").expect("an account");
    let case_id = account.case_id.expect("a case");
    for number in 0..50 {
        say(&phone, case_id, number);
    }
    exchange(&phone);
    let today = phone.app.date_of(UtcMillis(1_790_000_000_000)).expect("a date");
    phone.app.home(today).expect("home");
    phone
        .app
        .chat()
        .timeline(case_id, PageFrom::Newest, 50, &BTreeSet::new())
        .expect("a page");
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .map_or("unknown on this system", str::trim);
    println!("{peak}");
}

/// Runs [`one_phone`].
pub(crate) fn memory(table: &mut Table) {
    let server = RealServer::start();
    let program = std::env::current_exe().expect("this program");
    let output = std::process::Command::new(program)
        .args(["phone", &server.url(), &server.invitation()])
        .output()
        .expect("a process");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    table.note(
        "most memory of a process with one app: enrolled, 50 messages sent, home and conversation shown",
        String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    );
}
