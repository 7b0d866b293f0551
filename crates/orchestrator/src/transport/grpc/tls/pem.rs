//! Certificates and keys from PEM texts, with what is wrong with them in words.

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, InconsistentKeys, RootCertStore};

use super::{OwnCertificate, TlsError, TlsPart, trouble};

/// The CA certificates of a PEM text, to judge others by.
///
/// # Errors
/// When there is none, or one that cannot be used.
pub fn authorities(pem: &[u8]) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(TlsPart::Authority, pem)? {
        roots.add(certificate).map_err(|error| {
            let what = format!("holds a certificate that cannot be used: {error}");
            TlsError { part: TlsPart::Authority, what }
        })?;
    }
    Ok(roots)
}

/// A certificate and the key that is said to be its own.
///
/// # Errors
/// When either is none, or they do not belong together.
pub fn certified(own: OwnCertificate<'_>) -> Result<CertifiedKey, TlsError> {
    let certificates = certificates(TlsPart::Certificate, own.certificates)?;
    let unfit = |error: rustls::Error| {
        let what = format!("does not fit its certificate: {error}");
        TlsError { part: TlsPart::Key, what }
    };
    let key = ring::default_provider().key_provider.load_private_key(key(own.key)?).map_err(unfit)?;
    let certified = CertifiedKey::new(certificates, key);
    match certified.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(certified),
        Err(rustls::Error::InconsistentKeys(_)) => {
            let what = "is not the key of the certificate".to_owned();
            Err(TlsError { part: TlsPart::Key, what })
        }
        // `openssl x509 -req` signs such ones unless it is told more. Whether to take it is for services to say.
        Err(rustls::Error::InvalidCertificate(error)) if trouble::is_version_1(&error) => Ok(certified),
        Err(error) => {
            let what = format!("holds a certificate that cannot be used: {error}");
            Err(TlsError { part: TlsPart::Certificate, what })
        }
    }
}

fn certificates(part: TlsPart, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match read {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) if pem.trim_ascii().is_empty() => Err(TlsError { part, what: "is empty".to_owned() }),
        Ok(_) => {
            let what = "holds no certificate in PEM form (`-----BEGIN CERTIFICATE-----`)".to_owned();
            Err(TlsError { part, what })
        }
        Err(error) => Err(TlsError { part, what: format!("is no PEM file: {error}") }),
    }
}

/// What is wrong with a key is said without a letter of it.
fn key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, TlsError> {
    let what = match PrivateKeyDer::from_pem_slice(pem) {
        Ok(key) => return Ok(key),
        Err(_) if pem.trim_ascii().is_empty() => "is empty",
        Err(_) if is_encrypted(pem) => {
            "holds a key with a pass phrase; write it without one (`openssl pkey -in KEY -out PLAIN`)"
        }
        Err(_) => "holds no key in PEM form (`-----BEGIN PRIVATE KEY-----`)",
    };
    Err(TlsError { part: TlsPart::Key, what: what.to_owned() })
}

fn is_encrypted(pem: &[u8]) -> bool {
    String::from_utf8_lossy(pem).contains("ENCRYPTED")
}
