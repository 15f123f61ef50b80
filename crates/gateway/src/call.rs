//! A call that is billed, from its body to the moment at which it is sent: estimate,
//! outlook, downgrade, reservation.
//!
//! From its body on a call runs in a task of its own, so that a client that goes away
//! leaves nothing half done: what was reserved is released or settled in any case.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dialect::{Delivery, Dialect, Edit, Grounds, Request, path_with_model};
use domain::{ModelName, NanoUsd, Timestamp};
use http::header::CONTENT_ENCODING;
use http_body_util::Full;
use ledger::{Outlook, Refusal, ReservationId, Subject};
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::account::{Account, Asked, Hold};
use crate::body::{Body, Bounds, Held, ToUpstream, Unread, read};
use crate::budget_desk::{Claims, DeskError};
use crate::claims::{self, CLAUDE_AGENT, MAX_CLAIM_BYTES};
use crate::count;
use crate::door::Visit;
use crate::estimate::{Clamp, Estimate};
use crate::headers;
use crate::loop_guard::Caller;
use crate::passing::stopped;
use crate::refuse::No;
use crate::relay::{self, Outbound, Told};
use crate::upstream::NoResponse;

/// A reservation, and how much it is.
type Reserved = (ReservationId, NanoUsd);

/// How often less is asked for where a budget has less left than was seen.
const RESERVE_TRIES: u32 = 4;
/// The pauses after which a call asks again that is short of money which other calls hold:
/// one and a half seconds in all.
const WAITS_MS: [u64; 6] = [25, 75, 150, 250, 400, 600];

/// A call whose body was read.
struct Call {
    visit: Visit,
    claims: Claims,
    caller: Option<Caller>,
    request: Request,
    body: Bytes,
    at: Timestamp,
}

/// What a call is allowed.
struct Admitted {
    subject: Subject,
    hold: Hold,
    edit: Edit,
    outlook: Outlook,
}

/// Answers a call.
pub(crate) async fn take<B>(visit: Visit, body: B) -> http::Response<Body>
where
    B: http_body::Body<Data = Bytes>,
{
    let mut manner = visit.manner.clone();
    let desk = Arc::clone(visit.gateway.desk());
    let call = match Call::read(visit, body).await {
        Ok(call) => call,
        Err(no) => return no.answer((manner.dialect, manner.delivery), &manner.id, desk.now()),
    };
    manner.delivery = call.request.delivery;
    let (tell, told) = oneshot::channel();
    tokio::spawn(Box::new(call).run(tell));
    let answer = told.await.unwrap_or_else(|_| Err(stopping()));
    answer.unwrap_or_else(|no| no.answer((manner.dialect, manner.delivery), &manner.id, desk.now()))
}

/// No, where the process ends before the call does.
pub(crate) fn stopping() -> No {
    No::new(Grounds::Unavailable, "gateway_stopping", "the gateway is stopping; try again in a moment")
}

/// No, where an upstream gave no response.
pub(crate) fn no_response(why: NoResponse, upstream: &str) -> No {
    match why {
        NoResponse::NotSent => {
            let text = format!("`{upstream}` cannot be reached; nothing was sent and nothing is charged");
            No::new(Grounds::Unavailable, "upstream_unreachable", text)
        }
        NoResponse::Broken => {
            let text = format!("`{upstream}` closed the connection before it answered");
            No::new(Grounds::Unavailable, "upstream_broke_off", text)
        }
    }
}

/// No, where an upstream does not answer in time.
pub(crate) fn too_late(upstream: &str) -> No {
    No::new(Grounds::Unavailable, "upstream_too_slow", format!("`{upstream}` did not answer in time"))
}

