//! What stands beside the figures: budgets that the caller sees, and what people said of anomalies.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::{Day, Directory, Scope, ScopeKind, Team, Timestamp};
use insight::anomaly::Judgement;
use insight::budget_line::BudgetLine;
use insight::wire::WireJudgement;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use ledger::Ceiling;

use crate::access::Caller;
use crate::budgets::sight::{BudgetSight, Seen};
use crate::budgets::tree::Tree;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::register::VERDICT;

/// What people said of anomalies.
pub(super) async fn judgements(desk: &Desk) -> Result<Vec<Judgement>, Failure> {
    let entries = desk.register().books().entries(VERDICT).await?.into_iter();
    let read = |it: store::Entry| {
        let damaged = || Failure::Damaged(format!("the {VERDICT} `{}`", it.id));
        let kept: WireJudgement = serde_json::from_str(&it.body).map_err(|_| damaged())?;
        kept.judgement().ok_or_else(damaged)
    };
    entries.map(read).collect()
}

/// The budgets whose figures the caller sees, as they stand now.
pub(super) async fn budgets(desk: &Desk, caller: &Caller) -> Result<Vec<BudgetLine>, Failure> {
    let around = desk.register().current().await?;
    let today = desk.today();
    let sight = BudgetSight::of(caller, &around, today)?;
    let standing = desk.store().budgets().standing().await?;
    let tree = Tree::new(&standing, desk.now());
    let zone = desk.figures().zone();
    let seen = standing.budgets.iter().filter(|it| {
        let scope = &it.key.scope;
        !scope.is_each() && sight.sees(scope) == Seen::Figures
    });
    let line = |it| {
        let shown = tree.shown(it);
        let terms = shown.terms?;
        let (counter, window) = (&shown.counter, shown.counter.window);
        let last = |end: Timestamp| day(Timestamp::from_millis(end.millis().saturating_sub(1)), zone);
        Some(BudgetLine {
            scope: it.key.scope.clone(),
            teams: teams_of(&it.key.scope, &around.directory, today),
            period: it.key.period,
            first: window.end.and_then(|_| day(window.start, zone)),
            last: window.end.and_then(last),
            allocation: counter.allocation(),
            spent: counter.spent,
            left: counter.left(),
            is_hard: terms.ceiling == Ceiling::Hard,
        })
    };
    Ok(seen.filter_map(line).collect())
}

/// The teams whose calls count in a team's budget: itself and those below it.
fn teams_of(scope: &Scope, directory: &Directory, day: Day) -> Vec<Arc<str>> {
    if scope.kind() != ScopeKind::Team {
        return Vec::new();
    }
    let is_below = |it: &&Team| directory.lineage(it, day).iter().any(|it| it.as_str() == scope.name());
    let below = directory.entries().teams.keys().filter(is_below).map(Team::as_str);
    let all: BTreeSet<&str> = below.chain([scope.name()]).collect();
    all.into_iter().map(Arc::from).collect()
}

fn day(at: Timestamp, zone: &TimeZone) -> Option<Date> {
    let at = jiff::Timestamp::from_millisecond(at.millis()).ok()?;
    Some(at.to_zoned(zone.clone()).date())
}
