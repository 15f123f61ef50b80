//! Observations at random, alike often enough to be one call.

use std::sync::Arc;

use domain::{
    Branch, Developer, Lineage, ModelName, Naming, NanoUsd, Observed, OutputConfidence, Provider, RequestId,
    SessionId, SourceKind, Tokens, ToolUse, ToolUses, TurnId,
};

use super::{NOON, said};

pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    pub(crate) fn one_of<T: Clone>(&mut self, all: &[T]) -> T {
        let index = usize::try_from(self.below(u64::try_from(all.len()).unwrap())).unwrap();
        all[index].clone()
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.below(2) == 0).then(|| make(self))
    }

    pub(crate) fn observations(&mut self, count: u64) -> Vec<Observed> {
        (0..count).map(|_| self.observation(count)).collect()
    }

    fn observation(&mut self, count: u64) -> Observed {
        let source = self.one_of(&SourceKind::ALL);
        let naming = self.one_of(&[Naming::Provider, Naming::Derived]);
        let number = self.below(count / 2);
        let key = format!("k{number}");
        let at = NOON + i64::try_from(number * 3_600_000 + self.below(6_000)).unwrap();
        let output = 20 * self.below(2);
        let mut it = said(source, naming, (&key, at, output));
        it.request = (self.below(3) == 0).then(|| RequestId::new(&format!("r{number}")));
        let witness = Arc::make_mut(&mut it.witness);
        witness.developer = self.maybe(|it| Developer::new(it.one_of(&["ada", "bob"])));
        witness.claimed = self.maybe(|it| Developer::new(it.one_of(&["ada", "cleo"])));
        let figures = &mut it.call.figures;
        figures.usage.cache_write_1h = Tokens::new(self.below(2));
        figures.usage.web_searches = self.below(2);
        figures.model =
            ModelName::new(self.one_of(&["claude-opus-4-8", "claude-haiku-4-5", "nobody-knows-1"]));
        figures.output = self.one_of(&OutputConfidence::ALL);
        figures.lineage = self.one_of(&[Lineage::Own, Lineage::Copied, Lineage::Quoted]);
        figures.reported_cost = self.maybe(|it| NanoUsd::new(i64::try_from(it.below(9)).unwrap()));
        figures.provider = self.maybe(|it| Provider::new(it.one_of(&["anthropic", "aws-bedrock"])));
        let place = Arc::make_mut(&mut it.call.owner.place);
        place.session = SessionId::new(self.one_of(&["s", "s", "t", ""]));
        place.branch = self.maybe(|it| Branch::new(it.one_of(&["main", "next"])));
        place.remote = (self.below(4) == 0).then(|| Arc::from("git@github.com:o/r"));
        it.call.owner.turn = self.maybe(|it| TurnId::new(u64::MAX - it.below(3)));
        let uses: Vec<_> = (0..self.below(3)).map(|_| self.tool_use()).collect();
        it.call.tools = ToolUses::of(uses);
        it
    }

    fn tool_use(&mut self) -> ToolUse {
        let retry = u32::try_from(self.below(3)).unwrap();
        ToolUse::new(u64::MAX - self.below(3), self.one_of(&["Bash", "mcp__tickets__find"]), retry)
    }

    /// All of them in another order, some twice, in parts of any size.
    pub(crate) fn split(&mut self, all: &[Observed]) -> Vec<Vec<Observed>> {
        let mut shuffled = all.to_vec();
        for index in (1..shuffled.len()).rev() {
            let other = usize::try_from(self.below(u64::try_from(index).unwrap() + 1)).unwrap();
            shuffled.swap(index, other);
        }
        let again = [self.one_of(all), self.one_of(all)];
        shuffled.extend(again);
        let mut parts = Vec::new();
        while !shuffled.is_empty() {
            let size = usize::try_from(1 + self.below(12)).unwrap().min(shuffled.len());
            parts.push(shuffled.split_off(shuffled.len() - size));
        }
        parts
    }
}
