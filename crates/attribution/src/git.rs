//! The reader of git: what a working folder is, and whose.
//!
//! Finding the repository needs no program: it is a walk up the folders. What its
//! configuration says, with all its includes and rewritten URLs, is asked of git,
//! once per repository and not per folder: one to three processes, each under a time
//! limit, with all that could run a program or touch the network switched off.

mod config;
mod discover;
mod head;
mod process;
mod ssh_config;

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::{Attributed, Branch, Developer, Evidence, Folder, RepoId};

use crate::folder::FolderFacts;
use crate::identity;
use crate::repo_id::{self, Remote};
use config::Config;
use discover::{Place, Repository};
use process::{Git, RunError};

pub use head::{Head, head};
pub use process::TIME_LIMIT;

/// How many problems are remembered; more of the same teach nothing.
const MAX_PROBLEMS: usize = 20;

/// What the machine is like, as the program's entry found it.
#[derive(Debug, Clone, Default)]
pub struct Machine {
    /// The home folder of the account.
    pub home: Option<PathBuf>,
    /// The git program: `git`, or a path.
    pub git: OsString,
    /// The environment. Of it, git gets no more than what it finds its own
    /// configuration by; what speaks of one repository or one command is left out.
    pub environment: Vec<(OsString, OsString)>,
}

/// Why some folder is not known as well as it might be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GitProblem {
    /// There is no git.
    #[error("cannot run `{program}` ({reason}): repositories stay unknown; install git")]
    Missing {
        /// The program that does not start.
        program: String,
        /// What the system says.
        reason: String,
    },
    /// Git took too long.
    #[error("git took longer than {} s in {folder}: its repository stays unknown for now", TIME_LIMIT.as_secs())]
    Slow {
        /// The folder that it was asked about.
        folder: String,
    },
    /// Git refuses to read the repository, mostly because it belongs to another account.
    #[error("git does not read {folder}; if it is yours, add it to git's `safe.directory`")]
    Refused {
        /// The folder that it was asked about.
        folder: String,
    },
}

/// Looks up working folders. It remembers repositories, so use one for many folders.
#[derive(Debug)]
pub struct GitReader {
    git: Git,
    home: Option<PathBuf>,
    repositories: HashMap<PathBuf, RepositoryFacts>,
    account: Option<Account>,
    problems: Vec<GitProblem>,
    /// How often git did not answer.
    failures: u32,
}

/// The identity that is in force where no repository has one of its own.
#[derive(Debug, Clone)]
struct Account {
    developer: Option<Developer>,
    unanswered: bool,
}

/// What is the same for all folders of a repository.
#[derive(Debug, Clone, Default)]
struct RepositoryFacts {
    repo: Option<Attributed<RepoId>>,
    display: Option<Arc<str>>,
    remote: Option<Arc<str>>,
    default_branch: Option<Branch>,
    developer: Option<Developer>,
    unanswered: bool,
}

impl GitReader {
    /// A reader for a machine.
    #[must_use]
    pub fn new(machine: &Machine) -> Self {
        Self {
            git: Git::new(machine),
            home: machine.home.as_deref().map(|it| it.canonicalize().unwrap_or_else(|_| it.to_owned())),
            repositories: HashMap::new(),
            account: None,
            problems: Vec::new(),
            failures: 0,
        }
    }

    /// What is known of a working folder. Never fails: what cannot be found out is unknown.
    pub fn look_up(&mut self, folder: &Folder) -> FolderFacts {
        let mut facts = match discover::place(folder.as_str()) {
            Place::Inside(repository) => self.inside(&repository),
            Place::Outside => self.outside(Evidence::GitIdentity),
            Place::Gone { existing, repository } => self.gone(folder, &existing, repository),
            Place::Elsewhere => FolderFacts::default(),
        };
        if facts.developer.is_none() {
            let owner = identity::home_owner(folder.as_str());
            facts.developer = owner.map(|value| Attributed { value, evidence: Evidence::HomeFolder });
        }
        facts
    }

    /// What went wrong so far; each kind of it is told once a folder, and a missing git once.
    #[must_use]
    pub fn problems(&self) -> &[GitProblem] {
        &self.problems
    }

    fn inside(&mut self, repository: &Repository) -> FolderFacts {
        let RepositoryFacts { repo, display, remote, default_branch, developer, unanswered } =
            self.repository(repository);
        let developer = developer.map(|value| Attributed { value, evidence: Evidence::GitIdentity });
        FolderFacts { repo, display, remote, default_branch, developer, unanswered }
    }

    /// A folder that is gone belongs to the repository around it, unless that is the one
    /// of the whole home folder, which says nothing of what else was in there.
    fn gone(&mut self, folder: &Folder, existing: &Path, repository: Option<Repository>) -> FolderFacts {
        let around = repository.filter(|it| !self.holds_home(&it.top));
        if let Some(around) = around {
            let mut facts = self.inside(&around);
            if let Some(repo) = &mut facts.repo {
                repo.evidence = Evidence::ParentFolder;
            }
            if let Some(developer) = &mut facts.developer {
                developer.evidence = Evidence::AccountIdentity;
            }
            return facts;
        }
        let is_own = self
            .home
            .as_ref()
            .is_some_and(|home| existing.starts_with(home) || Path::new(folder.as_str()).starts_with(home));
        if is_own { self.outside(Evidence::AccountIdentity) } else { FolderFacts::default() }
    }

