//! The protobuf of a request that is written as JSON, for tests alone.

use serde_json::Value;

use super::Signal;

/// How a field is written.
#[derive(Clone, Copy)]
enum As {
    Text,
    Hex,
    Fixed64,
    Double,
    Varint,
    Message(&'static [(&'static str, u32, Self)]),
}

const VALUE: As = As::Message(&[
    ("stringValue", 1, As::Text),
    ("boolValue", 2, As::Varint),
    ("intValue", 3, As::Varint),
    ("doubleValue", 4, As::Double),
    ("arrayValue", 5, As::Message(&[])),
]);
const PAIR: As = As::Message(&[("key", 1, As::Text), ("value", 2, VALUE)]);
const LOG: As = As::Message(&[
    ("timeUnixNano", 1, As::Fixed64),
    ("observedTimeUnixNano", 11, As::Fixed64),
    ("body", 5, VALUE),
    ("attributes", 6, PAIR),
    ("traceId", 9, As::Hex),
    ("eventName", 12, As::Text),
]);
const SPAN: As = As::Message(&[
    ("traceId", 1, As::Hex),
    ("name", 5, As::Text),
    ("startTimeUnixNano", 7, As::Fixed64),
    ("endTimeUnixNano", 8, As::Fixed64),
    ("attributes", 9, PAIR),
]);
const NUMBER: As = As::Message(&[
    ("startTimeUnixNano", 2, As::Fixed64),
    ("timeUnixNano", 3, As::Fixed64),
    ("asDouble", 4, As::Double),
    ("asInt", 6, As::Fixed64),
    ("attributes", 7, PAIR),
]);
const HISTOGRAM: As = As::Message(&[
    ("startTimeUnixNano", 2, As::Fixed64),
    ("timeUnixNano", 3, As::Fixed64),
    ("count", 4, As::Fixed64),
    ("sum", 5, As::Double),
    ("attributes", 9, PAIR),
]);
const METRIC: As = As::Message(&[
    ("name", 1, As::Text),
    ("gauge", 5, As::Message(&[("dataPoints", 1, NUMBER)])),
    (
        "sum",
        7,
        As::Message(&[
            ("dataPoints", 1, NUMBER),
            ("aggregationTemporality", 2, As::Varint),
            ("isMonotonic", 3, As::Varint),
        ]),
    ),
    ("histogram", 9, As::Message(&[("dataPoints", 1, HISTOGRAM), ("aggregationTemporality", 2, As::Varint)])),
]);
const RESOURCE: As = As::Message(&[("attributes", 1, PAIR)]);
const SCOPE: As = As::Message(&[("name", 1, As::Text)]);

const LOGS: As = As::Message(&[(
    "resourceLogs",
    1,
    As::Message(&[
        ("resource", 1, RESOURCE),
        ("scopeLogs", 2, As::Message(&[("scope", 1, SCOPE), ("logRecords", 2, LOG)])),
    ]),
)]);
const METRICS: As = As::Message(&[(
    "resourceMetrics",
    1,
    As::Message(&[
        ("resource", 1, RESOURCE),
        ("scopeMetrics", 2, As::Message(&[("scope", 1, SCOPE), ("metrics", 2, METRIC)])),
    ]),
)]);
const TRACES: As = As::Message(&[(
    "resourceSpans",
    1,
    As::Message(&[
        ("resource", 1, RESOURCE),
        ("scopeSpans", 2, As::Message(&[("scope", 1, SCOPE), ("spans", 2, SPAN)])),
    ]),
)]);

/// The request in protobuf.
pub(super) fn encode(signal: Signal, request: &Value) -> Vec<u8> {
    let As::Message(fields) = (match signal {
        Signal::Logs => LOGS,
        Signal::Metrics => METRICS,
        Signal::Traces => TRACES,
    }) else {
        unreachable!("requests are messages")
    };
    message(fields, request)
}

fn message(fields: &[(&str, u32, As)], value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, number, written) in fields {
        match &value[name] {
            Value::Null => {}
            Value::Array(all) => all.iter().for_each(|one| field(&mut bytes, *number, *written, one)),
            one @ (Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
                field(&mut bytes, *number, *written, one);
            }
        }
    }
    bytes
}

fn field(bytes: &mut Vec<u8>, number: u32, written: As, value: &Value) {
    let whole = || {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let yes = value.as_bool().map(u64::from);
        yes.or_else(|| text.parse().ok()).or_else(|| text.parse().ok().map(i64::cast_unsigned)).unwrap()
    };
    let (kind, content) = match written {
        As::Varint => (0, varint(whole())),
        As::Fixed64 => (1, whole().to_le_bytes().to_vec()),
        As::Double => {
            let number = value.as_f64().unwrap_or_else(|| value.as_str().unwrap().parse().unwrap());
            (1, number.to_le_bytes().to_vec())
        }
        As::Text => (2, prefixed(value.as_str().unwrap().as_bytes().to_vec())),
        As::Hex => (2, prefixed(hex(value.as_str().unwrap()))),
        As::Message(fields) => (2, prefixed(message(fields, value))),
    };
    bytes.extend(varint(u64::from(number << 3 | kind)));
    bytes.extend(content);
}

/// A field that holds a text, bytes or a message.
pub(super) fn within(number: u32, content: &[u8]) -> Vec<u8> {
    [varint(u64::from(number << 3 | 2)), prefixed(content.to_vec())].concat()
}

fn prefixed(content: Vec<u8>) -> Vec<u8> {
    [varint(u64::try_from(content.len()).unwrap()), content].concat()
}

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(u8::try_from(number & 0x7f | 0x80).unwrap());
        number >>= 7;
    }
    bytes.push(u8::try_from(number).unwrap());
    bytes
}

fn hex(text: &str) -> Vec<u8> {
    let digit = |it: u8| char::from(it).to_digit(16).and_then(|it| u8::try_from(it).ok()).unwrap();
    text.as_bytes().as_chunks::<2>().0.iter().map(|[high, low]| digit(*high) << 4 | digit(*low)).collect()
}
