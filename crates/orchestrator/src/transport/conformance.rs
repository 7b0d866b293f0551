//! What the engine takes for granted of a transport; every one of them passes this, the fake included.

use std::num::NonZeroU32;
use std::pin::Pin;
use std::time::Duration;

use aieffect_blueprint::{Address, Port};
use aieffect_contract::CallShape;
use aieffect_testkit::{Bound, Protos, Received, Reply, Server};
use bytes::Bytes;
use futures_util::stream;
use tonic::Code;

use super::fake::FakeTransport;
use super::grpc::GrpcTransport;
use crate::messages::Messages;
use crate::ports::{Call, CallMetadata, Transport};
use crate::run::{Failure, StatusCode};

/// A transport, and a service that can be called over it: `/t.S/Echo`, `/t.S/Double` (two messages for each),
/// `/t.S/Refuse`, `/t.S/Hang`, `/t.S/Die`, and an address where nobody is.
trait Subject {
    fn transport(&self) -> &dyn Transport;
    fn address(&self) -> Address;
    fn nobody(&self) -> Address;
    /// What the calls said of themselves, once there were so many.
    fn metadata(&self, calls: usize) -> Pin<Box<dyn Future<Output = Vec<CallMetadata>> + '_>>;
    fn abandoned(&self) -> Pin<Box<dyn Future<Output = ()> + '_>>;
}

async fn conforms(subject: &dyn Subject) {
    let messages =
        |texts: &[&str]| texts.iter().map(|text| Bytes::copy_from_slice(text.as_bytes())).collect::<Vec<_>>();

    let unary = call(subject, "Echo", CallShape::Unary, &["a"]).await;
    assert_eq!(unary, (Ok(()), messages(&["a"])));
    let empty = call(subject, "Echo", CallShape::Unary, &[""]).await;
    assert_eq!(empty, (Ok(()), messages(&[""])), "a message without bytes is a message");
    let server_stream = call(subject, "Double", CallShape::ServerStream, &["a"]).await;
    assert_eq!(server_stream, (Ok(()), messages(&["a", "a"])));
    let both = call(subject, "Double", CallShape::Bidirectional, &["a", "b"]).await;
    assert_eq!(both, (Ok(()), messages(&["a", "a", "b", "b"])));
    let nothing = call(subject, "Double", CallShape::Bidirectional, &[]).await;
    assert_eq!(nothing, (Ok(()), Vec::new()));
    let client_stream = call(subject, "Join", CallShape::ClientStream, &["a", "b", "c"]).await;
    assert_eq!(client_stream, (Ok(()), messages(&["abc"])));

    let refused = call(subject, "Refuse", CallShape::Unary, &["a"]).await;
    let status = Failure::Status { code: StatusCode::PermissionDenied, message: "not you".into() };
    assert_eq!(refused, (Err(status), Vec::new()));
    let (died, _) = call(subject, "Die", CallShape::Unary, &["a"]).await;
    assert!(matches!(died, Err(Failure::Lost { .. })), "{died:?}");
    let nobody = Call { address: subject.nobody(), ..a_call(subject, "Echo", CallShape::Unary) };
    let unreached = subject.transport().call(&nobody, Box::pin(stream::empty()), &mut Vec::new()).await;
    assert!(matches!(unreached, Err(Failure::NeverReached { .. })), "{unreached:?}");

    let again = call(subject, "Echo", CallShape::Unary, &["b"]).await;
    assert_eq!(again, (Ok(()), messages(&["b"])), "a dead connection is not the end");
    let seen = subject.metadata(9).await;
    assert!(seen.iter().all(|metadata| *metadata == a_call(subject, "Echo", CallShape::Unary).metadata));

    let hanging = a_call(subject, "Hang", CallShape::Unary);
    let mut outputs = Vec::new();
    let input = Box::pin(stream::iter(messages(&["a"]).into_iter().map(Messages::from)));
    tokio::select! {
        ended = subject.transport().call(&hanging, input, &mut outputs) => panic!("{ended:?}"),
        _ = subject.metadata(10) => {}
    }
    subject.abandoned().await;
}

async fn call(
    subject: &dyn Subject,
    method: &str,
    shape: CallShape,
    inputs: &[&str],
) -> (Result<(), Failure>, Vec<Bytes>) {
    let inputs = inputs.iter().map(|text| Bytes::copy_from_slice(text.as_bytes()).into());
    let inputs: Vec<Messages> = inputs.collect();
    let mut outputs: Vec<Messages> = Vec::new();
    let call = a_call(subject, method, shape);
    let result = subject.transport().call(&call, Box::pin(stream::iter(inputs)), &mut outputs).await;
    (result, outputs.into_iter().flat_map(Messages::each).collect())
}

