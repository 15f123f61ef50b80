//! `bursar insight` as rows, exact.

use domain::NanoUsd;

use super::{push_line, safe};
use crate::anomaly::Anomaly;
use crate::budget_line::BudgetState;
use crate::change::{Change, Rate};
use crate::efficiency::{Efficiency, Named};
use crate::forecast::Outlook;
use crate::report::Figures;
use crate::teams::TeamRow;
use crate::text::PerMille;
use crate::topic::Insight;
use crate::trends::View;

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
            let compared = [it.views.week, it.views.month].map(view).concat();
            let row = |name: &str, it: &crate::trends::Trend| {
                let views = [&it.rolling, &it.week, &it.month];
                let views = views.map(|it| parts(it.measures.cost, Some(it.change))).concat();
                [vec![safe(name)], views, compared.clone()].concat()
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
    let state = budget.map(|it| it.state);
    let day = |it: Option<jiff::civil::Date>| it.map(|it| it.to_string()).unwrap_or_default();
    let runs_out = day(state.and_then(BudgetState::runs_out));
    let spent_on = day(state.and_then(BudgetState::spent_on));
    let state = state.map_or("", BudgetState::name).to_owned();
    [
        vec![safe(&it.team)],
        moved(&it.figures),
        vec![it.developers.to_string()],
        money(it.burn_per_day),
        amounts,
        vec![runs_out, state, spent_on],
    ]
    .concat()
}

const NAMED: [&str; 6] = ["kind", "repo", "name", "calls", "cost_nano_usd", "cost_usd"];
const TRENDS: [&str; 22] = [
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
    "week",
    "week_first_day",
    "week_last_day",
    "month",
    "month_first_day",
    "month_last_day",
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
const FORECAST: [&str; 17] = [
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
    "expected_error_percent",
];
const TEAMS: [&str; 16] = [
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
    "state",
    "spent_on",
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
    parts(figures.measures.cost, figures.change)
}

fn parts(cost: NanoUsd, change: Option<Change>) -> Vec<String> {
    let before = change.map(|it| it.before).unwrap_or_default();
    let rate = |it: Change| match it.rate {
        Rate::By(by) => by.to_decimal(),
        Rate::New => "new".to_owned(),
        Rate::Nothing => String::new(),
    };
    let rate = change.map(rate).unwrap_or_default();
    [money(cost), money(before), vec![rate]].concat()
}

/// Which week or month it is, and its days.
fn view(it: View) -> Vec<String> {
    vec![it.kind.name().to_owned(), it.days.0.to_string(), it.days.1.to_string()]
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
        let expected = target.expected_error().map(PerMille::to_decimal).unwrap_or_default();
        let method = vec![method, error, within, expected];
        [vec![safe(value)], head.to_vec(), money(target.spent), total, method].concat()
    };
    it.targets.iter().map(row).collect()
}
