//! Which pull request a call was for.
//!
//! A tool's log names a pull request at the moment that it is opened or looked at.
//! Work leads to its pull request, so a call belongs to the first one that its
//! session names on the same branch from then on, or else to the last one before.
//! Sessions that name none share those of other sessions on the same repository
//! and branch, unless that is a branch on which everything comes together.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::Hash;

use domain::{Attributed, Evidence, Folder, Place, PrLink, PullRequest, QuarterHour, RepoId, SessionId};

use crate::folder::FolderFacts;
use crate::repo_id;
use crate::rules::Rules;

/// Branches on which the work of many pull requests comes together.
const TRUNKS: [&str; 11] = [
    "main",
    "master",
    "trunk",
    "develop",
    "development",
    "dev",
    "default",
    "mainline",
    "staging",
    "production",
    "HEAD",
];

/// A pull request and its repository, read from its address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// Its id.
    pub id: PullRequest,
    /// The repository that it is for.
    pub repo: RepoId,
}

/// Reads the address of a pull request on GitHub, GitLab, Bitbucket, Azure DevOps, Gitea
/// or Gerrit, under whatever host. `None` for what is none of these.
#[must_use]
pub fn from_url(url: &str) -> Option<Named> {
    let (_, address) = url.trim().split_once("://")?;
    let end = address.find(['?', '#']).unwrap_or(address.len());
    let (address, _) = address.split_at_checked(end)?;
    let parts: Vec<&str> = address.split('/').filter(|it| !it.is_empty()).collect();
    let (at, (sign, number)) = parts.iter().enumerate().skip(1).find_map(|(at, part)| {
        let number = parts.get(at.checked_add(1)?)?;
        Some((at, (sign_before_number(part)?, number_of(number)?)))
    })?;
    let repo = repo_of(parts.get(..at)?)?;
    Some(Named { id: PullRequest::new(&format!("{repo}{sign}{number}")), repo })
}

/// The sign between repository and number that people of that service use.
fn sign_before_number(part: &str) -> Option<char> {
    match part {
        "pull" | "pulls" | "pull-requests" | "+" => Some('#'),
        "merge_requests" | "pullrequest" => Some('!'),
        _ => None,
    }
}

fn number_of(text: &str) -> Option<u64> {
    text.parse().ok().filter(|it| *it > 0)
}

/// The repository of the parts of an address before the word for pull requests.
fn repo_of(parts: &[&str]) -> Option<RepoId> {
    let path: Vec<&str> = match parts {
        // GitLab puts a dash before what belongs to a project.
        [path @ .., "-"] => path.to_vec(),
        // Bitbucket Data Center: /projects/KEY/repos/NAME and /users/LOGIN/repos/NAME.
        [host @ .., "projects", key, "repos", name] => {
            return repo_id::from_name(&format!("{}/{key}/{name}", host.join("/")).to_lowercase());
        }
        [host @ .., "users", login, "repos", name] => {
            return repo_id::from_name(&format!("{}/~{login}/{name}", host.join("/")).to_lowercase());
        }
        // Gerrit: /c/PROJECT/+/NUMBER.
        [host, "c", project @ ..] => [&[*host], project].concat(),
        _ => parts.to_vec(),
    };
    repo_id::from_name(&format!("https://{}", path.join("/")))
}

/// Whether a branch is one on which the work of many pull requests comes together.
pub(crate) fn is_trunk(branch: &str) -> bool {
    branch.is_empty() || TRUNKS.iter().any(|it| it.eq_ignore_ascii_case(branch))
}

/// The branch of a place, without the words for "none".
pub(crate) fn branch_name(branch: Option<&str>) -> Option<&str> {
    branch.filter(|it| !it.is_empty() && *it != "HEAD")
}

/// All pull requests that sessions have named, ready to be asked for the one of a call.
#[derive(Debug, Clone, Default)]
pub struct PullRequests {
    by_session: HashMap<SessionId, HashMap<Option<Box<str>>, Timeline>>,
    by_branch: HashMap<RepoId, HashMap<Box<str>, Timeline>>,
    /// Branches with several pull requests in some repository.
    busy_branches: HashSet<Box<str>>,
    repo_by_session: HashMap<SessionId, RepoId>,
    repo_by_folder: HashMap<Folder, RepoId>,
}

