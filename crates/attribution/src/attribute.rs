//! The one answer per dimension, out of all that is known of a place.
//!
//! A tag, set by hand, always wins. Then what the call's own record says, then what
//! git says, then rules, then what other sessions suggest: the order of evidence is
//! written out in `docs/attribution.md`.

use std::collections::HashMap;

use domain::{
    Attributed, Attribution, Branch, Client, Developer, Evidence, Folder, Place, Project, PullRequest,
    QuarterHour, RepoId, Ticket, Whereabouts,
};

use crate::folder::FolderFacts;
use crate::identity;
use crate::pull_request::{self, PullRequests};
use crate::repo_id::{self, Remote};
use crate::rules::{Force, Rules, Subject, TaskFacts};
use crate::tag::{SessionTags, TagKey, Tags};
use crate::ticket;

/// All that attribution rests on besides the place itself.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The organisation's rules.
    pub rules: &'a Rules,
    /// What is known of the working folders.
    pub folders: &'a HashMap<Folder, FolderFacts>,
    /// The pull requests that sessions named.
    pub pull_requests: &'a PullRequests,
    /// What people said about sessions.
    pub tags: &'a Tags,
}

/// Whom the calls of a place at a time belong to.
#[must_use]
pub fn attribute(place: &Place, at: QuarterHour, known: &Known<'_>) -> Attribution {
    Asked {
        place,
        at,
        known,
        tags: known.tags.of(&place.session),
        facts: place.folder.as_ref().and_then(|it| known.folders.get(it)),
    }
    .attribution()
}

/// Whom the calls of a place in a company's book belong to. Who it was says the
/// credential that reported it; only where several people share one is the record
/// asked, and then the reporter.
#[must_use]
pub fn attribute_reported(it: &Whereabouts, at: QuarterHour, known: &Known<'_>) -> Attribution {
    let mut attribution = attribute(&it.place, at, known);
    let person =
        |developer: &Developer, evidence| Attributed { value: known.rules.developer(developer), evidence };
    if let Some(developer) = &it.developer {
        attribution.developer = Some(person(developer, Evidence::Credential));
    } else if let Some(claimed) = &it.claimed
        // Whose home folder it is names an account of a machine; a claim names a person.
        && attribution.developer.as_ref().is_none_or(|it| it.evidence == Evidence::HomeFolder)
    {
        attribution.developer = Some(person(claimed, Evidence::Claim));
    }
    attribution
}

/// One place, with what belongs to it.
struct Asked<'a> {
    place: &'a Place,
    at: QuarterHour,
    known: &'a Known<'a>,
    tags: SessionTags<'a>,
    facts: Option<&'a FolderFacts>,
}

