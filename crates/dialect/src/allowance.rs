//! How much of a budget is left, told to Claude Code so that it warns in time.
//!
//! Claude Code (from 2.1.225 on) reads the headers `anthropic-ratelimit-unified-*`
//! of a response and warns its user at 75 and at 95 %. Names and values are those
//! of Anthropic's own gateway for its apps, as its documentation of spend limits and
//! public reimplementations of it have them. Upstream headers of the same
//! family speak of the pool that all developers share, and have to be taken out
//! where these are put in.

use domain::{NanoUsd, Timestamp};

/// All headers of the family begin so.
pub const RATE_LIMIT_PREFIX: &str = "anthropic-ratelimit-";

/// The hundredths at which Claude Code warns, the higher first.
const WARNED_AT: [(i128, &str); 2] = [(95, "0.95"), (75, "0.75")];

/// What is left of the budget that binds a developer first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// What is spent, reservations included.
    pub spent: NanoUsd,
    /// The ceiling.
    pub ceiling: NanoUsd,
    /// When it starts anew, if ever.
    pub resets_at: Option<Timestamp>,
}

impl Allowance {
    /// The headers of a response that was allowed. A refusal must not have them:
    /// Claude Code then shows words of its own in place of ours.
    #[must_use]
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let (spent, ceiling) = (i128::from(self.spent.nano()), i128::from(self.ceiling.nano()).max(1));
        // Amounts are 64 bits wide, so a hundredfold of them fits.
        let hundredfold = spent.max(0).saturating_mul(100);
        let is_above = |percent: i128| hundredfold > ceiling.saturating_mul(percent);
        let warned = WARNED_AT.into_iter().find(|(percent, _)| is_above(*percent));
        let status = if warned.is_some() { "allowed_warning" } else { "allowed" };
        let mut headers = vec![("anthropic-ratelimit-unified-status", status.to_owned())];
        if let Some(resets_at) = self.resets_at {
            let seconds = resets_at.millis().div_euclid(1_000).to_string();
            headers.push(("anthropic-ratelimit-unified-reset", seconds.clone()));
            headers.push(("anthropic-ratelimit-unified-overage-reset", seconds));
        }
        let used = hundredths(hundredfold.checked_div(ceiling).unwrap_or_default());
        headers.push(("anthropic-ratelimit-unified-overage-utilization", used));
        if let Some((_, threshold)) = warned {
            let name = "anthropic-ratelimit-unified-overage-surpassed-threshold";
            headers.push((name, threshold.to_owned()));
        }
        headers.push(("anthropic-ratelimit-unified-representative-claim", "overage".to_owned()));
        headers.push(("anthropic-ratelimit-unified-overage-status", status.to_owned()));
        headers
    }
}

/// Hundredths as a decimal without trailing zeros: `0.82`, `0.5`, `1`.
fn hundredths(count: i128) -> String {
    let (whole, part) = (count.div_euclid(100), count.rem_euclid(100));
    let text = format!("{whole}.{part:02}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Status, utilisation and threshold.
    fn check(spent: i64, ceiling: i64, expected: &str) {
        let resets_at = Some(Timestamp::from_millis(1_791_590_400_999));
        let allowance = Allowance { spent: NanoUsd::new(spent), ceiling: NanoUsd::new(ceiling), resets_at };
        let headers = allowance.headers();
        let value =
            |end: &str| headers.iter().find(|(name, _)| name.ends_with(end)).map(|(_, it)| it.as_str());
        assert_eq!(value("unified-reset"), Some("1791590400"));
        assert_eq!(value("claim"), Some("overage"));
        assert_eq!(value("overage-status"), value("unified-status"));
        assert!(headers.iter().all(|(name, _)| name.starts_with(RATE_LIMIT_PREFIX)));
        let told = [value("unified-status"), value("utilization"), value("threshold")];
        assert_eq!(told.map(|it| it.unwrap_or("-")).join(" "), expected, "{spent} of {ceiling}");
    }

    #[test]
    fn warns_above_75_and_95_percent() {
        check(0, 1_000, "allowed 0 -");
        check(500, 1_000, "allowed 0.5 -");
        check(750, 1_000, "allowed 0.75 -");
        check(751, 1_000, "allowed_warning 0.75 0.75");
        check(950, 1_000, "allowed_warning 0.95 0.75");
        check(951, 1_000, "allowed_warning 0.95 0.95");
        check(1_200, 1_000, "allowed_warning 1.2 0.95");
        check(i64::MAX, 1, "allowed_warning 9223372036854775807 0.95");
        check(5, 0, "allowed_warning 5 0.95");
        check(-5, 100, "allowed 0 -");
    }

    #[test]
    fn a_budget_without_an_end_has_no_reset() {
        let allowance = Allowance { spent: NanoUsd::ZERO, ceiling: NanoUsd::new(1), resets_at: None };
        assert!(allowance.headers().iter().all(|(name, _)| !name.ends_with("reset")));
    }
}
