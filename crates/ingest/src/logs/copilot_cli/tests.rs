//! What events and the database of Copilot CLI give.

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use crate::harvest::Harvest;
use crate::source::{Found, Roots};
use crate::testing;

const SESSION: &str = "5e000000-0000-4000-8000-000000000001";

fn check(fixture: &str, expected: &str) {
    testing::check(
        &format!("copilot-cli/{fixture}.jsonl"),
        &|state| super::decoder(Path::new("session-state/folder-name/events.jsonl"), state),
        expected,
    );
}

/// Two models are summed up at the end; the same step fails twice; a push to go on
/// is no turn.
#[test]
fn a_shutdown_is_one_sum_a_model() {
    check(
        "one_life",
        concat!(
            "copilot-cli:5e000000-0000-4000-8000-000000000001:e013:claude-sonnet-4 2026-01-01T00:00:10.000Z ?/claude-sonnet-4 input=1000 cache_write_5m=1000 cache_read=3000 output=300 reasoning=40 aggregate Own @ 5e000000-0000-4000-8000-000000000001 /home/ana/shop #fix https://github.com/acme/shop\n",
            "copilot-cli:5e000000-0000-4000-8000-000000000001:e013:gpt-5 2026-01-01T00:00:10.000Z ?/gpt-5 input=700 output=50 aggregate Own @ 5e000000-0000-4000-8000-000000000001 /home/ana/shop #fix https://github.com/acme/shop\n",
            "session 5e000000-0000-4000-8000-000000000001 2026-01-01T00:00:00.000Z..2026-01-01T00:00:10.000Z turns=1 active_ms=10000 tools=2 failed=2 run=2 compactions=1\n",
        ),
    );
}

#[test]
fn sums_since_the_resume_are_added() {
    check(
        "lives_that_each_count",
        concat!(
            "copilot-cli:5e000000-0000-4000-8000-000000000001:e003:gpt-5 2026-01-01T00:00:02.000Z ?/gpt-5 input=500 cache_read=500 output=100 aggregate Own @ 5e000000-0000-4000-8000-000000000001 /home/ana/shop #main https://github.example.com/acme/shop\n",
            "copilot-cli:5e000000-0000-4000-8000-000000000001:e006:gpt-5 2026-01-01T00:00:05.000Z ?/gpt-5 input=600 cache_read=900 output=150 aggregate Own @ 5e000000-0000-4000-8000-000000000001 /home/ana/shop #main https://github.example.com/acme/shop\n",
            "session 5e000000-0000-4000-8000-000000000001 2026-01-01T00:00:00.000Z..2026-01-01T00:00:05.000Z active_ms=5000\n",
        ),
    );
}

/// The last life begins anew after a compaction: its sum went down.
#[test]
fn sums_since_the_beginning_are_taken_apart() {
    check(
        "lives_that_add_up",
        concat!(
            "copilot-cli:5e000000-0000-4000-8000-000000000001:e003:gpt-5 2026-01-01T00:00:02.000Z ?/gpt-5 input=500 cache_read=500 output=100 aggregate Own @ 5e000000-0000-4000-8000-000000000001 /home/ana/shop #main https://github.example.com/acme/shop\n",
            "copilot-cli:5e000000-0000-4000-8000-000000000001:e006:gpt-5 2026-01-01T00:00:05.000Z ?/gpt-5 input=600 cache_read=900 output=150 aggregate Own @ 5e000000-0000-4000-8000-000000000001 /home/ana/shop #main https://github.example.com/acme/shop\n",
            "copilot-cli:5e000000-0000-4000-8000-000000000001:e006:gpt-5-mini 2026-01-01T00:00:05.000Z ?/gpt-5-mini input=10 output=1 aggregate Own @ 5e000000-0000-4000-8000-000000000001 /home/ana/shop #main https://github.example.com/acme/shop\n",
            "copilot-cli:5e000000-0000-4000-8000-000000000001:e008:gpt-5 2026-01-01T00:00:07.000Z ?/gpt-5 input=30 output=5 aggregate Own @ 5e000000-0000-4000-8000-000000000001 /home/ana/shop #main https://github.example.com/acme/shop\n",
            "session 5e000000-0000-4000-8000-000000000001 2026-01-01T00:00:00.000Z..2026-01-01T00:00:07.000Z active_ms=7000\n",
        ),
    );
}

#[test]
fn a_session_without_a_shutdown_is_one_problem() {
    check(
        "killed",
        concat!(
            "session 5e000000-0000-4000-8000-000000000001 2026-01-01T00:00:00.000Z..2026-01-01T00:00:02.000Z active_ms=2000\n",
            "incomplete x1 at 339\n",
        ),
    );
}

#[test]
fn what_cannot_be_counted_is_a_problem() {
    check(
        "odd",
        concat!(
            "session 5e000000-0000-4000-8000-000000000001 2026-01-01T00:00:00.000Z..2026-01-01T00:00:06.000Z active_ms=6000\n",
            "incomplete x5 at 491\n",
        ),
    );
}

