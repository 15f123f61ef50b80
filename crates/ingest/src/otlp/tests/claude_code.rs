//! What Claude Code exports.

use serde_json::{Value, json};

use super::{AT, Signal, attributes, check, logs, spans, telemetry, with};

const SCOPE: &str = "com.anthropic.claude_code.events";
const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

fn events(events: &[Value]) -> Value {
    logs("claude-code", SCOPE, events)
}

/// A call of session `s`, with what differs.
fn api_request(more: Value) -> Value {
    with(
        json!({
            "event.name": "api_request", "session.id": "s", "event.sequence": 7, "model": "claude-opus-4-8",
            "input_tokens": 10, "output_tokens": 50, "request_id": "req_1",
        }),
        more,
    )
}

#[test]
fn a_request_is_a_call_under_the_providers_request_id() {
    check(
        Signal::Logs,
        &events(&[api_request(json!({
            "cache_read_tokens": 2000, "cache_creation_tokens": 300, "cache_creation_5m_tokens": 100,
            "cache_creation_1h_tokens": 200, "cost_usd": 0.001, "cost_usd_micros": 4088, "speed": "fast",
            "query_source": "agent:custom", "skill.name": "review", "anthropic.provider": "firstParty",
        }))]),
        "Derived otlp:req_1 request=req_1 -1.000 anthropic/claude-opus-4-8 input=10 write5m=100 write1h=200 \
         read=2000 output=50 fast says $0.004088000 Own @ claude-code s subagent skill=review\n",
    );
}

#[test]
fn cache_writes_without_lifetimes_are_for_five_minutes() {
    check(
        Signal::Logs,
        &events(&[
            api_request(json!({"cache_creation_tokens": 300})),
            api_request(json!({"cache_creation_tokens": 300, "cache_creation_1h_tokens": 120})),
        ]),
        "Derived otlp:req_1 request=req_1 -1.000 ?/claude-opus-4-8 input=10 write5m=300 output=50 Own @ claude-code s\n\
         Derived otlp:req_1 request=req_1 -1.000 ?/claude-opus-4-8 input=10 write5m=180 write1h=120 output=50 Own @ claude-code s\n",
    );
}

#[test]
fn who_served_it_is_open_behind_another_address() {
    let call = |more| api_request(more);
    check(
        Signal::Logs,
        &events(&[
            call(json!({"anthropic.provider": "firstParty", "anthropic.custom_base_url": true})),
            call(json!({"anthropic.provider": "bedrock", "anthropic.custom_base_url": false})),
            call(json!({"anthropic.provider": "vertex"})),
            call(json!({"anthropic.provider": "foundry"})),
            call(json!({"anthropic.provider": "somewhere"})),
        ]),
        &["?", "aws-bedrock", "google-vertex", "azure", "?"]
            .map(|provider| {
                format!(
                    "Derived otlp:req_1 request=req_1 -1.000 {provider}/claude-opus-4-8 input=10 output=50 Own @ claude-code s\n"
                )
            })
            .concat(),
    );
}

#[test]
fn the_estimate_may_be_missing_in_every_way() {
    for (cost, said) in [
        (json!({"cost_usd": null}), ""),
        (json!({"cost_usd": "many"}), ""),
        (json!({"cost_usd": {"doubleValue": -1.0}}), ""),
        (json!({"cost_usd": 0.0040880000000000005}), " says $0.004088000"),
        (json!({"cost_usd": "0.5"}), " says $0.500000000"),
        (json!({"cost_usd": 1.0, "cost_usd_micros": "2000000"}), " says $2.000000000"),
    ] {
        check(
            Signal::Logs,
            &events(&[api_request(cost)]),
            &format!(
                "Derived otlp:req_1 request=req_1 -1.000 ?/claude-opus-4-8 input=10 output=50{said} Own @ claude-code s\n"
            ),
        );
    }
}

#[test]
fn a_request_without_an_id_is_known_by_what_it_says() {
    let without = |sequence: i64, output: i64| {
        let mut event = api_request(json!({"event.sequence": sequence, "output_tokens": output}));
        event.as_object_mut().unwrap().remove("request_id");
        event
    };
    let request = events(&[without(1, 5), without(1, 5), without(2, 5), without(1, 6)]);
    let keys: Vec<String> =
        telemetry(Signal::Logs, &request).observed.iter().map(|it| it.key().to_string()).collect();
    assert_eq!(keys[0], keys[1], "sent again");
    assert_ne!(keys[0], keys[2], "another event of the same millisecond");
    assert_ne!(keys[0], keys[3], "other counts");
}

#[test]
fn numbers_of_events_start_anew_with_a_process_and_name_nothing() {
    let prompt = |uuid: &str| json!({"event.name": "user_prompt", "session.id": "s", "event.sequence": 0, "message.uuid": uuid});
    let identities = |events_sent: &[Value]| -> Vec<[u8; 16]> {
        telemetry(Signal::Logs, &events(events_sent)).activities.iter().map(|it| it.identity).collect()
    };
    let found = identities(&[prompt("a"), prompt("b"), prompt("a")]);
    assert_eq!(found[0], found[2]);
    assert_ne!(found[0], found[1]);
}

