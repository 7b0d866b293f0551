//! Memory over time: rows for docs/benchmarks.md. `soak runs` makes 20,000 runs of four steps in this process; `soak
//! live SECONDS` runs a live pipeline for that long. Each tells how much memory the process has at points along the way.
#![allow(clippy::print_stdout, reason = "the figures are what it is for")]

#[path = "shared/pipeline.rs"]
mod pipeline;
#[path = "shared/serving.rs"]
mod serving;

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use aieffect_blueprint::Mode;
use aieffect_orchestrator::engine::{Keep, Orchestrator, RunId, RunOptions};
use aieffect_orchestrator::plan::{Plan, StepId};
use aieffect_orchestrator::run::Outcome as Ended;
use aieffect_orchestrator::transport::grpc::{FixedEndpoints, GrpcTransport};
use aieffect_testkit::{Bound, Protos, Reply};

use self::pipeline::{Node, Outcome};
use self::serving::Serving;

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
        [what] if what == "serve" => serving::serve(services()),
        [what] if what == "runs" => runtime.block_on(runs()),
        [what, seconds] if what == "live" => runtime.block_on(live(Duration::from_secs(seconds.parse()?))),
        _ => Err("say `runs`, or `live` and how many seconds".into()),
    }
}

async fn runs() -> Outcome<()> {
    let server = Serving::start()?;
    let nodes = ["a1", "b1", "c1", "d1"].map(|name| Node::new(name, "Do", STEP, server.port));
    let plan = Arc::new(chain(&nodes, Mode::Batch)?);
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
    let nodes = nodes.map(|(name, operation, proto)| Node::new(name, operation, proto, server.port));
    let plan = chain(&nodes, Mode::Live)?;
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

fn services() -> Bound {
    Bound::new(Protos::default())
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

/// A chain of these nodes.
fn chain(nodes: &[Node], mode: Mode) -> Outcome<Plan> {
    let links = (1..nodes.len()).map(|node| (node - 1, node));
    let (pipeline, protos) = pipeline::compiled(&pipeline::package(nodes, links, None)?)?;
    pipeline::planned(&pipeline, &protos, Some(mode))
}
