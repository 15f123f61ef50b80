//! The protobuf encoding, read where it lies.
//!
//! Only the fields that counting needs are looked at, and attributes stay bytes until
//! somebody asks for one: most of what an exporter sends is neither. A record that is
//! broken costs that record alone, which a decoder that builds the whole message first
//! cannot do.
//!
//! Field numbers are those of the protocol's message definitions.

use std::borrow::Cow;

use super::attributes::{Attributes, Raw, Value};
use super::message::{Distribution, Id, Log, Metric, Origin, Point, Shape, Span, Temporality, Visitor};
use super::{Malformed, Signal};

/// Bytes that are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken;

/// The value of a field.
#[derive(Debug, Clone, Copy)]
pub(super) enum Field<'a> {
    /// An integer of variable length.
    Varint(u64),
    /// Eight bytes.
    Fixed64(u64),
    /// A text, bytes, or a message.
    Bytes(&'a [u8]),
    /// Four bytes, which no field that matters has.
    Fixed32,
}

impl<'a> Field<'a> {
    const fn bytes(self) -> Option<&'a [u8]> {
        match self {
            Field::Bytes(bytes) => Some(bytes),
            Field::Varint(_) | Field::Fixed64(_) | Field::Fixed32 => None,
        }
    }

    const fn number(self) -> u64 {
        match self {
            Field::Varint(number) | Field::Fixed64(number) => number,
            Field::Bytes(_) | Field::Fixed32 => 0,
        }
    }

    fn text(self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.bytes().unwrap_or_default())
    }
}

/// The fields of a message, in the order in which they stand.
pub(super) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(super) const fn of(message: &'a [u8]) -> Self {
        Self(message)
    }

    /// The next field with its number; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<(u64, Field<'a>)>, Broken> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let field = match tag & 7 {
            0 => Field::Varint(self.varint()?),
            1 => Field::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| Broken)?;
                Field::Bytes(self.take(length)?)
            }
            5 => {
                self.array::<4>()?;
                Field::Fixed32
            }
            // Groups are no part of the protocol.
            _ => return Err(Broken),
        };
        Ok(Some((tag >> 3, field)))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Broken> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Broken)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Broken> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(Broken)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn varint(&mut self) -> Result<u64, Broken> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Broken)
    }
}

/// Calls `each` with every field of a message.
fn for_each<'a>(
    message: &'a [u8],
    mut each: impl FnMut(u64, Field<'a>) -> Result<(), Broken>,
) -> Result<(), Broken> {
    let mut fields = Fields::of(message);
    while let Some((number, field)) = fields.next()? {
        each(number, field)?;
    }
    Ok(())
}

/// The messages of one field of a message, which may stand before or behind others.
fn messages<'a>(
    message: &'a [u8],
    wanted: u64,
    mut each: impl FnMut(&'a [u8]) -> Result<(), Broken>,
) -> Result<(), Broken> {
    for_each(message, |number, field| match field.bytes() {
        Some(bytes) if number == wanted => each(bytes),
        Some(_) | None => Ok(()),
    })
}

/// The last message of one field.
fn message_of(message: &[u8], wanted: u64) -> Result<&[u8], Broken> {
    let mut found: &[u8] = &[];
    messages(message, wanted, |bytes| {
        found = bytes;
        Ok(())
    })?;
    Ok(found)
}

/// Shows every record of an export request to the visitor.
pub(super) fn read(signal: Signal, bytes: &[u8], visitor: &mut impl Visitor) -> Result<(), Malformed> {
    messages(bytes, 1, |of_resource| {
        let resource = attributes(message_of(of_resource, 1)?, 1)?;
        messages(of_resource, 2, |of_scope| {
            let scope = text_of(message_of(of_scope, 1)?, 1)?;
            let origin = Origin { resource: &resource, scope: &scope };
            messages(of_scope, 2, |record| {
                match signal {
                    Signal::Logs => match log(record) {
                        Ok(log) => visitor.log(&origin, &log),
                        Err(Broken) => visitor.broken(),
                    },
                    Signal::Metrics => metric(record, &origin, visitor),
                    Signal::Traces => match span(record) {
                        Ok(span) => visitor.span(&origin, &span),
                        Err(Broken) => visitor.broken(),
                    },
                }
                Ok(())
            })
        })
    })
    .map_err(|Broken| Malformed::Protobuf)
}

fn text_of(message: &[u8], wanted: u64) -> Result<Cow<'_, str>, Broken> {
    message_of(message, wanted).map(String::from_utf8_lossy)
}

fn attributes(message: &[u8], wanted: u64) -> Result<Attributes<'_>, Broken> {
    let mut attributes = Attributes::default();
    messages(message, wanted, |pair| attribute(pair, &mut attributes))?;
    Ok(attributes)
}

