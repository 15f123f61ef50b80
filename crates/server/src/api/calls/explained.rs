//! A call explained: the account of its cost as `bursar explain` has it, and what each
//! source said.

use domain::call::{Figures, Owner};
use domain::{Call, Lineage, Naming, Origin};
use insight::wire::{EXPLAIN_SCHEMA, WireExplainSum, WireExplained, WireTokens};
use insight::{ExplainedCall, Format, render, wire};
use metering::assemble::{Disagreement, Said, disagreements};
use serde::Serialize;
use store::{BookedCall, Evidence};
use utoipa::ToSchema;

use crate::api::moment;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::figures::calls::Placed;
use crate::figures::{Asked, Written};

/// Calls with their accounts and what was said of them.
#[derive(Serialize, ToSchema)]
pub(crate) struct Explanation<'a> {
    /// `bursar.explain/1`.
    schema: &'static str,
    calls: Vec<WireBooked<'a>>,
    #[serde(flatten)]
    sum: WireExplainSum,
}

/// A call with its account and what the book knows besides.
#[derive(Serialize, ToSchema)]
struct WireBooked<'a> {
    #[serde(flatten)]
    account: WireExplained<'a>,
    /// Its id in the book.
    id: String,
    /// The kinds of source that saw it.
    seen: Vec<&'static str>,
    /// by_id or by_tokens: how sure it is that they saw one call.
    matching: &'static str,
    /// What each source said, where one call alone was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    observations: Option<Vec<WireObservation>>,
    /// What they say differently.
    #[serde(skip_serializing_if = "Option::is_none")]
    disagreements: Option<Vec<WireDisagreement>>,
}

/// Something that is said differently, first what is believed.
#[derive(Serialize, ToSchema)]
struct WireDisagreement {
    what: &'static str,
    said: Vec<WireSaid>,
}

/// What one source says of it.
#[derive(Serialize, ToSchema)]
struct WireSaid {
    source: &'static str,
    reporter: String,
    said: String,
}

/// What one source said of a call.
#[derive(Serialize, ToSchema)]
struct WireObservation {
    source: &'static str,
    reporter: String,
    /// Whose credential it came with.
    developer: Option<String>,
    /// Whom the reporter named.
    claimed: Option<String>,
    received_at: String,
    at: String,
    key: String,
    /// provider or derived: whose id the key is.
    naming: &'static str,
    request: Option<String>,
    session: String,
    model: String,
    provider: Option<String>,
    tokens: WireTokens,
    output_count: &'static str,
    reported_cost_nano_usd: Option<String>,
}

impl WireObservation {
    fn of(it: &Evidence) -> Self {
        let (observed, call) = (&it.observed, &it.observed.call);
        let (witness, figures) = (&observed.witness, &call.figures);
        Self {
            source: witness.source.name(),
            reporter: witness.reporter.to_string(),
            developer: witness.developer.as_ref().map(ToString::to_string),
            claimed: witness.claimed.as_ref().map(ToString::to_string),
            received_at: moment(it.received_at),
            at: moment(call.at),
            key: call.key.to_string(),
            naming: match observed.naming {
                Naming::Provider => "provider",
                Naming::Derived => "derived",
            },
            request: observed.request.as_ref().map(ToString::to_string),
            session: call.owner.place.session.to_string(),
            model: figures.model.to_string(),
            provider: figures.provider.as_ref().map(ToString::to_string),
            tokens: WireTokens::of(&figures.usage),
            output_count: figures.output.name(),
            reported_cost_nano_usd: figures.reported_cost.map(|it| it.nano().to_string()),
        }
    }
}

