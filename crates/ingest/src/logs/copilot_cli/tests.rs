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
        &|state| super::decoder(Path::new("session-state/folder-name/events.jsonl"), state).unwrap(),
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
            super::decoder(Path::new("session-state/a/events.jsonl"), state).unwrap()
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
    assert_eq!(state, r#"{"row":4,"mark":"other 2026-01-01T00:00:03.000Z"}"#);
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
    assert_eq!(super::read(&path, None, &mut harvest, &mut |_| {}).unwrap(), r#"{"row":0,"mark":null}"#);
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
        let harvest = testing::read(&bytes, &|state| super::decoder(&path, state).unwrap());
        assert_eq!(harvest.observations.len(), calls, "{created_at}");
        assert_eq!(harvest.problems.iter().count(), 0, "{created_at}");
    }
}

/// What the shutdowns of a session say beside a database whose only request has
/// that time, after a change to it.
fn beside(created_at: &str, sql: &str) -> std::io::Result<String> {
    let home = home(created_at);
    Connection::open(home.path().join("session-store.db")).unwrap().execute_batch(sql).unwrap();
    let path = home.path().join("session-state").join(SESSION).join("events.jsonl");
    let bytes = fs::read(testing::fixture("copilot-cli/lives_that_each_count.jsonl")).unwrap();
    super::decoder(&path, None)?;
    let make = |state: Option<&str>| super::decoder(&path, state).unwrap();
    let harvest = testing::read(&bytes, &make);
    assert_eq!(testing::show(&testing::read_interrupted(&bytes, &make)), testing::show(&harvest));
    let calls = harvest.observations.len();
    let problems: u64 = harvest.problems.iter().map(|(_, met)| met.count).sum();
    Ok(format!("{calls} calls, {problems} problems"))
}

#[test]
fn from_its_first_row_on_the_database_has_all() {
    let of_another = "UPDATE assistant_usage_events SET session_id = 'other'";
    assert_eq!(beside("2026-01-01 00:00:04", of_another).unwrap(), "1 calls, 1 problems");
    assert_eq!(beside("2026-01-01 00:00:09", of_another).unwrap(), "2 calls, 0 problems");
    assert_eq!(beside("soon", "").unwrap(), "2 calls, 0 problems");
    let empty = "DELETE FROM assistant_usage_events";
    assert_eq!(beside("2026-01-01 00:00:01", empty).unwrap(), "2 calls, 0 problems");
    let without = "DROP TABLE assistant_usage_events";
    assert_eq!(beside("2026-01-01 00:00:01", without).unwrap(), "2 calls, 0 problems");
}

#[test]
fn events_wait_for_a_database_that_cannot_be_asked() {
    let other_layout = "ALTER TABLE assistant_usage_events RENAME COLUMN created_at TO made";
    assert_eq!(
        beside("2026-01-01 00:00:01", other_layout).unwrap_err().to_string(),
        "this version of Copilot CLI keeps no `created_at` in `assistant_usage_events`; it cannot be read yet"
    );
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("session-store.db"), "hello, this is not a database at all").unwrap();
    assert!(super::decoder(&home.path().join("session-state/a/events.jsonl"), None).is_err());
}

#[test]
fn a_database_made_anew_is_read_from_its_beginning() {
    let mut harvest = Harvest::default();
    let mut state = None;
    let mut calls = Vec::new();
    for (created_at, sql) in [
        ("2026-01-01 00:00:01", ""),
        ("2026-01-01 00:00:01", ""),
        ("2026-02-01 00:00:01", ""),
        ("2026-03-01 00:00:01", "UPDATE assistant_usage_events SET id = 7"),
        ("2026-04-01 00:00:01", ""),
    ] {
        let home = home(created_at);
        let path = home.path().join("session-store.db");
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        state = Some(super::read(&path, state.as_deref(), &mut harvest, &mut |_| {}).unwrap());
        calls.push(harvest.observations.drain(..).count());
    }
    assert_eq!(calls, [1, 0, 1, 1, 1]);
}

/// However a database grows, is pruned or begins anew, reading on gives the calls
/// that reading all gives.
#[test]
fn reading_on_misses_no_row() {
    let mut dice = testing::Dice::new(7);
    let home = home("2026-01-01 00:00:01");
    let path = home.path().join("session-store.db");
    let db = Connection::open(&path).unwrap();
    let mut state = None;
    let mut seen = std::collections::BTreeSet::new();
    for step in 0..200 {
        match dice.below(12) {
            0 => db.execute_batch("DELETE FROM assistant_usage_events; DELETE FROM sqlite_sequence").unwrap(),
            1 => db.execute_batch("DELETE FROM assistant_usage_events WHERE id % 3 = 0").unwrap(),
            _ => db
                .execute_batch(&format!(
                    "INSERT INTO assistant_usage_events (session_id, model, input_tokens, created_at)
                     VALUES ('s{step}', 'gpt-5', 5, '2026-01-02T00:00:00Z')"
                ))
                .unwrap(),
        }
        if dice.below(4) > 0 {
            continue;
        }
        let (mut new, mut all) = (Harvest::default(), Harvest::default());
        state = Some(super::read(&path, state.as_deref(), &mut new, &mut |_| {}).unwrap());
        seen.extend(new.observations.iter().map(|call| call.key.to_string()));
        super::read(&path, None, &mut all, &mut |_| {}).unwrap();
        assert!(all.observations.iter().all(|call| seen.contains(&call.key.to_string())), "step {step}");
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
