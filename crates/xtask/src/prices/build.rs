//! One book out of the data and the overrides.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use domain::TokenClass;
use pricing::book_writer::BookParts;
use pricing::entry::{Effect, Hours};
use pricing::rate::PieceRate;
use pricing::{Billed, Day, Entry, Modifier, ModifierKind, Rate, RateCard, Ratio};

use super::genai::{self, Column, Columns, Span, Term};
use super::overrides::{self, Overrides};
use super::{bedrock, names, rate_card};

/// The key of the data file among the sources.
const DATA_SOURCE: &str = "genai";
/// The provider whose ids are read by rules of their own.
const BEDROCK: &str = "aws-bedrock";

/// What was built, and what could not be taken.
pub(super) struct Built {
    pub(super) parts: BookParts,
    pub(super) left_out: Vec<String>,
}

/// Models and names while they are gathered.
#[derive(Default)]
struct Draft {
    models: BTreeMap<(String, String), Vec<Entry>>,
    /// Model by provider and name: the first that claims a name has it.
    names: BTreeMap<(String, String), String>,
    left_out: Vec<String>,
}

pub(super) fn book(data: &[genai::Provider], overrides: &Overrides, version: &str) -> Result<Built> {
    let mut draft = Draft::default();
    for provider in &overrides.provider {
        draft.take_provider(provider, data, overrides)?;
    }
    for model in &overrides.model {
        draft.set_model(model, overrides)?;
    }
    for split in &overrides.split {
        draft.split(split)?;
    }
    for alias in &overrides.alias {
        draft.alias(alias)?;
    }
    for modifier in &overrides.modifier {
        draft.modify(modifier)?;
    }
    Ok(draft.finish(overrides, version))
}

impl Draft {
    fn take_provider(
        &mut self,
        provider: &overrides::Provider,
        data: &[genai::Provider],
        overrides: &Overrides,
    ) -> Result<()> {
        let Some(from) = &provider.from else { return Ok(()) };
        let found = data.iter().find(|known| known.id == *from);
        let found = found.with_context(|| format!("the data has no provider `{from}`"))?;
        if provider.id == BEDROCK {
            for (model, entries) in bedrock::models(&found.models, &mut self.left_out)? {
                self.name(&provider.id, &model.to_ascii_lowercase(), &model);
                self.models.insert((provider.id.clone(), model), entries);
            }
            return Ok(());
        }
        let as_input: Vec<TokenClass> =
            provider.as_input.iter().map(|name| class(name)).collect::<Result<_>>()?;
        let mut named = Vec::new();
        for model in &found.models {
            let mine = overrides
                .provider
                .iter()
                .find(|other| other.from.as_deref() == Some(from) && names::fits(&other.models, &model.id));
            if mine.is_none_or(|mine| mine.id != provider.id) || model.id.contains(char::is_whitespace) {
                continue;
            }
            let entries = entries(model, &as_input, &mut self.left_out)?;
            if entries.is_empty() {
                continue;
            }
            let renamed =
                overrides.rename.iter().find(|it| it.provider == provider.id && it.from == model.id);
            let id = renamed.map_or(&model.id, |renamed| &renamed.to).clone();
            // Ids first: another model's looser rule does not take them away.
            self.name(&provider.id, &id.to_ascii_lowercase(), &id);
            named.push((id.clone(), names::of(model)));
            self.models.insert((provider.id.clone(), id), entries);
        }
        for (id, names) in named {
            for name in names {
                self.name(&provider.id, &name, &id);
            }
        }
        Ok(())
    }

    fn set_model(&mut self, model: &overrides::Model, overrides: &Overrides) -> Result<()> {
        let at = || format!("{}/{}", model.provider, model.model);
        let provider = overrides.provider.iter().find(|it| it.id == model.provider);
        let provider = provider.with_context(|| format!("{}: no such provider", at()))?;
        let as_input: Vec<TokenClass> =
            provider.as_input.iter().map(|name| class(name)).collect::<Result<_>>()?;
        let mut entries = Vec::new();
        for entry in &model.entry {
            entries.push(own_entry(entry, &as_input).with_context(at)?);
        }
        self.name(&model.provider, &model.model.to_ascii_lowercase(), &model.model);
        let key = (model.provider.clone(), model.model.clone());
        let before = self.models.get(&key).map(|before| before.iter().flat_map(|entry| &entry.modifiers));
        // The terms that the data has hold for our rates where they are factors.
        let factors: Vec<Modifier> = before
            .into_iter()
            .flatten()
            .filter(|modifier| matches!(modifier.effect, Effect::Factor(_)))
            .cloned()
            .collect();
        for entry in &mut entries {
            entry.modifiers.clone_from(&factors);
        }
        self.models.insert(key, entries);
        Ok(())
    }

