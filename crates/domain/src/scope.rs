//! What a budget, a freeze or a kill is about: `org`, `team/web`, `developer/ann@example.com`.
//!
//! Written as `KIND/NAME`. A `*` in place of the name stands for each member of that
//! kind by itself: `developer/*` is a ceiling that every developer gets.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The longest scope, in bytes of its text.
pub const MAX_SCOPE_BYTES: usize = 512;

const EACH: &str = "*";

/// The kinds of scope, from the narrowest to the widest. Rows are locked in this order:
/// what everybody waits for is locked last, and so held for the shortest time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScopeKind {
    /// A session of a coding tool.
    Session,
    /// A tag of a call, with its value.
    Tag,
    /// A kind of work.
    Task,
    /// A model.
    Model,
    /// Who serves the model.
    Provider,
    /// A repository.
    Repo,
    /// A project.
    Project,
    /// A client.
    Client,
    /// A developer.
    Developer,
    /// A team, with all teams below it.
    Team,
    /// The whole organisation.
    Organisation,
}

impl ScopeKind {
    /// All of them, from the narrowest to the widest.
    pub const ALL: [Self; 11] = [
        Self::Session,
        Self::Tag,
        Self::Task,
        Self::Model,
        Self::Provider,
        Self::Repo,
        Self::Project,
        Self::Client,
        Self::Developer,
        Self::Team,
        Self::Organisation,
    ];

    /// The word before the slash.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Tag => "tag",
            Self::Task => "task",
            Self::Model => "model",
            Self::Provider => "provider",
            Self::Repo => "repo",
            Self::Project => "project",
            Self::Client => "client",
            Self::Developer => "developer",
            Self::Team => "team",
            Self::Organisation => "org",
        }
    }

    /// The kind of that word.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// Whether names of this kind are the same whatever the case of their letters.
    const fn is_folded(self) -> bool {
        matches!(self, Self::Developer | Self::Repo)
    }
}

/// What a budget is about. Developers and repositories are kept in lower case, because
/// they are the same whatever the case of their letters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    kind: ScopeKind,
    /// Empty for the organisation; `KEY=VALUE` for a tag.
    name: Arc<str>,
}

/// A text is not a scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAScope {
    /// The word before the slash is none of the kinds.
    #[error("`{0}` is not a scope: write `org`, or KIND/NAME with one of the kinds {kinds}", kinds = kinds())]
    Kind(String),
    /// Nothing after the slash, or what cannot be a name.
    #[error(
        "`{0}` is not a scope: after the slash goes a name of one line, in all at most {MAX_SCOPE_BYTES} bytes, \
         or `*` for each"
    )]
    Name(String),
    /// A tag without a value.
    #[error("`{0}` is not a scope: a tag is written as `tag/KEY=VALUE`, or `tag/KEY=*` for each value")]
    Tag(String),
}

fn kinds() -> String {
    let names: Vec<&str> = ScopeKind::ALL.iter().rev().skip(1).map(|it| it.name()).collect();
    names.join(", ")
}

impl Scope {
    /// The whole organisation.
    #[must_use]
    pub fn organisation() -> Self {
        Self { kind: ScopeKind::Organisation, name: Arc::from("") }
    }

    /// One thing of a kind.
    ///
    /// # Errors
    /// [`NotAScope`] where that is no name.
    pub fn new(kind: ScopeKind, name: &str) -> Result<Self, NotAScope> {
        let text = || format!("{}/{name}", kind.name());
        if kind == ScopeKind::Organisation {
            return if name.is_empty() { Ok(Self::organisation()) } else { Err(NotAScope::Name(text())) };
        }
        let is_too_long = name.len().saturating_add(kind.name().len()) >= MAX_SCOPE_BYTES;
        if name.trim().is_empty() || is_too_long || name.chars().any(char::is_control) {
            return Err(NotAScope::Name(text()));
        }
        let is_pair =
            || name.split_once('=').is_some_and(|(key, value)| !key.is_empty() && !value.is_empty());
        if kind == ScopeKind::Tag && !is_pair() {
            return Err(NotAScope::Tag(text()));
        }
        let name = name.trim();
        let name = if kind.is_folded() { Arc::from(name.to_lowercase()) } else { Arc::from(name) };
        Ok(Self { kind, name })
    }

