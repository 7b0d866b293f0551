//! Variables in compose files and Dockerfiles: `$X`, `${X}`, `${X:-default}` and their kin.
//!
//! What looks like no variable stays as it is, since both tools' other rules (shell syntax in a command, say)
//! are not this crate's to judge.

/// How a text writes a `$` that begins no variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// `$$`.
    Compose,
    /// A backslash, or whatever the file's escape directive says, before it.
    Dockerfile {
        /// The escape character.
        escape: char,
    },
}

/// Fills the variables of `text` in; one that `lookup` does not know is empty, as both tools have it.
pub(crate) fn substitute(text: &str, dialect: Dialect, lookup: &dyn Fn(&str) -> Option<String>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(|letter| letter == '$' || dialect.escapes(letter)) {
        filled.push_str(&rest[..at]);
        rest = &rest[at..];
        rest = match literal(rest, dialect) {
            Some((literal, after)) => {
                filled.push_str(literal);
                after
            }
            None => match variable(rest) {
                Some((variable, after)) => {
                    filled.push_str(&variable.value(dialect, lookup));
                    after
                }
                None => {
                    let (first, after) = rest.split_at(rest.chars().next().map_or(0, char::len_utf8));
                    filled.push_str(first);
                    after
                }
            },
        };
    }
    filled.push_str(rest);
    filled
}

impl Dialect {
    fn escapes(self, letter: char) -> bool {
        matches!(self, Self::Dockerfile { escape } if escape == letter)
    }
}

/// A `$` that begins no variable, and what follows.
fn literal(text: &str, dialect: Dialect) -> Option<(&'static str, &str)> {
    match dialect {
        Dialect::Compose => text.strip_prefix("$$").map(|rest| ("$", rest)),
        Dialect::Dockerfile { escape } => {
            text.strip_prefix(escape)?.strip_prefix('$').map(|rest| ("$", rest))
        }
    }
}

struct Variable<'a> {
    name: &'a str,
    /// `:-`, `-`, `:+`, `+`, `:?` or `?`, and the word after it.
    modifier: Option<(&'a str, &'a str)>,
}

fn variable(text: &str) -> Option<(Variable<'_>, &str)> {
    let after_dollar = text.strip_prefix('$')?;
    let Some(braced) = after_dollar.strip_prefix('{') else {
        let name = name(after_dollar)?;
        return Some((Variable { name, modifier: None }, &after_dollar[name.len()..]));
    };
    let (inside, after) = braced.split_at(closing_brace(braced)?);
    let after = after.strip_prefix('}')?;
    let name = name(inside)?;
    let rest = &inside[name.len()..];
    if rest.is_empty() {
        return Some((Variable { name, modifier: None }, after));
    }
    let operator =
        [":-", "-", ":+", "+", ":?", "?"].into_iter().find(|operator| rest.starts_with(operator))?;
    Some((Variable { name, modifier: Some(rest.split_at(operator.len())) }, after))
}

fn name(text: &str) -> Option<&str> {
    let end =
        text.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(text.len());
    let name = &text[..end];
    let begins_well = name.starts_with(|letter: char| !letter.is_ascii_digit());
    begins_well.then_some(name)
}

/// Where the brace that is open closes; defaults may hold variables in braces themselves.
fn closing_brace(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, letter) in text.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

impl Variable<'_> {
    fn value(&self, dialect: Dialect, lookup: &dyn Fn(&str) -> Option<String>) -> String {
        let known = lookup(self.name);
        let Some((operator, word)) = self.modifier else { return known.unwrap_or_default() };
        let filled = known.as_ref().is_some_and(|value| !operator.starts_with(':') || !value.is_empty());
        match (operator.ends_with('+'), filled) {
            (true, true) | (false, false) if !operator.ends_with('?') => substitute(word, dialect, lookup),
            (true, _) => String::new(),
            _ => known.unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DOCKERFILE: Dialect = Dialect::Dockerfile { escape: '\\' };

    fn lookup(name: &str) -> Option<String> {
        match name {
            "A" => Some("a".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        }
    }

    fn check(dialect: Dialect, text: &str, expected: &str) {
        assert_eq!(substitute(text, dialect, &lookup), expected, "{text}");
    }

    #[test]
    fn variables_are_filled_in() {
        for dialect in [Dialect::Compose, DOCKERFILE] {
            check(dialect, "x$A/${A}y", "xa/ay");
            check(dialect, "$NONE|${NONE}", "|");
            check(dialect, "${NONE:-d} ${EMPTY:-d} ${EMPTY-d} ${A:-d}", "d d  a");
            check(dialect, "${A:+r} ${EMPTY:+r} ${EMPTY+r} ${NONE+r}", "r  r ");
            check(dialect, "${NONE:-${A}-${NONE:-z}}", "a-z");
            check(dialect, "${A:?needed}", "a");
        }
    }

    #[test]
    fn an_escaped_dollar_begins_no_variable() {
        check(Dialect::Compose, "$$A", "$A");
        check(DOCKERFILE, r"\$A \n", r"$A \n");
    }

    #[test]
    fn what_is_no_variable_stays() {
        check(DOCKERFILE, "$ $1 ${ ${} ${A ${A!x} 5$", "$ $1 ${ ${} ${A ${A!x} 5$");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[$A{}:\\-+?\\\\ é]{0,40}") {
            substitute(&text, Dialect::Compose, &lookup);
            substitute(&text, DOCKERFILE, &lookup);
        }
    }
}
