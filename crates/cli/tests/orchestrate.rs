//! `aieffect orchestrate` as a user meets it: a package, services that run already, the exit code, the last line
//! of stderr, and results to the letter.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

mod support;

use std::fs;
use std::path::Path;

use aieffect_testkit::{Bound, Gate, Health, Protos, Reply, Server};
use serde_json::{Value, json};
use support::{Aieffect, Package, step_proto};

const DO: &str = "/a.Step/Do";

/// A server of [`step_proto`] whose calls come to `reply`.
fn serve<R: Into<Reply>>(reply: impl Fn() -> R + Send + Sync + 'static) -> Server {
    bound().on(DO, move |_| reply()).start()
}

fn bound() -> Bound {
    Bound::new(Protos::new(&[("a.proto", &step_proto("a"))]))
}

/// One node `a1` of [`step_proto`] at that port.
fn alone(port: u16, settings: &Value) -> Package {
    let package = Package::new().node("a1", port, &step_proto("a"), &["Do"]);
    package.operation("a1:Do", settings).written()
}

fn fine() -> Value {
    json!({"success": true, "text": "fine"})
}

fn hello() -> Value {
    json!({"parameters": {"text": "hello"}})
}

/// The settings of `hello` and these.
fn with(settings: &Value) -> Value {
    let mut all = hello();
    for (key, value) in settings.as_object().unwrap() {
        all[key] = value.clone();
    }
    all
}

fn wait_for(event: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(event);
}

#[test]
fn a_package_runs_against_services_that_are_there() {
    let server = serve(fine);
    let ended = alone(server.port(), &hello()).orchestrate().output();
    ended.succeeds();
    assert_eq!(ended.stdout, "{\n  \"a1:Do\": {\"success\":true,\"message\":\"\",\"text\":\"fine\"}\n}\n");
    assert_eq!(server.calls()[0].json, json!({"text": "hello"}));
}

#[test]
fn services_are_told_which_run_step_and_attempt_a_call_belongs_to() {
    let server = bound()
        .on(DO, |call| match call.earlier {
            0 => Reply::status(tonic::Code::Unavailable, "not yet"),
            _ => fine().into(),
        })
        .start();
    let settings = with(&json!({"attempts": 2, "backoff": "1ms", "deadline": "90s"}));
    alone(server.port(), &settings).orchestrate().output().succeeds();
    let calls = server.calls();
    let told = |index: usize, key: &str| calls[index].metadata[key].clone();
    assert_eq!((told(0, "aieffect-attempt"), told(1, "aieffect-attempt")), ("1".into(), "2".into()));
    assert_eq!(told(0, "aieffect-run-id"), told(1, "aieffect-run-id"));
    assert_eq!((told(0, "aieffect-step"), told(0, "aieffect-seq")), ("a1:Do".into(), "0".into()));
    assert_eq!(told(0, "grpc-timeout"), "90000000u");
    let trace = |index: usize| told(index, "traceparent").split('-').nth(1).unwrap().to_owned();
    assert_eq!(trace(0), trace(1));
}

#[test]
fn a_service_that_is_not_there_is_named_with_its_address() {
    let held = bound();
    let ended = alone(held.port(), &hello()).orchestrate().args(["--ready-timeout", "300ms"]).output();
    ended.check(
        4,
        "error: a1 could not be reached: not ready at `127.0.0.1:<port>` after 0.3 s: connection refused",
    );
    ended.says(
        "help: the service's log says more; a service has to listen on the port that `GRPC_PORT` names",
    );
    assert!(ended.stderr.contains(&held.port().to_string()));
    assert_eq!(ended.results(), json!({}));
}

#[test]
fn all_services_that_are_not_there_are_named() {
    let (first, second) = (bound(), bound());
    let package = Package::new()
        .node("a1", first.port(), &step_proto("a"), &["Do"])
        .node("b1", second.port(), &step_proto("b"), &["Do"])
        .link("a1:Do", "b1:Do")
        .written();
    let ended = package.orchestrate().args(["--ready-timeout", "200ms"]).output();
    assert_eq!(ended.code, Some(4));
    for node in ["a1", "b1"] {
        ended.says(&format!("{node} could not be reached: not ready at `127.0.0.1:<port>` after 0.2 s"));
    }
}

#[test]
fn a_service_that_comes_to_serve_is_waited_for() {
    let server = bound().health(Health::NotServing).on(DO, |_| fine()).start();
    let package = alone(server.port(), &hello());
    let mut running = package.orchestrate().start();
    wait_for(server.asked_for_health(2));
    assert_eq!(server.calls_of(DO).len(), 0);
    server.set_health(Health::Serving);
    running.end().succeeds();
    assert_eq!(server.calls_of(DO).len(), 1);
}

