//! The services of an example, as a process of their own: testkit's remember every call.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use aieffect_testkit::Bound;

use crate::pipeline::Outcome;

/// This program again, told to `serve`; it ends with this value.
pub(crate) struct Serving {
    process: Child,
    pub(crate) port: u16,
}

impl Serving {
    pub(crate) fn start() -> Outcome<Self> {
        let mut process =
            Command::new(std::env::current_exe()?).arg("serve").stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        let output = process.stdout.take().ok_or("no output")?;
        BufReader::new(output).read_line(&mut line)?;
        Ok(Self { process, port: line.trim().parse()? })
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended by itself, which is as well.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Serves, and says where, until it is killed.
pub(crate) fn serve(services: Bound) -> ! {
    let server = services.start();
    println!("{}", server.port());
    loop {
        std::thread::park();
    }
}
