//! Agree on a budget, change its amount, end it: and what its parent has promised then.

use std::sync::Arc;

use domain::{NanoUsd, Scope};

use super::amount;
use crate::budget::{Budget, BudgetKey};
use crate::command::{Allocate, Remove, Set};
use crate::draft::Draft;
use crate::outcome::{Event, Outcome};
use crate::refusal::{MAX_DEPTH, Refusal, Stopped};
use crate::row::Key;
use crate::terms::{Ceiling, Overcommit, Terms, check};

/// What a budget shall be.
struct Agreed<'a> {
    key: &'a BudgetKey,
    terms: Terms,
    parent: Option<Scope>,
    spent_before: NanoUsd,
}

impl Draft<'_> {
    pub(super) fn set(&mut self, it: &Set) -> Result<Outcome, Stopped> {
        amount(it.spent_before)?;
        if it.budget.scope.is_each()
            && let Some(parent) = &it.parent
        {
            return Err(Refusal::BadParent { child: it.budget.scope.clone(), parent: parent.clone() }.into());
        }
        self.may_hang(&it.budget, it.parent.as_ref())?;
        self.agree(Agreed {
            key: &it.budget,
            terms: it.terms.clone(),
            parent: it.parent.clone(),
            spent_before: it.spent_before,
        })
    }

    pub(super) fn allocate(&mut self, it: &Allocate) -> Result<Outcome, Stopped> {
        let known = self.stored::<Budget>(&it.budget)?;
        let agreed = known.and_then(|known| Some((known.terms.as_ref()?, &known.parent)));
        let (terms, parent) = agreed.ok_or_else(|| Refusal::NoBudget(it.budget.clone()))?;
        let mut terms = Terms::clone(terms);
        terms.amount = it.amount;
        let parent = parent.clone();
        self.agree(Agreed { key: &it.budget, terms, parent, spent_before: NanoUsd::ZERO })
    }

    pub(super) fn remove(&mut self, it: &Remove) -> Result<Outcome, Stopped> {
        let key = &it.budget;
        let known = self.stored::<Budget>(key)?.filter(|it| it.terms.is_some());
        let known = known.ok_or_else(|| Refusal::NoBudget(key.clone()))?;
        let parent = known.parent.clone();
        self.bring_family(key, [parent.as_ref(), None])?;
        self.leave_parent(key)?;
        let budget = self.budget(key)?;
        budget.terms = None;
        let counter = &mut budget.counter;
        (counter.base, counter.carried, counter.moved) = (NanoUsd::ZERO, NanoUsd::ZERO, NanoUsd::ZERO);
        counter.ceiling = Ceiling::Soft;
        counter.day = None;
        self.raise_epoch(&key.scope)?;
        Ok(Outcome::Done)
    }

    fn agree(&mut self, it: Agreed<'_>) -> Result<Outcome, Stopped> {
        let Agreed { key, terms, parent, spent_before } = it;
        check::terms(&terms, key.period)?;
        let before = self.stored::<Budget>(key)?;
        let old_parent = before.and_then(|it| it.parent.clone());
        let is_uncounted =
            before.is_none_or(|it| it.terms.is_none() && it.counter.committed() == NanoUsd::ZERO);
        let old_amount = before.and_then(|it| it.terms.as_ref()).map(|it| it.amount);
        self.bring_family(key, [old_parent.as_ref(), parent.as_ref()])?;
        self.leave_parent(key)?;

        let grows = old_parent != parent || old_amount.is_none_or(|old| old < terms.amount);
        let (ledger, now) = (self.ledger, self.now);
        let budget = self.budget(key)?;
        budget.counter.follow(&terms, &ledger.policy.calendar, now.max(budget.counter.window.start));
        if is_uncounted {
            budget.counter.spent = budget.counter.spent.plus(spent_before)?;
        }
        let counter = &mut budget.counter;
        let crossed = counter.cross(&terms, now);
        let told = (counter.window.start, counter.allocation(), counter.spent, counter.forecast(now));
        let shrinks = old_amount.is_some_and(|old| terms.amount < old);
        budget.terms = Some(Arc::new(terms));
        self.events.extend(crossed.into_iter().map(|it| Event::Threshold {
            budget: key.clone(),
            start: told.0,
            mark: it.mark,
            action: it.action,
            allocation: told.1,
            spent: told.2,
            forecast: told.3,
        }));
        self.join_parent(key, parent)?;
        if shrinks {
            self.not_overcommitted(key, NanoUsd::ZERO)?;
        }
        if let Some(parent) = self.parent_of(key)?.filter(|_| grows) {
            self.not_overcommitted(&parent, NanoUsd::ZERO)?;
        }
        self.raise_epoch(&key.scope)?;
        Ok(Outcome::Done)
    }

    /// Brings a budget and those scopes above it into the same period.
    fn bring_family(&mut self, key: &BudgetKey, above: [Option<&Scope>; 2]) -> Result<(), Stopped> {
        let keys: Vec<BudgetKey> = std::iter::once(key.clone())
            .chain(above.into_iter().flatten().map(|it| BudgetKey::new(it.clone(), key.period)))
            .collect();
        self.bring_all(&keys)
    }

    /// Brings budgets into the same period, each under its terms.
    pub(super) fn bring_all(&mut self, keys: &[BudgetKey]) -> Result<(), Stopped> {
        self.need(
            keys.iter().flat_map(|it| [Some(it.scope.clone()), it.scope.each()]).flatten().map(Key::Scope),
        )?;
        let moment = self.moment(keys);
        for key in keys {
            let terms = self.terms(key)?;
            self.bring(key, terms.as_deref(), moment)?;
        }
        Ok(())
    }

    /// Takes a budget out of what its parent has promised.
    fn leave_parent(&mut self, key: &BudgetKey) -> Result<(), Stopped> {
        let budget = self.budget(key)?;
        let (amount, moved) = (budget.terms.as_ref().map(|it| it.amount), budget.counter.moved);
        let Some(parent) = budget.parent.take() else { return Ok(()) };
        let above = self.budget(&BudgetKey::new(parent, key.period))?;
        above.promised = above.promised.minus(amount.unwrap_or_default())?;
        above.counter.moved_below = above.counter.moved_below.minus(moved)?;
        Ok(())
    }

    /// Adds it to what its new parent has promised.
    fn join_parent(&mut self, key: &BudgetKey, parent: Option<Scope>) -> Result<(), Stopped> {
        let budget = self.budget(key)?;
        let (amount, moved) = (budget.terms.as_ref().map(|it| it.amount), budget.counter.moved);
        budget.parent.clone_from(&parent);
        let Some(parent) = parent else { return Ok(()) };
        let above = self.budget(&BudgetKey::new(parent, key.period))?;
        above.promised = above.promised.plus(amount.unwrap_or_default())?;
        above.counter.moved_below = above.counter.moved_below.plus(moved)?;
        Ok(())
    }

    pub(super) fn parent_of(&mut self, key: &BudgetKey) -> Result<Option<BudgetKey>, Stopped> {
        let parent = self.edit::<Budget>(key)?.as_ref().and_then(|it| it.parent.clone());
        Ok(parent.map(|it| BudgetKey::new(it, key.period)))
    }

    /// Refuses where a budget that must not be promised twice would be, by so much more.
    pub(super) fn not_overcommitted(&mut self, key: &BudgetKey, more: NanoUsd) -> Result<(), Stopped> {
        let budget = self.budget(key)?;
        let unpromised = budget.counter.unpromised(budget.promised);
        let is_strict = budget.terms.as_ref().is_some_and(|it| it.overcommit == Overcommit::Refuse);
        if is_strict && unpromised < more {
            let needed = if more > NanoUsd::ZERO { more } else { NanoUsd::ZERO.minus(unpromised)? };
            return Err(Refusal::Overcommitted {
                budget: key.clone(),
                unpromised: unpromised.max(NanoUsd::ZERO),
                needed,
            }
            .into());
        }
        Ok(())
    }

    /// Refuses a parent that would put a budget above itself.
    fn may_hang(&mut self, key: &BudgetKey, parent: Option<&Scope>) -> Result<(), Stopped> {
        let Some(parent) = parent else { return Ok(()) };
        let refused = || Refusal::BadParent { child: key.scope.clone(), parent: parent.clone() };
        let above = BudgetKey::new(parent.clone(), key.period);
        let path = self.path(&above)?;
        if parent.is_each() || path.contains(key) || path.len() >= MAX_DEPTH {
            return Err(refused().into());
        }
        Ok(())
    }

    /// A budget and all above it, upwards.
    pub(super) fn path(&mut self, from: &BudgetKey) -> Result<Vec<BudgetKey>, Stopped> {
        let mut path = vec![from.clone()];
        while let Some(last) = path.last()
            && path.len() <= MAX_DEPTH
        {
            match self.stored::<Budget>(last)?.and_then(|it| it.parent.clone()) {
                Some(parent) => path.push(BudgetKey::new(parent, from.period)),
                None => break,
            }
        }
        Ok(path)
    }
}
