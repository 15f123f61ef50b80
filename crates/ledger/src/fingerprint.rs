//! Tells whether two requests under one key are the same request.

use std::fmt;

/// A digest of what was asked: FNV-1a over the request's text, 128 bits wide. It notices
/// a mistake of a caller that we trust; it is no proof against one that we do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(u128);

const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

impl Fingerprint {
    /// As it was kept.
    #[must_use]
    pub const fn new(number: u128) -> Self {
        Self(number)
    }

    /// As it is kept.
    #[must_use]
    pub const fn number(self) -> u128 {
        self.0
    }

    /// Of a request's text.
    pub(crate) fn of(text: impl fmt::Display) -> Self {
        use fmt::Write as _;
        let mut print = Self(OFFSET);
        let written = write!(print, "{text}");
        // Writing into a number does not fail.
        written.map_or(print, |()| print)
    }

    /// Of this and one more number.
    pub(crate) fn and(mut self, number: i64) -> Self {
        self.take(&number.to_le_bytes());
        self
    }

    fn take(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u128::from(*byte)).wrapping_mul(PRIME);
        }
    }
}

impl fmt::Write for Fingerprint {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.take(text.as_bytes());
        Ok(())
    }
}
