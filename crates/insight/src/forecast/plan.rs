//! What will be different from the past: how many developers there will be, and what
//! prices will change. A forecast goes on from the past and cannot know of either.

use std::sync::Arc;

use domain::NanoUsd;
use jiff::civil::Date;

use super::estimate::number;
use crate::query::Pattern;

/// The most changes of one plan.
pub const MAX_CHANGES: usize = 64;
/// The most developers that a plan may name.
const MAX_DEVELOPERS: u32 = 1_000_000;
/// The most that a price may rise by, in tenths of a percent.
const MAX_RISE: i64 = 100_000;

/// What will be different.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// Developers of the organisation from a day on, in order of the days.
    pub headcount: Vec<Headcount>,
    /// How many it has now, where that is known better than from the book: who sees a part
    /// of the book alone plans for the organisation all the same.
    pub developers: Option<u64>,
    /// Prices that change, in order of the days.
    pub prices: Vec<PriceChange>,
}

/// So many developers from a day on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Headcount {
    /// The first day.
    pub from: Date,
    /// How many will use the tools.
    pub developers: u32,
}

/// Prices that are higher or lower from a day on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceChange {
    /// The first day.
    pub from: Date,
    /// The models; all of them where none is named.
    pub models: Option<Pattern>,
    /// By how much, in tenths of a percent.
    pub tenths: i64,
}

/// Why a plan makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Not of the shape.
    #[error("`headcount={0}` is not DATE:DEVELOPERS; write it as 2026-12-01:48")]
    NotAHeadcount(String),
    /// Not of the shape.
    #[error(
        "`price={0}` is not DATE:CHANGE or DATE:MODELS:CHANGE; write it as 2026-12-01:-20% or \
         2026-12-01:*opus*:+5%"
    )]
    NotAPriceChange(String),
    /// Too many.
    #[error("a plan has at most {MAX_CHANGES} changes")]
    TooMany,
}

/// By how much a day ahead differs from what the past alone says.
pub(super) type Factors = dyn Fn(Date) -> f64;

impl Plan {
    /// Of texts such as `2026-12-01:48` and `2026-12-01:*opus*:-20%`; several with commas between.
    ///
    /// # Errors
    /// [`PlanError`] names the first that makes no sense.
    pub fn parse(headcount: &[&str], prices: &[&str]) -> Result<Self, PlanError> {
        let parts = |of: &[&str]| -> Vec<String> {
            let all = of.iter().flat_map(|it| it.split(','));
            all.map(|it| it.trim().to_owned()).filter(|it| !it.is_empty()).collect()
        };
        let (headcount, prices) = (parts(headcount), parts(prices));
        if headcount.len().saturating_add(prices.len()) > MAX_CHANGES {
            return Err(PlanError::TooMany);
        }
        let people = headcount.into_iter().map(|it| people(&it).ok_or(PlanError::NotAHeadcount(it)));
        let prices = prices.into_iter().map(|it| price(&it).ok_or(PlanError::NotAPriceChange(it)));
        let mut plan = Self {
            headcount: people.collect::<Result<_, _>>()?,
            developers: None,
            prices: prices.collect::<Result<_, _>>()?,
        };
        plan.headcount.sort_by_key(|it| it.from);
        plan.prices.sort_by_key(|it| it.from);
        Ok(plan)
    }

    /// Whether nothing will be different.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.headcount.is_empty() && self.prices.is_empty()
    }

    /// What it makes of the days after today, where the organisation has so many developers now
    /// and the series spent so much on these models of late.
    pub(super) fn factors(
        &self,
        today: Date,
        developers: u64,
        models: &[(Arc<str>, NanoUsd)],
    ) -> Box<Factors> {
        let now = f64::from(u32::try_from(developers).unwrap_or(u32::MAX)).max(1.0);
        // What was to begin before today is in the past already.
        let people: Vec<(Date, f64)> = self
            .headcount
            .iter()
            .filter(|it| it.from >= today)
            .map(|it| (it.from, f64::from(it.developers) / now))
            .collect();
        let prices: Vec<(Date, f64)> =
            self.prices.iter().filter(|it| it.from >= today).map(|it| (it.from, it.factor(models))).collect();
        Box::new(move |day| {
            let begun = |it: &&(Date, f64)| it.0 <= day;
            let people = people.iter().rfind(begun).map_or(1.0, |it| it.1);
            prices.iter().filter(begun).fold(people, |product, it| product * it.1)
        })
    }
}

