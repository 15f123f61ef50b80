//! `bursar kill` and `unkill`, `bursar budget freeze` and `unfreeze`.

use anyhow::Result;
use clap::Args;
use domain::Scope;
use insight::{dollars, printable};
use serde_json::{Value, json};

use super::options::{Common, SCOPE_HELP, nano, scope};
use crate::client::{Ask, encoded};
use crate::environment::Environment;
use crate::listing::{Listing, text};
use crate::output::Told;

/// The contract of something that is stopped.
const STOP: &str = "bursar.stop/1";

/// What is to be stopped, or let go on.
#[derive(Debug, Args)]
struct Halt {
    #[arg(value_name = "SCOPE", value_parser = scope, help = SCOPE_HELP)]
    scope: Scope,
    /// Why: it is shown to whoever is stopped
    #[arg(long, default_value = "", hide_default_value = true)]
    reason: String,
    /// Only say what it would hit, or let go on
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    common: Common,
}

/// Stops a scope at once: running calls are cut off, and nothing new is granted
#[derive(Debug, Args)]
#[command(after_help = "It is in force on every gateway within a second.

Examples:
  bursar kill session/5a69ca08-7c11 --reason 'it runs in circles'
  bursar kill model/claude-opus-5-5 --reason 'an incident'
  bursar kill team/web --dry-run
  bursar kill org --reason 'a leaked token'")]
pub(crate) struct KillArgs {
    #[command(flatten)]
    halt: Halt,
}

/// Lets a scope that was killed go on
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bursar unkill session/5a69ca08-7c11 --reason 'mended'")]
pub(crate) struct UnkillArgs {
    #[command(flatten)]
    halt: Halt,
}

/// Grants and moves nothing new of a scope; calls that run may end
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bursar budget freeze team/web --reason 'the books are being closed'")]
pub(super) struct FreezeArgs {
    #[command(flatten)]
    halt: Halt,
}

/// Lets a scope that was frozen go on
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bursar budget unfreeze team/web")]
pub(super) struct UnfreezeArgs {
    #[command(flatten)]
    halt: Halt,
}

pub(crate) fn kill(args: &KillArgs, environment: &Environment) -> Result<String> {
    args.halt.stop("/api/v1/kills", environment)
}

pub(crate) fn unkill(args: &UnkillArgs, environment: &Environment) -> Result<String> {
    args.halt.lift("/api/v1/kills", environment)
}

pub(super) fn freeze(args: &FreezeArgs, environment: &Environment) -> Result<String> {
    args.halt.stop("/api/v1/freezes", environment)
}

pub(super) fn unfreeze(args: &UnfreezeArgs, environment: &Environment) -> Result<String> {
    args.halt.lift("/api/v1/freezes", environment)
}

impl Halt {
    fn stop(&self, path: &str, environment: &Environment) -> Result<String> {
        let body = json!({ "scope": self.scope.to_string(), "reason": self.reason });
        let body = Some(("application/json", body.to_string()));
        let pairs = [("dry_run", self.dry_run.to_string())];
        self.ask(&Ask { method: "POST", path, pairs: &pairs, body }, environment)
    }

    fn lift(&self, path: &str, environment: &Environment) -> Result<String> {
        let path = format!("{path}/{}", encoded(&self.scope.to_string()));
        let pairs = [("reason", self.reason.clone()), ("dry_run", self.dry_run.to_string())];
        self.ask(&Ask { method: "DELETE", path: &path, pairs: &pairs, body: None }, environment)
    }

    fn ask(&self, ask: &Ask<'_>, environment: &Environment) -> Result<String> {
        let stopped = self.common.server.client(environment)?.json(ask)?;
        let mut rows = Listing::new(&["scope", "stop", "at", "by", "reason"]);
        let mut said: Vec<String> = Vec::new();
        for name in ["killed", "frozen"] {
            let Some(stop) = stopped.get(name).filter(|it| it.is_object()) else { continue };
            let [at, by, reason] = ["at", "by", "reason"].map(|it| text(stop, it));
            said.push(format!("{name} by {by}: {reason}"));
            rows.row(vec![text(&stopped, "scope"), name.to_owned(), at, by, reason]);
        }
        let how = match (self.dry_run, said.is_empty()) {
            (false, true) => "is not stopped".to_owned(),
            (false, false) => format!("is {}", said.join("; ")),
            (true, true) => "would go on".to_owned(),
            (true, false) => format!("would be {}", said.join("; ")),
        };
        let reach = stopped.get("reach").filter(|it| it.is_object());
        let mut text = printable(&format!("{} {how}.", text(&stopped, "scope"))) + "\n";
        for line in reach.iter().flat_map(|it| reached(it)) {
            text.push_str(&(printable(&line) + "\n"));
        }
        if self.dry_run {
            text.push_str("Nothing was changed (--dry-run).\n");
        }
        Told::<Value> { schema: STOP, text, rows, body: stopped }.print(self.common.output.format)
    }
}

