//! One series of days, forecast.

use domain::NanoUsd;
use jiff::ToSpan;
use jiff::civil::Date;

use super::backtest::{Backtest, ENOUGH_DAYS, Stretch, Tries, backtest};
use super::estimate::{amount, number, per_mille};
use super::method::Method;
use super::plan::Factors;
use super::spread::Spread;
use crate::report::ReportError;
use crate::series::{DailySeries, shifted};
use crate::text::PerMille;

/// A history of fewer days than this gives no forecast.
pub const LEAST_DAYS: usize = 14;
/// How far below and above the forecast of a short history its interval reaches.
const SHORT_BAND: (f64, f64) = (-0.5, 1.0);
/// Days whose mean is the burn rate: two weeks, so that each has its weekends.
pub const BURN_DAYS: i64 = 14;
/// The days of the past that a chart shows beside a forecast.
const SHOWN_DAYS: usize = 92;

/// A forecast of one series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// How much past there is.
    pub history: History,
    /// Whole days from the first with calls.
    pub history_days: usize,
    /// Month, quarter and the quarter after it, as far as they were asked for.
    pub targets: Vec<Target>,
    /// The last days, today's calls so far included.
    pub past: DailySeries,
    /// The days from today to the end of the quarter, by the method of the month.
    pub path: Vec<(Date, NanoUsd)>,
}

impl Outlook {
    /// What was spent a day in the last [`BURN_DAYS`] whole days, weekends included.
    ///
    /// # Errors
    /// [`ReportError`] where a sum does not fit.
    pub(crate) fn burn_per_day(&self, today: Date) -> Result<NanoUsd, ReportError> {
        let (first, last) = (shifted(today, -BURN_DAYS)?, shifted(today, -1)?);
        let spent = self.past.between(first, last)?;
        Ok(NanoUsd::new(spent.nano().checked_div(BURN_DAYS).unwrap_or_default()))
    }
}

/// How much past there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum History {
    /// Fewer than [`LEAST_DAYS`]: no forecast.
    None,
    /// Fewer than [`ENOUGH_DAYS`]: the rate of each weekday, with a wide interval.
    Short,
    /// Enough to try methods on.
    Enough,
}

impl History {
    /// The name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Short => "short",
            Self::Enough => "enough",
        }
    }
}

/// What a forecast is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Horizon {
    /// The month that today is in.
    Month,
    /// The quarter that today is in.
    Quarter,
    /// The quarter after it.
    NextQuarter,
}

impl Horizon {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Month, Self::Quarter, Self::NextQuarter];

    /// The name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::NextQuarter => "next_quarter",
        }
    }

    /// For people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Month => "this month",
            Self::Quarter => "this quarter",
            Self::NextQuarter => "next quarter",
        }
    }

    /// Its first and last day.
    fn days(self, today: Date) -> Option<(Date, Date)> {
        let month = today.first_of_month();
        let past = i64::from(today.month().checked_sub(1)?.checked_rem(3)?);
        let quarter = month.checked_sub(past.months()).ok()?;
        let (first, months) = match self {
            Self::Month => (month, 1),
            Self::Quarter => (quarter, 3),
            Self::NextQuarter => (quarter.checked_add(3.months()).ok()?, 3),
        };
        Some((first, first.checked_add(months.months()).ok()?.yesterday().ok()?))
    }
}

/// A period, and what it will have come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Which.
    pub horizon: Horizon,
    /// Its first day.
    pub first: Date,
    /// Its last day.
    pub last: Date,
    /// What is spent of it already.
    pub spent: NanoUsd,
    /// What of the total is a forecast: today as a whole, and the days after it.
    pub ahead: NanoUsd,
    /// What it will have come to; none where there is too little past.
    pub total: Option<Estimate>,
    /// The same by the end of each day from today on, the last of which is the total; none of
    /// what has not begun.
    pub course: Vec<(Date, Estimate)>,
    /// How that was found.
    pub method: Option<Method>,
    /// How good that was in the past; none where there is too little of it.
    pub errors: Option<Errors>,
}

impl Target {
    /// How far off the total is to be expected: the error of what was tried, of what is a
    /// forecast, as a part of the total.
    #[must_use]
    pub fn expected_error(&self) -> Option<PerMille> {
        let (total, errors) = (self.total?.point, self.errors.as_ref()?);
        let off = i128::from(self.ahead.nano())
            .checked_mul(i128::from(errors.total.tenths()))?
            .checked_div(1_000)?;
        PerMille::of(off, i128::from(total.nano()))
    }
}

