//! Any text as one word of bash.

/// The word that bash takes for exactly this text. It stands on one line, whatever the text holds; a NUL, which no
/// word of bash can hold, ends it.
pub(crate) fn quote(text: &str) -> String {
    let text = text.split('\0').next().unwrap_or_default();
    if is_plain(text) {
        return text.to_owned();
    }
    // Between plain quotes a `$` or a backtick means itself too, but whoever reads the script has to know that.
    let is_quiet = |letter: char| !letter.is_control() && !"'\\$`".contains(letter);
    if text.chars().all(is_quiet) { format!("'{text}'") } else { ansi_c(text) }
}

fn is_plain(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_./:@%+-".contains(&byte);
    !text.is_empty() && text.bytes().all(plain)
}

/// `$'…'`: single quotes alone cannot hold one, and what ends a line is to be seen.
fn ansi_c(text: &str) -> String {
    let mut word = "$'".to_owned();
    for letter in text.chars() {
        match letter {
            '\'' => word.push_str("\\'"),
            '\\' => word.push_str("\\\\"),
            '\n' => word.push_str("\\n"),
            '\t' => word.push_str("\\t"),
            // Three digits always, so that a digit behind them is the text's own.
            letter if letter.is_ascii_control() => word.push_str(&format!("\\{:03o}", u32::from(letter))),
            letter => word.push(letter),
        }
    }
    word.push('\'');
    word
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    fn as_bash_reads(word: &str) -> String {
        let output = Command::new("bash").args(["-c", &format!("printf %s {word}")]).output().unwrap();
        assert!(output.status.success(), "{word}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn plain_words_stay_as_they_are() {
        for text in ["data-analyzer", "services/a_b/Dockerfile", "x-y:latest", "Data.1"] {
            assert_eq!(quote(text), text);
        }
        assert_eq!(quote(""), "''");
        assert_eq!(quote("a b"), "'a b'");
        assert_eq!(quote("it's\n"), r"$'it\'s\n'");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn bash_reads_every_text_back(
            text in "[-A-Za-z0-9 .'\"$()`\\\\\n\t!*?~#&;|<>{}\\[\\]=,^%+\u{1}\u{7f}\u{85}é]{0,24}|\\PC{0,24}",
        ) {
            let word = quote(&text);
            prop_assert!(!word.contains('\n'));
            prop_assert_eq!(as_bash_reads(&word), text);
        }
    }
}
