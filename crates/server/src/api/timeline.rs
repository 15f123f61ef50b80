//! A session as it went, turn by turn and call by call.

use axum::Json;
use axum::extract::{Path, Query, State};
use domain::{NanoUsd, SessionTally, Thread};
use insight::wire::{WireTokens, WireToolCount, WireTurn};
use jiff::tz::TimeZone;
use serde::Serialize;
use utoipa::ToSchema;

use super::figures::{asked, session_named};
use super::{Given, Pairs, moment};
use crate::access::Caller;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::figures::timeline::{Step, Timeline, ToolUses};

/// The name of the schema.
const SCHEMA: &str = "bursar.timeline/1";

/// A session as it went.
#[derive(Serialize, ToSchema)]
pub(crate) struct WireTimeline {
    /// `bursar.timeline/1`.
    schema: &'static str,
    /// The whole id.
    session: String,
    /// In the order of time.
    calls: Vec<WireStep>,
    /// Calls behind these that are left out; `GET /api/v1/calls` has all.
    calls_left_out: usize,
    /// All turns in the order of time; none where no source tells turns apart, and stretches must do.
    turns: Vec<WireTurn>,
    /// What the calls that are told cost, those without a price left out.
    cost_nano_usd: String,
    cost_usd: String,
    /// What its logs say of it as a whole, for each tool that has a session of that id.
    course: Vec<WireSteps>,
    /// What became of its uses of tools on these days, where telemetry tells.
    tools: Vec<WireToolUses>,
}

/// One call of a session.
#[derive(Serialize, ToSchema)]
struct WireStep {
    /// Its id in the book, by which `GET /api/v1/calls/{id}` explains it.
    id: String,
    at: String,
    /// The number of its turn; none before the first turn, or where no source tells turns apart.
    turn: Option<u32>,
    /// Whether the turn follows from the moment of the call, as its source names none.
    turn_by_moment: bool,
    /// Which stretch of work, from 1: a new one begins after five minutes in which nothing happened.
    stretch: u32,
    /// Milliseconds since the call before; none for the first.
    pause_ms: Option<i64>,
    /// main, or subagent: a subagent, workflow or side question.
    thread: &'static str,
    branch: Option<String>,
    /// The slash command that began the turn.
    command: Option<String>,
    skill: Option<String>,
    model: String,
    provider: Option<String>,
    /// Tokens of the whole prompt: input, cache read and cache write.
    context_tokens: u64,
    tokens: WireTokens,
    /// The tools that its response called, as far as a source says.
    tools: Vec<WireToolCount>,
    /// final, aggregate, interrupted or placeholder: how far the count of output can be trusted.
    output_count: &'static str,
    /// Under contract; none where the call has no price.
    cost_nano_usd: Option<String>,
    cost_usd: Option<String>,
    /// The prompt is less than half as long as the one before: compacted, or begun anew.
    shrank: bool,
    /// Its five minutes cost ten times what is usual for the session, and more than 5 USD.
    racing: bool,
}

/// What the logs of a tool say of a session.
#[derive(Serialize, ToSchema)]
struct WireSteps {
    tool: &'static str,
    /// Prompts by the developer.
    turns: u32,
    active_ms: u64,
    tool_calls: u32,
    failed_steps: u32,
    /// The longest run of the same step failing again and again.
    longest_failing_run: u32,
    compactions: u32,
    peak_context_tokens: u64,
}

/// What became of the uses of a tool.
#[derive(Serialize, ToSchema)]
struct WireToolUses {
    tool: String,
    accepted: u64,
    rejected: u64,
    failed: u64,
}

/// A session as it went: its turns, and its calls in the order of time with what stands out
#[utoipa::path(get, operation_id = "showTimeline", path = "/api/v1/sessions/{id}/timeline", tag = "figures",
    params(("id" = String, Path, description = "its id, or the beginning of it")),
    responses((status = 200, body = WireTimeline)))]
pub(crate) async fn timeline(
    State(desk): State<Desk>,
    caller: Caller,
    Path(id): Path<String>,
    Query(pairs): Pairs,
) -> Result<Json<WireTimeline>, Failure> {
    Given::only(&pairs, &[])?;
    let (asked, view) = asked(&desk, &caller, &[]).await?;
    view.must_show_individuals("sessions")?;
    let session = session_named(&desk, &asked, &id).await?;
    let timeline = desk.figures().timeline(&asked, &session).await?;
    if timeline.steps.is_empty() {
        return Err(Failure::NotFound { what: "session", id });
    }
    Ok(Json(WireTimeline::of(session.to_string(), timeline)?))
}

impl WireTimeline {
    fn of(session: String, it: Timeline) -> Result<Self, Failure> {
        let mut cost = NanoUsd::ZERO;
        for price in it.steps.iter().filter_map(|it| it.placed.call.price.as_ref().ok()) {
            cost = cost.plus(price.contract)?;
        }
        Ok(Self {
            schema: SCHEMA,
            session,
            calls: it.steps.iter().map(WireStep::of).collect(),
            calls_left_out: it.left_out,
            turns: WireTurn::all(&it.turns, &TimeZone::UTC),
            cost_nano_usd: cost.nano().to_string(),
            cost_usd: cost.to_string(),
            course: it.tallies.iter().map(WireSteps::of).collect(),
            tools: it.tools.into_iter().map(WireToolUses::of).collect(),
        })
    }
}

impl WireStep {
    fn of(it: &Step) -> Self {
        let call = &it.placed.call;
        let (place, price) = (&call.whereabouts.place, call.price.as_ref().ok());
        Self {
            id: call.id.to_string(),
            at: moment(call.at),
            turn: it.turn.turn,
            turn_by_moment: it.turn.by_moment,
            stretch: it.stretch,
            pause_ms: it.pause_ms,
            thread: match place.thread {
                Thread::Main => "main",
                Thread::Subagent => "subagent",
            },
            branch: it.placed.attribution.branch.as_ref().map(|it| it.value.to_string()),
            command: place.command.as_deref().map(str::to_owned),
            skill: place.skill.as_deref().map(str::to_owned),
            model: call.service.model.to_string(),
            provider: call.service.provider.as_ref().map(ToString::to_string),
            context_tokens: it.context.count(),
            tokens: WireTokens::of(&call.usage),
            tools: WireToolCount::of_call(&call.tools),
            output_count: call.output.name(),
            cost_nano_usd: price.map(|it| it.contract.nano().to_string()),
            cost_usd: price.map(|it| it.contract.to_string()),
            shrank: it.shrank,
            racing: it.racing,
        }
    }
}

impl WireSteps {
    const fn of(it: &SessionTally) -> Self {
        Self {
            tool: it.tool.name(),
            turns: it.turns,
            active_ms: it.active_ms,
            tool_calls: it.tool_calls,
            failed_steps: it.failed_steps,
            longest_failing_run: it.longest_failing_run,
            compactions: it.compactions,
            peak_context_tokens: it.peak_context.count(),
        }
    }
}

impl WireToolUses {
    fn of((tool, ToolUses { accepted, rejected, failed }): (String, ToolUses)) -> Self {
        Self { tool, accepted, rejected, failed }
    }
}
