//! `GET /v1/openapi.json`: the interface as it describes itself, made from the handlers and the types of the protocol.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use ayumi_protocol::problem::{Problem, ProblemCode};
use ayumi_protocol::version::media_types;
use serde_json::Value;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{InfoBuilder, OpenApi, RefOr};
use utoipa::{PartialSchema as _, ToSchema as _};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Problems, Rejection};
use crate::server::Server;

pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(openapi))
}

/// This description.
#[utoipa::path(
    get, path = "/v1/openapi.json",
    responses((status = 200, description = "An OpenAPI document", body = Value), Problems),
)]
async fn openapi() -> Result<Response, Rejection> {
    static TEXT: LazyLock<Option<String>> = LazyLock::new(|| written().ok());
    let text = TEXT.as_deref().ok_or(ProblemCode::InternalFault)?;
    Ok(([(header::CONTENT_TYPE, media_types::JSON)], text).into_response())
}

/// The text that is served.
fn written() -> Result<String, serde_json::Error> {
    let mut description = serde_json::to_value(describe())?;
    without_links(&mut description);
    serde_json::to_string(&description)
}

/// Doc comments refer to each other as rustdoc wants it, ``[`name`]`` or ``[`name`](path)``; a reader of the description has no rustdoc.
fn without_links(value: &mut Value) {
    match value {
        Value::String(text) if text.contains("[`") => *text = plain(text),
        Value::Array(values) => values.iter_mut().for_each(without_links),
        Value::Object(fields) => fields.values_mut().for_each(without_links),
        _ => {}
    }
}

fn plain(text: &str) -> String {
    let mut parts = text.split("[`");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let Some((name, rest)) = part.split_once("`]") else {
            plain.push_str("[`");
            plain.push_str(part);
            continue;
        };
        let target = rest.strip_prefix('(').and_then(|rest| rest.split_once(')'));
        plain.push('`');
        plain.push_str(name);
        plain.push('`');
        plain.push_str(target.map_or(rest, |(_, after)| after));
    }
    plain
}

/// The whole description.
#[must_use]
pub fn describe() -> OpenApi {
    let mut description = super::resources().into_openapi();
    description.info = InfoBuilder::new()
        .title("Ayumi")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "What phones and staff talk to. Every request has an id of its own or gets one (ayumi-request-id), names the version of the \
             protocol that it speaks (ayumi-protocol) or is read as one of the newest, and is answered with server_time_ms. What is not \
             a success is a problem document (RFC 9457) whose code is stable.",
        ))
        .build();
    description.servers = None;
    let components = description.components.get_or_insert_default();
    let mut schemas = Vec::new();
    Problem::schemas(&mut schemas);
    components.schemas.extend(schemas);
    components
        .schemas
        .insert(Problem::name().into_owned(), Problem::schema());
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    components
        .security_schemes
        .insert("bearer".to_owned(), RefOr::T(bearer));
    description
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_of_doc_comments_become_plain_names() {
        assert_eq!(
            plain("At most [`LIST_ITEMS`], see [`headers`](crate::version::headers). Not [this]."),
            "At most `LIST_ITEMS`, see `headers`. Not [this]."
        );
        assert_eq!(plain("[`open"), "[`open");
        assert!(!written().unwrap().contains("[`"));
    }

    #[test]
    fn every_request_is_described_with_its_success_its_problems_and_schemas_that_exist() {
        let text = written().unwrap();
        let description: Value = serde_json::from_str(&text).unwrap();
        let schemas = description["components"]["schemas"].as_object().unwrap();
        for part in text.split("\"#/components/schemas/").skip(1) {
            let name = part.split('"').next().unwrap();
            assert!(
                schemas.contains_key(name),
                "{name} is referred to and not described"
            );
        }
        for (path, methods) in description["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let which = format!("{method} {path}");
                assert!(operation["summary"].is_string(), "{which}");
                assert!(operation["operationId"].is_string(), "{which}");
                let responses = operation["responses"].as_object().unwrap();
                assert!(responses["200"]["description"].is_string(), "{which}");
                if method != "head" {
                    assert!(responses["200"]["content"].is_object(), "{which}");
                }
                for status in ["400", "401", "404", "422", "500", "503"] {
                    let content = &responses[status]["content"];
                    assert!(content[media_types::PROBLEM].is_object(), "{which} {status}");
                }
            }
        }
    }
}
