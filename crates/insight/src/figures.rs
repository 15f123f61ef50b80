//! The figures that leaders ask for: what a developer costs a day, how well the
//! cache is used, who and what the money goes to, and which sessions went wrong.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use domain::{Dimension, Measures, NanoUsd, SessionTally, Timestamp};

use crate::book::{Book, UNKNOWN};
use crate::query::Query;
use crate::report::{ReportError, Row, report};
use crate::sessions::{Course, SessionRow, cache_hit, sessions};
use crate::text::PerMille;

/// The figures of one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaderFigures {
    /// Everything.
    pub total: Measures,
    /// Developers with calls, as far as they are known.
    pub developers: u64,
    /// Pairs of a developer and a day with calls.
    pub active_days: u64,
    /// What known developers cost for each of those days, rounded half to even.
    pub cost_per_active_day: Option<NanoUsd>,
    /// What is left out of that: calls of nobody known.
    pub cost_of_nobody: NanoUsd,
    /// Prompt tokens for each output token, in tenths.
    pub input_to_output_tenths: Option<u64>,
    /// The part of the prompt that was read from a cache.
    pub cache_hit: Option<PerMille>,
    /// Models by cost, the dearest first.
    pub models: Vec<ModelShare>,
    /// The developer who spent most.
    pub top_one: Option<TopShare>,
    /// The tenth of all developers, rounded up, who spent most.
    pub top_tenth: Option<TopShare>,
    /// Sessions.
    pub sessions: u64,
    /// The session in the middle of those with a price, by cost.
    pub median_session: Option<NanoUsd>,
    /// Nine of ten sessions with a price cost at most this.
    pub p90_session: Option<NanoUsd>,
    /// Sessions whose context grew beyond [`crate::sessions::LARGE_CONTEXT`].
    pub large_contexts: Remarkable,
    /// Sessions in which the same step failed at least [`crate::sessions::LOOP_RUN`] times in a row.
    pub likely_loops: Remarkable,
}

/// A model's part of the cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelShare {
    /// The model.
    pub model: Arc<str>,
    /// Its calls.
    pub measures: Measures,
    /// Its part of the cost; `None` of no cost.
    pub share: Option<PerMille>,
}

/// What those who spend most spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopShare {
    /// How many they are.
    pub developers: usize,
    /// What they spend.
    pub cost: NanoUsd,
    /// Its part of the cost; `None` of no cost.
    pub share: Option<PerMille>,
}

/// Sessions that deserve a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remarkable {
    /// How many.
    pub sessions: u64,
    /// What they cost.
    pub cost: NanoUsd,
    /// The dearest of them, at most [`REMARKABLE_SHOWN`].
    pub dearest: Vec<SessionRow>,
}

/// Sessions that are named one by one.
pub const REMARKABLE_SHOWN: usize = 5;

/// The figures of the calls that the question keeps. What it is cut by does not matter.
///
/// # Errors
/// As [`report`].
pub fn figures(
    query: &Query,
    book: &Book<'_>,
    tallies: &[SessionTally],
    now: Timestamp,
) -> Result<LeaderFigures, ReportError> {
    let plain = Query { group_by: Vec::new(), period: None, top: None, compare: false, ..query.clone() };
    let all = sessions(&plain, book, tallies, now)?;
    figures_with(&plain, book, &all.rows, now)
}

