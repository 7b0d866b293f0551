use super::*;

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn record(mode: Mode) -> RunRecord {
    let mut record = RunRecord::new(mode);
    record.add_node("n", "h:1");
    record.add_step("n:Do", 0);
    record
}

#[test]
fn the_time_of_a_call_is_told_by_what_it_waited_for() {
    let mut record = record(Mode::Batch);
    record.supplied(0, ms(10));
    // Decided on at 15; storing that took until 18.
    record.called(0, 0, 1, ms(15), ms(18));
    record.to_be_repeated(0, 0, ms(28), "lost");
    record.called(0, 0, 2, ms(128), ms(128));
    record.answered(0, 0, ms(148));
    record.passed(0, Amounts { transfer: Some(ms(4)), ..Amounts::default() });
    let step = &record.steps[0];
    assert_eq!((step.queueing, step.backoff, step.attempts), (ms(5), ms(100), ms(30)));
    assert_eq!((step.transfer(), step.calling()), (ms(4), ms(26)));
    assert_eq!((step.calls, step.repeated, step.failed), (1, 1, 0));
    let half = step.times.percentile(50).unwrap();
    assert!(half >= ms(10) && half < ms(11) && step.times.most() == Some(ms(20)), "{half:?}");
}

#[test]
fn what_was_open_at_the_end_was_given_up() {
    let mut record = record(Mode::Batch);
    record.called(0, 0, 1, ms(0), ms(0));
    record.called(0, 1, 1, ms(5), ms(5));
    record.to_be_repeated(0, 1, ms(6), "lost");
    record.close(ms(20));
    let step = &record.steps[0];
    assert_eq!((step.state, step.attempts, step.backoff), (StepState::Cancelled, ms(21), ms(14)));
    let kinds: Vec<BarKind> = step.track.bars().iter().map(|bar| bar.kind).collect();
    assert_eq!(kinds, [BarKind::Repeated, BarKind::Cut]);
    assert!(record.open.is_empty());
}

#[test]
fn a_failed_step_stays_failed_when_its_other_calls_are_cut() {
    let mut record = record(Mode::Batch);
    record.called(0, 0, 1, ms(0), ms(0));
    record.called(0, 1, 1, ms(0), ms(0));
    record.failed(0, 0, ms(5), "no");
    record.cut(0, 1, ms(6));
    assert_eq!(record.state(0), Some(StepState::Failed));
}

#[test]
fn a_live_step_goes_on_past_failures() {
    let mut record = record(Mode::Live);
    for seq in 0..3 {
        record.called(0, seq, 1, ms(seq), ms(seq));
        record.failed(0, seq, ms(seq), "no");
    }
    record.called(0, 3, 1, ms(3), ms(3));
    record.answered(0, 3, ms(4));
    assert_eq!(record.state(0), Some(StepState::Called));
    record.close(ms(5));
    assert_eq!(record.state(0), Some(StepState::Finished));
}

#[test]
fn memory_does_not_grow_with_calls() {
    let mut record = RunRecord::new(Mode::Live);
    record.add_node("n", "h:1");
    for step in 0..400 {
        record.add_step(&format!("n:Do{step}"), 0);
        for seq in 0..100 {
            record.called(step, seq, 1, ms(seq), ms(seq));
            record.answered(step, seq, ms(seq + 1));
        }
    }
    let held: usize = record.steps.iter().map(|step| step.track.bars().len()).sum();
    assert_eq!(held, record.bars);
    assert!(held <= MOST_BARS && held > MOST_BARS / 2, "{held}");
    assert!(record.steps.last().unwrap().track.bars().is_empty());
    assert!(record.steps.last().unwrap().track.bins().at_once().any(|at_once| at_once > 0.5));
}

#[test]
fn a_call_that_goes_on_in_another_process_is_one() {
    let mut record = record(Mode::Batch);
    record.called(0, 0, 1, ms(0), ms(0));
    record.called(0, 1, 1, ms(0), ms(0));
    record.to_be_repeated(0, 1, ms(5), "lost");
    record.close(ms(10));
    for seq in [0, 1, 2] {
        record.called(0, seq, 2, ms(20), ms(20));
        record.answered(0, seq, ms(30));
    }
    record.finished(0);
    let step = &record.steps[0];
    assert_eq!((step.calls, step.repeated, step.attempts), (3, 1, ms(10 + 5 + 30)));
    assert!(record.given_up.is_empty());
}

#[test]
fn failures_that_are_counted_are_so_many_and_not_one() {
    let mut record = record(Mode::Live);
    record.counted(0, 10, 7, ms(1000), Some("no"));
    record.counted(0, 10, 0, ms(2000), None);
    record.failed_of_counted(0, 20, 2, ms(2500), "never");
    record.failed_of_counted(0, 21, 1, ms(2600), "no");
    record.counted(0, 10, 5, ms(3000), Some("no"));
    record.failed_of_counted(0, 33, 1, ms(3500), "never");
    record.step_failed(0, ms(3600), "never");
    record.close(ms(3600));
    let step = &record.steps[0];
    assert_eq!((step.calls, step.failed, step.state), (31, 13, StepState::Failed));
    let told: Vec<_> = record.errors.groups().iter().map(|group| (&*group.text, group.count)).collect();
    assert_eq!(told, [("no", 7 + 1 + 3), ("never", 2)]);
    assert_eq!(record.errors.groups()[1].first.place, Place::Attempt { seq: 20, attempt: 2 });
}

#[test]
fn a_live_step_that_fails_by_its_calls_has_no_error_beside_theirs() {
    let mut record = record(Mode::Live);
    for seq in 0..5 {
        record.called(0, seq, 1, ms(seq), ms(seq));
        record.failed(0, seq, ms(seq), "no");
    }
    record.step_failed(0, ms(5), "no");
    assert_eq!(record.errors.groups()[0].count, 5);
    assert_eq!(record.errors.groups().len(), 1);
}
