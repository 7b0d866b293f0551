//! How messages pass: what sets each step firing, how many responses it gives, what each link carries, and what a
//! link does when its queue is full.

use aieffect_blueprint::{Code, Diagnostic, Findings, Mode, WhenFull};
use aieffect_contract::CallShape;

use super::graph::{Arrow, Graph};
use super::{Feed, Multiplicity, Overflow, PlannedLink, Step, spool};

/// Settles it for all steps, which stand in plan order.
pub(super) fn settle(mode: Mode, steps: &mut [Step], links: &mut [PlannedLink]) {
    match mode {
        Mode::Batch => {
            steps.iter_mut().for_each(|step| settle_batch(step, links));
            spool::mark(steps, links);
        }
        Mode::Live => {
            steps.iter_mut().for_each(settle_live);
            links.iter_mut().for_each(|link| link.carries = Multiplicity::Many);
        }
    }
}

fn settle_batch(step: &mut Step, links: &mut [PlannedLink]) {
    let takes_many = step.inputs.iter().any(|link| links[link.index()].carries == Multiplicity::Many);
    step.feed = match takes_many {
        false => Feed::Once,
        true if step.takes_stream() => Feed::OpenStream,
        true => Feed::EachMessage,
    };
    step.gives = match (step.operation.shape, step.feed) {
        (CallShape::ServerStream | CallShape::Bidirectional, _) => Multiplicity::Many,
        (CallShape::Unary, Feed::EachMessage) => Multiplicity::Many,
        (CallShape::Unary | CallShape::ClientStream, _) => Multiplicity::One,
    };
    for link in &step.outputs {
        links[link.index()].carries = step.gives;
        // In batch a dropped message would put others in its place; there is a finding about it.
        links[link.index()].overflow = Overflow::Wait;
    }
}

fn settle_live(step: &mut Step) {
    step.gives = Multiplicity::Many;
    step.feed = match step.inputs.is_empty() {
        true => Feed::Source,
        false if step.takes_stream() => Feed::OpenStream,
        false => Feed::EachMessage,
    };
}

/// Reports settings that do nothing in this mode.
pub(super) fn report_idle(graph: &Graph<'_>, mode: Mode, findings: &mut Findings) {
    let is_dropping = |arrow: &&Arrow| graph.link(arrow).when_full == WhenFull::KeepLatest;
    for arrow in graph.arrows.iter().filter(is_dropping).filter(|_| mode == Mode::Batch) {
        let (from, to) = (graph.name(arrow.from), graph.name(arrow.to));
        let message = format!(
            "`keep_latest` of the link from `{from}` to `{to}` does nothing in batch mode: every message counts there"
        );
        findings.push(
            Diagnostic::warning(Code::IdleSetting, message)
                .at(graph.link(arrow).place.label())
                .help("remove it, or run the pipeline in live mode"),
        );
    }
    let led_to = graph.is_led_to();
    for position in (0..graph.len()).filter(|position| restarts(graph, *position)) {
        let is_source = mode == Mode::Live && !led_to[position];
        if is_source && gives_stream(graph, position) {
            continue;
        }
        let message = format!(
            "`restart` of `{}` does nothing: it opens the stream of a live source again",
            graph.name(position)
        );
        let why = match mode {
            Mode::Batch => "the pipeline runs in batch mode",
            Mode::Live if is_source => "a source without a stream is called again and again anyway",
            Mode::Live => "links lead to this operation: it is called again when the next message arrives",
        };
        let mentions = graph.operation(position).mentions.first();
        let finding = Diagnostic::warning(Code::IdleSetting, message).help(format!("{why}; remove it"));
        findings.push(mentions.into_iter().fold(finding, |finding, mention| finding.at(mention.label())));
    }
}

fn restarts(graph: &Graph<'_>, position: usize) -> bool {
    graph.operation(position).settings.at_end == aieffect_blueprint::AtEnd::Restart
}

fn gives_stream(graph: &Graph<'_>, position: usize) -> bool {
    graph
        .bound(position)
        .is_some_and(|bound| matches!(bound.shape, CallShape::ServerStream | CallShape::Bidirectional))
}
