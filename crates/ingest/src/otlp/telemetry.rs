//! What reading a request gives.

use std::collections::BTreeMap;
use std::fmt;

use domain::{Activity, Observed};

/// What one export request says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Telemetry {
    /// Calls.
    pub observed: Vec<Observed>,
    /// What happened beside them.
    pub activities: Vec<Activity>,
    /// Records that say nothing that is kept.
    pub ignored: u64,
    /// Records that should say something and cannot be read.
    pub rejected: Rejected,
}

/// Why a record is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rejection {
    /// Its encoding is broken, or it is not of the shape of its kind.
    Broken,
    /// A call without a model.
    NoModel,
    /// A call with a count that is no whole number of tokens.
    OddCount,
    /// A point without a number, or with one below zero.
    OddValue,
}

impl Rejection {
    /// The reason, as the answer to the exporter and the logs have it.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Broken => "cannot be read",
            Self::NoModel => "a call without a model",
            Self::OddCount => "a call with a count that is no whole number",
            Self::OddValue => "a point without a number that is zero or more",
        }
    }
}

/// How many records were rejected, by reason.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rejected(BTreeMap<Rejection, u64>);

impl Rejected {
    /// How many, whatever the reason.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.values().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Counts one.
    pub(super) fn add(&mut self, reason: Rejection) {
        let count = self.0.entry(reason).or_default();
        *count = count.saturating_add(1);
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (reason, count)) in self.0.iter().enumerate() {
            let between = if index == 0 { "" } else { "; " };
            write!(f, "{between}{count}: {}", reason.reason())?;
        }
        Ok(())
    }
}
