//! Recorded requests of the app with what the server answered, for later servers to answer as well.
//!
//! ```text
//!   record: the real apps ── proxy ── the real server          replay: the file ── proxy ── the server of today
//!                              └── file                                               └── the same statuses and shapes
//! ```
//!
//! Invariants:
//! - The bytes of a request are those that the app sent, but for values that it can only have from a server or from a person; these
//!   are placeholders, and [`RULES`], which stand in each file, say what takes their place.
//! - A file is recorded once by the version it belongs to and never again: what is there is not written over.
//!
//! Source: faults.md 4.7, F73.

mod replay;
mod shape;
mod story;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use serde_json::{Map, Value, json};

use crate::proxy::{Exchange, Proxy};

pub use replay::replay;
pub use shape::differences;
pub use story::record;

/// What a reader of a file has to know.
pub const RULES: &[&str] = &[
    "Each exchange is one request of the app and the answer of the server of the same version, in the order in which they were answered.",
    "{{N/pointer}} in a path, a field or a body is the string that the answer to exchange N has at this JSON pointer (RFC 6901).",
    "{{invitation}} is a code for a participant born on 1975-04-01; {{password}} and {{one_time_code}} are those of a dietitian who signs in as `dietitian` and acts for her.",
    "Everything else is sent as it stands: ids that the app made, times of its clock, cursors, sums.",
    "Host, length, connection and the name of the program are left out of the fields. A body under `content-encoding: gzip` stands here unpacked and is packed again. `body_hex` is a body that is no text.",
    "An answer of today has the same status, content type and upload offset. Its body has every field that the recorded one has, of the same type; a word of lower-case letters, digits, dots and underscores that begins with a letter is the same word; for each element of a list there is one that fits. It may have more. Tokens and texts may differ.",
    "`answer_hex` is an answer that is no text; it is the same bytes.",
];

/// Fields of a request that belong to the connection or to the program.
const LEFT_OUT: &[&str] = &["host", "content-length", "connection", "user-agent"];

/// Strings of answers shorter than this are no ids.
const ID_BYTES: usize = 16;

/// Where the transcripts lie.
#[must_use]
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/transcripts")
}

/// A request and its answer as they stand in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// For example `POST`.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Fields in their order.
    pub fields: Vec<(String, String)>,
    /// The body, unpacked.
    pub body: Content,
    /// The status of the answer.
    pub status: u16,
    /// Its fields that have a meaning to the app.
    pub answer_fields: Vec<(String, String)>,
    /// Its body, unpacked.
    pub answer: Content,
}

/// A body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// JSON or another text.
    Text(String),
    /// Anything else.
    Bytes(Vec<u8>),
}

impl Content {
    fn of(wire: &[u8], is_packed: bool) -> Self {
        let mut bytes = Vec::new();
        if is_packed && !wire.is_empty() {
            GzDecoder::new(wire)
                .read_to_end(&mut bytes)
                .expect("a packed body");
        } else {
            bytes.extend_from_slice(wire);
        }
        match String::from_utf8(bytes) {
            Ok(text) => Self::Text(text),
            Err(error) => Self::Bytes(error.into_bytes()),
        }
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }

    /// As JSON; `None` if it is none.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(self.bytes()).ok()
    }
}

/// A field of a list, whatever the case of its name.
fn field<'f>(fields: &'f [(String, String)], name: &str) -> Option<&'f str> {
    let mut fields = fields.iter();
    let found = fields.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    Some(&found.1)
}

fn is_packed(fields: &[(String, String)]) -> bool {
    field(fields, "content-encoding") == Some("gzip")
}

/// An exchange of the proxy as it happened, without placeholders.
fn taken(proxy: &Proxy, exchange: &Exchange) -> Recorded {
    let fields = proxy.fields_with_secrets(exchange.number);
    let kept = |(name, value): (String, String)| {
        let name = name.to_ascii_lowercase();
        (!LEFT_OUT.contains(&name.as_str())).then_some((name, value))
    };
    let answer_fields = ["content-type", "upload-offset"]
        .into_iter()
        .filter_map(|name| {
            Some((
                name.to_owned(),
                field(&exchange.response_headers, name)?.to_owned(),
            ))
        })
        .collect();
    Recorded {
        method: exchange.method.clone(),
        path: exchange.path.clone(),
        fields: fields
            .expect("a whole request")
            .into_iter()
            .filter_map(kept)
            .collect(),
        body: Content::of(&exchange.request_body, is_packed(&exchange.request_headers)),
        status: exchange.status.expect("an answer"),
        answer_fields,
        answer: Content::of(&exchange.response_body, is_packed(&exchange.response_headers)),
    }
}

/// Strings of a document with their pointers.
fn strings(value: &Value, pointer: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::String(text) => found.push((pointer.to_owned(), text.clone())),
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                strings(value, &format!("{pointer}/{index}"), found);
            }
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                strings(value, &format!("{pointer}/{name}"), found);
            }
        }
        _ => {}
    }
}

