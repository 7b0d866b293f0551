//! Text in HTML.

use serde_json::Value;

/// So that nothing in it is a tag.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// The same of a JSON text; of anything else, nothing.
pub(super) fn escaped(value: &Value) -> String {
    escape(value.as_str().unwrap_or_default())
}

/// A JSON text in which words between backticks are code.
pub(super) fn prose(value: &Value) -> String {
    let parts = value.as_str().unwrap_or_default().split('`').enumerate();
    parts
        .map(|(place, part)| match place % 2 {
            0 => escape(part),
            _ => format!("<code>{}</code>", escape(part)),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_a_tag() {
        assert_eq!(prose(&"a `<b>` & 'c'".into()), "a <code>&lt;b&gt;</code> &amp; &#39;c&#39;");
    }
}
