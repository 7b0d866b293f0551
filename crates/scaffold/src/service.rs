//! The services of a new use case, one behind the other.

use serde::Serialize;

use crate::rust;

/// The few names that no care in the templates can save, and why.
const REFUSED: [(&str, &str); 8] = [
    ("false", "its operation would be `False`, which Python keeps for itself"),
    ("none", "its operation would be `None`, which Python keeps for itself"),
    ("true", "its operation would be `True`, which Python keeps for itself"),
    ("node_modules", "folders of that name hold what is installed, and are not read"),
    ("target", "folders of that name hold what is built, and are not read"),
    ("venv", "folders of that name hold what is installed, and are not read"),
    ("localhost", "on a network, that is the machine itself"),
    ("intercepted", "gRPC for Rust has an `InterceptedService` of its own"),
];

/// Host port of the first service; the others follow.
const FIRST_PORT: usize = 50051;
const MOST: usize = 100;

/// The services in the order in which they feed each other; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain(pub(crate) Vec<Service>);

/// Why names cannot be those of services.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServiceFault {
    /// A name that is none.
    #[error("`{0}` cannot be the name of a service: {1}")]
    Name(String, &'static str),
    /// The same name twice.
    #[error(
        "two services are called `{0}`: neither `-` and `_` nor single letters with and without them differ here"
    )]
    Twice(String),
    /// None, or too many.
    #[error("a use case is made with 1 to {MOST} services, not {0}")]
    Count(usize),
}

/// A service as the templates see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Service {
    /// `clean_data`: its folder, its proto, and its module.
    pub(crate) folder: String,
    /// `clean-data`, in the compose file.
    compose: String,
    /// `CleanData`: its operation.
    pascal: String,
    /// What Rust's generator makes of the operation's name in that of a module.
    module: String,
    /// What it makes of the operation's name in that of a method.
    method: String,
    does: &'static str,
    host_port: usize,
    is_source: bool,
    is_middle: bool,
    is_sink: bool,
}

impl Chain {
    /// Checks the names, `clean_data` or `clean-data`, and gives each its part by its place.
    pub fn new(names: &[String]) -> Result<Self, ServiceFault> {
        if names.is_empty() || names.len() > MOST {
            return Err(ServiceFault::Count(names.len()));
        }
        let mut services: Vec<Service> = Vec::new();
        for (place, name) in names.iter().enumerate() {
            let service = Service::new(name, place, names.len())?;
            if services.iter().any(|other| other.pascal == service.pascal || other.compose == service.compose)
            {
                return Err(ServiceFault::Twice(service.folder));
            }
            services.push(service);
        }
        Ok(Self(services))
    }
}

impl Service {
    fn new(name: &str, place: usize, count: usize) -> Result<Self, ServiceFault> {
        let folder = name.replace('-', "_");
        let fault = |why| Err(ServiceFault::Name(name.chars().take(80).collect(), why));
        let valid = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let in_words = !folder.ends_with('_')
            && !folder.contains("__")
            && folder.starts_with(|first: char| first.is_ascii_lowercase());
        if !in_words || folder.len() > 50 || !folder.bytes().all(valid) {
            return fault("write up to 50 lower-case letters, digits and single `_`, a letter first");
        }
        if let Some((_, why)) = REFUSED.iter().find(|(word, _)| *word == folder) {
            return fault(why);
        }
        let pascal = rust::type_name(&folder);
        let is_source = place == 0;
        let is_sink = !is_source && place + 1 == count;
        let does = match (is_source, is_sink) {
            (true, _) => "Makes a series of hourly values.",
            (_, true) => "Sums the values up and writes a report.",
            _ => "Averages each value with its neighbours.",
        };
        Ok(Self {
            compose: folder.replace('_', "-"),
            module: rust::snake(&pascal),
            method: rust::method(&pascal),
            pascal,
            folder,
            does,
            host_port: FIRST_PORT + place,
            is_source,
            is_middle: !is_source && !is_sink,
            is_sink,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(names: &[&str]) -> Result<Chain, ServiceFault> {
        Chain::new(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn the_place_decides_the_part() {
        let parts = |names: &[&str]| -> Vec<(bool, bool, bool)> {
            let chain = chain(names).unwrap();
            chain.0.iter().map(|each| (each.is_source, each.is_middle, each.is_sink)).collect()
        };
        assert_eq!(parts(&["a"]), [(true, false, false)]);
        assert_eq!(parts(&["a", "b"]), [(true, false, false), (false, false, true)]);
        assert_eq!(parts(&["a", "b", "c"])[1], (false, true, false));
    }

    #[test]
    fn one_name_is_written_in_five_ways() {
        let check = |name: &str, expected: [&str; 5]| {
            let chain = chain(&[name]).unwrap();
            let Service { folder, compose, pascal, module, method, .. } = &chain.0[0];
            assert_eq!([folder, compose, pascal, module, method].map(String::as_str), expected);
        };
        check(
            "clean-data_2b",
            ["clean_data_2b", "clean-data-2b", "CleanData2b", "clean_data2b", "clean_data2b"],
        );
        check("type", ["type", "type", "Type", "type", "r#type"]);
        check("self", ["self", "self", "Self", "self", "self_"]);
    }

    #[test]
    fn what_cannot_be_a_name_is_told() {
        for wrong in ["", "A", "1a", "a b", "a__b", "a_", "-a", "a\"", "none", "target", "ä"] {
            assert!(matches!(chain(&[wrong]), Err(ServiceFault::Name(..))), "{wrong}");
        }
        assert_eq!(chain(&["a-b", "a_b"]), Err(ServiceFault::Twice("a_b".to_owned())));
        assert_eq!(chain(&["ab", "a_b"]), Err(ServiceFault::Twice("a_b".to_owned())));
        assert_eq!(chain(&[]), Err(ServiceFault::Count(0)));
    }
}
