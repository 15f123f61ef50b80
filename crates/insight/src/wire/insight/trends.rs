//! `bursar.insight.trends/1`.

use std::sync::Arc;

use domain::Dimension;
use serde::Serialize;
use utoipa::ToSchema;

use super::{WireMoney, WireMoved, WirePoint, WireProvenance};
use crate::book::Provenance;
use crate::trends::{Moved, Trend, TrendDay, Trends, View, Views};
use crate::wire::report::WirePeriod;

/// How spend moves.
#[derive(Debug, Serialize, ToSchema)]
pub struct WireTrends<'a> {
    /// `bursar.insight.trends/1`.
    schema: &'static str,
    /// The days that are drawn.
    period: WirePeriod<'a>,
    today: String,
    timezone: &'a str,
    /// What the rows are cut by.
    by: Option<&'static str>,
    views: WireViews,
    whole: WireTrend,
    rows: Vec<WireTrendRow<'a>>,
    /// Rows that are left out.
    left_out: usize,
    days: Vec<WireTrendDay>,
    #[serde(flatten)]
    provenance: WireProvenance,
}

/// Which days each view compares, of the whole and of all rows.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WireViews {
    rolling_30_days: WireView,
    week: WireView,
    month: WireView,
}

/// Whole days, and those that they are compared with.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WireView {
    /// `last_30_days`; `this_week`, or `last_week` where no day of this one is over; `this_month`, or `last_month`.
    kind: &'static str,
    first_day: String,
    last_day: String,
    before_first_day: String,
    before_last_day: String,
}

/// One value.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WireTrendRow<'a> {
    value: &'a str,
    #[serde(flatten)]
    trend: WireTrend,
}

/// Three views of one series.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WireTrend {
    /// The last thirty whole days against those before.
    rolling_30_days: WireMoved,
    /// The whole days of the week against the same days of the week before; `views` says of which.
    week: WireMoved,
    /// The whole days of the month against the same days of the month before.
    month: WireMoved,
    /// The last weeks by their Mondays, the oldest first.
    weeks: Vec<WirePoint>,
}

/// A day.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WireTrendDay {
    day: String,
    #[serde(flatten)]
    cost: WireMoney,
    /// The sum of the thirty days that end with it.
    rolling: WireMoney,
}

impl<'a> WireTrends<'a> {
    pub(super) fn of(it: &'a Trends, provenance: &Provenance<'_>) -> Self {
        let row = |(value, trend): &'a (Arc<str>, Trend)| WireTrendRow { value, trend: WireTrend::of(trend) };
        Self {
            schema: "bursar.insight.trends/1",
            period: WirePeriod::of(&it.period),
            today: it.today.to_string(),
            timezone: &it.timezone,
            by: it.by.map(Dimension::name),
            views: WireViews::of(&it.views),
            whole: WireTrend::of(&it.whole),
            rows: it.rows.iter().map(row).collect(),
            left_out: it.left_out,
            days: it.days.iter().map(WireTrendDay::of).collect(),
            provenance: WireProvenance::of(provenance),
        }
    }
}

impl WireViews {
    fn of(it: &Views) -> Self {
        let view = |it: &View| WireView {
            kind: it.kind.name(),
            first_day: it.days.0.to_string(),
            last_day: it.days.1.to_string(),
            before_first_day: it.before.0.to_string(),
            before_last_day: it.before.1.to_string(),
        };
        Self { rolling_30_days: view(&it.rolling), week: view(&it.week), month: view(&it.month) }
    }
}

impl WireTrend {
    fn of(it: &Trend) -> Self {
        let moved = |it: &Moved| WireMoved::parts(&it.measures, Some(&it.change));
        Self {
            rolling_30_days: moved(&it.rolling),
            week: moved(&it.week),
            month: moved(&it.month),
            weeks: it.weeks.iter().copied().map(WirePoint::of).collect(),
        }
    }
}

impl WireTrendDay {
    fn of(it: &TrendDay) -> Self {
        Self { day: it.day.to_string(), cost: WireMoney::of(it.cost), rolling: WireMoney::of(it.rolling) }
    }
}
