//! Data references: who made them, and what an `inline` one holds.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use super::json::{elements, is_json, is_object, members};

/// The protocol of references that hold their data themselves: `uri` is its base64.
const INLINE: &str = "inline";

/// What an output holds for fields of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// Nothing was given.
    Nothing,
    /// The JSON text of an object.
    Object(String),
    /// Something else; this is what.
    Other(String),
}

/// The references of an output's JSON text, each naming its producer. What is no reference becomes an inline one.
pub(crate) fn references(json: &str, producer: &str) -> Vec<String> {
    if let Some(several) = elements(json) {
        return several.into_iter().filter_map(|one| reference(one, producer)).collect();
    }
    reference(json, producer).into_iter().collect()
}

fn reference(json: &str, producer: &str) -> Option<String> {
    let json = json.trim();
    match json {
        "" | "null" => None,
        _ if is_reference(json) => Some(with_producer(json, producer)),
        _ => Some(with_producer(&inline(json, None), producer)),
    }
}

fn is_reference(json: &str) -> bool {
    let members = members(json).unwrap_or_default();
    members.iter().any(|(key, _)| key == "uri" || key == "protocol")
}

/// An inline reference to that JSON text; `message` is the full name of the message that it shows, if it does.
pub(crate) fn inline(json: &str, message: Option<&str>) -> String {
    let data = STANDARD.encode(json);
    let metadata = match message {
        // A message's name needs no escapes.
        Some(message) => format!(r#", "metadata": {{"message": "{message}"}}"#),
        None => String::new(),
    };
    format!(r#"{{"protocol": "{INLINE}", "uri": "{data}", "format": "json"{metadata}}}"#)
}

/// The reference with `metadata.from`, everything else as it stands. Metadata that is no object is left alone.
pub(crate) fn with_producer(reference: &str, producer: &str) -> String {
    let Some(mut members) = members(reference) else { return reference.to_owned() };
    let metadata =
        members.iter().rev().find(|(key, _)| key == "metadata").map_or("null", |(_, value)| *value);
    let inner = match metadata {
        "null" => Vec::new(),
        _ => match self::members(metadata) {
            Some(inner) => inner,
            None => return reference.to_owned(),
        },
    };
    let from = text(producer);
    let others = inner.into_iter().filter(|(key, _)| key != "from");
    let metadata = object(others.chain([("from".to_owned(), from.as_str())]));
    members.retain(|(key, _)| key != "metadata");
    object(members.into_iter().chain([("metadata".to_owned(), metadata.as_str())]))
}

fn object<'v>(members: impl Iterator<Item = (String, &'v str)>) -> String {
    let members: Vec<_> = members.map(|(key, value)| format!("{}: {value}", text(&key))).collect();
    format!("{{{}}}", members.join(", "))
}

fn text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// What an output's JSON text holds for fields of a request: the JSON object that it is, or that it holds inline.
pub(crate) fn content(json: &str) -> Content {
    let json = json.trim();
    match elements(json).as_deref() {
        Some([]) => return Content::Nothing,
        Some([only]) => return content_of_one(only),
        Some(several) => return Content::Other(format!("{} data references", several.len())),
        None => {}
    }
    content_of_one(json)
}

fn content_of_one(json: &str) -> Content {
    if matches!(json, "" | "null") {
        return Content::Nothing;
    }
    let Some(members) = members(json).filter(|_| is_object(json)) else {
        return Content::Other("no JSON object".to_owned());
    };
    let find = |name: &str| {
        let value = members.iter().rev().find(|(key, _)| key == name)?.1;
        serde_json::from_str::<String>(value).ok()
    };
    match (find("protocol"), find("uri")) {
        (None, None) => Content::Object(json.to_owned()),
        (protocol, Some(uri)) if protocol.as_deref() == Some(INLINE) => {
            let decoded = STANDARD.decode(&uri).or_else(|_| STANDARD_NO_PAD.decode(&uri)).ok();
            let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
            // Some write the JSON itself.
            let held = decoded.unwrap_or(uri);
            match is_json(&held) && is_object(&held) {
                true => Content::Object(held),
                false => Content::Other("inline data that is no JSON object".to_owned()),
            }
        }
        (protocol, _) => {
            let protocol = protocol.unwrap_or_else(|| "unknown".to_owned());
            Content::Other(format!("a data reference of protocol `{protocol}`"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_names_its_producer_and_keeps_all_else() {
        let said = with_producer(
            r#"{"uri":"x","n":12345678901234567890123,"metadata":{"a":{"from":"deep"},"from":"earlier","f":1.10},"z":[1]}"#,
            "meter1:Read",
        );
        assert_eq!(
            said,
            r#"{"uri": "x", "n": 12345678901234567890123, "z": [1], "metadata": {"a": {"from":"deep"}, "f": 1.10, "from": "meter1:Read"}}"#
        );
        assert_eq!(with_producer(r#"{"metadata": "text"}"#, "a:B"), r#"{"metadata": "text"}"#);
        assert_eq!(with_producer(r#"{"metadata": null}"#, "a:B"), r#"{"metadata": {"from": "a:B"}}"#);
    }

    #[test]
    fn an_output_is_one_reference_several_or_none() {
        assert_eq!(references("null", "a:B"), [""; 0]);
        assert_eq!(references("[]", "a:B"), [""; 0]);
        assert_eq!(references(r#"[{"uri": "1"}, null, {"uri": "2"}]"#, "a:B").len(), 2);
        let wrapped = references(r#"{"rows": 3}"#, "a:B");
        assert_eq!(
            wrapped,
            [
                r#"{"protocol": "inline", "uri": "eyJyb3dzIjogM30=", "format": "json", "metadata": {"from": "a:B"}}"#
            ]
        );
        assert_eq!(content(&wrapped[0]), Content::Object(r#"{"rows": 3}"#.to_owned()));
    }

    #[test]
    fn what_an_output_holds_is_found_or_said() {
        let other = |text: &str| Content::Other(text.to_owned());
        assert_eq!(content("null"), Content::Nothing);
        assert_eq!(content(r#"{"a": 1}"#), Content::Object(r#"{"a": 1}"#.to_owned()));
        assert_eq!(
            content(r#"{"protocol": "inline", "uri": "{\"a\": 1}"}"#),
            Content::Object(r#"{"a": 1}"#.to_owned())
        );
        assert_eq!(
            content(r#"{"protocol": "s3", "uri": "s3://b"}"#),
            other("a data reference of protocol `s3`")
        );
        assert_eq!(content("[1, 2]"), other("2 data references"));
        assert_eq!(content("7"), other("no JSON object"));
        let inline = content(r#"{"protocol": "inline", "uri": "aGVsbG8="}"#);
        assert_eq!(inline, other("inline data that is no JSON object"));
    }
}
