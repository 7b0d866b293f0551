//! Every finding's page in `docs/diagnostics/` is tried: its example is laid over a small valid use case or
//! package, the command in it is run, and what the page says is what comes out.
//!
//! `AIEFFECT_BLESS=1` writes the output into the pages instead; read the difference before committing it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(unreachable_pub, reason = "each module is one for this test alone")]

#[path = "diagnostics/example.rs"]
mod example;
#[path = "diagnostics/make.rs"]
mod make;
#[path = "diagnostics/page.rs"]
mod page;

use std::collections::BTreeSet;
use std::fs;

use page::Page;

#[test]
fn each_code_has_a_page_and_each_page_a_code() {
    let pages: BTreeSet<String> = page::all().into_iter().map(|page| page.code).collect();
    assert_eq!(pages, codes().into_iter().collect());
}

#[test]
fn each_page_is_headed_by_its_code_and_title() {
    for (page, title) in page::all().iter().zip(titles()) {
        let heading = page.text.lines().next().unwrap_or_default();
        assert_eq!(heading, format!("# {}: {title}", page.code));
    }
}

#[test]
fn each_page_says_what_why_and_how_to_mend_it() {
    let sections = ["What", "Why", "Example", "What aieffect says", "How to mend it"];
    for page in page::all() {
        let found: Vec<&str> = page.text.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(found, sections, "sections of {}", page.code);
        for (section, text) in page.text.split("\n## ").skip(1).filter_map(|part| part.split_once('\n')) {
            assert!(!text.trim().is_empty(), "`{section}` of {} is empty", page.code);
        }
    }
}

#[test]
fn each_example_comes_out_as_its_page_says() {
    let bless = std::env::var_os("AIEFFECT_BLESS").is_some();
    let mut wrong = Vec::new();
    for page in page::all() {
        match try_example(&page) {
            Ok(text) if text == page.text => {}
            Ok(text) if bless => fs::write(&page.path, text).unwrap(),
            Ok(text) => wrong.push(difference(&page, &text)),
            Err(why) => wrong.push(format!("{}: {why}", page.code)),
        }
    }
    assert!(wrong.is_empty(), "{}\n\nAIEFFECT_BLESS=1 writes the pages anew", wrong.join("\n\n"));
}

/// The page's text with what its command really prints.
fn try_example(page: &Page) -> Result<String, String> {
    let example = example::Example::of(page)?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    example.lay_out(folder.path())?;
    let console = example.run(folder.path())?;
    if !console.contains(&format!("[{}]", page.code)) {
        return Err(format!("the output does not have the page's code:\n{console}"));
    }
    Ok(page.with_console(&console))
}

fn difference(page: &Page, text: &str) -> String {
    let real = page::console(text).unwrap_or_default();
    format!(
        "{} says\n{}\nbut this comes out\n{real}",
        page.code,
        page::console(&page.text).unwrap_or_default()
    )
}

/// The codes that `aieffect explain` lists.
fn codes() -> Vec<String> {
    listed().into_iter().map(|(code, _)| code).collect()
}

fn titles() -> Vec<String> {
    listed().into_iter().map(|(_, title)| title).collect()
}

fn listed() -> Vec<(String, String)> {
    let output = example::aieffect().arg("explain").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .filter_map(|line| line.split_once("  "))
        .map(|(code, title)| (code.into(), title.into()))
        .collect()
}
