//! How the server's own listeners take connections: `--listen-…`, read at the start and again on request.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aieffect_orchestrator::transport::grpc::{OwnCertificate, TlsPart};
use aieffect_server::listen::{Expiry, Limits, Tls, TlsFailure};
use tokio::signal::unix::{SignalKind, signal};

use crate::access::read;
use crate::arguments::duration;
use crate::exit::{Exit, Failure};
use crate::log::Log;

/// How connections are taken.
#[derive(Debug, clap::Args)]
pub(crate) struct ListenFlags {
    /// Speak TLS with clients, and show them this certificate: a PEM file, with those between it and its CA
    #[arg(long, value_name = "FILE", env = "AIEFFECT_LISTEN_CERT")]
    listen_cert: Option<PathBuf>,
    /// The key of that certificate: a PEM file
    #[arg(long, value_name = "FILE", env = "AIEFFECT_LISTEN_KEY")]
    listen_key: Option<PathBuf>,
    /// Let in only clients with a certificate that this CA has signed: a PEM file of its certificate
    #[arg(long, value_name = "FILE", env = "AIEFFECT_LISTEN_CLIENT_CA")]
    listen_client_ca: Option<PathBuf>,
    /// Connections at once to each address; further ones wait
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=1_000_000), env = "AIEFFECT_MAX_CONNECTIONS")]
    max_connections: u32,
    /// Wait so long for a TLS handshake, a request's head, and the next request on a connection; for a body longer, as it comes
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration, env = "AIEFFECT_REQUEST_TIMEOUT")]
    request_timeout: Duration,
}

impl ListenFlags {
    pub(crate) fn limits(&self) -> Limits {
        Limits { connections: self.max_connections as usize, patience: self.request_timeout }
    }

    /// Whether clients show who they are before they can say anything.
    pub(crate) fn knows_clients(&self) -> bool {
        self.listen_client_ca.is_some() && self.listen_cert.is_some() && self.listen_key.is_some()
    }

    /// Reads the files; `None` when no TLS is wanted. A certificate that is not good today is used, and warned of.
    pub(crate) fn tls(&self, log: &Log) -> Result<Option<Tls>, Failure> {
        // Each may come from a flag, the environment or the file, so nobody has looked at them together before. Half of them
        // never becomes a server in plain text.
        let (certificate, key) = match (&self.listen_cert, &self.listen_key, &self.listen_client_ca) {
            (Some(certificate), Some(key), _) => (certificate, key),
            (None, None, None) => return Ok(None),
            _ => {
                let text = "`--listen-cert` and `--listen-key` belong together, and `--listen-client-ca` wants both: \
                            TLS is spoken with a certificate and its key";
                return Err(Failure::text(Exit::WrongUsage, text));
            }
        };
        let texts = (read("--listen-cert", certificate)?, read("--listen-key", key)?);
        let clients = self.listen_client_ca.as_ref();
        let clients = clients.map(|file| read("--listen-client-ca", file)).transpose()?;
        let own = OwnCertificate { certificates: &texts.0, key: &texts.1 };
        let tls = Tls::new(own, clients.as_deref()).map_err(|failure| self.told(failure))?;
        let file = certificate.display();
        match tls.expiry() {
            Expiry::Good => {}
            Expiry::Over(since) => {
                log.warning(&format!(
                    "the certificate in `{file}` is good no more since {since}: clients will refuse it"
                ));
            }
            Expiry::ToCome(from) => {
                log.warning(&format!(
                    "the certificate in `{file}` is not good before {from}: clients will refuse it"
                ));
            }
        }
        Ok(Some(tls))
    }

    fn told(&self, failure: TlsFailure) -> Failure {
        let TlsFailure::Text(error) = failure else { return Failure::new(Exit::WrongUsage, failure) };
        let (option, file) = match error.part {
            TlsPart::Authority => ("--listen-client-ca", &self.listen_client_ca),
            TlsPart::Certificate => ("--listen-cert", &self.listen_cert),
            TlsPart::Key => ("--listen-key", &self.listen_key),
        };
        let file = file.as_deref().unwrap_or(Path::new("?")).display();
        Failure::text(Exit::WrongUsage, format!("`{file}` of `{option}` {error}"))
    }

    /// Reads the files again whenever SIGHUP comes, from this call on. What is wrong with them is said, and what was goes on.
    /// Without TLS the signal does what it does otherwise, and the future waits for ever.
    pub(crate) fn reading_again<'a>(
        &'a self,
        tls: Option<&'a Tls>,
        log: &'a Log,
    ) -> Result<impl Future<Output = Infallible> + 'a, Failure> {
        let hangup = tls.map(|tls| Ok((tls, signal(SignalKind::hangup())?)));
        let hangup: io::Result<_> = hangup.transpose();
        let hangup = hangup.map_err(|error| Failure::new(Exit::Internal, error))?;
        Ok(async move {
            if let Some((tls, mut hangup)) = hangup {
                while hangup.recv().await.is_some() {
                    self.read_again(tls, log);
                }
            }
            std::future::pending().await
        })
    }

    fn read_again(&self, tls: &Tls, log: &Log) {
        match self.tls(log) {
            Ok(Some(read)) => {
                tls.replace(&read);
                log.info("certificates were read again: new connections are made with them");
            }
            Ok(None) => {}
            Err(failure) => log.warning(&format!("certificates stay as they were: {}", failure.said())),
        }
    }
}
