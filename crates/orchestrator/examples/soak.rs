//! Memory over time: rows for docs/benchmarks.md. `soak runs` makes 20,000 runs of four steps in this process; `soak
//! live SECONDS` runs a live pipeline for that long. Each tells how much memory the process has at points along the way.
#![allow(clippy::print_stdout, reason = "the figures are what it is for")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use aieffect_blueprint::{Document, Mode, Package, ProtoTree, SourceText, resolve};
use aieffect_contract::ProtoSet;
use aieffect_orchestrator::engine::{Keep, Orchestrator, RunId, RunOptions};
use aieffect_orchestrator::plan::{InitialData, Plan, PlanOptions, StepId, plan};
use aieffect_orchestrator::run::Outcome as Ended;
use aieffect_orchestrator::transport::grpc::{FixedEndpoints, GrpcTransport};
use aieffect_testkit::{Bound, Protos, Reply};
use serde_json::{Value, json};

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

const RUNS: usize = 20_000;

const STEP: &str = r#"
syntax = "proto3";
package s;
service S { rpc Do(Work) returns (Work); }
message Work { string text = 1; repeated double values = 2; }
"#;

const TICK: &str = r#"
syntax = "proto3";
package s;
service S { rpc Tick(Nothing) returns (Work); }
message Nothing {}
message Work { string text = 1; repeated double values = 2; }
"#;

const PASS: &str = r#"
syntax = "proto3";
package s;
service S { rpc Pass(stream Work) returns (stream Work); }
message Work { string text = 1; repeated double values = 2; }
"#;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match arguments.as_slice() {
        // The services are a process of their own: testkit's remember every call.
        [what] if what == "serve" => serve(),
        [what] if what == "runs" => runtime.block_on(runs()),
        [what, seconds] if what == "live" => runtime.block_on(live(Duration::from_secs(seconds.parse()?))),
        _ => Err("say `runs`, or `live` and how many seconds".into()),
    }
}

async fn runs() -> Outcome<()> {
    let server = Serving::start()?;
    let chain = ["a1", "b1", "c1", "d1"];
    let links: Vec<(&str, &str, &str)> = chain.windows(2).map(|pair| (pair[0], pair[1], "Do")).collect();
    let nodes = chain.map(|name| (name, "Do", STEP));
    let plan = Arc::new(planned(&nodes, &links, server.port, Mode::Batch)?);
    let orchestrator = Orchestrator::new(Arc::new(GrpcTransport::new()));
    let endpoints = Arc::new(FixedEndpoints::new(Duration::from_secs(10)));
    for number in 1..=RUNS {
        let options = RunOptions::new(RunId::new(&format!("run-{number}"))?);
        let (plan, endpoints) = (Arc::clone(&plan), Arc::clone(&endpoints));
        let report = orchestrator.submit(plan, endpoints, options, Vec::new()).wait().await;
        if report.outcome != Ended::Succeeded {
            return Err(format!("run {number}: {:?}", report.cause).into());
        }
        if [RUNS / 20, RUNS / 4, RUNS / 2, RUNS].contains(&number) {
            println!("| after {number} runs of four steps in one process | {} |", memory()?);
        }
    }
    Ok(())
}

async fn live(lasting: Duration) -> Outcome<()> {
    let server = Serving::start()?;
    let nodes = [("tick1", "Tick", TICK), ("pass1", "Pass", PASS), ("do1", "Do", STEP)];
    let plan =
        planned(&nodes, &[("tick1", "pass1", "Pass"), ("pass1", "do1", "Do")], server.port, Mode::Live)?;
    let steps: Vec<StepId> = plan.steps().map(|(step, _)| step).collect();
    let orchestrator = Orchestrator::new(Arc::new(GrpcTransport::new()));
    let endpoints = Arc::new(FixedEndpoints::new(Duration::from_secs(10)));
    let options =
        RunOptions { keep: Keep::Last, lasting: Some(lasting), ..RunOptions::new(RunId::new("live")?) };
    let handle = orchestrator.submit(Arc::new(plan), endpoints, options, Vec::new());
    let meters = handle.meters();
    let mut ended = std::pin::pin!(handle.wait());
    let part = lasting / 10;
    for number in 1..=10 {
        tokio::select! {
            report = &mut ended => return Err(format!("ended early: {:?}, {:?}, {:?}", report.outcome, report.cause, report.unreached).into()),
            () = tokio::time::sleep(part.mul_f64(0.99)) => {}
        }
        let passed: u64 = steps.iter().map(|step| meters.passed(*step).messages).sum();
        println!(
            "| live, after {:.0} s and {passed} messages | {} |",
            (part * number).as_secs_f64(),
            memory()?
        );
    }
    let report = ended.await;
    if report.outcome == Ended::Succeeded { Ok(()) } else { Err(format!("{:?}", report.cause).into()) }
}

