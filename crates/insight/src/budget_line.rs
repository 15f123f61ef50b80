//! A budget as figures need it: what there is, what is gone, and until when it must last.
//! Who keeps budgets fills it in; nothing here decides anything about them.

use std::sync::Arc;

use domain::{NanoUsd, Period, Scope};
use jiff::civil::Date;

use crate::series::DailySeries;
use crate::text::PerMille;

/// From this part of the allocation on a budget is in danger, in tenths of a percent.
pub const DANGER_ABOVE: i64 = 900;

/// A budget as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetLine {
    /// What it is about.
    pub scope: Scope,
    /// Whose calls count in it, of a team's: the team and those below it.
    pub teams: Vec<Arc<str>>,
    /// How long it lasts.
    pub period: Period,
    /// Its first day; none where it lasts for ever.
    pub first: Option<Date>,
    /// Its last day.
    pub last: Option<Date>,
    /// What there is to spend in the period.
    pub allocation: NanoUsd,
    /// What is spent of it.
    pub spent: NanoUsd,
    /// What is left: what is held for calls that run is not.
    pub left: NanoUsd,
    /// Whether spending stops where it ends.
    pub is_hard: bool,
}

/// Whether a budget lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BudgetState {
    /// As far as is known it lasts to its end.
    Lasts,
    /// Nothing will be left from that day on, which is before it ends; today, where all that
    /// is left is held for calls that run.
    RunsOut(Date),
    /// All of it is spent.
    Spent {
        /// The day on which the last of it was, where the days of the period tell.
        on: Option<Date>,
    },
}

impl BudgetState {
    /// The name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lasts => "lasts",
            Self::RunsOut(_) => "runs_out",
            Self::Spent { .. } => "spent",
        }
    }

    /// The day on which nothing will be left.
    #[must_use]
    pub const fn runs_out(self) -> Option<Date> {
        match self {
            Self::RunsOut(day) => Some(day),
            Self::Lasts | Self::Spent { .. } => None,
        }
    }

    /// The day on which all of it was spent.
    #[must_use]
    pub const fn spent_on(self) -> Option<Date> {
        match self {
            Self::Spent { on } => on,
            Self::Lasts | Self::RunsOut(_) => None,
        }
    }

    /// For people: `lasts`, the day on which it runs out, or since when it is spent.
    #[must_use]
    pub fn to_text(self) -> String {
        match self {
            Self::Lasts => "lasts".to_owned(),
            Self::RunsOut(day) => day.to_string(),
            Self::Spent { on: Some(day) } => format!("spent on {day}"),
            Self::Spent { on: None } => "spent".to_owned(),
        }
    }
}

/// The days of whatever a budget is about.
#[derive(Debug, Clone, Copy)]
pub struct BudgetDays<'a> {
    /// Until today, today's calls so far included.
    pub past: &'a DailySeries,
    /// The first day of which all is there; none where nothing was spent before the past begins.
    pub since: Option<Date>,
    /// From today on, as forecast.
    pub path: &'a [(Date, NanoUsd)],
}

/// How a budget is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetCourse {
    /// The budget.
    pub line: BudgetLine,
    /// How much of it is spent.
    pub spent: Option<PerMille>,
    /// How much of its period is over.
    pub elapsed: Option<PerMille>,
    /// Whether it lasts.
    pub state: BudgetState,
    /// What will have been spent when it ends, where that is forecast.
    pub forecast: Option<NanoUsd>,
}

