//! Links that lead back.

use aieffect_blueprint::Mode;
use insta::assert_snapshot;

use super::fixture::Setup;
use crate::plan::PlanOptions;

/// Nodes of one operation `Do` each; one named `source…` takes nothing.
fn graph(nodes: &str, links: &str) -> Setup {
    let with = |input: &str| {
        format!("service S {{ rpc Do({input}) returns (M); }} message M {{ int32 x = 1; }} message None {{}}")
    };
    let node = |setup: Setup, name: &str| {
        setup.node(name, &with(if name.starts_with("source") { "None" } else { "M" }))
    };
    let setup = nodes.split(' ').fold(Setup::new(), node);
    let ends = links.split(' ').filter_map(|link| link.split_once('>'));
    ends.fold(setup, |setup, (from, to)| setup.link(&format!("{from}:Do"), &format!("{to}:Do")))
}

/// One line for each finding, without `:Do`.
fn said(nodes: &str, links: &str) -> String {
    let planned = graph(nodes, links).planned();
    assert!(planned.plan.is_none());
    let line = |finding: &aieffect_blueprint::Diagnostic| format!("{} {}", finding.code, finding.message);
    let lines: Vec<_> = planned.findings.iter().map(line).collect();
    lines.join("\n").replace(":Do", "")
}

#[test]
fn a_cycle_names_its_steps_and_its_links() {
    assert_snapshot!(graph("a b c d", "a>b b>c c>b c>d").planned().said(), @"
    error[AE0410] blueprint.json:7:1: these steps wait for each other: `b:Do` → `c:Do` → `b:Do`
      blueprint.json:7:1 leads to `c:Do`
      blueprint.json:10:1 leads to `b:Do`
      help: remove one of these links, so that none leads back
    ");
}

#[test]
fn a_step_that_leads_to_itself_is_a_cycle() {
    assert_snapshot!(said("a b", "a>b a>a"), @"AE0410 these steps wait for each other: `a` → `a`");
}

#[test]
fn each_separate_cycle_is_named_once() {
    assert_snapshot!(said("a b c d e", "a>b b>a c>d d>c c>e"), @"
    AE0410 these steps wait for each other: `a` → `b` → `a`
    AE0410 these steps wait for each other: `c` → `d` → `c`
    ");
}

#[test]
fn a_cycle_behind_a_cycle_is_named_too() {
    assert_snapshot!(said("a b", "a>a a>b b>b"), @"
    AE0410 these steps wait for each other: `a` → `a`
    AE0410 these steps wait for each other: `b` → `b`
    ");
    assert_snapshot!(said("b a", "a>a a>b b>b"), @"
    AE0410 these steps wait for each other: `b` → `b`
    AE0410 these steps wait for each other: `a` → `a`
    ");
    assert_snapshot!(said("d c b a", "a>b b>a b>c c>d d>c"), @"
    AE0410 these steps wait for each other: `d` → `c` → `d`
    AE0410 these steps wait for each other: `b` → `a` → `b`
    ");
}

#[test]
fn of_cycles_that_share_steps_a_shortest_is_named() {
    assert_snapshot!(said("a b c", "a>b b>c c>a b>a"), @"AE0410 these steps wait for each other: `a` → `b` → `a`");
}

#[test]
fn a_cycle_that_a_source_reaches_is_live() {
    let planned = graph("source b c", "source>b b>c c>b").planned();
    assert_eq!(planned.expect().mode, Mode::Live);
    assert_snapshot!(said("source a b c d", "source>a a>b b>a c>d d>c"), @"AE0410 these steps wait for each other: `c` → `d` → `c`");
}

#[test]
fn in_batch_mode_no_cycle_runs_and_the_help_says_so() {
    let batch = PlanOptions { mode: Some(Mode::Batch), ..PlanOptions::default() };
    assert_snapshot!(graph("source b c", "source>b b>c c>b").options(batch).planned().said(), @"
    error[AE0410] blueprint.json:7:1: these steps wait for each other: `b:Do` → `c:Do` → `b:Do`
      blueprint.json:7:1 leads to `c:Do`
      blueprint.json:10:1 leads to `b:Do`
      help: batch mode is asked for, and only live mode runs a cycle: remove one of these links, or run it live
    ");
    let written = graph("source b c", "source>b b>c c>b").execution(r#""mode": "batch""#);
    assert_snapshot!(written.planned().said().lines().next().unwrap(), @"error[AE0410] blueprint.json:7:1: these steps wait for each other: `b:Do` → `c:Do` → `b:Do`");
}

#[test]
fn a_cycle_that_nothing_starts_is_no_live_one_either() {
    assert_snapshot!(graph("source a b c", "source>a b>c c>b").live().planned().said(), @"
    error[AE0410] blueprint.json:9:1: these steps wait for each other: `b:Do` → `c:Do` → `b:Do`
      blueprint.json:9:1 leads to `c:Do`
      blueprint.json:12:1 leads to `b:Do`
      help: nothing starts them: remove one of these links, or lead to them from a source, an operation whose request has no fields and that no link leads to
    ");
}

#[test]
fn a_link_without_messages_starts_no_cycle() {
    let planned = Setup::new()
        .node("source", "service S { rpc Do(M) returns (M); } message M {}")
        .node("b", "service S { rpc Do(M) returns (M); } message M { int32 x = 1; }")
        .link("source:Do", "b:Do")
        .link("b:Do", "b:Do")
        .planned();
    assert_snapshot!(planned.said(), @"
    error[AE0410] blueprint.json:7:1: these steps wait for each other: `b:Do` → `b:Do`
      blueprint.json:7:1 leads to `b:Do`
      help: remove one of these links, so that none leads back
    ");
}

#[test]
fn a_step_without_inputs_on_the_cycle_is_no_source() {
    assert_snapshot!(said("source b", "source>b b>source"), @"AE0410 these steps wait for each other: `source` → `b` → `source`");
}

#[test]
fn a_long_cycle_is_found() {
    let names: Vec<_> = (0..500).map(|number| format!("n{number}")).collect();
    let links: Vec<_> = (0..500).map(|number| format!("n{number}>n{}", (number + 1) % 500)).collect();
    let planned = graph(&names.join(" "), &links.join(" ")).planned();
    assert_eq!(planned.findings.len(), 1);
    assert_eq!(planned.findings.iter().next().unwrap().labels.len(), 500);
}
