//! Entries as JSON.

use domain::Day;
use domain::directory::{
    Course, Dated, DeveloperEntry, Entries, Entry, EntryKind, PlainEntry, ProjectEntry, RepoEntry, TeamEntry,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::failure::Failure;

/// What an entry names, from a day to a day, both included.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WireDated {
    /// The id of what is named.
    id: String,
    /// The first day, as `2026-11-01`; missing for since ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    valid_from: Option<WireDay>,
    /// The last day; missing for until further notice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    valid_to: Option<WireDay>,
}

/// A day: as text, or as a date of TOML.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(untagged, expecting = "a day such as 2026-11-01")]
pub(crate) enum WireDay {
    /// `2026-11-01`
    Text(String),
    /// `2026-11-01`, as TOML has it.
    #[schema(value_type = String)]
    Date(toml::value::Datetime),
}

/// One id for all time, or several, each with its days.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(untagged, expecting = "an id, or a list of { id, valid_from, valid_to }")]
pub(crate) enum WireHistory {
    /// One for all time.
    Always(String),
    /// Several, each with its days.
    Dated(Vec<WireDated>),
}

impl Default for WireHistory {
    fn default() -> Self {
        Self::Dated(Vec::new())
    }
}

/// A team.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct WireTeamEntry {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// The team that it is a part of.
    #[serde(skip_serializing_if = "WireHistory::is_empty")]
    parent: WireHistory,
    #[serde(skip_serializing_if = "WireHistory::is_empty")]
    cost_centre: WireHistory,
}

/// A developer. The id is the main e-mail address.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct WireDeveloper {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Other e-mail addresses, ids of tools, noreply addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    identities: Vec<String>,
    #[serde(skip_serializing_if = "WireHistory::is_empty")]
    team: WireHistory,
    #[serde(skip_serializing_if = "WireHistory::is_empty")]
    cost_centre: WireHistory,
}

/// A repository, or all that a pattern with `*` matches.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct WireRepo {
    id: String,
    #[serde(skip_serializing_if = "WireHistory::is_empty")]
    project: WireHistory,
}

/// A project.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct WireProject {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "WireHistory::is_empty")]
    client: WireHistory,
    #[serde(skip_serializing_if = "WireHistory::is_empty")]
    cost_centre: WireHistory,
}

/// A client or a cost centre.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct WirePlain {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

/// The whole directory.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct WireDirectory {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) cost_centre: Vec<WirePlain>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) client: Vec<WirePlain>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) project: Vec<WireProject>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) team: Vec<WireTeamEntry>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) developer: Vec<WireDeveloper>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) repo: Vec<WireRepo>,
}

/// One entry of any kind. Which kind is said beside it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum WireEntry {
    CostCentre(WirePlain),
    Client(WirePlain),
    Project(WireProject),
    Team(WireTeamEntry),
    Developer(WireDeveloper),
    Repo(WireRepo),
}

/// What is wrong with a day, or an id that stands there twice.
fn problem(text: String) -> Failure {
    Failure::Body(text)
}

impl WireDay {
    fn day(&self) -> Result<Day, Failure> {
        let text = match self {
            Self::Text(text) => text.clone(),
            Self::Date(date) => date.to_string(),
        };
        Day::parse(&text).ok_or_else(|| problem(format!("`{text}` is no day; write it as 2026-11-01")))
    }
}

impl WireHistory {
    const fn is_empty(&self) -> bool {
        matches!(self, Self::Dated(all) if all.is_empty())
    }

    fn of<T: std::fmt::Display>(course: &Course<T>) -> Self {
        match course.steps() {
            [Dated { from: None, to: None, value }] => Self::Always(value.to_string()),
            steps => Self::Dated(
                steps
                    .iter()
                    .map(|step| WireDated {
                        id: step.value.to_string(),
                        valid_from: step.from.map(|it| WireDay::Text(it.to_string())),
                        valid_to: step.to.map(|it| WireDay::Text(it.to_string())),
                    })
                    .collect(),
            ),
        }
    }

    fn course<T: for<'a> From<&'a str>>(&self) -> Result<Course<T>, Failure> {
        let all = match self {
            Self::Always(id) => return Ok(Course::always(T::from(id))),
            Self::Dated(all) => all,
        };
        let mut steps = Vec::with_capacity(all.len());
        for it in all {
            steps.push(Dated {
                from: it.valid_from.as_ref().map(WireDay::day).transpose()?,
                to: it.valid_to.as_ref().map(WireDay::day).transpose()?,
                value: T::from(&it.id),
            });
        }
        Ok(Course::new(steps))
    }
}

