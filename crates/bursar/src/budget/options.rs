//! What the commands about budgets take alike.

use clap::{Args, ValueEnum};
use domain::{NanoUsd, PicoUsd, Scope};
use serde_json::{Value, json};

use crate::listing::text;
use crate::output::OutputOption;
use crate::server_option::ServerAddress;

/// How scopes are written, for every help text.
pub(super) const SCOPE_HELP: &str =
    "org, team/NAME, developer/E-MAIL, repo/ID, client/NAME, session/ID, model/NAME ...; * for each";

/// How long a budget lasts before it begins anew.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Period {
    Day,
    Week,
    Month,
    Quarter,
    /// For ever
    None,
}

impl Period {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::None => "none",
        }
    }
}

/// How to print, and which server.
#[derive(Debug, Args)]
pub(super) struct Common {
    #[command(flatten)]
    pub(super) output: OutputOption,
    #[command(flatten)]
    pub(super) server: ServerAddress,
}

/// A scope of the command line.
pub(super) fn scope(text: &str) -> Result<Scope, String> {
    text.parse().map_err(|error: domain::NotAScope| error.to_string())
}

/// An amount of the command line, as the server reads it: USD, with or without the sign.
pub(super) fn amount(text: &str) -> Result<String, String> {
    let plain = text.trim().trim_start_matches('$').replace('_', "");
    let exact: PicoUsd = plain.parse().map_err(|_| no_amount(text))?;
    if exact.pico() < 0 { Err(no_amount(text)) } else { Ok(plain) }
}

fn no_amount(text: &str) -> String {
    format!("`{text}` is no amount in USD: write 250, or 0.50")
}

/// A threshold: `80=notify`, `90=downgrade:*opus*=claude-haiku-4-5`, `forecast=notify`.
pub(super) fn threshold(text: &str) -> Result<Value, String> {
    let no = || {
        format!(
            "`{text}` is no threshold: write PERCENT=ACTION or forecast=ACTION, with one of notify, clamp, refuse, \
             allow-overrun, downgrade:FROM=TO"
        )
    };
    let (at, action) = text.split_once('=').ok_or_else(no)?;
    let at = at.trim().trim_end_matches('%');
    if at != "forecast" && at.parse::<u16>().is_err() {
        return Err(no());
    }
    if let Some(map) = action.strip_prefix("downgrade:") {
        let line =
            |it: &str| it.split_once('=').map(|(from, to)| json!({ "from": from.trim(), "to": to.trim() }));
        let models: Option<Vec<Value>> = map.split(',').map(line).collect();
        return Ok(json!({ "at": at, "action": "downgrade", "models": models.ok_or_else(no)? }));
    }
    let action = action.trim().replace('-', "_");
    match action.as_str() {
        "notify" | "clamp" | "refuse" | "allow_overrun" => Ok(json!({ "at": at, "action": action })),
        _ => Err(no()),
    }
}

/// The budget that an answer is about: `org a month`.
pub(super) fn named(value: &Value) -> String {
    let (scope, period) = (text(value, "scope"), text(value, "period"));
    if period == Period::None.name() { scope } else { format!("{scope} a {period}") }
}

/// An amount of an answer.
pub(super) fn nano(value: &Value, name: &str) -> Option<NanoUsd> {
    value.get(name)?.as_str()?.parse().ok().map(NanoUsd::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_people_write_them() {
        for (text, expected) in [
            ("250", "250"),
            ("$0.50", "0.50"),
            ("20_000", "20000"),
            ("-1", "`-1` is no amount in USD: write 250, or 0.50"),
            ("ten", "`ten` is no amount in USD: write 250, or 0.50"),
        ] {
            assert_eq!(amount(text).unwrap_or_else(|it| it), expected);
        }
    }

    #[test]
    fn thresholds_are_read() {
        let check = |text: &str, expected: &str| {
            assert_eq!(threshold(text).map_or_else(|it| it, |it| it.to_string()), expected);
        };
        check("80=notify", r#"{"action":"notify","at":"80"}"#);
        check("100%=allow-overrun", r#"{"action":"allow_overrun","at":"100"}"#);
        check(
            "forecast=downgrade:*opus*=sonnet,gpt-5=gpt-5-mini",
            r#"{"action":"downgrade","at":"forecast","models":[{"from":"*opus*","to":"sonnet"},{"from":"gpt-5","to":"gpt-5-mini"}]}"#,
        );
        let no = |text: &str| {
            format!(
                "`{text}` is no threshold: write PERCENT=ACTION or forecast=ACTION, with one of notify, clamp, refuse, allow-overrun, downgrade:FROM=TO"
            )
        };
        for text in ["80", "much=notify", "80=shout", "80=downgrade:opus"] {
            check(text, &no(text));
        }
    }
}
