//! What each command does: one file a family.

mod agree;
mod halt;
mod hold;
mod increase;
mod lend;
mod look;
mod transfer;

use domain::{NanoUsd, Timestamp};

use crate::account::Done;
use crate::budget::Held;
use crate::command::{Command, Order};
use crate::counter::Returned;
use crate::draft::Draft;
use crate::ledger::{Ledger, REMEMBER_MS};
use crate::outcome::{Decision, Event, Outcome};
use crate::refusal::{Refusal, Stopped};
use crate::reservation::{IdempotencyKey, MAX_NAME_BYTES};
use crate::row::Key;
use crate::terms::{MAX_AMOUNT_NANO, Terms};

/// The longest reason, in bytes.
pub const MAX_REASON_BYTES: usize = 1_024;

impl Ledger {
    /// Decides a command at a moment. Nothing changes until the changes are absorbed.
    ///
    /// # Errors
    /// [`Stopped::Refused`] where it is refused; [`Stopped::Missing`] where more of the
    /// ledger is needed, which never happens to a whole one.
    pub fn decide(&self, command: &Command, now: Timestamp) -> Result<Decision, Stopped> {
        let mut draft = Draft::new(self, now);
        if let Some(key) = command.idempotency_key()
            && draft.was_done(key, command)?
        {
            return draft.repeat(command);
        }
        let outcome = match command {
            Command::Set(it) => draft.set(it)?,
            Command::Allocate(it) => draft.allocate(it)?,
            Command::Remove(it) => draft.remove(it)?,
            Command::Transfer(it) => draft.transfer(it)?,
            Command::Reserve(it) => draft.reserve(it)?,
            Command::Settle(it) => draft.settle(it)?,
            Command::Release(id) => draft.release(id)?,
            Command::Expire(id) => draft.expire(id)?,
            Command::Book(it) => draft.book(it)?,
            Command::Halt(it) => draft.halt(it)?,
            Command::Lift(it) => draft.lift(it)?,
            Command::Ask(it) => draft.ask(it)?,
            Command::Approve(it) => draft.approve(it)?,
            Command::Deny(it) => draft.deny(it)?,
            Command::Lend(it) => draft.lend(it)?,
            Command::Return(it) => draft.take_back(it)?,
            Command::ExpireLease(id) => draft.expire_lease(id)?,
        };
        Ok(draft.finish(outcome))
    }
}

/// What a command will need for certain, in the order in which a store locks it. The
/// rest depends on what is found there.
#[must_use]
pub fn touches(command: &Command) -> Vec<Key> {
    let mut keys: Vec<Key> = command.idempotency_key().cloned().map(Key::Done).into_iter().collect();
    match command {
        Command::Reserve(it) => {
            keys.push(Key::Reservation(it.id.clone()));
            keys.extend(it.subject.with_templates().cloned().map(Key::Scope));
        }
        Command::Book(it) => keys.extend(it.subject.with_templates().cloned().map(Key::Scope)),
        Command::Settle(it) => keys.push(Key::Reservation(it.id.clone())),
        Command::Release(id) | Command::Expire(id) => keys.push(Key::Reservation(id.clone())),
        Command::Halt(it) | Command::Lift(it) => keys.push(Key::Scope(it.scope.clone())),
        Command::Ask(it) => keys.push(Key::Request(it.order.key.clone())),
        Command::Approve(it) => keys.push(Key::Request(it.request.clone())),
        Command::Deny(it) => keys.push(Key::Request(it.request.clone())),
        Command::Lend(it) => keys.push(Key::Lease(it.lease.clone())),
        Command::Return(it) => keys.push(Key::Lease(it.lease.clone())),
        Command::ExpireLease(id) => keys.push(Key::Lease(id.clone())),
        Command::Set(it) => {
            keys.extend(it.parent.iter().chain([&it.budget.scope]).cloned().map(Key::Scope));
        }
        Command::Allocate(it) => keys.push(Key::Scope(it.budget.scope.clone())),
        Command::Remove(it) => keys.push(Key::Scope(it.budget.scope.clone())),
        Command::Transfer(it) => keys.extend([&it.from, &it.to].map(|scope| Key::Scope(scope.clone()))),
    }
    keys.sort_unstable();
    keys.dedup();
    keys
}

