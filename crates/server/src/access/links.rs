//! One-time links: how whoever started the server signs in without a token.
//!
//! A link is known to this process alone, is good once, and signs in with the token of the
//! first owner that is active: who starts a server has its database, and could make themselves
//! an owner anyway (`bursar token recover`).

use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::Timestamp;
use sha2::{Digest, Sha256};

use super::token::{random, same};
use crate::failure::Failure;

/// Letters of a code: 160 bits.
const CODE_LETTERS: usize = 32;
/// How long one is good.
const GOOD_FOR_MS: i64 = 60 * 60 * 1_000;
/// Codes that are good at once; the oldest goes where there are more.
const MOST: usize = 16;

/// The codes that are good.
#[derive(Debug, Default)]
pub(crate) struct Links(Mutex<Vec<Link>>);

#[derive(Debug)]
struct Link {
    digest: [u8; 32],
    until: Timestamp,
}

impl Links {
    fn all(&self) -> MutexGuard<'_, Vec<Link>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A code that is good once.
    pub(crate) fn new_code(&self, now: Timestamp) -> Result<String, Failure> {
        let code = random(CODE_LETTERS)?;
        let until = Timestamp::from_millis(now.millis().saturating_add(GOOD_FOR_MS));
        let mut all = self.all();
        all.retain(|it| it.until > now);
        if all.len() >= MOST {
            all.remove(0);
        }
        all.push(Link { digest: digest(&code), until });
        Ok(code)
    }

    /// Uses a code up; says whether it was good.
    pub(crate) fn take(&self, code: &str, now: Timestamp) -> bool {
        let digest = digest(code);
        let mut all = self.all();
        let found = all.iter().position(|it| same(&it.digest, &digest));
        found.is_some_and(|at| all.remove(at).until > now)
    }
}

fn digest(code: &str) -> [u8; 32] {
    Sha256::digest(code.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_good_once_and_for_an_hour() {
        let (links, at) = (Links::default(), Timestamp::from_millis);
        let (one, other) = (links.new_code(at(0)).unwrap(), links.new_code(at(0)).unwrap());
        assert_ne!(one, other);
        assert!(!links.take("", at(1)) && !links.take("0".repeat(32).as_str(), at(1)));
        assert!(links.take(&one, at(1)));
        assert!(!links.take(&one, at(1)));
        assert!(!links.take(&other, at(GOOD_FOR_MS)));
    }

    #[test]
    fn only_so_many_are_good_at_once() {
        let (links, now) = (Links::default(), Timestamp::from_millis(0));
        let codes: Vec<String> = (0..=MOST).map(|_| links.new_code(now).unwrap()).collect();
        assert!(!links.take(&codes[0], now));
        assert!(codes[1..].iter().all(|it| links.take(it, now)));
    }
}
