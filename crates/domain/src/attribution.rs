//! Who and where a call belongs to, each answer with its evidence.

use crate::dimension::Dimension;
use crate::ids::{
    Branch, Client, CostCentre, Developer, Project, PullRequest, RepoId, TaskType, Team, Ticket,
};

/// An answer with its evidence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attributed<T> {
    /// The answer.
    pub value: T,
    /// What it rests on.
    pub evidence: Evidence,
}

impl<T> Attributed<T> {
    /// How sure that makes it.
    pub const fn confidence(&self) -> Confidence {
        self.evidence.confidence()
    }
}

/// What an answer rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Evidence {
    /// The credential that the call was reported with.
    Credential,
    /// A person tagged the session.
    Tag,
    /// The call's own record says so.
    Record,
    /// The remote of the repository that the working folder is in.
    Remote,
    /// The first commit of a repository that has no remote.
    RootCommit,
    /// The git identity that is in force in the working folder, through its mailmap.
    GitIdentity,
    /// A pull request that the session itself opened or named, on this branch.
    SessionPullRequest,
    /// A pull request that another session named for the same repository and branch.
    BranchPullRequest,
    /// The pull requests of sessions in the same folder, which all name one repository.
    FolderPullRequest,
    /// The repository around a folder that is gone.
    ParentFolder,
    /// The machine's own git identity, for a folder of this account that is gone.
    AccountIdentity,
    /// The account whose home folder holds the working folder.
    HomeFolder,
    /// The branch name.
    BranchName,
    /// The slash command of the turn.
    Command,
    /// The skill in use.
    Skill,
    /// A rule of the organisation's rules file.
    Rule,
    /// The organisation's directory, on the day of the call.
    Directory,
    /// What the reporter itself names, under a credential that several share.
    Claim,
}

impl Evidence {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::Credential,
        Self::Tag,
        Self::Record,
        Self::Remote,
        Self::RootCommit,
        Self::GitIdentity,
        Self::SessionPullRequest,
        Self::BranchPullRequest,
        Self::FolderPullRequest,
        Self::ParentFolder,
        Self::AccountIdentity,
        Self::HomeFolder,
        Self::BranchName,
        Self::Command,
        Self::Skill,
        Self::Rule,
        Self::Directory,
        Self::Claim,
    ];

    /// The name in JSON and the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Credential => "credential",
            Self::Tag => "tag",
            Self::Record => "record",
            Self::Remote => "remote",
            Self::RootCommit => "root_commit",
            Self::GitIdentity => "git_identity",
            Self::SessionPullRequest => "session_pull_request",
            Self::BranchPullRequest => "branch_pull_request",
            Self::FolderPullRequest => "folder_pull_request",
            Self::ParentFolder => "parent_folder",
            Self::AccountIdentity => "account_identity",
            Self::HomeFolder => "home_folder",
            Self::BranchName => "branch_name",
            Self::Command => "command",
            Self::Skill => "skill",
            Self::Rule => "rule",
            Self::Directory => "directory",
            Self::Claim => "claim",
        }
    }

    /// The variant of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// How sure it makes an answer.
    #[must_use]
    pub const fn confidence(self) -> Confidence {
        match self {
            Self::Credential
            | Self::Tag
            | Self::Record
            | Self::Remote
            | Self::RootCommit
            | Self::SessionPullRequest
            | Self::Directory => Confidence::Exact,
            Self::GitIdentity
            | Self::Rule
            | Self::BranchPullRequest
            | Self::BranchName
            | Self::Command
            | Self::Skill => Confidence::High,
            Self::FolderPullRequest | Self::ParentFolder | Self::AccountIdentity => Confidence::Medium,
            Self::HomeFolder | Self::Claim => Confidence::Low,
        }
    }

    /// What it is, for people.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Credential => "the credential that it was reported with",
            Self::Tag => "tagged by hand",
            Self::Record => "the call's own record",
            Self::Remote => "the working folder's remote",
            Self::RootCommit => "the repository's first commit; it has no remote",
            Self::GitIdentity => "the git identity in the working folder",
            Self::SessionPullRequest => "a pull request of this session on this branch",
            Self::BranchPullRequest => "a pull request of this repository and branch",
            Self::FolderPullRequest => "the pull requests of sessions in this folder",
            Self::ParentFolder => "the repository around the folder, which is gone",
            Self::AccountIdentity => "this account's git identity; the folder is gone",
            Self::HomeFolder => "the owner of the home folder",
            Self::BranchName => "the branch name",
            Self::Command => "the slash command of the turn",
            Self::Skill => "the skill in use",
            Self::Rule => "a rule of the rules file",
            Self::Directory => "the organisation's directory on that day",
            Self::Claim => "named by the reporter, whose credential several share",
        }
    }
}

/// How sure an answer is, the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// Stated by the call's record or by git.
    Exact,
    /// Follows from a convention that is in use.
    High,
    /// Follows from something nearby.
    Medium,
    /// A hint.
    Low,
}

impl Confidence {
    /// The name in JSON and tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }
}

/// Everything known about whom a place's calls belong to. What is not known is `None`,
/// shown as `unknown`; nothing is guessed and nothing is dropped.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attribution {
    /// The person.
    pub developer: Option<Attributed<Developer>>,
    /// The repository.
    pub repo: Option<Attributed<RepoId>>,
    /// The branch.
    pub branch: Option<Attributed<Branch>>,
    /// The pull request.
    pub pull_request: Option<Attributed<PullRequest>>,
    /// The ticket.
    pub ticket: Option<Attributed<Ticket>>,
    /// The kind of work.
    pub task: Option<Attributed<TaskType>>,
    /// The customer.
    pub client: Option<Attributed<Client>>,
    /// The project.
    pub project: Option<Attributed<Project>>,
    /// The team.
    pub team: Option<Attributed<Team>>,
    /// The cost centre.
    pub cost_centre: Option<Attributed<CostCentre>>,
}

impl Attribution {
    /// All answers with their evidence, in the order in which they are listed.
    #[must_use]
    pub fn answers(&self) -> [(Dimension, Option<(&str, Evidence)>); 10] {
        macro_rules! answer {
            ($dimension:ident, $field:ident) => {
                (Dimension::$dimension, self.$field.as_ref().map(|it| (it.value.as_str(), it.evidence)))
            };
        }
        [
            answer!(Developer, developer),
            answer!(Repo, repo),
            answer!(Branch, branch),
            answer!(PullRequest, pull_request),
            answer!(Ticket, ticket),
            answer!(Task, task),
            answer!(Client, client),
            answer!(Project, project),
            answer!(Team, team),
            answer!(CostCentre, cost_centre),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_evidence_is_found_by_its_name() {
        for evidence in Evidence::ALL {
            assert_eq!(Evidence::from_name(evidence.name()), Some(evidence));
        }
        assert_eq!(Evidence::from_name("hearsay"), None);
    }
}
