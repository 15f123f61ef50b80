//! What reading a file gives: observations, what the session did, and what
//! could not be read.

use std::borrow::Cow;
use std::collections::BTreeMap;

use domain::{Observation, PrLink, SessionId, SessionTally, Timestamp, Tool};

/// One record of a log, as bytes, with its place in the file.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// The record, without its line end.
    pub bytes: &'a [u8],
    /// Its first byte's place in the file.
    pub offset: u64,
}

impl Record<'_> {
    /// The record as text, with a mark in place of odd bytes: they stand in prompts
    /// and output, and say nothing against the counts beside them.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.bytes)
    }
}

/// What became of a record that was handed to a decoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Decoded {
    /// It was read, or passed over as one that says nothing.
    Read,
    /// It is not one JSON value, or not one of the expected shape.
    Unreadable,
}

/// A reader of one file's records that can stop after any of them and go on later.
pub trait Decoder {
    /// Reads one record. One that is unreadable has changed and counted nothing.
    fn decode(&mut self, record: Record<'_>, harvest: &mut Harvest) -> Decoded;

    /// What must be known to go on behind the last record, as text for the store.
    fn state(&self) -> String;
}

/// What a file gave so far.
#[derive(Debug, Default)]
pub struct Harvest {
    /// What it says of calls. Drained now and then, so that memory stays bounded.
    pub observations: Vec<Observation>,
    /// The pull requests that it names.
    pub pull_requests: Vec<PrLink>,
    /// What its sessions did.
    pub tallies: Tallies,
    /// What could not be read.
    pub problems: Problems,
}

impl Harvest {
    /// Goes on from what a file gave before.
    pub fn resume(
        tallies: impl IntoIterator<Item = SessionTally>,
        problems: impl IntoIterator<Item = (Problem, Met)>,
    ) -> Self {
        let (tallies, problems) = (Tallies::resume(tallies), Problems::resume(problems));
        Self { tallies, problems, ..Self::default() }
    }
}

/// The sessions of one file. Totals over the whole file: handed back in when
/// reading goes on, started afresh when the file is read from its beginning.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tallies(BTreeMap<SessionId, SessionTally>);

impl Tallies {
    /// Goes on from these.
    pub fn resume(tallies: impl IntoIterator<Item = SessionTally>) -> Self {
        Self(tallies.into_iter().map(|tally| (tally.session.clone(), tally)).collect())
    }

    /// The session's tally, touched at that moment.
    pub fn touch(&mut self, tool: Tool, session: &SessionId, at: Timestamp) -> &mut SessionTally {
        let tally =
            self.0.entry(session.clone()).or_insert_with(|| SessionTally::new(tool, session.clone(), at));
        tally.touch(at);
        tally
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &SessionTally> {
        self.0.values()
    }
}

/// A kind of thing that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Problem {
    /// Not JSON, and nothing in it could be saved.
    Malformed,
    /// The beginning of a record was cut off by the next one; the next one was read.
    Torn,
    /// Not UTF-8 in a place that matters.
    NotUtf8,
    /// Longer than the limit; skipped without being held in memory.
    TooLong,
    /// A record with usage that lacks what counting needs: a time, a model, an id, a
    /// whole number of tokens within bounds.
    Incomplete,
    /// The file could not be opened or read to its end.
    Unreadable,
}

impl Problem {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Malformed, Self::Torn, Self::NotUtf8, Self::TooLong, Self::Incomplete, Self::Unreadable];

    /// The name in JSON and the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Torn => "torn",
            Self::NotUtf8 => "not-utf8",
            Self::TooLong => "too-long",
            Self::Incomplete => "incomplete",
            Self::Unreadable => "unreadable",
        }
    }

    /// The problem of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// What it means, for people.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Malformed => "not JSON",
            Self::Torn => "cut off by the next record, which was read",
            Self::NotUtf8 => "not UTF-8",
            Self::TooLong => "longer than the limit, skipped",
            Self::Incomplete => "has usage but lacks a time, a model, an id or a sound count",
            Self::Unreadable => "could not be opened or read to the end",
        }
    }
}

/// How often each problem was met, and where first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems(BTreeMap<Problem, Met>);

/// How often a problem was met in a file, and where first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Met {
    /// How often.
    pub count: u64,
    /// The byte where the first one begins.
    pub first_offset: u64,
}

impl Problems {
    /// Goes on from these.
    pub fn resume(met: impl IntoIterator<Item = (Problem, Met)>) -> Self {
        Self(met.into_iter().collect())
    }

    /// Counts one.
    pub fn count(&mut self, problem: Problem, offset: u64) {
        let met = self.0.entry(problem).or_insert(Met { count: 0, first_offset: offset });
        met.count = met.count.saturating_add(1);
    }

    /// One that was counted turned out to be none.
    pub fn settle(&mut self, problem: Problem) {
        if let Some(met) = self.0.get_mut(&problem) {
            met.count = met.count.saturating_sub(1);
        }
        self.0.retain(|_, met| met.count > 0);
    }

    /// All that were met.
    pub fn iter(&self) -> impl Iterator<Item = (Problem, Met)> {
        self.0.iter().map(|(problem, met)| (*problem, *met))
    }
}