impl PriceChange {
    /// What it makes of the whole, by the share of the models that it is about.
    fn factor(&self, models: &[(Arc<str>, NanoUsd)]) -> f64 {
        let change = f64::from(i32::try_from(self.tenths).unwrap_or_default()) / 1_000.0;
        let is_meant = |it: &&(Arc<str>, NanoUsd)| self.models.as_ref().is_none_or(|of| of.matches(&it.0));
        let sum = |costs: &mut dyn Iterator<Item = &(Arc<str>, NanoUsd)>| -> f64 {
            costs.map(|it| number(it.1)).sum()
        };
        let (meant, whole) = (sum(&mut models.iter().filter(is_meant)), sum(&mut models.iter()));
        if whole > 0.0 { change.mul_add(meant / whole, 1.0) } else { 1.0 + change }
    }
}

fn people(text: &str) -> Option<Headcount> {
    let (day, count) = text.split_once(':')?;
    let developers: u32 = count.trim().parse().ok()?;
    let from = day.trim().parse().ok()?;
    (developers <= MAX_DEVELOPERS).then_some(Headcount { from, developers })
}

fn price(text: &str) -> Option<PriceChange> {
    let (day, rest) = text.split_once(':')?;
    let (models, change) = match rest.rsplit_once(':') {
        Some((models, change)) => (Some(Pattern::parse(models.trim())?), change),
        None => (None, rest),
    };
    Some(PriceChange { from: day.trim().parse().ok()?, models, tenths: tenths_of_percent(change.trim())? })
}

/// `-20%` and `+2.5%` as tenths of a percent; nothing can become cheaper than free.
fn tenths_of_percent(text: &str) -> Option<i64> {
    let digits = text.strip_suffix('%').unwrap_or(text);
    let (is_lower, digits) = match digits.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, digits.strip_prefix('+').unwrap_or(digits)),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let plain = |it: &str| !it.is_empty() && it.len() < 8 && it.bytes().all(|it| it.is_ascii_digit());
    if !plain(whole) || !plain(part) || part.len() > 1 {
        return None;
    }
    let size = whole.parse::<i64>().ok()?.checked_mul(10)?.checked_add(part.parse().ok()?)?;
    let tenths = if is_lower { size.checked_neg()? } else { size };
    (-1_000..=MAX_RISE).contains(&tenths).then_some(tenths)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().expect("a day")
    }

    #[test]
    fn plans_are_read_and_nonsense_is_named() {
        let check = |headcount: &[&str], prices: &[&str], expected: &str| {
            let text = match Plan::parse(headcount, prices) {
                Ok(it) => {
                    let people = it.headcount.iter().map(|it| format!("{} {}", it.from, it.developers));
                    let prices = it.prices.iter().map(|it| {
                        let models = it.models.as_ref().map_or_else(|| "all".to_owned(), Pattern::to_text);
                        format!("{} {models} {}", it.from, it.tenths)
                    });
                    people.chain(prices).collect::<Vec<_>>().join("; ")
                }
                Err(error) => error.to_string(),
            };
            assert_eq!(text, expected, "{headcount:?} {prices:?}");
        };
        check(&["2027-01-01:52,2026-12-01:48"], &[], "2026-12-01 48; 2027-01-01 52");
        check(
            &[],
            &["2026-12-01:-20%", "2026-11-30:*opus*:+2.5"],
            "2026-11-30 *opus* 25; 2026-12-01 all -200",
        );
        check(&["48"], &[], &PlanError::NotAHeadcount("48".to_owned()).to_string());
        for text in ["2026-12-01:-101%", "2026-12-01:x", "20%", "2026-12-01::5%", "2026-12-01:1.25%"] {
            check(&[], &[text], &PlanError::NotAPriceChange(text.to_owned()).to_string());
        }
        check(&["2026-12-01:1"; 65], &[], &PlanError::TooMany.to_string());
    }

    #[test]
    fn people_and_prices_change_the_days_from_theirs_on() {
        let models = [("opus".into(), NanoUsd::new(75)), ("haiku".into(), NanoUsd::new(25))];
        let plan = Plan::parse(&["2026-12-10:50", "2026-11-01:1"], &["2026-12-05:opus:-20%,2026-12-20:100%"]);
        let factors = plan.expect("a plan").factors(day("2026-11-22"), 40, &models);
        for (at, expected) in [
            ("2026-11-22", 1.0),
            ("2026-12-05", 0.85),
            ("2026-12-10", 0.85 * 1.25),
            ("2026-12-20", 0.85 * 1.25 * 2.0),
        ] {
            assert!((factors(day(at)) - expected).abs() < 1e-9, "{at}");
        }
    }
}
