//! What the database and the message files of opencode give.

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use crate::harvest::Harvest;
use crate::source::{Found, Roots};
use crate::testing;

const DAY: u64 = 1_767_225_600_000;

/// An id of opencode, made so many milliseconds into the day.
fn id(millis: u64) -> String {
    format!("msg_{:09x}001AbCdEfGhIjKlMn", (DAY + millis) % (1 << 36))
}

/// A database with the tables that are read.
fn database(path: &Path) -> Connection {
    let database = Connection::open(path).unwrap();
    database
        .execute_batch(
            "CREATE TABLE session (id TEXT PRIMARY KEY, parent_id TEXT, directory TEXT NOT NULL, cost REAL);
             CREATE TABLE message (id TEXT PRIMARY KEY, session_id TEXT NOT NULL,
                 time_created INTEGER NOT NULL, time_updated INTEGER NOT NULL, data TEXT NOT NULL);
             CREATE TABLE part (id TEXT PRIMARY KEY, message_id TEXT NOT NULL, session_id TEXT NOT NULL,
                 time_created INTEGER NOT NULL, time_updated INTEGER NOT NULL, data TEXT NOT NULL);
             INSERT INTO session VALUES ('ses_main', NULL, '/home/ana/shop', 1.0);
             INSERT INTO session VALUES ('ses_child', 'ses_main', '/home/ana/shop', 0.5);
             INSERT INTO session VALUES ('ses_fork', NULL, '/home/ana/shop', 1.0);",
        )
        .unwrap();
    database
}

struct Row<'a> {
    session: &'a str,
    id: String,
    created: u64,
    json: &'a str,
}

/// Adds a message; `%` in the JSON stands for its creation.
fn message(database: &Connection, row: &Row<'_>) {
    let created = DAY + row.created;
    let json = row.json.replace('%', &created.to_string());
    database
        .execute(
            "INSERT OR REPLACE INTO message VALUES (?1, ?2, ?3, ?3, ?4)",
            (&row.id, row.session, i64::try_from(created).unwrap(), json),
        )
        .unwrap();
}

fn part(database: &Connection, message: &str, session: &str, json: &str) {
    let id: i64 = database.query_row("SELECT count(*) FROM part", [], |row| row.get(0)).unwrap();
    database
        .execute(
            "INSERT INTO part VALUES (?1, ?2, ?3, ?4, ?4, ?5)",
            (format!("prt_{id:04}"), message, session, i64::try_from(DAY).unwrap() + id, json),
        )
        .unwrap();
}

const USER: &str = r#"{"role":"user","time":{"created":%},"summary":{"diffs":[]}}"#;
const ANSWER: &str = r#"{"role":"assistant","time":{"created":%,"completed":%},"modelID":"claude-sonnet-4-5",
    "providerID":"anthropic","path":{"cwd":"/home/ana/shop/api","root":"/"},"cost":0.0123,
    "tokens":{"input":10,"output":200,"reasoning":0,"cache":{"read":3000,"write":400}}}"#;

