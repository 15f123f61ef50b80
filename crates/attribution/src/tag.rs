//! Tags: what a person says about a session by hand. They beat everything else.

use std::collections::HashMap;
use std::sync::Arc;

use domain::SessionId;

/// What a tag may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TagKey {
    /// The kind of work.
    Task,
    /// The customer.
    Client,
    /// The project.
    Project,
    /// The ticket.
    Ticket,
    /// The repository.
    Repo,
    /// The person.
    Developer,
    /// The pull request.
    PullRequest,
}

impl TagKey {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Task,
        Self::Client,
        Self::Project,
        Self::Ticket,
        Self::Repo,
        Self::Developer,
        Self::PullRequest,
    ];

    /// The name in commands and in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Task => "task",
            Self::Client => "client",
            Self::Project => "project",
            Self::Ticket => "ticket",
            Self::Repo => "repo",
            Self::Developer => "developer",
            Self::PullRequest => "pr",
        }
    }

    /// The key of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

/// The tags of all sessions.
#[derive(Debug, Clone, Default)]
pub struct Tags(HashMap<SessionId, Vec<(TagKey, Arc<str>)>>);

impl Tags {
    /// Sets a tag of a session; an earlier value of the key is replaced, and an empty one removes it.
    pub fn set(&mut self, session: SessionId, key: TagKey, value: &str) {
        let tags = self.0.entry(session).or_default();
        tags.retain(|(it, _)| *it != key);
        let value = value.trim();
        if !value.is_empty() {
            tags.push((key, Arc::from(value)));
        }
    }

    /// The tags of one session.
    #[must_use]
    pub fn of(&self, session: &SessionId) -> SessionTags<'_> {
        SessionTags(self.0.get(session).map_or(&[], Vec::as_slice))
    }
}

/// The tags of one session.
#[derive(Debug, Clone, Copy)]
pub struct SessionTags<'a>(&'a [(TagKey, Arc<str>)]);

impl<'a> SessionTags<'a> {
    /// The value of a key.
    #[must_use]
    pub fn value(self, key: TagKey) -> Option<&'a str> {
        self.0.iter().find(|(it, _)| *it == key).map(|(_, value)| &**value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_names() {
        for key in TagKey::ALL {
            assert_eq!(TagKey::from_name(key.name()), Some(key));
        }
        assert_eq!(TagKey::from_name("mood"), None);
    }

    #[test]
    fn the_last_value_of_a_key_holds() {
        let session = SessionId::new("s");
        let mut tags = Tags::default();
        tags.set(session.clone(), TagKey::Task, "spike");
        tags.set(session.clone(), TagKey::Task, " fix ");
        assert_eq!(tags.of(&session).value(TagKey::Task), Some("fix"));
        assert_eq!(tags.of(&session).value(TagKey::Repo), None);
        tags.set(session.clone(), TagKey::Task, "");
        assert_eq!(tags.of(&session).value(TagKey::Task), None);
        assert_eq!(tags.of(&SessionId::new("t")).value(TagKey::Task), None);
    }
}
