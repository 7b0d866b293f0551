//! `aieffect run` as a user meets it: real services in processes of their own, the exit code, the last line of
//! stderr, and nothing left running.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

mod support;

use std::fs;

use aieffect_testkit::skip;
use serde_json::{Value, json};
use support::{Service, UseCase, step_proto};

fn answered() -> Value {
    json!({"success": true, "message": "", "text": "hello"})
}

#[test]
fn a_chain_runs_and_its_results_are_all_that_stdout_has() {
    let case = UseCase::chain(&[Service::new("a", &["echo"]), Service::new("b", &["echo"])]);
    let ended = case.run().output();
    ended.succeeds();
    assert_eq!(ended.results(), json!({"a1:Do": answered(), "b1:Do": answered()}));
    assert_eq!(ended.steps(), ["a1:Do", "b1:Do"]);
}

#[test]
fn a_service_that_dies_in_mid_call_fails_its_step_and_its_end_is_told() {
    let case = UseCase::alone(Service::new("a", &["die-mid-call"]), &json!({}));
    let ended = case.run().output();
    let last = ended.masked_stderr().lines().last().unwrap_or_default().to_owned();
    // The kernel's word depends on who was first.
    let (before, after) = (last.split(" (").next().unwrap(), last.split("): ").nth(1).unwrap_or_default());
    assert_eq!(before, "error: a1:Do failed: the connection to the service was lost during the call");
    assert_eq!(after, "the service may have died; see its log");
    ended.check(1, &last);
    ended.says("a | segmentation fault (as if)\n");
    ended.says(
        "  service: a1 at 127.0.0.1:<port>\n  request: {\"text\":\"hello\"}\n  service `a` has ended with \
         signal 6 (SIGABRT)\n  service `a` printed last (all of it is in `<case>/.aieffect/runs/<run>/logs/a.log`):\n",
    );
    ended.says("\n    segmentation fault (as if)\nerror: ");
    assert_eq!(ended.results(), json!({}));
}

#[test]
fn a_service_that_hangs_past_its_deadline_fails_its_step() {
    let case = UseCase::alone(Service::new("a", &["hang"]), &json!({"deadline": "300ms"}));
    case.run().output().check(1, "error: a1:Do failed: no answer within its deadline of 0.3 s");
}

#[test]
fn a_service_that_refuses_connections_at_first_is_waited_for() {
    let case = UseCase::alone(Service::new("a", &["refuse-then-serve", "700"]), &json!({}));
    let ended = case.run().output();
    ended.succeeds();
    assert_eq!(ended.results(), json!({"a1:Do": answered()}));
}

#[test]
fn a_service_that_says_it_does_not_serve_yet_is_waited_for() {
    let case = UseCase::alone(Service::new("a", &["not-serving", "700"]), &json!({}));
    let ended = case.run().output();
    ended.succeeds();
    assert_eq!(ended.results(), json!({"a1:Do": answered()}));
}

#[test]
fn a_service_that_never_serves_ends_the_run_before_its_first_call() {
    let case = UseCase::chain(&[Service::new("a", &["echo"]), Service::new("b", &["not-serving", "600000"])]);
    let ended = case.run().args(["--ready-timeout", "1s"]).output();
    ended.check(
        4,
        "error: b1 could not be reached: not ready at `127.0.0.1:<port>` after 1 s: its health service says \
         NOT_SERVING; service `b` runs, and may have printed why",
    );
    ended.says(
        "\n  service `b` printed last (all of it is in `<case>/.aieffect/runs/<run>/logs/b.log`):\n    ",
    );
    assert!(!ended.stderr.contains("called"), "{}", ended.stderr);
    assert_eq!(ended.results(), json!({}));
}

#[test]
fn a_service_that_exits_before_it_listens_is_quoted() {
    let case = UseCase::chain(&[Service::new("a", &["echo"]), Service::new("b", &["exit-before-listen"])]);
    let ended = case.run().output();
    ended
        .check(4, "error: b1 could not be reached: service `b` ended before it answered, with exit status 3");
    ended.says(
        "  service `b` printed last (all of it is in `<case>/.aieffect/runs/<run>/logs/b.log`):\n    cannot open model.bin: no \
         such file\nerror: ",
    );
    let told = ended.stderr.matches("cannot open model.bin").count();
    assert_eq!(told, 2, "when it was printed, and at the end:\n{}", ended.stderr);
    let log = case.runs()[0].join("logs/b.log");
    assert_eq!(fs::read_to_string(log).unwrap(), "cannot open model.bin: no such file\n");
}

