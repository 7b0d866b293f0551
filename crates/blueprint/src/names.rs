//! Names, parsed once at the border: inside, a [`NodeName`] is known to be one.

use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;
use std::sync::Arc;

/// Why a text is not the name it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {what}: {rule}")]
pub struct NameError {
    text: String,
    what: &'static str,
    rule: &'static str,
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            #[doc = concat!("Checks that `text` is ", $what, ": ", $rule, ".")]
            pub fn new(text: &str) -> Result<Self, NameError> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    return Ok(Self(Arc::from(text)));
                }
                let shown: String = text.chars().take(80).collect();
                Err(NameError { text: shown, what: $what, rule: $rule })
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

name!(
    /// A node's name: the container name in a blueprint, such as `data_generator1`.
    ///
    /// Names become file and host names, so nothing that could leave a folder is one.
    NodeName,
    "a node name",
    "1 to 128 letters, digits, `_`, `-` or `.`, beginning with a letter, a digit or `_`",
    is_file_safe
);

name!(
    /// The name of an RPC of a node, such as `GenerateData`.
    OperationName,
    "an operation name",
    "a letter or `_`, then letters, digits or `_`, at most 256",
    is_identifier
);

name!(
    /// A service's name in the compose file, or its folder's, such as `data-generator`.
    ServiceName,
    "a service name",
    "1 to 128 letters, digits, `_`, `-` or `.`, beginning with a letter, a digit or `_`",
    is_file_safe
);

fn is_file_safe(text: &str) -> bool {
    let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    first
        && text.len() <= 128
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}

fn is_identifier(text: &str) -> bool {
    let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    first && text.len() <= 256 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// One operation of one node, written `node:operation`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StepName {
    /// The node.
    pub node: NodeName,
    /// The operation.
    pub operation: OperationName,
}

impl fmt::Display for StepName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.node, self.operation)
    }
}

impl FromStr for StepName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let Some((node, operation)) = text.split_once(':') else {
            return Err(NameError {
                text: text.chars().take(80).collect(),
                what: "a step",
                rule: "`node:operation`",
            });
        };
        Ok(Self { node: node.parse()?, operation: operation.parse()? })
    }
}

/// A TCP port, 1 to 65535.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Port(NonZeroU16);

impl Port {
    /// The port that every service of a package listens on unless told otherwise.
    pub const DEFAULT: Port = match NonZeroU16::new(50051) {
        Some(port) => Port(port),
        None => Port(NonZeroU16::MIN),
    };

    /// `None` for 0.
    pub fn new(port: u16) -> Option<Self> {
        NonZeroU16::new(port).map(Self)
    }

    /// The number.
    pub fn get(self) -> u16 {
        self.0.get()
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Port {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let error =
            || NameError { text: text.chars().take(80).collect(), what: "a port", rule: "1 to 65535" };
        if !digits {
            return Err(error());
        }
        text.parse().map(Self).map_err(|_| error())
    }
}

/// The name of a container image, in Docker's reference grammar.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ImageRef(String);

impl ImageRef {
    /// The image of a use case's service: `<use case>-<service>:latest` in lower case, with every other
    /// character than `a-z 0-9 . _ -` turned into `-`. An error when Docker would still refuse the name.
    pub fn for_service(use_case: &str, service: &ServiceName) -> Result<Self, NameError> {
        let joined = format!("{use_case}-{service}").to_lowercase();
        let name: String = joined
            .chars()
            .map(|letter| match letter {
                'a'..='z' | '0'..='9' | '.' | '_' | '-' => letter,
                _ => '-',
            })
            .collect();
        if !is_path_component(&name) {
            return Err(NameError {
                text: name.chars().take(80).collect(),
                what: "an image name",
                rule: "it must begin and end with a letter or digit, with single `.`, one or two `_`, or any number of `-` between",
            });
        }
        Ok(Self(format!("{name}:latest")))
    }

    /// An image as a foreign document names it, kept as it is.
    pub fn foreign(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The reference as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `path-component` of the reference grammar: alphanumeric runs joined by `.`, `_`, `__` or dashes.
fn is_path_component(name: &str) -> bool {
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let separators = name.split(|letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit());
    let ends = name.bytes().next().is_some_and(alphanumeric) && name.bytes().last().is_some_and(alphanumeric);
    ends && name.len() <= 200
        && separators
            .into_iter()
            .all(|run| matches!(run, "" | "." | "_" | "__") || run.bytes().all(|byte| byte == b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_leave_a_folder_are_refused() {
        for text in ["", ".", "..", "../a", "a/b", "a\\b", "-a", "a b", "ä", &"a".repeat(129)] {
            assert!(NodeName::new(text).is_err(), "{text}");
        }
        for text in ["a", "data_generator1", "Data-Generator.1", "_x", "1a"] {
            assert_eq!(NodeName::new(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn ports_are_plain_numbers_in_range() {
        assert_eq!("50051".parse::<Port>().unwrap(), Port::DEFAULT);
        for text in ["0", "65536", "-1", "+1", " 1", "1.0", "", "abc"] {
            assert!(text.parse::<Port>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn image_names_follow_the_reference_grammar() {
        let image = |use_case: &str, service: &str| {
            ImageRef::for_service(use_case, &service.parse().unwrap()).map(|image| image.to_string())
        };
        assert_eq!(
            image("file_based_energy_pipeline", "data-analyzer").unwrap(),
            "file_based_energy_pipeline-data-analyzer:latest"
        );
        assert_eq!(image("My Use Case", "A.b").unwrap(), "my-use-case-a.b:latest");
        assert!(image("_x", "a").is_err());
        assert!(image("a..b", "a").is_err());
        assert!(image("a___b", "a").is_err());
        assert!(image("a._b", "a").is_err());
    }
}
