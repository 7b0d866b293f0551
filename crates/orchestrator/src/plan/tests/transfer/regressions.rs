//! What random tests have found, each by itself.