#[test]
fn a_command_that_is_not_there_is_named() {
    let case = UseCase::alone(Service::new("a", &[]), &json!({}));
    let compose = json!({"services": {"a": {"image": "a", "x-aieffect": {"run": ["no-such-program"]}}}});
    case.write("docker-compose.yml", &compose.to_string());
    let ended = case.run().output();
    ended.check(
        4,
        "error: a1 could not be reached: service `a` ended before it answered, with exit status 127",
    );
    ended.says("cannot start `no-such-program`: ");
}

#[test]
fn a_build_that_fails_ends_the_run_with_what_it_printed() {
    let case = UseCase::alone(Service::new("a", &["echo"]), &json!({}));
    let compose = json!({
        "x-aieffect": {"build": ["sh", "-c", "echo compiling; echo 'no such crate' >&2; exit 101"]},
        "services": {"a": {"image": "a", "x-aieffect": {"run": ["no-such-program"]}}},
    });
    case.write("docker-compose.yml", &compose.to_string());
    let ended = case.run().output();
    ended.check(
        4,
        "error: the use case's build `sh -c echo compiling; echo 'no such crate' >&2; exit 101` ended with exit \
         status 101",
    );
    ended.says("build | compiling\nbuild | no such crate\n");
    ended.says("  it printed last:\n    compiling\n    no such crate\nerror: ");
}

#[test]
fn an_answer_of_success_false_fails_the_step_with_its_message() {
    let case = UseCase::chain(&[
        Service::new("a", &["echo"]),
        Service::new("b", &["success-false"]),
        Service::new("c", &["echo"]),
    ]);
    let ended = case.run().output();
    ended.check(1, "error: b1:Do failed: the service answered `success: false`: it did not work");
    assert_eq!(ended.results(), json!({"a1:Do": answered()}), "finished steps are shown");
    ended.says("c1:Do is not called, since b1:Do failed");
}

#[test]
fn an_independent_branch_finishes_when_another_fails() {
    let services = [
        Service::new("source", &["echo"]),
        Service::new("bad", &["success-false"]),
        Service::new("good", &["refuse-then-serve", "300"]),
        Service::new("after", &["echo"]),
    ];
    let link = support::link;
    let connections = [link("source", "bad"), link("source", "good"), link("good", "after")];
    let operations = json!([{"service": "source", "method": "Do", "parameters": {"text": "hello"}}]);
    let case = UseCase::new(&services, &json!({"connections": connections, "operations": operations}));
    let ended = case.run().output();
    ended.check(1, "error: bad1:Do failed: the service answered `success: false`: it did not work");
    let mut steps = ended.steps();
    steps.sort();
    assert_eq!(steps, ["after1:Do", "good1:Do", "source1:Do"]);
}

#[test]
fn a_condition_that_is_not_met_fails_the_step_and_quotes_it() {
    let case = UseCase::alone(
        Service::new("a", &["echo"]),
        &json!({"expect": ["size(text) > 3", "text == 'goodbye'"]}),
    );
    let ended = case.run().output();
    ended
        .check(1, "error: a1:Do failed: the response does not meet `text == 'goodbye'` (connections.json:1): `text` is \"hello\"");
}

#[test]
fn a_condition_on_a_file_looks_into_the_runs_data_folder() {
    let write = r#"printf 'h\n1\n2\n' > "$DATA_DIR/out.csv"; exec "$@""#;
    let expect = |rows: u32| json!({"expect": [format!("file_rows('data/out.csv') == {rows}")]});
    let service = || Service::new("a", &["echo"]).through(write);
    UseCase::alone(service(), &expect(2)).run().output().succeeds();
    let ended = UseCase::alone(service(), &expect(3)).run().output();
    ended.check(
        1,
        "error: a1:Do failed: the response does not meet `file_rows('data/out.csv') == 3` (connections.json:1): \
         `file_rows(\"data/out.csv\")` is 2",
    );
}

