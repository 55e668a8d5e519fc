//! SIGKILL at random moments while telephones push and read: nothing that was acknowledged is lost, doubled, moved or half there.
//! Source: sync.md 5.2, 5.3, 15.5, faults.md F71, F73.
//!
//! ```text
//!   start ── writers push and repeat, readers follow ── SIGKILL (and now and then the database) ── look at the rows
//!     ▲                                                                                              │
//!     └──── look at the rows ── everything without an answer is sent again, something with one too ──┘
//! ```
//!
//! Who looks at the rows is no server: plain connections of the engine, and the rules of the log written down a second time.

#![allow(missing_docs, unreachable_pub, reason = "a test")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test may stop at the first surprise"
)]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "it counts its rounds for a person, and strikes after a time"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use ayumi_server::host::Random as _;
use ayumi_server::http::extract::sha256;
use ayumi_server::testing::SeededRandom;
use ayumi_server::testing::postgres::Cluster;
use ayumi_server::testing::program::{Client, Program};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// Participants, each with a case.
const CASES: usize = 3;
/// Who writes to each case at once.
const WRITERS: usize = 2;
/// Kills that one store goes through before a new one is made: longer logs only make the looking slower.
const KILLS_OF_A_STORE: u32 = 20;
/// Latest moment of the strike, after the server answers; in every fifth round it is counted from the start of the process.
const STRIKE_MOST_MS: u64 = 400;
/// The same with a database that may have to recover first.
const STRIKE_MOST_WITH_DATABASE_MS: u64 = 1200;

const CONSENT: &str = "A simulated text of consent.";

#[test]
fn a_server_on_sqlite_that_is_killed_keeps_what_it_acknowledged() {
    rounds_on("sqlite", |_, counts| {
        let folder = tempfile::tempdir().unwrap();
        let reader = Reader::Sqlite(folder.path().join("data").join("ayumi.db"));
        let place = Place {
            folder: folder.path(),
            store: "sqlite",
        };
        life(&place, &reader, None, counts);
    });
}

#[test]
fn a_server_on_postgresql_that_is_killed_keeps_what_it_acknowledged() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let cluster = Cluster::start();
    rounds_on("postgresql", |number, counts| {
        let folder = tempfile::tempdir().unwrap();
        let database = runtime.block_on(cluster.database(&format!("killed{number}")));
        let place = Place {
            folder: folder.path(),
            store: database.address(),
        };
        let reader = Reader::Postgres(&runtime, database.address());
        life(&place, &reader, Some(&cluster), counts);
    });
}

/// Lives of stores until there were enough kills.
fn rounds_on(engine: &str, mut one_life: impl FnMut(u32, &mut Life<'_>)) {
    let setting = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let rounds: u32 = setting("AYUMI_KILL_ROUNDS").unwrap_or(2);
    let seed: u64 = setting("AYUMI_KILL_SEED").map_or(2026, u64::from);
    let dice = Dice(SeededRandom::new(seed));
    let mut counts = Counts::default();
    let mut number = 0;
    while counts.kills < rounds {
        number += 1;
        let kills = KILLS_OF_A_STORE.min(rounds - counts.kills);
        one_life(
            number,
            &mut Life {
                dice: &dice,
                counts: &mut counts,
                kills,
            },
        );
        eprintln!("{engine}: {} of {rounds} kills", counts.kills);
    }
    println!("{engine}, seed {seed}: {counts:?}");
}

/// What happened, for a person.
#[derive(Debug, Default)]
struct Counts {
    kills: u32,
    kills_before_an_answer: u32,
    database_crashes: u32,
    backends_killed: u32,
    acknowledged: usize,
    without_answer: usize,
    of_these_stored: usize,
    read: usize,
}

struct Life<'c> {
    dice: &'c Dice,
    counts: &'c mut Counts,
    kills: u32,
}

struct Place<'p> {
    folder: &'p Path,
    store: &'p str,
}

