//! Headless Chromium, spoken to over a pair of pipes in its DevTools protocol: [`Browser`].

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::workspace::output;

const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/// What is in a window that is as high as the page is not cut; higher pages are cut there.
const HIGHEST: f64 = 12_000.0;

/// What the page takes for the user's wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Light,
    Dark,
}

/// A browser without a window.
pub(super) struct Browser {
    process: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    number: u64,
    /// What was said beside answers.
    events: Vec<Value>,
}

/// A page as it was shown.
pub(super) struct Shown {
    pub(super) png: Vec<u8>,
    /// What is wrong with it.
    pub(super) complaints: Vec<String>,
}

/// The name of one that is installed.
pub(super) fn installed() -> Result<String> {
    let chosen = std::env::var("CHROMIUM").ok();
    let mut names = chosen.iter().map(String::as_str).chain(NAMES);
    let found = names.find(|name| output(Command::new(name).arg("--version")).is_ok());
    found.map(str::to_owned).with_context(|| {
        format!(
            "there is no Chromium to show the reports (looked for {}); install one (`apt-get install chromium`), or name it \
             in the variable CHROMIUM",
            NAMES.join(", ")
        )
    })
}

impl Browser {
    pub(super) fn start(name: &str) -> Result<Self> {
        // The protocol is spoken on descriptors 3 and 4, which the shell makes of the two that a child has.
        let line = "exec \"$0\" --headless --no-sandbox --disable-gpu --hide-scrollbars --force-color-profile=srgb \
             --user-data-dir=\"$1\" --remote-debugging-pipe 3<&0 4>&1 </dev/null >/dev/null";
        let profile = crate::workspace::target().join("screenshots-profile");
        let mut process = Command::new("sh")
            .args(["-c", line, name])
            .arg(profile)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("the browser cannot be started")?;
        let requests = process.stdin.take().context("the browser has no pipe")?;
        let answers = BufReader::new(process.stdout.take().context("the browser has no pipe")?);
        Ok(Self { process, requests, answers, number: 0, events: Vec::new() })
    }

    /// Opens the page in a tab of its own and takes a picture of all of it.
    pub(super) fn show(&mut self, page: &Path, scheme: Scheme, width: u32) -> Result<Shown> {
        let target = self.ask(None, "Target.createTarget", &json!({"url": "about:blank"}))?;
        let target = target["targetId"].clone();
        let session =
            self.ask(None, "Target.attachToTarget", &json!({"targetId": target, "flatten": true}))?;
        let session = session["sessionId"].as_str().context("no session")?.to_owned();
        let shown = self.show_in(&session, page, scheme, width);
        self.ask(None, "Target.closeTarget", &json!({"targetId": target}))?;
        shown
    }

    fn show_in(&mut self, session: &str, page: &Path, scheme: Scheme, width: u32) -> Result<Shown> {
        let word = if scheme == Scheme::Dark { "dark" } else { "light" };
        let media = json!({"features": [{"name": "prefers-color-scheme", "value": word}]});
        let mut ask = |method: &str, arguments: &Value| self.ask(Some(session), method, arguments);
        ask("Emulation.setEmulatedMedia", &media)?;
        let mut size = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        ask("Emulation.setDeviceMetricsOverride", &size)?;
        ask("Log.enable", &json!({}))?;
        ask("Page.enable", &json!({}))?;
        ask("Page.navigate", &json!({"url": format!("file://{}", page.display())}))?;
        self.until(session, "Page.loadEventFired")?;
        let mut ask = |method: &str, arguments: &Value| self.ask(Some(session), method, arguments);
        let extent = ask("Page.getLayoutMetrics", &json!({}))?["cssContentSize"].clone();
        let height = extent["height"].as_f64().unwrap_or(900.0).min(HIGHEST);
        size["height"] = json!(height as u64);
        ask("Emulation.setDeviceMetricsOverride", &size)?;
        let picture = ask("Page.captureScreenshot", &json!({"format": "png"}))?;
        let png = STANDARD.decode(picture["data"].as_str().context("no picture")?)?;
        let mut complaints = self.complaints(session);
        let found = extent["width"].as_f64().unwrap_or_default();
        if found > f64::from(width) {
            complaints.push(format!("the page is {found} wide in a window of {width}"));
        }
        Ok(Shown { png, complaints })
    }

    /// What the browser has logged of a page.
    fn complaints(&mut self, session: &str) -> Vec<String> {
        let events = std::mem::take(&mut self.events);
        let of_page = events.iter().filter(|event| event["sessionId"] == session);
        let logged = of_page.filter(|event| event["method"] == "Log.entryAdded");
        logged.map(|event| event["params"]["entry"]["text"].as_str().unwrap_or_default().to_owned()).collect()
    }

    fn ask(&mut self, session: Option<&str>, method: &str, arguments: &Value) -> Result<Value> {
        self.number += 1;
        let mut request = json!({"id": self.number, "method": method, "params": arguments});
        if let Some(session) = session {
            request["sessionId"] = session.into();
        }
        let mut bytes = request.to_string().into_bytes();
        bytes.push(0);
        self.requests.write_all(&bytes).context("the browser takes no requests")?;
        self.requests.flush()?;
        loop {
            let mut answer = self.read()?;
            if answer["id"] == self.number {
                if let Some(error) = answer.get("error") {
                    bail!("the browser refuses {method}: {error}");
                }
                return Ok(answer["result"].take());
            }
            self.events.push(answer);
        }
    }

    fn until(&mut self, session: &str, method: &str) -> Result<()> {
        let is_it = |event: &Value| event["sessionId"] == session && event["method"] == method;
        while !self.events.iter().any(is_it) {
            let event = self.read()?;
            self.events.push(event);
        }
        Ok(())
    }

    fn read(&mut self) -> Result<Value> {
        let mut bytes = Vec::new();
        self.answers.read_until(0, &mut bytes)?;
        if bytes.pop().is_none() {
            bail!("the browser has ended; does `chromium --headless` work here?");
        }
        Ok(serde_json::from_slice(&bytes)?)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may have ended by itself, which is as well.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
