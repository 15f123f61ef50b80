//! What happened beside calls: time at work, commits, pull requests, lines,
//! decisions about tools. And what telemetry's counters claim, to compare with.

use std::sync::Arc;

use crate::ids::{Branch, Folder, SessionId};
use crate::observed::Witness;
use crate::time::Timestamp;
use crate::tool::Tool;

/// What kind of thing happened, and so the unit of its amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ActivityKind {
    /// Time in which the developer typed or read, in milliseconds.
    ActiveUser,
    /// Time in which the tool worked, in milliseconds.
    ActiveTool,
    /// Sessions that were started.
    SessionStart,
    /// Commits; the subject is the hash where it is known.
    Commit,
    /// Pull requests that were opened.
    PullRequest,
    /// Lines that were added.
    LinesAdded,
    /// Lines that were removed.
    LinesRemoved,
    /// Uses of a tool that were allowed; the subject is the tool.
    ToolAccepted,
    /// Uses of a tool that were refused; the subject is the tool.
    ToolRejected,
    /// Uses of a tool that failed; the subject is the tool.
    ToolFailed,
    /// Prompts by the developer.
    Prompt,
    /// Requests to a provider that failed; the subject is the status.
    ApiError,
    /// What the tool's own counter says was spent, in nano-USD; the subject is the
    /// model. Never money, only a check.
    ClaimedCost,
    /// What the tool's own counter says was used, in tokens; the subject is the class.
    /// Never money, only a check.
    ClaimedTokens,
}

impl ActivityKind {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::ActiveUser,
        Self::ActiveTool,
        Self::SessionStart,
        Self::Commit,
        Self::PullRequest,
        Self::LinesAdded,
        Self::LinesRemoved,
        Self::ToolAccepted,
        Self::ToolRejected,
        Self::ToolFailed,
        Self::Prompt,
        Self::ApiError,
        Self::ClaimedCost,
        Self::ClaimedTokens,
    ];

    /// The name in JSON and the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ActiveUser => "active_user_ms",
            Self::ActiveTool => "active_tool_ms",
            Self::SessionStart => "session_start",
            Self::Commit => "commit",
            Self::PullRequest => "pull_request",
            Self::LinesAdded => "lines_added",
            Self::LinesRemoved => "lines_removed",
            Self::ToolAccepted => "tool_accepted",
            Self::ToolRejected => "tool_rejected",
            Self::ToolFailed => "tool_failed",
            Self::Prompt => "prompt",
            Self::ApiError => "api_error",
            Self::ClaimedCost => "claimed_cost_nano_usd",
            Self::ClaimedTokens => "claimed_tokens",
        }
    }

    /// The variant of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

/// Something that a source says happened. Its identity makes it count once however
/// often it is sent; a running total is sent again with a larger amount, and the
/// largest holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// The same for the same thing, and for the same running total.
    pub identity: [u8; 16],
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: ActivityKind,
    /// How much, in the unit of the kind; never negative.
    pub amount: u64,
    /// Of what: a commit's hash, a tool's name, a model.
    pub subject: Option<Arc<str>>,
    /// The tool, where the source says so.
    pub tool: Option<Tool>,
    /// The session, where the source says so.
    pub session: Option<SessionId>,
    /// The working folder, where the source says so.
    pub folder: Option<Folder>,
    /// The branch that was checked out, where the source says so.
    pub branch: Option<Branch>,
    /// Who reported it.
    pub witness: Arc<Witness>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_its_name() {
        for kind in ActivityKind::ALL {
            assert_eq!(ActivityKind::from_name(kind.name()), Some(kind));
        }
    }
}