/// This program again, as the services; it ends with this value.
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
    let server = Bound::new(Protos::default())
        .on("/s.S/Tick", |_| {
            Reply::Bytes(vec![0x0a, 1, b'x'].into()).after(tokio::time::sleep(Duration::from_millis(1)))
        })
        .talk("/s.S/Pass", |mut talk| async move {
            while let Some(message) = talk.next().await {
                talk.say(message).await;
            }
            Ok(())
        })
        .on("/s.S/Do", |call| Reply::Bytes(call.bytes))
        .start();
    println!("{}", server.port());
    loop {
        std::thread::park();
    }
}

/// What the process has in memory, and the most that it ever had.
fn memory() -> Outcome<String> {
    let status = fs::read_to_string("/proc/self/status")?;
    let figure = |key: &str| -> Outcome<f64> {
        let line = status.lines().find_map(|line| line.strip_prefix(key)).ok_or("no such figure")?;
        Ok(line.trim().trim_end_matches(" kB").trim().parse::<f64>()? / 1024.0)
    };
    Ok(format!("{:.1} MiB, at most {:.1} MiB", figure("VmRSS:")?, figure("VmHWM:")?))
}

fn planned(
    nodes: &[(&str, &str, &str)],
    links: &[(&str, &str, &str)],
    port: u16,
    mode: Mode,
) -> Outcome<Plan> {
    let node = |(name, operation, _): &(&str, &str, &str)| {
        let to = links.iter().filter(|(from, ..)| from == name);
        let to: Vec<Value> = to
            .map(|(_, to, operation)| {
                json!({"container_name": to, "operation_signature": {"operation_name": operation}})
            })
            .collect();
        json!({
            "proto_uri": format!("microservice/{name}.proto"), "image": "a:latest", "container_name": name,
            "operation_signature_list": [{"operation_signature": {"operation_name": operation}, "connected_to": to}],
        })
    };
    let blueprint = json!({"name": "soak", "nodes": nodes.iter().map(node).collect::<Vec<_>>()});
    let address = |(name, ..): &(&str, &str, &str)| json!({"container_name": name, "ip_address": "127.0.0.1", "port": port});
    let dockerinfo = json!({"docker_info_list": nodes.iter().map(address).collect::<Vec<_>>()});
    let mut protos = ProtoTree::new();
    for (name, _, text) in nodes {
        protos.insert(format!("microservice/{name}.proto"), SourceText::new(format!("{name}.proto"), *text));
    }
    let package = Package {
        name: "soak".to_owned(),
        blueprint: document("blueprint.json", &blueprint)?,
        dockerinfo: document("dockerinfo.json", &dockerinfo)?,
        execution: None,
        protos,
    };
    let (pipeline, findings) = resolve::package(&package);
    let pipeline = pipeline.ok_or_else(|| format!("{findings:?}"))?;
    let (protos, _) = ProtoSet::compile(&pipeline, &package.protos);
    let options = PlanOptions { mode: Some(mode), ..PlanOptions::default() };
    let (plan, findings) = plan(&pipeline, &protos, &InitialData::default(), &options);
    Ok(plan.ok_or_else(|| format!("{findings:?}"))?)
}

fn document(name: &str, json: &Value) -> Outcome<Arc<Document>> {
    let read = Document::json(&SourceText::new(name, json.to_string()));
    read.map_err(|finding| format!("{finding:?}").into())
}
