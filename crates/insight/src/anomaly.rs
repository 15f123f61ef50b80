//! What was spent that is not usual, why it is thought so, and where to look.
//!
//! - A developer's day and a session are unusual at [`TIMES`] times the middle of the
//!   developer's active days. A multiple of the middle sees spikes that deviations are
//!   blinded by, and a floor in dollars keeps small change out.
//! - Teams, repositories and the whole organisation have weekdays: a day is compared with
//!   the same weekdays before it, and with how far such days usually are from that.
//! - A stretch of days, none of which is unusual by itself, is compared as a week.
//!
//! What is seen on several levels is told once, on the narrowest. What goes on is told
//! once in a while. What somebody called expected is not told again.
//!
//! Reading order: `robust` (middles), `ledger` (who spent what on which day), `rules` and
//! `weekdays` (what is unusual), `telling` (what of it is told), [`verdict`] (what people said of it).

mod ledger;
mod robust;
mod rules;
mod telling;
pub mod verdict;
mod weekdays;

pub use rules::{COOL_DOWN_DAYS, DAY_FLOOR, TIMES, WEEK_FLOOR};
pub use verdict::{EXPECTED_FOR_DAYS, Judgement, Verdict};

use std::sync::Arc;

use domain::{Dimension, NanoUsd, Timestamp};
use jiff::civil::Date;

use crate::book::Book;
use crate::calendar;
use crate::query::Query;
use crate::report::{ReportError, ReportPeriod};
use crate::series::{shifted, today};
use crate::span::Span;

/// Days before a period that its days are compared with: eight weeks, and two for the drift.
const BEFORE_DAYS: i64 = 70;
/// Causes that are named, those that cost most.
const CAUSES: usize = 3;
/// Days that are looked at, where the question names none.
pub const LOOKED_AT_DAYS: i64 = 30;

/// What is unusual in a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anomalies {
    /// The period of these days.
    pub period: ReportPeriod,
    /// The days that were looked at.
    pub first: Date,
    /// The last of them; it may not be over.
    pub last: Date,
    /// The time zone of the days.
    pub timezone: String,
    /// What is told, the newest first.
    pub told: Vec<Anomaly>,
    /// What is not told any more: it was called expected, or is like something that was.
    pub settled: Vec<Anomaly>,
}

/// Something unusual.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anomaly {
    /// Its name for verdicts: the same whenever the same is asked.
    pub id: String,
    /// Who or what spent it.
    pub subject: Subject,
    /// What made it unusual.
    pub rule: Rule,
    /// The first day.
    pub first: Date,
    /// The last day.
    pub last: Date,
    /// What was spent.
    pub cost: NanoUsd,
    /// What would have been usual.
    pub usual: NanoUsd,
    /// What is more than usual.
    pub excess: NanoUsd,
    /// Why it is unusual, in words.
    pub reason: String,
    /// Who or what it came from most.
    pub causes: Vec<Cause>,
    /// Wider subjects in which it is seen as well, and is not told again.
    pub seen_in: Vec<Subject>,
    /// Later days within the cool-down that were unusual as well.
    pub repeats: u32,
    /// What was said of it, or of one like it.
    pub verdict: Option<Judgement>,
}

/// Who or what spent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// Developer, session, team or repo; `None` for everything together.
    pub dimension: Option<Dimension>,
    /// Its value; empty for everything together.
    pub value: Arc<str>,
}

impl Subject {
    /// Everything together.
    pub(crate) fn whole() -> Self {
        Self { dimension: None, value: Arc::from("") }
    }

    pub(crate) fn of(dimension: Dimension, value: &Arc<str>) -> Self {
        Self { dimension: Some(dimension), value: Arc::clone(value) }
    }

    /// The kind of it in JSON: `developer`, `session`, `team`, `repo` or `org`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.dimension.map_or("org", Dimension::name)
    }

    /// For people: `team web`, `everything`.
    #[must_use]
    pub fn title(&self) -> String {
        match self.dimension {
            None => "everything".to_owned(),
            Some(Dimension::Developer) => self.value.to_string(),
            Some(dimension) => format!("{} {}", dimension.name(), self.value),
        }
    }

    /// Whether it tells of one person.
    #[must_use]
    pub const fn is_individual(&self) -> bool {
        matches!(self.dimension, Some(Dimension::Developer | Dimension::Session))
    }
}

