//! The collector against a server of the test's own: everything arrives, once it is
//! possible, and nothing that was said leaves the machine.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use flate2::read::GzDecoder;
use ingest::delivery::Delivery;
use testkit::logs::{Call, Outcome, Step, Tokens, Transcript, millis};

use crate::machine::{Machine, Run};

/// What the server does with the next request.
type Answer = Box<dyn FnMut(&Delivery) -> (u16, &'static str) + Send>;

/// A server that keeps every byte.
struct Server {
    url: String,
    received: Arc<Mutex<Received>>,
}

#[derive(Default)]
struct Received {
    /// Every byte that came, and what was packed in it.
    bytes: Vec<u8>,
    accepted: Vec<Delivery>,
    requests: usize,
    /// The name of its book, where it has one.
    book: Option<&'static str>,
}

impl Server {
    fn new(mut answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let received = Arc::new(Mutex::new(Received::default()));
        let shared = Arc::clone(&received);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                serve(stream, &shared, &mut answer);
            }
        });
        Self { url, received }
    }

    fn accepting() -> Self {
        Self::new(Box::new(|_| (200, "")))
    }

    /// The calls that were accepted: their output counts by key, the last word each.
    fn calls(&self) -> BTreeMap<String, u64> {
        let received = self.received.lock().expect("a lock");
        let calls = received.accepted.iter().flat_map(|it| &it.calls);
        calls.map(|it| (it.call.key.to_string(), it.call.figures.usage.output.count())).collect()
    }

    fn requests(&self) -> usize {
        self.received.lock().expect("a lock").requests
    }
}

