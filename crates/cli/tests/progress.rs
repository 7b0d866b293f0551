//! What somebody sees of a run who sits before a terminal: tmux is the terminal, and services stand still where it is
//! looked at.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

mod support;

use aieffect_testkit::{Bound, Gate, Protos, Reply, Server, skip};
use serde_json::json;
use support::{Package, Screen, Service, UseCase, step_proto};

const DO: &str = "/a.Step/Do";
const NAMES: [&str; 4] =
    ["load_measurements1", "forecast1", "a_planner_whose_name_is_so_long_that_it_has_no_room1", "report1"];
/// Only what is shown, and no log lines above it.
const QUIET: [&str; 4] = ["--log-level", "ERROR", "--results", "none"];

/// Variables and arguments.
type Given<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str]);

/// Steps of [`NAMES`], one after the other, of which the second is answered only once the gate is open.
struct Held {
    _server: Server,
    package: Package,
    gate: Gate,
}

impl Held {
    fn new() -> Self {
        let (server, gate) = held(|step| step != "load_measurements1:Do");
        let node =
            |package: Package, name: &&str| package.node(name, server.port(), &step_proto("a"), &["Do"]);
        let package = NAMES.iter().fold(Package::new(), node);
        let step = |name: &str| format!("{name}:Do");
        let link = |package: Package, pair: &[&str]| package.link(&step(pair[0]), &step(pair[1]));
        let package = NAMES.windows(2).fold(package, link);
        let package = package.operation(&step(NAMES[0]), &json!({"parameters": {"text": "begin"}})).written();
        Self { _server: server, package, gate }
    }

    fn run(&self, columns: u16, environment: &[(&str, &str)], arguments: &[&str]) -> Screen {
        let path = self.package.path().to_str().unwrap();
        Screen::run(columns, 24, &[&["orchestrate", path], arguments].concat(), environment)
    }
}

/// A server that answers calls of these steps once the gate is open, and all others at once.
fn held(waits: impl Fn(&str) -> bool + Send + Sync + 'static) -> (Server, Gate) {
    let gate = Gate::new();
    let opened = gate.clone();
    let bound = Bound::new(Protos::new(&[("a.proto", &step_proto("a"))])).on(DO, move |call| {
        let reply = Reply::from(json!({"success": true, "text": "fine"}));
        let gate = opened.clone();
        if !waits(&call.metadata["aieffect-step"]) {
            return reply;
        }
        reply.after(async move { gate.opened().await })
    });
    (bound.start(), gate)
}

/// The text with the times that differ from run to run named alike, in as many columns.
fn masked(text: &str) -> String {
    text.lines().map(|line| masked_line(line) + "\n").collect()
}

fn masked_line(line: &str) -> String {
    let mut letters: Vec<char> = line.chars().collect();
    let mut begin = 0;
    while begin < letters.len() {
        let is_first = begin == 0 || letters[begin - 1] == ' ';
        match time_at(&letters[begin..]).filter(|_| is_first) {
            None => begin += 1,
            Some(length) => {
                let end = begin + length;
                // In a table it stands at the right of a column of six.
                let from = if begin == 0 { 0 } else { end - 6 };
                letters.splice(from..end, "<time>".chars());
                begin = from + 6;
            }
        }
    }
    letters.into_iter().collect()
}

/// The length of `95 ms`, `12.3 s` or `2m05s` at the beginning.
fn time_at(letters: &[char]) -> Option<usize> {
    let word: String = letters.iter().take_while(|letter| !letter.is_whitespace()).collect();
    let is_time =
        |text: &str| !text.is_empty() && text.chars().all(|letter| letter.is_ascii_digit() || letter == '.');
    if word
        .strip_suffix('s')
        .and_then(|word| word.split_once('m'))
        .is_some_and(|(left, right)| is_time(left) && is_time(right))
    {
        return Some(word.len());
    }
    let unit: String =
        letters.iter().skip(word.len() + 1).take_while(|letter| letter.is_alphabetic()).collect();
    (is_time(&word) && ["s", "ms"].contains(&unit.as_str())).then_some(word.len() + 1 + unit.len())
}

fn second_is_called(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("forecast1:Do") && line.contains("running"))
}

#[test]
fn each_step_has_a_row_on_a_terminal_of_any_width_and_keeps_it_at_the_end() {
    skip!(Tmux);
    for columns in [60, 100, 200] {
        let held = Held::new();
        let screen = held.run(columns, &[], &QUIET);
        insta::assert_snapshot!(format!("four_{columns}"), masked(&screen.until(second_is_called)));
        assert!(screen.has_cursor());
        held.gate.open();
        insta::assert_snapshot!(format!("four_{columns}_end"), masked(&screen.end(0)));
        assert!(screen.has_cursor());
    }
}

#[test]
fn of_two_hundred_steps_those_that_are_called_are_shown() {
    skip!(Tmux);
    for columns in [60, 100, 200] {
        let (server, gate) = held(|step| step != "n1:Do");
        let names: Vec<String> = (1..=200).map(|number| format!("n{number}")).collect();
        let proto = step_proto("a");
        let package = names
            .iter()
            .fold(Package::new(), |package, name| package.node(name, server.port(), &proto, &["Do"]));
        let package =
            names.iter().skip(1).fold(package, |package, name| package.link("n1:Do", &format!("{name}:Do")));
        let package = package.operation("n1:Do", &json!({"parameters": {"text": "begin"}})).written();
        let path = package.path().to_str().unwrap();
        let screen = Screen::run(columns, 24, &[&["orchestrate", path], &QUIET[..]].concat(), &[]);
        let all_called = |text: &str| text.contains("64 running, 135 queued");
        insta::assert_snapshot!(format!("two_hundred_{columns}"), masked(&screen.until(all_called)));
        gate.open();
        insta::assert_snapshot!(format!("two_hundred_{columns}_end"), masked(&screen.end(0)));
    }
}