/// The same, of all sessions of the calls.
pub(crate) fn figures_with(
    plain: &Query,
    book: &Book<'_>,
    sessions: &[SessionRow],
    now: Timestamp,
) -> Result<LeaderFigures, ReportError> {
    let by =
        |group_by: &[Dimension]| report(&Query { group_by: group_by.to_vec(), ..plain.clone() }, book, now);
    let days = by(&[Dimension::Developer, Dimension::Day])?;
    let total = days.total.measures;
    let mut active: HashMap<Arc<str>, NanoUsd> = HashMap::new();
    let mut pairs = 0_u64;
    let mut nobody = NanoUsd::ZERO;
    for row in &days.rows {
        let Some(developer) = row.key.first() else { continue };
        let cost = row.figures.measures.cost;
        if &*developer.value == UNKNOWN {
            nobody = nobody.plus(cost)?;
        } else if row.figures.measures.calls > 0 {
            pairs = pairs.saturating_add(1);
            let sum = active.entry(Arc::clone(&developer.value)).or_default();
            *sum = sum.plus(cost)?;
        }
    }
    let mut spenders: Vec<NanoUsd> = active.into_values().collect();
    spenders.sort_unstable_by_key(|it| Reverse(*it));
    let model = |row: Row| {
        let measures = row.figures.measures;
        let share = PerMille::of_money(measures.cost, total.cost);
        row.key.into_iter().next().map(|it| ModelShare { model: it.value, measures, share })
    };
    let costs: Vec<NanoUsd> = sessions
        .iter()
        .map(|it| &it.figures.measures)
        .filter(|it| it.unpriced_calls < it.calls)
        .map(|it| it.cost)
        .collect();
    Ok(LeaderFigures {
        total,
        developers: u64::try_from(spenders.len()).unwrap_or(u64::MAX),
        active_days: pairs,
        cost_per_active_day: divided(total.cost.minus(nobody)?, pairs),
        cost_of_nobody: nobody,
        input_to_output_tenths: input_to_output(&total),
        cache_hit: cache_hit(&total),
        models: by(&[Dimension::Model])?.rows.into_iter().filter_map(model).collect(),
        top_one: top(&spenders, 1, total.cost)?,
        top_tenth: top(&spenders, spenders.len().div_ceil(10), total.cost)?,
        sessions: u64::try_from(sessions.len()).unwrap_or(u64::MAX),
        median_session: percentile(&costs, 50),
        p90_session: percentile(&costs, 90),
        large_contexts: remarkable(sessions, |it| it.grew_large())?,
        likely_loops: remarkable(sessions, |it| it.is_likely_loop())?,
    })
}

/// The amount in equal parts, rounded half to even; `None` in no parts.
fn divided(amount: NanoUsd, parts: u64) -> Option<NanoUsd> {
    let (amount, parts) = (i128::from(amount.nano()), i128::from(parts));
    let floor = amount.checked_div_euclid(parts)?;
    let twice = amount.checked_rem_euclid(parts)?.checked_mul(2)?;
    let up = twice > parts || (twice == parts && floor.checked_rem_euclid(2) == Some(1));
    i64::try_from(floor.checked_add(i128::from(up))?).ok().map(NanoUsd::new)
}

fn input_to_output(measures: &Measures) -> Option<u64> {
    let prompt = u128::from(measures.usage.prompt().ok()?.count());
    let output = u128::from(measures.usage.output.count());
    u64::try_from(prompt.checked_mul(10)?.checked_add(output / 2)?.checked_div(output)?).ok()
}

pub(crate) fn top(
    spenders: &[NanoUsd],
    count: usize,
    total: NanoUsd,
) -> Result<Option<TopShare>, ReportError> {
    let chosen = spenders.get(..count).unwrap_or_default();
    if chosen.is_empty() {
        return Ok(None);
    }
    let mut cost = NanoUsd::ZERO;
    for one in chosen {
        cost = cost.plus(*one)?;
    }
    Ok(Some(TopShare { developers: chosen.len(), cost, share: PerMille::of_money(cost, total) }))
}

/// By nearest rank, so that it is the cost of a session that there was. The costs
/// are sorted, the dearest first.
pub(crate) fn percentile(costs: &[NanoUsd], percent: usize) -> Option<NanoUsd> {
    let rank = costs.len().checked_mul(percent)?.div_ceil(100).max(1);
    costs.get(costs.len().checked_sub(rank)?).copied()
}

