//! The native API over gRPC: `aieffect.v1`, with `grpc.health.v1` and reflection.
//!
//! What each call does, and the codes that it ends with, stand in the protos. Health and reflection want no key, as `/livez`
//! wants none.

mod messages;
mod nodes;
mod pipelines;
mod runs;
mod status;

use std::convert::Infallible;
use std::sync::Arc;

use aieffect_api::DESCRIPTORS;
use aieffect_api::v1::nodes_server::NodesServer;
use aieffect_api::v1::pipelines_server::PipelinesServer;
use aieffect_api::v1::runs_server::RunsServer;
use axum::extract::State;
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use http::HeaderMap;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::{Request, Status};
use tonic_health::ServingStatus;

use self::status::Problem;
use crate::keys::{Caller, Keys, Scope, bearer};
use crate::listen::{
    CALL_WINDOW, CONNECTION_WINDOW, KEEP_ALIVE, Listener, MOST_CALLS, PATIENCE, Pace, timely,
};
use crate::notices::{Notices, telling};
use crate::runs::{Page, Runs};

/// Bytes of a message with a package, and of any other request. What goes around a package takes less than a MiB.
const LARGEST_PACKAGE: usize = 65 * 1024 * 1024;
const LARGEST_REQUEST: usize = 4 * 1024 * 1024;
/// Bytes that are sent at once of what is longer: grpcio takes no message over 4 MiB by default.
const PIECE: usize = 64 * 1024;
/// Bytes under way to the server before it has taken any, of a call and of a connection.
/// Bytes of a call's metadata.
const LONGEST_HEAD: u32 = 32 * 1024;
/// The call that packages come in with.
const OF_A_PACKAGE: &str = "/aieffect.v1.Pipelines/Put";
/// The services whose requests are one message; whoever asks by reflection may think between two.
const OF_ONE_MESSAGE: &str = "/aieffect.v1.";

/// Why no more calls are answered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The protos that are compiled in cannot be shown.
    #[error("the protos cannot be shown by reflection")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The listener failed.
    #[error("calls cannot be answered")]
    Transport(#[from] tonic::transport::Error),
}

/// What every call is answered with.
#[derive(Clone)]
struct Face {
    runs: Runs,
    keys: Arc<Keys>,
}

/// Answers calls until it is told to stop, and those that were begun by then. Streams of events that are open end once no run is
/// worked on any more.
pub async fn serve(
    listener: Listener,
    runs: Runs,
    keys: Arc<Keys>,
    notices: Notices,
    stop: CancellationToken,
) -> Result<(), Error> {
    let face = Face { runs, keys };
    let (reporter, health) = tonic_health::server::health_reporter();
    let names = ["", "aieffect.v1.Pipelines", "aieffect.v1.Runs", "aieffect.v1.Nodes"];
    for name in names {
        reporter.set_service_status(name, ServingStatus::Serving).await;
    }
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let routes = Routes::new(PipelinesServer::new(face.clone()).max_decoding_message_size(LARGEST_PACKAGE))
        .add_service(RunsServer::new(face.clone()).max_decoding_message_size(LARGEST_REQUEST))
        .add_service(NodesServer::new(face.clone()).max_decoding_message_size(LARGEST_REQUEST))
        .add_service(health)
        .add_service(reflection().build_v1()?)
        // What grpcio and older tools ask for.
        .add_service(reflection().build_v1alpha()?);
    let pace = Pace::new(listener.limits().patience, || {
        Status::deadline_exceeded("the request did not come in time").into()
    });
    let at_the_door = axum::middleware::from_fn_with_state(Door { face, pace }, at_the_door);
    let router = Server::builder()
        .initial_stream_window_size(CALL_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(MOST_CALLS)
        .http2_max_header_list_size(LONGEST_HEAD)
        .http2_keepalive_interval(Some(KEEP_ALIVE))
        .http2_keepalive_timeout(Some(PATIENCE))
        .add_routes(telling(routes.into_axum_router().layer(at_the_door), notices).into());
    let incoming = stream::unfold(listener, async |mut listener| {
        let connection = listener.next().await;
        Some((Ok::<_, Infallible>(connection), listener))
    });
    let stopped = async {
        stop.cancelled().await;
        for name in names {
            reporter.set_service_status(name, ServingStatus::NotServing).await;
        }
    };
    Ok(router.serve_with_incoming_shutdown(incoming, stopped).await?)
}

/// What every call of ours passes before its message is read.
#[derive(Clone)]
struct Door {
    face: Face,
    pace: Pace,
}

/// A message is read as a whole before the call that it is for is asked: by then it is known who sends it, and packages have a
/// place to be received in.
async fn at_the_door(State(door): State<Door>, request: axum::extract::Request, next: Next) -> Response {
    let path = request.uri().path();
    if !path.starts_with(OF_ONE_MESSAGE) {
        return next.run(request).await;
    }
    let Door { face, pace } = door;
    let is_package = path == OF_A_PACKAGE;
    let scope = if is_package { Scope::Run } else { Scope::Read };
    if let Err(refused) = face.admits(request.headers(), scope) {
        return refused.into_http();
    }
    if !is_package {
        return timely(pace, request, next).await;
    }
    // Held until it is answered, when all of it has been taken.
    match face.runs.receive().await {
        Ok(_place) => timely(pace, request, next).await,
        Err(error) => Status::from(Problem::from(error)).into_http(),
    }
}

impl Face {
    /// Who calls, if they may do that.
    fn admit<T>(&self, request: &Request<T>, scope: Scope) -> Result<Caller, Status> {
        self.admits(request.metadata().as_ref(), scope)
    }

    fn admits(&self, headers: &HeaderMap, scope: Scope) -> Result<Caller, Status> {
        Ok(self.keys.admit(bearer(headers), scope).map_err(Problem::from)?)
    }
}

/// Zero and an empty text stand for what is not said.
fn page(size: u32, token: String) -> Page {
    let size = Some(size).filter(|size| *size != 0);
    Page {
        size: size.map(|size| usize::try_from(size).unwrap_or(usize::MAX)),
        token: Some(token).filter(|token| !token.is_empty()),
    }
}

/// What is long, in messages that are not. There is at least one.
fn pieces<T: Send + 'static>(
    whole: Bytes,
    message: impl Fn(Bytes) -> T + Send + 'static,
) -> BoxStream<'static, Result<T, Status>> {
    let pieces = stream::unfold(Some(whole), |whole| async {
        let mut whole = whole?;
        let rest = whole.split_off(PIECE.min(whole.len()));
        Some((whole, Some(rest).filter(|rest| !rest.is_empty())))
    });
    pieces.map(move |piece| Ok(message(piece))).boxed()
}
