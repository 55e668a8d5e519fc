//! Where the repository is, and how programs are started in it.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

/// The repository this runner was built from.
pub(crate) struct Repository {
    /// Top folder, the one with the workspace manifest.
    pub root: PathBuf,
    /// Where cargo puts what it builds.
    pub target: PathBuf,
}

impl Repository {
    /// The repository of the running xtask. Asks only the environment.
    pub(crate) fn here() -> Self {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = manifest.parent().unwrap_or(manifest).to_path_buf();
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir));
        Self { root, target }
    }

    /// A command in the top folder, in the environment that a person at a terminal would have.
    pub(crate) fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root).args(arguments);
        // `cargo run` describes xtask's own package in the environment. Handed on, it would make build scripts
        // believe that something changed since the same command was last typed by hand, and build again.
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(describes_a_package) {
                command.env_remove(name);
            }
        }
        command
    }

    /// As `command`, for the cargo that is on the path: under rustup that is the proxy, which knows `+nightly`.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        self.command("cargo", arguments)
    }
}

fn describes_a_package(variable: &str) -> bool {
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"]
        .iter()
        .any(|start| variable.starts_with(start))
}

/// Runs a command with this terminal, after saying which.
///
/// Errors: a sentence that names the program, if it could not start or did not succeed.
pub(crate) fn must(command: &mut Command) -> Result<(), String> {
    let line = spelled(command);
    eprintln!("$ {line}");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{line}` ended with {status}")),
        Err(error) => Err(format!("`{line}` could not be started: {error}")),
    }
}

/// Runs a command and gives what it printed on standard output.
///
/// Errors: as `must`, with what it printed on standard error.
pub(crate) fn answer(command: &mut Command) -> Result<String, String> {
    let line = spelled(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("`{line}` could not be started: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("`{line}` ended with {}: {}", output.status, said.trim()))
    }
}

/// Ends a command of this runner: success, or the reason on standard error.
pub(crate) fn end(result: Result<(), String>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

/// The command as a person would type it.
fn spelled(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_has_a_workspace_manifest() {
        let manifest = std::fs::read_to_string(Repository::here().root.join("Cargo.toml")).unwrap();
        assert!(manifest.contains("[workspace]"));
    }

    #[test]
    fn a_failing_program_is_named_in_the_reason() {
        let reason = answer(&mut Repository::here().cargo(&["no-such-subcommand"])).unwrap_err();
        assert!(
            reason.starts_with("`cargo no-such-subcommand` ended with"),
            "{reason}"
        );
    }

    #[test]
    fn a_missing_program_is_named_in_the_reason() {
        let reason = must(&mut Repository::here().command("no-such-program", &[])).unwrap_err();
        assert!(
            reason.starts_with("`no-such-program` could not be started"),
            "{reason}"
        );
    }
}
