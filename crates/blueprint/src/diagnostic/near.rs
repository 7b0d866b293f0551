//! Help texts that offer a name which is nearly right.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

/// Longer names are told apart by more than a slip of the hand.
const LONGEST: usize = 128;
/// How many names a help text lists.
const LISTED: usize = 8;
/// How many times one look at a document searches many names for a near one.
const MOST_SEARCHES: usize = 50;
const MANY: usize = 200;

/// A help text that offers the nearest of `known` names, or lists them when none is near.
///
/// `what` is a plural noun, such as `services`. `None` when there is nothing to offer.
pub fn near_match<'a>(wanted: &str, what: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    Known::new(known).near_match(wanted, what)
}

/// Names to offer the nearest of, again and again. Where there are many names and many are wrong, the later
/// ones are not searched for.
#[derive(Debug)]
pub struct Known<'a> {
    names: Vec<&'a str>,
    found: RefCell<HashMap<String, Option<&'a str>>>,
    searches: Cell<usize>,
}

/// What a search came to.
enum Search<'a> {
    Near(&'a str),
    NoneNear,
    GivenUp,
}

impl<'a> Known<'a> {
    /// The names in any order, repeated ones once.
    pub fn new(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut names: Vec<&str> = names.into_iter().collect();
        names.sort_unstable();
        names.dedup();
        Self { names, found: RefCell::default(), searches: Cell::new(0) }
    }

    /// As [`near_match`].
    pub fn near_match(&self, wanted: &str, what: &str) -> Option<String> {
        match self.search(wanted) {
            Search::Near(name) => Some(format!("did you mean `{name}`?")),
            Search::NoneNear => self.listed(what),
            Search::GivenUp => None,
        }
    }

    /// The name that [`near_match`](Self::near_match) offers.
    pub fn nearest(&self, wanted: &str) -> Option<&'a str> {
        match self.search(wanted) {
            Search::Near(name) => Some(name),
            Search::NoneNear | Search::GivenUp => None,
        }
    }

    fn search(&self, wanted: &str) -> Search<'a> {
        let known = self.found.borrow().get(wanted).copied();
        if known.is_none()
            && self.names.len() > MANY
            && self.searches.replace(self.searches.get() + 1) >= MOST_SEARCHES
        {
            return Search::GivenUp;
        }
        let found = known.unwrap_or_else(|| {
            let found = self.compare(wanted);
            self.found.borrow_mut().insert(wanted.to_owned(), found);
            found
        });
        found.map_or(Search::NoneNear, Search::Near)
    }

    fn compare(&self, wanted: &str) -> Option<&'a str> {
        let wanted_folded = folded(wanted);
        let wanted_length = wanted.chars().count();
        if wanted_length > LONGEST {
            return None;
        }
        let distance = |name: &&'a str| {
            let length = name.chars().count();
            let longest = length.max(wanted_length);
            let limit = (longest / 3).max(1).min(longest.saturating_sub(1));
            if length > LONGEST || length.abs_diff(wanted_length) > limit {
                return None;
            }
            let distance = strsim::osa_distance(&wanted_folded, &folded(name));
            (distance <= limit).then_some((distance, *name))
        };
        self.names.iter().filter_map(distance).min().map(|(_, name)| name)
    }

    fn listed(&self, what: &str) -> Option<String> {
        let listed: Vec<String> = self.names.iter().take(LISTED).map(|name| format!("`{name}`")).collect();
        match self.names.len() {
            0 => None,
            count if count > LISTED => {
                Some(format!("known {what}: {} and {} more", listed.join(", "), count - LISTED))
            }
            _ => Some(format!("known {what}: {}", listed.join(", "))),
        }
    }
}

fn folded(name: &str) -> String {
    name.to_lowercase().replace(['-', '.', ' '], "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_nearly_right_is_offered() {
        let known = ["data-analyzer", "report-generator"];
        assert_eq!(
            near_match("data_analyser", "services", known).as_deref(),
            Some("did you mean `data-analyzer`?")
        );
        assert_eq!(
            near_match("AnalyzeDta", "operations", ["AnalyzeData"]).as_deref(),
            Some("did you mean `AnalyzeData`?")
        );
    }

    #[test]
    fn a_name_like_no_other_lists_what_there_is() {
        assert_eq!(
            near_match("x", "services", ["solver", "meter"]).as_deref(),
            Some("known services: `meter`, `solver`")
        );
        assert_eq!(near_match("x", "services", []), None);
        let many: Vec<String> = (0..20).map(|n| format!("service_number_{n}")).collect();
        let help = near_match("zzz", "services", many.iter().map(String::as_str)).unwrap();
        assert!(help.ends_with("and 12 more"), "{help}");
    }

    #[test]
    fn one_letter_is_not_near_another() {
        assert_eq!(near_match("x", "services", ["y"]).as_deref(), Some("known services: `y`"));
    }

    #[test]
    fn a_name_without_end_is_not_compared() {
        let long = "n".repeat(1_000_000);
        assert_eq!(near_match(&long, "services", ["a"]).as_deref(), Some("known services: `a`"));
    }

    #[test]
    fn a_name_that_is_wrong_again_is_searched_once() {
        let names: Vec<String> = (0..1000).map(|n| format!("node_{n:04}")).collect();
        let known = Known::new(names.iter().map(String::as_str));
        for _ in 0..10 * MOST_SEARCHES {
            assert!(known.near_match("nod_0001", "nodes").is_some());
        }
        let helped = (0..1000).filter(|n| known.near_match(&format!("noed_{n:04}"), "nodes").is_some());
        assert_eq!(helped.count(), MOST_SEARCHES - 1);
    }
}
