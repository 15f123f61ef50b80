//! Observations at random, alike often enough to collide.

#![expect(clippy::arithmetic_side_effects, clippy::as_conversions, reason = "small numbers of a generator")]

use super::*;

pub(super) struct Random(u64);

impl Random {
    pub(super) fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    pub(super) fn index(&mut self, length: usize) -> usize {
        self.below(length as u64) as usize
    }

    fn one_of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.index(all.len())].clone()
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.below(2) == 0).then(|| make(self))
    }

    pub(super) fn observations(&mut self) -> Vec<Observed> {
        let count = 1 + self.below(9);
        (0..count).map(|_| self.observation()).collect()
    }

    fn observation(&mut self) -> Observed {
        let source = self.one_of(&SourceKind::ALL);
        let naming = self.one_of(&[Naming::Provider, Naming::Derived]);
        let key = self.one_of(&["a", "b", "c", "d", "e"]);
        let mut it = said(source, naming, key).later(self.below(12_000) as i64);
        it.request = self.maybe(|random| RequestId::new(random.one_of(&["1", "2", "3"])));
        it = it.by(self.maybe(|it| it.one_of(&["ada", "bob"])), self.maybe(|it| it.one_of(&["ada", "bob"])));
        let lineages = [Lineage::Own, Lineage::Sidechain, Lineage::Copied, Lineage::Quoted];
        let figures = &mut it.call.figures;
        figures.usage.output = Tokens::new(20 * self.below(2));
        figures.usage.reasoning = Tokens::new(self.below(30));
        figures.usage.web_searches = self.below(3);
        figures.usage.cache_write_5m = Tokens::new(self.below(2));
        figures.usage.cache_write_1h = Tokens::new(self.below(2));
        figures.model = ModelName::new(self.one_of(&["m1", "m2"]));
        figures.output = self.one_of(&OutputConfidence::ALL);
        figures.lineage = self.one_of(&lineages);
        figures.reported_cost = self.maybe(|it| NanoUsd::new(it.below(3) as i64));
        figures.provider = self.maybe(|it| Provider::new(it.one_of(&["p", "q"])));
        figures.terms.tier = self.one_of(&[ServiceTier::Standard, ServiceTier::Batch, ServiceTier::Flex]);
        it.call.owner.lineage = self.one_of(&lineages);
        it.call.owner.turn = self.maybe(|it| TurnId::new(it.below(3)));
        let uses = (0..self.below(3)).map(|_| ToolUse::new(self.below(3), self.one_of(&["Bash", "Read"]), 0));
        it.call.tools = ToolUses::of(uses.collect::<Vec<_>>());
        let session = self.one_of(&["", "s", "s", "s", "t"]);
        let branch = self.maybe(|it| Branch::new(it.one_of(&["main", "next"])));
        it.place(|place| {
            place.session = SessionId::new(session);
            place.branch = branch;
        })
    }

    /// Another order, and something twice.
    pub(super) fn disturb(&mut self, observed: &mut Vec<Observed>) {
        for index in (1..observed.len()).rev() {
            let other = self.index(index + 1);
            observed.swap(index, other);
        }
        let again = self.one_of(observed);
        observed.push(again);
    }
}
