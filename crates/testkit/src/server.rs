//! A gRPC server in this process, on a thread of its own.

mod connection;
mod service;
mod talk;

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{oneshot, watch};
use tonic::Status;

use self::connection::accept;
use self::service::{Routes, Shared};
pub use self::talk::Talk;
use self::talk::Talker;
use crate::certificates::ServerTls;
use crate::protos::Protos;
use crate::reply::{Handler, Received, Reply};

/// What the server's `grpc.health.v1` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// There is no such service.
    Absent,
    /// SERVING.
    Serving,
    /// NOT_SERVING.
    NotServing,
}

/// A server that holds its port and refuses connections until it is started.
pub struct Bound {
    socket: TcpSocket,
    address: SocketAddr,
    protos: Protos,
    handlers: HashMap<String, Handler>,
    talkers: HashMap<String, Talker>,
    health: Health,
    tls: Option<ServerTls>,
}

/// A running server. Dropping it closes its connections.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Bound {
    /// Takes a free port of the loopback interface.
    ///
    /// # Panics
    /// When there is none.
    pub fn new(protos: Protos) -> Self {
        Self::on_port(protos, 0)
    }

    /// Takes a port of the loopback interface.
    ///
    /// # Panics
    /// When it is taken.
    pub fn on_port(protos: Protos, port: u16) -> Self {
        Self::at(protos, Ipv4Addr::LOCALHOST, port)
    }

    /// Takes a port of every interface, as a service in a container has to.
    ///
    /// # Panics
    /// When it is taken.
    pub fn on_port_of_all(protos: Protos, port: u16) -> Self {
        Self::at(protos, Ipv4Addr::UNSPECIFIED, port)
    }

    fn at(protos: Protos, host: Ipv4Addr, port: u16) -> Self {
        let bound = TcpSocket::new_v4().and_then(|socket| {
            socket.set_reuseaddr(true)?;
            socket.bind(SocketAddr::from((host, port)))?;
            let address = socket.local_addr()?;
            Ok((socket, address))
        });
        let (socket, address) = bound.unwrap_or_else(|error| panic!("port {port} is not to be had: {error}"));
        Self {
            socket,
            address,
            protos,
            handlers: HashMap::new(),
            talkers: HashMap::new(),
            health: Health::Absent,
            tls: None,
        }
    }

    /// What a path's calls come to. Paths without a handler are UNIMPLEMENTED.
    #[must_use]
    pub fn on<R: Into<Reply>>(
        mut self,
        path: &str,
        handler: impl Fn(Received) -> R + Send + Sync + 'static,
    ) -> Self {
        self.handlers.insert(path.to_owned(), Arc::new(move |received| handler(received).into()));
        self
    }

    /// What talks on a path's calls while they are open. Their messages are not kept.
    #[must_use]
    pub fn talk<F>(mut self, path: &str, talker: impl Fn(Talk) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), Status>> + Send + 'static,
    {
        self.talkers.insert(path.to_owned(), Arc::new(move |talk| Box::pin(talker(talk))));
        self
    }

    /// What the health service says at first.
    #[must_use]
    pub fn health(mut self, health: Health) -> Self {
        self.health = health;
        self
    }

    /// Speaks TLS alone.
    #[must_use]
    pub fn tls(mut self, tls: ServerTls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// The port that it holds.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Begins to listen and to serve.
    ///
    /// # Panics
    /// When it cannot.
    pub fn start(self) -> Server {
        let Self { socket, address, protos, handlers, talkers, health, tls } = self;
        let tls = tls.map(|tls| tls.acceptor());
        let shared = Arc::new(Shared::new(protos, handlers, talkers, health));
        let (stop, stopped) = oneshot::channel();
        let (listening, is_listening) = std::sync::mpsc::channel::<io::Result<()>>();
        let routes = Routes::new(Arc::clone(&shared));
        let serve = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.unwrap_or_else(|error| panic!("no runtime for a server: {error}"));
            runtime.block_on(async move {
                let listener = match listen(socket) {
                    Ok(listener) => listener,
                    Err(error) => return drop(listening.send(Err(error))),
                };
                drop(listening.send(Ok(())));
                let serving = tonic::transport::Server::builder()
                    .initial_stream_window_size(1024 * 1024)
                    .serve_with_incoming(routes, accept(listener, tls));
                tokio::select! {
                    _ = stopped => {}
                    ended = serving => drop(ended),
                }
            });
        };
        let thread = std::thread::Builder::new().name("testkit-server".into()).spawn(serve);
        let thread = thread.unwrap_or_else(|error| panic!("no thread for a server: {error}"));
        match is_listening.recv() {
            Ok(Ok(())) => {}
            Ok(Err(error)) => panic!("{address} cannot be listened on: {error}"),
            Err(_) => panic!("the server's thread ended before it listened"),
        }
        Server { address, shared, stop: Some(stop), thread: Some(thread) }
    }
}

/// From a bound socket to a listener, in the runtime that will serve it.
fn listen(socket: TcpSocket) -> io::Result<TcpListener> {
    socket.listen(1024)
}

impl Server {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// All calls so far, in the order of their arrival.
    pub fn calls(&self) -> Vec<Received> {
        self.shared.calls()
    }

    /// The calls of one path so far.
    pub fn calls_of(&self, path: &str) -> Vec<Received> {
        self.calls().into_iter().filter(|call| call.path == path).collect()
    }

    /// Waits until there were so many calls, of whatever path.
    pub async fn called(&self, times: usize) {
        let mut count: watch::Receiver<usize> = self.shared.arrivals();
        // The sender lives as long as `shared`.
        let _ = count.wait_for(|arrived| *arrived >= times).await;
    }

    /// Waits until as many calls were given up by their caller as are said.
    pub async fn abandoned(&self, times: usize) {
        let mut count: watch::Receiver<usize> = self.shared.abandonments();
        let _ = count.wait_for(|given_up| *given_up >= times).await;
    }

    /// How often the health service was asked.
    pub async fn asked_for_health(&self, times: usize) {
        let mut count: watch::Receiver<usize> = self.shared.health_checks();
        let _ = count.wait_for(|asked| *asked >= times).await;
    }

    /// What the health service says from now on.
    pub fn set_health(&self, health: Health) {
        self.shared.set_health(health);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Gone already when the server ended by itself.
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            if ended.is_err() && !std::thread::panicking() {
                panic!("the server's thread panicked");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_port_refuses_until_the_server_is_started() {
        let bound = Bound::new(Protos::default());
        let address = bound.address;
        let refused = std::net::TcpStream::connect(address).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        let server = bound.start();
        assert!(std::net::TcpStream::connect(address).is_ok());
        drop(server);
        assert!(std::net::TcpStream::connect(address).is_err());
    }
}
