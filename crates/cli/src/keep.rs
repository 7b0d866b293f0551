//! Keeps runs in a store, and goes on with those that are there.
//!
//! [`Shelf`] is where the runs of a package or use case are kept; [`Past`] a run that the user wants to go on with;
//! [`Kept`] one that is about to begin.

mod beginning;
#[cfg(debug_assertions)]
mod fault;
mod shelf;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::SystemTime;

use aieffect_blueprint::{Known, Mode, SourceText};
use aieffect_orchestrator::engine::{RunId, RunReport};
use aieffect_orchestrator::memo::Memo;
use aieffect_orchestrator::plan::{NodeId, Plan, StepId};
use aieffect_orchestrator::ports::{RunStore, StoreError};
use aieffect_orchestrator::run::Outcome;
use aieffect_orchestrator::store::{Ending, RunClaim, SqliteStore, StoredRun};

pub(crate) use self::beginning::Beginning;
pub(crate) use self::shelf::Shelf;
use crate::arguments::KeepFlags;
use crate::drive;
use crate::exit::{Exit, Failure};
use crate::log::Log;

/// A run that the user wants to go on with.
pub(crate) struct Past {
    store: Arc<SqliteStore>,
    pub(crate) run: StoredRun,
    claim: RunClaim,
    how: How,
}

/// How a run is gone on with.
#[derive(Debug, Clone, PartialEq, Eq)]
enum How {
    /// It is itself brought to its end.
    Resume,
    /// A new one begins with its results, but for those of this step and all behind it.
    From(String),
}

/// A run that is about to begin.
pub(crate) struct Kept {
    pub(crate) id: RunId,
    pub(crate) memo: Option<Arc<Memo>>,
    is_batch: bool,
    /// Held until the run has ended.
    _claim: Option<RunClaim>,
    store: Option<Arc<SqliteStore>>,
}

/// What a run is begun with.
pub(crate) struct Given<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) digest: String,
    pub(crate) initial_data: Option<Arc<SourceText>>,
}

impl Past {
    /// The run that `--resume` or `--from` mean, if one of them is given; no other process can begin with it then.
    pub(crate) fn find(
        flags: &KeepFlags,
        from: Option<&str>,
        shelf: &Shelf,
        pipeline: &str,
    ) -> Result<Option<Self>, Failure> {
        let wanted = flags.resume.as_deref().map(str::trim).filter(|run| !run.is_empty());
        let (wanted, how) = match (wanted, from) {
            (Some(run), _) => (run, How::Resume),
            (None, Some(step)) => ("latest", How::From(step.to_owned())),
            (None, None) if flags.redo.iter().any(|step| !step.is_empty()) => {
                let text = "`--redo` says what a resumed run calls again: add --resume latest";
                return Err(Failure::text(Exit::WrongUsage, text));
            }
            (None, None) => return Ok(None),
        };
        let Some(store) = shelf.existing().map_err(refused)? else {
            let text = format!("no run of {pipeline} is stored in `{}`", shelf.shown());
            return Err(Failure::text(Exit::WrongUsage, text));
        };
        let run = match wanted {
            "latest" => {
                let last = store.runs().map_err(refused)?.into_iter().find(|run| run.pipeline == pipeline);
                last.ok_or_else(|| {
                    let text = format!("no run of {pipeline} is stored in `{}`", store.folder().display());
                    Failure::text(Exit::WrongUsage, text)
                })?
            }
            name => {
                let id = RunId::new(name).map_err(|error| Failure::new(Exit::WrongUsage, error))?;
                let none = || StoreError::NoRun { run: id.clone(), folder: store.folder().to_owned() };
                store.run(&id).map_err(refused)?.ok_or_else(none).map_err(refused)?
            }
        };
        if mode_of(&run) == Mode::Live {
            let text = format!("run {} is a live one: no messages are stored of it to go on with", run.id);
            return Err(Failure::text(Exit::WrongUsage, text));
        }
        let claim = store.claim(&run.id).map_err(refused)?;
        Ok(Some(Self { store: Arc::new(store), run, claim, how }))
    }

