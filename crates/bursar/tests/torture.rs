//! Many senders and a server that dies again and again: afterwards not one call is
//! missing or doubled, and the book agrees with its observations.
//!
//! The same in long: `bench/torture.sh`.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "senders pause and processes die at moments that nobody announces; the long form says how it ended"
)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::logs::{Call, Tokens, Transcript, millis};
use testkit::postgres::{Disk, Server as Postgres};

use crate::machine::Machine;

/// The owner of the book, known before the first start.
const OWNER: &str = "bsr_0000000000000000_00000000000000000000000000000000000000000000000000000000000000ff";
/// How long senders may need once nobody kills anything any more.
const PATIENCE: Duration = Duration::from_secs(180);

/// How hard it gets.
struct Severity {
    seed: u64,
    collectors: u64,
    exporters: u64,
    /// Calls of each collector, and as many of each exporter's own.
    calls: u64,
    kills: u64,
    /// How often the database is restarted, where it is a server.
    restarts: u64,
}

impl Severity {
    /// As the environment has it, else short.
    fn wanted() -> Self {
        let number = |name: &str, short: u64| {
            std::env::var(format!("BURSAR_TORTURE_{name}")).map_or(short, |it| it.parse().expect("a number"))
        };
        Self {
            seed: number("SEED", 1),
            collectors: number("COLLECTORS", 4),
            exporters: number("EXPORTERS", 2),
            calls: number("CALLS", 60),
            kills: number("KILLS", 3),
            restarts: number("RESTARTS", 1),
        }
    }
}

/// Numbers that look random, from a seed that a failure prints.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// The server, which can be killed and started again under the same addresses.
struct Killed {
    database: String,
    scratch: PathBuf,
    ports: [u16; 3],
    child: Option<Child>,
}

impl Killed {
    fn new(database: String, scratch: PathBuf) -> Self {
        let free = || TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("one").port();
        let mut it = Self { database, scratch, ports: [free(), free(), free()], child: None };
        it.start();
        it
    }

    fn start(&mut self) {
        let [api, http, grpc] = self.ports.map(|port| format!("127.0.0.1:{port}"));
        let log = std::fs::File::options().create(true).append(true).open(self.scratch.join("server.log"));
        let mut child = self
            .bursar(&["serve", "--database", &self.database, "--listen", &api])
            .args(["--otlp-http", &http, "--otlp-grpc", &grpc])
            .env("BURSAR_OWNER_TOKEN", OWNER)
            .stdout(Stdio::piped())
            .stderr(log.expect("a log"))
            .spawn()
            .expect("bursar starts");
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        output.read_line(&mut line).expect("a line");
        assert!(line.starts_with('{'), "the server says where it listens, not {line:?}");
        // Nobody reads on: the server must not wait for us.
        thread::spawn(move || output.read_to_end(&mut Vec::new()));
        self.child = Some(child);
    }

    fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("it is ours to kill");
            child.wait().expect("it ends");
        }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports[0])
    }

    /// `bursar` on the server's own machine.
    fn bursar(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bursar"));
        command
            .args(arguments)
            .env_clear()
            .env("HOME", &self.scratch)
            .env("TZ", "UTC")
            .stdin(Stdio::null())
            .current_dir(&self.scratch);
        command
    }

    fn owner(&self, arguments: &[&str]) -> Value {
        let output = self
            .bursar(arguments)
            .args(["--server", &self.url(), "--format", "json"])
            .env("BURSAR_TOKEN", OWNER)
            .output()
            .expect("bursar runs");
        let text = String::from_utf8_lossy(&output.stdout);
        serde_json::from_str(&text)
            .unwrap_or_else(|_| panic!("{arguments:?}: {text} {}", String::from_utf8_lossy(&output.stderr)))
    }

    fn token(&self, developer: &str) -> String {
        let made = self.owner(&["token", "create", "--role", "collector", "--developer", developer]);
        made["token"].as_str().expect("a token").to_owned()
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

fn call(sender: u64, number: u64) -> Call {
    let at = millis("2026-03-02T09:00:00Z") + i64::try_from(number * 61_000 + sender).expect("small");
    let tokens = Tokens { input: 10 + number, output: 20 + sender, cache_read: number, ..Tokens::default() };
    let mut call = Call::new(&format!("msg_{sender}_{number}"), "claude-sonnet-4-6", "2026-03-02T09:00:00Z");
    call.at = at;
    call.with(tokens)
}

fn session(sender: u64) -> String {
    format!("5e551011-0000-4000-8000-{sender:012}")
}

/// A developer's machine: calls are logged one by one, and a collector ships them.
struct Collector {
    number: u64,
    machine: Machine,
    token: String,
    child: Option<Child>,
}

impl Collector {
    fn command(&self, url: &str, more: &[&str]) -> Command {
        let mut command = self.machine.bursar(&[&["collect", "--server", url], more].concat());
        command.env("BURSAR_TOKEN", &self.token).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    fn start(&mut self, url: &str) {
        self.child = Some(self.command(url, &["--interval", "2"]).spawn().expect("bursar starts"));
    }

    fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("it is ours to kill");
            child.wait().expect("it ends");
        }
    }

    fn log(&self) -> PathBuf {
        self.machine.log_path(&format!("-home-dev/{}.jsonl", session(self.number)))
    }
}

