//! Several links, their `fields`, and values given by hand: every way gives what decoding gives.

use aieffect_testkit::random::{Choices, Plain, Transfer, message, plain, wire};
use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::{any, proptest};
use prost_reflect::prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor};

use super::{cases, ways};
use crate::plan::tests::fixture::{Planned, Setup};
use crate::plan::{Carry, RequestPlan};

/// The plan of a transfer, or of the first simpler one that has a plan.
fn planned(transfer: Transfer) -> Option<Planned> {
    let mut setup = Setup::new().initial(&transfer.initial().to_string());
    for (name, proto) in transfer.nodes() {
        setup = setup.node(&name, &proto);
    }
    for nth in 0..transfer.links() {
        setup = setup.link(&format!("g{nth}:Give"), "t:Take");
    }
    let execution = transfer.execution();
    setup = ["operations", "links"]
        .into_iter()
        .fold(setup, |setup, key| setup.execution(&format!("\"{key}\": {}", execution[key])));
    let planned = setup.planned();
    match planned.plan {
        Some(_) => Some(planned),
        None => self::planned(transfer.simpler()?),
    }
}

/// Checks every way against the last, which decodes. Where that fails, what only moves bytes need not notice.
fn check(target: &MessageDescriptor, ways: &[(&str, RequestPlan)], inputs: &[Bytes]) {
    let (_, decoded) = ways.last().unwrap();
    let Ok(expected) = decoded.fill(inputs) else { return };
    let expected = read(target, expected);
    for (name, way) in ways {
        let filled = way.fill(inputs).unwrap_or_else(|error| panic!("{name}: {error}: {inputs:?}"));
        assert_eq!(read(target, filled), expected, "{name}: {inputs:?}");
    }
}

fn read(target: &MessageDescriptor, bytes: Bytes) -> Plain {
    plain(&DynamicMessage::decode(target.clone(), bytes).unwrap())
}

/// A message for each link: by its type, or in whatever form a writer may choose.
fn inputs(sources: &[MessageDescriptor], choices: &mut Choices<'_>) -> Vec<Bytes> {
    let input = |source: &MessageDescriptor| match choices.one_in(4) {
        true => message(source, choices).encode_to_vec().into(),
        false => wire(source, choices).into(),
    };
    sources.iter().map(input).collect()
}

fn check_transfer(pipeline: &[u8], messages: &[Vec<u8>]) -> Option<&'static str> {
    let planned = planned(Transfer::any(&mut Choices::new(pipeline)))?;
    let (sources, ways) = (planned.sources("t:Take"), ways(&planned, "t:Take"));
    let target = planned.step("t:Take").operation.input.clone();
    for bytes in messages {
        let inputs = inputs(&sources, &mut Choices::new(bytes));
        check(&target, &ways, &inputs);
    }
    Some(match planned.step("t:Take").requests.plans()[0].carry() {
        Carry::Constant(_) => "constant",
        Carry::AsIs(_) => "as is",
        Carry::Spliced(_) => "spliced",
        Carry::Decoded(_) => "decoded",
        Carry::References(_) | Carry::Inlined(_) => "for services over HTTP",
    })
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn a_request_of_several_links_is_the_same_in_every_way(
        pipeline in vec(any::<u8>(), 0..600),
        messages in vec(vec(any::<u8>(), 0..300), 12),
    ) {
        check_transfer(&pipeline, &messages);
    }
}

/// Bytes that look random and are the same in each run.
fn noise(seed: u64, count: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..count).map(|_| next()).collect()
}

#[test]
fn random_transfers_are_planned_in_all_ways() {
    let carried: Vec<_> = (0..120).filter_map(|seed| check_transfer(&noise(seed, 600), &[])).collect();
    let count = |carry: &str| carried.iter().filter(|way| **way == carry).count();
    assert!(carried.len() > 90, "only {} of 120 have a plan", carried.len());
    for carry in ["spliced", "decoded"] {
        assert!(count(carry) >= 10, "{} are {carry}", count(carry));
    }
}
