//! Archives as no tool would write them.

use aieffect_testkit::random::Choices;

/// A file in an archive, and what its headers say of it.
#[derive(Debug, Clone)]
pub struct Entry {
    name: Vec<u8>,
    /// In the header before its bytes; tools go by one or the other.
    local_name: Vec<u8>,
    content: Vec<u8>,
    flags: u16,
    method: u16,
    /// Added to the size that is said.
    lie: u32,
    checksum: u32,
    mode: u32,
    zip64: bool,
}

/// Names are UTF-8.
const UTF8: u16 = 1 << 11;
const ENCRYPTED: u16 = 1;
/// Sizes stand behind the bytes.
const STREAMED: u16 = 1 << 3;
const LINK: u32 = 0o120_777;
const FILE: u32 = 0o100_644;

impl Entry {
    /// A stored file.
    pub fn new(name: impl Into<Vec<u8>>, content: impl Into<Vec<u8>>) -> Self {
        let (name, content) = (name.into(), content.into());
        let (checksum, local_name) = (crc32(&content), name.clone());
        Self { name, local_name, content, flags: UTF8, method: 0, lie: 0, checksum, mode: FILE, zip64: false }
    }

    /// Makes one thing about it odd.
    pub(super) fn change(&mut self, choices: &mut Choices<'_>) {
        match choices.below(8) {
            0 => self.flags ^= ENCRYPTED,
            1 => self.flags ^= STREAMED,
            2 => self.flags ^= UTF8,
            3 => self.method = *choices.of(&[8, 9, 12, 93, 99, 1]),
            4 => self.lie = *choices.of(&[1, u32::MAX, 5 << 20, 1 << 30]),
            5 => self.mode = LINK,
            6 => self.zip64 = true,
            _ => self.local_name = b"../../x.proto".to_vec(),
        }
        if choices.one_in(8) {
            self.checksum ^= 1;
        }
    }

    /// From the version to the lengths, as both headers have it.
    fn common(&self, name: &[u8], out: &mut Vec<u8>) -> Vec<u8> {
        let size = self.content.len() as u32;
        let said = size.wrapping_add(self.lie);
        let mut extra = Vec::new();
        let (small, large) = if self.zip64 {
            extra.extend([1, 0, 16, 0]);
            extra.extend(u64::from(said).to_le_bytes());
            extra.extend(u64::from(size).to_le_bytes());
            (u32::MAX, u32::MAX)
        } else {
            (size, said)
        };
        out.extend(45_u16.to_le_bytes());
        for word in [self.flags, self.method, 0, 0x21] {
            out.extend(word.to_le_bytes());
        }
        for number in [self.checksum, small, large] {
            out.extend(number.to_le_bytes());
        }
        out.extend((name.len() as u16).to_le_bytes());
        out.extend((extra.len() as u16).to_le_bytes());
        extra
    }
}

/// The bytes of an archive of these.
pub fn archive(entries: &[Entry]) -> Vec<u8> {
    let (mut out, mut central) = (Vec::new(), Vec::new());
    for entry in entries {
        let offset = out.len() as u32;
        out.extend(b"PK\x03\x04");
        let extra = entry.common(&entry.local_name, &mut out);
        out.extend(&entry.local_name);
        out.extend(extra);
        out.extend(&entry.content);
        central.extend(b"PK\x01\x02");
        // Made on Unix, so that the mode counts.
        central.extend((3_u16 << 8 | 45).to_le_bytes());
        let extra = entry.common(&entry.name, &mut central);
        central.extend([0; 6]);
        central.extend((entry.mode << 16).to_le_bytes());
        central.extend(offset.to_le_bytes());
        central.extend(&entry.name);
        central.extend(extra);
    }
    let (start, count) = (out.len() as u32, entries.len() as u16);
    out.extend(&central);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend((central.len() as u32).to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0, 0]);
    out
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |sum: u32, byte: &u8| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(sum & 1)))
    };
    !bytes.iter().fold(u32::MAX, step)
}
