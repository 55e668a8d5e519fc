//! The sentences of a test: which request, then what happens to it.

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};

use super::Proxy;
use super::gate::Gate;
use super::rule::{Answer, Answers, Inner, Matcher, Of, Portion, Rule, State, Treatment};

/// Bytes after which a body "without end" gives up, so that a client without limits fails instead of hanging: 8 GiB.
const NEARLY_ENDLESS_BYTES: u64 = 8 << 30;

/// Names the requests that a treatment is for. Made by [`Proxy::next`] and its siblings.
#[derive(Debug, Clone)]
#[must_use = "says which request, but not yet what happens to it"]
pub struct Next<'proxy> {
    proxy: &'proxy Proxy,
    matcher: Matcher,
    skip: usize,
    count: Option<usize>,
}

impl<'proxy> Next<'proxy> {
    pub(super) fn new(proxy: &'proxy Proxy, prefix: &str, count: Option<usize>) -> Self {
        let matcher = Matcher {
            prefix: prefix.to_owned(),
            method: None,
        };
        Self {
            proxy,
            matcher,
            skip: 0,
            count,
        }
    }

    /// Only requests with this method, for example `PATCH`.
    pub fn with_method(mut self, method: &str) -> Self {
        self.matcher.method = Some(method.to_owned());
        self
    }

    /// The next `count` of them instead of one.
    pub fn times(mut self, count: usize) -> Self {
        self.count = Some(count);
        self
    }

    /// Lets `count` of them pass first.
    pub fn after(mut self, count: usize) -> Self {
        self.skip = count;
        self
    }

    fn treated(self, treatment: Treatment) -> Rule {
        let rule = Rule(Arc::new(Inner {
            matcher: self.matcher,
            state: Mutex::new(State {
                treatment,
                skip: self.skip,
                left: self.count,
            }),
            happened: AtomicUsize::new(0),
        }));
        self.proxy.add(rule.clone());
        rule
    }

    fn gated(self, treatment: impl FnOnce(Gate) -> Treatment) -> Gate {
        let gate = Gate::closed();
        self.treated(treatment(gate.clone()));
        gate
    }

    /// Passes untouched: an exception from a rule that was made later.
    pub fn passes(self) -> Rule {
        self.treated(Treatment::Pass)
    }

    /// Never reaches the server; the client's connection is reset.
    pub fn request_lost(self) -> Rule {
        self.treated(Treatment::RequestLost)
    }

    /// The server answers, then the client's connection is reset before a byte of the answer (F32).
    pub fn response_lost(self) -> Rule {
        self.treated(Treatment::ResponseLost)
    }

    /// The server gets a part of the body and then the end of its connection; the client's connection is reset.
    pub fn request_cut_after(self, portion: Portion) -> Rule {
        self.treated(Treatment::RequestCut(portion))
    }

    /// The server gets a part of the body, then nothing moves until the gate opens or the client gives up (F41).
    pub fn request_stalls_after(self, portion: Portion) -> Gate {
        self.gated(|gate| Treatment::RequestStalls(portion, gate))
    }

    /// The request waits at the gate before the server gets it.
    pub fn request_held(self) -> Gate {
        self.gated(Treatment::RequestHeld)
    }

    /// The server answers, the answer waits at the gate.
    pub fn response_held(self) -> Gate {
        self.gated(Treatment::ResponseHeld)
    }

    /// The answer is kept until the answer to a later request that the same sentence names has been sent (F35).
    /// For a client with several requests at once; one that waits for each answer would wait for ever.
    pub fn response_overtaken(self) -> Rule {
        self.treated(Treatment::Overtaken)
    }

    /// The server gets the request, but the client gets the server's answer to the request before, to the same path
    /// (F35: an old page arrives late). The right answer if there was none before.
    pub fn old_answer_again(self) -> Rule {
        self.treated(Treatment::OldAnswer)
    }

