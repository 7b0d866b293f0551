//! TLS and tokens as a user meets them: what is asked for, what a service sees, and what never shows.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

mod support;

use std::fs;
use std::path::Path;

use aieffect_testkit::{Authority, Bound, Protos, Reply, ServerTls};
use serde_json::json;
use support::{Aieffect, Package, step_proto};

const DO: &str = "/a.Step/Do";
const TOKEN: &str = "eyJhbGciOi.s3cret-TOKEN_x~1";

fn bound() -> Bound {
    Bound::new(Protos::new(&[("a.proto", &step_proto("a"))]))
}

fn serving() -> Bound {
    bound().on(DO, |_| json!({"success": true, "text": "fine"}))
}

fn package(port: u16) -> Package {
    let settings = json!({"parameters": {"text": "hello"}, "attempts": 2, "backoff": "1ms"});
    Package::new().node("a1", port, &step_proto("a"), &["Do"]).operation("a1:Do", &settings).written()
}

fn call(package: &Package) -> Aieffect {
    Aieffect::new("call", package.path(), package.path()).arg("a1:Do")
}

/// Writes a file beside the package's.
fn file(package: &Package, name: &str, text: &str) -> String {
    let path = package.path().join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_pipeline_runs_over_mutual_tls() {
    let authority = Authority::new();
    let tls = ServerTls::new(authority.issue(&["127.0.0.1"])).only_for_clients_of(&authority);
    let server = serving().tls(tls).start();
    let package = package(server.port());
    let own = authority.issue(&["orchestrator"]);
    let ca = file(&package, "ca.pem", &authority.pem());
    let certificate = file(&package, "own.pem", &own.certificate);
    let key = file(&package, "own.key", &own.key);
    let all = ["--tls-ca", &ca, "--tls-cert", &certificate, "--tls-key", &key];
    package.orchestrate().args(all).output().succeeds();
    call(&package).args(all).output().succeeds();
    let by_variables = package.orchestrate().env("AIEFFECT_TLS_CA", &ca);
    let by_variables = by_variables.env("AIEFFECT_TLS_CERT", &certificate).env("AIEFFECT_TLS_KEY", &key);
    by_variables.output().succeeds();
    assert_eq!(server.calls_of(DO).len(), 3);

    let without = package.orchestrate().args(["--tls-ca", &ca]).output();
    without.check(4, "error: a1 could not be reached: no secure connection to `127.0.0.1:<port>`: it asks for a client certificate: give one that is signed by a CA that it trusts");
    let without = call(&package).args(["--tls-ca", &ca]).output();
    assert_eq!(without.code, Some(4), "{}", without.stderr);
    without.says("it asks for a client certificate");
    assert_eq!(server.calls_of(DO).len(), 3);
}

#[test]
fn a_certificate_that_cannot_be_trusted_is_exit_4_at_once() {
    let server = serving().tls(ServerTls::new(Authority::new().issue(&["127.0.0.1"]))).start();
    let package = package(server.port());
    let ca = file(&package, "ca.pem", &Authority::new().pem());
    let ended = package.orchestrate().args(["--tls-ca", &ca, "--ready-timeout", "5m"]).output();
    ended.check(4, "error: a1 could not be reached: no secure connection to `127.0.0.1:<port>`: its certificate is not signed by the CA that was given: give the certificate of the CA that signed it");
    assert_eq!(server.calls().len(), 0);
}

#[test]
fn options_that_need_each_other_are_asked_for() {
    let package = package(1);
    let ca = file(&package, "ca.pem", &Authority::new().pem());
    for given in [
        vec!["--tls-cert", "own.pem", "--tls-key", "own.key"],
        vec!["--tls-ca", &ca, "--tls-cert", "own.pem"],
        vec!["--tls-ca", &ca, "--tls-key", "own.key"],
    ] {
        let ended = package.orchestrate().args(&given).output();
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
        ended.says("`--tls-cert`, `--tls-key` and `--tls-ca` belong together");
    }
}

#[test]
fn a_file_that_is_not_what_it_should_be_is_named() {
    let authority = Authority::new();
    let (one, other) = (authority.issue(&["a"]), authority.issue(&["b"]));
    let package = package(1);
    let ca = file(&package, "ca.pem", &authority.pem());
    let certificate = file(&package, "own.pem", &one.certificate);
    let empty = file(&package, "empty.pem", "");
    let other = file(&package, "other.key", &other.key);
    let nowhere = package.path().join("nowhere.pem");
    let nowhere = nowhere.to_str().unwrap();
    let check = |args: &[&str], last: &str| {
        let ended = package.orchestrate().args(args).output();
        ended.check(2, last);
    };
    check(&["--tls-ca", nowhere], "error: `<case>/nowhere.pem` of `--tls-ca` does not exist");
    check(&["--tls-ca", &empty], "error: `<case>/empty.pem` of `--tls-ca` is empty");
    check(
        &["--tls-ca", &ca, "--tls-cert", &certificate, "--tls-key", &ca],
        "error: `<case>/ca.pem` of `--tls-key` holds no key in PEM form (`-----BEGIN PRIVATE KEY-----`)",
    );
    check(
        &["--tls-ca", &ca, "--tls-cert", &certificate, "--tls-key", &other],
        "error: `<case>/other.key` of `--tls-key` is not the key of the certificate",
    );
    check(
        &["--token-file", &empty],
        "error: `<case>/empty.pem` of `--token-file` holds no token: it is empty",
    );
    check(
        &["--token-file", &ca],
        "error: `<case>/ca.pem` of `--token-file` holds no bearer token: that is one word of letters, digits and `-._~+/=`",
    );
}

/// Whether a file below the folder holds the token.
fn holds_token(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).any(|path| {
        if path.is_dir() {
            holds_token(&path)
        } else {
            String::from_utf8_lossy(&fs::read(path).unwrap()).contains(TOKEN)
        }
    })
}

