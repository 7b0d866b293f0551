//! Certificates made for one test: [`Authority`], [`Certified`].

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

/// A CA of its own, with a key that nobody else has.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate and its key, as PEM texts.
#[derive(Clone)]
pub struct Certified {
    /// The certificate.
    pub certificate: String,
    /// The key.
    pub key: String,
}

/// How a server speaks TLS.
pub struct ServerTls {
    own: Certified,
    clients: Option<String>,
    protocol: &'static str,
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Authority {
    /// Makes one.
    ///
    /// # Panics
    /// When the machine has no random numbers.
    pub fn new() -> Self {
        let mut params = named("a CA", &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let made = CertifiedIssuer::self_signed(params, key_pair());
        Self { issuer: made.unwrap_or_else(|error| panic!("no CA: {error}")) }
    }

    /// Its certificate as a PEM text.
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// Its certificate with its key, for a server that wrongly shows that.
    pub fn itself(&self) -> Certified {
        Certified { certificate: self.pem(), key: self.issuer.key().serialize_pem() }
    }

    /// A certificate for hosts: names, or addresses.
    ///
    /// # Panics
    /// When one is neither.
    pub fn issue(&self, hosts: &[&str]) -> Certified {
        self.sign(&named("a service", hosts))
    }

    /// A certificate for hosts that was good until the end of 2001.
    ///
    /// # Panics
    /// When one is neither name nor address.
    pub fn issue_expired(&self, hosts: &[&str]) -> Certified {
        let mut params = named("a service", hosts);
        (params.not_before, params.not_after) = (date_time_ymd(2001, 1, 1), date_time_ymd(2001, 12, 31));
        self.sign(&params)
    }

    fn sign(&self, params: &CertificateParams) -> Certified {
        let key = key_pair();
        match params.signed_by(&key, &self.issuer) {
            Ok(signed) => Certified { certificate: signed.pem(), key: key.serialize_pem() },
            Err(error) => panic!("no certificate: {error}"),
        }
    }
}

impl ServerTls {
    /// Shows that certificate, and asks for none.
    pub fn new(own: Certified) -> Self {
        Self { own, clients: None, protocol: "h2" }
    }

    /// The same, for clients with a certificate of that CA only.
    #[must_use]
    pub fn only_for_clients_of(self, authority: &Authority) -> Self {
        Self { clients: Some(authority.pem()), ..self }
    }

    /// The same, speaking HTTP/1.1 alone, or so it says.
    #[must_use]
    pub fn without_http2(self) -> Self {
        Self { protocol: "http/1.1", ..self }
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        let made = self.config();
        TlsAcceptor::from(Arc::new(made.unwrap_or_else(|error| panic!("no TLS for a server: {error}"))))
    }

    fn config(&self) -> Result<ServerConfig, Box<dyn std::error::Error>> {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?;
        let builder = match &self.clients {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(CertificateDer::from_pem_slice(authority.as_bytes())?)?;
                let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                builder.with_client_cert_verifier(clients.build()?)
            }
        };
        let certificate = CertificateDer::from_pem_slice(self.own.certificate.as_bytes())?;
        let key = PrivateKeyDer::from_pem_slice(self.own.key.as_bytes())?;
        let mut config = builder.with_single_cert(vec![certificate], key)?;
        config.alpn_protocols = vec![self.protocol.into()];
        Ok(config)
    }
}

fn named(name: &str, hosts: &[&str]) -> CertificateParams {
    let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
    let made = CertificateParams::new(hosts);
    let mut params = made.unwrap_or_else(|error| panic!("no name for a certificate: {error}"));
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn key_pair() -> KeyPair {
    KeyPair::generate().unwrap_or_else(|error| panic!("no key: {error}"))
}
