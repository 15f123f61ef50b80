//! What a call is held to account for: what was reserved ends settled or released, once,
//! and what was metered goes into the book.

use std::sync::Arc;

use dialect::{Basis, Delivery, Meter, Reading, Request};
use domain::{
    Branch, CallKey, Lineage, ModelName, NanoUsd, Observation, Origin, OutputConfidence, Place, Provider,
    RequestId, SessionId, Thread, Timestamp, Tokens, Tool, ToolUses, Usage,
};
use ledger::ReservationId;

use crate::budget_desk::{Claims, Identity, Metered};
use crate::door::Visit;
use crate::gateway::Gateway;
use crate::loop_guard::Caller;

/// What is held for a call.
#[derive(Debug)]
pub(crate) struct Hold {
    /// The reservation, and how much it is.
    pub(crate) reserved: Option<(ReservationId, NanoUsd)>,
    /// Who bills, by the price book.
    pub(crate) provider: Option<Provider>,
}

/// What was asked for, as it is sent.
pub(crate) struct Asked {
    pub(crate) request: Request,
    pub(crate) claims: Arc<Claims>,
    pub(crate) caller: Option<Caller>,
    pub(crate) at: Timestamp,
    /// Usage was asked for that the client did not ask for.
    pub(crate) hides_usage: bool,
}

/// How far a call has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing was sent.
    NotSent,
    /// It was sent, and may have been answered.
    Sent,
    /// The provider answered with a failure.
    Failed,
}

/// The account of a call. It ends where it is dropped, if not before.
pub(crate) struct Account {
    gateway: Gateway,
    identity: Arc<Identity>,
    asked: Asked,
    hold: Hold,
    provider: Provider,
    own_id: RequestId,
    shown_id: RequestId,
    meter: Meter,
    stage: Stage,
    /// The response is encoded, and its meter sees nothing.
    is_unreadable: bool,
    is_open: bool,
}

impl Account {
    pub(crate) fn open(visit: &Visit, asked: Asked, hold: Hold) -> Box<Self> {
        let provider = hold.provider.as_ref().unwrap_or(&visit.upstream.provider).clone();
        Box::new(Self {
            gateway: visit.gateway.clone(),
            identity: Arc::clone(&visit.identity),
            provider,
            own_id: visit.manner.id.clone(),
            shown_id: visit.manner.id.clone(),
            meter: Meter::new(asked.request.dialect, Delivery::Whole),
            stage: Stage::NotSent,
            is_unreadable: false,
            is_open: true,
            asked,
            hold,
        })
    }

    /// From here on it may cost something.
    pub(crate) const fn sent(&mut self) {
        self.stage = Stage::Sent;
    }

    /// It turned out that nothing was sent.
    pub(crate) const fn not_sent(&mut self) {
        self.stage = Stage::NotSent;
    }

    /// A response begins, under the id that the client sees.
    pub(crate) fn answered(&mut self, shown_id: RequestId, delivery: Delivery, is_success: bool) {
        self.shown_id = shown_id;
        self.stage = if is_success { Stage::Sent } else { Stage::Failed };
        let meter = Meter::new(self.asked.request.dialect, delivery);
        self.meter = if self.asked.hides_usage { meter.hiding_usage() } else { meter };
    }

    /// The response cannot be read.
    pub(crate) const fn is_unreadable(&mut self) {
        self.is_unreadable = true;
    }

    pub(crate) const fn request(&self) -> &Request {
        &self.asked.request
    }

    pub(crate) const fn hides_usage(&self) -> bool {
        self.asked.hides_usage
    }

    pub(crate) const fn meter(&mut self) -> &mut Meter {
        &mut self.meter
    }

