//! What commands that reach the server share: waiting for it, and saying how it stands. And `ayumi sync`.

use std::collections::BTreeSet;
use std::io::Write as _;

use ayumi_core::chat::Attention;
use ayumi_core::sync::engine::{Blocked, Phase, SyncStatus, Trouble};
use ayumi_protocol::id::{CaseId, OpId};

use crate::arguments::{SyncArguments, Wait};
use crate::commands::live::{self, Live};
use crate::context::Context;
use crate::exchange_words::Said;
use crate::failure::Failure;
use crate::labels::Labels;

/// Exchanges with the server, unless that is not wanted. What stands in the way is told on standard error: what was written is kept
/// whatever comes of it.
pub(crate) fn exchange(context: &Context, wait: Wait) -> Result<(), Failure> {
    if wait.offline {
        return Ok(());
    }
    let outcome = context.app.sync().sync_now(wait.limit())?;
    let labels = context.labels;
    let mut error = std::io::stderr();
    if let Some(line) = trouble(labels, &outcome.status) {
        writeln!(error, "{line}")?;
    } else if !outcome.is_complete {
        writeln!(error, "{}", labels.word(Said::NotFinished))?;
    }
    Ok(())
}

/// What stands in the way of an exchange, if anything does.
pub(crate) fn trouble(labels: Labels, status: &SyncStatus) -> Option<&'static str> {
    if let Phase::Blocked(blocked) = status.phase {
        return Some(labels.word(match blocked {
            Blocked::SignedOut => Said::NotSignedIn,
            Blocked::SessionOver => Said::BlockedSessionOver,
            Blocked::Suspended => Said::BlockedSuspended,
            Blocked::UpdateNeeded => Said::BlockedUpdate,
            Blocked::ConsentNeeded => Said::BlockedConsent,
            Blocked::Storage => Said::BlockedStorage,
        }));
    }
    status.trouble.map(|trouble| labels.word(trouble_word(trouble)))
}

const fn trouble_word(trouble: Trouble) -> Said {
    match trouble {
        Trouble::Offline => Said::Offline,
        Trouble::CaptivePortal => Said::CaptivePortal,
        Trouble::Tls => Said::TlsTrouble,
        Trouble::ClockSuspect => Said::ClockTrouble,
        Trouble::ServerTrouble => Said::ServerTrouble,
    }
}

/// Why something was not sent, and what can be done.
pub(crate) fn attention(labels: Labels, attention: &Attention) -> String {
    match attention {
        Attention::Refused(code) => labels.say(Said::Refused, &[("code", code)]),
        Attention::PictureMissing => labels.word(Said::PictureMissing).to_owned(),
        Attention::ParentNotSent => labels.word(Said::ParentNotSent).to_owned(),
        Attention::NoLongerAssigned => labels.word(Said::NoLongerAssigned).to_owned(),
        Attention::TooOld => labels.word(Said::TooOld).to_owned(),
        Attention::KeepsFailing => labels.word(Said::KeepsFailing).to_owned(),
    }
}

/// The operations that are on their way at this moment.
pub(crate) fn sending(context: &Context) -> BTreeSet<OpId> {
    context.app.sync().sending()
}

/// How the exchange stands, line by line.
pub(crate) fn status_lines(context: &Context, status: &SyncStatus) -> Vec<String> {
    let labels = context.labels;
    let mut lines = Vec::new();
    if let Some(trouble) = trouble(labels, status) {
        lines.push(trouble.to_owned());
    }
    match status.phase {
        Phase::Syncing => lines.push(labels.word(Said::PhaseSyncing).to_owned()),
        Phase::Waiting { after } => {
            let seconds = after.as_secs().saturating_add(1);
            lines.push(labels.say(Said::PhaseWaiting, &[("seconds", &seconds)]));
        }
        Phase::Idle if status.trouble.is_none() && status.last_success_at.is_some() => {
            lines.push(labels.word(Said::PhaseIdle).to_owned());
        }
        Phase::Idle | Phase::Blocked(_) => {}
    }
    lines.push(match status.last_success_at {
        Some(at) => labels.say(Said::LastContact, &[("time", &context.date_and_time(at))]),
        None => labels.word(Said::NoContactYet).to_owned(),
    });
    let waiting = status.waiting;
    let by_itself = waiting.unsent.saturating_sub(waiting.attention);
    if by_itself > 0 {
        lines.push(labels.say(Said::WaitsToBeSent, &[("count", &by_itself)]));
    } else if waiting.unsent == 0 {
        lines.push(labels.word(Said::AllSent).to_owned());
    }
    if waiting.attention > 0 {
        lines.push(labels.say(Said::NeedAttention, &[("count", &waiting.attention)]));
    }
    for upload in &status.uploads {
        let percent = u64::from(upload.sent_bytes)
            .saturating_mul(100)
            .checked_div(u64::from(upload.length_bytes))
            .unwrap_or(0);
        let kilobytes = upload.length_bytes.div_ceil(1000);
        lines.push(labels.say(Said::Upload, &[("percent", &percent), ("kilobytes", &kilobytes)]));
    }
    lines
}

/// `ayumi sync`.
pub(crate) fn run(context: &Context, arguments: SyncArguments) -> Result<(), Failure> {
    let wait = Wait {
        limit: arguments.limit,
        offline: false,
    };
    if arguments.watch {
        return live::run(context, &mut Status, wait);
    }
    let outcome = context.app.sync().sync_now(wait.limit())?;
    let mut out = std::io::stdout().lock();
    let exchanged = [
        ("sent", &outcome.sent as &dyn std::fmt::Display),
        ("received", &outcome.received),
    ];
    writeln!(out, "{}", context.labels.say(Said::Exchanged, &exchanged))?;
    for line in status_lines(context, &outcome.status) {
        writeln!(out, "{line}")?;
    }
    if !outcome.is_complete {
        writeln!(out, "{}", context.labels.word(Said::NotFinished))?;
    }
    Ok(())
}

/// The status as a live view.
struct Status;

impl Live for Status {
    fn case_id(&self) -> Option<CaseId> {
        None
    }

    fn lines(&self, context: &Context) -> Result<Vec<String>, Failure> {
        Ok(status_lines(context, &context.app.sync().status()?))
    }

    fn typed(&mut self, _: &Context, _: &str) -> Result<(), Failure> {
        Ok(())
    }
}
