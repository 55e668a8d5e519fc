//! The program: `ayumi-server` serves, `ayumi-server admin ...` is for its operator.

use std::io;
use std::process::ExitCode;

use ayumi_server::settings::{Command, CommandLine, LogForm, Notify};
use ayumi_server::store::exchange_hints;
use ayumi_server::{admin, serve};
use clap::Parser as _;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    let line = CommandLine::parse();
    log_to_standard_error(line.serving.log);
    // What a panic says may quote what somebody wrote.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a panic");
    }));
    let done = run(line).await;
    let (printed, code) = match done {
        Ok(text) => (writeln_to(&mut io::stdout(), &text), ExitCode::SUCCESS),
        Err(reason) => (
            writeln_to(&mut io::stderr(), &format!("ayumi-server: {reason}")),
            ExitCode::FAILURE,
        ),
    };
    // Whoever reads may have gone away.
    printed.map_or(ExitCode::FAILURE, |()| code)
}

async fn run(line: CommandLine) -> Result<String, String> {
    // One provider of cryptography in the whole build; a second one would make rustls panic when it has to choose.
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| "the provider of cryptography was chosen twice".to_owned())?;
    match line.command {
        Some(Command::Admin { command }) => admin::run(&line.place, command).await,
        None | Some(Command::Serve) => {
            let _lock = line.place.lock()?;
            let server = line.place.open().await?;
            tracing::info!(
                listen = %line.serving.listen,
                store = server.store.engine().name(),
                data = %line.place.data.display(),
                "serving; a new store begins with `ayumi-server admin society-create`",
            );
            if let (Notify::On, Ok(Some(settings))) = (line.serving.notify, line.place.postgres()) {
                exchange_hints(server.waiters.clone(), settings, server.host.clone());
            }
            serve::serve(server, &line.serving).await?;
            Ok("stopped".to_owned())
        }
    }
}

fn writeln_to(out: &mut impl io::Write, text: &str) -> io::Result<()> {
    writeln!(out, "{text}")?;
    out.flush()
}

fn log_to_standard_error(form: LogForm) {
    let filter = EnvFilter::try_from_env("AYUMI_LOG_LEVEL").unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_env_filter(filter);
    match form {
        LogForm::Text => log.init(),
        LogForm::Json => log.json().init(),
    }
}
