//! A session as it went: its calls in the order of time, with what stands out among them.
//!
//! Calls are told by turn, where a source names the prompt that they answer. Some name none:
//! what the book knows of any session are pauses, so calls are told in stretches of work as
//! well. A new one begins where nobody did anything for as long as counts as idle everywhere
//! else.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::session::IDLE_AFTER_MILLIS;
use domain::{ActivityKind, NanoUsd, Overflow, SessionId, SessionTally, Thread, Timestamp, Tokens};
use gateway::LoopLimits;
use insight::turns::{Belonging, shrank};
use insight::{ReportError, Turns};
use store::{ActivitySum, CallId};

use super::calls::{Placed, in_turns};
use super::{Asked, FiguresDesk, FiguresError};

/// Calls of one session that are told; of more, these are the first.
pub const MOST_CALLS: usize = 10_000;
/// Spend is compared in spans of this length, as the gateway's guard does.
const SPAN_MS: i64 = 5 * 60 * 1_000;
/// So many spans tell what is usual.
const SPANS_ENOUGH: usize = 3;

/// A session as it went.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Timeline {
    /// The calls that the asker sees, in the order of time.
    pub steps: Vec<Step>,
    /// Calls behind these that are left out.
    pub left_out: usize,
    /// All of its turns; none where no source tells turns apart.
    pub turns: Turns,
    /// What its logs say of it as a whole: one for each tool that has a session of that id.
    pub tallies: Vec<SessionTally>,
    /// What became of its uses of tools, by tool, where telemetry tells.
    pub tools: BTreeMap<String, ToolUses>,
}

/// One call of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The call.
    pub placed: Placed,
    /// Which turn it is of.
    pub turn: Belonging,
    /// In which stretch of work, from 1.
    pub stretch: u32,
    /// Milliseconds since the call before; none for the first.
    pub pause_ms: Option<i64>,
    /// Tokens of the whole prompt.
    pub context: Tokens,
    /// Whether the prompt of the conversation is less than half as long as the one before:
    /// it was compacted, or begun anew.
    pub shrank: bool,
    /// Whether its five minutes cost far more than is usual for the session: the measure by
    /// which the gateway says that one runs away.
    pub racing: bool,
}

/// What became of the uses of a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ToolUses {
    /// They were allowed.
    pub accepted: u64,
    /// They were refused.
    pub rejected: u64,
    /// They failed.
    pub failed: u64,
}

impl FiguresDesk {
    /// A session as it went, as far as the asker sees it.
    ///
    /// # Errors
    /// [`FiguresError`] where the store fails or a sum does not fit.
    pub async fn timeline(&self, asked: &Asked, session: &SessionId) -> Result<Timeline, FiguresError> {
        let calls = self.store.calls_of_session(session.clone()).await?;
        let mut placed = self.placed(calls, &asked.sight, &asked.directory).await?;
        placed.sort_by_key(|it| (it.call.at, it.call.id));
        let (Some(first), Some(last)) = (placed.first(), placed.last()) else {
            return Ok(Timeline::default());
        };
        let sums = self.store.activities(first.call.at, last.call.at).await?;
        let tallies = self.store.sessions().await?.into_iter().filter(|it| it.session == *session);
        let tallies = tallies.collect();
        let left_out = placed.len().saturating_sub(MOST_CALLS);
        let turns = insight::turns(&in_turns(&placed)).map_err(ReportError::from)?;
        let racing = racing(&placed, &LoopLimits::default()).map_err(ReportError::from)?;
        placed.truncate(MOST_CALLS);
        let steps = steps(placed, &turns, &racing).map_err(ReportError::from)?;
        let tools = tools(&sums, session);
        Ok(Timeline { steps, left_out, turns, tallies, tools })
    }
}