#[test]
fn a_failed_step_that_names_a_file_beside_the_data_says_where_it_belongs() {
    let files = |path: &str, there: &[&str]| {
        let case =
            UseCase::alone(Service::new("a", &["success-false"]), &json!({"parameters": {"text": path}}));
        there.iter().for_each(|name| case.write(&format!("data/{name}"), ""));
        let ended = case.run().output();
        assert_eq!(ended.code, Some(1), "{}", ended.stderr);
        let stderr = ended.masked_stderr();
        let help = stderr.lines().find(|line| line.starts_with("help: ")).map(str::to_owned);
        help.unwrap_or_default()
    };
    let belongs =
        "help: `text` names `data/wind.csv`, which is not there: input files belong in `<case>/data`";
    assert_eq!(files("data/wind.csv", &[]), belongs);
    assert_eq!(files("data/wind.csv", &["winds.csv"]), format!("{belongs}, which has `winds.csv`"));
    assert_eq!(files("data/wind.csv", &["wind.csv"]), "");
    assert_eq!(files("/etc/wind.csv", &[]), "");
    assert_eq!(files("hello", &[]), "");
}

#[test]
fn a_played_service_that_crashes_is_quoted_once_below_its_heading() {
    skip!(Python);
    let case = UseCase::alone(Service::new("a", &["echo"]), &json!({}));
    case.write("docker-compose.yml", "services:\n  a:\n    build: services/a\n");
    case.write(
        "services/a/Dockerfile",
        "FROM python:3\nWORKDIR /app\nCOPY server.py .\nCMD [\"python\", \"server.py\"]\n",
    );
    case.write("services/a/server.py", "import not_there\n");
    let ended = case.run().output();
    ended
        .check(4, "error: a1 could not be reached: service `a` ended before it answered, with exit status 1");
    let stderr = ended.masked_stderr();
    let (_, end) = stderr.split_once("  service `a` printed last").unwrap();
    let lines: Vec<_> = end.lines().collect();
    assert_eq!(lines[0], " (all of it is in `<case>/.aieffect/runs/<run>/logs/a.log`):");
    assert_eq!(lines[3], "    ModuleNotFoundError: No module named 'not_there'");
    let copy = "  it ran in `<case>/.aieffect/runs/<run>/work/a`, a copy that its Dockerfile makes from `services/a`";
    assert_eq!(lines[4], copy);
    assert_eq!(stderr.matches("Traceback").count(), 1, "{stderr}");
}

#[test]
fn a_missing_dockerfile_is_one_finding_with_the_one_that_is_there() {
    let case = UseCase::alone(Service::new("a", &["echo"]), &json!({}));
    case.write(
        "docker-compose.yml",
        "services:\n  a:\n    build: { context: services/a, dockerfile: Dokerfile }\n",
    );
    let ended = case.run().output();
    ended.check(3, "error: <case>: 1 error; nothing was started");
    ended.says("the Dockerfile of `a` is missing: `services/a/Dokerfile`");
    ended.says("x-aieffect:");

    case.write("services/a/Dockerfile", "FROM python:3\n");
    let ended = case.run().output();
    ended.check(3, "error: <case>: 1 error; nothing was started");
    ended.says("did you mean `dockerfile: Dockerfile`?");
}

#[test]
fn an_unavailable_service_is_called_again() {
    let case = UseCase::alone(
        Service::new("a", &["status-then-serve", "14", "2"]),
        &json!({"attempts": 3, "backoff": "10ms"}),
    );
    let ended = case.run().output();
    ended.succeeds();
    assert_eq!(ended.stderr.matches("a | called /a.Step/Do").count(), 3, "{}", ended.stderr);
    assert_eq!(ended.stderr.matches("WARNING a1:Do failed and is called again in").count(), 2);
}

#[test]
fn attempts_are_counted() {
    let case = UseCase::alone(
        Service::new("a", &["status-then-serve", "14", "2"]),
        &json!({"attempts": 2, "backoff": "10ms"}),
    );
    let ended = case.run().output();
    ended.check(1, "error: a1:Do failed: the service answered UNAVAILABLE: as it was told to");
    assert_eq!(ended.stderr.matches("a | called /a.Step/Do").count(), 2, "{}", ended.stderr);
}

