//! Large plans: right, and without work that grows faster than they do.

use aieffect_blueprint::Code;

use super::fixture::Setup;
use crate::plan::{Multiplicity, Overflow};

const PROTO: &str = "service S { rpc Do(M) returns (M); } message M { int32 x = 1; P p = 2; string own = 3; } \
                     message P { int32 a = 1; repeated string b = 2; }";

/// Nodes in layers of `width`, each linked from four of the layer before.
fn layers(count: usize, width: usize) -> Setup {
    let mut setup = Setup::new();
    for node in 0..count {
        setup = setup.node(&format!("n{node}"), PROTO);
        for nth in (0..4).filter(|_| node >= width) {
            let before = node / width * width - width + (node + nth) % width;
            setup = setup.link(&format!("n{before}:Do"), &format!("n{node}:Do"));
        }
    }
    setup
}

#[test]
fn thousands_of_steps_are_planned() {
    let planned = layers(2_000, 50).planned();
    let plan = planned.expect();
    assert_eq!((plan.steps.len(), plan.links.len(), plan.nodes.len()), (2_000, 4 * 1_950, 2_000));
    for link in &plan.links {
        assert!(link.from < link.to);
    }
    assert_eq!(planned.step("n1999:Do").inputs.len(), 4);
}

#[test]
fn a_step_joins_thousands_of_links() {
    let mut setup = Setup::new();
    for node in 0..2_000 {
        let extra = if node == 0 { "string first = 4;" } else { "" };
        let proto = PROTO.replace("int32 a", &format!("{extra} int32 a"));
        setup = setup.node(&format!("n{node}"), &proto).link(&format!("n{node}:Do"), "z:Do");
    }
    let into = PROTO.replace("int32 a", "string first = 4; int32 a");
    let planned = setup.node("z", &into).planned();
    assert_eq!(planned.step("z:Do").inputs.len(), 2_000);
}

#[test]
fn thousands_of_cycles_are_named() {
    let setup = (0..1_000).fold(Setup::new(), |setup, node| {
        let (this, next) = (format!("n{node}:Do"), format!("n{}:Do", (node + 1) % 1_000));
        let setup = setup.node(&format!("n{node}"), PROTO).link(&this, &this);
        if node % 2 == 0 { setup.link(&this, &next) } else { setup }
    });
    assert_eq!(setup.planned().findings.len(), 1_000);
}

#[test]
fn thousands_of_unknown_names_in_initial_data_are_reported() {
    let setup = (0..1_000).fold(Setup::new(), |setup, node| {
        let proto = PROTO.replace("own", &format!("own_{node}"));
        setup.node(&format!("n{node}"), &proto)
    });
    let fields = (0..5_000).map(|name| format!("\"onw_{name}\": 1"));
    let steps = (0..5_000).map(|name| format!("\"m{name}:Do\": {{}}"));
    let initial: Vec<_> = fields.chain(steps).collect();
    let planned = setup.initial(&format!("{{{}}}", initial.join(","))).planned();
    let of = |code| planned.findings.iter().filter(move |finding| finding.code == code).count();
    assert_eq!((of(Code::BadInitialData), of(Code::UnknownStep)), (5_000, 5_000));
}

/// Streams in layers: every fourth node gives a stream, every fifth takes one whole.
fn streaming(count: usize, width: usize) -> Setup {
    (0..count).fold(Setup::new(), |setup, node| {
        let proto = match node {
            node if node % 5 == 3 => PROTO.replace("Do(M)", "Do(stream M)"),
            node if node % 4 == 0 => PROTO.replace("returns (M)", "returns (stream M)"),
            _ => PROTO.to_owned(),
        };
        let setup = setup.node(&format!("n{node}"), &proto);
        (0..4).filter(|_| node >= width).fold(setup, |setup, nth| {
            let before = node / width * width - width + (node + nth) % width;
            setup.link(&format!("n{before}:Do"), &format!("n{node}:Do"))
        })
    })
}

#[test]
fn thousands_of_streams_that_meet_are_planned() {
    let planned = streaming(2_000, 50).planned();
    let plan = planned.expect();
    let spooled = plan.links.iter().filter(|link| link.overflow == Overflow::Spool).count();
    let many = plan.links.iter().filter(|link| link.carries == Multiplicity::Many).count();
    assert!(0 < spooled && spooled <= many && many < plan.links.len(), "{spooled} of {many}");
}

#[test]
fn a_long_chain_of_meeting_streams_is_planned() {
    let chain = (0..3_000).map(|node| format!("u{node}")).collect::<Vec<_>>().join(" ");
    let links = (1..3_000).map(|node| match node {
        1 => "s>u1 s>u0".to_owned(),
        node => format!("u{}>u{node} u{}>u{node}", node - 1, node - 2),
    });
    let links: Vec<_> = links.collect();
    let planned = super::streams::graph(&format!("s {chain}"), &links.join(" ")).planned();
    assert!(planned.expect().links.iter().all(|link| link.overflow == Overflow::Wait));
}

#[test]
fn a_live_plan_of_thousands_of_cycles_has_an_order() {
    let source = "service S { rpc Do(None) returns (M); } message None {} message M { int32 x = 1; }";
    let setup = (0..1_000).fold(Setup::new().node("s", source), |setup, node| {
        let (this, next) = (format!("n{node}:Do"), format!("n{}:Do", (node + 1) % 1_000));
        let setup = setup.node(&format!("n{node}"), PROTO).link("s:Do", &this).link(&this, &this);
        if node % 2 == 0 { setup.link(&this, &next).link(&next, &this) } else { setup }
    });
    assert_eq!(setup.planned().expect().steps.len(), 1_001);
}