impl Call {
    async fn read<B>(mut visit: Visit, body: B) -> Result<Self, No>
    where
        B: http_body::Body<Data = Bytes>,
    {
        let wrong = |code, text: String| No::new(Grounds::Request, code, text);
        let encoding = visit.head.headers.get(CONTENT_ENCODING);
        if encoding.is_some_and(|it| !it.is_empty() && it != "identity") {
            let text = "the request body is compressed, so its price cannot be told; turn compression of \
                        requests off in your client";
            return Err(wrong("body_compressed", text.to_owned()));
        }
        let mut claims =
            claims::read(&visit.head.headers).map_err(|bad| wrong("bad_claim", bad.to_string()))?;
        let gateway = visit.gateway.clone();
        let limits = gateway.limits();
        let shelf = Some(gateway.shelf());
        let bounds = Bounds { limit: limits.body_bytes, within: limits.body_time, shelf };
        let body = read(body, bounds).await.map_err(|why| match why {
            Unread::NoRoom => {
                let text = "the bodies of other calls take up all the room there is; try again in a moment";
                No::new(Grounds::Unavailable, "gateway_busy", text)
            }
            Unread::TooLong => {
                let text = format!("the request body is longer than {} bytes; send less", limits.body_bytes);
                wrong("body_too_long", text)
            }
            Unread::TooSlow => wrong("body_too_slow", "the request body did not come in time".to_owned()),
            Unread::Broken => wrong("body_broken", "the connection broke within the request body".to_owned()),
        })?;
        let Held { bytes: body, shelved } = body;
        visit.shelved = shelved;
        let request = Request::read(&visit.route, &body)
            .map_err(|error| wrong("body_not_understood", error.to_string()))?;
        claims.session = claims.session.or_else(|| request.session.clone());
        claims.provider = visit.upstream.provider.to_string();
        let at = visit.gateway.desk().now();
        let agent = visit.head.headers.get(CLAUDE_AGENT).and_then(|it| it.to_str().ok());
        let agent: Option<Box<str>> = agent.filter(|it| it.len() <= MAX_CLAIM_BYTES).map(Box::from);
        visit.dress();
        let caller = Caller::of(&visit.identity, &claims);
        let caller = caller.map(|it| Caller { agent: agent.or_else(|| it.agent.clone()), ..it });
        Ok(Self { visit, claims, caller, request, body, at })
    }

    /// Does it, and tells the client how it went.
    async fn run(mut self: Box<Self>, tell: oneshot::Sender<Told>) {
        let mut stops = self.visit.gateway.desk().stops();
        // What is killed already counts as news for this call.
        stops.mark_changed();
        let admitted = match self.admit().await {
            Ok(admitted) => admitted,
            Err(no) => return drop(tell.send(Err(no))),
        };
        let Admitted { subject, hold, edit, outlook } = admitted;
        let hides_usage = edit.report_usage;
        let shown = Outbound::shown(&outlook, &edit, self.request.dialect);
        let request = self.outgoing(&edit);
        let Self { visit, claims, caller, request: asked, at, .. } = *self;
        let asked = Asked { request: asked, claims: Arc::new(claims), caller, at, hides_usage };
        let account = Account::open(&visit, asked, hold);
        match request {
            // The account ends with nothing sent.
            Err(no) => drop(tell.send(Err(no))),
            Ok(request) => {
                let outbound = Outbound { account, request, subject, stops, shown };
                relay::run(visit, outbound, tell).await;
            }
        }
    }

    /// Asks for the money, with a cheaper model or a shorter answer where that is the way.
    async fn admit(&mut self) -> Result<Admitted, No> {
        let desk = Arc::clone(self.visit.gateway.desk());
        let gateway = self.visit.gateway.clone();
        if let Some(caller) = &self.caller {
            let looping = gateway.loops().check(caller, &self.request, self.at);
            looping.map_err(|why| No::new(Grounds::Policy, why.code(), why.to_string()))?;
        }
        let mut edit = Edit::default();
        let mut estimate = self.estimate(None);
        let mut subject = desk.subject(&self.visit.identity, &self.claims)?;
        let mut outlook = desk.outlook(&subject).await?;
        stopped(&outlook)?;
        if let Some(model) = self.cheaper(&outlook) {
            self.request.model = model.clone();
            edit.model = Some(model);
            estimate = self.estimate(None);
            // The cheaper model may have budgets of its own.
            subject = desk.subject(&self.visit.identity, &self.claims)?;
            outlook = desk.outlook(&subject).await?;
            stopped(&outlook)?;
        }
        if let (Ok(rough), Some((_, room))) = (&estimate, &outlook.room)
            && rough.wants_count(room.amount)
            && let Some(counted) = self.count().await
        {
            estimate = self.estimate(Some(counted));
        }
        self.allowed(estimate.as_ref().ok())?;
        edit.report_usage = !self.request.reports_usage && self.request.delivery == Delivery::Events;
        let provider = estimate.as_ref().ok().map(|it| it.model.provider().clone());
        let reserved = match (&estimate, &outlook.room) {
            (Ok(estimate), Some((budget, room))) => {
                self.bounded(estimate, &budget.to_string())?;
                let most = self.most(estimate, outlook.clamped_to);
                Some(self.hold(&subject, estimate, (room.amount, most), &mut edit).await?)
            }
            (Ok(estimate), None) => {
                let most = self.most(estimate, outlook.clamped_to);
                Some(self.hold_likely(&subject, most, &mut edit).await?)
            }
            (Err(_), None) => None,
            (Err(unpriced), Some((budget, _))) => {
                let model = &self.request.model;
                let text = format!(
                    "the budget {budget} is hard, and for `{model}` {unpriced}; ask whoever keeps the prices, or \
                     use another model"
                );
                return Err(No::new(Grounds::Policy, "model_unpriced", text));
            }
        };
        Ok(Admitted { subject, hold: Hold { reserved, provider }, edit, outlook })
    }

