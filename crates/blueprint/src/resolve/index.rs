//! Names to positions, exactly or without case.

use std::collections::HashMap;

/// Positions of names, for documents with thousands of them.
pub(super) struct NameIndex {
    exact: HashMap<String, usize>,
    folded: HashMap<String, Alike>,
}

enum Alike {
    One(usize),
    Several,
}

/// How a name is found among others.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// Exactly, or without case as the only one.
    One(usize),
    /// Not at all.
    None,
    /// Without case, as several.
    Several,
}

impl NameIndex {
    /// Of equal names the first counts.
    pub(super) fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut index = Self { exact: HashMap::new(), folded: HashMap::new() };
        for (position, name) in names.into_iter().enumerate() {
            if index.exact.contains_key(name) {
                continue;
            }
            index.exact.insert(name.to_owned(), position);
            let folded = index.folded.entry(name.to_ascii_lowercase());
            folded.and_modify(|alike| *alike = Alike::Several).or_insert(Alike::One(position));
        }
        index
    }

    /// The position of `wanted`.
    pub(super) fn find(&self, wanted: &str) -> Match {
        if let Some(position) = self.exact.get(wanted) {
            return Match::One(*position);
        }
        match self.folded.get(&wanted.to_ascii_lowercase()) {
            Some(Alike::One(position)) => Match::One(*position),
            Some(Alike::Several) => Match::Several,
            None => Match::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_is_folded_only_where_it_leaves_no_doubt() {
        let index = NameIndex::new(["Meter1", "solver1", "Solver1"]);
        assert_eq!(index.find("solver1"), Match::One(1));
        assert_eq!(index.find("Solver1"), Match::One(2));
        assert_eq!(index.find("SOLVER1"), Match::Several);
        assert_eq!(index.find("meter1"), Match::One(0));
        assert_eq!(index.find("pump1"), Match::None);
    }
}
