//! The REST face of the earlier orchestrator, as its portal and scripts use it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

mod support;

use std::fs;
use std::time::{Duration, Instant};

use aieffect_testkit::ControlReply;
use serde_json::{Value, json};
use support::Serving;
use support::serving::Answer;
use support::step::{Controlled, is_anywhere_in};

/// Answers each operation with a reference that is named after it.
fn working() -> Controlled {
    Controlled::new(|request| {
        let uri = format!("s3://grid/{}", request.json()["method"].as_str().unwrap());
        let output = json!({"protocol": "s3", "uri": uri, "format": "GridData", "metadata": {"rows": 3}});
        ControlReply::ok(&json!({"status": "complete", "output": output}).to_string())
    })
}

fn signature(name: &str) -> Value {
    json!({"operation_name": name, "input_message_name": "", "output_message_name": ""})
}

fn node(name: &str, operation: &str, to: &[(&str, &str)]) -> Value {
    let link = |(node, operation): &(&str, &str)| json!({"container_name": node, "operation_signature": {"operation_name": operation}});
    json!({
        "container_name": name, "proto_uri": "", "image": "", "node_type": "MLModel",
        "operation_signature_list": [{
            "operation_signature": signature(operation),
            "connected_to": to.iter().map(link).collect::<Vec<_>>(),
        }],
    })
}

/// Load, then forecast, at that port.
fn submission(port: u16) -> Value {
    let address = |name: &str| json!({"container_name": name, "ip_address": "127.0.0.1", "port": port});
    json!({
        "blueprint": {
            "name": "Grid", "pipeline_id": "p", "creation_date": "2026-01-01 00:00:00.000000",
            "type": "pipeline-topology/v2", "version": "2.0",
            "nodes": [node("load", "Load", &[("forecast", "Forecast")]), node("forecast", "Forecast", &[])],
        },
        "dockerinfo": {"docker_info_list": [address("load"), address("forecast")]},
    })
}

fn with(mut body: Value, key: &str, value: Value) -> Value {
    body[key] = value;
    body
}

