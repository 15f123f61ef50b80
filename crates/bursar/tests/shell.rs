//! Help, completions and manual pages.

use std::fs;

use insta::assert_snapshot;

use crate::machine::Machine;

const COMMANDS: [&str; 29] = [
    "report",
    "insight",
    "sessions",
    "session",
    "explain",
    "prices",
    "statusline",
    "tag",
    "collect",
    "hook",
    "run",
    "rollout",
    "doctor",
    "demo",
    "up",
    "serve",
    "seal",
    "token",
    "org",
    "budget",
    "kill",
    "unkill",
    "audit",
    "migrate",
    "check",
    "backup",
    "restore",
    "completions",
    "man",
];

#[test]
fn help() {
    let machine = Machine::new();
    assert_snapshot!("help", machine.show(&["--help"]));
    for command in COMMANDS {
        assert_snapshot!(format!("help_{command}"), machine.show(&[command, "--help"]));
    }
}

#[test]
fn every_command_is_in_the_help_and_shows_examples() {
    let machine = Machine::new();
    let help = machine.run(&["--help"]);
    let listed: Vec<&str> = help
        .done()
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert_eq!(listed, COMMANDS);
    for command in COMMANDS {
        let help = machine.run(&[command, "--help"]);
        let (usage, examples) = help.done().rsplit_once("--help").expect("a usage");
        assert!(usage.contains(&format!("bursar {command}")), "{command}: {usage}");
        assert!(examples.contains(&format!("bursar {command}")), "{command}: {examples}");
    }
}

#[test]
fn the_version() {
    let version = concat!("bursar ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(Machine::new().run(&["--version"]).done(), version);
}

#[test]
fn completions() {
    let machine = Machine::new();
    for shell in ["bash", "zsh", "fish"] {
        let run = machine.run(&["completions", shell]);
        for word in COMMANDS.into_iter().chain(["--what-if", "--timezone"]) {
            assert!(run.done().contains(word.trim_start_matches('-')), "{shell} does not complete {word}");
        }
    }
    assert_eq!(machine.run(&["completions", "tcl"]).code, 2);
}

#[test]
fn manual_pages() {
    let machine = Machine::new();
    assert_snapshot!("man", machine.show(&["man", "share/man/man1"]));
    let pages = fs::read_dir(machine.path("share/man/man1")).expect("the folder");
    let mut pages: Vec<String> =
        pages.map(|page| page.expect("a page").file_name().to_string_lossy().into_owned()).collect();
    pages.sort();
    let mut expected: Vec<String> = COMMANDS.iter().map(|name| format!("bursar-{name}.1")).collect();
    expected.push("bursar.1".to_owned());
    expected.sort();
    // Commands of commands have pages too: bursar-token-create.1.
    pages.retain(|page| page.matches('-').count() < 2);
    assert_eq!(pages, expected);
    let page = fs::read_to_string(machine.path("share/man/man1/bursar-report.1")).expect("the page");
    assert!(page.contains(".TH") && page.contains("what\\-if"), "{page}");
}