/// Answers the requests of one connection.
fn serve(stream: TcpStream, received: &Mutex<Received>, answer: &mut Answer) {
    let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
    let mut stream = stream;
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let header = |name: &str| {
            let line = head.lines().find(|line| line.to_lowercase().starts_with(name));
            line.and_then(|line| line.split_once(": ")).map(|(_, value)| value.to_owned())
        };
        if head.starts_with("GET /api/v1/me ") {
            // Who the token's holder is: asked where there is nothing to deliver.
            let known = header("authorization").is_some_and(|it| it == "Bearer bsr_test_secret");
            let (status, body) = if known {
                let book = received.lock().expect("a lock").book;
                let named = book.map(|it| format!(r#","book":"{it}""#)).unwrap_or_default();
                (200, format!(r#"{{"token":"test","role":"collector"{named}}}"#))
            } else {
                (401, r#"{"detail":"the token is not known"}"#.to_owned())
            };
            let length = body.len();
            if write!(stream, "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n\r\n{body}").is_err() {
                return;
            }
            continue;
        }
        let length = header("content-length").expect("a length").parse().expect("a number");
        let mut body = vec![0; length];
        reader.read_exact(&mut body).expect("a body");
        let mut json = Vec::new();
        GzDecoder::new(&body[..]).read_to_end(&mut json).expect("gzip");
        let delivery = Delivery::parse(&json).expect("a delivery");
        let (status, headers) = {
            let mut received = received.lock().expect("a lock");
            for bytes in [head.as_bytes(), &body, &json] {
                received.bytes.extend_from_slice(bytes);
            }
            received.requests += 1;
            assert!(head.starts_with("POST /api/v1/deliveries "), "{head}");
            let token = header("authorization").expect("a token");
            if token == "Bearer bsr_test_secret" { answer(&delivery) } else { (401, "") }
        };
        if status == 200 {
            received.lock().expect("a lock").accepted.push(delivery);
        }
        if status == 0 {
            drop(stream.shutdown(Shutdown::Both));
            return;
        }
        let body = r#"{"title":"so it is","detail":"the test says so"}"#;
        let written =
            write!(stream, "HTTP/1.1 {status} X\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len());
        if written.is_err() {
            return;
        }
    }
}

fn collect(machine: &Machine, server: &Server, more: &[&str]) -> Command {
    let mut command = machine.bursar(&[&["collect", "--server", &server.url], more].concat());
    command.env("BURSAR_TOKEN", "bsr_test_secret");
    command
}

fn once(machine: &Machine, server: &Server) -> Run {
    Run::to_end(&mut collect(machine, server, &["--once"]))
}

/// A transcript of so many calls.
fn transcript(session: &str, calls: u64) -> Transcript {
    let mut log = Transcript::new(session, "/home/ada/src/web", "feat/ENG-1-x");
    log.prompt(millis("2026-03-02T09:00:00Z"), "PLANTEDprompt");
    for number in 0..calls {
        let tokens = Tokens { input: 10, output: number + 1, ..Tokens::default() };
        let mut call =
            Call::new(&format!("msg_{session}_{number}"), "claude-opus-5-5", "2026-03-02T09:00:00Z");
        call.at += i64::try_from(number).expect("few") * 1_000;
        log.call(&call.with(tokens));
    }
    log
}

/// What `transcript` comes to.
fn expected(session: &str, calls: u64) -> BTreeMap<String, u64> {
    (0..calls).map(|number| (format!("msg_{session}_{number}"), number + 1)).collect()
}

fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    for _ in 0..600 {
        if done() {
            return;
        }
        thread::park_timeout(Duration::from_millis(50));
    }
    panic!("{what} did not come about");
}

/// A collector that ends with its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn start(machine: &Machine, server: &Server) -> Running {
    let mut command = collect(machine, server, &["--interval", "2"]);
    Running(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("bursar starts"))
}

#[test]
fn everything_is_reported_once_and_then_what_is_new() {
    let machine = Machine::new();
    let server = Server::accepting();
    machine.transcript("p/s.jsonl", &transcript("s", 3));
    assert_eq!(once(&machine, &server).done(), "Everything is reported.\n");
    assert_eq!(server.calls(), expected("s", 3));
    let requests = server.requests();
    assert_eq!(once(&machine, &server).done(), "Everything is reported.\n");
    assert_eq!(server.requests(), requests, "there was nothing to say");

    machine.transcript("p/s.jsonl", &transcript("s", 5));
    once(&machine, &server).done();
    let received = server.received.lock().expect("a lock");
    let last = received.accepted.last().expect("a delivery");
    let keys: Vec<&str> = last.calls.iter().map(|it| it.call.key.as_str()).collect();
    assert_eq!(keys, ["msg_s_3", "msg_s_4"]);
    let first = &received.accepted[0];
    assert_eq!(first.calls[0].call.request.as_ref().map(|it| it.as_str()), Some("req_msg_s_0"));
    assert_eq!(first.reporter, last.reporter);
    assert_eq!(first.sessions[0].turns, 1);
    let folder = first.calls[0].call.owner.place.folder.clone().expect("a folder");
    assert_eq!(first.folders[0].folder, folder);
    assert!(folder.as_str().starts_with("folder-"), "{folder}");
}

#[test]
fn a_wrong_token_is_noticed_where_there_is_nothing_to_say() {
    let machine = Machine::new();
    let server = Server::accepting();
    assert_eq!(once(&machine, &server).done(), "Everything is reported.\n");
    for (token, told) in
        [("bsr_wrong_secret", "401 Unauthorized: the token is not known"), ("", "there is no token")]
    {
        let run = Run::to_end(collect(&machine, &server, &["--once"]).env("BURSAR_TOKEN", token));
        assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{run:?}");
        assert!(run.stderr.contains(told), "{}", run.stderr);
    }
    let nowhere = Run::to_end(
        machine
            .bursar(&["collect", "--once", "--server", "http://127.0.0.1:1"])
            .env("BURSAR_TOKEN", "bsr_x_y"),
    );
    assert!(nowhere.code == 1 && nowhere.stderr.contains("cannot reach"), "{nowhere:?}");
    assert_eq!(server.requests(), 0);
}

#[test]
fn a_server_that_forgot_is_told_everything() {
    let machine = Machine::new();
    let server = Server::accepting();
    machine.transcript("p/s.jsonl", &transcript("s", 3));
    once(&machine, &server).done();
    server.received.lock().expect("a lock").accepted.clear();
    once(&machine, &server).done();
    assert_eq!(server.calls().len(), 0);
    Run::to_end(&mut collect(&machine, &server, &["--once", "--everything"])).done();
    assert_eq!(server.calls(), expected("s", 3));
}

#[test]
fn a_book_that_took_the_place_of_another_is_told_everything() {
    let machine = Machine::new();
    let server = Server::accepting();
    machine.transcript("p/s.jsonl", &transcript("s", 3));
    for (book, calls) in [("one", 3), ("one", 0), ("two", 3), ("two", 0)] {
        {
            let mut received = server.received.lock().expect("a lock");
            (received.book, received.accepted) = (Some(book), Vec::new());
        }
        once(&machine, &server).done();
        assert_eq!(server.calls(), expected("s", calls), "{book}");
    }
}

#[test]
fn another_server_is_told_everything() {
    let machine = Machine::new();
    machine.transcript("p/s.jsonl", &transcript("s", 3));
    for _ in 0..2 {
        let server = Server::accepting();
        once(&machine, &server).done();
        assert_eq!(server.calls(), expected("s", 3));
    }
}

#[test]
fn what_cannot_be_delivered_is_kept() {
    let machine = Machine::new();
    machine.transcript("p/s.jsonl", &transcript("s", 3));
    for (status, told) in [
        (503, "503"),
        (429, "429"),
        (401, "ask your administrator for a token of the role collector"),
        (404, "is that the address of a Bursar server?"),
        (302, "name with --server the address that it leads to"),
        (0, "cannot reach"),
    ] {
        let server = Server::new(Box::new(move |_| (status, "")));
        let run = once(&machine, &server);
        assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{status}");
        assert!(run.stderr.contains(told), "{status}: {}", run.stderr);
        assert!(server.calls().is_empty());
    }
    let server = Server::accepting();
    once(&machine, &server).done();
    assert_eq!(server.calls(), expected("s", 3));
}

#[test]
fn a_record_that_is_refused_holds_up_no_other() {
    let machine = Machine::new();
    machine.transcript("p/s.jsonl", &transcript("s", 40));
    let refuses = |key: &'static str| -> Server {
        Server::new(Box::new(move |delivery| {
            let odd = delivery.calls.iter().any(|it| it.call.key.as_str() == key);
            (if odd { 422 } else { 200 }, "")
        }))
    };
    let server = refuses("msg_s_7");
    let run = once(&machine, &server);
    assert_eq!(run.stdout, "Everything is reported but 1 record, which the server refused.\n");
    assert!(
        run.stderr.contains("one record was refused") && run.stderr.contains("the test says so"),
        "{run:?}"
    );
    let mut all_but_one = expected("s", 40);
    all_but_one.remove("msg_s_7");
    assert_eq!(server.calls(), all_but_one);

    let too_large = Server::new(Box::new(|delivery| (if delivery.len() > 5 { 413 } else { 200 }, "")));
    once(&machine, &too_large).done();
    assert_eq!(too_large.calls(), expected("s", 40));

    let hostile = Server::new(Box::new(|_| (400, "")));
    let run = once(&machine, &hostile);
    assert!(run.code == 1 && run.stderr.contains("refuses whatever it is sent"), "{run:?}");
    let server = Server::accepting();
    once(&machine, &server).done();
    assert_eq!(server.calls(), expected("s", 40));
}

#[test]
fn a_collector_that_is_killed_loses_nothing() {
    let machine = Machine::new();
    // A server that often does not answer, after it has stored or before.
    let mut turn = 0_u64;
    let server = Server::new(Box::new(move |_| {
        turn += 1;
        ([200, 503, 200, 0, 200][usize::try_from(turn % 5).expect("small")], "retry-after: 0\r\n")
    }));
    for round in 1..=8 {
        machine.transcript("p/s.jsonl", &transcript("s", round * 3));
        machine.transcript(&format!("p/t{round}.jsonl"), &transcript(&format!("t{round}"), 2));
        let running = start(&machine, &server);
        let (before, mut looks) = (server.requests(), 0);
        wait_until("a delivery", || {
            looks += 1;
            server.requests() > before || looks > 40
        });
        drop(running);
    }
    let running = start(&machine, &server);
    let mut all = expected("s", 24);
    (1..=8).for_each(|round| all.extend(expected(&format!("t{round}"), 2)));
    wait_until("every call", || server.calls() == all);
    drop(running);
    wait_until("the end", || {
        let run = once(&machine, &server);
        run.code == 0 && run.stdout == "Everything is reported.\n"
    });
    assert_eq!(server.calls(), all);
}

#[test]
fn hooks_make_it_look_and_commits_are_reported() {
    let machine = Machine::new();
    let server = Server::accepting();
    let made = machine.sandbox.repo("home/src/web");
    let hash = made.git(&["rev-parse", "HEAD"]).trim().to_owned();
    let _running = start(&machine, &server);
    machine.transcript("p/s.jsonl", &transcript("s", 2));
    let stop = br#"{"hook_event_name":"Stop","session_id":"s","transcript_path":"/x"}"#;
    assert_eq!(machine.feed(&["hook", "claude-code"], stop).done(), "");
    wait_until("the session's calls", || server.calls() == expected("s", 2));
    let commit = serde_json::json!({
        "hook_event_name": "PostToolUse", "session_id": "s", "cwd": made.path(), "tool_name": "Bash",
        "tool_input": {"command": "git commit -m PLANTEDmessage"},
        "tool_response": {"gitOperation": {"commit": {"sha": &hash[..8], "branch": "main"}}},
    });
    for _ in 0..2 {
        assert_eq!(machine.feed(&["hook", "claude-code"], commit.to_string().as_bytes()).done(), "");
    }
    wait_until("the commit", || activities(&server) == [format!("commit {hash}")]);
    wait_until("where it was made", || {
        let received = server.received.lock().expect("a lock");
        let all = || received.accepted.iter();
        let made = all().flat_map(|it| &it.activities).next().expect("a commit");
        let known = |folder: &domain::Folder| all().flat_map(|it| &it.folders).any(|it| it.folder == *folder);
        made.branch.as_ref().is_some_and(|it| it.as_str() == "main")
            && made.folder.as_ref().is_some_and(known)
    });
}

/// What the server was told of besides calls.
fn activities(server: &Server) -> Vec<String> {
    let received = server.received.lock().expect("a lock");
    let activities = received.accepted.iter().flat_map(|it| &it.activities);
    activities.map(|it| format!("{} {}", it.kind.name(), it.subject.as_deref().unwrap_or("-"))).collect()
}

#[test]
fn once_hears_all_that_hooks_noted_whatever_an_earlier_one_left() {
    let machine = Machine::new();
    let server = Server::accepting();
    machine.transcript("p/s.jsonl", &transcript("s", 1));
    let mut expected = Vec::new();
    for hash in ["1111111111111111111111111111111111111111", "2222222222222222222222222222222222222222"] {
        let commit = serde_json::json!({
            "hook_event_name": "PostToolUse", "session_id": "s", "cwd": "/nowhere", "tool_name": "Bash",
            "tool_input": {"command": "git commit -m x"},
            "tool_response": {"gitOperation": {"commit": {"sha": hash, "branch": "main"}}},
        });
        assert_eq!(machine.feed(&["hook", "claude-code"], commit.to_string().as_bytes()).done(), "");
        once(&machine, &server).done();
        expected.push(format!("commit {hash}"));
        assert_eq!(activities(&server), expected);
    }
}

#[test]
fn one_collector_at_a_time() {
    let machine = Machine::new();
    let server = Server::accepting();
    machine.transcript("p/s.jsonl", &transcript("s", 1));
    let _running = start(&machine, &server);
    wait_until("a delivery", || server.requests() > 0);
    let run = once(&machine, &server);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("another collector is at work on this machine"), "{}", run.stderr);
}

#[test]
fn a_token_that_others_can_read_is_not_used() {
    use std::os::unix::fs::PermissionsExt;
    let machine = Machine::new();
    let server = Server::accepting();
    machine.transcript("p/s.jsonl", &transcript("s", 1));
    machine.setting("token", "bsr_test_secret\n");
    let token = machine.path("config/bursar/token");
    let run = |mode| {
        std::fs::set_permissions(&token, std::fs::Permissions::from_mode(mode)).expect("permissions");
        Run::to_end(collect(&machine, &server, &["--once"]).env_remove("BURSAR_TOKEN"))
    };
    let open = run(0o644);
    assert!(open.code == 1 && open.stderr.contains("chmod 600"), "{open:?}");
    assert!(server.calls().is_empty());
    run(0o600).done();
    assert_eq!(server.calls(), expected("s", 1));
}

/// A word for each place that says more than a bill needs.
const MARKERS: [&str; 9] = [
    "PLANTEDprompt",
    "PLANTEDinput",
    "PLANTEDoutput",
    "PLANTEDmessage",
    "PLANTEDsecret",
    "PLANTEDfolder",
    "PLANTEDuser",
    "PLANTEDremote",
    "PLANTEDfile",
];

#[test]
fn nothing_that_was_said_and_no_path_leaves_the_machine() {
    let machine = Machine::new();
    let server = Server::accepting();
    let made = machine.sandbox.repo_with_origin(
        "home/PLANTEDfolder/web",
        "https://PLANTEDuser:PLANTEDsecret@github.com/acme/web.git",
    );
    let local = machine.sandbox.repo_with_origin("home/PLANTEDfolder/local", "/srv/PLANTEDremote/local.git");
    let call = |id: &str| Call::new(id, "claude-opus-5-5", "2026-03-02T09:00:00Z");
    let at = millis("2026-03-02T09:00:00Z");
    for (session, folder) in [("s1", made.path()), ("s2", local.path())] {
        let mut log = Transcript::new(session, &folder.to_string_lossy(), "main");
        log.prompt(at, "PLANTEDprompt with ghp_PLANTEDsecret");
        for (number, outcome) in [(1, Outcome::Done), (2, Outcome::Failed)] {
            let step = Step {
                call: call(&format!("msg_{session}_{number}")),
                tool: "Bash",
                input: "cat /home/ada/PLANTEDfile && echo PLANTEDinput",
                output: "PLANTEDoutput",
                outcome,
            };
            log.step(at, &step);
        }
        log.pull_request(at, "https://PLANTEDuser:PLANTEDsecret@github.com/acme/web/pull/3", 3);
        machine.transcript(&format!("-home-PLANTEDfolder/{session}.jsonl"), &log);
    }
    let commit = serde_json::json!({
        "hook_event_name": "PostToolUse", "session_id": "s1", "cwd": made.path(), "tool_name": "Bash",
        "transcript_path": "/home/PLANTEDfolder/s1.jsonl", "tool_input": {"command": "git commit -m PLANTEDmessage"},
        "tool_response": {"stdout": "[main 1f0a2b3] PLANTEDmessage\n PLANTEDfile | 2 +-", "stderr": "PLANTEDoutput"},
    });
    assert_eq!(machine.feed(&["hook", "claude-code"], commit.to_string().as_bytes()).done(), "");
    machine.run(&["tag", "s1", "client=acme"]).done();
    once(&machine, &server).done();

    let received = server.received.lock().expect("a lock");
    let text = String::from_utf8_lossy(&received.bytes);
    for arrived in [
        "msg_s1_1",
        "req_msg_s2_2",
        "1f0a2b3",
        "github.com/acme/web",
        "\"acme\"",
        "pull/3",
        "\"turn\":\"",
        "\"Bash\"",
    ] {
        assert!(text.contains(arrived), "{arrived} did not arrive: {text}");
    }
    for marker in MARKERS {
        assert!(!text.contains(marker), "{marker} left the machine");
    }
    let root = machine.sandbox.root();
    for path in ["/home", "/srv", "/tmp", "jsonl", &root.to_string_lossy()] {
        assert!(!text.contains(path), "{path} left the machine");
    }
    let stored = machine.stored();
    for secret in ["PLANTEDprompt", "PLANTEDsecret", "PLANTEDmessage", "PLANTEDoutput"] {
        assert!(!crate::git::holds(&stored, secret), "{secret} is stored");
    }
    let names: BTreeSet<&str> = received
        .accepted
        .iter()
        .flat_map(|it| &it.calls)
        .filter_map(|it| it.call.owner.place.folder.as_ref())
        .map(|it| it.as_str())
        .collect();
    assert_eq!(names.len(), 2);
}
