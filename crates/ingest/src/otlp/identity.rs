//! What makes two records the same record.

use sha2::{Digest, Sha256};

use super::attributes::{Attributes, Value};

/// Bytes of an identity: enough that no two things ever share one by chance.
const BYTES: usize = 16;

/// An identity in the making: a hash of parts, each with its length, so that no two
/// lists of parts read the same.
pub(crate) struct Identity(Sha256);

impl Identity {
    /// Of one kind of thing.
    pub(crate) fn of(kind: &str) -> Self {
        Self(Sha256::new()).with(kind)
    }

    /// With one more part.
    pub(crate) fn with(mut self, part: &str) -> Self {
        self.bytes(part.as_bytes());
        self
    }

    /// With a number.
    pub(super) fn with_number(mut self, number: u64) -> Self {
        self.bytes(&number.to_le_bytes());
        self
    }

    /// With attributes, in whatever order the exporter wrote them.
    pub(super) fn with_attributes(mut self, attributes: &Attributes<'_>) -> Self {
        let sorted = attributes.sorted();
        self = self.with_number(u64::try_from(sorted.len()).unwrap_or(u64::MAX));
        for (key, value) in sorted {
            self = self.with(key);
            let (kind, text) = match &value {
                Value::Absent => ("-", None),
                Value::Text(_) => ("text", value.text()),
                Value::Bool(_) => ("bool", value.text()),
                Value::Int(_) | Value::Double(_) => ("number", value.text()),
            };
            self = self.with(kind).with(text.as_deref().unwrap_or_default());
        }
        self
    }

    fn bytes(&mut self, bytes: &[u8]) {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.0.update(length.to_le_bytes());
        self.0.update(bytes);
    }

    /// The identity.
    pub(crate) fn finish(self) -> [u8; BYTES] {
        let mut identity = [0; BYTES];
        for (to, from) in identity.iter_mut().zip(self.0.finalize()) {
            *to = from;
        }
        identity
    }

    /// The identity as hexadecimal.
    pub(super) fn hex(self) -> String {
        self.finish().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
