//! What rollouts of Codex give: through forks, subagents, and both ways of telling usage.

use std::fs;
use std::path::Path;

use crate::Roots;
use crate::source::Found;
use crate::testing;

const FIXTURES: [&str; 11] = [
    "reports",
    "records",
    "fork",
    "fork_of_records",
    "fork_without_origin",
    "fork_written_slowly",
    "subagent_numbered",
    "subagent_migrated",
    "copied_record",
    "mid_2025",
    "odd",
];

fn check(fixture: &str, expected: &str) {
    testing::check(
        &format!("codex/{fixture}.jsonl"),
        &|state| super::decoder(Path::new(fixture), state),
        expected,
    );
}

/// Reports without a total, repeated, with an estimate only, and with numbers in
/// odd clothes; the model and the folder change on the way; one step fails twice.
/// A call is told of once more with each tool that it called.
#[test]
fn a_call_is_a_report_whose_total_grew() {
    check(
        "reports",
        concat!(
            "codex:019b76da-a800-7000-8000-00000000000a:1000-600-50-20 2026-01-01T00:00:05.000Z openai/gpt-5-codex input=400 cache_read=600 output=50 reasoning=20 final Own @ 019b76da-a800-7000-8000-00000000000a /home/ana/shop #main https://git.example.com/acme/shop.git\n",
            "codex:019b76da-a800-7000-8000-00000000000a:1000-600-50-20 2026-01-01T00:00:05.000Z openai/gpt-5-codex input=400 cache_read=600 output=50 reasoning=20 final Own @ 019b76da-a800-7000-8000-00000000000a /home/ana/shop #main https://git.example.com/acme/shop.git\n",
            "codex:019b76da-a800-7000-8000-00000000000a:2200-1700-80-20 2026-01-01T00:00:08.000Z openai/gpt-5-codex input=100 cache_read=1100 output=30 final Own @ 019b76da-a800-7000-8000-00000000000a /home/ana/shop #main https://git.example.com/acme/shop.git\n",
            "codex:019b76da-a800-7000-8000-00000000000a:2200-1700-80-20 2026-01-01T00:00:08.000Z openai/gpt-5-codex input=100 cache_read=1100 output=30 final Own @ 019b76da-a800-7000-8000-00000000000a /home/ana/shop #main https://git.example.com/acme/shop.git\n",
            "codex:019b76da-a800-7000-8000-00000000000a:3600-2900-100-30 2026-01-01T00:00:12.000Z openai/gpt-5-mini input=200 cache_read=1200 output=20 reasoning=10 final Own @ 019b76da-a800-7000-8000-00000000000a /home/ana/shop/api #main https://git.example.com/acme/shop.git\n",
            "codex:019b76da-a800-7000-8000-00000000000a:4600-2900-110-30 2026-01-01T00:00:24.000Z openai/gpt-5-codex input=1000 output=10 final Own @ 019b76da-a800-7000-8000-00000000000a /home/ana/blog\n",
            "session 019b76da-a800-7000-8000-00000000000a 2026-01-01T00:00:00.100Z..2026-01-01T00:00:24.000Z turns=2 active_ms=23900 tools=2 failed=2 run=2 compactions=1 first=1000 peak=1400\n",
        ),
    );
}

/// A session that began before there were records goes on with records; one
/// record lacks the id, so its report counts.
#[test]
fn a_record_excuses_the_report_of_the_same_response() {
    check(
        "records",
        concat!(
            "codex:019b76da-a800-7000-8000-00000000000a:1000-0-40-0 2026-01-01T00:00:03.000Z azure/gpt-5.2-codex input=1000 output=40 final Own @ 019b76da-a800-7000-8000-00000000000a /home/ana/shop #main\n",
            "resp_01 2026-01-01T00:00:05.000Z azure/gpt-5.2-codex input=500 cache_write_5m=1500 cache_read=1000 output=60 reasoning=10 final Own @ 019b76da-a800-7000-8000-00000000000a /home/ana/shop #main\n",
            "resp_02 2026-01-01T00:00:07.000Z azure/gpt-5.2-codex input=100 cache_read=3000 output=20 final Own @ 019b76da-a800-7000-8000-00000000000a /home/ana/shop #main\n",
            "codex:019b76da-a800-7000-8000-00000000000a:7110-4000-125-10 2026-01-01T00:00:09.001Z azure/gpt-5.2-codex input=10 output=5 final Own @ 019b76da-a800-7000-8000-00000000000a /home/ana/shop #main\n",
            "session 019b76da-a800-7000-8000-00000000000a 2026-01-01T00:00:00.050Z..2026-01-01T00:00:09.001Z turns=2 active_ms=8951 compactions=1 first=1000 peak=3100\n",
        ),
    );
}

