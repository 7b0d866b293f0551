//! `aieffect serve` as clients of `aieffect.v1` meet it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "also what tests share may fail a test")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use aieffect_api::v1;
use aieffect_api::v1::nodes_client::NodesClient;
use aieffect_api::v1::pipelines_client::PipelinesClient;
use aieffect_api::v1::put_pipeline_request::Package as Form;
use aieffect_api::v1::runs_client::RunsClient;
use aieffect_testkit::{Gate, repo_root, skip};
use support::step::{gated, started};
use support::{Aieffect, Package, Serving, chain};
use tempfile::TempDir;
use tonic::metadata::MetadataValue;
use tonic::transport::Channel;
use tonic::{Code, Request};

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

async fn channel(serving: &Serving) -> Channel {
    Channel::from_shared(format!("http://{}", serving.grpc())).unwrap().connect().await.unwrap()
}

fn documents(package: &Package) -> v1::PutPipelineRequest {
    let read = |name: &str| fs::read_to_string(package.path().join(name)).unwrap();
    let protos = fs::read_dir(package.path().join("microservice")).unwrap().map(|entry| {
        let path = entry.unwrap().path();
        let name = format!("microservice/{}", path.file_name().unwrap().to_string_lossy());
        (name, fs::read_to_string(path).unwrap())
    });
    let documents = v1::PackageDocuments {
        blueprint: read("blueprint.json"),
        dockerinfo: read("dockerinfo.json"),
        execution: read("execution.json"),
        protos: protos.collect(),
    };
    v1::PutPipelineRequest { package: Some(Form::Documents(documents)) }
}

async fn begun(channel: &Channel, package: &Package) -> String {
    let put = PipelinesClient::new(channel.clone()).put(documents(package)).await.unwrap();
    let pipeline = put.into_inner().pipeline.unwrap().digest;
    let request = v1::StartRunRequest { pipeline, ..Default::default() };
    RunsClient::new(channel.clone()).start(request).await.unwrap().into_inner().run.unwrap().id
}