#[test]
fn a_connection_that_is_lost_in_mid_answer_is_tried_again_only_where_that_is_safe() {
    let lossy =
        || bound().on(DO, |call| if call.earlier == 0 { Reply::DieMidway } else { fine().into() }).start();
    let server = lossy();
    let settings = with(&json!({"idempotent": true, "backoff": "1ms"}));
    alone(server.port(), &settings).orchestrate().output().succeeds();
    assert_eq!(server.calls_of(DO).len(), 2);

    let server = lossy();
    let ended = alone(server.port(), &hello()).orchestrate().output();
    assert_eq!(ended.code, Some(1));
    ended.says("error: a1:Do failed: the connection to the service was lost during the call");
    assert_eq!(server.calls_of(DO).len(), 1);
}

#[test]
fn a_hanging_service_is_given_up_at_its_deadline_and_its_call_cancelled() {
    let server = serve(|| Reply::Hang);
    let package = alone(server.port(), &with(&json!({"deadline": "200ms"})));
    package.orchestrate().output().check(1, "error: a1:Do failed: no answer within its deadline of 0.2 s");
    wait_for(server.abandoned(1));
}

#[test]
fn an_interrupt_cancels_the_open_call() {
    let server = serve(|| Reply::Hang);
    let package = alone(server.port(), &hello());
    let mut running = package.orchestrate().start();
    wait_for(server.called(1));
    running.signal(rustix::process::Signal::TERM);
    running.end().check(130, "error: the run was stopped before its end");
    wait_for(server.abandoned(1));
}

#[test]
fn an_interrupt_while_services_are_waited_for_ends_the_wait() {
    let server = bound().health(Health::NotServing).on(DO, |_| fine()).start();
    let package = alone(server.port(), &hello());
    let mut running = package.orchestrate().start();
    wait_for(server.asked_for_health(1));
    running.signal(rustix::process::Signal::INT);
    running.end().check(130, "error: the run was stopped before its end");
}

#[test]
fn a_message_that_python_refuses_for_its_size_says_what_to_raise() {
    let refusal = "Received message larger than max (5500000 vs. 4194304)";
    let server = serve(move || Reply::status(tonic::Code::ResourceExhausted, refusal));
    let ended = alone(server.port(), &hello()).orchestrate().output();
    ended.check(
        1,
        "error: a1:Do failed: the request has 5.2 MiB and is over the limit of 4 MiB (Python services take 4 MiB \
         unless they raise `grpc.max_receive_message_length`)",
    );
    assert_eq!(server.calls_of(DO).len(), 1, "it would be as large the second time");
}

#[test]
fn an_answer_that_is_no_such_message_fails_the_run_and_stdout_stays_json() {
    let good = serve(fine);
    let without_success = step_proto("a").replace("  bool success = 1;\n", "");
    for (proto, last) in [
        (step_proto("a"), "error: b1:Do failed: the response is no valid `a.Response`"),
        (without_success, "error: b1:Do failed: the response is no valid `a.Response`"),
    ] {
        // A text of ten bytes, of which there are two.
        let bad = bound().on(DO, |_| Reply::Bytes(b"\x1a\x0aab".to_vec().into())).start();
        let package = Package::new()
            .node("a1", good.port(), &step_proto("a"), &["Do"])
            .node("b1", bad.port(), &proto, &["Do"])
            .link("a1:Do", "b1:Do")
            .operation("a1:Do", &hello())
            .written();
        let ended = package.orchestrate().output();
        ended.check(1, last);
        assert_eq!(ended.results()["a1:Do"]["text"], "fine");
        assert!(!ended.stderr.contains("succeeded"), "{}", ended.stderr);
        ended.says("INFO    the run failed\n");
    }
}

mod initial_data {
    use super::*;

    /// What the service was asked with that initial data.
    #[track_caller]
    fn asked(give: impl FnOnce(Aieffect) -> Aieffect) -> Value {
        let server = serve(fine);
        let package = alone(server.port(), &hello());
        give(package.orchestrate()).output().succeeds();
        server.calls_of(DO)[0].json["text"].clone()
    }

