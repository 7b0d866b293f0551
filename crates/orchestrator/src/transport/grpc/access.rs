//! How services are spoken to: [`Access`], and the [`Token`] that they are shown.

use std::fmt;
use std::sync::Arc;

use aieffect_blueprint::Address;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};

use super::tls::{Tls, Trouble};
use crate::run::Failure;
use crate::transport::breaker::{Admission, Breakers, Refusal};

/// How services are spoken to: over TLS or in plain text, and with which token.
#[derive(Debug, Clone, Default)]
pub struct Access {
    tls: Option<Tls>,
    token: Option<Token>,
    /// Remember which services cannot be connected to, where somebody wants that.
    breakers: Option<Arc<Breakers>>,
}

/// A bearer token. It is sent with calls and shown nowhere, not by `Debug` either.
#[derive(Clone)]
pub struct Token {
    text: Arc<str>,
    header: HeaderValue,
}

/// A text that is no bearer token. It is not repeated here: it may be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Nothing but white space.
    #[error("holds no token: it is empty")]
    Empty,
    /// A letter that no token has.
    #[error("holds no bearer token: that is one word of letters, digits and `-._~+/=`")]
    NotAToken,
}

impl Access {
    /// In plain text, without a token.
    pub fn plain() -> Self {
        Self::default()
    }

    /// The same over TLS.
    #[must_use]
    pub fn over(self, tls: Tls) -> Self {
        Self { tls: Some(tls), ..self }
    }

    /// The same with a token.
    #[must_use]
    pub fn with_token(self, token: Token) -> Self {
        Self { token: Some(token), ..self }
    }

    /// The same, with calls refused at once of services that could not be connected to again and again.
    #[must_use]
    pub fn with_breakers(self, breakers: Arc<Breakers>) -> Self {
        Self { breakers: Some(breakers), ..self }
    }

    /// The same, and nobody remembers whether connections come about.
    pub(in crate::transport) fn unwatched(&self) -> Self {
        Self { breakers: None, ..self.clone() }
    }

    /// Whether a call may connect. What is given is held while it does.
    pub(in crate::transport) fn admit(&self, address: &Address) -> Result<Admission, Refusal> {
        self.breakers.as_ref().map_or_else(|| Ok(Admission::free()), |breakers| breakers.admit(address))
    }

    /// Connects, and has it remembered whether that came about.
    pub(in crate::transport) async fn watch<T>(
        &self,
        address: &Address,
        connecting: impl Future<Output = Result<T, Trouble>>,
    ) -> Result<T, Trouble> {
        match &self.breakers {
            Some(breakers) => breakers.watch(address, connecting).await,
            None => connecting.await,
        }
    }

    /// How connections are made secure, where they are.
    pub fn tls(&self) -> Option<&Tls> {
        self.tls.as_ref()
    }

    /// Adds the token.
    pub(in crate::transport) fn authorize(&self, headers: &mut HeaderMap) {
        if let Some(token) = &self.token {
            headers.insert(AUTHORIZATION, token.header.clone());
        }
    }

    /// The same failure. A service that repeats the token in its status does not get it into our log.
    pub(in crate::transport) fn without_token(&self, failure: Failure) -> Failure {
        let Some(token) = &self.token else { return failure };
        let hidden = |text: String| text.replace(&*token.text, "<token>");
        match failure {
            Failure::Status { code, message } => Failure::Status { code, message: hidden(message) },
            Failure::Http { status, message } => Failure::Http { status, message: hidden(message) },
            Failure::Unsuccessful { message } => Failure::Unsuccessful { message: hidden(message) },
            Failure::Protocol { reason } => Failure::Protocol { reason: hidden(reason) },
            failure => failure,
        }
    }
}

impl Token {
    /// Takes a token, with white space around it.
    pub fn new(text: &str) -> Result<Self, TokenError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(TokenError::Empty);
        }
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
        if !text.bytes().all(is_letter) {
            return Err(TokenError::NotAToken);
        }
        let header = HeaderValue::from_str(&format!("Bearer {text}"));
        let mut header = header.map_err(|_| TokenError::NotAToken)?;
        header.set_sensitive(true);
        Ok(Self { text: Arc::from(text), header })
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::StatusCode;

    #[test]
    fn a_token_is_one_word_and_is_not_shown() {
        let access = Access::plain().with_token(Token::new(" abc.DEF-1~+/==\n").unwrap());
        assert!(!format!("{access:?}").contains("abc"), "{access:?}");
        let mut headers = HeaderMap::new();
        access.authorize(&mut headers);
        let header = headers.get("authorization").unwrap();
        assert_eq!((header.to_str().unwrap(), header.is_sensitive()), ("Bearer abc.DEF-1~+/==", true));
        assert_eq!(Token::new(" \n").unwrap_err(), TokenError::Empty);
        for text in ["two words", "two\nlines", "schlüssel", "a\u{7}"] {
            let error = Token::new(text).unwrap_err();
            assert_eq!(error, TokenError::NotAToken);
            assert!(!error.to_string().contains(text));
        }
    }

    #[test]
    fn a_service_that_repeats_the_token_does_not_get_it_into_an_error() {
        let access = Access::plain().with_token(Token::new("s3cret").unwrap());
        let said = Failure::Status { code: StatusCode::Unauthenticated, message: "bad token s3cret".into() };
        assert_eq!(
            access.without_token(said).to_string(),
            "the service answered UNAUTHENTICATED: bad token <token>"
        );
    }
}
