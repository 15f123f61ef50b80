//! Which sums are enough for a question: those by day are few, and exact wherever
//! nobody asks for something finer.

use attribution::Rules;
use domain::{Dimension, Timestamp};
use insight::Query;
use jiff::tz::TimeZone;
use store::Grain;

use crate::api::deliveries::AHEAD_MILLIS;

/// Before the first call of any tool.
const BEGINNING: Timestamp = Timestamp::from_millis(0);

/// The coarsest grain that answers exactly.
pub(super) fn enough_for(query: &Query, zone: &TimeZone, rules: &Rules) -> Grain {
    let ends = [query.span.since, query.span.until];
    let of_whole_days = ends.into_iter().flatten().all(|it| begins_a_day(it, zone));
    // What lies before a period that is compared with may begin inside a day.
    if query.timezone != *zone || !of_whole_days || query.compare {
        return Grain::Quarter;
    }
    let asked = query.group_by.iter().copied().chain(query.filters.iter().map(|it| it.dimension));
    asked.map(|it| enough_to_tell(it, rules)).min().unwrap_or(Grain::Day)
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
pub(super) fn reach(query: &Query, now: Timestamp) -> (Timestamp, Timestamp) {
    let end = Timestamp::from_millis(now.millis().saturating_add(AHEAD_MILLIS));
    let until = query.span.until.unwrap_or(end);
    (query.begins(now).unwrap_or(BEGINNING), until)
}

fn begins_a_day(at: Timestamp, zone: &TimeZone) -> bool {
    let Ok(moment) = jiff::Timestamp::from_millisecond(at.millis()) else { return false };
    let local = moment.to_zoned(zone.clone());
    local.start_of_day().is_ok_and(|start| start == local)
}
