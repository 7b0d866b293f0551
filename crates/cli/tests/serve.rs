//! `aieffect serve` as its clients meet it: packages, runs, events, keys.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

mod support;

use std::fs;
use std::path::Path;

use aieffect_testkit::Gate;
use serde_json::{Value, json};
use support::step::{calls, gated, is_anywhere_in, started};
use support::{Aieffect, Serving, chain, documents};
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn a_package_is_handed_in_run_and_its_results_are_fetched() {
    let (server, store) = (started(), folder());
    let serving = Serving::start(store.path(), &[]);
    let digest = serving.put(&chain(server.port(), 2).written());
    let run = serving.begin(&digest);
    let shown = serving.until(&run, "succeeded");
    assert_eq!((&shown["pipeline"], &shown["name"]), (&json!(digest), &json!("Case")));
    let steps: Vec<_> =
        shown["steps"].as_array().unwrap().iter().map(|step| (&step["step"], &step["state"])).collect();
    assert_eq!(steps, [(&json!("n1:Do"), &json!("finished")), (&json!("n2:Do"), &json!("finished"))]);
    let results = serving.get(&format!("/api/v1/runs/{run}/results")).json();
    let answer = json!({"success": true, "message": "", "text": "fine"});
    assert_eq!(results, json!({"n1:Do": answer, "n2:Do": answer}));
    assert_eq!(serving.put(&chain(server.port(), 2).written()), digest, "the same package twice is one");
    let listed = serving.get("/api/v1/pipelines").json();
    assert_eq!(listed["pipelines"].as_array().unwrap().len(), 1);
    assert_eq!(serving.stop().code, Some(0));
}

#[test]
fn a_zip_is_taken_too_and_given_back() {
    let (server, store) = (started(), folder());
    let package = chain(server.port(), 1).written();
    let serving = Serving::start(store.path(), &[]);
    let digest = serving.put(&package);
    let zip = serving.get(&format!("/api/v1/pipelines/{digest}/package"));
    assert_eq!((zip.status, zip.headers["content-type"].as_str()), (200, "application/zip"));
    let again = serving.ask("POST", "/api/v1/pipelines", &[("content-type", "application/zip")], &zip.body);
    assert_eq!((again.status, &again.json()["digest"]), (201, &json!(digest)));
}

#[test]
fn what_is_wrong_with_a_package_is_told_with_its_place() {
    let store = folder();
    let serving = Serving::start(store.path(), &[]);
    let package = chain(1, 2).written();
    let mut broken = documents(package.path());
    broken["blueprint"]["nodes"][0]["operation_signature_list"][0]["connected_to"][0]["container_name"] =
        json!("n3");
    let answer = serving.post("/api/v1/pipelines", &broken);
    assert_eq!(answer.problem(), (422, "findings".into()));
    let finding = answer.json()["findings"][0].clone();
    assert_eq!(
        (&finding["severity"], &finding["places"][0]["file"]),
        (&json!("error"), &json!("blueprint.json"))
    );
    assert!(finding["message"].as_str().unwrap().contains("n3"), "{finding}");
    for (body, code) in [(&b"PK\x03\x04rubbish"[..], "findings"), (b"", "findings")] {
        let zip = serving.ask("POST", "/api/v1/pipelines", &[("content-type", "application/zip")], body);
        assert_eq!(zip.problem(), (422, code.into()));
    }
    let text = serving.ask("POST", "/api/v1/pipelines", &[("content-type", "text/plain")], b"x");
    assert_eq!(text.problem(), (415, "unsupported_media_type".into()));
    let mut outside = documents(package.path());
    outside["protos"]["microservice/../../x.proto"] = json!("");
    let outside = serving.post("/api/v1/pipelines", &outside);
    assert!(outside.status >= 400, "{outside:?}");
    assert_eq!(fs::read_dir(store.path().join("packages")).unwrap().count(), 0);
}

