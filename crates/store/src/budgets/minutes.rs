//! What people command of budgets, as rows of the audit log: who agreed, moved, stopped or
//! asked for what, with what stood there before and what stands there now.

use domain::{NanoUsd, Scope, Timestamp};
use ledger::{
    Account, Action, Budget, BudgetKey, Ceiling, Change, Command, HaltKind, Mark, Order, Overcommit, Pace,
    Request, Rollover, Row, Stop, Terms, Threshold,
};
use serde::Serialize;

use super::round::Asked;
use crate::books::{AuditRow, Deed, Standing};
use crate::error::StoreError;

/// The kind of all rows of the audit log that are about budgets.
const KIND: &str = "budget";

/// One command of somebody, as it goes into the audit log.
#[derive(Debug)]
pub(crate) struct Minute {
    at: Timestamp,
    actor: String,
    action: &'static str,
    reason: Option<String>,
    lines: Vec<Line>,
}

/// Something that it changed.
#[derive(Debug, Default, PartialEq, Eq)]
struct Line {
    id: String,
    before: Option<String>,
    after: Option<String>,
}

/// By whose order a command is given; none where it is not a person's.
pub(crate) const fn order_of(command: &Command) -> Option<&Order> {
    match command {
        Command::Set(it) => Some(&it.order),
        Command::Allocate(it) => Some(&it.order),
        Command::Remove(it) => Some(&it.order),
        Command::Transfer(it) => Some(&it.order),
        Command::Halt(it) | Command::Lift(it) => Some(&it.order),
        Command::Ask(it) => Some(&it.order),
        Command::Approve(it) => Some(&it.order),
        Command::Deny(it) => Some(&it.order),
        Command::Reserve(_)
        | Command::Settle(_)
        | Command::Release(_)
        | Command::Expire(_)
        | Command::Book(_)
        | Command::Lend(_)
        | Command::Return(_)
        | Command::ExpireLease(_) => None,
    }
}

const fn action(command: &Command) -> &'static str {
    match command {
        Command::Set(_) => "budget.set",
        Command::Allocate(_) => "budget.allocate",
        Command::Remove(_) => "budget.remove",
        Command::Transfer(_) => "budget.transfer",
        Command::Halt(it) => match it.kind {
            HaltKind::Freeze => "budget.freeze",
            HaltKind::Kill => "kill",
        },
        Command::Lift(it) => match it.kind {
            HaltKind::Freeze => "budget.unfreeze",
            HaltKind::Kill => "unkill",
        },
        Command::Ask(_) => "budget.request",
        Command::Approve(_) => "budget.approve",
        Command::Deny(_) => "budget.deny",
        Command::Reserve(_) => "reserve",
        Command::Settle(_) => "settle",
        Command::Release(_) => "release",
        Command::Expire(_) => "expire",
        Command::Book(_) => "book",
        Command::Lend(_) => "lend",
        Command::Return(_) => "return",
        Command::ExpireLease(_) => "expire_lease",
    }
}

impl Minute {
    /// Of a command that somebody gave and that changed something.
    pub(crate) fn of(asked: &Asked, changes: &[Change]) -> Option<Self> {
        let order = order_of(&asked.command)?;
        if changes.is_empty() {
            return None;
        }
        let mut lines: Vec<Line> = changes.iter().filter_map(line).collect();
        lines.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        if lines.is_empty() {
            // As where what is not stopped is let go.
            lines.push(Line { id: about(&asked.command), ..Line::default() });
        }
        let reason = Some(order.reason.trim()).filter(|it| !it.is_empty()).map(str::to_owned);
        Some(Self {
            at: asked.now,
            actor: order.by.name.clone(),
            action: action(&asked.command),
            reason,
            lines,
        })
    }