    /// The initial data that it was begun with. An error when others are given.
    pub(crate) fn initial_data(
        &self,
        given: Option<Arc<SourceText>>,
    ) -> Result<Option<Arc<SourceText>>, Failure> {
        let parsed = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
        let stored = &self.run.initial_data;
        if given.is_none_or(|given| parsed(given.text()) == parsed(stored)) {
            return Ok((!stored.is_empty()).then(|| SourceText::new("the run's initial data", stored)));
        }
        let text = format!("run {} was begun with other initial data", self.run.id);
        Err(Failure::text(Exit::WrongUsage, text)
            .help("its results hold only for its own: leave --initial-data out, or begin a new run"))
    }

    fn check(&self, digest: &str) -> Result<(), Failure> {
        if self.run.digest == digest {
            return Ok(());
        }
        let text = format!("run {} was made from other documents than these", self.run.id);
        Err(Failure::text(Exit::WrongUsage, text).help(
            "links, settings, addresses or protos have changed since, so that its results may not hold; begin a new run",
        ))
    }

    fn go_on(self, given: &Given<'_>, redo: &[String], log: &Log) -> Result<Kept, Failure> {
        self.check(&given.digest)?;
        let plan = given.plan;
        let Self { store, run, claim, how } = self;
        let redo = match &how {
            How::Resume => steps(plan, redo)?,
            How::From(step) => steps(plan, std::slice::from_ref(step))?,
        };
        let memo = Memo::recall(plan, counted(Arc::clone(&store)), run.id.clone(), &redo).map_err(refused)?;
        ask_first(&run, &how, &memo)?;
        let (id, memo, claim) = match &how {
            How::Resume => (run.id.clone(), memo, claim),
            How::From(_) => {
                let id = drive::run_id()?;
                let claim = store.claim(&id).map_err(refused)?;
                let begun = StoredRun { id: id.clone(), created: SystemTime::now(), ..run.clone() };
                store.create(&StoredRun { ending: Ending::Open, ..begun }).map_err(refused)?;
                let continued = memo.continue_as(plan, id.clone()).map_err(refused)?;
                (id, continued, claim)
            }
        };
        tell(&run, &how, plan, &memo, log);
        Ok(Kept { id, memo: Some(Arc::new(memo)), is_batch: true, _claim: Some(claim), store: Some(store) })
    }
}

impl Kept {
    /// Begins a run, or goes on with `past`.
    pub(crate) fn begin(
        past: Option<Past>,
        flags: &KeepFlags,
        shelf: &Shelf,
        given: &Given<'_>,
        log: &Log,
    ) -> Result<Self, Failure> {
        match past {
            Some(past) => past.go_on(given, &flags.redo, log),
            None => Self::anew(flags, shelf, given, log),
        }
    }

    fn anew(flags: &KeepFlags, shelf: &Shelf, given: &Given<'_>, log: &Log) -> Result<Self, Failure> {
        let id = drive::run_id()?;
        let is_batch = given.plan.mode == Mode::Batch;
        let forgotten = Self { id: id.clone(), memo: None, is_batch, _claim: None, store: None };
        if flags.no_store {
            return Ok(forgotten);
        }
        match begun(&id, flags, shelf, given) {
            Ok((store, claim, memo)) => {
                Ok(Self { id, memo: Some(Arc::new(memo)), is_batch, _claim: Some(claim), store: Some(store) })
            }
            Err(error @ StoreError::Newer { .. }) => Err(refused(error)),
            Err(error) => {
                log.warning(&format!("the run is not stored, and cannot be resumed: {error}"));
                Ok(forgotten)
            }
        }
    }

    /// Says which folder its services exchange files in.
    pub(crate) fn is_at(&self, data: &std::path::Path, log: &Log) {
        let Some(store) = &self.store else { return };
        if let Err(error) = store.moved_data(&self.id, &data.display().to_string()) {
            log.warning(&error.to_string());
        }
    }
}

impl Kept {
    /// Whether nothing of a step is left to call.
    pub(crate) fn is_settled(&self, node: NodeId) -> bool {
        self.memo.as_ref().is_some_and(|memo| memo.is_node_settled(node))
    }

    /// Where its report goes: beside what is stored of it.
    pub(crate) fn report(&self) -> Option<std::path::PathBuf> {
        self.store.as_ref().map(|store| store.report(&self.id))
    }

    /// Names the run to whoever may want to go on with it.
    pub(crate) fn tell_how_to_go_on(&self, report: &RunReport, log: &Log) {
        let is_batch = self.memo.is_some() && self.is_batch;
        if is_batch && report.outcome != Outcome::Succeeded {
            log.info(&format!("to go on from here: --resume {}", self.id));
        }
    }
}

