use std::future::{pending, ready};
use std::num::NonZeroU32;

use aieffect_blueprint::{Port, TransportKind};
use aieffect_contract::CallShape;
use aieffect_testkit::{Bound, Protos};
use bytes::Bytes;
use futures_util::{FutureExt, stream};
use tokio::net::TcpListener;
use tokio::time::{advance, timeout};

use super::*;
use crate::ports::{Call, CallMetadata, Progress, Transport};
use crate::run::Failure;
use crate::transport::grpc::{Access, Token};
use crate::transport::{ServiceTransport, wait_until_ready};

const ECHO: &str = r#"syntax = "proto3"; package t; service S { rpc A(M) returns (M); } message M {}"#;

const SECOND: Duration = Duration::from_secs(1);

fn at(port: u16) -> Address {
    Address { host: "grid".into(), port: Port::new(port).unwrap() }
}

async fn fails(breakers: &Breakers, address: &Address, times: u32) {
    for _ in 0..times {
        let refused = ready(Err::<(), _>(Trouble::Passing("connection refused".to_owned())));
        breakers.watch(address, refused).await.unwrap_err();
    }
}

async fn succeeds(breakers: &Breakers, address: &Address) {
    breakers.watch(address, ready(Ok(()))).await.unwrap();
}

fn said(breakers: &Arc<Breakers>, address: &Address) -> String {
    breakers.admit(address).map_or_else(|refusal| refusal.to_string(), |_| "admitted".to_owned())
}

#[tokio::test(start_paused = true)]
async fn calls_are_refused_after_so_many_failures_in_a_row() {
    let (breakers, address) = (Arc::<Breakers>::default(), at(1));
    fails(&breakers, &address, MOST - 1).await;
    assert_eq!(said(&breakers, &address), "admitted");
    succeeds(&breakers, &address).await;
    fails(&breakers, &address, MOST - 1).await;
    assert_eq!(said(&breakers, &address), "admitted", "one that came about begins the count anew");
    fails(&breakers, &address, 1).await;
    assert_eq!(
        said(&breakers, &address),
        "not called: 5 connections in a row failed, the last one with: connection refused; next try in 1.0 s"
    );
    assert_eq!(said(&breakers, &at(2)), "admitted", "others are not concerned");
    assert_eq!((breakers.opened(), breakers.refused()), (1, 1));
    assert_eq!(breakers.standing(), Standing { open: 1, half_open: 0 });
}

#[tokio::test(start_paused = true)]
async fn after_the_pause_one_call_tries_for_all() {
    let (breakers, address) = (Arc::<Breakers>::default(), at(1));
    fails(&breakers, &address, MOST).await;
    advance(SECOND).await;
    assert_eq!(breakers.standing(), Standing { open: 0, half_open: 1 });
    let trying = breakers.admit(&address).unwrap();
    assert!(said(&breakers, &address).ends_with("; another call tries now"));
    fails(&breakers, &address, 1).await;
    drop(trying);
    for pause in [2, 4, 8, 16, 30, 30] {
        let left = format!("next try in {pause}.0 s");
        assert!(said(&breakers, &address).ends_with(&left), "{}, not {left}", said(&breakers, &address));
        advance(pause * SECOND).await;
        let trying = breakers.admit(&address).unwrap();
        fails(&breakers, &address, 1).await;
        drop(trying);
    }
    advance(30 * SECOND).await;
    let trying = breakers.admit(&address).unwrap();
    succeeds(&breakers, &address).await;
    drop(trying);
    assert_eq!((said(&breakers, &address).as_str(), breakers.opened()), ("admitted", 1));
    assert_eq!(breakers.refusal(&address), None);
}

