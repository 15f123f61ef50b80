//! Everything that the names of some observations lead to.

use std::collections::{HashMap, HashSet};

use domain::{Observed, SourceKind, Timestamp};
use metering::assemble::{TOLERANCE_MILLIS, hashes_of_text};

use crate::error::StoreError;
use crate::reading::Evidence;

/// The most observations that names may lead to: far more than any honest delivery
/// has to do with, and few enough to be looked at in one transaction.
const MOST_FOUND: usize = 200_000;

/// What to look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Ask {
    /// Observations with this hash of their key.
    Key(i64),
    /// Observations with this hash of their request id.
    Request(i64),
    /// Observations with this hash of their counts and a moment from the first to the
    /// second, both included, that are of another kind of source.
    Tokens(i64, (i64, i64), SourceKind),
}

/// A search that goes on until no name leads further.
#[derive(Default)]
pub(crate) struct Search {
    asked: HashSet<Ask>,
    /// Moments and kinds of source, by the hash of the counts that were asked for.
    counted: HashMap<i64, Vec<(Timestamp, SourceKind)>>,
    next: Vec<Ask>,
    numbers: HashSet<i64>,
    found: Vec<Evidence>,
}

impl Search {
    /// From some observations on, which need not be in the book.
    pub(crate) fn from<'a>(observed: impl IntoIterator<Item = &'a Observed>) -> Self {
        let mut search = Self::default();
        observed.into_iter().for_each(|it| search.ask(it));
        search
    }

    /// From a text on that may be a key or a request id.
    pub(crate) fn by_text(text: &str) -> Self {
        let (keys, request) = hashes_of_text(text);
        let keys = keys.into_iter().map(|it| Ask::Key(it.cast_signed()));
        let next: Vec<Ask> = keys.chain([Ask::Request(request.cast_signed())]).collect();
        Self { asked: next.iter().copied().collect(), next, ..Self::default() }
    }

    /// What to look for next; nothing at the end. It may be something that was looked
    /// for before.
    pub(crate) fn next(&mut self) -> Vec<Ask> {
        std::mem::take(&mut self.next)
    }

    /// An observation to go on from, under the number that its engine gave it.
    pub(crate) fn start(&mut self, number: i64, evidence: Evidence) -> Result<(), StoreError> {
        if !self.numbers.insert(number) {
            return Ok(());
        }
        if self.found.len() >= MOST_FOUND {
            let what = "what the names and counts of a delivery lead to";
            return Err(StoreError::TooLarge { what, size: MOST_FOUND.saturating_add(1), limit: MOST_FOUND });
        }
        self.ask(&evidence.observed);
        self.found.push(evidence);
        Ok(())
    }

    /// An observation that was found, under the number that its engine gave it. It may
    /// be one that was found before, or one that turns out to have nothing to do with
    /// what was looked for.
    pub(crate) fn found(&mut self, number: i64, evidence: Evidence) -> Result<(), StoreError> {
        if self.is_meant(&evidence.observed) { self.start(number, evidence) } else { Ok(()) }
    }

    /// Whether that number was found.
    pub(crate) fn has(&self, number: i64) -> bool {
        self.numbers.contains(&number)
    }

    /// All that was found.
    pub(crate) fn into_found(self) -> Vec<Evidence> {
        self.found
    }

    /// All observations that were found.
    pub(crate) fn into_observed(self) -> Vec<Observed> {
        self.found.into_iter().map(|it| it.observed).collect()
    }

    /// All numbers that were found.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = i64> {
        self.numbers.iter().copied()
    }

    /// Counts match what other kinds of source said, and nothing else: a session that
    /// counts the same again and again leads nowhere by that.
    fn is_meant(&self, observed: &Observed) -> bool {
        let names = metering::names(observed);
        let (at, kind) = (observed.call.at, observed.witness.source);
        self.asked.contains(&Ask::Key(names.key.cast_signed()))
            || names.request.is_some_and(|it| self.asked.contains(&Ask::Request(it.cast_signed())))
            || names.tokens.and_then(|it| self.counted.get(&it.cast_signed())).is_some_and(|all| {
                let near = |it: &Timestamp| it.millis_since(at).saturating_abs() <= TOLERANCE_MILLIS;
                all.iter().any(|(moment, other)| *other != kind && near(moment))
            })
    }

    fn ask(&mut self, observed: &Observed) {
        let names = metering::names(observed);
        let asks =
            [Some(Ask::Key(names.key.cast_signed())), names.request.map(|it| Ask::Request(it.cast_signed()))];
        for ask in asks.into_iter().flatten() {
            if self.asked.insert(ask) {
                self.next.push(ask);
            }
        }
        if let Some(hash) = names.tokens.map(u64::cast_signed) {
            let moment = (observed.call.at, observed.witness.source);
            let all = self.counted.entry(hash).or_default();
            if !all.contains(&moment) {
                all.push(moment);
                let at = moment.0.millis();
                let (from, to) = (at.saturating_sub(TOLERANCE_MILLIS), at.saturating_add(TOLERANCE_MILLIS));
                self.next.push(Ask::Tokens(hash, (from, to), moment.1));
            }
        }
    }
}