    fn split(&mut self, split: &overrides::Split) -> Result<()> {
        let entries = self.models.get(&(split.provider.clone(), split.model.clone()));
        let entries =
            entries.with_context(|| format!("no model {}/{} to split", split.provider, split.model))?;
        let entries = entries.clone();
        for name in &split.names {
            let dashed = name.to_ascii_lowercase().replace('.', "-");
            for spelling in [name.to_ascii_lowercase(), dashed] {
                let key = (split.provider.clone(), spelling);
                if self.names.get(&key).is_none_or(|model| *model == split.model) {
                    self.names.insert(key, name.clone());
                }
            }
            self.models.insert((split.provider.clone(), name.clone()), entries.clone());
        }
        Ok(())
    }

    fn alias(&mut self, alias: &overrides::Alias) -> Result<()> {
        if !self.models.contains_key(&(alias.provider.clone(), alias.model.clone())) {
            bail!("no model {}/{} for an alias", alias.provider, alias.model);
        }
        for name in &alias.names {
            self.name(&alias.provider, name, &alias.model);
        }
        Ok(())
    }

    fn modify(&mut self, modifier: &overrides::Modifier) -> Result<()> {
        let kind = ModifierKind::from_name(&modifier.kind);
        let kind = kind.with_context(|| format!("`{}` is no term of service", modifier.kind))?;
        let factor = Ratio::from_decimal(&modifier.factor);
        let factor = factor.with_context(|| format!("`{}` is no factor", modifier.factor))?;
        for pattern in &modifier.models {
            let mut used = false;
            for ((provider, model), entries) in &mut self.models {
                if *provider != modifier.provider || !names::fits(pattern, model) {
                    continue;
                }
                used = true;
                for entry in entries {
                    if entry.modifier(kind).is_none() {
                        let (effect, source) = (Effect::Factor(factor), modifier.source.as_str().into());
                        entry.modifiers.push(Modifier { kind, effect, source });
                    }
                }
            }
            if !used {
                bail!("no model {}/{pattern} for its {} price", modifier.provider, modifier.kind);
            }
        }
        Ok(())
    }

    fn name(&mut self, provider: &str, name: &str, model: &str) {
        self.names.entry((provider.to_owned(), name.to_owned())).or_insert_with(|| model.to_owned());
    }

    fn finish(mut self, overrides: &Overrides, version: &str) -> Built {
        for entry in self.models.values_mut().flatten() {
            entry.modifiers.sort_by_key(|modifier| modifier.kind);
        }
        let mut sources = overrides.sources.clone();
        sources.insert(
            DATA_SOURCE.to_owned(),
            format!("genai-prices {version}, https://github.com/pydantic/genai-prices"),
        );
        let notice = [
            "List prices of language models. Written by `cargo xtask prices`: do not edit.",
            "Holds data of genai-prices, Copyright (c) Pydantic Services Inc. 2025 to present,",
            "under the MIT License; its text stands in README.md beside this file.",
        ];
        let names = self.names.into_iter().map(|((provider, name), model)| (name, provider, model));
        let parts = BookParts {
            notice: notice.map(str::to_owned).to_vec(),
            sources,
            providers: overrides.provider.iter().map(provider_line).collect(),
            names: names.collect(),
            models: self.models,
        };
        Built { parts, left_out: self.left_out }
    }
}

fn provider_line(provider: &overrides::Provider) -> String {
    let mut line = format!("{} {}", provider.id, if provider.maker { "maker" } else { "reseller" });
    let words = |word: &str, values: &[String]| -> String {
        values.iter().map(|value| format!(" {word} {value}")).collect()
    };
    line.push_str(&words("alias", &provider.aliases));
    line.push_str(&words("charges", &provider.charges));
    line
}

fn class(name: &str) -> Result<TokenClass> {
    let found = TokenClass::BILLED.into_iter().find(|class| class.name() == name);
    found.with_context(|| format!("`{name}` is no token class"))
}

/// The prices of one model of the data; none where it has no rates for tokens.
pub(super) fn entries(
    model: &genai::Model,
    as_input: &[TokenClass],
    left_out: &mut Vec<String>,
) -> Result<Vec<Entry>> {
    let spans = model.spans()?;
    let terms = model.terms()?;
    let mut entries = Vec::new();
    let mut dated: Option<&str> = None;
    for (index, span) in spans.iter().enumerate() {
        if span.from.is_some() {
            dated = span.from.as_deref();
        }
        let next = spans.iter().skip(index.saturating_add(1)).find_map(|next| next.from.as_deref());
        let until = if span.hours.is_some() { None } else { next };
        let Some(card) = card(model, &span.columns, as_input, left_out)? else { continue };
        let modifiers = modifiers(model, span, until, &terms, (&card, as_input))?;
        entries.push(Entry {
            from: dated.map(day).transpose()?,
            until: until.map(day).transpose()?,
            hours: span.hours.as_ref().map(hours).transpose()?,
            card,
            modifiers,
            web_searches: web_searches(&span.columns)?,
            source: DATA_SOURCE.into(),
        });
    }
    Ok(entries)
}

