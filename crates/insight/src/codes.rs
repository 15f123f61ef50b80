//! Maps by small numbers, such as the codes of a cut. Nobody from outside chooses them, so they
//! need no hash that resists being chosen, and a walk over a hundred thousand cells is mostly
//! looking up.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A map by codes.
pub(crate) type CodeMap<K, V> = HashMap<K, V, BuildHasherDefault<CodeHasher>>;

/// The golden ratio as a part of 2^64: after multiplying by it, near numbers are far apart.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// Hashes numbers with a rotation, an addition and a multiplication each.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct CodeHasher(u64);

impl CodeHasher {
    const fn add(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(23) ^ number).wrapping_mul(GOLDEN);
    }
}

impl Hasher for CodeHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (whole, rest) = bytes.as_chunks();
        for part in whole {
            self.add(u64::from_le_bytes(*part));
        }
        for byte in rest {
            self.add(u64::from(*byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.add(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.add(number);
    }

    fn write_usize(&mut self, number: usize) {
        self.add(u64::try_from(number).unwrap_or(u64::MAX));
    }

    fn write_i64(&mut self, number: i64) {
        self.add(number.cast_unsigned());
    }

    fn write_isize(&mut self, number: isize) {
        self.add(i64::try_from(number).unwrap_or(i64::MAX).cast_unsigned());
    }

    fn finish(&self) -> u64 {
        // The low bits choose the bucket, and the high ones are the mixed ones.
        self.0 ^ (self.0 >> 32)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::hash::Hash;

    use super::*;

    fn hashed(of: impl Hash) -> u64 {
        let mut hasher = CodeHasher::default();
        of.hash(&mut hasher);
        hasher.finish()
    }

    #[test]
    fn near_codes_are_spread_over_buckets() {
        let hashes = |bits: u32| -> usize {
            let codes = (0..64_u32).flat_map(|a| (0..64_u32).map(move |b| [a, b, 0, 0]));
            codes.map(|it| hashed(it) & ((1 << bits) - 1)).collect::<HashSet<u64>>().len()
        };
        // Of 4096 thrown at random into 4096 some 2589 are hit.
        assert!(hashes(12) > 2_400, "{}", hashes(12));
        assert!(hashes(24) > 4_080, "{}", hashes(24));
    }
}
