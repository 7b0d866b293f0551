//! How much planning and splicing look at, counted and not timed: it grows as what they are given does.

use std::fmt::Write;

use aieffect_testkit::random::plain;
use bytes::Bytes;
use prost_reflect::DynamicMessage;

use super::ways;
use crate::plan::Carry;
use crate::plan::tests::fixture::{Planned, Setup};
use crate::plan::wire::work;

/// A message whose oneof has so many members, with numbers from `first`.
fn choice(members: usize, first: usize) -> String {
    let members = (0..members).map(|nth| format!("int32 m{nth} = {}; ", first + nth));
    format!("message Choice {{ oneof choice {{ {} }} }}", members.collect::<String>())
}

/// What planning a request looks at when its one field is such a message, or when it is one itself.
fn looked_at(members: usize, is_itself: bool) -> u64 {
    let proto = |rpc: &str, first: usize| {
        let choice = choice(members, first);
        let (whole, name) = if is_itself { ("", "Choice") } else { ("message M { Choice c = 1; }", "M") };
        let rpc = rpc.replace('M', name);
        format!("service S {{ rpc {rpc}; }} message None {{}} {whole} {choice}")
    };
    let setup = Setup::new()
        .node("a", &proto("Give(None) returns (M)", 1))
        .node("b", &proto("Take(M) returns (None)", 2))
        .link("a:Give", "b:Take");
    let (planned, count) = work::of(|| setup.planned());
    assert!(matches!(planned.step("b:Take").requests.plans()[0].carry(), Carry::Spliced(_)));
    count
}

#[test]
fn a_oneof_of_many_members_is_looked_at_once() {
    for is_itself in [false, true] {
        let (few, many) = (looked_at(200, is_itself), looked_at(2_000, is_itself));
        assert!(few >= 200 && many <= 12 * few, "{few} for 200 members, {many} for 2000");
    }
}

const DEPTH: usize = 20;

/// Groups within each other, named `a1` and on, with many numbers in the innermost.
fn groups(number: usize) -> String {
    let mut text = String::new();
    for depth in 1..=DEPTH {
        write!(text, "optional group A{depth} = {number} {{ ").unwrap();
    }
    text += "repeated int32 x = 7; ";
    text + &"}".repeat(DEPTH)
}

fn carried(fields: &str, target: &str) -> Planned {
    let proto = |rpc: &str, fields: &str| {
        format!("syntax = \"proto2\"; service S {{ rpc {rpc}; }} message None {{}} message M {{ {fields} }}")
    };
    Setup::new()
        .node("a", &proto("Give(None) returns (M)", &groups(1)))
        .node("b", &proto("Take(M) returns (None)", target))
        .link_with("a:Give", "b:Take", fields)
        .planned()
}

#[test]
fn groups_within_each_other_are_read_once() {
    let numbers = 1_000;
    let mut bytes = vec![0x0b; DEPTH];
    bytes.extend([7 << 3, 5].repeat(numbers));
    bytes.extend([0x0c; DEPTH]);
    let keys = (2 * DEPTH + numbers) as u64;
    let path: Vec<_> = (1..=DEPTH).map(|depth| format!("a{depth}")).collect();
    let path = format!(r#"{{"y": "{}.x"}}"#, path.join("."));
    for (planned, at_most) in [
        (carried("{}", &groups(2)), 1),
        // What is wanted of a message that is also carried whole is read for each.
        (carried(&path, &format!("repeated int32 y = 5; {}", groups(2))), 2),
        (carried(&path, "repeated int32 y = 5;"), 1),
    ] {
        let target = planned.step("b:Take").operation.input.clone();
        let mut filled = Vec::new();
        for (name, way) in ways(&planned, "b:Take") {
            let (request, count) = work::of(|| way.fill(&[Bytes::from(bytes.clone())]).unwrap());
            filled.push(plain(&DynamicMessage::decode(target.clone(), request).unwrap()));
            // Each key, and what is wanted of it.
            assert!(name == "decoded" || count >= keys, "{name}: {count} of {keys} keys");
            assert!(count <= 2 * at_most * keys + 100, "{name}: {count} for {keys} keys");
        }
        assert!(filled.len() == 3 && filled.windows(2).all(|pair| pair[0] == pair[1]));
    }
}

/// What planning looks at when a link's `fields` name every field of a message within the request.
fn looked_at_for_fields(count: usize) -> u64 {
    let fields: String = (1..=count).map(|nth| format!("int32 f{nth} = {nth}; ")).collect();
    let proto = |rpc: &str| {
        format!(
            "service S {{ rpc {rpc}; }} message None {{}} message M {{ P p = 1; }} message P {{ {fields} }}"
        )
    };
    let said: Vec<_> = (1..=count).map(|nth| format!(r#""p.f{nth}": "p.f{}""#, count + 1 - nth)).collect();
    let setup = Setup::new()
        .node("a", &proto("Give(None) returns (M)"))
        .node("b", &proto("Take(M) returns (None)"))
        .link_with("a:Give", "b:Take", &format!("{{{}}}", said.join(", ")));
    let (planned, looked_at) = work::of(|| setup.planned());
    assert_eq!(planned.said(), "");
    looked_at
}

#[test]
fn fields_that_a_link_speaks_of_are_looked_at_once() {
    let (few, many) = (looked_at_for_fields(100), looked_at_for_fields(1_000));
    assert!(few >= 200 && many <= 12 * few, "{few} for 100 fields, {many} for 1000");
}
