//! However spend is cut, it adds up to the same, and to what was really spent.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use serde_json::Value;

use crate::machine::{CLAUDE, CLAUDE_TOO, Machine, Run, nano};
use crate::world::{Dice, Made, Sum, World};

const DIMENSIONS: [&str; 16] = [
    "developer",
    "repo",
    "branch",
    "pr",
    "ticket",
    "model",
    "provider",
    "tool",
    "session",
    "task",
    "client",
    "project",
    "day",
    "week",
    "month",
    "hour",
];
/// Those of them that can be filtered by.
const FILTERS: usize = 12;
/// Whole hours, halves, quarters, and clocks that change while the worlds last.
const ZONES: [&str; 4] = ["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu"];
/// Worlds that are always looked at, and questions to each.
const SEEDS: [u64; 3] = [1, 2, 3];
const QUESTIONS: u64 = 24;

/// A machine in which that world was lived.
fn machine_of(world: &World) -> Machine {
    let machine = Machine::new();
    world.settle(&machine);
    machine
}

/// What `bursar` prints, with both folders of settings.
fn ask(machine: &Machine, arguments: &[String]) -> String {
    let folders = [CLAUDE, CLAUDE_TOO].map(|folder| machine.path(folder).display().to_string());
    let mut command = machine.bursar(arguments);
    Run::to_end(command.env("CLAUDE_CONFIG_DIR", folders.join(","))).done().to_owned()
}

fn ask_json(machine: &Machine, arguments: &[String]) -> Value {
    let arguments: Vec<String> =
        arguments.iter().cloned().chain(["--format".to_owned(), "json".to_owned()]).collect();
    serde_json::from_str(&ask(machine, &arguments)).expect("JSON")
}

/// A question: how to cut, what to keep, from when to when, and whose days.
#[derive(Debug, Clone)]
struct Question {
    by: Vec<&'static str>,
    period: Option<&'static str>,
    filter: Option<(&'static str, String)>,
    since: Option<String>,
    until: Option<String>,
    zone: &'static str,
}

impl Question {
    /// Any question about that world.
    fn thrown(dice: &mut Dice, world: &World) -> Self {
        let mut by: Vec<&'static str> = Vec::new();
        for _ in 0..=dice.below(3) {
            let dimension = dice.of(&DIMENSIONS);
            if !by.contains(&dimension) {
                by.push(dimension);
            }
        }
        let period = dice.of(&[None, None, Some("daily"), Some("weekly"), Some("monthly")]);
        let any = |dice: &mut Dice| world.calls[dice.index(world.calls.len())].clone();
        let filter = dice.one_in(2).then(|| {
            let dimension = DIMENSIONS[dice.index(FILTERS)];
            let value = any(dice).value(dimension);
            let shorter: String = value.chars().take(dice.index(value.chars().count() + 1)).collect();
            (dimension, if dice.one_in(2) { value } else { format!("{shorter}*") })
        });
        let zone = dice.of(&ZONES);
        let day = |dice: &mut Dice| any(dice).value_in("day", &time_zone(zone));
        let since = dice.one_in(3).then(|| day(dice));
        let until = dice.one_in(3).then(|| day(dice)).filter(|until| since.as_ref() <= Some(until));
        Self { by, period, filter, since, until, zone }
    }

    fn arguments(&self, command: &str) -> Vec<String> {
        let mut arguments = ["--timezone", self.zone].map(str::to_owned).to_vec();
        arguments.insert(0, command.to_owned());
        if command == "report" {
            arguments.extend(self.period.map(str::to_owned));
            arguments.extend(["--by".to_owned(), self.by.join(",")]);
        }
        if let Some((dimension, pattern)) = &self.filter {
            arguments.extend([format!("--{dimension}"), pattern.clone()]);
        }
        for (option, day) in [("--since", &self.since), ("--until", &self.until)] {
            arguments.extend(day.iter().flat_map(|day| [option.to_owned(), day.clone()]));
        }
        arguments
    }

    /// The cuts in the order of the rows' keys.
    fn cuts(&self) -> Vec<&'static str> {
        let first = self.period.map(|period| match period {
            "daily" => "day",
            "weekly" => "week",
            _ => "month",
        });
        let rest = self.by.iter().copied().filter(|dimension| Some(*dimension) != first);
        first.into_iter().chain(rest).collect()
    }

