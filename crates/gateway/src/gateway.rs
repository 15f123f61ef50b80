//! The gateway: takes requests, and keeps what all of them share.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use dialect::{Grounds, Operation, Route};
use domain::RequestId;
use http::request::Parts;
use http::{Request, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::address::Address;
use crate::body::{Body, Shelf, discard};
use crate::budget_desk::BudgetDesk;
use crate::call;
use crate::door::{self, Manner, Visit};
use crate::estimate::Estimator;
use crate::loop_guard::LoopGuard;
use crate::passing;
use crate::policy::Policy;
use crate::refuse::No;
use crate::settings::{BadSettings, Limits, Settings};
use crate::upstream::Upstreams;

/// Calls that wait for the money that others hold; more are refused at once.
const WAITING: usize = 256;
/// Letters of the random part of an id.
const RANDOM_BYTES: usize = 8;

/// The call path. Cheap to clone: all clones are one gateway.
#[derive(Clone)]
pub struct Gateway(Arc<Shared>);

struct Shared {
    desk: Arc<dyn BudgetDesk>,
    estimator: Estimator,
    policy: Policy,
    loops: LoopGuard,
    upstreams: Upstreams,
    limits: Limits,
    /// For calls that run.
    places: Arc<Semaphore>,
    place_count: u32,
    /// For calls whose client went away.
    drains: Arc<Semaphore>,
    /// For calls that wait for the money that others hold.
    waits: Arc<Semaphore>,
    /// For the bodies of calls.
    shelf: Shelf,
    ids: Ids,
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Gateway").field(&self.0.upstreams).finish()
    }
}

impl Gateway {
    /// With a desk that keeps tokens, budgets and the book.
    ///
    /// # Errors
    /// [`BadSettings`], naming what cannot be.
    pub fn new(desk: Arc<dyn BudgetDesk>, settings: Settings) -> Result<Self, BadSettings> {
        let Settings { upstreams, limits, policy, pricer } = settings;
        let place_count = u32::try_from(limits.calls.min(Semaphore::MAX_PERMITS)).unwrap_or(u32::MAX);
        let places = Semaphore::new(usize::try_from(place_count).unwrap_or(Semaphore::MAX_PERMITS));
        Ok(Self(Arc::new(Shared {
            desk,
            estimator: Estimator::new(pricer),
            loops: LoopGuard::new(policy.loops.clone()),
            policy,
            upstreams: Upstreams::new(&upstreams)?,
            places: Arc::new(places),
            place_count,
            drains: Arc::new(Semaphore::new(limits.drains.min(Semaphore::MAX_PERMITS))),
            waits: Arc::new(Semaphore::new(WAITING)),
            shelf: Shelf::new(limits.held_bytes),
            limits,
            ids: Ids::new()?,
        })))
    }

    /// Answers a request. Whoever serves it bounds how long its head may be and take.
    pub async fn handle<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>
            + Send
            + 'static,
    {
        let (head, body) = request.into_parts();
        let path = head.uri.path_and_query().map_or_else(|| "/".to_owned(), |it| it.as_str().to_owned());
        let address = Address::of(&path);
        let route = Route::of(head.method.as_str(), address.rest);
        let manner = Manner::of(&route, &head.headers, &address, self.0.ids.next());
        let (dialect, delivery, id) = (manner.dialect, manner.delivery, manner.id.clone());
        let response = match enter(self, head, (address, route), manner).await {
            Ok(visit) => serve(visit, body).await,
            Err(no) => {
                discard(body, self.0.limits.body_bytes, self.0.limits.body_time).await;
                Err(no)
            }
        };
        response.unwrap_or_else(|no| no.answer((dialect, delivery), &id, self.0.desk.now()))
    }

    /// Comes to an end when no call runs any more, those among them whose client went away.
    /// Calls that come meanwhile are refused.
    pub async fn drained(&self) {
        // It is closed where that was waited for before.
        if self.0.places.acquire_many(self.0.place_count).await.is_ok() {
            self.0.places.close();
        }
    }

    pub(crate) fn desk(&self) -> &Arc<dyn BudgetDesk> {
        &self.0.desk
    }

    pub(crate) fn estimator(&self) -> &Estimator {
        &self.0.estimator
    }

    pub(crate) fn policy(&self) -> &Policy {
        &self.0.policy
    }

    pub(crate) fn loops(&self) -> &LoopGuard {
        &self.0.loops
    }

    pub(crate) fn upstreams(&self) -> &Upstreams {
        &self.0.upstreams
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    pub(crate) fn shelf(&self) -> &Shelf {
        &self.0.shelf
    }

    /// A place for a call.
    pub(crate) fn place(&self) -> Result<OwnedSemaphorePermit, No> {
        Arc::clone(&self.0.places).try_acquire_owned().map_err(|_| {
            let text = "too many calls run at once, or the gateway is stopping; try again in a moment";
            No::new(Grounds::Unavailable, "gateway_busy", text)
        })
    }

    /// A place for a call that waits for money, unless many do.
    pub(crate) fn waiting_place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0.waits).try_acquire_owned().ok()
    }

    /// Whether calls run besides the one that asks.
    pub(crate) fn others_run(&self) -> bool {
        let free = u32::try_from(self.0.places.available_permits()).unwrap_or(u32::MAX);
        free.saturating_add(1) < self.0.place_count
    }

    /// A place for a call whose client went away, if there is one.
    pub(crate) fn drain_place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0.drains).try_acquire_owned().ok()
    }
}

/// Lets a request in, if it may be passed on as far as one can tell before its body.
async fn enter(
    gateway: &Gateway,
    head: Parts,
    (address, route): (Address<'_>, Route),
    manner: Manner,
) -> Result<Visit, No> {
    let visit = door::open(gateway, head, (address, route), manner).await?;
    if visit.route.operation == Operation::Unmetered {
        passing::nothing_binds(&visit).await?;
    }
    Ok(visit)
}

async fn serve<B>(visit: Visit, body: B) -> Result<Response<Body>, No>
where
    B: http_body::Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
{
    match visit.route.operation {
        Operation::Generate | Operation::Compact => Ok(call::take(visit, body).await),
        Operation::Unmetered | Operation::CountTokens | Operation::ListModels | Operation::Other => {
            passing::pass(visit, body).await
        }
    }
}

/// Ids that are unique to every call of every gateway.
struct Ids {
    prefix: String,
    next: AtomicU64,
}

impl Ids {
    fn new() -> Result<Self, BadSettings> {
        let mut random = [0; RANDOM_BYTES];
        getrandom::fill(&mut random).map_err(|error| BadSettings::NoChance(error.to_string()))?;
        let prefix = format!("req_bursar_{:016x}", u64::from_be_bytes(random));
        Ok(Self { prefix, next: AtomicU64::new(0) })
    }

    fn next(&self) -> RequestId {
        RequestId::new(&format!("{}{:08x}", self.prefix, self.next.fetch_add(1, Ordering::Relaxed)))
    }
}