/// An amount that is not known, and where it likely lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// The best guess.
    pub point: NanoUsd,
    /// Of ten such totals one comes out lower.
    pub low: NanoUsd,
    /// Of ten such totals one comes out higher.
    pub high: NanoUsd,
}

/// How far a method was off when it was asked in the past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Errors {
    /// Days ahead that were tried; fewer than are forecast where the past is short.
    pub tried_days: usize,
    /// How often.
    pub tries: usize,
    /// The mean error of the total, as a part of it.
    pub total: PerMille,
    /// The error of days, as a part of what was spent on them.
    pub wape: PerMille,
    /// The error of days against that of saying that a day is like that of a week before,
    /// in thousandths: below a thousand is better.
    pub mase: i64,
    /// How many of the totals came out within the interval; none of few tries.
    pub coverage: Option<PerMille>,
    /// The error of totals of each method that was tried.
    pub methods: Vec<(Method, PerMille)>,
}

/// Forecasts a series that ends today.
pub(super) fn look(series: &DailySeries, today: Date, factors: &Factors) -> Result<Outlook, ReportError> {
    look_at(&Horizon::ALL, series, today, factors)
}

/// The same without factors and of this month alone, which the days ahead are taken from.
pub(super) fn look_ahead(series: &DailySeries, today: Date) -> Result<Outlook, ReportError> {
    look_at(&[Horizon::Month], series, today, &|_| 1.0)
}

fn look_at(
    horizons: &[Horizon],
    series: &DailySeries,
    today: Date,
    factors: &Factors,
) -> Result<Outlook, ReportError> {
    let numbers: Vec<f64> = series.costs.iter().map(|it| number(*it)).collect();
    let (so_far, history) = numbers.split_last().map_or((0.0, &*numbers), |(last, rest)| (*last, rest));
    let length = match history.len() {
        0..LEAST_DAYS => History::None,
        LEAST_DAYS..ENOUGH_DAYS => History::Short,
        _ => History::Enough,
    };
    let weeks = (length == History::Enough).then(|| Tries::of_weeks(history));
    let view = View { series, history, so_far, today, weeks, factors };
    let mut targets = Vec::with_capacity(horizons.len());
    for &horizon in horizons {
        targets.push(view.target(horizon)?);
    }
    let quarter = Horizon::Quarter.days(today).ok_or(ReportError::OutsideCalendar)?.1;
    let path = match targets.first().and_then(|it| it.method) {
        Some(method) => {
            view.days_until(quarter, &view.path(method, days_from(today, quarter).saturating_add(1)))
        }
        None => Vec::new(),
    };
    let hidden = series.costs.len().saturating_sub(SHOWN_DAYS);
    let first = series.days().nth(hidden).map_or(today, |it| it.0);
    let past = DailySeries { first, costs: series.costs.get(hidden..).unwrap_or_default().to_vec() };
    Ok(Outlook { history: length, history_days: history.len(), targets, past, path })
}

/// How far below and above a forecast its interval reaches.
#[derive(Clone, Copy)]
enum Band {
    /// Of a past that is too short to be tried on.
    OfShort,
    /// As the past says.
    Tried(Spread),
}

impl Band {
    /// Around the total of a stretch, as parts of it.
    fn around(self, stretch: Stretch) -> (f64, f64) {
        match self {
            Self::OfShort => SHORT_BAND,
            Self::Tried(spread) => {
                let reach = spread.reach(stretch);
                ((-reach).exp_m1(), reach.exp_m1())
            }
        }
    }
}

/// What a forecast is made from.
struct View<'a> {
    series: &'a DailySeries,
    history: &'a [f64],
    so_far: f64,
    today: Date,
    /// Where there is enough past: its weeks, tried.
    weeks: Option<Tries>,
    factors: &'a Factors,
}

