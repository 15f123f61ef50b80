//! A server as a user starts it, and the commands that ask it.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::Value;

use crate::example::office;
use crate::machine::{Machine, Run};

/// The owner's token, known before the first start.
const OWNER: &str = "the-owner-of-this-test";
/// How often is looked whether the import is done, a moment apart.
const LOOKS: usize = 300;

/// `bursar up`, until it is dropped.
pub(crate) struct Up<'a> {
    machine: &'a Machine,
    child: Child,
    addresses: Value,
}

impl<'a> Up<'a> {
    pub(crate) fn start(machine: &'a Machine, more: &[&str]) -> Self {
        let listen = [
            "up",
            "--listen",
            "127.0.0.1:0",
            "--otlp-http",
            "127.0.0.1:0",
            "--otlp-grpc",
            "off",
            "--no-open",
        ];
        let mut child = machine
            .bursar(&[&listen, more].concat())
            .env("BURSAR_OWNER_TOKEN", OWNER)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("bursar starts");
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        output.read_line(&mut line).expect("a line");
        let addresses = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no addresses: {line:?}"));
        // Nobody reads on: the server must not wait for us.
        thread::spawn(move || output.read_to_end(&mut Vec::new()));
        Self { machine, child, addresses }
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let server = self.addresses["api"].as_str().expect("an address");
        let mut command = self.machine.bursar(&[arguments, &["--server", server]].concat());
        command.env("BURSAR_TOKEN", OWNER);
        command
    }

    pub(crate) fn ask(&self, arguments: &[&str]) -> Run {
        Run::to_end(&mut self.command(arguments))
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        self.ask(&[arguments, &["--format", "json"]].concat()).json()
    }
}

impl Up<'_> {
    /// Waits until it has what the machine has.
    fn imports(&self) {
        let question = ["report", "--by", "model,session"];
        let local = figures(&self.machine.json(&question));
        let imported = (0..LOOKS).any(|_| {
            let is_same = figures(&self.json(&question)) == local;
            if !is_same {
                a_moment();
            }
            is_same
        });
        assert!(imported, "{}\n{local}", figures(&self.json(&question)));
    }
}

impl Drop for Up<'_> {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[expect(clippy::disallowed_methods, reason = "an import says nothing to anybody when it is done")]
pub(crate) fn a_moment() {
    thread::sleep(Duration::from_millis(200));
}

/// The rows of a report and their sum, without what they rest on.
fn figures(report: &Value) -> String {
    format!("{:#}\n{:#}", report["rows"], report["total"])
}

#[test]
fn a_server_reports_what_the_machine_does() {
    let machine = office();
    let up = Up::start(&machine, &[]);
    up.imports();
    let table = up.ask(&["sessions", "--top", "1"]);
    assert!(table.stdout.contains("Sessions, the dearest first"), "{}", table.stdout);
    assert!(up.ask(&["explain", "msg_01LedgerA"]).stdout.contains("Seen once"));
    let session = ["session", "5a69ca08"];
    let turns = &machine.json(&session)["turns"];
    assert_eq!(turns.as_array().map(Vec::len), Some(2), "{turns:#}");
    assert_eq!(&up.json(&session)["turns"], turns);
}

#[test]
fn who_has_the_database_makes_an_owner() {
    let machine = Machine::new();
    let folder = machine.path("kept");
    let database = format!("sqlite:{}", folder.display());
    let up = Up::start(&machine, &["--no-import", "--data", folder.to_str().expect("a path")]);
    let recovered = machine.json(&["token", "recover", "--database", &database]);
    let token = recovered["token"].as_str().expect("a token");
    let mut command = up.command(&["audit", "--format", "csv"]);
    let audit = Run::to_end(command.env("BURSAR_TOKEN", token));
    assert!(audit.stdout.contains("token.recover"), "{}{}", audit.stdout, audit.stderr);
}