/// What made something unusual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// Many times the middle of active days.
    TimesMedian,
    /// Far from what the weekday usually comes to.
    Weekday,
    /// A week far above the weeks before it.
    Week,
}

impl Rule {
    /// The name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TimesMedian => "times_median",
            Self::Weekday => "weekday",
            Self::Week => "week",
        }
    }

    /// The rule of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::TimesMedian, Self::Weekday, Self::Week].into_iter().find(|it| it.name() == name)
    }
}

/// Who or what something unusual came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Who or what.
    pub subject: Subject,
    /// What it spent of it.
    pub cost: NanoUsd,
}

/// Whether people are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Individuals {
    /// They are.
    Shown,
    /// Nothing names a developer or a session.
    Hidden,
}

/// The question that a period is looked at with: its days, and those it is compared with.
#[must_use]
pub fn anomaly_query(query: &Query, now: Timestamp) -> Query {
    let span = Span::between(days_before(query, BEFORE_DAYS, now), query.span.until);
    Query { span, group_by: Vec::new(), period: None, top: None, compare: false, ..query.clone() }
}

/// The same of which sessions are told apart: the days of the period, and those on which a
/// session may have begun that goes on in it.
#[must_use]
pub fn unusual_sessions_query(query: &Query, now: Timestamp) -> Query {
    let asked = anomaly_query(query, now);
    let since = days_before(query, rules::SESSION_DAYS, now);
    Query { span: Span::between(since, asked.span.until), ..asked }
}

/// So many days before the period of a question; none where it is all time.
fn days_before(query: &Query, days: i64, now: Timestamp) -> Option<Timestamp> {
    let first = first(query, now).ok()??;
    shifted(first, -days).ok().and_then(|it| calendar::midnight(it, &query.timezone))
}

/// The first day that a question looks at: the one it names, otherwise that of the last
/// [`LOOKED_AT_DAYS`]; none where it is all time.
fn first(query: &Query, now: Timestamp) -> Result<Option<Date>, ReportError> {
    if query.span.is_all_time() {
        return Ok(None);
    }
    let asked = query.span.since.and_then(|it| calendar::wall(it, &query.timezone)).map(|it| it.date());
    asked.map_or_else(|| shifted(today(query, now)?, 1 - LOOKED_AT_DAYS), Ok).map(Some)
}

/// What is unusual in the period of a question, as far as nobody called it expected.
///
/// # Errors
/// [`ReportError`] where the question makes no sense or a sum does not fit.
pub fn anomalies(
    query: &Query,
    book: &Book<'_>,
    judgements: &[Judgement],
    individuals: Individuals,
    now: Timestamp,
) -> Result<Anomalies, ReportError> {
    let (asked, last) = (first(query, now)?, today(query, now)?);
    let of_sessions = unusual_sessions_query(query, now);
    let query = anomaly_query(query, now);
    let near = book.cells_of(&query, now);
    let book = &Book { cells: &near, ..*book };
    let spent = ledger::Spent::of(&query, &of_sessions, book)?;
    let first = asked.or_else(|| spent.whole.keys().next().copied()).unwrap_or(last);
    let mut found = rules::unusual(&spent, first, last)?;
    if individuals == Individuals::Hidden {
        found.retain(|it| !it.subject.is_individual());
    }
    let (mut told, mut settled) = telling::told(found, judgements);
    // What is part of what is seen by all causes, of which some are named.
    for one in told.iter_mut().chain(&mut settled) {
        one.causes.retain(|it| individuals == Individuals::Shown || !it.subject.is_individual());
        one.causes.truncate(CAUSES);
    }
    let timezone = calendar::zone_name(&query.timezone, now);
    let mut seen = spent.whole.keys().copied().filter(|it| (first..=last).contains(it));
    let seen = seen.next().map(|it| (it, seen.next_back().unwrap_or(it)));
    let since = asked.and_then(|it| calendar::midnight(it, &query.timezone));
    let span = Span::between(since, query.span.until);
    let period = ReportPeriod::of_days(span, &query.timezone, seen, now);
    Ok(Anomalies { period, first, last, timezone, told, settled })
}

#[cfg(test)]
mod tests;