impl Place<'_> {
    fn arguments(&self) -> Vec<String> {
        let data = self.folder.join("data").display().to_string();
        ["--data", &data, "--store", self.store]
            .map(str::to_owned)
            .to_vec()
    }

    fn start(&self) -> Program {
        let mut arguments = self.arguments();
        arguments.extend(["--pushes-per-minute", "1000000", "--push-burst", "1000000"].map(str::to_owned));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        Program::start(Path::new(env!("CARGO_BIN_EXE_ayumi-server")), &arguments)
    }

    /// Runs a command of the operator and brings what it printed.
    fn admin(&self, words: &[&str]) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_ayumi-server"))
            .args(self.arguments())
            .arg("admin")
            .args(words)
            .output()
            .unwrap();
        assert!(output.status.success(), "{words:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

struct Dice(SeededRandom);

impl Dice {
    fn below(&self, most: u64) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes) % most
    }

    fn uuid(&self) -> Uuid {
        let mut bytes = [0; 16];
        self.0.fill(&mut bytes);
        uuid::Builder::from_unix_timestamp_millis(1_790_000_000_000, bytes[6..].try_into().unwrap())
            .into_uuid()
    }
}

/// One participant, and all that her phone and her readers know.
#[derive(Debug)]
#[expect(clippy::struct_field_names, reason = "an id is named after what it names")]
struct Case {
    token: String,
    case_id: Uuid,
    epoch: Uuid,
    /// What was sent: the text of each operation.
    sent: BTreeMap<Uuid, String>,
    /// What was acknowledged: the place of each operation.
    acknowledged: BTreeMap<Uuid, i64>,
    /// What a reader saw: the operation at each place, from 1 on.
    seen: Vec<Uuid>,
}

type Batch = Vec<(Uuid, String)>;

/// One store from its beginning through some kills.
fn life(place: &Place<'_>, reader: &Reader<'_>, cluster: Option<&Cluster>, life: &mut Life<'_>) {
    let mut cases = begin(place, life.dice);
    for _ in 0..life.kills {
        let killed = round(place, cluster, &mut cases, life);
        let before = check(reader, &cases, false);
        let mut program = place.start();
        program.wait_until_ready();
        for (case, batch) in killed {
            life.counts.without_answer += batch.len();
            life.counts.of_these_stored += batch.iter().filter(|(op_id, _)| before.contains(op_id)).count();
            repeat(program.address(), &mut cases[case], &batch);
        }
        for case in &mut cases {
            let place = life.dice.below(case.acknowledged.len() as u64) as usize;
            let op_id = *case.acknowledged.keys().nth(place).unwrap();
            let text = case.sent[&op_id].clone();
            repeat(program.address(), case, &vec![(op_id, text)]);
        }
        check(reader, &cases, true);
        program.kill();
    }
    life.counts.acknowledged += cases.iter().map(|case| case.acknowledged.len()).sum::<usize>();
    life.counts.read += cases.iter().map(|case| case.seen.len()).sum::<usize>();
}

/// A society with its participants, made as an operator and a phone do.
fn begin(place: &Place<'_>, dice: &Dice) -> Vec<Case> {
    let consent = place.folder.join("consent.txt");
    std::fs::write(&consent, CONSENT).unwrap();
    place.admin(&["society-create", "simulated", "Simulated society"]);
    place.admin(&["consent-text", "simulated", "1", consent.to_str().unwrap()]);
    let mut program = place.start();
    program.wait_until_ready();
    let cases = (0..CASES)
        .map(|number| {
            let name = format!("Simulated {number}");
            let code = place.admin(&["invitation-create", "simulated", &name, "1975-04-01"]);
            let request = json!({
                "code": code, "birth_date": "1975-04-01",
                "device": { "platform": "ios", "model": "simulated", "app_version": "1.0.0" },
            });
            let key = dice.uuid().to_string();
            let answer = Client::new(program.address(), None)
                .call(
                    "POST",
                    "/v1/enrol",
                    &[("idempotency-key", &key)],
                    request.to_string().as_bytes(),
                )
                .unwrap();
            let answer = read(answer.status, &answer.body);
            let id = |name: &str| answer[name].as_str().unwrap().parse().unwrap();
            let mut case = Case {
                token: answer["tokens"]["access_token"].as_str().unwrap().to_owned(),
                case_id: id("case_id"),
                epoch: id("epoch"),
                sent: BTreeMap::new(),
                acknowledged: BTreeMap::new(),
                seen: Vec::new(),
            };
            let sum = sha256(CONSENT.as_bytes());
            let given = json!({ "text_version": "1", "text_sha256": sum.to_string() }).to_string();
            let batch = vec![(dice.uuid(), given)];
            case.sent.extend(batch.clone());
            repeat(program.address(), &mut case, &batch);
            case
        })
        .collect();
    program.kill();
    cases
}

fn read(status: u16, body: &[u8]) -> Json {
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(body));
    serde_json::from_slice(body).unwrap()
}

