//! Roles, and what each may do.

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Role {
    /// Everything.
    Owner,
    /// Everything but tokens of owners.
    Admin,
    /// The figures of teams, repositories, projects and clients; not of individuals.
    Finance,
    /// The figures of some teams and all below them, individuals included.
    Lead,
    /// One's own figures.
    Developer,
    /// To report, and nothing else.
    Collector,
}

/// Something that one may do or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Right {
    /// Report calls and activities.
    Deliver,
    /// Read figures, as far as one sees them.
    ReadFigures,
    /// Read the organisation's directory.
    ReadDirectory,
    /// Change it.
    WriteDirectory,
    /// List, make and revoke tokens.
    Tokens,
    /// Make and revoke tokens of owners.
    OwnerTokens,
    /// Read the audit log.
    Audit,
    /// Read and change settings.
    Settings,
    /// Read budgets, as far as one sees them, and ask for more.
    ReadBudgets,
    /// Move money between budgets that one sees, within the limits of the settings.
    MoveBudgets,
    /// Set and end budgets; freeze and kill whatever it is.
    SetBudgets,
    /// Kill what one sees, and lift that again: a team's sessions and people.
    Kill,
    /// Say what was to be expected of what one sees.
    JudgeAnomalies,
}

impl Role {
    /// All of them.
    pub(crate) const ALL: [Self; 6] =
        [Self::Owner, Self::Admin, Self::Finance, Self::Lead, Self::Developer, Self::Collector];

    /// The name in JSON and options.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Finance => "finance",
            Self::Lead => "lead",
            Self::Developer => "developer",
            Self::Collector => "collector",
        }
    }

    /// The variant of that name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// Whether it has that right.
    pub(crate) const fn may(self, right: Right) -> bool {
        match right {
            // Whoever uses the tools may report; finance does not.
            Right::Deliver => !matches!(self, Self::Finance),
            Right::ReadFigures | Right::ReadBudgets => !matches!(self, Self::Collector),
            Right::ReadDirectory | Right::MoveBudgets | Right::JudgeAnomalies => {
                matches!(self, Self::Owner | Self::Admin | Self::Finance | Self::Lead)
            }
            Right::Kill => matches!(self, Self::Owner | Self::Admin | Self::Lead),
            Right::WriteDirectory | Right::Tokens | Right::Audit | Right::Settings | Right::SetBudgets => {
                matches!(self, Self::Owner | Self::Admin)
            }
            Right::OwnerTokens => matches!(self, Self::Owner),
        }
    }
}

impl Right {
    /// All of them.
    pub(crate) const ALL: [Self; 13] = [
        Self::Deliver,
        Self::ReadFigures,
        Self::ReadDirectory,
        Self::WriteDirectory,
        Self::Tokens,
        Self::OwnerTokens,
        Self::Audit,
        Self::Settings,
        Self::ReadBudgets,
        Self::MoveBudgets,
        Self::SetBudgets,
        Self::Kill,
        Self::JudgeAnomalies,
    ];

    /// The name in JSON.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Deliver => "deliver",
            Self::ReadFigures => "read_figures",
            Self::ReadDirectory => "read_directory",
            Self::WriteDirectory => "write_directory",
            Self::Tokens => "tokens",
            Self::OwnerTokens => "owner_tokens",
            Self::Audit => "audit",
            Self::Settings => "settings",
            Self::ReadBudgets => "read_budgets",
            Self::MoveBudgets => "move_budgets",
            Self::SetBudgets => "set_budgets",
            Self::Kill => "kill",
            Self::JudgeAnomalies => "judge_anomalies",
        }
    }

    /// What it is to do, after "may not".
    pub(crate) const fn describe(self) -> &'static str {
        match self {
            Self::Deliver => "report usage",
            Self::ReadFigures => "read figures",
            Self::ReadDirectory => "read the organisation's directory",
            Self::WriteDirectory => "change the organisation's directory",
            Self::Tokens => "manage tokens",
            Self::OwnerTokens => "manage tokens of owners",
            Self::Audit => "read the audit log",
            Self::Settings => "read or change settings",
            Self::ReadBudgets => "read budgets",
            Self::MoveBudgets => "move money between budgets",
            Self::SetBudgets => "set or stop budgets",
            Self::Kill => "stop calls that run",
            Self::JudgeAnomalies => "say whether something unusual was to be expected",
        }
    }

    /// Who may.
    pub(crate) fn holders(self) -> Vec<&'static str> {
        Role::ALL.into_iter().filter(|it| it.may(self)).map(Role::name).collect()
    }
}
