//! What conversations of Gemini CLI give, as records and as documents.

use std::fs;
use std::path::{Path, PathBuf};

use crate::harvest::Harvest;
use crate::source::{Found, Roots, Shape};
use crate::testing;

const CHATS: &str = ".gemini/tmp/shop/chats";

fn check(fixture: &str, expected: &str) {
    testing::check(
        &format!("gemini-cli/{fixture}"),
        &|state| super::decoder(&Path::new(CHATS).join(fixture), state),
        expected,
    );
}

fn document(path: &Path) -> String {
    let mut harvest = Harvest::default();
    super::read(path, &mut harvest).unwrap();
    testing::show(&harvest)
}

/// One response is written four times, its tool calls come one by one; what the
/// tool says in the developer's name is no turn; a rewind takes nothing back.
#[test]
fn a_message_is_one_call_however_often_it_is_written() {
    check(
        "conversation.jsonl",
        concat!(
            "gemini-cli:0ab00000-0000-4000-8000-000000000001:m2 2026-01-01T00:00:04.000Z google/gemini-2.5-pro input=830 cache_read=200 output=100 reasoning=60 final Own @ 0ab00000-0000-4000-8000-000000000001 /init\n",
            "gemini-cli:0ab00000-0000-4000-8000-000000000001:m2 2026-01-01T00:00:04.000Z google/gemini-2.5-pro input=830 cache_read=200 output=100 reasoning=60 final Own @ 0ab00000-0000-4000-8000-000000000001 /init\n",
            "gemini-cli:0ab00000-0000-4000-8000-000000000001:m2 2026-01-01T00:00:04.000Z google/gemini-2.5-pro input=830 cache_read=200 output=100 reasoning=60 final Own @ 0ab00000-0000-4000-8000-000000000001 /init\n",
            "gemini-cli:0ab00000-0000-4000-8000-000000000001:m5 2026-01-01T00:00:08.000Z google/gemini-2.5-flash input=100 cache_read=1400 output=10 final Own @ 0ab00000-0000-4000-8000-000000000001 /init\n",
            "session 0ab00000-0000-4000-8000-000000000001 2026-01-01T00:00:01.000Z..2026-01-01T00:00:10.000Z turns=2 active_ms=9000 tools=3 failed=2 run=2 first=1030 peak=1500\n",
        ),
    );
}

#[test]
fn what_cannot_be_counted_is_a_problem() {
    check(
        "odd.jsonl",
        concat!(
            "gemini-cli:0ab00000-0000-4000-8000-000000000001:m1 2026-01-01T00:00:01.000Z google/gemini-2.5-pro input=12 output=3 final Own @ 0ab00000-0000-4000-8000-000000000001\n",
            "gemini-cli:0ab00000-0000-4000-8000-000000000001:m6 2026-01-01T00:00:06.000Z google/gemini-2.5-pro cache_read=5 output=1 final Own @ 0ab00000-0000-4000-8000-000000000001\n",
            "session 0ab00000-0000-4000-8000-000000000001 2026-01-01T00:00:01.000Z..2026-01-01T00:00:09.500Z turns=2 active_ms=8500 first=12 peak=12\n",
            "malformed x1 at 1386\n",
            "incomplete x4 at 246\n",
        ),
    );
}

#[test]
fn a_document_gives_the_same_keys_as_records() {
    let shown = document(&testing::fixture("gemini-cli/session.json"));
    assert_eq!(
        shown,
        concat!(
            "gemini-cli:0ab00000-0000-4000-8000-000000000001:m2 2026-01-01T00:00:04.000Z google/gemini-2.5-pro input=830 cache_read=200 output=100 reasoning=60 final Own @ 0ab00000-0000-4000-8000-000000000001\n",
            "gemini-cli:0ab00000-0000-4000-8000-000000000001:m3 2026-01-01T00:00:06.000Z google/gemini-2.5-pro input=9 output=1 final Own @ 0ab00000-0000-4000-8000-000000000001\n",
            "session 0ab00000-0000-4000-8000-000000000001 2026-01-01T00:00:01.000Z..2026-01-01T00:00:06.000Z turns=1 active_ms=5000 tools=1 first=1030 peak=1030\n",
        ),
        "\n{shown}"
    );
}

