//! Rows on terminals of all sizes.

use std::time::{Duration, SystemTime};

use aieffect_orchestrator::run::Outcome;

use super::super::board::{Phase, State};
use super::super::layout::rows;
use super::super::view::{StepView, View};
use crate::terminal::{Colour, Row, Size};

fn step(name: &str, state: State) -> StepView<'_> {
    StepView {
        name,
        state,
        time: None,
        last: None,
        messages: 0,
        bytes: 0,
        rate: None,
        progress: None,
        failed: 0,
    }
}

fn called(name: &str, state: State, seconds: f64, messages: u64, bytes: u64) -> StepView<'_> {
    let time = Some(Duration::from_secs_f64(seconds));
    let last = SystemTime::UNIX_EPOCH + Duration::from_secs_f64(seconds);
    let rate = (messages > 1).then(|| messages as f64 / seconds);
    StepView { time, messages, bytes, rate, last: Some(last), ..step(name, state) }
}

fn view<'a>(phase: &'a Phase, steps: Vec<StepView<'a>>) -> View<'a> {
    View { phase, nodes: 4, time: Duration::from_millis(83_400), steps }
}

/// The rows as text, each with what must hold of every row.
#[track_caller]
fn shown(view: &View<'_>, columns: usize, height: usize) -> String {
    let rows = rows(view, Size { columns, rows: height }, Colour::Off);
    for Row { text, columns: taken } in &rows {
        assert!(*taken < columns.max(1), "{taken} of {columns}: {text}");
        assert_eq!(super::super::text::columns(text), *taken);
    }
    assert!(rows.len() <= (height / 2).max(1), "{} rows of {height}", rows.len());
    rows.into_iter().map(|row| row.text + "\n").collect()
}

fn four() -> Vec<StepView<'static>> {
    vec![
        called("load_wind1:LoadWind", State::Finished, 12.3, 2_192, 5 << 20),
        called("clean_wind1:CleanWind", State::Running, 71.0, 10_345_678, 3 << 30),
        called("a_rather_long_name_of_a_service1:AndOfItsOperationToo", State::Retrying, 4.5, 0, 0),
        step("report_wind1:WriteReport", State::Waiting),
    ]
}

const NAMES: [&str; 4] =
    ["forecast_of_wind1:Do", "solar1:Forecast", "n1:Do", "dispatch_planner1:PlanDispatchOfADay"];

/// Of every kind, most of them waiting.
fn many(count: usize) -> Vec<StepView<'static>> {
    let state = |index: usize| match index {
        7 => called(NAMES[0], State::Failed, 0.2, 0, 0),
        40..43 => called(NAMES[index % 4], State::Running, 3.0, 512, 1 << 16),
        43 => called(NAMES[1], State::Retrying, 1.0, 0, 0),
        44 => step(NAMES[2], State::Queued),
        0..40 => called(NAMES[index % 4], State::Finished, index as f64, 1, 77),
        _ => step(NAMES[index % 4], State::Waiting),
    };
    (0..count).map(state).collect()
}

#[test]
fn four_steps_have_as_many_columns_as_there_is_room_for() {
    let phase = Phase::Running;
    let view = view(&phase, four());
    for columns in [60, 100, 200] {
        insta::assert_snapshot!(format!("four_{columns}"), shown(&view, columns, 24));
    }
}

#[test]
fn of_two_hundred_steps_those_at_work_are_shown_and_the_others_counted() {
    let phase = Phase::Running;
    let view = view(&phase, many(200));
    for columns in [60, 100, 200] {
        insta::assert_snapshot!(format!("two_hundred_{columns}"), shown(&view, columns, 24));
    }
}

#[test]
fn of_ten_thousand_steps_as_much_is_shown_as_of_two_hundred() {
    let phase = Phase::Running;
    insta::assert_snapshot!(shown(&view(&phase, many(10_000)), 100, 24));
}

