//! A server whose disk is full says so, and goes on when there is room.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

use std::process::Command;

use aieffect_testkit::skip;

#[test]
fn a_server_is_not_ready_while_nothing_can_be_written() {
    skip!(Mount, Curl);
    let disk = tempfile::tempdir().unwrap();
    // Each state is waited for; a whole test that takes a minute has failed.
    let script = r#"
        mount -t tmpfs -o size=4m tmpfs "$DISK" || exit 99
        "$AIEFFECT" serve --http-addr 127.0.0.1:0 --grpc-addr 127.0.0.1:0 --store "$DISK/store" 2> "$DISK/log" &
        server=$!
        trap 'kill -KILL $server' EXIT
        until address=$(grep -o 'http://.*' "$DISK/log"); do kill -0 $server || exit 98; done
        is() { until [ "$(curl --silent --output /dev/null --write-out '%{http_code}' "$address/readyz")" = "$1" ]; do :; done; echo "$1"; }
        is 200
        dd if=/dev/zero of="$DISK/fill" bs=64k 2> /dev/null
        is 503
        [ "$(curl --silent "$address/readyz")" = 'not ready' ] && echo 'says no more'
        [ "$(curl --silent "$address/livez")" = ok ] && echo 'alive'
        rm "$DISK/fill"
        is 200
    "#;
    let output = Command::new("timeout")
        .args(["60", "unshare", "-rm", "sh", "-c", script])
        .env("DISK", disk.path())
        .env("AIEFFECT", env!("CARGO_BIN_EXE_aieffect"))
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said, "200\n503\nsays no more\nalive\n200\n", "{errors}");
}
