//! Metrics: counters without any id. They are never money.
//!
//! A delta is what was added between two moments: it is the same if it is sent again,
//! as an exporter does whose first attempt was not answered. A cumulative sum is a
//! running total, which is sent again and again and only grows; one that starts anew has
//! another start. Both have an identity that says so, and the book counts each once.
//!
//! Sums by type double where types contain each other: `total` contains all, and the
//! input of Codex, Gemini and the GenAI conventions contains what the cache gave. The
//! former is left out; the latter is claimed as `prompt`.

use std::sync::Arc;

use domain::{Activity, ActivityKind, Tool};

use super::attributes::{Facts, Value};
use super::gen_ai;
use super::identity::Identity;
use super::message::{Metric, Point, Shape, Temporality};
use super::reading::Reading;
use super::telemetry::Rejection;

/// No amount reaches this: tokens, seconds or dollars of one series.
const AMOUNT_LIMIT: f64 = 1e10;

const NANO: u64 = 1_000_000_000;
const NANO_PER_MILLI: u64 = 1_000_000;

/// What a point's number is in, and so what becomes of it.
#[derive(Debug, Clone, Copy)]
enum Unit {
    /// Pieces; parts of one are cut off.
    Count,
    /// Seconds, kept as milliseconds.
    Seconds,
    /// US dollars, kept as nano-dollars.
    Usd,
}

/// What a metric counts.
struct Counted {
    tool: Tool,
    kind: ActivityKind,
    unit: Unit,
    subject: Option<Arc<str>>,
}

/// A point of a metric.
pub(super) fn point(
    reading: &mut Reading<'_>,
    facts: &Facts<'_, '_>,
    metric: &Metric<'_>,
    point: &Point<'_>,
) {
    let distribution = metric.distribution;
    let adds_up = distribution.monotonic && !matches!(distribution.shape, Shape::Gauge | Shape::Summary);
    let counted = if adds_up { counted(&metric.name, facts) } else { None };
    let Some(counted) = counted else { return reading.ignore() };
    let Some(nanos) = nanos_of(&point.value) else { return reading.reject(Rejection::OddValue) };
    let amount = match counted.unit {
        Unit::Count => nanos / NANO,
        Unit::Seconds => nanos / NANO_PER_MILLI,
        Unit::Usd => nanos,
    };
    let identity = match distribution.temporality {
        Temporality::Delta => Identity::of("delta").with_number(point.began_at).with_number(point.at),
        Temporality::Cumulative => Identity::of("total").with_number(point.began_at),
        Temporality::Unspecified => return reading.ignore(),
    };
    if amount == 0 {
        return reading.ignore();
    }
    let identity =
        identity.with(&metric.name).with_attributes(facts.resource).with_attributes(facts.record).finish();
    let Some(at) = reading.moment(point.at).or_else(|| reading.moment(point.began_at)) else {
        return reading.reject(Rejection::OddValue);
    };
    let witness = reading.witness(facts);
    reading.activity(Activity {
        identity,
        at,
        kind: counted.kind,
        amount,
        subject: counted.subject,
        tool: Some(counted.tool),
        session: reading.named_session(facts),
        folder: None,
        branch: None,
        witness,
    });
}

fn counted(metric: &str, facts: &Facts<'_, '_>) -> Option<Counted> {
    let kind = facts.name("type");
    let kind = kind.as_deref().unwrap_or_default();
    if let Some(name) = metric.strip_prefix("claude_code.") {
        return of_claude_code(name, kind, facts);
    }
    if let Some(name) = metric.strip_prefix("gemini_cli.") {
        return of_gemini_cli(name, kind);
    }
    if let Some(name) = metric.strip_prefix("copilot_chat.") {
        return of_copilot(name, kind, gen_ai::tool(facts));
    }
    match metric {
        "codex.turn.token_usage" => {
            let class = match facts.name("token_type").as_deref() {
                Some("input") => "prompt",
                Some("cached_input") => "cache_read",
                Some("cache_write_input") => "cache_write",
                Some("output") => "output",
                Some("reasoning_output") => "reasoning",
                Some(_) | None => return None,
            };
            Some(tokens(Tool::Codex, class))
        }
        "gen_ai.client.token.usage" => {
            let class = match facts.name("gen_ai.token.type").as_deref() {
                Some("input") => "prompt",
                Some("output" | "completion") => "output",
                Some(_) | None => return None,
            };
            // Gemini CLI has a metric of its own for the same.
            Some(gen_ai::tool(facts)).filter(|tool| *tool != Tool::GeminiCli).map(|tool| tokens(tool, class))
        }
        _ => None,
    }
}

