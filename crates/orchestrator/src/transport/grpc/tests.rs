//! Connections that end under their calls, and calls that end before their connection is there.

use std::num::NonZeroU32;
use std::time::Duration;

use aieffect_blueprint::{Address, Port};
use aieffect_contract::CallShape;
use bytes::Bytes;
use futures_util::{FutureExt, stream};
use h2::server::{Builder, Connection, SendResponse};
use http::{HeaderMap, Response};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::GrpcTransport;
use crate::ports::{Call, CallMetadata, Transport};
use crate::run::Failure;

const PATIENCE: Duration = Duration::from_secs(60);

async fn listening() -> (TcpListener, Address) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, Address { host: "127.0.0.1".into(), port: Port::new(port).unwrap() })
}

fn a_call(address: &Address) -> Call {
    let metadata = CallMetadata {
        run: "r".into(),
        step: "n:A".into(),
        seq: 0,
        attempt: NonZeroU32::MIN,
        traceparent: "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01".into(),
    };
    let (address, path) = (address.clone(), "/t.S/A".into());
    Call {
        address,
        transport: aieffect_blueprint::TransportKind::Grpc,
        path,
        shape: CallShape::Unary,
        deadline: None,
        metadata,
        progress: crate::ports::Progress::default(),
    }
}

async fn call(transport: &GrpcTransport, address: &Address) -> Result<(), Failure> {
    let inputs = Box::pin(stream::once(std::future::ready(Bytes::new().into())));
    transport.call(&a_call(address), inputs, &mut Vec::new()).await
}

type Served = Connection<TcpStream, Bytes>;

/// A service that takes so many calls at once.
async fn taken(listener: &TcpListener, at_once: u32) -> Served {
    let stream = listener.accept().await.unwrap().0;
    Builder::new().max_concurrent_streams(at_once).handshake(stream).await.unwrap()
}

async fn next(served: &mut Served) -> SendResponse<Bytes> {
    timeout(PATIENCE, served.accept()).await.unwrap().unwrap().unwrap().1
}

fn answer(mut call: SendResponse<Bytes>) {
    let head = Response::builder().header("content-type", "application/grpc").body(()).unwrap();
    let mut body = call.send_response(head, false).unwrap();
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", "0".parse().unwrap());
    body.send_data(Bytes::from_static(&[0, 0, 0, 0, 0]), false).unwrap();
    body.send_trailers(trailers).unwrap();
}

/// Drives a connection until `calls` have ended.
async fn meanwhile<T>(served: &mut Served, calls: impl Future<Output = T>) -> T {
    tokio::select! {
        done = timeout(PATIENCE, calls) => done.unwrap(),
        more = served.accept() => panic!("another call came: {:?}", more.map(|call| call.is_ok())),
    }
}

#[tokio::test]
async fn calls_that_wait_for_others_have_not_reached_a_service_that_dies() {
    let (listener, address) = listening().await;
    let transport = GrpcTransport::new();
    let serving = async {
        let mut served = taken(&listener, 2).await;
        let first = next(&mut served).await;
        answer(first);
        // Whoever comes now knows that two are taken at once.
        let held = [next(&mut served).await, next(&mut served).await];
        let more = timeout(Duration::from_millis(50), served.accept()).await;
        assert!(more.is_err(), "a third is not sent");
        drop((held, served, listener));
    };
    let calling = async {
        call(&transport, &address).await.unwrap();
        let three =
            tokio::join!(call(&transport, &address), call(&transport, &address), call(&transport, &address));
        assert!(matches!(three.0, Err(Failure::Lost { .. })), "{three:?}");
        assert!(matches!(three.1, Err(Failure::Lost { .. })), "{three:?}");
        assert!(matches!(three.2, Err(Failure::NeverReached { .. })), "{three:?}");
    };
    timeout(PATIENCE, async { tokio::join!(serving, calling) }).await.unwrap();
}

#[tokio::test]
async fn calls_that_wait_go_on_when_one_ends_or_on_another_connection() {
    let (listener, address) = listening().await;
    let transport = GrpcTransport::new();
    let serving = async {
        let mut served = taken(&listener, 1).await;
        let first = next(&mut served).await;
        answer(first);
        let second = next(&mut served).await;
        answer(second);
        let lost = next(&mut served).await;
        drop((lost, served));
        let mut again = taken(&listener, 1).await;
        let last = next(&mut again).await;
        answer(last);
        again
    };
    let calling = async {
        call(&transport, &address).await.unwrap();
        tokio::join!(call(&transport, &address), call(&transport, &address), call(&transport, &address))
    };
    let (_, (second, third, fourth)) = timeout(PATIENCE, async {
        let mut serving = Box::pin(serving);
        let mut calling = Box::pin(calling);
        let mut again = None;
        loop {
            if let Some(again) = &mut again {
                break ((), meanwhile(again, &mut calling).await);
            }
            tokio::select! {
                served = &mut serving => again = Some(served),
                done = &mut calling => break ((), done),
            }
        }
    })
    .await
    .unwrap();
    assert_eq!((second, fourth), (Ok(()), Ok(())));
    assert!(matches!(third, Err(Failure::Lost { .. })), "{third:?}");
}

