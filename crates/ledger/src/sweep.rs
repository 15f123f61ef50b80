//! Forgetting what can have no effect any more, so that memory stays bounded.
//!
//! What is remembered is a question of time alone: a row that is too old to count does
//! not count, whether it has been swept or not. So sweeping may be done at any time, or
//! never, and changes no decision.

use domain::{NanoUsd, Period, Timestamp};

use crate::budget::Past;
use crate::lease::LeaseState;
use crate::ledger::{CLOCK_SLACK_MS, KEEP_PAST_MS, Ledger, REMEMBER_MS};
use crate::reservation::ReservationState;
use crate::row::{Change, Row};

impl Ledger {
    /// The rows that may go, at most `limit` of them, to be absorbed like any change. A
    /// store that wants to tell of old periods keeps the rows of [`Row::Past`] elsewhere.
    #[must_use]
    pub fn sweep(&self, now: Timestamp, limit: usize) -> Vec<Change> {
        let earlier = Timestamp::from_millis(now.millis().saturating_sub(CLOCK_SLACK_MS));
        let may_go = |row: &Row| match row {
            Row::Account(_) => false,
            Row::Budget(it) => it.is_forgotten(earlier),
            Row::Past(it) => is_closed(it, now),
            Row::Reservation(it) => match it.state {
                ReservationState::Open => false,
                ReservationState::Ended { at, .. } => is_older(at, now, KEEP_MS),
            },
            Row::Lease(it) => it.state == LeaseState::Returned && is_older(it.touched, now, KEEP_MS),
            Row::Request(it) => it.answer.as_ref().is_some_and(|it| is_older(it.at, now, KEEP_MS)),
            // The longest period, and some days for commands that come late.
            Row::Tally(it) => it.key.period != Period::Ever && is_older(it.key.start, now, KEEP_TALLY_MS),
            Row::Done(it) => is_older(it.at, now, KEEP_MS),
        };
        let gone = self.rows().filter(may_go).take(limit);
        gone.map(|row| Change { key: row.key(), before: Some(row), after: None }).collect()
    }
}

const KEEP_MS: i64 = REMEMBER_MS + CLOCK_SLACK_MS;
/// A quarter and some days.
const KEEP_TALLY_MS: i64 = 100 * 86_400_000;

const fn is_older(at: Timestamp, now: Timestamp, than_ms: i64) -> bool {
    now.millis_since(at) > than_ms
}

fn is_closed(it: &Past, now: Timestamp) -> bool {
    let counter = &it.counter;
    counter.reserved == NanoUsd::ZERO
        && counter.leased == NanoUsd::ZERO
        && is_older(counter.touched, now, KEEP_PAST_MS)
        && counter.window.end.is_some_and(|end| is_older(end, now, KEEP_PAST_MS))
}
