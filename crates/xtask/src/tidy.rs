//! `cargo xtask tidy`: the house rules that no compiler checks.
//!
//! A rule is a function from the [`Tree`] of files to [`Complaint`]s, so each is
//! shown to bite on a tree of two or three literal files. Reading order:
//! [`tree`] and [`source`] (what is looked at), then one file a family of rules.

mod crates;
mod docs;
mod fences;
mod modules;
mod source;
#[cfg(test)]
mod tests;
mod tree;
mod words;

use std::fmt;
use std::io::Write as _;

use anyhow::{Result, bail};
use tree::Tree;

/// One broken rule.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Complaint {
    path: String,
    line: usize,
    /// What is there.
    what: String,
    /// Why it is not wanted.
    why: &'static str,
    /// What to do about it.
    fix: String,
}

impl Complaint {
    fn new(path: &str, line: usize, what: impl Into<String>, why: &'static str, fix: &str) -> Self {
        Self { path: path.to_owned(), line, what: what.into(), why, fix: fix.to_owned() }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, what, why, fix } = self;
        write!(f, "{path}:{line}: {what}, {why}; {fix}")
    }
}

/// Checks the checkout that this was built from.
///
/// # Errors
/// If the files cannot be listed or read, or a rule is broken.
pub(crate) fn run() -> Result<()> {
    let tree = Tree::of_checkout()?;
    let complaints = complaints(&tree, crates::ARROWS);
    let mut out = std::io::stdout().lock();
    for complaint in &complaints {
        writeln!(out, "{complaint}")?;
    }
    if !complaints.is_empty() {
        bail!("tidy: {} complaints, listed above", complaints.len());
    }
    writeln!(out, "tidy: {} files are in order", tree.files().count())?;
    Ok(())
}

fn complaints(tree: &Tree, arrows: &[crates::Arrow]) -> Vec<Complaint> {
    let mut all = crates::check(tree, arrows);
    all.extend(fences::check(tree));
    all.extend(modules::check(tree));
    all.extend(words::check(tree));
    all.extend(docs::check(tree));
    all.sort();
    all
}