#[test]
fn what_is_called_again_is_up_to_idempotence() {
    let calls = |status: &str, idempotent: Value| {
        let case = UseCase::alone(
            Service::new("a", &["status", status, "no"]),
            &json!({"attempts": 2, "backoff": "1ms", "idempotent": idempotent}),
        );
        let ended = case.run().output();
        assert_eq!(ended.code, Some(1), "{}", ended.stderr);
        ended.nothing_left();
        ended.stderr.matches("a | called /a.Step/Do").count()
    };
    assert_eq!(calls("14", json!(false)), 1, "UNAVAILABLE, and it may have done its work");
    assert_eq!(calls("13", json!(true)), 2, "INTERNAL, and it may do its work twice");
    assert_eq!(calls("13", json!(false)), 1);
    assert_eq!(calls("3", json!(true)), 1, "INVALID_ARGUMENT stays so");
}

#[test]
fn a_service_is_told_its_port_name_and_data_and_nothing_of_ours() {
    let dump = r#"env > "$DATA_DIR/env.txt"; exec "$@""#;
    let case = UseCase::alone(Service::new("a", &["echo"]).through(dump), &json!({}));
    case.write("data/given.csv", "1\n");
    let ended = case.run().env("AIEFFECT_INITIAL_DATA", "").env("AIEFFECT_LOG_LEVEL", "DEBUG").output();
    ended.succeeds();
    let run = case.runs().pop().unwrap();
    let env = fs::read_to_string(run.join("data/env.txt")).unwrap();
    let value = |name: &str| env.lines().find_map(|line| line.strip_prefix(&format!("{name}=")));
    assert_eq!(value("SERVICE_NAME"), Some("a"));
    assert_eq!(value("DATA_DIR"), run.join("data").canonicalize().unwrap().to_str());
    let port: u16 = value("GRPC_PORT").unwrap().parse().unwrap();
    assert!(ended.stderr.contains(&format!("a | listening on {port}\n")));
    assert!(!env.contains("AIEFFECT_"), "{env}");
    assert!(run.join("data/given.csv").is_file(), "the run starts with the use case's data");
    assert!(!case.path().join("data/env.txt").exists(), "the use case's own data stays as it is");
}

#[test]
fn two_runs_side_by_side_do_not_touch_each_other() {
    let place = tempfile::tempdir().unwrap();
    let meet = ["meet", "2", place.path().to_str().unwrap()];
    let case = UseCase::alone(Service::new("a", &meet), &json!({}));
    case.write("data/given", "");
    // Neither call is answered before both have been made.
    let (mut first, mut second) = (case.run().start(), case.run().start());
    for ended in [first.end(), second.end()] {
        ended.succeeds();
        let text = ended.results()["a1:Do"]["text"].as_str().unwrap().to_owned();
        assert_eq!(text.split(' ').count(), 2, "one file that was given, and its own: {text}");
    }
    assert_eq!(case.runs().len(), 2);
}

#[test]
fn a_data_folder_of_the_users_is_worked_in_itself() {
    let place = tempfile::tempdir().unwrap();
    let write = r#"echo made > "$DATA_DIR/made"; exec "$@""#;
    let case = UseCase::alone(Service::new("a", &["echo"]).through(write), &json!({}));
    case.run().arg("--data").arg(place.path()).output().succeeds();
    assert_eq!(fs::read_to_string(place.path().join("made")).unwrap(), "made\n");

    let ended = case.run().arg("--data").arg(case.path().join("nowhere")).output();
    ended.check(
        2,
        "error: the data folder `<case>/nowhere` cannot be used; make it first: No such file or directory (os \
         error 2)",
    );
}

#[test]
fn what_services_print_cannot_steer_the_terminal() {
    let noise = r#"
        printf '\033[2J\033]0;owned\007red\n'
        printf 'half\rline\n' >&2
        exec "$1" status 3 "$(printf 'bad\033[2J\nvery\302\23331m')" proto/a.proto"#;
    let service = Service::new("a", &[]).through(noise);
    let ended = UseCase::alone(service, &json!({})).run().output();
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(!ended.stderr.chars().any(|letter| letter.is_control() && letter != '\n'), "{:?}", ended.stderr);
    ended.says("a | [2J]0;ownedred\n");
    ended.check(1, "error: a1:Do failed: the service answered INVALID_ARGUMENT: bad[2J");
}