#[test]
fn a_book_that_was_thrown_away_is_filled_again() {
    let machine = office();
    let folder = machine.path("thrown-away");
    for _ in 0..2 {
        let up = Up::start(&machine, &["--data", folder.to_str().expect("a path")]);
        up.imports();
        drop(up);
        std::fs::remove_dir_all(&folder).expect("its folder");
    }
}

#[test]
fn an_organisation_is_laid_down_and_tokens_are_made_for_it() {
    let machine = Machine::new();
    machine.sandbox.write(
        "org.toml",
        "[[team]]\nid = \"core\"\n\n[[developer]]\nid = \"ada@example.com\"\nteam = \"core\"\n",
    );
    let up = Up::start(&machine, &["--no-import"]);
    insta::assert_snapshot!(up.ask(&["org", "apply", "org.toml", "--dry-run"]).stdout, @r"
    + team core
    + developer ada@example.com
        team: core
    2 entries differ; nothing was changed (--dry-run).
    ");
    insta::assert_snapshot!(up.ask(&["org", "apply", "org.toml"]).stdout.lines().last().unwrap_or_default(), @"2 entries differ, and the directory was changed.");
    insta::assert_snapshot!(up.ask(&["org", "show"]).stdout, @r"
    kind       id               name  belongs to
    team       core
    developer  ada@example.com        team core
    ");
    let made = up.json(&["token", "create", "--role", "collector", "--developer", "ada@example.com"]);
    let token = made["token"].as_str().expect("a token");
    assert!(token.starts_with("bsr_"), "{token}");
    let refused = Run::to_end(up.command(&["report"]).env("BURSAR_TOKEN", token));
    assert_eq!(refused.code, 2);
    assert!(
        refused.stderr.contains("a token of the role `collector` may not read figures"),
        "{}",
        refused.stderr
    );
    let audit = up.json(&["audit"]);
    let actions: Vec<&str> =
        audit["rows"].as_array().expect("rows").iter().filter_map(|it| it["action"].as_str()).collect();
    assert_eq!(actions, ["token.create", "org.apply", "org.apply", "token.bootstrap"]);
    up.ask(&["token", "create", "--role", "admin", "--reason", "for the spring"]).done();
    let table = up.ask(&["audit"]);
    let newest = table.stdout.lines().nth(1).unwrap_or_default();
    assert!(newest.ends_with("for the spring") && newest.contains("token.create"), "{}", table.stdout);
}

/// What a server is asked that answers with a document.
const ASKED: &[&[&str]] = &[
    &["collect", "--once"],
    &["token", "list"],
    &["org", "apply", "org.toml"],
    &["org", "show"],
    &["audit"],
    &["rollout", "verify"],
    &["doctor"],
    &["report"],
    &["sessions"],
    &["insight", "overview"],
    &["insight", "trends", "--by", "team"],
    &["insight", "anomalies"],
    &["insight", "forecast"],
    &["insight", "efficiency"],
    &["insight", "teams"],
    &["insight", "models"],
    &["session", "5a69"],
    &["explain", "msg_01LedgerA"],
    &["tag", "5a69", "client=acme"],
    &["prices", "opus"],
    &["budget", "set", "org", "--amount", "100", "--period", "month"],
    &["budget", "tree"],
    &["budget", "request", "org", "--amount", "5", "--period", "month", "--reason", "more"],
    &["budget", "requests"],
    &["kill", "team/core", "--reason", "a drill"],
];

/// Every document names its contract, and the page on them has it.
#[test]
fn every_document_is_of_a_contract_that_is_described() {
    let described = include_str!("../../../docs/report-json.md");
    let machine = office();
    machine.sandbox.write("org.toml", "[[team]]\nid = \"core\"\n");
    let up = Up::start(&machine, &["--no-import", "--data", &machine.path("book").display().to_string()]);
    let book = format!("sqlite:{}", machine.path("book").display());
    let server = up.addresses["api"].as_str().expect("an address");
    let file = machine.path("it.backup").display().to_string();
    let mut schemas = BTreeSet::new();
    let mut check = |document: &Value| {
        let schema =
            document["schema"].as_str().unwrap_or_else(|| panic!("no schema: {document:#}")).to_owned();
        schemas.insert(schema);
    };
    for local in [
        &["report"][..],
        &["sessions"],
        &["insight", "forecast", "--by", "repo", "--headcount", "2027-01-01:9"],
        &["session", "5a69"],
        &["explain", "msg_01LedgerA"],
        &["prices", "opus"],
        &["statusline"],
        &["tag"],
        &["doctor"],
        &["demo", "--data", "made-up", "--size", "small", "--until", "2026-06-12", "--no-serve"],
        &["rollout", "claude-code", "--server", server],
        &["collect", "install", "--print", "--server", server],
        &["migrate", "--database", &book],
        &["check", "--database", &book],
        &["backup", &file, "--database", &book],
        &["restore", &file, "--database", &format!("{book}-too")],
    ] {
        check(&machine.json(local));
    }
    check(&machine.feed(&["seal", "--format", "json"], b"sk-a-secret").json());
    let mut revoked = up.json(&["token", "create", "--role", "admin"]);
    check(&revoked);
    let public = revoked["public"].take().as_str().expect("a public part").to_owned();
    check(&up.json(&["token", "revoke", &public]));
    for asked in ASKED {
        check(&up.json(asked));
    }
    // Said of something unusual, of which there is nothing here (tests/insight.rs).
    schemas.insert("bursar.verdict/1".to_owned());
    let of_the_page = described.split('`').filter(|it| it.starts_with("bursar.") && it.ends_with("/1"));
    assert_eq!(schemas, of_the_page.map(str::to_owned).collect());
    for csv in [&["session", "5a69"][..], &["explain", "msg_01LedgerA"]] {
        let rows = up.ask(&[csv, &["--format", "csv"]].concat());
        assert!(rows.done().starts_with("call,at,") && rows.stdout.lines().count() > 2, "{}", rows.stdout);
    }
    let rows = up.ask(&["explain", "msg_01LedgerA", "--format", "csv"]);
    for row in [",attribution,client,,,,,,acme (tag)", ",observation,log,,,,,,\"by ada@example.com through "]
    {
        assert!(rows.done().contains(row), "no {row} in {}", rows.stdout);
    }
}

#[test]
fn whom_the_directory_does_not_know_is_named() {
    let machine = Machine::new();
    machine.sandbox.write(
        "org.toml",
        "[[team]]\nid = \"core\"\n\n[[developer]]\nid = \"ada@example.com\"\nteam = \"core\"\n",
    );
    let up = Up::start(&machine, &["--no-import"]);
    up.ask(&["org", "apply", "org.toml"]).done();
    let token = |developer| up.ask(&["token", "create", "--role", "collector", "--developer", developer]);
    token("Ada@example.com").done();
    let made = token("bob@example.com");
    assert!(made.code == 0 && made.stdout.starts_with("bsr_"), "{made:?}");
    assert!(made.stderr.contains("the directory knows no developer `bob@example.com`"), "{}", made.stderr);
    up.ask(&["rollout", "claude-code", "--team", "core"]).done();
    let settings = up.ask(&["rollout", "claude-code", "--team", "cor"]);
    assert!(settings.code == 0 && settings.stdout.contains("team.id=cor"), "{settings:?}");
    assert_eq!(settings.stderr, "bursar: the directory knows no team `cor`; it has core\n");
}

/// What of these folders and their files others may look at. Files that are gone before
/// they are looked at are none.
fn open_to_others(folders: &[&Path]) -> Vec<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    let files = folders.iter().flat_map(|it| std::fs::read_dir(it).expect("a folder"));
    let all = files.map(|it| it.expect("a file").path()).chain(folders.iter().map(|it| it.to_path_buf()));
    let open = |it: &PathBuf| it.metadata().is_ok_and(|it| it.permissions().mode() & 0o077 != 0);
    let mut all: Vec<PathBuf> = all.collect();
    assert!(all.iter().filter(|it| it.extension().is_some_and(|it| it == "db-wal")).count() > 1, "{all:?}");
    all.retain(open);
    all
}

#[test]
fn what_it_does_is_said() {
    let machine = office();
    let starts = ["up", "--listen", "0.0.0.0:0", "--otlp-http", "off", "--otlp-grpc", "off", "--no-open"];
    let mut command = machine.bursar(&starts);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("bursar starts");
    let lines = BufReader::new(child.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
    let mut said = String::new();
    let (folder, book) = (machine.path("data/bursar"), machine.path("data/bursar/book"));
    for line in lines {
        said.extend([&line, "\n"]);
        if line.starts_with("This machine's logs are in the book") {
            break;
        }
    }
    assert_eq!(open_to_others(&[&folder, &book]), Vec::<PathBuf>::new(), "while it runs");
    drop(child.kill());
    drop(child.wait());
    for part in [
        "bursar: 0.0.0.0:0 can be reached from other machines, and nothing is encrypted",
        "Importing the logs of this machine …\n",
        "This machine's logs are in the book: 4 files, 12 calls, $0.60, ",
        "1 of them without a price.\n",
        "bursar report --server http://127.0.0.1:",
    ] {
        assert!(said.contains(part), "no {part:?} in {said}");
    }
}

/// A server that gives one answer to whatever it is asked; its address, and what will have
/// been asked.
fn one_answer(status: &'static str, body: &'static str) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let asked = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("somebody asks");
        let mut lines = BufReader::new(stream.try_clone().expect("a stream")).lines().map_while(Result::ok);
        let first = lines.next().unwrap_or_default();
        lines.find(String::is_empty);
        let head = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}", body.len());
        write!(stream, "{head}\r\n\r\n{body}").expect("an answer");
        first
    });
    (url, asked)
}

