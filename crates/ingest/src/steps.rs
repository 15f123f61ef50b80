//! Steps of an agent that fail again and again.
//!
//! A step is a tool call: its name and arguments, kept as a fingerprint only.
//! Its run grows with each failure and ends when the same step succeeds;
//! other steps in between change nothing, as an agent that loops edits
//! something before it tries again.

use std::collections::VecDeque;

use domain::ToolUse;
use serde::{Deserialize, Serialize};

use crate::fingerprint;

/// Steps whose result is awaited, at most: more are forgotten, oldest first.
const AWAITED_LIMIT: usize = 64;
/// Steps that failed last time, at most.
const FAILING_LIMIT: usize = 64;

/// The steps of one conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Steps {
    /// The tool call's id, as a fingerprint, and the step.
    awaited: VecDeque<(u64, u64)>,
    /// The step, and how often it failed in succession.
    failing: VecDeque<(u64, u32)>,
}

impl Steps {
    /// A tool is called: the use that it is.
    pub(crate) fn begin(&mut self, call_id: &str, name: &str, arguments: &[u8]) -> ToolUse {
        let id = fingerprint::of(call_id.as_bytes());
        let step = fingerprint::more(fingerprint::of(name.as_bytes()), arguments);
        if !self.awaited.iter().any(|(known, _)| *known == id) {
            self.awaited.push_back((id, step));
            if self.awaited.len() > AWAITED_LIMIT {
                self.awaited.pop_front();
            }
        }
        let run = self.failing.iter().find(|(known, _)| *known == step).map_or(0, |(_, run)| *run);
        ToolUse::new(id, name, run)
    }

    /// The tool failed: how often this very step has now failed in succession.
    pub(crate) fn fail(&mut self, call_id: &str) -> u32 {
        let Some(step) = self.end(call_id) else { return 1 };
        if let Some((_, run)) = self.failing.iter_mut().find(|(known, _)| *known == step) {
            *run = run.saturating_add(1);
            return *run;
        }
        self.failing.push_back((step, 1));
        if self.failing.len() > FAILING_LIMIT {
            self.failing.pop_front();
        }
        1
    }

    /// The tool succeeded.
    pub(crate) fn succeed(&mut self, call_id: &str) {
        if let Some(step) = self.end(call_id) {
            self.failing.retain(|(known, _)| *known != step);
        }
    }

    /// Whether a success would end a run.
    pub(crate) fn any_failing(&self) -> bool {
        !self.failing.is_empty()
    }

    fn end(&mut self, call_id: &str) -> Option<u64> {
        let id = fingerprint::of(call_id.as_bytes());
        let position = self.awaited.iter().position(|(known, _)| *known == id)?;
        self.awaited.remove(position).map(|(_, step)| step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_step_failing_is_a_run_until_it_succeeds() {
        let mut steps = Steps::default();
        for (id, run) in [("a", 1), ("b", 2), ("c", 3)] {
            assert_eq!(steps.begin(id, "Bash", b"cargo test").retry(), run - 1);
            steps.begin(&format!("{id}-edit"), "Edit", id.as_bytes());
            steps.succeed(&format!("{id}-edit"));
            assert_eq!(steps.fail(id), run);
        }
        steps.begin("d", "Bash", b"cargo test");
        steps.succeed("d");
        assert!(!steps.any_failing());
        assert_eq!(steps.begin("e", "Bash", b"cargo test").retry(), 0);
        assert_eq!(steps.fail("e"), 1);
    }

    #[test]
    fn a_result_without_its_call_is_a_failure_of_its_own() {
        assert_eq!(Steps::default().fail("x"), 1);
    }
}