fn of_claude_code(name: &str, kind: &str, facts: &Facts<'_, '_>) -> Option<Counted> {
    let tool = Tool::ClaudeCode;
    let of =
        |kind, unit, subject: Option<&str>| Counted { tool, kind, unit, subject: subject.map(Arc::from) };
    match (name, kind) {
        ("session.count", _) => {
            Some(of(ActivityKind::SessionStart, Unit::Count, facts.name("start_type").as_deref()))
        }
        ("lines_of_code.count", kind) => lines(tool, kind),
        ("pull_request.count", _) => Some(of(ActivityKind::PullRequest, Unit::Count, None)),
        ("commit.count", _) => Some(of(ActivityKind::Commit, Unit::Count, None)),
        ("active_time.total", "user") => Some(of(ActivityKind::ActiveUser, Unit::Seconds, None)),
        ("active_time.total", "cli") => Some(of(ActivityKind::ActiveTool, Unit::Seconds, None)),
        ("cost.usage", _) => Some(of(ActivityKind::ClaimedCost, Unit::Usd, facts.name("model").as_deref())),
        ("token.usage", "input") => Some(tokens(tool, "input")),
        ("token.usage", "output") => Some(tokens(tool, "output")),
        ("token.usage", "cacheRead") => Some(tokens(tool, "cache_read")),
        ("token.usage", "cacheCreation") => Some(tokens(tool, "cache_write")),
        _ => None,
    }
}

fn of_gemini_cli(name: &str, kind: &str) -> Option<Counted> {
    let tool = Tool::GeminiCli;
    match (name, kind) {
        ("session.count", _) => {
            Some(Counted { tool, kind: ActivityKind::SessionStart, unit: Unit::Count, subject: None })
        }
        ("lines.changed", kind) => lines(tool, kind),
        // What tools put into the prompt stands beside input, thoughts beside output.
        ("token.usage", "input" | "tool") => Some(tokens(tool, "prompt")),
        ("token.usage", "output" | "thought") => Some(tokens(tool, "output")),
        ("token.usage", "cache") => Some(tokens(tool, "cache_read")),
        _ => None,
    }
}

fn of_copilot(name: &str, kind: &str, tool: Tool) -> Option<Counted> {
    let of = |kind| Counted { tool, kind, unit: Unit::Count, subject: None };
    match name {
        "session.count" => Some(of(ActivityKind::SessionStart)),
        "pull_request.count" => Some(of(ActivityKind::PullRequest)),
        "lines_of_code.count" => lines(tool, kind),
        _ => None,
    }
}

fn lines(tool: Tool, kind: &str) -> Option<Counted> {
    let kind = match kind {
        "added" => ActivityKind::LinesAdded,
        "removed" => ActivityKind::LinesRemoved,
        _ => return None,
    };
    Some(Counted { tool, kind, unit: Unit::Count, subject: None })
}

fn tokens(tool: Tool, class: &str) -> Counted {
    Counted { tool, kind: ActivityKind::ClaimedTokens, unit: Unit::Count, subject: Some(Arc::from(class)) }
}

/// A number in billionths, rounded; nothing if it is none, below zero or beyond all
/// bounds. By way of its decimal text, so that no arithmetic is done on a float.
pub(super) fn nanos_of(value: &Value<'_>) -> Option<u64> {
    let number = match value {
        Value::Int(number) => return u64::try_from(*number).ok()?.checked_mul(NANO),
        Value::Double(number) => *number,
        Value::Text(text) => text.trim().parse().ok()?,
        Value::Absent | Value::Bool(_) => return None,
    };
    if !(0.0..AMOUNT_LIMIT).contains(&number) {
        return None;
    }
    let text = format!("{number:.9}").replace('.', "");
    text.parse().ok()
}
