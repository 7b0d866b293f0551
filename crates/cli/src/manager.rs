//! Tells a service manager how the server is, as systemd has it: datagrams to the socket that `NOTIFY_SOCKET` names.
//!
//! Without that variable nobody is told anything. A manager that does not listen is no reason to stop.

use std::convert::Infallible;
use std::ffi::{OsStr, OsString};
use std::future::Future;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use tokio::time::{interval, timeout};

use crate::log::Log;

/// What is told.
#[derive(Debug, Clone, Copy)]
pub(crate) enum State {
    /// Requests are answered.
    Ready,
    /// What is under way may end.
    Stopping,
    /// It has not got stuck.
    Alive,
}

/// The service manager, if there is one.
pub(crate) struct Manager {
    listener: Option<(UnixDatagram, SocketAddr)>,
    /// Within this it wants to hear that all is well.
    watchdog: Option<Duration>,
}

impl Manager {
    /// The one that has started this process.
    pub(crate) fn from_environment(log: &Log) -> Self {
        let told = |error: io::Error| {
            log.warning(&format!("the service manager of NOTIFY_SOCKET cannot be told anything: {error}"));
        };
        let socket = std::env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty());
        let listener = socket.and_then(|name| reached(&name).map_err(told).ok());
        let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
        // Meant for another process that had the same environment.
        let is_for_other = number("WATCHDOG_PID").is_some_and(|pid| pid != u64::from(std::process::id()));
        let watchdog = number("WATCHDOG_USEC").filter(|time| *time > 0 && !is_for_other);
        Self { listener, watchdog: watchdog.map(Duration::from_micros) }
    }

    pub(crate) fn tell(&self, state: State) {
        let Some((socket, address)) = &self.listener else { return };
        let said = match state {
            State::Ready => "READY=1",
            State::Stopping => "STOPPING=1",
            State::Alive => "WATCHDOG=1",
        };
        // One that is gone, or does not keep up, draws its own conclusions.
        socket.send_to_addr(said.as_bytes(), address).ok();
    }

    /// Tells that all is well for as long as what proves it comes to an end, whatever that is; waits for ever without a watchdog.
    pub(crate) async fn watched<T, P: Future<Output = T>>(&self, proof: impl Fn() -> P) -> Infallible {
        let Some(within) = self.watchdog else { return std::future::pending().await };
        let half = within / 2;
        let mut ticks = interval(half.max(Duration::from_millis(1)));
        loop {
            ticks.tick().await;
            if timeout(half, proof()).await.is_ok() {
                self.tell(State::Alive);
            }
        }
    }
}

/// A path, or a name that has no file, which is written with an `@` before it.
fn reached(name: &OsStr) -> io::Result<(UnixDatagram, SocketAddr)> {
    let address = match name.as_bytes().split_first() {
        Some((b'@', name)) => without_file(name)?,
        _ => SocketAddr::from_pathname(OsString::from(name))?,
    };
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    Ok((socket, address))
}

#[cfg(target_os = "linux")]
fn without_file(name: &[u8]) -> io::Result<SocketAddr> {
    use std::os::linux::net::SocketAddrExt;
    SocketAddr::from_abstract_name(name)
}

#[cfg(not(target_os = "linux"))]
fn without_file(_: &[u8]) -> io::Result<SocketAddr> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_proof_that_does_not_come_ends_the_signs_of_life() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let (listener, heard) = (UnixDatagram::bind(&path).unwrap(), &mut [0; 20]);
        let watchdog = Some(Duration::from_millis(20));
        let manager = Manager { listener: Some(reached(path.as_os_str()).unwrap()), watchdog };
        let proven = std::cell::Cell::new(0);
        let proof = async || {
            proven.set(proven.get() + 1);
            if proven.get() > 3 {
                std::future::pending::<()>().await;
            }
        };
        timeout(Duration::from_millis(200), manager.watched(proof)).await.unwrap_err();
        listener.set_nonblocking(true).unwrap();
        for _ in 0..3 {
            assert_eq!(listener.recv(heard).unwrap(), "WATCHDOG=1".len());
        }
        assert!(proven.get() > 3 && listener.recv(heard).is_err());
    }
}