#[tokio::test]
async fn a_connection_that_nobody_waits_for_any_more_is_not_gone_on_with() {
    let (listener, address) = listening().await;
    let transport = GrpcTransport::new();
    assert!(call(&transport, &address).now_or_never().is_none(), "it is being made");
    let mut first = timeout(PATIENCE, listener.accept()).await.unwrap().unwrap().0;
    let read = timeout(PATIENCE, first.read(&mut [0; 1])).await.unwrap();
    assert_eq!(read.unwrap(), 0, "it has been given up");

    let serving = async {
        let mut served = taken(&listener, 9).await;
        let only = next(&mut served).await;
        answer(only);
        served
    };
    let mut calling = Box::pin(call(&transport, &address));
    let mut served = tokio::select! {
        served = serving => served,
        ended = &mut calling => panic!("{ended:?}"),
    };
    assert_eq!(meanwhile(&mut served, calling).await, Ok(()));
}

#[tokio::test]
async fn one_that_is_cancelled_takes_the_connection_from_nobody_who_waits_for_it_too() {
    let (listener, address) = listening().await;
    let transport = GrpcTransport::new();
    let mut other = Box::pin(call(&transport, &address));
    let mut cancelled = Box::pin(call(&transport, &address));
    assert!(other.as_mut().now_or_never().is_none() && cancelled.as_mut().now_or_never().is_none());
    drop(cancelled);
    let mut served = tokio::select! {
        served = async {
            let mut served = taken(&listener, 9).await;
            let only = next(&mut served).await;
            answer(only);
            served
        } => served,
        ended = &mut other => panic!("{ended:?}"),
    };
    assert_eq!(meanwhile(&mut served, other).await, Ok(()));
    assert!(listener.accept().now_or_never().is_none(), "there is one connection");
}

#[tokio::test]
async fn calls_wait_no_longer_than_until_the_service_says_that_it_takes_them() {
    // More than are sent before it has said anything; it answers none before it has them all.
    const MANY: usize = 300;
    let (listener, address) = listening().await;
    let transport = GrpcTransport::new();
    let serving = async {
        let stream = listener.accept().await.unwrap().0;
        let mut served = Builder::new().handshake(stream).await.unwrap();
        let mut held = Vec::new();
        while held.len() < MANY {
            held.push(next(&mut served).await);
        }
        held.into_iter().for_each(answer);
        served
    };
    let mut calling = Box::pin(futures_util::future::join_all((0..MANY).map(|_| call(&transport, &address))));
    let mut served = tokio::select! {
        served = serving => served,
        ended = &mut calling => panic!("{ended:?}"),
    };
    assert!(meanwhile(&mut served, calling).await.iter().all(Result::is_ok));
}

/// A call whose own message comes only once something else has happened.
async fn stream_after(
    transport: &GrpcTransport,
    address: &Address,
    before: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Failure> {
    let inputs = Box::pin(stream::once(async {
        before.await;
        Bytes::new().into()
    }));
    let streamed = Call { shape: CallShape::ClientStream, ..a_call(address) };
    transport.call(&streamed, inputs, &mut Vec::new()).await
}

/// Takes one call at once on each connection, and answers each at its end, whichever comes first.
async fn serve_one_by_one(listener: TcpListener) {
    let mut serving = tokio::task::JoinSet::new();
    loop {
        let stream = listener.accept().await.unwrap().0;
        serving.spawn(async {
            let mut served = Builder::new().max_concurrent_streams(1).handshake(stream).await.unwrap();
            let mut answering = tokio::task::JoinSet::new();
            while let Some(Ok((request, call))) = served.accept().await {
                answering.spawn(async {
                    let mut body = request.into_body();
                    while body.data().await.is_some() {}
                    answer(call);
                });
            }
        });
    }
}

#[tokio::test]
async fn a_stream_does_not_wait_for_one_that_waits_for_it_where_a_service_takes_one_at_once() {
    let (listener, address) = listening().await;
    let transport = GrpcTransport::new();
    let (ended, last_ended) = tokio::sync::oneshot::channel();
    let first = stream_after(&transport, &address, async { last_ended.await.unwrap() });
    let second = async {
        let done = stream_after(&transport, &address, async {}).await;
        ended.send(()).unwrap();
        done
    };
    let both = async { tokio::join!(first, second) };
    let done = tokio::select! {
        done = timeout(PATIENCE, both) => done.unwrap(),
        () = serve_one_by_one(listener) => unreachable!("it serves until it is dropped"),
    };
    assert_eq!(done, (Ok(()), Ok(())));
}

#[tokio::test]
async fn streams_share_connections_of_a_service_that_takes_several_at_once() {
    let (listener, address) = listening().await;
    let transport = GrpcTransport::new();
    let serving = async {
        let mut served = taken(&listener, 9).await;
        let held = [next(&mut served).await, next(&mut served).await, next(&mut served).await];
        held.into_iter().for_each(answer);
        served
    };
    let streams = (0..3).map(|_| stream_after(&transport, &address, async {}));
    let mut calling = Box::pin(futures_util::future::join_all(streams));
    let mut served = tokio::select! {
        served = serving => served,
        ended = &mut calling => panic!("{ended:?}"),
    };
    assert!(meanwhile(&mut served, calling).await.iter().all(Result::is_ok));
    assert!(listener.accept().now_or_never().is_none(), "there is one connection");
}