#[test]
fn a_fork_counts_only_its_own_calls() {
    check(
        "fork",
        concat!(
            "codex:019b76db-9260-7000-8000-00000000000b:3500-2800-100-20 2026-01-01T00:01:04.000Z openai/gpt-5-codex input=200 cache_read=1100 output=20 final Own @ 019b76db-9260-7000-8000-00000000000b /home/ana/shop\n",
            "codex:019b76db-9260-7000-8000-00000000000b:3500-2800-100-20 2026-01-01T00:01:04.000Z openai/gpt-5-codex input=200 cache_read=1100 output=20 final Own @ 019b76db-9260-7000-8000-00000000000b /home/ana/shop\n",
            "session 019b76db-9260-7000-8000-00000000000b 2026-01-01T00:01:00.900Z..2026-01-01T00:01:05.000Z turns=1 active_ms=4100 tools=1 first=1300 peak=1300\n",
        ),
    );
}

#[test]
fn a_fork_that_does_not_name_its_origin_is_known_by_the_other_sessions_header() {
    check(
        "fork_without_origin",
        concat!(
            "codex:5f0f3c1e-1111-4111-8111-00000000000b:3500-2800-100-20 2026-01-01T00:01:04.000Z openai/gpt-5-codex input=200 cache_read=1100 output=20 final Own @ 5f0f3c1e-1111-4111-8111-00000000000b /home/ana/shop\n",
            "codex:5f0f3c1e-1111-4111-8111-00000000000b:3500-2800-100-20 2026-01-01T00:01:04.000Z openai/gpt-5-codex input=200 cache_read=1100 output=20 final Own @ 5f0f3c1e-1111-4111-8111-00000000000b /home/ana/shop\n",
            "session 5f0f3c1e-1111-4111-8111-00000000000b 2026-01-01T00:01:00.900Z..2026-01-01T00:01:05.000Z turns=1 active_ms=4100 tools=1 first=1300 peak=1300\n",
        ),
    );
}

#[test]
fn a_copy_written_with_pauses_is_known_by_the_age_of_its_turns() {
    check(
        "fork_written_slowly",
        concat!(
            "codex:019b76db-9260-7000-8000-00000000000b:3500-2800-100-20 2026-01-01T00:01:04.000Z openai/gpt-5-codex input=200 cache_read=1100 output=20 final Own @ 019b76db-9260-7000-8000-00000000000b /home/ana/shop\n",
            "codex:019b76db-9260-7000-8000-00000000000b:3500-2800-100-20 2026-01-01T00:01:04.000Z openai/gpt-5-codex input=200 cache_read=1100 output=20 final Own @ 019b76db-9260-7000-8000-00000000000b /home/ana/shop\n",
            "session 019b76db-9260-7000-8000-00000000000b 2026-01-01T00:01:00.900Z..2026-01-01T00:01:05.000Z turns=1 active_ms=4100 tools=1 first=1300 peak=1300\n",
        ),
    );
}

#[test]
fn a_numbered_subagent_counts_from_its_first_own_line() {
    check(
        "subagent_numbered",
        concat!(
            "resp_11 2026-01-01T00:00:36.000Z openai/gpt-5-codex input=1000 cache_read=4000 output=70 reasoning=5 final Own @ 019b76da-a800-7000-8000-00000000000a subagent /home/ana/shop\n",
            "session 019b76da-a800-7000-8000-00000000000a 2026-01-01T00:00:36.000Z..2026-01-01T00:00:36.000Z\n",
        ),
    );
}

/// The first own number lies behind the end of a migrated file: a line that names
/// the thread ends the copy.
#[test]
fn a_migrated_subagent_counts_from_where_it_is_named() {
    check(
        "subagent_migrated",
        concat!(
            "codex:019b76db-9260-7000-8000-00000000000b:1500-700-17-0 2026-01-01T00:00:32.000Z openai/gpt-5-codex input=100 cache_read=700 output=10 final Own @ 019b76da-a800-7000-8000-00000000000a subagent /home/ana/shop\n",
            "session 019b76da-a800-7000-8000-00000000000a 2026-01-01T00:00:32.000Z..2026-01-01T00:00:32.000Z\n",
        ),
    );
}

