//! Hooks of every tool, and bytes that are none.

use domain::{Timestamp, Tool};
use serde_json::{Value, json};

use super::{Heard, MAX_NOTE_BYTES, Note, hear};

const AT: Timestamp = Timestamp::from_millis(1_772_442_000_000);

/// What is heard, in words.
fn check(tool: Tool, payload: &Value, expected: &str) {
    let note = hear(tool, payload.to_string().as_bytes(), AT);
    let shown = note.as_ref().map_or_else(
        || "nothing".to_owned(),
        |note| {
            let session = note.session.as_ref().map_or("-", |it| it.as_str());
            match &note.heard {
                Heard::Turn { transcripts } => format!("{session}: turn, {transcripts:?}"),
                Heard::Commit { folder, branch, hash } => {
                    let branch = branch.as_ref().map_or("-", |it| it.as_str());
                    format!("{session}: {hash} on {branch} in {folder:?}")
                }
            }
        },
    );
    assert_eq!(shown, expected, "{payload}");
    if let Some(note) = note {
        assert_eq!(Note::from_line(&note.to_line().unwrap()), Some(note));
    }
}

#[test]
fn the_end_of_a_turn_names_the_log() {
    let turn = |event: &str| {
        json!({
            "hook_event_name": event, "session_id": "s1", "transcript_path": "/home/ada/s1.jsonl",
            "cwd": "/home/ada/src", "permission_mode": "default", "last_assistant_message": "Done.",
        })
    };
    for event in ["Stop", "StopFailure", "SessionEnd", "PreCompact", "PostCompact", "Interrupt"] {
        check(Tool::ClaudeCode, &turn(event), r#"s1: turn, ["/home/ada/s1.jsonl"]"#);
    }
    for event in ["UserPromptSubmit", "PreToolUse", "Notification", "", "stopp"] {
        check(Tool::ClaudeCode, &turn(event), "nothing");
    }
    let mut subagent = turn("SubagentStop");
    subagent["agent_transcript_path"] = json!("/home/ada/s1/a1.jsonl");
    check(Tool::Codex, &subagent, r#"s1: turn, ["/home/ada/s1.jsonl", "/home/ada/s1/a1.jsonl"]"#);
    let cursor = json!({"hook_event_name": "stop", "conversation_id": "c1", "workspace_roots": ["/src"]});
    check(Tool::Cursor, &cursor, "c1: turn, []");
}

#[test]
fn a_commit_is_heard_from_the_tool_or_from_git() {
    let after = |tool_input: Value, tool_response: Value| {
        json!({
            "hook_event_name": "PostToolUse", "session_id": "s1", "cwd": "/home/ada/src/web",
            "tool_name": "Bash", "tool_input": tool_input, "tool_response": tool_response,
        })
    };
    let git = json!({"command": "cd web && git commit -qm 'PLANTEDsubject'"});
    let main = r#"s1: 1f0a2b3 on main in Some("/home/ada/src/web")"#;
    let stated = json!({"stdout": "", "gitOperation": {"commit": {"sha": "1F0A2B3", "branch": "main"}}});
    check(Tool::ClaudeCode, &after(json!({"command": "make release"}), stated), main);
    let printed = json!({"stdout": "[main 1f0a2b3] PLANTEDsubject\n 1 file changed\n", "stderr": ""});
    check(Tool::ClaudeCode, &after(git.clone(), printed.clone()), main);
    check(Tool::ClaudeCode, &after(json!({"command": "cat notes"}), printed), "nothing");
    check(Tool::Codex, &after(json!({"command": ["git", "commit"]}), json!("[main 1f0a2b3] x")), main);
    for (line, expected) in [
        ("[main (root-commit) 1f0a2b3] x", main),
        ("[main 0000000] y\n[main 1f0a2b3] x", main),
        ("[detached HEAD 1f0a2b3] x", r#"s1: 1f0a2b3 on - in Some("/home/ada/src/web")"#),
        ("[main 1f0a2b] too short", "nothing"),
        ("[main 1f0a2bg] no hash", "nothing"),
        ("[a b c 1f0a2b3] no branch", "nothing"),
        ("nothing to commit, working tree clean", "nothing"),
        ("", "nothing"),
    ] {
        check(Tool::ClaudeCode, &after(git.clone(), json!({"stdout": line})), expected);
    }
    let cursor = json!({
        "hook_event_name": "afterShellExecution", "conversation_id": "c1", "workspace_roots": ["/src/web"],
        "command": "git commit -m x", "output": "[feat/x 1f0a2b3] x",
    });
    check(Tool::Cursor, &cursor, r#"c1: 1f0a2b3 on feat/x in Some("/src/web")"#);
}

#[test]
fn what_is_no_hook_says_nothing() {
    for bytes in [
        &b""[..],
        b"{",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        br#"{"hook_event_name":7}"#,
        br#"{"hook_event_name":"PostToolUse"}"#,
        br#"{"hook_event_name":"PostToolUse","tool_input":[],"tool_response":{"gitOperation":{"commit":{"sha":{}}}}}"#,
    ] {
        assert_eq!(hear(Tool::ClaudeCode, bytes, AT), None, "{bytes:?}");
    }
    let odd = br#"{"hook_event_name":"Stop","session_id":{},"transcript_path":[1]}"#;
    let note = hear(Tool::ClaudeCode, odd, AT).unwrap();
    assert_eq!((note.session, note.heard), (None, Heard::Turn { transcripts: Vec::new() }));
}

#[test]
fn of_what_was_said_nothing_is_noted() {
    let payload = json!({
        "hook_event_name": "PostToolUse", "session_id": "s1", "cwd": "/src", "prompt": "PLANTEDprompt",
        "tool_input": {"command": "git commit -m PLANTEDmessage", "description": "PLANTEDdescription"},
        "tool_response": {"stdout": "[main 1f0a2b3] PLANTEDmessage\n PLANTEDfile | 3 +++", "stderr": "PLANTEDerror"},
    });
    let line = hear(Tool::ClaudeCode, payload.to_string().as_bytes(), AT).unwrap().to_line().unwrap();
    assert!(line.contains("1f0a2b3") && !line.contains("PLANTED"), "{line}");
}

#[test]
fn lines_that_are_no_notes_are_passed_over() {
    for line in
        ["", "{", "{}", r#"{"at_ms":1,"tool":"abacus"}"#, r#"{"at_ms":1,"tool":"codex","commit":"x"}"#]
    {
        assert_eq!(Note::from_line(line), None, "{line}");
    }
    let long = json!({"hook_event_name": "Stop", "transcript_path": "x".repeat(MAX_NOTE_BYTES)});
    assert_eq!(hear(Tool::Codex, long.to_string().as_bytes(), AT).unwrap().to_line(), None);
}
