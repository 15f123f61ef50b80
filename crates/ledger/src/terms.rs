//! What is agreed of a budget: how much, how hard, and what happens on the way there.

use domain::{ModelName, NanoUsd, wildcard};

/// The most thresholds of one budget.
pub const MAX_THRESHOLDS: usize = 16;
/// The most models that one downgrade maps.
pub const MAX_DOWNGRADES: usize = 64;
/// The largest amount of a budget, in nano-USD: 2 billion USD. Four such sums fit into an amount.
pub const MAX_AMOUNT_NANO: i64 = 2_000_000_000_000_000_000;

/// What is agreed of a budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// What there is to spend in each period.
    pub amount: NanoUsd,
    /// Whether spending stops there.
    pub ceiling: Ceiling,
    /// What becomes of money that is left when a period ends.
    pub rollover: Rollover,
    /// How fast it may be spent.
    pub pace: Pace,
    /// Whether the budgets below may be promised more than there is.
    pub overcommit: Overcommit,
    /// What happens on the way to the ceiling.
    pub thresholds: Vec<Threshold>,
    /// Whom to ask for more.
    pub owner: Option<String>,
    /// What becomes of calls while nobody can be asked.
    pub unreachable: WhenUnreachable,
}

impl Terms {
    /// So much, hard, with nothing else agreed.
    #[must_use]
    pub const fn hard(amount: NanoUsd) -> Self {
        Self {
            amount,
            ceiling: Ceiling::Hard,
            rollover: Rollover::None,
            pace: Pace::Free,
            overcommit: Overcommit::Allow,
            thresholds: Vec::new(),
            owner: None,
            unreachable: WhenUnreachable::Refuse,
        }
    }

    /// So much, soft: it tells, and stops nothing.
    #[must_use]
    pub const fn soft(amount: NanoUsd) -> Self {
        let mut terms = Self::hard(amount);
        terms.ceiling = Ceiling::Soft;
        terms.unreachable = WhenUnreachable::Allow;
        terms
    }

    /// Whether some threshold asks for a projection.
    pub(crate) fn forecasts(&self) -> bool {
        self.thresholds.iter().any(|it| it.mark == Mark::Forecast)
    }
}

/// Whether spending stops at the amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ceiling {
    /// Nothing is reserved beyond it.
    Hard,
    /// More may be spent; it is told.
    Soft,
}

/// What becomes of money that is left when a period ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rollover {
    /// It lapses.
    None,
    /// At most one period's amount is carried into the next.
    OnePeriod,
    /// At most so much is carried.
    UpTo(NanoUsd),
}

/// How fast a budget may be spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pace {
    /// As fast as one likes.
    Free,
    /// What is left at the start of a day is spread over the working days left.
    WorkingDays,
}

/// Whether the budgets below may be promised more than there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Overcommit {
    /// Yes: not everybody spends all of it, and each level's ceiling holds anyway.
    Allow,
    /// No.
    Refuse,
}

/// What a gateway does with calls under a budget that it has no lease on, while the
/// ledger that could lend to it cannot be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WhenUnreachable {
    /// It refuses them: the ceiling holds whatever happens.
    Refuse,
    /// It lets them go, and tells of them once somebody can be asked again.
    Allow,
}

impl WhenUnreachable {
    /// The name in JSON and the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Allow => "allow",
        }
    }
}

/// Where something happens, and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Threshold {
    /// Where.
    pub mark: Mark,
    /// What.
    pub action: Action,
}

/// Where something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    /// So many per cent of the allocation are spent.
    Percent(u16),
    /// At the pace so far, the period will end above the allocation.
    Forecast,
}

/// What happens at a threshold. Whoever keeps the call path does it, told by
/// [`crate::Outlook`]; a refusal is the ledger's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Somebody is told.
    Notify,
    /// Calls are sent to cheaper models.
    Downgrade(Vec<Downgrade>),
    /// Calls are made small enough to fit.
    Clamp,
    /// Nothing is reserved beyond here.
    Refuse,
    /// Somebody is told that more is spent than was allotted, and it goes on. Only of soft budgets.
    AllowOverrun,
}

