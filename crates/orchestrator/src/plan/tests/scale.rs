//! Large plans: right, and without work that grows faster than they do.

use aieffect_blueprint::Code;

use super::fixture::Setup;

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