/// Sends a batch to a server that runs; every operation is there afterwards, at the place it had if it had one.
fn repeat(address: SocketAddr, case: &mut Case, batch: &Batch) {
    let mut client = Client::new(address, Some(case.token.clone()));
    let answer = client
        .post("/v1/push", body(case.case_id, case.epoch, batch).as_bytes())
        .unwrap();
    note(&read(answer.status, &answer.body), batch, &mut case.acknowledged);
}

fn body(case_id: Uuid, epoch: Uuid, batch: &Batch) -> String {
    let operations: Vec<String> = batch
        .iter()
        .map(|(op_id, body)| {
            let kind = if body.contains("text_sha256") { "consent.given" } else { "message.posted" };
            format!(
                r#"{{"op_id":"{op_id}","kind":"{kind}","body_version":1,"occurred_at_ms":1790000000000,"zone":"Asia/Tokyo","utc_offset_min":540,"body":{body}}}"#
            )
        })
        .collect();
    format!(
        r#"{{"log":{{"case_id":"{case_id}","audience":"care"}},"epoch":"{epoch}","lane":"talk","operations":[{}]}}"#,
        operations.join(",")
    )
}

/// Remembers the places that an answer tells.
fn note(answer: &Json, batch: &Batch, acknowledged: &mut BTreeMap<Uuid, i64>) {
    let results = answer["results"].as_array().unwrap();
    assert_eq!(results.len(), batch.len());
    for (result, (op_id, _)) in results.iter().zip(batch) {
        assert_eq!(result["op_id"], op_id.to_string(), "{answer}");
        let seq = result["seq"]
            .as_i64()
            .unwrap_or_else(|| unreachable!("not stored: {answer}"));
        let before = acknowledged.insert(*op_id, seq);
        assert!(
            before.is_none_or(|before| before == seq),
            "{op_id} was at {before:?} and is at {seq}"
        );
    }
}

/// Writers and readers until the server is killed. Returns the batches that got no answer, with the number of their case.
fn round(
    place: &Place<'_>,
    cluster: Option<&Cluster>,
    cases: &mut [Case],
    life: &mut Life<'_>,
) -> Vec<(usize, Batch)> {
    let dice = life.dice;
    let most_ms = cluster.map_or(STRIKE_MOST_MS, |_| STRIKE_MOST_WITH_DATABASE_MS);
    let strike = Duration::from_millis(dice.below(most_ms));
    let database_strike = strike.mul_f64(dice.below(100) as f64 / 100.0);
    let is_over = &AtomicBool::new(false);
    let mut program = place.start();
    let is_starting = dice.below(5) == 0;
    if !is_starting {
        program.wait_until_ready();
    }
    // A server that starts without a database ends by itself.
    let fault = cluster
        .filter(|_| !is_starting)
        .map(|cluster| (cluster, dice.below(4)));
    let address = program.address();
    let (written, seen) = thread::scope(|scope| {
        let cases = &*cases;
        let writers: Vec<_> = (0..CASES * WRITERS)
            .map(|writer| {
                let (case, seed) = (&cases[writer % CASES], dice.below(u64::MAX));
                scope.spawn(move || write(address, case, seed, is_over))
            })
            .collect();
        let readers: Vec<_> = cases
            .iter()
            .map(|case| scope.spawn(move || follow(address, case, is_over)))
            .collect();
        thread::sleep(database_strike);
        match fault {
            Some((cluster, 0)) => {
                cluster.crash();
                life.counts.database_crashes += 1;
            }
            Some((cluster, 1)) => life.counts.backends_killed += u32::from(kill_backend(cluster, dice)),
            _ => {}
        }
        thread::sleep(strike.saturating_sub(database_strike));
        program.kill();
        is_over.store(true, Ordering::SeqCst);
        let written: Vec<_> = writers.into_iter().map(|writer| writer.join().unwrap()).collect();
        let seen: Vec<_> = readers.into_iter().map(|reader| reader.join().unwrap()).collect();
        (written, seen)
    });
    life.counts.kills += 1;
    let is_idle = written.iter().all(|written| written.acknowledged.is_empty());
    life.counts.kills_before_an_answer += u32::from(is_idle);
    for (case, seen) in cases.iter_mut().zip(seen) {
        case.seen.extend(seen);
    }
    let mut without_answer = Vec::new();
    for (writer, written) in written.into_iter().enumerate() {
        let case = &mut cases[writer % CASES];
        case.sent.extend(written.sent);
        case.acknowledged.extend(written.acknowledged);
        without_answer.extend(written.without_answer.map(|batch| (writer % CASES, batch)));
    }
    without_answer
}

