//! Batch: what each link carries, what sets each step firing, and where queues need a file.

use insta::assert_snapshot;

use super::fixture::Setup;
use crate::plan::{Feed, Multiplicity, Overflow};

/// Nodes of one operation `Do` each; its letter says the shape: `u…` unary, `c…` client stream, `s…` server
/// stream, `b…` bidirectional.
pub(super) fn graph(nodes: &str, links: &str) -> Setup {
    let node = |setup: Setup, name: &str| {
        let (input, output) = match &name[..1] {
            "u" => ("M", "M"),
            "c" => ("stream M", "M"),
            "s" => ("M", "stream M"),
            "b" => ("stream M", "stream M"),
            other => panic!("no shape `{other}`"),
        };
        let proto =
            format!("service S {{ rpc Do({input}) returns ({output}); }} message M {{ int32 x = 1; }}");
        setup.node(name, &proto)
    };
    let setup = nodes.split(' ').fold(Setup::new(), node);
    let ends = links.split(' ').filter_map(|link| link.split_once('>'));
    ends.fold(setup, |setup, (from, to)| setup.link(&format!("{from}:Do"), &format!("{to}:Do")))
}

/// Each step with what it is fed with, and each link that carries many, with what is spooled.
fn flow(nodes: &str, links: &str) -> String {
    let planned = graph(nodes, links).planned();
    let plan = planned.expect();
    let mut lines = Vec::new();
    for step in &plan.steps {
        let feed = match step.feed {
            Feed::Once => "once",
            Feed::EachMessage => "each",
            Feed::OpenStream => "open",
            Feed::Source => "source",
        };
        let gives = match step.gives {
            Multiplicity::One => "one",
            Multiplicity::Many => "many",
        };
        let inputs = step.inputs.iter().map(|link| {
            let link = plan.link(*link);
            assert_eq!(link.carries, plan.step(link.from).gives);
            let mark = match link.overflow {
                Overflow::Wait => "",
                Overflow::KeepLatest => "~",
                Overflow::Spool => "!",
            };
            format!(" {}{mark}", plan.step(link.from).name.node)
        });
        lines.push(format!("{}: {feed} → {gives} ←{}", step.name.node, inputs.collect::<String>()));
    }
    lines.join("\n")
}

/// The links that spool, as `from>to`.
fn spooled(nodes: &str, links: &str) -> String {
    let planned = graph(nodes, links).planned();
    let plan = planned.expect();
    let spooled = plan.links.iter().filter(|link| link.overflow == Overflow::Spool);
    let named =
        spooled.map(|link| format!("{}>{}", plan.step(link.from).name.node, plan.step(link.to).name.node));
    named.collect::<Vec<_>>().join(" ")
}

