//! Hosts and ports as documents write them.

use std::net::IpAddr;
use std::str::FromStr;

use serde_json::Value;

use crate::{Address, At, Code, Diagnostic, Findings, Port, Reader};

/// A text that is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("write a host and a port, such as `127.0.0.1:50051`, `data-analyzer:50051` or `[::1]:50051`")]
pub struct AddressError;

impl FromStr for Address {
    type Err = AddressError;

    /// Takes `host:port`; an IPv6 address stands in brackets.
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (host, port) = text.rsplit_once(':').ok_or(AddressError)?;
        let is_bare_v6 = host.contains(':') && !host.starts_with('[');
        let port = port.parse().map_err(|_| AddressError)?;
        if is_bare_v6 || !is_host(host) {
            return Err(AddressError);
        }
        Ok(Self { host: host.to_owned(), port })
    }
}

/// A port as a number, a string, or an array of one of them.
pub(crate) fn port_of(reader: &Reader<'_>, findings: &mut Findings) -> Option<Port> {
    let value = match reader.value() {
        Value::Array(items) if items.len() == 1 => &items[0],
        value => value,
    };
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    };
    let port = text.parse().ok();
    if port.is_none() {
        let written = match reader.value() {
            Value::Object(_) => "an object".to_owned(),
            Value::Array(_) => "an array".to_owned(),
            value => value.to_string(),
        };
        let message = format!("{} is {written}, not a port from 1 to 65535", reader.title());
        reader.refuse(Code::BadPort, message, findings);
    }
    port
}

/// A host name or address; a finding when it is none.
pub(crate) fn host_of(reader: &Reader<'_>, findings: &mut Findings) -> Option<At<String>> {
    let written = reader.text(findings)?;
    let host = written.value.trim();
    if is_host(host) {
        let host = host.to_owned();
        return Some(written.map(|_| host));
    }
    let message = match host {
        "" => format!("{} is empty", reader.title()),
        _ => format!("{} is `{host}`, which is no host name or address", reader.title()),
    };
    let help = match host.split_once("://") {
        Some((scheme, _)) => format!("write the host alone, without `{scheme}://`"),
        None if host.contains(':') => {
            "write the host alone; its port has a key of its own, `port`".to_owned()
        }
        None => "write a host name such as `data-analyzer`, or an address such as `10.0.0.7`".to_owned(),
    };
    findings.push(Diagnostic::error(Code::NodeWithoutAddress, message).at(written.place.label()).help(help));
    None
}

fn is_host(text: &str) -> bool {
    let inside = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let named = |text: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        !text.is_empty() && text.len() <= 253 && text.bytes().all(allowed)
    };
    inside.parse::<IpAddr>().is_ok() || named(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_a_host_and_a_port() {
        for text in ["127.0.0.1:50051", "data_analyzer1:1", "[::1]:65535", "a.example.org:80"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        for text in ["", ":1", "a", "a:", "a:0", "a:65536", "::1:80", "http://a:1", "a b:1", "a:+1", "[a]:1"]
        {
            assert_eq!(text.parse::<Address>(), Err(AddressError), "{text}");
        }
    }

    #[test]
    fn hosts_are_names_or_addresses() {
        for text in
            ["data-analyzer", "data_analyzer1", "10.0.0.7", "::1", "[::1]", "a.example.org", "localhost"]
        {
            assert!(is_host(text), "{text}");
        }
        for text in ["", "a b", "http://a", "a:50051", "a/b", "$HOST", "ä", "a\n", "[a]", "user@a"] {
            assert!(!is_host(text), "{text}");
        }
    }
}