#[test]
fn the_prices_of_a_server() {
    let machine = Machine::new();
    let ask = |(url, asked): (String, JoinHandle<String>), more: &[&str]| {
        let mut command = machine.bursar(&[&["prices", "opus 5", "--server", &url], more].concat());
        let run = Run::to_end(command.env("BURSAR_TOKEN", "bsr_a_b"));
        (asked.join().expect("it was asked"), machine.shown(&run).replace(&url, "[SERVER]"))
    };
    let book = r#"{"schema": "bursar.prices/1", "price_book": "x", "prices": [
        {"provider": "anthropic", "model": "opus", "rates": {"input": "4", "output": "20"}, "terms": []}]}"#;
    let (asked, shown) = ask(one_answer("200 OK", book), &["--at", "2026-09-01", "--format", "csv"]);
    assert_eq!(asked, "GET /api/v1/prices?model=opus%205&at=2026-09-01 HTTP/1.1");
    assert!(shown.contains("anthropic,opus,,,,standard,,,4,,,,20,,"), "{shown}");
    let (_, shown) = ask(one_answer("200 OK", book), &[]);
    assert!(shown.contains("anthropic  opus "), "{shown}");
    let older = r#"{"code": "no_such_address", "detail": "there is nothing at this address"}"#;
    let (_, shown) = ask(one_answer("404 Not Found", older), &["--history"]);
    insta::assert_snapshot!(shown, @r"
    exit code: 2
    ----- stderr
    bursar: [SERVER] does not answer `GET /api/v1/prices`: it is older than this program; `bursar doctor --server [SERVER]` tells both versions
    ");
}

