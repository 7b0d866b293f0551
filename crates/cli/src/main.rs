//! The `aieffect` binary.
fn main() {}