impl PullRequests {
    /// From all links that are known, the places of the sessions that they came from,
    /// and what is known of those places' folders. Addresses that nobody can read are left out.
    #[must_use]
    pub fn new<'a>(
        links: &[PrLink],
        places: impl IntoIterator<Item = &'a Place>,
        folders: &HashMap<Folder, FolderFacts>,
        rules: &Rules,
    ) -> Self {
        let linked: HashSet<&SessionId> = links.iter().map(|it| &it.session).collect();
        let places = places.into_iter().filter(|it| linked.contains(&it.session));
        let sessions = Sessions::new(places, folders, rules);
        let mut index = Self::default();
        let mut named: HashMap<&SessionId, BTreeSet<RepoId>> = HashMap::new();
        for link in links {
            let Some(Named { id, repo }) = from_url(&link.url).map(|it| it.under(rules)) else { continue };
            let at = link.first_at.quarter_hour();
            let branch = branch_name(link.branch.as_ref().map(domain::Branch::as_str));
            index.add_to_session(&link.session, branch, at, &id);
            if let Some(branch) = branch.filter(|it| !is_trunk(it)) {
                index.add_to_branch(&repo, branch, at, &id);
                // The work on a fork has the fork's remote and the original's pull request.
                if let Some(fork) = sessions.only_repo(&link.session).filter(|it| **it != repo) {
                    index.add_to_branch(fork, branch, at, &id);
                }
            }
            named.entry(&link.session).or_default().insert(repo);
        }
        index.sort();
        index.repos_of_sessions(&named, &sessions);
        index
    }

    fn add_to_session(
        &mut self,
        session: &SessionId,
        branch: Option<&str>,
        at: QuarterHour,
        id: &PullRequest,
    ) {
        let branches = self.by_session.entry(session.clone()).or_default();
        branches.entry(branch.map(Box::from)).or_default().add(at, id);
    }

    fn add_to_branch(&mut self, repo: &RepoId, branch: &str, at: QuarterHour, id: &PullRequest) {
        let branches = self.by_branch.entry(repo.clone()).or_default();
        branches.entry(Box::from(branch)).or_default().add(at, id);
    }

    fn sort(&mut self) {
        let of_sessions = self.by_session.values_mut().flat_map(HashMap::values_mut);
        let of_branches = self.by_branch.values_mut().flat_map(HashMap::values_mut);
        of_sessions.chain(of_branches).for_each(Timeline::sort);
        let branches = self.by_branch.values().flatten().filter(|(_, timeline)| timeline.0.len() > 1);
        self.busy_branches = branches.map(|(branch, _)| branch.clone()).collect();
    }

    /// A session whose pull requests are all for one repository, and that stayed in one
    /// tree of folders, worked on that repository. So did others in the same folder,
    /// unless another session there says otherwise.
    fn repos_of_sessions(&mut self, named: &HashMap<&SessionId, BTreeSet<RepoId>>, sessions: &Sessions<'_>) {
        let mut by_folder: HashMap<&Folder, BTreeSet<&RepoId>> = HashMap::new();
        for (session, repos) in named {
            let folders = sessions.folders(session);
            if !lie_in_one(folders) {
                continue;
            }
            if let Some(repo) = only(repos) {
                self.repo_by_session.insert((*session).clone(), repo.clone());
            }
            for folder in folders {
                by_folder.entry(folder).or_default().extend(repos);
            }
        }
        for (folder, repos) in by_folder {
            if let Some(repo) = only(&repos) {
                self.repo_by_folder.insert(folder.clone(), (*repo).clone());
            }
        }
    }

    /// The pull request of a call at that place and time, in that repository. `trunk` is
    /// the repository's default branch, if known.
    #[must_use]
    pub fn for_place(
        &self,
        place: &Place,
        repo: Option<&RepoId>,
        trunk: Option<&str>,
        at: QuarterHour,
    ) -> Option<Attributed<PullRequest>> {
        let branch = branch_name(place.branch.as_ref().map(domain::Branch::as_str));
        if let Some(branches) = self.by_session.get(&place.session)
            && let Some(timeline) = branches.get(&branch.map(Box::from))
        {
            let value = timeline.at(at)?.clone();
            return Some(Attributed { value, evidence: Evidence::SessionPullRequest });
        }
        let branch = branch.filter(|it| !is_trunk(it) && Some(*it) != trunk)?;
        let value = self.by_branch.get(repo?)?.get(branch)?.at(at)?.clone();
        Some(Attributed { value, evidence: Evidence::BranchPullRequest })
    }

    /// Whether the answer for a place may differ from one time to another. Where it
    /// cannot, one answer does for all calls of the place.
    #[must_use]
    pub fn depend_on_time(&self, place: &Place) -> bool {
        let branch = branch_name(place.branch.as_ref().map(domain::Branch::as_str));
        match self.by_session.get(&place.session).and_then(|it| it.get(&branch.map(Box::from))) {
            Some(timeline) => timeline.0.len() > 1,
            None => branch.is_some_and(|it| self.busy_branches.contains(it)),
        }
    }

    /// The repository that the session's own pull requests are for.
    pub(crate) fn repo_of_session(&self, session: &SessionId) -> Option<Attributed<RepoId>> {
        let value = self.repo_by_session.get(session)?.clone();
        Some(Attributed { value, evidence: Evidence::SessionPullRequest })
    }

    /// The repository that the pull requests of all sessions in the folder are for.
    pub(crate) fn repo_of_folder(&self, folder: &Folder) -> Option<Attributed<RepoId>> {
        let value = self.repo_by_folder.get(folder)?.clone();
        Some(Attributed { value, evidence: Evidence::FolderPullRequest })
    }
}

