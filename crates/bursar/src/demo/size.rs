//! How large the simulation is.

use clap::ValueEnum;

/// How large the simulation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Size {
    /// 40 developers in 6 teams over 6 months
    #[default]
    Full,
    /// 6 developers in 2 teams over 2 months, for tests
    Small,
}

impl Size {
    /// As the command line has it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Small => "small",
        }
    }

    pub(super) const fn months(self) -> i64 {
        match self {
            Self::Full => 6,
            Self::Small => 2,
        }
    }

    pub(super) const fn teams(self) -> usize {
        match self {
            Self::Full => 6,
            Self::Small => 2,
        }
    }

    pub(super) const fn people_of_a_team(self) -> usize {
        match self {
            Self::Full => usize::MAX,
            Self::Small => 3,
        }
    }
}
