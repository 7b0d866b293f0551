//! Which operations become steps, and what is said of the others.

use std::collections::HashSet;

use aieffect_blueprint::{Code, Diagnostic, Findings, MentionKind, Mode, OperationId, Pipeline};

use super::graph::{Arrow, Graph};
use super::initial::InitialData;

/// The operations that links or the initial data speak of, or all where there are no links; and the others.
pub(super) fn spoken_of(pipeline: &Pipeline, initial: &InitialData) -> (Vec<OperationId>, Vec<OperationId>) {
    let linked: HashSet<_> = pipeline.links().iter().flat_map(|link| [link.from, link.to]).collect();
    let all_unlinked = linked.is_empty();
    let named = initial.steps();
    pipeline
        .operations()
        .partition(|id| all_unlinked || linked.contains(id) || named.contains(&pipeline.step_name(*id)))
}

/// Reports operations that nothing speaks of.
pub(super) fn report_unlinked(
    graph: &Graph<'_>,
    mode: Mode,
    unlinked: &[OperationId],
    findings: &mut Findings,
) {
    for id in unlinked {
        let takes_fields = graph.protos.operation(*id).is_some_and(|bound| bound.input.fields().len() > 0);
        let way_out = match mode {
            Mode::Live if takes_fields => "link it".to_owned(),
            Mode::Live | Mode::Batch => {
                let name = graph.pipeline.step_name(*id);
                format!("link it, or name it in the initial data: {{\"{name}\": {{}}}}")
            }
        };
        findings.push(not_called(graph.pipeline, *id, &way_out));
    }
}

/// Of these, the operations that a live run comes to call, with the links whose messages are inputs there.
/// `None`, with an error, when it calls none.
pub(super) fn called_when_live<'a>(
    graph: &Graph<'a>,
    initial: &InitialData,
    findings: &mut Findings,
) -> Option<Graph<'a>> {
    let reached = graph.reached_when_live();
    if !reached.contains(&true) {
        findings.push(nothing_starts(graph));
        return None;
    }
    for arrow in graph.arrows.iter().filter(|arrow| reached[arrow.from] && !graph.is_input_when_live(arrow)) {
        findings.push(triggers_nothing(graph, arrow));
    }
    let led_to = graph.is_led_to();
    let named = initial.steps();
    let is_uncalled = |position: &usize| !reached[*position] && !named.contains(&graph.name(*position));
    for position in (0..graph.len()).filter(is_uncalled) {
        let why = if led_to[position] {
            "nothing that is called leads to it"
        } else {
            "its request has fields, and no link leads to it"
        };
        findings.push(never_called(graph, position, why));
    }
    let operations = graph.operations.iter().zip(&reached).filter(|(_, reached)| **reached);
    let mut called = Graph::new(graph.pipeline, graph.protos, operations.map(|(id, _)| *id).collect());
    called.arrows = called.arrows.iter().filter(|arrow| called.is_input_when_live(arrow)).copied().collect();
    Some(called)
}

fn not_called(pipeline: &Pipeline, id: OperationId, way_out: &str) -> Diagnostic {
    let name = pipeline.step_name(id);
    let mentions = &pipeline.operation(id).mentions;
    let starts = mentions.iter().any(|mention| mention.kind == MentionKind::StartService);
    let (though, start) = if starts {
        (", though its service is `start_service`", "`start_service` calls nothing by itself: ")
    } else {
        ("", "")
    };
    let finding = Diagnostic::warning(Code::UnusedOperation, format!("`{name}` is not called{though}"))
        .help(format!("{start}{way_out}"));
    mentioned(finding, pipeline, id, "no link leads to it or from it")
}

fn never_called(graph: &Graph<'_>, position: usize, why: &str) -> Diagnostic {
    let message = format!("`{}` is never called in live mode", graph.name(position));
    let finding = Diagnostic::warning(Code::UnusedOperation, message)
        .help("in live mode messages set calls going, and the first come from operations whose request has no fields");
    mentioned(finding, graph.pipeline, graph.operations[position], why)
}

fn mentioned(finding: Diagnostic, pipeline: &Pipeline, id: OperationId, why: &str) -> Diagnostic {
    let mentions = pipeline.operation(id).mentions.iter().enumerate();
    mentions.fold(finding, |finding, (nth, mention)| {
        let note = if nth == 0 { why } else { "" };
        finding.at(mention.label().with_note(note))
    })
}

fn nothing_starts(graph: &Graph<'_>) -> Diagnostic {
    let message = "nothing starts this pipeline in live mode: every operation waits for a message";
    let help = "a live pipeline starts with operations whose request has no fields and that no link leads to; \
                give it one, or run it in batch mode";
    let asked = graph.pipeline.execution().mode.as_ref().map(|mode| mode.place.label());
    let first = graph.operations.first().and_then(|id| graph.pipeline.operation(*id).mentions.first());
    let finding = Diagnostic::error(Code::NothingStarts, message).help(help);
    match asked.or_else(|| first.map(|mention| mention.label())) {
        Some(label) => finding.at(label),
        None => finding,
    }
}

fn triggers_nothing(graph: &Graph<'_>, arrow: &Arrow) -> Diagnostic {
    let (from, to) = (graph.name(arrow.from), graph.name(arrow.to));
    let answer = graph.bound(arrow.from).map(|bound| bound.output.name().to_owned()).unwrap_or_default();
    let message = format!("the link from `{from}` to `{to}` triggers nothing in live mode");
    Diagnostic::warning(Code::LinkFillsNothing, message)
        .at(graph.link(arrow).place.label())
        .help(format!("`{answer}` has no fields, so it is no message there; give it one, or remove the link"))
}
