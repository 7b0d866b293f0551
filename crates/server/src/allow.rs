//! Which endpoints packages may name: [`Allowed`].

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use aieffect_blueprint::Address;

/// An endpoint that may be called, or a set of them: a host name, `*.` and the end of host names, an address, or a
/// network such as `10.1.0.0/16`. A host name is compared as it is written: what it resolves to is not looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// One host.
    Host(String),
    /// All hosts below a name, which begins with a dot.
    Below(String),
    /// The addresses that have this one's first so many bits.
    Network(IpAddr, u8),
}

/// A text that says no such thing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no host, `*.` and the end of one, address, or network such as 10.1.0.0/16")]
pub struct AllowedError(String);

impl FromStr for Allowed {
    type Err = AllowedError;

    fn from_str(text: &str) -> Result<Self, AllowedError> {
        let wrong = || AllowedError(text.chars().take(80).collect());
        let text = text.trim();
        if let Some((network, bits)) = text.split_once('/') {
            let network: IpAddr = network.parse().map_err(|_| wrong())?;
            let bits: u8 = bits.parse().map_err(|_| wrong())?;
            return if bits <= width(network) { Ok(Self::Network(network, bits)) } else { Err(wrong()) };
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::Network(address, width(address)));
        }
        let (name, is_below) = text.strip_prefix("*.").map_or((text, false), |end| (end, true));
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if name.is_empty() || !name.bytes().all(letter) {
            return Err(wrong());
        }
        let name = name.to_ascii_lowercase();
        Ok(if is_below { Self::Below(format!(".{name}")) } else { Self::Host(name) })
    }
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(name) => f.write_str(name),
            Self::Below(end) => write!(f, "*{end}"),
            Self::Network(network, bits) => write!(f, "{network}/{bits}"),
        }
    }
}

impl Allowed {
    /// Whether it holds this endpoint.
    pub fn holds(&self, address: &Address) -> bool {
        let host = address.host.as_str().trim_matches(['[', ']']).to_ascii_lowercase();
        let ip = host.parse::<IpAddr>().ok().map(|ip| ip.to_canonical());
        match (self, ip) {
            (Self::Host(name), None) => *name == host,
            (Self::Below(end), None) => host.len() > end.len() && host.ends_with(end.as_str()),
            (Self::Network(network, bits), Some(ip)) => is_within(ip, network.to_canonical(), *bits),
            _ => false,
        }
    }
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn is_within(ip: IpAddr, network: IpAddr, bits: u8) -> bool {
    let differ = match (ip, network) {
        (IpAddr::V4(ip), IpAddr::V4(network)) => u128::from(ip.to_bits() ^ network.to_bits()) << 96,
        (IpAddr::V6(ip), IpAddr::V6(network)) => ip.to_bits() ^ network.to_bits(),
        _ => return false,
    };
    differ.leading_zeros() >= bits.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_ends_addresses_and_networks_hold_what_they_say() {
        for (allowed, host, holds) in [
            ("Meter-1", "meter-1", true),
            ("meter1", "meter10", false),
            ("*.grid.example", "a.b.grid.example", true),
            ("*.grid.example", "grid.example", false),
            ("*.grid.example", "evilgrid.example", false),
            ("10.1.0.0/16", "10.1.255.7", true),
            ("10.1.0.0/16", "10.2.0.1", false),
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1", "127.0.0.2", false),
            ("127.0.0.1", "localhost", false),
            ("fd00::/8", "fd12::1", true),
            ("fd00::/8", "fe80::1", false),
            ("0.0.0.0/0", "169.254.169.254", true),
            ("0.0.0.0/0", "::1", false),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
        ] {
            let address = Address { host: host.into(), port: "50051".parse().unwrap() };
            let parsed: Allowed = allowed.parse().unwrap();
            assert_eq!(parsed.holds(&address), holds, "{allowed} and {host}");
            assert_eq!(parsed.to_string().parse::<Allowed>().unwrap(), parsed);
        }
    }

    #[test]
    fn what_says_nothing_is_refused() {
        for text in ["", "*.", "a b", "10.0.0.0/33", "fd00::/129", "host/8", "http://x", "x:80"] {
            assert!(text.parse::<Allowed>().is_err(), "{text}");
        }
    }
}
