//! Starts the browser of whoever sits at this machine.

use std::process::{Command, Stdio};
use std::thread;

/// Opens an address with the program that is there for it, and does not wait.
pub(super) fn open(opener: &str, address: &str) {
    let mut command = Command::new(opener);
    command.arg(address).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match command.spawn() {
        // Somebody must ask how it ended, or it stays in the system's list of processes.
        Ok(mut child) => drop(thread::spawn(move || child.wait())),
        Err(error) => tracing::debug!(%error, "no browser is opened"),
    }
}
