//! Searches small worlds exhaustively and ends with one line. `cargo xtask worlds` builds and starts it.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command of developers"
)]

use ayumi_core::deliberate::Bug;
use ayumi_tests::simulation::Template;
use ayumi_tests::simulation::worlds::{Choice, Options, Report, search, walk};

/// Bugs that a search has to find, with the messages of each phone and the faults that it needs for that.
const BUGS: &[(Bug, u8, u8)] = &[
    (Bug::NewIdAtSecondTry, 1, 1),
    (Bug::LosesOnFailure, 1, 1),
    (Bug::LastFirst, 2, 1),
    (Bug::CursorAhead, 1, 0),
];

const USAGE: &str = "--operations N (of each phone), --faults N (up to 2), --faulty 0|1 (the only phone with a slow and faulty network), --backups, --most STATES, --path CHOICES, --verbose, --prove";

fn main() {
    let mut options = Options::default();
    let mut path = None;
    let mut proves = false;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || {
            arguments
                .next()
                .and_then(|text| text.parse::<u64>().ok())
                .unwrap_or_else(|| stop(&format!("{argument} needs a number: {USAGE}")))
        };
        match argument.as_str() {
            "--operations" => options.operations = u8::try_from(number()).unwrap_or_else(|_| stop(USAGE)),
            "--faults" => {
                options.faults = u8::try_from(number())
                    .ok()
                    .filter(|faults| *faults <= 2)
                    .unwrap_or_else(|| stop(USAGE));
            }
            "--faulty" => {
                options.faulty = u8::try_from(number())
                    .ok()
                    .filter(|phone| *phone <= 1)
                    .or_else(|| stop(USAGE));
            }
            "--most" => options.most_states = Some(number()),
            "--backups" => options.backs_up = true,
            "--verbose" => options.is_verbose = true,
            "--prove" => proves = true,
            "--path" => path = Some(choices(&arguments.next().unwrap_or_default())),
            other => stop(&format!("unknown argument {other}: {USAGE}")),
        }
    }
    let template = Template::new();
    if proves {
        std::process::exit(i32::from(!prove(&template, options)));
    }
    if let Some(path) = path {
        options.is_verbose = true;
        match walk(&template, options, &path) {
            Ok(anomalies) => {
                for anomaly in &anomalies {
                    println!("{anomaly}");
                }
                std::process::exit(i32::from(!anomalies.is_empty()));
            }
            Err(error) => stop(&error),
        }
    }
    let report = search(&template, options);
    show_failures(&report);
    println!(
        "two phones, {} operations each, {} faults{}{}: {report}",
        options.operations,
        options.faults,
        options.faulty.map_or_else(String::new, |phone| format!(
            ", all of them of phone {phone} or the server"
        )),
        if options.backs_up {
            ", a backup at any moment"
        } else {
            ""
        }
    );
    std::process::exit(i32::from(!report.failures.is_empty()));
}

fn stop(text: &str) -> ! {
    eprintln!("{text}");
    std::process::exit(2);
}

/// The choices of a path, with commas between them.
fn choices(text: &str) -> Vec<Choice> {
    text.split(',')
        .map(|word| word.parse().unwrap_or_else(|error: String| stop(&error)))
        .collect()
}

fn show_failures(report: &Report) {
    for (path, anomalies) in &report.failures {
        let path: Vec<String> = path.iter().map(ToString::to_string).collect();
        for anomaly in anomalies.iter().take(3) {
            eprintln!("{anomaly}");
        }
        eprintln!("  --path {}", path.join(","));
    }
}

/// Makes each deliberate bug and shows that the search finds it. Returns whether it found all of them.
fn prove(template: &Template, options: Options) -> bool {
    let mut found_all = true;
    for (bug, operations, faults) in BUGS {
        let options = Options {
            operations: *operations,
            most_anomalies: 1,
            faults: *faults,
            bug: Some(*bug),
            ..options
        };
        let report = search(template, options);
        let states = report.states;
        if let Some((path, anomalies)) = report.failures.first() {
            let invariant = anomalies.first().map(|anomaly| anomaly.invariant);
            println!(
                "{bug:?} is found after {states} states, by {} choices, as a breach of {invariant:?}",
                path.len()
            );
        } else {
            found_all = false;
            println!("{bug:?} is not found in {states} states");
        }
    }
    found_all
}
