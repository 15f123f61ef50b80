//! What developers type, what tools print and what is written stays in the logs.

use serde_json::json;
use testkit::logs::{Call, Outcome, Step, Transcript, millis};

use crate::git::holds;
use crate::machine::Machine;

/// A word for each place of a transcript that says more than a bill needs.
const MARKERS: [&str; 13] = [
    "PLANTEDprompt",
    "PLANTEDinput",
    "PLANTEDoutput",
    "PLANTEDanswer",
    "PLANTEDthinking",
    "PLANTEDsummary",
    "PLANTEDcommandargs",
    "PLANTEDskillargs",
    "PLANTEDerror",
    "PLANTEDquoted",
    "PLANTEDtorn",
    "PLANTEDprompt-id",
    "PLANTEDtoolname",
];

fn transcript() -> Transcript {
    let at = |minute: i64| millis("2026-03-02T09:00:00Z") + minute * 60_000;
    let call = |id: &str, minute: i64| Call {
        at: at(minute),
        ..Call::new(id, "claude-opus-5-5", "2026-03-02T09:00:00Z")
    };
    let mut log = Transcript::new("s", "/home/ada/src/web", "main");
    log.record(
        &json!({"type": "summary", "summary": "PLANTEDsummary", "leafUuid": "x", "usage": "PLANTEDsummary"}),
    );
    log.prompt(at(0), "PLANTEDprompt: rewrite it");
    log.record(&json!({
        "type": "user", "sessionId": "s", "timestamp": "2026-03-02T09:01:00Z", "promptId": "PLANTEDprompt-id",
        "message": {"role": "user", "content": "PLANTEDprompt"},
    }));
    log.prompt(at(1), "<command-name>/review</command-name><command-args>PLANTEDcommandargs</command-args>");
    for (minute, outcome) in [(2, Outcome::Done), (3, Outcome::Failed), (4, Outcome::Failed)] {
        let output = if outcome == Outcome::Done { "PLANTEDoutput" } else { "PLANTEDerror" };
        log.step(
            at(minute),
            &Step {
                call: call(&format!("msg_{minute}"), minute),
                tool: "Bash",
                input: "echo PLANTEDinput",
                output,
                outcome,
            },
        );
    }
    let mut answer = log.assistant(&call("msg_5", 5));
    answer["message"]["content"] = json!([
        {"type": "thinking", "thinking": "PLANTEDthinking"},
        {"type": "text", "text": "PLANTEDanswer"},
        {"type": "tool_use", "id": "toolu_t", "name": "PLANTEDtoolname of no tool", "input": {}},
        {"type": "tool_use", "id": "toolu_s", "name": "Skill", "input": {"skill": "tidy", "args": "PLANTEDskillargs"}},
    ]);
    log.record(&answer);
    let mut quoted = log.assistant(&call("msg_6", 6));
    quoted["message"]["content"] = json!([{"type": "text", "text": "PLANTEDquoted"}]);
    log.record(&json!({
        "type": "progress", "sessionId": "s", "timestamp": "2026-03-02T09:06:00Z",
        "data": {"type": "agent_progress", "prompt": "PLANTEDquoted", "message": {
            "type": "assistant", "timestamp": "2026-03-02T09:06:00Z", "message": quoted["message"],
        }},
    }));
    log.line(r#"{"type":"assistant","message":{"usage":{},"content":"PLANTEDtorn"#);
    log.call(&call("msg_7", 7));
    log
}

#[test]
fn nothing_that_was_said_is_stored_or_shown() {
    let machine = Machine::new();
    let log = transcript();
    for marker in MARKERS {
        assert!(log.text().contains(marker), "{marker} is not planted");
    }
    machine.transcript("p/s.jsonl", &log);
    let report = machine.json(&["report", "--by", "task"]);
    assert_eq!(report["total"]["calls"], 6);
    assert_eq!(report["rows"][0]["key"]["task"], "review", "commands are looked at: {report:#}");
    let mut printed = String::new();
    for arguments in [
        &["report", "--by", "session,task", "--figures"][..],
        &["sessions", "--format", "json"],
        &["session", "s"],
        &["explain", "s"],
        &["explain", "msg_5", "--format", "json"],
        &["doctor"],
    ] {
        printed.push_str(machine.run(arguments).done());
    }
    let stored = machine.stored();
    assert!(holds(&stored, "msg_5") && holds(&stored, "Bash"), "this is not the store");
    for marker in MARKERS {
        assert!(!holds(&stored, marker), "{marker} is stored");
        assert!(!printed.contains(marker), "{marker} is shown");
    }
}
