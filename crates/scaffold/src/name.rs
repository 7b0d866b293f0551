//! The name of a new use case.

/// The name of a use case's folder, such as `wind_forecast`: letters, digits, `_`, `-` and `.`, beginning with a
/// letter or digit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UseCaseName(String);

/// Why a text cannot be the name of a new use case.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` cannot be the name of a use case: write up to 100 letters, digits, `_`, `-` or `.`, a letter or digit first"
)]
pub struct NameFault(String);

impl UseCaseName {
    /// The name as given, when it is one.
    pub fn new(text: &str) -> Result<Self, NameFault> {
        let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        if first && text.len() <= 100 && text.bytes().all(valid) {
            return Ok(Self(text.to_owned()));
        }
        Err(NameFault(text.chars().take(80).collect()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// `wind_forecast` as `Wind forecast`.
    pub(crate) fn title(&self) -> String {
        let words = self.0.replace(['_', '-', '.'], " ");
        let mut letters = words.trim().chars();
        letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_a_title() {
        let title = |name| UseCaseName::new(name).map(|name| name.title());
        assert_eq!(title("wind_forecast-2"), Ok("Wind forecast 2".to_owned()));
        for wrong in ["", ".hidden", "a b", "a\"b", "ä", "a/b"] {
            assert!(title(wrong).is_err(), "{wrong}");
        }
    }
}
