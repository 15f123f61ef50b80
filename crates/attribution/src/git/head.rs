//! What is checked out in a folder, from git's own small files: for those who have
//! no time to start a program.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};

use domain::Branch;

use super::discover::{self, Place, Repository};

/// Packed references are looked through up to here.
const MAX_PACKED_BYTES: u64 = 4 * 1_024 * 1_024;

/// What is checked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The branch; none where a commit is checked out by itself.
    pub branch: Option<Branch>,
    /// The hash of the commit, in full.
    pub commit: String,
}

/// What is checked out in a folder, where its files say so.
#[must_use]
pub fn head(folder: &str) -> Option<Head> {
    let Place::Inside(repository) = discover::place(folder) else { return None };
    let head = repository.head()?;
    let Some(reference) = head.strip_prefix("ref: ") else {
        return Some(Head { branch: None, commit: hash(&head)? });
    };
    let reference = reference.trim();
    let branch = reference.strip_prefix("refs/heads/").map(Branch::new);
    let commit = repository.loose(reference).or_else(|| packed(&repository, reference))?;
    Some(Head { branch, commit: hash(&commit)? })
}

fn packed(repository: &Repository, reference: &str) -> Option<String> {
    let file = File::open(repository.packed_references()).ok()?;
    find(BufReader::new(file.take(MAX_PACKED_BYTES)), reference)
}

/// The hash of a reference: a line is the hash, a space, and its name.
fn find(lines: impl BufRead, reference: &str) -> Option<String> {
    lines.lines().map_while(Result::ok).find_map(|line| {
        let (hash, name) = line.split_once(' ')?;
        (name == reference).then(|| hash.to_owned())
    })
}

/// A hash in full, of either kind that git has.
fn hash(text: &str) -> Option<String> {
    let text = text.trim();
    let is_hash = matches!(text.len(), 40 | 64) && text.bytes().all(|it| it.is_ascii_hexdigit());
    is_hash.then(|| text.to_ascii_lowercase())
}
