//! Time as data: it is always passed in, never read.

/// A moment, in milliseconds since 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment so many milliseconds after 1970-01-01 UTC.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970-01-01 UTC.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Milliseconds from `earlier` to here; negative if it is later.
    #[must_use]
    pub const fn millis_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The quarter of an hour that holds this moment.
    #[must_use]
    pub const fn quarter_hour(self) -> QuarterHour {
        QuarterHour(self.0.div_euclid(QuarterHour::MILLIS))
    }
}

/// A quarter of an hour: the grain of sums over time. All time zones in use lie a
/// whole number of these from UTC, so days of any zone are made of whole ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct QuarterHour(i64);

impl QuarterHour {
    /// The length of one.
    pub const MILLIS: i64 = 15 * 60 * 1_000;

    /// By its number since 1970-01-01 UTC.
    #[must_use]
    pub const fn new(number: i64) -> Self {
        Self(number)
    }

    /// Its number since 1970-01-01 UTC.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }

    /// Its first moment.
    #[must_use]
    pub const fn start(self) -> Timestamp {
        Timestamp(self.0.saturating_mul(Self::MILLIS))
    }
}