fn card(
    model: &genai::Model,
    columns: &Columns,
    as_input: &[TokenClass],
    left_out: &mut Vec<String>,
) -> Result<Option<RateCard>> {
    if columns.is_empty() && model.id.ends_with(":free") {
        let free = Billed::At(Rate::default());
        let base = pricing::Rates {
            input: free,
            cache_write_5m: free,
            cache_write_1h: free,
            cache_read: free,
            output: free,
        };
        return Ok(Some(RateCard { base, above: Vec::new() }));
    }
    let (mut card, inexact) = rate_card::of_columns(columns)?;
    for unit in inexact {
        left_out.push(format!("{} {unit}: more than six decimals", model.id));
    }
    if card.base.input == Billed::Unlisted || card.base.output == Billed::Unlisted {
        return Ok(None);
    }
    rate_card::bill_as_input(&mut card, as_input);
    Ok(Some(card))
}

/// What the terms of service do to one span's price: of each kind the last term
/// that begins before the span ends. The data dates a term by the day on which it
/// was verified; it is taken to hold as long as the standard price that it goes with.
fn modifiers(
    model: &genai::Model,
    span: &Span,
    until: Option<&str>,
    terms: &[Term],
    (base, as_input): (&RateCard, &[TokenClass]),
) -> Result<Vec<Modifier>> {
    let mut modifiers = Vec::new();
    for kind in ModifierKind::ALL {
        let before_end = |term: &&Term| match (term.from.as_deref(), until) {
            (Some(from), Some(until)) => from < until,
            _ => true,
        };
        let term = terms.iter().filter(|term| term.kind == kind).filter(before_end);
        let Some(term) = term.max_by_key(|term| term.from.as_deref()) else { continue };
        let mut columns = span.columns.clone();
        columns.extend(term.columns.clone());
        let (mut card, _) = rate_card::of_columns(&columns)?;
        rate_card::bill_as_input(&mut card, as_input);
        let effect = match rate_card::factor(base, &card) {
            Some(factor) => Effect::Factor(Ratio::from_decimal(&factor).with_context(|| model.id.clone())?),
            None => Effect::Rates(card),
        };
        modifiers.push(Modifier { kind, effect, source: DATA_SOURCE.into() });
    }
    Ok(modifiers)
}

fn web_searches(columns: &Columns) -> Result<Option<PieceRate>> {
    match columns.get("web_searches_kcount") {
        None => Ok(None),
        Some(Column::Flat(number)) => {
            let rate = PieceRate::from_usd_per_thousand(&number.0);
            Ok(Some(rate.with_context(|| format!("`{}` is no price of searches", number.0))?))
        }
        Some(Column::Tiered { .. }) => bail!("web searches with tiers are new"),
    }
}

fn own_entry(entry: &overrides::Entry, as_input: &[TokenClass]) -> Result<Entry> {
    let mut card = RateCard { base: own_rates(&entry.rates)?, above: Vec::new() };
    for above in &entry.above {
        card.above.push((domain::Tokens::new(above.tokens), own_rates(&above.rates)?));
    }
    rate_card::bill_as_input(&mut card, as_input);
    let searches = |text: &String| {
        PieceRate::from_usd_per_thousand(text).with_context(|| format!("`{text}` is no price of searches"))
    };
    Ok(Entry {
        from: entry.from.as_deref().map(day).transpose()?,
        until: entry.until.as_deref().map(day).transpose()?,
        hours: entry.hours.as_ref().map(hours).transpose()?,
        card,
        modifiers: Vec::new(),
        web_searches: entry.web_searches.as_ref().map(searches).transpose()?,
        source: entry.source.as_str().into(),
    })
}

fn own_rates(rates: &overrides::Rates) -> Result<pricing::Rates> {
    let billed = |text: &Option<String>| match text.as_deref() {
        None => Ok(Billed::Unlisted),
        Some(text) => rate_card::rate(text).map(Billed::At),
    };
    Ok(pricing::Rates {
        input: Billed::At(rate_card::rate(&rates.input)?),
        cache_write_5m: billed(&rates.cache_write_5m)?,
        cache_write_1h: billed(&rates.cache_write_1h)?,
        cache_read: billed(&rates.cache_read)?,
        output: Billed::At(rate_card::rate(&rates.output)?),
    })
}

fn day(text: &str) -> Result<Day> {
    Day::parse(text).with_context(|| format!("`{text}` is no day"))
}

/// `00:30:00Z` and `16:30:00Z` as hours of the day.
fn hours((from, until): &(String, String)) -> Result<Hours> {
    let minute = |text: &str| -> Option<u16> {
        let mut parts = text.split(':');
        let (hour, minute) = (parts.next()?.parse::<u16>().ok()?, parts.next()?.parse::<u16>().ok()?);
        hour.checked_mul(60)?.checked_add(minute)
    };
    let bounds = minute(from).zip(minute(until));
    let (from_minute, until_minute) =
        bounds.with_context(|| format!("`{from}` to `{until}` are no hours"))?;
    Ok(Hours { from_minute, until_minute })
}
