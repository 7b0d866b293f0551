//! The page around the parts of a report.

use aieffect_blueprint::Pipeline;

use super::facts::{Cause, Ending, Facts};
use super::html::{escaped, listed, mark, scrolled};
use super::record::{RunRecord, StepState};
use super::units::{self, count, number, size};
use super::{graph, steps, timeline, times};

const STYLE: &str = include_str!("page.css");
const SYMBOLS: &str = include_str!("symbols.svg");
/// Nothing is loaded, nothing is run.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
const MOST_NODES: usize = 200;

/// The text of the page.
pub(super) fn page(facts: &Facts, record: &RunRecord, pipeline: Result<&Pipeline, &str>) -> String {
    let (graph_style, graph) = graph::graph(pipeline, record);
    let title = format!("{} {}, run {}", facts.pipeline, facts.ending.as_str(), facts.run);
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{}</title>\n<style>\n{STYLE}{graph_style}</style>\n</head>\n<body>\n{SYMBOLS}",
        escaped(&title)
    );
    html += &head(facts, record);
    html += "<main>\n";
    if let Some(cause) = &facts.cause {
        html += &why(cause);
    }
    html += &run(facts, record);
    for (id, name, content) in [
        ("graph", "Pipeline", graph),
        ("timeline", "Timeline", timeline::timeline(record)),
        ("times", "Where the time went", times::times(record)),
        ("steps", "Steps", steps::steps(record)),
        ("errors", "Errors", steps::errors(record)),
        ("environment", "Environment", environment(facts, record)),
    ] {
        html += &format!(
            "<section id=\"{id}\" aria-labelledby=\"{id}-head\">\n<h2 id=\"{id}-head\">{name}</h2>\n{content}</section>\n"
        );
    }
    html += &figures(facts);
    html + "</main>\n</body>\n</html>\n"
}

fn head(facts: &Facts, record: &RunRecord) -> String {
    let class = match facts.ending {
        Ending::Succeeded => "well",
        Ending::Failed | Ending::Unreachable => "ill",
        Ending::Cancelled | Ending::Interrupted | Ending::Running => "open",
    };
    let links = [
        ("graph", "Pipeline"),
        ("timeline", "Timeline"),
        ("times", "Time"),
        ("steps", "Steps"),
        ("errors", "Errors"),
        ("environment", "Environment"),
    ];
    let links: Vec<String> =
        links.iter().map(|(id, name)| format!("<a href=\"#{id}\">{name}</a>\n")).collect();
    format!(
        "<header>\n<p class=\"what\">Report of a run</p>\n<h1>{}</h1>\n\
         <p class=\"ending {class}\">{}<strong>The run {}</strong> <span>{}</span></p>\n\
         <nav aria-label=\"Parts of this page\">\n{}</nav>\n</header>\n",
        escaped(&facts.pipeline),
        mark(facts.ending.mark()),
        facts.ending.as_str(),
        escaped(&sentence(facts, record)),
        links.concat()
    )
}

/// What there was, in a line.
fn sentence(facts: &Facts, record: &RunRecord) -> String {
    let calls: u64 = record.steps.iter().map(|step| step.calls).sum();
    let reused = record.steps.iter().filter(|step| step.state == StepState::Reused).count();
    let mut said = format!("after {}, with {}", units::time(facts.took), count(calls, "call"));
    if reused > 0 {
        said += &format!(" and {} that had been stored", count(reused as u64, "result"));
    }
    said
}

fn why(cause: &Cause) -> String {
    format!(
        "<section class=\"cause\" aria-labelledby=\"cause-head\">\n<h2 id=\"cause-head\">{}</h2>\n<pre class=\"said\">{}</pre>\n{}</section>\n",
        escaped(&cause.what),
        escaped(&cause.text),
        listed("details", cause.details.iter().map(|(name, text)| (*name, text.as_str())))
    )
}

