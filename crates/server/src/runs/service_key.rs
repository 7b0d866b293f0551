//! A key for the services of one run: [`ServiceKey`].

use std::fmt;
use std::sync::Arc;

/// A key that a run's services are shown. It lives in memory for that run alone: it has no way into the store, and no way
/// to be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct ServiceKey(Arc<str>);

impl ServiceKey {
    /// Takes a key.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The key, for whoever calls the services.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ServiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServiceKey(…)")
    }
}
