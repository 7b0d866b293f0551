//! What large plans cost: rows for docs/benchmarks.md. `scale plan STEPS` plans layers of steps, each linked from four
//! of the layer before, in a process of its own, so that its memory can be told. `scale run STEPS` runs such a plan,
//! stores it, and resumes it.
#![allow(clippy::print_stdout, reason = "the figures are what it is for")]

#[path = "shared/pipeline.rs"]
mod pipeline;
#[path = "shared/serving.rs"]
mod serving;

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use aieffect_blueprint::{Address, Package};
use aieffect_orchestrator::engine::{Keep, Orchestrator, RunId, RunOptions, RunReport};
use aieffect_orchestrator::memo::Memo;
use aieffect_orchestrator::plan::{Plan, PlannedNode};
use aieffect_orchestrator::ports::{Endpoints, NotReady, RunStore};
use aieffect_orchestrator::run::Outcome as Ended;
use aieffect_orchestrator::store::{Durability, Ending, SqliteStore, StoredRun};
use aieffect_orchestrator::transport::grpc::GrpcTransport;
use aieffect_testkit::{Bound, Protos, Reply};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use self::pipeline::{Node, Outcome, compiled, planned};
use self::serving::Serving;

const PROTO: &str = r#"
syntax = "proto3";
package s;
service S { rpc Do(Work) returns (Work); }
message Work { string text = 1; repeated double values = 2; Place place = 3; }
message Place { string region = 1; int32 number = 2; }
"#;
const WIDTH: usize = 50;
const LINKS: usize = 4;
const REPEATS: usize = 5;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [what] if what == "serve" => serving::serve(services()),
        [what, steps] if what == "plan" => plan_cost(steps.parse()?),
        [what, steps] if what == "run" => run_cost(steps.parse()?),
        _ => Err("say `plan` or `run`, and how many steps".into()),
    }
}

fn plan_cost(steps: usize) -> Outcome<()> {
    let package = package(steps, 1)?;
    let before = memory()?;
    let begun = Instant::now();
    let (pipeline, protos) = compiled(&package)?;
    let compiled = begun.elapsed();
    let begun = Instant::now();
    let made = planned(&pipeline, &protos, None)?;
    let first = begun.elapsed();
    let after = memory()?;
    let mut times = Vec::new();
    for _ in 0..REPEATS {
        let begun = Instant::now();
        planned(&pipeline, &protos, None)?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    let millis = |time: Duration| time.as_secs_f64() * 1000.0;
    println!(
        "| a plan of {steps} steps, {} links | {:.1} ms, {:.1} µs and {:.1} KiB a step (the first {:.1} ms; resolved and \
         protos compiled before in {:.1} ms) |",
        made.links.len(),
        millis(times[REPEATS / 2]),
        millis(times[REPEATS / 2]) * 1000.0 / steps as f64,
        after.saturating_sub(before) as f64 / steps as f64,
        millis(first),
        millis(compiled),
    );
    Ok(())
}

fn run_cost(steps: usize) -> Outcome<()> {
    let service = Serving::start()?;
    let package = package(steps, service.port)?;
    let (pipeline, protos) = compiled(&package)?;
    let made = Arc::new(planned(&pipeline, &protos, None)?);
    let folder = tempfile::tempdir()?;
    let (mut bare, mut stored, mut resumed, mut halved) = (vec![], vec![], vec![], vec![]);
    for repeat in 0..REPEATS {
        let store: Arc<dyn RunStore> =
            Arc::new(SqliteStore::open(&folder.path().join(repeat.to_string()), Durability::Process)?);
        let id = RunId::new(&format!("run-{repeat}"))?;
        let begun = Instant::now();
        ran(&made, &id, None)?;
        bare.push(begun.elapsed());
        let begun = Instant::now();
        store.create(&described(&id, &made))?;
        ran(&made, &id, Some(Memo::fresh(Arc::clone(&store), id.clone())?))?;
        stored.push(begun.elapsed());
        let begun = Instant::now();
        ran(&made, &id, Some(Memo::recall(&made, Arc::clone(&store), id.clone(), &[].into())?))?;
        resumed.push(begun.elapsed());
        let redone = made.steps().map(|(step, _)| step).skip(steps / 2).collect();
        let begun = Instant::now();
        ran(&made, &id, Some(Memo::recall(&made, Arc::clone(&store), id.clone(), &redone)?))?;
        halved.push(begun.elapsed());
    }
    let [bare, stored, resumed, halved] = [bare, stored, resumed, halved].map(|mut times: Vec<Duration>| {
        times.sort_unstable();
        times[REPEATS / 2].as_secs_f64()
    });
    println!("| {steps} steps run, not stored | {bare:.2} s, {:.0} µs a step |", bare * 1e6 / steps as f64);
    println!(
        "| the same, stored | {stored:.2} s, {:.0} µs a step more |",
        (stored - bare) * 1e6 / steps as f64
    );
    println!("| the same, resumed when all have finished | {resumed:.2} s |");
    println!("| the same, resumed to call the later half again | {halved:.2} s |");
    Ok(())
}

fn ran(plan: &Arc<Plan>, id: &RunId, memo: Option<Memo>) -> Outcome<RunReport> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let orchestrator = Orchestrator::new(Arc::new(GrpcTransport::new()));
        let options =
            RunOptions { keep: Keep::None, memo: memo.map(Arc::new), ..RunOptions::new(id.clone()) };
        let report = orchestrator.submit(Arc::clone(plan), Arc::new(There), options, Vec::new()).wait().await;
        match report.outcome {
            Ended::Succeeded => Ok(report),
            outcome => Err(format!("{outcome:?}: {:?}", report.cause).into()),
        }
    })
}

fn described(id: &RunId, plan: &Plan) -> StoredRun {
    StoredRun {
        id: id.clone(),
        created: SystemTime::now(),
        pipeline: plan.name.clone(),
        digest: String::new(),
        initial_data: String::new(),
        mode: plan.mode.as_str().to_owned(),
        data: String::new(),
        version: String::new(),
        steps: plan.steps.iter().map(|step| step.name.to_string()).collect(),
        labels: Default::default(),
        ending: Ending::Open,
    }
}

/// The one service is there already: ten thousand questions whether it is would be another figure.
struct There;

impl Endpoints for There {
    fn ready<'a>(&'a self, node: &'a PlannedNode) -> BoxFuture<'a, Result<Address, NotReady>> {
        Box::pin(std::future::ready(Ok(node.address.clone())))
    }
}

fn services() -> Bound {
    Bound::new(Protos::default()).on("/s.S/Do", |call| Reply::Bytes(call.bytes))
}

/// What the process has in memory, in KiB.
fn memory() -> Outcome<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no such figure")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse()?)
}

/// Layers of steps, each linked from four of the layer before.
fn package(steps: usize, port: u16) -> Outcome<Package> {
    let nodes: Vec<Node> = (0..steps).map(|step| Node::new(format!("n{step}"), "Do", PROTO, port)).collect();
    let links = (WIDTH..steps).flat_map(|step| {
        let layer = step / WIDTH * WIDTH - WIDTH;
        (0..LINKS).map(move |nth| (layer + (step + nth) % WIDTH, step))
    });
    let starts: serde_json::Map<String, Value> = (0..WIDTH.min(steps))
        .map(|step| (format!("n{step}:Do"), json!({"parameters": {"text": "a", "values": [1.5, 2.5]}})))
        .collect();
    pipeline::package(&nodes, links, Some(&json!({"version": 1, "operations": starts})))
}
