//! `aieffect call`: one call of an operation, outside of any run.

use std::convert::Infallible;
use std::future::ready;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aieffect_blueprint::{Address, Document, Findings, OperationSettings, Reader, StepName, near_match};
use aieffect_contract::CallShape;
use aieffect_layout::Opened;
use aieffect_orchestrator::messages::Messages;
use aieffect_orchestrator::run::Failure as CallFailure;
use aieffect_orchestrator::single::SingleCall;
use aieffect_orchestrator::transport::grpc::Access;
use aieffect_orchestrator::transport::{ServiceTransport, wait_until_ready};
use aieffect_orchestrator::values::{self, Style};
use bytes::Bytes;
use futures_util::SinkExt;
use futures_util::sink::drain;
use serde_json::Map;

use crate::access::AccessFlags;
use crate::arguments::{LogFormat, duration};
use crate::drive::{self, Interrupts};
use crate::exit::{Exit, Failure};
use crate::findings::Strictness;
use crate::load::{self, Loaded, Resolved};
use crate::terminal;

/// Call one operation of a service that is running, and print its response; a stream one message a line
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  aieffect call use-cases-platform/grid_diamond grid_source1:ReadGrid --data '{\"day\": \"2024-06-01\"}' --address localhost:50051"
)]
pub(crate) struct Call {
    /// Folder of a use case, or a package as a folder or zip
    path: PathBuf,
    /// The operation of a node, such as data_generator1:GenerateData
    #[arg(value_name = "CONTAINER:OPERATION")]
    step: StepName,
    /// The request's fields, or for a stream an array of requests: a file, or JSON [default: none]
    #[arg(long, value_name = "FILE|JSON")]
    data: Option<String>,
    /// Where the service answers, in place of the address that the package has
    #[arg(long, value_name = "HOST:PORT")]
    address: Option<Address>,
    /// How long to wait for the service to answer at all
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration)]
    ready_timeout: Duration,
    /// How long the call may take [default: as the package says, else 5m; a stream as long as it likes]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    deadline: Option<Duration>,
    #[command(flatten)]
    access: AccessFlags,
}

pub(crate) fn run(options: &Call) -> Result<Exit, Failure> {
    let access = options.access.read()?;
    let mut loaded = load::load(&options.path, None)?;
    let data = options.data.as_deref().map(str::trim).filter(|data| !data.is_empty());
    let data = match data {
        Some(data) => load::json("--data", data, &mut loaded.findings)?,
        None => None,
    };
    loaded.stop_at_findings(&options.path, Strictness::Usual, LogFormat::Text)?;
    let Some(resolved) = &loaded.resolved else { return Err(load::unexplained()) };
    let call = single(resolved, options)?;
    let requests = requests(&call, data.as_ref(), &options.path)?;
    if let Some(exposure) = options.access.exposure(&call.address) {
        terminal::say(&format!("warning: {exposure}"));
    }
    drive::block_on(async {
        let mut interrupts = Interrupts::listen()?;
        let answered = interrupts.or(answer(&call, requests, options.ready_timeout, access)).await;
        let stopped = |_| Failure::text(Exit::Interrupted, "stopped before the call had ended");
        answered.map_err(stopped)?.map_err(|failure| advise(failure, &loaded, options))
    })?;
    Ok(Exit::Done)
}

/// The call of the operation that is asked for; the pipeline need not call it.
fn single(resolved: &Resolved, options: &Call) -> Result<SingleCall, Failure> {
    let (pipeline, protos) = (&resolved.pipeline, &resolved.protos);
    let step = &options.step;
    let nodes = pipeline.nodes();
    let Some(index) = nodes.iter().position(|node| node.name == step.node) else {
        let help = near_match(step.node.as_str(), "nodes", nodes.iter().map(|node| node.name.as_str()));
        return Err(not_there(format!("there is no node `{}`", step.node), help));
    };
    let planned = pipeline.find(step);
    let bound = planned.and_then(|id| protos.operation(id).cloned());
    let Some(operation) = bound.or_else(|| protos.offered(index, step.operation.as_str())) else {
        let known = protos.proto_of(index).into_iter().flat_map(|proto| proto.method_names());
        let help = near_match(step.operation.as_str(), "operations", known);
        return Err(not_there(format!("`{}` has no operation `{}`", step.node, step.operation), help));
    };
    let usual = OperationSettings::default().deadline;
    let written = planned.map_or(usual, |id| pipeline.operation(id).settings.deadline);
    let written = (operation.shape == CallShape::Unary).then_some(written);
    Ok(SingleCall {
        address: options.address.clone().unwrap_or_else(|| nodes[index].address.clone()),
        step: step.clone(),
        operation,
        deadline: options.deadline.or(written),
        run: drive::run_id()?.to_string(),
    })
}

