//! A budget and its terms.

use std::sync::Arc;

use domain::{ModelName, NanoUsd, Scope};
use ledger::{
    Action, Budget, Ceiling, Downgrade, LeaseId, Mark, Overcommit, Pace, Rollover, Slice, Terms, Threshold,
    WhenUnreachable,
};
use serde::{Deserialize, Serialize};

use super::counted::CounterWire;
use super::{KeyWire, NotARow, is_zero, moment, scope, usd};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BudgetWire {
    budget: KeyWire,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    terms: Option<TermsWire>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parent: Option<String>,
    #[serde(default, skip_serializing_if = "is_zero")]
    promised: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    slice: Option<SliceWire>,
    counter: CounterWire,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SliceWire {
    lease: String,
    usable_until: i64,
}

impl BudgetWire {
    pub(super) fn of(it: &Budget) -> Self {
        let slice =
            |it: &Slice| SliceWire { lease: it.lease.to_string(), usable_until: it.usable_until.millis() };
        Self {
            budget: KeyWire::of(&it.key),
            terms: it.terms.as_deref().map(TermsWire::of),
            parent: it.parent.as_ref().map(Scope::to_string),
            promised: it.promised.nano(),
            slice: it.slice.as_ref().map(slice),
            counter: CounterWire::of(&it.counter),
        }
    }

    pub(super) fn budget(self) -> Result<Budget, NotARow> {
        let slice =
            |it: SliceWire| Slice { lease: LeaseId::new(&it.lease), usable_until: moment(it.usable_until) };
        Ok(Budget {
            key: self.budget.key()?,
            terms: self.terms.map(|it| Arc::new(it.terms())),
            parent: self.parent.as_deref().map(scope).transpose()?,
            promised: usd(self.promised),
            slice: self.slice.map(slice),
            counter: self.counter.counter()?,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TermsWire {
    amount: i64,
    ceiling: CeilingWire,
    rollover: RolloverWire,
    pace: PaceWire,
    overcommit: OvercommitWire,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    thresholds: Vec<ThresholdWire>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    unreachable: UnreachableWire,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum CeilingWire {
    Hard,
    Soft,
}

impl CeilingWire {
    pub(super) const fn of(it: Ceiling) -> Self {
        match it {
            Ceiling::Hard => Self::Hard,
            Ceiling::Soft => Self::Soft,
        }
    }

    pub(super) const fn ceiling(self) -> Ceiling {
        match self {
            Self::Hard => Ceiling::Hard,
            Self::Soft => Ceiling::Soft,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RolloverWire {
    None,
    OnePeriod,
    UpTo(i64),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PaceWire {
    Free,
    WorkingDays,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OvercommitWire {
    Allow,
    Refuse,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum UnreachableWire {
    Refuse,
    Allow,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ThresholdWire {
    mark: MarkWire,
    action: ActionWire,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum MarkWire {
    Percent(u16),
    Forecast,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ActionWire {
    Notify,
    /// Pairs of what is asked for and what is used.
    Downgrade(Vec<(String, String)>),
    Clamp,
    Refuse,
    AllowOverrun,
}

impl TermsWire {
    fn of(it: &Terms) -> Self {
        Self {
            amount: it.amount.nano(),
            ceiling: CeilingWire::of(it.ceiling),
            rollover: match it.rollover {
                Rollover::None => RolloverWire::None,
                Rollover::OnePeriod => RolloverWire::OnePeriod,
                Rollover::UpTo(most) => RolloverWire::UpTo(most.nano()),
            },
            pace: match it.pace {
                Pace::Free => PaceWire::Free,
                Pace::WorkingDays => PaceWire::WorkingDays,
            },
            overcommit: match it.overcommit {
                Overcommit::Allow => OvercommitWire::Allow,
                Overcommit::Refuse => OvercommitWire::Refuse,
            },
            thresholds: it.thresholds.iter().map(ThresholdWire::of).collect(),
            owner: it.owner.clone(),
            unreachable: match it.unreachable {
                WhenUnreachable::Refuse => UnreachableWire::Refuse,
                WhenUnreachable::Allow => UnreachableWire::Allow,
            },
        }
    }

    fn terms(self) -> Terms {
        Terms {
            amount: usd(self.amount),
            ceiling: self.ceiling.ceiling(),
            rollover: match self.rollover {
                RolloverWire::None => Rollover::None,
                RolloverWire::OnePeriod => Rollover::OnePeriod,
                RolloverWire::UpTo(most) => Rollover::UpTo(NanoUsd::new(most)),
            },
            pace: match self.pace {
                PaceWire::Free => Pace::Free,
                PaceWire::WorkingDays => Pace::WorkingDays,
            },
            overcommit: match self.overcommit {
                OvercommitWire::Allow => Overcommit::Allow,
                OvercommitWire::Refuse => Overcommit::Refuse,
            },
            thresholds: self.thresholds.into_iter().map(ThresholdWire::threshold).collect(),
            owner: self.owner,
            unreachable: match self.unreachable {
                UnreachableWire::Refuse => WhenUnreachable::Refuse,
                UnreachableWire::Allow => WhenUnreachable::Allow,
            },
        }
    }
}

impl ThresholdWire {
    fn of(it: &Threshold) -> Self {
        let pair = |it: &Downgrade| (it.from.clone(), it.to.to_string());
        let mark = match it.mark {
            Mark::Percent(percent) => MarkWire::Percent(percent),
            Mark::Forecast => MarkWire::Forecast,
        };
        let action = match &it.action {
            Action::Notify => ActionWire::Notify,
            Action::Downgrade(map) => ActionWire::Downgrade(map.iter().map(pair).collect()),
            Action::Clamp => ActionWire::Clamp,
            Action::Refuse => ActionWire::Refuse,
            Action::AllowOverrun => ActionWire::AllowOverrun,
        };
        Self { mark, action }
    }

    fn threshold(self) -> Threshold {
        let line = |(from, to): (String, String)| Downgrade { from, to: ModelName::new(&to) };
        let mark = match self.mark {
            MarkWire::Percent(percent) => Mark::Percent(percent),
            MarkWire::Forecast => Mark::Forecast,
        };
        let action = match self.action {
            ActionWire::Notify => Action::Notify,
            ActionWire::Downgrade(map) => Action::Downgrade(map.into_iter().map(line).collect()),
            ActionWire::Clamp => Action::Clamp,
            ActionWire::Refuse => Action::Refuse,
            ActionWire::AllowOverrun => Action::AllowOverrun,
        };
        Threshold { mark, action }
    }
}
