use serde_json::Value;

use std::time::{Duration, Instant};

use aieffect_blueprint::{Mode, Pipeline};

use super::*;
use crate::testing::{EVIL, diamond, pipeline};

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn facts(ending: Ending) -> Facts {
    Facts {
        run: "20261121-093000-7".into(),
        pipeline: "Wind park".into(),
        ending,
        cause: None,
        began: "2026-11-21 09:30:00 UTC".into(),
        took: ms(400),
        further: Vec::new(),
        environment: vec![("aieffect", "0.1.0".into())],
        unknown: Vec::new(),
    }
}

/// Three steps in a row: one that answers at once, one that is made again and fails, one that is skipped.
fn failed() -> (Facts, RunRecord, Pipeline) {
    let mut record = RunRecord::new(Mode::Batch);
    for (node, name) in ["load", "solve", "plot"].into_iter().enumerate() {
        record.add_node(name, "127.0.0.1:50051");
        record.add_step(&format!("{name}:Do"), node);
        record.node_answered(node, ms(20 + 10 * node as u64));
    }
    record.supplied(0, ms(40));
    record.called(0, 0, 1, ms(40), ms(40));
    record.answered(0, 0, ms(140));
    record.finished(0);
    record.stored(0, ms(2));
    record.supplied(1, ms(142));
    record.called(1, 0, 1, ms(150), ms(150));
    record.to_be_repeated(1, 0, ms(200), "the service answered UNAVAILABLE");
    record.called(1, 0, 2, ms(260), ms(260));
    record.failed(1, 0, ms(400), "the service answered NOT_FOUND: no model");
    record.stands(2, StepState::Skipped);
    let passed = |requests, messages| Amounts {
        requests: Some((requests, 2048 * requests)),
        messages,
        bytes: Some(100 * messages),
        transfer: Some(ms(requests)),
    };
    record.passed(0, passed(1, 1));
    record.passed(1, passed(2, 0));
    record.close(ms(400));
    let cause = Cause {
        what: "solve:Do failed".into(),
        text: "the service answered NOT_FOUND: no model".into(),
        details: vec![("Node", "solve".into()), ("Request", "{\"path\": \"a.csv\"}".into())],
    };
    let pipeline = pipeline(
        &[("load", &["Do"]), ("solve", &["Do"]), ("plot", &["Do"])],
        &[("load:Do", "solve:Do"), ("solve:Do", "plot:Do")],
        &Value::Null,
    );
    (Facts { cause: Some(cause), ..facts(Ending::Failed) }, record, pipeline)
}

/// What a person reads, a line for each block and row.
fn text(page: &str) -> String {
    let mut text = String::new();
    let mut rest = page.split_once("<body>").unwrap().1;
    while let Some((before, tag)) = rest.split_once('<') {
        text += before;
        let (tag, after) = tag.split_once('>').unwrap();
        let name = tag.trim_start_matches('/').split([' ', '>']).next().unwrap();
        text += match name {
            "td" | "th" | "dt" | "dd" | "span" | "b" | "small" | "text" | "title" => " ",
            "tr" | "li" | "p" | "h1" | "h2" | "div" | "pre" | "summary" | "a" => "\n",
            _ => "",
        };
        rest = after;
    }
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    let lines: Vec<String> = lines.filter(|line| !line.is_empty()).collect();
    lines
        .join("\n")
        .replace("&#39;", "'")
        .replace("&quot;", "\"")
        .replace("&gt;", ">")
        .replace("&lt;", "<")
        .replace("&amp;", "&")
}