    /// The server gets the request twice, one after the other (F34). [`Proxy::deliver_again`] does it later.
    pub fn duplicated_with_answer(self, of: Of) -> Rule {
        self.treated(Treatment::Duplicated(of))
    }

    /// Answered by the proxy with a status and a short text, as intermediaries do: no problem document (F33, F37, F43).
    /// The server does not get the request, unless [`Answers::after_the_server`] follows.
    pub fn answers(self, status: u16) -> Answers {
        let answer = Answer {
            status,
            headers: vec![("content-type".to_owned(), "text/plain".to_owned())],
            body: b"said by the proxy\n".to_vec(),
        };
        Answers::new(self.treated(Treatment::Says {
            answer,
            after_server: false,
        }))
    }

    /// 200 with a page for people (F37).
    pub fn captive_portal(self) -> Answers {
        self.answers(200).with_body(
            "text/html; charset=utf-8",
            "<!doctype html><title>Welcome</title><p>Please accept.",
        )
    }

    /// 307 to another address (F38).
    pub fn redirected_to(self, location: &str) -> Answers {
        self.answers(307).with_header("location", location)
    }

    /// The server's answer, after a change by the test: unknown kinds, another offset, a body that does not fit its
    /// `ETag`, a 304 (F42, F50, F85).
    pub fn response_changed(self, change: impl Fn(&mut Answer) + Send + Sync + 'static) -> Rule {
        self.treated(Treatment::Changed("response changed", Arc::new(change)))
    }

    /// The server's answer under another content type (F37).
    pub fn content_type(self, wrong: &str) -> Rule {
        let wrong = wrong.to_owned();
        let change = move |answer: &mut Answer| answer.set_header("content-type", &wrong);
        self.treated(Treatment::Changed("wrong content type", Arc::new(change)))
    }

    /// The server's answer with a field of `bytes` more.
    pub fn header_of(self, bytes: usize) -> Rule {
        let change = move |answer: &mut Answer| answer.set_header("x-padding", &"x".repeat(bytes));
        self.treated(Treatment::Changed("huge header", Arc::new(change)))
    }

    /// A part of the server's body, with a length that fits it: only its content shows that it is broken (F36).
    pub fn content_truncated_to(self, portion: Portion) -> Rule {
        let change = move |answer: &mut Answer| answer.body.truncate(portion.of(answer.body.len()));
        self.treated(Treatment::Changed("content truncated", Arc::new(change)))
    }

    /// The head and `body_bytes` of the server's answer, then the end of the connection. The end comes in order, so that
    /// the bytes before it arrive for certain.
    pub fn response_cut_after(self, body_bytes: usize) -> Rule {
        self.treated(Treatment::ResponseCut(body_bytes))
    }

    /// The server's answer with a `Content-Length` that is wrong by `bytes`: too long if positive, too short if negative.
    /// Then the connection ends.
    pub fn length_wrong_by(self, bytes: i64) -> Rule {
        self.treated(Treatment::LengthOff(bytes))
    }

    /// The server's answer byte by byte, head included, each of which waits at the gate (F40).
    pub fn response_trickles(self) -> Gate {
        self.gated(Treatment::Trickles)
    }

    /// 200 and a JSON body of so many bytes, made up by the proxy, without a `Content-Length` (F48).
    pub fn body_of(self, bytes: u64) -> Rule {
        self.treated(Treatment::Huge(bytes))
    }

    /// As [`Next::body_of`] until the client hangs up; ends after 8 GiB.
    pub fn endless_body(self) -> Rule {
        self.body_of(NEARLY_ENDLESS_BYTES)
    }

    /// 200 and a packed body that unpacks to so many zero bytes; about a thousandth of it on the wire (F48).
    pub fn gzip_bomb_of(self, unpacked_bytes: u64) -> Rule {
        self.treated(Treatment::Bomb(unpacked_bytes))
    }
}
