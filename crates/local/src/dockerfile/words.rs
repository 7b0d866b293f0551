//! The parts of an instruction: words with quotes, flags, the exec form, heredocs.

/// Splits at spaces outside quotes. Quotes fall away; an escaped character loses its escape, except `$`, whose
/// meaning is told from it later.
pub(crate) fn split(text: &str, escape: char) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (Some('\''), '$') => word.get_or_insert_default().extend([escape, '$']),
            (Some('\''), letter) => word.get_or_insert_default().push(letter),
            (_, letter) if letter == escape => {
                let word = word.get_or_insert_default();
                match letters.next() {
                    Some('$') => word.extend([escape, '$']),
                    Some(escaped) => word.push(escaped),
                    None => word.push(escape),
                }
            }
            (None, letter) if letter.is_whitespace() => words.extend(word.take()),
            (_, letter) => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

/// The `--name` and `--name=value` words at the beginning, and what follows them.
pub(crate) fn flags(text: &str) -> (Vec<&str>, &str) {
    let (mut found, mut rest) = (Vec::new(), text.trim_start());
    while rest.starts_with("--") {
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        found.push(&rest[..end]);
        rest = rest[end..].trim_start();
    }
    (found, rest)
}

/// `["a", "b"]`; anything else is the shell form, also a list that is nearly right, as Docker has it.
pub(crate) fn exec_form(text: &str) -> Option<Vec<String>> {
    let text = text.trim();
    if text.starts_with('[') { serde_json::from_str(text).ok() } else { None }
}

/// The names that end the heredocs of an instruction, in order.
pub(super) fn heredocs(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for word in text.split_ascii_whitespace() {
        let Some(at) = word.find("<<") else { continue };
        let before_is_descriptor = word[..at].bytes().all(|byte| byte.is_ascii_digit());
        let name = word[at + 2..].trim_start_matches('-').trim_matches(['"', '\'']);
        let is_name =
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if before_is_descriptor && is_name {
            names.push(name.to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_outside_quotes() {
        let check = |text: &str, expected: &[&str]| assert_eq!(split(text, '\\'), expected, "{text}");
        check(r#"a "b c" d\ e ''"#, &["a", "b c", "d e", ""]);
        check(r#"A="x y" B='$Z' C=\$Z"#, &["A=x y", r"B=\$Z", r"C=\$Z"]);
        check("a \\", &["a", "\\"]);
    }

    #[test]
    fn flags_stand_before_everything_else() {
        assert_eq!(flags("--from=x --link a --b c"), (vec!["--from=x", "--link"], "a --b c"));
        assert_eq!(flags("a"), (vec![], "a"));
    }

    #[test]
    fn a_list_that_is_nearly_right_is_the_shell_form() {
        assert_eq!(exec_form(r#"["a", "b"]"#), Some(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(exec_form("['a']"), None);
    }

    #[test]
    fn heredocs_are_told_from_shifts() {
        assert_eq!(heredocs("<<EOF cat 3<<-\"B\""), ["EOF", "B"]);
        assert_eq!(heredocs("echo $((1 << 2)) a<<b <<<c"), Vec::<String>::new());
    }
}
