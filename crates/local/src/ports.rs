//! Free ports for services: [`PortLease::take`].
//!
//! grpcio listens with `SO_REUSEPORT`, so two servers can share a port without either noticing. A port
//! therefore comes from outside the range that the kernel hands out by itself, is locked through a file as
//! long as the lease lives, so that no other `aieffect` takes it, and must be free to bind.

use std::fs::{self, File, TryLockError};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use aieffect_blueprint::Port;

/// Below the usual ephemeral range, above what servers usually choose.
const CANDIDATES: RangeInclusive<u16> = 20_000..=31_999;

/// A port that is this process's own until the lease is dropped.
#[derive(Debug)]
pub struct PortLease {
    port: Port,
    _lock: File,
}

/// Why no port could be taken.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// The folder of the locks cannot be used.
    #[error("the port locks in `{}` cannot be used", .dir.display())]
    Locks {
        /// The folder.
        dir: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Nothing is left.
    #[error("none of the ports {} to {} is free", CANDIDATES.start(), CANDIDATES.end())]
    NoneFree,
}

impl PortLease {
    /// Takes a free port; `locks` is the folder that all processes of this user share.
    pub fn take(locks: &Path) -> Result<Self, PortError> {
        let cannot = |source| PortError::Locks { dir: locks.to_owned(), source };
        fs::create_dir_all(locks).map_err(cannot)?;
        for port in candidates(&ephemeral_range()) {
            let file = File::options().create(true).append(true).open(locks.join(format!("{port}.lock")));
            let lock = file.map_err(cannot)?;
            match lock.try_lock() {
                Ok(()) if is_free(port) => return Ok(Self { port, _lock: lock }),
                Ok(()) | Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(source)) => return Err(cannot(source)),
            }
        }
        Err(PortError::NoneFree)
    }

    /// The port.
    pub fn port(&self) -> Port {
        self.port
    }
}

/// All ports that may be taken, beginning anywhere, so that two processes seldom try the same one.
fn candidates(ephemeral: &RangeInclusive<u16>) -> Vec<Port> {
    let outside: Vec<u16> = CANDIDATES.filter(|port| !ephemeral.contains(port)).collect();
    // Where the kernel's range covers everything there is no better place; the lock still keeps our own apart.
    let mut ports = if outside.is_empty() { CANDIDATES.collect() } else { outside };
    let anywhere = RandomState::new().build_hasher().finish() % ports.len() as u64;
    ports.rotate_left(usize::try_from(anywhere).unwrap_or_default());
    ports.into_iter().filter_map(Port::new).collect()
}

/// The ports that the kernel gives to connections by itself.
fn ephemeral_range() -> RangeInclusive<u16> {
    let text = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let mut bounds = text.split_ascii_whitespace().map(str::parse);
    match (bounds.next(), bounds.next()) {
        (Some(Ok(first)), Some(Ok(last))) => first..=last,
        _ => 32_768..=60_999,
    }
}

/// Whether a server may listen there, on any of the addresses that servers choose.
fn is_free(port: Port) -> bool {
    let hosts: [IpAddr; 3] =
        [Ipv4Addr::LOCALHOST.into(), Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
    hosts.iter().all(|host| match TcpListener::bind((*host, port.get())) {
        Ok(_) => true,
        Err(error) => !matches!(error.kind(), ErrorKind::AddrInUse | ErrorKind::PermissionDenied),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_leased_once_and_again_when_the_lease_is_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let leases: Vec<_> = (0..20).map(|_| PortLease::take(dir.path()).unwrap()).collect();
        let mut ports: Vec<_> = leases.iter().map(|lease| lease.port().get()).collect();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 20);

        let lock = File::options().append(true).open(dir.path().join(format!("{}.lock", ports[0]))).unwrap();
        assert!(matches!(lock.try_lock(), Err(TryLockError::WouldBlock)));
        drop(leases);
        lock.try_lock().unwrap();
    }

    #[test]
    fn no_port_comes_from_the_ephemeral_range() {
        let ports = candidates(&(20_100..=65_535));
        assert_eq!(ports.len(), 100);
        assert!(ports.iter().all(|port| (20_000..20_100).contains(&port.get())));
        assert_eq!(candidates(&(1..=65_535)).len(), 12_000, "with nothing outside, any is better than none");
    }

    #[test]
    fn a_port_with_a_listener_is_not_free() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        assert!(!is_free(Port::new(listener.local_addr().unwrap().port()).unwrap()));
    }
}
