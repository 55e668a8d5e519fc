//! `ayumi enrol`, `ayumi consent`, `ayumi transfer-code`, `ayumi sign-out`: from the first code to the last.

use std::io::Write as _;
use std::time::Duration;

use ayumi_core::case::Consent;
use ayumi_core::net::SyncError;
use ayumi_core::sync::engine::CommandError;
use ayumi_protocol::id::CaseId;
use zeroize::Zeroizing;

use crate::arguments::{Common, ConsentArguments, EnrolArguments, Reach, SignOutArguments, Wait};
use crate::commands::exchange::exchange;
use crate::connection::Connection;
use crate::context::Context;
use crate::exchange_words::Said;
use crate::failure::Failure;
use crate::secret_input::secret;
use crate::text::printable;

/// Opens the app of the folder at a server, which is kept for later commands.
pub(crate) fn at_server(
    common: &Common,
    reach: &Reach,
    work: impl FnOnce(&Context) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let folder = Context::folder(common)?;
    if let Some(address) = &reach.server {
        let read = |path: &std::path::PathBuf| {
            std::fs::read_to_string(path).map_err(|error| Failure::file(path, &error))
        };
        let connection = Connection {
            address: address.clone(),
            root_certificates: reach.root_certificate.as_ref().map(read).transpose()?,
        };
        // An address that is none is not kept.
        connection.config(&folder)?;
        connection.keep(&folder)?;
    }
    Context::with_folder(common, &folder, work)
}

pub(crate) fn enrol(common: &Common, arguments: &EnrolArguments) -> Result<(), Failure> {
    at_server(common, &arguments.reach, |context| {
        let code = match &arguments.code {
            Some(code) => Zeroizing::new(code.clone()),
            None => secret("AYUMI_CODE", "Code")?,
        };
        let sync = context.app.sync();
        let limit = Duration::from_secs(arguments.limit);
        if arguments.transfer {
            sync.transfer(&code, arguments.birth_date, arguments.keep_old, limit)?;
        } else {
            sync.enrol(&code, arguments.birth_date, limit)?;
        }
        writeln!(std::io::stdout(), "{}", context.labels.word(Said::SignedInAs))?;
        Ok(())
    })
}

pub(crate) fn staff_sign_in(
    common: &Common,
    login: &str,
    reach: &Reach,
    limit: Duration,
) -> Result<(), Failure> {
    at_server(common, reach, |context| {
        let password = secret("AYUMI_PASSWORD", "Password")?;
        let one_time_code = secret("AYUMI_ONE_TIME_CODE", "One-time code")?;
        context
            .app
            .sync()
            .staff_sign_in(login, &password, &one_time_code, limit)?;
        writeln!(std::io::stdout(), "{}", context.labels.word(Said::StaffSignedIn))?;
        Ok(())
    })
}

pub(crate) fn consent(context: &Context, arguments: &ConsentArguments) -> Result<(), Failure> {
    let labels = context.labels;
    let case_id = context.own_case()?;
    let cases = context.app.cases();
    let mut out = std::io::stdout();
    if arguments.withdraw {
        cases.withdraw_consent()?;
        writeln!(out, "{}", labels.word(Said::ConsentWithdrawn))?;
        return exchange(context, arguments.wait);
    }
    let text = context.app.sync().consent_text(arguments.wait.limit())?;
    let version = text.version.to_string();
    writeln!(
        out,
        "{}\n",
        labels.say(Said::ConsentTextHeading, &[("version", &version)])
    )?;
    for line in text.text.lines() {
        writeln!(out, "{}", printable(line))?;
    }
    writeln!(out)?;
    if arguments.agree {
        cases.give_consent(text.version, text.text_sha256)?;
        writeln!(
            out,
            "{}",
            labels.say(Said::ConsentGiven, &[("version", &version)])
        )?;
        return exchange(context, arguments.wait);
    }
    exchange(context, arguments.wait)?;
    let state = cases
        .record(case_id)?
        .map_or(Consent::None, |record| record.consent);
    writeln!(
        out,
        "{}",
        match &state {
            Consent::Given(version) => labels.say(Said::ConsentGiven, &[("version", &version)]),
            Consent::Withdrawn => labels.word(Said::ConsentWithdrawn).to_owned(),
            Consent::None => labels.word(Said::ConsentNone).to_owned(),
        }
    )?;
    if !matches!(state, Consent::Given(given) if given == text.version) {
        writeln!(out, "{}", labels.word(Said::ConsentHow))?;
    }
    Ok(())
}

/// `case_id`: for staff, whose code it is.
pub(crate) fn transfer_code(context: &Context, case_id: Option<CaseId>, wait: Wait) -> Result<(), Failure> {
    const MINUTE_MS: u64 = 60_000;
    let answer = context.app.sync().transfer_code(case_id, wait.limit())?;
    let labels = context.labels;
    let code = answer.code.expose();
    let minutes = answer.expires_in_ms / MINUTE_MS;
    let mut out = std::io::stdout();
    writeln!(out, "{}", labels.say(Said::TransferCode, &[("code", &code)]))?;
    writeln!(
        out,
        "{}",
        labels.say(Said::TransferCodeUntil, &[("minutes", &minutes)])
    )?;
    Ok(())
}

pub(crate) fn sign_out(context: &Context, arguments: SignOutArguments) -> Result<(), Failure> {
    let limit = Duration::from_secs(arguments.limit);
    let sync = context.app.sync();
    if context.app.account()?.is_none() {
        return Err(Failure::Usage(context.labels.word(Said::NotSignedIn).to_owned()));
    }
    // What can still be sent is sent first.
    sync.sync_now(limit)?;
    let unsent = sync.pending()?.unsent;
    if unsent > 0 && !arguments.discard_unsent {
        return Err(Failure::Usage(format!(
            "{unsent} things that you wrote or measured were not sent and would be lost: see ayumi sync and ayumi chat, or say --discard-unsent"
        )));
    }
    match sync.sign_out(limit) {
        // The server ended the session before.
        Ok(()) | Err(SyncError::Command(CommandError::SignedOut)) => {}
        Err(error) => return Err(error.into()),
    }
    context.app.wipe()?;
    writeln!(std::io::stdout(), "{}", context.labels.word(Said::SignedOut))?;
    Ok(())
}
