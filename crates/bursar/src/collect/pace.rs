//! When to look and when to try again: functions of the time alone.

use std::time::Duration;

use domain::Timestamp;

/// How long after something changed the logs are looked at again.
const SHORTEST_MILLIS: i64 = 2_000;
/// A look may take one part in so many of the time.
const SHARE: i64 = 250;
/// The same for a look that a hook asked for.
const HINTED_SHARE: i64 = 20;
/// The last lines of a turn may be written after its hook has run.
const STRAGGLERS_MILLIS: i64 = 2_000;

/// The first wait after a delivery that failed, and the longest.
const RETRY_MILLIS: (i64, i64) = (1_000, 5 * 60 * 1_000);
/// The same where somebody must put something right first.
const LOCKED_MILLIS: (i64, i64) = (30_000, 10 * 60 * 1_000);
/// A server may ask for no more than this.
const LONGEST_ASKED_MILLIS: i64 = 60 * 60 * 1_000;

/// When the logs are looked at: often while they change, seldom while they don't, and
/// never so often that it costs.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    longest_millis: i64,
    interval: i64,
    looked: Option<Timestamp>,
    /// What the last look took.
    took: i64,
    hints: Vec<Timestamp>,
}

impl Pace {
    /// At least once in so long.
    pub(super) fn new(longest: Duration) -> Self {
        let longest_millis = millis(longest).max(SHORTEST_MILLIS);
        Self { longest_millis, interval: SHORTEST_MILLIS, looked: None, took: 0, hints: Vec::new() }
    }

    /// A hook said that a log has grown.
    pub(super) fn hint(&mut self, now: Timestamp) {
        self.hints = vec![now, later(now, STRAGGLERS_MILLIS)];
    }

    /// Whether it is time to look.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        let Some(looked) = self.looked else { return true };
        let since = now.millis_since(looked);
        let floor = |share: i64| self.took.saturating_mul(share);
        let hinted = self.hints.iter().any(|hint| *hint <= now) && since >= floor(HINTED_SHARE);
        // A clock that was set back must not stop everything.
        hinted || since < 0 || since >= self.interval.max(floor(SHARE))
    }

    /// The logs were looked at; that took so long, and something had changed or not.
    pub(super) fn looked(&mut self, began: Timestamp, ended: Timestamp, changed: bool) {
        self.looked = Some(ended);
        self.took = ended.millis_since(began).max(0);
        self.hints.retain(|hint| *hint > began);
        let doubled = self.interval.saturating_mul(2).min(self.longest_millis);
        self.interval = if changed { SHORTEST_MILLIS } else { doubled };
    }
}

/// When a delivery that failed is tried again: later and later, and not all machines
/// at the same moment.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Backoff {
    failures: u32,
    until: Option<Timestamp>,
}

/// Why a delivery failed, as far as waiting depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failing {
    /// For a while; the server may say for how long.
    ForAWhile(Option<Duration>),
    /// Until somebody does something.
    UntilMended,
}

impl Backoff {
    /// Whether to wait still.
    pub(super) fn is_waiting(&self, now: Timestamp) -> bool {
        // A clock that was set back must not stop everything.
        self.until.is_some_and(|until| now < until && until.millis_since(now) <= 2 * LONGEST_ASKED_MILLIS)
    }

    /// One failed. `random` is any number; how long it will be, in milliseconds.
    pub(super) fn failed(&mut self, now: Timestamp, why: Failing, random: u64) -> i64 {
        let (first, longest) = match why {
            Failing::ForAWhile(_) => RETRY_MILLIS,
            Failing::UntilMended => LOCKED_MILLIS,
        };
        let doubled = first.saturating_mul(1_i64.checked_shl(self.failures.min(20)).unwrap_or(i64::MAX));
        let own = spread(doubled.min(longest), 2, random);
        let wait = match why {
            // What was asked for, and a little more, so that not all come at once.
            Failing::ForAWhile(Some(asked)) => {
                let asked = millis(asked).min(LONGEST_ASKED_MILLIS);
                asked.saturating_add(own.min(asked / 4)).max(own)
            }
            Failing::ForAWhile(None) | Failing::UntilMended => own,
        };
        self.failures = self.failures.saturating_add(1);
        self.until = Some(later(now, wait));
        wait
    }

