//! `bursar.explain/1`.

use std::collections::BTreeMap;

use domain::{Evidence, Overflow, PicoUsd, Unpriced};
use jiff::tz::TimeZone;
use pricing::Derivation;
use pricing::derivation::{AppliedModifier, ContractAccount, Lines, Total};
use serde::Serialize;
use utoipa::ToSchema;

use super::figures::WireAmount;
use super::turns::WireToolCount;
use super::{WireTokens, nano, to_text};
use crate::calendar;
use crate::explain::{ExplainedCall, sum_of};

/// The name and version of this contract.
pub const EXPLAIN_SCHEMA: &str = "bursar.explain/1";

#[derive(Debug, Serialize)]
struct WireExplain<'a> {
    schema: &'static str,
    calls: Vec<WireExplained<'a>>,
    #[serde(flatten)]
    sum: WireExplainSum,
}

/// What the calls of an explanation come to.
#[derive(Debug, Serialize, ToSchema)]
pub struct WireExplainSum {
    unpriced_calls: usize,
    #[serde(flatten)]
    total: WireAmount,
}

/// One call with its account.
#[derive(Debug, Serialize, ToSchema)]
pub struct WireExplained<'a> {
    /// Its key.
    call: &'a str,
    at: Option<String>,
    tool: &'static str,
    session: &'a str,
    /// The number of its turn in the session, from 1; none where no turn is known.
    turn: Option<u32>,
    /// Whether the turn follows from the moment of the call, as its source names none.
    turn_by_moment: bool,
    /// How many turns the session has.
    turns: u32,
    /// The tools that its response called.
    tools: Vec<WireToolCount>,
    model: &'a str,
    provider: Option<&'a str>,
    attribution: BTreeMap<&'static str, WireKnown<'a>>,
    file: Option<&'a str>,
    offset: u64,
    tokens: WireTokens,
    web_searches: u64,
    service_tier: &'static str,
    speed: &'static str,
    inference_geo: &'static str,
    output_count: &'static str,
    output_reason: &'static str,
    reported_cost_nano_usd: Option<String>,
    price: Option<WireAccount<'a>>,
    unpriced: Option<WireReason>,
}

/// A dimension's answer, where it is known.
#[derive(Debug, Serialize, ToSchema)]
struct WireKnown<'a>(Option<WireAnswer<'a>>);

/// What a dimension's answer is, what it rests on, and how sure that makes it.
#[derive(Debug, Serialize, ToSchema)]
struct WireAnswer<'a> {
    value: &'a str,
    evidence: &'static str,
    confidence: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
struct WireReason {
    code: &'static str,
    message: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct WireAccount<'a> {
    provider: &'a str,
    listed_under: &'a str,
    model: &'a str,
    from: Option<String>,
    until: Option<String>,
    hours_utc: Option<String>,
    source: &'a str,
    prompt_tokens: u64,
    threshold_tokens: Option<u64>,
    lines: Vec<WireLine>,
    modifiers: Vec<WireModifier<'a>>,
    factor: String,
    web_search_usd_per_thousand: Option<String>,
    web_search_pico_usd: String,
    list: WireTotal,
    contract: Option<WireContract<'a>>,
    price_book: &'a str,
}

#[derive(Debug, Serialize, ToSchema)]
struct WireLine {
    class: &'static str,
    tokens: u64,
    usd_per_million: Option<String>,
    as_input: bool,
    pico_usd: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct WireModifier<'a> {
    kind: &'static str,
    factor: Option<String>,
    source: &'a str,
}

#[derive(Debug, Serialize, ToSchema)]
struct WireTotal {
    exact_pico_usd: String,
    rounding_pico_usd: String,
    #[serde(flatten)]
    rounded: WireAmount,
}

#[derive(Debug, Serialize, ToSchema)]
struct WireContract<'a> {
    name: &'a str,
    note: &'a str,
    provider: &'a str,
    model: &'a str,
    lines: Vec<WireLine>,
    web_search_pico_usd: String,
    multiplier: String,
    #[serde(flatten)]
    total: WireTotal,
}

/// Why there is no document.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// The sum of the calls does not fit.
    #[error(transparent)]
    Overflow(#[from] Overflow),
    /// A value cannot be written, which these types do not allow.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// The calls with their accounts as JSON, `bursar.explain/1`.
///
/// # Errors
/// [`ExplainError`] where the sum does not fit.
pub fn explain_json(calls: &[ExplainedCall<'_>], zone: &TimeZone) -> Result<String, ExplainError> {
    let (calls, sum) = explained(calls, zone)?;
    Ok(to_text(&WireExplain { schema: EXPLAIN_SCHEMA, calls, sum })?)
}

/// The parts of `bursar.explain/1`, for who knows more of each call.
///
/// # Errors
/// [`Overflow`] where the sum does not fit.
pub fn explained<'a>(
    calls: &'a [ExplainedCall<'_>],
    zone: &TimeZone,
) -> Result<(Vec<WireExplained<'a>>, WireExplainSum), Overflow> {
    let (sum, unpriced_calls) = sum_of(calls)?;
    let calls = calls.iter().map(|it| WireExplained::of(it, zone)).collect();
    Ok((calls, WireExplainSum { unpriced_calls, total: WireAmount::of(sum) }))
}

