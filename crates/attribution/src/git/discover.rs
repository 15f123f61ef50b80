//! Finding the repository of a folder by walking up, without running anything.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Component, Path, PathBuf};

use domain::Branch;

/// A path longer than this is no path.
const MAX_PATH_BYTES: usize = 4_096;

/// How many folders up a repository may begin.
const MAX_DEPTH: usize = 128;

/// Git's small files (`.git`, `commondir`, `HEAD`) are read up to here.
const MAX_POINTER_BYTES: u64 = 8_192;

/// Where a folder lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// It is there, in a repository.
    Inside(Repository),
    /// It is there, in no repository.
    Outside,
    /// It is not there any more.
    Gone {
        /// The nearest folder above it that is there.
        existing: PathBuf,
        /// The repository around that.
        repository: Option<Repository>,
    },
    /// It is no path of this machine, or one that this account cannot look at.
    Elsewhere,
}

/// A repository, as far as its files show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Repository {
    /// The folder that git is to be run in.
    pub(super) top: PathBuf,
    /// What belongs to this worktree alone.
    git_dir: PathBuf,
    /// What all worktrees share.
    common_dir: PathBuf,
}

/// Where the working folder of that name lies.
pub(super) fn place(folder: &str) -> Place {
    let path = Path::new(folder);
    if !path.is_absolute() || folder.len() > MAX_PATH_BYTES || folder.contains('\0') {
        return Place::Elsewhere;
    }
    match nearest(path) {
        Some((existing, Presence::There)) => match repository(&existing) {
            Some((repository, Links::Whole)) => Place::Inside(repository),
            Some((repository, Links::Broken)) => Place::Gone { existing, repository: Some(repository) },
            None => Place::Outside,
        },
        Some((existing, Presence::Gone)) => {
            let repository = repository(&existing).map(|(repository, _)| repository);
            Place::Gone { existing, repository }
        }
        None => Place::Elsewhere,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    There,
    Gone,
}

/// The folder, or the nearest one above it that is there, free of symbolic links.
fn nearest(path: &Path) -> Option<(PathBuf, Presence)> {
    let mut presence = Presence::There;
    for folder in path.ancestors().take(MAX_DEPTH) {
        match fs::canonicalize(folder) {
            Ok(real) if real.is_dir() => return Some((real, presence)),
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
            Err(_) => return None,
        }
        presence = Presence::Gone;
    }
    None
}

/// Whether the walk met a worktree or submodule whose repository has dropped it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Links {
    Whole,
    Broken,
}

fn repository(start: &Path) -> Option<(Repository, Links)> {
    let mut links = Links::Whole;
    for folder in start.ancestors().take(MAX_DEPTH) {
        let dot_git = folder.join(".git");
        let git_dir = if dot_git.is_file() {
            let target = pointer(&dot_git, "gitdir:").map(|it| folder.join(it)).filter(|it| is_git_dir(it));
            if target.is_none() {
                links = Links::Broken;
            }
            target
        } else if is_git_dir(&dot_git) {
            Some(dot_git)
        } else if is_bare(folder) {
            Some(folder.to_owned())
        } else {
            None
        };
        if let Some(git_dir) = git_dir {
            let git_dir = git_dir.canonicalize().unwrap_or(git_dir);
            let common_dir = pointer(&git_dir.join("commondir"), "").map(|it| git_dir.join(it));
            let common_dir =
                common_dir.and_then(|it| it.canonicalize().ok()).unwrap_or_else(|| git_dir.clone());
            return Some((Repository { top: folder.to_owned(), git_dir, common_dir }, links));
        }
    }
    None
}

fn is_git_dir(path: &Path) -> bool {
    path.join("HEAD").exists()
}

fn is_bare(folder: &Path) -> bool {
    folder.join("HEAD").is_file() && folder.join("objects").is_dir() && folder.join("refs").is_dir()
}

/// The rest of the first line of a small file, after what it starts with.
fn pointer(path: &Path, start: &str) -> Option<String> {
    let mut text = String::new();
    File::open(path).ok()?.take(MAX_POINTER_BYTES).read_to_string(&mut text).ok()?;
    let target = text.lines().next()?.strip_prefix(start)?.trim();
    (!target.is_empty()).then(|| target.to_owned())
}

impl Repository {
    /// What tells it from others: all worktrees of a repository are one, unless this
    /// one has a configuration of its own.
    pub(super) fn key(&self) -> &Path {
        if self.git_dir.join("config.worktree").exists() { &self.git_dir } else { &self.common_dir }
    }

    /// The branch that is checked out in the main worktree.
    pub(super) fn branch(&self) -> Option<String> {
        pointer(&self.common_dir.join("HEAD"), "ref: refs/heads/")
    }

    /// What `HEAD` of this worktree says: a hash, or `ref: ` and a reference.
    pub(super) fn head(&self) -> Option<String> {
        pointer(&self.git_dir.join("HEAD"), "")
    }

    /// The hash of a reference that has a file of its own. One whose name leads out of
    /// the folder of references is none.
    pub(super) fn loose(&self, reference: &str) -> Option<String> {
        let plain = Path::new(reference).components().all(|it| matches!(it, Component::Normal(_)));
        let is_one = plain && reference.starts_with("refs/");
        is_one.then(|| pointer(&self.common_dir.join(reference), ""))?
    }

    /// The file of all other references.
    pub(super) fn packed_references(&self) -> PathBuf {
        self.common_dir.join("packed-refs")
    }

    /// The branch that a remote shows by default, as it was when it was cloned.
    pub(super) fn default_branch(&self, remote: &str) -> Option<Branch> {
        if remote.contains("..") || remote.starts_with('/') {
            return None;
        }
        let head = self.common_dir.join("refs/remotes").join(remote).join("HEAD");
        pointer(&head, &format!("ref: refs/remotes/{remote}/")).map(|it| Branch::new(&it))
    }

    /// Whether commits are missing below some.
    pub(super) fn is_shallow(&self) -> bool {
        self.common_dir.join("shallow").exists()
    }

    /// Whether git would find a mailmap without being told where. A bare repository
    /// may have one among its files.
    pub(super) fn has_mailmap(&self) -> bool {
        self.top.join(".mailmap").exists() || self.top == self.git_dir
    }
}
