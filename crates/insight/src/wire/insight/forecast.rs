//! `bursar.insight.forecast/1`.

use domain::Dimension;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use super::{WireMoney, WirePoint, WireProvenance, per_mille};
use crate::book::Provenance;
use crate::forecast::{Errors, Estimate, Forecast, NOMINAL_PERCENT, Outlook, Plan, Target};
use crate::query::Pattern;
use crate::wire::report::WirePeriod;

/// What will have been spent.
#[derive(Debug, Serialize, ToSchema)]
pub struct WireForecast<'a> {
    /// `bursar.insight.forecast/1`.
    schema: &'static str,
    /// The days of the past that it goes on from.
    period: WirePeriod<'a>,
    /// The day that it is made on.
    today: String,
    timezone: &'a str,
    /// What the rows are cut by.
    by: Option<&'static str>,
    /// Of a hundred totals so many come out within the interval.
    interval_percent: usize,
    /// Developers with calls in the last four weeks, whatever is filtered. Where a headcount is planned they are
    /// all of the organisation, whatever part of it the token shows.
    developers: u64,
    plan: WirePlan,
    whole: WireOutlook,
    /// Each a forecast of its own: together they are not exactly the whole.
    rows: Vec<WireForecastRow<'a>>,
    /// Rows that are left out: `top` asks for more.
    left_out: usize,
    #[serde(flatten)]
    provenance: WireProvenance,
}

/// One value.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WireForecastRow<'a> {
    value: &'a str,
    #[serde(flatten)]
    outlook: WireOutlook,
}

/// One series.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WireOutlook {
    /// `enough`; `short` under 28 days, with a wide interval; `none` under 14, without a forecast.
    history: &'static str,
    history_days: usize,
    /// This month, this quarter and the next.
    targets: Vec<WireTarget>,
    /// The last days; the last of them is today so far.
    past: Vec<WirePoint>,
    /// The days from today to the end of the quarter.
    ahead: Vec<WirePoint>,
}

/// What a period will have come to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WireTarget {
    /// `month`, `quarter` or `next_quarter`.
    horizon: &'static str,
    first_day: String,
    last_day: String,
    spent: WireMoney,
    total: Option<WireEstimate>,
    /// The same by the end of each day from today on, the last of which is the total; none of what has not
    /// begun, and none in rows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    course: Vec<WireCourseDay>,
    /// `weekday_median`, `weekday_mean`, `fading_weeks`, `damped_trend` or `blend`.
    method: Option<&'static str>,
    /// How far off the total is to be expected: the error of `errors`, of what is a forecast of it, as a part of
    /// the total.
    expected_error_per_mille: Option<i64>,
    /// How far it was off in the past, of the days that were tried.
    errors: Option<WireErrors>,
}

/// What will have been spent by the end of a day.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WireCourseDay {
    day: String,
    #[serde(flatten)]
    total: WireEstimate,
}

/// An amount that is not known.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WireEstimate {
    point: WireMoney,
    low: WireMoney,
    high: WireMoney,
}

/// How far a method was off.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WireErrors {
    /// Days ahead that were tried.
    tried_days: usize,
    tries: usize,
    /// The mean error of the total.
    total_per_mille: i64,
    /// The error of days.
    wape_per_mille: i64,
    /// The error of days against saying that a day is like that of a week before: below a thousand is better.
    mase_per_mille: i64,
    /// Totals that came out within the interval.
    coverage_per_mille: Option<i64>,
    /// The error of totals of each method.
    methods: Vec<WireMethod>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WireMethod {
    method: &'static str,
    total_per_mille: i64,
}

/// What was said to become different.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WirePlan {
    headcount: Vec<WireHeadcount>,
    prices: Vec<WirePriceChange>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WireHeadcount {
    from: String,
    developers: u32,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WirePriceChange {
    from: String,
    models: Option<String>,
    change_per_mille: i64,
}

impl<'a> WireForecast<'a> {
    pub(super) fn of(it: &'a Forecast, provenance: &Provenance<'_>) -> Self {
        let row = |row: &'a (std::sync::Arc<str>, Outlook)| WireForecastRow {
            value: &row.0,
            outlook: WireOutlook::of(&row.1),
        };
        Self {
            schema: "bursar.insight.forecast/1",
            period: WirePeriod::of(&it.period),
            today: it.today.to_string(),
            timezone: &it.timezone,
            by: it.by.map(Dimension::name),
            interval_percent: NOMINAL_PERCENT,
            developers: it.developers,
            plan: WirePlan::of(&it.plan),
            whole: WireOutlook::of(&it.whole).with_courses(&it.whole),
            rows: it.rows.iter().map(row).collect(),
            left_out: it.left_out,
            provenance: WireProvenance::of(provenance),
        }
    }
}

impl WireOutlook {
    fn of(it: &Outlook) -> Self {
        Self {
            history: it.history.name(),
            history_days: it.history_days,
            targets: it.targets.iter().map(WireTarget::of).collect(),
            past: it.past.days().map(WirePoint::of).collect(),
            ahead: it.path.iter().copied().map(WirePoint::of).collect(),
        }
    }

    fn with_courses(mut self, of: &Outlook) -> Self {
        for (target, of) in self.targets.iter_mut().zip(&of.targets) {
            target.course = of.course.iter().map(WireCourseDay::of).collect();
        }
        self
    }
}

impl WireTarget {
    pub(super) fn of(it: &Target) -> Self {
        Self {
            horizon: it.horizon.name(),
            first_day: it.first.to_string(),
            last_day: it.last.to_string(),
            spent: WireMoney::of(it.spent),
            total: it.total.as_ref().map(WireEstimate::of),
            course: Vec::new(),
            method: it.method.map(crate::forecast::Method::name),
            expected_error_per_mille: per_mille(it.expected_error()),
            errors: it.errors.as_ref().map(WireErrors::of),
        }
    }
}

impl WireCourseDay {
    fn of((day, total): &(Date, Estimate)) -> Self {
        Self { day: day.to_string(), total: WireEstimate::of(total) }
    }
}

impl WireEstimate {
    fn of(it: &Estimate) -> Self {
        Self { point: WireMoney::of(it.point), low: WireMoney::of(it.low), high: WireMoney::of(it.high) }
    }
}

impl WireErrors {
    fn of(it: &Errors) -> Self {
        let method = |one: &(crate::forecast::Method, crate::text::PerMille)| WireMethod {
            method: one.0.name(),
            total_per_mille: one.1.tenths(),
        };
        Self {
            tried_days: it.tried_days,
            tries: it.tries,
            total_per_mille: it.total.tenths(),
            wape_per_mille: it.wape.tenths(),
            mase_per_mille: it.mase,
            coverage_per_mille: per_mille(it.coverage),
            methods: it.methods.iter().map(method).collect(),
        }
    }
}

impl WirePlan {
    fn of(it: &Plan) -> Self {
        let people = it
            .headcount
            .iter()
            .map(|it| WireHeadcount { from: it.from.to_string(), developers: it.developers });
        let prices = it.prices.iter().map(|it| WirePriceChange {
            from: it.from.to_string(),
            models: it.models.as_ref().map(Pattern::to_text),
            change_per_mille: it.tenths,
        });
        Self { headcount: people.collect(), prices: prices.collect() }
    }
}
