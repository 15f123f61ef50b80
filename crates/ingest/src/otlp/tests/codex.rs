//! What Codex exports.

use serde_json::{Value, json};

use super::{AT, Signal, check, logs, telemetry, with};

/// Events without a time, as Codex sends them.
fn events(events: &[Value]) -> Value {
    let mut request = logs("codex_cli_rs", "codex_otel", events);
    for record in request["resourceLogs"][0]["scopeLogs"][0]["logRecords"].as_array_mut().unwrap() {
        record["timeUnixNano"] = json!("0");
        record["eventName"] = json!("event otel/src/somewhere.rs:1");
    }
    request
}

fn of(name: &str, more: Value) -> Value {
    let event =
        json!({"event.name": format!("codex.{name}"), "conversation.id": "c", "model": "gpt-5.2-codex"});
    with(event, more)
}

#[test]
fn of_two_events_of_a_response_the_one_with_counts_is_the_call() {
    let request = events(&[
        of("sse_event", json!({"event.kind": "response.completed", "duration_ms": "10"})),
        of(
            "sse_event",
            json!({
                "event.kind": "response.completed", "input_token_count": "5000", "output_token_count": "50",
                "cached_token_count": "4000", "cache_write_token_count": "100",
                "reasoning_token_count": "20", "tool_token_count": "5050", "user.email": "dana@acme.example",
            }),
        ),
        of("sse_event", json!({"event.kind": "response.created", "input_token_count": "5000"})),
    ]);
    let text = super::text_of(Signal::Logs, &request);
    let (key, rest) = text.split_at("Derived otlp:".len() + 32);
    assert!(key.starts_with("Derived otlp:"), "{text}");
    assert_eq!(
        rest,
        " -1.000 openai/gpt-5.2-codex input=900 write5m=100 read=4000 output=50 reasoning=20 Own @ codex c \
         by dana@acme.example?\nignored 2\n"
    );
}

#[test]
fn the_same_response_again_is_the_same_call_and_the_next_is_not() {
    let call = of(
        "sse_event",
        json!({"event.kind": "response.completed", "input_token_count": "10", "output_token_count": "5"}),
    );
    let mut request = events(&[call.clone(), call.clone(), call]);
    request["resourceLogs"][0]["scopeLogs"][0]["logRecords"][2]["observedTimeUnixNano"] =
        json!((AT.parse::<u64>().unwrap() + 1).to_string());
    let found = telemetry(Signal::Logs, &request).observed;
    assert_eq!(found[0].key(), found[1].key());
    assert_ne!(found[0].key(), found[2].key(), "a nanosecond later");
}

#[test]
fn what_happened_beside_calls() {
    check(
        Signal::Logs,
        &events(&[
            of("conversation_starts", json!({})),
            of("user_prompt", json!({"prompt": "a secret", "prompt_length": "8"})),
            of("api_request", json!({"http.response.status_code": "200"})),
            of("api_request", json!({"http.response.status_code": 429, "error.message": "a secret"})),
            of(
                "tool_decision",
                json!({"call_id": "1", "tool_name": "shell", "decision": "approved_for_session"}),
            ),
            of("tool_decision", json!({"call_id": "2", "tool_name": "shell", "decision": "denied"})),
            of("tool_result", json!({"call_id": "1", "tool_name": "shell", "success": "true"})),
            of(
                "tool_result",
                json!({"call_id": "3", "tool_name": "shell", "success": "false", "output": "a secret"}),
            ),
            of("turn_ttft", json!({"duration_ms": "3"})),
        ]),
        "session_start 1 -1.000 @ codex c\n\
         prompt 1 -1.000 @ codex c\n\
         api_error 1 429 -1.000 @ codex c\n\
         tool_accepted 1 shell -1.000 @ codex c\n\
         tool_rejected 1 shell -1.000 @ codex c\n\
         tool_failed 1 shell -1.000 @ codex c\n\
         ignored 3\n",
    );
}
