//! `cargo xtask bench [WHAT]`: figures beside the bare limit of the same run.

use std::process::ExitCode;

use crate::repository::{Repository, end, must};

/// Runs the benchmark program with the given arguments.
pub(crate) fn run(repository: &Repository, arguments: &[String]) -> ExitCode {
    if let Some(("server", options)) = arguments
        .split_first()
        .map(|(what, options)| (what.as_str(), options))
    {
        return end(server(repository, options));
    }
    let mut command = repository.cargo(&[
        "run",
        "--release",
        "--locked",
        "--package",
        "ayumi-tests",
        "--bin",
        "bench",
        "--",
    ]);
    end(must(command.args(arguments)))
}

/// The server under load. Ten thousand connections need as many open files as the machine allows, on both sides.
fn server(repository: &Repository, options: &[String]) -> Result<(), String> {
    let mut command = repository.command(
        "sh",
        &[
            "-c",
            r#"ulimit -n "$(ulimit -Hn)"; exec "$@""#,
            "sh",
            "cargo",
            "bench",
            "--locked",
            "--package",
            "ayumi-server",
            "--bench",
            "load",
            "--",
        ],
    );
    must(command.args(options))
}
