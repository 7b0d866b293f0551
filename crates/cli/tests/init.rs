//! `aieffect init` as a user meets it: what it makes is checked without a finding, runs, and is never written over
//! something else.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

mod support;

use std::fs;
use std::path::Path;

use aieffect_testkit::skip;
use serde_json::json;
use support::Aieffect;

fn init(parent: &Path, dir: &str) -> Aieffect {
    Aieffect::new("init", &parent.join(dir), parent)
}

#[test]
fn what_it_makes_has_no_finding() {
    for (template, services) in [("python", "a"), ("python", "a,b"), ("rust", "make-it,b2,c_d,last")] {
        let parent = tempfile::tempdir().unwrap();
        init(parent.path(), "case")
            .args(["--template", template, "--services", services])
            .output()
            .succeeds();
        let case = parent.path().join("case");
        let ended = Aieffect::new("check", &case, parent.path()).arg("--strict").output();
        ended.succeeds();
        assert!(ended.stdout.contains("no findings"), "{}", ended.stdout);
    }
}

/// Words that YAML, protos, Python, Rust, gRPC, or the files that are made could take for their own.
const AWKWARD: &str = "y,no,null,path,class,import,self,type,string,option,message,server,grpc,request,status,crate,super,\
                       async,extern,error,test,build,deps,proto,tonic,log,values,signal,a_b_c,b2_c,data,shared,returns";

#[test]
fn any_word_can_be_the_name_of_a_service() {
    for template in ["python", "rust"] {
        let parent = tempfile::tempdir().unwrap();
        let services = ["--template", template, "--services", AWKWARD];
        init(parent.path(), "case").args(services).output().succeeds();
        let case = parent.path().join("case");
        let ended = Aieffect::new("check", &case, parent.path()).arg("--strict").output();
        ended.succeeds();
        assert!(ended.stdout.contains("no findings"), "{}", ended.stdout);
    }
}

#[test]
fn services_with_awkward_names_run() {
    skip!(Python);
    let parent = tempfile::tempdir().unwrap();
    init(parent.path(), "case").args(["--services", "class,self,grpc,path"]).output().succeeds();
    let case = parent.path().join("case");
    let ended = Aieffect::new("run", &case, parent.path()).output();
    ended.succeeds();
    assert_eq!(ended.steps(), ["class1:Class", "self1:Self", "grpc1:Grpc", "path1:Path"]);
    assert_eq!(ended.results()["path1:Path"]["message"], "summary written");
}

#[test]
fn a_python_use_case_runs_at_once() {
    skip!(Python);
    let parent = tempfile::tempdir().unwrap();
    init(parent.path(), "wind_day").output().succeeds();
    let case = parent.path().join("wind_day");
    let ended =
        Aieffect::new("run", &case, parent.path()).args(["--initial-data", r#"{"hours": 4}"#]).output();
    ended.succeeds();
    let results = ended.results();
    assert_eq!(results["load_data1:LoadData"]["values"], json!([1.0, 1.0, 1.0, 1.0]));
    assert_eq!(
        results["report1:Report"],
        json!({"success": true, "message": "summary written", "mean": 1.0, "maximum": 1.0, "report_path": "data/summary.txt"})
    );
    let runs = fs::read_dir(case.join(".aieffect/runs")).unwrap();
    let report = runs.map(|run| run.unwrap().path().join("data/summary.txt")).next().unwrap();
    assert_eq!(fs::read_to_string(report).unwrap(), "4 values, mean 1.000 kW, maximum 1.000 kW\n");
}

#[test]
fn an_empty_folder_is_filled() {
    let parent = tempfile::tempdir().unwrap();
    fs::create_dir(parent.path().join("case")).unwrap();
    init(parent.path(), "case").output().succeeds();
    assert!(parent.path().join("case/connections.json").is_file());
}

#[test]
fn nothing_is_written_over() {
    let parent = tempfile::tempdir().unwrap();
    fs::create_dir(parent.path().join("case")).unwrap();
    fs::write(parent.path().join("case/mine.txt"), "mine").unwrap();
    init(parent.path(), "case").output().check(2, "error: `<case>/case` is there already, and not empty");
    assert_eq!(fs::read_dir(parent.path().join("case")).unwrap().count(), 1);
}

#[test]
fn names_that_cannot_be_are_wrong_usage() {
    let parent = tempfile::tempdir().unwrap();
    for (dir, services) in
        [("a b", "a"), ("case", "a b"), ("case", "none"), ("case", "a-b,a_b"), ("case", "")]
    {
        let ended = init(parent.path(), dir).args(["--services", services]).output();
        assert_eq!(ended.code, Some(2), "{dir} {services}");
    }
    assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
}
