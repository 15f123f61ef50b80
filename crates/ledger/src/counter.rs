//! What has become of a budget's money in one period. All of the arithmetic is here.
//!
//! `base + carried + moved` is the allocation; `spent + reserved + leased` is
//! committed. Whatever is granted leaves the second at most as large as the first.

use domain::{NanoUsd, Overflow, Period, Timestamp};

use crate::calendar::{Calendar, Today, Window};
use crate::terms::{Action, Ceiling, Mark, Pace, Rollover, Terms};

/// A projection is believed after a twentieth of the period's working time.
const FORECAST_AFTER: i128 = 20;
/// The most periods without a call that roll-over is followed through.
const MAX_SKIPPED: u32 = 1_000;

/// What has become of a budget's money in one period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counter {
    /// The period.
    pub window: Window,
    /// What the terms allot to it.
    pub base: NanoUsd,
    /// What was left of the period before.
    pub carried: NanoUsd,
    /// What transfers and granted requests brought (or, below zero, took).
    pub moved: NanoUsd,
    /// What transfers brought to (or took from) the budgets right below.
    pub moved_below: NanoUsd,
    /// What calls cost.
    pub spent: NanoUsd,
    /// What is held for calls that run.
    pub reserved: NanoUsd,
    /// What gateways have taken away with them and not yet told of.
    pub leased: NanoUsd,
    /// How much of `spent` did not fit when it came.
    pub overrun: NanoUsd,
    /// Whether spending stops at the allocation.
    pub ceiling: Ceiling,
    /// What has been told of this period.
    pub told: Told,
    /// The day, where the budget is spread over days or projected.
    pub day: Option<DayOpened>,
    /// When it changed last.
    pub touched: Timestamp,
}

/// What has been told of a period, so that nothing is told twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Told {
    /// The highest percentage that was.
    pub percent: u16,
    /// The moment at which the projection was, if it was.
    pub forecast_at: Option<Timestamp>,
}

/// A day of a budget, and what was committed when it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayOpened {
    /// The day.
    pub today: Today,
    /// What was committed.
    pub opening: NanoUsd,
}

/// A window that begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Opening {
    pub(crate) period: Period,
    pub(crate) window: Window,
}

/// How much may be reserved, and what forbids more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// How much: never below zero.
    pub amount: NanoUsd,
    /// What forbids more.
    pub limit: Limit,
}

/// What forbids more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Limit {
    /// The allocation.
    Allocation,
    /// A threshold at so many per cent, which refuses.
    Threshold(u16),
    /// The projection, which refuses.
    Forecast,
    /// What there is for today; more from then on.
    Pace(Timestamp),
}

/// What happened between two states of a counter that somebody should be told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Crossed {
    pub(crate) mark: Mark,
    pub(crate) action: Action,
}

fn wide(amount: NanoUsd) -> i128 {
    i128::from(amount.nano())
}

/// The nearest amount that can be kept.
pub(crate) fn narrow(nano: i128) -> NanoUsd {
    let bound = if nano < 0 { i64::MIN } else { i64::MAX };
    NanoUsd::new(i64::try_from(nano).unwrap_or(bound))
}

impl Counter {
    pub(crate) const fn new(window: Window, now: Timestamp) -> Self {
        Self {
            window,
            base: NanoUsd::ZERO,
            carried: NanoUsd::ZERO,
            moved: NanoUsd::ZERO,
            moved_below: NanoUsd::ZERO,
            spent: NanoUsd::ZERO,
            reserved: NanoUsd::ZERO,
            leased: NanoUsd::ZERO,
            overrun: NanoUsd::ZERO,
            ceiling: Ceiling::Soft,
            told: Told { percent: 0, forecast_at: None },
            day: None,
            touched: now,
        }
    }

    fn allocation_wide(&self) -> i128 {
        wide(self.base).saturating_add(wide(self.carried)).saturating_add(wide(self.moved))
    }

    fn committed_wide(&self) -> i128 {
        wide(self.spent).saturating_add(wide(self.reserved)).saturating_add(wide(self.leased))
    }

