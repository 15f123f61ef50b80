//! The JSON encoding, read leniently.
//!
//! Exporters write null for an empty list, 64-bit numbers as numbers, enumerations by
//! name, and values that hold nothing. None of this costs more than itself: a value that
//! cannot be read is absent, a record that cannot be read is counted, and only what
//! is no export request at all is refused.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor as Reader};

use super::attributes::{Attributes, Raw, Value};
use super::message::{Distribution, Id, Log, Metric, Origin, Point, Shape, Span, Temporality, Visitor};
use super::{Malformed, Signal};
use crate::json::{Raw as Standing, read_leniently};

/// Shows every record of an export request to the visitor.
pub(super) fn read(signal: Signal, text: &str, visitor: &mut impl Visitor) -> Result<(), Malformed> {
    // A list would be taken for the fields of a request in their order.
    if !text.trim_start().starts_with('{') {
        return Err(Malformed::Json { at: 1 });
    }
    let request: Request<'_> =
        read_leniently(text.as_bytes()).map_err(|before| Malformed::Json { at: before.saturating_add(1) })?;
    for of_resource in request.of_resources.all() {
        let resource = of_resource.resource.unwrap_or_default().attributes.0;
        for of_scope in of_resource.of_scopes.all() {
            let scope = of_scope.scope.unwrap_or_default().name.text();
            let origin = Origin { resource: &resource, scope: &scope };
            for record in of_scope.records.all() {
                match signal {
                    Signal::Logs => log(record, &origin, visitor),
                    Signal::Metrics => metric(record, &origin, visitor),
                    Signal::Traces => span(record, &origin, visitor),
                }
            }
        }
    }
    Ok(())
}

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(
        borrow,
        default,
        rename = "resourceLogs",
        alias = "resourceMetrics",
        alias = "resourceSpans",
        alias = "resource_logs",
        alias = "resource_metrics",
        alias = "resource_spans"
    )]
    of_resources: List<OfResource<'a>>,
}

#[derive(Deserialize)]
struct OfResource<'a> {
    #[serde(borrow)]
    resource: Option<Resource<'a>>,
    #[serde(
        borrow,
        default,
        rename = "scopeLogs",
        alias = "scopeMetrics",
        alias = "scopeSpans",
        alias = "scope_logs",
        alias = "scope_metrics",
        alias = "scope_spans"
    )]
    of_scopes: List<OfScope<'a>>,
}

#[derive(Default, Deserialize)]
struct Resource<'a> {
    #[serde(borrow, default)]
    attributes: Pairs<'a>,
}

#[derive(Deserialize)]
struct OfScope<'a> {
    #[serde(borrow)]
    scope: Option<Scope<'a>>,
    #[serde(
        borrow,
        default,
        rename = "logRecords",
        alias = "log_records",
        alias = "metrics",
        alias = "spans"
    )]
    records: List<Standing<'a>>,
}

#[derive(Default, Deserialize)]
struct Scope<'a> {
    #[serde(borrow, default)]
    name: Scalar<'a>,
}

/// A list that may be null, as may be what is in it.
#[derive(Deserialize)]
#[serde(transparent)]
struct List<T>(Option<Vec<Option<T>>>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> List<T> {
    fn all(self) -> impl Iterator<Item = T> {
        self.0.into_iter().flatten().flatten()
    }
}

/// A value that is no list and no object; those read as nothing.
#[derive(Debug, Clone, Default)]
enum Scalar<'a> {
    #[default]
    Nothing,
    Text(Cow<'a, str>),
    Bool(bool),
    Whole(u64),
    Negative(i64),
    Double(f64),
}

impl<'a> Scalar<'a> {
    fn text(self) -> Cow<'a, str> {
        match self {
            Scalar::Text(text) => text,
            Scalar::Nothing
            | Scalar::Bool(_)
            | Scalar::Whole(_)
            | Scalar::Negative(_)
            | Scalar::Double(_) => Cow::Borrowed(""),
        }
    }

    /// A 64-bit number, which may be written as text.
    fn whole(&self) -> u64 {
        match self {
            Scalar::Whole(number) => *number,
            Scalar::Text(text) => text.parse().unwrap_or_default(),
            Scalar::Nothing | Scalar::Bool(_) | Scalar::Negative(_) | Scalar::Double(_) => 0,
        }
    }

    fn string(self) -> Value<'a> {
        if let Scalar::Text(text) = self { Value::Text(text) } else { Value::Absent }
    }

    fn bool(&self) -> Value<'a> {
        if let Scalar::Bool(yes) = self { Value::Bool(*yes) } else { Value::Absent }
    }

    fn int(self) -> Value<'a> {
        match self {
            Scalar::Whole(number) => i64::try_from(number).map_or(Value::Absent, Value::Int),
            Scalar::Negative(number) => Value::Int(number),
            Scalar::Text(text) => text.parse().map_or(Value::Absent, Value::Int),
            Scalar::Double(number) => Value::Double(number),
            Scalar::Nothing | Scalar::Bool(_) => Value::Absent,
        }
    }

    /// A double; `NaN` and the infinities are written as text.
    fn double(self) -> Value<'a> {
        match self {
            Scalar::Double(number) => Value::Double(number),
            Scalar::Text(text) => text.parse().map_or(Value::Absent, Value::Double),
            Scalar::Nothing | Scalar::Bool(_) | Scalar::Whole(_) | Scalar::Negative(_) => self.int(),
        }
    }

    fn temporality(&self) -> Temporality {
        match self {
            Scalar::Text(name) => match name.parse() {
                Ok(number) => Temporality::of_number(number),
                Err(_) => Temporality::of_name(name),
            },
            Scalar::Nothing
            | Scalar::Bool(_)
            | Scalar::Whole(_)
            | Scalar::Negative(_)
            | Scalar::Double(_) => Temporality::of_number(self.whole()),
        }
    }
}