impl Asked<'_> {
    fn attribution(&self) -> Attribution {
        let branch = self.branch();
        let branch_name = branch.as_ref().map(|it| it.value.as_str());
        let repo = self.repo();
        let ticket = self.ticket(branch_name);
        let task = self.known.rules.tasks.task(&TaskFacts {
            tag: self.tags.value(TagKey::Task),
            command: self.place.command.as_deref(),
            skill: self.place.skill.as_deref(),
            branch: branch_name,
        });
        let subject = Subject {
            repo: repo.as_ref().map(|it| it.value.as_str()),
            folder: self.folder(),
            branch: branch_name,
            ticket: ticket.as_ref().map(|it| it.value.as_str()),
            project: None,
        };
        let (project, client) = self.project_and_client(&subject);
        let pull_request = self.pull_request(repo.as_ref().map(|it| &it.value));
        let developer = self.developer();
        Attribution {
            developer,
            repo,
            branch,
            pull_request,
            ticket,
            task,
            client,
            project,
            ..Attribution::default()
        }
    }

    fn folder(&self) -> Option<&str> {
        self.place.folder.as_ref().map(Folder::as_str)
    }

    fn branch(&self) -> Option<Attributed<Branch>> {
        let branch = self.place.branch.as_ref()?;
        pull_request::branch_name(Some(branch.as_str()))?;
        Some(Attributed { value: branch.clone(), evidence: Evidence::Record })
    }

    fn repo(&self) -> Option<Attributed<RepoId>> {
        let repo = self.repo_as_found()?;
        // What the file of rules says is in its own terms already.
        if repo.evidence == Evidence::Rule {
            return Some(repo);
        }
        Some(Attributed { value: self.known.rules.repo(&repo.value), evidence: repo.evidence })
    }

    fn repo_as_found(&self) -> Option<Attributed<RepoId>> {
        if let Some(value) = self.tags.value(TagKey::Repo).and_then(repo_id::from_name) {
            return Some(Attributed { value, evidence: Evidence::Tag });
        }
        let rule = self.folder().and_then(|it| self.known.rules.repo_of_folder(it));
        let by_rule = rule.map(|(id, _)| Attributed { value: id.clone(), evidence: Evidence::Rule });
        if matches!(rule, Some((_, Force::Overrules))) {
            return by_rule;
        }
        let record = self.recorded_remote();
        let found = self.facts.and_then(|it| it.repo.as_ref());
        let by_git = |evidence: &[Evidence]| found.filter(|it| evidence.contains(&it.evidence)).cloned();
        record
            .clone()
            .filter(|it| is_shared(&it.value))
            .or_else(|| by_git(&[Evidence::Remote]).filter(|it| is_shared(&it.value)))
            .or(by_rule)
            .or(record)
            .or_else(|| by_git(&[Evidence::Remote, Evidence::RootCommit]))
            .or_else(|| self.known.pull_requests.repo_of_session(&self.place.session))
            .or_else(|| self.known.pull_requests.repo_of_folder(self.place.folder.as_ref()?))
            .or_else(|| found.cloned())
    }

    fn recorded_remote(&self) -> Option<Attributed<RepoId>> {
        match repo_id::normalise(self.place.remote.as_deref()?) {
            remote @ (Remote::Repo { .. } | Remote::SshAlias { .. }) => {
                Some(Attributed { value: remote.id()?, evidence: Evidence::Record })
            }
            Remote::Local | Remote::Unusable => None,
        }
    }

    fn ticket(&self, branch: Option<&str>) -> Option<Attributed<Ticket>> {
        if let Some(ticket) = self.tags.value(TagKey::Ticket) {
            return Some(Attributed { value: Ticket::new(ticket), evidence: Evidence::Tag });
        }
        let value = ticket::in_branch(branch?, &self.known.rules.tickets)?;
        Some(Attributed { value, evidence: Evidence::BranchName })
    }

    fn project_and_client(
        &self,
        subject: &Subject<'_>,
    ) -> (Option<Attributed<Project>>, Option<Attributed<Client>>) {
        let rules = self.known.rules;
        let (project, its_client) = match self.tags.value(TagKey::Project).map(Project::new) {
            Some(value) => {
                let client = rules.client_of_project(&value);
                (Some(Attributed { value, evidence: Evidence::Tag }), client)
            }
            None => rules.project(subject).map_or((None, None), |(name, client)| {
                (Some(Attributed { value: name.clone(), evidence: Evidence::Rule }), client)
            }),
        };
        if let Some(tag) = self.tags.value(TagKey::Client) {
            return (project, Some(Attributed { value: Client::new(tag), evidence: Evidence::Tag }));
        }
        let name = project.as_ref().map(|it| it.value.as_str());
        let client = rules.client(&Subject { project: name, ..*subject }).or(its_client);
        let client = client.map(|it| Attributed { value: it.clone(), evidence: Evidence::Rule });
        (project, client)
    }

    fn pull_request(&self, repo: Option<&RepoId>) -> Option<Attributed<PullRequest>> {
        if let Some(value) = self.tags.value(TagKey::PullRequest).and_then(|it| tagged_pull_request(it, repo))
        {
            return Some(Attributed { value, evidence: Evidence::Tag });
        }
        let trunk = self.facts.and_then(|it| it.default_branch.as_ref()).map(Branch::as_str);
        self.known.pull_requests.for_place(self.place, repo, trunk, self.at)
    }

    fn developer(&self) -> Option<Attributed<Developer>> {
        let found = match self.tags.value(TagKey::Developer) {
            Some(tag) => {
                let value = identity::developer(tag).unwrap_or_else(|| Developer::new(tag));
                Attributed { value, evidence: Evidence::Tag }
            }
            None => self.facts?.developer.clone()?,
        };
        Some(Attributed { value: self.known.rules.developer(&found.value), evidence: found.evidence })
    }
}

/// Whether an id means the same repository on every machine.
fn is_shared(id: &RepoId) -> bool {
    !id.as_str().starts_with(repo_id::SSH_ALIAS)
}

/// A pull request as a person names it: by its address, by its id, or by its number alone.
fn tagged_pull_request(tag: &str, repo: Option<&RepoId>) -> Option<PullRequest> {
    if let Some(named) = pull_request::from_url(tag) {
        return Some(named.id);
    }
    let number = tag.strip_prefix(['#', '!']).unwrap_or(tag);
    if number.parse::<u64>().is_err() {
        return Some(PullRequest::new(tag));
    }
    let sign = if tag.starts_with('!') { '!' } else { '#' };
    Some(PullRequest::new(&format!("{}{sign}{number}", repo?)))
}

#[cfg(test)]
mod tests;