    /// The key of the row that the call is in.
    fn key(&self, call: &Made) -> Vec<String> {
        self.cuts().iter().map(|cut| call.value_in(cut, &time_zone(self.zone))).collect()
    }

    /// Whether the call is asked for.
    fn keeps(&self, call: &Made) -> bool {
        let fits = self.filter.as_ref().is_none_or(|(dimension, pattern)| {
            let value = call.value(dimension);
            let hosted = *dimension == "repo";
            let short = value.split_once('/').filter(|it| hosted && it.0.contains('.')).map(|it| it.1);
            match pattern.strip_suffix('*') {
                Some(start) => value.starts_with(start) || short.is_some_and(|it| it.starts_with(start)),
                None => value == *pattern || short == Some(pattern),
            }
        });
        self.in_period(call) && fits
    }

    fn in_period(&self, call: &Made) -> bool {
        let day = call.value_in("day", &time_zone(self.zone));
        self.since.as_ref().is_none_or(|since| day >= *since)
            && self.until.as_ref().is_none_or(|until| day <= *until)
    }

    fn inverted(&self) -> Self {
        let filter = self.filter.as_ref().map(|(dimension, pattern)| (*dimension, format!("!{pattern}")));
        Self { filter, ..self.clone() }
    }

    fn without_filter(&self) -> Self {
        Self { filter: None, ..self.clone() }
    }
}

fn time_zone(name: &str) -> TimeZone {
    TimeZone::get(name).expect("a time zone")
}

/// The rows of a report by their keys.
fn rows(report: &Value, cuts: &[&str]) -> BTreeMap<Vec<String>, Sum> {
    let key = |row: &Value| {
        cuts.iter()
            .map(|cut| row["key"][cut].as_str().unwrap_or_else(|| panic!("{row}")).to_owned())
            .collect()
    };
    let rows = report["rows"].as_array().expect("rows");
    let by_key: BTreeMap<_, _> = rows.iter().map(|row| (key(row), Sum::of_row(row))).collect();
    assert_eq!(by_key.len(), rows.len(), "a key stands twice");
    by_key
}

#[test]
fn every_cut_of_every_period_adds_up_to_what_was_made() {
    for seed in SEEDS {
        let world = World::new(seed);
        assert!(world.calls.len() > 200, "seed {seed}: {} calls", world.calls.len());
        let machine = machine_of(&world);
        let whole = ask_json(&machine, &["report".to_owned()]);
        assert_eq!(Sum::of_row(&whole["total"]), Sum::of(&world.calls), "seed {seed}");
        let mut dice = Dice::new(seed);
        for number in 0..QUESTIONS {
            let question = Question::thrown(&mut dice, &world);
            let context = format!("seed {seed}, question {number}: {question:?}");
            let report = ask_json(&machine, &question.arguments("report"));
            let cuts = question.cuts();
            let mut expected: BTreeMap<Vec<String>, Sum> = BTreeMap::new();
            for call in world.calls.iter().filter(|call| question.keeps(call)) {
                let sum = expected.entry(question.key(call)).or_default();
                *sum = sum.plus(&Sum::of([call]));
            }
            let rows = rows(&report, &cuts);
            assert_eq!(rows, expected, "{context}");
            let total = Sum::of_row(&report["total"]);
            assert_eq!(rows.values().fold(Sum::default(), |sum, row| sum.plus(row)), total, "{context}");
        }
    }
}

#[test]
fn a_filter_and_its_opposite_make_the_whole() {
    let world = World::new(4);
    let machine = machine_of(&world);
    let mut dice = Dice::new(4);
    let total =
        |question: &Question| Sum::of_row(&ask_json(&machine, &question.arguments("report"))["total"]);
    let mut looked_at = BTreeSet::new();
    while looked_at.len() < 8 {
        let question = Question::thrown(&mut dice, &world);
        let Some((dimension, _)) = question.filter else { continue };
        looked_at.insert(dimension);
        let (with, without) = (total(&question), total(&question.inverted()));
        assert_eq!(with.plus(&without), total(&question.without_filter()), "{question:?}");
        assert_eq!(
            without,
            Sum::of(world.calls.iter().filter(|it| question.in_period(it) && !question.keeps(it)))
        );
    }
}

