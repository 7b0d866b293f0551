//! Whether a program needs nothing from the system that it is started on: no loader, so no libraries.
//!
//! Reads the ELF header and the program headers, which name the loader, and nothing else. `cargo xtask dist` compiles
//! this file too, so it names no other part of this crate.

/// Of a program header that names a loader (`PT_INTERP`, System V ABI, chapter 5).
const INTERPRETER: u32 = 3;
/// Of a program header for what is loaded into memory (`PT_LOAD`).
const LOAD: u32 = 1;

/// Whether `bytes` are an ELF program that names no loader. Not so when they are cut off, or no program at all.
pub(crate) fn is_static(bytes: &[u8]) -> bool {
    program_headers(bytes).is_some_and(|kinds| kinds.contains(&LOAD) && !kinds.contains(&INTERPRETER))
}

/// The kind of each program header; `None` when this is no ELF program, or not all of it is there.
fn program_headers(bytes: &[u8]) -> Option<Vec<u32>> {
    let elf = Elf::of(bytes)?;
    let (offset, size, count) = elf.table()?;
    let at = |index: usize| elf.number::<4>(offset.checked_add(index.checked_mul(size)?)?);
    (0..count).map(|index| Some(at(index)? as u32)).collect()
}

/// A file that begins as ELF does.
struct Elf<'a> {
    bytes: &'a [u8],
    width: Width,
    order: Order,
}

enum Width {
    Bits32,
    Bits64,
}

enum Order {
    LittleEndian,
    BigEndian,
}

impl<'a> Elf<'a> {
    fn of(bytes: &'a [u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(b"\x7fELF")?;
        let width = match rest.first()? {
            1 => Width::Bits32,
            2 => Width::Bits64,
            _ => return None,
        };
        let order = match rest.get(1)? {
            1 => Order::LittleEndian,
            2 => Order::BigEndian,
            _ => return None,
        };
        Some(Self { bytes, width, order })
    }

    /// Offset of the program headers, the size of one, and how many there are.
    fn table(&self) -> Option<(usize, usize, usize)> {
        let (offset, size, count) = match self.width {
            Width::Bits32 => (self.number::<4>(0x1c)?, self.number::<2>(0x2a)?, self.number::<2>(0x2c)?),
            Width::Bits64 => (self.number::<8>(0x20)?, self.number::<2>(0x36)?, self.number::<2>(0x38)?),
        };
        Some((usize::try_from(offset).ok()?, usize::try_from(size).ok()?, usize::try_from(count).ok()?))
    }

    /// The number in `SIZE` bytes, at most eight.
    fn number<const SIZE: usize>(&self, offset: usize) -> Option<u64> {
        let bytes = self.bytes.get(offset..offset.checked_add(SIZE)?)?;
        let push = |number: u64, byte: &u8| (number << 8) | u64::from(*byte);
        Some(match self.order {
            Order::LittleEndian => bytes.iter().rev().fold(0, push),
            Order::BigEndian => bytes.iter().fold(0, push),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTE: u32 = 4;

    /// A file of 64 bits with these program headers after its header.
    fn elf64(kinds: &[u32]) -> Vec<u8> {
        let mut bytes = vec![0; 0x40];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        bytes[0x20] = 0x40;
        bytes[0x36] = 0x38;
        bytes[0x38] = u8::try_from(kinds.len()).unwrap();
        for kind in kinds {
            bytes.extend(kind.to_le_bytes());
            bytes.resize(bytes.len() + 0x34, 0);
        }
        bytes
    }

    /// The same in 32 bits, high bytes first.
    fn elf32_big(kinds: &[u32]) -> Vec<u8> {
        let mut bytes = vec![0; 0x34];
        bytes[..6].copy_from_slice(b"\x7fELF\x01\x02");
        bytes[0x1f] = 0x34;
        bytes[0x2b] = 0x20;
        bytes[0x2d] = u8::try_from(kinds.len()).unwrap();
        for kind in kinds {
            bytes.extend(kind.to_be_bytes());
            bytes.resize(bytes.len() + 0x1c, 0);
        }
        bytes
    }

    fn check(bytes: &[u8], expected: bool) {
        assert_eq!(is_static(bytes), expected);
    }

    #[test]
    fn a_program_without_loader_is_static() {
        check(&elf64(&[NOTE, LOAD, LOAD]), true);
        check(&elf32_big(&[LOAD]), true);
    }

    #[test]
    fn a_program_that_names_a_loader_is_not() {
        check(&elf64(&[LOAD, LOAD, INTERPRETER]), false);
        check(&elf32_big(&[INTERPRETER, LOAD]), false);
    }

    #[test]
    fn an_object_file_and_what_is_no_elf_are_not() {
        check(&elf64(&[]), false);
        check(b"#!/bin/sh\n", false);
        check(b"\xcf\xfa\xed\xfe not of this system", false);
        check(b"", false);
    }

    #[test]
    fn a_file_that_is_cut_off_is_not_wherever_it_ends() {
        let whole = elf64(&[LOAD, NOTE]);
        let after_the_last_kind = 0x40 + 0x38 + 4;
        for end in 0..after_the_last_kind {
            check(&whole[..end], false);
        }
    }

    #[test]
    fn offsets_beyond_the_file_are_not_followed() {
        let mut bytes = elf64(&[LOAD]);
        bytes[0x20..0x28].copy_from_slice(&u64::MAX.to_le_bytes());
        check(&bytes, false);
        bytes[0x36..0x3a].copy_from_slice(&[0xff; 4]);
        check(&bytes, false);
    }

    #[test]
    fn the_running_test_is_judged_as_it_was_built() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        check(&own, cfg!(target_feature = "crt-static"));
    }
}