/// Every tag is closed in its order, every attribute quoted, and nothing is loaded or run.
#[track_caller]
fn check_page(page: &str) {
    const VOID: [&str; 3] = ["meta", "input", "br"];
    let (head, body) = page.split_once("</style>").unwrap();
    let head = format!("{}<style></style>{body}", head.split_once("<style>").unwrap().0);
    let mut open: Vec<&str> = Vec::new();
    let mut rest = head.strip_prefix("<!DOCTYPE html>").unwrap();
    while let Some((between, tag)) = rest.split_once('<') {
        assert!(!between.contains('>'), "a stray `>` in {between}");
        let (tag, after) = tag.split_once('>').unwrap();
        let name = tag.trim_start_matches('/').trim_end_matches('/').split(' ').next().unwrap();
        assert!(name != "script" && name != "link" && name != "img" && name != "iframe", "{tag}");
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "in {tag}");
        } else if !tag.ends_with('/') && !VOID.contains(&name) {
            open.push(name);
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        let attributes = tag.split_once(' ').map_or("", |(_, attributes)| attributes);
        for (nth, part) in attributes.trim_end_matches('/').split('"').enumerate() {
            let is_value = nth % 2 == 1;
            let plain = |part: &str| {
                part.trim().chars().all(|letter| {
                    letter.is_ascii_lowercase()
                        || "-:= 123xyX".contains(letter)
                        || letter.is_ascii_uppercase()
                })
            };
            assert!(is_value || plain(part), "{tag}");
            assert!(is_value || (!part.contains(" on") && !part.contains("src")), "{tag}");
        }
        rest = after;
    }
    assert_eq!(open, Vec::<&str>::new());
    for reference in
        page.match_indices("href=\"").chain(page.match_indices("src=\"")).map(|(at, found)| at + found.len())
    {
        assert!(page[reference..].starts_with('#'), "{}", &page[reference..reference + 40]);
    }
    let style = page.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
    assert!(!style.contains("http") && !style.contains("@import") && !style.contains("url(/"));
    let (mut ids, all): (Vec<&str>, usize) = {
        let ids = page.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
        (ids.clone().collect(), ids.count())
    };
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all, "an id is there twice");
    for named in page.split("href=\"#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(ids.contains(&named), "nothing is called {named}");
    }
}

#[test]
fn a_page_says_what_happened_and_why() {
    let (facts, record, pipeline) = failed();
    let page = report(&facts, &record, Ok(&pipeline));
    check_page(&page);
    insta::assert_snapshot!(text(&page));
}

#[test]
fn a_page_forbids_itself_to_load_or_run_anything() {
    let (facts, record, pipeline) = failed();
    let page = report(&facts, &record, Ok(&pipeline));
    assert!(page.contains("content=\"default-src 'none'; style-src 'unsafe-inline';"));
    assert!(
        page.contains("<html lang=\"en\">")
            && page.contains("<title>Wind park failed, run 20261121-093000-7</title>")
    );
}

#[test]
fn each_step_of_the_drawing_has_what_became_of_it() {
    let (facts, record, pipeline) = failed();
    let page = report(&facts, &record, Ok(&pipeline));
    for (step, class) in [("load:Do", "is-finished"), ("solve:Do", "is-failed"), ("plot:Do", "is-skipped")] {
        let group = page.lines().find(|line| line.contains(&format!("data-step=\"{step}\""))).unwrap();
        assert!(group.contains(class), "{group}");
    }
    assert_eq!(page.matches("<use href=\"#mark-failed\" x=").count(), 1);
}

#[test]
fn texts_of_strangers_stay_texts_wherever_they_are() {
    let evil = format!("{EVIL}<script>x</script>]]>--></style></title>\u{202e}\u{2028}\"'><b onclick=\"x\">");
    let mut record = RunRecord::new(Mode::Batch);
    record.add_node(&evil, &evil);
    record.add_step(&evil, 0);
    record.called(0, 0, 1, ms(0), ms(0));
    record.to_be_repeated(0, 0, ms(1), &evil);
    record.called(0, 0, 2, ms(2), ms(2));
    record.failed(0, 0, ms(3), &evil);
    record.close(ms(4));
    let facts = Facts {
        run: evil.clone(),
        pipeline: evil.clone(),
        cause: Some(Cause {
            what: evil.clone(),
            text: evil.clone(),
            details: vec![("Request", evil.clone())],
        }),
        began: evil.clone(),
        further: vec![("Initial data", evil.clone())],
        environment: vec![("System", evil.clone())],
        unknown: vec![evil.clone()],
        ..facts(Ending::Failed)
    };
    let page = report(&facts, &record, Err(&evil));
    check_page(&page);
    assert!(page.matches("&lt;script&gt;x").count() > 10);
    assert!(!page.contains(['\u{202e}', '\u{2028}', '\u{1b}']));
    check_page(&report(&facts, &record, Ok(&crate::testing::evil())));
}

