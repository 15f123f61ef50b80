//! The organisation's rules file: task types, projects, clients, and what git cannot know.
//!
//! Rules are tried in the order of the file; the first that matches decides. A rule
//! with several conditions wants all of them. `docs/attribution.md` describes the file.

mod file;
mod glob;
mod hosts;
mod task;

use std::collections::HashMap;

use domain::{Client, Developer, Project, RepoId, Ticket};

pub(crate) use task::{TaskFacts, TaskRules};

use crate::identity;
use crate::ticket::{self, TicketKeys};
use glob::Glob;
use hosts::Hosts;

/// A rules file longer than this is refused.
pub const MAX_FILE_BYTES: usize = 1024 * 1024;

/// More rules of one kind than this are refused: each call is held against all of them.
pub const MAX_RULES: usize = 2_000;

/// Why a rules file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct RulesError {
    /// The line of the file, from 1.
    pub line: usize,
    /// What is wrong, and what is allowed.
    pub message: String,
}

/// The rules, ready to use. The default is what holds without a file: the built-in task types.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    pub(crate) tasks: TaskRules,
    pub(crate) tickets: TicketKeys,
    repos: Vec<RepoRule>,
    projects: Vec<ProjectRule>,
    clients: Vec<ClientRule>,
    developers: HashMap<String, Developer>,
    hosts: Hosts,
}

impl Rules {
    /// Reads the text of a rules file.
    ///
    /// # Errors
    /// [`RulesError`] with the line of the first thing that is wrong.
    pub fn parse(text: &str) -> Result<Self, RulesError> {
        file::parse(text)
    }

    /// The id of a repository under the rules for its host.
    /// The ticket that a branch is named after.
    #[must_use]
    pub fn ticket(&self, branch: &str) -> Option<Ticket> {
        ticket::in_branch(branch, &self.tickets)
    }

    pub(crate) fn repo(&self, id: &RepoId) -> RepoId {
        self.hosts.apply(id)
    }

    /// The repository that a rule gives a folder, and whether it overrules git.
    pub(crate) fn repo_of_folder(&self, folder: &str) -> Option<(&RepoId, Force)> {
        self.repos.iter().find(|it| it.folder.matches(folder)).map(|it| (&it.repo, it.force))
    }

    /// The person behind an identity.
    #[must_use]
    pub fn developer(&self, developer: &Developer) -> Developer {
        if self.developers.is_empty() {
            return developer.clone();
        }
        self.developers.get(&identity::key(developer.as_str())).unwrap_or(developer).clone()
    }

    /// The project, and the client that its rule names.
    pub(crate) fn project(&self, subject: &Subject<'_>) -> Option<(&Project, Option<&Client>)> {
        let rule = self.projects.iter().find(|it| it.when.matches(subject))?;
        Some((&rule.name, rule.client.as_ref()))
    }

    /// The client that the rules name for a project.
    pub(crate) fn client_of_project(&self, project: &Project) -> Option<&Client> {
        self.projects.iter().filter(|it| it.name == *project).find_map(|it| it.client.as_ref())
    }

    /// Whether projects or clients depend on branches or on tickets, which are named in
    /// branches.
    #[must_use]
    pub fn look_at_branches(&self) -> bool {
        let projects = self.projects.iter().map(|it| &it.when);
        let clients = self.clients.iter().map(|it| &it.when);
        projects.chain(clients).any(|it| it.branch.is_some() || it.ticket.is_some())
    }

    /// The client by a rule of its own.
    pub(crate) fn client(&self, subject: &Subject<'_>) -> Option<&Client> {
        self.clients.iter().find(|it| it.when.matches(subject)).map(|it| &it.name)
    }
}

/// Whether a rule for a folder overrules what git says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Force {
    FillsIn,
    Overrules,
}

#[derive(Debug, Clone)]
struct RepoRule {
    folder: Glob,
    repo: RepoId,
    force: Force,
}

#[derive(Debug, Clone)]
struct ProjectRule {
    when: Condition,
    name: Project,
    client: Option<Client>,
}

#[derive(Debug, Clone)]
struct ClientRule {
    when: Condition,
    name: Client,
}

/// What projects and clients are told by.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Subject<'a> {
    pub(crate) repo: Option<&'a str>,
    pub(crate) folder: Option<&'a str>,
    pub(crate) branch: Option<&'a str>,
    pub(crate) ticket: Option<&'a str>,
    pub(crate) project: Option<&'a str>,
}

/// Patterns that must all match; there is at least one.
#[derive(Debug, Clone, Default)]
struct Condition {
    repo: Option<Glob>,
    folder: Option<Glob>,
    branch: Option<Glob>,
    ticket: Option<Glob>,
    project: Option<Glob>,
}

impl Condition {
    fn matches(&self, subject: &Subject<'_>) -> bool {
        holds(self.repo.as_ref(), subject.repo)
            && holds(self.folder.as_ref(), subject.folder)
            && holds(self.branch.as_ref(), subject.branch)
            && holds(self.ticket.as_ref(), subject.ticket)
            && holds(self.project.as_ref(), subject.project)
    }
}

/// Nothing is asked, or what is asked for is known and matches.
fn holds(pattern: Option<&Glob>, text: Option<&str>) -> bool {
    pattern.is_none_or(|it| text.is_some_and(|text| it.matches(text)))
}

#[cfg(test)]
mod tests;
