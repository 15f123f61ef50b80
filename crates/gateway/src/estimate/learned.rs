//! What was learned of a model: how densely its provider counts text, and how long its
//! answers are. Of each only figures are kept, in a fixed amount of memory, and old ones
//! give way to new ones.

/// Calls after which what was learned is believed.
const ENOUGH: u64 = 32;
/// Calls of one age: two ages are kept, and the older is forgotten when the younger is full.
const AGE: u64 = 256;
/// Prompts are told apart by length, in powers of two from the first to the last.
const SHORTEST_LOG: u32 = 8;
const LENGTHS: usize = 18;
/// Densities are bytes a so many tokens.
const PER_TOKENS: u64 = 1_024;

/// All that was learned of one model.
#[derive(Debug, Clone, Default)]
pub(super) struct Learned {
    pub(super) prompts: Prompts,
    pub(super) answers: Answers,
}

/// How densely text is counted, by length: what is put before every prompt weighs more
/// in a short one.
#[derive(Debug, Clone, Default)]
pub(super) struct Prompts {
    lengths: [Density; LENGTHS],
    /// Of prompts of any length, to know what is usual.
    bytes: u64,
    tokens: u64,
}

/// The fewest bytes that made so many tokens, of two ages.
#[derive(Debug, Clone, Copy, Default)]
struct Density {
    lowest: Option<u64>,
    calls: u64,
    before: Option<u64>,
}

impl Prompts {
    pub(super) fn add(&mut self, bytes: u64, tokens: u64) {
        if bytes == 0 || tokens == 0 {
            return;
        }
        if let Some(density) = self.lengths.get_mut(length_of(bytes)) {
            density.add(bytes.saturating_mul(PER_TOKENS).checked_div(tokens).unwrap_or_default().max(1));
        }
        if self.bytes > u64::from(u32::MAX) {
            self.bytes /= 2;
            self.tokens /= 2;
        }
        self.bytes = self.bytes.saturating_add(bytes);
        self.tokens = self.tokens.saturating_add(tokens);
    }

    /// The most tokens of a text of so many bytes, with a margin: an eighth over the densest
    /// of its length lately; or a third over that of the nearest length, and so many tokens.
    pub(super) fn at_most(&self, bytes: u64, overhead: u64) -> Option<u64> {
        let own = length_of(bytes);
        if let Some(lowest) = self.lengths.get(own).and_then(Density::believed) {
            return Some(tokens(bytes, lowest, 8, 7));
        }
        let trusted = self.lengths.iter().enumerate().filter_map(|(at, it)| Some((at, it.believed()?)));
        let (_, lowest) = trusted.min_by_key(|(at, _)| at.abs_diff(own))?;
        Some(tokens(bytes, lowest, 4, 3).saturating_add(overhead))
    }

    /// The tokens that a text of so many bytes usually has.
    pub(super) fn usual(&self, bytes: u64) -> Option<u64> {
        let usual =
            u128::from(bytes).checked_mul(u128::from(self.tokens))?.checked_div(u128::from(self.bytes))?;
        u64::try_from(usual).ok()
    }
}

/// Tokens of so many bytes at a density, with a fraction on top.
fn tokens(bytes: u64, density: u64, up: u64, down: u64) -> u64 {
    let parts = u128::from(bytes).saturating_mul(u128::from(PER_TOKENS.saturating_mul(up)));
    let of = u128::from(density.saturating_mul(down)).max(1);
    u64::try_from(parts.div_ceil(of)).unwrap_or(u64::MAX)
}

fn length_of(bytes: u64) -> usize {
    let log = bytes.checked_ilog2().unwrap_or_default().saturating_sub(SHORTEST_LOG);
    usize::try_from(log).unwrap_or_default().min(LENGTHS.saturating_sub(1))
}

impl Density {
    fn add(&mut self, density: u64) {
        if self.calls == AGE {
            *self = Self { lowest: None, calls: 0, before: self.lowest };
        }
        self.lowest = Some(self.lowest.map_or(density, |lowest| lowest.min(density)));
        self.calls = self.calls.saturating_add(1);
    }

    fn believed(&self) -> Option<u64> {
        if self.before.is_none() && self.calls < ENOUGH {
            return None;
        }
        self.lowest.into_iter().chain(self.before).min()
    }
}

/// Four steps between each power of two and the next, up to two to the power of twenty.
const STEPS: usize = 80;
/// When there are so many, all counts are halved: new answers weigh more than old ones.
const MANY: u64 = 4_096;

/// How long answers are.
#[derive(Debug, Clone)]
pub(super) struct Answers {
    counts: [u64; STEPS],
    total: u64,
}

impl Default for Answers {
    fn default() -> Self {
        Self { counts: [0; STEPS], total: 0 }
    }
}

impl Answers {
    pub(super) fn add(&mut self, tokens: u64) {
        if self.total >= MANY {
            for count in &mut self.counts {
                *count /= 2;
            }
            self.total = self.counts.iter().sum();
        }
        if let Some(count) = self.counts.get_mut(step_of(tokens)) {
            *count = count.saturating_add(1);
            self.total = self.total.saturating_add(1);
        }
    }

    /// A length that so many of a thousand answers do not pass.
    pub(super) fn quantile(&self, permille: u64) -> Option<u64> {
        if self.total < ENOUGH {
            return None;
        }
        let wanted = self.total.saturating_mul(permille).div_ceil(1_000);
        let mut seen = 0_u64;
        let step = self.counts.iter().position(|count| {
            seen = seen.saturating_add(*count);
            seen >= wanted
        });
        step.map(end_of)
    }
}

fn step_of(tokens: u64) -> usize {
    let Some(log) = tokens.checked_ilog2().filter(|log| *log >= 2) else {
        return usize::try_from(tokens).unwrap_or_default();
    };
    let quarter = (tokens >> log.saturating_sub(2)) & 3;
    let step = u64::from(log).saturating_sub(1).saturating_mul(4).saturating_add(quarter);
    usize::try_from(step).unwrap_or(STEPS).min(STEPS.saturating_sub(1))
}

/// The longest answer of a step.
fn end_of(step: usize) -> u64 {
    let step = u64::try_from(step).unwrap_or_default();
    if step < 4 {
        return step;
    }
    let shift = (step / 4).saturating_sub(1);
    let begin = (4 + step % 4) << shift;
    begin.saturating_add((1 << shift) - 1)
}
