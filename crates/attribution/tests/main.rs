//! The reader of git on real repositories.

mod developers;
mod documents;
mod folders;
mod hardening;
mod head;

use std::path::Path;

use attribution::{FolderFacts, GitReader, Machine};
use domain::Folder;
use testkit::git::Sandbox;

fn machine(sandbox: &Sandbox) -> Machine {
    Machine { home: Some(sandbox.home()), git: "git".into(), environment: sandbox.environment() }
}

fn reader(sandbox: &Sandbox) -> GitReader {
    GitReader::new(&machine(sandbox))
}

fn look_up(sandbox: &Sandbox, folder: &Path) -> FolderFacts {
    reader(sandbox).look_up(&Folder::new(&folder.to_string_lossy()))
}

/// `value by evidence`, or `unknown`.
fn repo(facts: &FolderFacts) -> String {
    let found = facts.repo.as_ref();
    found.map_or_else(|| "unknown".to_owned(), |it| format!("{} by {}", it.value, it.evidence.name()))
}

/// `value by evidence`, or `unknown`.
fn developer(facts: &FolderFacts) -> String {
    let found = facts.developer.as_ref();
    found.map_or_else(|| "unknown".to_owned(), |it| format!("{} by {}", it.value, it.evidence.name()))
}
