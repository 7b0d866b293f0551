//! Packages as zips.

use std::fs;

use crate::case::Case;

#[test]
fn a_zip_is_unpacked_beside_itself() {
    let case = Case::new();
    let zip = case.zip(&[
        ("docker-compose.yml", "services: {}"),
        (".env", "COMPOSE_FILE=evil.yml"),
        ("data/x", ""),
    ]);
    let compose = || case.compose_of(&zip).args(["--orchestrator-image", "x"]);
    compose().output().succeeds().says(
        "left in the archive, since they are no part of a package: `docker-compose.yml`, `.env`, `data/x`",
    );
    let dir = case.dir.path().join("downloaded");
    for name in ["blueprint.json", "microservice/meter1.proto"] {
        assert_eq!(fs::read(dir.join(name)).unwrap(), fs::read(case.at(name)).unwrap(), "{name}");
    }
    assert!(!dir.join(".env").exists());
    assert_eq!(fs::read_dir(dir.join("data")).unwrap().count(), 0);
    assert!(fs::read_to_string(dir.join("docker-compose.yml")).unwrap().contains("meter1"));
    compose().output().succeeds();
}

#[test]
fn what_runs_is_what_was_checked_in_the_zip() {
    let case = Case::new();
    let zip = case.zip(&[]);
    let compose = || case.compose_of(&zip).args(["--orchestrator-image", "x"]);
    let dir = case.dir.path().join("downloaded");
    // With what a platform has dropped given back, twice.
    for _ in ["new", "again"] {
        compose().arg("--execution").arg(case.at("execution.json")).output().succeeds();
        assert_eq!(
            fs::read(dir.join("execution.json")).unwrap(),
            fs::read(case.at("execution.json")).unwrap()
        );
    }
    let refused = |difference: &str| {
        let ended = compose().output();
        ended.check(
            2,
            &format!(
                "error: `<case>/downloaded` is already there, and holds something else than \
                 `<case>/downloaded.zip`: {difference}"
            ),
        );
        ended.says(
            "help: give the folder itself to take what it holds, <case>/downloaded; or add `--overwrite`",
        );
    };
    refused("`execution.json` is only in the folder");
    case.compose_of(&dir).args(["--orchestrator-image", "x"]).output().succeeds();
    fs::remove_file(dir.join("execution.json")).unwrap();
    compose().output().succeeds();
    fs::create_dir(dir.join("microservice/meter1")).unwrap();
    fs::write(dir.join("microservice/meter1/stale.proto"), "syntax = \"proto3\";\n").unwrap();
    refused("`microservice/meter1/stale.proto` is only in the folder");
    compose().arg("--overwrite").output().succeeds();
    assert!(!dir.join("microservice/meter1").exists());
    fs::remove_file(dir.join("microservice/report1.proto")).unwrap();
    refused("`microservice/report1.proto` is only in the archive");
}

#[test]
fn of_a_zip_without_an_ending_a_stack_can_be_printed_too() {
    let case = Case::new();
    let zip = case.dir.path().join("download");
    fs::rename(case.zip(&[]), &zip).unwrap();
    let compose = || case.compose_of(&zip).args(["--orchestrator-image", "x"]);
    let printed = compose().args(["--output", "-"]).output();
    printed.succeeds().says("the file belongs into <case>/download.package");
    assert!(!case.dir.path().join("download.package").exists());
    compose().output().succeeds();
    let written = fs::read_to_string(case.dir.path().join("download.package/docker-compose.yml")).unwrap();
    assert_eq!(printed.stdout, written);
}

#[test]
fn a_folder_that_holds_something_else_is_no_place_to_unpack_to() {
    let case = Case::new();
    let zip = case.zip(&[]);
    let compose = || case.compose_of(&zip).args(["--orchestrator-image", "x"]);
    compose().output().succeeds();
    let dir = case.dir.path().join("downloaded");
    fs::write(dir.join("microservice/meter1.proto"), "syntax = \"proto3\";\n").unwrap();
    compose().output().check(
        2,
        "error: `<case>/downloaded` is already there, and holds something else than `<case>/downloaded.zip`: \
         `microservice/meter1.proto` differs",
    );
    compose().arg("--overwrite").output().succeeds();
    assert_eq!(
        fs::read(dir.join("microservice/meter1.proto")).unwrap(),
        fs::read(case.at("microservice/meter1.proto")).unwrap()
    );
    fs::remove_dir_all(&dir).unwrap();
    fs::create_dir(&dir).unwrap();
    fs::write(dir.join("letters.txt"), "mine").unwrap();
    compose()
        .arg("--overwrite")
        .output()
        .check(2, "error: `<case>/downloaded` is not a package, so it is not replaced");
}
