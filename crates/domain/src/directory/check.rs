//! Whether entries fit together.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::dated::{Course, Days};
use super::entry::{Entries, EntryKind};
use super::problem::{MAX_DEPTH, MAX_ENTRIES, MAX_IDENTITIES, MAX_STEPS, MAX_TEXT_BYTES, Problem};
use super::{Directory, folded};
use crate::ids::{Developer, Team};

/// Everything that is wrong with the entries, in a fixed order.
pub(super) fn problems(entries: &Entries) -> Vec<Problem> {
    if entries.len() > MAX_ENTRIES {
        return vec![Problem::TooMany { found: entries.len() }];
    }
    let mut check = Check { entries, problems: Vec::new() };
    check.single_entries();
    check.identities();
    check.tree();
    check.problems
}

struct Check<'a> {
    entries: &'a Entries,
    problems: Vec<Problem>,
}

/// One entry, for messages.
#[derive(Clone, Copy)]
struct Subject<'a> {
    kind: EntryKind,
    id: &'a str,
}

/// A field of an entry, and what kind of entry it names.
#[derive(Clone, Copy)]
struct Field<'a> {
    subject: Subject<'a>,
    name: &'static str,
    named: EntryKind,
}

impl<'a> Subject<'a> {
    const fn field(self, name: &'static str, named: EntryKind) -> Field<'a> {
        Field { subject: self, name, named }
    }
}

impl Check<'_> {
    fn single_entries(&mut self) {
        let entries = self.entries;
        for (id, it) in &entries.cost_centres {
            self.texts(Subject { kind: EntryKind::CostCentre, id: id.as_str() }, it.name.as_deref());
        }
        for (id, it) in &entries.clients {
            self.texts(Subject { kind: EntryKind::Client, id: id.as_str() }, it.name.as_deref());
        }
        for (id, it) in &entries.projects {
            let subject = Subject { kind: EntryKind::Project, id: id.as_str() };
            self.texts(subject, it.name.as_deref());
            self.course(subject.field("client", EntryKind::Client), &it.client, |it| {
                entries.clients.contains_key(it)
            });
            self.cost_centre(subject, &it.cost_centre);
        }
        for (id, it) in &entries.teams {
            let subject = Subject { kind: EntryKind::Team, id: id.as_str() };
            self.texts(subject, it.name.as_deref());
            self.course(subject.field("parent", EntryKind::Team), &it.parent, |it| {
                entries.teams.contains_key(it)
            });
            self.cost_centre(subject, &it.cost_centre);
        }
        for (id, it) in &entries.developers {
            let subject = Subject { kind: EntryKind::Developer, id: id.as_str() };
            self.texts(subject, it.name.as_deref());
            self.course(subject.field("team", EntryKind::Team), &it.team, |it| {
                entries.teams.contains_key(it)
            });
            self.cost_centre(subject, &it.cost_centre);
        }
        for (id, it) in &entries.repos {
            let subject = Subject { kind: EntryKind::Repo, id: id.as_str() };
            self.texts(subject, None);
            self.course(subject.field("project", EntryKind::Project), &it.project, |it| {
                entries.projects.contains_key(it)
            });
        }
    }

    fn texts(&mut self, subject: Subject<'_>, name: Option<&str>) {
        for (field, text) in [("id", Some(subject.id)), ("name", name)] {
            if text.is_some_and(|it| !is_text(it)) {
                let Subject { kind, id } = subject;
                self.problems.push(Problem::BadText { kind, id: id.to_owned(), field });
            }
        }
    }

    fn cost_centre(&mut self, subject: Subject<'_>, course: &Course<crate::ids::CostCentre>) {
        let known = &self.entries.cost_centres;
        self.course(subject.field("cost_centre", EntryKind::CostCentre), course, |it| known.contains_key(it));
    }

