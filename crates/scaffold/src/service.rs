//! The services of a new use case, one behind the other.

use serde::Serialize;

/// Words that a proto, Python or Rust keeps for itself, among those that could be the name of a service.
const KEPT: &[&str] = &[
    "abstract",
    "and",
    "as",
    "assert",
    "async",
    "await",
    "become",
    "box",
    "break",
    "build",
    "class",
    "const",
    "continue",
    "crate",
    "data",
    "def",
    "default",
    "del",
    "deps",
    "do",
    "dyn",
    "elif",
    "else",
    "enum",
    "err",
    "error",
    "examples",
    "except",
    "extern",
    "false",
    "final",
    "finally",
    "fn",
    "for",
    "from",
    "gen",
    "global",
    "grpc",
    "if",
    "impl",
    "import",
    "in",
    "incremental",
    "ipv4_addr",
    "is",
    "lambda",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "n",
    "no",
    "none",
    "nonlocal",
    "not",
    "null",
    "off",
    "ok",
    "on",
    "option",
    "or",
    "override",
    "pass",
    "path",
    "path_buf",
    "priv",
    "prost",
    "proto",
    "protox",
    "pub",
    "raise",
    "ref",
    "request",
    "response",
    "result",
    "return",
    "self",
    "server",
    "shared",
    "signal_kind",
    "socket_addr",
    "some",
    "static",
    "status",
    "string",
    "struct",
    "super",
    "tcp_incoming",
    "test",
    "tokio",
    "tonic",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "vec",
    "virtual",
    "where",
    "while",
    "with",
    "y",
    "yes",
    "yield",
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
    #[error("two services are called `{0}`: `-` and `_` are the same here")]
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
    /// What Rust's generator makes of the operation's name.
    module: String,
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
        if KEPT.contains(&folder.as_str()) {
            return fault("Python, Rust or gRPC keeps this word for itself");
        }
        let pascal: String = folder.split('_').map(capitalised).collect();
        let is_source = place == 0;
        let is_sink = !is_source && place + 1 == count;
        let does = match (is_source, is_sink) {
            (true, _) => "Makes a series of hourly values.",
            (_, true) => "Sums the values up and writes a report.",
            _ => "Averages each value with its neighbours.",
        };
        Ok(Self {
            compose: folder.replace('_', "-"),
            module: snake(&pascal),
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

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

/// `CleanData2` as `clean_data2`: a word begins at each capital.
fn snake(pascal: &str) -> String {
    let mut name = String::new();
    for letter in pascal.chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
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
    fn one_name_is_written_in_four_ways() {
        let chain = chain(&["clean-data_2b"]).unwrap();
        let service = &chain.0[0];
        assert_eq!(
            (&*service.folder, &*service.compose, &*service.pascal, &*service.module),
            ("clean_data_2b", "clean-data-2b", "CleanData2b", "clean_data2b")
        );
    }

    #[test]
    fn what_cannot_be_a_name_is_told() {
        for wrong in ["", "A", "1a", "a b", "a__b", "a_", "-a", "a\"", "import", "ä"] {
            assert!(matches!(chain(&[wrong]), Err(ServiceFault::Name(..))), "{wrong}");
        }
        assert_eq!(chain(&["a-b", "a_b"]), Err(ServiceFault::Twice("a_b".to_owned())));
        assert_eq!(chain(&[]), Err(ServiceFault::Count(0)));
    }
}