#[test]
fn survives_damage() {
    for fixture in ["one_life", "lives_that_add_up", "odd"] {
        testing::survives_damage(&format!("copilot-cli/{fixture}.jsonl"), &|state| {
            super::decoder(Path::new("session-state/a/events.jsonl"), state)
        });
    }
}

/// Copilot's folder with a database of one request at that time.
fn home(created_at: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let store = Connection::open(home.path().join("session-store.db")).unwrap();
    store
        .execute_batch(&format!(
            "CREATE TABLE sessions (id TEXT PRIMARY KEY, cwd TEXT, repository TEXT, branch TEXT);
             CREATE TABLE assistant_usage_events (id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT NOT NULL,
                 agent_id TEXT, model TEXT, input_tokens INTEGER, output_tokens INTEGER, cache_read_tokens INTEGER,
                 cache_write_tokens INTEGER, reasoning_tokens INTEGER, created_at TEXT);
             INSERT INTO sessions VALUES ('{SESSION}', '/home/ana/shop', 'acme/shop', 'main');
             INSERT INTO assistant_usage_events (session_id, model, input_tokens, output_tokens, cache_read_tokens,
                 cache_write_tokens, reasoning_tokens, created_at)
                 VALUES ('{SESSION}', 'claude-sonnet-4.5', 25000, 100, 15000, 9000, 20, '{created_at}');"
        ))
        .unwrap();
    home
}

#[test]
fn a_row_is_a_request_and_reading_goes_on_behind_it() {
    let home = home("2026-01-01 00:00:01");
    let path = home.path().join("session-store.db");
    let mut harvest = Harvest::default();
    let state = super::read(&path, None, &mut harvest, &mut |_| {}).unwrap();
    let writer = Connection::open(&path).unwrap();
    writer
        .execute_batch(
            "INSERT INTO assistant_usage_events (session_id, agent_id, model, input_tokens, created_at)
                 VALUES ('other', 'helper', 'gpt-5', 5, '2026-01-01T00:00:02.000Z');
             INSERT INTO assistant_usage_events (session_id, model, input_tokens, created_at) VALUES ('other', 'gpt-5', -5, 'x');
             INSERT INTO assistant_usage_events (session_id, model, input_tokens, created_at)
                 VALUES ('other', 'gpt-5', 1000000000001, '2026-01-01T00:00:03.000Z');",
        )
        .unwrap();
    drop(writer);
    let state = super::read(&path, Some(&state), &mut harvest, &mut |_| {}).unwrap();
    assert_eq!(state, r#"{"row":4}"#);
    let shown = testing::show(&harvest);
    assert_eq!(
        shown,
        concat!(
            "copilot-cli:5e000000-0000-4000-8000-000000000001:row:1 2026-01-01T00:00:01.000Z ?/claude-sonnet-4.5 input=1000 cache_write_5m=9000 cache_read=15000 output=100 reasoning=20 final Own @ 5e000000-0000-4000-8000-000000000001 /home/ana/shop #main https://github.com/acme/shop\n",
            "copilot-cli:other:row:2 2026-01-01T00:00:02.000Z ?/gpt-5 input=5 final Own @ other subagent\n",
            "incomplete x2 at 3\n",
        ),
        "\n{shown}"
    );
}

#[test]
fn a_database_without_requests_is_read_as_empty() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("session-store.db");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE turns (id INTEGER)").unwrap();
    let mut harvest = Harvest::default();
    assert_eq!(super::read(&path, None, &mut harvest, &mut |_| {}).unwrap(), r#"{"row":0}"#);
    assert_eq!(testing::show(&harvest), "");
}

#[test]
fn a_shutdown_counts_only_what_the_database_does_not_have() {
    let bytes = fs::read(testing::fixture("copilot-cli/lives_that_each_count.jsonl")).unwrap();
    for (created_at, calls) in
        [("2026-01-01 00:00:01", 0), ("2026-01-01T00:00:04.000Z", 1), ("2026-01-01 00:00:09", 2)]
    {
        let home = home(created_at);
        let path = home.path().join("session-state").join(SESSION).join("events.jsonl");
        let harvest = testing::read(&bytes, &|state| super::decoder(&path, state));
        assert_eq!(harvest.observations.len(), calls, "{created_at}");
        assert_eq!(harvest.problems.iter().count(), 0, "{created_at}");
    }
}

#[test]
fn finds_events_and_the_database() {
    let home = home("2026-01-01 00:00:01");
    for file in ["session-state/a/events.jsonl", "session-state/b.jsonl", "session-state/c/workspace.yaml"] {
        let path = home.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    let mut found = Found::default();
    super::find(&Roots { copilot: vec![home.path().to_owned()], ..Roots::default() }, &mut found);
    let files: Vec<_> = found
        .files
        .iter()
        .map(|file| file.path.strip_prefix(home.path()).unwrap().display().to_string())
        .collect();
    assert_eq!(files, ["session-state/a/events.jsonl", "session-state/b.jsonl", "session-store.db"]);
}
