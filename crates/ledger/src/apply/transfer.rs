//! Budget moved between nodes of the tree, at once: nothing is created and nothing lost.
//!
//! The two ends have a lowest budget above both (which may be one of them). Every budget
//! on the way from the source up to there loses the amount, every one on the way down to
//! the target gains it; those above see nothing of it.

use domain::{NanoUsd, Period, Scope, Timestamp};

use super::{amount, reasoned};
use crate::account::{Account, Actor, Tally, TallyKey};
use crate::budget::{Budget, BudgetKey};
use crate::command::Transfer;
use crate::counter::Limit;
use crate::draft::Draft;
use crate::outcome::Outcome;
use crate::refusal::{Refusal, Shortfall, Stopped};
use crate::row::Key;

/// Money on its way.
pub(super) struct Movement<'a> {
    pub(super) from: &'a Scope,
    pub(super) to: &'a Scope,
    pub(super) period: Period,
    pub(super) amount: NanoUsd,
}

impl Draft<'_> {
    pub(super) fn transfer(&mut self, it: &Transfer) -> Result<Outcome, Stopped> {
        reasoned(&it.order)?;
        let movement = Movement { from: &it.from, to: &it.to, period: it.period, amount: it.amount };
        self.move_money(&movement, &it.order.by)?;
        Ok(Outcome::Done)
    }

    pub(super) fn move_money(&mut self, it: &Movement<'_>, by: &Actor) -> Result<(), Stopped> {
        if amount(it.amount)? == NanoUsd::ZERO {
            return Err(Refusal::BadAmount(it.amount).into());
        }
        let keys = [it.from, it.to].map(|scope| BudgetKey::new(scope.clone(), it.period));
        self.need(keys.iter().map(|it| Key::Scope(it.scope.clone())))?;
        for key in &keys {
            if key.scope.is_each() {
                return Err(Refusal::Template(key.scope.clone()).into());
            }
            self.not_frozen(&key.scope)?;
            if self.stored::<Budget>(key)?.is_none_or(|it| it.terms.is_none()) {
                return Err(Refusal::NoBudget(key.clone()).into());
            }
        }
        let [from, to] = &keys;
        let (up, down) = (self.path(from)?, self.path(to)?);
        let meeting = up.iter().find(|it| down.contains(it)).cloned();
        if from == to || (meeting.is_none() && from.scope.kind() != to.scope.kind()) {
            return Err(Refusal::Unrelated { from: it.from.clone(), to: it.to.clone() }.into());
        }
        let below = |path: Vec<BudgetKey>| -> Vec<BudgetKey> {
            path.into_iter().take_while(|it| Some(it) != meeting.as_ref()).collect()
        };
        let (losing, gaining) = (below(up), below(down));
        let all: Vec<BudgetKey> = losing.iter().chain(&meeting).chain(&gaining).cloned().collect();
        self.bring_all(&all)?;
        let start = self.budget(from)?.counter.window.start;
        self.count_movement(it, by, start)?;

        if let Some(meeting) = &meeting {
            self.meet(meeting, it.amount, [losing.is_empty(), gaining.is_empty()])?;
        }
        let less = NanoUsd::ZERO.minus(it.amount)?;
        for (index, key) in losing.iter().enumerate() {
            self.has_left(key, it.amount)?;
            self.shift(key, less, index)?;
        }
        for (index, key) in gaining.iter().enumerate() {
            self.shift(key, it.amount, index)?;
        }
        if losing.first() == Some(from) {
            self.not_overcommitted(from, NanoUsd::ZERO)?;
        }
        all.iter().try_for_each(|it| self.raise_epoch(&it.scope).map(|_| ()))
    }

    /// The budget above both ends: it promises more where it is the source itself, and
    /// less where it is the target.
    fn meet(
        &mut self,
        key: &BudgetKey,
        amount: NanoUsd,
        [is_source, is_target]: [bool; 2],
    ) -> Result<(), Stopped> {
        let budget = self.budget(key)?;
        if is_source {
            let unpromised = budget.counter.unpromised(budget.promised);
            if unpromised < amount {
                let unpromised = unpromised.max(NanoUsd::ZERO);
                return Err(Refusal::Overcommitted { budget: key.clone(), unpromised, needed: amount }.into());
            }
            budget.counter.moved_below = budget.counter.moved_below.plus(amount)?;
        }
        if is_target {
            budget.counter.moved_below = budget.counter.moved_below.minus(amount)?;
        }
        Ok(())
    }

    /// Refuses where less is left than goes away.
    fn has_left(&mut self, key: &BudgetKey, amount: NanoUsd) -> Result<(), Stopped> {
        let budget = self.budget(key)?;
        let Some(terms) = &budget.terms else { return Ok(()) };
        let counter = &budget.counter;
        if counter.left() >= amount {
            return Ok(());
        }
        let shortfall = Shortfall {
            budget: key.clone(),
            allocation: counter.allocation(),
            left: counter.left(),
            asked: amount,
            grantable: counter.left().max(NanoUsd::ZERO),
            limit: Limit::Allocation,
            resets: counter.window.end,
            owner: terms.owner.clone(),
        };
        Err(Refusal::Exceeded(Box::new(shortfall)).into())
    }

    /// Moves the allocation of a budget on the way, the `index`-th from its end.
    fn shift(&mut self, key: &BudgetKey, by: NanoUsd, index: usize) -> Result<(), Stopped> {
        let budget = self.budget(key)?;
        if budget.terms.is_some() {
            budget.counter.moved = budget.counter.moved.plus(by)?;
        }
        if index > 0 {
            budget.counter.moved_below = budget.counter.moved_below.plus(by)?;
        }
        Ok(())
    }

    /// Nothing is moved into or out of what is frozen or killed.
    pub(super) fn not_frozen(&mut self, scope: &Scope) -> Result<(), Stopped> {
        let Some(account) = self.stored::<Account>(scope)? else { return Ok(()) };
        if let Some(stop) = &account.killed {
            return Err(Refusal::Killed { scope: scope.clone(), stop: stop.clone() }.into());
        }
        match &account.frozen {
            Some(stop) => Err(Refusal::Frozen { scope: scope.clone(), stop: stop.clone() }.into()),
            None => Ok(()),
        }
    }

    /// Refuses what the actor's role may not move, and counts what it moves.
    pub(super) fn count_movement(
        &mut self,
        it: &Movement<'_>,
        by: &Actor,
        start: Timestamp,
    ) -> Result<(), Stopped> {
        let Actor { name, role } = by;
        let limit = *self
            .ledger
            .policy
            .transfers
            .get(role)
            .ok_or_else(|| Refusal::NotAllowed { who: name.clone(), role: role.clone() })?;
        if let Some(most) = limit.at_once.filter(|most| it.amount > *most) {
            return Err(Refusal::TooMuchAtOnce { role: role.clone(), most, amount: it.amount }.into());
        }
        let key = TallyKey { actor: name.clone(), period: it.period, start };
        let now = self.now;
        let fresh = Tally { key: key.clone(), times: 0, amount: NanoUsd::ZERO, touched: now };
        let tally = self.edit::<Tally>(&key)?.get_or_insert(fresh);
        let amount = tally.amount.plus(it.amount)?;
        if let Some(most) = limit.in_period.filter(|most| amount > *most) {
            let moved = tally.amount;
            return Err(Refusal::TooMuch { role: role.clone(), period: it.period, most, moved }.into());
        }
        if let Some(most) = limit.times.filter(|most| tally.times >= *most) {
            return Err(Refusal::TooOften { role: role.clone(), period: it.period, most }.into());
        }
        (tally.times, tally.amount, tally.touched) = (tally.times.saturating_add(1), amount, now);
        Ok(())
    }
}
