//! How well the money is used: what a developer costs on an active day, how much of the
//! prompts comes from caches, how sessions go, and which branches and pull requests it was.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{Dimension, NanoUsd, SessionTally, Timestamp};
use jiff::civil::Date;

use crate::anomaly::Individuals;
use crate::book::{Book, UNKNOWN};
use crate::figures::{LeaderFigures, TopShare, figures_with, percentile};
use crate::models::of_a_period;
use crate::query::Query;
use crate::report::{Figures, ReportError, ReportPeriod, report};
use crate::sessions::{Course, cache_hit, sessions};
use crate::text::PerMille;

/// Branches and pull requests that are named.
const NAMED: usize = 10;

/// How well the money of a period is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Efficiency {
    /// The period.
    pub period: ReportPeriod,
    /// The figures that leaders ask for.
    pub figures: LeaderFigures,
    /// What a developer costs on a day with calls.
    pub developer_day: Option<DayCost>,
    /// The fifth of all developers, rounded up, who spent most.
    pub top_fifth: Option<TopShare>,
    /// How sessions went, of those whose logs say it.
    pub courses: Courses,
    /// The cache by week, of everything.
    pub cache_weeks: Vec<CacheWeek>,
    /// The cache by week of each team, the dearest first.
    pub cache_by_team: Vec<TeamCache>,
    /// The dearest branches, by repository.
    pub branches: Vec<Named>,
    /// The dearest pull requests.
    pub pull_requests: Vec<Named>,
}

/// What a developer costs on a day with calls, of all such days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayCost {
    /// Such days.
    pub days: u64,
    /// Half of them cost at most this.
    pub median: NanoUsd,
    /// Nine of ten cost at most this.
    pub p90: NanoUsd,
}

/// A week's cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheWeek {
    /// Its Monday.
    pub monday: Date,
    /// The part of the prompts that was read from a cache.
    pub hit: Option<PerMille>,
}

/// A team, and its cache by week.
pub type TeamCache = (Arc<str>, Vec<CacheWeek>);

/// How sessions went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Courses {
    /// Sessions that say.
    pub sessions: u64,
    /// Milliseconds in which something happened.
    pub active_ms: u64,
    /// Milliseconds in which nothing did.
    pub idle_ms: u64,
    /// The middle of their turns.
    pub turns: Option<u64>,
    /// The middle of their turns for each active hour, in tenths.
    pub cadence_tenths: Option<u64>,
    /// The middle of their first contexts, in tokens.
    pub first_context: Option<u64>,
    /// The middle of their largest contexts.
    pub peak_context: Option<u64>,
    /// The middle of how much their contexts grew, in tenths of what they began with.
    pub growth_tenths: Option<u64>,
    /// Times that contexts were compacted.
    pub compactions: u64,
}

/// A branch or pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its repository, where that is not a part of its name.
    pub repo: Option<Arc<str>>,
    /// Its name.
    pub name: Arc<str>,
    /// Its calls.
    pub figures: Figures,
}

/// How well the money of a question is used, this month's unless it names a period.
///
/// # Errors
/// [`ReportError`] where the question makes no sense or a sum does not fit.
pub fn efficiency(
    query: &Query,
    book: &Book<'_>,
    tallies: &[SessionTally],
    individuals: Individuals,
    now: Timestamp,
) -> Result<Efficiency, ReportError> {
    let asked = Query { compare: false, ..of_a_period(query, now)? };
    let all = sessions(&asked, book, tallies, now)?;
    let mut figures = figures_with(&asked, book, &all.rows, now)?;
    if individuals == Individuals::Hidden {
        figures.large_contexts.dearest.clear();
        figures.likely_loops.dearest.clear();
    }
    let by =
        |group_by: &[Dimension]| report(&Query { group_by: group_by.to_vec(), ..asked.clone() }, book, now);
    let spent = by(&[Dimension::Developer])?;
    let spenders: Vec<NanoUsd> = spent
        .rows
        .iter()
        .filter(|it| it.key.first().is_some_and(|it| &*it.value != UNKNOWN))
        .map(|it| it.figures.measures.cost)
        .collect();
    let weeks = by(&[Dimension::Week])?;
    let whole = weeks.rows.iter().filter_map(|row| {
        let monday = row.key.first()?.value.parse().ok()?;
        Some(CacheWeek { monday, hit: cache_hit(&row.figures.measures) })
    });
    let courses: Vec<Course> = all.rows.iter().filter_map(|it| it.course).collect();
    Ok(Efficiency {
        developer_day: developer_day(&asked, book, now)?,
        top_fifth: crate::figures::top(&spenders, spenders.len().div_ceil(5), figures.total.cost)?,
        courses: Courses::of(&courses),
        cache_weeks: whole.collect(),
        cache_by_team: cache_by_team(&asked, book, now)?,
        branches: branches(&asked, book, now)?,
        pull_requests: pull_requests(&asked, book, now)?,
        period: spent.period,
        figures,
    })
}

/// A day of a known developer.
pub(crate) struct DeveloperDay {
    /// Who.
    pub(crate) developer: Arc<str>,
    /// The value of what days are told apart by as well.
    pub(crate) of: Option<Arc<str>>,
    /// What it cost; none where no call of it has a price.
    pub(crate) cost: Option<NanoUsd>,
}

