//! What is found against what was planted.

use std::collections::BTreeMap;

use domain::Timestamp;
use insight::anomaly::{Anomalies, Anomaly, Individuals, anomalies};
use insight::{Query, Span};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::organisation::{DAY, FIRST, Organisation, Planted};

/// Days at the beginning that are history and nothing else.
pub const WARM_UP: i64 = 56;

#[derive(Debug, Clone, Copy, Default)]
pub struct Score {
    pub told: usize,
    pub right: usize,
    pub planted: usize,
    pub found: usize,
}

impl Score {
    pub fn plus(self, other: Self) -> Self {
        Self {
            told: self.told + other.told,
            right: self.right + other.right,
            planted: self.planted + other.planted,
            found: self.found + other.found,
        }
    }

    /// Of what is told so much was planted, in per cent.
    pub fn precision(&self) -> usize {
        (self.right * 100).checked_div(self.told).unwrap_or(100)
    }

    /// Of what was planted so much is told, in per cent.
    pub fn recall(&self) -> usize {
        (self.found * 100).checked_div(self.planted).unwrap_or(100)
    }
}

/// Everything unusual after the warm-up.
pub fn find(of: &Organisation) -> Anomalies {
    let since = Some(Timestamp::from_millis(FIRST + WARM_UP * DAY));
    let query = Query { span: Span::between(since, None), ..Query::total(TimeZone::UTC) };
    anomalies(&query, &of.book(), &[], Individuals::Shown, of.now()).expect("anomalies")
}

pub fn score(of: &Organisation) -> Score {
    let told = find(of).told;
    let is_met = |planted: &&Planted| told.iter().any(|it| is_of(it, planted));
    Score {
        told: told.len(),
        right: told.iter().filter(|it| of.planted.iter().any(|planted| is_of(it, planted))).count(),
        planted: of.planted.len(),
        found: of.planted.iter().filter(is_met).count(),
    }
}

/// How much is told that was not planted, by kind and rule.
pub fn false_alarms(of: &Organisation) -> BTreeMap<String, usize> {
    let mut sum = BTreeMap::new();
    for one in find(of).told.iter().filter(|it| !of.planted.iter().any(|planted| is_of(it, planted))) {
        *sum.entry(format!("{} {}", one.subject.kind(), one.rule.name())).or_default() += 1;
    }
    sum
}

/// What was planted and is not told.
pub fn missed(of: &Organisation) -> Vec<String> {
    let told = find(of).told;
    let missed = of.planted.iter().filter(|planted| !told.iter().any(|it| is_of(it, planted)));
    missed.map(|it| format!("{} {} on day {}", it.kind, it.subject, it.first)).collect()
}

/// Whether something told is what was planted: of that subject, or seen in it or caused by it.
fn is_of(told: &Anomaly, planted: &Planted) -> bool {
    let number = |day: Date| usize::try_from((day - start()).get_days()).unwrap_or_default();
    // What a team overspends shows for some days after it ends.
    let after = if planted.kind == "team" { 3 } else { 0 };
    let overlap = number(told.first) <= planted.last + after && planted.first <= number(told.last);
    let named = told.causes.iter().map(|it| &it.subject).chain(&told.seen_in).chain([&told.subject]);
    overlap && named.into_iter().any(|it| *it.value == planted.subject)
}

fn start() -> Date {
    "2026-06-01".parse().expect("a day")
}
