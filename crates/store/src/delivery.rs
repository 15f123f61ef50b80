//! What reporters send to the company's book, and what became of it.

use std::sync::Arc;

use domain::{
    Activity, Folder, Observed, Place, PrLink, ReporterId, SessionId, SessionTally, Timestamp, Witness,
};

use crate::error::StoreError;

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
    /// The most things of one delivery.
    pub const MOST: usize = 50_000;

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

    /// Refuses what no store can keep, so that all of them refuse the same.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        within("a delivery", self.len(), Self::MOST)?;
        for observed in &self.observed {
            moment(observed.call.at)?;
            text("the key of a call", observed.call.key.as_str())?;
            text("a request id", observed.request.as_ref().map_or("", |it| it.as_str()))?;
            text("a model", observed.call.figures.model.as_str())?;
            text("a provider", observed.call.figures.provider.as_ref().map_or("", |it| it.as_str()))?;
            place(&observed.call.owner.place)?;
            witness(&observed.witness)?;
        }
        for activity in &self.activities {
            moment(activity.at)?;
            text("the subject of an activity", activity.subject.as_deref().unwrap_or_default())?;
            text("a session", activity.session.as_ref().map_or("", |it| it.as_str()))?;
            witness(&activity.witness)?;
        }
        for folder in &self.folders {
            text("a folder", folder.folder.as_str())?;
            text("what git said of a folder", &folder.facts)?;
            text("a reporter", folder.reporter.as_str())?;
        }
        for link in &self.pull_requests {
            text("a session", link.session.as_str())?;
            text("the address of a pull request", &link.url)?;
            text("a branch", link.branch.as_ref().map_or("", |it| it.as_str()))?;
        }
        for report in &self.tallies {
            text("a session", report.tally.session.as_str())?;
            text("a reporter", report.reporter.as_str())?;
        }
        for tag in &self.tags {
            text("a session", tag.session.as_str())?;
            text("the key of a tag", &tag.key)?;
            text("the value of a tag", &tag.value)?;
        }
        self.witness.as_deref().map_or(Ok(()), witness)
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

/// Bytes of a text.
const MOST_TEXT_BYTES: usize = 16 * 1_024;
/// The last moment that the id of a call can hold, in milliseconds.
const LAST_MOMENT: i64 = 0xFFFF_FFFF_FFFF;

fn within(what: &'static str, size: usize, limit: usize) -> Result<(), StoreError> {
    if size > limit { Err(StoreError::TooLarge { what, size, limit }) } else { Ok(()) }
}

fn text(what: &'static str, value: &str) -> Result<(), StoreError> {
    within(what, value.len(), MOST_TEXT_BYTES)?;
    // PostgreSQL keeps every character but this one.
    if value.contains('\0') { Err(StoreError::NulCharacter { what }) } else { Ok(()) }
}

const fn moment(at: Timestamp) -> Result<(), StoreError> {
    let millis = at.millis();
    if millis > 0 && millis <= LAST_MOMENT { Ok(()) } else { Err(StoreError::Moment { millis }) }
}

fn place(it: &Place) -> Result<(), StoreError> {
    text("a session", it.session.as_str())?;
    text("a folder", it.folder.as_ref().map_or("", |it| it.as_str()))?;
    text("a branch", it.branch.as_ref().map_or("", |it| it.as_str()))?;
    text("a remote", it.remote.as_deref().unwrap_or_default())?;
    text("a command", it.command.as_deref().unwrap_or_default())?;
    text("a skill", it.skill.as_deref().unwrap_or_default())
}

fn witness(it: &Witness) -> Result<(), StoreError> {
    text("a reporter", it.reporter.as_str())?;
    text("a developer", it.developer.as_ref().map_or("", |it| it.as_str()))?;
    text("a developer", it.claimed.as_ref().map_or("", |it| it.as_str()))
}
