//! Which sums are enough for a question: those by day are few, and exact wherever
//! nobody asks for something finer.

use attribution::Rules;
use domain::{Dimension, Timestamp};
use insight::Query;
use jiff::Zoned;
use jiff::tz::TimeZone;
use store::Grain;

use crate::api::deliveries::AHEAD_MILLIS;

/// Before the first call of any tool.
const BEGINNING: Timestamp = Timestamp::from_millis(0);

/// Sums that a question needs: those of the days from a moment to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Portion {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) grain: Grain,
}

/// The coarsest grain that answers exactly wherever only whole days are asked for.
pub(super) fn enough_for(query: &Query, zone: &TimeZone, rules: &Rules) -> Grain {
    if query.timezone != *zone {
        return Grain::Quarter;
    }
    let asked = query.group_by.iter().copied().chain(query.filters.iter().map(|it| it.dimension));
    asked.map(|it| enough_to_tell(it, rules)).min().unwrap_or(Grain::Day)
}

/// What must be read to answer some questions: for every day the coarsest grain that is enough
/// for all of them. Where a period begins or ends within a day, that day alone is told by
/// quarters of an hour.
pub(super) fn portions(queries: &[Query], zone: &TimeZone, rules: &Rules, now: Timestamp) -> Vec<Portion> {
    let mut wanted = Vec::new();
    for query in queries {
        let (begin, end) = reach(query, now);
        let whole = |from, to, grain| Portion { from: day_of(from, zone), to: day_after(to, zone), grain };
        wanted.push(whole(begin, end, enough_for(query, zone, rules)));
        let within = query.ends(now).into_iter().filter(|it| day_of(*it, zone) != *it);
        wanted.extend(within.map(|it| whole(it, it, Grain::Quarter)));
    }
    let mut cuts: Vec<Timestamp> = wanted.iter().flat_map(|it| [it.from, it.to]).collect();
    cuts.sort_unstable();
    cuts.dedup();
    let mut portions: Vec<Portion> = Vec::new();
    for (&from, &to) in cuts.iter().zip(cuts.iter().skip(1)) {
        let over = wanted.iter().filter(|it| it.from <= from && to <= it.to);
        let Some(grain) = over.map(|it| it.grain).min() else { continue };
        match portions.last_mut().filter(|it| it.to == from && it.grain == grain) {
            Some(before) => before.to = to,
            None => portions.push(Portion { from, to, grain }),
        }
    }
    portions
}

/// All of a question by quarters of an hour.
pub(super) fn by_quarter(query: &Query, now: Timestamp) -> Vec<Portion> {
    let (from, to) = reach(query, now);
    vec![Portion { from, to, grain: Grain::Quarter }]
}

/// The coarsest grain that tells the values of a dimension apart.
fn enough_to_tell(dimension: Dimension, rules: &Rules) -> Grain {
    match dimension {
        Dimension::Developer
        | Dimension::Repo
        | Dimension::Model
        | Dimension::Provider
        | Dimension::Tool
        | Dimension::Team
        | Dimension::Day
        | Dimension::Week
        | Dimension::Month => Grain::Day,
        // Rules may look at branches and tickets, which sums by day leave out.
        Dimension::Client | Dimension::Project | Dimension::CostCentre if !rules.look_at_branches() => {
            Grain::Day
        }
        Dimension::Client
        | Dimension::Project
        | Dimension::CostCentre
        | Dimension::Branch
        | Dimension::Ticket
        | Dimension::Session
        | Dimension::Task => Grain::Session,
        // A pull request begins to be that of a branch at a moment.
        Dimension::PullRequest | Dimension::Hour => Grain::Quarter,
    }
}

/// From when to when the store must be asked.
fn reach(query: &Query, now: Timestamp) -> (Timestamp, Timestamp) {
    let end = Timestamp::from_millis(now.millis().saturating_add(AHEAD_MILLIS));
    let until = query.span.until.unwrap_or(end);
    (query.begins(now).unwrap_or(BEGINNING), until)
}

/// The beginning of the day that a moment is of; outside of the calendar the moment itself.
fn day_of(at: Timestamp, zone: &TimeZone) -> Timestamp {
    let start = local(at, zone).and_then(|it| it.start_of_day().ok());
    start.map_or(at, |it| Timestamp::from_millis(it.timestamp().as_millisecond()))
}

/// The end of the day that a moment is of, or the moment itself where a day begins there.
fn day_after(at: Timestamp, zone: &TimeZone) -> Timestamp {
    if day_of(at, zone) == at {
        return at;
    }
    let next = local(at, zone).and_then(|it| it.tomorrow().ok()).and_then(|it| it.start_of_day().ok());
    next.map_or(at, |it| Timestamp::from_millis(it.timestamp().as_millisecond()))
}

fn local(at: Timestamp, zone: &TimeZone) -> Option<Zoned> {
    Some(jiff::Timestamp::from_millisecond(at.millis()).ok()?.to_zoned(zone.clone()))
}

#[cfg(test)]
mod tests {
    use insight::Parameters;

    use super::*;

    /// The portions of questions, at noon of 2026-11-22 in Berlin.
    fn check(questions: &[&[(&str, &str)]], expected: &[&str]) {
        let zone = TimeZone::get("Europe/Berlin").expect("a zone");
        let now = Timestamp::from_millis(1_795_345_200_000);
        let parse = |it: &&[(&str, &str)]| {
            Parameters::parse(it.iter().copied(), &zone, now).expect("a question").query
        };
        let queries: Vec<Query> = questions.iter().map(parse).collect();
        let show = |at: Timestamp| local(at, &zone).expect("a moment").strftime("%m-%dT%H:%M").to_string();
        let told: Vec<String> = portions(&queries, &zone, &Rules::default(), now)
            .iter()
            .map(|it| format!("{} {} {:?}", show(it.from), show(it.to), it.grain))
            .collect();
        assert_eq!(told, expected, "{questions:?}");
    }

    #[test]
    fn only_days_within_which_a_period_ends_are_told_by_quarters() {
        let (since, until) = (("since", "2026-11-03"), ("until", "2026-11-20"));
        check(&[&[since, until, ("by", "team")]], &["11-03T00:00 11-21T00:00 Day"]);
        check(&[&[since, until, ("by", "branch")]], &["11-03T00:00 11-21T00:00 Session"]);
        check(&[&[since, until, ("by", "pr")]], &["11-03T00:00 11-21T00:00 Quarter"]);
        check(
            &[&[since, ("until", "2026-11-20T18:00"), ("by", "team")]],
            &["11-03T00:00 11-20T00:00 Day", "11-20T00:00 11-21T00:00 Quarter"],
        );
        check(
            &[&[("since", "2026-11-03"), ("until", "2026-11-20T18:00"), ("by", "team"), ("compare", "true")]],
            &[
                "10-16T00:00 11-02T00:00 Day",
                "11-02T00:00 11-03T00:00 Quarter",
                "11-03T00:00 11-20T00:00 Day",
                "11-20T00:00 11-21T00:00 Quarter",
            ],
        );
        check(&[&[since, until, ("timezone", "UTC")]], &["11-03T00:00 11-22T00:00 Quarter"]);
    }

    #[test]
    fn several_questions_share_what_is_fine_enough_for_all() {
        check(
            &[
                &[("since", "2026-09-01"), ("until", "2026-11-20"), ("by", "day")],
                &[("since", "2026-11-01"), ("until", "2026-11-20"), ("by", "session")],
            ],
            &["09-01T00:00 11-01T00:00 Day", "11-01T00:00 11-21T00:00 Session"],
        );
    }
}
