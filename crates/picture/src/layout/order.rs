//! The order of boxes in their layers, so that few wires cross.

use super::layers::Layers;
use super::{Graph, Run};

/// How many places wires may take in the layers that they pass; longer wires then go straight behind the boxes.
const MAX_PASSES: usize = 20_000;
/// How often each direction is swept.
const SWEEPS: usize = 6;
/// Height of a wire that passes a layer.
const PASS_HEIGHT: f64 = 6.0;

/// Boxes and passing wires in layers, each joined to the layers beside it.
#[derive(Debug)]
pub(super) struct Lattice {
    /// First the boxes, then the passes.
    pub(super) items: Vec<Item>,
    /// The items of each layer, from the top.
    pub(super) layers: Vec<Vec<usize>>,
    /// The passes of each wire, from left to right; `None` for one that is not joined up.
    pub(super) passes: Vec<Option<Vec<usize>>>,
}

/// A box, or the place where a wire passes a layer.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) height: f64,
    pub(super) is_pass: bool,
    /// What it is joined to in the layer before.
    pub(super) before: Vec<Joint>,
    /// What it is joined to in the layer after.
    pub(super) after: Vec<Joint>,
}

/// A joint between two items.
#[derive(Debug, Clone, Copy)]
pub(super) struct Joint {
    /// The other item.
    pub(super) to: usize,
    /// How far below this item's top.
    pub(super) own: f64,
    /// How far below the other's.
    pub(super) other: f64,
}

impl Lattice {
    pub(super) fn of(graph: &Graph, layers: &Layers) -> Self {
        let boxed = |size: &super::Size| Item {
            height: size.height,
            is_pass: false,
            before: Vec::new(),
            after: Vec::new(),
        };
        let mut lattice = Self {
            items: graph.boxes.iter().map(boxed).collect(),
            layers: vec![Vec::new(); layers.count],
            passes: vec![None; graph.wires.len()],
        };
        for (at, layer) in layers.of.iter().enumerate() {
            lattice.layers[*layer].push(at);
        }
        lattice.join_up(graph, layers);
        lattice.sort();
        lattice
    }

    fn join_up(&mut self, graph: &Graph, layers: &Layers) {
        let span = |wire: &usize| {
            let wire = &graph.wires[*wire];
            layers.of[wire.to.at] - layers.of[wire.from.at]
        };
        let forward = (0..graph.wires.len()).filter(|wire| layers.runs[*wire] == Run::Forward);
        let mut forward: Vec<usize> = forward.collect();
        // Short ones first: they are most, and cost least.
        forward.sort_by_key(span);
        for index in forward {
            let wire = &graph.wires[index];
            let (first, last) = (layers.of[wire.from.at], layers.of[wire.to.at]);
            if self.items.len() - graph.boxes.len() + (last - first - 1) > MAX_PASSES {
                return;
            }
            let mut passes = Vec::new();
            let (mut from, mut down) = (wire.from.at, wire.from.down);
            for layer in first + 1..last {
                let pass = self.items.len();
                let (before, after) = (Vec::new(), Vec::new());
                self.items.push(Item { height: PASS_HEIGHT, is_pass: true, before, after });
                self.layers[layer].push(pass);
                self.join(from, down, pass, PASS_HEIGHT / 2.0);
                (from, down) = (pass, PASS_HEIGHT / 2.0);
                passes.push(pass);
            }
            self.join(from, down, wire.to.at, wire.to.down);
            self.passes[index] = Some(passes);
        }
    }

    fn join(&mut self, from: usize, down: f64, to: usize, arrives: f64) {
        self.items[from].after.push(Joint { to, own: down, other: arrives });
        self.items[to].before.push(Joint { to: from, own: arrives, other: down });
    }

