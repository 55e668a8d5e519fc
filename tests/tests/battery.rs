//! What an ordinary day costs a phone, counted: the table of `docs/battery.md` is what comes out here.
//!
//! The app, its engine and the server are the real ones, in virtual time. Below SQLite lies a layer that counts.

#![expect(clippy::expect_used, reason = "a test may stop at the first surprise")]

use std::fmt::Write as _;

use ayumi_lossy_vfs::{Call, LossyVfs};
use ayumi_tests::simulation::{Costs, Day};

fn kilobytes(bytes: u64) -> String {
    format!("{:.1} kB", bytes as f64 / 1000.0)
}

fn table(rows: &[(&str, Costs)]) -> String {
    let mut text = String::from(
        "| | starts | timers | requests | of them long polls | sent | received | heads | transactions | syncs |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for (what, costs) in rows {
        writeln!(
            text,
            "| {what} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            costs.starts,
            costs.timers,
            costs.requests,
            costs.long_polls,
            kilobytes(costs.sent_bytes),
            kilobytes(costs.received_bytes),
            kilobytes(costs.head_bytes),
            costs.steps,
            costs.syncs,
        )
        .expect("memory");
    }
    text
}

#[test]
fn a_day_costs_what_the_page_says_and_an_idle_app_nothing() {
    let disk = LossyVfs::default_named("counting").unwrap();
    let syncs = || disk.calls_of(Call::Sync);
    let mut day = Day::begin(&syncs);
    day.live(true);
    let whole = day.costs();
    assert_eq!(day.messages(), 4, "she wrote three and read one");
    let mut day = Day::begin(&syncs);
    day.live(false);
    let plain = day.costs();

    let mut day = Day::begin(&syncs);
    day.background_job(480);
    let first = day.costs();
    day.until(1.0);
    day.background_job(480);
    let job = day.costs() - first;

    let mut day = Day::begin(&syncs);
    day.open();
    day.put_away();
    let before = day.costs();
    day.open();
    day.pass(std::time::Duration::from_mins(4));
    day.put_away();
    let opening = day.costs() - before;

    let mut day = Day::begin(&syncs);
    let idle = day.lie_idle(12);
    assert_eq!(idle, Costs::default());

    let table = table(&[
        ("the whole day", whole),
        ("the same day without the photo", plain),
        ("one background job with steps", job),
        ("one opening of four minutes, nothing new", opening),
        ("twelve hours in the background, idle", idle),
    ]);
    let page = include_str!("../../docs/battery.md");
    assert!(page.contains(&table), "docs/battery.md is to say:\n{table}");
}