    /// One went well.
    pub(super) const fn succeeded(&mut self) {
        self.failures = 0;
        self.until = None;
    }
}

/// Something between `1/parts` of it and all of it.
fn spread(millis: i64, parts: i64, random: u64) -> i64 {
    let least = millis.checked_div(parts).unwrap_or(millis);
    let rest = millis.saturating_sub(least).unsigned_abs().saturating_add(1);
    least.saturating_add_unsigned(random.checked_rem(rest).unwrap_or_default())
}

fn later(at: Timestamp, millis: i64) -> Timestamp {
    Timestamp::from_millis(at.millis().saturating_add(millis))
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_790_000_000_000 + millis)
    }

    /// The moments within two minutes at which a pace looks, in seconds; each look
    /// takes so long, and something changes until a second.
    fn looks(took: i64, changes_until: i64, hints: &[i64]) -> Vec<i64> {
        let mut pace = Pace::new(Duration::from_secs(30));
        let mut looks = Vec::new();
        for second in 0..=120 {
            let now = at(second * 1_000);
            if hints.contains(&second) {
                pace.hint(now);
            }
            if pace.is_due(now) {
                looks.push(second);
                pace.looked(now, at(second * 1_000 + took), second <= changes_until);
            }
        }
        looks
    }

    #[test]
    fn logs_that_rest_are_looked_at_seldom() {
        assert_eq!(looks(0, -1, &[]), [0, 4, 12, 28, 58, 88, 118]);
        assert_eq!(looks(0, 7, &[]), [0, 2, 4, 6, 8, 12, 20, 36, 66, 96]);
    }

    #[test]
    fn a_look_that_is_dear_is_taken_seldom() {
        assert_eq!(looks(200, 120, &[]), [0, 51, 102]);
        assert_eq!(looks(400, 120, &[]), [0, 101]);
    }

    #[test]
    fn a_hook_is_answered_at_once_and_once_more() {
        assert_eq!(looks(0, -1, &[40]), [0, 4, 12, 28, 40, 42, 72, 102]);
        assert_eq!(looks(200, -1, &[40, 41, 42, 43]), [0, 40, 45, 96]);
    }

    #[test]
    fn a_clock_that_was_set_back_stops_nothing() {
        let mut pace = Pace::new(Duration::from_secs(30));
        pace.looked(at(0), at(0), false);
        assert!(pace.is_due(at(-60_000)));
        let mut backoff = Backoff::default();
        backoff.failed(at(0), Failing::ForAWhile(None), 0);
        assert!(backoff.is_waiting(at(0)));
        assert!(!backoff.is_waiting(at(-24 * 3_600_000)));
    }

    #[test]
    fn waits_grow_and_differ() {
        let waits = |why: Failing, random: u64| -> Vec<i64> {
            let mut backoff = Backoff::default();
            (0..11).map(|_| backoff.failed(at(0), why, random)).collect()
        };
        assert_eq!(
            waits(Failing::ForAWhile(None), 0),
            [500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 150_000, 150_000]
        );
        assert_eq!(waits(Failing::ForAWhile(None), 500)[..3], [1_000, 1_500, 2_500]);
        assert_eq!(waits(Failing::UntilMended, 15_000)[..2], [30_000, 45_000]);
        let asked = |seconds| waits(Failing::ForAWhile(Some(Duration::from_secs(seconds))), 7)[0];
        assert_eq!([asked(0), asked(10), asked(86_400)], [507, 10_507, 3_600_507]);
        let mut backoff = Backoff::default();
        backoff.failed(at(0), Failing::ForAWhile(None), 0);
        assert!(backoff.is_waiting(at(499)) && !backoff.is_waiting(at(500)));
        backoff.succeeded();
        assert!(!backoff.is_waiting(at(0)));
    }
}