#[test]
fn a_terminal_may_be_resized() {
    skip!(Tmux);
    let held = Held::new();
    let screen = held.run(100, &[], &QUIET);
    let wide = masked(&screen.until(second_is_called));
    screen.resize(60, 24);
    let narrow = screen.until(|text| text.contains("report1:Do") && text.lines().all(|line| line.len() < 62));
    assert_eq!(narrow.lines().count(), 5, "{narrow}");
    screen.resize(100, 24);
    let again = screen.until(|text| masked(text) == wide);
    assert_eq!(masked(&again), wide);
    screen.resize(100, 4);
    let low = screen.until(|text| !text.contains(":Do"));
    assert_eq!(masked(&low), "<time>  running: 1 running, 2 waiting, 1 finished\n");
    held.gate.open();
    screen.end(0);
}

#[test]
fn log_lines_scroll_above_it_and_are_never_garbled_also_when_the_run_is_interrupted() {
    skip!(Tmux);
    let script =
        r#"(i=1; while [ $i -le 400 ]; do echo "line $i of it"; i=$((i+1)); sleep 0.004; done) & exec "$@""#;
    let case = UseCase::alone(Service::new("a", &["hang"]).through(script), &json!({}));
    let path = case.path().to_str().unwrap();
    let screen = Screen::run(60, 24, &["run", path, "--results", "none"], &[]);
    let shown = screen.until(|text| text.contains("a | line 400 of it"));
    let shown = if shown.contains("running: 1 running") {
        shown
    } else {
        screen.until(|text| text.contains("running: 1 running"))
    };
    let last: Vec<&str> = shown.lines().rev().take(2).collect();
    assert!(last[0].ends_with("running: 1 running") && last[1].starts_with("a1:Do  running "), "{shown}");
    screen.press("C-c");
    screen.end(130);
    assert!(screen.has_cursor());
    let history = screen.history();
    let lines = history.lines().filter_map(|line| line.strip_prefix("a | line ")).map(str::to_owned);
    let expected: Vec<String> = (1..=400).map(|number| format!("{number} of it")).collect();
    assert_eq!(lines.collect::<Vec<_>>(), expected, "{history}");
    let rows: Vec<&str> = history.lines().filter(|line| line.starts_with("a1:Do  ")).collect();
    assert!(matches!(rows[..], [row] if row.starts_with("a1:Do  cancelled ")), "{rows:?}\n{history}");
    let order = ["INFO    stopping", "a1:Do  cancelled", "error: the run was stopped before its end"];
    let places = order.map(|text| history.find(text).unwrap());
    assert!(places.is_sorted(), "{history}");
}

#[test]
fn a_failed_run_says_why_on_its_last_line_below_what_became_of_each_step() {
    skip!(Tmux);
    let services = [Service::new("a", &["success-false"]), Service::new("b", &["echo"])];
    let case = UseCase::chain(&services);
    let path = case.path().to_str().unwrap();
    let screen = Screen::run(100, 24, &[&["run", path], &QUIET[..]].concat(), &[]);
    let text = masked(&screen.end(1));
    let shown: Vec<&str> = text.lines().skip_while(|line| !line.starts_with("a1:Do")).collect();
    assert_eq!(shown[0], "a1:Do  failed    <time>", "{text}");
    assert_eq!(shown[1..3], ["b1:Do  skipped", "<time>  failed: 1 failed, 1 skipped"], "{text}");
    assert_eq!(
        shown[shown.len() - 2..],
        ["error: a1:Do failed: the service answered `success: false`: it did not work", "exit: 1",]
    );
}

#[test]
fn it_is_shown_to_nobody_who_cannot_see_it_or_does_not_want_to() {
    skip!(Tmux);
    let held = Held::new();
    held.gate.open();
    let cases: [Given<'_>; 5] = [
        (&[], &["--progress", "never"]),
        (&[("AIEFFECT_PROGRESS", "never")], &[]),
        (&[("CI", "true")], &[]),
        (&[("TERM", "dumb")], &[]),
        (&[], &["--log-format", "json"]),
    ];
    for (environment, arguments) in cases {
        let screen = held.run(60, environment, &[&QUIET[..], arguments].concat());
        assert_eq!(screen.end(0), "exit: 0\n", "{environment:?} {arguments:?}");
    }
}

#[test]
fn colours_are_left_out_for_who_wants_none() {
    skip!(Tmux);
    for (environment, has_colours) in [(vec![], true), (vec![("NO_COLOR", "1")], false)] {
        let held = Held::new();
        let screen = held.run(100, &environment, &QUIET);
        screen.until(second_is_called);
        let text = screen.coloured();
        assert_eq!(text.contains("\u{1b}[36mrunning"), has_colours, "{text}");
        assert_eq!(text.contains('\u{1b}'), has_colours, "{text}");
        held.gate.open();
        screen.end(0);
    }
}
