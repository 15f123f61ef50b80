//! Oddities of encodings: each costs no more than itself.

use serde_json::json;

use super::{AT, Encoding, Malformed, Signal, attributes, logs, protobuf, read_as, shown, spans};

const CALL: &str = "Derived otlp:req_1 request=req_1 -1.000 ?/m input=10 Own @ claude-code s\n";

fn check_json(signal: Signal, body: &str, expected: &str) {
    assert_eq!(shown(&read_as(signal, Encoding::Json, body.as_bytes()).unwrap()), expected, "{body}");
}

/// A request whose only record is written as `record`.
fn with_record(record: &str) -> String {
    format!(
        r#"{{"resourceLogs":[{{"resource":{{"attributes":[]}},"scopeLogs":[{{"scope":{{"name":"com.anthropic.claude_code.events"}},"logRecords":[{record}]}}]}}]}}"#
    )
}

/// A call with more attributes and fields.
fn call(attributes: &str, fields: &str) -> String {
    format!(
        r#"{{"timeUnixNano":"{AT}","attributes":[{{"key":"event.name","value":{{"stringValue":"api_request"}}}},
        {{"key":"session.id","value":{{"stringValue":"s"}}}},{{"key":"model","value":{{"stringValue":"m"}}}},
        {{"key":"request_id","value":{{"stringValue":"req_1"}}}},
        {{"key":"input_tokens","value":{{"intValue":"10"}}}}{attributes}]{fields}}}"#
    )
}

