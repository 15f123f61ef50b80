//! The line under Claude Code's prompt: whatever comes in, one line and no error.

use insta::assert_snapshot;
use serde_json::json;
use testkit::logs::{Call, Tokens, Transcript};

use crate::example::office;
use crate::machine::{Machine, Run};

/// The line for an input, after the example's logs were read.
fn line(machine: &Machine, input: &[u8]) -> String {
    let run = machine.feed(&["statusline"], input);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run:?}");
    assert!(run.stdout.lines().count() <= 1, "{run:?}");
    run.stdout
}

#[test]
fn everything_that_claude_code_says() {
    let office = office();
    let transcript = office.log_path("-home-ada-src-billing/5a69ca08-ledger.jsonl");
    let input = json!({
        "session_id": "5a69ca08-ledger", "transcript_path": transcript, "cwd": "/home/ada/src/billing",
        "version": "2.1.150",
        "model": {"id": "claude-opus-5-5", "display_name": "Opus 5.5"},
        "workspace": {"current_dir": "/home/ada/src/billing", "project_dir": "/home/ada/src/billing"},
        "worktree": {"branch": "feat/ENG-412-export"},
        "pr": {"number": 731, "url": "https://github.com/acme/billing/pull/731"},
        "cost": {"total_cost_usd": 0.5012345678901234, "total_duration_ms": 1000},
        "context_window": {"context_window_size": 200_000, "used_percentage": 43.7},
        "rate_limits": {"five_hour": {"used_percentage": 12}, "seven_day": {"used_percentage": 80.9}},
    });
    assert_snapshot!("statusline_full", line(&office, input.to_string().as_bytes()));
}

#[test]
fn little_that_is_new_is_read_at_once() {
    let office = office();
    let transcript = office.log_path("-home-grace-src-shop/7c11d2e4-shop.jsonl");
    let input = json!({"session_id": "7c11d2e4-shop", "transcript_path": transcript});
    assert_snapshot!("statusline_partial", line(&office, input.to_string().as_bytes()));
    assert_eq!(office.json(&["report"])["total"]["calls"], 12, "as many as the report counts");
}

#[test]
fn the_line_for_programs() {
    let office = office();
    let transcript = office.log_path("-home-grace-src-shop/7c11d2e4-shop.jsonl");
    let input = json!({"session_id": "7c11d2e4-shop", "transcript_path": transcript}).to_string();
    let as_format = |format| office.feed(&["statusline", "--format", format], input.as_bytes());
    let document = as_format("json").json();
    let (session, today) = (&document["session"], &document["today"]);
    assert_eq!(document["line"], line(&office, input.as_bytes()).trim_end());
    assert_eq!((&session["cost_usd"], &session["unpriced_calls"]), (&json!("0.135616000"), &json!(1)));
    assert_eq!((&today["cost_nano_usd"], &document["ticket"]), (&json!("0"), &json!("WEB-9")));
    assert_eq!(
        as_format("csv").done(),
        "of,cost_nano_usd,cost_usd,unpriced_calls,branch,ticket\r\n\
         session,135616000,0.135616000,1,fix/WEB-9-rounding,WEB-9\r\ntoday,0,0.000000000,0,,\r\n"
    );
}

#[test]
fn a_session_that_grows() {
    let machine = Machine::new();
    let call = |id: &str, at: &str| {
        let tokens = Tokens { output: 50_000, ..Tokens::default() };
        Call::new(id, "claude-opus-5-5", at).with(tokens)
    };
    let mut log = Transcript::new("s1", "/home/ada/src/web", "main");
    log.call(&call("msg_1", "2026-03-02T09:00:00Z"));
    let path = machine.transcript("p/s1.jsonl", &log);
    let input = json!({"session_id": "s1", "transcript_path": path}).to_string();
    assert_eq!(line(&machine, input.as_bytes()), "$1.00 session · $0.00 today · main\n");
    log.call(&call("msg_2", "2026-03-02T09:01:00Z"));
    machine.transcript("p/s1.jsonl", &log);
    assert_eq!(line(&machine, input.as_bytes()), "$2.00 session · $0.00 today · main\n");
}

#[test]
fn nonsense_is_no_error() {
    let office = office();
    let mut shown = String::new();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let huge = format!("{{\"session_id\": \"{}\"}}", "x".repeat(2_000_000));
    for input in [
        &b""[..],
        b"\n",
        b"null",
        b"[]",
        b"{",
        b"{}",
        b"\xff\xfe\x00",
        br#"{"session_id": 12, "model": "opus", "cost": {"total_cost_usd": "much"}, "context_window": []}"#,
        br#"{"session_id": "nobody", "transcript_path": "/nowhere/at/all.jsonl"}"#,
        br#"{"transcript_path": "/"}"#,
        br#"{"model": {"display_name": "Op\u001b[31mus\nfive"}}"#,
        br#"{"cost": {"total_cost_usd": 1e400}, "context_window": {"used_percentage": -3}}"#,
        deep.as_bytes(),
        huge.as_bytes(),
    ] {
        let beginning = String::from_utf8_lossy(&input[..input.len().min(90)]).into_owned();
        shown.extend([format!("{beginning:?}\n  {:?}\n", line(&office, input))]);
    }
    assert_snapshot!("statusline_nonsense", shown);
}

#[test]
fn no_store_and_no_input_are_no_error() {
    let office = office();
    office.sandbox.write("data", "a file, where the folder of the store should be");
    assert_snapshot!("statusline_without_store", line(&office, br#"{"model": {"id": "claude-opus-5-5"}}"#));
    let without_input = office.run(&["statusline"]);
    assert_eq!((without_input.code, without_input.stderr.as_str()), (0, ""));
    let mut command = office.bursar(&["statusline"]);
    let without_home = Run::to_end(command.env_remove("HOME").env_remove("XDG_DATA_HOME"));
    assert_eq!((without_home.code, without_home.stderr.as_str()), (0, ""));
}