#[test]
fn a_conversation_is_its_session_and_those_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("opencode.db");
    let db = database(&path);
    let add = |session, millis, json| {
        let row = Row { session, id: id(millis), created: millis, json };
        message(&db, &row);
        row.id
    };
    let prompt = add("ses_main", 0, USER);
    let answer = add("ses_main", 1_000, ANSWER);
    let made_up = add("ses_main", 2_000, USER);
    add(
        "ses_main",
        3_000,
        r#"{"role":"assistant","time":{"created":%},"modelID":"gpt-5","providerID":"openai","summary":true,
        "error":{"name":"MessageAbortedError"},
        "tokens":{"total":350,"input":100,"output":50,"reasoning":200,"cache":{"read":0,"write":0}}}"#,
    );
    add(
        "ses_main",
        4_000,
        r#"{"role":"assistant","parentID":"msg_prompt","time":{"created":%},"modelID":"gpt-5","providerID":"openai",
        "tokens":{"total":150,"input":100,"output":50,"reasoning":20,"cache":0}}"#,
    );
    add(
        "ses_child",
        2_500,
        r#"{"role":"assistant","parentID":"msg_asked","time":{"created":%},"modelID":"gemini-2.5-pro","providerID":"google",
        "tokens":{"input":100,"output":50,"reasoning":20,"cache":{"read":0,"write":0}}}"#,
    );
    add(
        "ses_main",
        5_000,
        r#"{"role":"assistant","time":{"created":%},"modelID":"gpt-5","tokens":{"input":0,"output":0}}"#,
    );
    add("ses_main", 6_000, r#"{"role":"assistant","tokens":{"input":1,"output":-1}}"#);
    add("ses_main", 7_000, "{");
    // A fork keeps when a message was created and gives it a new id.
    message(&db, &Row { session: "ses_fork", id: id(60_000), created: 1_000, json: ANSWER });
    part(&db, &prompt, "ses_main", r#"{"type":"text","text":"go"}"#);
    part(&db, &made_up, "ses_main", r#"{"type":"text","text":"go on","synthetic":true}"#);
    for call in ["a", "b"] {
        let json = format!(
            r#"{{"type":"tool","tool":"bash","callID":"{call}","state":{{"status":"error","input":{{"command":"make"}}}}}}"#
        );
        part(&db, &answer, "ses_main", &json);
    }
    drop(db);
    let mut harvest = Harvest::default();
    let state = super::read(&path, None, &mut harvest, &mut |_| {}).unwrap();
    assert_eq!(
        state,
        r#"{"updated_ms":1767225607000,"messages":10,"row":10,"id":"msg_b76db9260001AbCdEfGhIjKlMn"}"#
    );
    let shown = testing::show(&harvest);
    assert_eq!(
        shown,
        concat!(
            "opencode:msg_b76daabe8001AbCdEfGhIjKlMn 2026-01-01T00:00:01.000Z anthropic/claude-sonnet-4-5 input=10 cache_write_5m=400 cache_read=3000 output=200 cost=0.012300000 final Own @ ses_main /home/ana/shop/api\n",
            "opencode:msg_b76dab3b8001AbCdEfGhIjKlMn 2026-01-01T00:00:03.000Z openai/gpt-5 input=100 output=250 reasoning=200 interrupted Own @ ses_main /home/ana/shop\n",
            "opencode:msg_b76dab7a0001AbCdEfGhIjKlMn 2026-01-01T00:00:04.000Z openai/gpt-5 input=100 output=50 reasoning=20 final Own @ ses_main /home/ana/shop\n",
            "opencode:msg_b76dab1c4001AbCdEfGhIjKlMn 2026-01-01T00:00:02.500Z google/gemini-2.5-pro input=100 output=70 reasoning=20 final Own @ ses_main subagent /home/ana/shop\n",
            "session ses_main 2026-01-01T00:00:00.000Z..2026-01-01T00:00:05.000Z turns=1 active_ms=5000 tools=2 failed=2 run=2 compactions=1 first=3410 peak=3410\n",
            "malformed x1 at 9\n",
            "incomplete x1 at 8\n",
        ),
        "\n{shown}"
    );
    // What a subagent was asked is no prompt of the developer.
    let turns = testing::show_turns(&harvest);
    let found: Vec<_> = turns.lines().map(|it| it.split_once(' ').unwrap().1).collect();
    assert_eq!(found, ["no turn bash bash+1", "no turn", "turn 1", "no turn"]);
}

#[test]
fn reading_goes_on_where_it_stopped_and_keeps_the_tally_right() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("opencode.db");
    let db = database(&path);
    let mut harvest = Harvest::default();
    let mut state = None;
    let mut calls = Vec::new();
    for millis in [1_000, 2_000, 3_000] {
        message(&db, &Row { session: "ses_main", id: id(millis), created: millis, json: ANSWER });
        state = Some(super::read(&path, state.as_deref(), &mut harvest, &mut |_| {}).unwrap());
        calls.push(harvest.observations.drain(..).count());
    }
    // The last one before is read again, as more may have come in the same moment.
    assert_eq!(calls, [1, 2, 2]);
    let shown = testing::show(&harvest);
    assert_eq!(
        shown,
        "session ses_main 2026-01-01T00:00:01.000Z..2026-01-01T00:00:03.000Z active_ms=2000 first=3410 peak=3410\n",
        "\n{shown}"
    );
}

/// Reads on, and says how many calls that gave.
fn read_on(path: &Path, state: &mut Option<String>, harvest: &mut Harvest) -> usize {
    *state = Some(super::read(path, state.as_deref(), harvest, &mut |_| {}).unwrap());
    harvest.observations.drain(..).count()
}

#[test]
fn a_message_that_is_added_late_with_an_old_time_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("opencode.db");
    let db = database(&path);
    let (mut harvest, mut state) = (Harvest::default(), None);
    let mut calls = Vec::new();
    for millis in [5_000, 1_000, 2_000, 6_000] {
        message(&db, &Row { session: "ses_main", id: id(millis), created: millis, json: ANSWER });
        calls.push(read_on(&path, &mut state, &mut harvest));
    }
    // The youngest is read again each time, as more may have come in its moment.
    assert_eq!(calls, [1, 2, 2, 2]);
}

