//! The report that a run leaves: where it is, what it says, and that it costs nobody their run.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use aieffect_testkit::{Bound, Protos, Received, Reply, Server, Talk};
use rustix::process::Signal;
use serde_json::json;
use support::{Aieffect, Ended, Package, Service, UseCase, chain, step_proto};
use tonic::Code;

const DO: &str = "/a.Step/Do";

fn serve(reply: impl Fn(Received) -> Reply + Send + Sync + 'static) -> Server {
    Bound::new(Protos::new(&[("a.proto", &step_proto("a"))])).on(DO, reply).start()
}

fn answer(call: &Received) -> Reply {
    json!({"success": true, "text": call.json["text"]}).into()
}

fn is_of(call: &Received, step: &str) -> bool {
    call.metadata["aieffect-step"] == step
}

/// The report that stderr names, which is there, and its text.
#[track_caller]
fn report(ended: &Ended) -> (PathBuf, String) {
    let line = ended.stderr.lines().find_map(|line| line.split_once(" report: "));
    let path = PathBuf::from(line.unwrap_or_else(|| panic!("no report is named:\n{}", ended.stderr)).1);
    let page = fs::read_to_string(&path).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"));
    (path, page)
}

/// The texts of a page, a space between any two.
fn text(page: &str) -> String {
    let body = page.split_once("<body>").unwrap().1;
    let pieces = body.split('<').map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text));
    let text: Vec<&str> = pieces.flat_map(str::split_whitespace).collect();
    text.join(" ")
}

#[track_caller]
fn says(page: &str, expected: &str) {
    let text = text(page);
    assert!(text.contains(expected), "`{expected}` is not in\n{text}");
}

/// The cells of a row of the table of steps.
#[track_caller]
fn row(page: &str, step: &str) -> Vec<String> {
    let table = page.split_once("<section id=\"steps\"").unwrap().1;
    let row = table.split("<tr>").find(|row| row.contains(&format!("title=\"{step}\""))).unwrap();
    row.split("<td")
        .skip(1)
        .map(|cell| text(&format!("<body><td{}", cell.split("</td>").next().unwrap())))
        .collect()
}

fn runs(command: &str, package: &Package, arguments: &[&str]) -> Ended {
    Aieffect::new("runs", Path::new(command), package.path()).args(arguments).arg(package.path()).output()
}

#[test]
fn a_stored_run_leaves_a_report_beside_what_is_stored_of_it() {
    let server = serve(|call| match call.earlier {
        1 => Reply::status(Code::Unavailable, "not yet"),
        _ => answer(&call),
    });
    let settings = json!({"attempts": 2, "backoff": "1ms"});
    let package = chain(server.port(), 3).operation("n2:Do", &settings).written();
    let ended = package.orchestrate().output();
    ended.succeeds();
    let (path, page) = report(&ended);
    let store = package.path().join(".aieffect/store").canonicalize().unwrap();
    assert_eq!(
        (path.parent().unwrap().parent(), path.file_name()),
        (Some(store.as_path()), Some("report.html".as_ref()))
    );
    says(&page, "The run succeeded after ");
    says(&page, "with 3 calls");
    says(&page, "Calls 3, 1 attempt made again");
    assert_eq!(row(&page, "n2:Do")[..7], ["finished", "1", "–", "1", "2", "14 B", "1"]);
    assert_eq!(row(&page, "n3:Do")[..4], ["finished", "1", "–", "–"]);
    says(&page, "the service answered UNAVAILABLE: not yet");
    says(&page, "survives the death of the process");
    for step in ["n1:Do", "n2:Do", "n3:Do"] {
        assert!(page.contains(&format!("data-step=\"{step}\"")), "{step} is not drawn");
    }
    for (part, name) in [("transfer", "Transfer"), ("storing", "Storing"), ("calling", "Calling")] {
        assert!(!text(&page).contains(&format!("{name} 0 ")), "{part} is not measured");
    }
}

