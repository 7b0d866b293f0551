//! `aieffect.toml`: what is said by a flag, the environment, the file and nobody, and what of the file is wrong.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

mod support;

use std::fs;
use std::path::Path;

use serde_json::Value;
use support::{Aieffect, Serving};
use tempfile::TempDir;

fn folder(file: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("aieffect.toml"), file).unwrap();
    folder
}

fn config(word: &str, folder: &TempDir) -> Aieffect {
    Aieffect::new("config", Path::new(word), folder.path()).current_dir(folder.path())
}

/// Value and origin of an option, as `config show --format json` has them.
fn setting(shown: &Value, name: &str) -> (String, Value) {
    let all = shown.as_array().unwrap();
    let one = all.iter().find(|setting| setting["name"] == name).unwrap();
    let values: Vec<_> =
        one["values"].as_array().unwrap().iter().map(|value| value.as_str().unwrap()).collect();
    (values.join(","), one["origin"].clone())
}

#[test]
fn a_flag_goes_over_the_environment_over_the_file_over_the_default() {
    let folder =
        folder("max-runs = 8\nmax-waiting = 9\ngrace = '5s'\nallow-endpoints = ['a.b', '10.0.0.0/8']\n");
    let show = config("show", &folder).env("AIEFFECT_MAX_WAITING", "10").env("AIEFFECT_MAX_RUNS", "11");
    let ended = show.args(["--max-runs=12", "--format=json"]).output();
    ended.succeeds();
    let shown: Value = serde_json::from_str(&ended.stdout).unwrap();
    insta::assert_snapshot!(
        ["max-runs", "max-waiting", "grace", "allow-endpoints", "durable"].map(|name| {
            let (value, origin) = setting(&shown, name);
            format!("{name}: {value} {origin}")
        }).join("\n"), @r#"
    max-runs: 12 {"from":"flag"}
    max-waiting: 10 {"from":"environment","variable":"AIEFFECT_MAX_WAITING"}
    grace: 5s {"from":"file","file":"aieffect.toml","line":3}
    allow-endpoints: a.b,10.0.0.0/8 {"from":"file","file":"aieffect.toml","line":4}
    durable: false {"from":"default"}
    "#);
}

#[test]
fn what_is_shown_is_for_people() {
    let folder = folder("# ours\nstore = 'runs'\ninsecure = true\n");
    let ended = config("show", &folder).arg("--max-runs=3").output();
    ended.succeeds();
    let own = ["store", "insecure", "max-runs", "keys", "grace"];
    // How wide the columns are depends on what else there is.
    let words = ended.stdout.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let lines: Vec<_> = words.filter(|words| own.contains(&words[0])).map(|words| words.join(" ")).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    store runs aieffect.toml:2
    keys - default
    insecure true aieffect.toml:3
    max-runs 3 flag
    grace 10s default
    "#);
}

#[test]
fn paths_are_those_seen_from_the_file() {
    let folder = folder("");
    fs::create_dir(folder.path().join("etc")).unwrap();
    fs::write(folder.path().join("etc/server.toml"), "store = 'runs'\nkeys = '/keys'\n").unwrap();
    let ended = config("show", &folder).args(["--config=etc/server.toml", "--format=json"]).output();
    let shown: Value = serde_json::from_str(&ended.succeeds().stdout).unwrap();
    assert_eq!(setting(&shown, "store").0, "etc/runs");
    assert_eq!(setting(&shown, "keys").0, "/keys");
}

#[test]
fn all_that_is_wrong_is_told_at_once_with_its_place() {
    let folder = folder(
        "stor = 'x'\nmax-runs = 0\nlog-level = 'loud'\nhttp-addr = ['a', 'b']\ntoken-env = 'A'\ntoken-file = 'b'\n",
    );
    for command in [config("show", &folder), config("show", &folder).arg("--format=json")] {
        let ended = command.output();
        ended.check(3, "error: the configuration has 5 errors");
        assert_eq!(ended.stdout, "");
    }
    let ended = Aieffect::new("serve", Path::new("--http-addr=127.0.0.1:0"), folder.path());
    let ended = ended.current_dir(folder.path()).output();
    insta::assert_snapshot!(ended.masked_stderr(), @r#"
    error[AE0006]: `stor` is not known
     --> aieffect.toml:1:1
      |
    1 | stor = 'x'
      | ^^^^
    2 | max-runs = 0
      |
      = help: did you mean `store`?

    error[AE0008]: `0` is no value of `max-runs`: 0 is not in 1..=65535
     --> aieffect.toml:2:12
      |
    1 | stor = 'x'
    2 | max-runs = 0
      |            ^
    3 | log-level = 'loud'
      |

    error[AE0008]: `loud` is no value of `log-level`
     --> aieffect.toml:3:13
      |
    2 | max-runs = 0
    3 | log-level = 'loud'
      |             ^^^^^^
    4 | http-addr = ['a', 'b']
      |
      = help: it is one of DEBUG, INFO, WARNING, ERROR

    error[AE0005]: `http-addr` is one value, and not a list
     --> aieffect.toml:4:13
      |
    3 | log-level = 'loud'
    4 | http-addr = ['a', 'b']
      |             ^^^^^^^^^^
    5 | token-env = 'A'
      |

    error[AE0009]: `token-file` says what `token-env` says too
     --> aieffect.toml:5:1
      |
    4 | http-addr = ['a', 'b']
    5 | token-env = 'A'
      | ^^^^^^^^^ this one
    6 | token-file = 'b'
      | ^^^^^^^^^^
      |
      = help: leave one of them out
    error: the configuration has 5 errors
    "#);
}

#[test]
fn what_is_typed_leaves_nothing_to_what_the_file_says_against_it() {
    let folder = folder("token-env = 'NOT_SET'\n");
    fs::write(folder.path().join("token"), "abc").unwrap();
    let ended = config("show", &folder).args(["--token-file=token", "--format=json"]).output();
    let shown: Value = serde_json::from_str(&ended.succeeds().stdout).unwrap();
    assert_eq!(setting(&shown, "token-env").0, "");
    assert_eq!(setting(&shown, "token-file").0, "token");
}

#[test]
fn what_is_no_configuration_is_refused() {
    let folder = folder("a = \n");
    config("show", &folder).output().check(3, "error: the configuration has 1 error");
    let ended = config("show", &folder).arg("--config=none.toml").output();
    ended.check(2, "error: `none.toml` of `--config` cannot be read: No such file or directory (os error 2)");
    fs::write(folder.path().join("large.toml"), "#".repeat(1024 * 1024 + 1)).unwrap();
    let ended = config("show", &folder).arg("--config=large.toml").output();
    ended.check(2, "error: `large.toml` is over 1 MiB: it is no configuration");
    fs::write(folder.path().join("bytes.toml"), [0xff]).unwrap();
    let ended = config("show", &folder).arg("--config=bytes.toml").output();
    ended.check(3, "error: `bytes.toml` is no text in UTF-8");
}

#[test]
fn a_file_says_one_half_of_a_certificate_in_vain() {
    let folder = folder("tls-ca = 'ca.pem'\ntls-cert = 'own.pem'\n");
    let ended = Aieffect::new("serve", Path::new("--http-addr=127.0.0.1:0"), folder.path());
    let ended = ended.current_dir(folder.path()).output();
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    ended.says("belong together");
}

#[test]
fn half_of_tls_never_becomes_a_server_in_plain_text() {
    let whole = ["listen-cert", "listen-key", "listen-client-ca"];
    for said in [&whole[..1], &whole[1..2], &whole[2..], &[whole[0], whole[2]], &[whole[1], whole[2]]] {
        let lines: Vec<String> = said.iter().map(|key| format!("{key} = 'some.pem'\n")).collect();
        let folder = folder(&lines.concat());
        // Also where others reach it, and a CA alone would say that they are known.
        for address in ["--http-addr=127.0.0.1:0", "--http-addr=0.0.0.0:0"] {
            let ended = Aieffect::new("serve", Path::new(address), folder.path());
            let ended = ended.current_dir(folder.path()).args(["--grpc-addr=127.0.0.1:0"]).output();
            ended.check(
                2,
                "error: `--listen-cert` and `--listen-key` belong together, and `--listen-client-ca` wants both: \
                 TLS is spoken with a certificate and its key",
            );
        }
    }
}

#[test]
fn options_that_belong_together_may_come_from_different_places() {
    let folder = folder("listen-cert = 'own.pem'\ntls-ca = 'ca.pem'\ntls-cert = 'own.pem'\n");
    let show = config("show", &folder).env("AIEFFECT_LISTEN_KEY", "own.key");
    let ended = show.args(["--tls-key=own.key", "--listen-client-ca=ca.pem", "--format=json"]).output();
    let shown: Value = serde_json::from_str(&ended.succeeds().stdout).unwrap();
    assert_eq!(setting(&shown, "listen-cert").0, "own.pem");
    assert_eq!(setting(&shown, "listen-key").0, "own.key");
    assert_eq!(setting(&shown, "tls-key").0, "own.key");
    // They are looked at together once all of them are known.
    let ended = Aieffect::new("serve", Path::new("--http-addr=127.0.0.1:0"), folder.path());
    let ended = ended.current_dir(folder.path()).args(["--listen-key=own.key"]).output();
    ended.check(2, "error: `own.pem` of `--listen-cert` does not exist");
}

#[test]
fn a_list_of_nothing_is_not_taken_for_everything() {
    let folder = folder("allow-endpoints = []\n");
    let ended = config("show", &folder).output();
    ended.check(3, "error: the configuration has 1 error");
    ended.says("`allow-endpoints` is a list of nothing").says("leave the key out for all");
}

#[test]
fn a_variable_that_is_set_to_nothing_counts_as_not_set() {
    let folder = folder("max-runs = 8\nkeys = 'keys'\n");
    let empty = ["MAX_RUNS", "KEYS", "GRACE", "ALLOW_ENDPOINTS", "DURABLE", "CONFIG"];
    let show =
        empty.iter().fold(config("show", &folder), |show, name| show.env(&format!("AIEFFECT_{name}"), ""));
    let ended = show.args(["--format=json"]).output();
    let shown: Value = serde_json::from_str(&ended.succeeds().stdout).unwrap();
    assert_eq!(setting(&shown, "max-runs").0, "8");
    assert_eq!(setting(&shown, "keys").0, "keys");
    for name in ["grace", "allow-endpoints", "durable"] {
        assert_eq!(setting(&shown, name).1["from"], "default", "{name}");
    }
}

#[test]
fn the_file_that_init_writes_is_taken_with_and_without_its_comments() {
    let folder = folder("");
    let ended = config("init", &folder).output();
    ended.check(2, "error: `aieffect.toml` is there already");
    assert_eq!(fs::read(folder.path().join("aieffect.toml")).unwrap(), b"");
    config("init", &folder).arg("new.toml").output().succeeds();
    let written = fs::read_to_string(folder.path().join("new.toml")).unwrap();
    let show = |file: &str| {
        let ended = config("show", &folder).args([&format!("--config={file}"), "--format=json"]).output();
        serde_json::from_str::<Value>(&ended.succeeds().stdout).unwrap()
    };
    let plain = show("aieffect.toml");
    assert_eq!(show("new.toml"), plain, "nothing is set");
    // What has a default has it there as an example; names of files and hosts are only names.
    let is_name =
        |line: &str| line.chars().any(|letter| letter.is_ascii_uppercase()) && !line.starts_with("log-");
    let set = written.lines().filter_map(|line| line.strip_prefix('#'));
    let set: Vec<_> = set.filter(|line| !line.starts_with(' ') && !is_name(line)).collect();
    assert!(set.len() > 10, "{written}");
    fs::write(folder.path().join("set.toml"), set.join("\n")).unwrap();
    for setting in show("set.toml").as_array().unwrap() {
        let before = plain.as_array().unwrap().iter().find(|other| other["name"] == setting["name"]).unwrap();
        assert_eq!(setting["values"], before["values"], "{setting}");
    }
}

#[test]
fn a_server_is_configured_by_the_file_that_it_is_given() {
    let folder = folder("");
    fs::write(folder.path().join("keys"), "portal run 6c1f0b6f8d2f4f0fa4b7c9a1\n").unwrap();
    let file = folder.path().join("server.toml");
    fs::write(&file, "keys = 'keys'\n").unwrap();
    let store = tempfile::tempdir().unwrap();
    let serving = Serving::start(store.path(), &[&format!("--config={}", file.display())]);
    assert_eq!(serving.get("/api/v1/runs").status, 401);
    let serving = serving.with_key("6c1f0b6f8d2f4f0fa4b7c9a1");
    assert_eq!(serving.get("/api/v1/runs").status, 200);
    let ended = serving.stop();
    assert!(ended.stderr.contains("configured by "), "{}", ended.stderr);
}
