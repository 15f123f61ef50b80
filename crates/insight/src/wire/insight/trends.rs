//! `bursar.insight.trends/1`.

use std::sync::Arc;

use domain::Dimension;
use serde::Serialize;
use utoipa::ToSchema;

use super::{WireMoney, WireMoved, WirePoint, WireProvenance};
use crate::book::Provenance;
use crate::trends::{Trend, TrendDay, Trends};

/// How spend moves.
#[derive(Debug, Serialize, ToSchema)]
pub struct WireTrends<'a> {
    /// `bursar.insight.trends/1`.
    schema: &'static str,
    today: String,
    timezone: &'a str,
    /// What the rows are cut by.
    by: Option<&'static str>,
    whole: WireTrend,
    rows: Vec<WireTrendRow<'a>>,
    /// Rows that are left out.
    left_out: usize,
    days: Vec<WireTrendDay>,
    #[serde(flatten)]
    provenance: WireProvenance,
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
    /// The last thirty days against those before.
    rolling_30_days: WireMoved,
    /// The week to date against the same days of the week before.
    week: WireMoved,
    /// The month to date against the same days of the month before.
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
            today: it.today.to_string(),
            timezone: &it.timezone,
            by: it.by.map(Dimension::name),
            whole: WireTrend::of(&it.whole),
            rows: it.rows.iter().map(row).collect(),
            left_out: it.left_out,
            days: it.days.iter().map(WireTrendDay::of).collect(),
            provenance: WireProvenance::of(provenance),
        }
    }
}

impl WireTrend {
    fn of(it: &Trend) -> Self {
        Self {
            rolling_30_days: WireMoved::of(&it.rolling),
            week: WireMoved::of(&it.week),
            month: WireMoved::of(&it.month),
            weeks: it.weeks.iter().copied().map(WirePoint::of).collect(),
        }
    }
}

impl WireTrendDay {
    fn of(it: &TrendDay) -> Self {
        Self { day: it.day.to_string(), cost: WireMoney::of(it.cost), rolling: WireMoney::of(it.rolling) }
    }
}
