//! A service that gives the same message again and again, and takes any, without looking at them.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use prost::Message;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::body::Body;
use tonic::codegen::Service as Called;
use tonic::server::{ClientStreamingService, Grpc, ServerStreamingService, UnaryService};
use tonic::{Request, Response, Status, Streaming};

use crate::Outcome;
use crate::codec::RawCodec;
use crate::messages::{Size, given};

const LIMIT: usize = 16 * 1024 * 1024;

/// On a thread of its own; ends with this value.
pub(crate) struct Service {
    port: u16,
    stop: Option<oneshot::Sender<()>>,
}

impl Service {
    pub(crate) fn start(size: Size, count: usize) -> Outcome<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let (stop, stopped) = oneshot::channel::<()>();
        let routes = Routes { message: given(size).encode_to_vec().into(), count };
        let serve = async move {
            let incoming = TcpListenerStream::new(TcpListener::from_std(listener)?);
            let incoming = incoming.map(|stream| {
                let stream = stream?;
                stream.set_nodelay(true)?;
                Ok::<_, std::io::Error>(stream)
            });
            let server = tonic::transport::Server::builder()
                .initial_stream_window_size(4 * 1024 * 1024)
                .initial_connection_window_size(16 * 1024 * 1024);

            tokio::select! {
                served = server.serve_with_incoming(routes, incoming) => Ok(served?),
                _ = stopped => Ok(()),
            }
        };
        std::thread::spawn(move || crate::block_on(serve));
        Ok(Self { port, stop: Some(stop) })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop.take().map(|stop| stop.send(()));
    }
}

#[derive(Clone)]
struct Routes {
    message: Bytes,
    count: usize,
}

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

impl Called<http::Request<Body>> for Routes {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Boxed<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let routes = self.clone();
        Box::pin(async move {
            let mut grpc =
                Grpc::new(RawCodec).max_decoding_message_size(LIMIT).max_encoding_message_size(LIMIT);
            Ok(match request.uri().path() {
                "/b.S/Give" => grpc.server_streaming(Give(routes), request).await,
                "/b.S/Take" => grpc.unary(Take, request).await,
                "/b.S/TakeAll" => grpc.client_streaming(TakeAll, request).await,
                _ => Status::unimplemented("not here").into_http(),
            })
        })
    }
}

struct Give(Routes);

impl ServerStreamingService<Bytes> for Give {
    type Response = Bytes;
    type ResponseStream = Pin<Box<dyn tokio_stream::Stream<Item = Result<Bytes, Status>> + Send>>;
    type Future = Boxed<Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, _: Request<Bytes>) -> Self::Future {
        let Routes { message, count } = self.0.clone();
        let stream = tokio_stream::iter(std::iter::repeat_n(Ok(message), count));
        Box::pin(async move { Ok(Response::new(Box::pin(stream) as Self::ResponseStream)) })
    }
}

struct Take;

impl UnaryService<Bytes> for Take {
    type Response = Bytes;
    type Future = Boxed<Result<Response<Bytes>, Status>>;

    fn call(&mut self, _: Request<Bytes>) -> Self::Future {
        Box::pin(async { Ok(Response::new(Bytes::new())) })
    }
}

struct TakeAll;

impl ClientStreamingService<Bytes> for TakeAll {
    type Response = Bytes;
    type Future = Boxed<Result<Response<Bytes>, Status>>;

    fn call(&mut self, request: Request<Streaming<Bytes>>) -> Self::Future {
        Box::pin(async move {
            let mut messages = request.into_inner();
            while messages.message().await?.is_some() {}
            Ok(Response::new(Bytes::new()))
        })
    }
}
