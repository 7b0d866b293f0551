//! The supervisor alone, for this crate's tests; `aieffect` runs it as a hidden subcommand of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(aieffect_local::supervise(std::env::args_os().skip(1)))
}