    /// What minutes make of the books: each is an act, with a version of its own.
    pub(crate) fn deed(minutes: &[Self], standing: &Standing) -> Result<Deed, StoreError> {
        let (mut version, mut seq) = (standing.version, standing.last_seq);
        let mut rows = Vec::new();
        for minute in minutes {
            version = version.checked_add(1).ok_or(domain::Overflow)?;
            for line in &minute.lines {
                seq = seq.checked_add(1).ok_or(domain::Overflow)?;
                let row = minute.row(seq, version, line);
                row.check_texts()?;
                rows.push(row);
            }
        }
        Ok(Deed { version, rows, bodies: std::collections::BTreeMap::new() })
    }

    fn row(&self, seq: u64, version: u64, line: &Line) -> AuditRow {
        AuditRow {
            seq,
            version,
            at: self.at,
            actor: self.actor.clone(),
            action: self.action.to_owned(),
            kind: KIND.to_owned(),
            id: line.id.clone(),
            before: line.before.clone(),
            after: line.after.clone(),
            reason: self.reason.clone(),
            restored_at: None,
        }
    }
}

/// What a command is about, where it changed nothing that is shown.
fn about(command: &Command) -> String {
    match command {
        Command::Set(it) => it.budget.to_string(),
        Command::Allocate(it) => it.budget.to_string(),
        Command::Remove(it) => it.budget.to_string(),
        Command::Transfer(it) => it.from.to_string(),
        Command::Halt(it) | Command::Lift(it) => it.scope.to_string(),
        Command::Ask(it) => it.budget.to_string(),
        Command::Approve(it) => it.request.to_string(),
        Command::Deny(it) => it.request.to_string(),
        Command::Reserve(_)
        | Command::Settle(_)
        | Command::Release(_)
        | Command::Expire(_)
        | Command::Book(_)
        | Command::Lend(_)
        | Command::Return(_)
        | Command::ExpireLease(_) => String::new(),
    }
}

/// What a change is to people: what was agreed of a budget or moved, what is stopped, and
/// what was asked for. Sums that calls change are not their doing.
fn line(change: &Change) -> Option<Line> {
    let [before, after] = [&change.before, &change.after].map(|row| row.as_ref().and_then(paper));
    let id = match change.after.as_ref().or(change.before.as_ref())? {
        Row::Budget(it) => it.key.to_string(),
        Row::Account(it) => it.scope.to_string(),
        Row::Request(it) => it.budget.to_string(),
        Row::Past(_) | Row::Reservation(_) | Row::Lease(_) | Row::Tally(_) | Row::Done(_) => return None,
    };
    (before != after).then_some(Line { id, before, after })
}

fn paper(row: &Row) -> Option<String> {
    match row {
        Row::Budget(it) => it.terms.as_ref().and_then(|terms| text(&BudgetPaper::of(it, terms))),
        Row::Account(it) if it.frozen.is_none() && it.killed.is_none() => None,
        Row::Account(it) => text(&StopsPaper::of(it)),
        Row::Request(it) => text(&RequestPaper::of(it)),
        Row::Past(_) | Row::Reservation(_) | Row::Lease(_) | Row::Tally(_) | Row::Done(_) => None,
    }
}

fn text(paper: &impl Serialize) -> Option<String> {
    serde_json::to_string(paper).ok()
}

fn nano(amount: NanoUsd) -> String {
    amount.nano().to_string()
}

/// What is agreed of a budget.
#[derive(Serialize)]
struct BudgetPaper<'a> {
    scope: String,
    period: &'static str,
    amount_nano_usd: String,
    amount_usd: String,
    /// What transfers and granted requests brought in this period.
    moved_nano_usd: String,
    moved_usd: String,
    ceiling: &'static str,
    rollover: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rollover_nano_usd: Option<String>,
    pace: &'static str,
    overcommit: &'static str,
    unreachable: &'static str,
    thresholds: Vec<ThresholdPaper<'a>>,
    parent: Option<String>,
    owner: Option<&'a str>,
}