struct ScalarReader;

impl<'de> Reader<'de> for ScalarReader {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_unit<E>(self) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Nothing)
    }

    fn visit_bool<E>(self, yes: bool) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Bool(yes))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Whole(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Negative(number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Double(number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Scalar<'de>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Nothing)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Scalar<'de>, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Nothing)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarReader)
    }
}

/// A list of attributes, which may be null.
#[derive(Default)]
struct Pairs<'a>(Attributes<'a>);

#[derive(Deserialize)]
struct Pair<'a> {
    #[serde(borrow, default)]
    key: Scalar<'a>,
    #[serde(borrow)]
    value: Option<AnyValue<'a>>,
}

struct PairsReader;

impl<'de> Reader<'de> for PairsReader {
    type Value = Pairs<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of attributes")
    }

    fn visit_unit<E>(self) -> Result<Pairs<'de>, E> {
        Ok(Pairs::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Pairs<'de>, A::Error> {
        let mut pairs = Attributes::default();
        while let Some(pair) = list.next_element::<Option<Pair<'de>>>()? {
            if let Some(Pair { key, value: Some(value) }) = pair
                && !pairs.push(key.text(), Raw::Json(value.0))
            {
                return Err(A::Error::custom("too many attributes"));
            }
        }
        Ok(Pairs(pairs))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PairsReader)
    }
}

/// What an attribute's object says. What is no object says nothing.
struct AnyValue<'a>(Value<'a>);

struct AnyValueReader;

impl<'de> Reader<'de> for AnyValueReader {
    type Value = AnyValue<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_unit<E>(self) -> Result<AnyValue<'de>, E> {
        Ok(AnyValue(Value::Absent))
    }

    fn visit_bool<E>(self, _: bool) -> Result<AnyValue<'de>, E> {
        Ok(AnyValue(Value::Absent))
    }

    fn visit_u64<E>(self, _: u64) -> Result<AnyValue<'de>, E> {
        Ok(AnyValue(Value::Absent))
    }

    fn visit_i64<E>(self, _: i64) -> Result<AnyValue<'de>, E> {
        Ok(AnyValue(Value::Absent))
    }

    fn visit_f64<E>(self, _: f64) -> Result<AnyValue<'de>, E> {
        Ok(AnyValue(Value::Absent))
    }

    fn visit_str<E>(self, _: &str) -> Result<AnyValue<'de>, E> {
        Ok(AnyValue(Value::Absent))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<AnyValue<'de>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(AnyValue(Value::Absent))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<AnyValue<'de>, A::Error> {
        let mut value = Value::Absent;
        while let Some(Key(kind)) = object.next_key()? {
            value = match kind {
                Kind::Text => object.next_value::<Scalar<'de>>()?.string(),
                Kind::Bool => object.next_value::<Scalar<'de>>()?.bool(),
                Kind::Int => object.next_value::<Scalar<'de>>()?.int(),
                Kind::Double => object.next_value::<Scalar<'de>>()?.double(),
                Kind::Other => {
                    object.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
        }
        Ok(AnyValue(value))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for AnyValue<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValueReader)
    }
}

enum Kind {
    Text,
    Bool,
    Int,
    Double,
    Other,
}

struct Key(Kind);

struct KeyReader;

impl Reader<'_> for KeyReader {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the type of a value")
    }

    fn visit_str<E>(self, name: &str) -> Result<Key, E> {
        Ok(Key(match name {
            "stringValue" | "string_value" => Kind::Text,
            "boolValue" | "bool_value" => Kind::Bool,
            "intValue" | "int_value" => Kind::Int,
            "doubleValue" | "double_value" => Kind::Double,
            _ => Kind::Other,
        }))
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(KeyReader)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogRecord<'a> {
    #[serde(borrow, default, alias = "time_unix_nano")]
    time_unix_nano: Scalar<'a>,
    #[serde(borrow, default, alias = "observed_time_unix_nano")]
    observed_time_unix_nano: Scalar<'a>,
    #[serde(borrow, default, alias = "event_name")]
    event_name: Scalar<'a>,
    #[serde(borrow)]
    body: Option<AnyValue<'a>>,
    #[serde(borrow, default)]
    attributes: Pairs<'a>,
    #[serde(borrow, default, alias = "trace_id")]
    trace_id: Scalar<'a>,
}

