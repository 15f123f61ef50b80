//! What goes through is what was sent.

use crate::chance::Random;
use crate::provider::{begin, chunk, end, json, whole};
use crate::world::{CHAT, GEMINI, GEMINI_STREAM, MESSAGES, RESPONSES, World};

const PATHS: [&str; 5] = [MESSAGES, CHAT, RESPONSES, GEMINI, GEMINI_STREAM];

/// Headers that the gateway may take off, put on or change on the way to the provider.
const ON_THE_WAY_THERE: [&str; 9] = [
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "accept-encoding",
    "authorization",
    "x-api-key",
    "x-goog-api-key",
    "x-bursar-task",
];
/// The same on the way back.
const ON_THE_WAY_BACK: [&str; 6] =
    ["connection", "content-length", "transfer-encoding", "date", "request-id", "x-request-id"];

impl Random {
    fn one_of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }

    fn word(&mut self, letters: &str) -> String {
        let letters: Vec<char> = letters.chars().collect();
        (0..=self.below(12)).map(|_| letters[self.below(letters.len())]).collect()
    }

    fn headers(&mut self) -> Vec<(String, String)> {
        let mut headers: Vec<(String, String)> = (0..self.below(12))
            .map(|number| {
                let name = format!("X-{}-{number}", self.word("abcXYZ-_"));
                (name, self.word("aZ09 ;=,/\"'()<>@[]{}~!#$%&*+|^`").trim().to_owned())
            })
            .collect();
        headers.push(("anthropic-beta".to_owned(), "a-2026,b-2026".to_owned()));
        headers.push(("anthropic-beta".to_owned(), "c-2026".to_owned()));
        headers
    }

    fn json(&mut self, depth: usize) -> String {
        let space = |random: &mut Self| random.one_of(&["", "", " ", "\n  ", "\t"]).to_owned();
        let text = |random: &mut Self| {
            let letters = random.word("abc \u{e9}\u{1f600}{}[],:");
            format!("\"{letters}{}\"", random.one_of(&["", "\\n", "\\\"", "\\u00e9", "\\\\"]))
        };
        match self.below(if depth == 0 { 4 } else { 6 }) {
            0 => text(self),
            1 => self.one_of(&["0", "-1", "1.5e9", "123456789012345678901234567890"]).to_owned(),
            2 => self.one_of(&["true", "false"]).to_owned(),
            3 => "null".to_owned(),
            4 => {
                let parts: Vec<String> =
                    (0..self.below(4)).map(|_| format!("{}{}", space(self), self.json(depth - 1))).collect();
                format!("[{}{}]", parts.join(","), space(self))
            }
            _ => {
                let mut parts = Vec::new();
                for number in 0..self.below(4) {
                    let (one, two) = (space(self), space(self));
                    parts.push(format!("{one}\"k{number}\"{two}:{one}{}", self.json(depth - 1)));
                }
                format!("{{{}{}}}", parts.join(","), space(self))
            }
        }
    }

    /// A body that each dialect understands, with anything around.
    fn body(&mut self) -> String {
        let mut members: Vec<String> =
            (0..self.below(6)).map(|number| format!("\"x{number}\": {}", self.json(3))).collect();
        members.push("\"model\" :\"claude-haiku-4-5\"".to_owned());
        members.push("\"max_tokens\":  99".to_owned());
        let turn = self.below(members.len());
        members.rotate_left(turn);
        format!("{{{} }}", members.join(self.one_of(&[",", " ,", ",\n"])))
    }

    fn bytes(&mut self) -> Vec<u8> {
        (0..self.below(3_000)).map(|_| u8::try_from(self.next() % 256).unwrap()).collect()
    }
}

fn sorted(headers: &[(String, String)], left_out: &[&str]) -> Vec<(String, String)> {
    let mut kept: Vec<(String, String)> = headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
        .filter(|(name, _)| !left_out.contains(&name.as_str()))
        .collect();
    kept.sort();
    kept
}

