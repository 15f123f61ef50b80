//! Many calls at once under one ceiling, through several gateways of which one is killed:
//! never is more spent than there is.
//!
//! The same in long: `bench/ceiling.sh`.

#![expect(
    clippy::disallowed_methods,
    reason = "the provider takes its time and a process dies at a moment that nobody announces; the long form says \
              how it ended"
)]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::postgres::{Disk, Server as Postgres};

use crate::machine::{Machine, Run};
use crate::process::{OWNER, Process};

/// What a call costs that is not cut short: 50 tokens in at 5 USD and 390 out at 25 USD a
/// million.
const NANO_A_CALL: u64 = NANO_IN + 390 * NANO_A_TOKEN_OUT;
const NANO_IN: u64 = 50 * 5_000;
const NANO_A_TOKEN_OUT: u64 = 25_000;
/// How long the provider takes.
const ANSWERS_AFTER: Duration = Duration::from_millis(120);

/// How hard it gets.
struct Severity {
    gateways: usize,
    calls: usize,
    /// The calls that the ceiling is worth.
    worth: u64,
}

impl Severity {
    /// As the environment has it, else short.
    fn wanted() -> Self {
        let number = |name: &str, short: u64| {
            std::env::var(format!("BURSAR_CEILING_{name}")).map_or(short, |it| it.parse().expect("a number"))
        };
        let size = |name, short| usize::try_from(number(name, short)).expect("a size");
        Self { gateways: size("GATEWAYS", 3), calls: size("CALLS", 200), worth: number("WORTH", 30) }
    }
}

/// A provider that uses up whatever it is allowed to, and knows what it is owed.
struct Provider {
    address: SocketAddr,
    owed: Arc<Owed>,
}

#[derive(Default)]
struct Owed {
    calls: AtomicU64,
    nano: AtomicU64,
}

impl Provider {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let owed = Arc::new(Owed::default());
        let bill = Arc::clone(&owed);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let bill = Arc::clone(&bill);
                thread::spawn(move || while serve(&stream, &bill).is_some() {});
            }
        });
        Self { address, owed }
    }

    fn calls(&self) -> u64 {
        self.owed.calls.load(Ordering::SeqCst)
    }

    fn nano(&self) -> u64 {
        self.owed.nano.load(Ordering::SeqCst)
    }
}

/// Answers one request of a connection.
fn serve(stream: &TcpStream, owed: &Owed) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let (mut length, mut counts_tokens) = (0, false);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim().is_empty() {
            break;
        }
        // Counting a prompt is free.
        counts_tokens |= line.starts_with("POST /v1/messages/count_tokens");
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let asked: Value = serde_json::from_slice(&body).ok()?;
    let body = if counts_tokens { json!({ "input_tokens": 50 }) } else { message(&asked, owed) }.to_string();
    let length = body.len();
    let head =
        format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n");
    let mut stream = stream;
    stream.write_all(format!("{head}{body}").as_bytes()).ok()
}

/// What is paid for, whoever still listens.
fn message(asked: &Value, owed: &Owed) -> Value {
    let output = asked["max_tokens"].as_u64().expect("a limit");
    let number = owed.calls.fetch_add(1, Ordering::SeqCst);
    owed.nano.fetch_add(NANO_IN + output * NANO_A_TOKEN_OUT, Ordering::SeqCst);
    thread::sleep(ANSWERS_AFTER);
    let usage = json!({ "input_tokens": 50, "output_tokens": output });
    json!({
        "id": format!("msg_{number:06}"), "type": "message", "role": "assistant", "model": "claude-opus-4-8",
        "content": [{ "type": "text", "text": "Done." }], "stop_reason": "end_turn", "usage": usage,
    })
}

/// Calls once; the status, or none where nobody answered.
fn call(gateway: SocketAddr) -> Option<u16> {
    let text = "Say something short. ".repeat(12);
    let body = json!({
        "model": "claude-opus-4-8", "max_tokens": 390, "messages": [{ "role": "user", "content": text }],
    })
    .to_string();
    let mut stream = TcpStream::connect(gateway).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(60))).ok()?;
    let head = format!(
        "POST /v1/messages HTTP/1.1\r\nhost: gateway\r\nx-api-key: {OWNER}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.split(' ').nth(1)?.parse().ok()
}

