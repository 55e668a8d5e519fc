//! The programs of the product, built.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the programs are.
#[derive(Debug, Clone)]
pub struct Programs {
    /// The shell, `ayumi`.
    pub shell: PathBuf,
    /// `ayumi-server`.
    pub server: PathBuf,
}

impl Programs {
    /// These programs in a folder of one's own: a build beside a long run does not change them.
    ///
    /// # Panics
    /// If they cannot be copied.
    #[must_use]
    pub fn copied_to(&self, folder: &Path) -> Self {
        let copy = |program: &Path| {
            let to = folder.join(program.file_name().expect("a program"));
            std::fs::copy(program, &to).expect("a copy");
            to
        };
        Self {
            shell: copy(&self.shell),
            server: copy(&self.server),
        }
    }

    /// Builds the programs beside one of this package, with the same profile. What is built already is used.
    ///
    /// # Panics
    /// If they cannot be built.
    #[must_use]
    pub fn beside(program: &Path) -> Self {
        let folder = program.parent().expect("a folder of programs");
        let name = folder.file_name().and_then(|name| name.to_str());
        let profile = match name.expect("the name of a profile") {
            "debug" => "dev",
            other => other,
        };
        // With the whole workspace and for tests: another choice of packages has other features, and would build everything again
        // while somebody waits. A program is built with the tests of its package.
        let arguments = [
            "test",
            "--quiet",
            "--locked",
            "--workspace",
            "--no-run",
            "--test",
            "commands",
            "--test",
            "kill_server",
            "--profile",
            profile,
        ];
        let mut command = Command::new(env!("CARGO"));
        // `cargo test` describes this package in the environment. Handed on, it would make build scripts believe that something
        // changed, and build for minutes.
        for (name, _) in std::env::vars_os() {
            let describes_a_package = |name: &str| {
                ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"]
                    .iter()
                    .any(|start| name.starts_with(start))
            };
            if name.to_str().is_some_and(describes_a_package) {
                command.env_remove(name);
            }
        }
        let built = command
            .args(arguments)
            .arg("--target-dir")
            .arg(folder.parent().expect("the folder of all profiles"))
            .status();
        assert!(
            built.is_ok_and(|status| status.success()),
            "the programs are built"
        );
        Self {
            shell: folder.join("ayumi"),
            server: folder.join("ayumi-server"),
        }
    }
}
