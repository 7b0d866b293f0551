//! Parts of a JSON text, cut out as they stand. Only texts for which [`is_json`] holds are cut right; of others parts may be
//! wrong or missing, and nothing panics.

use serde::de::IgnoredAny;

/// Whether the text is one JSON value. Takes no stack, however deep it is nested.
pub(crate) fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Whether it is an object.
pub(crate) fn is_object(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

/// The keys of an object, and the texts of their values. `None` when it is no object.
pub(crate) fn members(text: &str) -> Option<Vec<(String, &str)>> {
    let mut scan = Scan::inside(text, b'{')?;
    let mut members = Vec::new();
    while !scan.has_ended(b'}')? {
        let key = serde_json::from_str(scan.value()?).ok()?;
        scan.expect(b':')?;
        members.push((key, scan.value()?));
    }
    Some(members)
}

/// The texts of an array's values. `None` when it is no array.
pub(crate) fn elements(text: &str) -> Option<Vec<&str>> {
    let mut scan = Scan::inside(text, b'[')?;
    let mut elements = Vec::new();
    while !scan.has_ended(b']')? {
        elements.push(scan.value()?);
    }
    Some(elements)
}

struct Scan<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Scan<'t> {
    fn inside(text: &'t str, bracket: u8) -> Option<Self> {
        let mut scan = Self { text, at: 0 };
        scan.expect(bracket)?;
        Some(scan)
    }

    fn peek(&mut self) -> Option<u8> {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        self.text.as_bytes().get(self.at).copied()
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// Whether the closing bracket is next; else the comma before the next value is passed over.
    fn has_ended(&mut self, bracket: u8) -> Option<bool> {
        match self.peek()? {
            byte if byte == bracket => Some(true),
            b',' => {
                self.at += 1;
                Some(false)
            }
            _ => Some(false),
        }
    }

    /// The next value.
    fn value(&mut self) -> Option<&'t str> {
        self.peek()?;
        let begin = self.at;
        let mut depth = 0_usize;
        loop {
            match self.text.as_bytes().get(self.at)? {
                b'"' => self.string()?,
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.at += 1;
                }
                b',' | b':' => self.at += 1,
                byte if byte.is_ascii_whitespace() => self.at += 1,
                _ => self.scalar(),
            }
            if depth == 0 {
                return self.text.get(begin..self.at);
            }
        }
    }

    fn string(&mut self) -> Option<()> {
        self.at += 1;
        loop {
            match self.text.as_bytes().get(self.at)? {
                b'"' => {
                    self.at += 1;
                    return Some(());
                }
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
    }

    fn scalar(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        let is_part = |byte: &&u8| !byte.is_ascii_whitespace() && !b",:]}[{\"".contains(byte);
        self.at += rest.iter().take_while(is_part).count();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn parts_are_cut_out_as_they_stand() {
        let text = r#" { "a" : 12345678901234567890123 , "b\"}" : [ 1.10, {"c": "],"} ], "d":null } "#;
        let members = members(text).unwrap();
        let members: Vec<_> = members.iter().map(|(key, value)| (key.as_str(), *value)).collect();
        assert_eq!(
            members,
            [("a", "12345678901234567890123"), ("b\"}", r#"[ 1.10, {"c": "],"} ]"#), ("d", "null")]
        );
        assert_eq!(elements(members[1].1).unwrap(), ["1.10", r#"{"c": "],"}"#]);
        assert_eq!(elements("[]").unwrap(), [""; 0]);
        assert_eq!(super::members("{}").unwrap(), []);
    }

    #[test]
    fn whatever_is_no_object_or_array_is_none() {
        for text in ["", "1", "\"{\"", "[", "{\"a\"", "[\"", "[\"\\", "{\"a\":", "{1:2}", "]"] {
            assert_eq!(members(text), None, "{text}");
        }
        for text in ["", "{}", "[1", "[\"\\", "[}"] {
            assert_eq!(elements(text), None, "{text}");
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::hash_map(any::<String>(), inner, 0..6).prop_map(Value::from_iter),
            ]
        })
    }

    proptest! {
        #[test]
        fn parts_are_those_that_a_parser_finds(json in any_json(), pretty in any::<bool>()) {
            let text = if pretty { format!("{json:#}") } else { json.to_string() };
            prop_assert!(is_json(&text));
            let read = |part: &str| serde_json::from_str::<Value>(part).unwrap();
            let parts = members(&text).map(|parts| parts.into_iter().map(|(key, part)| (key, read(part))).collect());
            prop_assert_eq!(parts, json.as_object().cloned());
            let parts = elements(&text).map(|parts| parts.into_iter().map(read).collect::<Vec<_>>());
            prop_assert_eq!(parts, json.as_array().cloned());
        }

        #[test]
        fn no_text_ends_it(text in r#"[\[\]{}",:\\a-z0-9 \x0c\n]{0,40}"#) {
            let _ = (members(&text), elements(&text));
        }
    }

    #[test]
    fn nesting_without_end_takes_no_stack() {
        let deep = "[".repeat(1_000_000) + &"]".repeat(1_000_000);
        assert!(is_json(&deep));
        assert_eq!(elements(&deep).unwrap().len(), 1);
    }
}
