//! What needs no daemon: cargo, this program itself, free ports.

use std::net::{Ipv4Addr, TcpListener};
use std::ops::RangeInclusive;
use std::time::Duration;

use aieffect_blueprint::Port;

use super::verdict::Verdict;
use crate::static_binary::is_static;
use crate::tool::{Answer, ask};

/// As many as most stacks publish.
const LOOKED_AT: u16 = 16;

/// Whether services in Rust can be built.
pub(super) async fn cargo(patience: Duration) -> Verdict {
    let answer = ask("cargo", ["--version"], b"", patience).await;
    match &answer {
        Answer::Said(text) => Verdict::Fine { found: text.strip_prefix("cargo ").unwrap_or(text).to_owned() },
        _ => Verdict::missing(
            answer.trouble("cargo").unwrap_or_default(),
            "install Rust: https://rustup.rs; with no rustup toolchain yet, `rustup default stable`",
        ),
    }
}

/// Whether this program can be put into an image that has nothing else.
pub(super) fn own_binary() -> Verdict {
    let bytes = std::env::current_exe().and_then(std::fs::read);
    match bytes {
        Ok(bytes) if is_static(&bytes) => {
            Verdict::Fine { found: "this program needs no libraries".to_owned() }
        }
        Ok(_) => Verdict::missing(
            "this program needs libraries of this system, so it starts in no empty image",
            "`cargo xtask dist` in its sources makes one that does",
        ),
        Err(error) => Verdict::NotTried { reason: format!("this program cannot read itself: {error}") },
    }
}

/// Which of the first ports that a stack publishes are taken.
pub(super) fn ports() -> Verdict {
    let first = Port::DEFAULT.get();
    ports_of(first..=first.saturating_add(LOOKED_AT - 1))
}

fn ports_of(range: RangeInclusive<u16>) -> Verdict {
    let (first, last) = (*range.start(), *range.end());
    let taken: Vec<u16> = range.filter(|port| !is_free(*port)).collect();
    if taken.is_empty() {
        return Verdict::Fine { found: format!("{first} to {last} are free") };
    }
    let listed: Vec<String> = taken.iter().map(u16::to_string).collect();
    Verdict::missing(
        format!("of {first} to {last}, these are taken: {}", listed.join(", ")),
        "end what listens there (`ss -ltnp` lists it), or give `aieffect compose` another --base-port",
    )
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_listened_on_is_named() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let Verdict::Missing { found, .. } = ports_of(port..=port) else { panic!("{port} is taken") };
        assert!(found.ends_with(&format!("taken: {port}")), "{found}");
    }
}