#[test]
fn requests_that_cannot_be_met_say_why() {
    let (server, store) = (started(), folder());
    let serving = Serving::start(store.path(), &[]);
    let digest = serving.put(&chain(server.port(), 1).written());
    let run = serving.begin(&digest);
    serving.until(&run, "succeeded");
    let unknown = "0".repeat(64);
    for (answer, expected) in [
        (serving.get("/api/v1/runs/run-000000000000"), (404, "no_such_run")),
        (serving.get("/api/v1/runs/..%2F..%2Fetc"), (404, "no_such_run")),
        (serving.get(&format!("/api/v1/pipelines/{unknown}")), (404, "no_such_pipeline")),
        (serving.post("/api/v1/runs", &json!({"pipeline": unknown})), (404, "no_such_pipeline")),
        (serving.post("/api/v1/runs", &json!({"pipelin": digest})), (422, "bad_request")),
        (
            serving.ask("POST", "/api/v1/runs", &[("content-type", "application/json")], b"{"),
            (400, "bad_request"),
        ),
        (serving.post("/api/v1/runs", &json!([digest])), (422, "bad_request")),
        (serving.post(&format!("/api/v1/runs/{run}/resume"), &json!([])), (422, "bad_request")),
        (
            serving.ask(
                "POST",
                &format!("/api/v1/runs/{run}/resume"),
                &[("content-type", "text/plain")],
                b"{}",
            ),
            (415, "unsupported_media_type"),
        ),
        (serving.get("/api/v1/runs/%FF"), (400, "bad_request")),
        (
            serving.ask("GET", &format!("/api/v1/runs/{run}/events"), &[("last-event-id", "x")], b""),
            (400, "bad_request"),
        ),
        (
            serving.post("/api/v1/runs", &json!({"pipeline": digest, "initial_data": {"tex": 1}})),
            (422, "findings"),
        ),
        (serving.get("/api/v1/runs?state=odd"), (400, "bad_request")),
        (serving.get("/api/v1/runs?page_size=0"), (400, "bad_request")),
        (serving.post(&format!("/api/v1/runs/{run}/cancel"), &json!({})), (409, "wrong_state")),
        (serving.post(&format!("/api/v1/runs/{run}/resume"), &json!({})), (409, "wrong_state")),
        (
            serving.post(&format!("/api/v1/runs/{run}/resume"), &json!({"redo": ["n9:Do"]})),
            (422, "no_such_step"),
        ),
        (serving.delete(&format!("/api/v1/pipelines/{digest}")), (409, "in_use")),
        (serving.get("/api/v2"), (404, "not_found")),
        (serving.delete("/api/v1/runs"), (405, "method_not_allowed")),
    ] {
        assert_eq!(answer.problem(), (expected.0, expected.1.to_owned()), "{answer:?}");
    }
    assert_eq!(serving.delete(&format!("/api/v1/runs/{run}")).status, 204);
    assert_eq!(serving.get(&format!("/api/v1/runs/{run}")).status, 404);
    assert_eq!(serving.delete(&format!("/api/v1/pipelines/{digest}")).status, 204);
}

#[test]
fn events_are_followed_from_any_point_to_the_end() {
    let (gate, store) = (Gate::new(), folder());
    let server = gated("n2", &gate);
    let serving = Serving::start(store.path(), &[]);
    let run = serving.begin(&serving.put(&chain(server.port(), 2).written()));
    let mut events = serving.follow(&run, None);
    let early: Vec<Value> =
        events.by_ref().take_while(|event| event["event"] != "fired" || event["step"] != "n2:Do").collect();
    assert_eq!(early[0]["event"], "started");
    gate.open();
    let late: Vec<Value> = events.collect();
    assert_eq!(late.last().unwrap()["event"], "finished");
    let last = late.last().unwrap()["position"].as_u64().unwrap();
    let positions: Vec<_> =
        early.iter().chain(&late).map(|event| event["position"].as_u64().unwrap()).collect();
    let without_cut = early.len() as u64;
    let expected: Vec<_> = (0..=last).filter(|position| *position != without_cut).collect();
    assert_eq!(positions, expected, "all but the one that ended the first part");
    let again: Vec<Value> = serving.follow(&run, Some(last - 1)).collect();
    assert_eq!(again, late[late.len() - 1..]);
    let listed = serving.get(&format!("/api/v1/runs/{run}/events?from={last}")).json();
    assert_eq!(listed["events"], json!([again[0]]));
}