    /// Ends it.
    pub(crate) fn end(&mut self) {
        if !std::mem::replace(&mut self.is_open, false) {
            return;
        }
        let reading = self.meter.reading();
        let used = reading.input != Basis::Unknown || !reading.usage.is_zero();
        let is_free = match self.stage {
            Stage::NotSent => true,
            // A provider that fails within its response and says of no usage bills none.
            Stage::Sent => reading.error.is_some() && !used,
            Stage::Failed => !used,
        };
        let desk = self.gateway.desk();
        if is_free {
            if let Some((id, _)) = self.hold.reserved.take() {
                desk.release(id);
            }
            return;
        }
        let observations = self.observations(&reading);
        if let Some((id, amount)) = self.hold.reserved.take() {
            let cost = self.cost(&observations, amount);
            desk.settle(id, cost);
            if let Some(caller) = &self.asked.caller {
                self.gateway.loops().spent(caller, cost, desk.now());
            }
        }
        if reading.input == Basis::Stated {
            self.gateway.estimator().learn(&self.asked.request, &reading);
        }
        let is_named_by_provider = reading.id.is_some();
        let claims = Arc::clone(&self.asked.claims);
        desk.record(Metered {
            identity: Arc::clone(&self.identity),
            claims,
            observations,
            is_named_by_provider,
        });
    }

    /// What all of it cost. Where nobody knows, it is what was held: the most that it can be.
    fn cost(&self, observations: &[Observation], held: NanoUsd) -> NanoUsd {
        if self.is_unreadable {
            return held;
        }
        let estimator = self.gateway.estimator();
        let sum = observations.iter().try_fold(NanoUsd::ZERO, |sum, it| {
            let as_asked = || Observation { model: self.asked.request.model.clone(), ..it.clone() };
            let cost = estimator.cost(it).or_else(|_| estimator.cost(&as_asked())).ok()?;
            sum.plus(cost).ok()
        });
        sum.unwrap_or(held)
    }

    fn observations(&self, reading: &Reading) -> Vec<Observation> {
        let request = &self.asked.request;
        let place = Arc::new(self.place());
        let key = reading.id.clone().unwrap_or_else(|| CallKey::new(self.own_id.as_str()));
        let of = |key: CallKey, model: ModelName, usage: Usage| Observation {
            key,
            request: Some(self.shown_id.clone()),
            at: self.asked.at,
            model,
            provider: Some(self.provider.clone()),
            usage,
            terms: reading.terms(request.terms),
            output: reading.confidence(),
            lineage: Lineage::Own,
            place: Arc::clone(&place),
            turn: None,
            tools: ToolUses::NONE,
            reported_cost: None,
            origin: Origin::default(),
        };
        let model = reading.model.clone().unwrap_or_else(|| request.model.clone());
        let mut all = vec![of(key.clone(), model, self.usage(reading))];
        if self.is_unreadable
            && let Some(only) = all.first_mut()
        {
            only.output = OutputConfidence::Interrupted;
        }
        all.extend(reading.advisors.iter().map(|it| {
            let key = CallKey::new(&format!("{key}#advisor-{}", it.step));
            of(key, it.model.clone(), it.usage)
        }));
        all
    }

    /// What was used, with the likely length of the prompt where the provider did not tell it.
    fn usage(&self, reading: &Reading) -> Usage {
        let mut usage = reading.usage;
        if reading.input == Basis::Unknown && self.stage == Stage::Sent {
            usage.input = Tokens::new(self.gateway.estimator().likely_input(&self.asked.request));
        }
        usage
    }

    fn place(&self) -> Place {
        let claims = &self.asked.claims;
        let session = claims.session.clone();
        let session = session.unwrap_or_else(|| SessionId::new(self.identity.reporter.as_str()));
        Place {
            thread: if claims.is_subagent { Thread::Subagent } else { Thread::Main },
            branch: claims.branch.as_deref().map(Branch::new),
            remote: claims.repo.as_deref().map(Arc::from),
            ..Place::of(claims.tool.unwrap_or(Tool::Other), session)
        }
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        // Only where its task was ended from outside, or before it was sent.
        self.end();
    }
}