fn remarkable(rows: &[SessionRow], is_so: impl Fn(&Course) -> bool) -> Result<Remarkable, ReportError> {
    let chosen: Vec<&SessionRow> = rows.iter().filter(|it| it.course.as_ref().is_some_and(&is_so)).collect();
    let mut cost = NanoUsd::ZERO;
    for row in &chosen {
        cost = cost.plus(row.figures.measures.cost)?;
    }
    Ok(Remarkable {
        sessions: u64::try_from(chosen.len()).unwrap_or(u64::MAX),
        cost,
        dearest: chosen.into_iter().take(REMARKABLE_SHOWN).cloned().collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{NOW, Seeded, at, berlin, company, random, random_query, tallies};

    #[test]
    fn the_figures_of_the_company() {
        let company = company();
        let query = Query::total(berlin());
        let figures = figures(&query, &company.book(), &tallies(), at(NOW)).expect("figures");
        assert_eq!((figures.developers, figures.sessions), (3, 5));
        assert_eq!(figures.active_days, 13);
        assert_eq!(figures.cost_per_active_day.map(|it| it.to_string()).as_deref(), Some("30.432218690"));
        assert_eq!(figures.input_to_output_tenths, Some(866));
        assert_eq!(figures.cache_hit.map(|it| it.to_string()).as_deref(), Some("95.2%"));
        assert_eq!(figures.top_one, figures.top_tenth);
        assert_eq!(figures.median_session, Some(NanoUsd::new(94_645_137_425)));
        assert_eq!((figures.large_contexts.sessions, figures.likely_loops.sessions), (1, 1));
        let mut models = NanoUsd::ZERO;
        for model in &figures.models {
            models = models.plus(model.measures.cost).expect("a sum");
        }
        assert_eq!(models, figures.total.cost);
    }

    #[test]
    fn nothing_has_no_figures() {
        let book = Book { cells: &[], places: &[], services: &[] };
        let figures = figures(&Query::total(berlin()), &book, &[], at(NOW)).expect("figures");
        assert_eq!(figures.cost_per_active_day, None);
        assert_eq!(figures.input_to_output_tenths, None);
        assert_eq!((figures.cache_hit, figures.median_session), (None, None));
        assert_eq!((figures.top_one, figures.top_tenth), (None, None));
    }

    #[test]
    fn percentiles_are_costs_that_there_were() {
        let costs: Vec<NanoUsd> = (1..=10).rev().map(NanoUsd::new).collect();
        for (percent, expected) in [(50, 5), (90, 9), (100, 10), (1, 1)] {
            assert_eq!(percentile(&costs, percent), Some(NanoUsd::new(expected)), "{percent}");
        }
    }

    #[test]
    fn amounts_are_divided_half_to_even() {
        for (amount, parts, expected) in [(10, 4, 2), (14, 4, 4), (7, 2, 4), (9, 2, 4), (-7, 2, -4)] {
            assert_eq!(
                divided(NanoUsd::new(amount), parts),
                Some(NanoUsd::new(expected)),
                "{amount}/{parts}"
            );
        }
        assert_eq!(divided(NanoUsd::new(1), 0), None);
    }

    #[test]
    fn all_views_of_a_question_have_one_total() {
        for seed in 0..500 {
            let mut seeded = Seeded::new(seed);
            let owned = random(&mut seeded);
            let query = random_query(&mut seeded);
            let total = report(&query, &owned.book(), at(NOW)).expect("a report").total.measures;
            let sessions = sessions(&query, &owned.book(), &[], at(NOW)).expect("sessions");
            let mut sum = sessions.rest.map_or(Measures::ZERO, |it| it.figures.measures);
            for row in &sessions.rows {
                sum = sum.plus(&row.figures.measures).expect("a sum");
            }
            let figures = figures(&query, &owned.book(), &[], at(NOW)).expect("figures");
            let views = [sum, sessions.whole.total.measures, figures.total];
            assert_eq!(views, [total; 3], "seed {seed}: {query:?}");
        }
    }
}
