//! The server's desk, as the receivers see it.

use ::http::HeaderMap;
use domain::{ReporterId, SourceKind, Timestamp};
use ingest::otlp::Exporter;
use store::Delivery;

use super::{Book, Outcome, Refusal};
use crate::access::Right;
use crate::desk::Desk;
use crate::failure::Failure;

impl Book for Desk {
    async fn admit(&self, headers: &HeaderMap) -> Result<Exporter, Refusal> {
        let caller = self.caller(headers).await.map_err(|failure| refusal(&failure))?;
        caller.must(Right::Deliver).map_err(|failure| refusal(&failure))?;
        Ok(Exporter {
            reporter: ReporterId::new(&format!("otlp:{}", caller.public)),
            developer: caller.developer().cloned(),
        })
    }

    async fn accept(&self, delivery: Delivery) -> Result<(), Refusal> {
        Self::accept(self, SourceKind::Otlp, delivery).await.map(|_| ()).map_err(|failure| refusal(&failure))
    }

    fn now(&self) -> Timestamp {
        Self::now(self)
    }

    fn note(&self, outcome: Outcome<'_>) {
        match outcome {
            Outcome::Stored { signal, calls, activities, ignored, rejected } if rejected.count() == 0 => {
                tracing::debug!(signal = signal.name(), calls, activities, ignored, "telemetry");
            }
            Outcome::Stored { signal, calls, activities, ignored, rejected } => {
                let signal = signal.name();
                tracing::warn!(signal, calls, activities, ignored, %rejected, "telemetry that cannot be read in part");
            }
            Outcome::Refused { signal, refusal } => {
                tracing::warn!(signal = signal.name(), why = %refusal, "telemetry refused");
            }
        }
    }
}

/// A failure of the server, as exporters are told of it.
fn refusal(failure: &Failure) -> Refusal {
    let (status, code) = failure.code();
    match (status.as_u16(), code) {
        (401, _) => Refusal::Unauthenticated(failure.to_string()),
        (403, _) => Refusal::Forbidden(failure.to_string()),
        (400 | 413 | 422, _) => Refusal::Unstorable(failure.to_string()),
        (503, "busy") => Refusal::Busy,
        (503, "too_slow") => Refusal::TooSlow,
        (503, _) => Refusal::Unavailable,
        // Whatever it is, what was sent is not stored, and must not be lost for it.
        (_, _) => Refusal::Failed,
    }
}