#[test]
fn grpcio_makes_every_call() {
    skip!(Python);
    let (server, store) = (started(), folder());
    let serving = Serving::start(store.path(), &[]);
    let package = chain(server.port(), 2).written();
    let mut driver = Command::new("python3");
    driver.arg(repo_root().join("crates/cli/tests/python/native_api.py"));
    let ended = driver.arg(serving.grpc()).arg(package.path()).output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    assert_eq!(serving.stop().code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn events_come_as_they_happen_and_a_slow_reader_misses_none() {
    let (gate, store) = (Gate::new(), folder());
    let server = gated("", &gate);
    let serving = Serving::start(store.path(), &[]);
    let channel = channel(&serving).await;
    let run = begun(&channel, &chain(server.port(), 3).written()).await;
    let request = v1::StreamEventsRequest { run: run.clone(), from: 0 };
    let mut events = RunsClient::new(channel.clone()).stream_events(request).await.unwrap().into_inner();
    while events.message().await.unwrap().unwrap().kind != "fired" {}
    // Nothing is read while the rest of it happens.
    gate.open();
    serving.until(&run, "succeeded");
    let mut rest = Vec::new();
    while let Some(event) = events.message().await.unwrap() {
        rest.push(event.kind);
    }
    assert_eq!(rest.iter().filter(|kind| *kind == "done").count(), 3, "{rest:?}");
    assert_eq!(rest.last().unwrap(), "finished");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_cancelled_and_gone_on_with() {
    let (gate, store) = (Gate::new(), folder());
    let server = gated("", &gate);
    let serving = Serving::start(store.path(), &[]);
    let channel = channel(&serving).await;
    let run = begun(&channel, &chain(server.port(), 2).written()).await;
    let mut runs = RunsClient::new(channel);
    serving.until(&run, "running");
    let early = runs.delete(v1::DeleteRunRequest { run: run.clone() }).await.unwrap_err();
    assert_eq!(early.code(), Code::FailedPrecondition, "{early}");
    runs.cancel(v1::CancelRunRequest { run: run.clone() }).await.unwrap();
    serving.until(&run, "cancelled");
    gate.open();
    runs.resume(v1::ResumeRunRequest { run: run.clone(), ..Default::default() }).await.unwrap();
    serving.until(&run, "succeeded");
    let shown = runs.get(v1::GetRunRequest { run }).await.unwrap().into_inner();
    assert_eq!(shown.state(), v1::RunState::Succeeded);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_events_ends_with_unavailable_when_the_server_stops() {
    let (gate, store) = (Gate::new(), folder());
    let server = gated("", &gate);
    let serving = Serving::start(store.path(), &["--grace=100ms"]);
    let channel = channel(&serving).await;
    let run = begun(&channel, &chain(server.port(), 1).written()).await;
    let request = v1::StreamEventsRequest { run, from: 0 };
    let mut events = RunsClient::new(channel).stream_events(request).await.unwrap().into_inner();
    while events.message().await.unwrap().unwrap().kind != "fired" {}
    let stopped = tokio::task::spawn_blocking(|| serving.stop());
    let status = events.message().await.unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::Unavailable, "the server is stopping; try again when it is back")
    );
    assert_eq!(stopped.await.unwrap().code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_runs_exhaust_what_there_is() {
    let (gate, store) = (Gate::new(), folder());
    let server = gated("", &gate);
    let serving = Serving::start(store.path(), &["--max-runs=1", "--max-waiting=1"]);
    let channel = channel(&serving).await;
    let package = chain(server.port(), 1).written();
    let first = begun(&channel, &package).await;
    serving.until(&first, "running");
    begun(&channel, &package).await;
    let pipeline = serving.run(&first)["pipeline"].as_str().unwrap().to_owned();
    let request = v1::StartRunRequest { pipeline, ..Default::default() };
    let full = RunsClient::new(channel).start(request).await.unwrap_err();
    assert_eq!(full.code(), Code::ResourceExhausted, "{full}");
    gate.open();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_good_for_its_scopes() {
    let (keys, store) = (tempfile::NamedTempFile::new().unwrap(), folder());
    fs::write(&keys, "portal run 0123456789abcdef\nwatch read fedcba9876543210\n").unwrap();
    let serving = Serving::start(store.path(), &[&format!("--keys={}", keys.path().display())]);
    let mut runs = RunsClient::new(channel(&serving).await);
    fn asked<T>(message: T, key: Option<&str>) -> Request<T> {
        let mut request = Request::new(message);
        if let Some(key) = key {
            let value = MetadataValue::try_from(format!("Bearer {key}")).unwrap();
            request.metadata_mut().insert("authorization", value);
        }
        request
    }
    for (key, code) in [
        (None, Code::Unauthenticated),
        (Some("0123456789abcdeg"), Code::Unauthenticated),
        (Some("fedcba9876543210"), Code::Ok),
        (Some("0123456789abcdef"), Code::Ok),
    ] {
        let listed = runs.list(asked(v1::ListRunsRequest::default(), key)).await;
        assert_eq!(listed.map_or_else(|status| status.code(), |_| Code::Ok), code);
    }
    for (key, code) in [("fedcba9876543210", Code::PermissionDenied), ("0123456789abcdef", Code::NotFound)] {
        let begun = runs.start(asked(v1::StartRunRequest::default(), Some(key))).await;
        assert_eq!(begun.unwrap_err().code(), code);
    }
    let deleted = runs.delete(asked(v1::DeleteRunRequest::default(), Some("0123456789abcdef"))).await;
    assert_eq!(deleted.unwrap_err().code(), Code::PermissionDenied);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_calls_is_known_before_the_message_is_read() {
    let (keys, store) = (tempfile::NamedTempFile::new().unwrap(), folder());
    fs::write(&keys, "watch read fedcba9876543210\n").unwrap();
    let serving = Serving::start(store.path(), &[&format!("--keys={}", keys.path().display())]);
    let channel = channel(&serving).await;
    for (path, key, code) in [
        ("/aieffect.v1.Pipelines/Put", None, Code::Unauthenticated),
        ("/aieffect.v1.Pipelines/Put", Some("fedcba9876543210"), Code::PermissionDenied),
        ("/aieffect.v1.Runs/Start", None, Code::Unauthenticated),
    ] {
        // A message that never comes.
        let mut request = Request::new(futures_util::stream::pending::<v1::PutPipelineRequest>());
        if let Some(key) = key {
            request.metadata_mut().insert("authorization", format!("Bearer {key}").parse().unwrap());
        }
        let mut client = tonic::client::Grpc::new(channel.clone());
        client.ready().await.unwrap();
        let codec = tonic_prost::ProstCodec::<_, v1::PutPipelineResponse>::default();
        let refused = client.client_streaming(request, path.parse().unwrap(), codec).await.unwrap_err();
        assert_eq!(refused.code(), code, "{path}: {refused}");
        assert!(refused.metadata().contains_key("aieffect-problem-bin"), "programs are told as ever");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_not_allowed_is_not_asked_either() {
    let (server, store) = (started(), folder());
    let serving = Serving::start(store.path(), &["--allow-endpoints=*.grid.example"]);
    let channel = channel(&serving).await;
    let put = PipelinesClient::new(channel.clone()).put(documents(&chain(server.port(), 1).written())).await;
    let pipeline = put.unwrap().into_inner().pipeline.unwrap().digest;
    let request = v1::NodesHealthRequest { pipeline: pipeline.clone() };
    let refused = NodesClient::new(channel.clone()).health(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied, "{refused}");
    let request = v1::StartRunRequest { pipeline, ..Default::default() };
    let refused = RunsClient::new(channel).start(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied, "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_does_not_answer_says_why() {
    let store = folder();
    let serving = Serving::start(store.path(), &[]);
    let channel = channel(&serving).await;
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let put = PipelinesClient::new(channel.clone()).put(documents(&chain(unused, 1).written())).await;
    let pipeline = put.unwrap().into_inner().pipeline.unwrap().digest;
    let health = NodesClient::new(channel).health(v1::NodesHealthRequest { pipeline }).await.unwrap();
    let [node] = &health.into_inner().nodes[..] else { panic!("there is one node") };
    assert!(!node.is_ready && node.reason.contains("refused"), "{node:?}");
}

#[test]
fn grpc_for_others_without_keys_is_refused_too() {
    let store = folder();
    let refused = Aieffect::new("serve", Path::new("--grpc-addr=0.0.0.0:0"), store.path())
        .arg(format!("--store={}", store.path().display()))
        .output();
    refused.check(2, "error: whoever reaches 0.0.0.0:0 could run anything: it has no keys");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_for_the_services_is_wanted_again_by_a_server_that_was_started_anew() {
    let (gate, store) = (Gate::new(), folder());
    let server = gated("", &gate);
    let serving = Serving::start(store.path(), &["--grace=100ms"]);
    let package = chain(server.port(), 1).written();
    let put = PipelinesClient::new(channel(&serving).await).put(documents(&package)).await.unwrap();
    let pipeline = put.into_inner().pipeline.unwrap().digest;
    let services_api_key = "planted-0123456789".to_owned();
    let request = v1::StartRunRequest { pipeline, services_api_key, ..Default::default() };
    let started = RunsClient::new(channel(&serving).await).start(request).await.unwrap();
    let run = started.into_inner().run.unwrap().id;
    serving.until(&run, "running");
    assert!(!serving.stop().stderr.contains("planted"));
    gate.open();
    let serving = Serving::start(store.path(), &[]);
    let mut runs = RunsClient::new(channel(&serving).await);
    let shown = runs.get(v1::GetRunRequest { run: run.clone() }).await.unwrap().into_inner();
    assert_eq!(shown.state(), v1::RunState::NeedsKey);
    let mut request = v1::ResumeRunRequest { run: run.clone(), ..Default::default() };
    let refused = runs.resume(request.clone()).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
    request.services_api_key = "planted-0123456789".to_owned();
    runs.resume(request).await.unwrap();
    serving.until(&run, "succeeded");
    let last = server.calls().pop().unwrap();
    assert_eq!(last.metadata["authorization"], "Bearer planted-0123456789");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_says_nothing_more_ends_and_a_message_too_long_is_refused() {
    let store = folder();
    let serving = Serving::start(store.path(), &["--request-timeout=300ms"]);
    let channel = channel(&serving).await;
    let mut silent = tonic::client::Grpc::new(channel.clone());
    silent.ready().await.unwrap();
    let path = "/aieffect.v1.Runs/Start".parse().unwrap();
    let codec = tonic_prost::ProstCodec::<v1::StartRunRequest, v1::StartRunResponse>::default();
    let never = Request::new(futures_util::stream::pending());
    let ended = silent.client_streaming(never, path, codec).await.unwrap_err();
    assert_eq!(ended.code(), Code::DeadlineExceeded, "{ended}");
    let pipeline = "0".repeat(5 * 1024 * 1024);
    let long = v1::StartRunRequest { pipeline, ..Default::default() };
    let refused = RunsClient::new(channel).start(long).await.unwrap_err();
    assert!(matches!(refused.code(), Code::OutOfRange | Code::ResourceExhausted), "{refused}");
}
