//! What the faces over HTTP are, for programs: an OpenAPI 3.1 document, at `/openapi.json`.
//!
//! It is written by hand, next to what it describes: a test walks the routes and the document against each other, and the
//! end-to-end tests hold every response against it.

mod earlier;
mod operation;
mod pipelines;
mod probes;
mod runs;
mod schemas;

use serde_json::{Map, Value, json};

use self::operation::Operation;

/// Whether callers show a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Callers {
    /// Everybody may do everything.
    Anybody,
    /// By their key.
    Known,
}

/// An operation at its path.
struct At {
    path: &'static str,
    method: &'static str,
    operation: Operation,
}

const ABOUT: &str = "Hand pipelines in, run them, follow what happens, fetch what they gave. What goes wrong is told as RFC 9457 \
has it, with a `code` that does not change. Beside what an operation lists, a request that is no HTTP, too long in its \
head or that did not come in time is answered with 400, 408 or 431, another method with 405 and `Allow`, and a path that \
there is not with 404 `not_found`.";

const TAGS: [(&str, &str); 4] = [
    ("Pipelines", "Packages, each under the digest of what it says."),
    ("Runs", "Beginning, following and steering runs."),
    ("Probes", "For whoever watches the server. They want no key."),
    (
        "Earlier orchestrator",
        "The paths of the AI-EFFECT orchestrator that came before, for its portal and scripts.",
    ),
];

/// The document of a server whose callers are these.
pub(super) fn document(callers: Callers) -> Value {
    let mut paths = Map::new();
    let operations = [pipelines::all(), runs::all(), probes::all(), earlier::all()];
    for At { path, method, operation } in operations.into_iter().flatten() {
        let methods = paths.entry(path).or_insert_with(|| json!({}));
        methods[method] = operation.written(callers);
    }
    let mut components = json!({ "schemas": schemas::all() });
    if callers == Callers::Known {
        let about = "A key of the server's key file, as `Authorization: Bearer <key>`.";
        let bearer = json!({"type": "http", "scheme": "bearer", "description": about});
        components["securitySchemes"] = json!({ "bearer": bearer });
    }
    let tags = TAGS.map(|(name, about)| json!({"name": name, "description": about}));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "aieffect serve",
            "version": "1",
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": tags,
        "paths": paths,
        "components": components,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{earlier, rest};

    #[test]
    fn every_path_is_described_and_nothing_else() {
        let native = rest::routes().into_iter().map(|(path, _)| path);
        let routed: BTreeSet<&str> =
            native.chain(earlier::routes().into_iter().map(|(path, _)| path)).collect();
        let document = document(Callers::Known);
        let described: BTreeSet<&str> =
            document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(described, routed);
    }

    #[test]
    fn every_operation_has_a_name_of_its_own_and_every_reference_is_there() {
        let document = document(Callers::Known);
        let methods =
            document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap());
        let names: Vec<&str> =
            methods.map(|(_, operation)| operation["operationId"].as_str().unwrap()).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
        let text = document.to_string();
        let references = text.split("\"$ref\":\"#").skip(1).map(|rest| rest.split('"').next().unwrap());
        assert!(references.clone().count() > 50);
        for reference in references {
            assert!(document.pointer(reference).is_some(), "{reference}");
        }
    }

    #[test]
    fn a_server_without_keys_wants_none() {
        let text = document(Callers::Anybody).to_string();
        assert!(!text.contains("bearer\"") && !text.contains("unauthorized"), "{text}");
        assert!(document(Callers::Known).to_string().contains("unauthorized"));
    }
}
