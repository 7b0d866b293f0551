//! Quotes for what YAML 1.2 takes for text and YAML 1.1 does not: `no`, `on`, dates, `1_000`, `22:22`.
//!
//! The serializer follows 1.2 alone. Its output has one scalar a line, or a key and a scalar, since none of our
//! texts holds a line end; so the quotes are added line by line.

/// The same document, for readers of both.
pub(super) fn quote_for_both(yaml: &str) -> String {
    yaml.lines().map(|line| quote_line(line) + "\n").collect()
}

fn quote_line(line: &str) -> String {
    let mut start = line.len() - line.trim_start_matches(' ').len();
    while line[start..].starts_with("- ") {
        start += 2;
    }
    let (lead, rest) = line.split_at(start);
    match key_end(rest) {
        Some(end) => {
            let (key, rest) = rest.split_at(end);
            let value = rest[1..].trim_start_matches(' ');
            let separator = if value.is_empty() { ":" } else { ": " };
            format!("{lead}{}{separator}{}", quoted(key), quoted(value))
        }
        None => format!("{lead}{}", quoted(rest)),
    }
}

/// Where the colon behind the line's key stands, if it has one.
fn key_end(text: &str) -> Option<usize> {
    let inside = match text.bytes().next()? {
        b'\'' => single_quoted(text),
        b'"' => double_quoted(text),
        _ => return text.find(": ").or_else(|| text.ends_with(':').then(|| text.len() - 1)),
    };
    let rest = &text[inside..];
    (rest == ":" || rest.starts_with(": ")).then_some(inside)
}

/// The length of the quoted text at the beginning, in which `''` stands for a quote.
fn single_quoted(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match (bytes[at], bytes.get(at + 1)) {
            (b'\'', Some(b'\'')) => at += 2,
            (b'\'', _) => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

/// The length of the quoted text at the beginning, with backslashes in it.
fn double_quoted(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

fn quoted(scalar: &str) -> String {
    if is_more_in_yaml_1_1(scalar) { format!("'{}'", scalar.replace('\'', "''")) } else { scalar.to_owned() }
}

/// Numbers without quotes are numbers to both, and the serializer quotes what 1.2 takes for something else than
/// text; whatever begins like a number is quoted, since 1.1 knows many more kinds of them.
fn is_more_in_yaml_1_1(scalar: &str) -> bool {
    const WORDS: [&str; 8] = ["y", "n", "yes", "no", "on", "off", "=", "<<"];
    let unsigned = scalar.trim_start_matches(['+', '-', '.']);
    let numeric = unsigned.starts_with(|letter: char| letter.is_ascii_digit());
    let is_number = scalar.bytes().all(|byte| byte.is_ascii_digit());
    WORDS.iter().any(|word| word.eq_ignore_ascii_case(scalar)) || (numeric && !is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_meaning_and_gain_quotes() {
        let check = |line: &str, expected: &str| assert_eq!(quote_line(line), expected);
        check("  restart: no", "  restart: 'no'");
        check("  on:", "  'on':");
        check("  '012':", "  '012':");
        check("- 22:22", "- '22:22'");
        check("- 127.0.0.1:1:2", "- '127.0.0.1:1:2'");
        check("  2024-06-01: 1_000", "  '2024-06-01': '1_000'");
        check("    'a'': b': yes", "    'a'': b': 'yes'");
        check("    \"a\\\": b\": off", "    \"a\\\": b\": 'off'");
        check("    A: null", "    A: null");
        check("    retries: 3", "    retries: 3");
        check("    init: true", "    init: true");
        check("    A: 'no'", "    A: 'no'");
        check("- ./data:/app/data", "- ./data:/app/data");
    }
}
