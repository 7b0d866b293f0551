//! Reading use cases from disk.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "these are tests, also outside the functions marked so"
)]

use std::fs;
use std::path::Path;

use aieffect_blueprint::{Findings, UseCase};
use aieffect_layout::{Error, Opened, open, open_package, open_use_case};
use tempfile::TempDir;

const CONNECTIONS: &str = r#"{ "pipeline": { "connections": [] } }"#;
const PROTO: &str = "syntax = \"proto3\";\nmessage M {}\n";

/// A folder named `case` with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join("case").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

fn read(dir: &TempDir) -> (Option<UseCase>, Findings) {
    open_use_case(&dir.path().join("case")).unwrap()
}

/// The findings, one per line.
fn lines(findings: &Findings) -> String {
    findings.iter().map(|finding| format!("{finding}\n")).collect()
}

fn belongs(use_case: &UseCase) -> Vec<String> {
    let name = |service| use_case.compose_service(service).map_or("-", |entry| entry.name.as_str());
    use_case.services.iter().map(|service| format!("{}={}", service.folder, name(service))).collect()
}

#[test]
fn services_protos_and_compose_entries_are_found() {
    let dir = folder(&[
        ("connections.json", CONNECTIONS),
        ("docker-compose.yml", "services:\n  data-source: { image: x }\n"),
        ("shared/proto/common.proto", PROTO),
        ("services/data_source/proto/source.proto", PROTO),
        ("services/data_source/proto/deep/more.proto", PROTO),
        ("services/data_source/elsewhere.proto", PROTO),
        ("services/sink/sink.proto", PROTO),
        ("services/.hidden/a.proto", PROTO),
        ("services/__pycache__/a.proto", PROTO),
        ("services/README.md", ""),
        ("target/debug/a.proto", PROTO),
        ("data/a.proto", PROTO),
        (".aieffect/runs/a.proto", PROTO),
        ("services/sink/env/pyvenv.cfg", ""),
        ("services/sink/env/lib/a.proto", PROTO),
    ]);
    let (use_case, findings) = read(&dir);
    let use_case = use_case.unwrap();
    assert_eq!(use_case.name, "case");
    assert_eq!(belongs(&use_case), ["data_source=data-source", "sink=-"]);
    let paths: Vec<&str> = use_case.protos.iter().map(|(path, _)| path).collect();
    assert_eq!(
        paths,
        [
            "services/data_source/elsewhere.proto",
            "services/data_source/proto/deep/more.proto",
            "services/data_source/proto/source.proto",
            "services/sink/sink.proto",
            "shared/proto/common.proto",
        ]
    );
    assert_eq!(use_case.services[0].protos, &paths[1..3]);
    assert_eq!(use_case.services[1].protos, &paths[3..4], "without a proto folder, all that it has");
    assert_eq!(use_case.protos.get("services/sink/sink.proto").unwrap().name(), "services/sink/sink.proto");
    insta::assert_snapshot!(lines(&findings), @"warning[AE0108] docker-compose.yml:1:1: `services/sink` belongs to no service of `docker-compose.yml`");
}

