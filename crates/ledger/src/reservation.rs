//! Money held for a call before it is sent, and how that ends.

use domain::{NanoUsd, Timestamp};

use crate::budget::Held;
use crate::fingerprint::Fingerprint;

/// The longest that money is held for one call.
pub const MAX_HOLD_MS: i64 = 86_400_000;
/// The longest name that a caller gives to something, in bytes.
pub const MAX_NAME_BYTES: usize = 128;

domain::text_ids! {
    /// A reservation, by the name that whoever asks for it makes up. It is the key under
    /// which asking twice is asking once.
    ReservationId;
    /// The key under which doing something twice is doing it once.
    IdempotencyKey;
}

/// Money held for a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// Its name.
    pub id: ReservationId,
    /// When it was made.
    pub at: Timestamp,
    /// When it may be taken back.
    pub expires_at: Timestamp,
    /// How much is held.
    pub amount: NanoUsd,
    /// In which budgets, each in the period in which it was made.
    pub held: Vec<Held>,
    /// Of what was asked, so that another request under the same name is noticed.
    pub asked: Fingerprint,
    /// How it stands.
    pub state: ReservationState,
}

/// How a reservation stands. It is open until it ends, which it does once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReservationState {
    /// The call runs.
    Open,
    /// It ended.
    Ended {
        /// When.
        at: Timestamp,
        /// How.
        ending: Ending,
    },
}

/// How a reservation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The call cost so much.
    Settled(NanoUsd),
    /// There was no call.
    Released,
    /// Nobody told in time.
    Expired {
        /// What the call cost, where that was told after all.
        late: Option<NanoUsd>,
    },
}

impl Ending {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Settled(_) => "settled",
            Self::Released => "released",
            Self::Expired { late: None } => "expired",
            Self::Expired { late: Some(_) } => "settled late",
        }
    }
}
