//! `bursar.insight.anomalies/1`.

use serde::Serialize;
use utoipa::ToSchema;

use super::{WireMoney, WireProvenance};
use crate::anomaly::{Anomalies, Anomaly, Cause, Judgement, Subject};
use crate::book::Provenance;
use crate::calendar;
use crate::wire::report::WirePeriod;

/// What is unusual in a period.
#[derive(Debug, Serialize, ToSchema)]
pub struct WireAnomalies<'a> {
    /// `bursar.insight.anomalies/1`.
    schema: &'static str,
    period: WirePeriod<'a>,
    /// The first day that was looked at.
    first_day: String,
    /// The last; it may not be over.
    last_day: String,
    timezone: &'a str,
    /// What is told, the newest first.
    told: Vec<WireAnomaly<'a>>,
    /// What was called expected, or is like something that was.
    settled: Vec<WireAnomaly<'a>>,
    #[serde(flatten)]
    provenance: WireProvenance,
}

/// Something unusual.
#[derive(Debug, Serialize, ToSchema)]
pub struct WireAnomaly<'a> {
    /// Its name for verdicts.
    id: &'a str,
    subject: WireSubject<'a>,
    /// `times_median`, `weekday` or `week`.
    rule: &'static str,
    first_day: String,
    last_day: String,
    cost: WireMoney,
    /// What would have been usual.
    usual: WireMoney,
    /// What is more than that.
    excess: WireMoney,
    /// Why, in words.
    reason: &'a str,
    /// The parameters of a report or a list of sessions with its calls.
    calls: Vec<WireParameter>,
    /// Who or what it came from most.
    causes: Vec<WireCause<'a>>,
    /// Wider subjects in which it is seen as well.
    seen_in: Vec<WireSubject<'a>>,
    /// Later days within the cool-down that were unusual as well.
    repeats: u32,
    verdict: Option<WireVerdict<'a>>,
}

/// Who or what spent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WireSubject<'a> {
    /// `developer`, `session`, `team`, `repo` or `org`.
    kind: &'static str,
    /// Which; empty for everything.
    value: &'a str,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WireCause<'a> {
    subject: WireSubject<'a>,
    #[serde(flatten)]
    cost: WireMoney,
}

/// One parameter of a request.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WireParameter {
    name: &'static str,
    value: String,
}

/// What was said.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WireVerdict<'a> {
    /// `expected` or `unexpected`.
    verdict: &'static str,
    note: Option<&'a str>,
    by: &'a str,
    at: Option<String>,
    /// Whether it was said of another one, which this one is like.
    of_another: bool,
}

impl<'a> WireAnomalies<'a> {
    pub(super) fn of(it: &'a Anomalies, provenance: &Provenance<'_>) -> Self {
        Self {
            schema: "bursar.insight.anomalies/1",
            period: WirePeriod::of(&it.period),
            first_day: it.first.to_string(),
            last_day: it.last.to_string(),
            timezone: &it.timezone,
            told: it.told.iter().map(WireAnomaly::of).collect(),
            settled: it.settled.iter().map(WireAnomaly::of).collect(),
            provenance: WireProvenance::of(provenance),
        }
    }
}

impl<'a> WireAnomaly<'a> {
    pub(super) fn of(it: &'a Anomaly) -> Self {
        Self {
            id: &it.id,
            subject: WireSubject::of(&it.subject),
            rule: it.rule.name(),
            first_day: it.first.to_string(),
            last_day: it.last.to_string(),
            cost: WireMoney::of(it.cost),
            usual: WireMoney::of(it.usual),
            excess: WireMoney::of(it.excess),
            reason: &it.reason,
            calls: parameters(it),
            causes: it.causes.iter().map(WireCause::of).collect(),
            seen_in: it.seen_in.iter().map(WireSubject::of).collect(),
            repeats: it.repeats,
            verdict: it.verdict.as_ref().map(|judgement| WireVerdict::of(judgement, &it.id)),
        }
    }
}

/// The parameters that name its calls.
fn parameters(it: &Anomaly) -> Vec<WireParameter> {
    let subject = it
        .subject
        .dimension
        .map(|dimension| WireParameter { name: dimension.name(), value: it.subject.value.to_string() });
    let since = WireParameter { name: "since", value: it.first.to_string() };
    let until = WireParameter { name: "until", value: it.last.to_string() };
    subject.into_iter().chain([since, until]).collect()
}

impl<'a> WireSubject<'a> {
    fn of(it: &'a Subject) -> Self {
        Self { kind: it.kind(), value: &it.value }
    }
}

impl<'a> WireCause<'a> {
    fn of(it: &'a Cause) -> Self {
        Self { subject: WireSubject::of(&it.subject), cost: WireMoney::of(it.cost) }
    }
}

impl<'a> WireVerdict<'a> {
    fn of(it: &'a Judgement, id: &str) -> Self {
        Self {
            verdict: it.verdict.name(),
            note: it.note.as_deref(),
            by: &it.by,
            at: calendar::rfc3339(it.at, &jiff::tz::TimeZone::UTC),
            of_another: it.id != id,
        }
    }
}
