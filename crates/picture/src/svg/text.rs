//! Texts and numbers in an SVG.

/// A text between tags or in an attribute. What XML has no characters for is left out; what would turn the order of
/// letters around, or end a line unseen, is a space.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            letter if letter.is_control() || is_unseen(letter) => escaped.push(' '),
            '\u{fffe}' | '\u{ffff}' => {}
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// Whether a letter is not seen itself, but changes how others are: marks of direction, and ends of lines.
pub(crate) fn is_unseen(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// The text, or its beginning and its end where it is longer: names often differ in their last letters.
pub(crate) fn shortened(text: &str, longest: usize) -> String {
    let count = text.chars().count();
    if count <= longest {
        return text.to_owned();
    }
    let end = longest / 3;
    let head: String = text.chars().take(longest - end - 1).collect();
    let tail: String = text.chars().skip(count - end).collect();
    format!("{head}…{tail}")
}

/// About how wide a text is in a font of that size, and rather more: no font is at hand to measure with.
pub(super) fn width(text: &str, size: f64) -> f64 {
    let width = |letter: char| match letter {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '|' | '\'' | '!' | ' ' => 0.36,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 1.0,
        'A'..='Z' => 0.76,
        letter if letter.is_ascii() => 0.62,
        letter if u32::from(letter) < 0x1100 => 0.8,
        _ => 1.2,
    };
    text.chars().map(width).sum::<f64>() * size
}

/// With at most one decimal.
pub(crate) fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_text_or_is_more_than_text() {
        assert_eq!(
            escaped("<a href='x' b=\"&\">\u{0}\u{1b}\u{fffe}ä\n"),
            "&lt;a href=&#39;x&#39; b=&quot;&amp;&quot;&gt;  ä "
        );
        assert_eq!(escaped("a\u{202e}b\u{2028}c\u{2066}d"), "a b c d");
    }

    #[test]
    fn long_names_keep_both_ends() {
        assert_eq!(shortened("data_generator1", 15), "data_generator1");
        assert_eq!(shortened("data_generator12", 15), "data_gene…tor12");
        assert_eq!(shortened(&"ä".repeat(1000), 30).chars().count(), 30);
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!([number(1.0), number(1.25), number(0.04), number(-0.04)], ["1", "1.2", "0", "-0"]);
    }
}
