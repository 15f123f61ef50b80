//! A budget as figures need it: what there is, what is gone, and until when it must last.
//! Who keeps budgets fills it in; nothing here decides anything about them.

use domain::{NanoUsd, Period, Scope};
use jiff::civil::Date;

use crate::text::PerMille;

/// From this part of the allocation on a budget is in danger, in tenths of a percent.
pub const DANGER_ABOVE: i64 = 900;

/// A budget as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetLine {
    /// What it is about.
    pub scope: Scope,
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

/// How a budget is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetCourse {
    /// The budget.
    pub line: BudgetLine,
    /// How much of it is spent.
    pub spent: Option<PerMille>,
    /// How much of its period is over.
    pub elapsed: Option<PerMille>,
    /// The day on which nothing will be left, if that is before it ends.
    pub runs_out: Option<Date>,
    /// What will have been spent when it ends, where that is forecast.
    pub forecast: Option<NanoUsd>,
}

impl BudgetCourse {
    /// How it is doing today, where the days ahead are forecast to come to these amounts.
    #[must_use]
    pub fn of(line: &BudgetLine, today: Date, path: &[(Date, NanoUsd)], spent_today: NanoUsd) -> Self {
        let days = |from: Date, to: Date| from.until(to).map_or(0, |it| i128::from(it.get_days()));
        let elapsed = line.first.zip(line.last).and_then(|(first, last)| {
            let passed = days(first, today.min(last)).saturating_add(1);
            PerMille::of(passed, days(first, last).saturating_add(1))
        });
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
        Self {
            line: line.clone(),
            spent: PerMille::of_money(line.spent, line.allocation),
            elapsed,
            runs_out,
            forecast: reaches.then_some(forecast),
        }
    }

    /// Whether it will not last, or hardly.
    #[must_use]
    pub fn is_in_danger(&self) -> bool {
        self.runs_out.is_some() || self.spent.is_some_and(|it| it.tenths() >= DANGER_ABOVE)
    }
}

#[cfg(test)]
mod tests {
    use domain::ScopeKind;

    use super::*;

    #[test]
    fn a_budget_runs_out_on_a_day_or_lasts() {
        let day = |text: &str| text.parse::<Date>().expect("a day");
        let line = |left| BudgetLine {
            scope: Scope::new(ScopeKind::Team, "web").expect("a scope"),
            period: Period::Month,
            first: Some(day("2026-11-01")),
            last: Some(day("2026-11-30")),
            allocation: NanoUsd::new(100),
            spent: NanoUsd::new(100 - left),
            left: NanoUsd::new(left),
            is_hard: true,
        };
        let path: Vec<_> = (22..=30).map(|it| (Date::constant(2026, 11, it), NanoUsd::new(10))).collect();
        for (left, runs_out, forecast) in
            [(100, None, 85), (30, Some("2026-11-25"), 155), (0, Some("2026-11-22"), 185)]
        {
            let course = BudgetCourse::of(&line(left), day("2026-11-22"), &path, NanoUsd::new(5));
            assert_eq!(course.runs_out, runs_out.map(day), "{left}");
            assert_eq!(course.forecast, Some(NanoUsd::new(forecast)), "{left}");
            assert_eq!(course.elapsed.map(PerMille::tenths), Some(733));
        }
    }
}
