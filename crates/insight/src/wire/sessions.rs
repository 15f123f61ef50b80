//! `bursar.sessions/1` and `bursar.session/1`.

use domain::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use utoipa::ToSchema;

use super::report::{WireConfidence, WireFilter, WirePeriod, WireUnpriced};
use super::turns::WireTurn;
use super::{WireMeasures, WireProvenance, WireShare, to_text};
use crate::book::Provenance;
use crate::calendar;
use crate::report::{Key, Row};
use crate::session_detail::SessionDetail;
use crate::session_page::SessionMark;
use crate::sessions::{Course, SessionRow, Sessions, cache_hit};
use crate::text::PerMille;

/// The name and version of this contract.
const SESSIONS_SCHEMA: &str = "bursar.sessions/1";
/// The name and version of this contract.
const SESSION_SCHEMA: &str = "bursar.session/1";

/// Sessions, the dearest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct WireSessions<'a> {
    /// `bursar.sessions/1`.
    schema: &'static str,
    period: WirePeriod<'a>,
    filters: Vec<WireFilter<'a>>,
    rows: Vec<WireSession<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rest: Option<WireSessionsRest>,
    /// Of a page: give it as `cursor` for the next one; none at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    next: Option<Option<String>>,
    total: WireMeasures,
    confidence: WireConfidence,
    unpriced: Vec<WireUnpriced<'a>>,
    #[serde(flatten)]
    provenance: WireProvenance,
}

#[derive(Debug, Serialize, ToSchema)]
struct WireSessionsRest {
    rows: usize,
    #[serde(flatten)]
    measures: WireMeasures,
}

/// One session, as a row of several or as the head of its own document.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WireSession<'a> {
    tool: &'static str,
    session: &'a str,
    developer: WireKey<'a>,
    repo: WireKey<'a>,
    branch: WireKey<'a>,
    model: WireKey<'a>,
    course: Option<WireCourse>,
    cache_hit_percent: Option<String>,
    #[serde(flatten)]
    measures: WireMeasures,
    output_may_be_low: WireShare,
}

#[derive(Debug, Serialize, ToSchema)]
struct WireKey<'a> {
    value: &'a str,
    confidence: Option<&'static str>,
}

#[derive(Debug, Serialize, ToSchema)]
struct WireCourse {
    first_at: Option<String>,
    last_at: Option<String>,
    length_ms: u64,
    active_ms: u64,
    idle_ms: u64,
    turns: u64,
    turns_per_active_hour: Option<String>,
    tool_calls: u64,
    failed_steps: u64,
    longest_failing_run: u32,
    likely_loop: bool,
    compactions: u64,
    first_context_tokens: u64,
    peak_context_tokens: u64,
    large_context: bool,
}

/// One session from within.
#[derive(Debug, Serialize, ToSchema)]
pub struct WireDetail<'a> {
    /// `bursar.session/1`.
    schema: &'static str,
    timezone: &'a str,
    #[serde(flatten)]
    session: WireSession<'a>,
    by_model: Vec<WirePart<'a>>,
    by_branch: Vec<WirePart<'a>>,
    by_hour: Vec<WirePart<'a>>,
    /// In order of time; none where the tool's log does not tell turns apart.
    turns: Vec<WireTurn>,
    subagents: WireShare,
    pull_requests: Vec<WireLink<'a>>,
    confidence: WireConfidence,
    unpriced: Vec<WireUnpriced<'a>>,
    #[serde(flatten)]
    provenance: WireProvenance,
}

#[derive(Debug, Serialize, ToSchema)]
struct WirePart<'a> {
    value: &'a str,
    #[serde(flatten)]
    measures: WireMeasures,
}

#[derive(Debug, Serialize, ToSchema)]
struct WireLink<'a> {
    url: &'a str,
    number: u64,
    branch: Option<&'a str>,
    first_at: Option<String>,
    last_at: Option<String>,
}

