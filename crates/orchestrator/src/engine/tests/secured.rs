//! Runs over TLS, and what is said when a connection cannot be made secure.

use aieffect_testkit::{Authority, Certified, Server, ServerTls};

use super::piped::{ALL, GIVE, PASS, Pipe, texts};
use super::*;
use crate::transport::grpc::{Access, OwnCertificate, Tls, Token};

fn access(authority: &Authority, own: Option<&Certified>) -> Access {
    let own =
        own.map(|own| OwnCertificate { certificates: own.certificate.as_bytes(), key: own.key.as_bytes() });
    Access::plain().over(Tls::new(authority.pem().as_bytes(), own).unwrap())
}

fn serve(tls: ServerTls) -> Server {
    bound().on("/test.Service/A", |_| json!({ "text": "secret" })).tls(tls).start()
}

async fn run_with(access: Access, server: &Server) -> RunReport {
    let transport = GrpcTransport::new().with_access(access.clone());
    let endpoints = FixedEndpoints::new(Duration::from_secs(600)).with_access(access);
    let handle = Orchestrator::new(Arc::new(transport)).submit(
        Arc::new(plan_at(server.port(), &["n:A"], &[])),
        Arc::new(endpoints),
        RunOptions::new(RunId::new("run-1").unwrap()),
        Vec::new(),
    );
    handle.wait().await
}

/// Why the node could not be reached.
async fn refusal(access: Access, server: &Server) -> String {
    let report = run_with(access, server).await;
    assert_eq!(report.outcome, Outcome::Unreachable, "{:?}", report.cause);
    let reason = report.unreached[0].reason.clone().unwrap();
    reason.replace(&server.port().to_string(), "<port>")
}

#[tokio::test]
async fn a_run_over_tls_trusts_what_its_ca_has_signed() {
    let authority = Authority::new();
    let server = serve(ServerTls::new(authority.issue(&["127.0.0.1"])));
    let mut report = run_with(access(&authority, None), &server).await;
    assert_eq!(report.outcome, Outcome::Succeeded, "{:?} {:?}", report.cause, report.unreached);
    assert_eq!(report.steps[0].result.messages().unwrap(), [text("secret")]);
}

#[tokio::test]
async fn a_service_that_asks_for_a_certificate_is_shown_ours() {
    let authority = Authority::new();
    let tls = ServerTls::new(authority.issue(&["127.0.0.1"])).only_for_clients_of(&authority);
    let server = serve(tls);
    let own = authority.issue(&["orchestrator"]);
    let report = run_with(access(&authority, Some(&own)), &server).await;
    assert_eq!(report.outcome, Outcome::Succeeded, "{:?} {:?}", report.cause, report.unreached);

    let missing = refusal(access(&authority, None), &server).await;
    insta::assert_snapshot!(missing, @"no secure connection to `127.0.0.1:<port>`: it asks for a client certificate: give one that is signed by a CA that it trusts");
    let other = Authority::new().issue(&["orchestrator"]);
    let foreign = refusal(access(&authority, Some(&other)), &server).await;
    insta::assert_snapshot!(foreign, @"no secure connection to `127.0.0.1:<port>`: it does not accept our client certificate (DecryptError): give one that is signed by a CA that it trusts");
}

#[tokio::test]
async fn certificates_that_cannot_be_trusted_are_told_apart() {
    let authority = Authority::new();
    let cases = [
        Authority::new().issue(&["127.0.0.1"]),
        authority.issue_expired(&["127.0.0.1"]),
        authority.issue(&["example.org", "10.1.2.3"]),
        authority.itself(),
    ];
    let mut told = Vec::new();
    for certified in cases {
        let server = serve(ServerTls::new(certified));
        told.push(refusal(access(&authority, None), &server).await);
        assert!(server.calls().is_empty());
    }
    insta::assert_snapshot!(told.join("\n"), @"
    no secure connection to `127.0.0.1:<port>`: its certificate is not signed by the CA that was given: give the certificate of the CA that signed it
    no secure connection to `127.0.0.1:<port>`: its certificate has expired: the service needs a new one
    no secure connection to `127.0.0.1:<port>`: its certificate is for `example.org`, `10.1.2.3`, and not for `127.0.0.1`: it needs that name as a subjectAltName
    no secure connection to `127.0.0.1:<port>`: its certificate is that of a CA: the service needs one of its own, signed by the CA
    ");
}

#[tokio::test]
async fn a_service_in_plain_text_is_no_service_over_tls() {
    let authority = Authority::new();
    let server = bound().on("/test.Service/A", |_| json!({})).start();
    insta::assert_snapshot!(
        refusal(access(&authority, None), &server).await,
        @"no secure connection to `127.0.0.1:<port>`: it does not speak TLS: start it with TLS, or leave the options for TLS out"
    );
}

#[tokio::test]
async fn a_service_that_speaks_another_protocol_over_tls_is_told() {
    let authority = Authority::new();
    let server = serve(ServerTls::new(authority.issue(&["127.0.0.1"])).without_http2());
    insta::assert_snapshot!(
        refusal(access(&authority, None), &server).await,
        @"no secure connection to `127.0.0.1:<port>`: it speaks TLS, and not HTTP/2 over it"
    );
}

#[tokio::test]
async fn without_tls_a_service_that_speaks_it_is_told() {
    let authority = Authority::new();
    let server = serve(ServerTls::new(authority.issue(&["127.0.0.1"])));
    let (handle, _) = submit(plan_at(server.port(), &["n:A"], &[]), Duration::from_millis(300));
    let report = handle.wait().await;
    let reason = report.unreached[0].reason.clone().unwrap();
    assert!(reason.ends_with("the service may expect TLS"), "{reason}");
}

#[tokio::test]
async fn streams_go_over_tls_and_every_call_shows_the_token() {
    let authority = Authority::new();
    let mut pipe = Pipe::new().node("s", GIVE).node("p", PASS).node("a", ALL);
    pipe = pipe.link("s:Give", "p:Pass").link("p:Pass", "a:All");
    pipe.access = access(&authority, None).with_token(Token::new("s3cret").unwrap());
    let bound = bound()
        .tls(ServerTls::new(authority.issue(&["127.0.0.1"])))
        .talk("/S/Give", |mut talk| async move {
            for number in 0..100 {
                talk.say(piped::text(&number.to_string())).await;
            }
            Ok(())
        })
        .talk("/S/Pass", |mut talk| async move {
            while let Some(message) = talk.next().await {
                talk.say(message).await;
            }
            Ok(())
        })
        .talk("/S/All", |mut talk| async move {
            let all = texts(&mut talk).await;
            talk.say(piped::text(&format!("{} {}", all.len(), all.last().unwrap()))).await;
            Ok(())
        });
    let mut ran = pipe.run(bound).await;
    ran.succeeded();
    assert_eq!(ran.results("a:All"), ["100 99"]);
    let calls = ran.server.calls();
    let shown: Vec<&str> = calls.iter().map(|call| &*call.metadata["authorization"]).collect();
    assert_eq!(shown, ["Bearer s3cret"; 3]);
}
