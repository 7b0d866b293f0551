//! Which operations become steps, in which order, and what is said of the others.

use insta::assert_snapshot;

use super::fixture::Setup;

/// Nodes of one operation `Do` each, whose request and response are alike.
fn graph(nodes: &str, links: &str) -> Setup {
    let proto = "service S { rpc Do(M) returns (M); } message M { int32 x = 1; }";
    let setup = nodes.split(' ').fold(Setup::new(), |setup, name| setup.node(name, proto));
    let ends = links.split(' ').filter_map(|link| link.split_once('>'));
    ends.fold(setup, |setup, (from, to)| setup.link(&format!("{from}:Do"), &format!("{to}:Do")))
}

fn order(nodes: &str, links: &str) -> String {
    graph(nodes, links).planned().order().replace(":Do", "")
}

#[test]
fn each_step_comes_after_those_it_takes_from() {
    assert_eq!(order("c b a", "a>b b>c"), "a b c");
    assert_eq!(
        order("join left right start", "start>left start>right left>join right>join"),
        "start left right join"
    );
}

#[test]
fn the_document_decides_where_links_do_not() {
    assert_eq!(order("z y x", ""), "z y x");
    assert_eq!(order("z y x w", "w>x"), "w x", "and what is not linked is not called");
    assert_eq!(order("end1 end2 in2 in1", "in1>end1 in2>end2 in1>end2"), "in2 in1 end1 end2");
}

#[test]
fn operations_of_one_node_are_steps_of_their_own() {
    let two = "service S { rpc Last(M) returns (M); rpc First(M) returns (M); rpc Unused(M) returns (M); } message M { int32 x = 1; }";
    let planned = Setup::new()
        .node("a", two)
        .node("b", "service S { rpc Mid(M) returns (M); } message M { int32 x = 1; }")
        .link("a:First", "b:Mid")
        .link("b:Mid", "a:Last")
        .planned();
    assert_snapshot!(planned.shown(), @r#"
    warning[AE0411] blueprint.json:6:44: `a:Unused` is not called
      blueprint.json:6:44 `"Unused"` no link leads to it or from it
      help: link it, or name it in the initial data: {"a:Unused": {}}
    warning[AE0402] a.proto:2:105: nothing fills the field `x` of `a:First`: it keeps its default
      a.proto:2:105 `int32 x = 1;`
      help: give a value under `parameters` of this operation, or a link that carries one
    ---
    1. a:First  unary
       calls   /S/First on a:8061
       request M (always the same)
         x  ← default

    2. b:Mid  unary
       calls   /S/Mid on b:8061
       after   a:First
       request M (bytes handed on as they are)
         x  ← a:First x

    3. a:Last  unary
       calls   /S/Last on a:8061
       after   b:Mid
       request M (bytes handed on as they are)
         x  ← b:Mid x
    "#);
    assert_eq!(planned.expect().nodes.len(), 2);
}

#[test]
fn an_operation_that_the_initial_data_names_is_called() {
    assert_snapshot!(graph("a b c", "a>b").planned().said(), @r#"
    warning[AE0411] blueprint.json:8:44: `c:Do` is not called
      blueprint.json:8:44 `"Do"` no link leads to it or from it
      help: link it, or name it in the initial data: {"c:Do": {}}
    warning[AE0402] a.proto:2:50: nothing fills the field `x` of `a:Do`: it keeps its default
      a.proto:2:50 `int32 x = 1;`
      help: give a value under `parameters` of this operation, or a link that carries one
    "#);
    let named = graph("a b c", "a>b").initial(r#"{"c:Do": {}, "x": 1}"#).planned();
    assert_eq!(named.order(), "a:Do b:Do c:Do");
    assert_snapshot!(named.said(), @"");
}

#[test]
fn without_links_all_are_called() {
    assert_eq!(order("a b c", ""), "a b c");
}

#[test]
fn a_link_written_twice_is_one_input() {
    let planned = graph("a b", "a>b a>b").planned();
    assert_eq!(planned.step("b:Do").inputs.len(), 1);
}

#[test]
fn a_diamond_joins_both_branches() {
    let planned = graph("s l r j", "s>l s>r l>j r>j").planned();
    assert_snapshot!(planned.shown(), @r#"
    warning[AE0402] s.proto:2:50: nothing fills the field `x` of `s:Do`: it keeps its default
      s.proto:2:50 `int32 x = 1;`
      help: give a value under `parameters` of this operation, or a link that carries one
    warning[AE0403] blueprint.json:11:1: `x` of `j:Do` is offered by `l:Do` and by `r:Do`
      blueprint.json:11:1 the later link fills it
      blueprint.json:8:1 this one does not
      help: drop it from all links but one with `"fields": {"x": null}`
    ---
    1. s:Do  unary
       calls   /S/Do on s:8061
       request M (always the same)
         x  ← default

    2. l:Do  unary
       calls   /S/Do on l:8061
       after   s:Do
       request M (bytes handed on as they are)
         x  ← s:Do x

    3. r:Do  unary
       calls   /S/Do on r:8061
       after   s:Do
       request M (bytes handed on as they are)
         x  ← s:Do x

    4. j:Do  unary
       calls   /S/Do on j:8061
       after   l:Do, r:Do
       request M (bytes handed on as they are)
         x  ← r:Do x
    "#);
}
