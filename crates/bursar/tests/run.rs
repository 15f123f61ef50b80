//! `bursar run`: a client that is led through the gateway and does not notice.

#![expect(clippy::disallowed_methods, reason = "the client of these tests is this program itself")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Stdio};
use std::thread::{self, JoinHandle};

use serde_json::{Value, json};

use crate::machine::{Machine, Run};

const OWNER: &str = "the-owner-of-this-test";

/// `bursar run`, of a server that is not there.
fn run(machine: &Machine, command: &[&str]) -> Command {
    let nowhere = "http://127.0.0.1:1";
    let mut run =
        machine.bursar(&[&["run", "--server", nowhere, "--gateway", nowhere, "--"], command].concat());
    run.env("BURSAR_TOKEN", "bsr_a_b");
    run
}

#[test]
fn a_run_ends_as_its_client_does() {
    let machine = Machine::new();
    for (script, code) in [
        ("echo said; exit 0", 0),
        ("exit 3", 3),
        ("kill -KILL $$", 128 + 9),
        // Whoever ends the run ends the client.
        ("trap 'exit 9' TERM; kill -TERM $PPID; while :; do :; done", 9),
        // Ctrl-C is the terminal's to tell.
        ("kill -INT $PPID; exit 4", 4),
    ] {
        let run = Run::to_end(&mut run(&machine, &["/bin/sh", "-c", script]));
        assert_eq!(run.code, code, "{script}: {run:?}");
        assert_eq!(run.stdout, if code == 0 { "said\n" } else { "" });
        assert_eq!(run.stderr.lines().count(), 1, "{run:?}");
        assert!(run.stderr.starts_with("bursar: what this run cost is not known: cannot reach "), "{run:?}");
    }
    let nothing = Run::to_end(&mut run(&machine, &["/nowhere/claude"]));
    assert!(nothing.code == 127 && nothing.stderr.contains("cannot start /nowhere/claude"), "{nothing:?}");
    let locked = Run::to_end(run(&machine, &["/bin/sh"]).env_remove("BURSAR_TOKEN"));
    assert!(locked.code == 2 && locked.stderr.contains("there is no token"), "{locked:?}");
}

/// A provider that answers once; its address, and the head of what it was asked.
fn provider() -> (SocketAddr, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let asked = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("somebody asks");
        let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
        let mut head = String::new();
        while reader.read_line(&mut head).expect("a line") > 2 {}
        let length =
            head.lines().find_map(|it| it.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        reader.read_exact(&mut vec![0; length.expect("a length")]).expect("a body");
        let body = json!({
            "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-opus-4-8",
            "content": [{ "type": "text", "text": "Done." }], "stop_reason": "end_turn",
            "usage": { "input_tokens": 10_000, "output_tokens": 100 },
        })
        .to_string();
        let head_out =
            format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}", body.len());
        write!(stream, "{head_out}\r\nconnection: close\r\n\r\n{body}").expect("an answer");
        head
    });
    (address, asked)
}

/// What the client of the next test does, which is this program: one call, as its variables say.
#[test]
fn a_client_calls() {
    let Ok(base) = std::env::var("ANTHROPIC_BASE_URL") else { return };
    let token = std::env::var("ANTHROPIC_AUTH_TOKEN").expect("a token");
    let body = json!({ "model": "claude-opus-4-8", "max_tokens": 100, "messages": [{ "role": "user", "content": "Go." }] });
    let mut request =
        ureq::post(format!("{base}/v1/messages")).header("authorization", format!("Bearer {token}"));
    for header in std::env::var("ANTHROPIC_CUSTOM_HEADERS").expect("headers").lines() {
        let (name, value) = header.split_once(": ").expect("a header");
        request = request.header(name, value);
    }
    request.send(body.to_string()).expect("an answer");
}

#[test]
fn a_run_tells_what_it_cost() {
    let machine = Machine::new();
    let (provider, asked) = provider();
    let upstream = format!("[upstreams.anthropic]\nbase_url = \"http://{provider}\"\napi_key = \"sk-1\"\n");
    machine.sandbox.write("server.toml", &upstream);
    let listen =
        ["--listen", "127.0.0.1:0", "--otlp-http", "off", "--otlp-grpc", "off", "--gateway", "127.0.0.1:0"];
    let more = ["--no-open", "--no-import", "--config", "server.toml"];
    let mut up = machine
        .bursar(&[&["up"][..], &listen, &more].concat())
        .env("BURSAR_OWNER_TOKEN", OWNER)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("bursar starts");
    let mut line = String::new();
    BufReader::new(up.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
    let addresses: Value = serde_json::from_str(&line).expect("addresses");
    let [api, gateway] = ["api", "gateway"].map(|it| addresses[it].as_str().expect("an address"));
    let client = std::env::current_exe().expect("this program").display().to_string();
    let mut run = machine.bursar(&[
        "run",
        "--task",
        "review",
        "--server",
        api,
        "--gateway",
        gateway,
        "--",
        &client,
        "run::a_client_calls",
        "--exact",
        "--quiet",
    ]);
    let run = Run::to_end(run.env("BURSAR_TOKEN", OWNER));
    let head = asked.join().expect("it was asked");
    drop(up.kill());
    drop(up.wait());
    // 10,000 tokens in at 5 USD a million, and 100 out at 25.
    assert_eq!((run.code, run.stderr.as_str()), (0, "bursar: this run cost $0.05: 1 call\n"), "{run:?}");
    assert!(head.contains("sk-1") && !head.to_lowercase().contains("x-bursar"), "{head}");
}
