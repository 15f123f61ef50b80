//! What goes wrong, and the exit code that says whose turn it is: 1 where the
//! machine is in the way, 2 where the question is.

use insta::assert_snapshot;

use crate::example::office;
use crate::machine::{Machine, Run};

/// Runs all of these questions, each of which must be refused with that code, and
/// shows what was said.
fn refused(machine: &Machine, code: i32, questions: &[&[&str]]) -> String {
    let mut shown = String::new();
    for question in questions {
        let run = machine.run(question);
        assert_eq!((run.code, run.stdout.as_str()), (code, ""), "{question:?}: {run:?}");
        assert!(!run.stderr.trim().is_empty(), "{question:?} says nothing");
        let said = machine.shown(&run);
        let said = said.lines().skip(2).map(|line| format!("  {line}\n")).collect::<String>();
        shown.extend(["$ bursar ", &question.join(" "), "\n", &said, "\n"]);
    }
    shown
}

#[test]
fn questions_that_make_no_sense() {
    assert_snapshot!(refused(
        &office(),
        2,
        &[
            &["report", "--by", "planet"],
            &["report", "--by", "repo,,model"],
            &["report", "--by", "repo,model,branch,tool"],
            &["report", "--by", "repo,repo"],
            &["report", "--by", ""],
            &["report", "yearly"],
            &["report", "--since", "next-month"],
            &["report", "--since", "2026-02-30"],
            &["report", "--since", "-7d"],
            &["report", "--since", "99999999d"],
            &["report", "--until", "yesterdays"],
            &["report", "--since", "2026-03-02", "--until", "2026-03-01"],
            &["report", "--timezone", "Mars/Olympus"],
            &["report", "--repo", ""],
            &["report", "--repo", "!"],
            &["report", "--compare"],
            &["report", "--top", "many"],
            &["report", "--top", "-1"],
            &["report", "--format", "xml"],
            &["report", "--what-if", "opus-5.5"],
            &["report", "--what-if", "opus-5.5=house-coder-2"],
            &["report", "--what-if", "=sonnet-5.5"],
            &["reprot"],
            &["session", "nobody"],
            &["session", ""],
            &["explain", "msg_01"],
            &["explain", "msg_nobody"],
            &["explain", ""],
            &["prices", "opus", "--at", "soon"],
            &["prices", "opus", "--at", "2026-03-01", "--history"],
            &["tag", "nobody", "task=fix"],
            &["tag", "", "task=fix"],
            &["tag", "5a69", "colour=red"],
            &["tag", "5a69", "task"],
        ]
    ));
}

#[test]
fn a_server_is_named_to_what_does_without() {
    let server = ["--server", "https://bursar.example.com"];
    let machine = Machine::new();
    machine.sandbox.write("it.backup", "");
    let with_server = |words: &[&'static str]| [words, &server].concat();
    let questions = [
        with_server(&["check"]),
        with_server(&["migrate", "--database", "sqlite:book"]),
        with_server(&["backup", "new.backup"]),
        with_server(&["restore", "it.backup"]),
        with_server(&["demo"]),
        with_server(&["statusline"]),
        with_server(&["up"]),
        with_server(&["serve"]),
        with_server(&["report", "--ephemeral"]),
        vec!["serve", "--format", "csv"],
    ];
    let questions: Vec<&[&str]> = questions.iter().map(Vec::as_slice).collect();
    assert_snapshot!(refused(&machine, 2, &questions));
    assert!(!machine.path("book").exists() && !machine.path("new.backup.part").exists());
}

#[test]
fn settings_that_cannot_be_used() {
    let office = office();
    let settings = [
        ("unknown-key.toml", "[[repo]]\nfolder = \"/x\"\nrepository = \"github.com/a/b\"\n"),
        ("no-toml.toml", "this is\nno TOML"),
        ("empty-name.toml", "[[client]]\nbranch = \"x/*\"\nname = \"\"\n"),
        ("no-rate.toml", "name = \"x\"\n[[price]]\nprovider = \"anthropic\"\n"),
        ("float.toml", "name = \"x\"\n[[price]]\nmultiplier = 0.85\n"),
        ("day.toml", "name = \"x\"\n[[price]]\nmultiplier = \"0.85\"\nfrom = \"2026-02-30\"\n"),
    ];
    for (name, text) in settings {
        office.sandbox.write(name, text);
    }
    office.sandbox.folder("folder.toml");
    assert_snapshot!(refused(
        &office,
        2,
        &[
            &["report", "--rules", "missing.toml"],
            &["report", "--rules", "folder.toml"],
            &["report", "--rules", "unknown-key.toml"],
            &["sessions", "--rules", "no-toml.toml"],
            &["report", "--rules", "empty-name.toml"],
            &["report", "--contract", "missing.toml"],
            &["report", "--contract", "no-rate.toml"],
            &["explain", "5a69", "--contract", "float.toml"],
            &["doctor", "--contract", "day.toml"],
        ]
    ));
    let rules = std::fs::read_to_string(office.path("config/bursar/rules.toml")).expect("rules");
    office.setting("rules.toml", &format!("{rules}[[task]]\ntype = 12\n"));
    assert_snapshot!("the_default_rules_are_wrong", refused(&office, 2, &[&["report"], &["doctor"]]));
}

#[test]
fn a_store_that_cannot_be_made() {
    let machine = Machine::new();
    machine.sandbox.write("data", "a file where the folder should be");
    assert_snapshot!(refused(&machine, 1, &[&["report"], &["sessions"], &["doctor"], &["tag"]]));
    assert_eq!(machine.run(&["report", "--ephemeral"]).code, 0);
}

#[test]
fn a_store_that_is_none() {
    let machine = Machine::new();
    machine.sandbox.write("data/bursar/journal.db", &"this is no database, ".repeat(100));
    assert_snapshot!(refused(&machine, 1, &[&["report"]]));
    machine.sandbox.delete("data");
    machine.sandbox.folder("data/bursar/journal.db");
    assert_snapshot!("the_store_is_a_folder", refused(&machine, 1, &[&["report"]]));
}

#[test]
fn nowhere_to_store() {
    let machine = Machine::new();
    let mut command = machine.bursar(&["report"]);
    command.env_remove("HOME").env_remove("XDG_DATA_HOME");
    assert_snapshot!(machine.shown(&Run::to_end(&mut command)));
    let mut command = machine.bursar(&["up"]);
    let run = Run::to_end(command.env_remove("HOME").env_remove("XDG_DATA_HOME"));
    assert!(run.code == 1 && run.stderr.contains("name the folder of the book with --data DIR"), "{run:?}");
    let mut command = machine.bursar(&["report", "--ephemeral"]);
    assert_eq!(Run::to_end(command.env_remove("HOME").env_remove("XDG_DATA_HOME")).code, 0);
}

#[test]
fn nowhere_to_write() {
    let machine = Machine::new();
    machine.sandbox.write("file", "");
    assert_snapshot!(refused(&machine, 1, &[&["man", "file/man1"]]));
}
