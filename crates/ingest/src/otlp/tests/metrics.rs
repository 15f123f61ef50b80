//! Counters, which are never money.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{AT, Signal, attributes, check, telemetry, with};

const DELTA: u64 = 1;
const CUMULATIVE: u64 = 2;
const BEGAN: &str = "1767323040000000000";

fn request(metrics: &[Value]) -> Value {
    json!({"resourceMetrics": [{
        "resource": {"attributes": attributes(&json!({"service.name": "x"}))},
        "scopeMetrics": [{"metrics": metrics}],
    }]})
}

fn point(value: f64, of: &Value) -> Value {
    json!({"startTimeUnixNano": BEGAN, "timeUnixNano": AT, "asDouble": value, "attributes": attributes(of)})
}

fn sum(name: &str, temporality: u64, points: &[Value]) -> Value {
    json!({"name": name, "sum": {"dataPoints": points, "aggregationTemporality": temporality, "isMonotonic": true}})
}

#[test]
fn what_claude_code_counts() {
    let of = |more: Value| with(json!({"session.id": "s", "user.email": "dana@acme.example"}), more);
    let counted = |name: &str, value: f64, more: Value| {
        sum(&format!("claude_code.{name}"), DELTA, &[point(value, &of(more))])
    };
    check(
        Signal::Metrics,
        &request(&[
            counted("session.count", 1.0, json!({"start_type": "fresh"})),
            counted("active_time.total", 0.593, json!({"type": "user"})),
            counted("active_time.total", 12.0, json!({"type": "cli"})),
            counted("lines_of_code.count", 30.0, json!({"type": "added"})),
            counted("lines_of_code.count", 4.0, json!({"type": "removed"})),
            counted("pull_request.count", 1.0, json!({})),
            counted("commit.count", 2.0, json!({})),
            counted("cost.usage", 0.00818, json!({"model": "claude-opus-4-8"})),
            counted("token.usage", 25.0, json!({"type": "input"})),
            counted("token.usage", 154.0, json!({"type": "output"})),
            counted("token.usage", 4000.0, json!({"type": "cacheRead"})),
            counted("token.usage", 600.0, json!({"type": "cacheCreation"})),
            counted("code_edit_tool.decision", 1.0, json!({"decision": "accept"})),
        ]),
        "session_start 1 fresh -1.000 @ claude-code s by dana@acme.example?\n\
         active_user_ms 593 -1.000 @ claude-code s by dana@acme.example?\n\
         active_tool_ms 12000 -1.000 @ claude-code s by dana@acme.example?\n\
         lines_added 30 -1.000 @ claude-code s by dana@acme.example?\n\
         lines_removed 4 -1.000 @ claude-code s by dana@acme.example?\n\
         pull_request 1 -1.000 @ claude-code s by dana@acme.example?\n\
         commit 2 -1.000 @ claude-code s by dana@acme.example?\n\
         claimed_cost_nano_usd 8180000 claude-opus-4-8 -1.000 @ claude-code s by dana@acme.example?\n\
         claimed_tokens 25 input -1.000 @ claude-code s by dana@acme.example?\n\
         claimed_tokens 154 output -1.000 @ claude-code s by dana@acme.example?\n\
         claimed_tokens 4000 cache_read -1.000 @ claude-code s by dana@acme.example?\n\
         claimed_tokens 600 cache_write -1.000 @ claude-code s by dana@acme.example?\n\
         ignored 1\n",
    );
}

/// What a book holds after these requests: the largest amount of each identity.
fn book(requests: &[Value]) -> u64 {
    let mut amounts: BTreeMap<[u8; 16], u64> = BTreeMap::new();
    for request in requests {
        for activity in telemetry(Signal::Metrics, request).activities {
            let known = amounts.entry(activity.identity).or_default();
            *known = activity.amount.max(*known);
        }
    }
    amounts.values().sum()
}

fn lines(temporality: u64, began: &str, at: &str, value: f64, session: &str) -> Value {
    let of = attributes(&json!({"type": "added", "session.id": session}));
    let point = json!({"startTimeUnixNano": began, "timeUnixNano": at, "asDouble": value, "attributes": of});
    request(&[sum("claude_code.lines_of_code.count", temporality, &[point])])
}

#[test]
fn a_delta_that_is_sent_again_counts_once() {
    let first = lines(DELTA, BEGAN, "1767323041000000000", 5.0, "s");
    let second = lines(DELTA, "1767323041000000000", "1767323042000000000", 5.0, "s");
    assert_eq!(book(&[first.clone(), first.clone(), second, first]), 10);
}

#[test]
fn of_a_running_total_the_largest_holds_in_any_order() {
    let at = |at: &str, value| lines(CUMULATIVE, BEGAN, at, value, "s");
    let early = at("1767323041000000000", 5.0);
    let late = at("1767323042000000000", 12.0);
    assert_eq!(book(&[early.clone(), late.clone()]), 12);
    assert_eq!(book(&[late, early]), 12);
}

#[test]
fn a_running_total_that_starts_anew_is_another() {
    let before = lines(CUMULATIVE, BEGAN, "1767323041000000000", 12.0, "s");
    let after = lines(CUMULATIVE, "1767323042000000000", "1767323043000000000", 3.0, "s");
    assert_eq!(book(&[before, after]), 15, "two processes may share a session");
}

