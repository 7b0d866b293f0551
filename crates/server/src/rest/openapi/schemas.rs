//! What bodies are made of.

use aieffect_orchestrator::store::StepState;
use serde_json::{Map, Value, json};

use super::operation::referred;
use crate::runs::State;

/// Digests of packages.
pub(super) const DIGEST: &str = "^[0-9a-f]{64}$";
pub(super) const SOME_TIME: &str = "2026-11-21T09:30:00.123456Z";

const STEP_STATES: [StepState; 7] = [
    StepState::Waiting,
    StepState::Called,
    StepState::Finished,
    StepState::Reused,
    StepState::Failed,
    StepState::Skipped,
    StepState::Cancelled,
];

pub(super) fn states() -> [&'static str; 8] {
    State::ALL.map(State::as_str)
}

pub(super) fn some_digest() -> String {
    "0123456789abcdef".repeat(4)
}

pub(super) fn package_example() -> Value {
    json!({"digest": some_digest(), "name": "Grid", "created_at": SOME_TIME, "size_bytes": 4096})
}

/// A package of one node.
pub(super) fn submitted_example() -> Value {
    let signature =
        json!({"operation_name": "Load", "input_message_name": "Request", "output_message_name": "Rows"});
    let node = json!({
        "container_name": "load1", "proto_uri": "microservice/load1.proto", "image": "load:latest", "node_type": "DataBroker",
        "operation_signature_list": [{"operation_signature": signature, "connected_to": []}],
    });
    let proto = "syntax = \"proto3\"; message Request {} message Rows { int32 count = 1; } \
                 service Loader { rpc Load(Request) returns (Rows); }";
    json!({
        "blueprint": {
            "name": "Grid", "pipeline_id": "p", "creation_date": "2026-11-21 09:30:00.000000",
            "type": "pipeline-topology/v2", "version": "2.0", "nodes": [node],
        },
        "dockerinfo": {"docker_info_list": [{"container_name": "load1", "ip_address": "127.0.0.1", "port": "50051"}]},
        "protos": {"microservice/load1.proto": proto},
    })
}

pub(super) fn run_example() -> Value {
    json!({
        "id": "run-0123456789ab", "pipeline": some_digest(), "name": "Grid", "key": "portal", "mode": "batch",
        "state": "waiting", "reason": null, "created_at": SOME_TIME, "updated_at": SOME_TIME,
    })
}

pub(super) fn event_example() -> Value {
    json!({"event": "fired", "step": "load1:Load", "seq": 0, "attempt": 1, "position": 2, "at": SOME_TIME})
}

/// All of them, by name.
pub(super) fn all() -> Map<String, Value> {
    let named = [
        ("Problem", problem()),
        ("Finding", finding()),
        ("Package", package()),
        ("Pipeline", pipeline(&json!({}))),
        ("TakenPipeline", pipeline(&json!({"findings": listed(&referred("Finding"))}))),
        (
            "PipelineList",
            object(
                &json!({"pipelines": listed(&referred("Pipeline")), "next_page_token": maybe("string")}),
                &[],
            ),
        ),
        ("Node", node()),
        ("NodeList", object(&json!({"nodes": listed(&referred("Node"))}), &[])),
        ("NewRun", new_run()),
        ("Resume", resume()),
        ("Run", run()),
        ("Step", step()),
        (
            "RunList",
            object(&json!({"runs": listed(&referred("Run")), "next_page_token": maybe("string")}), &[]),
        ),
        ("Results", json!({"type": "object", "additionalProperties": true})),
        ("Failure", object(&json!({"kind": text(), "text": text()}), &[])),
        ("Event", event()),
        ("EventList", object(&json!({"events": listed(&referred("Event"))}), &[])),
    ];
    let named = named.into_iter().chain(earlier());
    named.map(|(name, schema)| (name.to_owned(), schema)).collect()
}