/// The sessions as JSON, `bursar.sessions/1`. Times carry the zone's offset.
///
/// # Errors
/// Where a value cannot be written, which these types do not allow.
pub fn sessions_json(
    sessions: &Sessions,
    provenance: &Provenance<'_>,
    zone: &TimeZone,
) -> Result<String, serde_json::Error> {
    let whole = &sessions.whole;
    to_text(&WireSessions {
        schema: SESSIONS_SCHEMA,
        period: WirePeriod::of(&whole.period),
        filters: WireFilter::all(whole),
        rows: sessions.rows.iter().map(|it| WireSession::of(it, zone)).collect(),
        rest: sessions
            .rest
            .map(|it| WireSessionsRest { rows: it.rows, measures: WireMeasures::of(&it.figures.measures) }),
        next: sessions.next.as_ref().map(|it| it.as_ref().map(SessionMark::to_text)),
        total: WireMeasures::of(&whole.total.measures),
        confidence: WireConfidence::of(whole),
        unpriced: WireUnpriced::all(whole),
        provenance: WireProvenance::of(provenance),
    })
}

/// One session as JSON, `bursar.session/1`. Times carry the zone's offset.
///
/// # Errors
/// Where a value cannot be written, which these types do not allow.
pub fn session_json(
    detail: &SessionDetail,
    provenance: &Provenance<'_>,
    zone: &TimeZone,
) -> Result<String, serde_json::Error> {
    let links = detail.pull_requests.iter().map(|it| WireLink {
        url: &it.url,
        number: it.number,
        branch: it.branch.as_ref().map(domain::Branch::as_str),
        first_at: time(it.first_at, zone),
        last_at: time(it.last_at, zone),
    });
    to_text(&WireDetail {
        schema: SESSION_SCHEMA,
        timezone: &detail.whole.period.timezone,
        session: WireSession::of(&detail.row, zone),
        by_model: parts(&detail.by_model),
        by_branch: parts(&detail.by_branch),
        by_hour: parts(&detail.by_hour),
        turns: WireTurn::all(&detail.turns, zone),
        subagents: WireShare::of(&detail.subagents, &detail.row.figures.measures),
        pull_requests: links.collect(),
        confidence: WireConfidence::of(&detail.whole),
        unpriced: WireUnpriced::all(&detail.whole),
        provenance: WireProvenance::of(provenance),
    })
}

impl<'a> WireSession<'a> {
    fn of(row: &'a SessionRow, zone: &TimeZone) -> Self {
        let measures = &row.figures.measures;
        Self {
            tool: row.tool.name(),
            session: row.session.as_str(),
            developer: WireKey::of(&row.developer),
            repo: WireKey::of(&row.repo),
            branch: WireKey::of(&row.branch),
            model: WireKey::of(&row.model),
            course: row.course.as_ref().map(|it| WireCourse::of(it, zone)),
            cache_hit_percent: cache_hit(measures).map(PerMille::to_decimal),
            measures: WireMeasures::of(measures),
            output_may_be_low: WireShare::of(&row.figures.may_be_low, measures),
        }
    }
}

impl<'a> WireKey<'a> {
    fn of(key: &'a Key) -> Self {
        Self { value: &key.value, confidence: key.confidence.map(domain::Confidence::name) }
    }
}

impl WireCourse {
    fn of(course: &Course, zone: &TimeZone) -> Self {
        Self {
            first_at: time(course.first_at, zone),
            last_at: time(course.last_at, zone),
            length_ms: course.length_ms(),
            active_ms: course.busy_ms(),
            idle_ms: course.idle_ms(),
            turns: course.turns,
            turns_per_active_hour: course.cadence_tenths().map(super::tenths),
            tool_calls: course.tool_calls,
            failed_steps: course.failed_steps,
            longest_failing_run: course.longest_failing_run,
            likely_loop: course.is_likely_loop(),
            compactions: course.compactions,
            first_context_tokens: course.first_context.count(),
            peak_context_tokens: course.peak_context.count(),
            large_context: course.grew_large(),
        }
    }
}

fn time(at: Timestamp, zone: &TimeZone) -> Option<String> {
    calendar::rfc3339(at, zone)
}

fn parts(rows: &[Row]) -> Vec<WirePart<'_>> {
    let named = rows.iter().filter_map(|row| Some((row.key.first()?, row)));
    named
        .map(|(key, row)| WirePart { value: &key.value, measures: WireMeasures::of(&row.figures.measures) })
        .collect()
}
