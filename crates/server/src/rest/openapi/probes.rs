//! What watches the server asks, and what the server says of itself.

use serde_json::{Value, json};

use super::At;
use super::operation::Operation;
use crate::keys::Scope;
use crate::kind::Kind;

pub(super) fn all() -> Vec<At> {
    vec![
        At { path: "/livez", method: "get", operation: live() },
        At { path: "/readyz", method: "get", operation: ready() },
        At { path: "/metrics", method: "get", operation: metrics() },
        At { path: "/openapi.json", method: "get", operation: document() },
        At { path: "/docs", method: "get", operation: page() },
        At { path: "/docs/style.css", method: "get", operation: style() },
    ]
}

fn new(id: &str, summary: &str) -> Operation {
    // Under another name than this machine's, where there are no keys.
    Operation::new("Probes", id, summary).fails([Kind::Forbidden])
}

fn text(example: &str) -> Value {
    json!({"text/plain": {"schema": {"type": "string"}, "example": example}})
}

fn live() -> Operation {
    new("live", "Whether the process answers").answers(200, "It does", &text("ok\n"))
}

fn ready() -> Operation {
    new("ready", "Whether runs can be begun").answers(200, "The store answers", &text("ok\n")).answers(
        503,
        "It does not, and the log says why",
        &text("not ready\n"),
    )
}

fn metrics() -> Operation {
    let text = json!({"schema": {"type": "string"}});
    new("metrics", "How runs, calls and the store are, for Prometheus")
        .about("In the text format of Prometheus, or in that of OpenMetrics where it is asked for.")
        .for_scope(Scope::Read)
        .answers(200, "The metrics", &json!({"text/plain": text, "application/openmetrics-text": text}))
}

fn document() -> Operation {
    let json = json!({"application/json": {"schema": {"type": "object", "additionalProperties": true}}});
    new("openapi", "This document").answers(200, "OpenAPI 3.1", &json)
}

fn page() -> Operation {
    let html = json!({"text/html": {"schema": {"type": "string"}}});
    new("docs", "This document for people").answers(200, "A page", &html)
}

fn style() -> Operation {
    let css = json!({"text/css": {"schema": {"type": "string"}}});
    new("docsStyle", "How the page looks").answers(200, "A style sheet", &css)
}