fn attribute<'a>(pair: &'a [u8], attributes: &mut Attributes<'a>) -> Result<(), Broken> {
    let (mut key, mut value): (Cow<'a, str>, &[u8]) = (Cow::Borrowed(""), &[]);
    for_each(pair, |number, field| {
        match number {
            1 => key = field.text(),
            2 => value = field.bytes().unwrap_or_default(),
            _ => {}
        }
        Ok(())
    })?;
    if attributes.push(key, Raw::Protobuf(value)) { Ok(()) } else { Err(Broken) }
}

/// What an attribute's bytes say; what cannot be read says nothing.
pub(super) fn value(message: &[u8]) -> Value<'_> {
    let mut value = Value::Absent;
    let read = for_each(message, |number, field| {
        value = match number {
            1 => Value::Text(field.text()),
            2 => Value::Bool(field.number() != 0),
            3 => Value::Int(field.number().cast_signed()),
            4 => Value::Double(f64::from_bits(field.number())),
            _ => Value::Absent,
        };
        Ok(())
    });
    if read.is_ok() { value } else { Value::Absent }
}

fn log(record: &[u8]) -> Result<Log<'_>, Broken> {
    let mut log = Log::default();
    for_each(record, |number, field| {
        match number {
            1 => log.at = field.number(),
            11 => log.observed_at = field.number(),
            5 => log.body = field.bytes().map(Raw::Protobuf),
            6 => attribute(field.bytes().unwrap_or_default(), &mut log.attributes)?,
            9 => log.trace = field.bytes().map(Id::Bytes),
            12 => log.event_name = field.text(),
            _ => {}
        }
        Ok(())
    })?;
    Ok(log)
}

fn span(record: &[u8]) -> Result<Span<'_>, Broken> {
    let mut span = Span::default();
    for_each(record, |number, field| {
        match number {
            1 => span.trace = field.bytes().map(Id::Bytes),
            5 => span.name = field.text(),
            7 => span.began_at = field.number(),
            8 => span.ended_at = field.number(),
            9 => attribute(field.bytes().unwrap_or_default(), &mut span.attributes)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(span)
}

/// Shows the points of a metric; a metric that cannot be read counts as one broken point.
fn metric(record: &[u8], origin: &Origin<'_, '_>, visitor: &mut impl Visitor) {
    let Ok((name, data)) = name_and_data(record) else { return visitor.broken() };
    let Some((shape, data)) = data else { return visitor.broken() };
    let Ok((temporality, monotonic)) = distribution(shape, data) else { return visitor.broken() };
    let metric = Metric { name, distribution: Distribution { shape, temporality, monotonic } };
    let points = messages(data, 1, |bytes| {
        match point(shape, bytes) {
            Ok(point) => visitor.point(origin, &metric, &point),
            Err(Broken) => visitor.broken(),
        }
        Ok(())
    });
    if points.is_err() {
        visitor.broken();
    }
}

type Data<'a> = Option<(Shape, &'a [u8])>;

fn name_and_data(record: &[u8]) -> Result<(Cow<'_, str>, Data<'_>), Broken> {
    let (mut name, mut data) = (Cow::Borrowed(""), None);
    for_each(record, |number, field| {
        let shape = match number {
            1 => {
                name = field.text();
                return Ok(());
            }
            5 => Shape::Gauge,
            7 => Shape::Sum,
            9 => Shape::Histogram,
            10 => Shape::ExponentialHistogram,
            11 => Shape::Summary,
            _ => return Ok(()),
        };
        data = Some((shape, field.bytes().ok_or(Broken)?));
        Ok(())
    })?;
    Ok((name, data))
}

fn distribution(shape: Shape, data: &[u8]) -> Result<(Temporality, bool), Broken> {
    let (mut temporality, mut monotonic) = (Temporality::Unspecified, shape.only_grows());
    for_each(data, |number, field| {
        match (number, shape) {
            (2, _) => temporality = Temporality::of_number(field.number()),
            (3, Shape::Sum) => monotonic = field.number() != 0,
            _ => {}
        }
        Ok(())
    })?;
    Ok((temporality, monotonic))
}

fn point(shape: Shape, bytes: &[u8]) -> Result<Point<'_>, Broken> {
    let of_attributes = match shape {
        Shape::Gauge | Shape::Sum | Shape::Summary => 7,
        Shape::Histogram => 9,
        Shape::ExponentialHistogram => 1,
    };
    let mut point = Point::default();
    for_each(bytes, |number, field| {
        match (number, shape) {
            (it, _) if it == of_attributes => {
                attribute(field.bytes().unwrap_or_default(), &mut point.attributes)?;
            }
            (2, _) => point.began_at = field.number(),
            (3, _) => point.at = field.number(),
            (4, Shape::Gauge | Shape::Sum)
            | (5, Shape::Histogram | Shape::ExponentialHistogram | Shape::Summary) => {
                point.value = Value::Double(f64::from_bits(field.number()));
            }
            (6, Shape::Gauge | Shape::Sum) => point.value = Value::Int(field.number().cast_signed()),
            _ => {}
        }
        Ok(())
    })?;
    Ok(point)
}