#[test]
fn without_streams_every_link_carries_one() {
    assert_snapshot!(flow("u1 u2 c3", "u1>u2 u2>c3"), @"
    u1: once → one ←
    u2: once → one ← u1
    c3: once → one ← u2
    ");
}

#[test]
fn what_fires_for_each_message_gives_many() {
    assert_snapshot!(flow("s1 u2 u3 c4 u5", "s1>u2 u2>u3 u3>c4 c4>u5"), @"
    s1: once → many ←
    u2: each → many ← s1
    u3: each → many ← u2
    c4: open → one ← u3
    u5: once → one ← c4
    ");
}

#[test]
fn each_shape_takes_many_and_gives_what_it_is() {
    assert_snapshot!(flow("s0 u1 c2 s3 b4", "s0>u1 s0>c2 s0>s3 s0>b4"), @"
    s0: once → many ←
    u1: each → many ← s0
    c2: open → one ← s0
    s3: each → many ← s0
    b4: open → many ← s0
    ");
}

#[test]
fn a_stream_of_one_message_is_a_stream() {
    assert_snapshot!(flow("u0 b1 c2", "u0>b1 u0>c2"), @"
    u0: once → one ←
    b1: once → many ← u0
    c2: once → one ← u0
    ");
}

#[test]
fn one_many_link_among_others_makes_a_step_fire_for_each_message() {
    assert_snapshot!(flow("u1 s2 u3 c4", "u1>u3 s2>u3 u1>c4 s2>c4"), @"
    u1: once → one ←
    s2: once → many ←
    u3: each → many ← u1 s2
    c4: open → one ← u1 s2
    ");
}

#[test]
fn a_stream_spools_beside_what_is_made_of_all_of_it() {
    assert_eq!(spooled("s c u", "s>c s>u c>u"), "s>u");
    assert_eq!(spooled("s c u1 u2", "s>c s>u1 c>u2 u1>u2"), "u1>u2");
    assert_eq!(spooled("s b u", "s>b s>u b>u"), "s>u b>u", "how a stream answers a stream is not known");
    assert_eq!(spooled("s1 s2 u", "s1>s2 s1>u s2>u"), "s1>u s2>u");
}

#[test]
fn branches_that_stay_beside_each_other_spool_nothing() {
    assert_eq!(spooled("s u1 u2 u3", "s>u1 s>u2 u1>u3 u2>u3"), "");
    assert_eq!(spooled("s u1 u2 c", "s>u1 u1>u2 s>c u2>c"), "");
    assert_eq!(
        spooled("u0 s u1 u2", "u0>s s>u1 u0>u1 s>u2 u1>u2 u0>u2"),
        "",
        "what came before waits for none"
    );
    assert_eq!(spooled("s c u1 u2", "s>c c>u1 s>u1 u1>u2 s>u2"), "s>u1 s>u2 u1>u2");
}

#[test]
fn streams_of_their_own_spool_nothing_where_they_meet() {
    assert_eq!(spooled("s1 s2 u", "s1>u s2>u"), "");
    assert_eq!(spooled("u0 s1 s2 u", "u0>s1 u0>s2 s1>u s2>u"), "", "one start that gave once blocks nobody");
}

#[test]
fn two_streams_that_cross_before_they_are_used_up_spool() {
    // Neither meets itself again: `u1` waits for the end of `s2`, `u2` for the end of `s1`.
    assert_eq!(spooled("s1 s2 c1 c2 u1 u2", "s1>u1 s2>c2 c2>u1 s2>u2 s1>c1 c1>u2"), "s1>u1 s2>u2");
}

#[test]
fn what_hangs_on_a_ring_does_not_spool() {
    assert_eq!(spooled("s c u s9 u9", "s>c s>u c>u u>u9 s9>u9"), "s>u");
}

#[test]
fn the_plan_says_what_is_carried() {
    let planned = graph("s c u", "s>c s>u c>u").operation("s:Do", r#"{"parameters": {"x": 1}}"#).planned();
    assert_snapshot!(planned.shown(), @r#"
    warning[AE0403] blueprint.json:8:1: `x` of `u:Do` is offered by `s:Do` and by `c:Do`
      blueprint.json:8:1 the later link fills it
      blueprint.json:5:1 this one does not
      help: drop it from all links but one with `"fields": {"x": null}`
    ---
    1. s:Do  server stream
       calls   /S/Do on s:8061
       request M (always the same)
         x  ← parameter

    2. c:Do  client stream
       calls   /S/Do on c:8061
       fires   once, fed with the messages
       after   s:Do (many)
       request M (bytes handed on as they are)
         x  ← s:Do x

    3. u:Do  unary
       calls   /S/Do on u:8061
       fires   for each message
       after   s:Do (many, spooled), c:Do
       request M (bytes handed on as they are)
         x  ← c:Do x
    "#);
}

#[test]
fn what_only_live_mode_acts_on_is_reported() {
    let planned = graph("s u", "s>u")
        .operation("s:Do", r#"{"parameters": {"x": 1}, "restart": true}"#)
        .execution(r#""links": [{"from": "s:Do", "to": "u:Do", "keep_latest": true}]"#)
        .planned();
    assert_snapshot!(planned.said(), @r#"
    warning[AE0417] blueprint.json:4:1: `keep_latest` of the link from `s:Do` to `u:Do` does nothing in batch mode: every message counts there
      blueprint.json:4:1
      help: remove it, or run the pipeline in live mode
    warning[AE0417] blueprint.json:3:44: `restart` of `s:Do` does nothing: it opens the stream of a live source again
      blueprint.json:3:44 `"Do"`
      help: the pipeline runs in batch mode; remove it
    "#);
    assert_eq!(planned.expect().links[0].overflow, Overflow::Wait);
}
