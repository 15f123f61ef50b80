//! What the company's book answers.

use std::sync::Arc;

use domain::{
    ActivityKind, Branch, CallKey, Cell, Day, Developer, Folder, NanoUsd, Observed, OutputConfidence, Price,
    Seen, Service, SessionId, Timestamp, Tool, ToolUses, TurnId, Unpriced, Usage, Whereabouts, Witness,
};
use metering::{CallId, Matching};

/// How fine sums are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grain {
    /// By quarter of an hour and whereabouts: all that can be asked.
    Quarter,
    /// By day of the organisation's time zone and whole whereabouts: questions about
    /// sessions, branches and tasks that do not ask when in a day.
    Session,
    /// By day of the organisation's time zone and site: whereabouts without session,
    /// thread, branch, command and skill. Much fewer, and enough for questions about
    /// developers, repositories, models, tools and days. A session of which people or
    /// pull requests say something keeps its name, so that attribution by session is
    /// as exact as with quarters.
    Day,
}

/// The sums of a span of time: those of each day that has any, in the order of days.
#[derive(Debug, Clone)]
pub struct Cells {
    /// By day.
    pub days: Vec<Arc<DayCells>>,
    /// What the numbers of the cells stand for.
    pub names: Arc<Names>,
}

/// The sums of one day. They never change: another value takes their place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayCells {
    /// The day, in the organisation's time zone.
    pub day: Day,
    /// The sums. `place` and `service` are numbers of [`Names`]. Except with [`Grain::Quarter`]
    /// the quarter is the first of the day. In no particular order.
    pub cells: Vec<Cell>,
    /// Which kinds of source saw the calls of each cell, in the order of `cells`.
    pub seen: Vec<Seen>,
}

/// Whereabouts and services by the numbers that this process gave them. A number
/// stands for the same as long as the store is open, so what is derived from it can
/// be kept.
#[derive(Debug, Clone, Default)]
pub struct Names {
    pub(crate) whereabouts: Vec<Arc<Whereabouts>>,
    pub(crate) services: Vec<Arc<Service>>,
}

impl Names {
    /// All whereabouts; a cell's `place` is a position in here.
    #[must_use]
    pub fn whereabouts(&self) -> &[Arc<Whereabouts>] {
        &self.whereabouts
    }

    /// All services; a cell's `service` is a position in here.
    #[must_use]
    pub fn services(&self) -> &[Arc<Service>] {
        &self.services
    }
}

/// A call as the book has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookedCall {
    /// Its id in the book.
    pub id: CallId,
    /// The provider's id for it, or the source's.
    pub key: CallKey,
    /// The moment it is booked to.
    pub at: Timestamp,
    /// Where it was made, and by whom.
    pub whereabouts: Arc<Whereabouts>,
    /// What was asked of a provider.
    pub service: Arc<Service>,
    /// What it used.
    pub usage: Usage,
    /// How far the output count can be trusted.
    pub output: OutputConfidence,
    /// What the tool itself says it cost.
    pub reported_cost: Option<NanoUsd>,
    /// Which kinds of source saw it.
    pub seen: Seen,
    /// How sure it is that its observations are of one call.
    pub matching: Matching,
    /// The turn that it belongs to, where that is known.
    pub turn: Option<TurnId>,
    /// The tools that its response called, as far as anybody says.
    pub tools: ToolUses,
    /// What it costs, or why nobody knows.
    pub price: Result<Price, Unpriced>,
}

/// Some calls in the order of their ids, and where to go on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallPage {
    /// The calls; there may be none although there is more.
    pub calls: Vec<BookedCall>,
    /// The id to go on behind; none at the end.
    pub next: Option<CallId>,
}

/// Which calls are asked for.
#[derive(Clone, Default)]
pub struct CallQuery {
    /// Those behind this one only.
    pub after: Option<CallId>,
    /// Those of this moment and later only.
    pub from: Option<Timestamp>,
    /// Those before this moment only.
    pub to: Option<Timestamp>,
    /// Those that it keeps only.
    pub keep: Option<Keep>,
    /// How many at most; never more than [`CallQuery::MOST`].
    pub limit: usize,
}

/// Decides whether a call is asked for.
pub type Keep = Arc<dyn Fn(&BookedCall) -> bool + Send + Sync>;

impl CallQuery {
    /// The most calls of one page.
    pub const MOST: usize = 10_000;
}

/// A call with everything that was said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// The call.
    pub call: BookedCall,
    /// The observations that make it, in the order of their moments.
    pub evidence: Vec<Evidence>,
}

/// An observation, and when it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// What was said.
    pub observed: Observed,
    /// When it was received.
    pub received_at: Timestamp,
}

/// Who reports, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reporter {
    /// Who.
    pub witness: Arc<Witness>,
    /// When it was first heard from.
    pub first_at: Timestamp,
    /// When it was last heard from.
    pub last_at: Timestamp,
    /// How many different observations it made.
    pub observations: u64,
    /// How many different activities it reported.
    pub activities: u64,
}

/// What happened on a day beside calls, added up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ActivitySum {
    /// The day, in the organisation's time zone.
    pub day: Day,
    /// What.
    pub kind: ActivityKind,
    /// Of what.
    pub subject: Option<Arc<str>>,
    /// The tool, where the source says so.
    pub tool: Option<Tool>,
    /// The session, where the source says so.
    pub session: Option<SessionId>,
    /// The working folder, where the source says so.
    pub folder: Option<Folder>,
    /// The branch, where the source says so.
    pub branch: Option<Branch>,
    /// The person whose credential reported it.
    pub developer: Option<Developer>,
    /// The person that the reporter named.
    pub claimed: Option<Developer>,
    /// How much, in the unit of the kind.
    pub amount: u64,
}

/// Something that [`crate::Store::check`] found: what the book has is not what its
/// observations make.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// What kind of row: `call`, `cell`, `day_cell`.
    pub what: &'static str,
    /// Which one.
    pub which: String,
    /// What the book has.
    pub found: String,
    /// What the observations make.
    pub expected: String,
}

/// Calls that one transaction changed, for whoever watches.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct News {
    /// Calls that were not known.
    pub new: Vec<BookedCall>,
    /// Calls of which more is known now, as they are now.
    pub corrected: Vec<BookedCall>,
}