    /// Of which kind.
    #[must_use]
    pub const fn kind(&self) -> ScopeKind {
        self.kind
    }

    /// The name; empty for the organisation.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it stands for each member of its kind by itself.
    #[must_use]
    pub fn is_each(&self) -> bool {
        match self.kind {
            ScopeKind::Organisation => false,
            ScopeKind::Tag => self.name.split_once('=').is_some_and(|(_, value)| value == EACH),
            ScopeKind::Session
            | ScopeKind::Task
            | ScopeKind::Model
            | ScopeKind::Provider
            | ScopeKind::Repo
            | ScopeKind::Project
            | ScopeKind::Client
            | ScopeKind::Developer
            | ScopeKind::Team => &*self.name == EACH,
        }
    }

    /// The scope that stands for each of its kind, this one among them.
    #[must_use]
    pub fn each(&self) -> Option<Self> {
        let name = match self.kind {
            ScopeKind::Organisation => return None,
            ScopeKind::Tag => Arc::from(format!("{}={EACH}", self.name.split_once('=')?.0)),
            ScopeKind::Session
            | ScopeKind::Task
            | ScopeKind::Model
            | ScopeKind::Provider
            | ScopeKind::Repo
            | ScopeKind::Project
            | ScopeKind::Client
            | ScopeKind::Developer
            | ScopeKind::Team => Arc::from(EACH),
        };
        Some(Self { kind: self.kind, name })
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind == ScopeKind::Organisation {
            return f.pad(self.kind.name());
        }
        f.pad(&format!("{}/{}", self.kind.name(), self.name))
    }
}

impl FromStr for Scope {
    type Err = NotAScope;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (kind, name) = text.split_once('/').unwrap_or((text, ""));
        match ScopeKind::from_name(kind) {
            Some(kind) if kind != ScopeKind::Organisation || !text.contains('/') => Self::new(kind, name),
            _ => Err(NotAScope::Kind(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let read = text.parse::<Scope>();
        let said = read.as_ref().map_or_else(ToString::to_string, ToString::to_string);
        assert_eq!(said, expected, "{text}");
        if let Ok(scope) = read {
            assert_eq!(said.parse(), Ok(scope), "{text} again");
        }
    }

    #[test]
    fn scopes_are_read_and_written_alike() {
        check("org", "org");
        check("team/Web & Mobile", "team/Web & Mobile");
        check("developer/Ann@Example.com", "developer/ann@example.com");
        check("repo/github.com/Acme/Shop", "repo/github.com/acme/shop");
        check("model/*", "model/*");
        check("tag/env=prod=eu", "tag/env=prod=eu");
        check("tag/env=*", "tag/env=*");
    }

    #[test]
    fn what_is_no_scope_says_what_is() {
        let kinds = "team, developer, client, project, repo, provider, model, task, tag, session";
        let kind = format!("write `org`, or KIND/NAME with one of the kinds {kinds}");
        check("squad/web", &format!("`squad/web` is not a scope: {kind}"));
        check("org/acme", &format!("`org/acme` is not a scope: {kind}"));
        let name = "after the slash goes a name of one line, in all at most 512 bytes, or `*` for each";
        check("team/", &format!("`team/` is not a scope: {name}"));
        check("team", &format!("`team/` is not a scope: {name}"));
        check("team/a\nb", &format!("`team/a\nb` is not a scope: {name}"));
        let tag = "a tag is written as `tag/KEY=VALUE`, or `tag/KEY=*` for each value";
        check("tag/env", &format!("`tag/env` is not a scope: {tag}"));
    }

    #[test]
    fn each_kind_has_a_template() {
        for (scope, each) in [("team/web", Some("team/*")), ("tag/env=eu", Some("tag/env=*")), ("org", None)]
        {
            let scope: Scope = scope.parse().expect(scope);
            assert!(!scope.is_each());
            assert_eq!(scope.each().map(|it| it.to_string()).as_deref(), each);
            assert!(scope.each().is_none_or(|it| it.is_each()));
        }
        for kind in ScopeKind::ALL {
            assert_eq!(ScopeKind::from_name(kind.name()), Some(kind));
        }
    }
}
