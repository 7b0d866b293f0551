//! Names as `prost-build` 0.14 makes them of those in a proto.

/// Keywords that it writes as `r#…`.
const RAW: [&str; 47] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else",
    "enum", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod",
    "move", "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait", "true", "try",
    "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];
/// Keywords that cannot be written so.
const LENGTHENED: [&str; 4] = ["crate", "extern", "self", "super"];

/// `clean_data` as `CleanData`: a name that stays as it is in generated code. Of several capitals in a row, that would
/// leave the first and the last, so that single letters become one word with what is before them.
pub(crate) fn type_name(folder: &str) -> String {
    let capitals: String = folder.split('_').map(capitalised).collect();
    words(&capitals).iter().map(|word| capitalised(&word.to_ascii_lowercase())).collect()
}

/// `CleanData2` as `clean_data2`.
pub(crate) fn snake(pascal: &str) -> String {
    words(pascal).join("_").to_ascii_lowercase()
}

/// The name of an operation's method.
pub(crate) fn method(pascal: &str) -> String {
    let name = snake(pascal);
    match name.as_str() {
        word if RAW.contains(&word) => format!("r#{name}"),
        word if LENGTHENED.contains(&word) => format!("{name}_"),
        _ => name,
    }
}

/// A new word begins at a capital after a small letter, and at the last of several capitals before one; a digit is of the
/// kind of what is before it.
fn words(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let mut words = Vec::new();
    let mut start = 0;
    let mut after_small = false;
    for at in 1..bytes.len() {
        let (before, here) = (bytes[at - 1], bytes[at]);
        after_small = if before.is_ascii_digit() { after_small } else { before.is_ascii_lowercase() };
        let before_small = bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase);
        if here.is_ascii_uppercase() && (after_small || before_small) {
            words.push(&text[start..at]);
            start = at;
        }
    }
    words.push(&text[start..]);
    words
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_generated_code() {
        let check = |folder: &str, pascal: &str, method_name: &str| {
            assert_eq!((&*type_name(folder), &*method(&type_name(folder))), (pascal, method_name));
            // Told once more, nothing changes: so do the generators leave it.
            assert_eq!(type_name(&snake(pascal)), pascal);
        };
        check("load_data", "LoadData", "load_data");
        check("clean_data_2b", "CleanData2b", "clean_data2b");
        check("a_b_c", "Abc", "abc");
        check("b2_c", "B2c", "b2c");
        check("b2_ca", "B2Ca", "b2_ca");
        check("x_ray", "XRay", "x_ray");
        check("type", "Type", "r#type");
        check("super", "Super", "super_");
    }
}