/// What one writer did.
#[derive(Default)]
struct Written {
    sent: BTreeMap<Uuid, String>,
    acknowledged: BTreeMap<Uuid, i64>,
    without_answer: Option<Batch>,
}

/// Pushes batch after batch. One that got no answer, or that a server without its database refused, is sent again as it was.
fn write(address: SocketAddr, case: &Case, seed: u64, is_over: &AtomicBool) -> Written {
    let dice = Dice(SeededRandom::new(seed));
    let mut client = Client::new(address, Some(case.token.clone()));
    let mut written = Written::default();
    while !is_over.load(Ordering::SeqCst) {
        let batch = written.without_answer.take().unwrap_or_else(|| {
            let operation = |_| {
                let op_id = dice.uuid();
                (
                    op_id,
                    json!({ "text": format!("Simulated {op_id}."), "authored_by": "human" }).to_string(),
                )
            };
            (0..=dice.below(5)).map(operation).collect()
        });
        written.sent.extend(batch.clone());
        match client.post("/v1/push", body(case.case_id, case.epoch, &batch).as_bytes()) {
            Ok(answer) if answer.status < 500 => {
                note(
                    &read(answer.status, &answer.body),
                    &batch,
                    &mut written.acknowledged,
                );
            }
            // The connection broke, or there is none yet; or the server has lost its database.
            Ok(_) | Err(_) => {
                written.without_answer = Some(batch);
                thread::sleep(Duration::from_millis(2));
            }
        }
    }
    written
}

/// Reads on from where the last reader stopped, with long polls, and brings what it saw.
fn follow(address: SocketAddr, case: &Case, is_over: &AtomicBool) -> Vec<Uuid> {
    let mut client = Client::new(address, Some(case.token.clone()));
    let mut seen = Vec::new();
    while !is_over.load(Ordering::SeqCst) {
        let seq = case.seen.len() + seen.len();
        let request = json!({
            "logs": [{ "log": { "case_id": case.case_id.to_string(), "audience": "care" }, "cursor": { "epoch": case.epoch.to_string(), "seq": seq } }],
            "page_entries": 100, "wait_ms": 20_000,
        });
        match client.post("/v1/pull", request.to_string().as_bytes()) {
            Ok(answer) if answer.status < 500 => {
                let answer = read(answer.status, &answer.body);
                assert_eq!(answer["epoch"], case.epoch.to_string(), "the epoch stays");
                for entry in answer["logs"][0]["page"]["entries"]
                    .as_array()
                    .into_iter()
                    .flatten()
                {
                    assert_eq!(entry["seq"], case.seen.len() + seen.len() + 1, "no gap in a page");
                    seen.push(entry["op_id"].as_str().unwrap().parse().unwrap());
                }
            }
            Ok(_) | Err(_) => thread::sleep(Duration::from_millis(2)),
        }
    }
    seen
}

/// SIGKILL for one process of the database that serves a connection: all connections break, and it recovers by itself.
fn kill_backend(cluster: &Cluster, dice: &Dice) -> bool {
    let children = cluster
        .server_pid()
        .and_then(|pid| std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok());
    let backends: Vec<String> = children
        .iter()
        .flat_map(|children| children.split_whitespace())
        .filter(|pid| {
            let line = std::fs::read_to_string(format!("/proc/{pid}/cmdline"));
            line.is_ok_and(|line| line.starts_with("postgres: ayumi"))
        })
        .map(str::to_owned)
        .collect();
    if backends.is_empty() {
        return false;
    }
    let victim = &backends[dice.below(backends.len() as u64) as usize];
    Command::new("kill")
        .args(["-KILL", victim])
        .status()
        .unwrap()
        .success()
}

/// Reads rows with the engine's own library.
enum Reader<'r> {
    Sqlite(PathBuf),
    Postgres(&'r tokio::runtime::Runtime, &'r str),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Cell {
    Null,
    Number(i64),
    Text(String),
    /// An id, in SQLite also any other bytes.
    Bytes(Vec<u8>),
}

impl Cell {
    fn number(&self) -> i64 {
        let Self::Number(number) = self else {
            unreachable!("{self:?} is no number")
        };
        *number
    }

