//! All targets, by name.

use std::path::{Path, PathBuf};

/// A function that takes any bytes, and panics where a property is broken.
pub type Target = fn(&[u8]);

/// All there are, by the names of their folders in `corpora/` and of libFuzzer's binaries.
pub const TARGETS: [(&str, Target); 5] = [
    ("splicer", crate::splicer),
    ("protos", crate::protos),
    ("documents", crate::documents),
    ("messages", crate::messages),
    ("zip", crate::zip),
];

/// The folder of the committed corpora, one below it for each target.
pub fn corpora() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpora")
}
