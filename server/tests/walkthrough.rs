//! The commands of `docs/walkthrough.md`, run as they stand in an empty folder against the real program.

#![allow(missing_docs, reason = "a test")]
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

/// A JPEG of 8 by 8 grey pixels, as any encoder writes it.
const PICTURE: &[u8] = include_bytes!("support/grey.jpg");

/// A port that nobody listens on.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

#[test]
fn the_commands_of_the_page_do_what_it_says() {
    let page = include_str!("../../docs/walkthrough.md");
    let mut script = String::from("set -eu\ntrap 'kill $! 2>/dev/null || true' EXIT\n");
    let mut is_command = false;
    for line in page.lines() {
        match line {
            "```sh" => is_command = true,
            "```" => is_command = false,
            _ if is_command => {
                script.push_str(line);
                script.push('\n');
            }
            _ => {}
        }
    }
    assert!(script.lines().count() > 40, "the page has commands");
    let script = script
        .replace("127.0.0.1:8080", &format!("127.0.0.1:{}", free_port()))
        .replace("127.0.0.1:9090", &format!("127.0.0.1:{}", free_port()));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("picture.jpg"), PICTURE).unwrap();
    let programs = Path::new(env!("CARGO_BIN_EXE_ayumi-server")).parent().unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(folder.path())
        .env("PATH", path)
        .output()
        .unwrap();
    let (printed, errors) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{printed}\n{errors}");
}