/// What the paths of the earlier orchestrator take and give.
fn earlier() -> [(&'static str, Value); 10] {
    let status = json!({"enum": ["pending", "running", "completed", "failed"]});
    let workflow = json!({
        "workflow_id": text(), "status": status, "created_at": time(), "updated_at": time(), "error": maybe("string"),
    });
    let task = json!({
        "task_id": text(), "node_key": text(), "status": status, "created_at": time(), "updated_at": time(),
        "error": maybe("string"), "input_refs": listed(&referred("Reference")), "output_refs": listed(&referred("Reference")),
    });
    let reference = json!({
        "protocol": maybe("string"), "uri": {}, "format": maybe("string"), "metadata": maybe("object"),
    });
    let fault = object(&json!({"type": text(), "loc": listed(&text()), "msg": text()}), &[]);
    let key = key();
    let submission = json!({
        "type": "object",
        "properties": {
            "blueprint": {"type": "object"},
            "dockerinfo": {"type": "object"},
            "inputs": listed(&referred("Input")),
            "services_api_key": key,
        },
        "required": ["blueprint", "dockerinfo"],
        "additionalProperties": false,
    });
    let protocols = ["s3", "http", "https", "nfs", "grpc", "mqtt", "villas", "inline", "file"];
    let input = json!({
        "type": "object",
        "properties": {"protocol": {"enum": protocols}, "uri": text(), "format": text()},
        "required": ["protocol", "uri", "format"],
        "additionalProperties": true,
    });
    [
        ("Submission", submission),
        ("Input", input),
        ("Submitted", object(&json!({"workflow_id": text(), "status": {"const": "running"}}), &[])),
        ("Workflow", object(&workflow, &[])),
        ("Task", object(&task, &[])),
        ("TaskList", object(&json!({"workflow_id": text(), "tasks": listed(&referred("Task"))}), &[])),
        ("Reference", object(&reference, &[])),
        ("Deleted", object(&json!({"status": {"const": "deleted"}}), &[])),
        ("Health", object(&json!({"status": {"const": "ok"}}), &[])),
        ("Detail", object(&json!({"detail": {"oneOf": [text(), listed(&fault)]}}), &[])),
    ]
}

fn text() -> Value {
    json!({"type": "string"})
}

fn count() -> Value {
    json!({"type": "integer", "minimum": 0})
}

fn time() -> Value {
    json!({"type": "string", "format": "date-time"})
}

fn maybe(kind: &str) -> Value {
    json!({"type": [kind, "null"]})
}

fn maybe_time() -> Value {
    json!({"type": ["string", "null"], "format": "date-time"})
}

fn listed(items: &Value) -> Value {
    json!({"type": "array", "items": items})
}

/// An object that has all of these, but for some that may be left out. Later versions may add to it.
fn object(properties: &Value, optional: &[&str]) -> Value {
    let names = properties.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    let required: Vec<&str> = names.filter(|name| !optional.contains(name)).collect();
    json!({"type": "object", "properties": properties, "required": required})
}

/// What services are shown.
fn key() -> Value {
    let about = "Shown to the services of this run as a bearer token; kept in memory alone";
    json!({"type": ["string", "null"], "pattern": "^[A-Za-z0-9._~+/=-]+$", "writeOnly": true, "description": about})
}

fn problem() -> Value {
    let mut problem = object(
        &json!({
            "type": {"type": "string", "format": "uri"},
            "title": text(),
            "status": {"type": "integer"},
            "detail": text(),
            "code": {"type": "string", "description": "What went wrong, in a word that does not change"},
            "findings": listed(&referred("Finding")),
        }),
        &["findings"],
    );
    problem["description"] = "RFC 9457".into();
    problem
}

fn finding() -> Value {
    let place = json!({"file": text(), "line": count(), "column": count(), "note": text()});
    let mut finding = object(
        &json!({
            "severity": {"enum": ["error", "warning"]},
            "code": text(),
            "message": text(),
            "places": listed(&object(&place, &[])),
            "help": maybe("string"),
        }),
        &[],
    );
    finding["description"] =
        "As `aieffect check --format json` has them; `aieffect explain CODE` says more".into();
    finding
}

fn package() -> Value {
    json!({
        "type": "object",
        "description": "The documents of a package",
        "properties": {
            "blueprint": {"type": "object", "description": "`blueprint.json`"},
            "dockerinfo": {"type": "object", "description": "`dockerinfo.json`"},
            "execution": {"type": ["object", "null"], "description": "`execution.json`"},
            "protos": {
                "type": "object",
                "description": "Texts by their path below the package, such as `microservice/load1.proto`",
                "propertyNames": {"pattern": "^microservice/[^\\\\:]+\\.proto$", "maxLength": 1024},
                "additionalProperties": {"type": "string"},
            },
        },
        "required": ["blueprint", "dockerinfo"],
        "additionalProperties": false,
    })
}

fn pipeline(more: &Value) -> Value {
    let mut properties = json!({
        "digest": {"type": "string", "pattern": DIGEST},
        "name": text(),
        "created_at": time(),
        "size_bytes": count(),
    });
    for (name, schema) in more.as_object().into_iter().flatten() {
        properties[name] = schema.clone();
    }
    object(&properties, &[])
}

fn node() -> Value {
    let fields = json!({
        "name": text(),
        "address": text(),
        "is_ready": {"type": "boolean"},
        "reason": maybe("string"),
        "calls_refused": maybe("string"),
    });
    object(&fields, &[])
}

fn new_run() -> Value {
    json!({
        "type": "object",
        "properties": {
            "pipeline": {"type": "string", "description": "The package's digest"},
            "initial_data": {
                "type": ["object", "null"],
                "description": "Request fields that no link fills, by `node:operation`",
            },
            "mode": {"enum": ["batch", "live", null], "description": "By default what the package says"},
            "services_api_key": key(),
        },
        "required": ["pipeline"],
        "additionalProperties": false,
    })
}

fn resume() -> Value {
    json!({
        "type": "object",
        "properties": {
            "redo": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Steps, as `node:operation`, that are called again, and all behind them",
            },
            "services_api_key": key(),
        },
        "additionalProperties": false,
    })
}