/// Logs the calls of a sender, a little at a time.
fn write_log(path: &Path, sender: u64, calls: u64, dice: &mut Dice) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    let mut file = std::fs::File::options().create(true).append(true).open(path).expect("a log");
    for number in 0..calls {
        let mut transcript = Transcript::new(&session(sender), "/home/dev/src/web", "main");
        transcript.call_in_steps(&call(sender, number), 1 + number % 3);
        file.write_all(transcript.text().as_bytes()).expect("written");
        thread::sleep(Duration::from_millis(dice.below(60)));
    }
}

/// What Claude Code's telemetry says of a call.
fn event(sender: u64, number: u64) -> Value {
    let it = call(sender, number);
    let attribute = |key: &str, value: Value| json!({"key": key, "value": value});
    let text = |text: &str| json!({"stringValue": text});
    let count = |count: u64| json!({"intValue": count.to_string()});
    json!({
        "timeUnixNano": (it.at * 1_000_000).to_string(),
        "body": text("claude_code.api_request"),
        "attributes": [
            attribute("event.name", text("api_request")),
            attribute("session.id", text(&session(sender))),
            attribute("model", text(&it.model)),
            attribute("request_id", text(&format!("req_{}", it.id))),
            attribute("input_tokens", count(it.tokens.input)),
            attribute("output_tokens", count(it.tokens.output)),
            attribute("cache_read_tokens", count(it.tokens.cache_read)),
            attribute("cache_creation_tokens", count(0)),
        ],
    })
}

/// Sends a batch until it is accepted.
fn export(port: u16, token: &str, events: &[Value], until: Instant) {
    let body = json!({"resourceLogs": [{
        "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "claude-code"}}]},
        "scopeLogs": [{"scope": {"name": "com.anthropic.claude_code.events"}, "logRecords": events}],
    }]})
    .to_string();
    loop {
        assert!(Instant::now() < until, "the server never accepted a batch");
        match post(port, token, &body) {
            Ok(answer) if answer.starts_with("HTTP/1.1 200") => return,
            Ok(answer) => assert!(answer.starts_with("HTTP/1.1 5") || answer.is_empty(), "{answer}"),
            Err(_) => {}
        }
        thread::sleep(Duration::from_millis(100));
    }
}

