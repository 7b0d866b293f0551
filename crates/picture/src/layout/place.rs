//! How high each item stands, and where each layer begins.

use super::layers::Layers;
use super::order::{Item, Joint, Lattice};
use super::{BOW, COLUMN_GAP, Graph, MARGIN, ROW_GAP, Run};

/// Between two wires that pass a layer.
const PASS_GAP: f64 = 8.0;
/// How often each direction is swept.
const SWEEPS: usize = 6;
/// A straight wire counts for more than a box in the middle.
const PASS_WEIGHT: f64 = 4.0;
/// Beside the label that a gap has to hold.
const BESIDE_LABEL: f64 = 56.0;

/// A layer's sides.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub(super) left: f64,
    pub(super) right: f64,
}

/// The top of each item: near what it is joined to, in the order of its layer, without overlaps. The highest is 0.
pub(super) fn tops(lattice: &Lattice) -> Vec<f64> {
    let mut tops = vec![0.0; lattice.items.len()];
    for layer in &lattice.layers {
        let mut next = 0.0;
        for (at, below) in layer.iter().zip(layer.iter().skip(1).map(Some).chain([None])) {
            tops[*at] = next;
            next += lattice.items[*at].height + below.map_or(0.0, |below| gap(lattice, *at, *below));
        }
    }
    let before = |item: &Item, wanted: &mut Vec<Joint>| wanted.extend(&item.before);
    let after = |item: &Item, wanted: &mut Vec<Joint>| wanted.extend(&item.after);
    for _ in 0..SWEEPS {
        lattice.layers.iter().for_each(|layer| settle(lattice, layer, &mut tops, before));
        lattice.layers.iter().rev().for_each(|layer| settle(lattice, layer, &mut tops, after));
    }
    for layer in &lattice.layers {
        settle(lattice, layer, &mut tops, |item, wanted| {
            before(item, wanted);
            after(item, wanted);
        });
    }
    let highest = tops.iter().copied().fold(f64::INFINITY, f64::min);
    tops.iter().map(|top| top - highest).collect()
}

/// Moves the items of a layer as near as may be to where their joints would be level.
fn settle(lattice: &Lattice, layer: &[usize], tops: &mut [f64], joints: impl Fn(&Item, &mut Vec<Joint>)) {
    let mut runs: Vec<Stack> = Vec::with_capacity(layer.len());
    let mut offset = 0.0;
    let mut offsets = Vec::with_capacity(layer.len());
    let mut wanted = Vec::new();
    for (nth, &at) in layer.iter().enumerate() {
        if let Some(&above) = nth.checked_sub(1).and_then(|above| layer.get(above)) {
            offset += lattice.items[above].height + gap(lattice, above, at);
        }
        offsets.push(offset);
        wanted.clear();
        joints(&lattice.items[at], &mut wanted);
        let level: f64 = wanted.iter().map(|joint| tops[joint.to] + joint.other - joint.own).sum();
        let top = if wanted.is_empty() { tops[at] } else { level / wanted.len() as f64 };
        let weight = if lattice.items[at].is_pass { PASS_WEIGHT } else { 1.0 };
        runs.push(Stack { sum: (top - offset) * weight, weight, members: 1 });
        merge(&mut runs);
    }
    let mut members = layer.iter().zip(offsets);
    for run in runs {
        for (at, offset) in members.by_ref().take(run.members) {
            tops[*at] = run.level() + offset;
        }
    }
}

/// Items that stand as close as may be, and the level that suits them best together.
struct Stack {
    sum: f64,
    weight: f64,
    members: usize,
}

impl Stack {
    fn level(&self) -> f64 {
        self.sum / self.weight
    }
}

/// Pools those at the end that would overlap (the pool-adjacent-violators algorithm of isotonic regression).
fn merge(runs: &mut Vec<Stack>) {
    while let [.., above, below] = runs.as_slice() {
        if above.level() <= below.level() {
            return;
        }
        let Some(below) = runs.pop() else { return };
        if let Some(above) = runs.last_mut() {
            above.sum += below.sum;
            above.weight += below.weight;
            above.members += below.members;
        }
    }
}

fn gap(lattice: &Lattice, above: usize, below: usize) -> f64 {
    match (lattice.items[above].is_pass, lattice.items[below].is_pass) {
        (true, true) => PASS_GAP,
        (false, false) => ROW_GAP,
        (true, false) | (false, true) => (ROW_GAP + PASS_GAP) / 2.0,
    }
}

/// Where each layer begins and ends. The gap after a layer holds the labels of the wires that begin there.
pub(super) fn columns(graph: &Graph, layers: &Layers) -> Vec<Column> {
    let mut widths = vec![0.0_f64; layers.count];
    let mut gaps = vec![COLUMN_GAP; layers.count];
    for (size, layer) in graph.boxes.iter().zip(&layers.of) {
        widths[*layer] = widths[*layer].max(size.width);
    }
    for (wire, run) in graph.wires.iter().zip(&layers.runs) {
        let gap = &mut gaps[layers.of[wire.from.at]];
        match run {
            Run::Forward if wire.label.width > 0.0 => *gap = gap.max(wire.label.width + BESIDE_LABEL),
            Run::Within => *gap = gap.max(wire.label.width + BOW + BESIDE_LABEL),
            Run::Forward | Run::Back => {}
        }
    }
    let leads_back = layers.runs.contains(&Run::Back);
    let mut left = if leads_back { MARGIN + COLUMN_GAP / 2.0 } else { MARGIN };
    let mut columns = Vec::with_capacity(layers.count);
    for (width, gap) in widths.into_iter().zip(gaps) {
        columns.push(Column { left, right: left + width });
        left += width + gap;
    }
    columns
}
