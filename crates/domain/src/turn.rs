//! Which prompt a call answers, and which tools its response called.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a tool without a plain name is called.
const NAMELESS: &str = "nameless";
/// A tool's name is at most so many bytes; servers of tools make long ones.
const NAME_LIMIT: usize = 128;

/// A turn: one prompt, and all calls until the next. It is a fingerprint of the name that
/// the tool gave to the prompt, so that everything that has the name means the same turn.
/// It is one within its session only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TurnId(u64);

impl TurnId {
    /// Of that fingerprint.
    #[must_use]
    pub const fn new(fingerprint: u64) -> Self {
        Self(fingerprint)
    }

    /// The fingerprint.
    #[must_use]
    pub const fn fingerprint(self) -> u64 {
        self.0
    }
}

/// One use of a tool that a response asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ToolUse {
    id: u64,
    name: Arc<str>,
    retry: u32,
}

impl ToolUse {
    /// The use with this fingerprint of its id. `retry` says how often this very step, the
    /// tool with the same arguments, had failed in succession before. A name that is no
    /// plain name is not kept: it might be anything.
    #[must_use]
    pub fn new(id: u64, name: &str, retry: u32) -> Self {
        let plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.' | ':' | '/');
        let is_plain = !name.is_empty() && name.len() <= NAME_LIMIT && name.chars().all(plain);
        Self { id, name: Arc::from(if is_plain { name } else { NAMELESS }), retry }
    }

    /// The fingerprint of its id.
    #[must_use]
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// The tool.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How often this very step had failed in succession before it was tried again.
    #[must_use]
    pub const fn retry(&self) -> u32 {
        self.retry
    }
}

/// The uses of tools that the response of a call asked for: a set, one of each id and in
/// the order of ids, so that what several records say of a call is joined in any order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ToolUses(Vec<ToolUse>);

impl ToolUses {
    /// So many are kept of one call; of more, those with the smallest ids.
    pub const MOST: usize = 256;
    /// None.
    pub const NONE: Self = Self(Vec::new());

    /// Those.
    #[must_use]
    pub fn of(uses: impl IntoIterator<Item = ToolUse>) -> Self {
        let mut all = Self::NONE;
        uses.into_iter().for_each(|it| all.add(it));
        all
    }

    /// One more.
    pub fn add(&mut self, it: ToolUse) {
        match self.0.binary_search_by_key(&it.id, ToolUse::id) {
            Ok(place) => {
                if let Some(known) = self.0.get_mut(place) {
                    known.retry = known.retry.max(it.retry);
                    if it.name < known.name {
                        known.name = it.name;
                    }
                }
            }
            Err(place) => {
                self.0.insert(place, it);
                self.0.truncate(Self::MOST);
            }
        }
    }

    /// All that either has.
    #[must_use]
    pub fn join(mut self, mut other: Self) -> Self {
        if self.0.len().cmp(&other.0.len()) == Ordering::Less {
            std::mem::swap(&mut self, &mut other);
        }
        other.0.into_iter().for_each(|it| self.add(it));
        self
    }

    /// In the order of their ids.
    pub fn iter(&self) -> std::slice::Iter<'_, ToolUse> {
        self.0.iter()
    }

    /// How many.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many of each tool.
    #[must_use]
    pub fn by_name(&self) -> BTreeMap<&str, u64> {
        let mut counts = BTreeMap::new();
        for it in &self.0 {
            let count: &mut u64 = counts.entry(it.name()).or_default();
            *count = count.saturating_add(1);
        }
        counts
    }
}

impl<'a> IntoIterator for &'a ToolUses {
    type Item = &'a ToolUse;
    type IntoIter = std::slice::Iter<'a, ToolUse>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_use_is_one_however_often_it_is_seen() {
        let one = ToolUses::of([ToolUse::new(2, "Bash", 0), ToolUse::new(1, "Read", 0)]);
        let other = ToolUses::of([ToolUse::new(2, "Bash", 3), ToolUse::new(3, "Bash", 0)]);
        let both = one.clone().join(other.clone());
        assert_eq!(both, other.join(one.clone()));
        assert_eq!(both, both.clone().join(one));
        assert_eq!(both.iter().map(|it| (it.id(), it.retry())).collect::<Vec<_>>(), [(1, 0), (2, 3), (3, 0)]);
        assert_eq!(both.by_name().into_iter().collect::<Vec<_>>(), [("Bash", 2), ("Read", 1)]);
    }

    #[test]
    fn what_is_beyond_the_limit_does_not_depend_on_the_order() {
        let some = |ids: std::ops::Range<u64>| ToolUses::of(ids.map(|id| ToolUse::new(id, "Bash", 0)));
        let (low, high) = (some(0..200), some(150..400));
        assert_eq!(low.clone().join(high.clone()), high.join(low));
        assert_eq!(some(0..400), some(0..256));
    }

    #[test]
    fn what_is_no_name_is_not_kept() {
        let long = "x".repeat(NAME_LIMIT + 1);
        for (name, kept) in [
            ("mcp__github__create_issue", "mcp__github__create_issue"),
            ("functions.exec-1:2/3", "functions.exec-1:2/3"),
            ("", NAMELESS),
            ("rm -rf /home/ada", NAMELESS),
            ("Ä", NAMELESS),
            (long.as_str(), NAMELESS),
        ] {
            assert_eq!(ToolUse::new(1, name, 0).name(), kept);
        }
    }
}
