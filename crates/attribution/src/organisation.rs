//! What follows from the organisation's directory: who somebody is by all their
//! identities, and on the day of the call their team, the repository's project, its
//! client, and where the cost is booked to.
//!
//! The directory stands above the rules of a machine and below a tag: a person who
//! says that this session was for a client knows better than a table.

use domain::{Attributed, Attribution, Day, Directory, Evidence};

/// The attribution as it was in the organisation on that day.
#[must_use]
pub fn on_day(mut it: Attribution, directory: &Directory, day: Day) -> Attribution {
    if let Some(developer) = &mut it.developer
        && let Some(known) = directory.developer_of(developer.value.as_str())
    {
        developer.value = known.clone();
    }
    let developer = it.developer.as_ref().map(|it| &it.value);
    it.team = developer.and_then(|it| directory.team_of(it, day)).map(by_directory);
    if !is_tagged(it.project.as_ref())
        && let Some(project) = it.repo.as_ref().and_then(|it| directory.project_of(&it.value, day))
    {
        it.project = Some(by_directory(project));
    }
    if !is_tagged(it.client.as_ref())
        && let Some(client) = it.project.as_ref().and_then(|it| directory.client_of(&it.value, day))
    {
        it.client = Some(by_directory(client));
    }
    let project = it.project.as_ref().map(|it| &it.value);
    it.cost_centre = directory.cost_centre_of(developer, project, day).map(by_directory);
    it
}

fn by_directory<T: Clone>(value: &T) -> Attributed<T> {
    Attributed { value: value.clone(), evidence: Evidence::Directory }
}

fn is_tagged<T>(answer: Option<&Attributed<T>>) -> bool {
    answer.is_some_and(|it| it.evidence == Evidence::Tag)
}