fn begun(
    id: &RunId,
    flags: &KeepFlags,
    shelf: &Shelf,
    given: &Given<'_>,
) -> Result<(Arc<SqliteStore>, RunClaim, Memo), StoreError> {
    let store = Arc::new(shelf.open(flags.durability())?);
    let claim = store.claim(id)?;
    store.create(&StoredRun {
        id: id.clone(),
        created: SystemTime::now(),
        pipeline: given.plan.name.clone(),
        digest: given.digest.clone(),
        initial_data: given.initial_data.as_ref().map_or("", |source| source.text()).to_owned(),
        mode: given.plan.mode.as_str().to_owned(),
        data: String::new(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        steps: given.plan.steps.iter().map(|step| step.name.to_string()).collect(),
        labels: BTreeMap::new(),
        ending: Ending::Open,
    })?;
    let memo = Memo::fresh(counted(Arc::clone(&store)), id.clone())?;
    Ok((store, claim, memo))
}

/// How a stored run went on.
pub(crate) fn mode_of(run: &StoredRun) -> Mode {
    if run.mode == Mode::Live.as_str() { Mode::Live } else { Mode::Batch }
}

/// In debug builds tests may have the process killed at an append.
fn counted(store: Arc<SqliteStore>) -> Arc<dyn RunStore> {
    #[cfg(debug_assertions)]
    return fault::wrapped(store);
    #[cfg(not(debug_assertions))]
    store
}

/// The steps of these names.
fn steps(plan: &Plan, names: &[String]) -> Result<BTreeSet<StepId>, Failure> {
    let given = names.iter().map(|name| name.trim()).filter(|name| !name.is_empty());
    given
        .map(|name| {
            let found = plan.steps().find(|(_, step)| step.name.to_string() == *name);
            found.map(|(id, _)| id).ok_or_else(|| no_step(plan, name))
        })
        .collect()
}

fn no_step(plan: &Plan, name: &str) -> Failure {
    let names: Vec<String> = plan.steps.iter().map(|step| step.name.to_string()).collect();
    let known = Known::new(names.iter().map(String::as_str));
    let failure = Failure::text(Exit::WrongUsage, format!("the pipeline has no step `{name}`"));
    match known.nearest(name) {
        Some(near) => failure.help(format!("did you mean `{near}`?")),
        None => failure.help(format!("its steps: {}", names.join(", "))),
    }
}

/// A step that must not be called twice is not called again by itself.
fn ask_first(run: &StoredRun, how: &How, memo: &Memo) -> Result<(), Failure> {
    let [first, ..] = memo.undecided() else { return Ok(()) };
    let names: Vec<String> = memo.undecided().iter().map(ToString::to_string).collect();
    let text = format!(
        "run {} ended while {} was being called, which `idempotent: false` says must not happen twice",
        run.id,
        names.join(", ")
    );
    let way = match how {
        How::Resume => "add --redo",
        How::From(_) => "begin there with --from",
    };
    let help = format!("look whether it did its work; to call it again, {way} {first}");
    Err(Failure::text(Exit::WrongUsage, text).help(help))
}

fn tell(run: &StoredRun, how: &How, plan: &Plan, memo: &Memo, log: &Log) {
    let finished = plan.steps().filter(|(step, _)| memo.is_settled(*step)).count();
    let of = plan.steps.len();
    match how {
        How::Resume if run.ending == Ending::Ended(Outcome::Succeeded) && finished == of => {
            log.info(&format!("run {} has succeeded already; these are its results", run.id));
        }
        How::Resume => log.info(&format!("resuming run {}: {finished} of {of} steps have finished", run.id)),
        How::From(step) => {
            log.info(&format!("beginning at {step}: {finished} of {of} steps are those of run {}", run.id));
        }
    }
    for step in memo.interrupted() {
        log.warning(&format!("{step} was being called when the run ended, and is called again"));
    }
}

/// A store that cannot be used for what was asked.
pub(crate) fn refused(error: StoreError) -> Failure {
    let exit = match &error {
        StoreError::NotWritten { .. } | StoreError::NotRead { .. } | StoreError::Conflict { .. } => {
            Exit::Internal
        }
        StoreError::Newer { .. }
        | StoreError::Busy { .. }
        | StoreError::Occupied { .. }
        | StoreError::CutShort { .. }
        | StoreError::NoRun { .. } => Exit::WrongUsage,
    };
    Failure::new(exit, error)
}
