//! What becomes of a request, as the seed says.

use std::time::Duration;

use ayumi_core::sync::engine::{HttpAnswer, NoAnswer};

use super::random::Dice;

/// The fate of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It arrives after a while, and so does its answer.
    Delivered,
    /// It never arrives.
    RequestLost,
    /// It arrives, and its answer does not.
    AnswerLost,
    /// It arrives twice; the first answer is taken.
    Duplicated,
    /// It arrives, and a proxy answers for the server.
    Answered(HttpAnswer),
    /// It does not arrive, and somebody else answers.
    Intercepted(HttpAnswer),
    /// It arrives long after its sender gave up.
    Late,
    /// It arrives, and the answer is cut off.
    CutOff,
    /// No connection came about.
    Refused(NoAnswer),
}

impl Fate {
    /// The name under which it is counted; `None` for the ordinary one.
    #[must_use]
    pub const fn fault(&self) -> Option<&'static str> {
        Some(match self {
            Self::Delivered => return None,
            Self::RequestLost => "request lost",
            Self::AnswerLost => "answer lost after the commit",
            Self::Duplicated => "request doubled",
            Self::Answered(_) => "proxy answers after the commit",
            Self::Intercepted(answer) if answer.status == 429 => "too many requests",
            Self::Intercepted(answer) if answer.status >= 500 => "server in trouble",
            Self::Intercepted(_) => "captive portal",
            Self::Late => "request late",
            Self::CutOff => "answer cut off",
            Self::Refused(_) => "no connection",
        })
    }
}

fn answer(status: u16, content_type: &str, body: &[u8], retry_after: Option<&str>) -> HttpAnswer {
    HttpAnswer {
        status,
        content_type: Some(content_type.to_owned()),
        retry_after: retry_after.map(str::to_owned),
        date: None,
        upload_offset: None,
        body: body.to_vec(),
    }
}

/// Draws the fate of a request.
pub fn draw(dice: &mut Dice) -> Fate {
    if !dice.happens(220) {
        return Fate::Delivered;
    }
    match dice.below(12) {
        0 | 1 => Fate::RequestLost,
        2 | 3 => Fate::AnswerLost,
        4 => Fate::Duplicated,
        5 => Fate::Answered(answer(
            *dice.one_of(&[502, 504, 520]),
            "text/html",
            b"<html>",
            None,
        )),
        6 => match dice.below(5) {
            0 => Fate::Intercepted(answer(200, "text/html", b"<html>sign in</html>", None)),
            1 => Fate::Intercepted(answer(302, "text/html", b"", None)),
            2 => Fate::Intercepted(answer(403, "text/html", b"no", None)),
            3 => Fate::Intercepted(answer(404, "application/json", b"{}", None)),
            _ => Fate::Intercepted(answer(200, "application/json", b"[1,2", None)),
        },
        7 => Fate::Intercepted(answer(
            *dice.one_of(&[500, 502, 503, 529]),
            "text/html",
            b"",
            *dice.one_of(&[None, Some("20"), Some("nonsense")]),
        )),
        8 => Fate::Intercepted(answer(
            429,
            "text/plain",
            b"",
            *dice.one_of(&[None, Some("15"), Some("90")]),
        )),
        9 => Fate::Late,
        10 => Fate::CutOff,
        _ => Fate::Refused(*dice.one_of(&[
            NoAnswer::Unreachable,
            NoAnswer::Broken,
            NoAnswer::Tls,
            NoAnswer::TooLong,
        ])),
    }
}

/// The wait that an intercepted answer asks for, in milliseconds.
#[must_use]
pub fn asked_wait_ms(answer: &HttpAnswer) -> u64 {
    answer
        .retry_after
        .as_deref()
        .and_then(|text| text.parse::<u64>().ok())
        .filter(|_| matches!(answer.status, 429 | 503))
        .unwrap_or(0)
        .saturating_mul(1000)
}

/// How long something is on its way.
pub fn delay(dice: &mut Dice) -> Duration {
    let ms = if dice.happens(900) {
        20 + dice.below(180)
    } else {
        200 + dice.below(6000)
    };
    Duration::from_millis(ms)
}
