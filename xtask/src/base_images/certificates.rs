//! The certificate authorities that this machine trusts, for containers that go through the same network.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

/// Where the distributions keep their bundle.
const BUNDLES: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem"];

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// The bundle as text; empty where there is none.
pub(super) fn of_this_machine() -> Result<String> {
    let named = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    let places = named.into_iter().chain(BUNDLES.map(PathBuf::from));
    let Some(bundle) = places.into_iter().find(|place| place.is_file()) else { return Ok(String::new()) };
    fs::read_to_string(&bundle).with_context(|| format!("{} cannot be read", bundle.display()))
}

/// The certificates of the one bundle that the other does not have.
pub(super) fn missing_from(bundle: &str, wanted: &str) -> Vec<String> {
    let known: Vec<String> = certificates(bundle).collect();
    certificates(wanted).filter(|certificate| !known.contains(certificate)).collect()
}

/// Each with its two marks, and no comments between.
fn certificates(bundle: &str) -> impl Iterator<Item = String> {
    bundle.split(BEGIN).skip(1).filter_map(|rest| {
        let (body, _) = rest.split_once(END)?;
        let lines = body.split_ascii_whitespace().collect::<Vec<_>>().join("\n");
        Some(format!("{BEGIN}\n{lines}\n{END}\n"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_missing_is_taken_whatever_the_line_ends() {
        let own = format!("# one\n{BEGIN}\nAAAA\nBBBB\n{END}\n");
        let host = format!("{BEGIN}\r\nAAAA\r\nBBBB\r\n{END}\r\n# two\n{BEGIN}\nCCCC\n{END}\n");
        assert_eq!(missing_from(&own, &host), [format!("{BEGIN}\nCCCC\n{END}\n")]);
    }

    #[test]
    fn a_certificate_without_end_is_none() {
        assert!(missing_from("", &format!("{BEGIN}\nAAAA\n")).is_empty());
    }
}
