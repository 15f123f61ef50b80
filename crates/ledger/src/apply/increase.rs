//! Requests for more, and their answers.

use domain::NanoUsd;

use super::transfer::Movement;
use super::{amount, reasoned};
use crate::account::{Answer, Request, RequestId};
use crate::command::{Approve, Ask, Deny, Order};
use crate::draft::Draft;
use crate::ledger::REMEMBER_MS;
use crate::outcome::Outcome;
use crate::refusal::{Refusal, Stopped};

impl Draft<'_> {
    pub(super) fn ask(&mut self, it: &Ask) -> Result<Outcome, Stopped> {
        reasoned(&it.order)?;
        if amount(it.amount)? == NanoUsd::ZERO {
            return Err(Refusal::BadAmount(it.amount).into());
        }
        if it.budget.scope.is_each() {
            return Err(Refusal::Template(it.budget.scope.clone()).into());
        }
        if self.terms(&it.budget)?.is_none() {
            return Err(Refusal::NoBudget(it.budget.clone()).into());
        }
        if self.remembered_request(&it.order.key)?.is_some() {
            return Err(Refusal::KeyReused(it.order.key.to_string()).into());
        }
        let request = Request {
            id: it.order.key.clone(),
            at: self.now,
            budget: it.budget.clone(),
            amount: it.amount,
            by: it.order.by.clone(),
            reason: it.order.reason.clone(),
            answer: None,
        };
        *self.edit::<Request>(&it.order.key)? = Some(request);
        Ok(Outcome::Done)
    }

    pub(super) fn approve(&mut self, it: &Approve) -> Result<Outcome, Stopped> {
        let request = self.open_request(&it.request)?;
        if amount(it.amount)? == NanoUsd::ZERO {
            return Err(Refusal::BadAmount(it.amount).into());
        }
        if it.amount > request.amount {
            return Err(Refusal::MoreThanAsked { asked: request.amount, granted: it.amount }.into());
        }
        let key = &request.budget;
        let from = it.from.as_ref();
        let movement = Movement {
            from: from.unwrap_or(&key.scope),
            to: &key.scope,
            period: key.period,
            amount: it.amount,
        };
        if from.is_some() {
            self.move_money(&movement, &it.order.by)?;
        } else {
            self.not_frozen(&key.scope)?;
            if self.terms(key)?.is_none() {
                return Err(Refusal::NoBudget(key.clone()).into());
            }
            self.grant(&request, &movement, &it.order)?;
        }
        self.answer(&it.request, &it.order, Some(it.amount))
    }

    /// New money for one budget, in this period.
    fn grant(&mut self, request: &Request, it: &Movement<'_>, order: &Order) -> Result<(), Stopped> {
        let key = &request.budget;
        let parent = self.parent_of(key)?;
        let family: Vec<_> = std::iter::once(key.clone()).chain(parent.clone()).collect();
        self.bring_all(&family)?;
        let counter = &mut self.budget(key)?.counter;
        counter.moved = counter.moved.plus(it.amount)?;
        let start = counter.window.start;
        self.count_movement(it, &order.by, start)?;
        if let Some(parent) = parent {
            let counter = &mut self.budget(&parent)?.counter;
            counter.moved_below = counter.moved_below.plus(it.amount)?;
            self.not_overcommitted(&parent, NanoUsd::ZERO)?;
        }
        self.raise_epoch(&key.scope)?;
        Ok(())
    }

    pub(super) fn deny(&mut self, it: &Deny) -> Result<Outcome, Stopped> {
        self.open_request(&it.request)?;
        self.answer(&it.request, &it.order, None)
    }

    fn open_request(&self, id: &RequestId) -> Result<Request, Stopped> {
        let request = self.remembered_request(id)?.ok_or_else(|| Refusal::NoRequest(id.clone()))?;
        match request.answer {
            Some(_) => Err(Refusal::Answered(id.clone()).into()),
            None => Ok(request.clone()),
        }
    }

    /// The request, if it was not answered so long ago that it counts as forgotten.
    fn remembered_request(&self, id: &RequestId) -> Result<Option<&Request>, Stopped> {
        let is_fresh = |it: &Answer| -> bool { self.now.millis_since(it.at) <= REMEMBER_MS };
        Ok(self.stored::<Request>(id)?.filter(|it| it.answer.as_ref().is_none_or(is_fresh)))
    }

    fn answer(
        &mut self,
        id: &RequestId,
        order: &Order,
        granted: Option<NanoUsd>,
    ) -> Result<Outcome, Stopped> {
        let at = self.now;
        if let Some(request) = self.edit::<Request>(id)? {
            let (by, note) = (order.by.clone(), order.reason.clone());
            request.answer = Some(Answer { by, at, granted, note });
        }
        Ok(Outcome::Done)
    }
}