    /// What there is to spend in the period.
    #[must_use]
    pub fn allocation(&self) -> NanoUsd {
        narrow(self.allocation_wide())
    }

    /// What is spent, held or lent.
    #[must_use]
    pub fn committed(&self) -> NanoUsd {
        narrow(self.committed_wide())
    }

    /// What is left of the allocation; below zero where more was spent or it was lowered.
    #[must_use]
    pub fn left(&self) -> NanoUsd {
        narrow(self.allocation_wide().saturating_sub(self.committed_wide()))
    }

    /// Brings it in line with the terms in force, and into the day.
    pub(crate) fn follow(&mut self, terms: &Terms, calendar: &Calendar, now: Timestamp) {
        self.base = terms.amount;
        self.ceiling = terms.ceiling;
        if terms.pace == Pace::Free && !terms.forecasts() {
            self.day = None;
            return;
        }
        // Never back into a day that is over.
        let is_stale = self.day.is_none_or(|it| it.today.ends <= now);
        if is_stale && let Some(today) = calendar.today(self.window, now) {
            self.day = Some(DayOpened { today, opening: self.committed() });
        }
    }

    /// The counter of the window that follows.
    pub(crate) fn successor(&self, terms: Option<&Terms>, calendar: &Calendar, next: Opening) -> Self {
        let mut fresh = Self::new(next.window, next.window.start);
        if let Some(terms) = terms {
            fresh.carried = narrow(self.carried_into(terms, calendar, next));
            fresh.base = terms.amount;
            fresh.ceiling = terms.ceiling;
        }
        fresh
    }

    fn carried_into(&self, terms: &Terms, calendar: &Calendar, next: Opening) -> i128 {
        let most = match terms.rollover {
            Rollover::None => return 0,
            Rollover::OnePeriod => wide(terms.amount),
            Rollover::UpTo(most) => wide(most),
        };
        let left = self.allocation_wide().saturating_sub(self.committed_wide());
        let mut carried = left.clamp(0, most);
        // Periods in which nobody called carry all of theirs.
        let mut end = self.window.end;
        for _ in 0..MAX_SKIPPED {
            let Some(at) = end.filter(|it| *it < next.window.start && carried < most) else { break };
            carried = carried.saturating_add(wide(terms.amount)).min(most);
            end = calendar.window(next.period, at).and_then(|it| it.end);
        }
        carried
    }

    /// How much may be reserved; none where nothing forbids anything.
    #[must_use]
    pub fn room(&self, terms: &Terms, now: Timestamp) -> Option<Room> {
        let allocation = self.allocation_wide();
        let committed = self.committed_wide();
        let mut least: Option<(i128, Limit)> = None;
        let mut bound = |nano: i128, limit: Limit| {
            if least.is_none_or(|(known, _)| nano < known) {
                least = Some((nano, limit));
            }
        };
        if terms.ceiling == Ceiling::Hard {
            bound(allocation, Limit::Allocation);
            if let Some(nano) = self.paced() {
                let more = self.day.map_or(now, |it| it.today.ends);
                bound(nano, Limit::Pace(more));
            }
        }
        for threshold in terms.thresholds.iter().filter(|it| it.action == Action::Refuse) {
            match threshold.mark {
                Mark::Percent(percent) => bound(share(allocation, percent), Limit::Threshold(percent)),
                Mark::Forecast if self.forecast_wide(now).is_some_and(|it| it > allocation) => {
                    bound(committed, Limit::Forecast);
                }
                Mark::Forecast => {}
            }
        }
        least.map(|(nano, limit)| Room { amount: narrow(nano.saturating_sub(committed).max(0)), limit })
    }

    /// How much may be committed until the end of the day.
    fn paced(&self) -> Option<i128> {
        let DayOpened { today, opening } = self.day?;
        let left = self.allocation_wide().saturating_sub(wide(opening)).max(0);
        // A day off takes its share from the working days that follow.
        let share = left.checked_div(i128::from(today.days_left.max(1)))?;
        Some(wide(opening).saturating_add(share))
    }

    /// What will have been spent at the end of the period, at the pace so far.
    #[must_use]
    pub fn forecast(&self, now: Timestamp) -> Option<NanoUsd> {
        self.forecast_wide(now).map(narrow)
    }

