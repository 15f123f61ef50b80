//! Requests as exporters send them, answers as the protocol has them.

mod grpc;
mod http;

use std::io::Write;
use std::sync::{Arc, Mutex};

use ::http::HeaderMap;
use ::http::header::AUTHORIZATION;
use axum::body::Body;
use domain::{Developer, ReporterId, Timestamp};
use flate2::Compression;
use flate2::write::GzEncoder;
use ingest::otlp::Exporter;
use store::Delivery;

use super::body::Bodies;
use super::{Book, Outcome, Receiver, Refusal};

/// What a body may have in these tests.
const MAX_BODY_BYTES: usize = 64 * 1_024;

/// A book of paper: what it says to a delivery is told beforehand.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Written>>);

#[derive(Default)]
struct Written {
    /// What every delivery is refused with.
    refuses: Option<Refusal>,
    deliveries: Vec<Delivery>,
    noted: Vec<String>,
}

impl Paper {
    fn refusing(refusal: Refusal) -> Self {
        let paper = Self::default();
        paper.0.lock().unwrap().refuses = Some(refusal);
        paper
    }

    /// A receiver with small limits.
    fn receiver(&self) -> Receiver<Self> {
        Receiver { book: self.clone(), bodies: Bodies::new(MAX_BODY_BYTES, 4 * MAX_BODY_BYTES) }
    }

    /// The keys of the calls that were stored, and how much else.
    fn stored(&self) -> String {
        let written = self.0.lock().unwrap();
        let deliveries = written.deliveries.iter().map(|delivery| {
            let keys: Vec<String> = delivery.observed.iter().map(|it| it.key().to_string()).collect();
            let heard = delivery.witness.as_ref().map_or("", |_| " heard");
            format!("[{}]+{}{heard}", keys.join(","), delivery.activities.len())
        });
        deliveries.collect::<Vec<_>>().join(" ")
    }

    fn noted(&self) -> String {
        self.0.lock().unwrap().noted.join("\n")
    }
}

impl Book for Paper {
    async fn admit(&self, headers: &HeaderMap) -> Result<Exporter, Refusal> {
        match headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()) {
            Some("Bearer dana") => Ok(Exporter {
                reporter: ReporterId::new("otlp:dana"),
                developer: Some(Developer::new("dana@acme.example")),
            }),
            Some("Bearer finance") => Err(Refusal::Forbidden("finance may not report".to_owned())),
            Some(_) | None => Err(Refusal::Unauthenticated("there is no token".to_owned())),
        }
    }

    async fn accept(&self, delivery: Delivery) -> Result<(), Refusal> {
        let mut written = self.0.lock().unwrap();
        if let Some(refusal) = &written.refuses {
            return Err(refusal.clone());
        }
        written.deliveries.push(delivery);
        Ok(())
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_767_323_045_000)
    }

    fn note(&self, outcome: Outcome<'_>) {
        let line = match outcome {
            Outcome::Stored { signal, calls, activities, ignored, rejected } => format!(
                "{}: {calls} calls, {activities} activities, {ignored} ignored, rejected: {}",
                signal.name(),
                rejected.count()
            ),
            Outcome::Refused { signal, refusal } => format!("{}: {refusal}", signal.name()),
        };
        self.0.lock().unwrap().noted.push(line);
    }
}

/// A call of Codex, which says the least: counts and a kind.
const CALL: &str = r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"observedTimeUnixNano":"1767323044000000000","attributes":[
    {"key":"event.name","value":{"stringValue":"claude_code.api_request"}},
    {"key":"service.name","value":{"stringValue":"claude-code"}},
    {"key":"session.id","value":{"stringValue":"s"}},
    {"key":"model","value":{"stringValue":"m"}},
    {"key":"request_id","value":{"stringValue":"req_1"}},
    {"key":"input_tokens","value":{"intValue":"5"}}]}]}]}]}"#;

/// The same call in protobuf, written by hand: a field is its number, its length, itself.
fn call_in_protobuf() -> Vec<u8> {
    let within = |number: u8, content: &[u8]| {
        let length = u8::try_from(content.len()).unwrap();
        let length = if length < 0x80 { vec![length] } else { vec![length & 0x7f | 0x80, 1] };
        [&[number << 3 | 2][..], &length, content].concat()
    };
    let pair = |key: &str, value: &[u8]| within(6, &[within(1, key.as_bytes()), within(2, value)].concat());
    let text = |value: &str| within(1, value.as_bytes());
    let record = [
        pair("event.name", &text("claude_code.api_request")),
        pair("service.name", &text("claude-code")),
        pair("session.id", &text("s")),
        pair("model", &text("m")),
        pair("request_id", &text("req_1")),
        pair("input_tokens", &[3 << 3, 5]),
    ]
    .concat();
    within(1, &within(2, &within(2, &record)))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packing = GzEncoder::new(Vec::new(), Compression::fast());
    packing.write_all(bytes).unwrap();
    packing.finish().unwrap()
}

/// A body that arrives in pieces.
fn in_pieces(bytes: &[u8]) -> Body {
    let pieces: Vec<Result<Vec<u8>, std::convert::Infallible>> =
        bytes.chunks(7).map(|piece| Ok(piece.to_vec())).collect();
    Body::from_stream(futures_util::stream::iter(pieces))
}