#[test]
fn a_token_is_sent_with_every_call_and_shows_nowhere() {
    let server = bound()
        .on(DO, |received| match received.earlier {
            0 => Reply::status(tonic::Code::Unavailable, format!("no {TOKEN}")),
            1 | 3 => json!({"success": true, "text": "fine"}).into(),
            _ => Reply::status(tonic::Code::Unauthenticated, format!("{TOKEN} is too old")),
        })
        .start();
    let package = package(server.port());
    let output = package.path().join("results.json");
    let asked = || {
        let all = ["--token-env", "MY_TOKEN", "--log-level", "DEBUG", "--output", output.to_str().unwrap()];
        package.orchestrate().args(all).env("MY_TOKEN", TOKEN)
    };
    let (first, second) = (asked().output(), asked().output());
    first.succeeds();
    second.check(1, "error: a1:Do failed: the service answered UNAUTHENTICATED: <token> is too old");
    let outside = tempfile::NamedTempFile::new().unwrap();
    fs::write(outside.path(), format!("{TOKEN}\n")).unwrap();
    let third = call(&package).arg("--token-file").arg(outside.path()).output();
    third.succeeds();
    for ended in [&first, &second, &third] {
        assert!(!ended.stdout.contains(TOKEN), "{}", ended.stdout);
        assert!(!ended.stderr.contains(TOKEN), "{}", ended.stderr);
    }
    assert!(!holds_token(package.path()));
    let shown: Vec<_> = server.calls().iter().map(|call| call.metadata["authorization"].clone()).collect();
    assert_eq!(shown, vec![format!("Bearer {TOKEN}"); 4]);
}

#[test]
fn a_token_in_the_place_of_its_variables_name_is_not_repeated() {
    let package = package(1);
    let ended = package.orchestrate().args(["--token-env", TOKEN]).output();
    ended.check(2, "error: the environment variable that `--token-env` names is not set");
    ended.says("`--token-env` takes the name of a variable, and not the token");
    assert!(!ended.stderr.contains(TOKEN), "{}", ended.stderr);
    let help = package.orchestrate().env("AIEFFECT_TOKEN_ENV", TOKEN).arg("--help").output();
    assert!(help.stdout.contains("AIEFFECT_TOKEN_ENV") && !help.stdout.contains(TOKEN), "{}", help.stdout);
    let both = package.orchestrate().args(["--token-env", TOKEN, "--token-file", "token"]).output();
    assert_eq!(both.code, Some(2), "{}", both.stderr);
    assert!(!both.stderr.contains(TOKEN), "{}", both.stderr);
    let empty = package.orchestrate().args(["--token-env", "MY_TOKEN"]).env("MY_TOKEN", " ").output();
    empty.check(2, "error: the environment variable that `--token-env` names holds no token: it is empty");
}

#[test]
fn a_token_that_leaves_this_machine_in_plain_text_is_warned_of() {
    let package = package(1);
    package.stand_at_hosts(&[("a1", "a:1")]);
    let asked = |package: &Package| {
        let asked = package.orchestrate().args(["--token-env", "MY_TOKEN", "--ready-timeout", "1ms"]);
        asked.env("MY_TOKEN", TOKEN).output()
    };
    asked(&package).says("the token goes to a1:1 in plain text, and whoever is on the way can read it");
    let held = bound();
    let here = asked(&self::package(held.port()));
    assert_eq!(here.code, Some(4), "{}", here.stderr);
    assert!(!here.stderr.contains("plain text"), "{}", here.stderr);
}
