//! `aieffect serve`, and a client of our own that knows only HTTP: [`Serving`].

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::aieffect::{Aieffect, Running};
use super::described::Described;
use super::ended::Ended;
use super::package::Package;

const PATIENCE: Duration = Duration::from_secs(60);

/// The server, running.
pub(crate) struct Serving {
    running: Running,
    address: String,
    grpc: String,
    key: Option<String>,
    /// What the server says of itself, once it has been asked.
    described: OnceLock<Described>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

/// Server-sent events, as they come.
pub(crate) struct Events(BufReader<TcpStream>);

impl Serving {
    /// Over the store in `folder`, on a free port.
    pub(crate) fn start(folder: &Path, args: &[&str]) -> Self {
        let store = format!("--store={}", folder.display());
        let serve = Aieffect::new("serve", Path::new("--http-addr=127.0.0.1:0"), folder);
        let mut running = serve.args(["--grpc-addr=127.0.0.1:0", &store]).args(args).start();
        let mut address = |scheme: &str| {
            let line = running.line_with(&format!("listening at {scheme}"));
            let rest = line.split("://").nth(1).unwrap();
            // What is logged as JSON goes on behind it.
            rest.split(['"', '\n']).next().unwrap().trim().to_owned()
        };
        let (grpc, address) = (address("grpc"), address("http"));
        Self { running, address, grpc, key: None, described: OnceLock::new() }
    }

    pub(crate) fn with_key(self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Where it answers gRPC.
    pub(crate) fn grpc(&self) -> &str {
        &self.grpc
    }

    pub(crate) fn running(&mut self) -> &mut Running {
        &mut self.running
    }

    /// The same, and something happens once no step begins any more.
    pub(crate) fn stop_and(mut self, then: impl FnOnce()) -> Ended {
        self.running.signal(rustix::process::Signal::TERM).until("stopping");
        then();
        self.running.end()
    }

    /// Stops it as a service manager does.
    pub(crate) fn stop(mut self) -> Ended {
        self.running.signal(rustix::process::Signal::TERM);
        self.running.end()
    }

    /// Takes it away in the middle of whatever it does.
    pub(crate) fn kill(mut self) -> Ended {
        self.running.signal(rustix::process::Signal::KILL);
        self.running.end()
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], b"")
    }

    pub(crate) fn delete(&self, path: &str) -> Answer {
        self.ask("DELETE", path, &[], b"")
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path, &[("content-type", "application/json")], body.to_string().as_bytes())
    }

    pub(crate) fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.ask_as(&self.address, method, path, headers, body)
    }

    /// The same by another name of the server. The answer is held against what the server says that it may be.
    pub(crate) fn ask_as(
        &self,
        host: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let answer = self.asked(host, method, path, headers, body);
        let described = || {
            let document = self.asked(&self.address, "GET", "/openapi.json", &[], b"");
            Described::new(document.json())
        };
        self.described.get_or_init(described).check(method, path, &answer);
        answer
    }

    fn asked(&self, host: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut stream = BufReader::new(self.sent(host, method, path, headers, body));
        let (status, headers) = head(&mut stream);
        let mut body = Vec::new();
        stream.read_to_end(&mut body).unwrap();
        Answer { status, headers, body }
    }

    /// Follows a run's events, from behind this one on.
    pub(crate) fn follow(&self, run: &str, last: Option<u64>) -> Events {
        let last = last.map(|last| last.to_string());
        let mut headers = vec![("accept", "text/event-stream")];
        headers.extend(last.as_deref().map(|last| ("last-event-id", last)));
        let mut stream = BufReader::new(self.sent(
            &self.address,
            "GET",
            &format!("/api/v1/runs/{run}/events"),
            &headers,
            b"",
        ));
        assert_eq!(head(&mut stream).0, 200);
        Events(stream)
    }

    fn sent(&self, host: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // HTTP/1.0: the answer ends with the connection, and is not cut into chunks.
        let mut request = format!("{method} {path} HTTP/1.0\r\nhost: {host}\r\n");
        let key = self.key.as_ref().map(|key| ("authorization", format!("Bearer {key}")));
        let length = ("content-length", body.len().to_string());
        let own = key.into_iter().chain([length]);
        for (name, value) in headers.iter().map(|(name, value)| (*name, (*value).to_owned())).chain(own) {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        stream.write_all(format!("{request}\r\n").as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        stream
    }

    /// Hands a package in; its digest.
    #[track_caller]
    pub(crate) fn put(&self, package: &Package) -> String {
        let answer = self.post("/api/v1/pipelines", &documents(package.path()));
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()["digest"].as_str().unwrap().to_owned()
    }

    /// Begins a run of a package that was handed in.
    #[track_caller]
    pub(crate) fn begin(&self, digest: &str) -> String {
        let answer = self.post("/api/v1/runs", &json!({ "pipeline": digest }));
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn run(&self, run: &str) -> Value {
        self.get(&format!("/api/v1/runs/{run}")).json()
    }

    /// Waits until a run is in that state.
    #[track_caller]
    pub(crate) fn until(&self, run: &str, state: &str) -> Value {
        let begun = Instant::now();
        loop {
            let shown = self.run(run);
            if shown["state"] == state {
                return shown;
            }
            assert!(begun.elapsed() < PATIENCE, "not {state}: {shown}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Answer {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {} {text}", self.status))
    }

    /// Its status, and the code of the problem that it tells of.
    #[track_caller]
    pub(crate) fn problem(&self) -> (u16, String) {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{self:?}");
        let body = self.json();
        assert_eq!(body["status"], self.status);
        (self.status, body["code"].as_str().unwrap().to_owned())
    }
}

impl Iterator for Events {
    type Item = Value;

    /// The next event; `None` once the server has ended the stream.
    fn next(&mut self) -> Option<Value> {
        let mut data = None;
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            match line.trim_end().split_once(": ") {
                Some(("data", text)) => data = Some(serde_json::from_str(text).unwrap()),
                _ if line.trim_end().is_empty() && data.is_some() => return data,
                _ => {}
            }
        }
    }
}

fn head(stream: &mut impl BufRead) -> (u16, BTreeMap<String, String>) {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let status = lines[0].split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines[1..].iter().filter_map(|line| line.split_once(": "));
    (status, headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect())
}

/// A package's folder as the JSON that is handed in.
pub(crate) fn documents(folder: &Path) -> Value {
    let read = |name: &str| -> Value {
        fs::read_to_string(folder.join(name)).map_or(Value::Null, |text| serde_json::from_str(&text).unwrap())
    };
    let protos = fs::read_dir(folder.join("microservice")).unwrap().map(|entry| {
        let path = entry.unwrap().path();
        let name = format!("microservice/{}", path.file_name().unwrap().to_string_lossy());
        (name, Value::from(fs::read_to_string(path).unwrap()))
    });
    json!({
        "blueprint": read("blueprint.json"),
        "dockerinfo": read("dockerinfo.json"),
        "execution": read("execution.json"),
        "protos": protos.collect::<serde_json::Map<_, _>>(),
    })
}
