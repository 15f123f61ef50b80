//! What is answered, in both encodings: an export response, or a status.
//!
//! Both are small messages with fixed fields, written here by hand.

use ingest::otlp::{Encoding, Rejected, Signal};
use serde_json::{Value, json};

use super::refusal::Refusal;

const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";

/// The answer to a request that was stored. Of a full success it says nothing: an empty
/// `partial_success` would be a warning.
pub(super) fn success(signal: Signal, encoding: Encoding, rejected: &Rejected) -> Vec<u8> {
    let count = rejected.count();
    match encoding {
        Encoding::Protobuf if count == 0 => Vec::new(),
        Encoding::Protobuf => {
            let mut partial = Vec::new();
            number(&mut partial, 1, count);
            text(&mut partial, 2, &rejected.to_string());
            let mut response = Vec::new();
            bytes(&mut response, 1, &partial);
            response
        }
        Encoding::Json if count == 0 => b"{}".to_vec(),
        Encoding::Json => {
            let name = match signal {
                Signal::Logs => "rejectedLogRecords",
                Signal::Metrics => "rejectedDataPoints",
                Signal::Traces => "rejectedSpans",
            };
            // 64-bit numbers are texts in this encoding.
            let partial = json!({name: count.to_string(), "errorMessage": rejected.to_string()});
            json!({"partialSuccess": partial}).to_string().into_bytes()
        }
    }
}

/// `google.rpc.Status` of a refusal.
pub(super) fn status(encoding: Encoding, refusal: &Refusal) -> Vec<u8> {
    match encoding {
        Encoding::Protobuf => {
            let mut status = Vec::new();
            number(&mut status, 1, u64::from(refusal.code().number()));
            text(&mut status, 2, &refusal.to_string());
            if let Some(after) = refusal.retry_after() {
                let (mut delay, mut info, mut detail) = (Vec::new(), Vec::new(), Vec::new());
                number(&mut delay, 1, after.as_secs());
                bytes(&mut info, 1, &delay);
                text(&mut detail, 1, RETRY_INFO);
                bytes(&mut detail, 2, &info);
                bytes(&mut status, 3, &detail);
            }
            status
        }
        Encoding::Json => {
            let details: Vec<Value> = refusal
                .retry_after()
                .map(|after| json!({"@type": RETRY_INFO, "retryDelay": format!("{}s", after.as_secs())}))
                .into_iter()
                .collect();
            let message = refusal.to_string();
            json!({"code": refusal.code().number(), "message": message, "details": details})
                .to_string()
                .into_bytes()
        }
    }
}

fn number(message: &mut Vec<u8>, field: u8, value: u64) {
    message.push(field << 3);
    varint(message, value);
}

fn text(message: &mut Vec<u8>, field: u8, value: &str) {
    bytes(message, field, value.as_bytes());
}

fn bytes(message: &mut Vec<u8>, field: u8, value: &[u8]) {
    const LENGTH_FOLLOWS: u8 = 2;
    message.push(field << 3 | LENGTH_FOLLOWS);
    varint(message, u64::try_from(value.len()).unwrap_or(u64::MAX));
    message.extend_from_slice(value);
}

fn varint(message: &mut Vec<u8>, mut value: u64) {
    const MORE: u8 = 0x80;
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            return message.push(low & !MORE);
        }
        message.push(low | MORE);
    }
}

/// A message as a header of gRPC holds it: what is no plain letter is percent-encoded.
pub(super) fn percent_encoded(message: &str) -> String {
    let mut encoded = String::with_capacity(message.len());
    for byte in message.bytes() {
        if (b' '..=b'~').contains(&byte) && byte != b'%' {
            encoded.push(char::from(byte));
        } else {
            let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0').to_ascii_uppercase();
            encoded.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    encoded
}

/// Bytes as a header of gRPC holds them: base64 without padding.
pub(super) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3).saturating_mul(4));
    for three in bytes.chunks(3) {
        let mut word = 0_u32;
        for index in 0..3 {
            word = word << 8 | u32::from(three.get(index).copied().unwrap_or_default());
        }
        for letter in 0..=three.len() {
            let shift = 18_usize.saturating_sub(letter.saturating_mul(6));
            let index = usize::try_from(word >> shift & 63).unwrap_or_default();
            text.push(LETTERS.get(index).copied().map_or('A', char::from));
        }
    }
    text
}
