//! What tasks and sessions of Cline and its forks give.

use std::fs;
use std::path::Path;

use crate::harvest::Harvest;
use crate::source::{Found, Roots};
use crate::testing::{self, fixture};

const TASK: &str = "cline/saoudrizwan.claude-dev/tasks/1767225600000/ui_messages.json";
const ODD_TASK: &str = "cline/saoudrizwan.claude-dev/tasks/2/ui_messages.json";
const ROO_TASK: &str = "cline/rooveterinaryinc.roo-cline/tasks/0190/ui_messages.json";
const SESSION: &str = "cline/cli/sessions/s1/s1.messages.json";
const SUBAGENT: &str = "cline/cli/sessions/s1/helper.messages.json";

fn check(name: &str, expected: &str) {
    let mut harvest = Harvest::default();
    super::read(&fixture(name), &mut harvest).unwrap();
    let shown = testing::show(&harvest);
    assert_eq!(shown, expected, "\n{shown}");
}

/// The model is noted after its first request began, or stands in the message; a
/// provider that is passed on counts the whole prompt; the last request is empty.
#[test]
fn a_task_counts_each_filled_in_request() {
    check(
        TASK,
        concat!(
            "cline:1767225600000:1767225601000 2026-01-01T00:00:01.000Z anthropic/claude-opus-4-5 input=12 cache_write_5m=5000 output=300 cost=0.023400000 final Own @ 1767225600000 /home/ana/shop\n",
            "cline:1767225600000:1767225608000 2026-01-01T00:00:08.000Z ?/gpt-5 input=1000 cache_read=8000 output=40 cost=0.012300000 final Own @ 1767225600000 /home/ana/shop\n",
            "cline:1767225600000:1767225612000 2026-01-01T00:00:12.000Z anthropic/claude-sonnet-4-5 input=3 cache_read=100 output=7 cost=0.000012000 interrupted Own @ 1767225600000 /home/ana/shop\n",
            "session 1767225600000 2026-01-01T00:00:00.000Z..2026-01-01T00:00:15.000Z turns=2 active_ms=15000 tools=2 failed=1 run=1 compactions=1 first=5012 peak=9000\n",
        ),
    );
}

#[test]
fn what_cannot_be_counted_is_a_problem() {
    check(
        ODD_TASK,
        concat!(
            "cline:2:1767225604000 2026-01-01T00:00:04.000Z bedrock/claude-sonnet-4-5 input=7 output=2 cost=0.500000000 final Own @ 2\n",
            "session 2 2026-01-01T00:00:00.000Z..2026-01-01T00:00:04.000Z turns=1 active_ms=4000 first=7 peak=7\n",
            "malformed x1 at 3\n",
            "incomplete x3 at 2\n",
        ),
    );
}

/// Before November 2025 with Anthropic's protocol: the rest. Otherwise the whole
/// prompt, unless it is smaller than its cached parts.
#[test]
fn roo_counts_the_whole_prompt_or_the_rest_by_day_and_protocol() {
    check(
        ROO_TASK,
        concat!(
            "roo:0190:1761000001000 2025-10-20T22:40:01.000Z ?/claude-sonnet-4 input=900 cache_write_5m=100 cache_read=200 output=10 cost=0.010000000 final Own @ 0190 /home/ana/blog\n",
            "roo:0190:1761000002000 2025-10-20T22:40:02.000Z ?/claude-sonnet-4 input=700 cache_read=200 output=10 cost=0.010000000 final Own @ 0190 /home/ana/blog\n",
            "roo:0190:1767225601000 2026-01-01T00:00:01.000Z ?/claude-opus-4-5 input=600 cache_write_5m=100 cache_read=200 output=10 cost=0.010000000 final Own @ 0190 /home/ana/blog\n",
            "roo:0190:1767225602000 2026-01-01T00:00:02.000Z ?/claude-opus-4-5 input=4 cache_write_5m=100 cache_read=200 output=10 cost=0.010000000 final Own @ 0190 /home/ana/blog\n",
            "session 0190 2025-10-20T22:40:00.000Z..2026-01-01T00:00:02.000Z turns=1 active_ms=4000 compactions=1 first=1200 peak=1200\n",
        ),
    );
}

