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

/// One book for all questions: to make it takes seconds.
#[test]
fn the_book_comes_to_what_was_thrown() {
    let machine = town();
    let truth = truth(&machine);
    let demo = Demo::start(&machine, &["--until", "2026-06-12"]);
    reports_agree(&demo, &truth);
    plants_stand_on_their_day(&demo, &truth);
    budgets_have_what_was_spent(&demo);
    let lead = Run::to_end(&mut demo.command("lead-platform", &["report", "--by", "team"]));
    assert!(lead.done().contains("platform") && !lead.stdout.contains("payments"), "{}", lead.stdout);
    drop(demo);
    let again = machine.run(&["demo", "--data", "town", "--no-serve"]);
    assert!(again.done().contains("6 developers"), "{}", again.stdout);
}

/// To the nano-dollar.
fn reports_agree(demo: &Demo<'_>, truth: &Value) {
    assert_eq!(sum(&demo.json(&["report"])["total"]), sum(&truth["total"]));
    for by in ["model", "team", "developer", "repo", "client", "day"] {
        let known = truth[format!("by_{by}")].as_object().expect("sums").iter();
        let known: BTreeMap<String, String> = known.map(|(name, it)| (name.clone(), sum(it))).collect();
        assert_eq!(demo.report(by), known, "{by}");
    }
    let text = |it: &Value, name: &str| it[name].as_str().expect("a text").to_owned();
    let pairs = truth["by_team_and_model"].as_array().expect("sums").iter();
    let known: BTreeMap<String, String> =
        pairs.map(|it| (format!("{} {}", text(it, "team"), text(it, "model")), sum(it))).collect();
    assert_eq!(demo.report("team,model"), known);
}

fn plants_stand_on_their_day(demo: &Demo<'_>, truth: &Value) {
    let anomalies = truth["anomalies"].as_array().expect("anomalies");
    assert_eq!(anomalies.len(), 3);
    for anomaly in anomalies {
        let day = anomaly["day"].as_str().expect("a day");
        let costs = demo.json(&["report", "--by", "session", "--since", day, "--until", day, "--top", ROWS]);
        let sessions: Vec<&str> =
            anomaly["sessions"].as_array().expect("sessions").iter().filter_map(Value::as_str).collect();
        let rows = costs["rows"].as_array().expect("rows").iter();
        let planted = rows.filter(|it| sessions.contains(&it["key"]["session"].as_str().expect("an id")));
        let cost: i64 = planted.map(|it| nano(it, "cost_nano_usd")).sum();
        assert_eq!(nano(anomaly, "cost_nano_usd"), cost, "{anomaly:#}");
    }
}

fn budgets_have_what_was_spent(demo: &Demo<'_>) {
    let budgets = demo.json(&["budget", "tree"]);
    let budgets = budgets["budgets"].as_array().expect("budgets");
    let of_month = demo.json(&["report", "--by", "team", "--since", "2026-06-01"]);
    for row in of_month["rows"].as_array().expect("rows") {
        let scope = format!("team/{}", row["key"]["team"].as_str().expect("a team"));
        let budget = budgets.iter().find(|it| it["scope"] == *scope).expect("a budget");
        assert_eq!(budget["figures"]["spent_nano_usd"], row["cost_nano_usd"], "{scope}");
    }
    let over = budgets.iter().filter(|it| nano(&it["figures"], "left_nano_usd") <= 0);
    let over: Vec<&str> = over.filter_map(|it| it["scope"].as_str()).collect();
    assert!(over.contains(&"team/platform") && over.len() >= 2, "{over:?}");
    let open = demo.json(&["budget", "requests", "--state", "open"]);
    assert_eq!(open["requests"].as_array().map(Vec::len), Some(2), "{open:#}");
}

fn nano(it: &Value, name: &str) -> i64 {
    it[name].as_str().unwrap_or_else(|| panic!("no {name} in {it:#}")).parse().expect("a number")
}

#[test]
fn a_folder_is_left_alone_that_is_none_of_these_terms() {
    let machine = Machine::new();
    let mark = r#"{"format":"bursar.demo_folder/1","until":"2026-06-12","seed":1,"size":"small"}"#;
    machine.sandbox.write("town/demo.json", mark);
    machine.sandbox.write("other/kept", "");
    let another = "holds another demonstration: --until 2026-06-12 --seed 1 --size small";
    for (words, expected) in [
        (&["--data", "town", "--seed", "9"][..], another),
        (&["--data", "town", "--until", "2026-06-13"], another),
        (&["--data", "other"], "is not empty and holds no finished demonstration"),
        (&["--data", "new", "--until", "yesterday"], "`--until yesterday` is no day"),
    ] {
        let run = machine.run(&[&["demo", "--no-serve"], words].concat());
        assert_eq!(run.code, 2, "{}", run.stderr);
        assert!(run.stderr.contains(expected), "{}", run.stderr);
    }
}
