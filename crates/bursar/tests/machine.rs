//! A machine of its own for each test: home, settings, logs and a store, all in a
//! folder that goes away with it. Nothing of the real machine is read.

use std::ffi::OsStr;
use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use testkit::git::Sandbox;
use testkit::logs::Transcript;

/// The price book that ships: what its digest stands for changes with every price.
const PRICE_BOOK: &str = include_str!("../../pricing/data/price_book.txt");
/// As many characters of the digest as people are shown.
const SHORT_DIGEST: usize = 12;

/// Where Claude Code's settings are, below the machine's root.
pub(crate) const CLAUDE: &str = "home/.claude";
/// Where more of them may be.
pub(crate) const CLAUDE_TOO: &str = "home/.claude-too";

/// A machine with git and nothing else on it.
pub(crate) struct Machine {
    pub(crate) sandbox: Sandbox,
}

impl Machine {
    pub(crate) fn new() -> Self {
        let sandbox = Sandbox::new();
        let programs = sandbox.folder("bin");
        symlink(git(&sandbox), programs.join("git")).expect("a link to git");
        Self { sandbox }
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.sandbox.path(relative)
    }

    /// Writes a log of Claude Code, at that place below its projects.
    pub(crate) fn log(&self, name: &str, text: &str) -> PathBuf {
        let path = self.log_path(name);
        self.sandbox.write(&format!("{CLAUDE}/projects/{name}"), text);
        path
    }

    /// Where that log of Claude Code is.
    pub(crate) fn log_path(&self, name: &str) -> PathBuf {
        self.path(CLAUDE).join("projects").join(name)
    }

    /// Writes a transcript, at that place below Claude Code's projects.
    pub(crate) fn transcript(&self, name: &str, transcript: &Transcript) -> PathBuf {
        self.log(name, transcript.text())
    }

    /// Writes a file of Bursar's settings.
    pub(crate) fn setting(&self, name: &str, text: &str) {
        self.sandbox.write(&format!("config/bursar/{name}"), text);
    }

    /// `bursar`, ready to run in here.
    pub(crate) fn bursar<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bursar"));
        command
            .args(arguments)
            .current_dir(self.sandbox.root())
            .env_clear()
            .envs(self.sandbox.environment())
            .env("PATH", self.path("bin"))
            .env("XDG_DATA_HOME", self.path("data"))
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("CLAUDE_CONFIG_DIR", self.path(CLAUDE))
            .env("TZ", "UTC")
            .env("LANG", "C.UTF-8")
            .stdin(Stdio::null());
        command
    }

    /// Runs `bursar` to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        Run::to_end(&mut self.bursar(arguments))
    }

    /// Runs `bursar` with something on its standard input.
    pub(crate) fn feed(&self, arguments: &[&str], input: &[u8]) -> Run {
        let mut command = self.bursar(arguments);
        let mut child: Child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("bursar starts");
        match child.stdin.take().expect("a pipe").write_all(input) {
            // It has read enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
            outcome => outcome.expect("bursar reads its input"),
        }
        Run::of(&child.wait_with_output().expect("bursar ends"))
    }

    /// What `bursar … --format json` gives.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        self.run(&[arguments, &["--format", "json"]].concat()).json()
    }

    /// A run as it is kept in a snapshot: with neither this machine's paths nor the
    /// digest of the prices.
    pub(crate) fn shown(&self, run: &Run) -> String {
        let mut text = format!("exit code: {}\n", run.code);
        for (name, stream) in [("stdout", &run.stdout), ("stderr", &run.stderr)] {
            if !stream.is_empty() {
                text.extend(["----- ", name, "\n", stream]);
            }
        }
        let digest = price_digest();
        text.replace(&*self.sandbox.root().to_string_lossy(), "[MACHINE]")
            .replace(digest, "[PRICES]")
            .replace(&digest[..SHORT_DIGEST], "[PRICES]")
    }

    /// Runs `bursar` and shows it.
    pub(crate) fn show(&self, arguments: &[&str]) -> String {
        self.shown(&self.run(arguments))
    }

    /// Every byte that Bursar stored.
    pub(crate) fn stored(&self) -> Vec<u8> {
        let folder = self.path("data/bursar");
        let files = fs::read_dir(&folder).expect("a store").map(|entry| entry.expect("an entry").path());
        files.flat_map(|file| fs::read(file).expect("a file of the store")).collect()
    }
}

/// What a run of `bursar` left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// Runs a command to its end.
    pub(crate) fn to_end(command: &mut Command) -> Self {
        Self::of(&command.output().expect("bursar starts"))
    }

    /// What a child left that has ended.
    pub(crate) fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
        Self {
            code: output.status.code().unwrap_or_else(|| panic!("bursar was killed: {output:?}")),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    /// What it printed, where all went well.
    pub(crate) fn done(&self) -> &str {
        assert_eq!((self.code, self.stderr.as_str()), (0, ""), "{self:?}");
        &self.stdout
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(self.done()).unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }
}

/// The calls and the cost in nano-USD of a document or of one of its rows.
pub(crate) fn calls_and_cost(json: &Value) -> (u64, i64) {
    let row = json.get("total").unwrap_or(json);
    (row["calls"].as_u64().expect("calls"), nano(&row["cost_nano_usd"]))
}

/// An amount of a document.
pub(crate) fn nano(value: &Value) -> i64 {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{value} is no amount"))
}

fn price_digest() -> &'static str {
    PRICE_BOOK.lines().find_map(|line| line.strip_prefix("digest ")).expect("the book's digest")
}

/// Where git is on the real machine: all that is taken from there.
fn git(sandbox: &Sandbox) -> PathBuf {
    let environment = sandbox.environment();
    let (_, folders) = environment.iter().find(|(name, _)| name == "PATH").expect("a PATH");
    std::env::split_paths(folders)
        .map(|folder| folder.join("git"))
        .find(|program| program.is_file())
        .expect("git is installed")
}