#[test]
fn a_copied_record_keeps_its_key_and_its_session() {
    check(
        "copied_record",
        concat!(
            "resp_01 2026-01-01T00:00:30.003Z openai/gpt-5-codex input=2000 cache_read=1000 output=60 reasoning=10 final Copied @ 019b76da-a800-7000-8000-00000000000a /home/ana/shop\n",
            "resp_21 2026-01-01T00:00:34.000Z openai/gpt-5-codex input=200 cache_read=3000 output=9 final Own @ 019b76db-9260-7000-8000-00000000000b /home/ana/shop\n",
            "session 019b76db-9260-7000-8000-00000000000b 2026-01-01T00:00:31.000Z..2026-01-01T00:00:34.000Z turns=1 active_ms=3000 first=3200 peak=3200\n",
        ),
    );
}

/// A newer version wrote the parent's lines, an older one goes on without records.
#[test]
fn a_copied_record_excuses_no_report_of_the_forks_own() {
    check(
        "fork_of_records",
        concat!(
            "resp_01 2026-01-01T00:00:30.003Z openai/gpt-5-codex input=1000 output=50 final Copied @ 019b76da-a800-7000-8000-00000000000a /home/ana/shop\n",
            "resp_02 2026-01-01T00:00:30.005Z openai/gpt-5-codex input=1100 cache_read=900 output=60 final Copied @ 019b76da-a800-7000-8000-00000000000a /home/ana/shop\n",
            "codex:019b76db-9260-7000-8000-00000000000b:5500-2900-130-0 2026-01-01T00:00:34.000Z openai/gpt-5-codex input=500 cache_read=2000 output=20 final Own @ 019b76db-9260-7000-8000-00000000000b /home/ana/shop\n",
            "codex:019b76db-9260-7000-8000-00000000000b:8200-5400-160-0 2026-01-01T00:00:38.000Z openai/gpt-5-codex input=200 cache_read=2500 output=30 final Own @ 019b76db-9260-7000-8000-00000000000b /home/ana/shop\n",
            "session 019b76db-9260-7000-8000-00000000000b 2026-01-01T00:00:31.000Z..2026-01-01T00:00:38.000Z turns=1 active_ms=7000 first=2500 peak=2700\n",
        ),
    );
}

#[test]
fn rollouts_without_usage_are_no_problem() {
    check("mid_2025", "");
}

#[test]
fn what_cannot_be_counted_is_a_problem() {
    check(
        "odd",
        concat!(
            "codex:019b76da-a800-7000-8000-00000000000a:45-45-4-9 2026-01-01T00:00:06.000Z openai/gpt-5-codex cache_read=15 output=1 reasoning=1 final Own @ 019b76da-a800-7000-8000-00000000000a /home/ana/shop\n",
            "session 019b76da-a800-7000-8000-00000000000a 2026-01-01T00:00:06.000Z..2026-01-01T00:00:06.000Z first=15 peak=15\n",
            "malformed x1 at 1871\n",
            "incomplete x7 at 247\n",
        ),
    );
}

#[test]
fn survives_damage() {
    for fixture in FIXTURES {
        testing::survives_damage(&format!("codex/{fixture}.jsonl"), &|state| {
            super::decoder(Path::new(fixture), state)
        });
    }
}

#[test]
fn a_file_without_a_header_is_named_by_its_file() {
    let path = Path::new("rollout-2026-01-01T00-00-00-019b76da-a800-7000-8000-00000000000a.jsonl");
    assert_eq!(super::thread_of(path), "019b76da-a800-7000-8000-00000000000a");
    assert_eq!(super::thread_of(Path::new("short.jsonl")), "short");
    assert_eq!(super::thread_of(Path::new("")), "");
}

