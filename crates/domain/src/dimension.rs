//! What a report can be grouped and filtered by.

/// A way to cut spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// The person.
    Developer,
    /// The repository.
    Repo,
    /// The branch at the moment of the call.
    Branch,
    /// The pull request.
    PullRequest,
    /// The ticket.
    Ticket,
    /// The model.
    Model,
    /// Who serves the model.
    Provider,
    /// The coding tool.
    Tool,
    /// The session.
    Session,
    /// The kind of work.
    Task,
    /// The customer.
    Client,
    /// The project.
    Project,
    /// The team, as the organisation's directory has it on the day of the call.
    Team,
    /// The cost centre, as the organisation's directory has it on the day of the call.
    CostCentre,
    /// The day, in the report's time zone.
    Day,
    /// The week, from Monday, by its first day.
    Week,
    /// The month.
    Month,
    /// The hour.
    Hour,
}

impl Dimension {
    /// All of them, in the order of the help text.
    pub const ALL: [Self; 18] = [
        Self::Developer,
        Self::Repo,
        Self::Branch,
        Self::PullRequest,
        Self::Ticket,
        Self::Model,
        Self::Provider,
        Self::Tool,
        Self::Session,
        Self::Task,
        Self::Client,
        Self::Project,
        Self::Team,
        Self::CostCentre,
        Self::Day,
        Self::Week,
        Self::Month,
        Self::Hour,
    ];

    /// The name in options, JSON keys and table heads.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Developer => "developer",
            Self::Repo => "repo",
            Self::Branch => "branch",
            Self::PullRequest => "pr",
            Self::Ticket => "ticket",
            Self::Model => "model",
            Self::Provider => "provider",
            Self::Tool => "tool",
            Self::Session => "session",
            Self::Task => "task",
            Self::Client => "client",
            Self::Project => "project",
            Self::Team => "team",
            Self::CostCentre => "cost_centre",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Hour => "hour",
        }
    }

    /// The dimension of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// Whether only an organisation's directory can tell it.
    #[must_use]
    pub const fn is_of_directory(self) -> bool {
        matches!(self, Self::Team | Self::CostCentre)
    }

    /// Whether it is a span of time.
    #[must_use]
    pub const fn is_time(self) -> bool {
        matches!(self, Self::Day | Self::Week | Self::Month | Self::Hour)
    }
}
