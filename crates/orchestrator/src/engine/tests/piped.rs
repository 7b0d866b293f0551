//! Pipelines planned from protos, run against one server.

use std::num::NonZeroU64;

use aieffect_testkit::{Server, Talk};
use prost_reflect::prost::Message;
use prost_reflect::prost::encoding::string;
use prost_reflect::{DynamicMessage, Value};

use super::*;
use crate::plan::tests::fixture::Setup;
use crate::transport::grpc::Access;

pub(super) const GIVE: &str =
    "service S { rpc Give(None) returns (stream T); } message None {} message T { string text = 1; }";
pub(super) const ALL: &str = "service S { rpc All(stream T) returns (T); } message T { string text = 1; }";
pub(super) const PASS: &str =
    "service S { rpc Pass(stream T) returns (stream T); } message T { string text = 1; }";

/// A pipeline whose nodes all answer at one server.
pub(super) struct Pipe {
    setup: Setup,
    iterations: Option<NonZeroU64>,
    pub(super) options: RunOptions,
    pub(super) access: Access,
}

/// A run that has ended.
pub(super) struct Ran {
    pub(super) plan: Arc<Plan>,
    pub(super) report: RunReport,
    pub(super) server: Server,
}

impl Pipe {
    pub(super) fn new() -> Self {
        let options = RunOptions::new(RunId::new("run-1").unwrap());
        Self { setup: Setup::new(), iterations: None, options, access: Access::plain() }
    }

    pub(super) fn node(self, name: &str, proto: &str) -> Self {
        Self { setup: self.setup.node(name, proto), ..self }
    }

    pub(super) fn link(self, from: &str, to: &str) -> Self {
        Self { setup: self.setup.link(from, to), ..self }
    }

    pub(super) fn link_with(self, from: &str, to: &str, fields: &str) -> Self {
        Self { setup: self.setup.link_with(from, to, fields), ..self }
    }

    pub(super) fn operation(self, step: &str, settings: &str) -> Self {
        Self { setup: self.setup.operation(step, settings), ..self }
    }

    pub(super) fn execution(self, entry: &str) -> Self {
        Self { setup: self.setup.execution(entry), ..self }
    }

    pub(super) fn initial(self, json: &str) -> Self {
        Self { setup: self.setup.initial(json), ..self }
    }

    /// Takes so many messages of each source.
    pub(super) fn iterations(self, count: u64) -> Self {
        Self { iterations: NonZeroU64::new(count), ..self }
    }

    pub(super) fn submit(
        self,
        bound: Bound,
        mut observe: impl FnMut(&RunEvent) + Send + 'static,
    ) -> (RunHandle, Server) {
        let plan = self.planned(bound.port());
        let server = bound.start();
        let handle = Orchestrator::new(Arc::new(GrpcTransport::new().with_access(self.access.clone())))
            .submit(
                Arc::new(plan),
                Arc::new(FixedEndpoints::new(Duration::from_secs(10)).with_access(self.access)),
                self.options,
                vec![Box::new(move |recorded| observe(&recorded.event))],
            );
        (handle, server)
    }

    pub(super) async fn run(self, bound: Bound) -> Ran {
        let plan = Arc::new(self.planned(bound.port()));
        let (handle, server) = self.submit(bound, |_| {});
        Ran { plan, report: handle.wait().await, server }
    }

    /// Planned for nodes that all answer at this port.
    pub(super) fn planned(&self, port: u16) -> Plan {
        let mut plan = self.setup.planned().expect().clone();
        plan.iterations = self.iterations;
        for node in &mut plan.nodes {
            node.address = Address { host: "127.0.0.1".into(), port: Port::new(port).unwrap() };
        }
        for step in &mut plan.steps {
            step.policy.backoff = Duration::ZERO;
        }
        plan
    }
}

impl Ran {
    pub(super) fn succeeded(&self) {
        assert_eq!(self.report.outcome, Outcome::Succeeded, "{:?}", self.report.cause);
    }

    /// What a step gave: the text fields of each message, joined.
    pub(super) fn results(&mut self, step: &str) -> Vec<String> {
        let id = sample::step(&self.plan, step);
        let output = self.plan.step(id).operation.output.clone();
        let messages = self.report.steps[id.index()].result.messages().unwrap();
        let shown = |bytes: &Bytes| {
            let message = DynamicMessage::decode(output.clone(), bytes.as_ref()).unwrap();
            let field = |field: prost_reflect::FieldDescriptor| match message.get_field(&field).as_ref() {
                Value::String(text) => text.clone(),
                other => format!("{other:?}"),
            };
            let fields: Vec<String> = output.fields().map(field).collect();
            fields.join("/").trim_end_matches('/').to_owned()
        };
        messages.iter().map(shown).collect()
    }
}

/// A message whose first field is this text.
pub(super) fn text(text: &str) -> Bytes {
    let mut message = Vec::new();
    string::encode(1, &text.to_owned(), &mut message);
    message.into()
}

/// The first field of every message that comes, up to the end.
pub(super) async fn texts(talk: &mut Talk) -> Vec<String> {
    let mut all = Vec::new();
    while let Some(message) = talk.next().await {
        all.push(first_text(&message));
    }
    all
}

pub(super) fn first_text(message: &Bytes) -> String {
    #[derive(Clone, PartialEq, Message)]
    struct First {
        #[prost(string, tag = "1")]
        text: String,
    }
    First::decode(message.clone()).unwrap().text
}
