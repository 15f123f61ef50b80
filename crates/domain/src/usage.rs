//! What a call used, by token class.
//!
//! The classes are disjoint, as Anthropic bills them: `input` never contains
//! cache reads or writes. Sources that report cached tokens inside of input
//! (OpenAI, Gemini) are split when they are read. `reasoning` alone is a part of
//! another class: it is contained in `output` and never billed beside it.

use std::fmt;

use crate::money::Overflow;

/// A count of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Tokens(u64);

impl Tokens {
    /// No tokens.
    pub const ZERO: Self = Self(0);

    /// So many tokens.
    #[must_use]
    pub const fn new(count: u64) -> Self {
        Self(count)
    }

    /// How many.
    #[must_use]
    pub const fn count(self) -> u64 {
        self.0
    }

    /// The sum.
    ///
    /// # Errors
    /// [`Overflow`] outside of u64.
    pub fn plus(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_add(other.0).map(Self).ok_or(Overflow)
    }

    /// The difference, or none where `other` is larger: how a part is taken out
    /// of a total that a source reported inconsistently.
    #[must_use]
    pub fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A kind of token with a price of its own, and reasoning, which has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TokenClass {
    /// Prompt tokens that were neither read from nor written to a cache.
    Input,
    /// Generated tokens, reasoning included.
    Output,
    /// Prompt tokens read from a cache.
    CacheRead,
    /// Prompt tokens written to a cache that lives five minutes.
    CacheWrite5m,
    /// Prompt tokens written to a cache that lives one hour.
    CacheWrite1h,
    /// The part of output that was reasoning.
    Reasoning,
}

impl TokenClass {
    /// The classes that a price book has rates for, in the order of an invoice.
    pub const BILLED: [Self; 5] =
        [Self::Input, Self::CacheWrite5m, Self::CacheWrite1h, Self::CacheRead, Self::Output];

    /// The name in JSON, CSV and tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Output => "output",
            Self::CacheRead => "cache_read",
            Self::CacheWrite5m => "cache_write_5m",
            Self::CacheWrite1h => "cache_write_1h",
            Self::Reasoning => "reasoning",
        }
    }
}

/// The token counts of one call or of a sum of calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Usage {
    /// See [`TokenClass::Input`].
    pub input: Tokens,
    /// See [`TokenClass::Output`].
    pub output: Tokens,
    /// See [`TokenClass::CacheRead`].
    pub cache_read: Tokens,
    /// See [`TokenClass::CacheWrite5m`].
    pub cache_write_5m: Tokens,
    /// See [`TokenClass::CacheWrite1h`].
    pub cache_write_1h: Tokens,
    /// See [`TokenClass::Reasoning`]; contained in `output`.
    pub reasoning: Tokens,
    /// Web searches that the provider ran and bills by the piece.
    pub web_searches: u64,
}

impl Usage {
    /// Nothing used.
    pub const ZERO: Self = Self {
        input: Tokens::ZERO,
        output: Tokens::ZERO,
        cache_read: Tokens::ZERO,
        cache_write_5m: Tokens::ZERO,
        cache_write_1h: Tokens::ZERO,
        reasoning: Tokens::ZERO,
        web_searches: 0,
    };

    /// The count of one class.
    #[must_use]
    pub const fn tokens(&self, class: TokenClass) -> Tokens {
        match class {
            TokenClass::Input => self.input,
            TokenClass::Output => self.output,
            TokenClass::CacheRead => self.cache_read,
            TokenClass::CacheWrite5m => self.cache_write_5m,
            TokenClass::CacheWrite1h => self.cache_write_1h,
            TokenClass::Reasoning => self.reasoning,
        }
    }

    /// Whether nothing was used, as in a message that the tool made up itself.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        *self == Self::ZERO
    }

    /// The whole prompt: input, cache reads and cache writes. Long-context
    /// thresholds are compared with this.
    ///
    /// # Errors
    /// [`Overflow`] outside of u64.
    pub fn prompt(&self) -> Result<Tokens, Overflow> {
        self.input.plus(self.cache_read)?.plus(self.cache_write_5m)?.plus(self.cache_write_1h)
    }

    /// The sum, class by class.
    ///
    /// # Errors
    /// [`Overflow`] where one class leaves u64.
    pub fn plus(&self, other: &Self) -> Result<Self, Overflow> {
        Ok(Self {
            input: self.input.plus(other.input)?,
            output: self.output.plus(other.output)?,
            cache_read: self.cache_read.plus(other.cache_read)?,
            cache_write_5m: self.cache_write_5m.plus(other.cache_write_5m)?,
            cache_write_1h: self.cache_write_1h.plus(other.cache_write_1h)?,
            reasoning: self.reasoning.plus(other.reasoning)?,
            web_searches: self.web_searches.checked_add(other.web_searches).ok_or(Overflow)?,
        })
    }
}
