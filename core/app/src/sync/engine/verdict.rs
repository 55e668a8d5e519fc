//! What an answer means. Only a problem document with a code that this version knows may block, park or hold anything back; every
//! other failure is a reason to try again. Otherwise one bad deploy, or the sign-in page of a café, would park every message of
//! every phone.
//!
//! Source: sync.md 4.7.

use std::time::Duration;

use ayumi_protocol::limits;
use ayumi_protocol::problem::{Problem, ProblemClass, ProblemCode};
use ayumi_protocol::version::media_types;
use ayumi_protocol::wire::Wire;
use chrono::DateTime;

use super::request::{HttpAnswer, NoAnswer, Trouble};
use crate::time::UtcMillis;

/// What became of a request.
#[derive(Debug)]
pub(super) enum Verdict<T> {
    /// It was done.
    Done(T),
    /// Nobody knows, or the server cannot do it now.
    Again {
        /// What is wrong.
        trouble: Trouble,
        /// The wait that the server asked for.
        asked: Option<Duration>,
    },
    /// The server said why not.
    Refused {
        /// The reason; never a transient one.
        code: ProblemCode,
    },
}

impl<T> Verdict<T> {
    const fn again(trouble: Trouble) -> Self {
        Self::Again { trouble, asked: None }
    }
}

/// Judges an answer that is JSON if it is a success.
pub(super) fn of_json<T: Wire>(result: &Result<HttpAnswer, NoAnswer>, wall: UtcMillis) -> Verdict<T> {
    judge(result, wall, media_types::JSON, |answer| {
        T::parse(&answer.body).ok()
    })
}

/// Judges an answer, and reads it if it is a success of the expected content type.
pub(super) fn judge<T>(
    result: &Result<HttpAnswer, NoAnswer>,
    wall: UtcMillis,
    content_type: &str,
    read: impl FnOnce(&HttpAnswer) -> Option<T>,
) -> Verdict<T> {
    let answer = match result {
        Ok(answer) => answer,
        Err(none) => return Verdict::again(trouble_of(*none, wall)),
    };
    match answer.status {
        200..=299 if is_of(answer, content_type) => match read(answer) {
            Some(value) => Verdict::Done(value),
            // Cut off or garbled on the way.
            None => Verdict::again(Trouble::ServerTrouble),
        },
        200..=399 => Verdict::again(Trouble::CaptivePortal),
        status => refused(answer, status, wall),
    }
}

fn refused<T>(answer: &HttpAnswer, status: u16, wall: UtcMillis) -> Verdict<T> {
    let problem = is_of(answer, media_types::PROBLEM)
        .then(|| Problem::parse(&answer.body).ok())
        .flatten();
    let Some(problem) = problem else {
        let trouble = match status {
            408 | 425 | 429 | 500.. => Trouble::ServerTrouble,
            _ => Trouble::CaptivePortal,
        };
        // A portal must not silence a phone; a balancer in front of the server may ask for time.
        let asked = matches!(status, 429 | 503)
            .then(|| retry_after(answer, wall))
            .flatten();
        return Verdict::Again { trouble, asked };
    };
    match problem.code.class() {
        ProblemClass::Transient => Verdict::Again {
            trouble: Trouble::ServerTrouble,
            asked: problem
                .retry_after_ms
                .map(Duration::from_millis)
                .or_else(|| retry_after(answer, wall)),
        },
        ProblemClass::Blocked | ProblemClass::Dependency | ProblemClass::Permanent => {
            Verdict::Refused { code: problem.code }
        }
    }
}

fn trouble_of(none: NoAnswer, wall: UtcMillis) -> Trouble {
    match none {
        NoAnswer::Unreachable | NoAnswer::Broken | NoAnswer::Deadline | NoAnswer::Aborted => Trouble::Offline,
        // Certificates have dates: a clock that was never set cannot judge them.
        NoAnswer::Tls if is_suspect(wall) => Trouble::ClockSuspect,
        NoAnswer::Tls => Trouble::Tls,
        NoAnswer::TooLong | NoAnswer::Redirected => Trouble::CaptivePortal,
        NoAnswer::FileUnreadable => Trouble::ServerTrouble,
    }
}

/// 2020-01-01T00:00:00Z: no phone with this app shows an earlier time.
const YEAR_2020: UtcMillis = UtcMillis(1_577_836_800_000);

fn is_suspect(wall: UtcMillis) -> bool {
    wall < YEAR_2020 || wall >= UtcMillis::YEAR_2100
}

fn is_of(answer: &HttpAnswer, content_type: &str) -> bool {
    answer.content_type.as_deref().is_some_and(|value| {
        let essence = value.split(';').next().unwrap_or_default();
        essence.trim().eq_ignore_ascii_case(content_type)
    })
}

/// The wait that `Retry-After` asks for: seconds, or a date by the clock of whoever sent it. Bounded to an hour.
fn retry_after(answer: &HttpAnswer, wall: UtcMillis) -> Option<Duration> {
    let text = answer.retry_after.as_deref()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number holds ask for a long time.
        let seconds = text.parse().unwrap_or(u64::MAX);
        return Some(Duration::from_secs(seconds).min(limits::RETRY_AFTER_MOST));
    }
    let at = DateTime::parse_from_rfc2822(text).ok()?.timestamp_millis();
    // The sender's own clock if it told it: the phone's may be wrong.
    let now = answer
        .date
        .as_deref()
        .and_then(|date| DateTime::parse_from_rfc2822(date).ok())
        .map_or(wall.0, |date| date.timestamp_millis());
    let wait = u64::try_from(at.saturating_sub(now)).unwrap_or(0);
    Some(Duration::from_millis(wait).min(limits::RETRY_AFTER_MOST))
}

#[cfg(test)]
mod tests;
