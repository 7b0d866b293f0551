//! When all is there that a step's next call is made of: [`Supplied`].

use super::record::Origin;
use crate::plan::{LinkId, Multiplicity, Plan, StepId};
use crate::run::RunEvent;

/// Sees a run's events, and says from when on a step's next call waits only for a place.
#[derive(Debug)]
pub struct Supplied {
    steps: Vec<Inputs>,
    /// Whom each step gives one message.
    gives_to: Vec<Vec<StepId>>,
    nodes_awaited: usize,
}

/// What a step's next call waits for.
#[derive(Debug)]
struct Inputs {
    /// Links that carry one message, and have not brought it.
    missing: usize,
    /// Whether messages of other links meet them.
    is_fed: bool,
    /// They have.
    has_set: bool,
    /// The step has not been called yet, and may be.
    is_new: bool,
}

impl Supplied {
    /// Of a run of that plan, from its first event on.
    pub fn new(plan: &Plan) -> Self {
        let carries_one = |link: &&LinkId| plan.link(**link).carries == Multiplicity::One;
        let inputs = |step: &crate::plan::Step| {
            let missing = step.inputs.iter().filter(carries_one).count();
            Inputs { missing, is_fed: missing < step.inputs.len(), has_set: false, is_new: true }
        };
        let targets = |step: &crate::plan::Step| {
            step.outputs.iter().filter(carries_one).map(|link| plan.link(*link).to).collect()
        };
        Self {
            steps: plan.steps.iter().map(inputs).collect(),
            gives_to: plan.steps.iter().map(targets).collect(),
            nodes_awaited: plan.nodes.len(),
        }
    }

    /// Sees the next event; gives the steps for whose next call all is there from now on.
    pub fn see(&mut self, event: &RunEvent, origin: Origin) -> Vec<StepId> {
        let candidates = match event {
            RunEvent::Started => self.nodes_answered(0),
            RunEvent::NodeReady { .. } => self.nodes_answered(1),
            RunEvent::Supplied { step } => {
                self.steps[step.index()].has_set = true;
                vec![*step]
            }
            RunEvent::FiringStarted { firing, .. } => {
                let inputs = &mut self.steps[firing.step.index()];
                inputs.is_new = false;
                if origin == Origin::Now {
                    inputs.has_set = false;
                }
                return Vec::new();
            }
            RunEvent::StepFailed { step, .. } | RunEvent::StepSkipped { step, .. } => {
                self.steps[step.index()].is_new = false;
                return Vec::new();
            }
            RunEvent::StepFinished { step } => {
                self.steps[step.index()].is_new = false;
                let targets = std::mem::take(&mut self.gives_to[step.index()]);
                for target in &targets {
                    let inputs = &mut self.steps[target.index()];
                    inputs.missing = inputs.missing.saturating_sub(1);
                }
                targets
            }
            _ => return Vec::new(),
        };
        candidates.into_iter().filter(|step| self.is_supplied(*step)).collect()
    }

    fn nodes_answered(&mut self, more: usize) -> Vec<StepId> {
        self.nodes_awaited = self.nodes_awaited.saturating_sub(more);
        if self.nodes_awaited > 0 { Vec::new() } else { (0..self.steps.len()).map(StepId::new).collect() }
    }

    fn is_supplied(&self, step: StepId) -> bool {
        let Inputs { missing, is_fed, has_set, is_new } = self.steps[step.index()];
        missing == 0 && self.nodes_awaited == 0 && (has_set || (!is_fed && is_new))
    }
}
