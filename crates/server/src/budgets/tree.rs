//! Budgets as they stand, on the wire.

use std::collections::{BTreeMap, BTreeSet};

use domain::{NanoUsd, Scope, Timestamp};
use ledger::{Account, Budget, BudgetKey, Counter, Limit, Policy, Stop, Terms};
use serde::Serialize;
use store::Standing;
use utoipa::ToSchema;

use super::amount::percent;
use super::sight::{BudgetSight, Seen};
use super::terms::WireTerms;
use crate::api::moment;

/// A budget, as it stands now.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct WireBudget {
    /// What it is about: `org`, `team/web`, `developer/ada@example.com` ...
    scope: String,
    /// The word before the slash.
    kind: &'static str,
    /// day, week, month, quarter or none
    period: &'static str,
    /// The first moment of the period; none where it lasts for ever.
    starts_at: Option<String>,
    /// The first moment after it: then it begins anew.
    resets_at: Option<String>,
    /// The scope above it in the tree.
    parent: Option<String>,
    /// Whether it stands for each member of its kind, with a counter for each.
    is_template: bool,
    /// The template whose terms hold, where it has none of its own.
    terms_of: Option<String>,
    /// What is agreed. None where the token does not see it, and of a scope that is only
    /// there because others hang below it.
    terms: Option<WireTerms>,
    /// What has become of the money. None where the token does not see it, and of templates.
    figures: Option<BudgetFigures>,
    /// Why nothing new is granted.
    frozen: Option<WireStop>,
    /// Why calls are cut off, and nothing new is granted.
    killed: Option<WireStop>,
}

impl WireBudget {
    pub(crate) fn scope(&self) -> &str {
        &self.scope
    }

    pub(crate) const fn period(&self) -> &'static str {
        self.period
    }
}

/// What has become of a budget's money in the period. An amount below zero is short.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct BudgetFigures {
    /// What there is to spend: the amount, what was carried over and what was moved.
    allocation_nano_usd: String,
    allocation_usd: String,
    /// What was left of the period before.
    carried_nano_usd: String,
    carried_usd: String,
    /// What transfers and granted requests brought or took.
    moved_nano_usd: String,
    moved_usd: String,
    spent_nano_usd: String,
    spent_usd: String,
    /// What is held for calls that run.
    reserved_nano_usd: String,
    reserved_usd: String,
    /// What gateways have taken with them and not yet told of.
    leased_nano_usd: String,
    leased_usd: String,
    left_nano_usd: String,
    left_usd: String,
    /// How much of what is spent did not fit when it came.
    overrun_nano_usd: String,
    overrun_usd: String,
    /// What is promised to the budgets right below.
    promised_nano_usd: String,
    promised_usd: String,
    unpromised_nano_usd: String,
    unpromised_usd: String,
    /// How much of the allocation is spent, in per cent.
    spent_percent: Option<String>,
    /// What will have been spent by the end of the period at the pace so far: a straight line over its
    /// working time, which thresholds called `forecast` go by. What `insight` forecasts knows weekdays and
    /// trends as well.
    forecast_nano_usd: Option<String>,
    forecast_usd: Option<String>,
    /// The most that this budget would grant now; none where it forbids nothing.
    room: Option<WireRoom>,
    /// The highest percentage of a threshold that was told in the period; 0 where none was.
    told_percent: u16,
    /// When the forecast was told to be above the allocation.
    forecast_told_at: Option<String>,
}

/// The most that would be granted now, and what forbids more.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct WireRoom {
    pub(super) amount_nano_usd: String,
    pub(super) amount_usd: String,
    /// allocation, threshold, forecast or pace
    pub(super) limit: &'static str,
    /// When there is more.
    pub(super) more_at: Option<String>,
}

/// Who stopped something, when and why.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct WireStop {
    by: String,
    at: String,
    reason: String,
}

impl WireStop {
    pub(crate) fn of(stop: &Stop) -> Self {
        Self { by: stop.by.clone(), at: moment(stop.at), reason: stop.reason.clone() }
    }
}

/// The name of what forbids more.
pub(crate) const fn limit_name(limit: Limit) -> &'static str {
    match limit {
        Limit::Allocation => "allocation",
        Limit::Threshold(_) => "threshold",
        Limit::Forecast => "forecast",
        Limit::Pace(_) => "pace",
    }
}

/// When there is more than a limit leaves.
pub(crate) const fn more_at(limit: Limit, resets: Option<Timestamp>) -> Option<Timestamp> {
    match limit {
        Limit::Pace(at) => Some(at),
        Limit::Allocation | Limit::Threshold(_) | Limit::Forecast => resets,
    }
}

/// Budgets by their keys, as they stand at a moment.
pub(crate) struct Tree<'a> {
    budgets: BTreeMap<&'a BudgetKey, &'a Budget>,
    accounts: BTreeMap<&'a Scope, &'a Account>,
    policy: &'a Policy,
    now: Timestamp,
}

/// A budget with the terms in force and its counter now.
pub(crate) struct Shown<'a> {
    pub(crate) budget: &'a Budget,
    pub(crate) terms: Option<&'a Terms>,
    /// The template that the terms are of.
    pub(crate) terms_of: Option<Scope>,
    pub(crate) counter: Counter,
}

impl<'a> Tree<'a> {
    pub(crate) fn new(standing: &'a Standing, now: Timestamp) -> Self {
        Self {
            budgets: standing.budgets.iter().map(|it| (&it.key, it)).collect(),
            accounts: standing.accounts.iter().map(|it| (&it.scope, it)).collect(),
            policy: &standing.policy,
            now,
        }
    }

