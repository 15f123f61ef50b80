//! Numbers that look thrown, and are the same every time for the same seed.
//!
//! The generator is SplitMix64, and stays it: another one would tell another story for
//! every seed that somebody wrote down.

/// How far one throw is from the next.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// A row of numbers.
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    /// The row of that name: rows of other names go on as they are when one is thrown
    /// more often.
    pub(super) fn of(seed: u64, row: &str) -> Self {
        // FNV-1a, so that names that differ a little begin far apart.
        let mixed = row.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |sum, byte| {
            (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        });
        let mut dice = Self(mixed ^ seed.wrapping_mul(STEP));
        dice.next();
        dice
    }

    /// Any number.
    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        let mut it = self.0;
        it = (it ^ (it >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        it ^ (it >> 31)
    }

    /// One below a bound; nothing is below 0 but 0.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next().checked_rem(bound).unwrap_or_default()
    }

    /// One from `low` to `high`, both among them.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low.saturating_add(self.below(high.saturating_sub(low).saturating_add(1)))
    }

    /// Whether something happens that does so many times in a thousand.
    pub(super) fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1_000) < per_mille
    }

    /// One about as large as the typical one: most are smaller, and a few much larger.
    pub(super) fn about(&mut self, typical: u64) -> u64 {
        let spread = self.between(400, 1_300).saturating_mul(self.between(500, 1_500));
        let long = if self.chance(80) { 2 } else { 1 };
        (typical.saturating_mul(spread) / 1_000_000).saturating_mul(long)
    }

    /// One of several; none of none.
    pub(super) fn of_these<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        let at = self.below(u64::try_from(all.len()).unwrap_or(u64::MAX));
        all.get(usize::try_from(at).unwrap_or(usize::MAX))
    }

    /// An id in the form of a random UUID.
    pub(super) fn uuid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xFFFF,
            high & 0x0FFF,
            low >> 52,
            low & 0xFFFF_FFFF_FFFF
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_row_of_a_seed_never_changes() {
        let mut dice = Dice::of(1, "ada");
        let thrown: Vec<u64> = (0..6).map(|_| dice.below(1_000)).collect();
        assert_eq!(thrown, [811, 504, 356, 172, 139, 474]);
        assert_eq!(dice.uuid(), "aed660ff-ab9f-49b9-a81a-4af3f8591398");
    }

    #[test]
    fn bounds_are_kept() {
        let mut dice = Dice::of(7, "bounds");
        for _ in 0..1_000 {
            assert!((3..=5).contains(&dice.between(3, 5)));
            assert_eq!((dice.below(0), dice.between(4, 4)), (0, 4));
            assert!(dice.about(1_000) <= 3_900);
        }
        assert_eq!(dice.of_these::<u8>(&[]), None);
    }
}
