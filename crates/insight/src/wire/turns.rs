//! Turns, as a part of `bursar.session/1`, `bursar.timeline/1` and `bursar.explain/1`.

use jiff::tz::TimeZone;
use serde::Serialize;
use utoipa::ToSchema;

use super::{WireMeasures, WireShare};
use crate::calendar;
use crate::sessions::cache_hit;
use crate::text::PerMille;
use crate::turns::{Turn, Turns};

/// A turn of a session: one prompt, and all calls until the next.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WireTurn {
    /// Its number in the session, from 1; none for the calls before the first turn.
    turn: Option<u32>,
    /// The moment of its first call.
    first_at: Option<String>,
    /// The moment of its last call.
    last_at: Option<String>,
    #[serde(flatten)]
    measures: WireMeasures,
    /// How many of its calls name no turn, and are of it by their moment.
    calls_by_moment: u64,
    subagents: WireShare,
    /// Tokens of the prompt of its first call in the main conversation; none where it has none.
    first_context_tokens: Option<u64>,
    /// The same of its last.
    last_context_tokens: Option<u64>,
    /// The part of its prompts that was read from the cache.
    cache_hit_percent: Option<String>,
    /// How often the prompt shrank to less than half: compacted, or begun anew.
    compactions: u32,
    /// The tools that its calls called, by name.
    tools: Vec<WireToolCount>,
    /// How often at most the same step was tried that failed each time before; 0 without tools.
    most_tries: u32,
    /// Whether that was three times or more.
    likely_loop: bool,
}

/// How often a tool was called.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WireToolCount {
    tool: String,
    uses: u64,
    /// Of these, how often a step was tried again that had failed.
    retries: u64,
}

impl WireTurn {
    /// All of them, with moments in the zone.
    #[must_use]
    pub fn all(turns: &Turns, zone: &TimeZone) -> Vec<Self> {
        turns.all.iter().map(|it| Self::of(it, zone)).collect()
    }

    fn of(it: &Turn, zone: &TimeZone) -> Self {
        let context = it.context.map(|(first, last)| (first.count(), last.count()));
        Self {
            turn: it.number,
            first_at: calendar::rfc3339(it.first_at, zone),
            last_at: calendar::rfc3339(it.last_at, zone),
            measures: WireMeasures::of(&it.measures),
            calls_by_moment: it.by_moment,
            subagents: WireShare::of(&it.subagents, &it.measures),
            first_context_tokens: context.map(|it| it.0),
            last_context_tokens: context.map(|it| it.1),
            cache_hit_percent: cache_hit(&it.measures).map(PerMille::to_decimal),
            compactions: it.shrank,
            tools: WireToolCount::of_turn(it),
            most_tries: it.most_tries,
            likely_loop: it.is_likely_loop(),
        }
    }
}

impl WireToolCount {
    fn of_turn(it: &Turn) -> Vec<Self> {
        let tools = it.tools.iter();
        tools
            .map(|(tool, count)| Self { tool: tool.clone(), uses: count.uses, retries: count.retries })
            .collect()
    }

    /// Those of one call.
    #[must_use]
    pub fn of_call(tools: &domain::ToolUses) -> Vec<Self> {
        let retries = |name: &str| tools.iter().filter(|it| it.name() == name && it.retry() > 0).count();
        let of_name = |(name, uses): (&str, u64)| Self {
            tool: name.to_owned(),
            uses,
            retries: u64::try_from(retries(name)).unwrap_or(u64::MAX),
        };
        tools.by_name().into_iter().map(of_name).collect()
    }
}
