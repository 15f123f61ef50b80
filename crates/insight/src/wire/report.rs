//! `bursar.report/1`.

use domain::{Confidence, Dimension, Measures};
use serde::Serialize;
use serde::ser::SerializeMap;
use utoipa::ToSchema;

use super::figures::{WireLeaderFigures, WireWhatIf};
use super::{WireMeasures, WireProvenance, WireShare, WireTokens, nano, to_text};
use crate::asides::Asides;
use crate::book::Provenance;
use crate::change::{Change, Rate};
use crate::report::{Coverage, Figures, Key, Report, ReportPeriod, Row, UnpricedModel};

/// The name and version of this contract.
const SCHEMA: &str = "bursar.report/1";

/// A report.
#[derive(Debug, Serialize, ToSchema)]
pub struct WireReport<'a> {
    /// `bursar.report/1`.
    schema: &'static str,
    period: WirePeriod<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compared_with: Option<WirePeriod<'a>>,
    group_by: Vec<&'static str>,
    filters: Vec<WireFilter<'a>>,
    rows: Vec<WireRow<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rest: Option<WireRest>,
    total: WireFigures,
    #[serde(skip_serializing_if = "Option::is_none")]
    figures: Option<WireLeaderFigures<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    what_if: Vec<WireWhatIf<'a>>,
    confidence: WireConfidence,
    unpriced: Vec<WireUnpriced<'a>>,
    #[serde(flatten)]
    provenance: WireProvenance,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WirePeriod<'a> {
    since: Option<&'a str>,
    until: Option<&'a str>,
    timezone: &'a str,
    first_day: Option<&'a str>,
    last_day: Option<&'a str>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WireFilter<'a> {
    dimension: &'static str,
    patterns: &'a [String],
    unmatched: Vec<&'a str>,
}

#[derive(Debug, Serialize, ToSchema)]
struct WireRow<'a> {
    #[schema(value_type = BTreeMap<String, String>)]
    key: InOrder<&'a str>,
    #[serde(skip_serializing_if = "InOrder::is_empty")]
    #[schema(value_type = BTreeMap<String, String>)]
    key_confidence: InOrder<&'static str>,
    #[serde(flatten)]
    figures: WireFigures,
}

#[derive(Debug, Serialize, ToSchema)]
struct WireRest {
    rows: usize,
    #[serde(flatten)]
    figures: WireFigures,
}

#[derive(Debug, Serialize, ToSchema)]
struct WireFigures {
    #[serde(flatten)]
    measures: WireMeasures,
    output_may_be_low: WireShare,
    #[serde(skip_serializing_if = "Option::is_none")]
    compare: Option<WireChange>,
}

