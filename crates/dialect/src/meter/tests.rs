//! Responses of each dialect, as the providers write them: read whole, cut at
//! every byte, broken off at every event.

use std::fmt::Write as _;

use domain::{ModelName, TokenClass};

use super::*;
use crate::reading::Basis;
use crate::testing::Random;

/// All that a reading has to say, in words.
fn told(reading: &Reading) -> String {
    let mut told = String::new();
    for class in TokenClass::BILLED.into_iter().chain([TokenClass::Reasoning]) {
        let tokens = reading.usage.tokens(class).count();
        if tokens > 0 {
            write!(told, "{} {tokens}; ", class.name()).unwrap();
        }
    }
    if reading.usage.web_searches > 0 {
        write!(told, "searches {}; ", reading.usage.web_searches).unwrap();
    }
    write!(told, "{:?}/{:?}", reading.input, reading.output).unwrap();
    let word = |name: &str, value: Option<&str>| value.map(|it| format!("; {name} {it}")).unwrap_or_default();
    told.push_str(&word("model", reading.model.as_ref().map(ModelName::as_str)));
    told.push_str(&word("id", reading.id.as_ref().map(domain::CallKey::as_str)));
    told.push_str(&word("tier", reading.tier.map(domain::ServiceTier::name)));
    told.push_str(&word("speed", reading.speed.map(domain::Speed::name)));
    told.push_str(&word("geo", reading.geo.map(domain::InferenceGeo::name)));
    told.push_str(&word("stop", reading.stop.as_deref()));
    told.push_str(&word("error", reading.error.as_deref()));
    for advisor in &reading.advisors {
        let (input, output) = (advisor.usage.input, advisor.usage.output);
        write!(told, "; #{} {} {input}+{output}", advisor.step, advisor.model).unwrap();
    }
    if reading.missed > 0 {
        write!(told, "; missed {}", reading.missed).unwrap();
    }
    told
}

fn read<'a>(mut meter: Meter, pieces: impl IntoIterator<Item = &'a [u8]>) -> (Reading, Vec<u8>) {
    let mut relayed = Vec::new();
    for piece in pieces {
        relayed.extend_from_slice(&meter.feed(piece));
    }
    relayed.extend_from_slice(&meter.finish());
    (meter.reading(), relayed)
}

/// However the response is cut, this is what it says, and all of it is relayed.
fn check(dialect: Dialect, delivery: Delivery, response: &str, expected: &str) {
    let meter = || Meter::new(dialect, delivery);
    let bytes = response.as_bytes();
    let (whole, relayed) = read(meter(), [bytes]);
    assert_eq!((told(&whole).as_str(), relayed.as_slice()), (expected, bytes));
    for at in 0..=bytes.len() {
        let (one, two) = bytes.split_at(at);
        assert_eq!(read(meter(), [one, two]), (whole.clone(), relayed.clone()), "cut at {at}");
    }
    assert_eq!(read(meter(), bytes.chunks(1)), (whole, relayed), "byte by byte");
}

/// The same stream, broken off after each of its events in turn.
fn check_cuts(dialect: Dialect, stream: &str, expected: &[&str]) {
    let mut sent = String::new();
    let mut said = Vec::new();
    for event in stream.split_inclusive("\n\n") {
        sent.push_str(event);
        said.push(told(&read(Meter::new(dialect, Delivery::Events), [sent.as_bytes()]).0));
    }
    assert_eq!(said, expected);
}

const ANTHROPIC: &str = r#"event: message_start
data: {"type":"message_start","message":{"id":"msg_7","type":"message","role":"assistant","model":"claude-haiku-4-5","content":[],"stop_reason":null,"usage":{"input_tokens":12,"cache_creation_input_tokens":300,"cache_read_input_tokens":4000,"cache_creation":{"ephemeral_5m_input_tokens":100,"ephemeral_1h_input_tokens":200},"output_tokens":1,"service_tier":"standard","inference_geo":"us"}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}

: keep-alive

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"What could they mean?"}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Here is a list:\n"}}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":null},"usage":{"output_tokens":40}}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":14,"cache_read_input_tokens":4000,"cache_creation_input_tokens":300,"output_tokens":55,"output_tokens_details":{"thinking_tokens":21},"server_tool_use":{"web_search_requests":2}}}

