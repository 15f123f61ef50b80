//! Short, stable fingerprints, after FNV-1a.
//!
//! They tell whether bytes are the same as before, where a mistake costs a
//! second reading, never a figure.

use domain::TurnId;

const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// The fingerprint of some bytes.
pub(crate) fn of(bytes: &[u8]) -> u64 {
    more(OFFSET_BASIS, bytes)
}

/// The turn of that name. Kept in databases and sent to servers: never changed.
pub(crate) fn turn(name: &str) -> TurnId {
    TurnId::new(of(name.as_bytes()))
}

/// The fingerprint of what `before` stands for, followed by more bytes. Eight at a
/// time: arguments of a tool may be a whole file.
pub(crate) fn more(before: u64, bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let step = |hash: u64, word: u64| (hash ^ word).wrapping_mul(PRIME).rotate_left(23);
    let hash = words.iter().fold(before, |hash, word| step(hash, u64::from_le_bytes(*word)));
    rest.iter().fold(hash, |hash, byte| step(hash, u64::from(*byte)))
}