fn run() -> Value {
    object(
        &json!({
            "id": text(),
            "pipeline": {"type": "string", "description": "The package's digest"},
            "name": {"type": "string", "description": "The pipeline's"},
            "key": {"type": "string", "description": "The name of the key that began it"},
            "mode": {"enum": ["batch", "live"]},
            "state": {"enum": states()},
            "reason": {"type": ["string", "null"], "description": "Why it failed, or cannot go on"},
            "created_at": time(),
            "updated_at": time(),
            "steps": listed(&referred("Step")),
        }),
        &["steps"],
    )
}

fn step() -> Value {
    object(
        &json!({
            "step": {"type": "string", "description": "`node:operation`"},
            "state": {"enum": STEP_STATES.map(StepState::as_str)},
            "calls": count(),
            "attempts": count(),
            "messages": count(),
            "bytes": count(),
            "began_at": maybe_time(),
            "ended_at": maybe_time(),
            "failure": maybe("string"),
        }),
        &[],
    )
}

/// Flat: which fields there are is for the event's name to say.
fn event() -> Value {
    let names = [
        "started",
        "resumed",
        "continued",
        "node_ready",
        "node_unreachable",
        "fired",
        "attempt_failed",
        "done",
        "failed",
        "cancelled",
        "counted",
        "step_finished",
        "step_failed",
        "step_skipped",
        "closing",
        "cancel_requested",
        "finished",
    ];
    let message = object(&json!({"bytes": count()}), &[]);
    let stream = object(&json!({"messages": count(), "bytes": count(), "file": text()}), &["bytes", "file"]);
    let gave = json!({"type": "object", "properties": {"message": message, "stream": stream}});
    let properties = json!({
        "event": {"enum": names},
        "position": count(),
        "at": time(),
        "version": text(),
        "redo": listed(&text()),
        "from": text(),
        "node": text(),
        "reason": text(),
        "step": text(),
        "seq": count(),
        "attempt": count(),
        "failure": referred("Failure"),
        "retry_after": {"type": "number", "description": "Seconds"},
        "gave": gave,
        "calls": count(),
        "failed": count(),
        "messages": count(),
        "because": text(),
        "why": text(),
        "outcome": {"enum": ["succeeded", "failed", "cancelled", "unreachable"]},
    });
    let names = properties.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    let optional: Vec<&str> = names.filter(|name| !matches!(*name, "event" | "position" | "at")).collect();
    object(&properties, &optional)
}