/// Puts placeholders for what the app can only have from elsewhere. `given`: what people had, under the names of [`RULES`].
fn with_placeholders(exchanges: Vec<Recorded>, given: &[(&str, String)]) -> Vec<Recorded> {
    let mut known: Vec<(String, String)> = given
        .iter()
        .map(|(name, value)| (value.clone(), format!("{{{{{name}}}}}")))
        .collect();
    let mut sent = String::new();
    let mut done = Vec::new();
    for (number, mut exchange) in exchanges.into_iter().enumerate() {
        let mut texts: Vec<&mut String> = vec![&mut exchange.path];
        texts.extend(exchange.fields.iter_mut().map(|(_, value)| value));
        if let Content::Text(body) = &mut exchange.body {
            texts.push(body);
        }
        for text in texts {
            for (value, placeholder) in &known {
                *text = text.replace(value, placeholder);
            }
            sent.push_str(text);
            sent.push('\n');
        }
        let mut found = Vec::new();
        let answer = exchange.answer.json().unwrap_or_default();
        strings(&answer, "", &mut found);
        for (pointer, value) in found {
            let is_code = pointer == "/code" && exchange.status == 200;
            let is_id = value.len() >= ID_BYTES && !value.contains(char::is_whitespace);
            // What the app sent before is its own.
            let is_own = sent.contains(&value) || known.iter().any(|(known, _)| *known == value);
            if (is_code || is_id) && !is_own {
                known.push((value, format!("{{{{{number}{pointer}}}}}")));
            }
        }
        exchange.answer = masked(exchange.answer);
        done.push(exchange);
    }
    done
}

/// An answer without its tokens, which later exchanges name by their places.
fn masked(answer: Content) -> Content {
    fn mask(value: &mut Value) {
        match value {
            Value::Array(values) => values.iter_mut().for_each(mask),
            Value::Object(fields) => {
                for (name, value) in fields {
                    if name.ends_with("_token") {
                        *value = Value::String("(masked)".to_owned());
                    } else {
                        mask(value);
                    }
                }
            }
            _ => {}
        }
    }
    match answer.json() {
        Some(mut value) => {
            mask(&mut value);
            Content::Text(value.to_string())
        }
        None => answer,
    }
}

/// The text of a file.
#[must_use]
pub fn written(app_version: &str, exchanges: &[Recorded]) -> String {
    let map = |fields: &[(String, String)]| -> Map<String, Value> {
        let entry = |(name, value): &(String, String)| (name.clone(), Value::String(value.clone()));
        fields.iter().map(entry).collect()
    };
    let listed: Vec<Value> = exchanges
        .iter()
        .enumerate()
        .map(|(number, exchange)| {
            let mut value = json!({
                "number": number,
                "method": exchange.method,
                "path": exchange.path,
                "fields": map(&exchange.fields),
                "status": exchange.status,
                "answer_fields": map(&exchange.answer_fields),
            });
            match &exchange.body {
                Content::Text(text) => value["body"] = json!(text),
                Content::Bytes(bytes) => value["body_hex"] = json!(hex(bytes)),
            }
            match (&exchange.answer, exchange.answer.json()) {
                (_, Some(answer)) => value["answer"] = answer,
                (content, None) => value["answer_hex"] = json!(hex(content.bytes())),
            }
            value
        })
        .collect();
    let whole = json!({ "app_version": app_version, "rules": RULES, "exchanges": listed });
    serde_json::to_string_pretty(&whole).expect("a text") + "\n"
}

/// Reads the text of a file.
///
/// # Panics
/// If it is not one that [`written`] wrote.
#[must_use]
pub fn read(text: &str) -> Vec<Recorded> {
    let whole: Value = serde_json::from_str(text).expect("a transcript");
    let fields = |value: &Value| {
        let entry =
            |(name, value): (&String, &Value)| (name.clone(), value.as_str().expect("a field").to_owned());
        value.as_object().expect("fields").iter().map(entry).collect()
    };
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let exchange = |value: &Value| Recorded {
        method: text(&value["method"]),
        path: text(&value["path"]),
        fields: fields(&value["fields"]),
        body: match value["body"].as_str() {
            Some(body) => Content::Text(body.to_owned()),
            None => Content::Bytes(unhex(&text(&value["body_hex"]))),
        },
        status: u16::try_from(value["status"].as_u64().expect("a status")).expect("a status"),
        answer_fields: fields(&value["answer_fields"]),
        answer: match value.get("answer") {
            Some(answer) => Content::Text(answer.to_string()),
            None => Content::Bytes(unhex(&text(&value["answer_hex"]))),
        },
    };
    let exchanges = whole["exchanges"].as_array().expect("exchanges");
    exchanges.iter().map(exchange).collect()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |place: usize| u8::from_str_radix(&text[place..place + 2], 16).expect("digits");
    (0..text.len()).step_by(2).map(digit).collect()
}
