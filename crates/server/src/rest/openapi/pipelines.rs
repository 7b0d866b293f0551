//! Packages: `/pipelines`.

use serde_json::{Value, json};

use super::At;
use super::operation::{Operation, json_of, referred};
use super::schemas::{DIGEST, package_example, submitted_example};
use crate::keys::Scope;
use crate::kind::Kind;
use crate::rest::problem::{NOT_ITS_FORM, OTHER_MEDIA_TYPE, TOO_LARGE, TOO_SLOW};

pub(super) fn all() -> Vec<At> {
    vec![
        At { path: "/api/v1/pipelines", method: "get", operation: list() },
        At { path: "/api/v1/pipelines", method: "post", operation: put() },
        At { path: "/api/v1/pipelines/{digest}", method: "get", operation: get() },
        At { path: "/api/v1/pipelines/{digest}", method: "delete", operation: remove() },
        At { path: "/api/v1/pipelines/{digest}/package", method: "get", operation: zip() },
        At { path: "/api/v1/pipelines/{digest}/nodes", method: "get", operation: nodes() },
    ]
}

fn new(id: &str, summary: &str) -> Operation {
    Operation::new("Pipelines", id, summary)
}

/// About one of them.
fn one(id: &str, summary: &str) -> Operation {
    let digest = json!({"type": "string", "pattern": DIGEST});
    new(id, summary)
        .path("digest", &digest, "SHA-256 of what the package says, in hexadecimal digits")
        .fails([Kind::NoSuchPipeline, Kind::BadRequest])
}

fn list() -> Operation {
    let pipelines = json!({"pipelines": [package_example()], "next_page_token": null});
    let position = json!({"type": "string", "minLength": 1});
    new("listPipelines", "Packages, the latest first")
        .about("One that cannot be read any more has an empty name.")
        .for_scope(Scope::Read)
        .query(
            "page_size",
            &json!({"type": "integer", "minimum": 1, "maximum": 500, "default": 50}),
            "How many at most",
        )
        .query("page_token", &position, "`next_page_token` of the page before; another is no page's")
        .answers(200, "A page of packages", &json_of("PipelineList", &pipelines))
        .fails([Kind::BadRequest])
}

fn put() -> Operation {
    let zip: Value = json!({"schema": {"type": "string", "contentMediaType": "application/zip"}});
    let mut taken = package_example();
    taken["findings"] = json!([]);
    new("putPipeline", "Hand a package in")
        .about("As a zip, or as documents. The same package twice is one.")
        .for_scope(Scope::Run)
        .takes(&json!({
            "required": true,
            "content": {
                "application/json": {"schema": referred("Package"), "example": submitted_example()},
                "application/zip": zip,
            },
        }))
        .answers(201, "It is kept; `findings` are warnings", &json_of("TakenPipeline", &taken))
        .says_where(201)
        .fails([Kind::BadRequest, Kind::Findings])
        .fails([NOT_ITS_FORM, OTHER_MEDIA_TYPE, TOO_LARGE, TOO_SLOW])
}

fn get() -> Operation {
    one("getPipeline", "One package")
        .for_scope(Scope::Read)
        .answers(200, "The package", &json_of("Pipeline", &package_example()))
        .fails([Kind::Findings])
}

fn remove() -> Operation {
    one("deletePipeline", "Delete a package")
        .about("Not while there are runs of it.")
        .for_scope(Scope::Admin)
        .answers(204, "It is gone", &Value::Null)
        .fails([Kind::InUse])
}

fn zip() -> Operation {
    let zip =
        json!({"application/zip": {"schema": {"type": "string", "contentMediaType": "application/zip"}}});
    one("downloadPipeline", "The zip of a package").for_scope(Scope::Read).answers(200, "The zip", &zip)
}

fn nodes() -> Operation {
    let node = json!({"name": "generator", "address": "generator:8061", "is_ready": true, "reason": null, "calls_refused": null});
    one("pipelineNodes", "How the nodes of a package are")
        .about("Each is asked now.")
        .for_scope(Scope::Read)
        .answers(200, "The nodes", &json_of("NodeList", &json!({ "nodes": [node] })))
        .fails([Kind::Findings, Kind::EndpointNotAllowed])
}
