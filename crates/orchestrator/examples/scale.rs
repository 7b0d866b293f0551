//! What large plans cost: rows for docs/benchmarks.md. `scale plan STEPS` plans layers of steps, each linked from four
//! of the layer before, in a process of its own, so that its memory can be told. `scale run STEPS` runs such a plan,
//! stores it, and resumes it.
#![allow(clippy::print_stdout, reason = "the figures are what it is for")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::num::NonZeroU32;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use aieffect_blueprint::{Address, Document, Package, Pipeline, Port, ProtoTree, SourceText, resolve};
use aieffect_contract::ProtoSet;
use aieffect_orchestrator::engine::{Keep, Orchestrator, RunId, RunOptions, RunReport};
use aieffect_orchestrator::memo::Memo;
use aieffect_orchestrator::plan::{InitialData, Plan, PlanOptions, PlannedNode, plan};
use aieffect_orchestrator::ports::{Endpoints, NotReady, RunStore};
use aieffect_orchestrator::run::Outcome as Ended;
use aieffect_orchestrator::store::{Durability, Ending, SqliteStore, StoredRun};
use aieffect_orchestrator::transport::grpc::GrpcTransport;
use aieffect_testkit::{Bound, Protos, Reply};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

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
        // Testkit's services remember every call: not in this process.
        [what] if what == "serve" => serve(),
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
    let made = planned(&pipeline, &protos)?;
    let first = begun.elapsed();
    let after = memory()?;
    let mut times = Vec::new();
    for _ in 0..REPEATS {
        let begun = Instant::now();
        planned(&pipeline, &protos)?;
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
    let made = Arc::new(planned(&pipeline, &protos)?);
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

/// This program again, as the service; it ends with this value.
struct Serving {
    process: Child,
    port: u16,
}

impl Serving {
    fn start() -> Outcome<Self> {
        let mut process =
            Command::new(std::env::current_exe()?).arg("serve").stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        let output = process.stdout.take().ok_or("no output")?;
        BufReader::new(output).read_line(&mut line)?;
        Ok(Self { process, port: line.trim().parse()? })
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended by itself, which is as well.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn serve() -> Outcome<()> {
    let server = Bound::new(Protos::default()).on("/s.S/Do", |call| Reply::Bytes(call.bytes)).start();
    println!("{}", server.port());
    loop {
        std::thread::park();
    }
}

/// What the process has in memory, in KiB.
fn memory() -> Outcome<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no such figure")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse()?)
}

fn compiled(package: &Package) -> Outcome<(Pipeline, ProtoSet)> {
    let (pipeline, findings) = resolve::package(package);
    let pipeline = pipeline.ok_or_else(|| format!("{findings:?}"))?;
    let (protos, findings) = ProtoSet::compile(&pipeline, &package.protos);
    if findings.has_errors() {
        return Err(format!("{findings:?}").into());
    }
    Ok((pipeline, protos))
}

fn planned(pipeline: &Pipeline, protos: &ProtoSet) -> Outcome<Plan> {
    let (plan, findings) = plan(pipeline, protos, &InitialData::default(), &PlanOptions::default());
    Ok(plan.ok_or_else(|| format!("{findings:?}"))?)
}

/// Layers of steps, each linked from four of the layer before.
fn package(steps: usize, port: u16) -> Outcome<Package> {
    let mut to = vec![Vec::new(); steps];
    for step in WIDTH..steps {
        let layer = step / WIDTH * WIDTH - WIDTH;
        for nth in 0..LINKS {
            to[layer + (step + nth) % WIDTH].push(json!({
                "container_name": format!("n{step}"), "operation_signature": {"operation_name": "Do"},
            }));
        }
    }
    let node = |(step, to): (usize, Vec<Value>)| {
        json!({
            "proto_uri": format!("microservice/n{step}.proto"), "image": "a:latest",
            "container_name": format!("n{step}"),
            "operation_signature_list": [
                {"operation_signature": {"operation_name": "Do"}, "connected_to": to},
            ],
        })
    };
    let nodes: Vec<Value> = to.into_iter().enumerate().map(node).collect();
    let port = Port::new(port).ok_or("port 0")?;
    let address = |step: usize| json!({"container_name": format!("n{step}"), "ip_address": "127.0.0.1", "port": port.get()});
    let starts: serde_json::Map<String, Value> = (0..WIDTH.min(steps))
        .map(|step| (format!("n{step}:Do"), json!({"parameters": {"text": "a", "values": [1.5, 2.5]}})))
        .collect();
    let execution =
        json!({"version": 1, "max_parallel": NonZeroU32::MIN.saturating_add(63), "operations": starts});
    let mut protos = ProtoTree::new();
    for step in 0..steps {
        let name = format!("microservice/n{step}.proto");
        protos.insert(name, SourceText::new(format!("n{step}.proto"), PROTO));
    }
    Ok(Package {
        name: "scale".to_owned(),
        blueprint: document("blueprint.json", &json!({"name": "scale", "nodes": nodes}))?,
        dockerinfo: document(
            "dockerinfo.json",
            &json!({"docker_info_list": (0..steps).map(address).collect::<Vec<_>>()}),
        )?,
        execution: Some(document("execution.json", &execution)?),
        protos,
    })
}

fn document(name: &str, json: &Value) -> Outcome<Arc<Document>> {
    let read = Document::json(&SourceText::new(name, json.to_string()));
    read.map_err(|finding| format!("{finding:?}").into())
}
