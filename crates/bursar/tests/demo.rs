//! The made-up company: the same every time, and what any report of it must come to.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::thread;

use serde_json::Value;

use crate::machine::{Machine, Run};

/// Small, and of days that never change.
const MADE: [&str; 8] = ["demo", "--data", "town", "--until", "2026-06-12", "--size", "small", "--no-serve"];
/// More rows than any report of it has.
const ROWS: &str = "1000";

/// A machine with a demonstration in the folder `town`.
fn town() -> Machine {
    let machine = Machine::new();
    machine.run(&MADE).done();
    machine
}

fn truth(machine: &Machine) -> Value {
    let text = fs::read_to_string(machine.path("town/truth.json")).expect("the truth");
    serde_json::from_str(&text).expect("JSON")
}

/// A server on it, until it is dropped.
struct Demo<'a> {
    machine: &'a Machine,
    child: Child,
    api: String,
}

impl<'a> Demo<'a> {
    fn start(machine: &'a Machine, more: &[&str]) -> Self {
        let words = ["demo", "--data", "town", "--listen", "127.0.0.1:0", "--no-open"];
        let mut child = machine
            .bursar(&[&words, more].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("bursar starts");
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        output.read_line(&mut line).expect("a line");
        let addresses: Value =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("no addresses: {line:?}"));
        // Nobody reads on: the server must not wait for us.
        thread::spawn(move || output.read_to_end(&mut Vec::new()));
        let api = addresses["api"].as_str().expect("an address").to_owned();
        Self { machine, child, api }
    }

    fn command(&self, who: &str, words: &[&str]) -> Command {
        let token = format!("town/tokens/{who}");
        self.machine.bursar(&[words, &["--server", &self.api, "--token-file", &token]].concat())
    }

    fn json(&self, words: &[&str]) -> Value {
        Run::to_end(&mut self.command("owner", &[words, &["--format", "json"]].concat())).json()
    }

    /// Calls and cost of each answer of a report.
    fn report(&self, by: &str) -> BTreeMap<String, String> {
        let report = self.json(&["report", "--by", by, "--top", ROWS]);
        let rows = report["rows"].as_array().expect("rows").iter();
        let name = |row: &Value| {
            let parts = by.split(',').map(|it| row["key"][it].as_str().expect("a key").to_owned());
            parts.collect::<Vec<_>>().join(" ")
        };
        rows.map(|row| (name(row), sum(row))).collect()
    }
}

impl Drop for Demo<'_> {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn sum(it: &Value) -> String {
    format!("{} calls, {}", it["calls"], it["cost_nano_usd"].as_str().expect("an amount"))
}

#[test]
fn every_report_comes_to_the_nano_dollar_that_was_thrown() {
    let machine = town();
    let truth = truth(&machine);
    let demo = Demo::start(&machine, &["--until", "2026-06-12"]);
    assert_eq!(sum(&demo.json(&["report"])["total"]), sum(&truth["total"]));
    for by in ["model", "team", "developer", "repo", "client", "day"] {
        let known = truth[format!("by_{by}")].as_object().expect("sums").iter();
        let known: BTreeMap<String, String> = known.map(|(name, it)| (name.clone(), sum(it))).collect();
        assert_eq!(demo.report(by), known, "{by}");
    }
    let pairs = truth["by_team_and_model"].as_array().expect("sums").iter();
    let name = |it: &Value| {
        format!("{} {}", it["team"].as_str().expect("a team"), it["model"].as_str().expect("a model"))
    };
    let known: BTreeMap<String, String> = pairs.map(|it| (name(it), sum(it))).collect();
    assert_eq!(demo.report("team,model"), known);
}

#[test]
fn what_was_planted_stands_on_its_day() {
    let machine = town();
    let truth = truth(&machine);
    let demo = Demo::start(&machine, &[]);
    let anomalies = truth["anomalies"].as_array().expect("anomalies");
    assert_eq!(anomalies.len(), 3);
    for anomaly in anomalies {
        let sessions = anomaly["sessions"].as_array().expect("sessions");
        let mut cost = 0_i64;
        for session in sessions {
            let session = format!("session={}", session.as_str().expect("an id"));
            let day = anomaly["day"].as_str().expect("a day");
            let words = ["report", "--filter", &session, "--since", day, "--until", day];
            let total = demo.json(&words)["total"]["cost_nano_usd"].as_str().expect("an amount").to_owned();
            cost += total.parse::<i64>().expect("a number");
        }
        assert_eq!(anomaly["cost_nano_usd"].as_str().expect("an amount"), cost.to_string(), "{anomaly:#}");
    }
}

#[test]
fn budgets_stand_as_the_book_says() {
    let machine = town();
    let demo = Demo::start(&machine, &["--until", "2026-06-12"]);
    let budgets = demo.json(&["budget", "tree"]);
    let budgets = budgets["budgets"].as_array().expect("budgets");
    let of_month = demo.json(&["report", "--by", "team", "--since", "2026-06-01"]);
    for row in of_month["rows"].as_array().expect("rows") {
        let scope = format!("team/{}", row["key"]["team"].as_str().expect("a team"));
        let budget = budgets.iter().find(|it| it["scope"] == *scope).expect("a budget");
        assert_eq!(budget["spent_nano_usd"], row["cost_nano_usd"], "{scope}");
    }
    let over = budgets.iter().filter(|it| {
        let amount = |name: &str| it[name].as_str().expect("an amount").parse::<i64>().expect("a number");
        amount("spent_nano_usd") >= amount("allocated_nano_usd")
    });
    assert!(over.count() >= 2, "a team and a developer have spent all: {budgets:#?}");
    let open = demo.json(&["budget", "requests", "--state", "open"]);
    assert_eq!(open["requests"].as_array().map(Vec::len), Some(2), "{open:#}");
}

#[test]
fn the_same_terms_make_the_same_company() {
    let one = town();
    let two = town();
    assert_eq!(truth(&one), truth(&two));
    let logs = |machine: &Machine| {
        let ines = machine.bursar(&["report", "--by", "session", "--format", "json", "--ephemeral"]);
        let mut ines = ines;
        ines.env("HOME", machine.path("town/machines/ines"));
        ines.env("CLAUDE_CONFIG_DIR", machine.path("town/machines/ines/.claude"));
        Run::to_end(&mut ines).json()["rows"].clone()
    };
    assert_eq!(logs(&one), logs(&two));
    let other = Machine::new();
    other.run(&[&MADE[..], &["--seed", "2"]].concat()).done();
    assert_ne!(truth(&other)["total"], truth(&one)["total"]);
}

#[test]
fn a_folder_is_used_as_it_is_or_left_alone() {
    let machine = town();
    let again = machine.run(&["demo", "--data", "town", "--no-serve"]);
    assert!(again.done().contains("6 developers"), "{}", again.stdout);
    for (words, expected) in [
        (
            &["--data", "town", "--seed", "9"][..],
            "holds another demonstration: --until 2026-06-12 --seed 1 --size small",
        ),
        (&["--data", "config"], "is not empty and holds no finished demonstration"),
        (&["--data", "new", "--until", "yesterday"], "`--until yesterday` is no day"),
    ] {
        machine.sandbox.write("config/kept", "");
        let run = machine.run(&[&["demo", "--no-serve"], words].concat());
        assert_eq!(run.code, 2, "{}", run.stderr);
        assert!(run.stderr.contains(expected), "{}", run.stderr);
    }
}