#[derive(Debug, Serialize, ToSchema)]
struct WireChange {
    before_calls: u64,
    before_cost_nano_usd: String,
    before_cost_usd: String,
    change_nano_usd: String,
    change_usd: String,
    change_percent: Option<String>,
    new: bool,
    flagged: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WireConfidence {
    output: Vec<WireOutput>,
    #[schema(value_type = BTreeMap<String, BTreeMap<String, WireShare>>)]
    attribution: InOrder<InOrder<WireShare>>,
}

#[derive(Debug, Serialize, ToSchema)]
struct WireOutput {
    count: &'static str,
    reason: &'static str,
    may_be_low: bool,
    output_tokens: u64,
    #[serde(flatten)]
    share: WireShare,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WireUnpriced<'a> {
    model: &'a str,
    provider: &'a str,
    in_price_book: bool,
    calls: u64,
    tokens: WireTokens,
    web_searches: u64,
}

/// A JSON object whose fields keep the order of the question.
#[derive(Debug)]
struct InOrder<T>(Vec<(&'static str, T)>);

impl<T> InOrder<T> {
    const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T: Serialize> Serialize for InOrder<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// The report as JSON, `bursar.report/1`, with what was asked beside it.
///
/// # Errors
/// Where a value cannot be written, which these types do not allow.
pub fn report_json(
    report: &Report,
    asides: &Asides,
    provenance: &Provenance<'_>,
) -> Result<String, serde_json::Error> {
    to_text(&WireReport {
        schema: SCHEMA,
        period: WirePeriod::of(&report.period),
        compared_with: report.compared_with.as_ref().map(WirePeriod::of),
        group_by: report.dimensions.iter().map(|it| it.name()).collect(),
        filters: WireFilter::all(report),
        rows: report.rows.iter().map(|it| row(&report.dimensions, it)).collect(),
        rest: report.rest.map(|it| WireRest { rows: it.rows, figures: figures(&it.figures) }),
        total: figures(&report.total),
        figures: asides.figures.as_ref().map(WireLeaderFigures::of),
        what_if: asides.what_if.iter().map(WireWhatIf::of).collect(),
        confidence: WireConfidence::of(report),
        unpriced: WireUnpriced::all(report),
        provenance: WireProvenance::of(provenance),
    })
}

impl<'a> WirePeriod<'a> {
    pub(super) fn of(period: &'a ReportPeriod) -> Self {
        let days = period.days.as_ref();
        Self {
            since: period.since.as_deref(),
            until: period.until.as_deref(),
            timezone: &period.timezone,
            first_day: days.map(|it| it.0.as_str()),
            last_day: days.map(|it| it.1.as_str()),
        }
    }
}

impl<'a> WireFilter<'a> {
    pub(super) fn all(report: &'a Report) -> Vec<Self> {
        let one = |(dimension, patterns): &'a (Dimension, Vec<String>)| {
            let idle = report.idle_patterns.iter();
            let unmatched = idle.filter(|it| it.dimension == *dimension && patterns.contains(&it.pattern));
            Self {
                dimension: dimension.name(),
                patterns,
                unmatched: unmatched.map(|it| it.pattern.as_str()).collect(),
            }
        };
        report.filters.iter().map(one).collect()
    }
}

impl<'a> WireUnpriced<'a> {
    pub(super) fn all(report: &'a Report) -> Vec<Self> {
        let one = |it: &'a UnpricedModel| Self {
            model: &it.model,
            provider: &it.provider,
            in_price_book: it.known,
            calls: it.calls,
            tokens: WireTokens::of(&it.usage),
            web_searches: it.usage.web_searches,
        };
        report.unpriced.iter().map(one).collect()
    }
}

fn row<'a>(dimensions: &[Dimension], row: &'a Row) -> WireRow<'a> {
    let named = || dimensions.iter().map(|it| it.name()).zip(&row.key);
    let sure = |(name, it): (&'static str, &Key)| it.confidence.map(|sure| (name, sure.name()));
    WireRow {
        key: InOrder(named().map(|(name, it)| (name, &*it.value)).collect()),
        key_confidence: InOrder(named().filter_map(sure).collect()),
        figures: figures(&row.figures),
    }
}

fn figures(figures: &Figures) -> WireFigures {
    WireFigures {
        measures: WireMeasures::of(&figures.measures),
        output_may_be_low: WireShare::of(&figures.may_be_low, &figures.measures),
        compare: figures.change.as_ref().map(change),
    }
}

fn change(change: &Change) -> WireChange {
    WireChange {
        before_calls: change.calls_before,
        before_cost_nano_usd: nano(change.before),
        before_cost_usd: change.before.to_string(),
        change_nano_usd: nano(change.difference),
        change_usd: change.difference.to_string(),
        change_percent: match change.rate {
            Rate::By(by) => Some(by.to_decimal()),
            Rate::New | Rate::Nothing => None,
        },
        new: change.rate == Rate::New,
        flagged: change.is_flagged(),
    }
}

impl WireConfidence {
    pub(super) fn of(report: &Report) -> Self {
        let total = &report.total.measures;
        let output = report.output.iter().map(|it| WireOutput {
            count: it.confidence.name(),
            reason: it.confidence.reason(),
            may_be_low: it.confidence.may_be_low(),
            output_tokens: it.measures.usage.output.count(),
            share: WireShare::of(&it.measures, total),
        });
        let attribution = report.attribution.iter().map(|it| (it.dimension.name(), coverage(it, total)));
        Self { output: output.collect(), attribution: InOrder(attribution.collect()) }
    }
}

fn coverage(coverage: &Coverage, total: &Measures) -> InOrder<WireShare> {
    let levels = [Confidence::Exact, Confidence::High, Confidence::Medium, Confidence::Low];
    let names = levels.into_iter().map(Confidence::name).chain([crate::book::UNKNOWN]);
    let sums = coverage.known.iter().chain([&coverage.unknown]);
    InOrder(names.zip(sums).map(|(name, sum)| (name, WireShare::of(sum, total))).collect())
}
