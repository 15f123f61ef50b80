//! Why entries make no directory. Each reason has a stable code and names the entry.

use super::entry::EntryKind;
use crate::day::Day;

/// The most entries of a directory.
pub const MAX_ENTRIES: usize = 100_000;
/// The longest id, name or identity, in bytes.
pub const MAX_TEXT_BYTES: usize = 320;
/// The most identities of one developer.
pub const MAX_IDENTITIES: usize = 100;
/// The most steps of one assignment over time.
pub const MAX_STEPS: usize = 200;
/// The most teams from a team up to its root.
pub const MAX_DEPTH: usize = 16;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Problem {
    /// Too much of everything.
    #[error("the directory has {found} entries and at most {MAX_ENTRIES} are taken")]
    TooMany {
        /// How many there are.
        found: usize,
    },
    /// A text that is empty, too long, or holds line breaks or other control characters.
    #[error(
        "{} `{id}`: `{field}` must be a text of one line, not empty, of at most {MAX_TEXT_BYTES} bytes",
        kind.words()
    )]
    BadText {
        /// What the entry is about.
        kind: EntryKind,
        /// The entry.
        id: String,
        /// Which of its texts.
        field: &'static str,
    },
    /// A list that is too long.
    #[error("{} `{id}`: `{field}` has {found} items and at most {limit} are taken", kind.words())]
    TooLong {
        /// What the entry is about.
        kind: EntryKind,
        /// The entry.
        id: String,
        /// Which of its lists.
        field: &'static str,
        /// How many there are.
        found: usize,
        /// How many are taken.
        limit: usize,
    },
    /// A name that no entry has.
    #[error("{} `{id}`: there is no {} `{names}`, which `{field}` names; add it or correct the name",
        kind.words(), named.words())]
    Unknown {
        /// What the entry is about.
        kind: EntryKind,
        /// The entry.
        id: String,
        /// Which of its fields.
        field: &'static str,
        /// What kind of thing the field names.
        named: EntryKind,
        /// What it names.
        names: String,
    },
    /// A period that ends before it begins.
    #[error("{} `{id}`: `{field}` ends on {to}, before it begins on {from}", kind.words())]
    Backwards {
        /// What the entry is about.
        kind: EntryKind,
        /// The entry.
        id: String,
        /// Which of its fields.
        field: &'static str,
        /// The first day.
        from: Day,
        /// The last day.
        to: Day,
    },
    /// Two at the same time, where money can go to one alone.
    #[error(
        "{} `{id}`: `{field}` is both `{first}` and `{second}` at the same time; end the one on the day \
         before the other begins",
        kind.words()
    )]
    Overlap {
        /// What the entry is about.
        kind: EntryKind,
        /// The entry.
        id: String,
        /// Which of its fields.
        field: &'static str,
        /// The earlier one.
        first: String,
        /// The later one.
        second: String,
    },
    /// An identity that two developers claim.
    #[error("the identity `{identity}` is given to both `{first}` and `{second}`; leave it to one of them")]
    IdentityTaken {
        /// The identity.
        identity: String,
        /// One developer.
        first: String,
        /// The other.
        second: String,
    },
    /// Teams that are above each other.
    #[error("the teams {} are each a part of the next{}; take one of them out of the circle",
        path.join(" > "), on.map_or_else(String::new, |day| format!(" on {day}")))]
    Cycle {
        /// From a team back to itself.
        path: Vec<String>,
        /// A day on which it is so; `None` where it always is.
        on: Option<Day>,
    },
    /// Too many teams above each other.
    #[error("the team `{team}` has more than {MAX_DEPTH} teams above it; make the tree flatter")]
    TooDeep {
        /// The team.
        team: String,
    },
}

impl Problem {
    /// A stable code for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooMany { .. } => "too_many_entries",
            Self::BadText { .. } => "bad_text",
            Self::TooLong { .. } => "list_too_long",
            Self::Unknown { .. } => "unknown_reference",
            Self::Backwards { .. } => "period_backwards",
            Self::Overlap { .. } => "overlap",
            Self::IdentityTaken { .. } => "identity_taken",
            Self::Cycle { .. } => "team_cycle",
            Self::TooDeep { .. } => "tree_too_deep",
        }
    }
}
