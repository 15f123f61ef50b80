//! A gateway that is told to stop: calls that still run are cut, their clients are told,
//! and what they used is in the book; and nothing that does not answer keeps it running.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::thread;

use serde_json::json;
use testkit::postgres::{Disk, Server as Postgres};

use crate::machine::{Machine, Run};
use crate::process::{OWNER, Process};

const BEGINNING: &str = "\
event: message_start
data: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\
\"model\":\"claude-opus-4-8\",\"content\":[],\"usage\":{\"input_tokens\":1000,\"output_tokens\":1}}}

event: content_block_delta
data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Once upon\"}}

";

/// A provider that begins to answer, and never comes to an end.
fn provider() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || begin(stream));
        }
    });
    address
}

fn begin(mut stream: TcpStream) {
    let mut reader = BufReader::new(stream.try_clone().expect("the same connection"));
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
        line.clear();
    }
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    let piece = format!("{:x}\r\n{BEGINNING}\r\n", BEGINNING.len());
    stream.write_all(format!("{head}{piece}").as_bytes()).expect("the gateway listens");
    // Until the gateway hangs up.
    drop(reader.read_to_end(&mut Vec::new()));
}

/// A call whose response has begun.
fn call(gateway: SocketAddr) -> BufReader<TcpStream> {
    let body = json!({
        "model": "claude-opus-4-8", "max_tokens": 500, "stream": true,
        "messages": [{ "role": "user", "content": "A tale." }],
    })
    .to_string();
    let mut stream = TcpStream::connect(gateway).expect("it listens");
    let head = format!(
        "POST /v1/messages HTTP/1.1\r\nhost: gateway\r\nx-api-key: {OWNER}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("it listens");
    let mut answer = BufReader::new(stream);
    let mut line = String::new();
    while !line.contains("Once upon") {
        line.clear();
        assert!(answer.read_line(&mut line).expect("an answer") > 0, "the answer ended before it began");
    }
    answer
}

fn settings(machine: &Machine) -> PathBuf {
    let path = machine.path("server.toml");
    let text = format!(
        "[limits]\ndrain_seconds = 3\n[upstreams.anthropic]\nbase_url = \"http://{}\"\napi_key = \"k\"\n",
        provider()
    );
    std::fs::write(&path, text).expect("settings");
    path
}

#[test]
fn a_stream_that_outlives_the_gateway_is_cut_and_booked() {
    let machine = Machine::new();
    let settings = settings(&machine);
    let database = format!("sqlite:{}", machine.path("book").display());
    let start = || {
        let more = ["--gateway", "127.0.0.1:0", "--otlp-http", "off", "--otlp-grpc", "off"];
        Process::start(&machine, &database, &settings, &more)
    };
    let mut process = start();
    let mut answer = call(process.address("gateway"));
    process.stop();
    let mut rest = String::new();
    answer.read_to_string(&mut rest).expect("the end");
    assert!(rest.contains("event: error") && rest.contains("the gateway is stopping"), "{rest}");
    assert!(process.ended());

    let process = start();
    assert_eq!(in_the_book(&machine, &process), 1);
}

/// How many calls of a thousand tokens are in the book; there are no others.
fn in_the_book(machine: &Machine, api: &Process) -> u64 {
    let server = format!("http://{}", api.address("api"));
    let mut report = machine.bursar(&["report", "--by", "model", "--format", "json", "--server", &server]);
    let report = Run::to_end(report.env("BURSAR_TOKEN", OWNER)).json();
    let calls = report["total"]["calls"].as_u64().expect("a number");
    assert_eq!(report["total"]["tokens"]["input"], json!(1_000 * calls), "{report}");
    calls
}

#[test]
fn a_gateway_whose_database_is_gone_comes_to_an_end_and_the_next_one_tells_what_it_saw() {
    let machine = Machine::new();
    let postgres = Postgres::start(Disk::Quick);
    let database = postgres.database();
    let settings = settings(&machine);
    let gateway = ["--role", "gateway", "--gateway", "127.0.0.1:0"];
    let api = Process::start(&machine, database.url(), &settings, &["--role", "api"]);
    let server = format!("http://{}", api.address("api"));
    let set = ["budget", "set", "org", "--amount", "100", "--period", "none", "--hard", "--reason", "a test"];
    let mut set = machine.bursar(&[&set[..], &["--server", &server]].concat());
    Run::to_end(set.env("BURSAR_TOKEN", OWNER)).done();
    let mut process = Process::start(&machine, database.url(), &settings, &gateway);
    let mut answer = call(process.address("gateway"));
    postgres.crash();
    process.stop();
    let mut rest = String::new();
    answer.read_to_string(&mut rest).expect("the end");
    assert!(process.ended());
    postgres.resume();

    assert_eq!(in_the_book(&machine, &api), 0);
    let mut process = Process::start(&machine, database.url(), &settings, &gateway);
    process.stop();
    assert!(process.ended());
    assert_eq!(in_the_book(&machine, &api), 1);
}