    /// What holds for the account wherever no repository says otherwise.
    fn outside(&mut self, evidence: Evidence) -> FolderFacts {
        let Account { developer, unanswered } = self.account();
        let developer = developer.map(|value| Attributed { value, evidence });
        FolderFacts { developer, unanswered, ..FolderFacts::default() }
    }

    fn holds_home(&self, top: &Path) -> bool {
        top.parent().is_none() || self.home.as_ref().is_some_and(|home| home.starts_with(top))
    }

    fn account(&mut self) -> Account {
        if let Some(known) = &self.account {
            return known.clone();
        }
        let failures = self.failures;
        let output = self.git.account_config();
        let developer = self
            .checked(output, Path::new("the home folder"))
            .and_then(|bytes| identity::developer(Config::parse(&bytes).email()?));
        let account = Account { developer, unanswered: self.failures > failures };
        self.account = Some(account.clone());
        account
    }

    fn repository(&mut self, repository: &Repository) -> RepositoryFacts {
        if let Some(known) = self.repositories.get(repository.key()) {
            return known.clone();
        }
        let failures = self.failures;
        let mut facts = self.read(repository).unwrap_or_default();
        facts.unanswered = self.failures > failures;
        self.repositories.insert(repository.key().to_owned(), facts.clone());
        facts
    }

    fn read(&mut self, repository: &Repository) -> Option<RepositoryFacts> {
        let output = self.git.config(&repository.top);
        let config = Config::parse(&self.checked(output, &repository.top)?);
        if !config.has_repository() {
            // Only what holds for the account was readable: this is not its repository.
            self.note(GitProblem::Refused { folder: repository.top.display().to_string() });
            return None;
        }
        let chosen = config.remote(repository.branch().as_deref());
        let remote = chosen.as_ref().map(|(_, url)| self.normalised(url));
        let name = chosen.as_ref().map(|(name, _)| *name);
        let mut facts =
            RepositoryFacts { developer: self.developer(repository, &config), ..RepositoryFacts::default() };
        match remote.as_ref().map(|it| (it, it.id())) {
            Some((remote, Some(id))) => {
                facts.repo = Some(Attributed { value: id, evidence: Evidence::Remote });
                facts.display = match remote {
                    Remote::Repo { display, .. } => Some(display.clone()),
                    Remote::SshAlias { .. } | Remote::Local | Remote::Unusable => None,
                };
                facts.remote = name.map(Arc::from);
                facts.default_branch = name.and_then(|it| repository.default_branch(it));
            }
            Some((_, None)) | None => facts.repo = self.root_commit(repository),
        }
        Some(facts)
    }

    fn normalised(&self, url: &str) -> Remote {
        repo_id::normalise(url).resolved(|host| ssh_config::host_name(self.home.as_deref()?, host))
    }

    fn developer(&mut self, repository: &Repository, config: &Config) -> Option<Developer> {
        let email = config.email()?;
        let known = identity::developer(email)?;
        if !repository.has_mailmap() && !config.names_mailmap() {
            return Some(known);
        }
        let output = self.git.check_mailmap(&repository.top, config.name(), email);
        let mapped = self.checked(output, &repository.top).and_then(|bytes| {
            let line = String::from_utf8(bytes).ok()?;
            let (_, email) = line.trim_end().rsplit_once('<')?;
            identity::developer(email.strip_suffix('>')?)
        });
        Some(mapped.unwrap_or(known))
    }

    /// The oldest commit without a parent. A shallow copy does not have it.
    fn root_commit(&mut self, repository: &Repository) -> Option<Attributed<RepoId>> {
        if repository.is_shallow() {
            return None;
        }
        let output = self.git.root_commits(&repository.top);
        let text = String::from_utf8(self.checked(output, &repository.top)?).ok()?;
        let (_, hash) = text.lines().filter_map(timed_commit).min()?;
        Some(Attributed { value: RepoId::new(&format!("local:{hash}")), evidence: Evidence::RootCommit })
    }

    /// The output of a run that went well; a problem where there was no run.
    fn checked(&mut self, output: Result<Vec<u8>, RunError>, folder: &Path) -> Option<Vec<u8>> {
        let problem = match output {
            Ok(bytes) => return Some(bytes),
            Err(RunError::Missing(reason)) => GitProblem::Missing { program: self.git.program(), reason },
            Err(RunError::Slow) => GitProblem::Slow { folder: folder.display().to_string() },
            Err(RunError::Failed) => return None,
        };
        self.failures = self.failures.saturating_add(1);
        self.note(problem);
        None
    }

    fn note(&mut self, problem: GitProblem) {
        if self.problems.len() < MAX_PROBLEMS && !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }
}

/// A line of `rev-list --timestamp`: seconds and hash.
fn timed_commit(line: &str) -> Option<(u64, &str)> {
    let (seconds, hash) = line.split_once(' ')?;
    let is_hash = hash.len() >= 40 && hash.bytes().all(|it| it.is_ascii_hexdigit());
    if is_hash { Some((seconds.parse().ok()?, hash)) } else { None }
}
