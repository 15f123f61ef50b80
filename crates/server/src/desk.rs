//! What every request finds: the store, the books, the prices, the limits, the time.

use std::sync::Arc;

use domain::{SourceKind, Timestamp};
use pricing::Pricer;
use store::{Accepted, Delivery, Store};
use tokio::sync::{Semaphore, watch};

use crate::access::{Attempts, Links};
use crate::budgets::bookings::Bookings;
use crate::failure::Failure;
use crate::figures::FiguresDesk;
use crate::metrics::Metrics;
use crate::newsroom::Newsroom;
use crate::options::{Limits, ServeOptions};
use crate::register::Register;

/// Everything that requests share. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Desk(Arc<Shared>);

struct Shared {
    store: Store,
    register: Register,
    prices: Pricer,
    figures: FiguresDesk,
    limits: Limits,
    clock: crate::clock::Clock,
    metrics: Metrics,
    newsroom: Newsroom,
    bookings: Bookings,
    attempts: Attempts,
    links: Links,
    has_certificate: bool,
    requests: Arc<Semaphore>,
    watchers: Arc<Semaphore>,
    stopping: watch::Receiver<bool>,
}

impl Desk {
    pub(crate) fn new(store: Store, options: &ServeOptions, stopping: watch::Receiver<bool>) -> Self {
        let register = Register::new(store.books().clone());
        let bookings = Bookings::new(&store);
        let (rules, prices) = (options.rules.clone(), options.prices.clone());
        let figures = FiguresDesk::new(store.clone(), rules, prices, options.zone.clone());
        Self(Arc::new(Shared {
            store,
            register,
            prices: options.prices.clone(),
            figures,
            limits: options.limits,
            clock: options.clock.clone(),
            metrics: Metrics::default(),
            newsroom: Newsroom::new(options.clock.clone()),
            bookings,
            attempts: Attempts::default(),
            links: Links::default(),
            has_certificate: options.tls.is_some(),
            requests: Arc::new(Semaphore::new(options.limits.requests)),
            watchers: Arc::new(Semaphore::new(options.limits.watchers)),
            stopping,
        }))
    }

    /// The company's book.
    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    /// Tokens, directory and settings.
    pub(crate) fn register(&self) -> &Register {
        &self.0.register
    }

    /// The prices.
    pub(crate) fn prices(&self) -> &Pricer {
        &self.0.prices
    }

    /// Where questions are answered.
    pub(crate) fn figures(&self) -> &FiguresDesk {
        &self.0.figures
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// The newest news.
    pub(crate) fn newsroom(&self) -> &Newsroom {
        &self.0.newsroom
    }

    /// What waits to be booked into the budgets.
    pub(crate) fn bookings(&self) -> &Bookings {
        &self.0.bookings
    }

    /// Failed sign-ins.
    pub(crate) fn attempts(&self) -> &Attempts {
        &self.0.attempts
    }

    /// One-time links that are good.
    pub(crate) fn links(&self) -> &Links {
        &self.0.links
    }

    /// Whether the server encrypts by itself.
    pub(crate) fn has_certificate(&self) -> bool {
        self.0.has_certificate
    }

    /// What tells the time.
    pub(crate) fn clock(&self) -> crate::clock::Clock {
        self.0.clock.clone()
    }

    /// The moment of now.
    pub(crate) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// One for each request that is worked on.
    pub(crate) fn requests(&self) -> &Arc<Semaphore> {
        &self.0.requests
    }

    /// One for each listener to live events.
    pub(crate) fn watchers(&self) -> &Arc<Semaphore> {
        &self.0.watchers
    }

    /// Turns true when the server is told to stop.
    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.0.stopping.clone()
    }

    /// Stores what a source reported; returns after the durable write.
    pub(crate) async fn accept(&self, source: SourceKind, delivery: Delivery) -> Result<Accepted, Failure> {
        let accepted = self.store().accept(delivery).await?;
        self.metrics().accepted(source, accepted);
        Ok(accepted)
    }
}