impl Named {
    /// This, with the repository as the organisation's rules name it.
    fn under(self, rules: &Rules) -> Self {
        let repo = rules.repo(&self.repo);
        match self.id.as_str().strip_prefix(self.repo.as_str()) {
            Some(number) if repo != self.repo => {
                Self { id: PullRequest::new(&format!("{repo}{number}")), repo }
            }
            Some(_) | None => self,
        }
    }
}

/// Pull requests by the moment that they were first named.
#[derive(Debug, Clone, Default)]
struct Timeline(Vec<(QuarterHour, PullRequest)>);

impl Timeline {
    fn add(&mut self, at: QuarterHour, id: &PullRequest) {
        self.0.push((at, id.clone()));
    }

    fn sort(&mut self) {
        self.0.sort();
        let mut seen = BTreeSet::new();
        self.0.retain(|(_, id)| seen.insert(id.clone()));
    }

    /// The first one named then or later, else the last one before.
    fn at(&self, at: QuarterHour) -> Option<&PullRequest> {
        let after = self.0.partition_point(|(first_at, _)| *first_at < at);
        self.0.get(after).or_else(|| self.0.last()).map(|(_, id)| id)
    }
}

/// Where sessions worked.
struct Sessions<'a>(HashMap<&'a SessionId, Whereabouts<'a>>);

#[derive(Default)]
struct Whereabouts<'a> {
    folders: BTreeSet<&'a Folder>,
    repos: BTreeSet<RepoId>,
}

impl<'a> Sessions<'a> {
    fn new(
        places: impl IntoIterator<Item = &'a Place>,
        facts: &HashMap<Folder, FolderFacts>,
        rules: &Rules,
    ) -> Self {
        let mut sessions: HashMap<&SessionId, Whereabouts<'a>> = HashMap::new();
        for place in places {
            let session = sessions.entry(&place.session).or_default();
            session.repos.extend(place.remote.as_deref().and_then(|it| repo_id::normalise(it).id()));
            if let Some(folder) = &place.folder
                && session.folders.insert(folder)
            {
                let repo = facts.get(folder).and_then(|it| it.repo.as_ref());
                session.repos.extend(repo.map(|it| rules.repo(&it.value)));
            }
        }
        Self(sessions)
    }

    fn folders(&self, session: &SessionId) -> &BTreeSet<&'a Folder> {
        const NONE: &BTreeSet<&Folder> = &BTreeSet::new();
        self.0.get(session).map_or(NONE, |it| &it.folders)
    }

    fn only_repo(&self, session: &SessionId) -> Option<&RepoId> {
        self.0.get(session).and_then(|it| only(&it.repos))
    }
}

/// The member of a set that has just one.
fn only<T: Ord + Eq + Hash>(set: &BTreeSet<T>) -> Option<&T> {
    if set.len() == 1 { set.first() } else { None }
}

/// Whether one of the folders holds all of them.
fn lie_in_one(folders: &BTreeSet<&Folder>) -> bool {
    // A folder sorts before what is in it.
    let Some(top) = folders.first() else { return true };
    folders.iter().all(|it| {
        it.as_str()
            .strip_prefix(top.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '\\']))
    })
}

#[cfg(test)]
mod tests;
