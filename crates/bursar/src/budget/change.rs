//! `bursar budget set`, `allocate`, `remove` and `transfer`.

use anyhow::Result;
use clap::{Args, ValueEnum};
use domain::Scope;
use insight::dollars;
use serde_json::{Value, json};

use super::options::{Common, Period, SCOPE_HELP, amount, named, nano, scope, threshold};
use super::tree::rows;
use crate::client::{Ask, encoded};
use crate::environment::Environment;
use crate::listing::{all, text};
use crate::output::Told;

/// The contract of what was changed.
const CHANGE: &str = "bursar.budget_change/1";

/// Agrees on a budget, or agrees anew: what is left out has its default
#[derive(Debug, Args)]
#[command(after_help = "A budget that is new counts what was spent in the period so far.

Examples:
  bursar budget set org --amount 20000 --period month --soft --threshold 80=notify
  bursar budget set team/web --amount 5000 --period month --parent org --owner ada@example.com
  bursar budget set 'developer/*' --amount 50 --period day --threshold '80=downgrade:*opus*=claude-haiku-4-5'
  bursar budget set team/web --amount 6000 --period month --parent org --dry-run")]
pub(super) struct SetArgs {
    #[arg(value_name = "SCOPE", value_parser = scope, help = SCOPE_HELP)]
    scope: Scope,
    /// What there is to spend in each period
    #[arg(long, value_name = "USD", value_parser = amount, allow_hyphen_values = true)]
    amount: String,
    /// After which it begins anew
    #[arg(long, value_enum)]
    period: Period,
    /// Spending stops there; so it is unless --soft
    #[arg(long, conflicts_with = "soft")]
    hard: bool,
    /// Spending is told of, and goes on
    #[arg(long)]
    soft: bool,
    /// The scope above it in the tree, whose budget has the same period
    #[arg(long, value_name = "SCOPE", value_parser = scope)]
    parent: Option<Scope>,
    #[command(flatten)]
    more: MoreTerms,
    #[command(flatten)]
    deed: Deed,
}

/// What else may be agreed.
#[derive(Debug, Args)]
struct MoreTerms {
    /// Whom to ask for more
    #[arg(long, value_name = "WHOM")]
    owner: Option<String>,
    /// What happens on the way: 80=notify, 90=clamp, 95=refuse, 80=downgrade:FROM=TO, forecast=notify
    #[arg(long, value_name = "AT=ACTION", value_parser = threshold)]
    threshold: Vec<Value>,
    /// What is left at the end of a period: none, one-period, or at most so many USD [default: none]
    #[arg(long, value_name = "WHAT", value_parser = rollover)]
    rollover: Option<Rollover>,
    /// Spread over the working days of the period
    #[arg(long, value_enum)]
    pace: Option<Pace>,
    /// What becomes of calls while no ledger can be asked [default: refuse, of soft ones allow]
    #[arg(long, value_enum)]
    on_outage: Option<Leave>,
    /// Whether the budgets below may be promised more than there is [default: allow]
    #[arg(long, value_enum)]
    overcommit: Option<Leave>,
}

