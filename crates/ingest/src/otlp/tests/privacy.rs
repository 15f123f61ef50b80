//! What exporters send of prompts, answers, commands and errors is not kept.

use serde_json::{Value, json};

use super::{Signal, logs, spans, telemetry};

const SECRET: &str = "Zebra-Quartz-7719";

/// Attributes that hold the secret under every name that a tool has for text.
fn with_text(event: &Value) -> Value {
    let mut event = event.clone();
    for key in [
        "prompt",
        "prompt_text",
        "response",
        "error",
        "error.message",
        "error_message",
        "arguments",
        "output",
        "tool_input",
        "full_command",
        "user_prompt",
        "body",
        "function_args",
        "request_text",
        "response_text",
        "gen_ai.input.messages",
        "gen_ai.output.messages",
        "gen_ai.system_instructions",
        "exception.message",
        "gen_ai.prompt",
        "gen_ai.completion",
        "file_path",
        "tool_parameters",
    ] {
        let text = if key == "tool_parameters" {
            json!({"full_command": SECRET, "git_commit_id": SECRET, "git_branch": SECRET}).to_string()
        } else {
            SECRET.to_owned()
        };
        event[key] = json!(text);
    }
    event
}

#[test]
fn no_text_is_kept() {
    let names = [
        "api_request",
        "api_error",
        "user_prompt",
        "assistant_response",
        "tool_decision",
        "tool_result",
        "api_request_body",
        "api_response_body",
        "codex.sse_event",
        "codex.user_prompt",
        "codex.tool_result",
        "codex.tool_decision",
        "codex.api_request",
        "gemini_cli.api_response",
        "gemini_cli.user_prompt",
        "gemini_cli.tool_call",
        "gemini_cli.api_error",
        "gen_ai.client.inference.operation.details",
    ];
    let base = json!({
        "session.id": "s", "model": "m", "input_tokens": 1, "input_token_count": 1, "success": "false",
        "gen_ai.usage.input_tokens": 1, "gen_ai.request.model": "m", "gen_ai.response.id": "resp_1",
        "event.kind": "response.completed", "decision": "accept", "request_id": "req_1",
        // Statuses are numbers; a text in their place is no subject.
        "status_code": SECRET, "http.response.status_code": SECRET,
    });
    for service in ["claude-code", "other"] {
        for name in names {
            let mut event = with_text(&base);
            event["event.name"] = json!(name);
            let mut request = logs(service, "x", &[event]);
            request["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]["body"] =
                json!({"stringValue": SECRET});
            let kept = format!("{:?}", telemetry(Signal::Logs, &request));
            assert!(!kept.contains(SECRET), "{service} {name}: {kept}");
        }
    }
    for name in ["claude_code.llm_request", "claude_code.interaction", "chat m"] {
        let request = spans("other", "x", &[(name, with_text(&base))]);
        let kept = format!("{:?}", telemetry(Signal::Traces, &request));
        assert!(!kept.contains(SECRET), "{name}: {kept}");
    }
}