    #[test]
    fn is_a_file_or_json_and_its_keys_are_fields_or_steps() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), r#"{"text": "from a file"}"#).unwrap();
        assert_eq!(asked(|run| run.arg("--initial-data").arg(file.path())), "from a file");
        assert_eq!(asked(|run| run.args(["--initial-data", r#"{"text": "from json"}"#])), "from json");
        assert_eq!(asked(|run| run.args(["--initial-data", r#"{"a1:Do": {"text": "step"}}"#])), "step");
        assert_eq!(asked(|run| run.env("AIEFFECT_INITIAL_DATA", r#"{"text": "env"}"#)), "env");
    }

    #[test]
    fn that_is_empty_counts_as_not_given() {
        assert_eq!(asked(|run| run.env("AIEFFECT_INITIAL_DATA", "")), "hello");
        assert_eq!(asked(|run| run.env("AIEFFECT_INITIAL_DATA", " \n")), "hello");
        assert_eq!(asked(|run| run.args(["--initial-data", "{}"])), "hello");
    }

    #[test]
    fn that_nothing_knows_is_refused_before_any_call() {
        let server = serve(fine);
        let package = alone(server.port(), &hello());
        let run = |given: &str| package.orchestrate().args(["--initial-data", given]).output();
        let ended = run(r#"{"txt": "x", "b1:Do": {}}"#);
        ended.check(3, "error: <case>: 2 errors; nothing was started");
        ended.says("`text`");
        run("{\"text\": 1").check(3, "error: <case>: 1 error; nothing was started");
        run(r#"{"text": 1}"#).check(3, "error: <case>: 1 error; nothing was started");
        run("nowhere.json").check(2, "error: `--initial-data`: `nowhere.json` does not exist");
        run("[1]").check(3, "error: <case>: 1 error; nothing was started");
        assert_eq!(server.calls_of(DO).len(), 0);
    }

    #[test]
    fn a_file_that_a_stack_does_not_see_is_said_with_the_way_in() {
        let package = alone(1, &hello());
        let ended = package.orchestrate().env("AIEFFECT_INITIAL_DATA", "in.json").output();
        ended.check(2, "error: `--initial-data`: `in.json` does not exist");
        ended.says("AIEFFECT_INITIAL_DATA=\"$(cat in.json)\"");
    }
}

#[test]
fn results_can_be_left_out() {
    let server = serve(fine);
    let package = alone(server.port(), &hello());
    let file = package.path().join("results.json");
    let ended = package.orchestrate().args(["--results", "none", "--output"]).arg(&file).output();
    ended.succeeds();
    assert_eq!(ended.stdout, "");
    ended.says("WARNING `<case>/results.json` is not written: `--results none` keeps no results");
    assert!(!file.exists());
    let ended = package.orchestrate().args(["--results", "last"]).output();
    ended.succeeds();
    assert_eq!(ended.results()["a1:Do"]["text"], "fine");
}

#[test]
fn results_are_written_to_a_file_whole_or_not_at_all() {
    let server = serve(fine);
    let package = alone(server.port(), &hello());
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("results.json");
    fs::write(&file, "older and much longer than what comes in its place".repeat(10)).unwrap();
    let ended = package.orchestrate().arg("--output").arg(&file).output();
    ended.succeeds();
    assert_eq!(fs::read_to_string(&file).unwrap(), ended.stdout);
    let mut left: Vec<_> =
        fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort_unstable();
    assert_eq!(left, ["results.json", "results.json.previous"], "no temporary file is left");

    let ended = package.orchestrate().args(["--output", "/proc/nowhere/results.json"]).output();
    ended.succeeds();
    ended.says("WARNING `/proc/nowhere/results.json` is not written: ");
    assert_eq!(ended.results()["a1:Do"]["text"], "fine");
}

#[test]
fn results_can_be_read_by_others_when_they_lie_in_a_file() {
    use std::os::unix::fs::PermissionsExt;
    let server = serve(fine);
    let place = tempfile::tempdir().unwrap();
    let (file, plain) = (place.path().join("results.json"), place.path().join("plain"));
    fs::write(&plain, "").unwrap();
    alone(server.port(), &hello()).orchestrate().arg("--output").arg(&file).output().succeeds();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode();
    assert_eq!(mode(&file), mode(&plain));
}

#[test]
fn stdout_that_nobody_reads_to_its_end_is_said() {
    let server = serve(fine);
    let package = alone(server.port(), &hello());
    let ended = package.orchestrate().stdout("/dev/full").output();
    ended.check(5, "error: the results cannot be written to stdout: No space left on device (os error 28)");
}

#[test]
fn an_execution_file_stands_in_for_the_packages_own() {
    let server = serve(fine);
    let package = alone(server.port(), &hello());
    let file = tempfile::NamedTempFile::new().unwrap();
    let document = json!({"version": 1, "operations": {"a1:Do": {"parameters": {"text": "of the file"}}}});
    fs::write(file.path(), document.to_string()).unwrap();
    package.orchestrate().arg("--execution").arg(file.path()).output().succeeds();
    assert_eq!(server.calls_of(DO)[0].json["text"], "of the file");
    let ended = package.orchestrate().args(["--execution", "nowhere.json"]).output();
    ended.check(2, "error: `nowhere.json` does not exist");
}

#[test]
fn results_of_an_earlier_run_are_never_taken_for_those_of_this_one() {
    let server = serve(fine);
    let package = alone(server.port(), &hello());
    let place = tempfile::tempdir().unwrap();
    let (results, earlier) = (place.path().join("r.json"), place.path().join("r.json.previous"));
    let run = || package.orchestrate().arg("--output").arg(&results);
    run().output().succeeds();
    let first = fs::read(&results).unwrap();

    assert_eq!(run().args(["--initial-data", "nowhere.json"]).output().code, Some(2));
    assert!(!results.exists());
    assert_eq!(fs::read(&earlier).unwrap(), first);
    run().output().succeeds();
    fs::remove_file(&earlier).unwrap();
    let ended = run().args(["--initial-data", "{"]).output();
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    ended.says("results of an earlier run are now in `").says("r.json.previous`");
    assert_eq!((results.exists(), fs::read(&earlier).unwrap()), (false, first));
}

#[test]
fn conditions_on_files_look_into_the_data_folder() {
    let server = serve(fine);
    let package = alone(server.port(), &with(&json!({"expect": ["file_rows('data/out.csv') == 1"]})));
    let ended = package.orchestrate().output();
    ended.check(
        1,
        "error: a1:Do failed: `file_rows('data/out.csv') == 1` (execution.json:1) could not be checked: the data \
         folder `<case>/data` has no file `data/out.csv`",
    );
    ended.says("help: where the services write to another folder of this machine, name it with `--data DIR`");

    fs::create_dir(package.path().join("data")).unwrap();
    fs::write(package.path().join("data/out.csv"), "h\n1\n").unwrap();
    package.orchestrate().output().succeeds();

    let other = tempfile::tempdir().unwrap();
    fs::write(other.path().join("out.csv"), "h\n1\n2\n").unwrap();
    package.orchestrate().arg("--data").arg(other.path()).output().check(
        1,
        "error: a1:Do failed: the response does not meet `file_rows('data/out.csv') == 1` (execution.json:1): \
         `file_rows(\"data/out.csv\")` is 2",
    );
}

#[test]
fn with_strict_a_warning_stops_the_run() {
    let server = serve(fine);
    let package = alone(server.port(), &json!({}));
    package.orchestrate().output().succeeds();
    let ended = package.orchestrate().env("AIEFFECT_STRICT", "true").output();
    ended.check(3, "error: <case>: 1 warning; nothing was started");
}

#[test]
fn a_zip_is_a_package_too() {
    let server = serve(fine);
    let package = alone(server.port(), &hello());
    let place = tempfile::tempdir().unwrap();
    let zip = place.path().join("case.zip");
    let mut writer = zip::ZipWriter::new(fs::File::create(&zip).unwrap());
    for name in ["blueprint.json", "dockerinfo.json", "execution.json", "microservice/a1.proto"] {
        writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut writer, &fs::read(package.path().join(name)).unwrap()).unwrap();
    }
    writer.finish().unwrap();
    let ended = Aieffect::new("orchestrate", &zip, place.path()).output();
    ended.succeeds();
    assert_eq!(ended.results()["a1:Do"]["text"], "fine");
}

#[test]
fn independent_steps_run_side_by_side_and_finish_when_one_fails() {
    let gate = Gate::new();
    let proto = step_proto("a");
    let (failing, slow) = (serve(|| json!({"success": false, "message": "no rows"})), {
        let gate = gate.clone();
        bound()
            .on(DO, move |_| {
                Reply::from(fine()).after({
                    let gate = gate.clone();
                    async move { gate.opened().await }
                })
            })
            .start()
    });
    let package = Package::new()
        .node("bad", failing.port(), &proto, &["Do"])
        .node("slow", slow.port(), &proto, &["Do"])
        .operation("bad:Do", &hello())
        .operation("slow:Do", &hello())
        .written();
    let mut running = package.orchestrate().start();
    running.until("ERROR   bad:Do failed");
    gate.open();
    let ended = running.end();
    ended.check(1, "error: bad:Do failed: the service answered `success: false`: no rows");
    assert_eq!(ended.steps(), ["slow:Do"]);
}
