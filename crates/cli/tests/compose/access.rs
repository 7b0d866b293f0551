//! `compose` with TLS files and a token for the orchestrator.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use aieffect_blueprint::{Document, SourceText};
use aieffect_testkit::{Authority, Bound, Protos, ServerTls};
use serde_json::{Value, json};

use crate::case::Case;
use crate::support::{Aieffect, Package, step_proto};

const TOKEN: &str = "eyJhbGciOi.s3cret-TOKEN_x~1";

fn orchestrator(yaml: &str) -> Value {
    let document = Document::yaml(&SourceText::new("docker-compose.yml", yaml)).unwrap();
    document.value()["services"]["orchestrator"].clone()
}

/// Runs `orchestrate` here as the stack would in its container: with its variables, and its mounts put where they are.
fn as_in_the_container(package: &Package, inherited: &[(&str, &str)]) -> Aieffect {
    let service = orchestrator(&fs::read_to_string(package.path().join("docker-compose.yml")).unwrap());
    let mounts: Vec<(String, String)> = service["volumes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|mount| {
            let mut parts = mount.as_str().unwrap().split(':');
            let (source, target) = (parts.next().unwrap(), parts.next().unwrap());
            assert!(target == "/results" || parts.next() == Some("ro"), "{mount}");
            (target.to_owned(), package.path().join(source).to_str().unwrap().to_owned())
        })
        .collect();
    let here = |text: &str| {
        let mount = mounts.iter().find_map(|(target, source)| Some((source, text.strip_prefix(target)?)));
        mount.map_or_else(|| text.to_owned(), |(source, rest)| format!("{source}{rest}"))
    };
    let mut orchestrate = package.orchestrate();
    for (name, value) in service["environment"].as_object().unwrap() {
        let given = inherited.iter().find(|(inherited, _)| inherited == name);
        let value = value.as_str().map(here).or_else(|| given.map(|(_, value)| (*value).to_owned()));
        if let Some(value) = value {
            orchestrate = orchestrate.env(name, value);
        }
    }
    orchestrate
}

fn written(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn an_orchestrator_has_what_services_ask_for() {
    let authority = Authority::new();
    let tls = ServerTls::new(authority.issue(&["127.0.0.1"])).only_for_clients_of(&authority);
    let server = Bound::new(Protos::new(&[("a.proto", &step_proto("a"))]))
        .on("/a.Step/Do", |_| json!({"success": true, "text": "fine"}))
        .tls(tls)
        .start();
    let package = Package::new().node("a1", server.port(), &step_proto("a"), &["Do"]).written();
    let certs = tempfile::tempdir().unwrap();
    let own = authority.issue(&["orchestrator"]);
    let ca = written(certs.path(), "ca.pem", &authority.pem());
    let certificate = written(certs.path(), "own.pem", &own.certificate);
    let key = written(certs.path(), "own.key", &own.key);
    let token = written(certs.path(), "token", TOKEN);
    let compose = || {
        Aieffect::new("compose", package.path(), package.path())
            .args(["--orchestrator-image", "aieffect:0.1.0", "--tls-ca", &ca])
            .args(["--tls-cert", &certificate, "--tls-key", &key])
    };
    let bearer = format!("Bearer {TOKEN}");

    compose().args(["--token-file", &token]).output().succeeds();
    as_in_the_container(&package, &[]).output().succeeds();
    compose().args(["--token-env", "MY_TOKEN"]).env("MY_TOKEN", TOKEN).output().succeeds();
    let yaml = fs::read_to_string(package.path().join("docker-compose.yml")).unwrap();
    assert!(!yaml.contains(TOKEN) && yaml.contains("MY_TOKEN"), "{yaml}");
    as_in_the_container(&package, &[("MY_TOKEN", TOKEN)]).output().succeeds();
    let calls = server.calls_of("/a.Step/Do");
    assert_eq!(calls.len(), 2);
    assert!(calls.iter().all(|call| call.metadata["authorization"] == bearer), "{calls:?}");
}

#[test]
fn what_a_stack_could_not_use_is_refused_or_said() {
    let case = Case::new();
    let authority = Authority::new();
    let own = authority.issue(&["orchestrator"]);
    let ca = written(case.dir.path(), "ca.pem", &authority.pem());
    let certificate = written(case.dir.path(), "own.pem", &own.certificate);
    let key = written(case.dir.path(), "own.key", &own.key);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let secret = written(case.dir.path(), "empty", "");

    let missing = case.compose().args(["--tls-ca", "/nowhere/ca.pem"]).output();
    missing.check(2, "error: `/nowhere/ca.pem` of `--tls-ca` does not exist");
    let no_token = case.compose().args(["--token-file", &secret]).output();
    assert_eq!(no_token.code, Some(2), "{}", no_token.stderr);
    let typed = case.compose().args(["--token-env", TOKEN]).output();
    assert_eq!(typed.code, Some(2), "{}", typed.stderr);
    assert!(!typed.stderr.contains(TOKEN), "{}", typed.stderr);
    let none = case.compose_of(&case.package).args(["--no-orchestrator", "--tls-ca", &ca]).output();
    none.check(2, "error: `--no-orchestrator` leaves out whom `--tls-…` and `--token-…` are for");
    assert!(!case.at("docker-compose.yml").exists());

    let all = ["--tls-ca", &ca, "--tls-cert", &certificate, "--tls-key", &key, "--token-env", "MY_TOKEN"];
    let ended = case.compose().args(all).env("MY_TOKEN", TOKEN).output();
    ended.succeeds();
    ended.says(
        "warning: the orchestrator runs as user 10001, who cannot read <case>/own.key: sudo chown 10001 ",
    );
    assert!(!ended.stderr.contains("cannot read <case>/ca.pem") && !ended.stderr.contains(TOKEN));
    ended.says("          the token is taken from MY_TOKEN there");
    assert!(!case.read("docker-compose.yml").contains("healthcheck"), "it would ask in plain text");
    let volumes = orchestrator(&case.read("docker-compose.yml"))["volumes"].to_string();
    assert!(volumes.contains("\"../own.key:/access/key.pem:ro\""), "{volumes}");
}
