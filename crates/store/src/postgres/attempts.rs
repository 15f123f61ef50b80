//! What is tried again, how often, and after how long.

use std::io;
use std::time::Duration;

use tokio::time::sleep;
use tokio_postgres::error::SqlState;

use crate::error::StoreError;

/// How often a thing is tried.
const ATTEMPTS: u32 = 12;
/// The pause before the second attempt; each one after it is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
/// No pause is longer. All of them together outlast the restart of a server.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The attempts at one thing.
pub(super) struct Attempts {
    left: u32,
    pause: Duration,
}

impl Attempts {
    /// The first of them.
    pub(super) const fn begin() -> Self {
        Self { left: ATTEMPTS, pause: FIRST_PAUSE }
    }

    /// Whether another one is worth it after that failure; if so, when it is time.
    pub(super) async fn again(&mut self, failure: &StoreError) -> bool {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 || !passes(failure) {
            return false;
        }
        sleep(self.pause).await;
        self.pause = self.pause.saturating_mul(2).min(LONGEST_PAUSE);
        true
    }
}

/// Whether a failure is one of the moment: nothing was written, and trying again may
/// well succeed.
pub(crate) fn passes(failure: &StoreError) -> bool {
    if let StoreError::Postgres(error) = failure {
        return error.code().map_or_else(|| is_broken(error), passing_state);
    }
    matches!(failure, StoreError::Unreachable(_))
}

/// Whether it is the connection that failed, and not what was said on it: a server that
/// cannot prove its name will not learn to.
pub(super) fn is_broken(error: &tokio_postgres::Error) -> bool {
    use std::error::Error;
    let cause = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    error.is_closed() || cause.is_some_and(|cause| cause.kind() != io::ErrorKind::InvalidData)
}

fn passing_state(state: &SqlState) -> bool {
    [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::TOO_MANY_CONNECTIONS,
    ]
    .contains(state)
        || state.code().starts_with("08")
}
