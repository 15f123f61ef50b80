//! Reading the words of a case.

use domain::{InferenceGeo, ServiceTier, Speed, Terms, Timestamp, Tokens, Unpriced, Usage};
use pricing::{Day, PriceBook, Pricer};
use serde::Deserialize;

pub(crate) fn pricer() -> Pricer {
    Pricer::new(PriceBook::bundled().expect("the embedded book"), None)
}

/// `2026-10-06`, or `2026-10-06T23:59:59.999`, in UTC.
pub(crate) fn moment(text: &str) -> Timestamp {
    let (day, clock) = text.split_once('T').unwrap_or((text, "00:00:00"));
    let (seconds, millis) = clock.split_once('.').unwrap_or((clock, "0"));
    let clock: Vec<i64> = seconds.split(':').map(|part| part.parse().expect("a clock")).collect();
    let day = Day::parse(day).expect("a day").start().millis();
    let millis: i64 = millis.parse().expect("milliseconds");
    Timestamp::from_millis(day + ((clock[0] * 60 + clock[1]) * 60 + clock[2]) * 1_000 + millis)
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Counts {
    input: u64,
    output: u64,
    cache_read: u64,
    cache_write_5m: u64,
    cache_write_1h: u64,
    reasoning: u64,
    web_searches: u64,
}

impl Counts {
    pub(crate) fn usage(&self) -> Usage {
        Usage {
            input: Tokens::new(self.input),
            output: Tokens::new(self.output),
            cache_read: Tokens::new(self.cache_read),
            cache_write_5m: Tokens::new(self.cache_write_5m),
            cache_write_1h: Tokens::new(self.cache_write_1h),
            reasoning: Tokens::new(self.reasoning),
            web_searches: self.web_searches,
        }
    }
}

pub(crate) fn terms(tier: Option<&str>, speed: Option<&str>, geo: Option<&str>) -> Terms {
    Terms {
        tier: tier.map_or(ServiceTier::Standard, |name| ServiceTier::from_name(name).expect("a tier")),
        speed: speed.map_or(Speed::Standard, |name| Speed::from_name(name).expect("a speed")),
        geo: geo.map_or(InferenceGeo::Global, |name| InferenceGeo::from_name(name).expect("a place")),
    }
}

pub(crate) const fn refusal(unpriced: Unpriced) -> &'static str {
    match unpriced {
        Unpriced::UnknownModel => "unknown-model",
        Unpriced::NoPriceThen => "no-price-then",
        Unpriced::NoRate => "no-rate",
        Unpriced::OutOfRange => "out-of-range",
    }
}