#[test]
fn a_compose_service_belongs_to_the_folder_of_its_dockerfile_else_its_context_else_its_name() {
    let dir = folder(&[
        ("connections.json", CONNECTIONS),
        (
            "docker-compose.yml",
            concat!(
                "services:\n",
                "  one: { build: { context: ., dockerfile: services/a/Dockerfile } }\n",
                "  two: { build: ./services/b }\n",
                "  three: { build: { context: ../.., dockerfile: ../case/services/c/Dockerfile } }\n",
                "  d-e: { image: x }\n",
                "  copy-of-b: { build: services/b }\n",
                "  f: { build: { context: ../elsewhere, dockerfile: '${FILE}' } }\n",
                "  g: { build: 'https://example.org/g.git' }\n",
            ),
        ),
        ("services/a/Dockerfile", ""),
        ("services/b/Dockerfile", ""),
        ("services/c/x", ""),
        ("services/d_e/x", ""),
        ("services/f/x", ""),
        ("services/g/x", ""),
    ]);
    let (use_case, findings) = read(&dir);
    assert_eq!(belongs(&use_case.unwrap()), ["a=one", "b=two", "c=-", "d_e=d-e", "f=f", "g=g"]);
    insta::assert_snapshot!(lines(&findings), @"
    warning[AE0107] docker-compose.yml:4:49: the Dockerfile of `three` is missing: `../../../case/services/c/Dockerfile`
    warning[AE0108] docker-compose.yml:1:1: `services/c` belongs to no service of `docker-compose.yml`
    ");
}

#[test]
fn of_two_compose_services_of_one_folder_its_namesake_is_taken() {
    let dir = folder(&[
        ("connections.json", CONNECTIONS),
        ("compose.yaml", "services:\n  spare: { build: services/a_b }\n  a-b: { build: services/a_b }\n"),
        ("docker-compose.yml", "services: { not-read: {} }\n"),
        ("services/a_b/Dockerfile", ""),
    ]);
    let (use_case, findings) = read(&dir);
    assert_eq!(belongs(&use_case.unwrap()), ["a_b=a-b"]);
    assert_eq!(findings, Findings::new());
}

#[test]
fn every_document_that_is_missing_or_broken_is_said() {
    let (use_case, findings) = read(&folder(&[("services/a/proto/a.proto", PROTO)]));
    assert!(use_case.is_none());
    insta::assert_snapshot!(lines(&findings), @"error[AE0002]: the use case has no `connections.json`");

    let (use_case, findings) = read(&folder(&[("connections.json", "{"), ("docker-compose.yml", "a: [")]));
    assert!(use_case.is_none());
    insta::assert_snapshot!(lines(&findings), @"
    error[AE0004] connections.json:1:2: `connections.json` is not valid JSON: the `{` of line 1 is not closed
    error[AE0004] docker-compose.yml:1:4: `docker-compose.yml` is not valid YAML: unclosed bracket `[`
    error[AE0002]: the use case has no `services/`
    ");

    let dir = folder(&[("connections.json", CONNECTIONS), ("services/my service/x", "")]);
    fs::write(dir.path().join("case/services/bad.proto"), b"\xff\xfe").unwrap();
    let (use_case, findings) = read(&dir);
    assert!(use_case.unwrap().services.is_empty());
    insta::assert_snapshot!(lines(&findings), @"
    error[AE0003] services/bad.proto:1:1: `services/bad.proto` is not UTF-8 text
    error[AE0110]: in `services/`: `my service` is not a service name: 1 to 128 letters, digits, `_`, `-` or `.`, beginning with a letter, a digit or `_`
    ");
}

#[test]
fn a_path_that_is_nothing_of_ours_is_said() {
    let dir = folder(&[("notes.txt", "")]);
    assert!(matches!(open(&dir.path().join("absent")), Err(Error::NotFound { .. })));
    for path in ["case", "case/notes.txt"] {
        let (opened, findings) = open(&dir.path().join(path)).unwrap();
        assert!(opened.is_none());
        assert_eq!(findings.iter().next().unwrap().code.as_str(), "AE0001");
    }
}

#[test]
fn the_wrong_kind_is_an_error_with_a_way_out() {
    let use_case = folder(&[("connections.json", CONNECTIONS), ("services/a/x", "")]);
    let error = open_package(&use_case.path().join("case")).unwrap_err();
    assert!(matches!(error, Error::NotAPackage { .. }));
    assert!(error.help().unwrap().contains("aieffect export"));
    let package = folder(&[("blueprint.json", "{}"), ("dockerinfo.json", "{}")]);
    assert!(matches!(open_use_case(&package.path().join("case")), Err(Error::NotAUseCase { .. })));
}

#[test]
fn the_example_use_case_is_read_without_a_finding() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../use-cases/file_based_energy_pipeline");
    let (opened, findings) = open(&path).unwrap();
    assert_eq!(findings, Findings::new());
    let Some(Opened::UseCase(use_case, _)) = opened else { panic!("{opened:?}") };
    assert_eq!(use_case.name, "file_based_energy_pipeline");
    assert_eq!(
        belongs(&use_case),
        ["data_analyzer=data-analyzer", "data_generator=data-generator", "report_generator=report-generator"]
    );
}

#[cfg(unix)]
#[test]
fn links_are_followed_within_the_use_case_only_and_never_in_circles() {
    use std::os::unix::fs::symlink;

    let dir = folder(&[
        ("connections.json", CONNECTIONS),
        ("services/a/proto/a.proto", PROTO),
        ("services/b/x", ""),
        ("shared/proto/common.proto", PROTO),
        ("../outside/secret.proto", PROTO),
    ]);
    let case = dir.path().join("case");
    symlink("../../../shared/proto", case.join("services/a/proto/shared")).unwrap();
    symlink("..", case.join("services/a/proto/up")).unwrap();
    symlink("../../../outside", case.join("services/b/proto")).unwrap();
    symlink("../../../outside/secret.proto", case.join("services/b/secret.proto")).unwrap();
    symlink("../../outside", case.join("services/c")).unwrap();
    let (use_case, findings) = read(&dir);
    let use_case = use_case.unwrap();
    let paths: Vec<&str> = use_case.protos.iter().map(|(path, _)| path).collect();
    assert_eq!(
        paths,
        ["services/a/proto/a.proto", "services/a/proto/shared/common.proto", "shared/proto/common.proto"]
    );
    insta::assert_snapshot!(lines(&findings), @"
    warning[AE0208]: `services/b/proto` is a link that leads out of the folder
    error[AE0208]: `services/b/secret.proto` is a link that leads out of the folder
    warning[AE0208]: `services/c` is a link that leads out of the folder
    ");
}
