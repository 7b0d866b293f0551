//! `aieffect check`: what it accepts, what it refuses, and how it says so.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(unreachable_pub, reason = "each module is one for this test alone")]

#[path = "check/bad_input.rs"]
mod bad_input;
#[path = "check/case.rs"]
mod case;
#[allow(dead_code, reason = "shared with the test of the pages")]
#[path = "diagnostics/example.rs"]
mod example;
#[path = "check/hints.rs"]
mod hints;
#[allow(dead_code, reason = "shared with the test of the pages")]
#[path = "diagnostics/make.rs"]
mod make;
#[path = "check/modes.rs"]
mod modes;
#[path = "check/output.rs"]
mod output;
#[allow(dead_code, reason = "shared with the test of the pages")]
#[path = "diagnostics/page.rs"]
mod page;
#[path = "check/variants.rs"]
mod variants;
