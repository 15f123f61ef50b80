//! What a command comes to.

use domain::{ModelName, NanoUsd, Scope, Timestamp};

use crate::account::Stop;
use crate::budget::{BudgetKey, Held};
use crate::counter::Room;
use crate::lease::Grant;
use crate::row::Change;
use crate::terms::{Action, Mark};

/// A command that was decided. It is done when its changes are absorbed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a decision changes nothing by itself"]
pub struct Decision {
    /// What the caller is told.
    pub outcome: Outcome,
    /// What others are told. Nothing is told twice.
    pub events: Vec<Event>,
    /// The rows that change. None where it was done before.
    pub changes: Vec<Change>,
}

/// What the caller is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is done.
    Done,
    /// Money is held.
    Reserved {
        /// In which budgets; none at all where the call has no budget.
        held: Vec<Held>,
        /// Until when.
        expires_at: Timestamp,
    },
    /// Slices are lent.
    Lent(Box<Grant>),
}

/// Something that others want to know of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A threshold was reached, for the first time in the period.
    Threshold {
        /// Of which budget.
        budget: BudgetKey,
        /// In the period that began then.
        start: Timestamp,
        /// Which threshold.
        mark: Mark,
        /// What happens there.
        action: Action,
        /// What there is to spend.
        allocation: NanoUsd,
        /// What is spent.
        spent: NanoUsd,
        /// What will be spent by the end of the period, where that can be said.
        forecast: Option<NanoUsd>,
    },
    /// More was spent than a hard budget had left.
    Overrun {
        /// Of which budget, in which period.
        held: Held,
        /// How much did not fit.
        amount: NanoUsd,
        /// The reservation, call or lease that it came with.
        cause: String,
    },
    /// Something was spent in a period that nobody knows of any more: it stands in no budget.
    TooLate {
        /// The budget and the period.
        held: Held,
        /// How much.
        amount: NanoUsd,
        /// The reservation, call or lease that it came with.
        cause: String,
    },
}

/// How things stand for a call that has not been asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outlook {
    /// What would cut it off: then nothing is granted.
    pub killed: Option<(Scope, Stop)>,
    /// What would refuse it: then nothing is granted.
    pub frozen: Option<(Scope, Stop)>,
    /// The most that would be granted, with the budget that forbids more. None where
    /// nothing forbids anything.
    pub room: Option<(BudgetKey, Room)>,
    /// Where that budget stands.
    pub binding: Option<Binding>,
    /// Actions of thresholds that are reached, the widest scope last.
    pub actions: Vec<(BudgetKey, Action)>,
    /// What calls are to fit into, where a threshold that is reached clamps them: the least
    /// that is left of such a budget, never below zero.
    pub clamped_to: Option<NanoUsd>,
}

/// Where the budget stands that binds a call first, as its developer may be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding {
    /// What there is to spend in the period.
    pub allocation: NanoUsd,
    /// What is spent of it. What is held for calls that run is left out: it is the most
    /// that they can cost, and most of it comes back.
    pub spent: NanoUsd,
    /// When the period ends, if ever.
    pub resets: Option<Timestamp>,
}

impl Outlook {
    /// The most that would be granted; none where nothing forbids anything.
    #[must_use]
    pub fn available(&self) -> Option<NanoUsd> {
        if self.killed.is_some() || self.frozen.is_some() {
            return Some(NanoUsd::ZERO);
        }
        self.room.as_ref().map(|(_, room)| room.amount)
    }

    /// The model to use instead of that one, by the first downgrade that is about it.
    #[must_use]
    pub fn downgrade(&self, model: &str) -> Option<&ModelName> {
        self.actions.iter().find_map(|(_, action)| match action {
            Action::Downgrade(map) => map.iter().find(|it| it.is_for(model)).map(|it| &it.to),
            Action::Notify | Action::Clamp | Action::Refuse | Action::AllowOverrun => None,
        })
    }
}