/// The days with calls of known developers, one for each value of another dimension.
pub(crate) fn developer_days(
    asked: &Query,
    apart: Option<Dimension>,
    book: &Book<'_>,
    now: Timestamp,
) -> Result<Vec<DeveloperDay>, ReportError> {
    let by = [Dimension::Developer, Dimension::Day].into_iter().chain(apart).collect();
    let days = report(&Query { group_by: by, compare: false, top: None, ..asked.clone() }, book, now)?;
    let of_row = |row: crate::report::Row| {
        let measures = row.figures.measures;
        let mut key = row.key.into_iter().map(|it| it.value);
        let (developer, _, of) = (key.next()?, key.next()?, key.next());
        let cost = (measures.unpriced_calls < measures.calls).then_some(measures.cost);
        (&*developer != UNKNOWN).then_some(DeveloperDay { developer, of, cost })
    };
    Ok(days.rows.into_iter().filter_map(of_row).collect())
}

/// What known developers cost on days with calls.
pub(crate) fn developer_day(
    asked: &Query,
    book: &Book<'_>,
    now: Timestamp,
) -> Result<Option<DayCost>, ReportError> {
    let days = developer_days(asked, None, book, now)?;
    Ok(DayCost::of(days.into_iter().filter_map(|it| it.cost).collect()))
}

impl DayCost {
    pub(crate) fn of(mut costs: Vec<NanoUsd>) -> Option<Self> {
        costs.sort_unstable_by_key(|it| std::cmp::Reverse(*it));
        Some(Self {
            days: u64::try_from(costs.len()).unwrap_or(u64::MAX),
            median: percentile(&costs, 50)?,
            p90: percentile(&costs, 90)?,
        })
    }
}

/// The cache by week of each team.
pub(crate) fn cache_by_team(
    asked: &Query,
    book: &Book<'_>,
    now: Timestamp,
) -> Result<Vec<TeamCache>, ReportError> {
    let by = vec![Dimension::Week, Dimension::Team];
    let weeks = report(&Query { group_by: by, compare: false, top: None, ..asked.clone() }, book, now)?;
    let mut teams: BTreeMap<Arc<str>, (NanoUsd, Vec<CacheWeek>)> = BTreeMap::new();
    for row in weeks.rows {
        let mut key = row.key.into_iter().map(|it| it.value);
        let monday = key.next().and_then(|it| it.parse().ok());
        let (Some(monday), Some(team)) = (monday, key.next()) else { continue };
        let of_team = teams.entry(team).or_default();
        of_team.0 = of_team.0.plus(row.figures.measures.cost)?;
        of_team.1.push(CacheWeek { monday, hit: cache_hit(&row.figures.measures) });
    }
    let mut teams: Vec<_> = teams.into_iter().filter(|it| &*it.0 != UNKNOWN).collect();
    teams.sort_by(|a, b| (b.1.0, &a.0).cmp(&(a.1.0, &b.0)));
    Ok(teams.into_iter().map(|(team, (_, weeks))| (team, weeks)).collect())
}

fn branches(asked: &Query, book: &Book<'_>, now: Timestamp) -> Result<Vec<Named>, ReportError> {
    let by = vec![Dimension::Repo, Dimension::Branch];
    let rows = report(&Query { group_by: by, ..asked.clone() }, book, now)?.rows.into_iter();
    let known = rows.filter_map(|row| {
        let mut key = row.key.into_iter().map(|it| it.value);
        let (repo, name) = (key.next()?, key.next()?);
        (&*name != UNKNOWN).then_some(Named { repo: Some(repo), name, figures: row.figures })
    });
    Ok(known.take(NAMED).collect())
}

fn pull_requests(asked: &Query, book: &Book<'_>, now: Timestamp) -> Result<Vec<Named>, ReportError> {
    let by = vec![Dimension::PullRequest];
    let rows = report(&Query { group_by: by, ..asked.clone() }, book, now)?.rows.into_iter();
    let known = rows.filter_map(|row| {
        let name = row.key.into_iter().next()?.value;
        (&*name != UNKNOWN).then_some(Named { repo: None, name, figures: row.figures })
    });
    Ok(known.take(NAMED).collect())
}

impl Courses {
    fn of(courses: &[Course]) -> Self {
        let sum = |of: fn(&Course) -> u64| courses.iter().fold(0_u64, |sum, it| sum.saturating_add(of(it)));
        let middle = |of: &dyn Fn(&Course) -> Option<u64>| {
            let mut all: Vec<u64> = courses.iter().filter_map(of).collect();
            all.sort_unstable();
            all.get(all.len().checked_sub(1)? / 2).copied()
        };
        Self {
            sessions: u64::try_from(courses.len()).unwrap_or(u64::MAX),
            active_ms: sum(Course::busy_ms),
            idle_ms: sum(Course::idle_ms),
            turns: middle(&|it| Some(it.turns)),
            cadence_tenths: middle(&Course::cadence_tenths),
            first_context: middle(&|it| Some(it.first_context.count()).filter(|it| *it > 0)),
            peak_context: middle(&|it| Some(it.peak_context.count()).filter(|it| *it > 0)),
            growth_tenths: middle(&|it| {
                it.peak_context.count().checked_mul(10)?.checked_div(it.first_context.count())
            }),
            compactions: sum(|it| it.compactions),
        }
    }
}
