//! Texts of strangers as Mermaid labels, and what a node is called in drawings.

use aieffect_blueprint::{Node, TransportKind};

/// How many characters of one name are shown.
const LONGEST: usize = 60;

/// A node's name, and how it is called where that is not over gRPC.
pub(crate) fn named(node: &Node) -> String {
    match node.transport.kind() {
        TransportKind::Grpc => node.name.to_string(),
        TransportKind::HttpControl => format!("{}, HTTP", node.name),
    }
}

/// A text inside a quoted label. Whatever is no letter, digit or plain punctuation becomes a character code, so
/// that it can neither end the label nor be taken for Markdown, HTML or a directive.
pub(crate) fn escaped(text: &str) -> String {
    let mut label = String::new();
    for letter in text.chars().take(LONGEST) {
        if letter.is_alphanumeric() || " _-.,:/=".contains(letter) {
            label.push(letter);
        } else if letter.is_control() {
            label.push(' ');
        } else {
            label += &format!("#{};", u32::from(letter));
        }
    }
    if text.chars().nth(LONGEST).is_some() {
        label.push('…');
    }
    label
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(escaped(text), expected);
    }

    #[test]
    fn nothing_ends_a_label_or_is_more_than_text() {
        check("data_generator1", "data_generator1");
        check("a\"]; click n0 \"x", "a#34;#93;#59; click n0 #34;x");
        check("<img src=x>", "#60;img src=x#62;");
        check("%%{init: {}}%%", "#37;#37;#123;init: #123;#125;#125;#37;#37;");
        check("`*bold*`", "#96;#42;bold#42;#96;");
        check("&lt;#35;", "#38;lt#59;#35;35#59;");
        check("two\nlines\r\n", "two lines  ");
        check("Größe", "Größe");
    }

    #[test]
    fn long_texts_are_cut() {
        let label = escaped(&"x".repeat(1000));
        assert_eq!(label.chars().count(), LONGEST + 1);
        assert!(label.ends_with('…'));
    }
}
