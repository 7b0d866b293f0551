//! Texts of services and conditions, made fit for one line of a person's terminal.

/// On one line, control characters escaped, cut after `limit` characters.
pub(super) fn brief(text: &str, limit: usize) -> String {
    let mut shown = String::new();
    for (nth, letter) in text.trim().chars().enumerate() {
        if nth == limit {
            shown.push('…');
            break;
        }
        match letter {
            letter if letter.is_control() || is_invisible(letter) => shown.extend(letter.escape_debug()),
            letter => shown.push(letter),
        }
    }
    shown
}

/// Characters that reorder or hide what stands around them.
fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}
