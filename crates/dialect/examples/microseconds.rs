//! What reading and editing requests and metering responses costs, in microseconds
//! of this machine: `cargo run --release -p dialect --example microseconds`.

#![expect(clippy::print_stdout, reason = "a table is all that this prints")]
#![expect(clippy::expect_used, reason = "an example that cannot go on has nothing else to say")]
#![expect(clippy::disallowed_methods, reason = "time is what this measures")]

use std::hint::black_box;
use std::time::Instant;

use dialect::{Delivery, Dialect, Edit, Meter, Request, Route};

/// Each figure is the best of so many runs, which is the one least disturbed.
const RUNS: u32 = 15;
/// What is done so many times in a run.
const ROUNDS: u32 = 50;

/// Makes a body of about that length.
type Make = fn(usize) -> String;

const DIALECTS: [(&str, &str, Make); 4] = [
    ("anthropic", "/v1/messages?beta=true", anthropic),
    ("chat", "/v1/chat/completions", chat),
    ("responses", "/v1/responses", responses),
    ("gemini", "/v1beta/models/m:streamGenerateContent?alt=sse", gemini),
];

fn main() {
    println!("{:34} {:>9} {:>9}", "", "bytes", "µs");
    for (name, length) in [("1 KB", 1_000), ("100 KB", 100_000), ("500 KB", 500_000)] {
        for (dialect, path, make) in DIALECTS {
            let body = make(length);
            let read = || Request::read(&Route::of("POST", path), body.as_bytes()).expect("a request");
            row(&format!("{dialect} {name} read"), body.len(), || drop(black_box(read())));
            let (request, edit) = (read(), Edit { output_limit: Some(500), ..Edit::default() });
            row(&format!("{dialect} {name} edit"), body.len(), || {
                drop(black_box(request.edit(body.as_bytes(), &edit)));
            });
        }
    }
    let stream = stream(1_000);
    row("anthropic stream, 1000 deltas", stream.len(), || {
        let mut meter = Meter::new(Dialect::Anthropic, Delivery::Events);
        for piece in stream.as_bytes().chunks(1_400) {
            drop(black_box(meter.feed(piece)));
        }
        drop(black_box(meter.reading()));
    });
}

fn row(name: &str, bytes: usize, mut work: impl FnMut()) {
    let mut best = u128::MAX;
    for _ in 0..RUNS {
        let start = Instant::now();
        for _ in 0..ROUNDS {
            work();
        }
        best = best.min(start.elapsed().as_nanos() / u128::from(ROUNDS));
    }
    println!("{name:34} {bytes:>9} {:>7}.{}", best / 1_000, best % 1_000 / 100);
}

/// Text as tools send it: code, with its line ends and quotes escaped.
const CODE: &str = r#"    let total = lines.iter().map(|line| line.len()).sum::<usize>();\n    println!(\"{total} bytes\");\n\tif total == 0 {\n        return Err(\"nothing was read\".into());\n    }\n"#;

/// Turns of a conversation, in the words of a dialect, up to a length.
fn turns(length: usize, turn: impl Fn(&str, &str) -> String) -> String {
    let text = CODE.repeat(8.min(length / 400 + 1));
    let mut turns = Vec::new();
    let mut total = 0;
    while total < length.saturating_sub(600) || turns.is_empty() {
        let role = if turns.len() % 2 == 0 { "user" } else { "assistant" };
        turns.push(turn(role, &text));
        total += text.len() + 120;
    }
    turns.join(",")
}

fn anthropic(length: usize) -> String {
    let turns = turns(length, |role, text| {
        format!(
            r#"{{"role":"{role}","content":[{{"type":"text","text":"{text}"}},{{"type":"tool_use","id":"t","name":"Bash","input":{{"command":"make"}}}}]}}"#
        )
    });
    format!(
        r#"{{"model":"claude-opus-5-5","max_tokens":128000,"stream":true,"system":[{{"type":"text","text":"Be brief.","cache_control":{{"type":"ephemeral"}}}}],"messages":[{turns}],"metadata":{{"user_id":"{{\"session_id\":\"5c0f\"}}"}},"thinking":{{"type":"adaptive"}}}}"#
    )
}

fn chat(length: usize) -> String {
    let turns = turns(length, |role, text| format!(r#"{{"role":"{role}","content":"{text}"}}"#));
    format!(r#"{{"model":"gpt-x","stream":true,"messages":[{turns}]}}"#)
}

fn responses(length: usize) -> String {
    let turns = turns(length, |role, text| {
        format!(r#"{{"type":"message","role":"{role}","content":[{{"type":"input_text","text":"{text}"}}]}}"#)
    });
    format!(r#"{{"model":"gpt-x","stream":true,"store":false,"instructions":"Be brief.","input":[{turns}]}}"#)
}

fn gemini(length: usize) -> String {
    let turns = turns(length, |role, text| format!(r#"{{"role":"{role}","parts":[{{"text":"{text}"}}]}}"#));
    format!(r#"{{"contents":[{turns}],"generationConfig":{{"temperature":1}}}}"#)
}

fn stream(deltas: usize) -> String {
    let delta = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\" and then\"}}\n\n";
    format!(
        "event: message_start\ndata: {{\"type\":\"message_start\",\"message\":{{\"id\":\"m\",\"usage\":{{\"input_tokens\":5}}}}}}\n\n{}event: message_delta\ndata: {{\"type\":\"message_delta\",\"delta\":{{\"stop_reason\":\"end_turn\"}},\"usage\":{{\"output_tokens\":900}}}}\n\n",
        delta.repeat(deltas)
    )
}