#[test]
fn a_step_with_millions_of_calls_is_drawn_in_little_space() {
    let mut record = RunRecord::new(Mode::Live);
    record.add_node("n", "h:1");
    record.add_step("n:Do", 0);
    for seq in 0..1_000_000u64 {
        let at = Duration::from_micros(seq * 600);
        record.called(0, seq, 1, at, at);
        let end = at + Duration::from_micros(500);
        match seq % 1000 {
            7 => record.failed(0, seq, end, &format!("no value {seq}")),
            _ => record.answered(0, seq, end),
        }
    }
    record.close(Duration::from_secs(600));
    let page = report(&facts(Ending::Succeeded), &record, Err("There is none."));
    check_page(&page);
    assert!(page.len() < 120_000, "{} bytes", page.len());
    let text = text(&page);
    assert!(text.contains("Of 1,000,000 attempts none is drawn singly"), "{text}");
    assert!(text.contains("900 further errors of other texts followed"), "{text}");
    let row = text.lines().find(|line| line.starts_with("n:Do finished 1,000,000 1,000")).unwrap();
    assert!(row.contains("500 µs 500 µs 500 µs 500 µs"), "{row}");
}

#[test]
fn ten_thousand_steps_make_a_page_that_a_browser_can_show() {
    let mut record = RunRecord::new(Mode::Batch);
    for nth in 0..10_000usize {
        record.add_node(&format!("node_{nth}"), "127.0.0.1:50051");
        record.add_step(&format!("node_{nth}:Process"), nth);
        for seq in 0..30 {
            let at = ms(nth as u64 + seq * 10);
            record.called(nth, seq, 1, at, at);
            record.answered(nth, seq, at + ms(9));
        }
        record.finished(nth);
    }
    record.close(ms(11_000));
    let begun = Instant::now();
    let page = report(&facts(Ending::Succeeded), &record, Ok(&diamond(20, 30)));
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    check_page(&page);
    assert!(page.len() < 2_500_000, "{} bytes", page.len());
    assert!(page.matches("<rect class=\"bar").count() <= 4100);
    let text = text(&page);
    assert!(text.contains("300 of 10,000 steps have a row"), "{text}");
    assert!(text.contains("1,000 of 10,000 steps have a row"), "{text}");
    assert!(text.contains("The drawing is left out: with 602 operations"), "{text}");
}

#[test]
fn stored_results_are_told_from_calls() {
    let mut record = RunRecord::new(Mode::Batch);
    record.add_node("n", "h:1");
    record.add_step("n:Do", 0);
    record.add_step("n:Then", 0);
    record.reused(0, 0, ms(1));
    record.finished(0);
    record.called(1, 0, 1, ms(1), ms(1));
    record.answered(1, 0, ms(9));
    record.finished(1);
    record.close(ms(9));
    let page = report(&facts(Ending::Succeeded), &record, Err("There is none."));
    check_page(&page);
    let text = text(&page);
    assert!(text.contains("with 1 call and 1 result that had been stored"), "{text}");
    assert!(text.contains("Steps 2, 1 reused"), "{text}");
    assert!(text.contains("stored result in place of a call"), "{text}");
}

#[test]
fn a_run_of_nothing_is_a_page_too() {
    let page = report(&facts(Ending::Unreachable), &RunRecord::new(Mode::Batch), Err("There is none."));
    check_page(&page);
    assert!(text(&page).contains("No step was called."));
}
