//! First step of `test`: installs what is missing, and only that, so that a complete machine asks no network.

use crate::repository::{Repository, answer, must};
use crate::steps::Outcome;
use crate::tools::{self, Tool};

/// Installs the needed tools on Debian and its relatives; elsewhere says what to install.
pub(crate) fn run(repository: &Repository) -> Outcome {
    let missing = tools::missing(repository);
    if missing.is_empty() {
        eprintln!(
            "nothing to install: {} are here",
            tools::names(&tools::NEEDED.iter().collect::<Vec<_>>())
        );
        return Outcome::Passed;
    }
    install(repository, &missing).into()
}

fn install(repository: &Repository, missing: &[&Tool]) -> Result<(), String> {
    let Some(prefix) = administrator(repository) else {
        return Err(format!("missing: {}\n{}", tools::names(missing), advice(missing)));
    };
    let apt = |arguments: &[&str]| {
        let words: Vec<&str> = prefix
            .iter()
            .copied()
            .chain(["apt-get"])
            .chain(arguments.iter().copied())
            .collect();
        let (program, arguments) = words.split_first().ok_or("no program to start")?;
        // Without a person at the terminal a package's question would wait for ever.
        must(
            repository
                .command(program, arguments)
                .env("DEBIAN_FRONTEND", "noninteractive"),
        )
    };
    apt(&["update"])?;
    let packages = missing.iter().flat_map(|tool| tool.debian.split(' '));
    apt(&["install", "--yes", "--no-install-recommends"]
        .into_iter()
        .chain(packages)
        .collect::<Vec<_>>())?;
    let still = tools::missing(repository);
    if still.is_empty() {
        Ok(())
    } else {
        Err(format!(
            "still missing after the installation: {}\n{}",
            tools::names(&still),
            advice(&still)
        ))
    }
}

/// The words before `apt-get` that make it run with rights: none as root, sudo if it asks no password.
/// `None` where there is no apt or no right to use it.
fn administrator(repository: &Repository) -> Option<&'static [&'static str]> {
    let works = |program: &str, arguments: &[&str]| answer(&mut repository.command(program, arguments));
    works("apt-get", &["--version"]).ok()?;
    if works("id", &["-u"]).is_ok_and(|user| user.trim() == "0") {
        return Some(&[]);
    }
    works("sudo", &["-n", "true"])
        .ok()
        .map(|_| ["sudo", "-n"].as_slice())
}

fn advice(missing: &[&Tool]) -> String {
    let packages: Vec<&str> = missing.iter().map(|tool| tool.debian).collect();
    let mut lines = vec![format!(
        "Debian and its relatives: apt-get install {}",
        packages.join(" ")
    )];
    lines.extend(
        missing
            .iter()
            .map(|tool| format!("elsewhere: {} ({})", tool.elsewhere, tool.purpose)),
    );
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_advice_names_packages_and_purposes() {
        let advice = advice(&tools::NEEDED.iter().collect::<Vec<_>>());
        assert!(
            advice.contains("apt-get install gcc libc6-dev make perl"),
            "{advice}"
        );
        assert!(advice.contains("OpenSSL"), "{advice}");
    }
}
