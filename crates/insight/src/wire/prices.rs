//! `bursar.prices/1`.

use domain::TokenClass;
use pricing::entry::{Effect, RateCard, Rates};
use pricing::price_book::Listing;
use serde::Serialize;
use utoipa::ToSchema;

/// Prices at list.
#[derive(Serialize, ToSchema)]
pub struct WirePrices<'a> {
    /// `bursar.prices/1`.
    schema: &'static str,
    price_book: &'a str,
    /// Rates are USD per million tokens, as exact decimals.
    prices: Vec<WirePrice<'a>>,
}

#[derive(Serialize, ToSchema)]
struct WirePrice<'a> {
    provider: &'a str,
    model: &'a str,
    valid_from: Option<String>,
    valid_until: Option<String>,
    hours_utc: Option<String>,
    #[serde(flatten)]
    card: WireCard,
    web_searches_per_thousand: Option<String>,
    terms: Vec<WireTerm>,
    source: &'a str,
}

#[derive(Serialize, ToSchema)]
struct WireCard {
    rates: WireRates,
    above: Vec<WireAbove>,
}

#[derive(Serialize, ToSchema)]
struct WireAbove {
    prompt_tokens: u64,
    rates: WireRates,
}

#[derive(Serialize, ToSchema)]
struct WireRates {
    input: Option<String>,
    cache_write_5m: Option<String>,
    cache_write_1h: Option<String>,
    cache_read: Option<String>,
    output: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct WireTerm {
    name: &'static str,
    factor: Option<String>,
    #[serde(flatten)]
    card: Option<WireCard>,
}

/// Prices as JSON.
///
/// # Errors
/// None that is known; serialisation is fallible by its type.
pub fn prices_json(listings: &[Listing], digest: &str) -> Result<String, serde_json::Error> {
    let prices = listings.iter().map(price).collect();
    let wire = WirePrices { schema: "bursar.prices/1", price_book: digest, prices };
    serde_json::to_string_pretty(&wire).map(|text| text + "\n")
}

fn price(listing: &Listing) -> WirePrice<'_> {
    let entry = &listing.entry;
    WirePrice {
        provider: listing.provider.as_str(),
        model: listing.model.as_str(),
        valid_from: entry.from.map(|day| day.to_string()),
        valid_until: entry.until.map(|day| day.to_string()),
        hours_utc: entry.hours.map(|hours| hours.to_string()),
        card: card(&entry.card),
        web_searches_per_thousand: entry.web_searches.map(|rate| rate.to_string()),
        terms: entry
            .modifiers
            .iter()
            .map(|modifier| {
                let (factor, card) = match &modifier.effect {
                    Effect::Factor(factor) => (Some(factor.to_string()), None),
                    Effect::Rates(rates) => (None, Some(card(rates))),
                };
                WireTerm { name: modifier.kind.name(), factor, card }
            })
            .collect(),
        source: &listing.source,
    }
}

fn card(card: &RateCard) -> WireCard {
    let above = card
        .above
        .iter()
        .map(|(threshold, it)| WireAbove { prompt_tokens: threshold.count(), rates: rates(it) });
    WireCard { rates: rates(&card.base), above: above.collect() }
}

fn rates(rates: &Rates) -> WireRates {
    let text = |class| rates.rate(class).map(|rate| rate.to_string());
    WireRates {
        input: text(TokenClass::Input),
        cache_write_5m: text(TokenClass::CacheWrite5m),
        cache_write_1h: text(TokenClass::CacheWrite1h),
        cache_read: text(TokenClass::CacheRead),
        output: text(TokenClass::Output),
    }
}
