//! Failed sign-ins, and when one has to wait after too many of them.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::Timestamp;
use http::request::Parts;

use crate::failure::Failure;

/// Failures in [`WITHIN_MS`] after which an address has to wait.
pub(crate) const MOST: u32 = 10;
/// How long a failure counts.
const WITHIN_MS: i64 = 60 * 1_000;
/// Addresses that are told apart; above that all others count as one.
const MOST_ADDRESSES: usize = 4_096;
/// What all others count as.
const OTHERS: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

/// Where a request comes from, as the connection says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

impl Peer {
    /// Of a request that the listener took.
    pub(crate) fn of(parts: &Parts) -> Self {
        parts.extensions.get::<Self>().copied().unwrap_or(Self(OTHERS))
    }
}

/// Counts failures by address.
#[derive(Debug, Default)]
pub(crate) struct Attempts(Mutex<HashMap<IpAddr, Failures>>);

#[derive(Debug, Clone, Copy)]
struct Failures {
    since: Timestamp,
    count: u32,
}

impl Failures {
    const fn count_at(&self, now: Timestamp) -> bool {
        let age = now.millis_since(self.since);
        age >= 0 && age < WITHIN_MS
    }
}

impl Attempts {
    fn all(&self) -> MutexGuard<'_, HashMap<IpAddr, Failures>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses whoever failed too often just now, whatever they bring this time.
    pub(crate) fn must_have_some_left(&self, peer: Peer, now: Timestamp) -> Result<(), Failure> {
        let all = self.all();
        let failures = all.get(&site(peer)).or_else(|| all.get(&OTHERS));
        let too_many = failures.is_some_and(|it| it.count_at(now) && it.count >= MOST);
        if too_many { Err(Failure::TooManySignIns) } else { Ok(()) }
    }

    /// Remembers that one failed.
    pub(crate) fn failed(&self, peer: Peer, now: Timestamp) {
        let mut all = self.all();
        let mut site = site(peer);
        if !all.contains_key(&site) && all.len() >= MOST_ADDRESSES {
            all.retain(|_, it| it.count_at(now));
            if all.len() >= MOST_ADDRESSES {
                site = OTHERS;
            }
        }
        let failures = all.entry(site).or_insert(Failures { since: now, count: 0 });
        if !failures.count_at(now) {
            *failures = Failures { since: now, count: 0 };
        }
        failures.count = failures.count.saturating_add(1);
    }
}

/// What counts as one: of IPv6 the network, which is what somebody has.
fn site(peer: Peer) -> IpAddr {
    match peer.0.to_canonical() {
        IpAddr::V6(it) => {
            let [a, b, c, d, ..] = it.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        it @ IpAddr::V4(_) => it,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(text: &str) -> Peer {
        Peer(text.parse().unwrap())
    }

    #[test]
    fn who_fails_too_often_waits_and_nobody_else_does() {
        let (attempts, at) = (Attempts::default(), Timestamp::from_millis);
        for _ in 0..MOST {
            assert!(attempts.must_have_some_left(peer("10.0.0.1"), at(1_000)).is_ok());
            attempts.failed(peer("10.0.0.1"), at(1_000));
        }
        for (address, now, expected) in [
            ("10.0.0.1", 1_000, false),
            ("::ffff:10.0.0.1", 1_000, false),
            ("10.0.0.2", 1_000, true),
            ("10.0.0.1", 60_999, false),
            ("10.0.0.1", 61_000, true),
        ] {
            let answer = attempts.must_have_some_left(peer(address), at(now));
            assert_eq!(answer.is_ok(), expected, "{address} {now}");
        }
    }

    #[test]
    fn a_network_is_one_address() {
        let (attempts, now) = (Attempts::default(), Timestamp::from_millis(5));
        for host in 0..MOST {
            attempts.failed(peer(&format!("2001:db8:1:2::{host:x}")), now);
        }
        assert!(attempts.must_have_some_left(peer("2001:db8:1:2:ffff::1"), now).is_err());
        assert!(attempts.must_have_some_left(peer("2001:db8:1:3::1"), now).is_ok());
    }

    #[test]
    fn however_many_addresses_fail_memory_is_bounded() {
        let (attempts, now) = (Attempts::default(), Timestamp::from_millis(5));
        for number in 0..20_000_u32 {
            attempts.failed(Peer(IpAddr::V4(number.into())), now);
        }
        assert!(attempts.all().len() <= MOST_ADDRESSES + 1);
        assert!(attempts.must_have_some_left(peer("200.0.0.1"), now).is_err());
        assert!(attempts.must_have_some_left(peer("200.0.0.1"), Timestamp::from_millis(60_005)).is_ok());
    }
}
