//! The lines of a copy. Structs here are the format; they are converted by hand, so that
//! the book can change and the format stay.

use std::sync::Arc;

use domain::call::{Figures, Owner};
use domain::{
    Activity, ActivityKind, Branch, Call, CallKey, Developer, Folder, InferenceGeo, ModelName, NanoUsd,
    Observed, Origin, Place, PrLink, Provider, ReporterId, RequestId, ServiceTier, SessionId, SessionTally,
    SourceKind, Speed, Terms, Timestamp, Tokens, Tool, TurnId, Usage, Witness,
};
use serde::{Deserialize, Serialize};

use super::Thing;
use crate::delivery::{FolderReport, SessionTag, TallyReport};
use crate::journal::code::Code;
use crate::journal::tools;
use crate::reading::{Evidence, Reporter};

/// One line behind the first.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Line {
    Observation(Box<ObservationLine>),
    Activity(Box<ActivityLine>),
    Folder(FolderLine),
    PullRequest(PullRequestLine),
    Tally(TallyLine),
    Tag(TagLine),
    Reporter(ReporterLine),
    /// The last line.
    End(EndLine),
}

#[derive(Serialize, Deserialize)]
pub(super) struct EndLine {
    /// How many lines there are, with the first and this one.
    pub(super) lines: u64,
}

