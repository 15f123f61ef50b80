//! Amounts on the wire: exact, in USD or in nano-USD, always as text.

use domain::{NanoUsd, PicoUsd};
use insight::PerMille;

use crate::failure::Failure;

/// Nano-USD in a cent.
const NANO_PER_CENT: i64 = 10_000_000;
/// A cent read as a dollar has so many pico-USD for each of its nano-USD.
const PICO_OF_CENTS_PER_NANO: i128 = 100_000;

/// The amount of a body, which gives it in one of two units.
pub(crate) fn given(name: &str, usd: Option<&str>, nano: Option<&str>) -> Result<NanoUsd, Failure> {
    match (usd, nano) {
        (Some(usd), None) => dollars(usd).map_err(|why| Failure::Body(format!("`{name}_usd`: {why}"))),
        (None, Some(nano)) => {
            let read = nano.parse().map(NanoUsd::new);
            read.map_err(|_| Failure::Body(format!("`{name}_nano_usd` must be a whole number as text")))
        }
        (None, None) => Err(Failure::Body(format!("`{name}_usd` is missing: an amount such as \"250.00\""))),
        (Some(_), Some(_)) => {
            Err(Failure::Body(format!("give `{name}_usd` or `{name}_nano_usd`, and not both")))
        }
    }
}

/// An amount in USD, exactly; what is finer than a nano-dollar is refused.
pub(crate) fn dollars(text: &str) -> Result<NanoUsd, String> {
    let exact: PicoUsd =
        text.trim().parse().map_err(|error: domain::money::NotAnAmount| error.to_string())?;
    let nano = exact.round_half_even().map_err(|_| format!("`{text}` is more than can be kept"))?;
    let is_exact = exact.pico().checked_rem(domain::money::PICO_PER_NANO) == Some(0);
    if is_exact { Ok(nano) } else { Err(format!("`{text}` is finer than a nano-dollar")) }
}

/// Whole and broken cents, as spend limits are written: `50000`, `31402.5`.
pub(crate) fn cents(amount: NanoUsd) -> String {
    let sign = if amount.nano() < 0 { "-" } else { "" };
    let nano = amount.nano().unsigned_abs();
    let per_cent = NANO_PER_CENT.unsigned_abs();
    let whole = nano.checked_div(per_cent).unwrap_or_default();
    let rest = format!("{:07}", nano.checked_rem(per_cent).unwrap_or_default());
    let rest = rest.trim_end_matches('0');
    if rest.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest}") }
}

/// An amount of cents, as spend limits are set.
pub(crate) fn of_cents(text: &str) -> Option<NanoUsd> {
    let cents: PicoUsd = text.trim().parse().ok()?;
    let nano = cents.pico().checked_div(PICO_OF_CENTS_PER_NANO)?;
    i64::try_from(nano).ok().map(NanoUsd::new)
}

/// How much of the whole a part is, in per cent with one decimal; none of nothing, or of less.
pub(crate) fn percent(part: NanoUsd, whole: NanoUsd) -> Option<String> {
    let share = PerMille::of_money(part.max(NanoUsd::ZERO), whole);
    share.filter(|_| whole > NanoUsd::ZERO).map(PerMille::to_decimal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(usd: Option<&str>, nano: Option<&str>, expected: &str) {
        let read = given("amount", usd, nano);
        assert_eq!(read.map_or_else(|it| it.to_string(), |it| it.nano().to_string()), expected);
    }

    #[test]
    fn amounts_are_exact_or_refused() {
        check(Some("250"), None, "250000000000");
        check(Some("0.000000001"), None, "1");
        check(None, Some("17"), "17");
        let body = |why: &str| format!("the body cannot be read: {why}");
        check(Some("0.0000000001"), None, &body("`amount_usd`: `0.0000000001` is finer than a nano-dollar"));
        let no_amount = "`amount_usd`: `ten` is not a decimal amount in USD with at most 12 decimals";
        check(Some("ten"), None, &body(no_amount));
        check(None, Some("1.5"), &body("`amount_nano_usd` must be a whole number as text"));
        check(None, None, &body("`amount_usd` is missing: an amount such as \"250.00\""));
        check(Some("1"), Some("1"), &body("give `amount_usd` or `amount_nano_usd`, and not both"));
    }

    #[test]
    fn cents_are_written_as_spend_limits_have_them() {
        for (nano, text) in
            [(500_000_000_000, "50000"), (314_025_000_000, "31402.5"), (0, "0"), (1, "0.0000001")]
        {
            assert_eq!(cents(NanoUsd::new(nano)), text);
            assert_eq!(of_cents(text), Some(NanoUsd::new(nano)));
        }
        assert_eq!(of_cents("much"), None);
    }

    #[test]
    fn a_part_is_so_many_per_cent() {
        let nano = NanoUsd::new;
        assert_eq!(percent(nano(413), nano(1_000)).as_deref(), Some("41.3"));
        assert_eq!(percent(nano(41_350), nano(100_000)).as_deref(), Some("41.4"));
        assert_eq!(percent(nano(-5), nano(1_000)).as_deref(), Some("0.0"));
        for whole in [0, -1_000] {
            assert_eq!(percent(nano(5), nano(whole)), None);
        }
    }
}
