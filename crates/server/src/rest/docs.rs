//! The OpenAPI document for people: a page at `/docs` without scripts, and with nothing from elsewhere.

mod schema;
mod text;

use axum::response::{Html, IntoResponse, Response};
use http::HeaderName;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use serde_json::{Map, Value};

use self::text::{escaped, prose};

const STYLE: &str = include_str!("docs/style.css");
/// Nothing but the style sheet beside it.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const METHODS: [&str; 4] = ["get", "post", "put", "delete"];

/// The page, with what keeps a browser from doing anything but showing it.
pub(super) fn shown(page: String) -> Response {
    let policy: [(HeaderName, &str); 3] = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (policy, Html(page)).into_response()
}

pub(super) async fn style() -> Response {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], STYLE).into_response()
}

/// The page of a document.
pub(super) fn page(document: &Value) -> String {
    let title = escaped(&document["info"]["title"]);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <link rel=\"stylesheet\" href=\"/docs/style.css\">\n</head>\n<body>\n<header>\n<h1>{title}</h1>\n<p>{}</p>\n\
         <p>For programs: <a href=\"/openapi.json\">openapi.json</a>, OpenAPI {}.</p>\n</header>\n<main>\n",
        prose(&document["info"]["description"]),
        escaped(&document["openapi"]),
    );
    for tag in document["tags"].as_array().into_iter().flatten() {
        page.push_str(&format!(
            "<section>\n<h2>{}</h2>\n<p>{}</p>\n",
            escaped(&tag["name"]),
            prose(&tag["description"])
        ));
        for (path, method, operation) in operations(document) {
            if operation["tags"][0] == tag["name"] {
                page.push_str(&shown_operation(path, method, operation));
            }
        }
        page.push_str("</section>\n");
    }
    page.push_str("<section>\n<h2>Schemas</h2>\n");
    for (name, schema) in object(&document["components"]["schemas"]) {
        page.push_str(&schema::named(name, schema));
    }
    page.push_str("</section>\n</main>\n</body>\n</html>\n");
    page
}

fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    object(&document["paths"]).flat_map(|(path, methods)| {
        METHODS.into_iter().filter_map(move |method| Some((path.as_str(), method, methods.get(method)?)))
    })
}

fn shown_operation(path: &str, method: &str, operation: &Value) -> String {
    let mut shown = format!(
        "<details id=\"{}\">\n<summary><span class=\"method {method}\">{}</span> <code>{}</code> <span>{}</span></summary>\n",
        escaped(&operation["operationId"]),
        method.to_uppercase(),
        text::escape(path),
        prose(&operation["summary"]),
    );
    if operation["description"].is_string() {
        shown.push_str(&format!("<p>{}</p>\n", prose(&operation["description"])));
    }
    let parameters: Vec<&Value> = operation["parameters"].as_array().into_iter().flatten().collect();
    if !parameters.is_empty() {
        let rows: String = parameters.into_iter().map(parameter).collect();
        shown.push_str(&format!("<h3>Parameters</h3>\n<table>\n{rows}</table>\n"));
    }
    let body = &operation["requestBody"];
    if body.is_object() {
        let needed = if body["required"] == true { "" } else { " <small>may be left out</small>" };
        shown.push_str(&format!("<h3>Body{needed}</h3>\n{}", content(&body["content"])));
    }
    let rows: String = object(&operation["responses"]).map(response).collect();
    shown.push_str(&format!("<h3>Answers</h3>\n<table>\n{rows}</table>\n</details>\n"));
    shown
}

fn parameter(parameter: &Value) -> String {
    format!(
        "<tr><td><code>{}</code><br><small>{}</small></td><td>{}</td><td>{}</td></tr>\n",
        escaped(&parameter["name"]),
        escaped(&parameter["in"]),
        schema::words(&parameter["schema"]),
        prose(&parameter["description"]),
    )
}

fn response((status, response): (&String, &Value)) -> String {
    let headers: String = object(&response["headers"])
        .map(|(name, header)| {
            format!("<p><code>{}</code>: {}</p>\n", text::escape(name), prose(&header["description"]))
        })
        .collect();
    let kind = status.chars().next().unwrap_or_default();
    format!(
        "<tr><td class=\"status s{kind}\">{}</td><td><p>{}</p>\n{headers}{}</td></tr>\n",
        text::escape(status),
        prose(&response["description"]),
        content(&response["content"]),
    )
}

/// Each media type, what it is made of, and an example.
fn content(content: &Value) -> String {
    let one = |(kind, content): (&String, &Value)| {
        let example = match &content["example"] {
            Value::Null => String::new(),
            Value::String(text) => format!("<pre>{}</pre>\n", text::escape(text)),
            example => format!("<pre>{}</pre>\n", text::escape(&format!("{example:#}"))),
        };
        format!("<p><code>{}</code> {}</p>\n{example}", text::escape(kind), schema::words(&content["schema"]))
    };
    object(content).map(one).collect()
}

/// The members of what may be an object.
fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rest::openapi::{Callers, document};

    #[test]
    fn every_operation_and_schema_is_on_the_page_and_every_link_leads_somewhere() {
        let document = document(Callers::Known);
        let page = page(&document);
        for (path, _, operation) in operations(&document) {
            let id = operation["operationId"].as_str().unwrap();
            assert!(page.contains(&format!("<details id=\"{id}\">")), "{id}");
            assert!(page.contains(&format!("<code>{path}</code>")), "{path}");
        }
        for link in page.split("href=\"#").skip(1) {
            let target = link.split('"').next().unwrap();
            assert!(page.contains(&format!("id=\"{target}\"")), "{target}");
        }
        assert!(!page.contains("<script") && !page.contains("style=\""), "the policy forbids it");
    }
}
