//! From what was typed to a run that can begin: [`Beginning`].

use std::path::PathBuf;
use std::sync::Arc;

use aieffect_blueprint::{Mode, SourceText};
use aieffect_orchestrator::plan::{Plan, PlanOptions};

use super::{Given, Kept, Past, Shelf};
use crate::arguments::RunFlags;
use crate::exit::{Exit, Failure};
use crate::load::{self, Loaded};
use crate::log::Log;

/// What a run begins with, before it is planned.
pub(crate) struct Beginning {
    past: Option<Past>,
    pub(crate) initial_data: Option<Arc<SourceText>>,
    pub(crate) plan_options: PlanOptions,
}

impl Beginning {
    /// Finds the run that is to be gone on with, if any; then no other process can begin with it.
    pub(crate) fn of(
        flags: &RunFlags,
        from: Option<&str>,
        shelf: &Shelf,
        loaded: &mut Loaded,
    ) -> Result<Self, Failure> {
        let given = load::initial_text(flags.initial_data.as_deref(), &mut loaded.findings)?;
        let plan_options = flags.plan_options();
        let past = match &loaded.resolved {
            Some(resolved) => Past::find(&flags.keep, from, shelf, resolved.pipeline.name())?,
            None => None,
        };
        let Some(past) = past else { return Ok(Self { past: None, initial_data: given, plan_options }) };
        if plan_options.mode == Some(Mode::Live) {
            let text = format!("run {} is a batch one, and cannot go on live", past.run.id);
            return Err(Failure::text(Exit::WrongUsage, text));
        }
        let initial_data = past.initial_data(given)?;
        let plan_options = PlanOptions { mode: Some(Mode::Batch), ..plan_options };
        Ok(Self { past: Some(past), initial_data, plan_options })
    }

    /// The data folder of the run that is gone on with.
    pub(crate) fn data(&self) -> Option<PathBuf> {
        let past = self.past.as_ref()?;
        (!past.run.data.is_empty()).then(|| PathBuf::from(&past.run.data))
    }

    /// Stores the new run, or recalls the one that goes on.
    pub(crate) fn begin(
        self,
        flags: &RunFlags,
        shelf: &Shelf,
        plan: &Plan,
        loaded: &Loaded,
        log: &Log,
    ) -> Result<Kept, Failure> {
        let Some(source) = &loaded.source else { return Err(load::unexplained()) };
        let given = Given { plan, digest: aieffect_layout::digest(source), initial_data: self.initial_data };
        Kept::begin(self.past, &flags.keep, shelf, &given, log)
    }
}
