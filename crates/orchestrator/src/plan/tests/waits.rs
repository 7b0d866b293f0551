//! Whatever branches meet: with queues of one message and the files of the plan, no run waits for ever.

use proptest::prelude::*;

use super::streams::graph;
use crate::plan::{Feed, Multiplicity, Overflow, Plan};

/// Messages of a stream.
const LENGTH: usize = 5;

/// When a step that takes and gives a stream answers.
#[derive(Debug, Clone, Copy)]
enum Answer {
    Each,
    /// All answers before the second message is taken.
    AtFirst,
    AtLast,
}

/// A step on its way: it sends what it has before it takes more.
#[derive(Debug, Clone, Default)]
struct Worker {
    taken: usize,
    to_send: usize,
    /// Outgoing links that have the message that is being sent.
    sent: usize,
    has_taken_all: bool,
    has_ended: bool,
}

/// A run that moves as long as anything can.
struct Run<'a> {
    plan: &'a Plan,
    answers: &'a [Answer],
    workers: Vec<Worker>,
    queues: Vec<usize>,
}

impl<'a> Run<'a> {
    /// The names of the steps that never come to their end.
    fn stuck(plan: &'a Plan, answers: &'a [Answer]) -> Vec<String> {
        let workers = vec![Worker::default(); plan.steps.len()];
        let mut run = Self { plan, answers, workers, queues: vec![0; plan.links.len()] };
        while (0..plan.steps.len()).any(|step| run.act(step)) {}
        let stuck = run.workers.iter().zip(&plan.steps).filter(|(worker, _)| !worker.has_ended);
        stuck.map(|(_, step)| step.name.node.to_string()).collect()
    }

    fn act(&mut self, step: usize) -> bool {
        let worker = &self.workers[step];
        match worker {
            Worker { has_ended: true, .. } => false,
            Worker { to_send: 1.., .. } => self.send(step),
            Worker { has_taken_all: true, .. } => {
                self.workers[step].has_ended = true;
                true
            }
            Worker { .. } => self.take(step),
        }
    }

    fn send(&mut self, step: usize) -> bool {
        let outputs = &self.plan.steps[step].outputs;
        let worker = &mut self.workers[step];
        match outputs.get(worker.sent).map(|link| link.index()) {
            None => (worker.to_send, worker.sent) = (worker.to_send - 1, 0),
            Some(link) if self.queues[link] > 0 && self.plan.links[link].overflow == Overflow::Wait => {
                return false;
            }
            Some(link) => {
                self.queues[link] += 1;
                worker.sent += 1;
            }
        }
        true
    }

    fn take(&mut self, step: usize) -> bool {
        let planned = &self.plan.steps[step];
        let carries = |link: usize| self.plan.links[link].carries;
        let inputs: Vec<_> = planned.inputs.iter().map(|link| link.index()).collect();
        let is_first = self.workers[step].taken == 0;
        let needed: Vec<_> =
            inputs.into_iter().filter(|link| is_first || carries(*link) == Multiplicity::Many).collect();
        if needed.iter().all(|link| self.queues[*link] > 0) && (is_first || planned.feed != Feed::Once) {
            needed.iter().for_each(|link| self.queues[*link] -= 1);
            self.workers[step].taken += 1;
            self.answer(step);
            return true;
        }
        let has_ended = |link: &usize| {
            self.queues[*link] == 0 && self.workers[self.plan.links[*link].from.index()].has_ended
        };
        if needed.iter().any(has_ended) {
            self.finish(step);
            return true;
        }
        false
    }

    fn answer(&mut self, step: usize) {
        let planned = &self.plan.steps[step];
        let is_first = self.workers[step].taken == 1;
        self.workers[step].to_send = match (planned.feed, planned.gives_stream(), self.answers[step]) {
            (Feed::Once, true, _) | (Feed::OpenStream, true, Answer::AtFirst) if is_first => LENGTH,
            (Feed::Once, false, _) | (Feed::EachMessage, _, _) | (Feed::OpenStream, true, Answer::Each) => 1,
            _ => 0,
        };
        self.workers[step].has_taken_all = planned.feed == Feed::Once;
    }

    fn finish(&mut self, step: usize) {
        let planned = &self.plan.steps[step];
        let worker = &mut self.workers[step];
        worker.has_taken_all = true;
        worker.to_send = match (planned.gives_stream(), self.answers[step]) {
            (false, _) if planned.feed == Feed::OpenStream => 1,
            (true, Answer::AtLast) => worker.taken,
            _ => 0,
        };
    }
}

/// Up to 9 steps with their shapes, and which of them are linked. A server stream is made unary where it would
/// answer each message with many: what is longer than its neighbour fails a run, and does not hang it.
fn nodes_and_links() -> impl Strategy<Value = (String, String, Vec<Answer>)> {
    let answer = proptest::sample::select(&[Answer::Each, Answer::AtFirst, Answer::AtLast][..]);
    let shape = proptest::sample::select(&['u', 'u', 'c', 's', 'b'][..]);
    let sized = (3..10_usize).prop_flat_map(move |size| {
        let steps = proptest::collection::vec((shape.clone(), answer.clone()), size);
        (steps, proptest::collection::vec(0..5_u8, size * size))
    });
    sized.prop_map(|(steps, linked)| {
        let mut names: Vec<String> = Vec::new();
        let mut many: Vec<bool> = Vec::new();
        let mut links = Vec::new();
        for (to, (shape, _)) in steps.iter().enumerate() {
            let from: Vec<_> = (0..to).filter(|from| linked[from * steps.len() + to] < 2).collect();
            let takes_many = from.iter().any(|from| many[*from]);
            let shape = if *shape == 's' && takes_many { 'u' } else { *shape };
            many.push(shape == 's' || shape == 'b' || (shape == 'u' && takes_many));
            names.push(format!("{shape}{to}"));
            links.extend(from.into_iter().map(|from| format!("{}>{}", names[from], names[to])));
        }
        (names.join(" "), links.join(" "), steps.into_iter().map(|(_, answer)| answer).collect())
    })
}

/// The answers of the steps of a plan, which may leave some out and has an order of its own.
fn in_plan_order(plan: &Plan, answers: &[Answer]) -> Vec<Answer> {
    let number = |name: String| name[1..].parse::<usize>().unwrap();
    plan.steps.iter().map(|step| answers[number(step.name.node.to_string())]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_run_waits_for_ever((nodes, links, answers) in nodes_and_links()) {
        let planned = graph(&nodes, &links).planned();
        let plan = planned.expect();
        let stuck = Run::stuck(plan, &in_plan_order(plan, &answers));
        prop_assert!(stuck.is_empty(), "{nodes} with {links} and {answers:?}: {stuck:?}");
    }
}

#[test]
fn without_files_a_stream_that_meets_its_sum_would_wait_for_ever() {
    let planned = graph("s0 c1 u2", "s0>c1 s0>u2 c1>u2").planned();
    let mut plan = planned.expect().clone();
    let answers = [Answer::Each; 3];
    assert!(Run::stuck(&plan, &answers).is_empty());
    plan.links.iter_mut().for_each(|link| link.overflow = Overflow::Wait);
    assert_eq!(Run::stuck(&plan, &answers), ["s0", "c1", "u2"]);
}