impl View<'_> {
    fn target(&self, horizon: Horizon) -> Result<Target, ReportError> {
        let (first, last) = horizon.days(self.today).ok_or(ReportError::OutsideCalendar)?;
        let spent = self.series.between(first, last)?;
        let lead = days_from(self.today, first);
        let stretch =
            Stretch { lead, len: days_from(self.today, last).saturating_add(1).saturating_sub(lead) };
        let target = Target {
            horizon,
            first,
            last,
            spent,
            ahead: NanoUsd::ZERO,
            total: None,
            course: vec![],
            method: None,
            errors: None,
        };
        let Some(weeks) = &self.weeks else {
            if self.history.len() < LEAST_DAYS {
                return Ok(target);
            }
            return Ok(self.with_total(target, Method::WeekdayMean, stretch, Band::OfShort));
        };
        let Some(test) = backtest(self.history, weeks, stretch) else {
            // Nothing was ever spent in what could be tried.
            return Ok(self.with_total(target, Method::WeekdayMedian, stretch, Band::OfShort));
        };
        let target = Target { errors: Some(Errors::of(&test)), ..target };
        Ok(self.with_total(target, test.method, stretch, Band::Tried(test.spread)))
    }

    /// The days from today on, with what is planned.
    fn path(&self, method: Method, days: usize) -> Vec<f64> {
        let mut day = Some(self.today);
        let mut path = method.ahead(self.history, days);
        for one in &mut path {
            *one *= day.map_or(1.0, |it| (self.factors)(it));
            day = day.and_then(|it| it.tomorrow().ok());
        }
        // Today is not over, and what is spent of it stays spent.
        if let Some(first) = path.first_mut() {
            *first = first.max(self.so_far);
        }
        path
    }

    /// With what it will have come to, by one method.
    fn with_total(&self, target: Target, method: Method, stretch: Stretch, band: Band) -> Target {
        let path = self.path(method, stretch.end());
        let has_begun = stretch.lead == 0;
        let spent = number(target.spent);
        let known = if has_begun { spent - self.so_far } else { spent };
        let at_least = |estimate: f64| amount(estimate.max(spent));
        // By the end of so many of its days.
        let total = |len: usize| {
            let part = Stretch { len, ..stretch };
            let rest: f64 = part.of(&path).iter().sum();
            let (below, above) = band.around(part);
            Estimate {
                point: at_least(known + rest),
                low: at_least(rest.mul_add((1.0 + below).max(0.0), known)),
                high: at_least(rest.mul_add(1.0 + above, known)),
            }
        };
        let last = total(stretch.len);
        let course = if has_begun { self.course((1..=stretch.len).map(total)) } else { Vec::new() };
        let ahead = amount(number(last.point) - known);
        Target { total: Some(last), ahead, course, method: Some(method), ..target }
    }

    /// Totals by the end of each day from today on: none is above what a later day ends with, as
    /// intervals would be that widen over days without spend.
    fn course(&self, totals: impl DoubleEndedIterator<Item = Estimate>) -> Vec<(Date, Estimate)> {
        let within = |next: &mut Option<Estimate>, it: Estimate| {
            let one = next.map_or(it, |next| Estimate {
                point: it.point.min(next.point),
                low: it.low.min(next.low),
                high: it.high.min(next.high),
            });
            *next = Some(one);
            Some(one)
        };
        let mut totals: Vec<Estimate> = totals.rev().scan(None, within).collect();
        totals.reverse();
        self.today.series(1.day()).zip(totals).collect()
    }

    fn days_until(&self, last: Date, path: &[f64]) -> Vec<(Date, NanoUsd)> {
        let mut day = Some(self.today);
        let next = |it: &f64| {
            let today = day.filter(|it| *it <= last)?;
            day = today.tomorrow().ok();
            Some((today, amount(*it)))
        };
        path.iter().map_while(next).collect()
    }
}

impl Errors {
    fn of(test: &Backtest) -> Self {
        let share = |it: f64| PerMille::in_tenths(per_mille(it));
        Self {
            tried_days: test.tried.end(),
            tries: test.tries,
            total: share(test.total_error),
            wape: share(test.wape),
            mase: per_mille(test.mase),
            coverage: test.coverage.map(share),
            methods: test.methods.iter().map(|it| (it.0, share(it.1))).collect(),
        }
    }
}

/// Whole days from one to the other; none where it is earlier.
fn days_from(one: Date, other: Date) -> usize {
    one.until(other).ok().and_then(|it| usize::try_from(it.get_days()).ok()).unwrap_or_default()
}