impl Action {
    /// The name in JSON and the store.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Notify => "notify",
            Self::Downgrade(_) => "downgrade",
            Self::Clamp => "clamp",
            Self::Refuse => "refuse",
            Self::AllowOverrun => "allow_overrun",
        }
    }
}

/// One line of a map of models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Downgrade {
    /// The model that is asked for; `*` stands for any run of characters.
    pub from: String,
    /// The model that is used instead.
    pub to: ModelName,
}

impl Downgrade {
    /// Whether it is about that model.
    #[must_use]
    pub fn is_for(&self, model: &str) -> bool {
        wildcard::matches(&self.from, model)
    }
}

/// Terms that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadTerms {
    /// An amount that no budget has.
    #[error("{0} USD is no amount of a budget: from 0 up to 2 billion USD")]
    Amount(NanoUsd),
    /// A percentage that is never reached or always.
    #[error("a threshold lies between 1 and 1000 per cent, not at {0}")]
    Percent(u16),
    /// More thresholds, or lines of a map, than one wants.
    #[error("a budget has at most {MAX_THRESHOLDS} thresholds and {MAX_DOWNGRADES} models in a downgrade")]
    TooMany,
    /// A hard budget that allows an overrun.
    #[error("a hard budget stops at its amount and cannot allow an overrun: make it soft")]
    HardOverrun,
    /// A day is neither spread nor projected, and neither is what never ends.
    #[error("a budget of a {0} has no working days to spread or project over: use a week, month or quarter")]
    NoWorkingDays(&'static str),
    /// Nothing is carried over by what never ends.
    #[error("a budget without a period has nothing to carry over")]
    NoPeriod,
}

pub(crate) mod check {
    //! Whether terms can be.

    use domain::Period;

    use super::{Action, BadTerms, Ceiling, MAX_AMOUNT_NANO, MAX_DOWNGRADES, MAX_THRESHOLDS, Mark};
    use super::{NanoUsd, Pace, Rollover, Terms};

    pub(crate) fn amount(amount: NanoUsd) -> Result<(), BadTerms> {
        let is_amount = (0..=MAX_AMOUNT_NANO).contains(&amount.nano());
        if is_amount { Ok(()) } else { Err(BadTerms::Amount(amount)) }
    }

    pub(crate) fn terms(terms: &Terms, period: Period) -> Result<(), BadTerms> {
        amount(terms.amount)?;
        match terms.rollover {
            Rollover::None => {}
            Rollover::OnePeriod | Rollover::UpTo(_) if period == Period::Ever => {
                return Err(BadTerms::NoPeriod);
            }
            Rollover::OnePeriod => {}
            Rollover::UpTo(most) => amount(most)?,
        }
        let has_days = matches!(period, Period::Week | Period::Month | Period::Quarter);
        if !has_days && (terms.pace == Pace::WorkingDays || terms.forecasts()) {
            let span = if period == Period::Day { "day" } else { "period without end" };
            return Err(BadTerms::NoWorkingDays(span));
        }
        if terms.thresholds.len() > MAX_THRESHOLDS {
            return Err(BadTerms::TooMany);
        }
        terms.thresholds.iter().try_for_each(|it| {
            match it.mark {
                Mark::Percent(percent) if !(1..=1000).contains(&percent) => {
                    return Err(BadTerms::Percent(percent));
                }
                Mark::Percent(_) | Mark::Forecast => {}
            }
            match &it.action {
                Action::Downgrade(map) if map.len() > MAX_DOWNGRADES => Err(BadTerms::TooMany),
                Action::AllowOverrun if terms.ceiling == Ceiling::Hard => Err(BadTerms::HardOverrun),
                Action::Notify | Action::Downgrade(_) | Action::Clamp | Action::Refuse => Ok(()),
                Action::AllowOverrun => Ok(()),
            }
        })
    }
}