#[test]
fn calls_that_cannot_be_counted_are_rejected_and_the_others_kept() {
    check(
        Signal::Logs,
        &events(&[
            api_request(json!({"model": null})),
            api_request(json!({"input_tokens": "many"})),
            api_request(json!({"output_tokens": -1})),
            api_request(json!({"cache_read_tokens": 1.5})),
            api_request(json!({"cache_read_tokens": "9999999999999999"})),
            api_request(json!({"input_tokens": 0, "output_tokens": 0})),
            api_request(json!({"input_tokens": "10", "output_tokens": 50.0})),
        ]),
        "Derived otlp:req_1 request=req_1 -1.000 ?/claude-opus-4-8 input=10 output=50 Own @ claude-code s\n\
         ignored 1\n\
         rejected 1: a call without a model; 4: a call with a count that is no whole number\n",
    );
}

#[test]
fn a_span_says_the_same_under_the_same_key_and_is_second_hand() {
    check(
        Signal::Traces,
        &spans(
            "claude-code",
            "com.anthropic.claude_code.tracing",
            &[
                (
                    "claude_code.llm_request",
                    json!({
                        "session.id": "s", "model": "claude-opus-4-8", "input_tokens": 10, "output_tokens": 50,
                        "cache_creation_tokens": 300, "request_id": "req_1", "gen_ai.response.id": "req_1",
                        "gen_ai.conversation.id": "s", "query_source_safe": "sdk",
                    }),
                ),
                ("claude_code.llm_request", json!({"session.id": "s", "model": "m", "input_tokens": 10})),
                ("claude_code.interaction", json!({"session.id": "s", "user_prompt": "write a poem"})),
                ("claude_code.tool", json!({"session.id": "s", "full_command": "cat secret"})),
            ],
        ),
        "Derived otlp:req_1 request=req_1 -1.000 ?/claude-opus-4-8 input=10 write5m=300 output=50 Quoted @ claude-code s\n\
         ignored 3\n",
    );
}

#[test]
fn the_repository_reaches_the_events_before_it_was_known() {
    let url = "https://user:secret@github.com/acme/shop.git?token=secret";
    check(
        Signal::Logs,
        &events(&[
            api_request(json!({})),
            api_request(json!({"request_id": "req_2", "vcs.repository.url.full": url})),
            api_request(json!({"request_id": "req_3", "session.id": "other"})),
        ]),
        "Derived otlp:req_1 request=req_1 -1.000 ?/claude-opus-4-8 input=10 output=50 Own @ claude-code s remote=https://github.com/acme/shop.git\n\
         Derived otlp:req_2 request=req_2 -1.000 ?/claude-opus-4-8 input=10 output=50 Own @ claude-code s remote=https://github.com/acme/shop.git\n\
         Derived otlp:req_3 request=req_3 -1.000 ?/claude-opus-4-8 input=10 output=50 Own @ claude-code other\n",
    );
}

#[test]
fn what_happened_beside_calls() {
    let of = |name: &str, more: Value| with(json!({"event.name": name, "session.id": "s"}), more);
    let parameters =
        json!({"full_command": "git commit -m secret", "git_commit_id": SHA, "git_branch": "main"});
    check(
        Signal::Logs,
        &events(&[
            of("user_prompt", json!({"message.uuid": "u", "prompt": "a secret", "prompt_length": "8"})),
            of("tool_decision", json!({"tool_use_id": "t1", "tool_name": "Bash", "decision": "accept"})),
            of("tool_decision", json!({"tool_use_id": "t2", "tool_name": "Edit", "decision": "reject"})),
            of(
                "tool_result",
                json!({"tool_use_id": "t1", "success": "true", "tool_parameters": parameters.to_string()}),
            ),
            of("tool_result", json!({"tool_use_id": "t3", "tool_name": "Bash", "success": "false"})),
            of("tool_result", json!({"tool_use_id": "t4", "tool_name": "Read", "success": "true"})),
            of("api_error", json!({"status_code": 529, "error": "overloaded", "attempt": 2})),
            of("api_error", json!({"status_code": "undefined", "error": "no route", "attempt": 3})),
            of("api_retries_exhausted", json!({"status_code": 529})),
            of("subagent_completed", json!({"total_tokens": 5_000})),
        ]),
        "prompt 1 -1.000 @ claude-code s\n\
         tool_accepted 1 Bash -1.000 @ claude-code s\n\
         tool_rejected 1 Edit -1.000 @ claude-code s\n\
         commit 1 0123456789abcdef0123456789abcdef01234567 -1.000 @ claude-code s on main\n\
         tool_failed 1 Bash -1.000 @ claude-code s\n\
         api_error 1 529 -1.000 @ claude-code s\n\
         api_error 1 -1.000 @ claude-code s\n\
         ignored 3\n",
    );
}

