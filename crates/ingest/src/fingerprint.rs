//! Short, stable fingerprints: FNV-1a, 64 bits.
//!
//! They tell whether bytes are the same as before, where a mistake costs a
//! second reading, never a figure.

const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// The fingerprint of some bytes.
pub(crate) fn of(bytes: &[u8]) -> u64 {
    more(OFFSET_BASIS, bytes)
}

/// The fingerprint of what `before` stands for, followed by more bytes.
pub(crate) fn more(before: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(before, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME))
}