fn not_there(text: String, help: Option<String>) -> Failure {
    let failure = Failure::text(Exit::WrongUsage, text);
    match help {
        Some(help) => failure.help(help),
        None => failure,
    }
}

/// The requests' bytes; what does not fit their message is shown as findings are.
fn requests(call: &SingleCall, data: Option<&Arc<Document>>, path: &Path) -> Result<Vec<Bytes>, Failure> {
    let input = &call.operation.input;
    let mut findings = Findings::new();
    let mut all = Vec::new();
    if let Some(data) = data {
        let root = Reader::root(data);
        let readers = if call.takes_stream() && root.value().is_array() {
            root.items(&mut findings)
        } else {
            vec![root]
        };
        for reader in &readers {
            let Some(fields) = reader.object(&mut findings) else { continue };
            values::check_fields(input, fields, &reader.place(), &mut findings);
            all.push(fields.clone());
        }
    } else {
        all.push(Map::new());
    }
    load::stop_at(&findings, path, Strictness::Usual, LogFormat::Text)?;
    let encoded = all.iter().map(|fields| values::encode(input, fields).map(Bytes::from));
    encoded.collect::<Result<_, _>>().map_err(|error| Failure::new(Exit::InvalidInput, error))
}

/// Makes the call, and prints the responses as they come.
async fn answer(
    call: &SingleCall,
    requests: Vec<Bytes>,
    patience: Duration,
    access: Access,
) -> Result<(), Failure> {
    let answers = wait_until_ready(&call.address, call.operation.transport, patience, &access).await;
    answers.map_err(|error| {
        let text = format!("{} could not be reached: {error}", call.step.node);
        Failure::text(Exit::ServiceUnreachable, text)
    })?;
    let mut wrong = None;
    let printing = drain().with(|responses: Messages| {
        for response in responses.iter() {
            let printed = print(call, response);
            wrong = wrong.take().or(printed.err());
        }
        ready(Ok::<(), Infallible>(()))
    });
    let called = call.make(&ServiceTransport::new(access), requests, &mut Box::pin(printing)).await;
    called.map_err(|failure| {
        let exit = match failure {
            CallFailure::NeverReached { .. } => Exit::ServiceUnreachable,
            _ => Exit::PipelineFailed,
        };
        Failure::text(exit, format!("{} failed: {failure}", call.step))
            .detail(format!("service: {} at {}", call.step.node, call.address))
    })?;
    wrong.map_or(Ok(()), Err)
}

/// The response as JSON: on a line of its own when more may follow.
fn print(call: &SingleCall, response: &[u8]) -> Result<(), Failure> {
    let style = if call.gives_stream() { Style::Compact } else { Style::Pretty };
    let mut text = Vec::new();
    values::render(&call.operation.output, response, &mut text, style)
        .map_err(|error| Failure::text(Exit::PipelineFailed, format!("{} failed: {error}", call.step)))?;
    text.push(b'\n');
    let text = String::from_utf8_lossy(&text);
    terminal::print(&text).map_err(|error| Failure::new(Exit::Internal, error))
}

/// In a use case, nodes have the addresses of a stack, which lead nowhere on this machine.
fn advise(failure: Failure, loaded: &Loaded, options: &Call) -> Failure {
    let of_use_case = matches!(loaded.source, Some(Opened::UseCase(..)));
    if failure.exit == Exit::ServiceUnreachable && of_use_case && options.address.is_none() {
        return failure.help("say with `--address HOST:PORT` where the service answers on this machine");
    }
    failure
}
