//! Patterns of file names as `COPY` and `.dockerignore` write them: `*`, `?`, `[a-z]`, and `**` for folders.

/// A pattern, cut into its parts between slashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// `**`: any number of folders.
    Folders,
    Name(Vec<Token>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Letter(char),
    Any,
    Many,
    Class { negated: bool, ranges: Vec<(char, char)> },
}

impl Pattern {
    /// Reads a pattern; a bracket that is not closed stands for itself.
    pub(crate) fn new(text: &str) -> Self {
        let parts = text.split('/').filter(|part| !matches!(*part, "" | "."));
        Self(parts.map(|part| if part == "**" { Part::Folders } else { Part::Name(tokens(part)) }).collect())
    }

    /// Whether `text` is more than a plain path.
    pub(crate) fn is_one(text: &str) -> bool {
        text.contains(['*', '?', '['])
    }

    /// Whether the pattern means this path, which is relative and has no `.` or `..`.
    pub(crate) fn matches(&self, path: &str) -> bool {
        let names: Vec<&str> = path.split('/').filter(|name| !name.is_empty()).collect();
        wildcard(
            &self.0,
            &names,
            |part| matches!(part, Part::Folders),
            |part, name| match part {
                Part::Folders => true,
                Part::Name(tokens) => name_matches(tokens, name),
            },
        )
    }
}

fn name_matches(tokens: &[Token], name: &str) -> bool {
    let letters: Vec<char> = name.chars().collect();
    wildcard(
        tokens,
        &letters,
        |token| *token == Token::Many,
        |token, letter| match token {
            Token::Letter(expected) => expected == letter,
            Token::Any | Token::Many => true,
            Token::Class { negated, ranges } => {
                ranges.iter().any(|(first, last)| (first..=last).contains(&letter)) != *negated
            }
        },
    )
}

/// Matches with a token that takes any number of items. Only the last such token is ever gone back to, so the
/// time is at most the product of both lengths, whatever a stranger writes.
fn wildcard<P, T>(
    pattern: &[P],
    items: &[T],
    takes_many: impl Fn(&P) -> bool,
    fits: impl Fn(&P, &T) -> bool,
) -> bool {
    let (mut at, mut item) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while item < items.len() {
        match pattern.get(at) {
            Some(token) if takes_many(token) => {
                back = Some((at + 1, item));
                at += 1;
            }
            Some(token) if fits(token, &items[item]) => {
                at += 1;
                item += 1;
            }
            _ => {
                let Some((after, from)) = back else { return false };
                (at, item) = (after, from + 1);
                back = Some((after, from + 1));
            }
        }
    }
    pattern[at..].iter().all(takes_many)
}

fn tokens(text: &str) -> Vec<Token> {
    let letters: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(letter) = letters.get(at) {
        at += 1;
        let token = match letter {
            '*' => Token::Many,
            '?' => Token::Any,
            '\\' if at < letters.len() => {
                at += 1;
                Token::Letter(letters[at - 1])
            }
            '[' => match class(&letters[at..]) {
                Some((class, length)) => {
                    at += length;
                    class
                }
                None => Token::Letter('['),
            },
            letter => Token::Letter(*letter),
        };
        if token != Token::Many || tokens.last() != Some(&Token::Many) {
            tokens.push(token);
        }
    }
    tokens
}

/// What follows an opening bracket, and how long it is with the closing one.
fn class(letters: &[char]) -> Option<(Token, usize)> {
    let negated = matches!(letters.first(), Some('^' | '!'));
    let mut at = usize::from(negated);
    let end = at + 1 + letters.get(at + 1..)?.iter().position(|letter| *letter == ']')?;
    let mut ranges = Vec::new();
    while at < end {
        let first = letters[at];
        if at + 2 < end && letters[at + 1] == '-' {
            ranges.push((first, letters[at + 2]));
            at += 3;
        } else {
            ranges.push((first, first));
            at += 1;
        }
    }
    Some((Token::Class { negated, ranges }, end + 1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(pattern: &str, matching: &[&str], others: &[&str]) {
        let read = Pattern::new(pattern);
        matching.iter().for_each(|path| assert!(read.matches(path), "{pattern} means {path}"));
        others.iter().for_each(|path| assert!(!read.matches(path), "{pattern} does not mean {path}"));
    }

    #[test]
    fn stars_stay_within_a_name() {
        check("*.py", &["a.py", ".py"], &["a/b.py", "a.pyc"]);
        check("a/*/c?", &["a/b/cd"], &["a/cd", "a/b/x/cd", "a/b/c"]);
        check("[a-cx].[!y]", &["b.z", "x.z"], &["d.z", "a.y"]);
        check(r"\*[", &["*["], &["a["]);
    }

    #[test]
    fn two_stars_mean_any_number_of_folders() {
        check("**/x", &["x", "a/x", "a/b/x"], &["a/xx"]);
        check("a/**", &["a/b", "a/b/c", "a"], &["b/a"]);
        check("a/**/z", &["a/z", "a/b/c/z"], &["a/b"]);
    }

    proptest! {
        #[test]
        fn no_pattern_makes_it_panic(pattern in "[a*?\\[\\]^!\\-\\\\/é]{0,30}", path in "[ab/é]{0,30}") {
            Pattern::new(&pattern).matches(&path);
        }
    }
}
