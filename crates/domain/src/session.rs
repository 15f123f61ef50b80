//! What a session did besides calling a model: turns, pace, failures, pull requests.

use std::sync::Arc;

use crate::ids::{Branch, SessionId};
use crate::time::Timestamp;
use crate::tool::Tool;
use crate::usage::Tokens;

/// A pause longer than this is idle time: the developer was elsewhere.
pub const IDLE_AFTER_MILLIS: i64 = 5 * 60 * 1_000;

/// What one log file says of one session; [`SessionTally::join`] puts the files of a
/// session together. A file that is read again replaces its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionTally {
    /// The tool.
    pub tool: Tool,
    /// The session.
    pub session: SessionId,
    /// The first record's time.
    pub first_at: Timestamp,
    /// The last record's time.
    pub last_at: Timestamp,
    /// Prompts by the developer.
    pub turns: u32,
    /// Milliseconds in which something happened: all gaps up to [`IDLE_AFTER_MILLIS`].
    pub active_ms: u64,
    /// Tool calls that the model made.
    pub tool_calls: u32,
    /// Tool calls that failed.
    pub failed_steps: u32,
    /// The longest run of the same step failing again and again.
    pub longest_failing_run: u32,
    /// Times that the context was compacted.
    pub compactions: u32,
    /// The prompt of the first call of the main conversation.
    pub first_context: Tokens,
    /// The largest prompt of the main conversation.
    pub peak_context: Tokens,
}

impl SessionTally {
    /// A session of which nothing but one moment is known yet.
    #[must_use]
    pub const fn new(tool: Tool, session: SessionId, at: Timestamp) -> Self {
        Self {
            tool,
            session,
            first_at: at,
            last_at: at,
            turns: 0,
            active_ms: 0,
            tool_calls: 0,
            failed_steps: 0,
            longest_failing_run: 0,
            compactions: 0,
            first_context: Tokens::ZERO,
            peak_context: Tokens::ZERO,
        }
    }

    /// Something happened at that moment: time since the last event counts as
    /// active unless the pause was long. Events out of order add nothing.
    pub fn touch(&mut self, at: Timestamp) {
        let gap = at.millis_since(self.last_at);
        if gap > 0 {
            if gap <= IDLE_AFTER_MILLIS {
                self.active_ms = self.active_ms.saturating_add(gap.unsigned_abs());
            }
            self.last_at = at;
        }
        self.first_at = self.first_at.min(at);
    }

    /// What another file says of the same session. Steps are added up; turns, active
    /// time and the like are those of the file that knows most, as subagents work
    /// beside their session and resumed sessions repeat it.
    pub fn join(&mut self, other: &Self) {
        self.first_at = self.first_at.min(other.first_at);
        self.last_at = self.last_at.max(other.last_at);
        self.turns = self.turns.max(other.turns);
        self.active_ms = self.active_ms.max(other.active_ms);
        self.tool_calls = self.tool_calls.saturating_add(other.tool_calls);
        self.failed_steps = self.failed_steps.saturating_add(other.failed_steps);
        self.longest_failing_run = self.longest_failing_run.max(other.longest_failing_run);
        self.compactions = self.compactions.max(other.compactions);
        if self.first_context == Tokens::ZERO {
            self.first_context = other.first_context;
        }
        self.peak_context = self.peak_context.max(other.peak_context);
    }

    /// A call of the main conversation carried a prompt of so many tokens.
    pub fn context(&mut self, prompt: Tokens) {
        if self.first_context == Tokens::ZERO {
            self.first_context = prompt;
        }
        self.peak_context = self.peak_context.max(prompt);
    }
}

/// A pull request that a session opened or named.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrLink {
    /// The tool.
    pub tool: Tool,
    /// The session.
    pub session: SessionId,
    /// Its address, as recorded.
    pub url: Arc<str>,
    /// Its number.
    pub number: u64,
    /// The branch that the session was on.
    pub branch: Option<Branch>,
    /// When it was first named.
    pub first_at: Timestamp,
    /// When it was last named.
    pub last_at: Timestamp,
}