fn a_call(subject: &dyn Subject, method: &str, shape: CallShape) -> Call {
    Call {
        address: subject.address(),
        transport: aieffect_blueprint::TransportKind::Grpc,
        path: format!("/t.S/{method}").into(),
        shape,
        deadline: Some(Duration::from_secs(60)),
        metadata: CallMetadata {
            run: "r".into(),
            step: "n:A".into(),
            seq: 7,
            attempt: NonZeroU32::new(2).unwrap(),
            traceparent: "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01".into(),
        },
        progress: crate::ports::Progress::default(),
    }
}

fn doubled(messages: &[Bytes]) -> Vec<Bytes> {
    messages.iter().flat_map(|message| [message.clone(), message.clone()]).collect()
}

fn address(port: u16) -> Address {
    Address { host: "127.0.0.1".into(), port: Port::new(port).unwrap() }
}

struct OverGrpc {
    transport: GrpcTransport,
    server: Server,
    nobody: Bound,
}

impl Subject for OverGrpc {
    fn transport(&self) -> &dyn Transport {
        &self.transport
    }

    fn address(&self) -> Address {
        address(self.server.port())
    }

    fn nobody(&self) -> Address {
        address(self.nobody.port())
    }

    fn metadata(&self, calls: usize) -> Pin<Box<dyn Future<Output = Vec<CallMetadata>> + '_>> {
        let read = |call: Received| CallMetadata {
            run: call.metadata["aieffect-run-id"].as_str().into(),
            step: call.metadata["aieffect-step"].as_str().into(),
            seq: call.metadata["aieffect-seq"].parse().unwrap(),
            attempt: call.metadata["aieffect-attempt"].parse().unwrap(),
            traceparent: call.metadata["traceparent"].clone(),
        };
        Box::pin(async move {
            self.server.called(calls).await;
            self.server.calls().into_iter().map(read).collect()
        })
    }

    fn abandoned(&self) -> Pin<Box<dyn Future<Output = ()> + '_>> {
        Box::pin(self.server.abandoned(1))
    }
}

#[tokio::test]
async fn grpc_conforms() {
    let server = Bound::new(Protos::default())
        .on("/t.S/Echo", |call| Reply::Bytes(call.bytes))
        .on("/t.S/Double", |call| Reply::Raw(doubled(&call.messages)))
        .on("/t.S/Join", |call| Reply::Bytes(call.messages.concat().into()))
        .on("/t.S/Refuse", |_| Reply::status(Code::PermissionDenied, "not you"))
        .on("/t.S/Hang", |_| Reply::Hang)
        .on("/t.S/Die", |_| Reply::DieMidway)
        .start();
    let nobody = Bound::new(Protos::default());
    conforms(&OverGrpc { transport: GrpcTransport::new(), server, nobody }).await;
}

struct Faked(FakeTransport);

impl Subject for Faked {
    fn transport(&self) -> &dyn Transport {
        &self.0
    }

    fn address(&self) -> Address {
        address(1)
    }

    fn nobody(&self) -> Address {
        address(2)
    }

    fn metadata(&self, calls: usize) -> Pin<Box<dyn Future<Output = Vec<CallMetadata>> + '_>> {
        Box::pin(async move {
            while self.0.calls().len() < calls {
                tokio::task::yield_now().await;
            }
            self.0.calls()
        })
    }

    fn abandoned(&self) -> Pin<Box<dyn Future<Output = ()> + '_>> {
        Box::pin(async {
            while self.0.abandoned() < 1 {
                tokio::task::yield_now().await;
            }
        })
    }
}

#[tokio::test]
async fn the_fake_conforms() {
    let fake = FakeTransport::new(|call, inputs| {
        let path = call.path.clone();
        async move {
            match path.as_ref() {
                "/t.S/Echo" => Ok(inputs),
                "/t.S/Double" => Ok(doubled(&inputs)),
                "/t.S/Join" => Ok(vec![inputs.concat().into()]),
                "/t.S/Refuse" => {
                    Err(Failure::Status { code: StatusCode::PermissionDenied, message: "not you".into() })
                }
                "/t.S/Die" => Err(Failure::Lost { reason: "died".into() }),
                _ => std::future::pending().await,
            }
        }
    });
    conforms(&Faked(fake.with_nobody_at(address(2)))).await;
}
