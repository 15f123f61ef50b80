//! Running git so that it reads and does nothing else.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::Machine;

/// How long one run of git may take.
pub const TIME_LIMIT: Duration = Duration::from_secs(2);

/// Output beyond this is not read.
const MAX_OUTPUT_BYTES: u64 = 4 * 1024 * 1024;

/// What of the environment git gets: where programs and its own configuration are.
const PASSED_ON: [&str; 10] = [
    "PATH",
    "HOME",
    "XDG_CONFIG_HOME",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "USERPROFILE",
    "HOMEDRIVE",
    "HOMEPATH",
    "SYSTEMROOT",
];

/// No prompts, no locks, no network, no traces, the same words everywhere.
const FIXED: [(&str, &str); 9] = [
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_ALLOW_PROTOCOL", "none"),
    ("GIT_TRACE2", "0"),
    ("GIT_TRACE2_EVENT", "0"),
    ("GIT_TRACE2_PERF", "0"),
    ("GIT_PAGER", "cat"),
    ("LC_ALL", "C"),
];

/// What a repository's configuration could have git run, overruled.
const SAFE: [&str; 12] = [
    "--no-pager",
    "--no-replace-objects",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.sshCommand=false",
    "-c",
    "credential.helper=",
    "-c",
    "protocol.allow=never",
];

/// The configuration that is of interest.
const KEYS: &str = r"^(core\.repositoryformatversion|(user|author)\.(name|email)|mailmap\.(file|blob)|remote\..*\.url|branch\..*\.remote|url\..*\.insteadof)$";

/// Why a run of git gave nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RunError {
    /// It does not start.
    Missing(String),
    /// It was stopped at the time limit.
    Slow,
    /// It says that something is wrong.
    Failed,
}

/// The git program with its environment.
#[derive(Debug, Clone)]
pub(super) struct Git {
    program: OsString,
    environment: Vec<(OsString, OsString)>,
}

impl Git {
    pub(super) fn new(machine: &Machine) -> Self {
        let passed_on = |name: &OsStr| PASSED_ON.iter().any(|it| name == *it);
        let environment = machine.environment.iter().filter(|(name, _)| passed_on(name)).cloned().collect();
        Self { program: machine.git.clone(), environment }
    }

    pub(super) fn program(&self) -> String {
        self.program.to_string_lossy().into_owned()
    }

    /// What the configuration says in a folder, as NUL-ended `key\nvalue`.
    pub(super) fn config(&self, folder: &Path) -> Result<Vec<u8>, RunError> {
        let mut command = self.command();
        run(command.arg("-C").arg(folder).args(["config", "-z", "--get-regexp", KEYS]))
    }

    /// The same outside of any repository.
    pub(super) fn account_config(&self) -> Result<Vec<u8>, RunError> {
        let mut command = self.command();
        run(command.env("GIT_DIR", "/dev/null").args(["config", "-z", "--get-regexp", KEYS]))
    }

    /// The person as the mailmap has it: `Name <address>`.
    pub(super) fn check_mailmap(&self, folder: &Path, name: &str, email: &str) -> Result<Vec<u8>, RunError> {
        let mut command = self.command();
        let contact = format!("{} <{email}>", name.replace(['<', '>', '\n'], ""));
        run(command.arg("-C").arg(folder).args(["check-mailmap", "--", contact.trim_start()]))
    }

    /// All commits without a parent that a branch or tag leads to, each with its time.
    pub(super) fn root_commits(&self, folder: &Path) -> Result<Vec<u8>, RunError> {
        let mut command = self.command();
        let arguments = [
            "rev-list",
            "--max-parents=0",
            "--timestamp",
            "--exclude=refs/notes/*",
            "--exclude=refs/stash",
            "--all",
        ];
        run(command.arg("-C").arg(folder).args(arguments))
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .envs(FIXED)
            .args(SAFE);
        command
    }
}

/// Runs to the end or to the time limit, and returns what was printed.
fn run(command: &mut Command) -> Result<Vec<u8>, RunError> {
    let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| RunError::Missing(error.to_string()))?;
    let output = child.stdout.take().ok_or(RunError::Failed)?;
    let (sender, receiver) = mpsc::channel();
    // The reader ends with the pipe, or unheard if something else keeps that open.
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = output.take(MAX_OUTPUT_BYTES).read_to_end(&mut bytes);
        // Nobody listens any more once the time is up.
        sender.send(read.map(|_| bytes)).ok();
    });
    let received = receiver.recv_timeout(TIME_LIMIT);
    if received.is_err() {
        // It may have ended by itself in this moment.
        child.kill().ok();
    }
    let status = child.wait().map_err(|_| RunError::Failed)?;
    match received {
        Ok(Ok(bytes)) if status.success() => Ok(bytes),
        // Exit code 1 of `git config` says that there is no such key.
        Ok(Ok(bytes)) if status.code() == Some(1) && bytes.is_empty() => Ok(bytes),
        Ok(_) => Err(RunError::Failed),
        Err(_) => Err(RunError::Slow),
    }
}
