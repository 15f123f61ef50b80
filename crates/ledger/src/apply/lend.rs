//! Lend slices of budgets to a gateway, hear what it spent, take them back.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{NanoUsd, Scope, Timestamp};

use super::{Spent, named};
use crate::account::Account;
use crate::budget::{Budget, Held, Slice};
use crate::counter::{Counter, Returned};
use crate::draft::{Applied, Draft};
use crate::lease::{
    Grant, LEASE_MARGIN_MS, Lease, LeaseId, LeaseState, Lend, LentSlice, MAX_LEASED_SCOPES, Used, Want,
};
use crate::ledger::REMEMBER_MS;
use crate::outcome::Outcome;
use crate::refusal::{Refusal, Stopped};
use crate::row::Key;
use crate::terms::{Ceiling, Terms};

impl Draft<'_> {
    pub(super) fn lend(&mut self, it: &Lend) -> Result<Outcome, Stopped> {
        named(it.lease.as_str())?;
        named(&it.replica)?;
        if !(1..=self.ledger.policy.lending.max_ms).contains(&it.for_ms) {
            return Err(Refusal::BadHold(it.for_ms).into());
        }
        let mut lease = self.open_lease(it)?;
        self.need_wants(&it.wants)?;
        self.report(&mut lease, &it.used)?;
        let now = self.now;
        let mut expires_at = Timestamp::from_millis(now.millis().saturating_add(it.for_ms));
        for want in &it.wants {
            let ends = self.lend_scope(&mut lease, want)?;
            expires_at = ends.map_or(expires_at, |ends| ends.min(expires_at));
        }
        if lease.scopes.len().max(lease.slices.len()) > MAX_LEASED_SCOPES {
            return Err(Refusal::LeaseTooLarge(MAX_LEASED_SCOPES).into());
        }
        (lease.expires_at, lease.touched) = (expires_at, now);
        *self.edit::<Lease>(&it.lease)? = Some(lease);
        self.grant_of(it).map(|grant| Outcome::Lent(Box::new(grant)))
    }

    /// What a gateway is told that asks for the second time.
    pub(super) fn granted(mut self, it: &Lend) -> Result<Outcome, Stopped> {
        self.need_wants(&it.wants)?;
        if self.stored::<Lease>(&it.lease)?.is_none() {
            return Err(Refusal::NoLease(it.lease.clone()).into());
        }
        self.grant_of(it).map(|grant| Outcome::Lent(Box::new(grant)))
    }

    fn open_lease(&self, it: &Lend) -> Result<Lease, Stopped> {
        let fresh = Lease {
            id: it.lease.clone(),
            replica: it.replica.clone(),
            expires_at: self.now,
            state: LeaseState::Live,
            scopes: BTreeMap::new(),
            slices: BTreeMap::new(),
            touched: self.now,
        };
        let Some(known) = self.remembered_lease(&it.lease)? else { return Ok(fresh) };
        if known.replica != it.replica {
            return Err(Refusal::NotYourLease(it.lease.clone()).into());
        }
        if known.state != LeaseState::Live || known.expires_at <= self.now {
            return Err(Refusal::LeaseOver(it.lease.clone()).into());
        }
        Ok(known)
    }

    fn need_wants(&self, wants: &[Want]) -> Result<(), Stopped> {
        if wants.len() > MAX_LEASED_SCOPES {
            return Err(Refusal::LeaseTooLarge(MAX_LEASED_SCOPES).into());
        }
        if let Some(template) = wants.iter().find(|it| it.scope.is_each()) {
            return Err(Refusal::Template(template.scope.clone()).into());
        }
        self.need(wants.iter().flat_map(|it| with_each(&it.scope)).map(Key::Scope))
    }

    /// Lends of all budgets of a scope; tells when the first of their periods ends.
    fn lend_scope(&mut self, lease: &mut Lease, want: &Want) -> Result<Option<Timestamp>, Stopped> {
        for scope in with_each(&want.scope) {
            let epoch = self.stored::<Account>(&scope)?.map_or(0, |it| it.epoch);
            lease.scopes.insert(scope, epoch);
        }
        let mut applied = Vec::new();
        self.applied_to(&want.scope, want.scope.each().as_ref(), &mut applied);
        let moment = self.moment(applied.iter().map(|it| &it.key));
        let lending = self.ledger.policy.lending;
        let mut ends: Option<Timestamp> = None;
        for Applied { key, terms } in applied {
            let counter = &mut self.bring(&key, Some(&terms), moment)?.counter;
            ends = [ends, counter.window.end].into_iter().flatten().min();
            let held = Held { start: counter.window.start, budget: key };
            let Some(room) = counter.room(&terms, moment) else { continue };
            let lent = lease.slices.get(&held).map_or(NanoUsd::ZERO, LentSlice::outstanding);
            let wanted = lending.slice(room.amount.plus(lent)?, want.nano_usd_per_second);
            let more = wanted.unwrap_or_default().minus(lent)?.max(NanoUsd::ZERO);
            counter.leased = counter.leased.plus(more)?;
            counter.touched = counter.touched.max(moment);
            let slice = lease.slices.entry(held).or_default();
            // What was spent beyond a slice is not lent once more.
            slice.amount = slice.amount.max(slice.spent).plus(more)?;
        }
        Ok(ends)
    }

    /// Books what a gateway tells of, in running totals.
    fn report(&mut self, lease: &mut Lease, used: &[Used]) -> Result<(), Stopped> {
        self.need_held(used.iter().map(|it| &it.held))?;
        let id = lease.id.clone();
        for Used { held, spent } in used {
            let slice = lease.slices.entry(held.clone()).or_default();
            let more = spent.minus(slice.spent)?;
            if more <= NanoUsd::ZERO {
                continue;
            }
            let returned = Returned::Leased(slice.outstanding().min(more));
            slice.spent = *spent;
            let terms = self.terms(&held.budget)?;
            let spent = Spent { cost: more, returned, cause: id.as_str() };
            self.spend(held, terms.as_deref(), spent)?;
        }
        Ok(())
    }

    pub(super) fn take_back(&mut self, it: &crate::command::Return) -> Result<Outcome, Stopped> {
        let known = self.remembered_lease(&it.lease)?;
        let mut lease = known.ok_or_else(|| Refusal::NoLease(it.lease.clone()))?;
        let lent: Vec<Held> = lease.slices.keys().cloned().collect();
        self.need_held(lent.iter().chain(it.used.iter().map(|it| &it.held)))?;
        self.report(&mut lease, &it.used)?;
        let now = self.now;
        for (held, slice) in &mut lease.slices {
            let rest = slice.outstanding();
            slice.amount = slice.spent;
            if let Some(counter) = self.counter(held)?.filter(|_| rest > NanoUsd::ZERO) {
                counter.leased = counter.leased.minus(rest)?;
                counter.touched = counter.touched.max(now);
            }
        }
        (lease.state, lease.touched) = (LeaseState::Returned, now);
        *self.edit::<Lease>(&it.lease)? = Some(lease);
        Ok(Outcome::Done)
    }

    pub(super) fn expire_lease(&mut self, id: &LeaseId) -> Result<Outcome, Stopped> {
        let known = self.remembered_lease(id)?;
        let mut lease = known.ok_or_else(|| Refusal::NoLease(id.clone()))?;
        if lease.state != LeaseState::Live {
            return Ok(Outcome::Done);
        }
        if self.now < lease.expires_at {
            return Err(Refusal::NotDue { name: id.to_string(), until_ms: lease.expires_at.millis() }.into());
        }
        (lease.state, lease.touched) = (LeaseState::Expired, self.now);
        *self.edit::<Lease>(id)? = Some(lease);
        Ok(Outcome::Done)
    }

    fn remembered_lease(&self, id: &LeaseId) -> Result<Option<Lease>, Stopped> {
        let is_fresh = |it: &&Lease| {
            it.state != LeaseState::Returned || self.now.millis_since(it.touched) <= REMEMBER_MS
        };
        Ok(self.stored::<Lease>(id)?.filter(is_fresh).cloned())
    }

    /// What the gateway needs to spend by itself: each budget as large as its slice.
    fn grant_of(&mut self, it: &Lend) -> Result<Grant, Stopped> {
        let lease = self.edit::<Lease>(&it.lease)?.clone();
        let lease = lease.ok_or_else(|| Refusal::NoLease(it.lease.clone()))?;
        let usable_until = lease.expires_at.millis().saturating_sub(LEASE_MARGIN_MS);
        let usable_until = Timestamp::from_millis(usable_until);
        let (mut budgets, mut scopes, mut accounts) = (Vec::new(), Vec::new(), Vec::new());
        for want in &it.wants {
            for scope in with_each(&want.scope) {
                accounts.extend(self.stored::<Account>(&scope)?.cloned());
                scopes.push(scope);
            }
            let mut applied = Vec::new();
            self.applied_to(&want.scope, want.scope.each().as_ref(), &mut applied);
            let moment = self.moment(applied.iter().map(|it| &it.key));
            for Applied { key, terms } in applied {
                let central = &self.bring(&key, Some(&terms), moment)?.counter;
                let held = Held { budget: key, start: central.window.start };
                let amount = lease.slices.get(&held).map_or(NanoUsd::ZERO, |it| it.amount);
                let mut local = Terms::hard(amount);
                local.owner.clone_from(&terms.owner);
                if central.room(&terms, moment).is_none() {
                    local.ceiling = Ceiling::Soft;
                }
                local.unreachable = terms.unreachable;
                let mut counter = Counter::new(central.window, moment);
                (counter.base, counter.ceiling) = (amount, local.ceiling);
                budgets.push(Budget {
                    key: held.budget,
                    terms: Some(Arc::new(local)),
                    parent: None,
                    promised: NanoUsd::ZERO,
                    slice: Some(Slice { lease: lease.id.clone(), usable_until }),
                    counter,
                });
            }
        }
        Ok(Grant { lease: lease.id, expires_at: lease.expires_at, scopes, budgets, accounts })
    }
}

fn with_each(scope: &Scope) -> impl Iterator<Item = Scope> {
    std::iter::once(scope.clone()).chain(scope.each())
}
