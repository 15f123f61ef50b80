//! What reporters send to the company's book, and what became of it.

use std::sync::Arc;

use domain::{Activity, Folder, Observed, PrLink, ReporterId, SessionId, SessionTally, Timestamp, Witness};

/// What one reporter sends at once. It is stored whole or not at all, and sending it
/// again, in parts or in another order changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// When it arrived.
    pub received_at: Timestamp,
    /// Who sent it, to be noted as heard from even where nothing is new. The witnesses
    /// of the observations and activities are noted by themselves.
    pub witness: Option<Arc<Witness>>,
    /// What was said of calls.
    pub observed: Vec<Observed>,
    /// What happened beside calls.
    pub activities: Vec<Activity>,
    /// What git said of working folders.
    pub folders: Vec<FolderReport>,
    /// Pull requests that sessions opened or named.
    pub pull_requests: Vec<PrLink>,
    /// What sessions did besides calling a model.
    pub tallies: Vec<TallyReport>,
    /// What people say of sessions.
    pub tags: Vec<SessionTag>,
}

impl Delivery {
    /// One with nothing in it yet.
    #[must_use]
    pub const fn new(received_at: Timestamp) -> Self {
        Self {
            received_at,
            witness: None,
            observed: Vec::new(),
            activities: Vec::new(),
            folders: Vec::new(),
            pull_requests: Vec::new(),
            tallies: Vec::new(),
            tags: Vec::new(),
        }
    }

    /// How many things are in it.
    #[must_use]
    pub fn len(&self) -> usize {
        let lengths = [
            self.observed.len(),
            self.activities.len(),
            self.folders.len(),
            self.pull_requests.len(),
            self.tallies.len(),
            self.tags.len(),
        ];
        lengths.into_iter().fold(0, usize::saturating_add)
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What became of the observations of a delivery: the three add up to how many it had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Accepted {
    /// Those that made a call which was not known.
    pub new: u64,
    /// Those that joined a call which was known, whether it changed or not.
    pub corrected: u64,
    /// Those that are in the book already.
    pub known: u64,
}

/// What git said of a working folder, as text of the attribution crate. The newest
/// holds. The folder stands here under the name that it has in [`domain::Place`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FolderReport {
    /// The folder.
    pub folder: Folder,
    /// When git was asked.
    pub looked_up_at: Timestamp,
    /// What it said.
    pub facts: String,
    /// Who reported it.
    pub reporter: ReporterId,
}

/// What one reporter says of a session. The one that knows of the latest moment holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TallyReport {
    /// Who reported it.
    pub reporter: ReporterId,
    /// What it says.
    pub tally: SessionTally,
}

/// What somebody says of a session: the latest holds, and an empty value takes back
/// what was said.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionTag {
    /// The session.
    pub session: SessionId,
    /// What it is about: `task`, `client` …
    pub key: String,
    /// What was said.
    pub value: String,
    /// When.
    pub at: Timestamp,
}
