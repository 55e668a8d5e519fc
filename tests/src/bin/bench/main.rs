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

mod conversation;
mod decade;
mod figures;
mod ingest;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [what, url, code] = arguments.as_slice()
        && what == "phone"
    {
        conversation::one_phone(url, code);
        return;
    }
    let wanted = arguments.first().cloned();
    let is_wanted = |what: &str| wanted.as_deref().is_none_or(|wanted| wanted == what);
    if let Some(unknown) = wanted
        .as_deref()
        .filter(|wanted| !["ingest", "screens", "conversation"].contains(wanted))
    {
        println!("unknown figure {unknown}: say ingest, screens, conversation, or nothing for all");
        std::process::exit(2);
    }
    let mut table = figures::Table::default();
    if is_wanted("ingest") {
        ingest::measure(&mut table);
    }
    if is_wanted("screens") {
        decade::measure(&mut table);
    }
    if is_wanted("conversation") {
        conversation::measure(&mut table);
        conversation::memory(&mut table);
    }
    println!("{table}");
}
