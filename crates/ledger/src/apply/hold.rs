//! Reserve, and the ways in which a reservation ends; and spending without one.

use std::sync::Arc;

use domain::{NanoUsd, Period, Timestamp};

use super::{Spent, amount, named};
use crate::budget::{BudgetKey, Held};
use crate::command::{Book, HaltKind, Reserve, Settle};
use crate::counter::{Limit, Returned, Room};
use crate::draft::{Applied, Draft};
use crate::ledger::REMEMBER_MS;
use crate::outcome::Outcome;
use crate::refusal::{Refusal, Shortfall, Stopped};
use crate::reservation::{Ending, MAX_HOLD_MS, Reservation, ReservationId, ReservationState};
use crate::subject::Subject;
use crate::terms::Terms;

impl Draft<'_> {
    pub(super) fn reserve(&mut self, it: &Reserve) -> Result<Outcome, Stopped> {
        named(it.id.as_str())?;
        let asked = it.subject.print().and(it.amount.nano()).and(it.hold_ms);
        if let Some(known) = self.remembered(&it.id)? {
            if known.asked != asked {
                return Err(Refusal::KeyReused(it.id.to_string()).into());
            }
            return Ok(Outcome::Reserved { held: known.held.clone(), expires_at: known.expires_at });
        }
        amount(it.amount)?;
        if !(1..=MAX_HOLD_MS).contains(&it.hold_ms) {
            return Err(Refusal::BadHold(it.hold_ms).into());
        }
        self.not_halted(&it.subject)?;
        let applied = self.applied(&it.subject)?;
        let moment = self.moment(applied.iter().map(|it| &it.key));
        self.fits(&applied, it.amount, moment)?;
        let mut held = Vec::with_capacity(applied.len());
        for Applied { key, .. } in applied {
            let counter = &mut self.budget(&key)?.counter;
            counter.hold(it.amount, moment)?;
            held.push(Held { start: counter.window.start, budget: key });
        }
        let now = self.now;
        let expires_at = Timestamp::from_millis(now.millis().saturating_add(it.hold_ms));
        *self.edit::<Reservation>(&it.id)? = Some(Reservation {
            id: it.id.clone(),
            at: now,
            expires_at,
            amount: it.amount,
            held: held.clone(),
            asked,
            state: ReservationState::Open,
        });
        Ok(Outcome::Reserved { held, expires_at })
    }

    /// Refuses where a scope of the call is killed or frozen.
    fn not_halted(&self, subject: &Subject) -> Result<(), Stopped> {
        self.need_subject(subject)?;
        for kind in [HaltKind::Kill, HaltKind::Freeze] {
            if let Some((scope, stop)) = self.halted(subject, kind) {
                return Err(match kind {
                    HaltKind::Kill => Refusal::Killed { scope, stop },
                    HaltKind::Freeze => Refusal::Frozen { scope, stop },
                }
                .into());
            }
        }
        Ok(())
    }

    /// Refuses by the budget that has the least room, if that is less than what is asked.
    fn fits(&mut self, applied: &[Applied], asked: NanoUsd, moment: Timestamp) -> Result<(), Stopped> {
        let mut tightest: Option<(&Applied, Room)> = None;
        for it in applied {
            let budget = self.bring(&it.key, Some(&it.terms), moment)?;
            if let Some(slice) = budget.slice.as_ref().filter(|it| it.usable_until <= moment) {
                return Err(Refusal::LeaseOver(slice.lease.clone()).into());
            }
            let Some(room) = budget.counter.room(&it.terms, moment) else { continue };
            if tightest.is_none_or(|(_, known)| room.amount < known.amount) {
                tightest = Some((it, room));
            }
        }
        let Some((it, room)) = tightest.filter(|(_, room)| room.amount < asked) else { return Ok(()) };
        let counter = &self.budget(&it.key)?.counter;
        let resets = match room.limit {
            Limit::Pace(at) => Some(at),
            Limit::Allocation | Limit::Threshold(_) | Limit::Forecast => counter.window.end,
        };
        let shortfall = Shortfall {
            budget: it.key.clone(),
            allocation: counter.allocation(),
            left: counter.left(),
            asked,
            grantable: room.amount,
            limit: room.limit,
            resets,
            owner: it.terms.owner.clone(),
        };
        Err(Refusal::Exceeded(Box::new(shortfall)).into())
    }

    pub(super) fn settle(&mut self, it: &Settle) -> Result<Outcome, Stopped> {
        spendable(it.cost)?;
        let known = self.known(&it.id)?;
        let (returned, ending) = match known.state {
            ReservationState::Open => (Returned::Reserved(known.amount), Ending::Settled(it.cost)),
            ReservationState::Ended { ending, .. } => match ending {
                Ending::Expired { late: None } => {
                    (Returned::Nothing, Ending::Expired { late: Some(it.cost) })
                }
                Ending::Settled(cost) | Ending::Expired { late: Some(cost) } if cost == it.cost => {
                    return Ok(Outcome::Done);
                }
                Ending::Settled(_) | Ending::Expired { .. } => {
                    return Err(Refusal::KeyReused(it.id.to_string()).into());
                }
                Ending::Released => return Err(ended(&it.id, ending)),
            },
        };
        self.end(&known, returned, it.cost, ending)
    }

    pub(super) fn release(&mut self, id: &ReservationId) -> Result<Outcome, Stopped> {
        let known = self.known(id)?;
        match known.state {
            ReservationState::Open => {
                self.end(&known, Returned::Reserved(known.amount), NanoUsd::ZERO, Ending::Released)
            }
            ReservationState::Ended { ending: Ending::Released, .. } => Ok(Outcome::Done),
            ReservationState::Ended { ending, .. } => Err(ended(id, ending)),
        }
    }

    pub(super) fn expire(&mut self, id: &ReservationId) -> Result<Outcome, Stopped> {
        let known = self.known(id)?;
        match known.state {
            ReservationState::Open if self.now < known.expires_at => {
                Err(Refusal::NotDue { name: id.to_string(), until_ms: known.expires_at.millis() }.into())
            }
            ReservationState::Open => {
                let ending = Ending::Expired { late: None };
                self.end(&known, Returned::Reserved(known.amount), NanoUsd::ZERO, ending)
            }
            ReservationState::Ended { ending: Ending::Expired { .. }, .. } => Ok(Outcome::Done),
            ReservationState::Ended { ending, .. } => Err(ended(id, ending)),
        }
    }

    /// Ends a reservation in all of its budgets, each in the period in which it was made.
    fn end(
        &mut self,
        known: &Reservation,
        returned: Returned,
        cost: NanoUsd,
        ending: Ending,
    ) -> Result<Outcome, Stopped> {
        self.need_held(&known.held)?;
        let spent = Spent { cost, returned, cause: known.id.as_str() };
        for held in &known.held {
            if cost == NanoUsd::ZERO {
                self.give_back(held, returned)?;
                continue;
            }
            let terms = self.terms(&held.budget)?;
            self.spend(held, terms.as_deref(), spent)?;
        }
        let at = self.now;
        if let Some(reservation) = self.edit::<Reservation>(&known.id)? {
            reservation.state = ReservationState::Ended { at, ending };
        }
        Ok(Outcome::Done)
    }

    fn give_back(&mut self, held: &Held, returned: Returned) -> Result<(), Stopped> {
        let now = self.now;
        if let (Some(counter), Returned::Reserved(amount)) = (self.counter(held)?, returned) {
            counter.free(amount, now)?;
        }
        Ok(())
    }

    pub(super) fn book(&mut self, it: &Book) -> Result<Outcome, Stopped> {
        spendable(it.cost)?;
        let applied = self.applied(&it.subject)?;
        let at = it.at.min(self.now);
        let moment = self.moment(applied.iter().map(|it| &it.key));
        let mut held: Vec<(Held, Arc<Terms>)> = Vec::with_capacity(applied.len());
        for Applied { key, terms } in applied {
            // A budget that begins with this call is of the call's time, and not of before.
            let start = self.bring(&key, Some(&terms), moment)?.counter.window.start;
            let start = if at < start { self.past_start(&key, at)? } else { start };
            held.push((Held { budget: key, start }, terms));
        }
        self.need_held(held.iter().map(|(it, _)| it))?;
        let spent = Spent { cost: it.cost, returned: Returned::Nothing, cause: it.key.as_str() };
        for (held, terms) in &held {
            self.spend(held, Some(terms), spent)?;
        }
        Ok(Outcome::Done)
    }

    /// The beginning of the period that held a moment.
    fn past_start(&self, key: &BudgetKey, at: Timestamp) -> Result<Timestamp, Stopped> {
        if key.period == Period::Ever {
            return Ok(crate::calendar::Window::EVER.start);
        }
        let window = self.ledger.policy.calendar.window(key.period, at).ok_or(Refusal::OutOfRange)?;
        Ok(window.start)
    }

    /// The reservation, if it is not so long over that it counts as forgotten.
    fn remembered(&self, id: &ReservationId) -> Result<Option<Reservation>, Stopped> {
        let is_fresh = |it: &&Reservation| match it.state {
            ReservationState::Open => true,
            ReservationState::Ended { at, .. } => self.now.millis_since(at) <= REMEMBER_MS,
        };
        Ok(self.stored::<Reservation>(id)?.filter(is_fresh).cloned())
    }

    fn known(&self, id: &ReservationId) -> Result<Reservation, Stopped> {
        self.remembered(id)?.ok_or_else(|| Refusal::NoReservation(id.clone()).into())
    }
}

fn ended(id: &ReservationId, ending: Ending) -> Stopped {
    Refusal::Ended { id: id.clone(), ending: ending.name() }.into()
}

/// A cost is what a provider says, and may be more than any budget; it is not below zero.
fn spendable(cost: NanoUsd) -> Result<(), Stopped> {
    if cost < NanoUsd::ZERO { Err(Refusal::BadAmount(cost).into()) } else { Ok(()) }
}