#[test]
fn many_failed_steps_do_not_hide_those_at_work_nor_the_other_way_round() {
    let phase = Phase::Running;
    for (failed, running) in [(100, 3), (3, 100), (100, 100)] {
        let steps = (0..failed + running).map(|index| match index {
            _ if index < failed => step("failed1:Do", State::Failed),
            _ => step("running1:Do", State::Running),
        });
        let view = view(&phase, steps.collect());
        let text = shown(&view, 100, 24);
        let count = |name: &str| text.lines().filter(|line| line.starts_with(name)).count();
        let expected = match (failed, running) {
            (100, 3) => (4, 3),
            (3, 100) => (3, 4),
            _ => (4, 3),
        };
        assert_eq!((count("failed1"), count("running1")), expected, "{text}");
    }
}

#[test]
fn at_the_end_every_step_stays_where_there_is_room_and_else_what_failed() {
    let phase = Phase::Ended(Some(Outcome::Failed));
    let mut few = four();
    few[1].state = State::Failed;
    few[2].state = State::Cancelled;
    few[3].state = State::Skipped;
    insta::assert_snapshot!("end_of_four", shown(&view(&phase, few), 100, 24));
    let mut steps = many(200);
    steps.iter_mut().skip(40).for_each(|step| step.state = State::Skipped);
    insta::assert_snapshot!("end_of_two_hundred", shown(&view(&phase, steps), 100, 24));
}

#[test]
fn before_the_first_call_it_says_what_is_waited_for() {
    let names = vec!["load_wind1".to_owned(), "clean_wind1".to_owned()];
    let phase = Phase::Preparing { waited: 2, names };
    let steps = four().into_iter().map(|view| step(view.name, State::Waiting)).collect();
    insta::assert_snapshot!(shown(&view(&phase, steps), 60, 24));
}

#[test]
fn a_run_that_could_not_begin_leaves_nothing() {
    let phase = Phase::Ended(Some(Outcome::Unreachable));
    assert_eq!(shown(&view(&phase, four()), 100, 24), "");
}

#[test]
fn failures_of_a_step_that_goes_on_are_counted() {
    let phase = Phase::Running;
    let mut steps = four();
    steps[1].failed = 12;
    insta::assert_snapshot!(shown(&view(&phase, steps), 100, 24));
}

#[test]
fn how_far_a_call_says_it_is_stands_beside_its_time() {
    let phase = Phase::Running;
    let running =
        StepView { progress: Some(424), ..called("wind_forecast1:Forecast", State::Running, 2.0, 0, 0) };
    let steps = vec![running, step("report1:Write", State::Waiting)];
    insta::assert_snapshot!(shown(&view(&phase, steps), 60, 24), @"
    wind_forecast1:Forecast  running    2.0 s  42 %
    report1:Write            waiting
    1m23s  running: 1 running, 1 waiting
    ");
}

#[test]
fn names_of_wide_letters_keep_the_columns_straight() {
    let phase = Phase::Running;
    let steps = vec![
        called("風力予測一号:予測する", State::Running, 1.0, 1, 9),
        called("solar1:Forecast", State::Finished, 1.0, 1, 9),
        called("とても長い名前のサービスがここにあります一号:予測する", State::Finished, 1.0, 1, 9),
    ];
    insta::assert_snapshot!(shown(&view(&phase, steps), 60, 24));
}

#[test]
fn no_size_is_too_small() {
    let phase = Phase::Running;
    let wide = "風力予測一号:予測する";
    for count in [1, 4, 200] {
        let mut steps = many(count);
        steps[0].name = wide;
        let view = view(&phase, steps);
        for columns in (0..130).chain([200, 1000]) {
            for height in [0, 1, 2, 3, 4, 5, 10, 24, 100] {
                shown(&view, columns, height);
            }
        }
    }
}

#[test]
fn colours_change_no_columns() {
    let phase = Phase::Running;
    let view = view(&phase, four());
    let size = Size { columns: 100, rows: 24 };
    let coloured = rows(&view, size, Colour::On);
    assert!(coloured[0].text.contains("\u{1b}[32mfinished\u{1b}[0m"), "{:?}", coloured[0]);
    let plain = coloured.iter().map(|row| {
        let mut text = row.text.replace("\u{1b}[0m", "");
        for colour in ["2", "31", "32", "33", "34", "36"] {
            text = text.replace(&format!("\u{1b}[{colour}m"), "");
        }
        Row { text, columns: row.columns }
    });
    assert_eq!(plain.collect::<Vec<_>>(), rows(&view, size, Colour::Off));
}
