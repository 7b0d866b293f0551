//! Operations and the links between them, by position: what order, cycles and live mode are decided on.

use aieffect_blueprint::{Link, Operation, OperationId, Pipeline, StepName, TransportKind};
use aieffect_contract::{BoundOperation, CallShape, ProtoSet};

/// The operations of a pipeline that a run is about.
pub(super) struct Graph<'a> {
    pub(super) pipeline: &'a Pipeline,
    pub(super) protos: &'a ProtoSet,
    /// In the document's order.
    pub(super) operations: Vec<OperationId>,
    /// In the document's order.
    pub(super) arrows: Vec<Arrow>,
}

/// A link between two of the operations.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrow {
    pub(super) from: usize,
    pub(super) to: usize,
    /// Position among the pipeline's links.
    pub(super) link: usize,
}

impl<'a> Graph<'a> {
    /// These operations, and every link with both its ends among them.
    pub(super) fn new(pipeline: &'a Pipeline, protos: &'a ProtoSet, operations: Vec<OperationId>) -> Self {
        let positions: std::collections::HashMap<_, _> =
            operations.iter().enumerate().map(|(position, id)| (*id, position)).collect();
        let arrow = |(link, each): (usize, &Link)| {
            Some(Arrow { from: *positions.get(&each.from)?, to: *positions.get(&each.to)?, link })
        };
        let arrows = pipeline.links().iter().enumerate().filter_map(arrow).collect();
        Self { pipeline, protos, operations, arrows }
    }

    pub(super) fn len(&self) -> usize {
        self.operations.len()
    }

    pub(super) fn name(&self, position: usize) -> StepName {
        self.pipeline.step_name(self.operations[position])
    }

    pub(super) fn operation(&self, position: usize) -> &'a Operation {
        self.pipeline.operation(self.operations[position])
    }

    /// What its proto says; there is a finding when it says nothing.
    pub(super) fn bound(&self, position: usize) -> Option<&'a BoundOperation> {
        self.protos.operation(self.operations[position])
    }

    pub(super) fn link(&self, arrow: &Arrow) -> &'a Link {
        &self.pipeline.links()[arrow.link]
    }

    /// From where to where each arrow leads.
    pub(super) fn ends(&self) -> Vec<(usize, usize)> {
        self.arrows.iter().map(|arrow| (arrow.from, arrow.to)).collect()
    }

    /// Whether a link leads to each operation.
    pub(super) fn is_led_to(&self) -> Vec<bool> {
        let mut led_to = vec![false; self.len()];
        self.arrows.iter().for_each(|arrow| led_to[arrow.to] = true);
        led_to
    }

    /// Whether messages without fields are all that the operation takes.
    pub(super) fn takes_nothing(&self, position: usize) -> bool {
        self.bound(position).is_some_and(|bound| bound.input.fields().len() == 0)
    }

    /// Whether its service is controlled over HTTP.
    pub(super) fn is_controlled(&self, position: usize) -> bool {
        self.bound(position).is_some_and(|bound| bound.transport == TransportKind::HttpControl)
    }

    pub(super) fn takes_stream(&self, position: usize) -> bool {
        self.bound(position)
            .is_some_and(|bound| matches!(bound.shape, CallShape::ClientStream | CallShape::Bidirectional))
    }

    /// Whether messages of this link are inputs in live mode: those without fields are none.
    pub(super) fn is_input_when_live(&self, arrow: &Arrow) -> bool {
        self.bound(arrow.from).is_none_or(|bound| bound.output.fields().len() > 0)
    }

    /// What live mode comes to call: sources, which are operations whose input has no fields and no incoming
    /// link, and what their messages lead to.
    pub(super) fn reached_when_live(&self) -> Vec<bool> {
        let mut leads = vec![Vec::new(); self.len()];
        for arrow in self.arrows.iter().filter(|arrow| self.is_input_when_live(arrow)) {
            leads[arrow.from].push(arrow.to);
        }
        let led_to = self.is_led_to();
        let is_source = |position: &usize| !led_to[*position] && self.takes_nothing(*position);
        let mut open: Vec<_> = (0..self.len()).filter(is_source).collect();
        let mut reached = vec![false; self.len()];
        open.iter().for_each(|source| reached[*source] = true);
        while let Some(position) = open.pop() {
            for next in &leads[position] {
                if !std::mem::replace(&mut reached[*next], true) {
                    open.push(*next);
                }
            }
        }
        reached
    }
}
