//! A server, the services that its runs call, and what both say: [`Scene`].

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use super::super::package;
use super::super::service::Service;
use super::client::Client;
use super::{STEPS, folder_of};
use crate::workspace::target;

const LOOK: Duration = Duration::from_millis(20);

/// All processes of a measurement; they end with this value.
pub(super) struct Scene {
    profile: String,
    store: String,
    server: Child,
    address: String,
    /// The digest of the package of four steps.
    pub(super) package: String,
    service: Service,
    service_in: ChildStdin,
    service_out: BufReader<ChildStdout>,
    /// From the start of the server until it listened.
    pub(super) started: Duration,
}

/// A call as the service saw it, in microseconds since 1970.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) step: String,
    pub(super) arrived: u64,
    pub(super) answered: u64,
}

/// What a process has in memory, in MiB.
pub(super) struct Memory {
    pub(super) now: f64,
    pub(super) most: f64,
}

impl Scene {
    /// Over an empty store.
    pub(super) fn new(profile: &str, args: &[&str]) -> Result<Self> {
        let store = target().join("bench/serve");
        if store.exists() {
            fs::remove_dir_all(&store)?;
        }
        let mut service = Service::of_profile(folder_of(profile), "watched_service")?;
        let (service_in, service_out) = service.pipes()?;
        let store = store.display().to_string();
        let (server, address, started) = serve(profile, &store, args)?;
        let mut scene = Self {
            profile: profile.to_owned(),
            store,
            server,
            address,
            package: String::new(),
            service,
            service_in,
            service_out: BufReader::new(service_out),
            started,
        };
        scene.hand_in()?;
        Ok(scene)
    }

    /// Takes the server away, and starts one over the same store.
    pub(super) fn restart(&mut self, args: &[&str]) -> Result<()> {
        self.server.kill()?;
        self.server.wait()?;
        (self.server, self.address, self.started) = serve(&self.profile, &self.store, args)?;
        Ok(())
    }

    pub(super) fn client(&self) -> Result<Client> {
        Client::connect(&self.address)
    }

    fn hand_in(&mut self) -> Result<()> {
        let folder = target().join("bench/served");
        package::write(&folder, &[self.service.port; STEPS])?;
        let read = |name: &str| -> Result<Value> {
            Ok(serde_json::from_str(&fs::read_to_string(folder.join(name))?)?)
        };
        let protos = (1..=STEPS).map(|number| {
            let name = format!("microservice/stage{number}.proto");
            Ok((name.clone(), Value::from(fs::read_to_string(folder.join(name))?)))
        });
        let documents = json!({
            "blueprint": read("blueprint.json")?,
            "dockerinfo": read("dockerinfo.json")?,
            "execution": read("execution.json")?,
            "protos": protos.collect::<Result<Map<_, _>>>()?,
        });
        let kept = self.client()?.ask("POST", "/api/v1/pipelines", &documents.to_string())?;
        self.package = kept["digest"].as_str().context("a package without a digest")?.to_owned();
        Ok(())
    }

    /// The calls since this was last asked, of each run in the order of their arrival.
    pub(super) fn calls(&mut self) -> Result<BTreeMap<String, Vec<Call>>> {
        writeln!(self.service_in, "calls")?;
        let mut calls = BTreeMap::<_, Vec<_>>::new();
        loop {
            let mut line = String::new();
            self.service_out.read_line(&mut line)?;
            let words: Vec<&str> = line.split_whitespace().collect();
            let [run, step, arrived, answered] = words.as_slice() else { return Ok(calls) };
            let call =
                Call { step: (*step).to_owned(), arrived: arrived.parse()?, answered: answered.parse()? };
            calls.entry((*run).to_owned()).or_default().push(call);
        }
    }

    /// Nothing waits any more.
    pub(super) fn open(&mut self) -> Result<()> {
        Ok(writeln!(self.service_in, "open")?)
    }

    /// Waits until a run has succeeded; how it is shown then.
    pub(super) fn ended(client: &mut Client, run: &str) -> Result<Value> {
        loop {
            let shown = client.get(&format!("/api/v1/runs/{run}"))?;
            match shown["state"].as_str() {
                Some("waiting" | "running") => thread::sleep(LOOK),
                Some("succeeded") => return Ok(shown),
                _ => anyhow::bail!("{shown}"),
            }
        }
    }

    /// What the server has in memory.
    pub(super) fn memory(&self) -> Result<Memory> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.server.id()))?;
        let figure = |name: &str| -> Result<f64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB"));
            let kib: f64 = line.with_context(|| format!("no {name}"))?.trim().parse()?;
            Ok(kib / 1024.0)
        };
        Ok(Memory { now: figure("VmRSS:")?, most: figure("VmHWM:")? })
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        // It may have ended by itself, which is as well.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Starts a server, and waits until it listens; where, and how long that took.
fn serve(profile: &str, store: &str, args: &[&str]) -> Result<(Child, String, Duration)> {
    let begun = Instant::now();
    let mut server = Command::new(Path::new(&target()).join(folder_of(profile)).join("aieffect"))
        .args(["serve", "--http-addr=127.0.0.1:0", "--grpc-addr=127.0.0.1:0", "--store", store])
        .args(args)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("the server cannot be started")?;
    let errors = server.stderr.take().context("the server has no stderr")?;
    let mut lines = BufReader::new(errors).lines().map_while(Result::ok);
    let address = lines.find_map(|line| Some(line.split_once("listening at http://")?.1.to_owned()));
    let address = address.context("the server does not say where it listens")?;
    let started = begun.elapsed();
    // Nobody reads on; a full pipe would stop the server.
    thread::spawn(move || lines.for_each(drop));
    Ok((server, address, started))
}