#[test]
fn null_stands_for_nothing_everywhere() {
    for body in [
        "{}",
        "null",
        r#"{"resourceLogs":null}"#,
        r#"{"resourceLogs":[null]}"#,
        r#"{"resourceLogs":[{"resource":null,"scopeLogs":null}]}"#,
        r#"{"resourceLogs":[{"resource":{"attributes":null},"scopeLogs":[null]}]}"#,
        r#"{"resourceLogs":[{"scopeLogs":[{"scope":null,"logRecords":null}]}]}"#,
        r#"{"resourceLogs":[{"scopeLogs":[{"scope":{"name":null},"logRecords":[null]}]}]}"#,
    ] {
        if body == "null" {
            continue;
        }
        check_json(Signal::Logs, body, "");
    }
    check_json(Signal::Logs, &with_record(r#"{"attributes":null,"body":null}"#), "ignored 1\n");
    check_json(
        Signal::Logs,
        &with_record(&call(r#",null,{"key":null,"value":null}"#, r#","body":null"#)),
        CALL,
    );
}

#[test]
fn values_are_written_in_many_ways() {
    for attribute in [
        r#"{"key":"cache_read_tokens","value":{}}"#,
        r#"{"key":"cache_read_tokens","value":null}"#,
        r#"{"key":"cache_read_tokens"}"#,
        r#"{"key":"cache_read_tokens","value":{"arrayValue":{"values":[{"intValue":1}]}}}"#,
        r#"{"key":"cache_read_tokens","value":{"kvlistValue":{"values":[]}}}"#,
        r#"{"key":"cache_read_tokens","value":{"bytesValue":"AAAA"}}"#,
        r#"{"key":"cache_read_tokens","value":{"intValue":null}}"#,
        r#"{"key":"cache_read_tokens","value":{"intValue":0}}"#,
        r#"{"key":"cache_read_tokens","value":{"stringValue":""}}"#,
        r#"{"key":"cache_read_tokens","value":{"stringValue":7}}"#,
        r#"{"key":"cache_read_tokens","value":[]}"#,
        r#"{"key":"cache_read_tokens","value":{"newValue":{"deep":[1,{}]}}}"#,
        r#"{"key":"note","value":{"stringValue":"\ud83d"}}"#,
        r#"{"key":"speed","value":{"stringValue":"stand\u0061rd"}}"#,
    ] {
        check_json(Signal::Logs, &with_record(&call(&format!(",{attribute}"), "")), CALL);
    }
    for number in [r#""40""#, "40", "40.0"] {
        let attribute = format!(r#",{{"key":"cache_read_tokens","value":{{"intValue":{number}}}}}"#);
        check_json(
            Signal::Logs,
            &with_record(&call(&attribute, "")),
            "Derived otlp:req_1 request=req_1 -1.000 ?/m input=10 read=40 Own @ claude-code s\n",
        );
    }
}

#[test]
fn fields_are_unknown_or_of_another_type() {
    for field in [
        r#","severityNumber":"SEVERITY_NUMBER_INFO""#,
        r#","severityNumber":9,"flags":1,"droppedAttributesCount":0"#,
        r#","somethingNew":{"a":[1,2,{"b":null}]}"#,
        r#","traceId":17"#,
        r#","observedTimeUnixNano":1767323044000000000"#,
        r#","eventName":{"a":1}"#,
    ] {
        check_json(Signal::Logs, &with_record(&call("", field)), CALL);
    }
    let as_number = call("", "").replace(&format!(r#""{AT}""#), AT);
    check_json(Signal::Logs, &with_record(&as_number), CALL);
}

#[test]
fn a_record_that_is_none_costs_itself_alone() {
    for broken in
        ["7", r#""text""#, "[1]", r#"{"attributes":7}"#, r#"{"attributes":[7]}"#, r#"{"attributes":{"a":1}}"#]
    {
        check_json(
            Signal::Logs,
            &with_record(&format!("{broken},{}", call("", ""))),
            &format!("{CALL}rejected 1: cannot be read\n"),
        );
    }
    let many = r#",{"key":"a","value":{"intValue":1}}"#.repeat(1_024);
    check_json(
        Signal::Logs,
        &with_record(&format!("{},{}", call(&many, ""), call("", ""))),
        &format!("{CALL}rejected 1: cannot be read\n"),
    );
}

#[test]
fn enumerations_may_be_names_and_numbers_texts() {
    for (temporality, shown) in [
        ("1", "lines_added 3 -1.000 @ claude-code\n"),
        (r#""1""#, "lines_added 3 -1.000 @ claude-code\n"),
        (r#""AGGREGATION_TEMPORALITY_DELTA""#, "lines_added 3 -1.000 @ claude-code\n"),
        (r#""AGGREGATION_TEMPORALITY_CUMULATIVE""#, "lines_added 3 -1.000 @ claude-code\n"),
        (r#""AGGREGATION_TEMPORALITY_UNSPECIFIED""#, "ignored 1\n"),
        ("null", "ignored 1\n"),
        ("{}", "ignored 1\n"),
    ] {
        for value in [r#""asInt":"3""#, r#""asInt":3"#, r#""asDouble":3"#, r#""asDouble":"3.0""#] {
            let body = format!(
                r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{"name":"claude_code.lines_of_code.count","sum":{{
                "isMonotonic":true,"aggregationTemporality":{temporality},"dataPoints":[{{"timeUnixNano":"{AT}",{value},
                "attributes":[{{"key":"type","value":{{"stringValue":"added"}}}}]}}]}}}}]}}]}}]}}"#
            );
            check_json(Signal::Metrics, &body, shown);
        }
    }
}

#[test]
fn json_may_break_inside_of_a_letter() {
    let mut body = with_record(&call(r#",{"key":"note","value":{"stringValue":"????"}}"#, "")).into_bytes();
    let at = body.windows(4).position(|four| four == b"????").unwrap();
    body[at] = 0xf0;
    assert_eq!(shown(&read_as(Signal::Logs, Encoding::Json, &body).unwrap()), CALL);
}

#[test]
fn what_is_no_request_is_refused() {
    for body in ["", "null", "7", "[]", "{", r#"{"resourceLogs":7}"#, r#"{"resourceLogs":[7]}"#] {
        let read = read_as(Signal::Logs, Encoding::Json, body.as_bytes());
        assert!(matches!(read, Err(Malformed::Json { .. })), "{body}: {read:?}");
    }
    for body in
        [&b"{}"[..], b"\x0a", b"\x0a\x05\x0a", b"\x0b", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"]
    {
        let read = read_as(Signal::Logs, Encoding::Protobuf, body);
        assert_eq!(read, Err(Malformed::Protobuf), "{body:?}");
    }
    assert_eq!(shown(&read_as(Signal::Logs, Encoding::Protobuf, b"").unwrap()), "");
}

#[test]
fn a_broken_record_in_protobuf_costs_itself_alone() {
    let event = |id: &str| json!({"event.name": "api_request", "session.id": "s", "model": "m", "request_id": id, "input_tokens": 10});
    let request = logs("claude-code", "x", &[event("req_broken"), event("req_1")]);
    let mut body = protobuf::encode(Signal::Logs, &request);
    // The first attribute's length reaches far beyond its record.
    let at = body.windows(10).position(|it| it == b"event.name").unwrap();
    body[at - 1] = 0x7f;
    let read = read_as(Signal::Logs, Encoding::Protobuf, &body).unwrap();
    assert_eq!(shown(&read), format!("{CALL}rejected 1: cannot be read\n"));
}

#[test]
fn protobuf_that_is_cut_anywhere_is_refused_or_says_less() {
    let request =
        logs("claude-code", "x", &[json!({"event.name": "api_request", "input_tokens": 10, "model": "m"})]);
    let body = protobuf::encode(Signal::Logs, &request);
    for length in 0..body.len() {
        if let Ok(read) = read_as(Signal::Logs, Encoding::Protobuf, &body[..length]) {
            assert_eq!(length, 0, "{read:?}");
        }
    }
}

#[test]
fn fields_of_protobuf_come_in_any_order_and_unknown_ones_are_passed_over() {
    let within = protobuf::within;
    let pair = |key: &str, value: &str| {
        let value = within(2, &within(1, value.as_bytes()));
        within(6, &[value, within(1, key.as_bytes())].concat())
    };
    let record = [
        pair("event.name", "codex.conversation_starts"),
        // Unknown: a varint, eight bytes, a text, four bytes.
        vec![0xa0, 0x06, 1, 0xa1, 0x06, 0, 0, 0, 0, 0, 0, 0, 0, 0xa2, 0x06, 1, 0, 0xa5, 0x06, 0, 0, 0, 0],
        pair("conversation.id", "c"),
    ]
    .concat();
    let body = within(1, &within(2, &within(2, &record)));
    let read = read_as(Signal::Logs, Encoding::Protobuf, &body).unwrap();
    assert_eq!(shown(&read), "session_start 1 +0.000 @ codex c\n");
}

#[test]
fn attributes_in_a_list_of_objects_are_the_protocols() {
    // The helper of these tests is itself tested: what it writes is what is read.
    assert_eq!(
        attributes(&json!({"a": "b", "n": 1})).to_string(),
        r#"[{"key":"a","value":{"stringValue":"b"}},{"key":"n","value":{"intValue":"1"}}]"#
    );
}

/// A generator of numbers that are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    /// A few bytes changed, taken out or doubled.
    fn mutate(&mut self, body: &[u8]) -> Vec<u8> {
        let mut body = body.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(body.len());
            match self.below(4) {
                0 => body[at] = u8::try_from(self.below(256)).unwrap(),
                1 => body[at] ^= 1 << self.below(8),
                2 => drop(body.splice(at..(at + self.below(9)).min(body.len()), [])),
                _ => {
                    let part = body[at..(at + self.below(40)).min(body.len())].to_vec();
                    drop(body.splice(at..at, part));
                }
            }
            if body.is_empty() {
                body.push(0);
            }
        }
        body
    }
}

#[test]
fn mutations_are_read_or_refused_and_never_more() {
    let event = json!({
        "event.name": "api_request", "session.id": "s", "model": "m", "request_id": "req_1", "input_tokens": 10,
        "cost_usd": 0.5, "event.timestamp": "2026-01-02T03:04:04Z", "vcs.repository.url.full": "https://a.example/b",
    });
    let of = attributes(&json!({"type": "added", "session.id": "s"}));
    let point = json!({"startTimeUnixNano": AT, "timeUnixNano": AT, "asDouble": 3.0, "attributes": of});
    let sum = json!({"dataPoints": [point], "aggregationTemporality": 1, "isMonotonic": true});
    let metric = json!({"name": "claude_code.lines_of_code.count", "sum": sum});
    let mut numbers = Numbers(7);
    let mut kept = 0;
    for (signal, request) in [
        (Signal::Logs, logs("claude-code", "x", &[event.clone(), event.clone()])),
        (Signal::Traces, spans("claude-code", "x", &[("claude_code.llm_request", event)])),
        (Signal::Metrics, json!({"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]})),
    ] {
        for (encoding, body) in [
            (Encoding::Json, request.to_string().into_bytes()),
            (Encoding::Protobuf, protobuf::encode(signal, &request)),
        ] {
            for _ in 0..2_000 {
                let body = numbers.mutate(&body);
                let read = read_as(signal, encoding, &body);
                assert_eq!(read, read_as(signal, encoding, &body));
                kept += read.map_or(0, |it| it.observed.len() + it.activities.len());
            }
        }
    }
    assert!(kept > 1_500, "many mutations leave something to read: {kept}");
}
