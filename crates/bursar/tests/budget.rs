//! `bursar budget`, `kill` and `unkill` against a server of their own.

use insta::assert_snapshot;

use crate::machine::{Machine, Run};
use crate::served::Up;

const ORGANISATION: &str = r#"
[[team]]
id = "core"
[[team]]
id = "lab"
[[developer]]
id = "ada@example.com"
team = "core"
"#;

/// What moves with the clock, out of a text: days, and ids that are made up.
fn steady(text: &str) -> String {
    let word = |word: &str| {
        let is_day = word.len() >= 10 && word.get(4..5) == Some("-") && word.get(7..8) == Some("-");
        let id = |it: &str| {
            it.len() == 12
                && it.bytes().all(|it| it.is_ascii_alphanumeric())
                && it.bytes().any(|it| it.is_ascii_digit())
        };
        if is_day {
            "[DAY]".to_owned()
        } else if id(word.trim_matches('`')) {
            word.replace(word.trim_matches('`'), "[ID]")
        } else {
            word.to_owned()
        }
    };
    text.split_inclusive([' ', ',', '\n'])
        .map(|it| {
            let bare = it.trim_end_matches([' ', ',', '\n']);
            format!("{}{}", word(bare), it.get(bare.len()..).unwrap_or_default())
        })
        .collect()
}

fn tell(machine: &Machine, runs: &[(&str, Run)]) -> String {
    let shown = |(said, run): &(&str, Run)| format!("> bursar {said}\n{}", steady(&machine.shown(run)));
    runs.iter().map(shown).collect::<Vec<_>>().join("\n")
}

/// Asks one after another, words separated by spaces; `_` stands for a space.
fn story(up: &Up<'_>, machine: &Machine, lines: &[&'static str]) -> String {
    let run = |line: &&'static str| {
        let words: Vec<String> = line.split(' ').map(|it| it.replace('_', " ")).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        (*line, up.ask(&words))
    };
    tell(machine, &lines.iter().map(run).collect::<Vec<_>>())
}

#[test]
fn budgets_from_the_first_to_a_transfer() {
    let machine = Machine::new();
    machine.sandbox.write("org.toml", ORGANISATION);
    let up = Up::start(&machine, &["--no-import", "--timezone", "UTC"]);
    up.ask(&["org", "apply", "org.toml"]).done();
    assert_snapshot!(story(
        &up,
        &machine,
        &[
            "budget tree",
            "budget set org --amount 1000 --period month --soft --threshold 80=notify",
            "budget set team/core --amount 600 --period month --parent org --owner ada@example.com --dry-run",
            "budget set team/core --amount 600 --period month --parent org --owner ada@example.com",
            "budget set team/lab --amount 0.5 --period month --parent org",
            "budget set developer/* --amount 50 --period day --threshold 80=downgrade:*opus*=claude-haiku-4-5",
            "budget transfer team/core team/lab --amount 100 --period month --reason the_release",
            "budget transfer team/lab team/core --amount 101 --period month --reason back",
            "budget allocate team/lab --amount 2 --period month",
            "budget freeze team/lab --reason closing --dry-run",
            "budget freeze team/lab --reason closing",
            "kill model/claude-opus-5-5 --reason an_incident",
            "budget tree",
            "budget tree --period day --format csv",
            "budget show team/lab",
            "unkill model/claude-opus-5-5 --dry-run",
            "unkill model/claude-opus-5-5",
            "budget unfreeze team/lab",
            "budget remove team/lab --period month",
        ]
    ));
}

#[test]
fn somebody_asks_for_more() {
    let machine = Machine::new();
    let up = Up::start(&machine, &["--no-import", "--timezone", "UTC"]);
    up.ask(&["budget", "set", "developer/ada@example.com", "--amount", "10", "--period", "month"]).done();
    let request =
        ["budget", "request", "developer/ada@example.com", "--period", "month", "--reason", "a rush"];
    let asked = up.json(&[&request[..], &["--amount", "5"]].concat());
    let id = asked["id"].as_str().expect("an id");
    let told = [
        ("budget requests", up.ask(&["budget", "requests"])),
        ("budget approve ID --amount 3", up.ask(&["budget", "approve", id, "--amount", "3"])),
        ("budget deny ID", up.ask(&["budget", "deny", id])),
        ("budget requests --state open", up.ask(&["budget", "requests", "--state", "open"])),
        ("budget show", up.ask(&["budget", "show", "developer/ada@example.com"])),
    ];
    assert_snapshot!(tell(&machine, &told));
}

#[test]
fn what_cannot_be_asked_says_what_can() {
    let machine = Machine::new();
    let up = Up::start(&machine, &["--no-import"]);
    assert_snapshot!(story(
        &up,
        &machine,
        &[
            "budget set crew/web --amount 5 --period month",
            "budget set team/web --amount -5 --period month",
            "budget set team/web --amount 5 --period month --threshold 80=shout",
            "budget show team/web",
            "budget transfer team/a team/b --amount 1 --period month --reason x",
            "kill org",
        ]
    ));
}