#[tokio::test]
async fn requests_and_responses_go_through_byte_by_byte() {
    let world = World::new().await;
    for seed in 0..150 {
        let mut random = Random::new(seed);
        let path = PATHS[random.below(PATHS.len())];
        let (headers, body) = (random.headers(), random.body());
        let status =
            random.one_of(&["200 OK", "201 Created", "404 Not Found", "429 Too Many", "529 Overloaded"]);
        let (answer_headers, answer) = (random.headers(), random.bytes());
        let named: Vec<(&str, &str)> =
            answer_headers.iter().map(|(name, value)| (&**name, &**value)).collect();
        world.provider.says(whole(status, &named, &answer));
        let mut sent: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (&**name, &**value)).collect();
        sent.push(("Authorization", "Bearer bsr_dana_secret"));
        sent.push(("X-Bursar-Task", "fix"));
        let reply = world.post(path, &sent, &body).await;

        let seen = world.provider.last();
        assert_eq!(seen.line, format!("POST {path}"), "seed {seed}");
        assert_eq!(seen.text(), body, "seed {seed}");
        let there = sorted(&seen.headers, &ON_THE_WAY_THERE);
        assert_eq!(there, sorted(&headers, &ON_THE_WAY_THERE), "seed {seed}");
        assert!(seen.header("x-bursar-task").is_none());
        assert!(status.starts_with(&reply.status.to_string()), "seed {seed}");
        assert_eq!(reply.body, answer, "seed {seed}");
        assert!(!reply.is_cut);
        let back = sorted(&reply.headers, &ON_THE_WAY_BACK);
        assert_eq!(back, sorted(&answer_headers, &ON_THE_WAY_BACK), "seed {seed}");
    }
}

#[tokio::test]
async fn streams_go_through_wherever_they_are_cut() {
    let world = World::new().await;
    let stream = concat!(
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",",
        "\"model\":\"claude-haiku-4-5\",\"usage\":{\"input_tokens\":25,\"output_tokens\":1}}}\n\n",
        ": a comment\n\nevent: ping\r\ndata: {\"type\": \"ping\"}\r\n\r\n",
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":",
        "{\"type\":\"text_delta\",\"text\":\"H\u{e9}llo \u{1f600}\"}}\n\n",
        "event: unheard_of\ndata: [1, 2\n\n",
        "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},",
        "\"usage\":{\"output_tokens\":15}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    )
    .as_bytes();
    let body = r#"{"model":"claude-haiku-4-5","max_tokens":100,"stream":true}"#;
    for seed in 0..60 {
        let mut random = Random::new(seed);
        let mut script = vec![begin("text/event-stream; charset=utf-8", &[("request-id", "req_theirs")])];
        let mut rest = stream;
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(random.below(rest.len().min(200)) + 1);
            script.push(chunk(piece));
            rest = after;
        }
        script.push(end());
        world.provider.says(script);
        let reply = world.call(MESSAGES, body).await;
        assert_eq!(reply.body, stream, "seed {seed}");
        assert_eq!(reply.header("request-id"), Some("req_theirs"));
        assert!(!reply.is_cut);
    }
    let told: Vec<String> = world.desk.recorded().iter().flat_map(crate::world::lines).collect();
    assert_eq!(told.len(), 60);
    assert!(
        told.iter().all(|it| it == "msg_1 claude-haiku-4-5 in 25 cached 0 written 0 out 15 final"),
        "{told:?}"
    );
}

#[tokio::test]
async fn what_costs_nothing_is_passed_on_as_it_is() {
    let world = World::new().await;
    world.desk.set("org", ledger::Terms::hard(domain::NanoUsd::ZERO));
    let token = ("x-api-key", "bsr_dana_secret");
    world.provider.says(json(r#"{"input_tokens":5}"#));
    let compressed = [token, ("Accept-Encoding", "gzip"), ("content-encoding", "gzip")];
    let reply = world.post("/v1/messages/count_tokens", &compressed, "\u{1f}not even gzip").await;
    assert_eq!((reply.status, reply.text().as_str()), (200, r#"{"input_tokens":5}"#));
    let seen = world.provider.last();
    assert_eq!(seen.text(), "\u{1f}not even gzip");
    assert_eq!(seen.header("accept-encoding"), Some("gzip"));
    assert!(
        reply
            .header("x-request-id")
            .or_else(|| reply.header("request-id"))
            .unwrap()
            .starts_with("req_bursar_")
    );

    let reply = world.open("GET /anthropic/v1/models?limit=1000", &[token], b"").await.reply().await;
    assert_eq!((reply.status, world.provider.last().line.as_str()), (200, "GET /v1/models?limit=1000"));
    let chunked = [token, ("Transfer-Encoding", "chunked")];
    let reply = world
        .open("POST /anthropic/v1/files", &chunked, b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        .await
        .reply()
        .await;
    assert_eq!((reply.status, world.provider.last().text().as_str()), (200, "abcde"));
    assert_eq!(world.ended(), "");
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let world = World::new().await;
    world.provider.says(json(r#"{"usage":{"input_tokens":1,"output_tokens":1}}"#));
    for _ in 0..20 {
        let body = r#"{"model":"claude-haiku-4-5","max_tokens":9}"#;
        assert_eq!(world.call(MESSAGES, body).await.status, 200);
    }
    assert_eq!(world.provider.accepted(), 1);
}
