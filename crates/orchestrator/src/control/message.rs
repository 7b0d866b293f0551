//! The messages of `proto/aieffect/control/v1/control.proto`, as they are written and read here. That the plan reads
//! the same by their descriptors is tested.

use prost::Message;

use super::json::{elements, is_object, members};

/// What an operation is given.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct Execution {
    /// JSON texts of data references.
    #[prost(string, repeated, tag = "1")]
    pub(crate) inputs: Vec<String>,
    /// The JSON text of an object, or nothing.
    #[prost(string, tag = "2")]
    pub(crate) parameters: String,
}

/// What an operation gave.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct Output {
    #[prost(string, tag = "1")]
    pub(crate) protocol: String,
    #[prost(string, tag = "2")]
    pub(crate) uri: String,
    #[prost(string, tag = "3")]
    pub(crate) format: String,
    #[prost(string, tag = "4")]
    pub(crate) schema_uri: String,
    #[prost(uint64, tag = "5")]
    pub(crate) size_bytes: u64,
    #[prost(string, tag = "6")]
    pub(crate) checksum: String,
    /// The JSON text of the whole.
    #[prost(string, tag = "15")]
    pub(crate) json: String,
}

impl Output {
    /// The output of that JSON text; with the fields of a reference where it is one.
    pub(crate) fn of(json: &str) -> Self {
        let mut output = Self { json: json.trim().to_owned(), ..Self::default() };
        let only = match elements(json).as_deref() {
            Some([only]) => (*only).to_owned(),
            _ => json.to_owned(),
        };
        if !is_object(&only) {
            return output;
        }
        for (key, value) in members(&only).unwrap_or_default() {
            let text = || serde_json::from_str::<String>(value).unwrap_or_default();
            match key.as_str() {
                "protocol" => output.protocol = text(),
                "uri" => output.uri = text(),
                "format" => output.format = text(),
                "schema_uri" => output.schema_uri = text(),
                "checksum" => output.checksum = text(),
                "size_bytes" => output.size_bytes = serde_json::from_str(value).unwrap_or_default(),
                _ => {}
            }
        }
        output
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_a_reference_are_read_and_the_whole_is_kept() {
        let json = r#"{"protocol": "s3", "uri": "s3://b/k", "format": "GridData", "size_bytes": 18446744073709551615,
            "schema_uri": null, "checksum": "sha256:ab", "metadata": {"n": 123456789012345678901}, "else": 1.10}"#;
        let output = Output::of(json);
        assert_eq!((output.protocol.as_str(), output.uri.as_str()), ("s3", "s3://b/k"));
        assert_eq!((output.format.as_str(), output.schema_uri.as_str()), ("GridData", ""));
        assert_eq!((output.size_bytes, output.checksum.as_str()), (u64::MAX, "sha256:ab"));
        assert_eq!(output.json, json);
    }

    #[test]
    fn of_several_references_none_is_taken_for_the_whole() {
        assert_eq!(Output::of(r#"[{"uri": "a"}]"#).uri, "a");
        assert_eq!(Output::of(r#"[{"uri": "a"}, {"uri": "b"}]"#).uri, "");
        assert_eq!(Output::of("null"), Output { json: "null".to_owned(), ..Output::default() });
        assert_eq!(Output::of(r#"{"uri": 7}"#).uri, "");
    }
}
