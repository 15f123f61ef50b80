//! Who spent what on which day, as far as the rules ask for it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use domain::{Dimension, NanoUsd, Overflow};
use jiff::civil::Date;

use crate::book::{Book, UNKNOWN};
use crate::daily::daily;
use crate::query::Query;
use crate::report::ReportError;

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
    /// What was spent in the period of a question, and by session in that of another.
    pub(super) fn of(query: &Query, of_sessions: &Query, book: &Book<'_>) -> Result<Self, ReportError> {
        let mut spent = Self::default();
        for (day, [developer, team], cost) in daily(query, [Dimension::Developer, Dimension::Team], book)? {
            add(&mut spent.whole, day, cost)?;
            if is_known(&developer) {
                add(spent.developers.entry(Arc::clone(&developer)).or_default(), day, cost)?;
                // The dearest of a day comes first.
                let of = (Arc::clone(&developer), day);
                spent.team_of.entry(of).or_insert_with(|| Arc::clone(&team));
            }
            if is_known(&team) {
                add(spent.teams.entry(Arc::clone(&team)).or_default(), day, cost)?;
                spent.in_team.entry((team, day)).or_default().push((developer, cost));
            }
        }
        for (day, [repo, developer], cost) in daily(query, [Dimension::Repo, Dimension::Developer], book)? {
            if is_known(&repo) {
                add(spent.repos.entry(Arc::clone(&repo)).or_default(), day, cost)?;
                spent.in_repo.entry((repo, day)).or_default().push((developer, cost));
            }
        }
        let by = [Dimension::Developer, Dimension::Session];
        for (day, [developer, session], cost) in daily(of_sessions, by, book)? {
            spent.sessions.entry((developer, day)).or_default().push((session, cost));
        }
        Ok(spent)
    }
}

fn add(days: &mut ByDay, day: Date, cost: NanoUsd) -> Result<(), Overflow> {
    let sum = days.entry(day).or_default();
    *sum = sum.plus(cost)?;
    Ok(())
}

fn is_known(value: &str) -> bool {
    value != UNKNOWN
}
