//! What people said of something unusual, and what follows from it.

use std::sync::Arc;

use domain::{Dimension, NanoUsd, Timestamp};
use jiff::civil::Date;

use super::robust::{share, wide};
use super::{Anomaly, Rule, Subject};

/// For so many days what is like something expected is expected.
pub const EXPECTED_FOR_DAYS: i64 = 90;
/// What is at most so much of what was expected is like it, in tenths of a percent.
const LIKE: i128 = 1_500;

/// Whether something unusual was to be expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was: nobody needs to hear of it, or of the like for a while.
    Expected,
    /// It was not: should it happen again, that is told at once.
    Unexpected,
}

impl Verdict {
    /// The name in JSON and options.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Expected => "expected",
            Self::Unexpected => "unexpected",
        }
    }

    /// The verdict of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Expected, Self::Unexpected].into_iter().find(|it| it.name() == name)
    }
}

/// A verdict, with as much of what it is about as is needed to know the like of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// What it is about.
    pub id: String,
    /// Who or what that was.
    pub subject: Subject,
    /// What made it unusual.
    pub rule: Rule,
    /// Its last day.
    pub day: Date,
    /// What it came to.
    pub cost: NanoUsd,
    /// What was said.
    pub verdict: Verdict,
    /// Why, where they said so.
    pub note: Option<String>,
    /// Who said it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

impl Judgement {
    /// What was said of that anomaly.
    #[must_use]
    pub fn of(
        anomaly: &Anomaly,
        verdict: Verdict,
        note: Option<String>,
        (by, at): (String, Timestamp),
    ) -> Self {
        Self {
            id: anomaly.id.clone(),
            subject: anomaly.subject.clone(),
            rule: anomaly.rule,
            day: anomaly.last,
            cost: anomaly.cost,
            verdict,
            note,
            by,
            at,
        }
    }

    /// Whether it holds for that anomaly: for its own, and, where it was expected, for what is
    /// like it in the days after.
    pub(super) fn is_about(&self, anomaly: &Anomaly) -> bool {
        if self.id == anomaly.id {
            return true;
        }
        let days = self.day.until(anomaly.last).map_or(i64::MAX, |it| i64::from(it.get_days()));
        self.verdict == Verdict::Expected
            && self.subject == anomaly.subject
            && self.rule == anomaly.rule
            && (0..=EXPECTED_FOR_DAYS).contains(&days)
            && wide(anomaly.cost) <= share(wide(self.cost), LIKE)
    }

    /// A subject of its kind and value as JSON has them.
    #[must_use]
    pub fn subject_of(kind: &str, value: &str) -> Option<Subject> {
        if kind == "org" {
            return Some(Subject::whole());
        }
        let dimension = Dimension::from_name(kind)?;
        Some(Subject { dimension: Some(dimension), value: Arc::from(value) })
    }
}