fn post(port: u16, token: &str, body: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let length = body.len();
    let head = format!(
        "POST /v1/logs HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// An exporter speaks of the calls of one collector's session, and of as many that
/// nobody else saw; some of it twice.
fn export_all(port: u16, token: &str, exporter: u64, severity: &Severity, until: Instant) {
    let mut dice = Dice(severity.seed + 77 * (exporter + 1));
    let own = 1_000 + exporter;
    let events: Vec<Value> =
        (0..severity.calls).flat_map(|it| [event(exporter, it), event(own, it)]).collect();
    for batch in events.chunks(8) {
        export(port, token, batch, until);
        if dice.below(3) == 0 {
            export(port, token, batch, until);
        }
        thread::sleep(Duration::from_millis(dice.below(200)));
    }
}

fn developer(number: u64) -> String {
    format!("dev{number}@example.com")
}

/// Lets everybody work while the server, the collectors and the database die.
fn torture(server: &mut Killed, database: Option<&Postgres>, severity: &Severity) {
    let mut dice = Dice(severity.seed);
    let until = Instant::now() + PATIENCE + Duration::from_secs(severity.kills * 4);
    let mut collectors: Vec<Collector> = (0..severity.collectors)
        .map(|number| {
            let token = server.token(&developer(number));
            Collector { number, machine: Machine::new(), token, child: None }
        })
        .collect();
    let exporters: Vec<String> = (0..severity.exporters).map(|it| server.token(&developer(it))).collect();
    let (url, otlp) = (server.url(), server.ports[1]);
    collectors.iter_mut().for_each(|it| it.start(&url));
    thread::scope(|scope| {
        let mut senders = Vec::new();
        for collector in &collectors {
            let (path, number) = (collector.log(), collector.number);
            let mut dice = Dice(severity.seed + 13 * (number + 1));
            senders.push(scope.spawn(move || write_log(&path, number, severity.calls, &mut dice)));
        }
        for (number, token) in (0_u64..).zip(&exporters) {
            senders.push(scope.spawn(move || export_all(otlp, token, number, severity, until)));
        }
        for kill in 0..severity.kills {
            thread::sleep(Duration::from_millis(300 + dice.below(1_200)));
            server.kill();
            thread::sleep(Duration::from_millis(dice.below(400)));
            let due = severity.restarts > 0 && kill % (severity.kills / severity.restarts).max(1) == 0;
            if let Some(database) = database.filter(|_| due) {
                database.crash();
                database.resume();
            }
            server.start();
        }
        senders.into_iter().for_each(|it| it.join().expect("a sender"));
    });
    for collector in &mut collectors {
        collector.kill();
        let sent = collector.command(&url, &["--once"]).status().expect("bursar runs");
        assert!(sent.success(), "collector {} could not send the rest", collector.number);
    }
}

/// Compares the book with what was really said.
fn judge(server: &Killed, severity: &Severity) {
    let mut expected: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    let senders = (0..severity.collectors.max(severity.exporters))
        .map(|it| (it, it))
        .chain((0..severity.exporters).map(|it| (1_000 + it, it)));
    for (sender, person) in senders {
        let entry = expected.entry(developer(person)).or_default();
        for number in 0..severity.calls {
            entry.0 += 1;
            entry.1 += call(sender, number).tokens.input;
        }
    }
    let report = server.owner(&["report", "--by", "developer"]);
    let found: BTreeMap<String, (u64, u64)> = report["rows"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| {
            let count =
                |field: &Value| field.as_u64().or_else(|| field.as_str()?.parse().ok()).expect("a count");
            let who =
                row["key"]["developer"].as_str().or_else(|| row["key"][0].as_str()).expect("a developer");
            (who.to_owned(), (count(&row["calls"]), count(&row["tokens"]["input"])))
        })
        .collect();
    assert_eq!(found, expected, "seed {}", severity.seed);
    let check = server.bursar(&["check", "--database", &server.database]).output().expect("bursar runs");
    let text =
        format!("{}{}", String::from_utf8_lossy(&check.stdout), String::from_utf8_lossy(&check.stderr));
    assert!(check.status.success(), "seed {}: {text}", severity.seed);
    let calls: u64 = expected.values().map(|it| it.0).sum();
    println!(
        "{} collectors, {} exporters, {} kills: {calls} calls, each once. {text}",
        severity.collectors, severity.exporters, severity.kills
    );
}

#[test]
fn nothing_is_lost_or_doubled_in_sqlite() {
    let severity = Severity::wanted();
    let scratch = tempfile::tempdir().expect("a folder");
    let folder = scratch.path().join("book");
    let mut server = Killed::new(format!("sqlite:{}", folder.display()), scratch.path().to_owned());
    torture(&mut server, None, &severity);
    judge(&server, &severity);
}

#[test]
fn nothing_is_lost_or_doubled_in_postgres() {
    let severity = Severity::wanted();
    let scratch = tempfile::tempdir().expect("a folder");
    let postgres = Postgres::start(Disk::Quick);
    let database = postgres.database();
    let mut server = Killed::new(database.url().to_owned(), scratch.path().to_owned());
    torture(&mut server, Some(&postgres), &severity);
    judge(&server, &severity);
}