#[test]
fn no_gateway_ever_spends_more_than_there_is_and_one_may_die() {
    let severity = Severity::wanted();
    let machine = Machine::new();
    let postgres = Postgres::start(Disk::Quick);
    let database = postgres.database();
    let provider = Provider::start();
    let settings = machine.path("server.toml");
    let upstream =
        format!("[upstreams.anthropic]\nbase_url = \"http://{}\"\napi_key = \"k\"\n", provider.address);
    std::fs::write(&settings, upstream).expect("settings");
    let url = database.url();
    let off = ["--otlp-http", "off", "--otlp-grpc", "off"];
    let api = Process::start(&machine, url, &settings, &[&["--role", "api"], &off[..]].concat());
    let mut gateways: Vec<Process> = (0..severity.gateways)
        .map(|_| Process::start(&machine, url, &settings, &["--role", "gateway", "--gateway", "127.0.0.1:0"]))
        .collect();
    let ceiling = severity.worth * NANO_A_CALL;
    let server = format!("http://{}", api.address("api"));
    let ask = |arguments: &[&str]| {
        let mut command = machine.bursar(&[arguments, &["--server", &server]].concat());
        Run::to_end(command.env("BURSAR_TOKEN", OWNER))
    };
    let dollars = format!("{}.{:09}", ceiling / 1_000_000_000, ceiling % 1_000_000_000);
    ask(&["budget", "set", "org", "--amount", &dollars, "--period", "none", "--hard", "--reason", "a test"])
        .done();

    let addresses: Vec<SocketAddr> = gateways.iter().map(|it| it.address("gateway")).collect();
    let callers: Vec<_> = (0..severity.calls)
        .map(|number| {
            let gateway = addresses[number % addresses.len()];
            thread::Builder::new().stack_size(128 << 10).spawn(move || call(gateway)).expect("a thread")
        })
        .collect();
    while provider.calls() < severity.worth / 4 {
        thread::sleep(Duration::from_millis(2));
    }
    gateways[0].kill();
    let mut answers: BTreeMap<Option<u16>, u64> = BTreeMap::new();
    let mut unanswered = 0;
    for (number, caller) in callers.into_iter().enumerate() {
        let answer = caller.join().expect("a caller");
        *answers.entry(answer).or_default() += 1;
        // Of the one that died nobody knows who was answered.
        unanswered += usize::from(answer.is_none() && number % addresses.len() != 0);
    }
    assert_eq!(unanswered, 0, "whoever gets nothing is told so: {answers:?}");
    // Those that are left spend on until nobody is granted anything any more.
    while addresses[1..].iter().any(|it| call(*it) == Some(200)) {}
    let spent = provider.nano();
    assert!(spent <= ceiling, "{spent} of {ceiling} nano-USD are spent: {answers:?}");
    drop(gateways);

    let tree = ask(&["budget", "tree", "--format", "json"]).json();
    let figures = &tree["budgets"][0]["figures"];
    let nano = |name: &str| figures[name].as_str().expect("a figure").parse::<u64>().expect("a number");
    // What the one that died was lent stays held: nobody knows what it spent of it.
    let held = nano("reserved_nano_usd") + nano("leased_nano_usd");
    assert!(
        spent >= (ceiling - held) / 2,
        "{spent} of {ceiling} nano-USD are spent, {held} held: {answers:?}"
    );
    let committed = nano("spent_nano_usd") + held;
    assert!(spent <= committed && committed <= ceiling, "{spent} <= {committed} <= {ceiling}: {figures}");
    println!(
        "{} calls at once through {} gateways, one killed, under a ceiling worth {}: the provider is owed \
         {spent} nano-USD for {}, answers {answers:?}; the ledger has spent {} and held {} of {ceiling} nano-USD.",
        severity.calls,
        severity.gateways,
        severity.worth,
        provider.calls(),
        nano("spent_nano_usd"),
        committed - nano("spent_nano_usd"),
    );
}

#[test]
fn a_sealed_key_reaches_the_provider_and_stands_in_no_file() {
    let machine = Machine::new();
    let sealed = machine.feed(&["seal"], b"sk-upstream-secret\n");
    let sealed = sealed.done().trim();
    assert!(!sealed.contains("secret"), "{sealed}");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let provider = listener.local_addr().expect("an address");
    let settings = machine.path("server.toml");
    let text = format!("[upstreams.anthropic]\nbase_url = \"http://{provider}\"\napi_key = \"{sealed}\"\n");
    std::fs::write(&settings, text).expect("settings");
    let database = format!("sqlite:{}", machine.path("book").display());
    let process =
        Process::start(&machine, &database, &settings, &["--role", "gateway", "--gateway", "127.0.0.1:0"]);
    let gateway = process.address("gateway");
    let calling = thread::spawn(move || call(gateway));
    let (stream, _) = listener.accept().expect("a call");
    let mut head = String::new();
    let mut reader = BufReader::new(&stream);
    while reader.read_line(&mut head).expect("a line") > 2 {}
    assert!(head.to_lowercase().contains("x-api-key: sk-upstream-secret"), "{head}");
    assert!(!head.contains(OWNER), "{head}");
    drop(reader);
    drop(stream);
    // The provider went away without a word; the client is told so.
    assert_eq!(calling.join().expect("a caller"), Some(529));
    let health = ureq::get(format!("http://{}/readyz", process.address("api"))).call();
    assert!(health.is_ok(), "a gateway says that it works: {health:?}");
}