impl WireEntry {
    /// Of an entry.
    pub(crate) fn of(id: &str, entry: &Entry) -> Self {
        let id = id.to_owned();
        match entry {
            Entry::CostCentre(it) => Self::CostCentre(WirePlain { id, name: it.name.clone() }),
            Entry::Client(it) => Self::Client(WirePlain { id, name: it.name.clone() }),
            Entry::Project(it) => Self::Project(WireProject {
                id,
                name: it.name.clone(),
                client: WireHistory::of(&it.client),
                cost_centre: WireHistory::of(&it.cost_centre),
            }),
            Entry::Team(it) => Self::Team(WireTeamEntry {
                id,
                name: it.name.clone(),
                parent: WireHistory::of(&it.parent),
                cost_centre: WireHistory::of(&it.cost_centre),
            }),
            Entry::Developer(it) => Self::Developer(WireDeveloper {
                id,
                name: it.name.clone(),
                identities: it.identities.iter().cloned().collect(),
                team: WireHistory::of(&it.team),
                cost_centre: WireHistory::of(&it.cost_centre),
            }),
            Entry::Repo(it) => Self::Repo(WireRepo { id, project: WireHistory::of(&it.project) }),
        }
    }

    /// Read from JSON.
    pub(crate) fn from_json(kind: EntryKind, text: &str) -> Result<Self, Failure> {
        let read = match kind {
            EntryKind::CostCentre => serde_json::from_str(text).map(Self::CostCentre),
            EntryKind::Client => serde_json::from_str(text).map(Self::Client),
            EntryKind::Project => serde_json::from_str(text).map(Self::Project),
            EntryKind::Team => serde_json::from_str(text).map(Self::Team),
            EntryKind::Developer => serde_json::from_str(text).map(Self::Developer),
            EntryKind::Repo => serde_json::from_str(text).map(Self::Repo),
        };
        read.map_err(|error| problem(error.to_string()))
    }

    /// The id that it states; empty where it states none.
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::CostCentre(it) | Self::Client(it) => &it.id,
            Self::Project(it) => &it.id,
            Self::Team(it) => &it.id,
            Self::Developer(it) => &it.id,
            Self::Repo(it) => &it.id,
        }
    }

    /// The entry.
    pub(crate) fn entry(&self) -> Result<Entry, Failure> {
        Ok(match self {
            Self::CostCentre(it) => Entry::CostCentre(PlainEntry { name: it.name.clone() }),
            Self::Client(it) => Entry::Client(PlainEntry { name: it.name.clone() }),
            Self::Project(it) => Entry::Project(ProjectEntry {
                name: it.name.clone(),
                client: it.client.course()?,
                cost_centre: it.cost_centre.course()?,
            }),
            Self::Team(it) => Entry::Team(TeamEntry {
                name: it.name.clone(),
                parent: it.parent.course()?,
                cost_centre: it.cost_centre.course()?,
            }),
            Self::Developer(it) => Entry::Developer(DeveloperEntry {
                name: it.name.clone(),
                identities: it.identities.iter().cloned().collect(),
                team: it.team.course()?,
                cost_centre: it.cost_centre.course()?,
            }),
            Self::Repo(it) => Entry::Repo(RepoEntry { project: it.project.course()? }),
        })
    }
}

impl WireDirectory {
    /// Of all entries.
    pub(crate) fn of(entries: &Entries) -> Self {
        let mut directory = Self::default();
        for kind in EntryKind::ALL {
            for (id, entry) in entries.all(kind) {
                match WireEntry::of(&id, &entry) {
                    WireEntry::CostCentre(it) => directory.cost_centre.push(it),
                    WireEntry::Client(it) => directory.client.push(it),
                    WireEntry::Project(it) => directory.project.push(it),
                    WireEntry::Team(it) => directory.team.push(it),
                    WireEntry::Developer(it) => directory.developer.push(it),
                    WireEntry::Repo(it) => directory.repo.push(it),
                }
            }
        }
        directory
    }

    /// The entries. An id that stands there twice is refused.
    pub(crate) fn entries(self) -> Result<Entries, Failure> {
        let all = self.cost_centre.into_iter().map(WireEntry::CostCentre);
        let all = all.chain(self.client.into_iter().map(WireEntry::Client));
        let all = all.chain(self.project.into_iter().map(WireEntry::Project));
        let all = all.chain(self.team.into_iter().map(WireEntry::Team));
        let all = all.chain(self.developer.into_iter().map(WireEntry::Developer));
        let all = all.chain(self.repo.into_iter().map(WireEntry::Repo));
        let mut entries = Entries::default();
        for wire in all {
            let entry = wire.entry()?;
            let kind = entry.kind();
            let id = normal(kind, wire.id());
            if entries.put(&id, entry).is_some() {
                return Err(problem(format!("the {} `{id}` stands there twice", kind.words())));
            }
        }
        Ok(entries)
    }
}

/// An id as the directory has it: e-mail addresses in lower case, as calls have them.
pub(crate) fn normal(kind: EntryKind, id: &str) -> String {
    match kind {
        EntryKind::Developer => id.trim().to_lowercase(),
        EntryKind::CostCentre
        | EntryKind::Client
        | EntryKind::Project
        | EntryKind::Team
        | EntryKind::Repo => id.trim().to_owned(),
    }
}
