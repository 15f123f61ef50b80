//! The id of a call in the company's book.

use std::fmt;

use domain::Timestamp;
use sha2::{Digest as _, Sha256};

/// Bytes that say when.
const MOMENT_BYTES: usize = 6;

/// The id of a call in the company's book: the milliseconds of its moment in six
/// bytes, then ten bytes of the digest of the smallest name that it goes by. It
/// follows from the observations alone, and ids are in the order of time.
///
/// A call that turns out to have begun earlier gets the earlier id: who keeps a name
/// of a call for long keeps its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId([u8; 16]);

impl CallId {
    /// Of a call at that moment, by its smallest name.
    #[must_use]
    pub fn of(at: Timestamp, name: &str) -> Self {
        let mut bytes = [0; 16];
        let moment = clamped(at).to_be_bytes();
        let digest = Sha256::digest(name.as_bytes());
        let source = moment.iter().skip(8 - MOMENT_BYTES).chain(digest.iter());
        for (byte, from) in bytes.iter_mut().zip(source) {
            *byte = *from;
        }
        Self(bytes)
    }

    /// The least id that a call of that moment or later may have.
    #[must_use]
    pub fn first_at(at: Timestamp) -> Self {
        let mut bytes = [0; 16];
        for (byte, from) in bytes.iter_mut().zip(clamped(at).to_be_bytes().iter().skip(8 - MOMENT_BYTES)) {
            *byte = *from;
        }
        Self(bytes)
    }

    /// The id of those bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Read from its 32 hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (first, last) = Self::range(text)?;
        (text.len() == 32 && first == last).then_some(first)
    }

    /// The first and the last id whose digits begin with these; none where they are
    /// not hexadecimal digits or too many.
    #[must_use]
    pub fn range(digits: &str) -> Option<(Self, Self)> {
        if digits.len() > 32 {
            return None;
        }
        let (mut first, mut last) = ([0_u8; 16], [0xFF_u8; 16]);
        let nibbles = digits.chars().map(|digit| digit.to_digit(16).and_then(|it| u8::try_from(it).ok()));
        for (index, nibble) in nibbles.enumerate() {
            let nibble = nibble?;
            let (low, high) = (first.get_mut(index / 2)?, last.get_mut(index / 2)?);
            if index % 2 == 0 {
                *low = nibble << 4;
                *high = (nibble << 4) | 0x0F;
            } else {
                *low |= nibble;
                *high = (*high & 0xF0) | nibble;
            }
        }
        Some((Self(first), Self(last)))
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Milliseconds since 1970 as far as six bytes hold them; others are at the edge.
fn clamped(at: Timestamp) -> u64 {
    u64::try_from(at.millis()).unwrap_or(0).min(0xFFFF_FFFF_FFFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_in_the_order_of_time_and_read_back() {
        let id = |millis, name| CallId::of(Timestamp::from_millis(millis), name);
        assert!(id(1_790_000_000_000, "m:b") < id(1_790_000_000_001, "m:a"));
        assert_ne!(id(1, "m:a"), id(1, "m:b"));
        assert_eq!(id(-5, "m:a"), id(0, "m:a"));
        let some = id(1_790_000_000_000, "m:a");
        assert!(some.to_string().starts_with("01a0c4506c00"), "{some}");
        assert_eq!(CallId::parse(&some.to_string()), Some(some));
        assert!(CallId::first_at(Timestamp::from_millis(1_790_000_000_000)) <= some);
        assert!(CallId::first_at(Timestamp::from_millis(1_790_000_000_001)) > some);
    }

    #[test]
    fn a_beginning_names_a_range() {
        let (first, last) = CallId::range("01a").unwrap();
        assert_eq!(first.to_string(), "01a00000000000000000000000000000");
        assert_eq!(last.to_string(), "01afffffffffffffffffffffffffffff");
        assert_eq!(CallId::range("msg_"), None);
        assert_eq!(CallId::range(&"0".repeat(33)), None);
    }
}
