//! What fuzzing has kept is replayed by every run of the tests.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

use std::fs;
use std::path::PathBuf;

use aieffect_fuzz::{TARGETS, Target, corpora};

/// Bytes of a file, and of all of them.
const LARGEST: usize = 4096;
const LARGEST_ALTOGETHER: usize = 2 << 20;

fn files(target: &str) -> Vec<PathBuf> {
    let folder = corpora().join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn replay(name: &str) {
    let (_, target) = TARGETS.into_iter().find(|(target, _)| *target == name).unwrap();
    let files = files(name);
    assert!(files.len() >= 20, "only {} files", files.len());
    let broken: Vec<_> = files.iter().filter(|file| !holds(target, &fs::read(file).unwrap())).collect();
    assert!(broken.is_empty(), "{name} breaks with {broken:#?}");
}

fn holds(target: Target, data: &[u8]) -> bool {
    std::panic::catch_unwind(|| target(data)).is_ok()
}

#[test]
fn the_corpus_of_the_splicer_holds() {
    replay("splicer");
}

#[test]
fn the_corpus_of_protos_holds() {
    replay("protos");
}

#[test]
fn the_corpus_of_documents_holds() {
    replay("documents");
}

#[test]
fn the_corpus_of_messages_holds() {
    replay("messages");
}

#[test]
fn the_corpus_of_zips_holds() {
    replay("zip");
}

#[test]
fn corpora_are_small() {
    let mut altogether = 0;
    for (target, _) in TARGETS {
        for file in files(target) {
            let size = fs::metadata(&file).unwrap().len() as usize;
            assert!(size <= LARGEST, "{} has {size} bytes", file.display());
            altogether += size;
        }
    }
    assert!(altogether <= LARGEST_ALTOGETHER, "{altogether} bytes");
}

#[test]
fn no_bytes_and_any_letter_alone_hold() {
    for (name, target) in TARGETS {
        for letter in 0..=u8::MAX {
            assert!(holds(target, &[letter]), "{name}: {letter}");
        }
        assert!(holds(target, &[]), "{name}");
    }
}
