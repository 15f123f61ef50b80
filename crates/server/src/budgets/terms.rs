//! What is agreed of a budget, on the wire.

use domain::{ModelName, NanoUsd};
use ledger::{
    Action, Ceiling, Downgrade, Mark, Overcommit, Pace, Rollover, Terms, Threshold, WhenUnreachable,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::amount::given;
use crate::failure::Failure;

const FORECAST: &str = "forecast";

/// What is agreed of a budget.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct WireTerms {
    /// What there is to spend in each period.
    amount_nano_usd: String,
    amount_usd: String,
    /// hard or soft
    ceiling: &'static str,
    /// What becomes of money that is left when a period ends: none, one_period or up_to
    rollover: &'static str,
    /// At most so much is carried, where the roll-over is `up_to`.
    rollover_nano_usd: Option<String>,
    rollover_usd: Option<String>,
    /// free or working_days
    pace: &'static str,
    /// Whether the budgets below may be promised more than there is: allow or refuse
    overcommit: &'static str,
    thresholds: Vec<WireThreshold>,
    /// Whom to ask for more.
    owner: Option<String>,
    /// What becomes of calls while no ledger can be asked: refuse or allow
    unreachable: &'static str,
}

/// Where something happens on the way to the ceiling, and what.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WireThreshold {
    /// So many per cent of the allocation, or `forecast`.
    at: String,
    /// notify, downgrade, clamp, refuse or allow_overrun
    action: String,
    /// Of a downgrade: which model is used in place of which; `*` stands for anything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    models: Vec<WireDowngrade>,
}

/// One line of a map of models.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WireDowngrade {
    from: String,
    to: String,
}

/// What shall be agreed. What is missing has its default.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
pub(crate) struct WantedTerms {
    pub(crate) amount_usd: Option<String>,
    pub(crate) amount_nano_usd: Option<String>,
    /// hard (the default) or soft
    ceiling: Option<String>,
    /// none (the default), one_period or up_to
    rollover: Option<String>,
    rollover_usd: Option<String>,
    rollover_nano_usd: Option<String>,
    /// free (the default) or working_days
    pace: Option<String>,
    /// allow (the default) or refuse
    overcommit: Option<String>,
    #[serde(default)]
    thresholds: Vec<WireThreshold>,
    /// Whom to ask for more.
    owner: Option<String>,
    /// refuse (the default of hard budgets) or allow (of soft ones)
    unreachable: Option<String>,
}

const fn ceiling_name(ceiling: Ceiling) -> &'static str {
    match ceiling {
        Ceiling::Hard => "hard",
        Ceiling::Soft => "soft",
    }
}

impl WireTerms {
    pub(crate) fn of(terms: &Terms) -> Self {
        let (rollover, most) = match terms.rollover {
            Rollover::None => ("none", None),
            Rollover::OnePeriod => ("one_period", None),
            Rollover::UpTo(most) => ("up_to", Some(most)),
        };
        Self {
            amount_nano_usd: terms.amount.nano().to_string(),
            amount_usd: terms.amount.to_string(),
            ceiling: ceiling_name(terms.ceiling),
            rollover,
            rollover_nano_usd: most.map(|it| it.nano().to_string()),
            rollover_usd: most.map(|it| it.to_string()),
            pace: match terms.pace {
                Pace::Free => "free",
                Pace::WorkingDays => "working_days",
            },
            overcommit: match terms.overcommit {
                Overcommit::Allow => "allow",
                Overcommit::Refuse => "refuse",
            },
            thresholds: terms.thresholds.iter().map(WireThreshold::of).collect(),
            owner: terms.owner.clone(),
            unreachable: terms.unreachable.name(),
        }
    }
}

/// How a mark is written.
pub(crate) fn mark_text(mark: Mark) -> String {
    match mark {
        Mark::Percent(percent) => percent.to_string(),
        Mark::Forecast => FORECAST.to_owned(),
    }
}

impl WireThreshold {
    fn of(it: &Threshold) -> Self {
        let models = match &it.action {
            Action::Downgrade(map) => {
                let line = |it: &Downgrade| WireDowngrade { from: it.from.clone(), to: it.to.to_string() };
                map.iter().map(line).collect()
            }
            Action::Notify | Action::Clamp | Action::Refuse | Action::AllowOverrun => Vec::new(),
        };
        Self { at: mark_text(it.mark), action: it.action.name().to_owned(), models }
    }