#[derive(Debug, Clone)]
enum Rollover {
    Named(&'static str),
    UpTo(String),
}

fn rollover(text: &str) -> Result<Rollover, String> {
    match text {
        "none" => Ok(Rollover::Named("none")),
        "one-period" => Ok(Rollover::Named("one_period")),
        other => amount(other).map(Rollover::UpTo),
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Pace {
    Free,
    WorkingDays,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Leave {
    Refuse,
    Allow,
}

impl Leave {
    const fn name(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Allow => "allow",
        }
    }
}

/// What every change takes.
#[derive(Debug, Args)]
struct Deed {
    /// Why, for the audit log
    #[arg(long, default_value = "", hide_default_value = true)]
    reason: String,
    /// Only say what would change
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    common: Common,
}

/// Changes the amount of a budget, from this period on, and nothing else of it
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bursar budget allocate team/web --amount 6000 --period month --reason 'two people more'")]
pub(super) struct AllocateArgs {
    #[arg(value_name = "SCOPE", value_parser = scope, help = SCOPE_HELP)]
    scope: Scope,
    /// What there is to spend in each period
    #[arg(long, value_name = "USD", value_parser = amount, allow_hyphen_values = true)]
    amount: String,
    /// Which of its budgets
    #[arg(long, value_enum)]
    period: Period,
    #[command(flatten)]
    deed: Deed,
}

/// Ends a budget; what was spent stays known
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bursar budget remove team/web --period month --dry-run")]
pub(super) struct RemoveArgs {
    #[arg(value_name = "SCOPE", value_parser = scope, help = SCOPE_HELP)]
    scope: Scope,
    /// Which of its budgets
    #[arg(long, value_enum)]
    period: Period,
    #[command(flatten)]
    deed: Deed,
}

/// Moves what is left of this period from one budget to another, at once
#[derive(Debug, Args)]
#[command(after_help = "Down from what a parent has not promised, up, or between peers. The next period
begins with the amounts that were agreed.

Examples:
  bursar budget transfer team/core team/web --amount 200 --period month --reason 'the release'
  bursar budget transfer org team/web --amount 500 --period month --reason 'the release' --dry-run")]
pub(super) struct TransferArgs {
    /// Where it is taken from
    #[arg(value_parser = scope)]
    from: Scope,
    /// Where it goes
    #[arg(value_parser = scope)]
    to: Scope,
    /// How much
    #[arg(long, value_name = "USD", value_parser = amount, allow_hyphen_values = true)]
    amount: String,
    /// Between budgets of which period
    #[arg(long, value_enum)]
    period: Period,
    #[command(flatten)]
    deed: Deed,
}

impl Deed {
    /// Asks for it, and tells what it came to.
    fn ask(
        &self,
        method: &'static str,
        path: &str,
        mut body: Value,
        environment: &Environment,
    ) -> Result<String> {
        if let Some(fields) = body.as_object_mut() {
            fields.insert("reason".to_owned(), json!(self.reason));
        }
        let pairs = [("dry_run", self.dry_run.to_string())];
        let body = Some(("application/json", body.to_string()));
        self.send(&Ask { method, path, pairs: &pairs, body }, environment)
    }

    fn send(&self, ask: &Ask<'_>, environment: &Environment) -> Result<String> {
        let change = self.common.server.client(environment)?.json(ask)?;
        let (before, after) = (all(&change, "before"), all(&change, "after"));
        let mut text: String = after.iter().map(|it| line(before, it)).collect();
        if self.dry_run {
            text.push_str("Nothing was changed (--dry-run).\n");
        }
        let rows = rows(after);
        Told { schema: CHANGE, text, rows, body: change }.print(self.common.output.format)
    }
}

/// What became of one budget.
fn line(before: &[Value], after: &Value) -> String {
    let (scope, period) = (text(after, "scope"), text(after, "period"));
    let was = before.iter().find(|it| text(it, "scope") == scope && text(it, "period") == period);
    let sum = |budget: &Value| {
        let terms = &budget["terms"];
        let agreed = nano(terms, "amount_nano_usd");
        let to_spend = nano(&budget["figures"], "allocation_nano_usd").filter(|it| Some(*it) != agreed);
        let agreed = agreed.map_or_else(
            || "no budget".to_owned(),
            |it| format!("{} {}", dollars(it), text(terms, "ceiling")),
        );
        to_spend.map_or_else(|| agreed.clone(), |it| format!("{agreed}, {} to spend", dollars(it)))
    };
    let (was, is) = (was.map_or_else(|| "no budget".to_owned(), sum), sum(after));
    let left = nano(&after["figures"], "left_nano_usd").filter(|_| after["terms"].is_object());
    let left = left.map_or_else(String::new, |it| format!("; {} left", dollars(it)));
    let change = if was == is { is } else { format!("{was} -> {is}") };
    insight::printable(&format!("{}: {change}{left}", named(after))) + "\n"
}

pub(super) fn set(args: &SetArgs, environment: &Environment) -> Result<String> {
    let more = &args.more;
    let mut body = json!({
        "scope": args.scope.to_string(),
        "period": args.period.name(),
        "amount_usd": args.amount,
        "ceiling": if args.soft { "soft" } else { "hard" },
        "parent": args.parent.as_ref().map(ToString::to_string),
        "owner": more.owner,
        "thresholds": more.threshold,
        "unreachable": more.on_outage.map(Leave::name),
        "overcommit": more.overcommit.map(Leave::name),
        "pace": more.pace.map(|it| match it { Pace::Free => "free", Pace::WorkingDays => "working_days" }),
    });
    if let (Some(rollover), Some(fields)) = (&more.rollover, body.as_object_mut()) {
        let (name, most) = match rollover {
            Rollover::Named(name) => (*name, None),
            Rollover::UpTo(most) => ("up_to", Some(most)),
        };
        fields.insert("rollover".to_owned(), json!(name));
        fields.extend(most.map(|it| ("rollover_usd".to_owned(), json!(it))));
    }
    args.deed.ask("PUT", "/api/v1/budgets", body, environment)
}

pub(super) fn allocate(args: &AllocateArgs, environment: &Environment) -> Result<String> {
    let body = json!({ "period": args.period.name(), "amount_usd": args.amount });
    let path = format!("/api/v1/budgets/{}/allocate", encoded(&args.scope.to_string()));
    args.deed.ask("POST", &path, body, environment)
}

pub(super) fn remove(args: &RemoveArgs, environment: &Environment) -> Result<String> {
    let path = format!("/api/v1/budgets/{}", encoded(&args.scope.to_string()));
    let pairs = vec![
        ("period", args.period.name().to_owned()),
        ("reason", args.deed.reason.clone()),
        ("dry_run", args.deed.dry_run.to_string()),
    ];
    args.deed.send(&Ask { method: "DELETE", path: &path, pairs: &pairs, body: None }, environment)
}

pub(super) fn transfer(args: &TransferArgs, environment: &Environment) -> Result<String> {
    let body = json!({
        "from": args.from.to_string(),
        "to": args.to.to_string(),
        "period": args.period.name(),
        "amount_usd": args.amount,
    });
    args.deed.ask("POST", "/api/v1/transfers", body, environment)
}