impl<'a> WireAnswer<'a> {
    const fn of((value, evidence): (&'a str, Evidence)) -> Self {
        Self { value, evidence: evidence.name(), confidence: evidence.confidence().name() }
    }
}

impl<'a> WireExplained<'a> {
    fn of(it: &'a ExplainedCall<'_>, zone: &TimeZone) -> Self {
        let figures = &it.call.figures;
        let place = &it.call.owner.place;
        Self {
            call: it.call.key.as_str(),
            at: calendar::rfc3339(it.call.at, zone),
            tool: place.tool.name(),
            session: place.session.as_str(),
            turn: it.turn.and_then(|it| it.0.turn),
            turn_by_moment: it.turn.is_some_and(|it| it.0.by_moment),
            turns: it.turn.map_or(0, |it| it.1),
            tools: WireToolCount::of_call(&it.call.tools),
            model: figures.model.as_str(),
            provider: figures.provider.as_ref().map(domain::Provider::as_str),
            attribution: it
                .attribution
                .answers()
                .into_iter()
                .map(|(dimension, answer)| (dimension.name(), WireKnown(answer.map(WireAnswer::of))))
                .collect(),
            file: it.file,
            offset: figures.origin.offset,
            tokens: WireTokens::of(&figures.usage),
            web_searches: figures.usage.web_searches,
            service_tier: figures.terms.tier.name(),
            speed: figures.terms.speed.name(),
            inference_geo: figures.terms.geo.name(),
            output_count: figures.output.name(),
            output_reason: figures.output.reason(),
            reported_cost_nano_usd: figures.reported_cost.map(nano),
            price: it.price.as_ref().ok().map(WireAccount::of),
            unpriced: it
                .price
                .as_ref()
                .err()
                .map(|why| WireReason { code: code(*why), message: why.to_string() }),
        }
    }
}

/// A stable code for each reason.
const fn code(why: Unpriced) -> &'static str {
    match why {
        Unpriced::UnknownModel => "unknown_model",
        Unpriced::NoPriceThen => "no_price_then",
        Unpriced::NoRate => "no_rate",
        Unpriced::OutOfRange => "out_of_range",
    }
}

impl<'a> WireAccount<'a> {
    fn of(it: &'a Derivation) -> Self {
        Self {
            provider: &it.provider,
            listed_under: &it.listed_under,
            model: &it.model,
            from: it.from.map(|it| it.to_string()),
            until: it.until.map(|it| it.to_string()),
            hours_utc: it.hours.map(|it| it.to_string()),
            source: &it.source,
            prompt_tokens: it.prompt.count(),
            threshold_tokens: it.threshold.map(domain::Tokens::count),
            lines: lines(&it.lines),
            modifiers: it.modifiers.iter().map(WireModifier::of).collect(),
            factor: it.factor.to_string(),
            web_search_usd_per_thousand: it.web_search_rate.map(|it| it.to_string()),
            web_search_pico_usd: pico(it.web_search_amount),
            list: WireTotal::of(&it.list),
            contract: it.contract.as_ref().map(WireContract::of),
            price_book: &it.digest,
        }
    }
}

impl<'a> WireModifier<'a> {
    fn of(it: &'a AppliedModifier) -> Self {
        Self { kind: it.kind.name(), factor: it.factor.map(|it| it.to_string()), source: &it.source }
    }
}

impl WireTotal {
    fn of(it: &Total) -> Self {
        Self {
            exact_pico_usd: it.exact.to_string(),
            rounding_pico_usd: it.rounding.to_string(),
            rounded: WireAmount::of(it.rounded),
        }
    }
}

impl<'a> WireContract<'a> {
    fn of(it: &'a ContractAccount) -> Self {
        Self {
            name: &it.name,
            note: &it.note,
            provider: &it.provider,
            model: &it.model,
            lines: lines(&it.lines),
            web_search_pico_usd: pico(it.web_search_amount),
            multiplier: it.multiplier.to_string(),
            total: WireTotal::of(&it.total),
        }
    }
}

fn lines(lines: &Lines) -> Vec<WireLine> {
    let line = |it: &pricing::derivation::Line| WireLine {
        class: it.class.name(),
        tokens: it.tokens.count(),
        usd_per_million: it.rate.map(|it| it.to_string()),
        as_input: it.as_input,
        pico_usd: pico(it.amount),
    };
    lines.iter().map(line).collect()
}

fn pico(amount: PicoUsd) -> String {
    amount.pico().to_string()
}
