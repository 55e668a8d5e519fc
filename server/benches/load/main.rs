//! `cargo xtask bench server`: what one server takes, as a process of its own, beside the bare limit of its store in the same run.
//!
//! The clients are in this process and keep their connections. On a machine with `taskset` the server has one core and the clients
//! another. Medians say little about a load: a figure is what was accepted over some seconds, with the 50th and the 99th of a
//! hundred answers. Nothing here is asserted by a test, because machines are noisy.

#![allow(missing_docs, unreachable_pub, reason = "a program")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a measurement that cannot run should stop"
)]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this program's output is its table, and what it waits for"
)]

mod clients;
mod people;
mod process;
mod raw;
mod table;

use std::time::Duration;

use ayumi_server::host::Host;
use ayumi_server::store::{Running, SqliteStore, Store};
use ayumi_server::testing::postgres::Cluster;
use clients::Load;
use people::People;
use process::Measured;
use raw::Raw;
use table::{Row, Table};

/// Clients of the three loads.
const CLIENTS: [usize; 3] = [1, 16, 256];
/// Operations of a full push.
const FULL: usize = 50;
/// Long polls that wait at once.
const WAITERS: [usize; 2] = [1_000, 10_000];
/// Works that share one fsync in the embedded store, and connections of a node to its database: what a bare limit may use, too.
const GROUP: usize = 64;
const CONNECTIONS: usize = 16;

fn main() {
    let mut seconds = 3.0;
    let mut stores = vec!["sqlite", "postgresql"];
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            // Cargo says so to every benchmark.
            "--bench" => {}
            "--seconds" => {
                seconds = arguments
                    .next()
                    .and_then(|text| text.parse().ok())
                    .unwrap_or(seconds);
            }
            "--store" => match arguments.next().as_deref() {
                Some("sqlite") => stores = vec!["sqlite"],
                _ => stores = vec!["postgresql"],
            },
            unknown => {
                println!("unknown option {unknown}: say --seconds N, --store sqlite or --store postgres");
                std::process::exit(2);
            }
        }
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let mut table = Table::default();
    for store in stores {
        runtime.block_on(measure(store, Duration::from_secs_f64(seconds), &mut table));
    }
    println!("{table}");
}

async fn measure(store: &'static str, time: Duration, table: &mut Table) {
    eprintln!("{store}: making {} simulated people", people::COUNT);
    let host = Host::system();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    let cluster = (store == "postgresql").then(Cluster::start);
    let (address, people) = match &cluster {
        None => {
            std::fs::create_dir(&data).expect("a folder");
            let opened = SqliteStore::open(&data, Running::Inline, &host).expect("a new store");
            let people = People::make(&opened, &host).await;
            opened.close().await;
            ("sqlite".to_owned(), people)
        }
        Some(cluster) => {
            let database = cluster.database("load").await;
            let opened = database.connect().await;
            let people = People::make(&*opened, &host).await;
            opened.close().await;
            (database.address().to_owned(), people)
        }
    };
    let raw = match &cluster {
        None => Raw::sqlite(folder.path()),
        Some(cluster) => Raw::postgres(cluster).await,
    };
    let load = Load {
        host: &host,
        people: &people,
        time,
    };

    let measured = Measured::start(&data, &address);
    for per_push in [1, FULL] {
        for clients in CLIENTS {
            eprintln!("{store}: {clients} clients, {per_push} operations a push");
            let pushed = load.push(&measured, clients, per_push).await;
            // Who writes side by side may share what the store lets writers share.
            let rows = if cluster.is_none() {
                clients.min(GROUP) * per_push
            } else {
                per_push
            };
            let writers = if cluster.is_none() {
                1
            } else {
                clients.min(CONNECTIONS)
            };
            let bare = raw.rows_per_second(&host, rows, writers, time / 2).await;
            let target = if store == "sqlite" && clients == 256 && per_push == 1 {
                Some(2_000.0)
            } else {
                None
            };
            table.add(Row {
                what: format!("{store}: {clients} clients, {per_push} operations a push"),
                measured: format!("{:.0} operations/s", pushed.per_second),
                bare: format!("{bare:.0} rows/s: {writers} connections, {rows} rows a transaction"),
                ratio: format!("{:.2}", bare / pushed.per_second),
                median: pushed.median,
                p99: pushed.p99,
                cpu: format!("{:.0} µs", pushed.cpu_per_operation_us),
                target: target.map(|target| (format!("{target}/s"), pushed.per_second >= target)),
            });
        }
    }
    eprintln!("{store}: 100 appends a second");
    let steady = load.push_steadily(&measured).await;
    table.add(Row {
        what: format!("{store}: 100 pushes of 1 operation a second"),
        measured: format!("{:.0} operations/s", steady.per_second),
        bare: String::new(),
        ratio: String::new(),
        median: steady.median,
        p99: steady.p99,
        cpu: format!("{:.0} µs", steady.cpu_per_operation_us),
        target: Some(("p99 ≤ 50 ms".to_owned(), steady.p99 <= Duration::from_millis(50))),
    });
    drop(measured);

    for count in WAITERS {
        // A process that has served nobody yet: memory that an earlier load gave back to its allocator would hide what a waiter takes.
        let measured = Measured::start(&data, &address);
        eprintln!("{store}: {count} long polls");
        let waiting = load.wait(&measured, count).await;
        table.add(Row {
            what: format!("{store}: {count} waiting long polls"),
            measured: format!("{:.0} MB resident", waiting.resident_mb),
            bare: format!("{:.0} MB without any", waiting.resident_before_mb),
            ratio: format!("{:.1} KB each", waiting.bytes_each / 1024.0),
            median: Duration::ZERO,
            p99: Duration::ZERO,
            cpu: format!("{:.1} % of a core", waiting.cpu_idle_percent),
            target: Some((
                "5000 in 300 MB".to_owned(),
                waiting.resident_before_mb + 5_000.0 * waiting.bytes_each / 1e6 <= 300.0,
            )),
        });
    }
}