impl FiguresDesk {
    /// Which turn of its session each of these calls is of, and of how many.
    ///
    /// # Errors
    /// [`FiguresError`] where the store fails or a sum does not fit.
    pub async fn turns_of(
        &self,
        asked: &Asked,
        calls: &[Placed],
    ) -> Result<HashMap<CallId, (Belonging, u32)>, FiguresError> {
        let mut found = HashMap::new();
        let sessions = calls.iter().map(|it| it.call.whereabouts.place.session.clone());
        for session in sessions.collect::<BTreeSet<_>>() {
            let all = self.store.calls_of_session(session).await?;
            let mut all = self.placed(all, &asked.sight, &asked.directory).await?;
            all.sort_by_key(|it| (it.call.at, it.call.id));
            let turns = insight::turns(&in_turns(&all)).map_err(ReportError::from)?;
            let count = turns.count();
            found.extend(all.iter().zip(&turns.of_calls).map(|(it, of)| (it.call.id, (*of, count))));
        }
        Ok(found)
    }
}

/// The spans that cost far more than is usual.
fn racing(placed: &[Placed], limits: &LoopLimits) -> Result<Vec<i64>, Overflow> {
    let mut spans: BTreeMap<i64, NanoUsd> = BTreeMap::new();
    for it in placed {
        if let Ok(price) = &it.call.price {
            let spent = spans.entry(span_of(it.call.at)).or_default();
            *spent = spent.plus(price.contract)?;
        }
    }
    let mut sorted: Vec<NanoUsd> = spans.values().copied().filter(|it| *it > NanoUsd::ZERO).collect();
    sorted.sort_unstable();
    let usual = sorted.get(sorted.len() / 2).filter(|_| sorted.len() >= SPANS_ENOUGH);
    let (Some(usual), Some(times)) = (usual, limits.times_usual) else { return Ok(Vec::new()) };
    // What is too much to be said is more than anybody spends.
    let limit = usual.nano().saturating_mul(i64::from(times)).max(limits.floor.nano());
    Ok(spans.into_iter().filter(|it| it.1.nano() > limit).map(|it| it.0).collect())
}

const fn span_of(at: Timestamp) -> i64 {
    at.millis().div_euclid(SPAN_MS)
}

/// The calls with what follows from those before them.
fn steps(placed: Vec<Placed>, turns: &Turns, racing: &[i64]) -> Result<Vec<Step>, Overflow> {
    let mut steps = Vec::with_capacity(placed.len());
    let (mut before, mut stretch, mut prompt) = (None::<Timestamp>, 1_u32, Tokens::ZERO);
    for (it, turn) in placed.into_iter().zip(&turns.of_calls) {
        let at = it.call.at;
        let pause_ms = before.map(|before| at.millis_since(before));
        if pause_ms.is_some_and(|it| it > IDLE_AFTER_MILLIS) {
            stretch = stretch.saturating_add(1);
        }
        before = Some(at);
        let context = it.call.usage.prompt()?;
        let is_main = it.call.whereabouts.place.thread == Thread::Main;
        let shrank = is_main && shrank(prompt, context);
        if is_main {
            prompt = context;
        }
        let racing = racing.binary_search(&span_of(at)).is_ok();
        steps.push(Step { placed: it, turn: *turn, stretch, pause_ms, context, shrank, racing });
    }
    Ok(steps)
}

/// What telemetry says of the session's uses of tools.
fn tools(sums: &[ActivitySum], session: &SessionId) -> BTreeMap<String, ToolUses> {
    let mut tools: BTreeMap<String, ToolUses> = BTreeMap::new();
    for sum in sums.iter().filter(|it| it.session.as_ref() == Some(session)) {
        let Some(tool) = sum.subject.as_deref() else { continue };
        let add = |to: &mut u64| *to = to.saturating_add(sum.amount);
        match sum.kind {
            ActivityKind::ToolAccepted => add(&mut tools.entry(tool.to_owned()).or_default().accepted),
            ActivityKind::ToolRejected => add(&mut tools.entry(tool.to_owned()).or_default().rejected),
            ActivityKind::ToolFailed => add(&mut tools.entry(tool.to_owned()).or_default().failed),
            ActivityKind::ActiveUser
            | ActivityKind::ActiveTool
            | ActivityKind::SessionStart
            | ActivityKind::Commit
            | ActivityKind::PullRequest
            | ActivityKind::LinesAdded
            | ActivityKind::LinesRemoved
            | ActivityKind::Prompt
            | ActivityKind::ApiError
            | ActivityKind::ClaimedCost
            | ActivityKind::ClaimedTokens => {}
        }
    }
    tools
}
