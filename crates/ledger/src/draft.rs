//! A command's working copy: it reads the ledger, changes copies of rows, and is either
//! finished into changes or dropped.

use std::sync::Arc;

use domain::{NanoUsd, Period, Scope, Timestamp};

use crate::account::{Account, Done, Request, RequestId, Tally, TallyKey};
use crate::budget::{Budget, BudgetKey, Held, Past};
use crate::counter::{Counter, Opening};
use crate::lease::{Lease, LeaseId};
use crate::ledger::{Ledger, Tables};
use crate::outcome::{Decision, Event, Outcome};
use crate::refusal::{Refusal, Stopped};
use crate::reservation::{IdempotencyKey, Reservation, ReservationId};
use crate::row::{Change, Key, Row, RowKey};
use crate::subject::Subject;
use crate::terms::Terms;

/// A command's working copy.
pub(crate) struct Draft<'a> {
    pub(crate) ledger: &'a Ledger,
    pub(crate) now: Timestamp,
    pub(crate) events: Vec<Event>,
    sheets: Sheets,
}

/// The rows that a command touched, by kind.
#[derive(Default)]
pub(crate) struct Sheets {
    accounts: Sheet<Account>,
    budgets: Sheet<Budget>,
    pasts: Sheet<Past>,
    reservations: Sheet<Reservation>,
    leases: Sheet<Lease>,
    requests: Sheet<Request>,
    tallies: Sheet<Tally>,
    done: Sheet<Done>,
}

/// The few rows of one kind that a command touched.
pub(crate) struct Sheet<T: Kept>(Vec<Line<T>>);

struct Line<T: Kept> {
    key: T::Key,
    before: Option<T>,
    after: Option<T>,
}

impl<T: Kept> Default for Sheet<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// A kind of row.
pub(crate) trait Kept: Clone + PartialEq {
    type Key: Clone + PartialEq;
    fn stored<'t>(tables: &'t Tables, key: &Self::Key) -> Option<&'t Self>;
    fn sheet(sheets: &mut Sheets) -> &mut Sheet<Self>;
    fn row(self) -> Row;
    fn row_key(key: Self::Key) -> RowKey;
}

macro_rules! kept {
    ($($type:ident, $key:ty, $table:ident;)+) => {$(
        impl Kept for $type {
            type Key = $key;

            fn stored<'t>(tables: &'t Tables, key: &Self::Key) -> Option<&'t Self> {
                tables.$table.get(key)
            }

            fn sheet(sheets: &mut Sheets) -> &mut Sheet<Self> {
                &mut sheets.$table
            }

            fn row(self) -> Row {
                Row::$type(self)
            }

            fn row_key(key: Self::Key) -> RowKey {
                RowKey::$type(key)
            }
        }
    )+};
}

kept! {
    Account, Scope, accounts;
    Budget, BudgetKey, budgets;
    Past, Held, pasts;
    Reservation, ReservationId, reservations;
    Lease, LeaseId, leases;
    Request, RequestId, requests;
    Tally, TallyKey, tallies;
    Done, IdempotencyKey, done;
}

impl<T: Kept> Sheet<T> {
    fn changes(self, into: &mut Vec<Change>) {
        for Line { key, before, after } in self.0 {
            if before != after {
                let key = T::row_key(key);
                into.push(Change { key, before: before.map(T::row), after: after.map(T::row) });
            }
        }
    }
}

/// A budget that a call counts against, with the terms in force: its own, or its template's.
#[derive(Debug, Clone)]
pub(crate) struct Applied {
    pub(crate) key: BudgetKey,
    pub(crate) terms: Arc<Terms>,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(ledger: &'a Ledger, now: Timestamp) -> Self {
        Self { ledger, now, events: Vec::new(), sheets: Sheets::default() }
    }

    /// The row, to be changed, made or taken away.
    pub(crate) fn edit<T: Kept>(&mut self, key: &T::Key) -> Result<&mut Option<T>, Stopped> {
        let known = T::sheet(&mut self.sheets).0.iter().position(|it| it.key == *key);
        let index = match known {
            Some(index) => index,
            None => {
                let before = self.stored::<T>(key)?.cloned();
                let sheet = T::sheet(&mut self.sheets);
                sheet.0.push(Line { key: key.clone(), after: before.clone(), before });
                sheet.0.len().saturating_sub(1)
            }
        };
        let line = T::sheet(&mut self.sheets).0.get_mut(index).ok_or(Refusal::OutOfRange)?;
        Ok(&mut line.after)
    }