#[test]
fn the_same_request_twice_is_one_run() {
    let (server, store) = (started(), folder());
    let serving = Serving::start(store.path(), &[]);
    let digest = serving.put(&chain(server.port(), 1).written());
    let ask = |serving: &Serving, body: &Value| {
        let headers = [("content-type", "application/json"), ("idempotency-key", "monday")];
        serving.ask("POST", "/api/v1/runs", &headers, body.to_string().as_bytes())
    };
    let first = ask(&serving, &json!({"pipeline": digest}));
    let second = ask(&serving, &json!({"pipeline": digest}));
    assert_eq!((first.status, second.status), (201, 200));
    assert_eq!(first.json()["id"], second.json()["id"]);
    let other = ask(&serving, &json!({"pipeline": digest, "initial_data": {"text": "x"}}));
    assert_eq!(other.problem(), (422, "idempotency_key_reused".into()));
    let run = first.json()["id"].as_str().unwrap().to_owned();
    serving.until(&run, "succeeded");
    serving.stop();
    let serving = Serving::start(store.path(), &[]);
    assert_eq!(ask(&serving, &json!({"pipeline": digest})).json()["id"], json!(run), "after a restart too");
    assert_eq!(calls(&server).len(), 1);
}

#[test]
fn keys_say_who_may_do_what_and_are_nowhere_at_rest() {
    let (server, store) = (started(), folder());
    let keys = tempfile::NamedTempFile::new().unwrap();
    fs::write(
        &keys,
        "portal run planted-0123456789\nwatch read watching-0123456789\nchief admin chiefly-0123456789\n",
    )
    .unwrap();
    let args = ["--keys", keys.path().to_str().unwrap()];
    let serving = Serving::start(store.path(), &args);
    for answer in [serving.get("/api/v1/runs"), serving.post("/api/v1/runs", &json!({"pipeline": "x"}))] {
        assert_eq!(answer.problem(), (401, "unauthorized".into()));
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
    }
    assert_eq!(serving.get("/livez").status, 200);
    assert_eq!(serving.get("/readyz").status, 200);
    let serving = serving.with_key("wrong-0123456789");
    assert_eq!(serving.get("/api/v1/runs").problem().0, 401);
    let serving = serving.with_key("planted-0123456789");
    let digest = serving.put(&chain(server.port(), 1).written());
    let run = serving.begin(&digest);
    serving.until(&run, "succeeded");
    assert_eq!(serving.delete(&format!("/api/v1/runs/{run}")).problem(), (403, "forbidden".into()));
    let serving = serving.with_key("watching-0123456789");
    assert_eq!(serving.run(&run)["key"], "portal");
    assert_eq!(serving.post("/api/v1/runs", &json!({"pipeline": digest})).problem().0, 403);
    let serving = serving.with_key("chiefly-0123456789");
    assert_eq!(serving.delete(&format!("/api/v1/runs/{run}")).status, 204);
    let ended = serving.stop();
    for secret in ["planted-0123456789", "watching-0123456789", "chiefly-0123456789"] {
        assert!(!ended.stderr.contains(secret) && !ended.stdout.contains(secret));
        assert!(!is_anywhere_in(store.path(), secret), "{secret} is in the store");
    }
}

