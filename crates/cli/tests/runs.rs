//! `aieffect runs`, and `aieffect run` that goes on with what it did before.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use support::{Aieffect, Ended, Service, UseCase};

/// `a` echoes, `b` answers with what is in a file, `c` echoes; each tells the next.
fn chain(answer: &Path) -> UseCase {
    let answer = answer.to_str().unwrap();
    UseCase::chain(&[
        Service::new("a", &["echo"]),
        Service::new("b", &["answer", answer]),
        Service::new("c", &["echo"]),
    ])
}

fn runs(command: &str, case: &UseCase, arguments: &[&str]) -> Ended {
    let mut line = Aieffect::new("runs", Path::new(command), case.path());
    line = arguments.iter().fold(line, |line, argument| line.arg(argument));
    line.arg(case.path()).output()
}

fn write(path: &Path, text: &str) {
    fs::write(path, json!({"success": true, "text": text}).to_string()).unwrap();
}

/// The text with single spaces, and what differs from run to run named alike.
fn plain(ended: &Ended) -> String {
    let word = |word: &str| {
        let word = word.trim_end_matches([',', ':']);
        let only =
            |letters: &str| word.chars().all(|letter| letter.is_ascii_digit() || letters.contains(letter));
        match word {
            _ if word.contains("case/") => "<folder>".to_owned(),
            _ if word.contains(':') && only(":.") => "<time>".to_owned(),
            _ if word.matches('-').count() == 2 && only("-") && word.len() > 12 => "<run>".to_owned(),
            _ if word.matches('-').count() == 2 && only("-") => "<date>".to_owned(),
            _ if word.contains('.') && only(".") => "<number>".to_owned(),
            _ => word.to_owned(),
        }
    };
    // How a connection ends is told in many ways.
    let known = |line: &str| line.split("(stream error").next().unwrap_or_default().to_owned();
    let line = |line: &str| known(line).split_whitespace().map(word).collect::<Vec<_>>().join(" ");
    // Services get ready in any order.
    let lines = ended.stdout.lines().map(line).filter(|line| !line.contains("node ready"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The folder in which the services of the last run exchanged files.
fn data(case: &UseCase) -> PathBuf {
    let shown = runs("show", case, &["latest", "--format", "json"]).results();
    PathBuf::from(shown["data"].as_str().unwrap())
}

/// A run of which the second step failed, and that was brought to its end then.
fn resumed() -> (tempfile::TempDir, UseCase) {
    let folder = tempfile::tempdir().unwrap();
    let answer = folder.path().join("answer.json");
    let case = chain(&answer);
    let failed = case.run().output();
    assert_eq!(failed.code, Some(1), "{}", failed.stderr);
    write(&answer, "from b");
    let ended = case.run().args(["--resume", "latest"]).output();
    ended.succeeds();
    assert_eq!(ended.results()["c1:Do"]["text"], "from b");
    assert!(!ended.stderr.contains("a | "), "nothing is left to call of `a`: {}", ended.stderr);
    (folder, case)
}

#[test]
fn a_use_case_goes_on_with_the_services_that_are_still_needed() {
    let (_folder, case) = resumed();
    let again = case.run().args(["--resume", "latest"]).output();
    again.succeeds();
    assert_eq!(again.steps(), ["a1:Do", "b1:Do", "c1:Do"]);
    assert!(!again.stderr.contains(" | "), "no service is started: {}", again.stderr);
}

#[test]
fn runs_are_listed_shown_and_told_event_by_event() {
    let (_folder, case) = resumed();
    insta::assert_snapshot!(plain(runs("list", &case, &[]).succeeds()), @"
    RUN BEGUN (UTC) PIPELINE MODE OUTCOME STEPS TOOK
    <run> <date> <time> case batch succeeded 3/3 <number> s
    ");
    insta::assert_snapshot!(plain(runs("show", &case, &["latest"]).succeeds()), @"
    <run> batch case succeeded 3/3 steps <number> s
    begun <date> <time> UTC by aieffect <number> resumed once
    data folder <folder>

    STEP STATE ANSWERED ATTEMPTS MESSAGES BYTES TOOK LAST FAILURE
    a1:Do finished 1 1 1 9 <number> s
    b1:Do finished 1 2 1 10 <number> s the connection to the service was lost during the call
    c1:Do finished 1 1 1 10 <number> s
    ");
    insta::assert_snapshot!(plain(runs("events", &case, &["latest"]).succeeds()), @"
    <time> started
    <time> fired a1:Do seq 0 attempt 1
    <time> done a1:Do seq 0 attempt 1 9 bytes
    <time> step finished a1:Do
    <time> fired b1:Do seq 0 attempt 1
    <time> failed b1:Do seq 0 attempt 1 the connection to the service was lost during the call
    <time> step skipped c1:Do because b1:Do
    <time> finished failed
    <time> resumed version <number>
    <time> fired b1:Do seq 0 attempt 2
    <time> done b1:Do seq 0 attempt 2 10 bytes
    <time> step finished b1:Do
    <time> fired c1:Do seq 0 attempt 1
    <time> done c1:Do seq 0 attempt 1 10 bytes
    <time> step finished c1:Do
    <time> finished succeeded
    ");
    let listed = runs("list", &case, &["--format", "json"]).results();
    let run = &listed["runs"][0];
    assert_eq!(
        (&run["outcome"], &run["resumed"], &run["steps_finished"]),
        (&json!("succeeded"), &json!(1), &json!(3))
    );
    let shown = runs("show", &case, &[run["run"].as_str().unwrap(), "--format", "json"]).results();
    assert_eq!(shown["steps"][1]["attempts"], 2);
    let events = runs("events", &case, &["latest", "--format", "json"]);
    let words: Vec<Value> = events.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(words.iter().all(|event| event["time"].is_string() && event["event"].is_string()));
}

#[test]
fn a_run_from_a_step_on_takes_what_was_before_it_and_begins_with_its_files() {
    let (folder, case) = resumed();
    write(&folder.path().join("answer.json"), "anew");
    fs::write(data(&case).join("left.csv"), "left").unwrap();
    let ended = case.run().args(["--from", "b1:Do"]).output();
    ended.succeeds().says("beginning at b1:Do: 1 of 3 steps are those of run ");
    assert_eq!(ended.results()["c1:Do"]["text"], "anew");
    assert!(!ended.stderr.contains("a | "), "`a` is not called: {}", ended.stderr);
    assert_eq!(case.runs().len(), 3);
    assert_eq!(fs::read_to_string(data(&case).join("left.csv")).unwrap(), "left");
    let listed = runs("list", &case, &["--format", "json"]).results();
    assert_eq!(listed["runs"].as_array().unwrap().len(), 2);
    assert_eq!(listed["runs"][0]["from"], listed["runs"][1]["run"]);
    // The new one has all that it needs to go on by itself.
    let again = case.run().args(["--resume", "latest"]).output();
    again.succeeds();
    assert_eq!(again.stdout, ended.stdout);
}

#[test]
fn a_run_from_a_step_on_asks_first_about_what_must_not_be_called_twice() {
    let services = [Service::new("a", &["hang"]), Service::new("b", &["echo"])];
    let once = json!([{"service": "a", "method": "Do", "parameters": {"text": "x"}, "idempotent": false}]);
    let case = UseCase::chain_with(&services, &once);
    let mut running = case.run().start();
    running.until("called /a.Step/Do");
    let busy = case.run().args(["--from", "b1:Do"]).output();
    assert_eq!(busy.code, Some(2), "{}", busy.stderr);
    busy.says("is under way in process ");
    running.signal(rustix::process::Signal::KILL).end_of_all();
    let asked = case.run().args(["--from", "b1:Do"]).output();
    assert_eq!(asked.code, Some(2), "{}", asked.stderr);
    asked.says("to call it again, begin there with --from a1:Do\n");
    let listed = runs("list", &case, &["--format", "json"]).results();
    assert_eq!(listed["runs"].as_array().unwrap().len(), 1, "nothing was begun");
}

#[test]
fn old_runs_are_forgotten_with_their_folders() {
    let (_folder, case) = resumed();
    case.run().output().succeeds();
    assert_eq!(case.runs().len(), 3);
    assert_eq!(runs("prune", &case, &["--keep", "1"]).succeeds().stdout, "1 run forgotten\n");
    assert_eq!(case.runs().len(), 1);
    let listed = runs("list", &case, &["--format", "json"]).results();
    assert_eq!(listed["runs"].as_array().unwrap().len(), 1);
    assert_eq!(runs("prune", &case, &[]).succeeds().stdout, "0 runs forgotten\n");
}

#[test]
fn where_no_run_is_stored_that_is_said() {
    let case = chain(Path::new("none.json"));
    let listed = runs("list", &case, &[]);
    listed.succeeds().says("no runs are stored in `<case>/.aieffect/store`\n");
    assert_eq!(listed.stdout, "");
    let shown = runs("show", &case, &["latest"]);
    shown.check(2, "error: there is no run `latest` in `<case>`");
    let from = case.run().args(["--from", "a1:Do"]).output();
    from.check(2, "error: no run of case is stored in `<case>/.aieffect/store`");
}

#[test]
fn a_run_that_ended_without_a_word_is_interrupted() {
    let case = UseCase::alone(Service::new("a", &["hang"]), &json!({}));
    let mut running = case.run().start();
    running.until("called /a.Step/Do");
    assert!(plain(runs("list", &case, &[]).succeeds()).contains("batch running 0/1"));
    running.signal(rustix::process::Signal::KILL).end_of_all();
    assert!(plain(runs("list", &case, &[]).succeeds()).contains("batch interrupted 0/1"));
}