impl BudgetCourse {
    /// How it is doing today, where its days are known or not.
    #[must_use]
    pub fn of(line: &BudgetLine, today: Date, known: Option<BudgetDays<'_>>) -> Self {
        let days = |from: Date, to: Date| from.until(to).map_or(0, |it| i128::from(it.get_days()));
        let elapsed = line.first.zip(line.last).and_then(|(first, last)| {
            let passed = days(first, today.min(last)).saturating_add(1);
            PerMille::of(passed, days(first, last).saturating_add(1))
        });
        let path = known.map(|it| it.path).unwrap_or_default();
        let spent_today = known.and_then(|it| it.past.costs.last().copied()).unwrap_or_default();
        let mut left = line.left;
        let mut forecast = line.spent;
        let mut runs_out = if line.left <= NanoUsd::ZERO { Some(today) } else { None };
        for &(day, cost) in path.iter().filter(|it| line.last.is_none_or(|last| it.0 <= last)) {
            // What is spent of today is in what is spent already.
            let known = if day == today { spent_today } else { NanoUsd::ZERO };
            let more = NanoUsd::new(cost.nano().saturating_sub(known.nano()).max(0));
            forecast = NanoUsd::new(forecast.nano().saturating_add(more.nano()));
            left = NanoUsd::new(left.nano().saturating_sub(more.nano()));
            if left <= NanoUsd::ZERO && more > NanoUsd::ZERO {
                runs_out = runs_out.or(Some(day));
            }
        }
        // A path that ends before the budget does says nothing of its end.
        let reaches = line.last.is_some_and(|last| path.last().is_some_and(|it| it.0 >= last));
        let state = if line.spent >= line.allocation {
            BudgetState::Spent { on: known.and_then(|it| used_up(line, it)) }
        } else {
            runs_out.map_or(BudgetState::Lasts, BudgetState::RunsOut)
        };
        Self {
            line: line.clone(),
            spent: PerMille::of_money(line.spent, line.allocation),
            elapsed,
            state,
            forecast: reaches.then_some(forecast),
        }
    }

    /// Whether it will not last, or hardly.
    #[must_use]
    pub fn is_in_danger(&self) -> bool {
        self.state != BudgetState::Lasts || self.spent.is_some_and(|it| it.tenths() >= DANGER_ABOVE)
    }
}

/// The day on which a budget's allocation of now was used up, where its days are all there.
fn used_up(line: &BudgetLine, known: BudgetDays<'_>) -> Option<Date> {
    let first = line.first.filter(|it| known.since.is_none_or(|since| since <= *it))?;
    let mut left = line.allocation.nano();
    let mut days = known.past.days().skip_while(|it| it.0 < first);
    let day = days.find(|(_, cost)| {
        left = left.saturating_sub(cost.nano());
        left <= 0 && cost.nano() > 0
    });
    day.map(|it| it.0)
}

#[cfg(test)]
mod tests {
    use domain::ScopeKind;

    use super::*;

    fn day(text: &str) -> Date {
        text.parse::<Date>().expect("a day")
    }

    fn line(spent: i64) -> BudgetLine {
        BudgetLine {
            scope: Scope::new(ScopeKind::Team, "web").expect("a scope"),
            teams: vec!["web".into()],
            period: Period::Month,
            first: Some(day("2026-11-01")),
            last: Some(day("2026-11-30")),
            allocation: NanoUsd::new(100),
            spent: NanoUsd::new(spent),
            left: NanoUsd::new(100 - spent),
            is_hard: true,
        }
    }

    /// Five a day, so far half of it today.
    fn past() -> DailySeries {
        DailySeries { first: day("2026-10-20"), costs: vec![NanoUsd::new(5); 34] }
    }

    fn check(line: &BudgetLine, expected: (&str, i64)) {
        let path: Vec<_> = (22..=30).map(|it| (Date::constant(2026, 11, it), NanoUsd::new(10))).collect();
        let days = BudgetDays { past: &past(), since: Some(past().first), path: &path };
        let course = BudgetCourse::of(line, day("2026-11-22"), Some(days));
        assert_eq!(
            (course.state.to_text().as_str(), course.forecast.map(NanoUsd::nano)),
            (expected.0, Some(expected.1))
        );
        assert_eq!(course.elapsed.map(PerMille::tenths), Some(733));
    }

    #[test]
    fn a_budget_runs_out_on_a_day_or_lasts() {
        check(&line(0), ("lasts", 85));
        check(&line(70), ("2026-11-25", 155));
        let held = BudgetLine { left: NanoUsd::ZERO, ..line(70) };
        check(&held, ("2026-11-22", 155));
    }

    #[test]
    fn what_is_spent_was_so_on_a_day() {
        check(&line(110), ("spent on 2026-11-20", 195));
        check(&line(100), ("spent on 2026-11-20", 185));
        // What the days do not tell is not made up.
        let past = DailySeries { first: day("2026-11-02"), ..past() };
        let known = |since| BudgetDays { past: &past, since, path: &[] };
        assert_eq!(used_up(&line(110), known(Some(past.first))), None);
        assert_eq!(used_up(&line(110), known(None)), Some(day("2026-11-21")));
        let course = BudgetCourse::of(&line(110), day("2026-11-22"), None);
        assert_eq!((course.state, course.is_in_danger()), (BudgetState::Spent { on: None }, true));
    }
}
