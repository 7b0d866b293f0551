//! Packages as the older platform hands them out: no packages in protos, messages of one name that differ, keys that
//! are missing, and a service that asks another one through the pipeline while a call of its own is open.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

mod support;

use std::fs;
use std::path::Path;

use aieffect_testkit::{Bound, Gate, Protos, Reply, Server};
use serde_json::{Value, json};
use support::Aieffect;
use tonic::Code;

const GUI: &str = r#"syntax = 'proto3';
message Empty {}
message Job { string field = 1; int32 size = 2; }
message Verdict { bool unique = 1; string solution = 2; }
service Gui {
  rpc requestEvaluation(Empty) returns (Job) {}
  rpc showVerdict(Verdict)
      returns (Empty) {
    option deprecated = false;
  }
}
"#;

/// Its `Solution` has other numbers than the solver's, and its `Job` another field.
const EVALUATOR: &str = r#"syntax = "proto3";
message Empty {}
message Job { string field = 1; int32 size = 2; string note = 3; }
message Verdict { bool unique = 1; string solution = 2; }
message SolverJob { string program = 1; }
message Solution { int32 count = 7; string answer = 9; }
service Evaluator {
  rpc evaluate(Job) returns (Verdict);
}
service SolverClient {
  rpc askSolver(Empty) returns (stream SolverJob);
  rpc takeSolutions(stream Solution) returns (Empty);
}
"#;

const SOLVER: &str = r#"syntax = "proto3";
message SolverJob { string program = 1; }
message Solution { string answer = 1; int32 count = 2; }
service Solver { rpc solve(SolverJob) returns (Solution); }
"#;

/// Everything on one server: what the graphical interface shows is in its calls.
fn serve() -> Server {
    let protos = Protos::new(&[("gui.proto", GUI)]);
    let (asked, answered) = (Gate::new(), Gate::new());
    let (asks, waits, answers) = (asked.clone(), answered.clone(), answered);
    Bound::new(protos)
        .on("/Gui/requestEvaluation", |call| match call.earlier {
            0 => json!({"field": "4x4", "size": 4}).into(),
            _ => Reply::status(Code::NotFound, "nobody asks"),
        })
        .on("/Evaluator/evaluate", move |_| {
            asks.open();
            let waits = waits.clone();
            // Verdict { unique: true, solution: "1234" }, once the solver has answered.
            let verdict = Reply::Bytes(vec![0x08, 1, 0x12, 4, b'1', b'2', b'3', b'4'].into());
            verdict.after(async move { waits.opened().await })
        })
        .talk("/SolverClient/askSolver", move |mut talk| {
            let asked = asked.clone();
            async move {
                asked.opened().await;
                talk.say(vec![0x0a, 2, b'p', b'.']).await;
                std::future::pending().await
            }
        })
        // Solution { answer: "1234", count: 1 } as the solver numbers it.
        .on("/Solver/solve", |_| Reply::Bytes(vec![0x0a, 4, b'1', b'2', b'3', b'4', 0x10, 1].into()))
        .talk("/SolverClient/takeSolutions", move |mut talk| {
            let answers = answers.clone();
            async move {
                while let Some(message) = talk.next().await {
                    // As the evaluator numbers it: answer = 9, count = 7.
                    if message == vec![0x4a, 4, b'1', b'2', b'3', b'4', 0x38, 1] {
                        answers.open();
                    }
                }
                talk.say(Vec::new()).await;
                Ok(())
            }
        })
        .on("/Gui/showVerdict", |_| json!({}))
        .start()
}

fn write(folder: &Path, port: u16) {
    let microservice = folder.join("microservice");
    fs::create_dir_all(&microservice).unwrap();
    for (name, proto) in [("Gui-1", GUI), ("Evaluator-1", EVALUATOR), ("asp-solver", SOLVER)] {
        fs::write(microservice.join(format!("{name}.proto")), proto).unwrap();
    }
    let operation = |name: &str, to: &[(&str, &str)]| {
        let to: Vec<Value> = to
            .iter()
            .map(|(node, operation)| {
                json!({"container_name": node, "operation_signature": {"operation_name": operation}})
            })
            .collect();
        json!({"operation_signature": {"operation_name": name}, "connected_to": to})
    };
    let node = |name: &str, operations: Vec<Value>| {
        json!({
            "container_name": name, "node_type": "MLModel", "image": format!("https://cicd.example/{name}:v1"),
            "proto_uri": format!("org/acumos/0d7a/{name}/1.0.0/{name}-1.0.0.proto"),
            "operation_signature_list": operations, "data_broker_map": null, "probeIndicator": [{"value": "false"}],
        })
    };
    let gui =
        vec![operation("requestEvaluation", &[("Evaluator-1", "evaluate")]), operation("showVerdict", &[])];
    let evaluator = vec![
        operation("evaluate", &[("Gui-1", "showVerdict")]),
        operation("askSolver", &[("asp-solver", "solve")]),
        operation("takeSolutions", &[]),
    ];
    let solver = vec![operation("solve", &[("Evaluator-1", "takeSolutions")])];
    let blueprint = json!({
        "name": "Sudoku", "version": "1.0.0", "input_ports": [],
        "nodes": [node("Gui-1", gui), node("Evaluator-1", evaluator), node("asp-solver", solver)],
    });
    // Names in small letters, ports as numbers, and somebody who is in no blueprint.
    let at = |name: &str, port: u16| json!({"container_name": name, "ip_address": "127.0.0.1", "port": port});
    let dockerinfo = json!({"docker_info_list": [
        at("gui-1", port), at("evaluator-1", port), at("asp-solver", port), at("orchestrator", 30000),
    ]});
    fs::write(folder.join("blueprint.json"), blueprint.to_string()).unwrap();
    fs::write(folder.join("dockerinfo.json"), dockerinfo.to_string()).unwrap();
}

#[test]
fn a_service_that_calls_a_solver_through_the_pipeline_gets_its_answer() {
    let server = serve();
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), server.port());
    let ended = Aieffect::new("orchestrate", folder.path(), folder.path())
        .args(["--mode", "live", "--iterations", "1", "--quiet", "300ms"])
        .output();
    ended.succeeds();
    let results: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(results["Evaluator-1:evaluate"], json!([{"unique": true, "solution": "1234"}]));
    assert_eq!(results["asp-solver:solve"], json!([{"answer": "1234", "count": 1}]));
    let shown: Vec<Value> = server.calls_of("/Gui/showVerdict").into_iter().map(|call| call.json).collect();
    assert_eq!(shown, [json!({"unique": true, "solution": "1234"})]);
}

#[test]
fn what_such_a_package_lacks_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), 50051);
    let ended =
        Aieffect::new("check", folder.path(), folder.path()).args(["--mode", "live", "--plan"]).output();
    ended.succeeds();
    assert!(!ended.stderr.contains("error["), "{}", ended.stderr);
    assert!(ended.stdout.contains("Evaluator-1:takeSolutions"), "{}", ended.stdout);
}