#[tokio::test(start_paused = true)]
async fn a_try_that_is_given_up_leaves_its_turn_to_the_next() {
    let (breakers, address) = (Arc::<Breakers>::default(), at(1));
    fails(&breakers, &address, MOST).await;
    advance(SECOND).await;
    let trying = breakers.admit(&address).unwrap();
    let connecting = breakers.watch(&address, pending::<Result<(), Trouble>>());
    assert!(connecting.now_or_never().is_none());
    drop(trying);
    assert!(breakers.admit(&address).is_err(), "not at once: else each call in a row would try");
    advance(SECOND).await;
    assert!(breakers.admit(&address).is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_nobody_waits_for_any_more_has_failed_if_it_had_time() {
    let (breakers, address) = (Arc::<Breakers>::default(), at(1));
    let hangs = |limit| timeout(limit, breakers.watch(&address, pending::<Result<(), Trouble>>()));
    for _ in 0..2 * MOST {
        assert!(hangs(SECOND / 2).await.is_err());
    }
    assert_eq!(breakers.refusal(&address), None);
    for _ in 0..MOST {
        assert!(hangs(2 * SECOND).await.is_err());
    }
    assert!(said(&breakers, &address).contains("the last one with: nothing came back for 2.0 s"));
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_a_service_neither_prolongs_the_pause_nor_waits_for_it() {
    let (breakers, address) = (Arc::<Breakers>::default(), at(1));
    // As readiness does, four times a second.
    for _ in 0..60 {
        fails(&breakers, &address, 1).await;
        advance(SECOND / 4).await;
    }
    let refusal = breakers.refusal(&address).unwrap();
    assert_eq!(refusal.failures, 60);
    assert!(refusal.next_try.is_none_or(|left| left <= 16 * SECOND), "{refusal}");
    succeeds(&breakers, &address).await;
    assert_eq!(said(&breakers, &address), "admitted");
}

#[tokio::test(start_paused = true)]
async fn what_nobody_tries_any_more_is_forgotten_and_no_more_is_known_than_may() {
    let breakers = Arc::<Breakers>::default();
    fails(&breakers, &at(1), MOST).await;
    advance(FORGOTTEN).await;
    assert_eq!(breakers.standing(), Standing { open: 0, half_open: 0 });
    for port in 1..=u16::try_from(MOST_KNOWN).unwrap() {
        fails(&breakers, &at(port), 1).await;
    }
    fails(&breakers, &at(20_000), MOST).await;
    assert_eq!(said(&breakers, &at(20_000)), "admitted", "there is no room for it");
    advance(FORGOTTEN).await;
    fails(&breakers, &at(20_000), MOST).await;
    assert!(said(&breakers, &at(20_000)).starts_with("not called"));
}

/// What calls come to at an address where nobody is.
async fn reasons(
    transport: &ServiceTransport,
    address: &Address,
    kind: TransportKind,
    calls: u32,
) -> Vec<String> {
    let mut reasons = Vec::new();
    for _ in 0..calls {
        let inputs = Box::pin(stream::once(ready(Bytes::new().into())));
        let called = transport.call(&a_call(address, kind), inputs, &mut Vec::new()).await;
        match called {
            Err(Failure::NeverReached { reason }) => reasons.push(reason),
            other => panic!("{other:?}"),
        }
    }
    reasons
}

fn a_call(address: &Address, transport: TransportKind) -> Call {
    let metadata = CallMetadata {
        run: "r".into(),
        step: "n:A".into(),
        seq: 0,
        attempt: NonZeroU32::MIN,
        traceparent: String::new(),
    };
    let (address, path) = (address.clone(), "/t.S/A".into());
    let shape = CallShape::Unary;
    Call { address, transport, path, shape, deadline: None, metadata, progress: Progress::default() }
}

#[tokio::test]
async fn all_transports_of_one_access_know_what_one_has_found_out() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = Port::new(closed.local_addr().unwrap().port()).unwrap();
    drop(closed);
    let address = Address { host: "127.0.0.1".into(), port };
    let breakers = Arc::<Breakers>::default();
    let access = Access::plain().with_breakers(Arc::clone(&breakers));
    let first = ServiceTransport::new(access.clone());
    let with_key = ServiceTransport::new(access.clone().with_token(Token::new("key").unwrap()));
    let over_grpc = reasons(&first, &address, TransportKind::Grpc, MOST - 2).await;
    assert!(over_grpc.iter().all(|reason| reason == "connection refused"), "{over_grpc:?}");
    let over_http = reasons(&with_key, &address, TransportKind::HttpControl, 3).await;
    assert!(over_http[..2].iter().all(|reason| reason == "connection refused"), "{over_http:?}");
    assert!(over_http[2].starts_with("not called: 5 connections in a row failed"), "{over_http:?}");
    let again = reasons(&first, &address, TransportKind::Grpc, 1).await;
    assert!(again[0].starts_with("not called: 5 connections in a row failed"), "{again:?}");
    let unwatched = reasons(&ServiceTransport::new(Access::plain()), &address, TransportKind::Grpc, 10).await;
    assert!(
        unwatched.iter().all(|reason| reason == "connection refused"),
        "without breakers nothing changes"
    );

    // It is up again: whoever waits for that connects while calls do not, and then all do.
    let server = Bound::on_port(Protos::new(&[("t.proto", ECHO)]), port.get()).start();
    let ready = wait_until_ready(&address, TransportKind::Grpc, 10 * SECOND, &access).await;
    assert_eq!((ready, breakers.refusal(&address)), (Ok(()), None));
    drop(server);
}
