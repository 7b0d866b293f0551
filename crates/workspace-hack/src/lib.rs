//! No code: a service that depends on this crate is built with the same features of tokio, hyper and tonic as
//! `aieffect`, so that cargo builds these once for both. `cargo xtask tidy` says which features are missing here.
//!
//! The name is the one that cargo's users give to such a crate.