    fn threshold(&self) -> Result<Threshold, Failure> {
        let mark = match self.at.trim_end_matches('%') {
            FORECAST => Mark::Forecast,
            percent => Mark::Percent(percent.parse().map_err(|_| {
                Failure::Body(format!(
                    "a threshold is at a number of per cent or at `{FORECAST}`, not at `{}`",
                    self.at
                ))
            })?),
        };
        let action = match self.action.as_str() {
            "notify" => Action::Notify,
            "clamp" => Action::Clamp,
            "refuse" => Action::Refuse,
            "allow_overrun" => Action::AllowOverrun,
            "downgrade" if self.models.is_empty() => {
                return Err(Failure::Body("a downgrade needs `models`: from which to which".to_owned()));
            }
            "downgrade" => {
                let line =
                    |it: &WireDowngrade| Downgrade { from: it.from.clone(), to: ModelName::new(&it.to) };
                Action::Downgrade(self.models.iter().map(line).collect())
            }
            other => return Err(no("action", other, "notify, downgrade, clamp, refuse or allow_overrun")),
        };
        Ok(Threshold { mark, action })
    }
}

fn no(field: &str, given: &str, known: &str) -> Failure {
    Failure::Body(format!("`{field}` is {known}, and not `{given}`"))
}

impl WantedTerms {
    pub(crate) fn terms(&self) -> Result<Terms, Failure> {
        let amount = given("amount", self.amount_usd.as_deref(), self.amount_nano_usd.as_deref())?;
        let mut terms = match self.ceiling.as_deref() {
            None | Some("hard") => Terms::hard(amount),
            Some("soft") => Terms::soft(amount),
            Some(other) => return Err(no("ceiling", other, "hard or soft")),
        };
        terms.rollover = match self.rollover.as_deref() {
            None | Some("none") => Rollover::None,
            Some("one_period") => Rollover::OnePeriod,
            Some("up_to") => Rollover::UpTo(self.rolled_over()?),
            Some(other) => return Err(no("rollover", other, "none, one_period or up_to")),
        };
        terms.pace = match self.pace.as_deref() {
            None | Some("free") => Pace::Free,
            Some("working_days") => Pace::WorkingDays,
            Some(other) => return Err(no("pace", other, "free or working_days")),
        };
        terms.overcommit = match self.overcommit.as_deref() {
            None | Some("allow") => Overcommit::Allow,
            Some("refuse") => Overcommit::Refuse,
            Some(other) => return Err(no("overcommit", other, "allow or refuse")),
        };
        match self.unreachable.as_deref() {
            None => {}
            Some("refuse") => terms.unreachable = WhenUnreachable::Refuse,
            Some("allow") => terms.unreachable = WhenUnreachable::Allow,
            Some(other) => return Err(no("unreachable", other, "refuse or allow")),
        }
        terms.thresholds = self.thresholds.iter().map(WireThreshold::threshold).collect::<Result<_, _>>()?;
        terms.owner = self.owner.as_deref().map(str::trim).filter(|it| !it.is_empty()).map(str::to_owned);
        Ok(terms)
    }

    fn rolled_over(&self) -> Result<NanoUsd, Failure> {
        given("rollover", self.rollover_usd.as_deref(), self.rollover_nano_usd.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Terms as they are read, written again; or why they are none.
    fn check(body: &str) -> String {
        let wanted: WantedTerms = serde_json::from_str(body).expect(body);
        match wanted.terms() {
            Ok(terms) => serde_json::to_string(&WireTerms::of(&terms)).expect("json"),
            Err(failure) => failure.to_string(),
        }
    }

    #[test]
    fn terms_are_read_and_written_alike() {
        insta::assert_snapshot!(check(r#"{"amount_usd": "250"}"#));
        insta::assert_snapshot!(check(
            r#"{"amount_nano_usd": "5", "ceiling": "soft", "rollover": "up_to", "rollover_usd": "10",
                "pace": "working_days", "overcommit": "refuse", "unreachable": "refuse", "owner": " ada ",
                "thresholds": [{"at": "80%", "action": "downgrade", "models": [{"from": "*opus*", "to": "s"}]},
                               {"at": "forecast", "action": "notify"}]}"#
        ));
    }

    #[test]
    fn what_is_none_of_the_terms_says_what_is() {
        let said = [
            r#"{"amount_usd": "1", "ceiling": "firm"}"#,
            r#"{"amount_usd": "1", "rollover": "up_to"}"#,
            r#"{"amount_usd": "1", "thresholds": [{"at": "much", "action": "notify"}]}"#,
            r#"{"amount_usd": "1", "thresholds": [{"at": "80", "action": "downgrade"}]}"#,
            r#"{"amount_usd": "1", "thresholds": [{"at": "80", "action": "shout"}]}"#,
        ]
        .map(check);
        insta::assert_snapshot!(said.join("\n"));
    }
}