impl Draft<'_> {
    /// Whether it was done before; notes that it is done now.
    fn was_done(&mut self, key: &IdempotencyKey, command: &Command) -> Result<bool, Stopped> {
        named(key.as_str())?;
        let (asked, now) = (command.print(), self.now);
        let place = self.edit::<Done>(key)?;
        // Whether something is remembered is a question of time, not of when it was swept.
        if let Some(done) = place.as_ref().filter(|it| now.millis_since(it.at) <= REMEMBER_MS) {
            let is_same = done.asked == asked;
            return if is_same { Ok(true) } else { Err(Refusal::KeyReused(key.to_string()).into()) };
        }
        *place = Some(Done { key: key.clone(), asked, at: now });
        Ok(false)
    }

    /// What is told of a command that was done before.
    fn repeat(self, command: &Command) -> Result<Decision, Stopped> {
        let outcome = if let Command::Lend(it) = command { self.granted(it)? } else { Outcome::Done };
        Ok(Decision { outcome, events: Vec::new(), changes: Vec::new() })
    }

    /// Books what was spent to a counter, and tells what follows from it under the terms
    /// in force.
    pub(crate) fn spend(
        &mut self,
        held: &Held,
        terms: Option<&Terms>,
        spent: Spent<'_>,
    ) -> Result<(), Stopped> {
        let (ledger, now) = (self.ledger, self.now);
        let Some(counter) = self.counter(held)? else {
            if spent.cost != NanoUsd::ZERO {
                let cause = spent.cause.to_owned();
                self.events.push(Event::TooLate { held: held.clone(), amount: spent.cost, cause });
            }
            return Ok(());
        };
        // What is over keeps the terms that it ended with.
        let terms = terms.filter(|_| !counter.window.is_over(now));
        if let Some(terms) = terms {
            counter.follow(terms, &ledger.policy.calendar, now.max(held.start));
        }
        let overrun = counter.spend(spent.cost, spent.returned, now)?;
        let crossed = terms.map(|it| counter.cross(it, now)).unwrap_or_default();
        let (allocation, total, forecast) = (counter.allocation(), counter.spent, counter.forecast(now));
        if overrun > NanoUsd::ZERO {
            let cause = spent.cause.to_owned();
            self.events.push(Event::Overrun { held: held.clone(), amount: overrun, cause });
        }
        self.events.extend(crossed.into_iter().map(|it| Event::Threshold {
            budget: held.budget.clone(),
            start: held.start,
            mark: it.mark,
            action: it.action,
            allocation,
            spent: total,
            forecast,
        }));
        Ok(())
    }
}

/// Something that was spent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spent<'a> {
    pub(crate) cost: NanoUsd,
    pub(crate) returned: Returned,
    /// What it came with.
    pub(crate) cause: &'a str,
}

/// Refuses what is no key.
pub(crate) fn named(key: &str) -> Result<(), Stopped> {
    let is_key = !key.is_empty() && key.len() <= MAX_NAME_BYTES && !key.chars().any(char::is_control);
    if is_key { Ok(()) } else { Err(Refusal::BadKey(key.chars().take(MAX_NAME_BYTES).collect()).into()) }
}

/// Refuses an amount below zero, or beyond every budget.
pub(crate) fn amount(amount: NanoUsd) -> Result<NanoUsd, Stopped> {
    let is_amount = (0..=MAX_AMOUNT_NANO).contains(&amount.nano());
    if is_amount { Ok(amount) } else { Err(Refusal::BadAmount(amount).into()) }
}

/// Refuses an order without a reason.
pub(crate) fn reasoned(order: &Order) -> Result<(), Stopped> {
    let reason = order.reason.trim();
    let is_reason =
        !reason.is_empty() && reason.len() <= MAX_REASON_BYTES && !reason.chars().any(char::is_control);
    if is_reason { Ok(()) } else { Err(Refusal::NoReason.into()) }
}