#[test]
fn what_is_no_continuation_is_read_from_the_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("opencode.db");
    let change = |sql: &str| {
        let (mut harvest, mut state) = (Harvest::default(), None);
        fs::remove_file(&path).ok();
        let db = database(&path);
        for millis in [1_000, 2_000, 3_000, 4_000] {
            message(&db, &Row { session: "ses_main", id: id(millis), created: millis, json: ANSWER });
        }
        message(&db, &Row { session: "ses_main", id: id(0), created: 0, json: "{" });
        assert_eq!(read_on(&path, &mut state, &mut harvest), 4);
        db.execute_batch(sql).unwrap();
        let calls = read_on(&path, &mut state, &mut harvest);
        assert_eq!(testing::show(&harvest).matches("malformed x1").count(), 1, "{sql}");
        assert_eq!(read_on(&path, &mut state, &mut harvest), 1, "{sql}");
        calls
    };
    assert_eq!(change(""), 1);
    assert_eq!(change("UPDATE message SET time_updated = 9000000000000 WHERE rowid = 1"), 2);
    // Fewer messages; a younger one that is gone; one row's place taken by another.
    assert_eq!(change("DELETE FROM message WHERE rowid = 1"), 3);
    assert_eq!(change("UPDATE message SET time_updated = 1 WHERE rowid = 4"), 4);
    assert_eq!(change("UPDATE message SET id = 'msg_other' WHERE rowid = 5"), 4);
}

/// Whatever a database went through, reading on gives the calls that reading all gives.
#[test]
fn reading_on_misses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for seed in 1..=40 {
        let mut dice = testing::Dice::new(seed);
        let path = folder.path().join(format!("{seed}.db"));
        let db = database(&path);
        let (mut harvest, mut state) = (Harvest::default(), None);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..20 {
            let millis = u64::try_from(dice.below(9_000)).unwrap();
            let session = ["ses_main", "ses_child"][dice.below(2)];
            match dice.below(8) {
                0 => db
                    .execute_batch("DELETE FROM message WHERE rowid = (SELECT max(rowid) FROM message)")
                    .unwrap(),
                1 => db.execute_batch("VACUUM").unwrap(),
                _ => message(&db, &Row { session, id: id(millis), created: millis, json: ANSWER }),
            }
            if dice.below(3) == 0 {
                state = Some(super::read(&path, state.as_deref(), &mut harvest, &mut |_| {}).unwrap());
                seen.extend(harvest.observations.drain(..).map(|call| call.key.to_string()));
                let mut all = Harvest::default();
                super::read(&path, None, &mut all, &mut |_| {}).unwrap();
                for call in &all.observations {
                    assert!(seen.contains(&call.key.to_string()), "seed {seed}");
                }
            }
        }
    }
}

#[test]
fn another_layout_is_an_error_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("opencode.db");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE message (id TEXT)").unwrap();
    let error = super::read(&path, None, &mut Harvest::default(), &mut |_| {}).unwrap_err();
    assert_eq!(
        error.to_string(),
        "this version of opencode keeps no `time_updated` in `message`; it cannot be read yet"
    );
}

/// The message as files hold it, with its ids inside.
fn with_ids(json: &str) -> String {
    json.replacen('{', &format!(r#"{{"id":"{}","sessionID":"ses_main","#, id(0)), 1)
}

fn file(json: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("msg.json");
    fs::write(&path, json.replace('%', &DAY.to_string())).unwrap();
    let mut harvest = Harvest::default();
    super::read_document(&path, &mut harvest).unwrap();
    testing::show(&harvest)
}

#[test]
fn a_message_file_has_the_key_that_the_database_gives_it() {
    let json = with_ids(ANSWER);
    let shown = file(&json);
    assert_eq!(
        shown,
        concat!(
            "opencode:msg_b76daa800001AbCdEfGhIjKlMn 2026-01-01T00:00:00.000Z anthropic/claude-sonnet-4-5 input=10 cache_write_5m=400 cache_read=3000 output=200 cost=0.012300000 final Own @ ses_main /home/ana/shop/api\n",
            "session ses_main 2026-01-01T00:00:00.000Z..2026-01-01T00:00:00.000Z\n",
        ),
        "\n{shown}"
    );
    assert_eq!(file("{"), "malformed x1 at 0\n");
    assert_eq!(file(ANSWER), "incomplete x1 at 0\n");
}

#[test]
fn survives_damage() {
    let json = with_ids(ANSWER).replace('%', "1767225600000");
    for seed in 1..=3_000 {
        let damaged = testing::damage(json.as_bytes(), seed);
        let Ok(message) = serde_json::from_slice(&damaged) else { continue };
        let (thread, tools) = (domain::Thread::Main, domain::ToolUses::NONE);
        let stand = super::Stand { id: "msg_1", session: "s", thread, folder: None, tools, offset: 0 };
        super::count(&message, &stand, &mut Harvest::default());
    }
}

#[test]
fn finds_databases_and_message_files() {
    let home = tempfile::tempdir().unwrap();
    for file in
        ["opencode.db", "opencode.db-wal", "opencode-beta.db", "other.db", "storage/message/ses_1/msg_1.json"]
    {
        let path = home.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    let mut found = Found::default();
    super::find(&Roots { opencode: vec![home.path().to_owned()], ..Roots::default() }, &mut found);
    let files: Vec<_> = found
        .files
        .iter()
        .map(|file| file.path.strip_prefix(home.path()).unwrap().display().to_string())
        .collect();
    assert_eq!(files, ["opencode-beta.db", "opencode.db", "storage/message/ses_1/msg_1.json"]);
}
