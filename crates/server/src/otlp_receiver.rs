//! The receivers of OpenTelemetry: OTLP over HTTP and over gRPC.
//!
//! Both do the same with a request: who sent it, by its credential, before any of its
//! body is read; its body, within a limit for itself and one for all together, before
//! and after decompression; what it says, by `ingest::otlp`; and the durable write,
//! before it is answered. Exporters send again what was not answered, so the book counts
//! what arrives twice once.
//!
//! What is answered is what the protocol asks for: a full success says nothing of
//! partial success, a refusal that another attempt may get past says after how long, and
//! all others say that they are final.
//!
//! gRPC is spoken here, not by a framework: one method, one message each way, is five
//! bytes before the message and two trailers behind it. A framework reads and unpacks
//! the message before it asks who sent it, with limits of its own.
//!
//! Reading order: this file, `body.rs`, `http.rs`, `grpc.rs`; `refusal.rs` has every
//! refusal with its status in both protocols, `answer.rs` what answers look like.

mod answer;
mod body;
mod desk;
mod grpc;
mod http;
mod refusal;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use ::http::header::AUTHORIZATION;
use ::http::{HeaderMap, HeaderValue};
use axum::Router;
use domain::{SourceKind, Timestamp, Witness};
use ingest::otlp::{self, Encoding, Exporter, Rejected, Signal, Telemetry};
use store::Delivery;
use tokio::time::timeout;

use self::body::{Bodies, Held};
pub(crate) use self::refusal::Refusal;

/// How long a request may take, from its head to the durable write.
const REQUEST_TIME: Duration = Duration::from_secs(30);

/// Bodies up to this many bytes are read where they arrive; longer ones on a thread that
/// may take its time.
const READ_IN_PLACE_BYTES: usize = 256 * 1_024;

/// What the receivers need of the server.
pub(crate) trait Book: Clone + Send + Sync + 'static {
    /// Who sends a request with these headers; refused before its body is read.
    fn admit(&self, headers: &HeaderMap) -> impl Future<Output = Result<Exporter, Refusal>> + Send;

    /// Stores what was said; returns after the durable write.
    fn accept(&self, delivery: Delivery) -> impl Future<Output = Result<(), Refusal>> + Send;

    /// The moment of now.
    fn now(&self) -> Timestamp;

    /// Notes what a request came to.
    fn note(&self, outcome: Outcome<'_>);
}

/// What a request came to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Outcome<'o> {
    /// It was read and stored.
    Stored {
        /// What it carried.
        signal: Signal,
        /// How many calls it told of.
        calls: usize,
        /// How many other things.
        activities: usize,
        /// How many records said nothing that is kept.
        ignored: u64,
        /// How many should have and could not be read.
        rejected: &'o Rejected,
    },
    /// It was refused.
    Refused {
        /// What it carried.
        signal: Signal,
        /// Why.
        refusal: &'o Refusal,
    },
}

/// What both protocols share. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Receiver<B> {
    book: B,
    bodies: Bodies,
}

/// What answers on the port of OTLP over HTTP.
pub(crate) fn http_router<B: Book>(receiver: Receiver<B>) -> Router {
    http::router(receiver)
}

/// What answers on the port of OTLP over gRPC.
pub(crate) fn grpc_router<B: Book>(receiver: Receiver<B>) -> Router {
    grpc::router(receiver)
}

impl<B: Book> Receiver<B> {
    /// One that stores in that book.
    pub(crate) fn new(book: B) -> Self {
        Self { book, bodies: Bodies::default() }
    }

    /// Who sends a request with these headers.
    ///
    /// `OTEL_EXPORTER_OTLP_HEADERS` has its values percent-encoded, a blank as `%20`. Some
    /// exporters send them as they stand there, over HTTP but not over gRPC.
    async fn admit(&self, headers: &HeaderMap) -> Result<Exporter, Refusal> {
        let stated = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let encoded = stated.filter(|value| value.contains("%20"));
        let Some(Ok(value)) = encoded.map(|value| HeaderValue::from_str(&value.replace("%20", " "))) else {
            return self.book.admit(headers).await;
        };
        let mut headers = headers.clone();
        headers.insert(AUTHORIZATION, value);
        self.book.admit(&headers).await
    }

    /// Lets `received` come to an end in time, and notes what it came to.
    async fn in_time(
        &self,
        signal: Signal,
        received: impl Future<Output = Result<Rejected, Refusal>> + Send,
    ) -> Result<Rejected, Refusal> {
        let outcome = timeout(REQUEST_TIME, received).await.unwrap_or(Err(Refusal::TooSlow));
        if let Err(refusal) = &outcome {
            self.book.note(Outcome::Refused { signal, refusal });
        }
        outcome
    }

    /// Reads a request, unpacked, and stores what it says.
    async fn store(
        &self,
        signal: Signal,
        encoding: Encoding,
        exporter: Exporter,
        body: Held,
    ) -> Result<Rejected, Refusal> {
        let received_at = self.book.now();
        let reader = exporter.clone();
        let length = body.bytes().len();
        let read = move || {
            let telemetry = otlp::read(signal, encoding, body.bytes(), &reader, received_at);
            // The body is not needed any more; what it said still counts for as much.
            telemetry.map(|telemetry| (telemetry, body.into_place()))
        };
        let (telemetry, place) = in_place_or_aside(length, read).await??;
        let Telemetry { observed, activities, ignored, rejected } = telemetry;
        let (calls, happened) = (observed.len(), activities.len());
        let mut delivery = Delivery::new(received_at);
        if calls == 0 && happened == 0 {
            delivery.witness = Some(witness(exporter));
        }
        delivery.observed = observed;
        delivery.activities = activities;
        self.book.accept(delivery).await?;
        drop(place);
        let outcome = Outcome::Stored { signal, calls, activities: happened, ignored, rejected: &rejected };
        self.book.note(outcome);
        Ok(rejected)
    }
}

/// Who was heard from, where nothing that was said is kept.
fn witness(exporter: Exporter) -> Arc<Witness> {
    Arc::new(Witness {
        source: SourceKind::Otlp,
        reporter: exporter.reporter,
        developer: exporter.developer,
        claimed: None,
    })
}

/// Does the work here where there is little, and on a thread of its own where there is much.
async fn in_place_or_aside<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Refusal> {
    if bytes <= READ_IN_PLACE_BYTES {
        return Ok(work());
    }
    tokio::task::spawn_blocking(work).await.map_err(|_| Refusal::Failed)
}
