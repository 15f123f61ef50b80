//! What a conversation did last: whether a tool's result goes back to the model, which
//! one, and whether the tool failed. A model that is told the same failure again and
//! again is stuck, and whoever pays for it wants to know.
//!
//! Of the result only a fingerprint is kept. It leaves out what differs between two
//! failures that are the same: how long the tool took.

use std::hash::{DefaultHasher, Hasher as _};
use std::ops::Range;

use memchr::memmem;

/// Results of one step that are looked at.
const RESULTS_LIMIT: usize = 64;
/// Of a long result, so many bytes of its beginning and of its end are looked at.
const LOOKED_AT: usize = 2_048;
/// What a tool says before its output stands in so many bytes.
const HEAD: usize = 512;
/// What ends it, as JSON writes it.
const OUTPUT: &[u8] = b"Output:\\n";
/// How tools begin to say that they failed, where nothing else tells.
const FAILURES: [&[u8]; 5] = [b"error", b"failed", b"failure", b"exception", b"traceback"];
/// What stands before the number that a command ended with.
const EXITS: [&[u8]; 4] = [b"exit code: ", b"exited with code ", b"exit_code\\\":", b"exit_code\\\": "];

/// The last step of a conversation, where it is a tool's result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Step {
    /// The same for results that say the same. Of several results, of those that failed.
    /// Means something in this process alone.
    pub print: u64,
    /// The tool failed.
    pub is_failure: bool,
}

/// The results at the end of a conversation, as it is read from its beginning.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    results: Vec<(Range<usize>, Failure)>,
    /// The next result belongs to the same step.
    is_open: bool,
}

/// Whether a tool failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The client says so, or that it did not.
    Stated(bool),
    /// The dialect has no sign for it: the result itself may tell.
    Untold,
}

impl Steps {
    /// A person says something.
    pub(crate) fn prompt(&mut self) {
        self.results.clear();
        self.is_open = false;
    }

    /// The model says something, or another message begins.
    pub(crate) const fn pause(&mut self) {
        self.is_open = false;
    }

    /// A tool's result.
    pub(crate) fn result(&mut self, range: Range<usize>, failure: Failure) {
        if !self.is_open {
            self.results.clear();
            self.is_open = true;
        }
        if self.results.len() < RESULTS_LIMIT {
            self.results.push((range, failure));
        }
    }

    /// Whether the message that is read has results in it.
    pub(crate) const fn is_open(&self) -> bool {
        self.is_open
    }

    /// The last step of a conversation that was read from these bytes.
    pub(crate) fn last(&self, body: &[u8]) -> Option<Step> {
        let read = |(range, failure): &(Range<usize>, Failure)| {
            let written = body.get(range.clone()).unwrap_or_default();
            let is_failure = match failure {
                Failure::Stated(is_failure) => *is_failure,
                Failure::Untold => tells_failure(written),
            };
            (written, is_failure)
        };
        let results: Vec<(&[u8], bool)> = self.results.iter().map(read).collect();
        let is_failure = results.iter().any(|(_, is_failure)| *is_failure);
        let mut print = DefaultHasher::new();
        for (written, _) in results.iter().filter(|(_, it)| *it == is_failure) {
            look_at(written, &mut print);
        }
        (!self.results.is_empty()).then(|| Step { print: print.finish(), is_failure })
    }
}

/// Whether a tool says that it failed.
fn tells_failure(written: &[u8]) -> bool {
    let head = written.get(..HEAD).unwrap_or(written);
    let tail = written.get(written.len().saturating_sub(HEAD)..).unwrap_or(written);
    let is_letter = |byte: &u8| byte.is_ascii_alphabetic();
    let words = head.iter().position(is_letter).and_then(|at| head.get(at..)).unwrap_or_default();
    let begins = |start: &&[u8]| words.get(..start.len()).is_some_and(|it| it.eq_ignore_ascii_case(start));
    FAILURES.iter().any(begins) || exits_badly(head) || exits_badly(tail)
}

/// Whether a number other than zero is named as what a command ended with.
fn exits_badly(written: &[u8]) -> bool {
    let written = written.to_ascii_lowercase();
    EXITS.iter().any(|before| {
        let code =
            memmem::find(&written, before).and_then(|at| written.get(at.saturating_add(before.len())..));
        code.and_then(<[u8]>::first).is_some_and(|byte| matches!(byte, b'1'..=b'9' | b'-'))
    })
}

fn look_at(written: &[u8], print: &mut DefaultHasher) {
    let head = written.get(..HEAD).unwrap_or(written);
    let output = memmem::find(head, OUTPUT).and_then(|at| written.get(at.saturating_add(OUTPUT.len())..));
    let written = output.unwrap_or(written);
    let middle = written.len().min(LOOKED_AT);
    let end = written.len().saturating_sub(LOOKED_AT).max(middle);
    for part in [written.get(..middle), written.get(end..)] {
        look_at_part(part.unwrap_or_default(), print);
    }
    print.write_u8(0);
}

/// All bytes but numbers with a fraction, as durations are.
fn look_at_part(mut part: &[u8], print: &mut DefaultHasher) {
    while let Some(at) = part.iter().position(u8::is_ascii_digit) {
        let (before, number) = part.split_at_checked(at).unwrap_or((part, &[]));
        let digits = leading_digits(number);
        let rest = number.get(digits..).unwrap_or_default();
        let fraction = rest.strip_prefix(b".").map(leading_digits).unwrap_or_default();
        print.write(before);
        if fraction == 0 {
            print.write(number.get(..digits).unwrap_or_default());
            part = rest;
        } else {
            part = rest.get(fraction.saturating_add(1)..).unwrap_or_default();
        }
    }
    print.write(part);
}

fn leading_digits(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

#[cfg(test)]
mod tests;