    fn forecast_wide(&self, now: Timestamp) -> Option<i128> {
        let (worked, all) = self.day?.today.worked_ms(now);
        let (worked, all) = (i128::from(worked), i128::from(all));
        if worked == 0 || worked.saturating_mul(FORECAST_AFTER) < all {
            return None;
        }
        wide(self.spent).checked_mul(all)?.checked_div(worked)
    }

    /// Whether so many per cent, or the projection, are reached.
    pub(crate) fn has_reached(&self, mark: Mark, now: Timestamp) -> bool {
        let allocation = self.allocation_wide();
        match mark {
            Mark::Percent(percent) => {
                self.spent > NanoUsd::ZERO && wide(self.spent) >= share(allocation, percent)
            }
            Mark::Forecast => self.forecast_wide(now).is_some_and(|it| it > allocation),
        }
    }

    /// The thresholds that are reached and have not been told, which they are from now on.
    pub(crate) fn cross(&mut self, terms: &Terms, now: Timestamp) -> Vec<Crossed> {
        let before = self.told;
        let mut crossed = Vec::new();
        for threshold in terms.thresholds.iter().filter(|it| self.has_reached(it.mark, now)) {
            let is_new = match threshold.mark {
                Mark::Percent(percent) => before.percent < percent,
                Mark::Forecast => before.forecast_at.is_none(),
            };
            if is_new {
                crossed.push(Crossed { mark: threshold.mark, action: threshold.action.clone() });
            }
        }
        for it in &crossed {
            match it.mark {
                Mark::Percent(percent) => self.told.percent = self.told.percent.max(percent),
                Mark::Forecast => self.told.forecast_at = Some(now),
            }
        }
        crossed.sort_by_key(|it| it.mark);
        crossed
    }

    /// Holds money for a call.
    pub(crate) fn hold(&mut self, amount: NanoUsd, now: Timestamp) -> Result<(), Overflow> {
        self.reserved = self.reserved.plus(amount)?;
        self.touched = self.touched.max(now);
        Ok(())
    }

    /// Gives back what was held.
    pub(crate) fn free(&mut self, amount: NanoUsd, now: Timestamp) -> Result<(), Overflow> {
        self.reserved = self.reserved.minus(amount)?;
        self.touched = self.touched.max(now);
        Ok(())
    }

    /// Books what was spent, after `returned` of what was held or lent for it has been
    /// given back. Returns how much of it does not fit.
    pub(crate) fn spend(
        &mut self,
        cost: NanoUsd,
        returned: Returned,
        now: Timestamp,
    ) -> Result<NanoUsd, Overflow> {
        let excess = |it: &Self| it.committed_wide().saturating_sub(it.allocation_wide()).max(0);
        let before = excess(self);
        match returned {
            Returned::Reserved(amount) => self.reserved = self.reserved.minus(amount)?,
            Returned::Leased(amount) => self.leased = self.leased.minus(amount)?,
            Returned::Nothing => {}
        }
        self.spent = self.spent.plus(cost)?;
        self.touched = self.touched.max(now);
        if self.ceiling == Ceiling::Soft {
            return Ok(NanoUsd::ZERO);
        }
        let overrun = narrow(excess(self).saturating_sub(before).max(0));
        self.overrun = self.overrun.plus(overrun)?;
        Ok(overrun)
    }

    /// What is not promised to the budgets right below it.
    #[must_use]
    pub fn unpromised(&self, promised: NanoUsd) -> NanoUsd {
        let below = wide(promised).saturating_add(wide(self.moved_below));
        narrow(self.allocation_wide().saturating_sub(below))
    }
}

/// What was held or lent for something that is now spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Returned {
    /// Held for a call.
    Reserved(NanoUsd),
    /// Lent to a gateway.
    Leased(NanoUsd),
    /// Nothing.
    Nothing,
}

/// So many per cent, rounded down.
fn share(amount: i128, percent: u16) -> i128 {
    amount.saturating_mul(i128::from(percent)).checked_div(100).unwrap_or_default()
}
