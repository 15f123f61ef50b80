//! Columns of prices, one a unit, to rates: one row a prompt length.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use domain::{TokenClass, Tokens};
use pricing::{Billed, Rate, RateCard, Rates};

use super::genai::{Column, Columns, Number};

/// The units that are token classes of ours, by class.
const UNITS: [(TokenClass, &str); 5] = [
    (TokenClass::Input, "input_mtok"),
    (TokenClass::CacheWrite5m, "cache_write_mtok"),
    (TokenClass::CacheWrite1h, "cache_write_1h_mtok"),
    (TokenClass::CacheRead, "cache_read_mtok"),
    (TokenClass::Output, "output_mtok"),
];

/// A card, and the units of it that have no exact rate.
pub(super) fn of_columns(columns: &Columns) -> Result<(RateCard, Vec<&'static str>)> {
    let mut thresholds = BTreeSet::new();
    let mut inexact = Vec::new();
    for (_, unit) in UNITS {
        if let Some(Column::Tiered { tiers, .. }) = columns.get(unit) {
            thresholds.extend(tiers.iter().map(|tier| tier.start));
        }
    }
    let row = |prompt: Option<u64>, inexact: &mut Vec<&'static str>| -> Result<Rates> {
        let mut rates = Rates::default();
        for (class, unit) in UNITS {
            let Some(number) = columns.get(unit).map(|column| at(column, prompt)) else { continue };
            match exact(number) {
                Some(rate) => *slot(&mut rates, class) = Billed::At(rate),
                None => inexact.push(unit),
            }
        }
        Ok(rates)
    };
    let base = row(None, &mut inexact)?;
    let mut above = Vec::new();
    for threshold in thresholds {
        above.push((Tokens::new(threshold), row(Some(threshold), &mut inexact)?));
    }
    Ok((RateCard { base, above }, inexact))
}

/// The rate of one unit as whole millionths, where it is that.
pub(super) fn exact(number: &Number) -> Option<Rate> {
    Rate::from_usd_per_mtok(&number.0)
}

pub(super) fn rate(text: &str) -> Result<Rate> {
    Rate::from_usd_per_mtok(text).with_context(|| format!("`{text}` is no rate with at most six decimals"))
}

/// The price of a unit for prompts longer than so many tokens.
fn at(column: &Column, prompt: Option<u64>) -> &Number {
    match column {
        Column::Flat(number) => number,
        Column::Tiered { base, tiers } => {
            let passed = tiers.iter().filter(|tier| prompt.is_some_and(|prompt| tier.start <= prompt));
            passed.max_by_key(|tier| tier.start).map_or(base, |tier| &tier.price)
        }
    }
}

pub(super) fn slot(rates: &mut Rates, class: TokenClass) -> &mut Billed {
    match class {
        TokenClass::Input => &mut rates.input,
        TokenClass::CacheWrite5m => &mut rates.cache_write_5m,
        TokenClass::CacheWrite1h => &mut rates.cache_write_1h,
        TokenClass::CacheRead => &mut rates.cache_read,
        TokenClass::Output | TokenClass::Reasoning => &mut rates.output,
    }
}

/// All rows of a card.
pub(super) fn rows(card: &RateCard) -> impl Iterator<Item = &Rates> {
    std::iter::once(&card.base).chain(card.above.iter().map(|(_, rates)| rates))
}

/// Marks classes without a rate as billed as input, in every row that has any rate.
pub(super) fn bill_as_input(card: &mut RateCard, classes: &[TokenClass]) {
    let above = card.above.iter_mut().map(|(_, rates)| rates);
    for rates in std::iter::once(&mut card.base).chain(above) {
        for class in classes {
            let billed = slot(rates, *class);
            if *billed == Billed::Unlisted {
                *billed = Billed::AsInput;
            }
        }
    }
}

/// The factor between two cards, where one decimal factor explains all of it.
pub(super) fn factor(base: &RateCard, other: &RateCard) -> Option<String> {
    let rate = |billed: Billed| match billed {
        Billed::At(rate) => rate.pico_per_token(),
        Billed::Unlisted | Billed::AsInput => 0,
    };
    let (from, to) = (rate(base.base.input), rate(other.base.input));
    let millionths = to.checked_mul(1_000_000)?.checked_div(from)?;
    let same = |here: Billed, there: Billed| match (here, there) {
        (Billed::At(here), Billed::At(there)) => {
            here.pico_per_token().checked_mul(millionths) == there.pico_per_token().checked_mul(1_000_000)
        }
        _ => here == there,
    };
    let thresholds = |card: &RateCard| card.above.iter().map(|(threshold, _)| *threshold).collect::<Vec<_>>();
    let fits = rows(base).zip(rows(other)).all(|(here, there)| {
        TokenClass::BILLED.into_iter().all(|class| same(here.billed(class), there.billed(class)))
    });
    (fits && thresholds(base) == thresholds(other)).then(|| Rate::from_pico_per_token(millionths).to_string())
}
