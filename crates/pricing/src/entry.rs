//! What one model costs during one span of time.

use std::fmt;

use domain::day::minute_of_day;
use domain::{Day, InferenceGeo, ServiceTier, Speed, Terms, Timestamp, TokenClass, Tokens};

use crate::rate::{PieceRate, Rate, Ratio};

/// How a token class is billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Billed {
    /// The book lists no rate for it.
    #[default]
    Unlisted,
    /// At a rate of its own.
    At(Rate),
    /// At the rate for input, as the provider documents.
    AsInput,
}

/// One rate for each billed class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rates {
    /// For [`TokenClass::Input`].
    pub input: Billed,
    /// For [`TokenClass::CacheWrite5m`].
    pub cache_write_5m: Billed,
    /// For [`TokenClass::CacheWrite1h`].
    pub cache_write_1h: Billed,
    /// For [`TokenClass::CacheRead`].
    pub cache_read: Billed,
    /// For [`TokenClass::Output`].
    pub output: Billed,
}

impl Rates {
    /// How a class is billed; reasoning as the output that contains it.
    #[must_use]
    pub const fn billed(&self, class: TokenClass) -> Billed {
        match class {
            TokenClass::Input => self.input,
            TokenClass::CacheWrite5m => self.cache_write_5m,
            TokenClass::CacheWrite1h => self.cache_write_1h,
            TokenClass::CacheRead => self.cache_read,
            TokenClass::Output | TokenClass::Reasoning => self.output,
        }
    }

    /// The rate of a class, wherever it stands.
    #[must_use]
    pub const fn rate(&self, class: TokenClass) -> Option<Rate> {
        match (self.billed(class), self.input) {
            (Billed::At(rate), _) | (Billed::AsInput, Billed::At(rate)) => Some(rate),
            (Billed::Unlisted | Billed::AsInput, _) => None,
        }
    }
}

/// Rates, and those that take their place for the whole request once its prompt is
/// longer than a threshold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RateCard {
    /// For prompts up to the first threshold.
    pub base: Rates,
    /// For longer prompts, by rising threshold.
    pub above: Vec<(Tokens, Rates)>,
}

impl RateCard {
    /// The rates for a prompt, and the threshold that it passed.
    #[must_use]
    pub fn for_prompt(&self, prompt: Tokens) -> (&Rates, Option<Tokens>) {
        let passed = self.above.iter().rev().find(|(threshold, _)| prompt > *threshold);
        passed.map_or((&self.base, None), |(threshold, rates)| (rates, Some(*threshold)))
    }
}

/// A term of service that changes the price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ModifierKind {
    /// [`ServiceTier::Batch`].
    Batch,
    /// [`ServiceTier::Flex`].
    Flex,
    /// [`ServiceTier::Priority`].
    Priority,
    /// [`Speed::Fast`].
    Fast,
    /// [`InferenceGeo::Us`].
    Us,
    /// [`InferenceGeo::Regional`].
    Regional,
}

impl ModifierKind {
    /// All of them, in the order in which they apply.
    pub const ALL: [Self; 6] =
        [Self::Batch, Self::Flex, Self::Priority, Self::Fast, Self::Us, Self::Regional];

    /// The name in the book and in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Batch => "batch",
            Self::Flex => "flex",
            Self::Priority => "priority",
            Self::Fast => "fast",
            Self::Us => "us",
            Self::Regional => "regional",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// What the terms of a call ask for: by tier, by speed, by place.
    #[must_use]
    pub const fn asked_for(terms: Terms) -> [Option<Self>; 3] {
        let tier = match terms.tier {
            ServiceTier::Standard => None,
            ServiceTier::Batch => Some(Self::Batch),
            ServiceTier::Flex => Some(Self::Flex),
            ServiceTier::Priority => Some(Self::Priority),
        };
        let speed = match terms.speed {
            Speed::Standard => None,
            Speed::Fast => Some(Self::Fast),
        };
        let geo = match terms.geo {
            InferenceGeo::Global => None,
            InferenceGeo::Us => Some(Self::Us),
            InferenceGeo::Regional => Some(Self::Regional),
        };
        [tier, speed, geo]
    }
}

/// What a term of service does to the price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// It multiplies all token prices.
    Factor(Ratio),
    /// It has rates of its own.
    Rates(RateCard),
}

/// A term of service, what it does, and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Modifier {
    /// The term.
    pub kind: ModifierKind,
    /// What it does.
    pub effect: Effect,
    /// The key of its source in the book.
    pub source: Box<str>,
}

/// A part of each day, in UTC, from one minute until another; it may span midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    /// Its first minute, since midnight.
    pub from_minute: u16,
    /// The minute after its last.
    pub until_minute: u16,
}

impl Hours {
    fn hold(self, minute: u16) -> bool {
        if self.from_minute <= self.until_minute {
            (self.from_minute..self.until_minute).contains(&minute)
        } else {
            minute >= self.from_minute || minute < self.until_minute
        }
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clock = |minute: u16| format!("{:02}:{:02}", minute.div_euclid(60), minute.rem_euclid(60));
        f.pad(&format!("{}-{}", clock(self.from_minute), clock(self.until_minute)))
    }
}

/// The price of one model during one span of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The first day; none where it always was so.
    pub from: Option<Day>,
    /// The day after the last; none where it still is so.
    pub until: Option<Day>,
    /// The part of the day, where the price depends on it.
    pub hours: Option<Hours>,
    /// The standard rates.
    pub card: RateCard,
    /// What the terms of service do.
    pub modifiers: Vec<Modifier>,
    /// What web searches cost.
    pub web_searches: Option<PieceRate>,
    /// The key of its source in the book.
    pub source: Box<str>,
}

impl Entry {
    /// Whether it is in force at a moment.
    #[must_use]
    pub fn holds(&self, at: Timestamp) -> bool {
        let day = Day::of(at);
        self.from.is_none_or(|from| from <= day)
            && self.until.is_none_or(|until| day < until)
            && self.hours.is_none_or(|hours| hours.hold(minute_of_day(at)))
    }

    /// What a term of service does to this price, where the book knows it.
    #[must_use]
    pub fn modifier(&self, kind: ModifierKind) -> Option<&Modifier> {
        self.modifiers.iter().find(|modifier| modifier.kind == kind)
    }
}