    fn text(&self) -> &str {
        let Self::Text(text) = self else {
            unreachable!("{self:?} is no text")
        };
        text
    }

    fn id(&self) -> Uuid {
        Uuid::from_slice(self.bytes().unwrap()).unwrap()
    }

    fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Text(text) => Some(text.as_bytes()),
            Self::Null | Self::Number(_) => None,
        }
    }

    /// As it goes into the hash of an audit row.
    fn hashed(&self) -> Option<Vec<u8>> {
        match self {
            Self::Number(number) => Some(number.to_be_bytes().to_vec()),
            other => other.bytes().map(<[u8]>::to_vec),
        }
    }
}

impl Reader<'_> {
    fn rows(&self, sql: &str) -> Vec<Vec<Cell>> {
        match self {
            Self::Sqlite(path) => {
                let connection = rusqlite::Connection::open(path).unwrap();
                let mut statement = connection.prepare(sql).unwrap();
                let columns = statement.column_count();
                let rows = statement.query_map([], |row| {
                    (0..columns)
                        .map(|column| {
                            Ok(match row.get_ref(column)? {
                                rusqlite::types::ValueRef::Integer(number) => Cell::Number(number),
                                rusqlite::types::ValueRef::Text(text) => {
                                    Cell::Text(String::from_utf8(text.to_vec()).unwrap())
                                }
                                rusqlite::types::ValueRef::Blob(bytes) => Cell::Bytes(bytes.to_vec()),
                                _ => Cell::Null,
                            })
                        })
                        .collect()
                });
                rows.unwrap().collect::<Result<_, _>>().unwrap()
            }
            Self::Postgres(runtime, address) => runtime.block_on(async {
                let mut tries = 0;
                loop {
                    match rows_of_postgres(address, sql).await {
                        Ok(rows) => return rows,
                        // It recovers from its crash.
                        Err(error) => assert!(tries < 300, "the database does not come back: {error}"),
                    }
                    tries += 1;
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }),
        }
    }
}

async fn rows_of_postgres(address: &str, sql: &str) -> Result<Vec<Vec<Cell>>, tokio_postgres::Error> {
    use tokio_postgres::types::Type;
    let (client, connection) = tokio_postgres::connect(address, tokio_postgres::NoTls).await?;
    let connection = tokio::spawn(connection);
    let rows = client.query(sql, &[]).await?;
    drop(client);
    let _ = connection.await;
    let cell = |row: &tokio_postgres::Row, column: usize| {
        let kind = row.columns()[column].type_();
        let cell = match *kind {
            Type::INT8 => row.get::<_, Option<i64>>(column).map(Cell::Number),
            Type::UUID => row
                .get::<_, Option<Uuid>>(column)
                .map(|id| Cell::Bytes(id.as_bytes().to_vec())),
            Type::BYTEA => row.get::<_, Option<Vec<u8>>>(column).map(Cell::Bytes),
            _ => row.get::<_, Option<String>>(column).map(Cell::Text),
        };
        cell.unwrap_or(Cell::Null)
    };
    let cells = |row| {
        (0..tokio_postgres::Row::len(row))
            .map(|column| cell(row, column))
            .collect()
    };
    Ok(rows.iter().map(cells).collect())
}