#[test]
fn the_report_of_a_run_that_failed_begins_with_the_cause() {
    let server = serve(|call| match is_of(&call, "n2:Do") {
        true => Reply::status(Code::NotFound, "<script>alert(1)</script> ]]> \u{202e}evil"),
        false => answer(&call),
    });
    let package = chain(server.port(), 3).written();
    let ended = package.orchestrate().output();
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    let (_, page) = report(&ended);
    let said = "n2:Do failed the service answered NOT_FOUND: &lt;script&gt;alert(1)&lt;/script&gt; ]]&gt; ⟨U+202E⟩evil";
    says(&page, said);
    says(&page, "Status NOT_FOUND");
    says(&page, "Request {&quot;text&quot;:&quot;begin&quot;}");
    assert!(!page.contains("<script"));
    assert_eq!(row(&page, "n2:Do")[..3], ["failed", "1", "1"]);
    assert_eq!(row(&page, "n3:Do")[..2], ["skipped", "–"]);
    let lines: Vec<&str> = ended.stderr.lines().collect();
    let named = lines.iter().position(|line| line.contains(" report: ")).unwrap();
    assert!(lines.len() - named <= 4, "the report is not named near the end:\n{}", ended.stderr);
}

#[test]
fn results_that_were_stored_are_told_from_calls() {
    let server = serve(|call| match call.earlier {
        1 => Reply::status(Code::InvalidArgument, "not today"),
        _ => answer(&call),
    });
    let package = chain(server.port(), 3).written();
    let (first, _) = report(&package.orchestrate().output());
    let resumed = package.orchestrate().args(["--resume", "latest"]).output();
    resumed.succeeds();
    let (path, page) = report(&resumed);
    assert_eq!(path, first, "a run has one report");
    says(&page, "with 2 calls and 1 result that had been stored");
    assert_eq!(row(&page, "n1:Do")[..2], ["reused", "–"]);
    assert_eq!(row(&page, "n2:Do")[..2], ["finished", "1"]);
}

const FLOW: &str = "syntax = \"proto3\";\n\npackage flow;\n\nservice Flow {\n  rpc Give(Nothing) returns (stream Piece);\n  \
     rpc Take(Piece) returns (Piece);\n}\n\nmessage Nothing {}\n\nmessage Piece {\n  int32 number = 1;\n}\n";

#[test]
fn a_live_run_is_told_with_its_single_failures() {
    let server = Bound::new(Protos::new(&[("flow.proto", FLOW)]))
        .talk("/flow.Flow/Give", async |mut talk: Talk| {
            for number in 1..=20u8 {
                talk.say(vec![8, number]).await;
            }
            Ok(())
        })
        .on("/flow.Flow/Take", |call| match call.json["number"].as_u64() {
            Some(number) if number % 10 == 0 => Reply::status(Code::OutOfRange, "too round"),
            _ => Reply::Json(call.json),
        })
        .start();
    let package = Package::new()
        .node("source1", server.port(), FLOW, &["Give"])
        .node("sink1", server.port(), FLOW, &["Take"])
        .link("source1:Give", "sink1:Take")
        .written();
    let live = ["--mode", "live", "--iterations", "20", "--quiet", "100ms"];
    let ended = package.orchestrate().args(live).output();
    ended.succeeds();
    let (_, page) = report(&ended);
    assert_eq!(row(&page, "source1:Give")[0], "finished");
    assert_eq!(row(&page, "sink1:Take")[..7], ["finished", "20", "2", "–", "20", "40 B", "18"]);
    says(&page, "Mode live");
    says(&page, "the service answered OUT_OF_RANGE: too round");

    let stored = package.path().join("stored.html");
    runs("report", &package, &["latest", "--output", stored.to_str().unwrap()]).succeeds();
    let page = fs::read_to_string(stored).unwrap();
    assert_eq!(row(&page, "sink1:Take")[..7], ["finished", "20", "2", "–", "–", "–", "18"]);
    says(&page, "Of a live run the store has counts");
    says(&page, "call 10, attempt 1 2 the service answered OUT_OF_RANGE: too round");
}

#[test]
fn a_use_case_whose_services_do_not_start_has_a_report_too() {
    let case = UseCase::chain(&[Service::new("a", &["echo"])]);
    let ended = case.run().output();
    ended.succeeds();
    says(&report(&ended).1, "The run succeeded");
    let case = UseCase::chain(&[Service::new("a", &["echo"]).through("exit 3")]);
    let ended = case.run().output();
    assert_eq!(ended.code, Some(4), "{}", ended.stderr);
    says(&report(&ended).1, "The run could not begin");
}

