//! Whom and what a call is about, as far as budgets go.

use std::fmt;

use domain::{Scope, ScopeKind};

use crate::fingerprint::Fingerprint;

/// The most scopes of one call.
pub const MAX_SCOPES: usize = 64;

/// Everything whose budgets a call counts against: the organisation, the developer, the
/// team and all teams above it, repository, client, project, task, session, model,
/// provider and tags. Make it once for many calls that are alike.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Subject {
    /// In the order in which rows are locked; the organisation is always among them.
    members: Vec<Member>,
    print: Fingerprint,
}

/// A scope with the template of its kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Member {
    pub(crate) scope: Scope,
    pub(crate) each: Option<Scope>,
}

/// What cannot be the subject of a call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSubject {
    /// A template stands for many.
    #[error("`{0}` stands for many: a call is about one of them")]
    Template(Scope),
    /// More scopes than a call has.
    #[error("a call is about at most {MAX_SCOPES} scopes, not {0}")]
    TooMany(usize),
}

impl Subject {
    /// Of these scopes, and the organisation.
    ///
    /// # Errors
    /// [`BadSubject`] for templates, and for too many.
    pub fn new(scopes: impl IntoIterator<Item = Scope>) -> Result<Self, BadSubject> {
        let mut scopes: Vec<Scope> = scopes.into_iter().chain([Scope::organisation()]).collect();
        scopes.sort_unstable();
        scopes.dedup();
        if scopes.len() > MAX_SCOPES {
            return Err(BadSubject::TooMany(scopes.len()));
        }
        if let Some(template) = scopes.iter().find(|it| it.is_each()) {
            return Err(BadSubject::Template(template.clone()));
        }
        Ok(Self::of(scopes))
    }

    /// A call of which nothing is known, but that it is the organisation's.
    #[must_use]
    pub fn unknown() -> Self {
        Self::of(vec![Scope::organisation()])
    }

    fn of(scopes: Vec<Scope>) -> Self {
        let members: Vec<Member> =
            scopes.into_iter().map(|scope| Member { each: scope.each(), scope }).collect();
        let print = Fingerprint::of(Listed(&members));
        Self { members, print }
    }

    /// Its scopes, in the order in which rows are locked.
    pub fn scopes(&self) -> impl Iterator<Item = &Scope> {
        self.members.iter().map(|it| &it.scope)
    }

    /// The name of that kind, where it has just one.
    #[must_use]
    pub fn name(&self, kind: ScopeKind) -> Option<&str> {
        self.scopes().find(|it| it.kind() == kind).map(Scope::name)
    }

    pub(crate) fn members(&self) -> &[Member] {
        &self.members
    }

    pub(crate) const fn print(&self) -> Fingerprint {
        self.print
    }

    /// Its scopes and the templates of their kinds.
    pub(crate) fn with_templates(&self) -> impl Iterator<Item = &Scope> {
        self.members.iter().flat_map(|it| std::iter::once(&it.scope).chain(&it.each))
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Listed(&self.members))
    }
}

struct Listed<'a>(&'a [Member]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, member) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{}", member.scope)?;
        }
        Ok(())
    }
}
