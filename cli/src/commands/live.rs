//! A view that is drawn again whenever something changes. It costs nothing in between: it sleeps until the core gives notice, a line is
//! typed, or the next try is due.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use ayumi_core::sync::engine::Phase;
use ayumi_protocol::id::CaseId;

use crate::arguments::Wait;
use crate::commands::exchange::exchange;
use crate::context::Context;
use crate::failure::Failure;

/// What is drawn.
pub(crate) trait Live {
    /// The conversation that is on screen.
    fn case_id(&self) -> Option<CaseId>;

    /// Every line, as it is now.
    fn lines(&self, context: &Context) -> Result<Vec<String>, Failure>;

    /// A line was typed.
    fn typed(&mut self, context: &Context, line: &str) -> Result<(), Failure>;

    /// It stands on the screen. Returns after how long to look again, if something is left to do.
    fn seen(&self, _: &Context) -> Result<Option<Duration>, Failure> {
        Ok(None)
    }
}

enum Event {
    Changed,
    Typed(String),
    Ended,
}

/// Draws until the input ends, then exchanges what was written last.
pub(crate) fn run(context: &Context, view: &mut dyn Live, wait: Wait) -> Result<(), Failure> {
    let (events, happened) = channel();
    let changed = events.clone();
    let subscription = context.app.subscribe(move |_| {
        // Nobody listens any more: the view is being closed.
        let _ = changed.send(Event::Changed);
    });
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if events.send(Event::Typed(line)).is_err() {
                return;
            }
        }
        let _ = events.send(Event::Ended);
    });
    let sync = context.app.sync();
    sync.start()?;
    sync.open_case(view.case_id());
    let mut drawn = Vec::new();
    loop {
        let lines = view.lines(context)?;
        if lines != drawn {
            draw(&lines)?;
            drawn = lines;
        }
        let again = view.seen(context)?;
        let countdown = match sync.status()?.phase {
            Phase::Waiting { .. } => Some(Duration::from_secs(1)),
            _ => None,
        };
        let first = match again.into_iter().chain(countdown).min() {
            Some(limit) => match happened.recv_timeout(limit) {
                Ok(event) => event,
                Err(RecvTimeoutError::Timeout) => Event::Changed,
                Err(RecvTimeoutError::Disconnected) => Event::Ended,
            },
            None => happened.recv().unwrap_or(Event::Ended),
        };
        let mut is_over = false;
        // One picture for everything that came at once.
        for event in std::iter::once(first).chain(happened.try_iter()) {
            match event {
                Event::Changed => {}
                Event::Typed(line) => view.typed(context, &line)?,
                Event::Ended => is_over = true,
            }
        }
        if is_over {
            break;
        }
    }
    drop(subscription);
    sync.open_case(None);
    exchange(context, wait)?;
    let last = view.lines(context)?;
    if last != drawn {
        draw(&last)?;
    }
    Ok(sync.stop()?)
}

/// On a terminal in the place of the picture before; else below it, behind a line that separates them.
fn draw(lines: &[String]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    if out.is_terminal() {
        write!(out, "\x1b[2J\x1b[H")?;
    } else {
        writeln!(out, "--")?;
    }
    for line in lines {
        writeln!(out, "{line}")?;
    }
    Ok(out.flush()?)
}
