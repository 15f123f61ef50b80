//! A filter on a team is one on everything below it.

use domain::{Day, Dimension, Directory, Team};
use insight::{Pattern, Query};

/// The question with the parts of each team that it names, as they are on that day.
pub(super) fn with_parts_of_teams(mut query: Query, directory: &Directory, day: Day) -> Query {
    for filter in query.filters.iter_mut().filter(|it| it.dimension == Dimension::Team) {
        let parts: Vec<Pattern> =
            filter.patterns.iter().flat_map(|pattern| parts(pattern, directory, day)).collect();
        filter.patterns.extend(parts);
    }
    query
}

/// The teams below those that the pattern matches, with the pattern's sign.
fn parts<'a>(
    pattern: &'a Pattern,
    directory: &'a Directory,
    day: Day,
) -> impl Iterator<Item = Pattern> + use<'a> {
    let is_named = |it: &Team| pattern.matches(it.as_str());
    let teams = directory.entries().teams.keys().filter(move |team| {
        let above = directory.lineage(team, day).into_iter().skip(1);
        !is_named(team) && above.into_iter().any(is_named)
    });
    teams.map(move |team| Pattern::exact(team.as_str(), pattern.is_wanted()))
}
