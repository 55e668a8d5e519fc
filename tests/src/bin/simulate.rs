//! Runs seeds of the simulator and ends with one line. `cargo xtask simulate` builds and starts it.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command of developers"
)]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use ayumi_tests::oracle::Word;
use ayumi_tests::simulation::{BUGS, Options, Outcome, Template, run};

fn main() {
    let mut seeds = None;
    let mut first = None;
    let mut options = Options::default();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next().and_then(|text| text.parse().ok()).unwrap_or(1);
        match argument.as_str() {
            "--seeds" => seeds = Some(number()),
            "--seed" => first = Some(number()),
            "--minutes" => options.minutes = number(),
            "--walks" => options.has_walks = true,
            "--verbose" => options.is_verbose = true,
            "--prove" => std::process::exit(i32::from(!prove(options))),
            other => {
                eprintln!(
                    "unknown argument {other}: --seeds N, --seed S, --minutes M, --walks, --verbose, --prove"
                );
                std::process::exit(2);
            }
        }
    }
    // One seed alone is run again; with a number it is where the row begins.
    let count = seeds.unwrap_or(if first.is_some() { 1 } else { 100 });
    let first = first.unwrap_or(1_u64);
    let last = first.saturating_add(count.saturating_sub(1));
    let next = AtomicU64::new(first);
    let outcomes: Mutex<Vec<Outcome>> = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads.min(
            usize::try_from(last.abs_diff(first))
                .unwrap_or(0)
                .saturating_add(1),
        ) {
            scope.spawn(|| {
                let template = Template::new();
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed > last {
                        return;
                    }
                    let outcome = run(&template, seed, options);
                    for anomaly in outcome.anomalies.iter().take(5) {
                        eprintln!("seed {seed}: {anomaly}");
                    }
                    outcomes
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(outcome);
                }
            });
        }
    });
    let outcomes = outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);
    let failed = report(&outcomes);
    std::process::exit(i32::from(failed));
}

/// Seeds after which a bug has to be found.
const ENOUGH: u64 = 20;

/// Makes each deliberate bug and shows that the checker finds it. Returns whether it found all of them.
fn prove(options: Options) -> bool {
    let template = Template::new();
    let mut found_all = true;
    for (invariant, bug) in BUGS {
        let options = Options {
            has_walks: true,
            bug: Some(*bug),
            ..options
        };
        let breaks = |seed: &u64| {
            let outcome = run(&template, *seed, options);
            outcome
                .anomalies
                .iter()
                .any(|anomaly| anomaly.invariant == *invariant)
        };
        if let Some(seed) = (1..=ENOUGH).find(breaks) {
            println!("{invariant:?}: {bug:?} is found with seed {seed}");
        } else {
            found_all = false;
            println!("{invariant:?}: {bug:?} is not found in {ENOUGH} seeds");
        }
    }
    found_all
}

/// Prints the end of a run: seeds, operations, faults by kind, lost, doubled, reordered.
fn report(outcomes: &[Outcome]) -> bool {
    let mut faults: BTreeMap<&str, u64> = BTreeMap::new();
    for (kind, count) in outcomes.iter().flat_map(|outcome| &outcome.faults) {
        let sum = faults.entry(kind).or_default();
        *sum = sum.saturating_add(*count);
    }
    let operations: u64 = outcomes.iter().map(|outcome| outcome.operations).sum();
    let events: u64 = outcomes.iter().map(|outcome| outcome.events).sum();
    let words = |word: Word| {
        outcomes
            .iter()
            .flat_map(|outcome| &outcome.anomalies)
            .filter(|anomaly| anomaly.word == word)
            .count()
    };
    let failing = outcomes
        .iter()
        .filter(|outcome| !outcome.anomalies.is_empty())
        .count();
    let faults: Vec<String> = faults
        .iter()
        .map(|(kind, count)| format!("{kind} {count}"))
        .collect();
    println!(
        "{} seeds, {operations} operations, {events} events; faults: {}; lost {}, doubled {}, reordered {}, seeds with any anomaly {failing}",
        outcomes.len(),
        faults.join(", "),
        words(Word::Lost),
        words(Word::Duplicated),
        words(Word::Reordered),
    );
    failing > 0
}
