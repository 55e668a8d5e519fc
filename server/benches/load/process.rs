//! The server as a process, with what the system says about it.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use ayumi_server::testing::program::Program;

/// Clock ticks in a second, as the kernel counts processor time for programs.
const TICKS: f64 = 100.0;

/// A server under load.
#[derive(Debug)]
pub(crate) struct Measured {
    pub program: Program,
}

impl Measured {
    /// Starts the program of this build over a store, on one core where `taskset` can do that.
    pub(crate) fn start(data: &Path, store: &str) -> Self {
        let data = data.display().to_string();
        let arguments = [
            "--data",
            &data,
            "--store",
            store,
            "--pushes-per-minute",
            "100000000",
            "--push-burst",
            "100000000",
        ];
        let mut program = Program::start_logging(Path::new(env!("CARGO_BIN_EXE_ayumi-server")), &arguments);
        pin(program.pid(), "0");
        pin(std::process::id(), "1");
        program.wait_until_ready();
        Self { program }
    }

    /// Seconds of processor time that it has taken, for itself and in the kernel.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        let stat =
            fs::read_to_string(format!("/proc/{}/stat", self.program.pid())).expect("a process of ours");
        // The name of the program stands in parentheses; utime and stime are fields 14 and 15 of the line.
        let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
        let ticks: f64 = after_name
            .split(' ')
            .skip(11)
            .take(2)
            .filter_map(|field| field.parse::<f64>().ok())
            .sum();
        ticks / TICKS
    }

    /// Bytes in memory.
    pub(crate) fn resident_bytes(&self) -> f64 {
        let status =
            fs::read_to_string(format!("/proc/{}/status", self.program.pid())).expect("a process of ours");
        let kib = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.trim().strip_suffix(" kB"))
            .and_then(|number| number.parse::<f64>().ok());
        kib.expect("resident memory") * 1024.0
    }
}

/// Gives a process one core. Without `taskset` it shares all.
fn pin(pid: u32, core: &str) {
    let _ = Command::new("taskset")
        .args(["--all-tasks", "--cpu-list", "--pid", core, &pid.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}