#[test]
fn whoever_does_not_report_is_an_exit_code() {
    let machine = Machine::new();
    machine.sandbox.write("org.toml", "[[developer]]\nid = \"ada@example.com\"\n");
    let up = Up::start(&machine, &["--no-import"]);
    assert_eq!(up.json(&["rollout", "verify"])["rollout"], serde_json::json!([]));
    up.ask(&["org", "apply", "org.toml"]).done();
    let table = up.ask(&["rollout", "verify"]);
    assert!(table.code == 1 && table.stdout.contains("ada@example.com  -     never"), "{table:?}");
    assert_eq!(table.stderr, "bursar: 1 of 1 do not report; see above\n");
    let json = up.ask(&["rollout", "verify", "--format", "json"]);
    let document: Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!((json.code, &document["rollout"][0]["state"]), (1, &Value::from("never")));
}

#[test]
fn a_server_is_examined() {
    let machine = Machine::new();
    let up = Up::start(&machine, &["--no-import"]);
    let url = up.addresses["api"].as_str().expect("an address");
    let shown = |run: &Run| {
        machine.shown(run).replace(url, "[SERVER]").replace(env!("CARGO_PKG_VERSION"), "[VERSION]")
    };
    let well = up.ask(&["doctor"]);
    // The public part of a token that was given is made of it.
    let known = well.stdout.lines().last().and_then(|it| it.split_whitespace().nth(1)).unwrap_or_default();
    let mut text = shown(&well).replace(known.trim_end_matches(','), "[TOKEN]");
    text.push_str(&shown(&Run::to_end(up.command(&["doctor"]).env("BURSAR_TOKEN", "bsr_a_b"))));
    text.push_str(&shown(&Run::to_end(up.command(&["doctor"]).env_remove("BURSAR_TOKEN"))));
    let nowhere = machine.run(&["doctor", "--server", "http://127.0.0.1:1", "--format", "csv"]);
    text.push_str(&shown(&nowhere));
    insta::assert_snapshot!(text);
}

