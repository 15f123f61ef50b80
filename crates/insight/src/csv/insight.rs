//! `bursar insight` as rows, exact.

use domain::NanoUsd;

use super::{push_line, safe};
use crate::anomaly::Anomaly;
use crate::change::{Change, Rate};
use crate::efficiency::{Efficiency, Named};
use crate::forecast::Outlook;
use crate::report::Figures;
use crate::teams::TeamRow;
use crate::text::PerMille;
use crate::topic::Insight;

/// An answer as rows under a head.
#[must_use]
pub fn insight_csv(insight: &Insight) -> String {
    let (head, rows): (&[&str], Vec<Vec<String>>) = match insight {
        Insight::Overview(it) => {
            let day =
                |(day, cost): (jiff::civil::Date, NanoUsd)| [vec![day.to_string()], money(cost)].concat();
            (&["day", "cost_nano_usd", "cost_usd"], it.days.days().map(day).collect())
        }
        Insight::Trends(it) => {
            let row = |name: &str, it: &crate::trends::Trend| {
                let views = [&it.rolling, &it.week, &it.month].map(moved).concat();
                [vec![safe(name)], views].concat()
            };
            let rows = it.rows.iter().map(|(value, trend)| row(value, trend));
            let whole = it.by.is_none().then(|| row("total", &it.whole));
            (&TRENDS, rows.chain(whole).collect())
        }
        Insight::Anomalies(it) => (
            &ANOMALIES,
            it.told
                .iter()
                .map(|it| anomaly(it, "told"))
                .chain(it.settled.iter().map(|it| anomaly(it, "settled")))
                .collect(),
        ),
        Insight::Forecast(it) => {
            let whole = outlook("total", &it.whole).into_iter();
            let rows = it.rows.iter().flat_map(|(value, it)| outlook(value, it));
            (&FORECAST, whole.chain(rows).collect())
        }
        Insight::Efficiency(it) => (&NAMED, named(it)),
        Insight::Teams(it) => (&TEAMS, it.rows.iter().map(team).collect()),
        Insight::Models(it) => {
            let all = it.models.iter().map(|it| ("model", it));
            let all = all.chain(it.providers.iter().map(|it| ("provider", it)));
            let row = |(kind, it): (&str, &crate::models::MixRow)| {
                let share = it.share.map(PerMille::to_decimal).unwrap_or_default();
                [vec![kind.to_owned(), safe(&it.value)], moved(&it.figures), vec![share]].concat()
            };
            (&MODELS, all.map(row).collect())
        }
    };
    let mut out = String::new();
    push_line(&mut out, &head.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>());
    for row in rows {
        push_line(&mut out, &row);
    }
    out
}

/// The dearest branches and pull requests.
fn named(it: &Efficiency) -> Vec<Vec<String>> {
    let branches = it.branches.iter().map(|it| ("branch", it));
    let all = branches.chain(it.pull_requests.iter().map(|it| ("pr", it)));
    let row = |(kind, it): (&str, &Named)| {
        let name = vec![kind.to_owned(), safe(it.repo.as_deref().unwrap_or_default()), safe(&it.name)];
        [name, vec![it.figures.measures.calls.to_string()], money(it.figures.measures.cost)].concat()
    };
    all.map(row).collect()
}

/// A team, with its shortest budget.
fn team(it: &TeamRow) -> Vec<String> {
    let budget = it.budgets.first();
    let amounts = budget.map_or_else(
        || vec![String::new(); 4],
        |it| [money(it.line.allocation), money(it.line.spent)].concat(),
    );
    let runs_out = budget.and_then(|it| it.runs_out).map(|it| it.to_string());
    [
        vec![safe(&it.team)],
        moved(&it.figures),
        vec![it.developers.to_string()],
        money(it.burn_per_day),
        amounts,
        vec![runs_out.unwrap_or_default()],
    ]
    .concat()
}

