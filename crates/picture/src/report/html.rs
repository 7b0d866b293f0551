//! Pieces of HTML, in which texts of strangers stay texts.

use crate::svg::text::is_unseen;

/// A text between tags or in an attribute. What has no letter of its own is shown by its number: an error's text may
/// be meant to be read otherwise than it is written.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            '\n' | '\t' => escaped.push(letter),
            '\r' => {}
            letter if letter.is_control() || is_unseen(letter) || is_no_letter(letter) => {
                escaped += &format!("⟨U+{:04X}⟩", u32::from(letter));
            }
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// What HTML has no place for.
fn is_no_letter(letter: char) -> bool {
    u32::from(letter) & 0xfffe == 0xfffe || ('\u{fdd0}'..='\u{fdef}').contains(&letter)
}

/// `<dt>` and `<dd>` for each name and text.
pub(super) fn listed<'a>(class: &str, rows: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut html = format!("<dl class=\"{class}\">\n");
    for (name, text) in rows {
        html += &format!("<div><dt>{}</dt><dd>{}</dd></div>\n", escaped(name), escaped(text));
    }
    html + "</dl>\n"
}

/// The symbol for a state, which the word beside it or its tooltip says too.
pub(super) fn mark(class: &str) -> String {
    format!(
        "<svg class=\"mark\" viewBox=\"-9 -9 18 18\" width=\"15\" height=\"15\" aria-hidden=\"true\">\
         <use href=\"#mark-{class}\"/></svg>"
    )
}

/// A part of the page that scrolls by itself, by the keyboard too.
pub(super) fn scrolled(class: &str, label: &str, inside: &str) -> String {
    format!(
        "<div class=\"{}\" role=\"region\" aria-label=\"{}\" tabindex=\"0\">\n{inside}</div>\n",
        format!("scroll {class}").trim_end(),
        escaped(label)
    )
}

/// A part of the whole, for the places of SVG.
pub(super) fn percent(part: f64) -> String {
    let text = format!("{:.3}", part * 100.0);
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_strangers_stay_texts() {
        let check = |text: &str, expected: &str| assert_eq!(escaped(text), expected);
        check("<script>alert('x')</script>", "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;");
        check("]]> --> \" &amp;", "]]&gt; --&gt; &quot; &amp;amp;");
        check("gpj.\u{202e}exe\u{2066}", "gpj.⟨U+202E⟩exe⟨U+2066⟩");
        check("a\u{2028}b\u{0}c\u{1b}[2J", "a⟨U+2028⟩b⟨U+0000⟩c⟨U+001B⟩[2J");
        check("\u{ffff}\u{1fffe}\u{fdd0}", "⟨U+FFFF⟩⟨U+1FFFE⟩⟨U+FDD0⟩");
        check("line\r\nGröße שלום", "line\nGröße שלום");
    }

    #[test]
    fn percents_are_short() {
        assert_eq!([0.0, 1.0, 0.123_456, 0.5].map(percent), ["0%", "100%", "12.346%", "50%"]);
    }
}
