//! Insight: what the dashboard shows, for as much of the book as the token shows.

mod beside;
pub(super) mod verdict;

use axum::extract::{Query, State};
use domain::Dimension;
use insight::anomaly::Individuals;
use insight::forecast::{Plan, recent_since};
use insight::{Topic, UNKNOWN, wire};

use self::beside::{budgets, judgements};
use super::Pairs;
use super::figures::asked;
use crate::access::{Caller, View};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::figures::insight_desk::Around;
use crate::figures::sight::Sight;
use crate::figures::{Asked, Written};

/// The parameters of a plan: a report has none of them.
const PLAN: [&str; 2] = ["headcount", "price"];

impl View {
    /// Whether an answer may name people.
    fn individuals(&self) -> Individuals {
        if self.individuals { Individuals::Shown } else { Individuals::Hidden }
    }
}

/// The answer on a topic.
async fn answer(
    topic: Topic,
    desk: &Desk,
    caller: &Caller,
    pairs: Vec<super::Pair>,
) -> Result<Written, Failure> {
    let is_of_plan = |it: &super::Pair| topic == Topic::Forecast && PLAN.contains(&it.0.as_str());
    let (of_a_plan, rest): (Vec<_>, Vec<_>) = pairs.into_iter().partition(is_of_plan);
    let values = |name: &str| -> Vec<&str> {
        of_a_plan.iter().filter(|it| it.0 == name).map(|it| it.1.as_str()).collect()
    };
    let plan = Plan::parse(&values("headcount"), &values("price"));
    let plan = plan.map_err(|error| Failure::Question(error.to_string()))?;
    let (asked, view) = asked(desk, caller, &rest).await?;
    let plan = Plan { developers: headcount(desk, &plan, &asked).await?, ..plan };
    if asked.parameters.figures || asked.parameters.what_if.is_some() {
        return Err(Failure::Question("figures and what_if belong to a report".to_owned()));
    }
    let needs_budgets = matches!(topic, Topic::Overview | Topic::Teams);
    let needs_verdicts = matches!(topic, Topic::Overview | Topic::Anomalies);
    let around = Around {
        budgets: if needs_budgets { budgets(desk, caller).await? } else { Vec::new() },
        judgements: if needs_verdicts { judgements(desk).await? } else { Vec::new() },
        individuals: view.individuals(),
        plan,
    };
    Ok(desk.figures().insight(topic, asked, around).await?)
}

/// How many developers the organisation has, for whoever plans for it and sees but a part.
async fn headcount(desk: &Desk, plan: &Plan, asked: &Asked) -> Result<Option<u64>, Failure> {
    if plan.headcount.is_empty() || asked.sight == Sight::Everything {
        return Ok(None);
    }
    let since = recent_since(&asked.parameters.query, asked.now);
    let who = (&Sight::Everything, &asked.directory);
    let costs = desk.figures().costs(Some(Dimension::Developer), since, who, asked.now).await?;
    let known = costs.iter().filter(|it| &*it.0 != UNKNOWN && it.1.calls > 0).count();
    Ok(u64::try_from(known).ok())
}

macro_rules! topics {
    ($($name:ident, $id:literal, $path:literal, $topic:ident, $wire:ident, $does:literal;)+) => {$(
        #[doc = $does]
        #[utoipa::path(get, operation_id = $id, path = $path, tag = "insight",
            params(("by" = Option<String>, Query, description = "one dimension, for trends and forecast"),
                   ("since" = Option<String>, Query, description = "from when: a date, this-quarter ...; all is all that there is"),
                   ("until" = Option<String>, Query, description = "until when, included"),
                   ("timezone" = Option<String>, Query, description = "whose days; the organisation's by default"),
                   ("top" = Option<usize>, Query, description = "only so many rows, for trends and forecast"),
                   ("headcount" = Option<String>, Query, description = "for a forecast: 2026-12-01:48, developers of the organisation"),
                   ("price" = Option<String>, Query, description = "for a forecast: 2026-12-01:*opus*:-20%"),
                   ("format" = Option<String>, Query, description = "json, csv or table")),
            responses((status = 200, description = "a document, rows, or a table",
                       content((wire::$wire<'static> = "application/json"), (String = "text/csv"), (String = "text/plain")))))]
        pub(super) async fn $name(
            State(desk): State<Desk>,
            caller: Caller,
            Query(pairs): Pairs,
        ) -> Result<Written, Failure> {
            answer(Topic::$topic, &desk, &caller, pairs).await
        }
    )+};
}

topics! {
    overview, "insightOverview", "/api/v1/insight/overview", Overview, WireOverview,
        "One screen: how much, who and what, why, what next. This month by default";
    trends, "insightTrends", "/api/v1/insight/trends", Trends, WireTrends,
        "How spend moves: 30 days, week and month, whole days of each against the one before, by one dimension";
    anomalies, "insightAnomalies", "/api/v1/insight/anomalies", Anomalies, WireAnomalies,
        "What is unusual, why, and where to look. The last 30 days by default";
    forecast, "insightForecast", "/api/v1/insight/forecast", Forecast, WireForecast,
        "What month, quarter and next quarter will come to, and how far such forecasts were off";
    efficiency, "insightEfficiency", "/api/v1/insight/efficiency", Efficiency, WireEfficiency,
        "How well the money is used: a developer's day, the cache, sessions, branches. This month by default";
    teams, "insightTeams", "/api/v1/insight/teams", Teams, WireTeams,
        "What teams were given and used, and when their budgets run out. This month by default";
    models, "insightModels", "/api/v1/insight/models", Models, WireModels,
        "Models and providers, and what a cheaper model would have cost. This month by default";
}