#[test]
fn a_session_counts_each_answer() {
    check(
        SESSION,
        concat!(
            "cline:s1:s1:a1 2026-01-01T00:00:03.000Z openrouter/z-ai/glm-5.2 input=4037 cache_write_5m=900 cache_read=2000 output=213 cost=0.002108502 final Own @ s1 /home/ana/shop\n",
            "cline:s1:s1:a2 2026-01-01T00:00:06.000Z cline/anthropic/claude-sonnet-4.5 input=100 cache_read=6900 output=5 cost=0.000000000 final Own @ s1 /home/ana/shop\n",
            "session s1 2026-01-01T00:00:00.000Z..2026-01-01T00:00:09.000Z turns=1 active_ms=9000 tools=1 failed=1 run=1 compactions=1 first=6937 peak=7000\n",
            "incomplete x1 at 6\n",
        ),
    );
}

#[test]
fn a_subagent_belongs_to_the_session_of_its_folder() {
    check(
        SUBAGENT,
        concat!(
            "cline:s1:helper:a1 2026-01-01T00:00:05.000Z cline/anthropic/claude-sonnet-4.5 input=50 output=5 cost=0.500000000 final Own @ s1 subagent /home/ana/shop\n",
            "session s1 2026-01-01T00:00:05.000Z..2026-01-01T00:00:05.000Z\n",
        ),
    );
}

#[test]
fn survives_damage() {
    for (name, file) in [
        (TASK, "tasks/1/ui_messages.json"),
        (ROO_TASK, "rooveterinaryinc.roo-cline/tasks/1/ui_messages.json"),
        (SESSION, "sessions/s1/s1.messages.json"),
    ] {
        testing::documents_survive_damage(name, file, &super::read);
    }
}

#[test]
fn finds_tasks_of_all_extensions_and_sessions() {
    let home = tempfile::tempdir().unwrap();
    for file in [
        "User/globalStorage/saoudrizwan.claude-dev/tasks/1/ui_messages.json",
        "User/globalStorage/rooveterinaryinc.roo-cline/tasks/2/ui_messages.json",
        "User/globalStorage/kilocode.kilo-code/tasks/3/ui_messages.json",
        "User/globalStorage/kilocode.kilo-code/tasks/4/other.json",
        "User/globalStorage/else.where/tasks/5/ui_messages.json",
        "cline/tasks/6/ui_messages.json",
        "cline/sessions/s/s.json",
        "cline/sessions/s/s.messages.json",
    ] {
        let path = home.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "[]").unwrap();
    }
    let roots = Roots {
        editors: vec![home.path().join("User")],
        cline: vec![home.path().join("cline")],
        ..Roots::default()
    };
    let mut found = Found::default();
    super::find(&roots, &mut found);
    let shown: Vec<_> = found
        .files
        .iter()
        .map(|file| {
            format!("{} {}", file.tool.name(), file.path.strip_prefix(home.path()).unwrap().display())
        })
        .collect();
    assert_eq!(
        shown,
        [
            "cline User/globalStorage/saoudrizwan.claude-dev/tasks/1/ui_messages.json",
            "roo User/globalStorage/rooveterinaryinc.roo-cline/tasks/2/ui_messages.json",
            "kilo User/globalStorage/kilocode.kilo-code/tasks/3/ui_messages.json",
            "cline cline/tasks/6/ui_messages.json",
            "cline cline/sessions/s/s.messages.json",
        ]
    );
    for file in &found.files {
        assert_eq!(super::tool_of(&file.path), file.tool, "{}", file.path.display());
    }
    assert_eq!(super::tool_of(Path::new("")), domain::Tool::Cline);
}

#[test]
fn a_turn_is_of_the_last_prompt() {
    for (name, expected) in [
        (
            TASK,
            "cline:1767225600000:1767225601000 turn 1 command tool\n\
             cline:1767225600000:1767225608000 turn 1\n\
             cline:1767225600000:1767225612000 turn 1\n",
        ),
        (SESSION, "cline:s1:s1:a1 turn 1 run_commands\ncline:s1:s1:a2 turn 1\n"),
        (SUBAGENT, "cline:s1:helper:a1 no turn\n"),
    ] {
        let mut harvest = Harvest::default();
        super::read(&fixture(name), &mut harvest).unwrap();
        let shown = testing::show_turns(&harvest);
        assert_eq!(shown, expected, "\n{shown}");
    }
}
