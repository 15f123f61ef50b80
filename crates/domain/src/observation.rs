//! What one source said about one call.

use std::sync::Arc;

use crate::ids::{Branch, CallKey, Folder, ModelName, Provider, RequestId, SessionId};
use crate::money::NanoUsd;
use crate::terms::Terms;
use crate::time::Timestamp;
use crate::tool::Tool;
use crate::turn::{ToolUses, TurnId};
use crate::usage::Usage;

/// One source's word on one call. Several of them make a [`crate::Call`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// Which call this is about.
    pub key: CallKey,
    /// The provider's id of the request, where the source has it.
    pub request: Option<RequestId>,
    /// When the source wrote it down.
    pub at: Timestamp,
    /// The model, as the source named it.
    pub model: ModelName,
    /// Who serves it, where the source says so.
    pub provider: Option<Provider>,
    /// The token counts, split into disjoint classes.
    pub usage: Usage,
    /// The terms that change the price.
    pub terms: Terms,
    /// How far the output count can be trusted.
    pub output: OutputConfidence,
    /// Whether this is the record itself or some copy of it.
    pub lineage: Lineage,
    /// Where it was made.
    pub place: Arc<Place>,
    /// The turn that it belongs to, where the source tells turns apart. It stands beside the
    /// place and not in it: places are few, and sums are kept for each.
    pub turn: Option<TurnId>,
    /// The tools that its response called, as far as this record says.
    pub tools: ToolUses,
    /// What the tool itself says it cost. An alarm for drift, never the figure.
    pub reported_cost: Option<NanoUsd>,
    /// Where this was read.
    pub origin: Origin,
}

/// Where an observation was read, so that a figure can be traced to its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Origin {
    /// The file, by the number that the store gave it.
    pub file: u32,
    /// The first byte of the record in it; of a database, its row.
    pub offset: u64,
}

/// The kinds of record that may hold one and the same call, best witness first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lineage {
    /// The session's own record.
    Own,
    /// The record of a subagent or side question, which may replay its parent's messages.
    Sidechain,
    /// A copy in a session that was resumed or forked from the one that made the call.
    Copied,
    /// Quoted in a progress record of the parent session.
    Quoted,
}

/// How far a call's output count can be trusted, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OutputConfidence {
    /// The source states the final count.
    Final,
    /// The source gives a sum over several requests; their total is right.
    Aggregate,
    /// The stream was cut off, so that the final count never arrived.
    Interrupted,
    /// The tool's version is known to write a placeholder instead of the final count.
    Placeholder,
}

impl OutputConfidence {
    /// All of them, the surest first.
    pub const ALL: [Self; 4] = [Self::Final, Self::Aggregate, Self::Interrupted, Self::Placeholder];

    /// The name in JSON, tables and the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Final => "final",
            Self::Aggregate => "aggregate",
            Self::Interrupted => "interrupted",
            Self::Placeholder => "placeholder",
        }
    }

    /// The variant of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// The reason, for people.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Final => "the log states the final count",
            Self::Aggregate => "the log states only a sum over several requests",
            Self::Interrupted => "the stream ended before the final count was logged",
            Self::Placeholder => {
                "this version of the tool often logs a placeholder instead of the final count"
            }
        }
    }

    /// Whether the count may be lower than what was billed.
    #[must_use]
    pub const fn may_be_low(self) -> bool {
        matches!(self, Self::Interrupted | Self::Placeholder)
    }
}

/// Main conversation or something it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Thread {
    /// The conversation with the developer.
    Main,
    /// A subagent, workflow or side question.
    Subagent,
}

/// Where a call was made: what its own record says of session, folder and branch.
/// Calls of one turn share one place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The tool that made the call.
    pub tool: Tool,
    /// The session.
    pub session: SessionId,
    /// Main conversation or subagent.
    pub thread: Thread,
    /// The working folder.
    pub folder: Option<Folder>,
    /// The branch that was checked out.
    pub branch: Option<Branch>,
    /// The remote URL of the repository, where the tool itself recorded one.
    /// Credentials are cut off before it gets here.
    pub remote: Option<Arc<str>>,
    /// The slash command that began the turn, without its slash.
    pub command: Option<Arc<str>>,
    /// The skill that was in use.
    pub skill: Option<Arc<str>>,
}

impl Place {
    /// In the main conversation of a session, and nothing else is known.
    #[must_use]
    pub const fn of(tool: Tool, session: SessionId) -> Self {
        Self {
            tool,
            session,
            thread: Thread::Main,
            folder: None,
            branch: None,
            remote: None,
            command: None,
            skill: None,
        }
    }
}
