//! What somebody may see of the book.

use std::collections::BTreeSet;

use domain::{Attribution, Day, Developer, Directory, Team};
use insight::PlaceFacts;

/// Whose calls somebody sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// Everybody's.
    Everything,
    /// Those of these teams and the teams below them, on the days on which they were theirs.
    Teams(BTreeSet<Team>),
    /// Their own.
    Own(Developer),
    /// Nobody's.
    Nothing,
}

impl Sight {
    /// Whether calls of a day that belong there are to be seen.
    #[must_use]
    pub fn sees(&self, facts: &PlaceFacts, directory: &Directory, day: Day) -> bool {
        self.sees_whom(&facts.attribution, directory, day)
    }

    /// Whether what belongs to somebody on a day is to be seen.
    #[must_use]
    pub fn sees_whom(&self, attribution: &Attribution, directory: &Directory, day: Day) -> bool {
        match self {
            Self::Everything => true,
            Self::Nothing => false,
            Self::Own(developer) => {
                let own = directory.developer_of(developer.as_str()).unwrap_or(developer);
                attribution.developer.as_ref().is_some_and(|it| it.value == *own)
            }
            Self::Teams(teams) => {
                attribution.team.as_ref().is_some_and(|it| directory.is_within(&it.value, teams, day))
            }
        }
    }
}
