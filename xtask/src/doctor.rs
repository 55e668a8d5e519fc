//! `cargo xtask doctor`: looks for the tools, says what is missing and how to get it.

use std::process::ExitCode;

use crate::repository::{Repository, answer};
use crate::tools::{self, Tool};

/// Room for the builds of all steps of `test`, with reserve.
const NEEDED_DISK_MIB: u64 = 8 * 1024;

/// Prints a line for each tool; fails if `test` could not run here.
pub(crate) fn run(repository: &Repository, _arguments: &[String]) -> ExitCode {
    let mut is_ready = true;
    for tool in tools::RUST.iter().chain(tools::NEEDED) {
        is_ready &= report(repository, tool, "MISSING");
    }
    for tool in tools::OPTIONAL {
        report(repository, tool, "not here");
    }
    is_ready &= disk(repository);
    if is_ready {
        println!("ready for `cargo xtask test`");
        ExitCode::SUCCESS
    } else {
        println!(
            "not ready: `cargo xtask test` installs system packages on Debian and its relatives, see above otherwise"
        );
        ExitCode::FAILURE
    }
}

fn report(repository: &Repository, tool: &Tool, absent: &str) -> bool {
    let look = tool.look(repository);
    match &look {
        Ok(version) => println!("{:12} {version}", tool.name),
        Err(_) => {
            println!(
                "{:12} {absent}: {}\n{:12}   get it: {}",
                tool.name, tool.purpose, "", tool.elsewhere
            );
        }
    }
    look.is_ok()
}

/// Whether there is room; a system that does not say is taken at its word.
fn disk(repository: &Repository) -> bool {
    let root = repository.root.to_string_lossy().into_owned();
    let free = answer(&mut repository.command("df", &["-Pk", &root]))
        .ok()
        .and_then(|text| free_mib(&text));
    match free {
        None => println!(
            "{:12} unknown: df did not say; {NEEDED_DISK_MIB} MiB are enough",
            "disk"
        ),
        Some(free) if free >= NEEDED_DISK_MIB => println!("{:12} {free} MiB free", "disk"),
        Some(free) => {
            println!(
                "{:12} MISSING: {free} MiB free, {NEEDED_DISK_MIB} MiB wanted",
                "disk"
            );
            return false;
        }
    }
    true
}

/// The fourth column of the second line of `df -Pk`, which POSIX fixes, in MiB.
fn free_mib(text: &str) -> Option<u64> {
    let kib: u64 = text.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()?;
    Some(kib / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_space_is_read_from_the_portable_form_of_df() {
        let text =
            "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/disk1 1000000 1 2097152 50% /\n";
        assert_eq!(free_mib(text), Some(2048));
        assert_eq!(free_mib("df: no such file"), None);
    }
}