#[test]
fn a_book_that_is_not_there_is_neither_checked_nor_copied() {
    let machine = Machine::new();
    let typo = format!("sqlite:{}", machine.path("typo").display());
    for arguments in [&["check", "--database", &typo][..], &["backup", "it.backup", "--database", &typo]] {
        let run = machine.run(arguments);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(run.stderr.contains("typo: it holds no books.db"), "{}", run.stderr);
    }
    for path in ["typo", "it.backup", "it.backup.part"] {
        assert!(!machine.path(path).exists(), "{path} was made");
    }
}

#[test]
fn a_book_is_copied_while_it_is_used_and_restored_elsewhere() {
    let machine = Machine::new();
    let book = format!("sqlite:{}", machine.path("book").display());
    let other = format!("sqlite:{}", machine.path("other").display());
    let up = Up::start(&machine, &["--no-import", "--data", &machine.path("book").display().to_string()]);
    let file = machine.path("it.backup").display().to_string();
    let copied = machine.run(&["backup", &file, "--database", &book]);
    assert!(copied.stdout.contains("holds 1 entry of the books"), "{} {}", copied.stdout, copied.stderr);
    assert_eq!(machine.run(&["backup", &file, "--database", &book]).code, 2);
    assert_eq!(machine.run(&["restore", &file, "--database", &other]).code, 0);
    assert_eq!(machine.run(&["restore", &file, "--database", &other]).code, 1);
    assert_eq!(machine.run(&["restore", &file, "--database", &other, "--into-existing"]).code, 0);
    assert_eq!(
        machine.run(&["check", "--database", &other]).stdout,
        "The book agrees with its observations.\n"
    );
    assert_eq!(machine.run(&["migrate", "--database", &other]).stdout, "The database is up to date.\n");
    use std::os::unix::fs::PermissionsExt;
    for (path, expected) in [("it.backup", 0o600), ("book", 0o700), ("other", 0o700)] {
        let mode = machine.path(path).metadata().expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, expected, "{path}");
    }
    let nothing = machine.run(&["check"]);
    assert!(nothing.code == 2 && nothing.stderr.contains("no database is named"), "{}", nothing.stderr);
    drop(up);
}
