//! Who spent what on which day, as far as the rules ask for it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use domain::{Dimension, NanoUsd, Overflow, Timestamp};
use jiff::civil::Date;

use crate::book::{Book, UNKNOWN};
use crate::query::Query;
use crate::report::{ReportError, report};

/// Days with an amount.
pub(super) type ByDay = BTreeMap<Date, NanoUsd>;
/// The same by value.
pub(super) type ByValue = BTreeMap<Arc<str>, ByDay>;
/// What each of some things is of a day of another: by that other and day.
pub(super) type Parts = HashMap<(Arc<str>, Date), Vec<(Arc<str>, NanoUsd)>>;

/// What was spent.
#[derive(Debug, Default)]
pub(super) struct Spent {
    pub(super) whole: ByDay,
    pub(super) developers: ByValue,
    pub(super) teams: ByValue,
    pub(super) repos: ByValue,
    /// A developer's sessions of a day.
    pub(super) sessions: Parts,
    /// The developers of a team's day.
    pub(super) in_team: Parts,
    /// The developers of a repository's day.
    pub(super) in_repo: Parts,
    /// The team of a developer on a day: the one that most was spent for.
    pub(super) team_of: HashMap<(Arc<str>, Date), Arc<str>>,
}

impl Spent {
    pub(super) fn of(query: &Query, book: &Book<'_>, now: Timestamp) -> Result<Self, ReportError> {
        let mut spent = Self::default();
        each(query, [Dimension::Developer, Dimension::Team], (book, now), |day, [developer, team], cost| {
            add(&mut spent.whole, day, cost)?;
            if is_known(&developer) {
                add(spent.developers.entry(Arc::clone(&developer)).or_default(), day, cost)?;
                // Rows come with the dearest first within a day.
                let of = (Arc::clone(&developer), day);
                spent.team_of.entry(of).or_insert_with(|| Arc::clone(&team));
            }
            if is_known(&team) {
                add(spent.teams.entry(Arc::clone(&team)).or_default(), day, cost)?;
                spent.in_team.entry((team, day)).or_default().push((developer, cost));
            }
            Ok(())
        })?;
        each(query, [Dimension::Repo, Dimension::Developer], (book, now), |day, [repo, developer], cost| {
            if is_known(&repo) {
                add(spent.repos.entry(Arc::clone(&repo)).or_default(), day, cost)?;
                spent.in_repo.entry((repo, day)).or_default().push((developer, cost));
            }
            Ok(())
        })?;
        each(
            query,
            [Dimension::Developer, Dimension::Session],
            (book, now),
            |day, [developer, session], cost| {
                spent.sessions.entry((developer, day)).or_default().push((session, cost));
                Ok(())
            },
        )?;
        Ok(spent)
    }
}

/// Each row of a report by day and two dimensions.
fn each(
    query: &Query,
    by: [Dimension; 2],
    of: (&Book<'_>, Timestamp),
    mut take: impl FnMut(Date, [Arc<str>; 2], NanoUsd) -> Result<(), Overflow>,
) -> Result<(), ReportError> {
    let [one, other] = by;
    let cut = Query { group_by: vec![Dimension::Day, one, other], ..query.clone() };
    for row in report(&cut, of.0, of.1)?.rows {
        let mut key = row.key.into_iter().map(|it| it.value);
        let day = key.next().and_then(|it| it.parse::<Date>().ok());
        if let (Some(day), Some(one), Some(other)) = (day, key.next(), key.next()) {
            take(day, [one, other], row.figures.measures.cost)?;
        }
    }
    Ok(())
}

fn add(days: &mut ByDay, day: Date, cost: NanoUsd) -> Result<(), Overflow> {
    let sum = days.entry(day).or_default();
    *sum = sum.plus(cost)?;
    Ok(())
}

fn is_known(value: &str) -> bool {
    value != UNKNOWN
}