    fn course<T: fmt::Display>(
        &mut self,
        field: Field<'_>,
        course: &Course<T>,
        is_known: impl Fn(&T) -> bool,
    ) {
        let Field { subject, name: field, named } = field;
        let (kind, id) = (subject.kind, subject.id.to_owned());
        let found = course.steps().len();
        if found > MAX_STEPS {
            self.problems.push(Problem::TooLong { kind, id, field, found, limit: MAX_STEPS });
            return;
        }
        for step in course.steps() {
            if !is_known(&step.value) {
                let (id, names) = (id.clone(), step.value.to_string());
                self.problems.push(Problem::Unknown { kind, id, field, named, names });
            }
            if let (true, Some(from), Some(to)) = (step.period().is_empty(), step.from, step.to) {
                self.problems.push(Problem::Backwards { kind, id: id.clone(), field, from, to });
            }
        }
        if let Some((first, second)) = course.overlap() {
            let (first, second) = (first.to_string(), second.to_string());
            self.problems.push(Problem::Overlap { kind, id, field, first, second });
        }
    }

    /// Whether each identity leads to one developer.
    fn identities(&mut self) {
        let mut owners: BTreeMap<String, &Developer> = BTreeMap::new();
        for (id, entry) in &self.entries.developers {
            let found = entry.identities.len();
            if found > MAX_IDENTITIES {
                self.problems.push(Problem::TooLong {
                    kind: EntryKind::Developer,
                    id: id.as_str().to_owned(),
                    field: "identities",
                    found,
                    limit: MAX_IDENTITIES,
                });
            }
            if entry.identities.iter().any(|it| !is_text(it)) {
                let (kind, id) = (EntryKind::Developer, id.as_str().to_owned());
                self.problems.push(Problem::BadText { kind, id, field: "identities" });
            }
            let own: BTreeSet<String> =
                entry.identities.iter().map(String::as_str).chain([id.as_str()]).map(folded).collect();
            for identity in own {
                if let Some(first) = owners.insert(identity.clone(), id) {
                    let (first, second) = (first.as_str().to_owned(), id.as_str().to_owned());
                    self.problems.push(Problem::IdentityTaken { identity, first, second });
                }
            }
        }
    }

    /// Whether every team leads up to a root, on every day.
    fn tree(&mut self) {
        let mut found: BTreeSet<BTreeSet<String>> = BTreeSet::new();
        for team in self.entries.teams.keys() {
            let mut climb = Climb { entries: self.entries, path: vec![team], problem: None };
            climb.from(team, Days::ALL);
            let Some(problem) = climb.problem else { continue };
            // The same circle is met from each of its teams, and from all below.
            let members = if let Problem::Cycle { path, .. } = &problem {
                path.iter().cloned().collect()
            } else {
                BTreeSet::from([team.as_str().to_owned()])
            };
            if found.insert(members) {
                self.problems.push(problem);
            }
        }
    }
}

/// The way up from one team, along all parents that it has on some day.
struct Climb<'a> {
    entries: &'a Entries,
    path: Vec<&'a Team>,
    problem: Option<Problem>,
}

impl<'a> Climb<'a> {
    fn from(&mut self, team: &'a Team, days: Days) {
        let Some(entry) = self.entries.teams.get(team) else { return };
        for step in entry.parent.steps() {
            let days = days.and(step.period());
            if days.is_empty() || self.problem.is_some() {
                continue;
            }
            if let Some(start) = self.path.iter().position(|it| **it == step.value) {
                let circle = self.path.iter().skip(start).copied().chain([&step.value]);
                let path = circle.map(|it| it.as_str().to_owned()).collect();
                self.problem = Some(Problem::Cycle { path, on: days.example() });
            } else if self.path.len() > MAX_DEPTH {
                let lowest = self.path.first().map(|it| it.as_str().to_owned());
                self.problem = Some(Problem::TooDeep { team: lowest.unwrap_or_default() });
            } else {
                self.path.push(&step.value);
                self.from(&step.value, days);
                self.path.pop();
            }
        }
    }
}

fn is_text(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= MAX_TEXT_BYTES && !text.chars().any(char::is_control)
}

impl Directory {
    /// Of entries that fit together.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn new(entries: Entries) -> Result<Self, Vec<Problem>> {
        let problems = problems(&entries);
        if problems.is_empty() { Ok(Self::indexed(entries)) } else { Err(problems) }
    }
}
