//! Where a collector's deliveries go.

use std::time::Duration;

use ingest::delivery::Delivery;

/// A company's book, near or far.
pub(crate) trait Sink {
    /// Where it is kept.
    fn place(&self) -> &str;

    /// Its name, once that is known: a server tells it with every answer. Another book is
    /// told everything anew, even at the same place.
    fn book(&self) -> Option<&str>;

    /// Whether it would take a delivery, where nothing needs to be delivered.
    fn greet(&mut self) -> Result<(), Undelivered>;

    /// Delivers. What was accepted is stored durably.
    fn deliver(&mut self, delivery: &Delivery) -> Result<(), Undelivered>;
}

/// Why something was not delivered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Undelivered {
    /// It may be at another time.
    #[error("{why}")]
    Later {
        /// How long the server wants to be left alone.
        after: Option<Duration>,
        /// What happened.
        why: String,
    },
    /// It was too much at once.
    #[error("the server takes less at once")]
    TooLarge,
    /// Something in it will never be taken.
    #[error("{why}")]
    Refused {
        /// What the server says.
        why: String,
    },
    /// Nothing will be taken until somebody puts something right.
    #[error("{why}")]
    Locked {
        /// What.
        why: String,
    },
}
