//! TLS for connections to services: [`Tls`]. Deliberately absent: files, and the certificates of the system.

mod connector;
mod pem;
mod trouble;

use std::sync::Arc;
use std::time::Duration;

use aieffect_blueprint::Address;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::sign::SingleCertAndKey;

pub(in crate::transport) use self::connector::Secured;
pub use self::pem::{authorities, certified};
pub(in crate::transport) use self::trouble::Trouble;
pub(super) use self::trouble::trouble;

/// How connections are made secure: whose certificates are trusted, and which certificate is ours.
#[derive(Debug, Clone)]
pub struct Tls {
    config: Arc<ClientConfig>,
}

/// The PEM texts of our own certificate, with those between it and its CA, and of its key.
#[derive(Debug, Clone, Copy)]
pub struct OwnCertificate<'a> {
    /// The certificates, our own first.
    pub certificates: &'a [u8],
    /// Its key.
    pub key: &'a [u8],
}

/// Which of the texts something is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsPart {
    /// The CA's certificates.
    Authority,
    /// Our own certificate.
    Certificate,
    /// The key of our own certificate.
    Key,
}

/// A text that TLS cannot be made of; the message goes on behind the text's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct TlsError {
    /// Which text.
    pub part: TlsPart,
    what: String,
}

impl Tls {
    /// Trusts what is signed by the CA certificates of this PEM text, and shows services our own certificate where
    /// there is one.
    pub fn new(authority: &[u8], own: Option<OwnCertificate<'_>>) -> Result<Self, TlsError> {
        let roots = authorities(authority)?;
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError { part: TlsPart::Authority, what: error.to_string() })?
            .with_root_certificates(roots);
        let mut config = match own {
            None => builder.with_no_client_auth(),
            Some(own) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(certified(own)?))),
        };
        config.alpn_protocols = vec![connector::HTTP2.to_vec()];
        Ok(Self { config: Arc::new(config) })
    }

    /// Makes connections for HTTP/1.1 to that address.
    pub(in crate::transport) fn http1_connector(
        &self,
        address: &Address,
        limit: Duration,
    ) -> Result<Secured, String> {
        let mut config = ClientConfig::clone(&self.config);
        config.alpn_protocols = vec![connector::HTTP1.to_vec()];
        Ok(Secured::new(Arc::new(config), address, limit)?.for_http1())
    }

    /// Makes connections to that address.
    pub(super) fn connector(&self, address: &Address, limit: Duration) -> Result<Secured, String> {
        Secured::new(Arc::clone(&self.config), address, limit)
    }
}

#[cfg(test)]
mod tests {
    use aieffect_testkit::Authority;

    use super::*;

    fn error(authority: &str, own: Option<(&str, &str)>) -> (TlsPart, String) {
        let own = own.map(|(certificates, key)| OwnCertificate {
            certificates: certificates.as_bytes(),
            key: key.as_bytes(),
        });
        let error = Tls::new(authority.as_bytes(), own).unwrap_err();
        (error.part, error.to_string())
    }

    #[test]
    fn what_is_no_certificate_or_key_is_told_by_its_part() {
        let authority = Authority::new();
        let (ca, one, other) = (authority.pem(), authority.issue(&["a"]), authority.issue(&["b"]));
        let none = "holds no certificate in PEM form (`-----BEGIN CERTIFICATE-----`)";
        assert_eq!(error("", None), (TlsPart::Authority, "is empty".to_owned()));
        assert_eq!(error("hello", None), (TlsPart::Authority, none.to_owned()));
        assert_eq!(error(&one.key, None), (TlsPart::Authority, none.to_owned()));
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n";
        assert_eq!(error(broken, None).0, TlsPart::Authority);
        assert_eq!(error(&ca, Some((&one.key, &one.key))), (TlsPart::Certificate, none.to_owned()));
        let no_key = "holds no key in PEM form (`-----BEGIN PRIVATE KEY-----`)";
        assert_eq!(error(&ca, Some((&one.certificate, &ca))), (TlsPart::Key, no_key.to_owned()));
        assert_eq!(error(&ca, Some((&one.certificate, "\n"))), (TlsPart::Key, "is empty".to_owned()));
        let (part, what) = error(&ca, Some((&one.certificate, &other.key)));
        assert_eq!(part, TlsPart::Key);
        assert_eq!(what, "is not the key of the certificate");
        let locked = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
        assert!(error(&ca, Some((&one.certificate, locked))).1.contains("pass phrase"));
    }

    #[test]
    fn certificates_and_keys_that_fit_are_taken() {
        let authority = Authority::new();
        let own = authority.issue(&["a"]);
        let own = OwnCertificate { certificates: own.certificate.as_bytes(), key: own.key.as_bytes() };
        let with_own = Tls::new(authority.pem().as_bytes(), Some(own)).unwrap();
        assert!(with_own.config.client_auth_cert_resolver.has_certs());
        let without = Tls::new(authority.pem().as_bytes(), None).unwrap();
        assert!(!without.config.client_auth_cert_resolver.has_certs());
    }
}