event: message_stop
data: {"type":"message_stop"}

"#;

#[test]
fn an_anthropic_stream() {
    check(
        Dialect::Anthropic,
        Delivery::Events,
        ANTHROPIC,
        "input 14; cache_write_5m 100; cache_write_1h 200; cache_read 4000; output 55; reasoning 21; searches 2; Stated/Stated; model claude-haiku-4-5; id msg_7; tier standard; geo us; stop end_turn",
    );
}

#[test]
fn an_anthropic_stream_that_breaks_off() {
    let start = "input 12; cache_write_5m 100; cache_write_1h 200; cache_read 4000;";
    let end = "Stated/Estimated; model claude-haiku-4-5; id msg_7; tier standard; geo us";
    let at = |output: u64| format!("{start} output {output}; {end}");
    let complete = "input 14; cache_write_5m 100; cache_write_1h 200; cache_read 4000; output 55; reasoning 21; searches 2; Stated/Stated; model claude-haiku-4-5; id msg_7; tier standard; geo us; stop end_turn";
    check_cuts(
        Dialect::Anthropic,
        ANTHROPIC,
        &[&at(1), &at(1), &at(1), &at(7), &at(13), &at(40), complete, complete],
    );
}

#[test]
fn anthropic_messages_and_errors() {
    check(
        Dialect::Anthropic,
        Delivery::Whole,
        r#"{"id":"msg_1","type":"message","model":"claude-opus-5-5","content":[{"type":"text","text":"Hi"}],"stop_reason":"tool_use","usage":{"input_tokens":3,"output_tokens":5,"cache_creation_input_tokens":9,"speed":"fast","iterations":[{"type":"message","input_tokens":3},{"type":"advisor_message","model":"claude-big","input_tokens":50,"output_tokens":60}]}}"#,
        "input 3; cache_write_5m 9; output 5; Stated/Stated; model claude-opus-5-5; id msg_1; speed fast; stop tool_use; #1 claude-big 50+60",
    );
    check(
        Dialect::Anthropic,
        Delivery::Whole,
        r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
        "Unknown/Estimated; error overloaded_error",
    );
    check(
        Dialect::Anthropic,
        Delivery::Events,
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\"}}\n\ndata: {torn\n\n",
        "Unknown/Estimated; error api_error; missed 1",
    );
    check(
        Dialect::Anthropic,
        Delivery::Whole,
        r#"{"type":"message","stop_reason":"end_turn","usage":{"input_tokens":-3,"output_tokens":5}}"#,
        "output 5; Unknown/Estimated; stop end_turn",
    );
}

const CHAT: &str = r#"data: {"id":"chatcmpl-1","model":"gpt-x-2026","service_tier":"default","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}

data: {"id":"chatcmpl-1","model":"gpt-x-2026","choices":[{"index":0,"delta":{"content":"Good morning"},"finish_reason":null}],"usage":null}

