//! Attributes: keys with values of any type, read when they are asked for.

use std::borrow::Cow;

use super::protobuf;
use crate::json::Count;

/// Attributes that one record may have. Exporters stop at 128 unless told otherwise.
const MAX_ATTRIBUTES: usize = 1_024;

/// Bytes of an id, a name or an address. Longer ones are prose, or an attack.
const MAX_NAME_BYTES: usize = 512;

/// A value of the request.
#[derive(Debug, Clone)]
pub(super) enum Raw<'a> {
    /// A message of the protobuf encoding, as it stands there: it says how long it is, so that
    /// nobody looks into it who does not ask for it.
    Protobuf(&'a [u8]),
    /// What the JSON encoding says: where it ends is known when it was read.
    Json(Value<'a>),
}

impl<'a> Raw<'a> {
    /// What it says.
    pub(super) fn value(&self) -> Value<'a> {
        match self {
            Raw::Protobuf(message) => protobuf::value(message),
            Raw::Json(value) => value.clone(),
        }
    }
}

/// What a value says. Lists, objects and bytes say nothing that is counted.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum Value<'a> {
    /// Nothing, or nothing that is counted.
    #[default]
    Absent,
    /// A text.
    Text(Cow<'a, str>),
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any number.
    Double(f64),
}

impl<'a> Value<'a> {
    /// The value as text, with nothing around it; nothing if it is empty.
    pub(super) fn text(self) -> Option<Cow<'a, str>> {
        let text = match self {
            Value::Absent => return None,
            Value::Text(Cow::Borrowed(text)) => Cow::Borrowed(text.trim()),
            Value::Text(Cow::Owned(text)) => Cow::Owned(text.trim().to_owned()),
            Value::Bool(yes) => Cow::Borrowed(if yes { "true" } else { "false" }),
            Value::Int(number) => Cow::Owned(number.to_string()),
            Value::Double(number) => Cow::Owned(number.to_string()),
        };
        Some(text).filter(|text| !text.is_empty())
    }

    /// A count of something. Sources write it as an integer, a double or a text.
    pub(super) fn count(self) -> Count {
        match self {
            Value::Absent => Count::Absent,
            Value::Int(number) => u64::try_from(number).map_or(Count::Odd, Count::of),
            Value::Text(_) | Value::Bool(_) | Value::Double(_) => self.text().map_or(Count::Absent, |text| {
                let whole = text.strip_suffix(".0").unwrap_or(&text);
                whole.parse().map_or(Count::Odd, Count::of)
            }),
        }
    }
}

/// The attributes of a record or of a resource.
#[derive(Debug, Clone, Default)]
pub(super) struct Attributes<'a>(Vec<(Cow<'a, str>, Raw<'a>)>);

impl<'a> Attributes<'a> {
    /// Adds one; false if there are too many already.
    pub(super) fn push(&mut self, key: Cow<'a, str>, value: Raw<'a>) -> bool {
        let fits = self.0.len() < MAX_ATTRIBUTES;
        if fits {
            self.0.push((key, value));
        }
        fits
    }

    fn value(&self, key: &str) -> Option<Value<'a>> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value.value())
    }

    /// All of them by key, whatever the order in which the exporter wrote them.
    pub(super) fn sorted(&self) -> Vec<(&str, Value<'a>)> {
        let mut all: Vec<(&str, Value<'a>)> =
            self.0.iter().map(|(key, raw)| (key.as_ref(), raw.value())).collect();
        all.sort_by(|one, other| one.0.cmp(other.0));
        all
    }
}

/// Whether a text can be a name or an id.
pub(super) fn is_name(text: &str) -> bool {
    text.len() <= MAX_NAME_BYTES && !text.contains(char::is_control)
}

/// The attributes that hold for a record: its own, then those of its resource.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts<'r, 'a> {
    pub(super) record: &'r Attributes<'a>,
    pub(super) resource: &'r Attributes<'a>,
}

impl<'a> Facts<'_, 'a> {
    /// The value of that key. One that says nothing does not hide the resource's.
    pub(super) fn value(&self, key: &str) -> Value<'a> {
        match self.record.value(key) {
            Some(Value::Absent) | None => self.resource.value(key).unwrap_or_default(),
            Some(value) => value,
        }
    }

    /// A name or an id; nothing if it is no such thing.
    pub(super) fn name(&self, key: &str) -> Option<Cow<'a, str>> {
        self.value(key).text().filter(|text| is_name(text))
    }

    /// The first of these keys that holds a name.
    pub(super) fn any_name(&self, keys: &[&str]) -> Option<Cow<'a, str>> {
        keys.iter().find_map(|key| self.name(key))
    }

    /// A count.
    pub(super) fn count(&self, key: &str) -> Count {
        self.value(key).count()
    }

    /// The first of these keys that holds a count.
    pub(super) fn any_count(&self, keys: &[&str]) -> Count {
        let counts = keys.iter().map(|key| self.count(key));
        counts.into_iter().find(|count| *count != Count::Absent).unwrap_or_default()
    }

    /// Whether that key holds this text.
    pub(super) fn is(&self, key: &str, text: &str) -> bool {
        self.value(key).text().is_some_and(|known| known == text)
    }
}
