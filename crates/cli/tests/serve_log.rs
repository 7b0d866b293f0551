//! What a server says of its runs and of itself, as JSON and as text.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

mod support;

use std::fs;

use aieffect_api::v1;
use aieffect_api::v1::pipelines_client::PipelinesClient;
use aieffect_testkit::{Gate, Received, Reply};
use serde_json::{Value, json};
use support::step::{DO, gated, service, started};
use support::{Ended, Package, Serving, chain};
use tempfile::TempDir;
use tonic::Code;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn lines(ended: &Ended) -> Vec<Value> {
    ended.stderr.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

/// The lines of a run, with these fields of each, joined.
fn of_run(lines: &[Value], run: &str, fields: &[&str]) -> Vec<String> {
    let own = lines.iter().filter(|line| line["run"] == run);
    let shown = |line: &Value| {
        let values = fields.iter().map(|field| match &line[field] {
            Value::String(text) => text.clone(),
            Value::Null => "-".to_owned(),
            other => other.to_string(),
        });
        values.collect::<Vec<_>>().join(" ")
    };
    own.map(shown).collect()
}

/// Says "not now" to the first call, and to others that it did not work.
fn unsteady() -> aieffect_testkit::Server {
    let reply = |call: Received| match call.earlier {
        0 => Reply::status(Code::Unavailable, "not now"),
        _ => json!({"success": false, "message": "no wind"}).into(),
    };
    service().on(DO, reply).start()
}

#[test]
fn json_tells_how_runs_begin_go_wrong_and_end() {
    let (good, bad, store) = (started(), unsteady(), folder());
    let args = ["--log-format", "json", "--log-level", "debug", "--ready-timeout", "100ms"];
    let serving = Serving::start(store.path(), &args);
    let secret = "planted-0123456789";
    let digest = serving.put(&chain(good.port(), 2).written());
    let body = json!({"pipeline": digest, "services_api_key": secret, "initial_data": {"text": "private"}});
    let succeeded = serving.post("/api/v1/runs", &body).json()["id"].as_str().unwrap().to_owned();
    serving.until(&succeeded, "succeeded");
    let failed = serving.begin(&serving.put(&chain(bad.port(), 1).written()));
    serving.until(&failed, "failed");
    let unreachable = serving.begin(&serving.put(&chain(1, 1).written()));
    serving.until(&unreachable, "unreachable");
    let ended = serving.stop();
    let lines = lines(&ended);

    let fields = ["level", "step", "seq", "attempt", "outcome"];
    assert_eq!(
        of_run(&lines, &succeeded, &fields),
        [
            "INFO - - - -",
            "DEBUG - - - -",
            "DEBUG - - - -",
            "DEBUG n1:Do 0 1 -",
            "DEBUG n1:Do 0 - -",
            "DEBUG n2:Do 0 1 -",
            "DEBUG n2:Do 0 - -",
            "INFO - - - succeeded",
        ]
    );
    assert_eq!(
        of_run(&lines, &failed, &["level", "step", "seq", "attempt", "failure", "outcome", "reason"]),
        [
            "INFO - - - - - -",
            "DEBUG - - - - - -",
            "DEBUG n1:Do 0 1 - - -",
            "WARNING n1:Do 0 1 status - -",
            "DEBUG n1:Do 0 2 - - -",
            "WARNING n1:Do 0 - unsuccessful - -",
            "INFO - - - - failed n1:Do failed: the service answered `success: false`: no wind",
        ]
    );
    let unreached = of_run(&lines, &unreachable, &["level", "node", "outcome"]);
    assert_eq!(unreached, ["INFO - -", "WARNING n1 -", "INFO - unreachable"]);
    let reasons = of_run(&lines, &unreachable, &["reason"]);
    assert!(
        reasons[2].starts_with("n1 does not answer: not ready at `127.0.0.1:1` after 0.1 s"),
        "{reasons:?}"
    );
    assert!(lines.iter().all(|line| line["time"].is_string() && line["message"].is_string()));
    for text in [secret, "private"] {
        assert!(!ended.stderr.contains(text), "{text} is in the log");
    }
}

#[test]
fn text_tells_the_same_and_leaves_out_what_goes_well() {
    let (bad, store) = (unsteady(), folder());
    let serving = Serving::start(store.path(), &[]);
    let run = serving.begin(&serving.put(&chain(bad.port(), 1).written()));
    serving.until(&run, "failed");
    let ended = serving.stop();
    let told: Vec<&str> = ended
        .stderr
        .lines()
        .filter(|line| line.contains(&run))
        .map(|line| &line["00:00:00.000 ".len()..])
        .collect();
    assert_eq!(told.len(), 4, "{told:#?}");
    assert_eq!(told[0], format!("INFO    {run}: running Case (batch), 1 step"));
    assert!(
        told[1].starts_with(&format!("WARNING {run}: n1:Do failed and is called again in ")),
        "{}",
        told[1]
    );
    assert!(told[1].ends_with("the service answered UNAVAILABLE: not now"), "{}", told[1]);
    let failure = "n1:Do failed: the service answered `success: false`: no wind";
    assert_eq!(told[2], format!("WARNING {run}: {failure}"));
    assert!(told[3].starts_with(&format!("INFO    {run}: failed after ")), "{}", told[3]);
    assert!(told[3].ends_with(failure), "{}", told[3]);
}

#[test]
fn what_becomes_of_a_run_that_nobody_works_on_is_told() {
    let (gate, store) = (Gate::new(), folder());
    let server = gated("n1", &gate);
    let settings = json!({"parameters": {"text": "x"}, "idempotent": false});
    let once = serving_json(&store, &[]);
    let risky = once.begin(&once.put(&chain(server.port(), 1).operation("n1:Do", &settings).written()));
    assert!(once.follow(&risky, None).any(|event| event["event"] == "fired"));
    let digest = once.put(&chain(server.port(), 1).written());
    let body = json!({"pipeline": digest, "services_api_key": "planted-0123456789"});
    let keyed = once.post("/api/v1/runs", &body).json()["id"].as_str().unwrap().to_owned();
    assert!(once.follow(&keyed, None).any(|event| event["event"] == "fired"));
    once.kill();
    let serving = serving_json(&store, &["--max-runs", "1"]);
    serving.until(&risky, "interrupted");
    let held = serving.begin(&digest);
    serving.until(&held, "running");
    let waiting = serving.begin(&digest);
    assert_eq!(serving.post(&format!("/api/v1/runs/{waiting}/cancel"), &json!({})).status, 202);
    gate.open();
    serving.until(&held, "succeeded");
    let lines = lines(&serving.stop());
    let risky = of_run(&lines, &risky, &["level", "reason"]);
    assert!(risky.len() == 1 && risky[0].starts_with("WARNING n1:Do was being called"), "{risky:?}");
    assert_eq!(of_run(&lines, &keyed, &["level"]), ["WARNING"]);
    assert_eq!(of_run(&lines, &waiting, &["level", "outcome"]), ["INFO cancelled"]);
}

fn serving_json(store: &TempDir, args: &[&str]) -> Serving {
    Serving::start(store.path(), &[&["--log-format", "json"], args].concat())
}

#[test]
fn a_live_run_does_not_fill_the_log_with_its_failures() {
    let store = folder();
    // A source that gives a thousand messages at once, and a service that takes every other one.
    let proto = "syntax = \"proto3\"; package a; service Step { rpc Do(Nothing) returns (stream Text); \
                 rpc Take(Text) returns (Text); } message Nothing {} message Text { string text = 1; }";
    let protos = aieffect_testkit::Protos::new(&[("a.proto", proto)]);
    let many = vec![json!({"text": "x"}); 1000];
    let server = aieffect_testkit::Bound::new(protos)
        .on("/a.Step/Do", move |call: Received| match call.earlier {
            0 => Reply::Stream(many.clone()),
            _ => Reply::status(Code::NotFound, "no more data"),
        })
        .on("/a.Step/Take", |call: Received| match call.earlier % 2 {
            0 => Reply::status(Code::InvalidArgument, "not this one"),
            _ => json!({"text": "y"}).into(),
        })
        .start();
    let package = Package::new().node("n1", server.port(), proto, &["Do"]);
    let package = package.node("n2", server.port(), proto, &["Take"]).link("n1:Do", "n2:Take").written();
    let serving = serving_json(&store, &[]);
    let digest = serving.put(&package);
    let run = serving.post("/api/v1/runs", &json!({"pipeline": digest, "mode": "live"})).json();
    let run = run["id"].as_str().unwrap().to_owned();
    let shown = serving.until(&run, "succeeded");
    let calls = shown["steps"][1]["attempts"].as_u64().unwrap();
    assert!(calls >= 1000, "{shown}");
    let lines = lines(&serving.stop());
    let warnings: Vec<&Value> =
        lines.iter().filter(|line| line["run"] == run && line["level"] == "WARNING").collect();
    let untold: u64 = warnings.iter().filter_map(|line| line["untold"].as_u64()).sum();
    let told = warnings.iter().filter(|line| line["step"] == "n2:Take").count() as u64;
    assert_eq!(told + untold, 500, "all are told or counted");
    assert!((10..=200).contains(&told), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_fail_by_the_server_s_fault_are_told() {
    let store = folder();
    let serving = serving_json(&store, &[]);
    let packages = store.path().join("packages");
    fs::remove_dir_all(&packages).unwrap();
    fs::write(&packages, "").unwrap();
    let answer = serving.get("/api/v1/pipelines?page_token=planted-0123456789");
    assert_eq!(answer.problem(), (503, "store".into()));
    assert_eq!(serving.get("/api/v1/runs/run-000000000000").status, 404);
    let address = format!("http://{}", serving.grpc());
    let channel = tonic::transport::Endpoint::from_shared(address).unwrap().connect().await.unwrap();
    let refused = PipelinesClient::new(channel).list(v1::ListPipelinesRequest::default()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable, "{refused}");
    let ended = serving.stop();
    let lines = lines(&ended);
    let failed: Vec<&Value> = lines.iter().filter(|line| line["level"] == "ERROR").collect();
    let told: Vec<(&Value, &Value)> = failed.iter().map(|line| (&line["request"], &line["status"])).collect();
    let expected = [
        (json!("GET /api/v1/pipelines"), json!("503")),
        (json!("POST /aieffect.v1.Pipelines/List"), json!("UNAVAILABLE")),
    ];
    assert_eq!(told, expected.iter().map(|(request, status)| (request, status)).collect::<Vec<_>>());
    assert!(failed.iter().all(|line| line["reason"].as_str().unwrap().contains("packages")), "{failed:?}");
    assert!(!ended.stderr.contains("planted"));
}