#[test]
fn a_report_goes_where_it_is_asked_for_also_of_a_run_that_is_not_stored() {
    let server = serve(|call| answer(&call));
    let package = chain(server.port(), 1).written();
    let file = package.path().join("out.html");
    let ended = package.orchestrate().arg("--no-store").env("AIEFFECT_REPORT", &file).output();
    ended.succeeds();
    assert_eq!(report(&ended).0, file);
    says(&report(&ended).1, "none: the run is not stored");
    let ended = package.orchestrate().args(["--no-store"]).output();
    ended.succeeds();
    assert!(!ended.stderr.contains("report"), "{}", ended.stderr);
}

#[test]
fn a_report_that_cannot_be_written_costs_nobody_their_run() {
    let server = serve(|call| answer(&call));
    let package = chain(server.port(), 1).written();
    let ended = package.orchestrate().args(["--report", "/nowhere/report.html"]).output();
    ended.succeeds().says("WARNING the report `/nowhere/report.html` is not written: ");
    assert_eq!(ended.steps(), ["n1:Do"]);
    let device = Path::new("/dev/null");
    package.orchestrate().args(["--report", "/dev/null"]).output().succeeds();
    assert!(!device.metadata().unwrap().is_file(), "a device is written to, not replaced");
}

#[test]
fn a_service_that_does_not_answer_is_the_cause_in_the_report() {
    let server = serve(|call| answer(&call));
    let port = server.port();
    drop(server);
    let package = chain(port, 1).written();
    let ended = package.orchestrate().args(["--ready-timeout", "300ms"]).output();
    assert_eq!(ended.code, Some(4), "{}", ended.stderr);
    let (_, page) = report(&ended);
    says(&page, "The run could not begin");
    says(&page, "n1 could not be reached");
    says(&page, "No step was called.");
}

#[test]
fn a_run_that_was_killed_has_a_report_made_of_what_is_stored() {
    let server = serve(|call| match is_of(&call, "n2:Do") && call.metadata["aieffect-attempt"] == "1" {
        true => Reply::Hang,
        false => answer(&call),
    });
    let package = chain(server.port(), 3).written();
    let mut running = package.orchestrate().args(["--log-level", "DEBUG"]).start();
    running.until("n2:Do is called").signal(Signal::KILL).end();
    let made = runs("report", &package, &["latest"]);
    made.succeeds();
    let path = PathBuf::from(made.stdout.trim());
    let page = fs::read_to_string(&path).unwrap();
    says(&page, "The run was interrupted");
    assert_eq!(row(&page, "n1:Do")[..2], ["finished", "1"]);
    assert_eq!(row(&page, "n2:Do")[..2], ["cancelled", "1"]);
    assert_eq!(row(&page, "n3:Do")[..2], ["waiting", "–"]);
    says(&page, "This report is made from the run store");
    assert!(page.contains("data-step=\"n2:Do\""), "the documents are the same: the pipeline is drawn");

    let elsewhere = package.path().join("again.html");
    runs("report", &package, &["latest", "--output", elsewhere.to_str().unwrap()]).succeeds();
    assert!(fs::read_to_string(&elsewhere).unwrap() == page, "it differs");
    let printed = runs("report", &package, &["latest", "--output", "-"]);
    assert!(printed.succeeds().stdout == page, "it differs");

    package.orchestrate().args(["--resume", "latest"]).output().succeeds();
    let resumed = runs("report", &package, &["latest", "--output", "-"]);
    let page = &resumed.succeeds().stdout;
    says(page, "with 3 calls");
    assert_eq!(row(page, "n2:Do")[..4], ["finished", "1", "–", "–"], "it is one call in two processes");
}

#[test]
fn a_report_that_the_run_left_is_named_and_left_alone_until_the_run_is_forgotten() {
    let server = serve(|call| answer(&call));
    let package = chain(server.port(), 2).written();
    let (path, page) = report(&package.orchestrate().output());
    let named = runs("report", &package, &["latest"]);
    named.succeeds();
    assert_eq!(Path::new(named.stdout.trim()), path);
    assert!(fs::read_to_string(&path).unwrap() == page, "it has changed");
    fs::write(package.path().join("execution.json"), json!({"version": 1}).to_string()).unwrap();
    let other = package.path().join("other.html");
    runs("report", &package, &["latest", "--output", other.to_str().unwrap()]).succeeds();
    says(
        &fs::read_to_string(&other).unwrap(),
        "The pipeline is not drawn: its documents have changed since the run.",
    );
    runs("prune", &package, &["--keep", "0"]).succeeds();
    assert!(!path.exists());
}