fn run(facts: &Facts, record: &RunRecord) -> String {
    let stands = |state: StepState| record.steps.iter().filter(|step| step.state == state).count();
    let steps =
        [StepState::Failed, StepState::Skipped, StepState::Cancelled, StepState::Reused, StepState::Waiting];
    let mut words = vec![number(record.steps.len() as u64)];
    for state in steps {
        if stands(state) > 0 && record.steps.len() > stands(state) {
            words.push(format!("{} {}", number(stands(state) as u64), state.as_str()));
        }
    }
    let sum = |of: fn(&super::record::StepRecord) -> u64| record.steps.iter().map(of).sum::<u64>();
    let (failed, repeated) = (sum(|step| step.failed), sum(|step| step.repeated));
    let mut calls = number(sum(|step| step.calls));
    if failed > 0 {
        calls += &format!(", {} failed", number(failed));
    }
    if repeated > 0 {
        calls += &format!(", {} made again", count(repeated, "attempt"));
    }
    let bytes: u64 = record.steps.iter().filter_map(|step| step.amounts.bytes).sum();
    let messages = format!("{}, {}", number(sum(|step| step.amounts.messages)), size(bytes));
    let rows = [
        ("Run", facts.run.as_str()),
        ("Began", &facts.began),
        ("Took", &units::time(facts.took)),
        ("Steps", &words.join(", ")),
        ("Calls", &calls),
        ("Messages given", &messages),
        ("Mode", record.mode.as_str()),
    ];
    let further = facts.further.iter().map(|(name, text)| (*name, text.as_str()));
    format!(
        "<section aria-label=\"The run\">\n{}</section>\n",
        listed("facts", rows.into_iter().chain(further))
    )
}

fn environment(facts: &Facts, record: &RunRecord) -> String {
    let mut html = listed("facts", facts.environment.iter().map(|(name, text)| (*name, text.as_str())));
    if record.nodes.is_empty() {
        return html;
    }
    let mut table = "<table>\n<thead><tr><th scope=\"col\">Node</th><th scope=\"col\">Address</th>\
         <th scope=\"col\" class=\"n\">Answered after</th></tr></thead>\n<tbody>\n"
        .to_owned();
    for node in record.nodes.iter().take(MOST_NODES) {
        let answered = node.answered.map_or_else(|| "–".to_owned(), units::time);
        table += &format!(
            "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"n\">{answered}</td></tr>\n",
            escaped(&node.name),
            escaped(&node.address)
        );
    }
    table += "</tbody>\n</table>\n";
    html += &scrolled("nodes", "Nodes", &table);
    if record.nodes.len() > MOST_NODES {
        html += &format!(
            "<p class=\"note\">{} of {} are listed.</p>\n",
            MOST_NODES,
            count(record.nodes.len() as u64, "node")
        );
    }
    html
}

/// How the figures came about, and which are not known.
fn figures(facts: &Facts) -> String {
    let unknown: Vec<String> =
        facts.unknown.iter().map(|said| format!("<li>{}</li>\n", escaped(said))).collect();
    let open = if unknown.is_empty() { "" } else { " open" };
    format!(
        "<details class=\"about\"{open}>\n<summary>About the figures</summary>\n<ul>\n{}{ABOUT}</ul>\n</details>\n",
        unknown.concat()
    )
}

const ABOUT: &str = "\
<li><b>Readiness</b> is counted from the run’s beginning until a node answers; no step is called before all do. Starting and \
building services, and planning, come before the beginning and are not in it.</li>
<li><b>Queueing</b> is the time from when all was there that a call is made of until the call was decided on: other calls of the step, \
or as many calls as <code>max_parallel</code> lets run at once, came first. How long messages of a stream waited in the queue of \
their link before that is not measured.</li>
<li><b>Transfer</b> is measured where requests are made. Of a stream the first sixteen requests are timed, then every sixteenth, which \
stands for the fifteen before it.</li>
<li><b>Calling</b> is what is left of the time of attempts: network, the service itself, taking and judging its answers, waiting for room \
behind a stream, and writing the messages of a stream to the store. These cannot be told apart from here.</li>
<li><b>Storing</b> is the time in which events and answers were appended; it is counted for the step that the first event of an append is \
about. The engine does nothing else meanwhile.</li>
<li><b>p50, p95, p99</b> are of the times of attempts that ended by themselves, well or not, and at most 2 % off; the longest is exact.</li>
<li><b>Requests</b> and <b>Bytes in</b> count what was made for a step, again for each attempt of a call that takes no stream; <b>Messages</b> and \
<b>Bytes out</b> what it handed on.</li>
";