#[derive(Serialize, Deserialize)]
struct WitnessLine {
    source: String,
    reporter: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    developer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    claimed: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct ReporterLine {
    witness: WitnessLine,
    first_at: i64,
    last_at: i64,
}

#[derive(Serialize, Deserialize)]
pub(super) struct ObservationLine {
    received_at: i64,
    witness: WitnessLine,
    provider_key: bool,
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<String>,
    at: i64,
    figures: FiguresLine,
    place: PlaceLine,
    owner_lineage: i64,
    owner_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    turn: Option<u64>,
    /// As text of `journal/tools.rs`.
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct FiguresLine {
    model: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    tier: String,
    speed: String,
    geo: String,
    confidence: i64,
    /// Input, output, cache reads, cache writes of five minutes and of an hour, reasoning.
    tokens: [u64; 6],
    web_searches: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    reported_nano_usd: Option<i64>,
    lineage: i64,
    at: i64,
    file: u32,
    offset: u64,
}

#[derive(Serialize, Deserialize)]
struct PlaceLine {
    tool: String,
    session: String,
    thread: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    folder: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    skill: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct ActivityLine {
    identity: [u8; 16],
    at: i64,
    kind: String,
    amount: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    folder: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<String>,
    witness: WitnessLine,
}

#[derive(Serialize, Deserialize)]
pub(super) struct FolderLine {
    folder: String,
    looked_up_at: i64,
    facts: String,
    reporter: String,
}

#[derive(Serialize, Deserialize)]
pub(super) struct PullRequestLine {
    tool: String,
    session: String,
    url: String,
    number: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<String>,
    first_at: i64,
    last_at: i64,
}

#[derive(Serialize, Deserialize)]
pub(super) struct TallyLine {
    reporter: String,
    tool: String,
    session: String,
    first_at: i64,
    last_at: i64,
    turns: u32,
    active_ms: u64,
    tool_calls: u32,
    failed_steps: u32,
    longest_failing_run: u32,
    compactions: u32,
    first_context: u64,
    peak_context: u64,
}

#[derive(Serialize, Deserialize)]
pub(super) struct TagLine {
    session: String,
    key: String,
    value: String,
    at: i64,
}

fn text<T>(value: Option<&T>, text: fn(&T) -> &str) -> Option<String> {
    value.map(|it| text(it).to_owned())
}

/// The line of a thing.
pub(super) fn line_of(thing: &Thing) -> Line {
    match thing {
        Thing::Observation(it) => Line::Observation(Box::new(observation_line(it))),
        Thing::Activity(it) => Line::Activity(Box::new(activity_line(it))),
        Thing::Folder(it) => Line::Folder(FolderLine {
            folder: it.folder.to_string(),
            looked_up_at: it.looked_up_at.millis(),
            facts: it.facts.clone(),
            reporter: it.reporter.to_string(),
        }),
        Thing::PullRequest(it) => Line::PullRequest(PullRequestLine {
            tool: it.tool.name().to_owned(),
            session: it.session.to_string(),
            url: it.url.to_string(),
            number: it.number,
            branch: text(it.branch.as_ref(), Branch::as_str),
            first_at: it.first_at.millis(),
            last_at: it.last_at.millis(),
        }),
        Thing::Tally(it) => Line::Tally(tally_line(it)),
        Thing::Tag(it) => Line::Tag(TagLine {
            session: it.session.to_string(),
            key: it.key.clone(),
            value: it.value.clone(),
            at: it.at.millis(),
        }),
        Thing::Reporter(it) => Line::Reporter(ReporterLine {
            witness: witness_line(&it.witness),
            first_at: it.first_at.millis(),
            last_at: it.last_at.millis(),
        }),
    }
}

/// The thing of a line; none where a name in it is unknown.
pub(super) fn thing_of(line: Line) -> Option<Thing> {
    Some(match line {
        Line::Observation(it) => Thing::Observation(observation(*it)?),
        Line::Activity(it) => Thing::Activity(activity(*it)?),
        Line::Folder(it) => Thing::Folder(FolderReport {
            folder: Folder::new(&it.folder),
            looked_up_at: moment(it.looked_up_at),
            facts: it.facts,
            reporter: ReporterId::new(&it.reporter),
        }),
        Line::PullRequest(it) => Thing::PullRequest(PrLink {
            tool: Tool::from_name(&it.tool)?,
            session: SessionId::new(&it.session),
            url: Arc::from(it.url),
            number: it.number,
            branch: it.branch.as_deref().map(Branch::new),
            first_at: moment(it.first_at),
            last_at: moment(it.last_at),
        }),
        Line::Tally(it) => Thing::Tally(tally(&it)?),
        Line::Tag(it) => Thing::Tag(SessionTag {
            session: SessionId::new(&it.session),
            key: it.key,
            value: it.value,
            at: moment(it.at),
        }),
        Line::Reporter(it) => Thing::Reporter(Reporter {
            witness: Arc::new(witness(&it.witness)?),
            first_at: moment(it.first_at),
            last_at: moment(it.last_at),
            observations: 0,
            activities: 0,
        }),
        // It says nothing that was reported.
        Line::End(_) => return None,
    })
}

const fn moment(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn witness_line(it: &Witness) -> WitnessLine {
    WitnessLine {
        source: it.source.name().to_owned(),
        reporter: it.reporter.to_string(),
        developer: text(it.developer.as_ref(), Developer::as_str),
        claimed: text(it.claimed.as_ref(), Developer::as_str),
    }
}

fn witness(it: &WitnessLine) -> Option<Witness> {
    Some(Witness {
        source: SourceKind::from_name(&it.source)?,
        reporter: ReporterId::new(&it.reporter),
        developer: it.developer.as_deref().map(Developer::new),
        claimed: it.claimed.as_deref().map(Developer::new),
    })
}

fn observation_line(it: &Evidence) -> ObservationLine {
    let Observed { witness, naming, request, call } = &it.observed;
    let (figures, place) = (&call.figures, &call.owner.place);
    let usage = &figures.usage;
    let tokens = [
        usage.input,
        usage.output,
        usage.cache_read,
        usage.cache_write_5m,
        usage.cache_write_1h,
        usage.reasoning,
    ];
    ObservationLine {
        received_at: it.received_at.millis(),
        witness: witness_line(witness),
        provider_key: *naming == domain::Naming::Provider,
        key: call.key.to_string(),
        request: text(request.as_ref(), RequestId::as_str),
        at: call.at.millis(),
        figures: FiguresLine {
            model: figures.model.to_string(),
            provider: text(figures.provider.as_ref(), Provider::as_str),
            tier: figures.terms.tier.name().to_owned(),
            speed: figures.terms.speed.name().to_owned(),
            geo: figures.terms.geo.name().to_owned(),
            confidence: figures.output.code(),
            tokens: tokens.map(Tokens::count),
            web_searches: usage.web_searches,
            reported_nano_usd: figures.reported_cost.map(NanoUsd::nano),
            lineage: figures.lineage.code(),
            at: figures.at.millis(),
            file: figures.origin.file,
            offset: figures.origin.offset,
        },
        place: PlaceLine {
            tool: place.tool.name().to_owned(),
            session: place.session.to_string(),
            thread: place.thread.code(),
            folder: text(place.folder.as_ref(), Folder::as_str),
            branch: text(place.branch.as_ref(), Branch::as_str),
            remote: place.remote.as_deref().map(str::to_owned),
            command: place.command.as_deref().map(str::to_owned),
            skill: place.skill.as_deref().map(str::to_owned),
        },
        owner_lineage: call.owner.lineage.code(),
        owner_at: call.owner.at.millis(),
        turn: call.owner.turn.map(TurnId::fingerprint),
        tools: tools::to_text(&call.tools),
    }
}

fn observation(it: ObservationLine) -> Option<Evidence> {
    let (figures, place) = (it.figures, it.place);
    let [input, output, cache_read, cache_write_5m, cache_write_1h, reasoning] =
        figures.tokens.map(Tokens::new);
    let web_searches = figures.web_searches;
    let place = Place {
        tool: Tool::from_name(&place.tool)?,
        session: SessionId::new(&place.session),
        thread: coded(place.thread)?,
        folder: place.folder.as_deref().map(Folder::new),
        branch: place.branch.as_deref().map(Branch::new),
        remote: place.remote.map(Arc::from),
        command: place.command.map(Arc::from),
        skill: place.skill.map(Arc::from),
    };
    let figures = Figures {
        model: ModelName::new(&figures.model),
        provider: figures.provider.as_deref().map(Provider::new),
        usage: Usage { input, output, cache_read, cache_write_5m, cache_write_1h, reasoning, web_searches },
        terms: Terms {
            tier: ServiceTier::from_name(&figures.tier)?,
            speed: Speed::from_name(&figures.speed)?,
            geo: InferenceGeo::from_name(&figures.geo)?,
        },
        output: coded(figures.confidence)?,
        reported_cost: figures.reported_nano_usd.map(NanoUsd::new),
        lineage: coded(figures.lineage)?,
        at: moment(figures.at),
        origin: Origin { file: figures.file, offset: figures.offset },
    };
    let owner = Owner {
        place: Arc::new(place),
        turn: it.turn.map(TurnId::new),
        lineage: coded(it.owner_lineage)?,
        at: moment(it.owner_at),
    };
    let tools = tools::of_text(it.tools.as_deref()).ok()?;
    let call = Call { key: CallKey::new(&it.key), request: None, at: moment(it.at), figures, owner, tools };
    let naming = if it.provider_key { domain::Naming::Provider } else { domain::Naming::Derived };
    let request = it.request.as_deref().map(RequestId::new);
    let observed = Observed { witness: Arc::new(witness(&it.witness)?), naming, request, call };
    Some(Evidence { observed, received_at: moment(it.received_at) })
}

fn coded<T: Code>(code: i64) -> Option<T> {
    T::from_code(code).ok()
}

fn activity_line(it: &Activity) -> ActivityLine {
    ActivityLine {
        identity: it.identity,
        at: it.at.millis(),
        kind: it.kind.name().to_owned(),
        amount: it.amount,
        subject: it.subject.as_deref().map(str::to_owned),
        tool: it.tool.map(|tool| tool.name().to_owned()),
        session: text(it.session.as_ref(), SessionId::as_str),
        folder: text(it.folder.as_ref(), Folder::as_str),
        branch: text(it.branch.as_ref(), Branch::as_str),
        witness: witness_line(&it.witness),
    }
}

fn activity(it: ActivityLine) -> Option<Activity> {
    let tool = match it.tool.as_deref() {
        Some(name) => Some(Tool::from_name(name)?),
        None => None,
    };
    Some(Activity {
        identity: it.identity,
        at: moment(it.at),
        kind: ActivityKind::from_name(&it.kind)?,
        amount: it.amount,
        subject: it.subject.map(Arc::from),
        tool,
        session: it.session.as_deref().map(SessionId::new),
        folder: it.folder.as_deref().map(Folder::new),
        branch: it.branch.as_deref().map(Branch::new),
        witness: Arc::new(witness(&it.witness)?),
    })
}

fn tally_line(it: &TallyReport) -> TallyLine {
    let tally = &it.tally;
    TallyLine {
        reporter: it.reporter.to_string(),
        tool: tally.tool.name().to_owned(),
        session: tally.session.to_string(),
        first_at: tally.first_at.millis(),
        last_at: tally.last_at.millis(),
        turns: tally.turns,
        active_ms: tally.active_ms,
        tool_calls: tally.tool_calls,
        failed_steps: tally.failed_steps,
        longest_failing_run: tally.longest_failing_run,
        compactions: tally.compactions,
        first_context: tally.first_context.count(),
        peak_context: tally.peak_context.count(),
    }
}

fn tally(it: &TallyLine) -> Option<TallyReport> {
    let tally = SessionTally {
        tool: Tool::from_name(&it.tool)?,
        session: SessionId::new(&it.session),
        first_at: moment(it.first_at),
        last_at: moment(it.last_at),
        turns: it.turns,
        active_ms: it.active_ms,
        tool_calls: it.tool_calls,
        failed_steps: it.failed_steps,
        longest_failing_run: it.longest_failing_run,
        compactions: it.compactions,
        first_context: Tokens::new(it.first_context),
        peak_context: Tokens::new(it.peak_context),
    };
    Some(TallyReport { reporter: ReporterId::new(&it.reporter), tally })
}