    /// Sorts each layer by the middle of what it is joined to, to and fro, and keeps the best of it.
    fn sort(&mut self) {
        let mut best = (self.crossings(), self.layers.clone());
        for _ in 0..SWEEPS {
            for layer in 1..self.layers.len() {
                self.sort_layer(layer, layer - 1, |item| &item.before);
            }
            self.keep_better(&mut best);
            for layer in (1..self.layers.len()).rev() {
                self.sort_layer(layer - 1, layer, |item| &item.after);
            }
            self.keep_better(&mut best);
            if best.0 == 0 {
                break;
            }
        }
        self.layers = best.1;
    }

    fn keep_better(&self, best: &mut (usize, Vec<Vec<usize>>)) {
        let crossings = self.crossings();
        if crossings < best.0 {
            *best = (crossings, self.layers.clone());
        }
    }

    fn sort_layer(&mut self, layer: usize, beside: usize, joints: impl Fn(&Item) -> &Vec<Joint>) {
        let ranks = self.ranks(beside);
        let middle = |(nth, at): (usize, &usize)| {
            let joints = joints(&self.items[*at]);
            let sum: f64 = joints.iter().map(|joint| self.key(&ranks, joint)).sum();
            // What is joined to nothing stays where it is.
            let middle = if joints.is_empty() { nth as f64 } else { sum / joints.len() as f64 };
            (middle, *at)
        };
        let mut sorted: Vec<_> = self.layers[layer].iter().enumerate().map(middle).collect();
        sorted.sort_by(|one, other| one.0.total_cmp(&other.0));
        self.layers[layer] = sorted.into_iter().map(|(_, at)| at).collect();
    }

    /// Where a joint is in the order of its other layer.
    fn key(&self, ranks: &[usize], joint: &Joint) -> f64 {
        ranks[joint.to] as f64 + joint.other / (self.items[joint.to].height + 1.0)
    }

    /// The place of each item of a layer in it.
    fn ranks(&self, layer: usize) -> Vec<usize> {
        let mut ranks = vec![0; self.items.len()];
        self.layers[layer].iter().enumerate().for_each(|(nth, at)| ranks[*at] = nth);
        ranks
    }

    fn crossings(&self) -> usize {
        let mut ranks = vec![0; self.items.len()];
        for layer in &self.layers {
            layer.iter().enumerate().for_each(|(nth, at)| ranks[*at] = nth);
        }
        self.layers.iter().map(|layer| self.crossings_after(layer, &ranks)).sum()
    }

    /// How many pairs of joints between a layer and the next cross: pairs in the wrong order.
    fn crossings_after(&self, layer: &[usize], ranks: &[usize]) -> usize {
        let mut ends = Vec::new();
        for at in layer {
            let mut joints: Vec<(f64, f64)> =
                self.items[*at].after.iter().map(|joint| (joint.own, self.key(ranks, joint))).collect();
            joints.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.total_cmp(&other.1)));
            ends.extend(joints.into_iter().map(|(_, end)| end));
        }
        inversions(&mut ends)
    }
}

/// How many pairs stand in the wrong order; sorts them on the way.
fn inversions(values: &mut [f64]) -> usize {
    if values.len() < 2 {
        return 0;
    }
    let (left, right) = values.split_at_mut(values.len() / 2);
    let mut count = inversions(left) + inversions(right);
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut one, mut other) = (left.iter().peekable(), right.iter().peekable());
    while let (Some(first), Some(second)) = (one.peek(), other.peek()) {
        if first <= second {
            merged.extend(one.next().copied());
        } else {
            count += one.len();
            merged.extend(other.next().copied());
        }
    }
    merged.extend(one.chain(other).copied());
    values.copy_from_slice(&merged);
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crossings_are_pairs_in_the_wrong_order() {
        let check = |mut values: Vec<f64>, expected| assert_eq!(inversions(&mut values), expected);
        check(vec![], 0);
        check(vec![1.0, 1.0, 2.0], 0);
        check(vec![3.0, 2.0, 1.0], 3);
        check(vec![2.0, 1.0, 3.0, 0.0], 4);
    }
}