/// The calls, explained as asked. What was said of a call is told where there is one.
pub(super) async fn written(desk: &Desk, asked: &Asked, calls: &[Placed]) -> Result<Written, Failure> {
    let evidence = match calls {
        [one] => desk.store().explain(one.call.id).await?.map(|it| it.evidence).unwrap_or_default(),
        _ => Vec::new(),
    };
    let turns = desk.figures().turns_of(asked, calls).await?;
    let joined: Vec<Call> = calls.iter().map(|it| joined(&it.call)).collect();
    let explained: Vec<ExplainedCall<'_>> = calls
        .iter()
        .zip(&joined)
        .map(|(placed, call)| {
            let figures = &call.figures;
            let resolved = desk.prices().resolve(&figures.model, figures.provider.as_ref());
            let price = desk.prices().derive(resolved.as_ref(), call.at, figures, &figures.terms);
            let turn = turns.get(&placed.call.id).copied();
            ExplainedCall { call, price, attribution: placed.attribution.clone(), turn, file: None }
        })
        .collect();
    let zone = &asked.parameters.query.timezone;
    let text = match asked.parameters.format {
        Format::Table => {
            let text = render::explain_text(&explained, zone, &asked.parameters.terminal);
            format!("{text}{}", said(&evidence))
        }
        Format::Json | Format::Csv => {
            let (accounts, sum) =
                wire::explained(&explained, zone).map_err(|it| Failure::Damaged(it.to_string()))?;
            let calls = calls.iter().zip(accounts).map(|(call, account)| {
                WireBooked::of(&call.call, account, Some(evidence.as_slice()).filter(|_| calls.len() == 1))
            });
            let document = Explanation { schema: EXPLAIN_SCHEMA, calls: calls.collect(), sum };
            let mut text = serde_json::to_string_pretty(&document)?;
            text.push('\n');
            text
        }
    };
    Ok(Written { format: asked.parameters.format, text })
}

/// A call of the book as one machine has it.
fn joined(it: &BookedCall) -> Call {
    let lineage = Lineage::Own;
    Call {
        key: it.key.clone(),
        request: None,
        at: it.at,
        figures: Figures {
            model: it.service.model.clone(),
            provider: it.service.provider.clone(),
            usage: it.usage,
            terms: it.service.terms,
            output: it.output,
            reported_cost: it.reported_cost,
            lineage,
            at: it.at,
            origin: Origin::default(),
        },
        owner: Owner { place: it.whereabouts.place.clone(), turn: it.turn, lineage, at: it.at },
        tools: it.tools.clone(),
    }
}

impl<'a> WireBooked<'a> {
    fn of(call: &BookedCall, account: WireExplained<'a>, evidence: Option<&[Evidence]>) -> Self {
        Self {
            account,
            id: call.id.to_string(),
            seen: call.seen.kinds().map(domain::SourceKind::name).collect(),
            matching: call.matching.name(),
            observations: evidence.map(|it| it.iter().map(WireObservation::of).collect()),
            disagreements: evidence.map(WireDisagreement::all),
        }
    }
}

impl WireDisagreement {
    fn all(evidence: &[Evidence]) -> Vec<Self> {
        let observed: Vec<_> = evidence.iter().map(|it| &it.observed).collect();
        let one = |it: Disagreement| Self {
            what: it.what,
            said: it
                .said
                .into_iter()
                .map(|it| WireSaid {
                    source: it.source.name(),
                    reporter: it.reporter.to_string(),
                    said: it.text,
                })
                .collect(),
        };
        disagreements(&observed).into_iter().map(one).collect()
    }
}

/// What was said, for people: a line an observation, and a line a disagreement.
fn said(evidence: &[Evidence]) -> String {
    if evidence.is_empty() {
        return String::new();
    }
    let times = if evidence.len() == 1 { "once".to_owned() } else { format!("{} times", evidence.len()) };
    let mut lines = vec![String::new(), format!("Seen {times}")];
    for it in evidence {
        let (observed, usage) = (&it.observed, &it.observed.call.figures.usage);
        let witness = &observed.witness;
        let who = witness.developer.as_ref().or(witness.claimed.as_ref());
        lines.push(format!(
            "  {:<8} {}  input {}, output {}, cache read {}, cache write {}",
            witness.source.name(),
            moment(observed.call.at),
            usage.input,
            usage.output,
            usage.cache_read,
            usage.cache_write_5m.count().saturating_add(usage.cache_write_1h.count()),
        ));
        let who = who.map_or_else(|| "nobody known".to_owned(), ToString::to_string);
        let request = observed.request.as_ref().map_or("none", |it| it.as_str());
        lines.push(format!(
            "           by {who} through {}, received {}; key {}, request {request}",
            witness.reporter,
            moment(it.received_at),
            observed.key(),
        ));
    }
    let observed: Vec<_> = evidence.iter().map(|it| &it.observed).collect();
    for it in disagreements(&observed) {
        let one = |it: &Said| format!("{} {} (through {})", it.source.name(), it.text, it.reporter);
        let said: Vec<String> = it.said.iter().map(one).collect();
        lines.push(format!("  They differ on {}: {} (the first is believed)", it.what, said.join(", ")));
    }
    lines.push(String::new());
    lines.iter().map(|it| insight::printable(it)).collect::<Vec<_>>().join("\n")
}
