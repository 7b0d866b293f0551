//! The paths of the orchestrator that came before.

use http::StatusCode;
use serde_json::{Value, json};

use super::At;
use super::operation::{Operation, json_of, referred};
use super::schemas::SOME_TIME;
use crate::keys::Scope;

pub(super) fn all() -> Vec<At> {
    vec![
        At { path: "/workflows", method: "post", operation: submit() },
        At { path: "/workflows/{workflow}", method: "get", operation: workflow() },
        At { path: "/workflows/{workflow}", method: "delete", operation: delete() },
        At { path: "/workflows/{workflow}/tasks", method: "get", operation: tasks() },
        At { path: "/workflows/{workflow}/tasks/{task}", method: "get", operation: task() },
        At { path: "/health", method: "get", operation: health() },
    ]
}

fn new(id: &str, summary: &str) -> Operation {
    Operation::new("Earlier orchestrator", id, summary)
}

/// Wants a key, and may fail like everything here.
fn known(operation: Operation, scope: Scope) -> Operation {
    let unauthorized = "Unauthorized, where there are keys";
    failing(
        operation,
        &[(401, unauthorized), (403, "Forbidden"), (503, "The store does not answer, or the server stops")],
    )
    .for_scope_told_otherwise(scope)
}

fn failing(operation: Operation, failures: &[(u16, &str)]) -> Operation {
    failures.iter().fold(operation, |operation, (status, about)| {
        let reason = StatusCode::from_u16(*status).ok().and_then(|status| status.canonical_reason());
        let mut content = json_of("Detail", &json!({"detail": reason.unwrap_or(about)}));
        if *status == 403 {
            // Under another name than this machine's, where there are no keys.
            content["application/problem+json"] = json!({"schema": referred("Problem")});
        }
        operation.answers(*status, about, &content)
    })
}

/// About one of them.
fn one(operation: Operation) -> Operation {
    let id = json!({"type": "string", "minLength": 1});
    failing(operation.path("workflow", &id, "Its `workflow_id`"), &[(404, "Workflow not found")])
}

fn submit() -> Operation {
    let body = json!({
        "blueprint": {"name": "Grid", "nodes": []},
        "dockerinfo": {"docker_info_list": []},
        "inputs": [],
        "services_api_key": null,
    });
    let begun = json!({"workflow_id": "wf-0123456789ab", "status": "running"});
    let operation = new("submitWorkflow", "Submit a workflow")
        .about("Documents without protos: every node is controlled over HTTP.")
        .takes(&json!({"required": true, "content": json_of("Submission", &body)}))
        .answers(200, "It has begun", &json_of("Submitted", &begun));
    let failures = [
        (400, "The blueprint, the dockerinfo or an input is wrong"),
        (408, "The body did not come in time"),
        (413, "The body is too large"),
        (422, "The body has not the form that it must have"),
        (429, "As many runs wait as may"),
    ];
    known(failing(operation, &failures), Scope::Run)
}

fn workflow() -> Operation {
    let shown = json!({
        "workflow_id": "wf-0123456789ab", "status": "completed", "created_at": SOME_TIME, "updated_at": SOME_TIME, "error": null,
    });
    let operation = one(new("getWorkflow", "One workflow"));
    known(operation.answers(200, "The workflow", &json_of("Workflow", &shown)), Scope::Read)
}

fn delete() -> Operation {
    let deleted = json!({"status": "deleted"});
    let operation = one(new("deleteWorkflow", "Delete a workflow"))
        .about("One that has not ended is cancelled first. Another caller's can be deleted with a key for `admin` alone.")
        .answers(200, "It is gone", &json_of("Deleted", &deleted));
    known(failing(operation, &[(409, "It takes too long to end")]), Scope::Run)
}

fn task_example() -> Value {
    json!({
        "task_id": "wf-0123456789ab.load.Load", "node_key": "load:Load", "status": "completed", "created_at": SOME_TIME,
        "updated_at": SOME_TIME, "error": null, "input_refs": [],
        "output_refs": [{"protocol": "s3", "uri": "s3://grid/load", "format": "GridData", "metadata": {"rows": 3}}],
    })
}

fn tasks() -> Operation {
    let listed = json!({"workflow_id": "wf-0123456789ab", "tasks": [task_example()]});
    let operation = one(new("listTasks", "The tasks of a workflow"));
    known(broken(operation).answers(200, "In plan order", &json_of("TaskList", &listed)), Scope::Read)
}

fn task() -> Operation {
    let id = json!({"type": "string", "minLength": 1});
    let operation = one(new("getTask", "One task")).path("task", &id, "Its `task_id`");
    known(broken(operation).answers(200, "The task", &json_of("Task", &task_example())), Scope::Read)
}

/// Plans the run again.
fn broken(operation: Operation) -> Operation {
    failing(operation, &[(400, "What the workflow was made from cannot be read any more")])
}

fn health() -> Operation {
    let ok = json!({"status": "ok"});
    let operation = new("health", "Whether the process answers");
    failing(operation, &[(403, "Under another name than this machine's, where there are no keys")]).answers(
        200,
        "It does",
        &json_of("Health", &ok),
    )
}
