//! Who may ask for what.
//!
//! A key file has a line for each key: a name, scopes, and the key, with blanks between. What is looked up is a
//! digest: neither how long that takes nor a dump of this memory tells a key.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use sha2::{Digest, Sha256};

/// The key that a request shows.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, key) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

/// Keys shorter than this are guessed.
const SHORTEST: usize = 16;

/// What a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// See runs and packages.
    Read,
    /// Begin and steer runs.
    Run,
    /// Take packages and runs away.
    Admin,
}

/// Whoever asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    name: Arc<str>,
    scopes: BTreeSet<Scope>,
}

/// The keys that are known. Without any, everybody may do everything.
#[derive(Clone, Default)]
pub struct Keys(Vec<Key>);

#[derive(Clone)]
struct Key {
    digest: [u8; 32],
    caller: Caller,
}

/// What is wrong with a key file. The key itself is never shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    /// A line that is not of three words.
    #[error("line {line} is not `<name> <scope>[,<scope>…] <key>`")]
    Form {
        /// Counted from 1.
        line: usize,
    },
    /// A scope that there is not.
    #[error("line {line}: `{word}` is no scope; there are read, run and admin")]
    Scope {
        /// Counted from 1.
        line: usize,
        /// What stands there.
        word: String,
    },
    /// A key that is too short.
    #[error(
        "line {line}: the key of `{name}` has fewer than 16 characters; `openssl rand -hex 24` makes a good one"
    )]
    Short {
        /// Counted from 1.
        line: usize,
        /// Whose.
        name: String,
    },
    /// A name or a key that stands there twice.
    #[error("line {line}: the name or the key of `{name}` is another's too")]
    Twice {
        /// Counted from 1.
        line: usize,
        /// Whose.
        name: String,
    },
    /// No key at all.
    #[error("there is no key in it")]
    Empty,
}

/// Why somebody may not do what they ask for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Nobody who is known.
    #[error("send a key that the server knows: `Authorization: Bearer <key>`")]
    NoKey,
    /// Their key is not good for that.
    #[error("the key `{name}` is not good for `{}`", scope.as_str())]
    NotForThat {
        /// Whose.
        name: Arc<str>,
        /// For what.
        scope: Scope,
    },
}

impl Scope {
    const ALL: [Self; 3] = [Self::Read, Self::Run, Self::Admin];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Run => "run",
            Self::Admin => "admin",
        }
    }
}

impl Caller {
    /// Whoever asks where no keys are set.
    pub fn anybody() -> Self {
        Self { name: "anybody".into(), scopes: Scope::ALL.into() }
    }

    /// The name of the key.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Whether the key is good for that. `admin` is good for all, and `run` for `read`.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.iter().any(|has| *has >= scope)
    }
}

impl Keys {
    /// Reads a key file. Empty lines and what follows a `#` at a line's beginning do not count.
    pub fn parse(text: &str) -> Result<Self, KeysError> {
        let mut keys = Self::default();
        for (line, words) in (1..).zip(text.lines()) {
            let words = words.trim();
            if words.is_empty() || words.starts_with('#') {
                continue;
            }
            let [name, scopes, key] = *words.split_whitespace().collect::<Vec<_>>() else {
                return Err(KeysError::Form { line });
            };
            let scope = |word: &str| {
                let found = Scope::ALL.into_iter().find(|scope| scope.as_str() == word);
                found.ok_or_else(|| KeysError::Scope { line, word: word.to_owned() })
            };
            let scopes = scopes.split(',').map(scope).collect::<Result<_, _>>()?;
            if key.chars().count() < SHORTEST {
                return Err(KeysError::Short { line, name: name.to_owned() });
            }
            let digest = Sha256::digest(key).into();
            let is_taken = |known: &Key| *known.caller.name == *name || known.digest == digest;
            if keys.0.iter().any(is_taken) {
                return Err(KeysError::Twice { line, name: name.to_owned() });
            }
            keys.0.push(Key { digest, caller: Caller { name: name.into(), scopes } });
        }
        if keys.0.is_empty() { Err(KeysError::Empty) } else { Ok(keys) }
    }

    /// Whether nobody has to show a key.
    pub fn is_open(&self) -> bool {
        self.0.is_empty()
    }

    /// The names of all who may ask.
    pub fn callers(&self) -> BTreeSet<Arc<str>> {
        let named = self.0.iter().map(|key| Arc::clone(&key.caller.name));
        named.chain(self.is_open().then(|| Caller::anybody().name)).collect()
    }

    /// Who asks, by the key that they show, if they may.
    pub fn admit(&self, shown: Option<&str>, scope: Scope) -> Result<Caller, Denied> {
        if self.is_open() {
            return Ok(Caller::anybody());
        }
        let caller = shown.and_then(|key| self.caller(key)).ok_or(Denied::NoKey)?;
        if !caller.may(scope) {
            return Err(Denied::NotForThat { name: Arc::clone(caller.name()), scope });
        }
        Ok(caller.clone())
    }

    /// Whose key it is. Every key is compared to its end.
    pub fn caller(&self, presented: &str) -> Option<&Caller> {
        let digest: [u8; 32] = Sha256::digest(presented).into();
        let mut found = None;
        for key in &self.0 {
            let differ =
                key.digest.iter().zip(&digest).fold(0, |differ, (one, other)| differ | (one ^ other));
            if std::hint::black_box(differ) == 0 {
                found = Some(&key.caller);
            }
        }
        found
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.caller)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str =
        "# those of the institute\n\nportal run,read 0123456789abcdef\nwatch  read  fedcba9876543210\n";

    #[test]
    fn a_key_is_good_for_its_scopes_and_those_below() {
        let keys = Keys::parse(FILE).unwrap();
        let portal = keys.caller("0123456789abcdef").unwrap();
        assert_eq!(&**portal.name(), "portal");
        assert!(portal.may(Scope::Run) && portal.may(Scope::Read) && !portal.may(Scope::Admin));
        let watch = keys.caller("fedcba9876543210").unwrap();
        assert!(watch.may(Scope::Read) && !watch.may(Scope::Run));
        for wrong in ["", "0123456789abcde", "0123456789abcdef0", "portal"] {
            assert_eq!(keys.caller(wrong), None);
        }
    }

    #[test]
    fn a_broken_file_names_the_line_and_no_key() {
        for (file, said) in [
            ("portal run\n", "line 1 is not `<name> <scope>[,<scope>…] <key>`"),
            ("\nportal write 0123456789abcdef", "line 2: `write` is no scope; there are read, run and admin"),
            (
                "portal run short",
                "line 1: the key of `portal` has fewer than 16 characters; `openssl rand -hex 24` makes a good one",
            ),
            (
                "a run 0123456789abcdef\nb run 0123456789abcdef",
                "line 2: the name or the key of `b` is another's too",
            ),
            (
                "a run 0123456789abcdef\na run 0123456789abcdeg",
                "line 2: the name or the key of `a` is another's too",
            ),
            ("# nothing\n", "there is no key in it"),
        ] {
            assert_eq!(Keys::parse(file).unwrap_err().to_string(), said);
        }
    }

    #[test]
    fn a_dump_shows_no_key() {
        let shown = format!("{:?}", Keys::parse(FILE).unwrap());
        assert!(shown.contains("portal") && !shown.contains("0123456789abcdef"), "{shown}");
    }
}
