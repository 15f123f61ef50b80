//! The kind of work, by the words that people put into branches, commands and skills.

use std::collections::HashMap;

use domain::{Attributed, Evidence, TaskType};

use super::glob::Glob;
use super::holds;

/// Built in: the word that a part of a branch name starts with, and the kind of work it means.
const BRANCH_WORDS: [(&str, &[&str]); 10] = [
    ("feature", &["feat", "feature", "features"]),
    ("fix", &["fix", "fixes", "bugfix", "bug", "hotfix"]),
    ("docs", &["doc", "docs"]),
    ("refactor", &["refactor", "refactoring", "cleanup"]),
    ("test", &["test", "tests"]),
    ("chore", &["chore", "ci", "build", "deps", "dependabot", "renovate"]),
    ("performance", &["perf", "performance"]),
    ("release", &["release", "releases"]),
    ("spike", &["spike", "experiment", "poc", "prototype"]),
    ("revert", &["revert"]),
];

/// How many parts of a branch name are looked at: the second is for `ada/fix/…`.
const BRANCH_PARTS: usize = 2;

/// Built in: slash commands and skills, and the kind of work they mean.
const COMMANDS: [(&str, &[&str]); 4] = [
    ("review", &["review", "code-review", "security-review", "ultrareview", "pr-comments", "review-pr"]),
    ("setup", &["init"]),
    ("refactor", &["simplify"]),
    ("debug", &["debug"]),
];

/// What the kind of work is told by.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TaskFacts<'a> {
    pub(crate) tag: Option<&'a str>,
    pub(crate) command: Option<&'a str>,
    pub(crate) skill: Option<&'a str>,
    pub(crate) branch: Option<&'a str>,
}

/// The organisation's rules for the kind of work, and the built-in ones.
#[derive(Debug, Clone)]
pub(crate) struct TaskRules {
    /// Those of the file, the class that each belongs to, and in their order within it.
    own: Vec<(Class, TaskRule)>,
    built_in: Option<BuiltIn>,
}

/// What a rule rests on, the surest first. Every class is asked in turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Tag,
    Command,
    Skill,
    Branch,
}

impl Class {
    const BY_RECORD: [Self; 3] = [Self::Command, Self::Skill, Self::Branch];

    const fn evidence(self) -> Evidence {
        match self {
            Self::Tag => Evidence::Tag,
            Self::Command => Evidence::Command,
            Self::Skill => Evidence::Skill,
            Self::Branch => Evidence::BranchName,
        }
    }
}

/// One rule. At least one pattern is there.
#[derive(Debug, Clone)]
pub(super) struct TaskRule {
    pub(super) tag: Option<Glob>,
    pub(super) command: Option<Glob>,
    pub(super) skill: Option<Glob>,
    pub(super) branch: Option<Glob>,
    pub(super) task: TaskType,
}

impl TaskRule {
    const fn class(&self) -> Class {
        if self.tag.is_some() {
            Class::Tag
        } else if self.command.is_some() {
            Class::Command
        } else if self.skill.is_some() {
            Class::Skill
        } else {
            Class::Branch
        }
    }

    fn matches(&self, facts: &TaskFacts<'_>) -> bool {
        holds(self.tag.as_ref(), facts.tag)
            && holds(self.command.as_ref(), facts.command)
            && holds(self.skill.as_ref(), facts.skill)
            && holds(self.branch.as_ref(), facts.branch)
    }
}

/// The built-in words, each with the kind of work it means.
#[derive(Debug, Clone)]
struct BuiltIn {
    branch_words: HashMap<&'static str, TaskType>,
    commands: HashMap<&'static str, TaskType>,
}

impl BuiltIn {
    fn new() -> Self {
        Self { branch_words: by_word(&BRANCH_WORDS), commands: by_word(&COMMANDS) }
    }

    fn task(&self, class: Class, facts: &TaskFacts<'_>) -> Option<&TaskType> {
        match class {
            Class::Tag => None,
            Class::Command => self.commands.get(facts.command?),
            // A skill of a plugin is named `plugin:skill`.
            Class::Skill => self.commands.get(facts.skill?.rsplit(':').next()?),
            Class::Branch => self.branch(facts.branch?),
        }
    }

    fn branch(&self, branch: &str) -> Option<&TaskType> {
        let last = branch.split('/').count().saturating_sub(1);
        branch.split('/').enumerate().take(BRANCH_PARTS).find_map(|(index, part)| {
            let word = part.split(['-', '_']).next()?;
            // A branch that is called `test` and no more says nothing.
            let is_prefix = word.len() < part.len() || index < last;
            if is_prefix { self.word(word) } else { None }
        })
    }

    fn word(&self, word: &str) -> Option<&TaskType> {
        match self.branch_words.get(word) {
            None if word.bytes().any(|it| it.is_ascii_uppercase()) => {
                self.branch_words.get(word.to_ascii_lowercase().as_str())
            }
            found => found,
        }
    }
}

fn by_word(table: &[(&str, &'static [&'static str])]) -> HashMap<&'static str, TaskType> {
    let rows = table.iter().flat_map(|(task, words)| {
        let task = TaskType::new(task);
        words.iter().map(move |word| (*word, task.clone()))
    });
    rows.collect()
}

/// Whether the built-in words hold beside the file's rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BuiltInTasks {
    On,
    Off,
}

impl TaskRules {
    pub(super) fn new(rules: Vec<TaskRule>, built_in: BuiltInTasks) -> Self {
        let own = rules.into_iter().map(|it| (it.class(), it)).collect();
        Self { own, built_in: (built_in == BuiltInTasks::On).then(BuiltIn::new) }
    }

    /// The kind of work: by the tag, else the command, else the skill, else the branch;
    /// within each by the file's rules, then the built-in ones.
    pub(crate) fn task(&self, facts: &TaskFacts<'_>) -> Option<Attributed<TaskType>> {
        if let Some(tag) = facts.tag {
            let value = self.own(Class::Tag, facts).cloned().unwrap_or_else(|| TaskType::new(tag));
            return Some(Attributed { value, evidence: Evidence::Tag });
        }
        Class::BY_RECORD.into_iter().find_map(|class| {
            let built_in = || self.built_in.as_ref()?.task(class, facts);
            let task = self.own(class, facts).or_else(built_in)?;
            Some(Attributed { value: task.clone(), evidence: class.evidence() })
        })
    }

    fn own(&self, class: Class, facts: &TaskFacts<'_>) -> Option<&TaskType> {
        self.own.iter().find(|(it, rule)| *it == class && rule.matches(facts)).map(|(_, rule)| &rule.task)
    }
}

impl Default for TaskRules {
    fn default() -> Self {
        Self::new(Vec::new(), BuiltInTasks::On)
    }
}