/// What a stop would hit, or let go on, in lines.
fn reached(reach: &Value) -> Vec<String> {
    let is = |name: &str| reach[name] == true;
    let mut lines = Vec::new();
    if let Some(stop) = reach.get("lifts").filter(|it| it.is_object()) {
        let [at, by, reason] = ["at", "by", "reason"].map(|it| text(stop, it));
        lines.push(format!("It would lift what {by} stopped at {at}: {reason}"));
    }
    lines.extend(match (is("refuses_new_calls"), is("cuts_running_calls")) {
        (true, true) => Some("New calls would be refused, and those that run cut off.".to_owned()),
        (true, false) => Some("New calls would be refused; those that run may end.".to_owned()),
        (false, _) => None,
    });
    if let Some(held) = reach.get("held").filter(|it| it.is_object()) {
        let sum = |name: &str| nano(held, name).map_or_else(|| "-".to_owned(), dollars);
        lines.push(format!(
            "Held for calls that run: {}; lent to gateways: {}.",
            sum("reserved_nano_usd"),
            sum("leased_nano_usd")
        ));
    }
    let Some(hour) = reach.get("last_hour").filter(|it| it.is_object()) else { return lines };
    let sessions: &[Value] = hour["sessions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let more = hour["sessions_left_out"].as_u64().unwrap_or_default();
    let cost = nano(hour, "cost_nano_usd").map_or_else(|| "-".to_owned(), dollars);
    let count = u64::try_from(sessions.len()).unwrap_or_default().saturating_add(more);
    let counted = |count: u64, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let of = |name: &str| hour[name].as_u64().unwrap_or_default();
    lines.push(format!(
        "In the last hour: {} of {} in {}, {cost}{}",
        counted(of("calls"), "call"),
        counted(of("developers"), "developer"),
        counted(count, "session"),
        if sessions.is_empty() { "." } else { ":" },
    ));
    for one in sessions {
        let cost = nano(one, "today_nano_usd").map_or_else(|| "-".to_owned(), dollars);
        let who = one["developer"].as_str().unwrap_or("nobody known");
        let (session, at) = (text(one, "session"), text(one, "last_call_at"));
        lines.push(format!("  {session}  {who}  {cost} today, last call {at}"));
    }
    if more > 0 {
        lines.push(format!("  and {more} more"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_stop_hits_is_told_in_words() {
        let reach = json!({
            "refuses_new_calls": true, "cuts_running_calls": true, "lifts": null,
            "held": {"reserved_nano_usd": "1200000000", "leased_nano_usd": "4000000000"},
            "last_hour": {
                "calls": 12, "cost_nano_usd": "3400000000", "developers": 1, "sessions_left_out": 3,
                "sessions": [
                    {
                        "session": "5a69ca08", "developer": "ada@example.com",
                        "last_call_at": "2026-11-22T11:41:00Z", "today_nano_usd": "9100000000",
                    },
                    {"session": "7b", "developer": null, "last_call_at": "2026-11-22T11:40:00Z", "today_nano_usd": "0"},
                ],
            },
        });
        let expected = [
            "New calls would be refused, and those that run cut off.",
            "Held for calls that run: $1.20; lent to gateways: $4.00.",
            "In the last hour: 12 calls of 1 developer in 5 sessions, $3.40:",
            "  5a69ca08  ada@example.com  $9.10 today, last call 2026-11-22T11:41:00Z",
            "  7b  nobody known  $0.00 today, last call 2026-11-22T11:40:00Z",
            "  and 3 more",
        ];
        assert_eq!(reached(&reach), expected);
        let lifted = json!({
            "refuses_new_calls": false, "cuts_running_calls": false, "held": null, "last_hour": null,
            "lifts": {"by": "ada@example.com", "at": "2026-11-22T11:41:00Z", "reason": "in circles"},
        });
        assert_eq!(
            reached(&lifted),
            ["It would lift what ada@example.com stopped at 2026-11-22T11:41:00Z: in circles"]
        );
    }
}