fn until(serving: &Serving, run: &str, status: &str) -> Value {
    let begun = Instant::now();
    loop {
        let shown = serving.get(&format!("/workflows/{run}")).json();
        if shown["status"] == status {
            return shown;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "not {status}: {shown}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn detail(answer: &Answer) -> (u16, Value) {
    (answer.status, answer.json()["detail"].clone())
}

#[test]
fn a_workflow_is_submitted_polled_and_its_tasks_are_fetched() {
    let (service, store) = (working(), tempfile::tempdir().unwrap());
    let serving = Serving::start(store.path(), &[]);
    assert_eq!(serving.get("/health").json(), json!({"status": "ok"}));
    let given = json!({
        "protocol": "https", "uri": "https://data/day.csv", "format": "GridData", "metadata": {"day": 1},
        "checksum": "sha256:00",
    });
    let body = with(submission(service.server.port()), "inputs", json!([given]));
    let begun = serving.post("/workflows", &body);
    assert_eq!((begun.status, &begun.json()["status"]), (200, &json!("running")));
    let run = begun.json()["workflow_id"].as_str().unwrap().to_owned();
    let digits = run.strip_prefix("wf-").unwrap();
    assert!(digits.len() == 12 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()), "{run}");
    let shown = until(&serving, &run, "completed");
    assert_eq!((&shown["workflow_id"], &shown["error"]), (&json!(run), &Value::Null));
    for key in ["created_at", "updated_at"] {
        assert!(shown[key].as_str().unwrap().ends_with('Z'), "{shown}");
    }

    let tasks = serving.get(&format!("/workflows/{run}/tasks")).json();
    assert_eq!(tasks["workflow_id"], json!(run));
    let [load, forecast] = tasks["tasks"].as_array().unwrap().as_slice() else { panic!("{tasks}") };
    assert_eq!(
        (&load["node_key"], &load["status"], &load["error"]),
        (&json!("load:Load"), &json!("completed"), &Value::Null)
    );
    let shown = json!({"protocol": "https", "uri": "https://data/day.csv", "format": "GridData", "metadata": {"day": 1}});
    assert_eq!(load["input_refs"], json!([shown]));
    let output =
        json!({"protocol": "s3", "uri": "s3://grid/Load", "format": "GridData", "metadata": {"rows": 3}});
    assert_eq!(load["output_refs"], json!([output]));
    let mut taken = output;
    taken["metadata"]["from"] = json!("load:Load");
    assert_eq!(forecast["input_refs"], json!([taken]));
    let path = format!("/workflows/{run}/tasks/{}", forecast["task_id"].as_str().unwrap());
    assert_eq!(serving.get(&path).json(), *forecast);

    let requests = service.server.requests();
    assert_eq!(requests[0].json()["inputs"], json!([given]), "carried without loss");
    assert_eq!(requests[1].json()["inputs"][0]["metadata"]["from"], "load:Load");
    assert_eq!(requests[0].json()["workflow_id"], json!(run));

    assert_eq!(detail(&serving.get(&format!("/workflows/{run}/tasks/x"))), (404, json!("Task not found")));
    assert_eq!(serving.delete(&format!("/workflows/{run}")).json(), json!({"status": "deleted"}));
    for path in [format!("/workflows/{run}"), format!("/workflows/{run}/tasks"), "/workflows/..".to_owned()] {
        assert_eq!(detail(&serving.get(&path)), (404, json!("Workflow not found")), "{path}");
    }
    assert_eq!(detail(&serving.delete("/workflows/wf-000000000000")), (404, json!("Workflow not found")));
}

#[test]
fn what_is_wrong_with_a_submission_is_said_as_it_was() {
    let (service, store) = (working(), tempfile::tempdir().unwrap());
    let serving = Serving::start(store.path(), &[]);
    let good = submission(service.server.port());
    let without = |key: &str| {
        let mut body = good.clone();
        body.as_object_mut().unwrap().remove(key);
        body
    };
    for (body, place) in [
        (without("blueprint"), "blueprint"),
        (without("dockerinfo"), "dockerinfo"),
        (with(good.clone(), "extra", json!(1)), "extra"),
        (with(good.clone(), "inputs", json!({})), "inputs"),
        (with(good.clone(), "services_api_key", json!(1)), "services_api_key"),
        (with(good.clone(), "services_api_key", json!("two words")), "services_api_key"),
        (with(good.clone(), "blueprint", json!([])), "blueprint"),
    ] {
        let (status, said) = detail(&serving.post("/workflows", &body));
        assert_eq!((status, &said[0]["loc"]), (422, &json!(["body", place])), "{said}");
    }
    let as_text =
        serving.ask("POST", "/workflows", &[("content-type", "text/plain")], good.to_string().as_bytes());
    assert_eq!(as_text.status, 422, "a page in a browser may send that anywhere");
    let malformed =
        serving.ask("POST", "/workflows", &[("content-type", "application/json")], b"{\"blueprint\": ");
    assert_eq!(malformed.status, 422);

    let mut unknown_key = good.clone();
    unknown_key["blueprint"]["nodes"][0]["color"] = json!("red");
    let mut unknown_node = good.clone();
    unknown_node["blueprint"]["nodes"][0]["operation_signature_list"][0]["connected_to"][0]["container_name"] =
        json!("nobody");
    let mut no_address = good.clone();
    no_address["dockerinfo"]["docker_info_list"].as_array_mut().unwrap().pop();
    let mut odd_port = good.clone();
    odd_port["dockerinfo"]["docker_info_list"][0]["port"] = json!("high");
    for (body, said) in [
        (unknown_key, "Invalid blueprint: `color` is no key of a node"),
        (unknown_node, "Invalid blueprint: "),
        (no_address, "Invalid "),
        (odd_port, "Invalid dockerinfo: "),
        (
            with(good.clone(), "inputs", json!([{"uri": "x", "format": "y"}])),
            "Invalid inputs: a data reference has a text `protocol`",
        ),
        (
            with(good.clone(), "inputs", json!([{"protocol": "ftp", "uri": "x", "format": "y"}])),
            "Invalid inputs: `ftp` is no protocol",
        ),
    ] {
        let (status, detail) = detail(&serving.post("/workflows", &body));
        assert_eq!(status, 400, "{detail}");
        assert!(detail.as_str().unwrap().starts_with(said), "{detail}");
    }
}

#[test]
fn a_task_that_fails_fails_its_workflow_with_its_error() {
    let service = Controlled::new(|_| ControlReply::ok(r#"{"status": "failed", "error": "no wind"}"#));
    let store = tempfile::tempdir().unwrap();
    let serving = Serving::start(store.path(), &[]);
    let begun = serving.post("/workflows", &submission(service.server.port())).json();
    let run = begun["workflow_id"].as_str().unwrap();
    let shown = until(&serving, run, "failed");
    assert!(shown["error"].as_str().unwrap().contains("no wind"), "{shown}");
    let tasks = serving.get(&format!("/workflows/{run}/tasks")).json();
    let states: Vec<_> = tasks["tasks"].as_array().unwrap().iter().map(|task| &task["status"]).collect();
    assert_eq!(states, ["failed", "failed"]);
    assert!(tasks["tasks"][0]["error"].as_str().unwrap().contains("no wind"));
}

#[test]
fn keys_are_asked_for_as_they_were() {
    let (service, store) = (working(), tempfile::tempdir().unwrap());
    let keys = tempfile::NamedTempFile::new().unwrap();
    fs::write(&keys, "portal run planted-0123456789\nother run another-0123456789\n").unwrap();
    let serving = Serving::start(store.path(), &["--keys", keys.path().to_str().unwrap()]);
    assert_eq!(serving.get("/health").status, 200);
    for answer in [
        serving.post("/workflows", &submission(service.server.port())),
        serving.get("/workflows/wf-000000000000"),
        serving.delete("/workflows/wf-000000000000"),
    ] {
        assert_eq!(detail(&answer), (401, json!("Unauthorized")));
    }
    let serving = serving.with_key("planted-0123456789");
    let begun = serving.post("/workflows", &submission(service.server.port()));
    assert_eq!(begun.status, 200);
    let path = format!("/workflows/{}", begun.json()["workflow_id"].as_str().unwrap());
    let serving = serving.with_key("another-0123456789");
    assert_eq!(detail(&serving.delete(&path)), (403, json!("Forbidden")), "it is another's");
    let serving = serving.with_key("planted-0123456789");
    assert_eq!(serving.delete(&path).json(), json!({"status": "deleted"}));
}

#[test]
fn a_key_for_the_services_lives_in_memory_alone() {
    const SECRET: &str = "planted.service.key.4711";
    let (opened, gate) = std::sync::mpsc::channel::<()>();
    let gate = std::sync::Mutex::new(gate);
    let store = tempfile::tempdir().unwrap();
    let service = Controlled::new(move |request| {
        // The first call of the second operation does not end before its server has been killed.
        let is_first = request.json()["task_id"].as_str().unwrap().ends_with(".1");
        if request.json()["method"] == "Forecast" && is_first {
            gate.lock().unwrap().recv().ok();
        }
        let output = json!({"protocol": "s3", "uri": "s3://x", "format": "GridData"});
        ControlReply::ok(&json!({"status": "complete", "output": output}).to_string())
    });
    let serving = Serving::start(store.path(), &["--log-level", "debug"]);
    let body = with(submission(service.server.port()), "services_api_key", json!(SECRET));
    let begun = serving.post("/workflows", &body).json();
    let run = begun["workflow_id"].as_str().unwrap().to_owned();
    let is_second = |event: &Value| event["event"] == "fired" && event["step"] == "forecast:Forecast";
    assert!(serving.follow(&run, None).any(|event| is_second(&event)));
    let begun = Instant::now();
    while service.server.requests().len() < 2 {
        assert!(begun.elapsed() < Duration::from_secs(60), "its call is not made");
        std::thread::sleep(Duration::from_millis(1));
    }
    let killed = serving.kill();
    drop(opened);
    let serving = Serving::start(store.path(), &["--log-level", "debug"]);
    let shown = serving.until(&run, "needs_key");
    assert!(shown["reason"].as_str().unwrap().contains("resume it with the key"), "{shown}");
    let path = format!("/api/v1/runs/{run}/resume");
    assert_eq!(serving.post(&path, &json!({})).problem(), (409, "wrong_state".into()));
    assert_eq!(serving.post(&path, &json!({"services_api_key": SECRET})).status, 202);
    until(&serving, &run, "completed");
    let requests = service.server.requests();
    assert!(requests.len() >= 3);
    let bearer = format!("Bearer {SECRET}");
    assert!(
        requests
            .iter()
            .filter(|request| request.is_execute())
            .all(|request| request.headers["authorization"] == bearer)
    );
    let events = serving.get(&format!("/api/v1/runs/{run}/events")).body;
    assert!(!String::from_utf8_lossy(&events).contains(SECRET));
    let stopped = serving.stop();
    for ended in [killed, stopped] {
        assert!(!ended.stderr.contains(SECRET) && !ended.stdout.contains(SECRET));
    }
    assert!(!is_anywhere_in(store.path(), SECRET), "the key is in the store");
}
