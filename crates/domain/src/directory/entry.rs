//! What the organisation writes down about itself: one entry a team, developer,
//! repository, project, client and cost centre.

use std::collections::{BTreeMap, BTreeSet};

use super::dated::Course;
use crate::ids::{Client, CostCentre, Developer, Project, RepoId, Team};

/// What an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKind {
    /// A cost centre.
    CostCentre,
    /// A client.
    Client,
    /// A project.
    Project,
    /// A team.
    Team,
    /// A developer.
    Developer,
    /// A repository, or several by a pattern.
    Repo,
}

impl EntryKind {
    /// All of them, each after those that it may name.
    pub const ALL: [Self; 6] =
        [Self::CostCentre, Self::Client, Self::Project, Self::Team, Self::Developer, Self::Repo];

    /// The name in JSON, in the organisation's file and in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CostCentre => "cost_centre",
            Self::Client => "client",
            Self::Project => "project",
            Self::Team => "team",
            Self::Developer => "developer",
            Self::Repo => "repo",
        }
    }

    /// The variant of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// For people: `cost centre`.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::CostCentre => "cost centre",
            Self::Client | Self::Project | Self::Team | Self::Developer | Self::Repo => self.name(),
        }
    }
}

/// A team.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TeamEntry {
    /// Its name for people, where it is not its id.
    pub name: Option<String>,
    /// The team that it is a part of.
    pub parent: Course<Team>,
    /// What its members' calls are booked to.
    pub cost_centre: Course<CostCentre>,
}

/// A developer, by the main e-mail address.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeveloperEntry {
    /// The name for people.
    pub name: Option<String>,
    /// All other identities: e-mail addresses, ids of tools, noreply addresses.
    pub identities: BTreeSet<String>,
    /// The team.
    pub team: Course<Team>,
    /// What the calls are booked to, where it is not what the team's are.
    pub cost_centre: Course<CostCentre>,
}

/// A repository, or all that a pattern with `*` matches.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RepoEntry {
    /// The project that it belongs to.
    pub project: Course<Project>,
}

/// A project.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProjectEntry {
    /// Its name for people, where it is not its id.
    pub name: Option<String>,
    /// The client that it is for.
    pub client: Course<Client>,
    /// What its calls are booked to, whoever made them.
    pub cost_centre: Course<CostCentre>,
}

/// A client or a cost centre.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PlainEntry {
    /// Its name for people, where it is not its id.
    pub name: Option<String>,
}

/// One entry of any kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A cost centre.
    CostCentre(PlainEntry),
    /// A client.
    Client(PlainEntry),
    /// A project.
    Project(ProjectEntry),
    /// A team.
    Team(TeamEntry),
    /// A developer.
    Developer(DeveloperEntry),
    /// A repository or a pattern.
    Repo(RepoEntry),
}

impl Entry {
    /// What it is about.
    #[must_use]
    pub const fn kind(&self) -> EntryKind {
        match self {
            Self::CostCentre(_) => EntryKind::CostCentre,
            Self::Client(_) => EntryKind::Client,
            Self::Project(_) => EntryKind::Project,
            Self::Team(_) => EntryKind::Team,
            Self::Developer(_) => EntryKind::Developer,
            Self::Repo(_) => EntryKind::Repo,
        }
    }

    /// Every field that says something, by its name, as text.
    #[must_use]
    pub fn fields(&self) -> BTreeMap<&'static str, String> {
        let name = |it: &Option<String>| ("name", it.clone().unwrap_or_default());
        let fields = match self {
            Self::CostCentre(it) | Self::Client(it) => vec![name(&it.name)],
            Self::Project(it) => vec![
                name(&it.name),
                ("client", it.client.to_string()),
                ("cost_centre", it.cost_centre.to_string()),
            ],
            Self::Team(it) => vec![
                name(&it.name),
                ("parent", it.parent.to_string()),
                ("cost_centre", it.cost_centre.to_string()),
            ],
            Self::Developer(it) => vec![
                name(&it.name),
                ("identities", it.identities.iter().map(String::as_str).collect::<Vec<_>>().join(", ")),
                ("team", it.team.to_string()),
                ("cost_centre", it.cost_centre.to_string()),
            ],
            Self::Repo(it) => vec![("project", it.project.to_string())],
        };
        fields.into_iter().filter(|(_, text)| !text.is_empty()).collect()
    }
}

