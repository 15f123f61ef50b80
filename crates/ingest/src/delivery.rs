//! What a machine's collector sends to the company's server: `bursar.delivery/1`.
//!
//! A delivery is JSON: calls, and what is known of their sessions and folders. It
//! holds no prompt, no code, no output of a tool and no path; `docs/delivery.md` is
//! the list of every field, and a test holds the list against the structs here.
//!
//! The same record may be sent any number of times and in any order. Fields that a
//! reader does not know are passed over; a value that it cannot take is an error
//! that names the record, and refuses the delivery as a whole.
//!
//! Reading order: this file, `wire.rs` (the fields), `write.rs`, `read.rs`.

mod read;
mod wire;
mod write;

use std::sync::Arc;

use domain::{
    Activity, ActivityKind, Branch, Call, Developer, Folder, Naming, Observed, PrLink, ReporterId, SessionId,
    SessionTally, SourceKind, Timestamp, Tool, Witness,
};

/// The format, as its first field names it.
pub const FORMAT: &str = "bursar.delivery/1";
/// Bytes of a delivery, unpacked.
pub const MAX_BYTES: usize = 16 * 1_024 * 1_024;
/// Records of one kind in a delivery.
pub const MAX_RECORDS: usize = 10_000;
/// Bytes of any one text.
pub const MAX_TEXT_BYTES: usize = 4_096;
/// Tokens, searches, steps and the like that one record can be about.
pub const MAX_COUNT: u64 = 1_000_000_000_000;

/// What one reporter sends at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The machine's collector, by the name that it gave itself once.
    pub reporter: ReporterId,
    /// The version of Bursar that wrote this.
    pub version: Arc<str>,
    /// The person that the machine says it belongs to: a claim.
    pub claimed: Option<Developer>,
    /// Calls that are new, or of which more is known.
    pub calls: Vec<ReportedCall>,
    /// What sessions did, each as far as the machine knows it.
    pub sessions: Vec<SessionTally>,
    /// Pull requests that sessions opened or named.
    pub pull_requests: Vec<PrLink>,
    /// What git says of the folders that the calls name.
    pub folders: Vec<FolderReport>,
    /// What people said of sessions.
    pub tags: Vec<SessionTag>,
    /// What happened beside calls.
    pub activities: Vec<ReportedActivity>,
}

/// A call as the machine's logs have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedCall {
    /// What kind of id its key is.
    pub naming: Naming,
    /// The call. Its origin stays on the machine; its folder stands there under a
    /// name that tells nothing of its path.
    pub call: Call,
}

/// What is known of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderReport {
    /// The name under which calls speak of it.
    pub folder: Folder,
    /// When git was asked.
    pub at: Timestamp,
    /// What it said, a line a fact, as the attribution crate writes it.
    pub facts: Arc<str>,
}

/// What somebody said of a session; an empty value takes it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionTag {
    /// The session.
    pub session: SessionId,
    /// When.
    pub at: Timestamp,
    /// What it is about: `task`, `client` …
    pub key: Arc<str>,
    /// What was said.
    pub value: Arc<str>,
}

/// Something that happened, without the witness, who is the same for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedActivity {
    /// The same for the same thing.
    pub identity: [u8; 16],
    /// Which source on the machine says so.
    pub source: SourceKind,
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: ActivityKind,
    /// How much, in the unit of the kind.
    pub amount: u64,
    /// Of what.
    pub subject: Option<Arc<str>>,
    /// The tool.
    pub tool: Option<Tool>,
    /// The session.
    pub session: Option<SessionId>,
    /// The working folder, under the name that stands for it.
    pub folder: Option<Folder>,
    /// The branch that was checked out.
    pub branch: Option<Branch>,
}

/// Why bytes are no delivery.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// Too long.
    #[error("the delivery is longer than {MAX_BYTES} bytes: send it in parts")]
    TooLong,
    /// Not JSON of the expected shape.
    #[error("no delivery can be read: {0}")]
    Malformed(String),
    /// Of another format.
    #[error("the delivery is `{0}`; this server reads `{FORMAT}`: update the older of the two")]
    Format(String),
    /// Too many records of one kind.
    #[error("{count} records in `{list}`, {MAX_RECORDS} at most: send them in parts")]
    TooMany {
        /// The list.
        list: &'static str,
        /// How many there are.
        count: usize,
    },
    /// A record that cannot be taken.
    #[error("`{list}[{index}]`: {problem}")]
    Record {
        /// The list that it is in.
        list: &'static str,
        /// Which one, from 0.
        index: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// A field of the delivery itself that cannot be taken.
    #[error("{0}")]
    Head(String),
}

impl Delivery {
    /// An empty one.
    #[must_use]
    pub fn new(reporter: ReporterId, version: &str, claimed: Option<Developer>) -> Self {
        Self {
            reporter,
            version: Arc::from(version),
            claimed,
            calls: Vec::new(),
            sessions: Vec::new(),
            pull_requests: Vec::new(),
            folders: Vec::new(),
            tags: Vec::new(),
            activities: Vec::new(),
        }
    }

    /// Reads one.
    ///
    /// # Errors
    /// [`DeliveryError`]: all of it is taken, or nothing.
    pub fn parse(bytes: &[u8]) -> Result<Self, DeliveryError> {
        read::delivery(bytes)
    }

    /// Writes it as JSON.
    ///
    /// # Errors
    /// [`DeliveryError::Malformed`] where JSON cannot say it, which no delivery leads to.
    pub fn to_json(&self) -> Result<Vec<u8>, DeliveryError> {
        write::delivery(self)
    }

    /// How many records there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        let Self { calls, sessions, pull_requests, folders, tags, activities, .. } = self;
        calls
            .len()
            .saturating_add(sessions.len())
            .saturating_add(pull_requests.len())
            .saturating_add(folders.len())
            .saturating_add(tags.len())
            .saturating_add(activities.len())
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Who reported, by a kind of source of the machine; `developer` is whose
    /// credential it came with.
    #[must_use]
    pub fn witness(&self, source: SourceKind, developer: Option<&Developer>) -> Arc<Witness> {
        Arc::new(Witness {
            source,
            reporter: self.reporter.clone(),
            developer: developer.cloned(),
            claimed: self.claimed.clone(),
        })
    }
}

impl ReportedCall {
    /// The observation that it is to the company's book.
    #[must_use]
    pub fn observed(self, witness: &Arc<Witness>) -> Observed {
        let Self { naming, mut call } = self;
        let request = call.request.take();
        Observed { witness: Arc::clone(witness), naming, request, call }
    }
}

impl ReportedActivity {
    /// The activity that it is to the company's book.
    #[must_use]
    pub fn activity(self, witness: &Arc<Witness>) -> Activity {
        let Self { identity, source: _, at, kind, amount, subject, tool, session, folder, branch } = self;
        let witness = Arc::clone(witness);
        Activity { identity, at, kind, amount, subject, tool, session, folder, branch, witness }
    }
}

/// What kind of id the readers of logs gave a call: an id that begins with the name
/// of a tool, or that has something appended, is their own.
#[must_use]
pub fn naming(tool: Tool, key: &str) -> Naming {
    let is_own = key.strip_prefix(tool.name()).is_some_and(|rest| rest.starts_with(':')) || key.contains('#');
    if is_own { Naming::Derived } else { Naming::Provider }
}

#[cfg(test)]
mod tests;
