//! TLS of our own listeners: [`Tls`]. Deliberately absent: files.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use aieffect_orchestrator::transport::grpc::{OwnCertificate, TlsError, authorities, certified};
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::ServerCertVerifier;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::sign::SingleCertAndKey;
use tokio_rustls::rustls::{self, CertificateError, RootCertStore, ServerConfig};

use crate::time;

/// What is spoken within TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocols {
    /// HTTP/2 and HTTP/1.1.
    Http,
    /// HTTP/2 alone.
    Grpc,
}

/// How connections to us are made secure. Clones share it, and take what [replaces](Self::replace) it.
#[derive(Clone)]
pub struct Tls(Arc<RwLock<Made>>);

#[derive(Clone)]
struct Made {
    http: Arc<ServerConfig>,
    grpc: Arc<ServerConfig>,
    expiry: Expiry,
}

/// Whether clients will take the certificate for good today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expiry {
    /// As far as its dates go.
    Good,
    /// Its time is over; since when.
    Over(String),
    /// Its time has not come; when it does.
    ToCome(String),
}

/// What TLS cannot be made of.
#[derive(Debug, thiserror::Error)]
pub enum TlsFailure {
    /// One of the texts is not what it is to be.
    #[error(transparent)]
    Text(#[from] TlsError),
    /// They cannot be used together.
    #[error("TLS cannot be made of these certificates")]
    Unusable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Tls {
    /// Shows that certificate, and lets those in alone who show one that a CA of `clients` has signed, where there is such a text.
    pub fn new(own: OwnCertificate<'_>, clients: Option<&[u8]>) -> Result<Self, TlsFailure> {
        Ok(Self(Arc::new(RwLock::new(Made::new(own, clients)?))))
    }

    /// Connections that begin from now on are made with that.
    pub fn replace(&self, other: &Self) {
        let made = other.made();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = made;
    }

    /// Whether the certificate is good today.
    pub fn expiry(&self) -> Expiry {
        self.made().expiry
    }

    pub(super) fn config(&self, protocols: Protocols) -> Arc<ServerConfig> {
        let made = self.made();
        match protocols {
            Protocols::Http => made.http,
            Protocols::Grpc => made.grpc,
        }
    }

    fn made(&self) -> Made {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls(…)")
    }
}

impl Made {
    fn new(own: OwnCertificate<'_>, clients: Option<&[u8]>) -> Result<Self, TlsFailure> {
        let certified = certified(own)?;
        let expiry = certified.cert.first().map_or(Expiry::Good, expiry);
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(unusable)?;
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(pem) => {
                let roots = Arc::new(authorities(pem)?);
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
                builder.with_client_cert_verifier(verifier.build().map_err(unusable)?)
            }
        };
        let config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
        let speaking = |protocols: &[&[u8]]| {
            let mut config = config.clone();
            config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
            Arc::new(config)
        };
        Ok(Self { http: speaking(&[b"h2", b"http/1.1"]), grpc: speaking(&[b"h2"]), expiry })
    }
}

fn unusable(error: impl std::error::Error + Send + Sync + 'static) -> TlsFailure {
    TlsFailure::Unusable(Box::new(error))
}

/// Judges the certificate as a client would that trusts it. Whatever else such a client would say depends on the client.
fn expiry(certificate: &CertificateDer<'static>) -> Expiry {
    let mut roots = RootCertStore::empty();
    let Ok(()) = roots.add(certificate.clone()) else { return Expiry::Good };
    let provider = Arc::new(ring::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
    let (Ok(verifier), Ok(name)) = (verifier, ServerName::try_from("localhost")) else { return Expiry::Good };
    let shown =
        |at: UnixTime| time::shown(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(at.as_secs()));
    match verifier.verify_server_cert(certificate, &[], &name, &[], UnixTime::now()) {
        Err(rustls::Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. })) => {
            Expiry::Over(shown(not_after))
        }
        Err(rustls::Error::InvalidCertificate(CertificateError::NotValidYetContext {
            not_before, ..
        })) => Expiry::ToCome(shown(not_before)),
        _ => Expiry::Good,
    }
}

#[cfg(test)]
mod tests {
    use aieffect_testkit::{Authority, Certified};

    use super::*;

    fn made(own: &Certified, clients: Option<&str>) -> Result<Tls, TlsFailure> {
        let own = OwnCertificate { certificates: own.certificate.as_bytes(), key: own.key.as_bytes() };
        Tls::new(own, clients.map(str::as_bytes))
    }

    #[test]
    fn a_certificate_whose_time_is_over_is_told() {
        let authority = Authority::new();
        let expired = made(&authority.issue_expired(&["localhost"]), None).unwrap();
        assert_eq!(expired.expiry(), Expiry::Over("2001-12-31T00:00:00.000000Z".to_owned()));
        assert_eq!(made(&authority.issue(&["localhost"]), None).unwrap().expiry(), Expiry::Good);
        assert_eq!(made(&authority.itself(), None).unwrap().expiry(), Expiry::Good);
    }

    #[test]
    fn what_replaces_it_is_shared_by_all_listeners() {
        let authority = Authority::new();
        let tls = made(&authority.issue(&["localhost"]), None).unwrap();
        let (listener, before) = (tls.clone(), tls.config(Protocols::Http));
        tls.replace(&made(&authority.issue(&["localhost"]), Some(&authority.pem())).unwrap());
        assert!(!Arc::ptr_eq(&before, &listener.config(Protocols::Http)));
        assert_eq!(listener.config(Protocols::Grpc).alpn_protocols, [b"h2".to_vec()]);
    }

    #[test]
    fn texts_that_do_not_fit_are_told() {
        let authority = Authority::new();
        let (one, other) = (authority.issue(&["a"]), authority.issue(&["b"]));
        let mixed = Certified { key: other.key, ..one.clone() };
        assert_eq!(made(&mixed, None).unwrap_err().to_string(), "is not the key of the certificate");
        assert_eq!(made(&one, Some("")).unwrap_err().to_string(), "is empty");
    }
}
