//! A process of `bursar serve`, started by a test and gone with it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::machine::Machine;

/// The owner's token in every book that such a process begins.
pub(crate) const OWNER: &str = "the-owner-of-this-test";

/// A process of the company's server.
pub(crate) struct Process {
    child: Child,
    addresses: Value,
}

impl Process {
    /// Starts `bursar serve`, and waits until it listens.
    pub(crate) fn start(machine: &Machine, database: &str, settings: &Path, more: &[&str]) -> Self {
        let settings = settings.to_str().expect("text");
        let all = [&["serve", "--database", database, "--config", settings, "--listen", "127.0.0.1:0"], more];
        let mut child = machine
            .bursar(&all.concat())
            .env("BURSAR_OWNER_TOKEN", OWNER)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("bursar starts");
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        output.read_line(&mut line).expect("a line");
        let addresses = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no addresses: {line:?}"));
        thread::spawn(move || output.read_to_end(&mut Vec::new()));
        Self { child, addresses }
    }

    /// Where it listens for that.
    pub(crate) fn address(&self, name: &str) -> SocketAddr {
        let url = self.addresses[name].as_str().expect("it listens");
        url.trim_start_matches("http://").parse().expect("an address")
    }

    /// Kills it: it dies without a word.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it is ours to kill");
        self.child.wait().expect("it ends");
    }

    /// Tells it to stop.
    pub(crate) fn stop(&self) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("an id");
        kill_process(id, Signal::TERM).expect("it runs");
    }

    /// Waits until it has ended, and says whether it was content.
    pub(crate) fn ended(&mut self) -> bool {
        self.child.wait().expect("it ends").success()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