#[test]
fn survives_damage() {
    for fixture in ["conversation.jsonl", "odd.jsonl"] {
        testing::survives_damage(&format!("gemini-cli/{fixture}"), &|state| {
            super::decoder(Path::new(fixture), state)
        });
    }
    testing::documents_survive_damage("gemini-cli/session.json", "session.json", &super::read);
}

/// A home of Gemini CLI with these files.
fn home(files: &[(&str, &str)]) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    for (file, text) in files {
        let path = home.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    home
}

#[test]
fn finds_conversations_of_both_formats_and_of_subagents() {
    let home = home(&[
        ("tmp/shop/chats/session-1.jsonl", ""),
        ("tmp/shop/chats/session-2.json", ""),
        ("tmp/shop/chats/parent-id/child.jsonl", ""),
        ("tmp/shop/logs.json", ""),
        ("tmp/shop/checkpoint-a.json", ""),
        ("tmp/shop/tool-outputs/session-3.json", ""),
    ]);
    let mut found = Found::default();
    super::find(&Roots { gemini: vec![home.path().to_owned()], ..Roots::default() }, &mut found);
    let files: Vec<_> = found
        .files
        .iter()
        .map(|file| (file.path.strip_prefix(home.path()).unwrap().to_owned(), file.shape))
        .collect();
    let path = |file: &str| PathBuf::from("tmp/shop/chats").join(file);
    assert_eq!(
        files,
        [
            (path("parent-id/child.jsonl"), Shape::Lines),
            (path("session-1.jsonl"), Shape::Lines),
            (path("session-2.json"), Shape::Document),
        ]
    );
}

#[test]
fn the_folder_comes_from_the_projects_files() {
    let line = r#"{"sessionId":"s","projectHash":"h"}
{"id":"m","type":"gemini","timestamp":"2026-01-01T00:00:00.000Z","model":"gemini-2.5-pro","tokens":{"input":5,"output":1}}
"#;
    for (files, place) in [
        (vec![("tmp/shop/.project_root", "/home/ana/shop\n")], "@ s /home/ana/shop"),
        (vec![("projects.json", r#"{"projects":{"/home/ana/shop":"shop","/b":"c"}}"#)], "@ s /home/ana/shop"),
        (vec![("projects.json", "[]")], "@ s"),
        (vec![], "@ s"),
    ] {
        let home = home(&files);
        let path = home.path().join("tmp/shop/chats/session-1.jsonl");
        let harvest = testing::read(line.as_bytes(), &|state| super::decoder(&path, state));
        let shown = testing::show(&harvest);
        assert!(shown.lines().next().unwrap().ends_with(place), "{shown}");
    }
}

#[test]
fn a_subagent_belongs_to_the_session_that_started_it() {
    let path = Path::new("tmp/shop/chats/parent-id/child.jsonl");
    let line = r#"{"sessionId":"child","projectHash":"h","kind":"subagent"}
{"id":"m","type":"gemini","timestamp":"2026-01-01T00:00:00.000Z","model":"gemini-2.5-pro","tokens":{"input":5,"output":1}}
"#;
    let shown = testing::show(&testing::read(line.as_bytes(), &|state| super::decoder(path, state)));
    assert_eq!(
        shown,
        concat!(
            "gemini-cli:child:m 2026-01-01T00:00:00.000Z google/gemini-2.5-pro input=5 output=1 final Own @ parent-id subagent\n",
            "session parent-id 2026-01-01T00:00:00.000Z..2026-01-01T00:00:00.000Z\n",
        ),
        "\n{shown}"
    );
}

#[test]
fn a_turn_is_of_the_last_prompt() {
    let name = "conversation.jsonl";
    testing::check_turns(
        &format!("gemini-cli/{name}"),
        &|state| super::decoder(&Path::new(CHATS).join(name), state),
        concat!(
            "gemini-cli:0ab00000-0000-4000-8000-000000000001:m2 turn 1\n",
            "gemini-cli:0ab00000-0000-4000-8000-000000000001:m2 turn 1 run_shell\n",
            "gemini-cli:0ab00000-0000-4000-8000-000000000001:m2 turn 1 read_file run_shell+1\n",
            "gemini-cli:0ab00000-0000-4000-8000-000000000001:m5 turn 1\n",
        ),
    );
}
