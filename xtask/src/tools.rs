//! The programs that the build and the tests need, and where each comes from.

use crate::repository::{Repository, answer};

/// A program from outside the repository.
pub(crate) struct Tool {
    /// As people call it.
    pub name: &'static str,
    /// Program and arguments that succeed when it is there and complete.
    probe: &'static [&'static str],
    /// What it is for.
    pub purpose: &'static str,
    /// Package of Debian and its relatives.
    pub debian: &'static str,
    /// How to get it elsewhere.
    pub elsewhere: &'static str,
}

impl Tool {
    /// First line of what the probe printed, or why it failed.
    pub(crate) fn look(&self, repository: &Repository) -> Result<String, String> {
        let Some((program, arguments)) = self.probe.split_first() else {
            return Err(format!("{} has no probe", self.name));
        };
        let text = answer(&mut repository.command(program, arguments))?;
        Ok(text.lines().next().unwrap_or_default().to_owned())
    }
}

/// What a fresh machine with Rust may lack, and `prepare` installs.
pub(crate) const NEEDED: &[Tool] = &[
    Tool {
        name: "cc",
        probe: &["cc", "--version"],
        purpose: "compiles SQLite and links everything",
        debian: "gcc libc6-dev",
        elsewhere: "a C compiler: Xcode command line tools on macOS, build-essential or base-devel on Linux",
    },
    Tool {
        name: "make",
        probe: &["make", "--version"],
        purpose: "builds OpenSSL for the encrypted engine",
        debian: "make",
        elsewhere: "part of Xcode command line tools, build-essential, base-devel",
    },
    Tool {
        name: "perl",
        // OpenSSL's configuration needs these modules; the smallest installations of perl come without them.
        probe: &[
            "perl",
            "-MFindBin",
            "-MIPC::Cmd",
            "-MTime::Piece",
            "-e",
            "print qq(perl $^V\\n)",
        ],
        purpose: "configures OpenSSL for the encrypted engine",
        debian: "perl",
        elsewhere: "perl with its core modules (perl-core on Fedora and its relatives)",
    },
    Tool {
        name: "postgresql",
        // Debian keeps the server's programs out of the search path.
        probe: &[
            "sh",
            "-c",
            "command -v initdb || ls /usr/lib/postgresql/*/bin/initdb",
        ],
        purpose: "server tests: each test process starts a database server of its own in a temporary folder",
        debian: "postgresql",
        elsewhere: "PostgreSQL 14 or newer with initdb, from the distribution; none of it has to run",
    },
    Tool {
        name: "python",
        probe: &[
            "python3",
            "-c",
            "import ensurepip, sys; print('Python', sys.version.split()[0])",
        ],
        purpose: "runs schemathesis, which holds the server to its description",
        debian: "python3 python3-venv",
        elsewhere: "Python 3.10 or newer with venv",
    },
    Tool {
        name: "curl",
        probe: &["curl", "--version"],
        purpose: "server/tests/walkthrough.rs: runs the commands of docs/walkthrough.md",
        debian: "curl",
        elsewhere: "curl, from the distribution",
    },
    // Elsewhere there is none, and the step says so.
    #[cfg(target_os = "linux")]
    Tool {
        name: "strace",
        probe: &["strace", "--version"],
        purpose: "tests/tests/file_faults.rs: makes file operations of a real process fail",
        debian: "strace",
        elsewhere: "strace, from the distribution",
    },
];

/// The tool chain itself; rustup brings all of it from rust-toolchain.toml.
pub(crate) const RUST: &[Tool] = &[
    Tool {
        name: "rustc",
        probe: &["rustc", "--version"],
        purpose: "compiles",
        debian: "rustup",
        elsewhere: "rustup, which reads rust-toolchain.toml",
    },
    Tool {
        name: "cargo",
        probe: &["cargo", "--version"],
        purpose: "builds and tests",
        debian: "rustup",
        elsewhere: "rustup, which reads rust-toolchain.toml",
    },
    Tool {
        name: "rustfmt",
        probe: &["cargo", "fmt", "--version"],
        purpose: "checks the format",
        debian: "rustup",
        elsewhere: "rustup component add rustfmt",
    },
    Tool {
        name: "clippy",
        probe: &["cargo", "clippy", "--version"],
        purpose: "lints",
        debian: "rustup",
        elsewhere: "rustup component add clippy",
    },
];

/// What only some commands need.
pub(crate) const OPTIONAL: &[Tool] = &[
    Tool {
        name: "git",
        probe: &["git", "--version"],
        purpose: "history; no command here needs it",
        debian: "git",
        elsewhere: "git",
    },
    NIGHTLY,
    CARGO_FUZZ,
];

/// The compiler that fuzzing needs for its sanitizer.
pub(crate) const NIGHTLY: Tool = Tool {
    name: "nightly",
    probe: &["cargo", "+nightly", "--version"],
    purpose: "cargo xtask fuzz: only the nightly compiler has the sanitizer",
    debian: "rustup",
    elsewhere: "rustup toolchain install nightly --profile minimal",
};

/// The fuzzing front end.
pub(crate) const CARGO_FUZZ: Tool = Tool {
    name: "cargo-fuzz",
    probe: &["cargo", "+nightly", "fuzz", "--version"],
    purpose: "cargo xtask fuzz",
    debian: "rustup",
    elsewhere: "cargo install cargo-fuzz --locked",
};

/// Those of the needed tools that are not there.
pub(crate) fn missing(repository: &Repository) -> Vec<&'static Tool> {
    NEEDED
        .iter()
        .filter(|tool| tool.look(repository).is_err())
        .collect()
}

/// `cc, make`: for sentences.
pub(crate) fn names(tools: &[&Tool]) -> String {
    tools.iter().map(|tool| tool.name).collect::<Vec<_>>().join(", ")
}