data: {"id":"chatcmpl-1","model":"gpt-x-2026","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}

data: {"id":"chatcmpl-1","model":"gpt-x-2026","choices":[],"usage":{"prompt_tokens":100,"completion_tokens":30,"prompt_tokens_details":{"cached_tokens":64},"completion_tokens_details":{"reasoning_tokens":20}}}

data: [DONE]

"#;

const CHAT_TOLD: &str = "input 36; cache_read 64; output 30; reasoning 20; Stated/Stated; model gpt-x-2026; id chatcmpl-1; tier standard; stop stop";

#[test]
fn a_chat_stream() {
    check(Dialect::OpenAiChat, Delivery::Events, CHAT, CHAT_TOLD);
    let end = "Unknown/Estimated; model gpt-x-2026; id chatcmpl-1; tier standard";
    let (said, stopped) = (format!("output 4; {end}"), format!("output 4; {end}; stop stop"));
    check_cuts(Dialect::OpenAiChat, CHAT, &[end, &said, &stopped, CHAT_TOLD, CHAT_TOLD]);
}

#[test]
fn chat_completions_and_errors() {
    for (response, expected) in [
        (
            r#"{"id":"c","model":"m","choices":[{"message":{"role":"assistant","content":"Hi"},"finish_reason":"length"}],"usage":{"prompt_tokens":7,"completion_tokens":2}}"#,
            "input 7; output 2; Stated/Stated; model m; id c; stop length",
        ),
        (
            r#"{"choices":[{"message":{"content":"four and twenty"},"finish_reason":"stop"}]}"#,
            "output 5; Unknown/Estimated; stop stop",
        ),
        (
            r#"{"error":{"message":"no","type":"invalid_request_error","code":"context_length_exceeded"}}"#,
            "Unknown/Estimated; error context_length_exceeded",
        ),
    ] {
        check(Dialect::OpenAiChat, Delivery::Whole, response, expected);
    }
    let repeated = r#"data: {"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":7,"completion_tokens":1}}

data: {"choices":[{"delta":{"content":"b"},"finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":2}}

"#;
    check_cuts(
        Dialect::OpenAiChat,
        repeated,
        &["input 7; output 1; Stated/Estimated", "input 7; output 2; Stated/Stated; stop stop"],
    );
}

const RESPONSES: &str = r#"event: response.created
data: {"type":"response.created","sequence_number":0,"response":{"id":"resp_3","object":"response","status":"in_progress","model":"gpt-x","output":[],"usage":null,"service_tier":"auto"}}

event: response.output_item.done
data: {"type":"response.output_item.done","sequence_number":1,"item":{"type":"web_search_call","id":"ws","action":{"type":"search","query":"q"}}}

event: response.output_text.delta
data: {"type":"response.output_text.delta","sequence_number":2,"delta":"Good evening"}

event: response.output_item.done
data: {"type":"response.output_item.done","sequence_number":3,"item":{"type":"message","content":[{"type":"output_text","text":"Good evening"}]}}

event: response.completed
data: {"type":"response.completed","sequence_number":4,"response":{"id":"resp_3","object":"response","status":"completed","model":"gpt-x-1","service_tier":"flex","error":null,"incomplete_details":null,"output":[{"type":"web_search_call","action":{"type":"search"}},{"type":"web_search_call","action":{"type":"open_page"}},{"type":"message","content":[{"type":"output_text","text":"Good evening"}]}],"usage":{"input_tokens":90,"input_tokens_details":{"cached_tokens":80},"output_tokens":33,"output_tokens_details":{"reasoning_tokens":16},"total_tokens":123}}}

"#;

#[test]
fn a_responses_stream() {
    let complete = "input 10; cache_read 80; output 33; reasoning 16; searches 1; Stated/Stated; model gpt-x-1; id resp_3; tier flex; stop completed";
    check(Dialect::OpenAiResponses, Delivery::Events, RESPONSES, complete);
    let end = "Unknown/Estimated; model gpt-x; id resp_3; tier standard";
    let (searched, said) = (format!("searches 1; {end}"), format!("output 4; searches 1; {end}"));
    check_cuts(Dialect::OpenAiResponses, RESPONSES, &[end, &searched, &said, &said, complete]);
}

#[test]
fn responses_and_errors() {
    for (delivery, response, expected) in [
        (
            Delivery::Whole,
            r#"{"id":"r","object":"response","status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"model":"m","output":[],"tool_usage":{"web_search":{"num_requests":3}},"usage":{"input_tokens":4,"output_tokens":5}}"#,
            "input 4; output 5; searches 3; Stated/Stated; model m; id r; stop max_output_tokens",
        ),
        (
            Delivery::Whole,
            r#"{"id":"r","object":"response.compaction","output":[{"type":"compaction","encrypted_content":"AAAA"}],"usage":{"input_tokens":4,"output_tokens":5}}"#,
            "input 4; output 5; Stated/Stated; id r",
        ),
        (
            Delivery::Whole,
            r#"{"id":"r","object":"response","status":"queued","output":[],"usage":null}"#,
            "Unknown/Estimated; id r",
        ),
        (
            Delivery::Events,
            "data: {\"type\":\"response.failed\",\"response\":{\"id\":\"r\",\"status\":\"failed\",\"error\":{\"code\":\"server_error\",\"message\":\"no\"},\"usage\":null}}\n\n",
            "Unknown/Estimated; id r; stop failed; error server_error",
        ),
        (
            Delivery::Events,
            "data: {\"type\":\"error\",\"code\":\"rate_limit_exceeded\",\"message\":\"no\"}\n\n",
            "Unknown/Estimated; error rate_limit_exceeded",
        ),
    ] {
        check(Dialect::OpenAiResponses, delivery, response, expected);
    }
}

const GEMINI: [&str; 3] = [
    r#"{"candidates":[{"content":{"parts":[{"text":"Hmm","thought":true}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":50,"thoughtsTokenCount":9},"modelVersion":"gemini-x-001","responseId":"g1"}"#,
    r#"{"candidates":[{"content":{"parts":[{"text":"Four and twenty blackbirds, baked in a pie, and more"}],"role":"model"},"groundingMetadata":{"webSearchQueries":["a","b"]}}],"modelVersion":"gemini-x-001"}"#,
    r#"{"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":50,"cachedContentTokenCount":40,"candidatesTokenCount":12,"thoughtsTokenCount":9,"toolUsePromptTokenCount":5},"modelVersion":"gemini-x-001","responseId":"g1"}"#,
];

#[test]
fn gemini_streams() {
    let complete = "input 15; cache_read 40; output 21; reasoning 9; searches 2; Stated/Stated; model gemini-x-001; id g1; stop STOP";
    let events = format!("data: {}\r\n\r\n", GEMINI.join("\r\n\r\ndata: "));
    check(Dialect::Gemini, Delivery::Events, &events, complete);
    check(Dialect::Gemini, Delivery::List, &format!("[{}\n]", GEMINI.join("\r\n,\r\n")), complete);
    check_cuts(
        Dialect::Gemini,
        &format!("data: {}\n\n", GEMINI.join("\n\ndata: ")),
        &[
            "input 50; output 9; reasoning 9; Stated/Estimated; model gemini-x-001; id g1",
            "input 50; output 19; reasoning 9; searches 2; Stated/Estimated; model gemini-x-001; id g1",
            complete,
        ],
    );
}

#[test]
fn gemini_responses_and_errors() {
    for (delivery, response, expected) in [
        (
            Delivery::Whole,
            r#"{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":8}}"#,
            "input 8; Stated/Stated; stop SAFETY",
        ),
        (
            Delivery::Whole,
            r#"{"error":{"code":429,"message":"no","status":"RESOURCE_EXHAUSTED"}}"#,
            "Unknown/Estimated; error RESOURCE_EXHAUSTED",
        ),
        (Delivery::List, r#"[{"error":{"code":503}}]"#, "Unknown/Estimated; error error"),
    ] {
        check(Dialect::Gemini, delivery, response, expected);
    }
}

#[test]
fn a_last_event_counts_without_its_blank_line_but_not_when_it_is_torn() {
    let stream = RESPONSES.trim_end();
    let read =
        |stream: &str| read(Meter::new(Dialect::OpenAiResponses, Delivery::Events), [stream.as_bytes()]).0;
    assert!(read(stream).is_complete && read(&format!("{stream}\n")).is_complete);
    for torn in 1..60 {
        let reading = read(stream.split_at(stream.len() - torn).0);
        assert_eq!((reading.output, reading.usage.output.count(), reading.missed), (Basis::Estimated, 4, 0));
    }
}

#[test]
fn an_object_that_breaks_off_is_estimated_by_its_length() {
    let mut meter = Meter::new(Dialect::Anthropic, Delivery::Whole);
    meter.feed(br#"{"type":"message","content":[{"type":"text","text":"Twelve bytes"#);
    let reading = meter.reading();
    assert_eq!((reading.output, reading.usage.output.count()), (Basis::Estimated, 22));
}

#[test]
fn usage_that_nobody_asked_for_is_not_relayed() {
    for stream in [CHAT.to_owned(), CHAT.replace('\n', "\r\n"), CHAT.replace('\n', "\r")] {
        let bytes = stream.as_bytes();
        let parts: Vec<&str> = stream.split_inclusive("data: ").collect();
        let expected = [&parts[..4], &parts[5..]].concat().concat();
        let meter = || Meter::new(Dialect::OpenAiChat, Delivery::Events).hiding_usage();
        for at in 0..=bytes.len() {
            let (one, two) = bytes.split_at(at);
            let (reading, relayed) = read(meter(), [one, two]);
            assert_eq!(String::from_utf8_lossy(&relayed), expected, "cut at {at}");
            assert_eq!(told(&reading), CHAT_TOLD);
        }
        assert_eq!(read(meter(), bytes.chunks(1)).1, expected.as_bytes());
    }
}

#[test]
fn nothing_is_held_beyond_the_event_that_comes_in() {
    let mut meter = Meter::new(Dialect::OpenAiChat, Delivery::Events).hiding_usage();
    assert_eq!(&*meter.feed(b"data: {\"choices\":[{}]}\n\ndata: {"), b"data: {\"choices\":[{}]}\n\n");
    assert_eq!(&*meter.feed(b"\"choices\":[{}]}\n"), b"");
    assert_eq!(&*meter.feed(b"\n: ping\n"), b"data: {\"choices\":[{}]}\n\n");
    let long = vec![b'x'; HELD_LIMIT];
    assert_eq!(meter.feed(&long).len(), b": ping\n".len() + HELD_LIMIT);
    assert_eq!(&*meter.feed(b"x"), b"x");
    assert_eq!(&*meter.feed(b"\n\ndata: y"), b"\n\n");
    assert_eq!(meter.finish(), b"data: y");
}

#[test]
fn what_is_broken_reads_the_same_however_it_is_cut() {
    let list = format!("[{}]", GEMINI.join(","));
    let events = format!("data: {}\r\n\r\n", GEMINI.join("\r\n\r\ndata: "));
    for (dialect, delivery, sample) in [
        (Dialect::Anthropic, Delivery::Events, ANTHROPIC),
        (Dialect::OpenAiChat, Delivery::Events, CHAT),
        (Dialect::OpenAiResponses, Delivery::Events, RESPONSES),
        (Dialect::Gemini, Delivery::Events, &events),
        (Dialect::Gemini, Delivery::List, &list),
    ] {
        for seed in 0..150 {
            let mut random = Random::new(seed);
            let bytes = random.mutated(sample.as_bytes());
            let at = usize::try_from(random.below(u64::try_from(bytes.len()).unwrap() + 1)).unwrap();
            let (one, two) = bytes.split_at(at);
            for hiding in [false, true] {
                let meter = || {
                    let meter = Meter::new(dialect, delivery);
                    if hiding { meter.hiding_usage() } else { meter }
                };
                let whole = read(meter(), [&bytes[..]]);
                assert!(hiding || whole.1 == bytes);
                assert_eq!(read(meter(), [one, two]), whole, "{dialect:?} seed {seed}");
                assert_eq!(read(meter(), bytes.chunks(1)), whole, "{dialect:?} seed {seed}");
            }
        }
    }
}
