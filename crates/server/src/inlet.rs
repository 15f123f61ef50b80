//! The way into the book for whoever runs in the same process.

use domain::SourceKind;
use futures_util::future::BoxFuture;
use ingest::delivery::Delivery;

use crate::api::deliveries::booked;
use crate::desk::Desk;
use crate::failure::Failure;

/// Takes deliveries of this machine's own collector, which needs no token: whoever
/// started the server started it.
#[derive(Clone)]
pub struct Inlet(Desk);

/// Why a delivery was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InletError {
    /// It may be at another time.
    #[error("{0}")]
    Later(String),
    /// It never will be.
    #[error("{0}")]
    Refused(String),
}

impl Inlet {
    pub(crate) const fn new(desk: Desk) -> Self {
        Self(desk)
    }

    /// The name of the book.
    #[must_use]
    pub fn book(&self) -> &str {
        self.0.store().id()
    }

    /// What a one-time link ends with: whoever shows it to the page is signed in as the
    /// first owner.
    ///
    /// # Errors
    /// [`InletError::Later`] where the machine gives no random bytes.
    pub fn sign_in_code(&self) -> Result<String, InletError> {
        self.0.links().new_code(self.0.now()).map_err(|failure| InletError::Later(failure.to_string()))
    }

    /// Takes a delivery; returns after the durable write.
    ///
    /// # Errors
    /// [`InletError`].
    pub fn deliver(&self, delivery: Delivery) -> BoxFuture<'_, Result<(), InletError>> {
        Box::pin(async {
            let delivery = booked(delivery, None, self.0.now());
            let accepted = self.0.accept(SourceKind::Log, delivery).await;
            accepted.map(drop).map_err(|failure: Failure| {
                if failure.code().0.is_client_error() {
                    InletError::Refused(failure.to_string())
                } else {
                    InletError::Later(failure.to_string())
                }
            })
        })
    }
}
