//! Runs and their events: `/runs`.

use serde_json::{Value, json};

use super::At;
use super::operation::{Operation, json_of, referred};
use super::schemas::{event_example, run_example, some_digest, states};
use crate::keys::Scope;
use crate::kind::Kind;
use crate::rest::problem::{NOT_ITS_FORM, OTHER_MEDIA_TYPE, TOO_LARGE, TOO_SLOW};

pub(super) fn all() -> Vec<At> {
    vec![
        At { path: "/api/v1/runs", method: "get", operation: list() },
        At { path: "/api/v1/runs", method: "post", operation: begin() },
        At { path: "/api/v1/runs/{run}", method: "get", operation: get() },
        At { path: "/api/v1/runs/{run}", method: "delete", operation: forget() },
        At { path: "/api/v1/runs/{run}/cancel", method: "post", operation: cancel() },
        At { path: "/api/v1/runs/{run}/resume", method: "post", operation: resume() },
        At { path: "/api/v1/runs/{run}/results", method: "get", operation: results() },
        At { path: "/api/v1/runs/{run}/events", method: "get", operation: events() },
    ]
}

fn new(id: &str, summary: &str) -> Operation {
    Operation::new("Runs", id, summary)
}

/// About one of them.
fn one(id: &str, summary: &str) -> Operation {
    new(id, summary)
        .path("run", &json!({"type": "string", "minLength": 1}), "Its `id`")
        .fails([Kind::NoSuchRun, Kind::BadRequest])
}

fn list() -> Operation {
    let runs = json!({"runs": [run_example()], "next_page_token": null});
    let position = json!({"type": "string", "minLength": 1});
    new("listRuns", "Runs, the latest first")
        .for_scope(Scope::Read)
        .query("state", &json!({"enum": states()}), "Only runs in this state")
        .query(
            "page_size",
            &json!({"type": "integer", "minimum": 1, "maximum": 500, "default": 50}),
            "How many at most",
        )
        .query("page_token", &position, "`next_page_token` of the page before; another is no page's")
        .answers(200, "A page of runs, without their steps", &json_of("RunList", &runs))
        .fails([Kind::BadRequest])
}

fn begin() -> Operation {
    let key = json!({"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[ -~]*$"});
    let run = json_of("Run", &run_example());
    new("beginRun", "Begin a run")
        .about("It is stored before it is answered, and begins when its turn has come.")
        .for_scope(Scope::Run)
        .header(
            "Idempotency-Key",
            &key,
            "The same request again with the same key, by the same caller, is the same run",
        )
        .takes(&json!({
            "required": true,
            "content": json_of("NewRun", &json!({"pipeline": some_digest(), "mode": "batch"})),
        }))
        .answers(201, "The run", &run)
        .says_where(201)
        .answers(200, "The run that the same request had begun before", &run)
        .says_where(200)
        .fails([
            Kind::BadRequest,
            Kind::EndpointNotAllowed,
            Kind::NoSuchPipeline,
            Kind::Findings,
            Kind::IdempotencyKeyReused,
            Kind::BadServiceKey,
            Kind::TooManyRuns,
        ])
        .fails([NOT_ITS_FORM, OTHER_MEDIA_TYPE, TOO_LARGE, TOO_SLOW])
}

fn get() -> Operation {
    one("getRun", "One run, with its steps").for_scope(Scope::Read).answers(
        200,
        "The run",
        &json_of("Run", &run_example()),
    )
}

fn forget() -> Operation {
    one("deleteRun", "Delete a run")
        .about("Not before it has ended.")
        .for_scope(Scope::Admin)
        .answers(204, "It is gone", &Value::Null)
        .fails([Kind::WrongState, Kind::Busy])
}

fn cancel() -> Operation {
    one("cancelRun", "Cancel a run")
        .about("Its state is `cancelled` once what is under way has been given up.")
        .for_scope(Scope::Run)
        .answers(202, "It is being cancelled", &Value::Null)
        .fails([Kind::WrongState, Kind::Busy])
}

fn resume() -> Operation {
    one("resumeRun", "Go on with a run")
        .about("Steps that have finished are not called again, but for those in `redo` and all behind them.")
        .for_scope(Scope::Run)
        .takes(&json!({
            "required": false,
            "content": json_of("Resume", &json!({"redo": ["forecast1:Forecast"]})),
        }))
        .answers(202, "It waits for its turn", &Value::Null)
        .fails([Kind::WrongState, Kind::Busy, Kind::NoSuchStep, Kind::BadServiceKey])
        .fails([NOT_ITS_FORM, OTHER_MEDIA_TYPE, TOO_LARGE, TOO_SLOW])
}

fn results() -> Operation {
    let results = json!({"load1:Load": {"success": true, "rows": 96}});
    one("getResults", "What the steps gave that have finished")
        .for_scope(Scope::Read)
        .answers(200, "By `node:operation`, as `aieffect run` prints it", &json_of("Results", &results))
        .fails([Kind::Findings])
}

fn events() -> Operation {
    let number = json!({"type": "integer", "minimum": 0, "maximum": u64::MAX});
    let shown = event_example();
    let streamed = format!("id: {}\ndata: {shown}\n\n", shown["position"]);
    one("getEvents", "The events of a run")
        .about(
            "Those so far as JSON; with `Accept: text/event-stream` those and then each as it happens, to the run's end. Each \
             such event has its position as `id` and an `Event` as `data`; a comment comes every 15 s while nothing happens.",
        )
        .for_scope(Scope::Read)
        .query("from", &number, "The position of the first one that is wanted")
        .header(
            "Last-Event-ID",
            &number,
            "Of a stream that was cut: the `id` of the last event that came. It goes before `from`, and counts for streams alone",
        )
        .answers(
            200,
            "The events",
            &json!({
                "application/json": {"schema": referred("EventList"), "example": {"events": [shown]}},
                "text/event-stream": {"schema": {"type": "string"}, "example": streamed},
            }),
        )
        .answers(204, "A stream without anything to come: come no more", &Value::Null)
}
