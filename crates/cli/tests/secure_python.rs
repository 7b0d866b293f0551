//! A Python service over mutual TLS: what grpcio does there is not what rustls does.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

mod support;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use aieffect_testkit::{Authority, Certified, repo_root, skip};
use serde_json::json;
use support::{Aieffect, Package, step_proto};

const TOKEN: &str = "s3cret-token";

/// The service, ended with the value.
struct Service {
    process: Child,
    port: u16,
}

impl Service {
    fn start(folder: &Path, authority: &Authority) -> Self {
        let own = authority.issue(&["127.0.0.1"]);
        let (certificate, key) = written(folder, "service", &own);
        let ca = folder.join("ca.pem");
        std::fs::write(&ca, authority.pem()).unwrap();
        let mut command = Command::new("python3");
        command.arg(repo_root().join("crates/cli/tests/python/secure_service.py"));
        command.args([certificate, key, ca]).arg(TOKEN).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { process, port: line.trim().parse().unwrap() }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Gone already where it ended by itself.
        let _ = self.process.kill();
        self.process.wait().unwrap();
    }
}

fn written(folder: &Path, name: &str, certified: &Certified) -> (PathBuf, PathBuf) {
    let (certificate, key) = (folder.join(format!("{name}.pem")), folder.join(format!("{name}.key")));
    std::fs::write(&certificate, &certified.certificate).unwrap();
    std::fs::write(&key, &certified.key).unwrap();
    (certificate, key)
}

fn package(port: u16) -> Package {
    Package::new().node("a1", port, &step_proto("a"), &["Do"]).written()
}

#[test]
fn a_python_service_is_called_over_mutual_tls_with_a_token() {
    skip!(Python);
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let service = Service::start(folder.path(), &authority);
    let package = package(service.port);
    let call = |own: Option<&Certified>| {
        let call = Aieffect::new("call", package.path(), package.path()).arg("a1:Do");
        let call = call.env("no_proxy", "127.0.0.1").env("MY_TOKEN", TOKEN);
        let call = call.arg("--tls-ca").arg(folder.path().join("ca.pem"));
        let Some(own) = own else { return call };
        let (certificate, key) = written(folder.path(), "own", own);
        call.arg("--tls-cert").arg(certificate).arg("--tls-key").arg(key)
    };
    let own = authority.issue(&["orchestrator"]);
    let ended = call(Some(&own)).args(["--token-env", "MY_TOKEN"]).output();
    ended.succeeds();
    assert_eq!(ended.results()["success"], json!(true));

    let without_token = call(Some(&own)).output();
    without_token.check(1, "error: a1:Do failed: the service answered UNAUTHENTICATED: no token");

    let without_certificate = call(None).args(["--ready-timeout", "1s"]).output();
    assert_eq!(without_certificate.code, Some(4), "{}", without_certificate.stderr);
    without_certificate.says("client certificate");

    let other = Authority::new().issue(&["orchestrator"]);
    let foreign = call(Some(&other)).args(["--ready-timeout", "1s"]).output();
    assert_eq!(foreign.code, Some(4), "{}", foreign.stderr);
    foreign.says("client certificate");

    let plain =
        Aieffect::new("call", package.path(), package.path()).args(["a1:Do", "--ready-timeout", "1s"]);
    let plain = plain.output();
    assert_eq!(plain.code, Some(4), "{}", plain.stderr);
    plain.says("the service may expect TLS");
}

#[test]
fn a_request_over_the_limit_of_a_python_service_says_what_to_raise() {
    skip!(Python);
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let service = Service::start(folder.path(), &authority);
    let package = package(service.port);
    let (certificate, key) = written(folder.path(), "own", &authority.issue(&["orchestrator"]));
    let request = folder.path().join("request.json");
    std::fs::write(&request, json!({"text": "x".repeat(5_000_000)}).to_string()).unwrap();
    let call = Aieffect::new("call", package.path(), package.path()).arg("a1:Do").arg("--data").arg(request);
    let call = call.arg("--tls-ca").arg(folder.path().join("ca.pem"));
    let ended = call.arg("--tls-cert").arg(certificate).arg("--tls-key").arg(key).output();
    ended.check(
        1,
        "error: a1:Do failed: the request has 4.7 MiB and is over the limit of 4 MiB (Python services take 4 MiB unless they raise `grpc.max_receive_message_length`)",
    );
}