#[test]
fn others_are_not_answered_without_keys() {
    let store = folder();
    let refused = Aieffect::new("serve", Path::new("--http-addr=0.0.0.0:0"), store.path())
        .arg(format!("--store={}", store.path().display()))
        .output();
    refused.check(2, "error: whoever reaches 0.0.0.0:0 could run anything: it has no keys");
    refused.says("help: give it keys with `--keys FILE`, let in only clients with a certificate");
    let keys = tempfile::NamedTempFile::new().unwrap();
    fs::write(&keys, "portal write planted-0123456789\n").unwrap();
    let args = [format!("--store={}", store.path().display()), format!("--keys={}", keys.path().display())];
    let broken =
        Aieffect::new("serve", Path::new("--http-addr=127.0.0.1:0"), store.path()).args(args).output();
    assert_eq!(broken.code, Some(2));
    broken.says("line 1: `write` is no scope; there are read, run and admin");
    assert!(!broken.stderr.contains("planted"));
}

#[test]
fn endpoints_that_are_not_allowed_are_not_called() {
    let (server, store) = (started(), folder());
    let serving = Serving::start(store.path(), &["--allow-endpoints", "*.grid.example,10.0.0.0/8"]);
    let digest = serving.put(&chain(server.port(), 1).written());
    let refused = serving.post("/api/v1/runs", &json!({"pipeline": digest}));
    assert_eq!(refused.problem(), (403, "endpoint_not_allowed".into()));
    assert!(refused.json()["detail"].as_str().unwrap().starts_with("the node `n1` is at 127.0.0.1:"));
    serving.stop();
    let serving = Serving::start(store.path(), &["--allow-endpoints", "127.0.0.0/8"]);
    serving.until(&serving.begin(&digest), "succeeded");
}

#[test]
fn a_page_that_has_its_own_name_lead_here_is_not_answered() {
    let store = folder();
    let serving = Serving::start(store.path(), &[]);
    let asked = |host: &str| serving.ask_as(host, "GET", "/api/v1/runs", &[], b"");
    assert_eq!(asked("evil.example:50101").problem(), (403, "forbidden".into()));
    assert_eq!(asked("localhost").status, 200);
    serving.stop();
    let serving = Serving::start(store.path(), &["--insecure"]);
    assert_eq!(serving.ask_as("behind.a.proxy", "GET", "/api/v1/runs", &[], b"").status, 200);
}

#[test]
fn packages_come_in_pages_and_one_that_is_damaged_hides_no_other() {
    let (server, store) = (started(), folder());
    let serving = Serving::start(store.path(), &[]);
    let digests: Vec<String> =
        (1..4).map(|steps| serving.put(&chain(server.port(), steps).written())).collect();
    serving.stop();
    fs::write(store.path().join(format!("packages/{}.zip", digests[1])), "no zip").unwrap();
    let serving = Serving::start(store.path(), &[]);
    let (mut token, mut listed) = (String::new(), Vec::new());
    loop {
        let page = serving.get(&format!("/api/v1/pipelines?page_size=2{token}")).json();
        let named = |one: &Value| {
            (one["digest"].as_str().unwrap().to_owned(), one["name"].as_str().unwrap().to_owned())
        };
        listed.extend(page["pipelines"].as_array().unwrap().iter().map(named));
        let Some(next) = page["next_page_token"].as_str() else { break };
        token = format!("&page_token={next}");
    }
    listed.sort();
    let name = |digest: &String| if *digest == digests[1] { "" } else { "Case" };
    let mut all: Vec<_> = digests.iter().map(|digest| (digest.clone(), name(digest).to_owned())).collect();
    all.sort();
    assert_eq!(listed, all);
    assert_eq!(serving.delete(&format!("/api/v1/pipelines/{}", digests[1])).status, 204);
    assert_eq!(serving.get("/api/v1/pipelines").json()["pipelines"].as_array().unwrap().len(), 2);
    assert_eq!(serving.get("/api/v1/pipelines?page_size=0").problem(), (400, "bad_request".into()));
}
