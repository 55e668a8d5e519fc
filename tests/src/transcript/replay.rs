//! Plays a transcript to a server.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use super::shape::differences;
use super::{Content, Recorded, field, is_packed, taken};
use crate::proxy::Proxy;
use crate::real_server::RealServer;

/// Sends every request of a transcript to a new server, and says where its answers are not as they were.
///
/// # Panics
/// If the server cannot be reached.
#[must_use]
pub fn replay(transcript: &[Recorded], server: &RealServer) -> Vec<String> {
    let proxy = Proxy::before(server.address);
    let (password, one_time_code) = server.credentials();
    let given = [
        ("{{invitation}}", server.invitation()),
        ("{{password}}", password),
        ("{{one_time_code}}", one_time_code),
    ];
    let mut answers: Vec<Value> = Vec::new();
    let mut found = Vec::new();
    for (number, recorded) in transcript.iter().enumerate() {
        let filled = |text: &str| filled(text, &given, &answers);
        let body = match &recorded.body {
            Content::Text(text) => filled(text).into_bytes(),
            Content::Bytes(bytes) => bytes.clone(),
        };
        let fields: Vec<(String, String)> = recorded
            .fields
            .iter()
            .map(|(name, value)| (name.clone(), filled(value)))
            .collect();
        send(&proxy, &recorded.method, &filled(&recorded.path), &fields, body);
        let today = taken(&proxy, &proxy.exchanges()[number]);
        let head = format!("{number} {} {}", recorded.method, recorded.path);
        found.extend(
            compared(recorded, &today)
                .into_iter()
                .map(|line| format!("{head}: {line}")),
        );
        answers.push(today.answer.json().unwrap_or_default());
    }
    found
}

fn compared(recorded: &Recorded, today: &Recorded) -> Vec<String> {
    let mut found = Vec::new();
    if recorded.status != today.status {
        let said = String::from_utf8_lossy(today.answer.bytes()).into_owned();
        found.push(format!(
            "the status was {} and is {}: {said}",
            recorded.status, today.status
        ));
        return found;
    }
    for (name, value) in &recorded.answer_fields {
        let now = field(&today.answer_fields, name);
        if now != Some(value) {
            found.push(format!("{name} was {value} and is {now:?}"));
        }
    }
    match (recorded.answer.json(), today.answer.json()) {
        (Some(recorded), Some(today)) => found.extend(differences(&recorded, &today)),
        (None, _) if recorded.answer == today.answer => {}
        _ => found.push("the bytes of the answer differ".to_owned()),
    }
    found
}

/// A text with the values of today in place of its placeholders. One whose value does not exist today stays, and the server refuses it.
fn filled(text: &str, given: &[(&str, String)], answers: &[Value]) -> String {
    let mut text = given
        .iter()
        .fold(text.to_owned(), |text, (name, value)| text.replace(name, value));
    let mut from = 0;
    while let Some(start) = text[from..].find("{{").map(|place| from + place)
        && let Some(end) = text[start..].find("}}").map(|place| start + place)
    {
        let named = &text[start + 2..end];
        let value = named.split_once('/').and_then(|(number, pointer)| {
            let answer = answers.get(number.parse::<usize>().ok()?)?;
            answer.pointer(&format!("/{pointer}"))?.as_str()
        });
        from = match value {
            Some(value) => {
                let value = value.to_owned();
                text.replace_range(start..end + 2, &value);
                start + value.len()
            }
            // Two braces of something else, such as JSON in JSON.
            None => start + 2,
        };
    }
    text
}

fn send(proxy: &Proxy, method: &str, path: &str, fields: &[(String, String)], body: Vec<u8>) {
    let body = if is_packed(fields) {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&body).expect("memory");
        encoder.finish().expect("memory")
    } else {
        body
    };
    let mut head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n",
        proxy.address()
    );
    // Writing to a string cannot fail.
    if method != "GET" {
        let _ = write!(head, "content-length: {}\r\n", body.len());
    }
    for (name, value) in fields {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    head.push_str("\r\n");
    let mut stream = TcpStream::connect(proxy.address()).expect("the proxy");
    stream
        .write_all(&[head.as_bytes(), &body].concat())
        .expect("the proxy reads");
    // The answer is in the record of the proxy, without its frames.
    let _ = stream.read_to_end(&mut Vec::new());
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn placeholders_are_filled_from_answers_and_from_what_was_given() {
        let answers = [
            json!({ "tokens": { "access_token": "abc" } }),
            json!({ "list": ["x"] }),
        ];
        let given = [("{{password}}", "secret".to_owned())];
        let text = r#"{"a":"{{0/tokens/access_token}}","b":{"c":{"d":"{{1/list/0}}{{password}}"}}}"#;
        let expected = r#"{"a":"abc","b":{"c":{"d":"xsecret"}}}"#;
        assert_eq!(filled(text, &given, &answers), expected);
        assert_eq!(filled("{{7/gone}} {{", &given, &answers), "{{7/gone}} {{");
    }
}
