//! What each client is told, word for word.

use std::fmt::Write as _;

use serde_json::Value;

use super::*;

fn refusal(grounds: Grounds) -> Refusal {
    Refusal {
        grounds,
        code: "budget_short",
        message: "Team \"shop\" has 0.02 USD left.\nAsk dana@example.com.".to_owned(),
        retry_after_seconds: Some(86_400),
        request: Some(RequestId::new("req_1")),
    }
}

fn told(answer: &Answer) -> String {
    let mut told = format!("{}\n", answer.status);
    for (name, value) in &answer.headers {
        writeln!(told, "{name}: {value}").unwrap();
    }
    told + "\n" + &String::from_utf8_lossy(&answer.body)
}

#[test]
fn a_spent_budget_in_each_dialect() {
    let answer = |dialect, delivery| told(&refusal(Grounds::Budget).answer(dialect, delivery));
    let mut all = String::new();
    for (dialect, delivery) in [
        (Dialect::Anthropic, Delivery::Events),
        (Dialect::OpenAiChat, Delivery::Events),
        (Dialect::OpenAiResponses, Delivery::Events),
        (Dialect::OpenAiResponses, Delivery::Whole),
        (Dialect::Gemini, Delivery::Events),
        (Dialect::Gemini, Delivery::List),
    ] {
        let told = answer(dialect, delivery);
        write!(all, "=== {} {delivery:?}\n{}\n\n", dialect.name(), told.trim_end()).unwrap();
    }
    insta::assert_snapshot!(all);
    for dialect in [Dialect::Anthropic, Dialect::OpenAiChat, Dialect::Gemini] {
        assert_eq!(answer(dialect, Delivery::Whole), answer(dialect, Delivery::Events));
    }
}

#[test]
fn statuses_by_dialect_and_grounds() {
    let mut table = String::new();
    for dialect in Dialect::ALL {
        write!(table, "{:17}", dialect.name()).unwrap();
        for grounds in Grounds::ALL {
            let [events, whole] =
                [Delivery::Events, Delivery::Whole].map(|it| refusal(grounds).answer(dialect, it).status);
            write!(table, "{events}/{whole} ").unwrap();
        }
        table.push('\n');
    }
    insta::assert_snapshot!(table);
}

/// What clients take for a reason to go on trying is never said.
#[test]
fn no_final_refusal_invites_to_another_attempt() {
    for dialect in Dialect::ALL {
        for grounds in Grounds::ALL {
            for delivery in [Delivery::Events, Delivery::Whole, Delivery::List] {
                let answer = refusal(grounds).answer(dialect, delivery);
                let body = String::from_utf8_lossy(&answer.body);
                assert!(!body.contains("insufficient_quota"));
                let says_no = answer.headers.contains(&("x-should-retry", "false".to_owned()));
                assert_eq!(says_no, !grounds.is_passing());
                if !grounds.is_passing() {
                    assert!(![401, 408, 409].contains(&answer.status) && answer.status < 500);
                    assert!(answer.status != 429 || dialect == Dialect::Anthropic);
                }
            }
        }
    }
}

#[test]
fn every_body_is_read_by_the_meter_of_its_dialect() {
    for dialect in Dialect::ALL {
        for grounds in Grounds::ALL {
            for delivery in [Delivery::Events, Delivery::Whole, Delivery::List] {
                let answer = refusal(grounds).answer(dialect, delivery);
                let (_, content_type) = answer.headers.first().unwrap();
                let mut meter = Meter::new(dialect, Delivery::of_content_type(content_type));
                meter.feed(&answer.body);
                let reading = meter.reading();
                assert!(
                    reading.error.is_some() && reading.missed == 0,
                    "{dialect:?} {grounds:?} {delivery:?}"
                );
                assert!(reading.usage.is_zero() && !reading.is_complete);
            }
        }
    }
}

#[test]
fn a_message_is_told_whole_but_not_without_end() {
    let long = Refusal { message: "é".repeat(MESSAGE_LIMIT), ..refusal(Grounds::Budget) };
    let body = long.answer(Dialect::OpenAiChat, Delivery::Whole).body;
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["error"]["message"].as_str().unwrap().len(), MESSAGE_LIMIT);
    let short = refusal(Grounds::Budget);
    let body: Value = serde_json::from_slice(&short.answer(Dialect::Gemini, Delivery::Whole).body).unwrap();
    assert_eq!(body["error"]["message"].as_str().unwrap(), short.message);
}

fn last_words(dialect: Dialect, sent: &str) -> String {
    let mut meter = Meter::new(dialect, Delivery::Events);
    meter.feed(sent.as_bytes());
    let words = meter.last_words(&refusal(Grounds::Policy));
    words.map_or_else(|| "(nothing)".to_owned(), |words| String::from_utf8(words).unwrap())
}

#[test]
fn a_stream_that_is_cut_says_why() {
    let begun = "data: {\"response\":{\"id\":\"resp_8\",\"status\":\"in_progress\"}}\n\n";
    let words = [
        last_words(Dialect::Anthropic, "event: ping\ndata: {\"type\":\"ping\"}\n\n"),
        last_words(Dialect::OpenAiChat, ""),
        last_words(Dialect::OpenAiResponses, begun),
        last_words(Dialect::Gemini, ": ping\n\n"),
    ];
    insta::assert_snapshot!(words.concat());
}

#[test]
fn where_words_would_break_the_stream_there_are_none() {
    assert_eq!(last_words(Dialect::Anthropic, "data: {\"type\""), "(nothing)");
    assert_eq!(last_words(Dialect::OpenAiChat, "data: [DONE]\n\n"), "(nothing)");
    let mut whole = Meter::new(Dialect::Gemini, Delivery::List);
    whole.feed(b"[{}");
    assert_eq!(whole.last_words(&refusal(Grounds::Budget)), None);
    let mut hiding = Meter::new(Dialect::OpenAiChat, Delivery::Events).hiding_usage();
    hiding.feed(b"data: {\"choices\"");
    assert!(hiding.last_words(&refusal(Grounds::Budget)).is_some(), "what is held was not relayed");
}
