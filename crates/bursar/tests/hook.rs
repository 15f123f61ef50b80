//! Hooks: what is noted, and that nothing which goes wrong reaches the tool.

use std::fs;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::machine::{Machine, Run};

/// Runs a hook; it must have done what it can and said nothing.
fn hook(machine: &Machine, tool: &str, payload: &[u8]) {
    let run = machine.feed(&["hook", tool], payload);
    assert_eq!(run, Run { code: 0, stdout: String::new(), stderr: String::new() }, "{payload:?}");
}

/// What was noted, without the time.
fn noted(machine: &Machine) -> Vec<Value> {
    let text = fs::read_to_string(machine.path("data/bursar/hooks")).unwrap_or_default();
    let lines = text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON"));
    lines
        .map(|mut note: Value| {
            assert!(note["at_ms"].take().as_i64() > Some(0));
            note
        })
        .collect()
}

#[test]
fn turns_and_commits_are_noted() {
    let machine = Machine::new();
    let made = machine.sandbox.repo_with_origin("home/src/web", "https://github.com/acme/web.git");
    let hash = made.git(&["rev-parse", "HEAD"]).trim().to_owned();
    let folder = made.path().to_string_lossy().into_owned();
    let commit = |folder: &str, short: &str| {
        json!({
            "hook_event_name": "PostToolUse", "session_id": "s1", "cwd": folder, "tool_name": "Bash",
            "tool_input": {"command": "git commit -m PLANTEDmessage"},
            "tool_response": {"stdout": format!("[main {short}] PLANTEDmessage"), "stderr": ""},
        })
    };
    let stop =
        json!({"hook_event_name": "Stop", "session_id": "s1", "transcript_path": "/home/ada/s1.jsonl"});
    hook(&machine, "claude-code", stop.to_string().as_bytes());
    hook(&machine, "claude-code", commit(&folder, &hash[..7]).to_string().as_bytes());
    hook(&machine, "codex", commit(&folder, "1f0a2b3").to_string().as_bytes());
    hook(&machine, "cursor", br#"{"hook_event_name":"stop","conversation_id":"c1"}"#);
    hook(&machine, "cursor", br#"{"hook_event_name":"beforeSubmitPrompt","prompt":"PLANTEDprompt"}"#);
    assert_eq!(
        noted(&machine),
        [
            json!({"at_ms": null, "tool": "claude-code", "session": "s1", "transcripts": ["/home/ada/s1.jsonl"]}),
            json!({"at_ms": null, "tool": "claude-code", "session": "s1", "folder": folder, "branch": "main", "commit": hash}),
            json!({"at_ms": null, "tool": "codex", "session": "s1", "folder": folder, "branch": "main", "commit": "1f0a2b3"}),
            json!({"at_ms": null, "tool": "cursor", "session": "c1"}),
        ]
    );
}

#[test]
fn whatever_goes_wrong_the_tool_goes_on() {
    let machine = Machine::new();
    let long = [br#"{"hook_event_name":"Stop","x":""#.as_slice(), &vec![b'x'; 9 << 20], b"\"}"].concat();
    for payload in [&b""[..], b"{", b"\xff\xfe\0", b"[1,2]", b"null", &long] {
        hook(&machine, "claude-code", payload);
    }
    let stop = br#"{"hook_event_name":"Stop","session_id":"s1"}"#;
    hook(&machine, "abacus", stop);
    for arguments in [&["hook"][..], &["hook", "claude-code", "--nonsense", "-x", "Stop"]] {
        assert_eq!(machine.feed(arguments, stop).done(), "");
    }
    assert_eq!(noted(&machine).len(), 1);

    // Nowhere to note it: a file where the folder should be, a full disk, no home at all.
    let nowhere = Machine::new();
    nowhere.sandbox.write("data", "");
    hook(&nowhere, "claude-code", stop);
    let full = Machine::new();
    fs::create_dir_all(full.path("data/bursar")).expect("a folder");
    std::os::unix::fs::symlink("/dev/full", full.path("data/bursar/hooks")).expect("a link");
    hook(&full, "claude-code", stop);
    let mut homeless = machine.bursar(&["hook", "claude-code"]);
    homeless.env_clear();
    assert_eq!(Run::to_end(&mut homeless).done(), "");
    let mut closed = machine.bursar(&["hook", "claude-code"]);
    assert_eq!(Run::to_end(closed.stdin(Stdio::null()).stdout(Stdio::piped())).done(), "");
}
