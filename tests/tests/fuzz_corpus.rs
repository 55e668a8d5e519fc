//! The committed fuzz corpus, run through the same functions as the fuzz targets, with the stable compiler.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "a panic is a failed test, and it names the file"
)]

use std::fs;
use std::path::Path;

#[allow(unreachable_pub, reason = "public in the crate of the fuzz targets")]
#[path = "../fuzz/src/lib.rs"]
mod targets;

/// Runs a target over every file of its corpus.
fn run(name: &str, target: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(name);
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(files.len() >= 3, "the corpus of {name} is missing");
    for file in files {
        println!("{}", file.display());
        target(&fs::read(file).unwrap());
    }
}

#[test]
fn the_corpus_of_apple_health_is_survived() {
    run("apple_health", targets::apple_health);
}

#[test]
fn the_corpus_of_google_fit_is_survived() {
    run("google_fit", targets::google_fit);
}

#[test]
fn the_corpus_of_fitabase_is_survived() {
    run("fitabase", targets::fitabase);
}

#[test]
fn the_corpus_of_libra_is_survived() {
    run("libra", targets::libra);
}

#[test]
fn the_corpus_of_weight_csv_is_survived() {
    run("weight_csv", targets::weight_csv);
}

#[test]
fn the_corpus_of_steps_replay_is_survived() {
    run("steps_replay", targets::steps_replay);
}

#[test]
fn the_corpus_of_weight_replay_is_survived() {
    run("weight_replay", targets::weight_replay);
}

#[test]
fn the_corpus_of_typed_weight_is_survived() {
    run("typed_weight", targets::typed_weight);
}

#[test]
fn the_corpus_of_pictures_is_survived() {
    run("pictures", targets::pictures);
}

#[test]
fn the_corpus_of_search_query_is_survived() {
    run("search_query", targets::search_query);
}

#[test]
fn the_corpus_of_triage_is_survived() {
    run("triage", targets::triage);
}

#[test]
fn the_corpus_of_server_files_is_survived() {
    run("server_files", targets::server_files);
}

#[test]
fn the_corpus_of_protocol_requests_is_survived() {
    run("protocol_requests", targets::protocol_requests);
}

#[test]
fn the_corpus_of_protocol_answers_is_survived() {
    run("protocol_answers", targets::protocol_answers);
}

#[test]
fn the_corpus_of_server_answers_is_survived() {
    run("server_answers", targets::server_answers);
}

#[test]
fn the_corpus_of_snapshots_is_survived() {
    run("snapshots", targets::snapshots);
}
