//! Requests of exporters as data, what is made of them as text.
//!
//! Requests are written as JSON. [`text_of`] reads each twice, as it stands and in
//! protobuf, and both must say the same.

mod claude_code;
mod codex;
mod encoding;
mod gemini_cli;
mod gen_ai;
mod metrics;
mod privacy;
mod protobuf;

use domain::{Activity, Developer, Observed, ReporterId, Thread, Timestamp};
use serde_json::{Value, json};

use super::{Encoding, Exporter, Malformed, Signal, Telemetry, read};

/// 2026-01-02T03:04:05Z, when all requests arrive.
const ARRIVAL_MS: i64 = 1_767_323_045_000;
/// A second before, when most records were written.
const AT: &str = "1767323044000000000";

fn exporter() -> Exporter {
    Exporter { reporter: ReporterId::new("exporter"), developer: None }
}

fn read_as(signal: Signal, encoding: Encoding, body: &[u8]) -> Result<Telemetry, Malformed> {
    read(signal, encoding, body, &exporter(), Timestamp::from_millis(ARRIVAL_MS))
}

fn telemetry(signal: Signal, request: &Value) -> Telemetry {
    let by_json = read_as(signal, Encoding::Json, request.to_string().as_bytes()).unwrap();
    let by_protobuf = read_as(signal, Encoding::Protobuf, &protobuf::encode(signal, request)).unwrap();
    assert_eq!(by_json, by_protobuf, "{request}");
    by_json
}

/// What a request comes to, a line each: calls, what happened, what was left out.
fn text_of(signal: Signal, request: &Value) -> String {
    shown(&telemetry(signal, request))
}

fn check(signal: Signal, request: &Value, expected: &str) {
    assert_eq!(text_of(signal, request), expected, "{request:#}");
}

fn shown(telemetry: &Telemetry) -> String {
    let calls = telemetry.observed.iter().map(call);
    let happened = telemetry.activities.iter().map(happened);
    let ignored = (telemetry.ignored > 0).then(|| format!("ignored {}", telemetry.ignored));
    let rejected = &telemetry.rejected;
    let rejected = (rejected.count() > 0).then(|| format!("rejected {rejected}"));
    calls.chain(happened).chain(ignored).chain(rejected).map(|line| line + "\n").collect()
}

/// Seconds and milliseconds after the arrival.
fn moment(at: Timestamp) -> String {
    let millis = at.millis() - ARRIVAL_MS;
    let sign = if millis < 0 { "-" } else { "+" };
    format!("{sign}{}.{:03}", millis.abs() / 1_000, millis.abs() % 1_000)
}

fn call(observed: &Observed) -> String {
    let call = &observed.call;
    let (figures, place) = (&call.figures, &call.owner.place);
    let usage = figures.usage;
    let mut parts = vec![format!("{:?} {}", observed.naming, call.key)];
    parts.extend(observed.request.as_ref().map(|request| format!("request={request}")));
    let provider = figures.provider.as_ref().map_or("?", |it| it.as_str());
    parts.push(format!("{} {provider}/{}", moment(call.at), figures.model));
    let counts = [
        ("input", usage.input),
        ("write5m", usage.cache_write_5m),
        ("write1h", usage.cache_write_1h),
        ("read", usage.cache_read),
        ("output", usage.output),
        ("reasoning", usage.reasoning),
    ];
    let counts = counts.into_iter().filter(|(_, count)| count.count() > 0);
    parts.extend(counts.map(|(name, count)| format!("{name}={count}")));
    let terms = [figures.terms.tier.name(), figures.terms.speed.name()];
    parts.extend(terms.into_iter().filter(|name| *name != "standard").map(str::to_owned));
    parts.extend(figures.reported_cost.map(|cost| format!("says ${cost}")));
    parts.push(format!("{:?} @ {} {}", figures.lineage, place.tool.name(), place.session));
    parts.extend((place.thread == Thread::Subagent).then(|| "subagent".to_owned()));
    parts.extend(place.remote.as_ref().map(|remote| format!("remote={remote}")));
    parts.extend(place.skill.as_ref().map(|skill| format!("skill={skill}")));
    parts.extend(by(observed.witness.claimed.as_ref()));
    parts.join(" ")
}

fn happened(activity: &Activity) -> String {
    let mut parts = vec![format!("{} {}", activity.kind.name(), activity.amount)];
    parts.extend(activity.subject.as_ref().map(ToString::to_string));
    parts.push(format!("{} @ {}", moment(activity.at), activity.tool.map_or("?", |tool| tool.name())));
    parts.extend(activity.session.as_ref().map(ToString::to_string));
    parts.extend(activity.branch.as_ref().map(|it| format!("on {it}")));
    parts.extend(by(activity.witness.claimed.as_ref()));
    parts.join(" ")
}

fn by(claimed: Option<&Developer>) -> Option<String> {
    claimed.map(|it| format!("by {it}?"))
}

/// An object with what another one has beside it, or instead.
fn with(mut base: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("{more} is no object") };
    base.as_object_mut().unwrap().extend(more);
    base
}

/// Attributes in the shape of the protocol, from an object.
fn attributes(of: &Value) -> Value {
    let pairs = of.as_object().unwrap().iter().map(|(key, value)| {
        let value = match value {
            Value::String(text) => json!({"stringValue": text}),
            Value::Bool(yes) => json!({"boolValue": yes}),
            Value::Number(number) if number.is_f64() => json!({"doubleValue": number}),
            Value::Number(number) => json!({"intValue": number.to_string()}),
            Value::Null => json!({}),
            Value::Array(_) => json!({"arrayValue": {"values": []}}),
            Value::Object(raw) => Value::Object(raw.clone()),
        };
        json!({"key": key, "value": value})
    });
    Value::Array(pairs.collect())
}

/// A request with one log record for each object of attributes.
fn logs(service: &str, scope: &str, events: &[Value]) -> Value {
    let records: Vec<Value> = events
        .iter()
        .map(|event| json!({"timeUnixNano": AT, "observedTimeUnixNano": AT, "attributes": attributes(event)}))
        .collect();
    json!({"resourceLogs": [{
        "resource": {"attributes": attributes(&json!({"service.name": service}))},
        "scopeLogs": [{"scope": {"name": scope}, "logRecords": records}],
    }]})
}

/// A request with one span for each pair of a name and attributes.
fn spans(service: &str, scope: &str, spans: &[(&str, Value)]) -> Value {
    let records: Vec<Value> = spans
        .iter()
        .map(|(name, of)| {
            json!({
                "traceId": "0102030405060708090a0b0c0d0e0f10", "name": name,
                "startTimeUnixNano": "1767323043000000000", "endTimeUnixNano": AT,
                "attributes": attributes(of),
            })
        })
        .collect();
    json!({"resourceSpans": [{
        "resource": {"attributes": attributes(&json!({"service.name": service}))},
        "scopeSpans": [{"scope": {"name": scope}, "spans": records}],
    }]})
}
