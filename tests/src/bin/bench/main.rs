//! `cargo xtask bench [WHAT]`: the figures of the design, each beside the nearest bare limit measured in the same run.
//!
//! Medians of repeated runs on whatever machine this is; never part of a test, because machines are noisy.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this program's output is its table, and what it waits for"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "a stopwatch is what this program is for"
)]
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a measurement that cannot run should stop"
)]

mod decade;
mod figures;
mod ingest;

fn main() {
    let wanted = std::env::args().nth(1);
    let is_wanted = |what: &str| wanted.as_deref().is_none_or(|wanted| wanted == what);
    if let Some(unknown) = wanted
        .as_deref()
        .filter(|wanted| !["ingest", "screens"].contains(wanted))
    {
        println!("unknown figure {unknown}: say ingest, screens, or nothing for all");
        std::process::exit(2);
    }
    let mut table = figures::Table::default();
    if is_wanted("ingest") {
        ingest::measure(&mut table);
    }
    if is_wanted("screens") {
        decade::measure(&mut table);
    }
    println!("{table}");
}
