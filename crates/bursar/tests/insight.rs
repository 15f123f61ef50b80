//! `bursar insight` on one machine: a quiet month, a night that was not, and what was said of it.

use serde_json::Value;
use testkit::logs::{Call, Tokens, Transcript, millis};

use crate::machine::Machine;

const PERIOD: [&str; 6] = ["--since", "2026-02-16", "--until", "2026-02-28", "--timezone", "UTC"];

/// Four weeks of one developer, and a day on which a loop ran.
fn month() -> Machine {
    let machine = Machine::new();
    machine.setting("rules.toml", crate::example::RULES);
    for day in (2..28).filter(|day| day % 7 < 5) {
        let mut it = Transcript::new(&format!("5{day:02}a-day"), "/home/ada/src/billing", "main");
        let at = |minute: u32| format!("2026-02-{day:02}T09:{minute:02}:00Z");
        it.prompt(millis(&at(0)), "Go on.");
        let calls = if day == 25 { 40 } else { 2 };
        for minute in 1..=calls {
            let tokens = Tokens { input: 900, output: 40_000 + day * 100, ..Tokens::default() };
            let id = format!("msg_01Day{day}n{minute}");
            it.call(&Call::new(&id, "claude-opus-5-5", &at(minute)).with(tokens));
        }
        machine.transcript(&format!("-home-ada-src-billing/5{day:02}a-day.jsonl"), &it);
    }
    machine
}

#[test]
fn what_is_unusual_is_told_until_somebody_expected_it() {
    let machine = month();
    let ask = |what: &[&str], more: &[&str]| machine.run(&[&["insight"], what, &PERIOD, more].concat());
    let found = ask(&["anomalies"], &["--format", "json"]).json();
    let told = found["told"].as_array().expect("what is told");
    assert_eq!(told.len(), 1, "{found:#}");
    assert_eq!(told[0]["subject"]["value"], "ada@example.com");
    let id = told[0]["id"].as_str().expect("an id").to_owned();
    let text = ask(&["anomalies"], &[]);
    for part in ["What is unusual", "times the middle of their active days", &id, "Mostly session 525a-day"] {
        assert!(text.done().contains(part), "no {part} in {}", text.stdout);
    }
    let said = ask(&["verdict", &id, "expected"], &["--note", "a load test", "--format", "json"]).json();
    assert_eq!(said["schema"], "bursar.verdict/1");
    let after = ask(&["anomalies"], &["--format", "json"]).json();
    assert_eq!(after["told"].as_array().map(Vec::len), Some(0), "{after:#}");
    assert_eq!(after["settled"][0]["verdict"]["note"], "a load test");
    let unknown = ask(&["verdict", "a0000000000000000", "expected"], &[]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.stderr.contains("there is no anomaly"), "{}", unknown.stderr);
}

#[test]
fn every_view_has_the_total_of_the_report() {
    let machine = month();
    let json = |what: &[&str]| machine.json(&[what, &PERIOD].concat());
    let total = json(&["report"])["total"]["cost_nano_usd"].clone();
    assert_eq!(json(&["insight", "overview"])["total"]["cost_nano_usd"], total);
    assert_eq!(json(&["insight", "models"])["total"]["cost_nano_usd"], total);
    assert_eq!(json(&["insight", "teams"])["total"]["cost_nano_usd"], total);
    assert_eq!(json(&["insight", "efficiency"])["cost"]["cost_nano_usd"], total);
}

#[test]
fn all_time_is_all_that_there_is() {
    let machine = month();
    let total = machine.json(&["report"])["total"]["cost_nano_usd"].clone();
    for topic in ["overview", "models", "teams"] {
        let all = machine.json(&["insight", topic, "--since", "all"]);
        assert_eq!(all["total"]["cost_nano_usd"], total, "{topic}");
        assert_eq!((&all["period"]["since"], &all["compared_with"]), (&Value::Null, &Value::Null), "{topic}");
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let machine = month();
    for (arguments, part) in [
        (&["insight", "trends", "--by", "day"][..], "`--by day`: give one of"),
        (&["insight", "forecast", "--headcount", "48"], "is not DATE:DEVELOPERS"),
        (&["insight", "forecast", "--price", "2026-12-01:cheap"], "is not DATE:CHANGE"),
        (&["insight", "verdict", "x", "expected"], "`x` is no id"),
    ] {
        let run = machine.run(arguments);
        assert_eq!(run.code, 2, "{arguments:?}");
        assert!(run.stderr.contains(part), "{}", run.stderr);
    }
}
