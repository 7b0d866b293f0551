//! Services started from their Dockerfiles, without Docker. Nothing is downloaded.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use aieffect_local::{Error, LocalPlan, LocalServices, StartOptions};
use aieffect_testkit::{Requirement, note_skip};
use support::{folders, options, use_case};
use tempfile::TempDir;

const COMPOSE: &str = "services:\n  meter:\n    build: services/meter\n    volumes: ['./data:/app/data']\n";

/// A Python that can make virtual environments; `with` is `venv` or `ensurepip`, without which there is no pip.
fn python_has(with: &str) -> bool {
    let found = Command::new("python3").args(["-c", &format!("import venv, {with}")]).output();
    let has = found.is_ok_and(|output| output.status.success());
    if !has {
        note_skip(Requirement::Python, &format!("python3 has no module {with}"));
    }
    has
}

/// A use case with one service, `meter`, of these files.
fn case(files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (file, text) in files {
        let path = root.path().join("services/meter").join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    fs::create_dir(root.path().join("data")).unwrap();
    fs::write(root.path().join("data/in.csv"), "1\n").unwrap();
    root
}

async fn start(root: &Path, compose: &str, options: &StartOptions) -> Result<LocalServices, Error> {
    let use_case = use_case(root, compose);
    let (plan, findings) = LocalPlan::new(&use_case, root, &folders(&use_case));
    assert!(findings.is_empty(), "{findings:?}");
    plan.unwrap().start(options).await
}

/// Runs the service to its end, which must be a good one.
async fn run(root: &Path, compose: &str, options: &StartOptions) {
    let services = start(root, compose, options).await.unwrap();
    let folder = services.folders().next().unwrap().clone();
    let ended = services.until_ended(&folder).await;
    assert!(ended.status.success(), "{}{}", ended.status, services.output(&folder).unwrap().last);
    services.stop().await.unwrap();
}

#[tokio::test]
async fn a_service_runs_in_a_working_copy_with_the_runs_data() {
    if !python_has("venv") {
        return;
    }
    let server = "import os, sys\n\
                  print(os.getcwd(), sys.argv[1], os.environ['CONFIG'], os.environ['SERVICE_NAME'])\n\
                  print(sys.prefix == os.environ['VIRTUAL_ENV'], sys.prefix != sys.base_prefix)\n\
                  print(open('data/in.csv').read().strip(), open('settings.json').read())\n\
                  open(os.path.join(os.environ['DATA_DIR'], 'out.csv'), 'w').write('2')\n\
                  open('scratch', 'w').write('mine')\n";
    let dockerfile = "FROM python:3\nWORKDIR /app\nCOPY . .\nENV CONFIG=/app/settings.json\n\
                      CMD [\"python\", \"server.py\", \"--config=/app/settings.json\"]\n";
    let root = case(&[("Dockerfile", dockerfile), ("server.py", server), ("settings.json", "{}")]);
    let (options, lines) = options(&root, "r");
    run(root.path(), COMPOSE, &options).await;

    let work = options.run.path().join("work/meter/app");
    let (work, settings) = (work.display(), work.join("settings.json"));
    let settings = settings.display();
    let expected = [
        format!("meter: {work} --config={settings} {settings} meter"),
        "meter: True True".to_owned(),
        "meter: 1 {}".to_owned(),
    ];
    assert_eq!(*lines.lock().unwrap(), expected);
    assert_eq!(fs::read_to_string(options.run.data().join("out.csv")).unwrap(), "2");
    assert!(!root.path().join("data/out.csv").exists(), "the use case's own data is not touched");
    assert!(!root.path().join("services/meter/scratch").exists(), "nor are its sources");
}

/// Stands for grpcio-tools, which is not there without a download: `python -m` looks in the working directory
/// first.
const PROTOC: &str = "import sys\n\
                      print('compiling', *sys.argv[1:])\n\
                      open('meter_pb2.py', 'w').write('VALUE = 5')\n";

#[tokio::test]
async fn the_protoc_step_is_run_once_for_equal_contents() {
    if !python_has("venv") {
        return;
    }
    let dockerfile = "FROM python:3\nWORKDIR /app\nCOPY . .\n\
                      RUN python -m grpc_tools.protoc -I/app/proto --python_out=. proto/*.proto\n\
                      CMD exec python server.py\n";
    let files = [
        ("Dockerfile", dockerfile),
        ("grpc_tools/__init__.py", ""),
        ("grpc_tools/protoc.py", PROTOC),
        ("proto/b.proto", ""),
        ("proto/a.proto", ""),
        ("server.py", "from meter_pb2 import VALUE\nprint(VALUE)\n"),
    ];
    let root = case(&files);
    let (first, lines) = options(&root, "first");
    run(root.path(), COMPOSE, &first).await;
    let shown = lines.lock().unwrap().clone();
    let [compiling, value] = shown.as_slice() else { panic!("{shown:?}") };
    assert!(compiling.ends_with("/app/proto --python_out=. proto/a.proto proto/b.proto"), "{compiling}");
    assert_eq!(value, "meter: 5");

    let (second, lines) = options(&root, "second");
    run(root.path(), COMPOSE, &second).await;
    assert_eq!(*lines.lock().unwrap(), ["meter: 5"]);

    fs::write(root.path().join("services/meter/proto/a.proto"), "// changed").unwrap();
    let (third, lines) = options(&root, "third");
    run(root.path(), COMPOSE, &third).await;
    assert_eq!(lines.lock().unwrap().len(), 2, "what has changed is compiled again");
}

#[tokio::test]
async fn two_runs_side_by_side_do_not_touch_each_other() {
    if !python_has("ensurepip") {
        return;
    }
    let dockerfile =
        "FROM python:3\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nCMD python server.py\n";
    let server = "open('data/in.csv', 'a').write('2')\nprint(open('data/in.csv').read().split())\n";
    let requirements = "# nothing that would have to be downloaded\n";
    let root = case(&[("Dockerfile", dockerfile), ("server.py", server), ("requirements.txt", requirements)]);
    let ((a, lines_of_a), (b, lines_of_b)) = (options(&root, "a"), options(&root, "b"));
    tokio::join!(run(root.path(), COMPOSE, &a), run(root.path(), COMPOSE, &b));
    for lines in [lines_of_a, lines_of_b] {
        assert_eq!(lines.lock().unwrap().last().unwrap(), "meter: ['1', '2']");
    }
    let made = fs::read_dir(a.cache.path().join("venvs")).unwrap();
    let made = made.filter(|entry| entry.as_ref().unwrap().path().is_dir()).count();
    assert_eq!(made, 1, "equal requirements share one environment");
}

#[tokio::test]
async fn pip_that_fails_is_told_with_its_last_lines_and_leaves_nothing_that_counts() {
    if !python_has("ensurepip") {
        return;
    }
    let dockerfile = "FROM python:3\nRUN pip install --no-index no-such-package\nCMD python\n";
    let root = case(&[("Dockerfile", dockerfile)]);
    let (options, _) = options(&root, "r");
    let error = start(root.path(), COMPOSE, &options).await.unwrap_err().to_string();
    let mut lines = error.lines();
    let first = "`pip install --no-index no-such-package` for service `meter` ended with exit status 1";
    assert_eq!(lines.next(), Some(first));
    assert!(lines.any(|line| line.contains("No matching distribution found")), "{error}");
    let made = fs::read_dir(options.cache.path().join("venvs")).unwrap();
    let mut folders = made.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    assert!(!folders.next().unwrap().join("complete").exists(), "the next run begins anew");
}