#[test]
fn report_sessions_session_explain_and_csv_agree() {
    let world = World::new(5);
    let machine = machine_of(&world);
    let mut dice = Dice::new(5);
    for _ in 0..8 {
        let question = Question::thrown(&mut dice, &world);
        let report = ask_json(&machine, &question.arguments("report"));
        let total = Sum::of_row(&report["total"]);
        assert_eq!(total, Sum::of(world.calls.iter().filter(|call| question.keeps(call))), "{question:?}");

        let sessions = ask_json(&machine, &question.arguments("sessions"));
        let mut of_sessions =
            sessions["rest"].as_object().map(|_| Sum::of_row(&sessions["rest"])).unwrap_or_default();
        for row in sessions["rows"].as_array().expect("rows") {
            of_sessions = of_sessions.plus(&Sum::of_row(row));
        }
        assert_eq!(of_sessions, total, "{question:?}");
        assert_eq!(Sum::of_row(&sessions["total"]), total, "{question:?}");

        for command in ["report", "sessions"] {
            let csv = [question.arguments(command), vec!["--format".into(), "csv".into()]].concat();
            assert_eq!(sum_of_csv(&ask(&machine, &csv)), (total.calls, total.cost), "{question:?}");
        }
        let top = [question.arguments("report"), vec!["--top".into(), "2".into()]].concat();
        let top = ask_json(&machine, &top);
        let rows =
            top["rows"].as_array().expect("rows").iter().chain(top["rest"].as_object().map(|_| &top["rest"]));
        assert_eq!(rows.fold(Sum::default(), |sum, row| sum.plus(&Sum::of_row(row))), total, "{question:?}");
    }
    for session in world.calls.iter().map(|call| call.value("session")).collect::<BTreeSet<_>>() {
        let expected = Sum::of(world.calls.iter().filter(|call| call.value("session") == session));
        let ask = |command: &str| ask_json(&machine, &[command.to_owned(), session.clone()]);
        let detail = ask("session");
        assert_eq!(Sum::of_row(&detail), expected, "{session}");
        for part in ["by_model", "by_branch", "by_hour"] {
            let rows = detail[part].as_array().expect("rows");
            let sum = rows.iter().fold(Sum::default(), |sum, row| sum.plus(&Sum::of_row(row)));
            assert_eq!(sum, expected, "{session} {part}");
        }
        let explained = ask("explain");
        assert_eq!(nano(&explained["cost_nano_usd"]), expected.cost, "{session}");
        let derived: i64 = explained["calls"]
            .as_array()
            .expect("calls")
            .iter()
            .filter(|call| !call["price"].is_null())
            .map(|call| nano(&call["price"]["list"]["cost_nano_usd"]))
            .sum();
        assert_eq!(derived, expected.cost, "{session}");
    }
}

#[test]
fn the_table_prints_the_total_of_the_json() {
    let world = World::new(6);
    let machine = machine_of(&world);
    let table = ask(&machine, &["report", "--by", "repo"].map(str::to_owned));
    let report = ask_json(&machine, &["report".to_owned()]);
    let cents = (nano(&report["total"]["cost_nano_usd"]) + 5_000_000) / 10_000_000;
    let line = table.lines().find(|line| line.starts_with("total")).expect("a total");
    let shown = line.split_whitespace().find_map(|word| word.strip_prefix('$')).expect("a cost");
    let shown = shown.trim_end_matches('+').replace([',', '.'], "");
    assert_eq!(shown, cents.to_string(), "{line}");
    assert!(line.contains(&report["total"]["calls"].to_string()), "{line}");
}

/// The calls and nano-USD of a CSV without quoted line ends.
fn sum_of_csv(csv: &str) -> (u64, i64) {
    let mut lines = csv.lines();
    let head: Vec<&str> = lines.next().expect("a head").split(',').collect();
    let column = |name: &str| head.iter().position(|it| *it == name).expect("a column");
    let (calls, cost) = (column("calls"), column("cost_nano_usd"));
    lines.fold((0, 0), |(of_calls, of_cost), line| {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(cells.len(), head.len(), "{line}");
        let (calls, cost): (u64, i64) =
            (cells[calls].parse().expect("calls"), cells[cost].parse().expect("a cost"));
        (of_calls + calls, of_cost + cost)
    })
}
