//! Bedrock's ids to models: the data lists the global and the regional id of a
//! model apart; here they are one model with a regional term of service.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use pricing::entry::Effect;
use pricing::{Day, Entry, Modifier, ModifierKind, Ratio};

use super::genai::Model;
use super::{build, rate_card};

/// Makers whose models the book lists by the maker's own name.
const OWN_NAMES: [&str; 2] = ["anthropic.", "openai."];

/// The entries that the data has for one model.
#[derive(Default)]
struct Pair {
    global: Option<Vec<Entry>>,
    regional: Option<Vec<Entry>>,
    anywhere: Option<Vec<Entry>>,
}

/// The models with their prices.
pub(super) fn models(models: &[Model], left_out: &mut Vec<String>) -> Result<BTreeMap<String, Vec<Entry>>> {
    let mut pairs: BTreeMap<String, Pair> = BTreeMap::new();
    for model in models {
        let entries = build::entries(model, &[], left_out)?;
        if entries.is_empty() {
            continue;
        }
        let (place, rest) = match model.id.split_once('.') {
            Some((place @ ("global" | "regional"), rest)) => (place, rest),
            _ => ("", model.id.as_str()),
        };
        let pair = pairs.entry(name(rest)).or_default();
        let side = match place {
            "global" => &mut pair.global,
            "regional" => &mut pair.regional,
            _ => &mut pair.anywhere,
        };
        // Dated releases of one model may share its name, at one price.
        if side.as_ref().is_some_and(|before| *before != entries) {
            bail!("{}: Bedrock lists two prices under one name", model.id);
        }
        *side = Some(entries);
    }
    pairs.into_iter().map(|(name, pair)| Ok((name.clone(), merge(&name, pair)?))).collect()
}

/// `anthropic.claude-haiku-4-5-20251001-v1:0` as `claude-haiku-4-5`, others whole
/// but for the version.
fn name(id: &str) -> String {
    let versionless = match id.rsplit_once("-v") {
        Some((base, version)) if version.starts_with(|c: char| c.is_ascii_digit()) => base,
        _ => id,
    };
    let own = OWN_NAMES.iter().find_map(|maker| versionless.strip_prefix(maker)).unwrap_or(versionless);
    match own.rsplit_once('-') {
        Some((base, date)) if own.starts_with("claude-") && date.len() == 8 => base.to_owned(),
        _ => own.to_owned(),
    }
}

fn merge(name: &str, pair: Pair) -> Result<Vec<Entry>> {
    match (pair.global, pair.regional, pair.anywhere) {
        (Some(global), Some(regional), None) => with_regional(name, &global, &regional),
        // One price, whatever the region.
        (None, Some(only), None) | (Some(only), None, None) | (None, None, Some(only)) => {
            with_regional(name, &only, &only)
        }
        _ => bail!("{name}: Bedrock lists it with and without a place"),
    }
}

/// The global price, with what a region makes of it, span by span: either may have
/// changed at a time of its own.
fn with_regional(name: &str, global: &[Entry], regional: &[Entry]) -> Result<Vec<Entry>> {
    let starts: BTreeSet<Option<Day>> = global.iter().chain(regional).map(|entry| entry.from).collect();
    let mut ends = starts.iter().skip(1).copied();
    let mut merged = Vec::new();
    for from in &starts {
        let until = ends.next().flatten();
        let (Some(here), Some(there)) = (begun(global, *from), begun(regional, *from)) else {
            bail!("{name}: it has a price in one place and none in the other");
        };
        let factor = rate_card::factor(&here.card, &there.card).and_then(|it| Ratio::from_decimal(&it));
        let effect = factor.map_or_else(|| Effect::Rates(there.card.clone()), Effect::Factor);
        let regional = Modifier { kind: ModifierKind::Regional, effect, source: here.source.clone() };
        let mut modifiers = here.modifiers.clone();
        modifiers.push(regional);
        merged.push(Entry { from: *from, until, modifiers, ..here.clone() });
    }
    Ok(merged)
}

/// The last price that has begun by a day.
fn begun(entries: &[Entry], from: Option<Day>) -> Option<&Entry> {
    entries.iter().rev().find(|entry| entry.from <= from)
}
