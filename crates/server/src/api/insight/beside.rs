//! What stands beside the figures: budgets that the caller sees, and what people said of anomalies.

use domain::{NanoUsd, Timestamp};
use insight::anomaly::{Judgement, Rule, Verdict};
use insight::budget_line::BudgetLine;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use ledger::Ceiling;
use serde::{Deserialize, Serialize};

use crate::access::Caller;
use crate::budgets::sight::{BudgetSight, Seen};
use crate::budgets::tree::Tree;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::register::VERDICT;

/// A verdict as the books have it.
#[derive(Serialize, Deserialize)]
pub(super) struct KeptVerdict {
    kind: String,
    value: String,
    rule: String,
    day: String,
    cost_nano_usd: String,
    verdict: String,
    note: Option<String>,
    by: String,
    at_ms: i64,
}

impl KeptVerdict {
    pub(super) fn of(it: &Judgement) -> Self {
        Self {
            kind: it.subject.kind().to_owned(),
            value: it.subject.value.to_string(),
            rule: it.rule.name().to_owned(),
            day: it.day.to_string(),
            cost_nano_usd: it.cost.nano().to_string(),
            verdict: it.verdict.name().to_owned(),
            note: it.note.clone(),
            by: it.by.clone(),
            at_ms: it.at.millis(),
        }
    }

    fn judgement(self, id: String) -> Option<Judgement> {
        Some(Judgement {
            id,
            subject: Judgement::subject_of(&self.kind, &self.value)?,
            rule: Rule::from_name(&self.rule)?,
            day: self.day.parse().ok()?,
            cost: NanoUsd::new(self.cost_nano_usd.parse().ok()?),
            verdict: Verdict::from_name(&self.verdict)?,
            note: self.note,
            by: self.by,
            at: Timestamp::from_millis(self.at_ms),
        })
    }
}

/// What people said of anomalies.
pub(super) async fn judgements(desk: &Desk) -> Result<Vec<Judgement>, Failure> {
    let entries = desk.register().books().entries(VERDICT).await?.into_iter();
    let read = |it: store::Entry| {
        let damaged = || Failure::Damaged(format!("the {VERDICT} `{}`", it.id));
        let kept: KeptVerdict = serde_json::from_str(&it.body).map_err(|_| damaged())?;
        kept.judgement(it.id.clone()).ok_or_else(damaged)
    };
    entries.map(read).collect()
}

/// The budgets whose figures the caller sees, as they stand now.
pub(super) async fn budgets(desk: &Desk, caller: &Caller) -> Result<Vec<BudgetLine>, Failure> {
    let around = desk.register().current().await?;
    let sight = BudgetSight::of(caller, &around, desk.today())?;
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

fn day(at: Timestamp, zone: &TimeZone) -> Option<Date> {
    let at = jiff::Timestamp::from_millisecond(at.millis()).ok()?;
    Some(at.to_zoned(zone.clone()).date())
}
