//! What somebody sees of budgets, and what money they may move.

use std::collections::BTreeSet;

use domain::{Day, Developer, Directory, Scope, ScopeKind, Team};

use crate::access::{Caller, Right, Role};
use crate::failure::Failure;
use crate::register::Standing;

/// How much of a budget is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Seen {
    /// That it is there is not told.
    Nothing,
    /// That it is there, when it begins anew, and what stops it.
    Name,
    /// All of it.
    Figures,
}

/// Whose budgets somebody sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BudgetSight {
    /// All of them; those of developers and sessions where individuals are seen.
    Everything { individuals: bool },
    /// Those of these teams and of their people, where individuals are seen.
    Teams { teams: BTreeSet<String>, people: BTreeSet<String> },
    /// Their own, and of the teams around them the names.
    Own { developer: String, teams: BTreeSet<String> },
}

impl BudgetSight {
    /// What a token shows on a day.
    pub(crate) fn of(caller: &Caller, standing: &Standing, day: Day) -> Result<Self, Failure> {
        caller.must(Right::ReadBudgets)?;
        let directory = &standing.directory;
        let led = &caller.token.teams;
        let individuals = standing.settings.individuals_visible_to_finance;
        Ok(match caller.role() {
            Role::Owner | Role::Admin => Self::Everything { individuals: true },
            Role::Finance if led.is_empty() => Self::Everything { individuals },
            Role::Finance => Self::of_teams(led, individuals, directory, day),
            Role::Lead => Self::of_teams(led, true, directory, day),
            Role::Developer | Role::Collector => Self::of_developer(caller.developer(), directory, day),
        })
    }

    fn of_teams(led: &BTreeSet<Team>, individuals: bool, directory: &Directory, day: Day) -> Self {
        let entries = directory.entries();
        let is_led = |team: &Team| directory.is_within(team, led, day);
        // A team that the directory does not know is led by whoever was named its lead.
        let teams = entries.teams.keys().filter(|it| is_led(it)).chain(led).map(ToString::to_string);
        let people = entries.developers.keys().filter(|_| individuals);
        let people = people.filter(|it| directory.team_of(it, day).is_some_and(is_led));
        Self::Teams { teams: teams.collect(), people: people.map(folded).collect() }
    }

    fn of_developer(developer: Option<&Developer>, directory: &Directory, day: Day) -> Self {
        let Some(developer) = developer else {
            return Self::Own { developer: String::new(), teams: BTreeSet::new() };
        };
        let known = directory.developer_of(developer.as_str()).unwrap_or(developer);
        let team = directory.team_of(known, day);
        let lineage = team.map(|it| directory.lineage(it, day)).unwrap_or_default();
        Self::Own { developer: folded(known), teams: lineage.iter().map(ToString::to_string).collect() }
    }

    /// How much of the budgets of a scope is seen.
    pub(crate) fn sees(&self, scope: &Scope) -> Seen {
        let kind = scope.kind();
        if scope.is_each() {
            // What everybody gets is no secret, and tells of nobody.
            return Seen::Figures;
        }
        match self {
            Self::Everything { individuals: true } => Seen::Figures,
            Self::Everything { individuals: false } => {
                let is_individual = matches!(kind, ScopeKind::Developer | ScopeKind::Session);
                if is_individual { Seen::Nothing } else { Seen::Figures }
            }
            Self::Teams { teams, people } => {
                let is_theirs = (kind == ScopeKind::Team && teams.contains(scope.name()))
                    || (kind == ScopeKind::Developer && people.contains(scope.name()));
                if is_theirs { Seen::Figures } else { Self::of_all(kind) }
            }
            Self::Own { developer, teams } => {
                if kind == ScopeKind::Developer && scope.name() == developer {
                    Seen::Figures
                } else if kind == ScopeKind::Team && teams.contains(scope.name()) {
                    Seen::Name
                } else {
                    Self::of_all(kind)
                }
            }
        }
    }

    /// What anybody sees of what is not theirs.
    fn of_all(kind: ScopeKind) -> Seen {
        if kind == ScopeKind::Organisation { Seen::Name } else { Seen::Nothing }
    }

    /// Refuses to move money of a budget that is not seen in full.
    pub(crate) fn must_hold(&self, scope: &Scope) -> Result<(), Failure> {
        if self.sees(scope) == Seen::Figures && !scope.is_each() {
            return Ok(());
        }
        Err(Failure::NotFound { what: "budget", id: scope.to_string() })
    }

    /// Whether more may be asked for there: not for other people or their teams.
    pub(crate) fn may_ask(&self, scope: &Scope) -> bool {
        match scope.kind() {
            ScopeKind::Developer | ScopeKind::Team => self.sees(scope) != Seen::Nothing,
            ScopeKind::Organisation
            | ScopeKind::Client
            | ScopeKind::Project
            | ScopeKind::Repo
            | ScopeKind::Provider
            | ScopeKind::Model
            | ScopeKind::Task
            | ScopeKind::Tag
            | ScopeKind::Session => true,
        }
    }
}

/// As scopes have it.
fn folded(developer: &Developer) -> String {
    developer.as_str().to_lowercase()
}
