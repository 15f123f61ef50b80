//! SHA-256 as hex: how a figure says which prices it rests on.

use sha2::{Digest as _, Sha256};

/// Characters of a digest that are enough to tell versions apart on a screen.
pub(crate) const SHORT: usize = 12;

/// The SHA-256 of some texts, one after the other, as 64 hex digits.
pub(crate) fn sha256_hex(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.as_bytes());
    }
    let mut hex = String::with_capacity(64);
    for byte in hasher.finalize() {
        for nibble in [byte >> 4, byte & 15] {
            hex.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
    }
    hex
}

/// The short form.
pub(crate) fn short(hex: &str) -> &str {
    hex.get(..SHORT).unwrap_or(hex)
}
