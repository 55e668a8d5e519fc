//! Every command of the built program, with good and bad input, in a folder of its own.

#![allow(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

mod demonstration_page;
mod files;
mod home;
mod sessions;
mod steps;
mod trouble;
mod weight;

use std::fmt::Write as _;
use std::process::{Command, Output};

/// Where the repository keeps the measurements of the demonstration.
const MEASUREMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data");

/// A person at a terminal: her data, her files, a fixed date, zone and language.
struct Person {
    folder: tempfile::TempDir,
    language: &'static str,
}

impl Person {
    fn new() -> Self {
        Self::speaking("en")
    }

    fn speaking(language: &'static str) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            language,
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ayumi"));
        command
            .current_dir(self.folder.path())
            .env_remove("AYUMI_FOLDER")
            .env_remove("AYUMI_ZONE")
            .env_remove("AYUMI_SERVER")
            .env_remove("AYUMI_PASSWORD")
            .args([
                "--folder",
                "data",
                "--zone",
                "Asia/Tokyo",
                "--today",
                "2026-04-10",
            ])
            .args(["--language", self.language])
            .args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Standard output of a command that succeeds.
    fn says(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?} failed: {error}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Standard error of a command that fails, prints nothing else, and changes nothing.
    fn fails(&self, arguments: &[&str]) -> String {
        self.failure(arguments).1
    }

    /// The exit status and standard error of such a command.
    fn failure(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let before = self.state();
        let output = self.run(arguments);
        assert!(!output.status.success(), "{arguments:?} succeeded");
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            "",
            "{arguments:?} printed"
        );
        assert_eq!(before, self.state(), "{arguments:?} changed something");
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }

    /// Everything that was entered, as the program itself exports it, and the names of the files beside it.
    fn state(&self) -> String {
        let export = tempfile::tempdir().unwrap();
        let folder = export.path().to_str().unwrap();
        self.says(&["export", folder, "--form", "csv"]);
        let mut state = String::new();
        for entry in [
            "weigh-ins",
            "step-days",
            "step-corrections",
            "step-pauses",
            "step-exclusions",
            "settings",
        ] {
            let table = std::fs::read_to_string(export.path().join(format!("{entry}.csv"))).unwrap();
            let _ = writeln!(state, "{entry}\n{table}");
        }
        let mut names: Vec<String> = std::fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        state + &names.join("\n")
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.folder.path().join(name), content).unwrap();
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.folder.path().join(name)).unwrap()
    }

    /// A text with the random ids of weigh-ins made equal.
    fn without_ids(text: &str) -> String {
        let mut result = text.to_owned();
        for word in text.split(|character: char| !character.is_ascii_alphanumeric()) {
            let is_id = word.len() == 8
                && word
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
            if is_id && result.contains(word) {
                result = result.replace(word, "#the-id#");
            }
        }
        result
    }
}

/// Two weeks of weigh-ins, one a day, with a slow loss.
fn with_weights(person: &Person) {
    let mut table = "at,weight_kg\n".to_owned();
    for day in 1..=10 {
        let _ = writeln!(
            table,
            "2026-04-{day:02}T07:00:00+09:00,{}",
            64.0 - f64::from(day) / 10.0
        );
    }
    person.write("weights.csv", table);
    person.says(&["import", "weights.csv"]);
}