fn log(record: Standing<'_>, origin: &Origin<'_, '_>, visitor: &mut impl Visitor) {
    let Ok(record) = read_leniently::<LogRecord<'_>>(record.0) else { return visitor.broken() };
    let log = Log {
        at: record.time_unix_nano.whole(),
        observed_at: record.observed_time_unix_nano.whole(),
        event_name: record.event_name.text(),
        body: record.body.map(|it| Raw::Json(it.0)),
        attributes: record.attributes.0,
        trace: Some(Id::Hex(record.trace_id.text())),
    };
    visitor.log(origin, &log);
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SpanRecord<'a> {
    #[serde(borrow, default)]
    name: Scalar<'a>,
    #[serde(borrow, default, alias = "start_time_unix_nano")]
    start_time_unix_nano: Scalar<'a>,
    #[serde(borrow, default, alias = "end_time_unix_nano")]
    end_time_unix_nano: Scalar<'a>,
    #[serde(borrow, default)]
    attributes: Pairs<'a>,
    #[serde(borrow, default, alias = "trace_id")]
    trace_id: Scalar<'a>,
}

fn span(record: Standing<'_>, origin: &Origin<'_, '_>, visitor: &mut impl Visitor) {
    let Ok(record) = read_leniently::<SpanRecord<'_>>(record.0) else { return visitor.broken() };
    let span = Span {
        name: record.name.text(),
        began_at: record.start_time_unix_nano.whole(),
        ended_at: record.end_time_unix_nano.whole(),
        attributes: record.attributes.0,
        trace: Some(Id::Hex(record.trace_id.text())),
    };
    visitor.span(origin, &span);
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MetricRecord<'a> {
    #[serde(borrow, default)]
    name: Scalar<'a>,
    #[serde(borrow)]
    gauge: Option<Data<'a>>,
    #[serde(borrow)]
    sum: Option<Data<'a>>,
    #[serde(borrow)]
    histogram: Option<Data<'a>>,
    #[serde(borrow, alias = "exponential_histogram")]
    exponential_histogram: Option<Data<'a>>,
    #[serde(borrow)]
    summary: Option<Data<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    #[serde(borrow, default, alias = "data_points")]
    data_points: List<Standing<'a>>,
    #[serde(borrow, default, alias = "aggregation_temporality")]
    aggregation_temporality: Scalar<'a>,
    #[serde(borrow, default, alias = "is_monotonic")]
    is_monotonic: Scalar<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PointRecord<'a> {
    #[serde(borrow, default, alias = "start_time_unix_nano")]
    start_time_unix_nano: Scalar<'a>,
    #[serde(borrow, default, alias = "time_unix_nano")]
    time_unix_nano: Scalar<'a>,
    #[serde(borrow, default, alias = "as_double")]
    as_double: Scalar<'a>,
    #[serde(borrow, default, alias = "as_int")]
    as_int: Scalar<'a>,
    #[serde(borrow, default)]
    sum: Scalar<'a>,
    #[serde(borrow, default)]
    attributes: Pairs<'a>,
}

/// Shows the points of a metric; a metric that cannot be read counts as one broken point.
fn metric(record: Standing<'_>, origin: &Origin<'_, '_>, visitor: &mut impl Visitor) {
    let Ok(record) = read_leniently::<MetricRecord<'_>>(record.0) else {
        return visitor.broken();
    };
    let data = [
        (Shape::Gauge, record.gauge),
        (Shape::Sum, record.sum),
        (Shape::Histogram, record.histogram),
        (Shape::ExponentialHistogram, record.exponential_histogram),
        (Shape::Summary, record.summary),
    ];
    let Some((shape, data)) = data.into_iter().find_map(|(shape, data)| Some((shape, data?))) else {
        return visitor.broken();
    };
    let distribution = Distribution {
        shape,
        temporality: data.aggregation_temporality.temporality(),
        monotonic: shape.only_grows() || matches!(data.is_monotonic, Scalar::Bool(true)),
    };
    let metric = Metric { name: record.name.text(), distribution };
    for point in data.data_points.all() {
        let Ok(point) = read_leniently::<PointRecord<'_>>(point.0) else {
            visitor.broken();
            continue;
        };
        let value = match (shape, point.as_int.int()) {
            (Shape::Gauge | Shape::Sum, Value::Absent) => point.as_double.double(),
            (Shape::Gauge | Shape::Sum, whole) => whole,
            (Shape::Histogram | Shape::ExponentialHistogram | Shape::Summary, _) => point.sum.double(),
        };
        let point = Point {
            began_at: point.start_time_unix_nano.whole(),
            at: point.time_unix_nano.whole(),
            value,
            attributes: point.attributes.0,
        };
        visitor.point(origin, &metric, &point);
    }
}
