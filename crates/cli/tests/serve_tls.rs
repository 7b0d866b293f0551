//! `aieffect serve` over TLS and mutual TLS, as curl and grpcio meet it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

mod support;

use std::fs;
use std::io::Read;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use aieffect_testkit::{Authority, Certified, skip};
use rustix::process::Signal;
use support::{Aieffect, Serving};
use tempfile::TempDir;

/// Files of a CA, and of a certificate of the server.
struct Files {
    folder: TempDir,
    authority: Authority,
}

impl Files {
    fn new() -> Self {
        let authority = Authority::new();
        let files = Self { folder: tempfile::tempdir().unwrap(), authority };
        files.write("ca.pem", &files.authority.pem());
        files.certify("server", &files.authority.issue(&["127.0.0.1", "localhost"]));
        files
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn certify(&self, name: &str, certified: &Certified) {
        self.write(&format!("{name}.pem"), &certified.certificate);
        self.write(&format!("{name}.key"), &certified.key);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn option(&self, option: &str, name: &str) -> String {
        format!("--{option}={}", self.path(name).display())
    }

    fn own(&self) -> [String; 2] {
        [self.option("listen-cert", "server.pem"), self.option("listen-key", "server.key")]
    }

    fn serve(&self, more: &[&str]) -> Serving {
        let own = self.own();
        let args: Vec<&str> = own.iter().map(String::as_str).chain(more.iter().copied()).collect();
        Serving::start(self.folder.path(), &args)
    }

    /// `serve` with these arguments, and gRPC at that address.
    fn serve_at(&self, grpc: &str, args: &[String]) -> Aieffect {
        let store = format!("--store={}", self.path("store").display());
        let serve = Aieffect::new("serve", Path::new("--http-addr=127.0.0.1:0"), self.folder.path());
        serve.args([&format!("--grpc-addr={grpc}"), &store]).args(args)
    }

    /// The same, which is expected to end by itself.
    fn refused(&self, args: &[String]) -> support::Ended {
        self.serve_at("127.0.0.1:0", args).output()
    }
}

/// What the server answers to `/livez`, with the version of HTTP behind it; or how curl ended.
fn live(serving: &Serving, args: &[&str]) -> Result<String, i32> {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--max-time", "60", "--noproxy", "*"]);
    curl.args(["--write-out", "%{http_version}"]).args(args);
    let ended: Output = curl.arg(format!("https://{}/livez", serving.address())).output().unwrap();
    match ended.status.success() {
        true => Ok(String::from_utf8(ended.stdout).unwrap()),
        false => Err(ended.status.code().unwrap()),
    }
}

#[test]
fn curl_speaks_both_versions_of_http_and_knows_the_server() {
    skip!(Curl);
    let files = Files::new();
    let serving = files.serve(&[]);
    let ca = files.path("ca.pem");
    let ca = ca.to_str().unwrap();
    assert_eq!(live(&serving, &["--cacert", ca]), Ok("ok\n2".to_owned()));
    assert_eq!(live(&serving, &["--cacert", ca, "--http1.1"]), Ok("ok\n1.1".to_owned()));
    assert_eq!(live(&serving, &[]), Err(60), "a certificate of a CA that it does not know");
    let mut plain = Command::new("curl");
    plain.args(["--silent", "--noproxy", "*", "--max-time", "60"]);
    let ended = plain.arg(format!("http://{}/livez", serving.address())).output().unwrap();
    assert!(!ended.status.success(), "nothing is spoken without TLS");
}

#[test]
fn clients_without_a_certificate_of_the_ca_are_kept_out() {
    skip!(Curl);
    let files = Files::new();
    files.certify("client", &files.authority.issue(&["a client"]));
    files.certify("stranger", &Authority::new().issue(&["a client"]));
    // No keys, and any address: who comes in is known.
    let client_ca = files.option("listen-client-ca", "ca.pem");
    let serving = files.serve(&[&client_ca]);
    let shown = |name: &str| {
        let (certificate, key) = (files.path(&format!("{name}.pem")), files.path(&format!("{name}.key")));
        let ca = files.path("ca.pem");
        let [ca, certificate, key] = [&ca, &certificate, &key].map(|path| path.to_str().unwrap());
        live(&serving, &["--cacert", ca, "--cert", certificate, "--key", key])
    };
    assert_eq!(shown("client"), Ok("ok\n2".to_owned()));
    assert!(shown("stranger").is_err());
    assert!(live(&serving, &["--cacert", files.path("ca.pem").to_str().unwrap()]).is_err());
}

#[test]
fn grpcio_calls_over_mutual_tls() {
    skip!(Python);
    let files = Files::new();
    files.certify("client", &files.authority.issue(&["a client"]));
    let serving = files.serve(&[&files.option("listen-client-ca", "ca.pem")]);
    let script = "
import sys, grpc
address, *files = sys.argv[1:]
ca, certificate, key = (open(file, 'rb').read() for file in files)
def check(credentials):
    with grpc.secure_channel(address, credentials) as channel:
        return channel.unary_unary('/grpc.health.v1.Health/Check')(b'', timeout=60, wait_for_ready=False)
assert check(grpc.ssl_channel_credentials(ca, key, certificate)) == b'\\x08\\x01'
try:
    check(grpc.ssl_channel_credentials(ca))
except grpc.RpcError as error:
    assert error.code() is grpc.StatusCode.UNAVAILABLE, error
else:
    raise AssertionError('let in without a certificate')
";
    let mut python = Command::new("python3");
    python.args(["-c", script, serving.grpc()]).env("no_proxy", "127.0.0.1");
    python.args(["ca.pem", "client.pem", "client.key"].map(|name| files.path(name)));
    let ended = python.output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
}

#[test]
fn certificates_are_read_again_on_sighup_and_broken_ones_are_not_taken() {
    skip!(Curl);
    let files = Files::new();
    let mut serving = files.serve(&[]);
    let other = Authority::new();
    files.write("other.pem", &other.pem());
    let (ca, other_ca) = (files.path("ca.pem"), files.path("other.pem"));
    let (ca, other_ca) = (["--cacert", ca.to_str().unwrap()], ["--cacert", other_ca.to_str().unwrap()]);
    assert!(live(&serving, &ca).is_ok() && live(&serving, &other_ca).is_err());
    files.certify("server", &other.issue(&["127.0.0.1"]));
    serving.running().signal(Signal::HUP).until("certificates were read again");
    assert!(live(&serving, &ca).is_err() && live(&serving, &other_ca).is_ok());
    files.write("server.key", "no key");
    let said = serving.running().signal(Signal::HUP).line_with("certificates stay as they were");
    assert!(said.contains("server.key` of `--listen-key` holds no key in PEM form"), "{said}");
    assert!(live(&serving, &other_ca).is_ok());
    assert_eq!(serving.stop().code, Some(0));
}

#[test]
fn what_is_wrong_with_the_files_is_said_at_the_start() {
    let files = Files::new();
    let refused = |name: &str, text: &str| {
        files.write(name, text);
        let ended = files.refused(&files.own());
        files.certify("server", &files.authority.issue(&["127.0.0.1"]));
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
        ended.stderr
    };
    let other = files.authority.issue(&["127.0.0.1"]);
    assert!(refused("server.key", &other.key).contains("`--listen-key` is not the key of the certificate"));
    assert!(refused("server.pem", "").contains("server.pem` of `--listen-cert` is empty"));
    let missing = files.refused(&[files.own()[0].clone(), files.option("listen-key", "nowhere")]);
    assert!(missing.stderr.contains("nowhere` of `--listen-key` does not exist"), "{}", missing.stderr);
    let alone = files.refused(&[files.option("listen-client-ca", "ca.pem")]);
    assert_eq!(alone.code, Some(2), "{}", alone.stderr);
}

#[test]
fn a_certificate_whose_time_is_over_is_warned_of() {
    let files = Files::new();
    files.certify("server", &files.authority.issue_expired(&["127.0.0.1"]));
    let serving = files.serve(&[]);
    let said = serving.stop().stderr;
    assert!(said.contains("is good no more since 2001-12-31"), "{said}");
}

#[test]
fn a_certificate_of_the_server_alone_lets_nobody_do_everything_from_elsewhere() {
    let files = Files::new();
    let ended = files.serve_at("0.0.0.0:0", &files.own()).output();
    ended.check(2, "error: whoever reaches 0.0.0.0:0 could run anything: it has no keys");
    ended.says("--listen-client-ca");
    let knowing = [&files.own()[..], &[files.option("listen-client-ca", "ca.pem")]].concat();
    files.write("keys", "portal run 0123456789abcdef\n");
    let keys = files.option("keys", "keys");
    let said = |args: &[String]| {
        // Each is stopped before the next begins: one server works in a store.
        let mut serving = files.serve_at("0.0.0.0:0", args).start();
        serving.until("listening at http").signal(Signal::TERM);
        serving.end().stderr
    };
    said(&knowing);
    let plain = "keys come to 0.0.0.0:0 in plain text";
    assert!(said(std::slice::from_ref(&keys)).contains(plain));
    assert!(!said(&[&files.own()[..], &[keys]].concat()).contains(plain));
}

#[test]
fn whoever_begins_a_handshake_and_says_no_more_holds_nobody_up_and_is_let_go() {
    skip!(Curl);
    let files = Files::new();
    let serving = files.serve(&["--request-timeout=2s"]);
    let ca = files.path("ca.pem");
    let silent: Vec<TcpStream> = [serving.address(), serving.grpc()]
        .iter()
        .flat_map(|address| (0..20).map(|_| TcpStream::connect(*address).unwrap()).collect::<Vec<_>>())
        .collect();
    assert_eq!(live(&serving, &["--cacert", ca.to_str().unwrap()]), Ok("ok\n2".to_owned()));
    for mut stream in silent {
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        assert_eq!(stream.read(&mut [0; 100]).unwrap(), 0, "it is closed");
    }
}
