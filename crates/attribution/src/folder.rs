//! What is known of a working folder: the part of attribution that is worth keeping,
//! because folders are deleted and calls are not.

use std::sync::Arc;

use domain::{Attributed, Branch, Developer, Evidence, RepoId};

/// What git and the machine say of one working folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FolderFacts {
    /// The repository that it belongs to.
    pub repo: Option<Attributed<RepoId>>,
    /// The repository in the upper and lower case of its address.
    pub display: Option<Arc<str>>,
    /// The name of the remote that the repository is known by: `origin`.
    pub remote: Option<Arc<str>>,
    /// The branch that the remote shows by default.
    pub default_branch: Option<Branch>,
    /// The person who works in it.
    pub developer: Option<Attributed<Developer>>,
    /// Git is missing or was too slow: what is unknown may be known next time, so this
    /// is nothing to keep. Not part of the text.
    pub unanswered: bool,
}

/// The text of stored facts is not what [`FolderFacts::to_text`] writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("stored facts of a folder, line {line}: not one of its fields with a value")]
pub struct FactsError {
    /// The line, from 1.
    pub line: usize,
}

impl FolderFacts {
    /// A line for each thing that is known: its name, its evidence where it has one, its value.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut lines = Vec::new();
        if let Some(it) = &self.repo {
            lines.push(format!("repo {} {}", it.evidence.name(), it.value));
        }
        if let Some(it) = &self.developer {
            lines.push(format!("developer {} {}", it.evidence.name(), it.value));
        }
        if let Some(it) = &self.display {
            lines.push(format!("display {it}"));
        }
        if let Some(it) = &self.remote {
            lines.push(format!("remote {it}"));
        }
        if let Some(it) = &self.default_branch {
            lines.push(format!("default_branch {it}"));
        }
        lines.join("\n")
    }

    /// The facts of such a text.
    ///
    /// # Errors
    /// [`FactsError`] for a line that [`FolderFacts::to_text`] does not write.
    pub fn from_text(text: &str) -> Result<Self, FactsError> {
        let mut facts = Self::default();
        for (index, line) in text.split('\n').enumerate().filter(|(_, line)| !line.is_empty()) {
            facts.read_line(line).ok_or_else(|| FactsError { line: index.saturating_add(1) })?;
        }
        Ok(facts)
    }

    fn read_line(&mut self, line: &str) -> Option<()> {
        let (field, value) = line.split_once(' ')?;
        match field {
            "repo" => self.repo = Some(attributed(value, RepoId::new)?),
            "developer" => self.developer = Some(attributed(value, Developer::new)?),
            "display" => self.display = Some(Arc::from(value)),
            "remote" => self.remote = Some(Arc::from(value)),
            "default_branch" => self.default_branch = Some(Branch::new(value)),
            _ => return None,
        }
        Some(())
    }

    /// These facts, with those found earlier where they were surer. A folder that is
    /// deleted keeps what was known of it while it was there.
    #[must_use]
    pub fn keeping(mut self, earlier: Self) -> Self {
        if is_surer(earlier.repo.as_ref(), self.repo.as_ref()) {
            self.repo = earlier.repo;
            self.display = earlier.display;
            self.remote = earlier.remote;
            self.default_branch = earlier.default_branch;
        }
        if is_surer(earlier.developer.as_ref(), self.developer.as_ref()) {
            self.developer = earlier.developer;
        }
        self
    }
}

fn attributed<T>(text: &str, value: impl FnOnce(&str) -> T) -> Option<Attributed<T>> {
    let (evidence, text) = text.split_once(' ')?;
    Some(Attributed { value: value(text), evidence: Evidence::from_name(evidence)? })
}

fn is_surer<T>(earlier: Option<&Attributed<T>>, later: Option<&Attributed<T>>) -> bool {
    match (earlier, later) {
        (Some(earlier), Some(later)) => earlier.confidence() < later.confidence(),
        (Some(_), None) => true,
        (None, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(repo: Evidence, developer: Option<Evidence>) -> FolderFacts {
        FolderFacts {
            repo: Some(Attributed { value: RepoId::new(repo.name()), evidence: repo }),
            display: Some(Arc::from("dev.azure.com/Org/My Project/Repo")),
            remote: Some(Arc::from("origin")),
            default_branch: Some(Branch::new("main")),
            developer: developer
                .map(|evidence| Attributed { value: Developer::new("ada@example.com"), evidence }),
            unanswered: false,
        }
    }

    #[test]
    fn facts_survive_a_round_trip_as_text() {
        let full = facts(Evidence::Remote, Some(Evidence::GitIdentity));
        assert_eq!(
            full.to_text(),
            "repo remote remote\ndeveloper git_identity ada@example.com\n\
             display dev.azure.com/Org/My Project/Repo\nremote origin\ndefault_branch main"
        );
        for facts in [full, facts(Evidence::ParentFolder, None), FolderFacts::default()] {
            assert_eq!(FolderFacts::from_text(&facts.to_text()), Ok(facts));
        }
    }

    #[test]
    fn other_text_is_refused() {
        for (text, line) in
            [("repo remote", 1), ("repo hearsay x", 1), ("remote origin\ncolour red", 2), ("x", 1)]
        {
            assert_eq!(FolderFacts::from_text(text), Err(FactsError { line }), "{text}");
        }
    }

    #[test]
    fn a_deleted_folder_keeps_what_was_known_of_it() {
        let before = facts(Evidence::Remote, Some(Evidence::GitIdentity));
        let gone = FolderFacts { repo: None, ..FolderFacts::default() };
        assert_eq!(gone.keeping(before.clone()), before);

        let around = facts(Evidence::ParentFolder, Some(Evidence::AccountIdentity));
        assert_eq!(around.keeping(before.clone()), before);

        let moved = facts(Evidence::RootCommit, Some(Evidence::GitIdentity));
        assert_eq!(moved.clone().keeping(before), moved);

        let guessed = facts(Evidence::ParentFolder, None);
        assert_eq!(facts(Evidence::Remote, None).keeping(guessed), facts(Evidence::Remote, None));
    }
}