#[test]
fn the_order_of_attributes_is_no_difference() {
    let one = lines(CUMULATIVE, BEGAN, AT, 5.0, "s");
    let mut other = one.clone();
    other["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0]["sum"]["dataPoints"][0]["attributes"]
        .as_array_mut()
        .unwrap()
        .reverse();
    assert_ne!(one, other);
    assert_eq!(book(&[one.clone(), other]), 5);
    assert_eq!(book(&[one, lines(CUMULATIVE, BEGAN, AT, 5.0, "t")]), 10, "another session");
}

#[test]
fn types_that_contain_each_other_are_not_added_up() {
    let point = |kind: &str, sum: f64| {
        json!({
            "startTimeUnixNano": BEGAN, "timeUnixNano": AT, "count": 1, "sum": sum,
            "attributes": attributes(&json!({"token_type": kind})),
        })
    };
    let points = [
        point("input", 5000.0),
        point("cached_input", 4000.0),
        point("output", 50.0),
        point("reasoning_output", 20.0),
        point("total", 5050.0),
    ];
    check(
        Signal::Metrics,
        &request(&[json!({
            "name": "codex.turn.token_usage",
            "histogram": {"dataPoints": points, "aggregationTemporality": DELTA},
        })]),
        "claimed_tokens 5000 prompt -1.000 @ codex\n\
         claimed_tokens 4000 cache_read -1.000 @ codex\n\
         claimed_tokens 50 output -1.000 @ codex\n\
         claimed_tokens 20 reasoning -1.000 @ codex\n\
         ignored 1\n",
    );
}

#[test]
fn gemini_cli_and_copilot_count_too() {
    let mut of_gemini = request(&[
        sum("gemini_cli.session.count", CUMULATIVE, &[point(1.0, &json!({"session.id": "g"}))]),
        sum("gemini_cli.lines.changed", CUMULATIVE, &[point(7.0, &json!({"type": "added"}))]),
        sum("gemini_cli.token.usage", CUMULATIVE, &[point(9.0, &json!({"type": "thought"}))]),
        sum("gen_ai.client.token.usage", CUMULATIVE, &[point(9.0, &json!({"gen_ai.token.type": "input"}))]),
    ]);
    of_gemini["resourceMetrics"][0]["resource"]["attributes"] =
        attributes(&json!({"service.name": "gemini-cli"}));
    check(
        Signal::Metrics,
        &of_gemini,
        "session_start 1 -1.000 @ gemini-cli g\n\
         lines_added 7 -1.000 @ gemini-cli\n\
         claimed_tokens 9 output -1.000 @ gemini-cli\n\
         ignored 1\n",
    );
    let mut of_copilot = request(&[
        sum("copilot_chat.session.count", DELTA, &[point(1.0, &json!({}))]),
        sum("copilot_chat.pull_request.count", DELTA, &[point(1.0, &json!({}))]),
        sum("copilot_chat.lines_of_code.count", DELTA, &[point(7.0, &json!({"type": "removed"}))]),
        sum("gen_ai.client.token.usage", DELTA, &[point(9.0, &json!({"gen_ai.token.type": "input"}))]),
    ]);
    of_copilot["resourceMetrics"][0]["resource"]["attributes"] =
        attributes(&json!({"service.name": "copilot-chat"}));
    check(
        Signal::Metrics,
        &of_copilot,
        "session_start 1 -1.000 @ copilot-chat\n\
         pull_request 1 -1.000 @ copilot-chat\n\
         lines_removed 7 -1.000 @ copilot-chat\n\
         claimed_tokens 9 prompt -1.000 @ copilot-chat\n",
    );
}

#[test]
fn points_that_say_nothing_are_rejected_and_the_others_kept() {
    let lines = |value: Value| {
        let of = attributes(&json!({"type": "added"}));
        let point =
            json!({"startTimeUnixNano": BEGAN, "timeUnixNano": AT, "asDouble": value, "attributes": of});
        sum("claude_code.lines_of_code.count", DELTA, &[point])
    };
    check(
        Signal::Metrics,
        &request(&[
            lines(json!(null)),
            lines(json!(-1.0)),
            lines(json!("NaN")),
            lines(json!("Infinity")),
            lines(json!(1e11)),
            lines(json!(0.0)),
            lines(json!(3.0)),
            json!({"name": "claude_code.lines_of_code.count"}),
        ]),
        "lines_added 3 -1.000 @ claude-code\n\
         ignored 1\n\
         rejected 1: cannot be read; 5: a point without a number that is zero or more\n",
    );
}

#[test]
fn what_is_no_sum_that_grows_is_ignored() {
    let of = attributes(&json!({"type": "added"}));
    let point = json!({"startTimeUnixNano": BEGAN, "timeUnixNano": AT, "asInt": "3", "attributes": of});
    let name = "claude_code.lines_of_code.count";
    check(
        Signal::Metrics,
        &request(&[
            json!({"name": name, "gauge": {"dataPoints": [point]}}),
            json!({"name": name, "sum": {"dataPoints": [point], "aggregationTemporality": 2}}),
            json!({"name": name, "sum": {"dataPoints": [point], "isMonotonic": true}}),
            json!({"name": name, "sum": {"dataPoints": [point], "aggregationTemporality": 1, "isMonotonic": true}}),
        ]),
        "lines_added 3 -1.000 @ claude-code\nignored 3\n",
    );
}
