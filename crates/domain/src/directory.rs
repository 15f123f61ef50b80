//! Who belongs where in the organisation, and since when.
//!
//! Teams are a tree; a developer has one team on any day, a repository one project,
//! a project one client. Every such assignment has a first and a last day, so that a
//! report of last month says what was so last month, whoever has moved since.
//! Nothing here is stored with calls: whoever reads asks for the day of the call.
//!
//! Reading order: [`entry`] (what is written down), [`dated`] (for how long),
//! [`problem`] (what cannot be), [`Directory`] (what follows), [`difference`] (what
//! would change).

use std::collections::{BTreeSet, HashMap};

use crate::day::Day;
use crate::ids::{Client, CostCentre, Developer, Project, RepoId, Team};
use crate::wildcard;

mod check;
pub mod dated;
pub mod difference;
pub mod entry;
pub mod problem;

pub use dated::{Course, Dated, Days};
pub use difference::{Difference, FieldChange, Missing, Plan, plan};
pub use entry::{DeveloperEntry, Entries, Entry, EntryKind, PlainEntry, ProjectEntry, RepoEntry, TeamEntry};
pub use problem::Problem;

/// Entries that fit together, ready to be asked.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    entries: Entries,
    /// Whose an identity is, in lower case.
    owners: HashMap<String, Developer>,
    /// Repositories by their whole id, in lower case.
    exact: HashMap<String, RepoId>,
    /// Patterns of repositories, the longest first.
    patterns: Vec<RepoId>,
}

/// Identities and repositories are the same whatever the case of their letters.
fn folded(text: &str) -> String {
    text.trim().to_lowercase()
}

impl Directory {
    fn indexed(entries: Entries) -> Self {
        let mut owners = HashMap::new();
        for (id, entry) in &entries.developers {
            for identity in entry.identities.iter().map(String::as_str).chain([id.as_str()]) {
                owners.insert(folded(identity), id.clone());
            }
        }
        let (mut patterns, exact): (Vec<_>, Vec<_>) =
            entries.repos.keys().cloned().partition(|it| it.as_str().contains('*'));
        patterns.sort_by_key(|it| (std::cmp::Reverse(it.as_str().len()), it.clone()));
        let exact = exact.into_iter().map(|it| (folded(it.as_str()), it)).collect();
        Self { entries, owners, exact, patterns }
    }

    /// What it is made of.
    #[must_use]
    pub const fn entries(&self) -> &Entries {
        &self.entries
    }

    /// The developer whose identity that is.
    #[must_use]
    pub fn developer_of(&self, identity: &str) -> Option<&Developer> {
        self.owners.get(&folded(identity))
    }

    /// The developer's own team on that day.
    #[must_use]
    pub fn team_of(&self, developer: &Developer, day: Day) -> Option<&Team> {
        self.entries.developers.get(developer)?.team.on(day)
    }

    /// The team and all that it was a part of on that day, upwards.
    #[must_use]
    pub fn lineage<'a>(&'a self, team: &'a Team, day: Day) -> Vec<&'a Team> {
        let mut path = vec![team];
        // A directory has no circles, and no tree deeper than this.
        while path.len() <= problem::MAX_DEPTH.saturating_add(1) {
            let above =
                path.last().and_then(|it| self.entries.teams.get(*it)).and_then(|it| it.parent.on(day));
            match above {
                Some(above) => path.push(above),
                None => break,
            }
        }
        path
    }

    /// Whether the team was one of these on that day, or a part of one.
    #[must_use]
    pub fn is_within(&self, team: &Team, any_of: &BTreeSet<Team>, day: Day) -> bool {
        self.lineage(team, day).into_iter().any(|it| any_of.contains(it))
    }

    /// The project of a repository on that day: what its own entry says, else the
    /// longest pattern that matches it and says something of that day.
    #[must_use]
    pub fn project_of(&self, repo: &RepoId, day: Day) -> Option<&Project> {
        let project = |id: &RepoId| self.entries.repos.get(id).and_then(|it| it.project.on(day));
        let own = self.exact.get(&folded(repo.as_str())).and_then(project);
        own.or_else(|| {
            let matching = self.patterns.iter().filter(|it| wildcard::matches(it.as_str(), repo.as_str()));
            matching.into_iter().find_map(project)
        })
    }

    /// The client of a project on that day.
    #[must_use]
    pub fn client_of(&self, project: &Project, day: Day) -> Option<&Client> {
        self.entries.projects.get(project)?.client.on(day)
    }

    /// What a call is booked to: what its project says, else its developer, else the
    /// developer's team or the nearest one above that says something.
    #[must_use]
    pub fn cost_centre_of(
        &self,
        developer: Option<&Developer>,
        project: Option<&Project>,
        day: Day,
    ) -> Option<&CostCentre> {
        let of_project = || self.entries.projects.get(project?)?.cost_centre.on(day);
        let of_developer = || self.entries.developers.get(developer?)?.cost_centre.on(day);
        let of_teams = || {
            let teams = self.lineage(self.team_of(developer?, day)?, day);
            teams.into_iter().find_map(|it| self.entries.teams.get(it)?.cost_centre.on(day))
        };
        of_project().or_else(of_developer).or_else(of_teams)
    }

    /// The days on which something begins, or has just ended, in order: between two of
    /// them every answer stays the same.
    #[must_use]
    pub fn turning_days(&self) -> Vec<Day> {
        fn turns<T>(course: &Course<T>) -> impl Iterator<Item = Day> {
            course.steps().iter().flat_map(|it| it.from.into_iter().chain(it.to.map(Day::next)))
        }
        let it = &self.entries;
        let mut days: BTreeSet<Day> = BTreeSet::new();
        for team in it.teams.values() {
            days.extend(turns(&team.parent).chain(turns(&team.cost_centre)));
        }
        for developer in it.developers.values() {
            days.extend(turns(&developer.team).chain(turns(&developer.cost_centre)));
        }
        for project in it.projects.values() {
            days.extend(turns(&project.client).chain(turns(&project.cost_centre)));
        }
        for repo in it.repos.values() {
            days.extend(turns(&repo.project));
        }
        days.into_iter().collect()
    }

    /// The name of a team for people.
    #[must_use]
    pub fn team_name<'a>(&'a self, team: &'a Team) -> &'a str {
        self.entries.teams.get(team).and_then(|it| it.name.as_deref()).unwrap_or_else(|| team.as_str())
    }
}

#[cfg(test)]
mod tests;