/// All entries, as they were written: nothing is known yet of whether they fit together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entries {
    /// Teams.
    pub teams: BTreeMap<Team, TeamEntry>,
    /// Developers.
    pub developers: BTreeMap<Developer, DeveloperEntry>,
    /// Repositories and patterns of them.
    pub repos: BTreeMap<RepoId, RepoEntry>,
    /// Projects.
    pub projects: BTreeMap<Project, ProjectEntry>,
    /// Clients.
    pub clients: BTreeMap<Client, PlainEntry>,
    /// Cost centres.
    pub cost_centres: BTreeMap<CostCentre, PlainEntry>,
}

impl Entries {
    /// Writes an entry down in the place of the one that was there.
    pub fn put(&mut self, id: &str, entry: Entry) -> Option<Entry> {
        match entry {
            Entry::CostCentre(it) => self.cost_centres.insert(id.into(), it).map(Entry::CostCentre),
            Entry::Client(it) => self.clients.insert(id.into(), it).map(Entry::Client),
            Entry::Project(it) => self.projects.insert(id.into(), it).map(Entry::Project),
            Entry::Team(it) => self.teams.insert(id.into(), it).map(Entry::Team),
            Entry::Developer(it) => self.developers.insert(id.into(), it).map(Entry::Developer),
            Entry::Repo(it) => self.repos.insert(id.into(), it).map(Entry::Repo),
        }
    }

    /// Strikes an entry out.
    pub fn remove(&mut self, kind: EntryKind, id: &str) -> Option<Entry> {
        match kind {
            EntryKind::CostCentre => self.cost_centres.remove(&CostCentre::new(id)).map(Entry::CostCentre),
            EntryKind::Client => self.clients.remove(&Client::new(id)).map(Entry::Client),
            EntryKind::Project => self.projects.remove(&Project::new(id)).map(Entry::Project),
            EntryKind::Team => self.teams.remove(&Team::new(id)).map(Entry::Team),
            EntryKind::Developer => self.developers.remove(&Developer::new(id)).map(Entry::Developer),
            EntryKind::Repo => self.repos.remove(&RepoId::new(id)).map(Entry::Repo),
        }
    }

    /// The entry of that kind and id.
    #[must_use]
    pub fn entry(&self, kind: EntryKind, id: &str) -> Option<Entry> {
        match kind {
            EntryKind::CostCentre => {
                self.cost_centres.get(&CostCentre::new(id)).cloned().map(Entry::CostCentre)
            }
            EntryKind::Client => self.clients.get(&Client::new(id)).cloned().map(Entry::Client),
            EntryKind::Project => self.projects.get(&Project::new(id)).cloned().map(Entry::Project),
            EntryKind::Team => self.teams.get(&Team::new(id)).cloned().map(Entry::Team),
            EntryKind::Developer => self.developers.get(&Developer::new(id)).cloned().map(Entry::Developer),
            EntryKind::Repo => self.repos.get(&RepoId::new(id)).cloned().map(Entry::Repo),
        }
    }

    /// Every entry of a kind with its id, in the order of the ids.
    #[must_use]
    pub fn all(&self, kind: EntryKind) -> Vec<(String, Entry)> {
        macro_rules! all {
            ($field:ident, $variant:ident) => {
                self.$field
                    .iter()
                    .map(|(id, it)| (id.as_str().to_owned(), Entry::$variant(it.clone())))
                    .collect()
            };
        }
        match kind {
            EntryKind::CostCentre => all!(cost_centres, CostCentre),
            EntryKind::Client => all!(clients, Client),
            EntryKind::Project => all!(projects, Project),
            EntryKind::Team => all!(teams, Team),
            EntryKind::Developer => all!(developers, Developer),
            EntryKind::Repo => all!(repos, Repo),
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        [
            self.teams.len(),
            self.developers.len(),
            self.repos.len(),
            self.projects.len(),
            self.clients.len(),
            self.cost_centres.len(),
        ]
        .into_iter()
        .fold(0, usize::saturating_add)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