/// Holds all rows to what was sent, acknowledged and seen. Returns the operations that are there.
fn check(reader: &Reader<'_>, cases: &[Case], is_all_repeated: bool) -> BTreeSet<Uuid> {
    let epoch = reader.rows("SELECT value FROM server_state WHERE key = 'epoch'");
    let heads =
        reader.rows("SELECT case_id, care_seq, staff_seq, advice_seq, audit_seq, audit_hash FROM case_head");
    let entries = reader.rows(
        "SELECT case_id, audience, seq, op_id, author_role, body, payload_sha256 FROM entry ORDER BY case_id, audience, seq",
    );
    let hints = reader.rows("SELECT case_id, audience, up_to_seq FROM push_outbox");
    let audit = reader.rows(
        "SELECT chain_id, seq, at_ms, actor_id, actor_role, device_id, act, outcome, audience, from_seq, to_seq, object_id,
            request_id, hash
        FROM audit
        ORDER BY chain_id, seq",
    );
    let chains = reader.rows("SELECT chain_id, audit_seq, audit_hash FROM audit_chain");

    assert_eq!(heads.len(), cases.len());
    let mut ends: BTreeMap<Uuid, (i64, Cell)> = chains
        .iter()
        .map(|row| (row[0].id(), (row[1].number(), row[2].clone())))
        .collect();
    ends.extend(
        heads
            .iter()
            .map(|row| (row[0].id(), (row[4].number(), row[5].clone()))),
    );
    check_chains(&audit, ends);

    let mut all = BTreeSet::new();
    for case in cases {
        assert_eq!(epoch[0][0].text(), case.epoch.to_string(), "the epoch stays");
        let of_case = |row: &&Vec<Cell>| row[0].id() == case.case_id;
        let head = heads.iter().find(of_case).unwrap();
        let log: Vec<&Vec<Cell>> = entries.iter().filter(of_case).collect();
        for (place, row) in (1..).zip(&log) {
            assert_eq!(
                (row[1].text(), row[2].number()),
                ("care", place),
                "no gap, no repeat, one log"
            );
        }
        let last = i64::try_from(log.len()).unwrap();
        let ends: Vec<i64> = head[1..4].iter().map(Cell::number).collect();
        assert_eq!(ends, [last, 0, 0], "the head is the last place");

        let mut places = BTreeMap::new();
        for row in &log {
            let (op_id, seq) = (row[3].id(), row[2].number());
            assert!(places.insert(op_id, seq).is_none(), "{op_id} is there once");
            let sum = Sha256::digest(row[5].text()).to_vec();
            assert_eq!(row[6], Cell::Bytes(sum), "the body is whole");
            if row[4].text() != "system" {
                assert_eq!(row[5].text(), case.sent[&op_id], "what was sent, byte for byte");
            }
        }
        for (op_id, seq) in &case.acknowledged {
            assert_eq!(
                places.get(op_id),
                Some(seq),
                "{op_id} was acknowledged at this place"
            );
        }
        for (row, op_id) in log.iter().zip(&case.seen) {
            assert_eq!(row[3].id(), *op_id, "what was read once stays where it was");
        }
        assert!(case.seen.len() <= log.len(), "what was read once is there");
        let people = log.iter().filter(|row| row[4].text() != "system").count();
        if is_all_repeated {
            assert_eq!(
                people,
                case.acknowledged.len(),
                "nothing is there that nobody sent"
            );
        }

        let hint = hints
            .iter()
            .filter(of_case)
            .map(|row| (row[1].text(), row[2].number()));
        assert_eq!(
            hint.collect::<Vec<_>>(),
            [("care", last)],
            "one push hint, to the last place"
        );
        let mut audited = BTreeSet::new();
        for row in audit
            .iter()
            .filter(of_case)
            .filter(|row| row[6].text() == "entries.appended")
        {
            for seq in row[9].number()..=row[10].number() {
                assert!(audited.insert(seq), "place {seq} is audited once");
            }
        }
        let by_people = log.iter().filter(|row| row[4].text() != "system");
        let by_people: BTreeSet<i64> = by_people.map(|row| row[2].number()).collect();
        assert_eq!(
            audited, by_people,
            "every entry of a person is audited, and nothing else"
        );
        all.extend(places.into_keys());
    }
    all
}

/// Every chain from its first row: numbers without a gap, each hash over the row and the hash before, the last one in the head.
fn check_chains(audit: &[Vec<Cell>], mut ends: BTreeMap<Uuid, (i64, Cell)>) {
    for chain in audit.chunk_by(|one, next| one[0] == next[0]) {
        let mut before = vec![0; 32];
        for (seq, row) in (1..).zip(chain) {
            assert_eq!(row[1].number(), seq, "no gap in a chain");
            let mut sum = Sha256::new();
            let parts = row[..13].iter().map(Cell::hashed);
            for part in std::iter::once(Some(before)).chain(parts) {
                sum.update([u8::from(part.is_some())]);
                let part = part.unwrap_or_default();
                sum.update((part.len() as u64).to_be_bytes());
                sum.update(part);
            }
            before = sum.finalize().to_vec();
            assert_eq!(row[13], Cell::Bytes(before.clone()), "the hash of row {seq}");
        }
        let end = ends.remove(&chain[0][0].id());
        assert_eq!(
            end,
            Some((i64::try_from(chain.len()).unwrap(), Cell::Bytes(before))),
            "the head of a chain"
        );
    }
    for (chain_id, (seq, _)) in ends {
        assert_eq!(seq, 0, "{chain_id} has a head and no rows");
    }
}
