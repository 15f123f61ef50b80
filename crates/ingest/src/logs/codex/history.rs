//! Which lines of a rollout are its own, and which were copied from its parent.
//!
//! A fork, and a subagent that is given its parent's conversation, begins with a
//! copy of the parent's lines, usage reports among them. Counting those again is
//! the mistake that makes a day of subagents cost a hundred times too much. How
//! to tell them depends on what the file has:
//!
//! 1. Numbered lines: the first `session_meta` says which number is the first own
//!    line. Everything before it is copied.
//! 2. Otherwise the copy is written in one go, before anything else happens:
//!    lines follow each other without a pause. An own usage report needs an answer
//!    of the model, which takes longer than [`PAUSE_MS`]. So whatever comes before
//!    the first pause is copied.
//! 3. A turn whose id (a version 7 UUID, which holds its time) is older than the
//!    thread's own id is copied, however slowly it was written.
//!
//! This applies only to files that say that they have a parent or that hold
//! another thread's `session_meta` in that first burst: backtracking in 2025 made
//! forks that do not name their origin.

use domain::Timestamp;
use serde::{Deserialize, Serialize};

/// Lines further apart than this were not written in one go.
const PAUSE_MS: i64 = 300;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct History {
    /// Whether the file may begin with a copy.
    derived: bool,
    /// The number of the first own line.
    own_from: Option<u64>,
    /// When the thread came to be, by its id.
    born_ms: Option<i64>,
    /// The time of the last line of the first burst.
    last_ms: Option<i64>,
    /// Whether the copy has ended.
    over: bool,
    /// Whether the current turn is older than the thread.
    old_turn: bool,
}

impl History {
    /// The file's first `session_meta` was read.
    pub(super) fn begin(&mut self, thread: &str, has_parent: bool, own_from: Option<u64>) {
        self.derived |= has_parent;
        self.own_from = own_from;
        self.born_ms = uuid_v7_millis(thread);
    }

    /// Another thread's `session_meta` was read.
    pub(super) fn foreign(&mut self) {
        if !self.over {
            self.derived = true;
        }
    }

    /// A line begins.
    pub(super) fn line(&mut self, at: Option<Timestamp>, ordinal: Option<u64>) {
        if self.over {
            return;
        }
        if let (Some(own_from), Some(ordinal)) = (self.own_from, ordinal) {
            self.over = ordinal >= own_from;
        } else if let Some(at) = at {
            let pause = self.last_ms.is_some_and(|last| at.millis().saturating_sub(last) > PAUSE_MS);
            self.over = pause;
            self.last_ms = Some(at.millis());
        }
    }

    /// A turn of that id begins.
    pub(super) fn turn(&mut self, id: Option<&str>) {
        if let (Some(born), Some(turn)) = (self.born_ms, id.and_then(uuid_v7_millis)) {
            self.old_turn = turn < born;
        }
    }

    /// The line names the file's own thread as the one that wrote it: migrated
    /// rollouts put the first own number behind their last line.
    pub(super) fn names_own_thread(&mut self) {
        self.over = true;
    }

    /// Whether the current line was copied.
    pub(super) const fn is_copied(&self) -> bool {
        self.derived && (!self.over || self.old_turn)
    }
}

/// The time in a version 7 UUID.
fn uuid_v7_millis(id: &str) -> Option<i64> {
    let mut groups = id.split('-');
    let (high, low, version) = (groups.next()?, groups.next()?, groups.next()?);
    if high.len() != 8 || low.len() != 4 || !version.starts_with('7') {
        return None;
    }
    i64::from_str_radix(&format!("{high}{low}"), 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_tells_its_time_only_in_version_7() {
        for (id, millis) in [
            ("019b76da-a800-7000-8000-000000000000", Some(1_767_225_600_000)),
            ("019b76da-a800-4000-8000-000000000000", None),
            ("turn-1", None),
            ("", None),
            ("zzzzzzzz-zzzz-7000", None),
        ] {
            assert_eq!(uuid_v7_millis(id), millis, "{id}");
        }
    }
}