#[test]
fn finds_rollouts_and_reports_compressed_ones() {
    let home = tempfile::tempdir().unwrap();
    for file in [
        "sessions/2026/01/01/rollout-a.jsonl",
        "sessions/2026/01/01/rollout-b.jsonl.zst",
        "sessions/2026/01/01/rollout-c.jsonl",
        "sessions/2026/01/01/rollout-c.jsonl.zst",
        "sessions/2026/01/01/notes.jsonl",
        "archived_sessions/rollout-d.jsonl",
    ] {
        let path = home.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    let roots = Roots { codex: vec![home.path().to_owned()], ..Roots::default() };
    let mut found = Found::default();
    super::find(&roots, &mut found);
    let name = |path: &Path| path.strip_prefix(home.path()).unwrap().to_str().unwrap().to_owned();
    let files: Vec<_> = found.files.iter().map(|file| name(&file.path)).collect();
    assert_eq!(
        files,
        [
            "sessions/2026/01/01/rollout-a.jsonl",
            "sessions/2026/01/01/rollout-c.jsonl",
            "archived_sessions/rollout-d.jsonl"
        ]
    );
    let unreadable: Vec<_> = found.unreadable.iter().map(|(path, _)| name(path)).collect();
    assert_eq!(unreadable, ["sessions/2026/01/01/rollout-b.jsonl.zst"]);
}

fn lines(lines: &[&str]) -> String {
    let line = |(second, line): (usize, &&str)| {
        let (kind, payload) = line.split_once(' ').unwrap();
        format!(r#"{{"timestamp":"2026-01-01T00:00:{second:02}.000Z","type":"{kind}","payload":{payload}}}"#)
            + "\n"
    };
    lines.iter().enumerate().map(line).collect()
}

fn check_turns(lines: &str, expected: &str) {
    let make = |state: Option<&str>| super::decoder(Path::new("x.jsonl"), state);
    let whole = testing::show_turns(&testing::read(lines.as_bytes(), &make));
    assert_eq!(whole, expected, "\n{whole}");
    assert_eq!(testing::show_turns(&testing::read_interrupted(lines.as_bytes(), &make)), whole);
}

const META: &str = r#"session_meta {"id":"th","cwd":"/x"}"#;
const CONTEXT: &str = r#"turn_context {"cwd":"/x","model":"gpt-5"}"#;
const PROMPT: &str = r#"event_msg {"type":"user_message","message":"…"}"#;
const CALL: &str = r#"response_item {"type":"function_call","name":"shell","arguments":"ls","call_id":"c1"}"#;
const AGAIN: &str =
    r#"response_item {"type":"function_call","name":"shell","arguments":"ls","call_id":"c2"}"#;
const FAILED: &str =
    r#"response_item {"type":"function_call_output","call_id":"c1","output":"Exit code: 1\nOutput:\n"}"#;
const SAID: &str = r#"response_item {"type":"message","role":"assistant","content":[]}"#;
const THOUGHT: &str = r#"response_item {"type":"reasoning"}"#;

fn used(total: u64) -> String {
    format!(
        r#"event_msg {{"type":"token_count","info":{{"total_token_usage":{{"input_tokens":{total}}},"last_token_usage":{{"input_tokens":1}}}}}}"#
    )
}

/// As versions of 2025 write: usage first, then what was said, and turns without names.
#[test]
fn what_comes_behind_the_usage_is_of_the_same_response() {
    let (one, two, three) = (used(1), used(2), used(3));
    let lines = lines(&[
        META, PROMPT, CONTEXT, &one, THOUGHT, SAID, CALL, FAILED, CONTEXT, &two, AGAIN, PROMPT, CONTEXT,
        &three, SAID,
    ]);
    check_turns(
        &lines,
        "codex:th:1-0-0-0 turn 1\ncodex:th:1-0-0-0 turn 1 shell\ncodex:th:2-0-0-0 turn 1\n\
         codex:th:2-0-0-0 turn 1 shell+1\ncodex:th:3-0-0-0 turn 2\n",
    );
}

/// As newer versions write: what was said first, then its usage, and turns with names.
#[test]
fn what_comes_before_the_usage_is_of_the_same_response() {
    let begin = |turn: &str| format!(r#"event_msg {{"type":"task_started","turn_id":"{turn}"}}"#);
    let record = |id: &str| {
        format!(
            r#"token_usage_record {{"thread_id":"th","turn_id":"t2","response_id":"{id}","usage":{{"input_tokens":1}}}}"#
        )
    };
    let (t1, t2, one, two, r3) = (begin("t1"), begin("t2"), used(1), used(2), record("r3"));
    let lines = lines(&[
        META, CONTEXT, &t1, PROMPT, THOUGHT, CALL, &one, FAILED, PROMPT, THOUGHT, AGAIN, &two, &t2, PROMPT,
        SAID, &r3,
    ]);
    check_turns(&lines, "codex:th:1-0-0-0 turn 1 shell\ncodex:th:2-0-0-0 turn 1 shell+1\nr3 turn 2\n");
}

#[test]
fn a_subagent_is_of_the_turn_that_is_named_as_the_root() {
    let meta = r#"session_meta {"id":"th","cwd":"/x","thread_source":"subagent","parent_thread_id":"root"}"#;
    let record = |id: &str, root: &str| {
        format!(
            r#"token_usage_record {{"thread_id":"th","turn_id":"own"{root},"response_id":"{id}","usage":{{"input_tokens":1}}}}"#
        )
    };
    let (one, two) = (record("r1", r#","root_turn_id":"t1""#), record("r2", ""));
    let begin = r#"event_msg {"type":"task_started","turn_id":"own"}"#;
    // The pause tells what was copied from its parent.
    check_turns(&lines(&[meta, CONTEXT, begin, &one, &two]), "r1 turn 1\nr2 no turn\n");
}
