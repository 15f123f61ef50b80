//! Facts that hold for a time: from one day to another, both included.

use std::fmt;

use crate::day::Day;

/// Something that holds from a day to a day, both included; open where `None`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dated<T> {
    /// The first day; `None` since ever.
    pub from: Option<Day>,
    /// The last day; `None` until further notice.
    pub to: Option<Day>,
    /// What holds.
    pub value: T,
}

impl<T> Dated<T> {
    /// Whether it holds on that day.
    #[must_use]
    pub fn holds(&self, day: Day) -> bool {
        self.period().holds(day)
    }

    /// When it holds.
    #[must_use]
    pub const fn period(&self) -> Days {
        Days { from: self.from, to: self.to }
    }
}

impl<T: fmt::Display> fmt::Display for Dated<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.value)?;
        if let Some(from) = self.from {
            write!(f, " from {from}")?;
        }
        if let Some(to) = self.to {
            write!(f, " to {to}")?;
        }
        Ok(())
    }
}

/// A stretch of days, both ends included; open where `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Days {
    /// The first day.
    pub from: Option<Day>,
    /// The last day.
    pub to: Option<Day>,
}

impl Days {
    /// All days.
    pub const ALL: Self = Self { from: None, to: None };

    /// Whether that day is one of them.
    #[must_use]
    pub fn holds(self, day: Day) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }

    /// Whether there is no such day.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.from.zip(self.to).is_some_and(|(from, to)| to < from)
    }

    /// The days that both have.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let later = |a: Option<Day>, b: Option<Day>| a.max(b);
        let earlier = |a: Option<Day>, b: Option<Day>| match (a, b) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (one, None) | (None, one) => one,
        };
        Self { from: later(self.from, other.from), to: earlier(self.to, other.to) }
    }

    /// A day to name as an example.
    #[must_use]
    pub fn example(self) -> Option<Day> {
        self.from.or(self.to)
    }
}

/// One thing after another: at most one of them on any day, which
/// [`super::Directory`] makes sure of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Course<T>(Vec<Dated<T>>);

impl<T> Default for Course<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Course<T> {
    /// The same at all times.
    #[must_use]
    pub fn always(value: T) -> Self {
        Self(vec![Dated { from: None, to: None, value }])
    }

    /// Of these, in whatever order.
    #[must_use]
    pub fn new(mut steps: Vec<Dated<T>>) -> Self {
        // `None` stands before every day.
        steps.sort_by_key(|it| (it.from, it.to));
        Self(steps)
    }

    /// What holds on that day.
    #[must_use]
    pub fn on(&self, day: Day) -> Option<&T> {
        self.0.iter().find(|it| it.holds(day)).map(|it| &it.value)
    }

    /// All of them, the earliest first.
    #[must_use]
    pub fn steps(&self) -> &[Dated<T>] {
        &self.0
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first two that share a day.
    pub(super) fn overlap(&self) -> Option<(&Dated<T>, &Dated<T>)> {
        let mut open: Option<&Dated<T>> = None;
        for step in self.0.iter().filter(|it| !it.period().is_empty()) {
            if let Some(before) = open
                && !before.period().and(step.period()).is_empty()
            {
                return Some((before, step));
            }
            open = Some(step);
        }
        None
    }
}

impl<T: fmt::Display> fmt::Display for Course<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{step}")?;
        }
        Ok(())
    }
}