#[test]
fn identity_in_attributes_is_a_claim() {
    let request = events(&[
        api_request(json!({"user.email": "Dana@Acme.example", "enduser.id": "other"})),
        api_request(json!({"enduser.id": "emp-17"})),
        api_request(json!({"user.id": "0123456789abcdef"})),
    ]);
    let observed = telemetry(Signal::Logs, &request).observed;
    let claims: Vec<_> =
        observed.iter().map(|it| it.witness.claimed.as_ref().map(|it| it.as_str())).collect();
    assert_eq!(claims, [Some("dana@acme.example"), Some("emp-17"), None]);
    assert!(observed.iter().all(|it| it.witness.developer.is_none()), "a claim is no credential");
}

#[test]
fn what_the_resource_says_holds_for_its_records() {
    let mut request = events(&[api_request(json!({"user.email": null}))]);
    request["resourceLogs"][0]["resource"]["attributes"] = attributes(&json!({
        "service.name": "claude-code-desktop", "enduser.id": "dana@acme.example",
        "vcs.repository.url.full": "https://github.com/acme/shop",
    }));
    request["resourceLogs"][0]["scopeLogs"][0]["scope"] = json!({});
    check(
        Signal::Logs,
        &request,
        "Derived otlp:req_1 request=req_1 -1.000 ?/claude-opus-4-8 input=10 output=50 Own @ claude-code s \
         remote=https://github.com/acme/shop by dana@acme.example?\n",
    );
}

#[test]
fn the_body_names_the_tool_where_nothing_else_does() {
    let mut request = logs("", "", &[api_request(json!({}))]);
    request["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]["body"] =
        json!({"stringValue": "claude_code.api_request"});
    check(
        Signal::Logs,
        &request,
        "Derived otlp:req_1 request=req_1 -1.000 ?/claude-opus-4-8 input=10 output=50 Own @ claude-code s\n",
    );
}

#[test]
fn clocks_are_believed_within_limits() {
    for (at, observed_at, stamp, shown) in [
        (AT, "0", "2020-01-01T00:00:00Z", "-1.000"),
        ("0", AT, "2020-01-01T00:00:00Z", "-1.000"),
        ("0", "0", "2026-01-02T03:04:04.500Z", "-0.500"),
        ("0", "0", "soon", "+0.000"),
        // Ten minutes ahead, and a little more.
        ("1767323645000000000", "0", "", "+600.000"),
        ("1767323645001000000", "0", "", "+0.000"),
        // A year behind, and a little more.
        ("1735700645000000000", "0", "", "-31622400.000"),
        ("1735700644999000000", "0", "", "+0.000"),
        ("18446744073709551615", "0", "", "+0.000"),
        ("1", AT, "", "-1.000"),
    ] {
        let mut request = events(&[api_request(json!({"event.timestamp": stamp}))]);
        let record = &mut request["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0];
        record["timeUnixNano"] = json!(at);
        record["observedTimeUnixNano"] = json!(observed_at);
        check(
            Signal::Logs,
            &request,
            &format!(
                "Derived otlp:req_1 request=req_1 {shown} ?/claude-opus-4-8 input=10 output=50 Own @ claude-code s\n"
            ),
        );
    }
}

#[test]
fn a_call_without_a_session_belongs_to_its_trace_or_to_who_sent_it() {
    for (trace, session) in [
        ("0102030405060708090a0b0c0d0e0f10", "trace:0102030405060708090a0b0c0d0e0f10"),
        ("00000000000000000000000000000000", "otlp:exporter"),
        ("", "otlp:exporter"),
    ] {
        let mut request = events(&[api_request(json!({"session.id": null}))]);
        request["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]["traceId"] = json!(trace);
        check(
            Signal::Logs,
            &request,
            &format!(
                "Derived otlp:req_1 request=req_1 -1.000 ?/claude-opus-4-8 input=10 output=50 Own @ claude-code {session}\n"
            ),
        );
    }
}

#[test]
fn ids_that_are_none_are_absent() {
    let long = "x".repeat(513);
    check(
        Signal::Logs,
        &events(&[
            api_request(json!({"vcs.repository.url.full": long, "session.id": " s "})),
            api_request(json!({"vcs.repository.url.full": "a\nb"})),
        ]),
        &"Derived otlp:req_1 request=req_1 -1.000 ?/claude-opus-4-8 input=10 output=50 Own @ claude-code s\n"
            .repeat(2),
    );
}

#[test]
fn a_prompt_is_the_turn_that_the_transcript_names() {
    let told =
        telemetry(Signal::Logs, &events(&[api_request(json!({"prompt.id": "p-1"})), api_request(json!({}))]));
    let turns: Vec<_> = told.observed.iter().map(|it| it.call.owner.turn).collect();
    assert_eq!(turns, [Some(crate::fingerprint::turn("p-1")), None]);
}