    /// The most that it can cost, and the model by the name of the price book.
    fn estimate(&mut self, counted: Option<u64>) -> Result<Estimate, domain::Unpriced> {
        let estimate = self.visit.gateway.estimator().worst_case(&self.request, self.at, counted);
        let model = estimate.as_ref().map_or(&self.request.model, |it| it.model.model());
        self.claims.model = model.to_string();
        estimate
    }

    /// How long the prompt is, as the provider counts it.
    async fn count(&self) -> Option<u64> {
        let Visit { upstream, path, head, .. } = &self.visit;
        count::ask(upstream, path, &head.headers, &self.request, &self.body).await
    }

    /// The model that a threshold sends it to instead.
    fn cheaper(&self, outlook: &Outlook) -> Option<ModelName> {
        let asked = self.request.model.as_str();
        let cheaper = outlook.downgrade(asked).or_else(|| outlook.downgrade(&self.claims.model))?;
        (cheaper.as_str() != asked && cheaper.as_str() != self.claims.model).then(|| cheaper.clone())
    }

    /// No, where this gateway does not allow it whatever the budgets say.
    fn allowed(&self, estimate: Option<&Estimate>) -> Result<(), No> {
        let policy = self.visit.gateway.policy();
        let allowed = match estimate {
            Some(estimate) => policy.judge(&self.claims, estimate),
            None => policy.judge_model(&self.claims.provider, &self.claims.model),
        };
        allowed.map_err(|forbidden| No::new(Grounds::Policy, forbidden.code, forbidden.message))
    }

    /// No, where nobody knows what a call under a hard budget can cost.
    fn bounded(&self, estimate: &Estimate, budget: &str) -> Result<(), No> {
        let no = |why: &str| {
            let text =
                format!("the budget {budget} is hard, and what this call can cost is not known: {why}");
            Err(No::new(Grounds::Policy, "cost_unbounded", text))
        };
        if self.request.in_background {
            return no("its response is asked for later; ask for it at once");
        }
        match estimate.unbounded {
            Some(why) => no(&why.to_string()),
            None => Ok(()),
        }
    }

    /// Reserves what fits into a hard budget. Where nothing does while other calls run, it
    /// waits a moment: most of them end with money left.
    async fn hold(
        &self,
        subject: &Subject,
        estimate: &Estimate,
        (room, most): (NanoUsd, Clamp),
        edit: &mut Edit,
    ) -> Result<Reserved, No> {
        let gateway = &self.visit.gateway;
        let mut pauses = WAITS_MS.into_iter();
        let mut place = None;
        loop {
            let refusal = match self.hold_now(subject, estimate, (room, most), edit).await? {
                Ok(reserved) => return Ok(reserved),
                Err(refusal) => refusal,
            };
            place = place.or_else(|| gateway.waiting_place());
            match pauses.next() {
                Some(pause) if place.is_some() && gateway.others_run() => {
                    sleep(Duration::from_millis(pause)).await;
                }
                Some(_) | None => return Err(No::from(&*refusal)),
            }
        }
    }