#[test]
fn a_service_that_exits_with_noise_cannot_steer_the_terminal() {
    let service = Service::new("a", &[]).through(r#"printf '\033[2Jgone\n'; exit 3"#);
    let ended = UseCase::alone(service, &json!({})).run().output();
    assert_eq!(ended.code, Some(4), "{}", ended.stderr);
    assert!(!ended.stderr.chars().any(|letter| letter.is_control() && letter != '\n'), "{:?}", ended.stderr);
}

#[test]
fn a_use_case_that_is_refused_cannot_steer_the_terminal() {
    let case = UseCase::alone(Service::new("a", &["echo"]), &json!({}));
    case.write("connections.json", "{\"pipeline\": \u{1b}[2J\u{9b}31m}");
    let ended = case.run().output();
    ended.check(3, "error: <case>: 1 error; nothing was started");
    assert!(!ended.stderr.chars().any(|letter| letter.is_control() && letter != '\n'), "{:?}", ended.stderr);
}

#[test]
fn every_line_of_a_json_log_parses_whatever_happens() {
    let service =
        Service::new("a", &["status", "3", "one\ntwo"]).through("printf '\\033[1m\"\n'; exec \"$@\"");
    let failing = UseCase::alone(service, &json!({}));
    let exiting = UseCase::alone(Service::new("a", &["exit-before-listen"]), &json!({}));
    let wrong = UseCase::alone(Service::new("a", &["echo"]), &json!({"parameters": {"txt": "near"}}));
    for (case, code) in [(failing, 1), (exiting, 4), (wrong, 3)] {
        let ended = case.run().args(["--log-format", "json", "--log-level", "debug"]).output();
        assert_eq!(ended.code, Some(code), "{}", ended.stderr);
        let lines: Vec<Value> = ended
            .stderr
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
            .collect();
        for line in &lines {
            for field in ["time", "level", "message"] {
                assert!(line[field].is_string(), "{line}");
            }
        }
        assert_eq!(lines.last().unwrap()["level"], "ERROR");
    }
}

#[test]
fn the_log_level_hides_what_is_below_it() {
    let run = |level: &str| {
        let case =
            UseCase::alone(Service::new("a", &["status-then-serve", "14", "1"]), &json!({"backoff": "1ms"}));
        let ended = case.run().args(["--log-level", level]).output();
        ended.succeeds();
        ended.stderr
    };
    let debug = run("DEBUG");
    assert!(debug.contains("DEBUG   a1:Do is called\n"), "{debug}");
    let info = run("INFO");
    assert!(info.contains("INFO    a1:Do answered in") && !info.contains("DEBUG"), "{info}");
    let warning = run("WARNING");
    assert!(warning.contains("WARNING a1:Do failed and is called again"), "{warning}");
    assert!(!warning.contains("INFO") && !warning.contains("a |"), "{warning}");
    assert_eq!(run("ERROR"), "");
}

#[test]
fn a_method_of_two_services_in_one_proto_is_refused_before_anything_starts() {
    let proto = step_proto("a") + "service Other {\n  rpc Do(Request) returns (Response);\n}\n";
    let started = r#"touch "$DATA_DIR/../started"; exec "$@""#;
    let service = Service::with_proto("a", &proto, &["echo"]).through(started);
    let case = UseCase::alone(service, &json!({}));
    let ended = case.run().output();
    ended.check(3, "error: <case>: 1 error; nothing was started");
    ended.says("`Do` is an operation of `Step` and of `Other`");
    assert!(!case.path().join(".aieffect").exists());
}

#[test]
fn with_strict_a_warning_stops_the_run() {
    let case = UseCase::alone(Service::new("a", &["echo"]), &json!({"parameters": {}}));
    case.run().output().succeeds();
    let ended = case.run().arg("--strict").output();
    ended.check(3, "error: <case>: 1 warning; nothing was started");
    ended.says("a1:Do");
}

#[test]
fn what_is_no_use_case_is_wrong_usage() {
    let case = UseCase::alone(Service::new("a", &["echo"]), &json!({}));
    let nowhere = case.path().join("nowhere");
    support::Aieffect::new("run", &nowhere, case.path())
        .output()
        .check(2, "error: `<case>/nowhere` does not exist");
}
