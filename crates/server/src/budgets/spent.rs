//! What the book says was spent on something in the period that runs.

use domain::{Day, Dimension, Directory, NanoUsd, Overflow, Scope, ScopeKind, Team};
use ledger::{BudgetKey, Calendar};

use crate::desk::Desk;
use crate::failure::Failure;
use crate::figures::sight::Sight;
use crate::register::Standing;

/// As what reports know scopes of that kind. Of tags they know nothing.
const fn dimension(kind: ScopeKind) -> Option<Dimension> {
    match kind {
        ScopeKind::Session => Some(Dimension::Session),
        ScopeKind::Task => Some(Dimension::Task),
        ScopeKind::Model => Some(Dimension::Model),
        ScopeKind::Provider => Some(Dimension::Provider),
        ScopeKind::Repo => Some(Dimension::Repo),
        ScopeKind::Project => Some(Dimension::Project),
        ScopeKind::Client => Some(Dimension::Client),
        ScopeKind::Developer => Some(Dimension::Developer),
        ScopeKind::Team => Some(Dimension::Team),
        ScopeKind::Tag | ScopeKind::Organisation => None,
    }
}

/// Whether what a report calls so counts in a scope.
fn is_of(scope: &Scope, value: &str, directory: &Directory, day: Day) -> bool {
    if scope.kind() != ScopeKind::Team {
        return Scope::new(scope.kind(), value).is_ok_and(|it| it == *scope);
    }
    let team = Team::new(value);
    directory.lineage(&team, day).into_iter().any(|it| it.as_str() == scope.name())
}

/// What the book has of a budget's scope in the period that holds this moment. Of tags and
/// of templates, nothing.
pub(crate) async fn in_period(
    desk: &Desk,
    standing: &Standing,
    key: &BudgetKey,
    calendar: &Calendar,
) -> Result<NanoUsd, Failure> {
    let scope = &key.scope;
    if scope.is_each() || scope.kind() == ScopeKind::Tag {
        return Ok(NanoUsd::ZERO);
    }
    let now = desk.now();
    let window = calendar.window(key.period, now).ok_or(Overflow)?;
    let since = window.end.map(|_| window.start);
    let by = dimension(scope.kind());
    let who = (&Sight::Everything, &standing.directory_at());
    let costs = desk.figures().costs(by, since, who, now).await?;
    let day = desk.today();
    let counts = |value: &str| by.is_none() || is_of(scope, value, &standing.directory, day);
    let mut sum = NanoUsd::ZERO;
    for (value, measures) in &costs {
        if counts(value) {
            sum = sum.plus(measures.cost)?;
        }
    }
    Ok(sum)
}