#[cfg(test)]
mod tests {
    use aieffect_orchestrator::store::{Gave, StoredEvent, StoredFailure};

    use super::*;

    /// One of each kind, by what it is followed by; the match fails to compile when there is a kind more.
    fn next(event: &StoredEvent) -> Option<StoredEvent> {
        let step = || "load1:Load".to_owned();
        let failure = || StoredFailure { kind: "unavailable".to_owned(), text: "no wind".to_owned() };
        let (seq, attempt) = (0, 1);
        let gave = Gave::Stream { messages: 2, bytes: Some(3), file: Some("a".to_owned()) };
        Some(match event {
            StoredEvent::Started => StoredEvent::Resumed { version: "1".to_owned(), redo: vec![step()] },
            StoredEvent::Resumed { .. } => StoredEvent::Continued { from: "run-1".to_owned() },
            StoredEvent::Continued { .. } => StoredEvent::NodeReady { node: "load1".to_owned() },
            StoredEvent::NodeReady { .. } => {
                StoredEvent::NodeUnreachable { node: "load1".to_owned(), reason: "gone".to_owned() }
            }
            StoredEvent::NodeUnreachable { .. } => StoredEvent::Fired { step: step(), seq, attempt },
            StoredEvent::Fired { .. } => StoredEvent::AttemptFailed {
                step: step(),
                seq,
                attempt,
                failure: failure(),
                retry_after: 0.5,
            },
            StoredEvent::AttemptFailed { .. } => StoredEvent::Done { step: step(), seq, attempt, gave },
            StoredEvent::Done { .. } => {
                StoredEvent::Failed { step: step(), seq, attempt, failure: failure() }
            }
            StoredEvent::Failed { .. } => StoredEvent::Cancelled { step: step(), seq, attempt },
            StoredEvent::Cancelled { .. } => StoredEvent::Counted {
                step: step(),
                calls: 3,
                failed: 1,
                messages: 2,
                failure: Some(failure()),
            },
            StoredEvent::Counted { .. } => StoredEvent::StepFinished { step: step() },
            StoredEvent::StepFinished { .. } => StoredEvent::StepFailed { step: step(), failure: failure() },
            StoredEvent::StepFailed { .. } => StoredEvent::StepSkipped { step: step(), because: step() },
            StoredEvent::StepSkipped { .. } => StoredEvent::Closing { why: "quiet".to_owned() },
            StoredEvent::Closing { .. } => StoredEvent::CancelRequested,
            StoredEvent::CancelRequested => StoredEvent::Finished { outcome: "failed".to_owned() },
            StoredEvent::Finished { .. } => return None,
        })
    }

    #[test]
    fn every_event_and_its_fields_are_described() {
        let schema = event();
        let described = schema["properties"].as_object().unwrap();
        let names = described["event"]["enum"].as_array().unwrap();
        let events: Vec<_> = std::iter::successors(Some(StoredEvent::Started), next).collect();
        assert_eq!(events.len(), names.len());
        for event in events {
            let shown = serde_json::to_value(&event).unwrap();
            assert!(names.contains(&shown["event"]), "{shown}");
            for field in shown.as_object().unwrap().keys() {
                assert!(described.contains_key(field), "{field} of {shown}");
            }
        }
    }
}