    /// The same at once; the refusal where a budget has not enough.
    async fn hold_now(
        &self,
        subject: &Subject,
        estimate: &Estimate,
        (room, most): (NanoUsd, Clamp),
        edit: &mut Edit,
    ) -> Result<Result<Reserved, Box<Refusal>>, No> {
        let mut clamp = modest(estimate, room, most);
        let mut tries = 0;
        loop {
            tries += 1;
            let refusal = match self.reserve(subject, clamp.amount).await {
                Ok(reserved) => {
                    edit.output_limit = limit(clamp);
                    return Ok(Ok(reserved));
                }
                Err(DeskError::Refused(refusal)) => refusal,
                Err(error) => return Err(error.into()),
            };
            let Refusal::Exceeded(short) = &*refusal else { return Err(No::from(&*refusal)) };
            // The last word is said on the least that would do, so that the client is told how
            // little was missing.
            let less = modest(estimate, short.grantable, most);
            if less.amount >= clamp.amount || tries >= RESERVE_TRIES {
                return Ok(Err(refusal));
            }
            clamp = less;
        }
    }

    /// Reserves what it will likely cost, where nothing stops it anyway.
    async fn hold_likely(&self, subject: &Subject, most: Clamp, edit: &mut Edit) -> Result<Reserved, No> {
        let likely = self.visit.gateway.estimator().likely(&self.request, self.at);
        let amount = likely.map_or(most.amount, |likely| likely.min(most.amount));
        edit.output_limit = limit(most);
        Ok(self.reserve(subject, amount).await?)
    }

    /// The most that it may cost in any case: as much as was asked for, or as one call may, or
    /// what a threshold leaves it, but at least the shortest answer that is worth asking for.
    fn most(&self, estimate: &Estimate, clamped_to: Option<NanoUsd>) -> Clamp {
        let whole = Clamp { output_limit: u64::MAX, amount: estimate.amount };
        let may = self.visit.gateway.policy().most_per_call;
        let room = [may, clamped_to.map(|it| it.max(estimate.least()))].into_iter().flatten().min();
        let room = room.filter(|room| *room < estimate.amount);
        room.and_then(|room| estimate.fitting(room)).unwrap_or(whole)
    }

    async fn reserve(&self, subject: &Subject, amount: NanoUsd) -> Result<Reserved, DeskError> {
        let id = ReservationId::new(self.visit.manner.id.as_str());
        self.visit.gateway.desk().reserve(id.clone(), subject.clone(), amount).await?;
        Ok((id, amount))
    }

    /// The request as its upstream gets it.
    fn outgoing(&mut self, edit: &Edit) -> Result<http::Request<ToUpstream>, No> {
        let failed = |text: String| No::new(Grounds::Request, "body_not_understood", text);
        let mut in_body = edit.clone();
        if self.request.dialect == Dialect::Gemini
            && let Some(model) = in_body.model.take()
        {
            self.visit.path = path_with_model(&self.visit.path, &model)
                .ok_or_else(|| failed("the request's path names no model".to_owned()))?;
        }
        let body = if in_body == Edit::default() {
            self.body.clone()
        } else {
            Bytes::from(self.request.edit(&self.body, &in_body).map_err(|error| failed(error.to_string()))?)
        };
        let target = self.visit.target()?;
        let mut request = http::Request::new(ToUpstream::Read(Full::new(body)));
        *request.uri_mut() = target;
        *request.method_mut() = self.visit.head.method.clone();
        *request.headers_mut() = std::mem::take(&mut self.visit.head.headers);
        headers::ask_for_plain(request.headers_mut());
        Ok(request)
    }
}

/// What a call takes of so much room, and no more than it may cost in any case.
fn modest(estimate: &Estimate, room: NanoUsd, most: Clamp) -> Clamp {
    let clamp = estimate.modest(room).unwrap_or_else(|| least(estimate));
    if clamp.amount < most.amount { clamp } else { most }
}

/// The output limit to put into a request, where there is one.
fn limit(clamp: Clamp) -> Option<u64> {
    Some(clamp.output_limit).filter(|limit| *limit < u64::MAX)
}

/// The shortest answer that is worth asking for.
fn least(estimate: &Estimate) -> Clamp {
    let amount = estimate.least();
    estimate.fitting(amount).unwrap_or(Clamp { output_limit: u64::MAX, amount })
}
