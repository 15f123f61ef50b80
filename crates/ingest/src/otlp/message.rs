//! What an export request holds, the same in both encodings.

use std::borrow::Cow;

use super::attributes::{Attributes, Facts, Raw, Value};

/// Who a record is from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin<'r, 'a> {
    /// The process that sent it.
    pub(super) resource: &'r Attributes<'a>,
    /// The part of it that wrote it.
    pub(super) scope: &'r str,
}

impl<'r, 'a> Origin<'r, 'a> {
    /// What holds for a record with these attributes.
    pub(super) const fn facts(&self, record: &'r Attributes<'a>) -> Facts<'r, 'a> {
        Facts { record, resource: self.resource }
    }
}

/// An id of a trace: bytes in protobuf, hexadecimal in JSON.
#[derive(Debug, Clone)]
pub(super) enum Id<'a> {
    Bytes(&'a [u8]),
    Hex(Cow<'a, str>),
}

impl Id<'_> {
    /// The id as hexadecimal; nothing if it is none.
    pub(super) fn hex(&self) -> Option<String> {
        const DIGITS: usize = 32;
        let hex = match self {
            Id::Bytes(bytes) => bytes.iter().take(DIGITS).map(|byte| format!("{byte:02x}")).collect(),
            Id::Hex(text) => text.to_ascii_lowercase(),
        };
        let is_id = hex.len() == DIGITS
            && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
            && hex.bytes().any(|byte| byte != b'0');
        is_id.then_some(hex)
    }
}

/// A log record, of which events are a kind. Times are in nanoseconds, 0 if unknown.
#[derive(Debug, Clone, Default)]
pub(super) struct Log<'a> {
    pub(super) at: u64,
    pub(super) observed_at: u64,
    pub(super) event_name: Cow<'a, str>,
    pub(super) body: Option<Raw<'a>>,
    pub(super) attributes: Attributes<'a>,
    pub(super) trace: Option<Id<'a>>,
}

/// A span.
#[derive(Debug, Clone, Default)]
pub(super) struct Span<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) began_at: u64,
    pub(super) ended_at: u64,
    pub(super) attributes: Attributes<'a>,
    pub(super) trace: Option<Id<'a>>,
}

/// A metric, without its points.
#[derive(Debug, Clone)]
pub(super) struct Metric<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) distribution: Distribution,
}

/// What the points of a metric mean.
#[derive(Debug, Clone, Copy)]
pub(super) struct Distribution {
    pub(super) shape: Shape,
    pub(super) temporality: Temporality,
    /// Whether the sum only ever grows.
    pub(super) monotonic: bool,
}

/// The shapes of metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Gauge,
    Sum,
    Histogram,
    ExponentialHistogram,
    Summary,
}

impl Shape {
    /// Whether its sum only grows, whatever else it says.
    pub(super) const fn only_grows(self) -> bool {
        match self {
            Self::Histogram | Self::ExponentialHistogram => true,
            Self::Gauge | Self::Sum | Self::Summary => false,
        }
    }
}

/// What a point adds up since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Temporality {
    /// The exporter does not say.
    Unspecified,
    /// Since the last point.
    Delta,
    /// Since the start.
    Cumulative,
}

impl Temporality {
    /// By its number in the protocol.
    pub(super) const fn of_number(number: u64) -> Self {
        match number {
            1 => Self::Delta,
            2 => Self::Cumulative,
            _ => Self::Unspecified,
        }
    }

    /// By its name in the protocol.
    pub(super) fn of_name(name: &str) -> Self {
        match name {
            "AGGREGATION_TEMPORALITY_DELTA" => Self::Delta,
            "AGGREGATION_TEMPORALITY_CUMULATIVE" => Self::Cumulative,
            _ => Self::Unspecified,
        }
    }
}

/// A data point; of a histogram, its sum.
#[derive(Debug, Clone, Default)]
pub(super) struct Point<'a> {
    pub(super) began_at: u64,
    pub(super) at: u64,
    pub(super) value: Value<'a>,
    pub(super) attributes: Attributes<'a>,
}

/// Who looks at the records of a request, one after the other.
pub(super) trait Visitor {
    /// A log record.
    fn log(&mut self, origin: &Origin<'_, '_>, log: &Log<'_>);
    /// A point of a metric.
    fn point(&mut self, origin: &Origin<'_, '_>, metric: &Metric<'_>, point: &Point<'_>);
    /// A span.
    fn span(&mut self, origin: &Origin<'_, '_>, span: &Span<'_>);
    /// A record that cannot be read.
    fn broken(&mut self);
}