#[derive(Serialize)]
struct ThresholdPaper<'a> {
    /// None where it is the forecast's.
    percent: Option<u16>,
    action: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    models: Vec<(&'a str, &'a str)>,
}

impl<'a> BudgetPaper<'a> {
    fn of(it: &Budget, terms: &'a Terms) -> Self {
        let BudgetKey { scope, period } = &it.key;
        let (rollover, most) = match terms.rollover {
            Rollover::None => ("none", None),
            Rollover::OnePeriod => ("one_period", None),
            Rollover::UpTo(most) => ("up_to", Some(nano(most))),
        };
        Self {
            scope: scope.to_string(),
            period: period.name(),
            amount_nano_usd: nano(terms.amount),
            amount_usd: terms.amount.to_string(),
            moved_nano_usd: nano(it.counter.moved),
            moved_usd: it.counter.moved.to_string(),
            ceiling: match terms.ceiling {
                Ceiling::Hard => "hard",
                Ceiling::Soft => "soft",
            },
            rollover,
            rollover_nano_usd: most,
            pace: match terms.pace {
                Pace::Free => "free",
                Pace::WorkingDays => "working_days",
            },
            overcommit: match terms.overcommit {
                Overcommit::Allow => "allow",
                Overcommit::Refuse => "refuse",
            },
            unreachable: terms.unreachable.name(),
            thresholds: terms.thresholds.iter().map(ThresholdPaper::of).collect(),
            parent: it.parent.as_ref().map(Scope::to_string),
            owner: terms.owner.as_deref(),
        }
    }
}

impl<'a> ThresholdPaper<'a> {
    fn of(it: &'a Threshold) -> Self {
        let percent = match it.mark {
            Mark::Percent(percent) => Some(percent),
            Mark::Forecast => None,
        };
        let models = match &it.action {
            Action::Downgrade(map) => map.iter().map(|it| (it.from.as_str(), it.to.as_str())).collect(),
            Action::Notify | Action::Clamp | Action::Refuse | Action::AllowOverrun => Vec::new(),
        };
        Self { percent, action: it.action.name(), models }
    }
}

/// What stops a scope.
#[derive(Serialize)]
struct StopsPaper<'a> {
    scope: String,
    frozen: Option<StopPaper<'a>>,
    killed: Option<StopPaper<'a>>,
}

#[derive(Serialize)]
struct StopPaper<'a> {
    by: &'a str,
    at_ms: i64,
    reason: &'a str,
}

impl<'a> StopsPaper<'a> {
    fn of(it: &'a Account) -> Self {
        let stop = |it: &'a Stop| StopPaper { by: &it.by, at_ms: it.at.millis(), reason: &it.reason };
        Self {
            scope: it.scope.to_string(),
            frozen: it.frozen.as_ref().map(stop),
            killed: it.killed.as_ref().map(stop),
        }
    }
}

/// What was asked for, and the answer.
#[derive(Serialize)]
struct RequestPaper<'a> {
    request: &'a str,
    scope: String,
    period: &'static str,
    amount_nano_usd: String,
    amount_usd: String,
    by: &'a str,
    reason: &'a str,
    state: &'static str,
    granted_nano_usd: Option<String>,
}

impl<'a> RequestPaper<'a> {
    fn of(it: &'a Request) -> Self {
        let granted = it.answer.as_ref().and_then(|it| it.granted);
        let state = match (&it.answer, granted) {
            (None, _) => "open",
            (Some(_), Some(_)) => "approved",
            (Some(_), None) => "denied",
        };
        Self {
            request: it.id.as_str(),
            scope: it.budget.scope.to_string(),
            period: it.budget.period.name(),
            amount_nano_usd: nano(it.amount),
            amount_usd: it.amount.to_string(),
            by: &it.by.name,
            reason: &it.reason,
            state,
            granted_nano_usd: granted.map(nano),
        }
    }
}
