//! What keeps a connection from being secure, in words for whoever runs the pipeline.

use std::error::Error;
use std::io;

use tokio_rustls::rustls::{self, AlertDescription, CertificateError};

use super::connector::{NotHttp2, Silenced};

/// What keeps a connection from being secure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It stays so until somebody changes a certificate or an option.
    Lasting(String),
    /// The next try may go better.
    Passing(String),
}

/// The TLS trouble among an error's causes.
pub(in super::super) fn trouble<'a>(
    causes: impl Iterator<Item = &'a (dyn Error + 'static)>,
) -> Option<Trouble> {
    causes.into_iter().find_map(|cause| {
        if cause.is::<NotHttp2>() {
            return Some(Trouble::Lasting(NotHttp2.to_string()));
        }
        if cause.is::<Silenced>() {
            return Some(Trouble::Passing(Silenced.to_string()));
        }
        if let Some(error) = cause.downcast_ref::<rustls::Error>() {
            return Some(of_tls(error));
        }
        // Neither says among its causes what it was made of.
        let of_stream = cause.downcast_ref::<h2::Error>().and_then(h2::Error::get_io);
        of_io(of_stream.or_else(|| cause.downcast_ref::<io::Error>())?)
    })
}

fn of_io(error: &io::Error) -> Option<Trouble> {
    if let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return Some(of_tls(error));
    }
    let closed = error.kind() == io::ErrorKind::UnexpectedEof && error.to_string().contains("handshake");
    // A port that is forwarded is open before the service behind it is there.
    let reason = "it closed the connection in the TLS handshake; is it up, and does it speak TLS?";
    closed.then(|| Trouble::Passing(reason.to_owned()))
}

fn of_tls(error: &rustls::Error) -> Trouble {
    use rustls::Error;
    match error {
        Error::InvalidCertificate(error) => Trouble::Lasting(of_certificate(error)),
        Error::InvalidMessage(_) => Trouble::Lasting(
            "it does not speak TLS: start it with TLS, or leave the options for TLS out".to_owned(),
        ),
        Error::AlertReceived(alert) => of_alert(*alert),
        other => Trouble::Passing(format!("the TLS connection failed: {other}")),
    }
}

fn of_certificate(error: &CertificateError) -> String {
    match error {
        // A bad signature is what a CA looks like that was made anew under its old name.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "its certificate is not signed by the CA that was given: give the certificate of the CA that signed it"
                .to_owned()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired: the service needs a new one".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet: compare the clocks of both machines".to_owned()
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            let presented: Vec<String> = presented.iter().map(|name| shown_name(name)).collect();
            let presented = if presented.is_empty() { "no host".to_owned() } else { presented.join(", ") };
            format!(
                "its certificate is for {presented}, and not for `{}`: it needs that name as a subjectAltName",
                expected.to_str(),
            )
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "its certificate may not be used by servers: the service needs one with extendedKeyUsage serverAuth"
                .to_owned()
        }
        other if other.to_string().contains("CaUsedAsEndEntity") => {
            "its certificate is that of a CA: the service needs one of its own, signed by the CA".to_owned()
        }
        other if is_version_1(other) => {
            "its certificate is of X.509 version 1, which names no host: it needs one with a subjectAltName".to_owned()
        }
        other => format!("its certificate cannot be trusted: {other}"),
    }
}

/// Whether a certificate is of a version that has no extensions. The library names this error in its
/// text alone.
pub(super) fn is_version_1(error: &CertificateError) -> bool {
    error.to_string().contains("UnsupportedCertVersion")
}

/// `DnsName("a")` and `IpAddress(127.0.0.1)` as `a` and `127.0.0.1`.
fn shown_name(name: &str) -> String {
    let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(name);
    format!("`{}`", inner.trim_matches('"'))
}

fn of_alert(alert: AlertDescription) -> Trouble {
    use AlertDescription as Alert;
    match alert {
        Alert::CertificateRequired => Trouble::Lasting(
            "it asks for a client certificate: give one that is signed by a CA that it trusts".to_owned(),
        ),
        // A signature that does not fit: a CA that was made anew under its old name.
        Alert::DecryptError
        | Alert::UnknownCA
        | Alert::BadCertificate
        | Alert::CertificateUnknown
        | Alert::CertificateExpired
        | Alert::CertificateRevoked
        | Alert::UnsupportedCertificate
        | Alert::AccessDenied => Trouble::Lasting(format!(
            "it does not accept our client certificate ({alert:?}): give one that is signed by a CA that it trusts"
        )),
        Alert::HandshakeFailure => Trouble::Lasting(
            "it refused the TLS handshake: it may ask for a client certificate, or for another one"
                .to_owned(),
        ),
        Alert::NoApplicationProtocol => Trouble::Lasting(NotHttp2.to_string()),
        other => Trouble::Passing(format!("it ended the TLS connection ({other:?})")),
    }
}