    /// The row as it was before this command.
    pub(crate) fn stored<T: Kept>(&self, key: &T::Key) -> Result<Option<&'a T>, Stopped> {
        let found = T::stored(&self.ledger.tables, key);
        if found.is_none() {
            self.need([T::row_key(key.clone()).loaded_by()])?;
        }
        Ok(found)
    }

    /// The budget of that key; refused where there is none.
    pub(crate) fn budget(&mut self, key: &BudgetKey) -> Result<&mut Budget, Stopped> {
        self.edit::<Budget>(key)?.as_mut().ok_or_else(|| Refusal::NoBudget(key.clone()).into())
    }

    /// Asks for all of those keys at once that are not loaded.
    pub(crate) fn need(&self, keys: impl IntoIterator<Item = Key>) -> Result<(), Stopped> {
        let mut missing: Vec<Key> = keys.into_iter().filter(|it| !self.ledger.knows(it)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        missing.sort_unstable();
        missing.dedup();
        Err(Stopped::Missing(missing))
    }

    /// Asks for all scopes of a subject, and the templates of their kinds.
    pub(crate) fn need_subject(&self, subject: &Subject) -> Result<(), Stopped> {
        if subject.with_templates().all(|it| self.ledger.knows_scope(it)) {
            return Ok(());
        }
        self.need(subject.with_templates().cloned().map(Key::Scope))
    }

    /// All budgets that count for a subject, in the order of their scopes.
    pub(crate) fn applied(&self, subject: &Subject) -> Result<Vec<Applied>, Stopped> {
        self.need_subject(subject)?;
        let mut applied = Vec::new();
        for member in subject.members() {
            self.applied_to(&member.scope, member.each.as_ref(), &mut applied);
        }
        Ok(applied)
    }

    /// All budgets of a scope: its own, and for the other periods its template's.
    pub(crate) fn applied_to(&self, scope: &Scope, each: Option<&Scope>, into: &mut Vec<Applied>) {
        let tables = &self.ledger.tables;
        let terms = |owner: &Scope, period: Period| {
            let key = BudgetKey::new(owner.clone(), period);
            tables.budgets.get(&key).and_then(|it| it.terms.clone()).map(|terms| (key, terms))
        };
        let own = tables.agreed(scope);
        into.extend(
            own.iter().filter_map(|period| terms(scope, *period)).map(|(key, terms)| Applied { key, terms }),
        );
        let Some(each) = each else { return };
        for period in tables.agreed(each).iter().filter(|it| !own.contains(it)) {
            if let Some((_, terms)) = terms(each, *period) {
                into.push(Applied { key: BudgetKey::new(scope.clone(), *period), terms });
            }
        }
    }

    /// The moment of this command for those budgets: never before the beginning of a
    /// period that one of them has reached, whatever the clock says.
    pub(crate) fn moment<'k>(&self, keys: impl IntoIterator<Item = &'k BudgetKey>) -> Timestamp {
        let reached = |key: &BudgetKey| self.ledger.tables.budgets.get(key).map(|it| it.counter.window.start);
        keys.into_iter().filter_map(reached).fold(self.now, Timestamp::max)
    }

    /// Brings a budget into the period and day of a moment, under those terms; makes its
    /// counter where there is none.
    pub(crate) fn bring(
        &mut self,
        key: &BudgetKey,
        terms: Option<&Terms>,
        moment: Timestamp,
    ) -> Result<&mut Budget, Stopped> {
        let ledger = self.ledger;
        let calendar = &ledger.policy.calendar;
        let window = |at| calendar.window(key.period, at).ok_or(Refusal::OutOfRange);
        let place = self.edit::<Budget>(key)?;
        let mut closed = None;
        match place {
            None => {
                let counter = Counter::new(window(moment)?, moment);
                *place = Some(Budget {
                    key: key.clone(),
                    terms: None,
                    parent: None,
                    promised: NanoUsd::ZERO,
                    slice: None,
                    counter,
                });
            }
            Some(budget) if budget.is_forgotten(moment) => {
                budget.counter = Counter::new(window(moment)?, moment);
            }
            Some(budget) if budget.slice.is_none() && budget.counter.window.is_over(moment) => {
                let mut window = window(moment)?;
                // Where the calendar changed, periods neither overlap nor leave a gap.
                window.start = budget.counter.window.end.unwrap_or(window.start).max(window.start);
                let next = Opening { period: key.period, window };
                let fresh = budget.counter.successor(terms, calendar, next);
                closed = Some(std::mem::replace(&mut budget.counter, fresh));
            }
            Some(_) => {}
        }
        if let Some(counter) = closed {
            let held = Held { budget: key.clone(), start: counter.window.start };
            // What is over is stored under a key of its own, which nobody else has made.
            self.put_past(held, Past { key: key.clone(), counter });
        }
        let budget = self.budget(key)?;
        if let Some(terms) = terms {
            budget.counter.follow(terms, calendar, moment);
        }
        Ok(budget)
    }

    fn put_past(&mut self, held: Held, past: Past) {
        let before = self.ledger.tables.pasts.get(&held).cloned();
        self.sheets.pasts.0.push(Line { key: held, before, after: Some(past) });
    }

    /// The terms in force for a budget: its own, or its template's.
    pub(crate) fn terms(&mut self, key: &BudgetKey) -> Result<Option<Arc<Terms>>, Stopped> {
        let each = key.scope.each();
        if !self.ledger.is_whole() {
            self.need([Some(&key.scope), each.as_ref()].into_iter().flatten().cloned().map(Key::Scope))?;
        }
        if let Some(own) = self.edit::<Budget>(key)?.as_ref().and_then(|it| it.terms.clone()) {
            return Ok(Some(own));
        }
        let Some(each) = each else { return Ok(None) };
        let template = BudgetKey::new(each, key.period);
        Ok(self.stored::<Budget>(&template)?.and_then(|it| it.terms.clone()))
    }

    /// The counter of a budget in the period that it was held in; none where that is
    /// not known any more.
    pub(crate) fn counter(&mut self, held: &Held) -> Result<Option<&mut Counter>, Stopped> {
        let current = self.edit::<Budget>(&held.budget)?.as_ref().map(|it| it.counter.window.start);
        if current == Some(held.start) {
            return Ok(self.edit::<Budget>(&held.budget)?.as_mut().map(|it| &mut it.counter));
        }
        Ok(self.edit::<Past>(held)?.as_mut().map(|it| &mut it.counter))
    }

    /// The keys that are needed for those counters, beside their scopes.
    pub(crate) fn need_held<'k>(
        &self,
        held: impl IntoIterator<Item = &'k Held> + Clone,
    ) -> Result<(), Stopped> {
        if self.ledger.is_whole() {
            return Ok(());
        }
        let scopes = held.clone().into_iter().flat_map(|it| {
            let scope = &it.budget.scope;
            std::iter::once(scope.clone()).chain(scope.each()).map(Key::Scope)
        });
        self.need(scopes)?;
        let is_past = |it: &&Held| {
            let budget = self.ledger.tables.budgets.get(&it.budget);
            budget.is_none_or(|budget| budget.counter.window.start != it.start)
        };
        self.need(held.into_iter().filter(is_past).cloned().map(Key::Past))
    }

    /// Raises the epoch of a scope: gateways with a lease hear of it.
    pub(crate) fn raise_epoch(&mut self, scope: &Scope) -> Result<&mut Account, Stopped> {
        let account = self.edit::<Account>(scope)?.get_or_insert_with(|| Account::new(scope.clone()));
        account.epoch = account.epoch.saturating_add(1);
        Ok(account)
    }

    /// The decision, with all rows that differ from what is stored.
    pub(crate) fn finish(self, outcome: Outcome) -> Decision {
        let mut changes = Vec::new();
        let Sheets { accounts, budgets, pasts, reservations, leases, requests, tallies, done } = self.sheets;
        done.changes(&mut changes);
        requests.changes(&mut changes);
        leases.changes(&mut changes);
        reservations.changes(&mut changes);
        tallies.changes(&mut changes);
        accounts.changes(&mut changes);
        budgets.changes(&mut changes);
        pasts.changes(&mut changes);
        Decision { outcome, events: self.events, changes }
    }
}