const NAMED: [&str; 6] = ["kind", "repo", "name", "calls", "cost_nano_usd", "cost_usd"];
const TRENDS: [&str; 16] = [
    "value",
    "last_30_days_nano_usd",
    "last_30_days_usd",
    "last_30_days_before_nano_usd",
    "last_30_days_before_usd",
    "last_30_days_change_percent",
    "week_nano_usd",
    "week_usd",
    "week_before_nano_usd",
    "week_before_usd",
    "week_change_percent",
    "month_nano_usd",
    "month_usd",
    "month_before_nano_usd",
    "month_before_usd",
    "month_change_percent",
];
const ANOMALIES: [&str; 14] = [
    "id",
    "state",
    "kind",
    "subject",
    "rule",
    "first_day",
    "last_day",
    "cost_nano_usd",
    "cost_usd",
    "usual_nano_usd",
    "usual_usd",
    "excess_nano_usd",
    "excess_usd",
    "reason",
];
const FORECAST: [&str; 16] = [
    "value",
    "horizon",
    "first_day",
    "last_day",
    "history",
    "spent_nano_usd",
    "spent_usd",
    "forecast_nano_usd",
    "forecast_usd",
    "low_nano_usd",
    "low_usd",
    "high_nano_usd",
    "high_usd",
    "method",
    "total_error_percent",
    "coverage_percent",
];
const TEAMS: [&str; 14] = [
    "team",
    "cost_nano_usd",
    "cost_usd",
    "before_nano_usd",
    "before_usd",
    "change_percent",
    "developers",
    "burn_per_day_nano_usd",
    "burn_per_day_usd",
    "allocation_nano_usd",
    "allocation_usd",
    "spent_of_it_nano_usd",
    "spent_of_it_usd",
    "runs_out",
];
const MODELS: [&str; 8] = [
    "kind",
    "value",
    "cost_nano_usd",
    "cost_usd",
    "before_nano_usd",
    "before_usd",
    "change_percent",
    "share_percent",
];

fn money(amount: NanoUsd) -> Vec<String> {
    vec![amount.nano().to_string(), amount.to_string()]
}

/// The cost, that before, and the change.
fn moved(figures: &Figures) -> Vec<String> {
    let before = figures.change.map(|it| it.before).unwrap_or_default();
    let rate = |it: Change| match it.rate {
        Rate::By(by) => by.to_decimal(),
        Rate::New => "new".to_owned(),
        Rate::Nothing => String::new(),
    };
    let rate = figures.change.map(rate).unwrap_or_default();
    [money(figures.measures.cost), money(before), vec![rate]].concat()
}

fn anomaly(it: &Anomaly, state: &str) -> Vec<String> {
    let names = [it.id.as_str(), state, it.subject.kind()].map(str::to_owned).to_vec();
    let when =
        vec![safe(&it.subject.value), it.rule.name().to_owned(), it.first.to_string(), it.last.to_string()];
    [names, when, money(it.cost), money(it.usual), money(it.excess), vec![safe(&it.reason)]].concat()
}

fn outlook(value: &str, it: &Outlook) -> Vec<Vec<String>> {
    let row = |target: &crate::forecast::Target| {
        let head =
            [target.horizon.name(), &target.first.to_string(), &target.last.to_string(), it.history.name()]
                .map(str::to_owned);
        let total = target.total.map_or_else(
            || vec![String::new(); 6],
            |it| [money(it.point), money(it.low), money(it.high)].concat(),
        );
        let method = target.method.map_or("", crate::forecast::Method::name).to_owned();
        let errors = target.errors.as_ref();
        let error = errors.map(|it| it.total.to_decimal()).unwrap_or_default();
        let within = errors.and_then(|it| it.coverage).map(PerMille::to_decimal).unwrap_or_default();
        [vec![safe(value)], head.to_vec(), money(target.spent), total, vec![method, error, within]].concat()
    };
    it.targets.iter().map(row).collect()
}