    /// A budget as it stands.
    pub(crate) fn shown(&self, budget: &'a Budget) -> Shown<'a> {
        let template = || {
            let key = BudgetKey::new(budget.key.scope.each()?, budget.key.period);
            Some((self.budgets.get(&key)?.terms.as_deref()?, key.scope))
        };
        let (terms, terms_of) = match (budget.terms.as_deref(), template()) {
            (Some(own), _) => (Some(own), None),
            (None, Some((terms, scope))) => (Some(terms), Some(scope)),
            (None, None) => (None, None),
        };
        let counter = budget.counter_at(self.now, terms, &self.policy.calendar);
        Shown { budget, terms, terms_of, counter }
    }

    /// All budgets that somebody sees: the widest scopes first, each above what hangs below it.
    pub(crate) fn wires(&self, sight: &BudgetSight, keep: impl Fn(&BudgetKey) -> bool) -> Vec<WireBudget> {
        let mut out = Vec::new();
        for key in self.in_order() {
            let Some(budget) = self.budgets.get(key).filter(|_| keep(key)) else { continue };
            let seen = sight.sees(&key.scope);
            if seen != Seen::Nothing {
                out.push(self.wire(budget, seen));
            }
        }
        out
    }

    /// The budget of a key, as far as it is seen.
    pub(crate) fn one(&self, key: &BudgetKey, sight: &BudgetSight) -> Option<WireBudget> {
        let budget = self.budgets.get(key)?;
        let seen = sight.sees(&key.scope);
        (seen != Seen::Nothing).then(|| self.wire(budget, seen))
    }

    fn wire(&self, budget: &'a Budget, seen: Seen) -> WireBudget {
        let shown = self.shown(budget);
        let (scope, is_full) = (&budget.key.scope, seen == Seen::Figures);
        let account = self.accounts.get(scope);
        let stop =
            |of: fn(&Account) -> &Option<Stop>| account.and_then(|it| of(it).as_ref()).map(WireStop::of);
        let window = shown.counter.window;
        let terms = shown.terms.filter(|_| is_full || scope.is_each());
        WireBudget {
            scope: scope.to_string(),
            kind: scope.kind().name(),
            period: budget.key.period.name(),
            starts_at: window.end.map(|_| moment(window.start)),
            resets_at: window.end.map(moment),
            parent: budget.parent.as_ref().map(ToString::to_string),
            is_template: scope.is_each(),
            terms_of: shown.terms_of.as_ref().map(ToString::to_string),
            terms: terms.map(WireTerms::of),
            figures: (is_full && !scope.is_each()).then(|| shown.figures(self.now)),
            frozen: stop(|it| &it.frozen),
            killed: stop(|it| &it.killed),
        }
    }

    /// Keys in the order of the tree: what hangs below a budget follows it.
    fn in_order(&self) -> Vec<&'a BudgetKey> {
        let mut below: BTreeMap<BudgetKey, Vec<&'a BudgetKey>> = BTreeMap::new();
        let mut tops = Vec::new();
        for (key, budget) in &self.budgets {
            match &budget.parent {
                Some(parent) => {
                    below.entry(BudgetKey::new(parent.clone(), key.period)).or_default().push(key);
                }
                None => tops.push(*key),
            }
        }
        tops.sort_by_key(|it| (std::cmp::Reverse(it.scope.kind()), it.period, &it.scope));
        let (mut out, mut seen) = (Vec::with_capacity(self.budgets.len()), BTreeSet::new());
        let mut open: Vec<&'a BudgetKey> = tops.into_iter().rev().collect();
        while let Some(key) = open.pop() {
            if seen.insert(key) {
                out.push(key);
                open.extend(below.get(key).into_iter().flatten().rev().copied());
            }
        }
        out
    }
}

impl Shown<'_> {
    fn figures(&self, now: Timestamp) -> BudgetFigures {
        let it = &self.counter;
        let nano = |amount: NanoUsd| amount.nano().to_string();
        let unpromised = it.unpromised(self.budget.promised);
        let promised = it.allocation().minus(unpromised).unwrap_or_default();
        let forecast = it.forecast(now);
        let room = self.terms.and_then(|terms| it.room(terms, now));
        BudgetFigures {
            allocation_nano_usd: nano(it.allocation()),
            allocation_usd: it.allocation().to_string(),
            carried_nano_usd: nano(it.carried),
            carried_usd: it.carried.to_string(),
            moved_nano_usd: nano(it.moved),
            moved_usd: it.moved.to_string(),
            spent_nano_usd: nano(it.spent),
            spent_usd: it.spent.to_string(),
            reserved_nano_usd: nano(it.reserved),
            reserved_usd: it.reserved.to_string(),
            leased_nano_usd: nano(it.leased),
            leased_usd: it.leased.to_string(),
            left_nano_usd: nano(it.left()),
            left_usd: it.left().to_string(),
            overrun_nano_usd: nano(it.overrun),
            overrun_usd: it.overrun.to_string(),
            promised_nano_usd: nano(promised),
            promised_usd: promised.to_string(),
            unpromised_nano_usd: nano(unpromised),
            unpromised_usd: unpromised.to_string(),
            spent_percent: percent(it.spent, it.allocation()),
            forecast_nano_usd: forecast.map(nano),
            forecast_usd: forecast.map(|it| it.to_string()),
            room: room.map(|room| WireRoom {
                amount_nano_usd: nano(room.amount),
                amount_usd: room.amount.to_string(),
                limit: limit_name(room.limit),
                more_at: more_at(room.limit, it.window.end).map(moment),
            }),
            told_percent: it.told.percent,
            forecast_told_at: it.told.forecast_at.map(moment),
        }
    }
}
