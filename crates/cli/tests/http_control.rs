//! Services with an HTTP control interface, as a user meets them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

mod support;

use std::fs;
use std::net::TcpListener;

use aieffect_testkit::{Authority, Bound, ControlReply, Protos, Reply, ServerTls, skip};
use serde_json::{Value, json};
use support::step::Controlled;
use support::{Aieffect, Copied, Package, step_proto};

fn complete(output: &Value) -> ControlReply {
    ControlReply::ok(&json!({"status": "complete", "output": output}).to_string())
}

fn inline(text: &str) -> Value {
    json!({"protocol": "inline", "uri": text, "format": "json"})
}

/// Two services over HTTP and one over gRPC between them.
fn mixed(first: u16, grpc: u16, last: u16) -> Package {
    Package::new()
        .controlled("read1", first, &["Read"])
        .node("step1", grpc, &step_proto("a"), &["Do"])
        .controlled("use1", last, &["Use"])
        .link("read1:Read", "step1:Do")
        .link("step1:Do", "use1:Use")
        .operation("use1:Use", &json!({"parameters": {"deep": {"list": [1, 2.5, null]}}}))
        .written()
}

#[test]
fn a_package_that_mixes_transports_runs_and_shows_what_was_answered() {
    let first = Controlled::new(|_| complete(&inline(r#"{"text": "hello"}"#)));
    let last = Controlled::new(|request| {
        complete(
            &json!({"uri": "s3://bucket/key", "size": 18_446_744_073_709_551_615_u64, "got": request.json()["inputs"]}),
        )
    });
    let grpc = Bound::new(Protos::new(&[("a.proto", &step_proto("a"))]))
        .on("/a.Step/Do", |received| json!({"success": true, "text": received.json["text"]}))
        .start();
    let package = mixed(first.port(), grpc.port(), last.port());
    let ended =
        package.orchestrate().args(["--token-env", "SERVICE_KEY"]).env("SERVICE_KEY", "s3cret").output();
    ended.succeeds();
    let results = ended.results();
    assert_eq!(results["step1:Do"]["text"], "hello");
    let output = &results["use1:Use"];
    assert_eq!(output["size"], 18_446_744_073_709_551_615_u64);
    assert_eq!(output["got"][0]["metadata"], json!({"message": "a.Response", "from": "step1:Do"}));
    let requests = last.server.requests();
    assert_eq!(requests[0].headers["authorization"], "Bearer s3cret");
    assert_eq!(requests[0].json()["parameters"], json!({"deep": {"list": [1, 2.5, null]}}));
    assert_eq!(requests[0].json()["method"], "Use");
    assert!(!ended.stderr.contains("s3cret"), "{}", ended.stderr);

    let again = package.orchestrate().args(["--resume", "latest"]).output();
    again.succeeds();
    assert_eq!(again.results(), results);
    assert_eq!(last.server.requests().len(), 1);
    let shown = Aieffect::new("check", package.path(), package.path()).arg("--plan").output();
    shown.succeeds();
    assert!(
        shown.stdout.contains("calls   POST /control/execute (method Use) on 127.0.0.1:"),
        "{}",
        shown.stdout
    );
}

#[test]
fn a_run_goes_on_where_a_service_failed() {
    let first = Controlled::new(|_| complete(&inline(r#"{"text": "hello"}"#)));
    let fails =
        Controlled::new(|_| ControlReply::ok(r#"{"status": "failed", "error": "the model is not trained"}"#));
    let works = Controlled::new(|_| complete(&json!("done")));
    let grpc = Bound::new(Protos::new(&[("a.proto", &step_proto("a"))]))
        .on("/a.Step/Do", |_| json!({"success": true, "text": "t"}))
        .start();
    let package = mixed(first.port(), grpc.port(), fails.port());
    let ended = package.orchestrate().output();
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    ended.says("use1:Use failed: the service failed: the model is not trained");
    let request = r#"request: {"inputs":[{"protocol":"inline","#;
    ended.says(request);

    let dockerinfo = package.path().join("dockerinfo.json");
    let text = fs::read_to_string(&dockerinfo).unwrap();
    let ended = package.orchestrate().args(["--resume", "latest"]).output();
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert_eq!((first.server.requests().len(), fails.server.requests().len()), (1, 2));
    let tasks: Vec<Value> =
        fails.server.requests().iter().map(|request| request.json()["task_id"].clone()).collect();
    assert_ne!(tasks[0], tasks[1]);
    // Another address is another package.
    fs::write(&dockerinfo, text.replace(&fails.port().to_string(), &works.port().to_string())).unwrap();
    let ended = package.orchestrate().output();
    ended.succeeds();
    assert_eq!(ended.results()["use1:Use"], "done");
}

#[test]
fn whoever_speaks_the_other_transport_is_said_at_once() {
    let http = Controlled::new(|_| ControlReply::ok("{}"));
    let grpc =
        Bound::new(Protos::new(&[("a.proto", &step_proto("a"))])).on("/a.Step/Do", |_| Reply::Hang).start();
    let ended = Package::new().controlled("read1", grpc.port(), &["Read"]).written().orchestrate().output();
    ended.check(4, "error: read1 could not be reached: `127.0.0.1:<port>` speaks `grpc`, and its node is called over `http-control`; say so with `transport`, or give the right port");
    let ended =
        Package::new().node("step1", http.port(), &step_proto("a"), &["Do"]).written().orchestrate().output();
    ended.check(4, "error: step1 could not be reached: `127.0.0.1:<port>` speaks `http-control`, and its node is called over `grpc`; say so with `transport`, or give the right port");

    let folder = tempfile::tempdir().unwrap();
    let probe = |port: u16| {
        let address = format!("127.0.0.1:{port}");
        Aieffect::new("probe", std::path::Path::new(&address), folder.path()).output()
    };
    assert_eq!(
        (probe(http.port()).stdout, probe(grpc.port()).stdout),
        ("http-control\n".to_owned(), "grpc\n".to_owned())
    );
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    assert_eq!(probe(nobody).code, Some(4));
}

#[test]
fn an_exported_package_says_which_nodes_are_called_over_http() {
    let dir = tempfile::tempdir().unwrap();
    let package = dir.path().join("package");
    let case = aieffect_testkit::use_case("mixed_transport_pipeline");
    Aieffect::new("export", &case, dir.path()).arg(&package).output().succeeds();
    let read = |name: &str| -> Value {
        serde_json::from_str(&fs::read_to_string(package.join(name)).unwrap()).unwrap()
    };
    let over_http = json!({"transport": "http-control"});
    assert_eq!(
        read("execution.json")["nodes"],
        json!({"wind_reader1": over_http, "wind_forecast1": over_http})
    );
    let blueprint = read("blueprint.json");
    let uris: Vec<&str> = blueprint["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| node["proto_uri"].as_str().unwrap())
        .collect();
    assert_eq!(uris, ["", "microservice/ramp_detector1.proto", "", "microservice/forecast_report1.proto"]);
    let check = |arguments: &[&str]| {
        Aieffect::new("check", &package, dir.path()).args(arguments.iter().copied()).output()
    };
    let plan = check(&["--plan"]);
    plan.succeeds();
    // A platform that has dropped the file leaves what the blueprint says.
    let execution = fs::read_to_string(package.join("execution.json")).unwrap();
    fs::remove_file(package.join("execution.json")).unwrap();
    let without = check(&["--plan"]);
    assert!(without.stdout.contains("POST /control/execute (method Forecast)"), "{}", without.stdout);
    fs::write(dir.path().join("kept.json"), execution).unwrap();
    let kept = dir.path().join("kept.json");
    assert_eq!(check(&["--plan", "--execution", kept.to_str().unwrap()]).stdout, plan.stdout);
    let designer = check(&["--designer"]);
    assert!(!designer.stdout.contains("control.proto"), "{}", designer.stdout);
}

#[test]
fn an_operation_is_called_alone_with_inputs_and_parameters() {
    let server = Controlled::new(|request| complete(&request.json()["inputs"][0]));
    let package = Package::new().controlled("read1", server.port(), &["Read"]).written();
    let call = |data: &str| {
        Aieffect::new("call", package.path(), package.path()).args(["read1:Read", "--data", data]).output()
    };
    let ended = call(r#"{"inputs": [{"uri": "x"}], "parameters": {"day": 1}}"#);
    ended.succeeds();
    assert_eq!(ended.results(), json!({"uri": "x"}));
    assert_eq!(server.server.requests()[0].json()["parameters"], json!({"day": 1}));
    let ended = call(r#"{"input": []}"#);
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
}

#[test]
fn http_control_runs_over_mutual_tls() {
    let authority = Authority::new();
    let tls = ServerTls::new(authority.issue(&["127.0.0.1"])).only_for_clients_of(&authority).without_http2();
    let server = Controlled::over(&tls, |_| complete(&json!("safe")));
    let package = Package::new().controlled("read1", server.port(), &["Read"]).written();
    let own = authority.issue(&["orchestrator"]);
    let file = |name: &str, text: &str| {
        let path = package.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let ca = file("ca.pem", &authority.pem());
    let (certificate, key) = (file("own.pem", &own.certificate), file("own.key", &own.key));
    let ended =
        package.orchestrate().args(["--tls-ca", &ca, "--tls-cert", &certificate, "--tls-key", &key]).output();
    ended.succeeds();
    assert_eq!(ended.results()["read1:Read"], "safe");
    let other = file("other.pem", &Authority::new().pem());
    let ended = package.orchestrate().args(["--tls-ca", &other]).output();
    ended.check(4, "error: read1 could not be reached: no secure connection to `127.0.0.1:<port>`: its certificate is not signed by the CA that was given: give the certificate of the CA that signed it");
    assert_eq!(server.server.requests().len(), 1);
}

#[test]
fn services_written_with_fastapi_run_from_their_dockerfiles() {
    skip!(Python);
    let case = Copied::new("mixed_transport_pipeline");
    let ended = case.run().output();
    ended.succeeds();
    let results = ended.results();
    let reading = &results["wind_reader1:ReadWind"];
    assert_eq!((&reading["format"], &reading["metadata"]["hours"]), (&json!("HourlyWind"), &json!(337)));
    assert_eq!(results["ramp_detector1:DetectRamps"]["ramps"].as_array().unwrap().len(), 2);
    assert_eq!(results["wind_forecast1:Forecast"]["protocol"], "inline");
    assert_eq!(results["forecast_report1:WriteReport"]["hours"], 24);
    assert!(
        case.run_file("wind_forecast.md")
            .starts_with("# Wind forecast\n\n24 hours from 2024-10-04T02:00:00: ")
    );

    let missing = case.run().args(["--initial-data", r#"{"csv_path": "data/none.csv"}"#]).output();
    assert_eq!(missing.code, Some(1), "{}", missing.stderr);
    missing.says("wind_reader1:ReadWind failed: the service failed: [Errno 2] No such file or directory");
    let few = case.run().args(["--initial-data", r#"{"wind_forecast1:Forecast": {"draws": 1}}"#]).output();
    assert_eq!(few.code, Some(1), "{}", few.stderr);
    few.says("wind_forecast1:Forecast failed: the service failed: `hours` must be at least 1, and `draws` at least 2");
}

#[test]
fn what_the_services_compute_passes_its_own_tests() {
    skip!(Python);
    let output = std::process::Command::new("python3")
        .args(["-m", "unittest", "discover", "-s", ".", "-t", "."])
        .current_dir(aieffect_testkit::use_case("mixed_transport_pipeline"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("Ran 0 tests"), "{said}");
}
