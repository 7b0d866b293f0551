//! Services that tests of the server run: gRPC ones of [`step_proto`], and ones over HTTP.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use aieffect_testkit::{
    Bound, ControlReply, ControlRequest, ControlServer, Gate, Protos, Received, Reply, Server,
};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::protos::step_proto;

/// The operation of [`step_proto`].
pub(crate) const DO: &str = "/a.Step/Do";

/// A server of [`step_proto`] before it has an answer.
pub(crate) fn service() -> Bound {
    Bound::new(Protos::new(&[("a.proto", &step_proto("a"))]))
}

/// Its good answer.
pub(crate) fn fine() -> Value {
    json!({"success": true, "text": "fine"})
}

/// One whose answers are good.
pub(crate) fn started() -> Server {
    service().on(DO, |_| fine()).start()
}

/// The same, but calls of nodes whose names begin like that wait for the gate.
pub(crate) fn gated(node: &'static str, gate: &Gate) -> Server {
    let gate = gate.clone();
    let reply = move |call: Received| {
        let is_held = call.metadata["aieffect-step"].starts_with(node);
        let gate = gate.clone();
        let reply = Reply::from(fine());
        if is_held { reply.after(async move { gate.opened().await }) } else { reply }
    };
    service().on(DO, reply).start()
}

/// A service over HTTP, and the threads that it runs on.
pub(crate) struct Controlled {
    pub(crate) server: ControlServer,
    _runtime: Runtime,
}

impl Controlled {
    pub(crate) fn new(answers: impl Fn(&ControlRequest) -> ControlReply + Send + Sync + 'static) -> Self {
        let runtime = Runtime::new().unwrap();
        Self { server: runtime.block_on(ControlServer::start(answers)), _runtime: runtime }
    }

    pub(crate) fn over(
        tls: &aieffect_testkit::ServerTls,
        answers: impl Fn(&ControlRequest) -> ControlReply + Send + Sync + 'static,
    ) -> Self {
        let runtime = Runtime::new().unwrap();
        Self { server: runtime.block_on(ControlServer::secured(tls, answers)), _runtime: runtime }
    }

    pub(crate) fn port(&self) -> u16 {
        self.server.port()
    }
}

/// Whether a text is in any file of a folder.
pub(crate) fn is_anywhere_in(folder: &Path, text: &str) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => is_anywhere_in(&path, text),
            false => fs::read(path).unwrap().windows(text.len()).any(|window| window == text.as_bytes()),
        }
    })
}

/// How often each step of each run was called.
pub(crate) fn calls(server: &Server) -> BTreeMap<(String, String), usize> {
    let mut counted = BTreeMap::new();
    for call in server.calls() {
        let told = |key: &str| call.metadata[key].clone();
        *counted.entry((told("aieffect-run-id"), told("aieffect-step"))).or_default() += 1;
    }
    counted
}
