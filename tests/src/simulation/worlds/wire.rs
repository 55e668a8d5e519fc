//! Requests and answers, each kept once and named by a number.

use std::collections::BTreeMap;

use ayumi_core::sync::engine::{HttpAnswer, HttpRequest, RequestBody};
use ayumi_protocol::version::headers;
use sha2::{Digest as _, Sha256};

/// The number of a request.
pub type RequestNumber = u32;
/// The number of an answer.
pub type AnswerNumber = u32;

/// Everything that was ever on its way.
#[derive(Default)]
pub struct Wire {
    requests: Vec<HttpRequest>,
    answers: Vec<HttpAnswer>,
    known: BTreeMap<[u8; 32], u32>,
}

impl Wire {
    /// The number of a request of a phone. Its id for the logs of the server is no part of it.
    pub fn request(&mut self, phone: usize, request: HttpRequest) -> RequestNumber {
        let mut sum = Sha256::new();
        sum.update([phone as u8, 0]);
        sum.update(request.path.as_bytes());
        for (name, value) in &request.headers {
            if *name != headers::REQUEST_ID {
                sum.update(name.as_bytes());
                sum.update(value.as_bytes());
            }
        }
        if let RequestBody::Json(bytes) = &request.body {
            sum.update(bytes);
        }
        let Self { requests, known, .. } = self;
        *known.entry(sum.finalize().into()).or_insert_with(|| {
            requests.push(request);
            requests.len() as u32 - 1
        })
    }

    /// The number of an answer.
    pub fn answer(&mut self, answer: HttpAnswer) -> AnswerNumber {
        let mut sum = Sha256::new();
        sum.update([0, 1]);
        sum.update(answer.status.to_le_bytes());
        for text in [&answer.content_type, &answer.retry_after, &answer.upload_offset] {
            sum.update(format!("{text:?}"));
        }
        sum.update(&answer.body);
        let Self { answers, known, .. } = self;
        *known.entry(sum.finalize().into()).or_insert_with(|| {
            answers.push(answer);
            answers.len() as u32 - 1
        })
    }

    /// Whether a request appends something: the others only read.
    pub fn appends(&self, number: RequestNumber) -> bool {
        self.request_of(number).path.starts_with("/v1/push")
    }

    /// A request by its number.
    pub fn request_of(&self, number: RequestNumber) -> &HttpRequest {
        &self.requests[number as usize]
    }

    /// An answer by its number.
    pub fn answer_of(&self, number: AnswerNumber) -> &HttpAnswer {
        &self.answers[number as usize]
    }
}
