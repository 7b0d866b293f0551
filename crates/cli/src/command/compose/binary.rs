//! The running program, where it can go into a container as it is.

use std::fs::{self, File};
use std::io::Read;

use sha2::{Digest, Sha256};

use crate::exit::{Exit, Failure};
use crate::static_binary::is_static;

/// Where an ELF file says whether it is static.
const HEAD: u64 = 64 << 10;

/// A static binary.
pub(crate) struct Binary {
    pub(crate) bytes: Vec<u8>,
}

impl Binary {
    /// The program that runs; `None` when it needs a loader and libraries, or is not for Linux.
    pub(crate) fn running() -> Result<Option<Self>, Failure> {
        let read = || {
            let path = std::env::current_exe()?;
            let mut head = Vec::new();
            File::open(&path)?.take(HEAD).read_to_end(&mut head)?;
            if !is_static(&head) {
                return Ok(None);
            }
            Ok(Some(Self { bytes: fs::read(&path)? }))
        };
        read().map_err(|error: std::io::Error| {
            Failure::new(Exit::Internal, anyhow::Error::new(error).context("this program cannot read itself"))
        })
    }

    /// The tag of its image. Compose tools build an image only when its name is not there yet, so another binary needs
    /// another name.
    pub(crate) fn tag(&self) -> String {
        let digest = Sha256::digest(&self.bytes);
        digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_program_has_another_tag() {
        let tag = |bytes: &[u8]| Binary { bytes: bytes.to_vec() }.tag();
        assert_eq!(tag(b"one").len(), 12);
        assert_ne!(tag(b"one"), tag(b"another"));
    }
}
