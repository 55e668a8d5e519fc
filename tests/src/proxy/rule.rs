//! Which request is treated, and how.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::gate::Gate;

/// An answer that a test looks at and changes before the client gets it.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// For example 200.
    pub status: u16,
    /// Fields in their order. `Content-Length` is written anew, unless the answer has no body by its nature.
    pub headers: Vec<(String, String)>,
    /// Never packed: the proxy asks the server for an answer without a content coding.
    pub body: Vec<u8>,
}

impl Answer {
    /// Replaces a field, or adds it.
    pub fn set_header(&mut self, name: &str, value: &str) {
        self.headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Answer")
            .field("status", &self.status)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// How much of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Portion {
    /// This many bytes, or the whole body if it is shorter.
    Bytes(usize),
    /// Hundredths of the body, rounded down.
    Percent(u8),
}

impl Portion {
    pub(super) fn of(self, whole: usize) -> usize {
        match self {
            Self::Bytes(count) => count.min(whole),
            Self::Percent(hundredths) => whole * usize::from(hundredths.min(100)) / 100,
        }
    }
}

/// Whose answer the client gets when its request was delivered twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// The answer to the first delivery.
    First,
    /// The answer to the second one.
    Second,
}

/// Changes an answer on its way.
type Change = Arc<dyn Fn(&mut Answer) + Send + Sync>;

#[derive(Clone)]
pub(super) enum Treatment {
    Pass,
    RequestLost,
    ResponseLost,
    RequestCut(Portion),
    RequestStalls(Portion, Gate),
    RequestHeld(Gate),
    ResponseHeld(Gate),
    Overtaken,
    Duplicated(Of),
    OldAnswer,
    Says { answer: Answer, after_server: bool },
    Changed(&'static str, Change),
    ResponseCut(usize),
    LengthOff(i64),
    Trickles(Gate),
    Huge(u64),
    Bomb(u64),
}

impl Treatment {
    /// The name in the record.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Pass => "passed",
            Self::RequestLost => "request lost",
            Self::ResponseLost => "response lost",
            Self::RequestCut(_) => "request cut",
            Self::RequestStalls(..) => "request stalled",
            Self::RequestHeld(_) => "request held",
            Self::ResponseHeld(_) => "response held",
            Self::Overtaken => "response overtaken",
            Self::Duplicated(_) => "request duplicated",
            Self::OldAnswer => "old answer",
            Self::Says {
                after_server: true, ..
            } => "answered by the proxy after the server",
            Self::Says { .. } => "answered by the proxy",
            Self::Changed(name, _) => name,
            Self::ResponseCut(_) => "response cut",
            Self::LengthOff(_) => "wrong length",
            Self::Trickles(_) => "response trickles",
            Self::Huge(_) => "huge body",
            Self::Bomb(_) => "gzip bomb",
        }
    }

    /// Whether the server must not pack its answer.
    pub(super) fn wants_plain(&self) -> bool {
        matches!(self, Self::Changed(..))
    }
}

/// Which requests a rule means.
#[derive(Debug, Clone, Default)]
pub(super) struct Matcher {
    pub(super) prefix: String,
    pub(super) method: Option<String>,
}

impl Matcher {
    pub(super) fn fits(&self, method: &str, path: &str) -> bool {
        path.starts_with(&self.prefix) && self.method.as_ref().is_none_or(|wanted| wanted == method)
    }
}

pub(super) struct State {
    pub(super) treatment: Treatment,
    /// Matching requests that pass first.
    pub(super) skip: usize,
    /// Requests still to be treated; `None` is all.
    pub(super) left: Option<usize>,
}

pub(super) struct Inner {
    pub(super) matcher: Matcher,
    pub(super) state: Mutex<State>,
    pub(super) happened: AtomicUsize,
}

/// A treatment that is in force. Dropping it leaves it in force.
#[derive(Clone)]
pub struct Rule(pub(super) Arc<Inner>);

impl fmt::Debug for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Rule")
            .field("matcher", &self.0.matcher)
            .field("happened", &self.happened())
            .finish_non_exhaustive()
    }
}

impl Rule {
    /// How many requests were treated by it so far.
    #[must_use]
    pub fn happened(&self) -> usize {
        self.0.happened.load(Ordering::SeqCst)
    }

    /// Treats no further request.
    pub fn ends(&self) {
        self.0.state.lock().expect("no panic").left = Some(0);
    }

    /// The treatment, if this request is one to treat.
    pub(super) fn take(&self, method: &str, path: &str) -> Option<Treatment> {
        if !self.0.matcher.fits(method, path) {
            return None;
        }
        let mut state = self.0.state.lock().expect("no panic");
        if state.left == Some(0) {
            return None;
        }
        if state.skip > 0 {
            state.skip -= 1;
            return None;
        }
        state.left = state.left.map(|left| left - 1);
        self.0.happened.fetch_add(1, Ordering::SeqCst);
        Some(state.treatment.clone())
    }

    fn with_answer(self, change: impl FnOnce(&mut Answer)) -> Self {
        if let Treatment::Says { answer, .. } = &mut self.0.state.lock().expect("no panic").treatment {
            change(answer);
        }
        self
    }
}

/// A made-up answer that is in force, to be completed before the request comes.
#[derive(Debug, Clone)]
pub struct Answers(Rule);

#[expect(
    clippy::return_self_not_must_use,
    reason = "the answer is in force already; its name need not be kept"
)]
impl Answers {
    pub(super) fn new(rule: Rule) -> Self {
        Self(rule)
    }

    /// With a field, which replaces one of the same name.
    pub fn with_header(self, name: &str, value: &str) -> Self {
        Self(self.0.with_answer(|answer| answer.set_header(name, value)))
    }

    /// With `Retry-After` in any form (RFC 9110, 10.2.3): seconds as `30`, a date as `Thu, 26 Nov 2026 12:00:00 GMT`,
    /// or nonsense as `1000000000`, `-1` or `soon`. Without this call the field is missing.
    pub fn with_retry_after(self, value: &str) -> Self {
        self.with_header("retry-after", value)
    }

    /// With a body of a type, for example a problem document.
    pub fn with_body(self, content_type: &str, body: &str) -> Self {
        Self(self.0.with_answer(|answer| {
            answer.set_header("content-type", content_type);
            body.as_bytes().clone_into(&mut answer.body);
        }))
    }

    /// The server gets the request and answers first; its answer is thrown away.
    pub fn after_the_server(self) -> Self {
        if let Treatment::Says { after_server, .. } = &mut self.0.0.state.lock().expect("no panic").treatment
        {
            *after_server = true;
        }
        self
    }

    /// The rule behind it, to count and to end it.
    pub fn rule(&self) -> Rule {
        self.0.clone()
    }
}
