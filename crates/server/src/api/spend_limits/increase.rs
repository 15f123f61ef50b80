//! Requests of members for a higher limit.

use axum::body::Body;
use axum::extract::{Path, Query, State};
use domain::{NanoUsd, ScopeKind};
use http::HeaderMap;
use ledger::command::{Approve, Deny};
use ledger::{Command, Refusal, Request, RequestId};
use serde::Deserialize;
use serde_json::{Value, json};
use store::Standing;

use super::answer::{Answer, ask};
use super::effective::{member, spent, summary};
use super::{administrator, body, order, period_name};
use crate::api::{Pairs, moment};
use crate::budgets::amount::of_cents;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::register;

/// How ids of requests begin; what follows is the request's own.
const PREFIX: &str = "slir_";
/// Rows of an answer, at most.
const MOST_ROWS: usize = 1_000;

/// Everything that an answer is made of.
struct View {
    around: std::sync::Arc<register::Standing>,
    standing: Standing,
}

impl View {
    async fn new(desk: &Desk) -> Result<Self, Failure> {
        let around = desk.register().current().await?;
        Ok(Self { around, standing: desk.store().budgets().standing().await? })
    }

    /// Requests for the limits of members, the newest first.
    fn requests(&self) -> impl Iterator<Item = &Request> {
        let is_limit = |it: &&Request| {
            it.budget.scope.kind() == ScopeKind::Developer && period_name(it.budget.period).is_some()
        };
        self.standing.requests.iter().rev().filter(is_limit)
    }

    fn found(&self, id: &str) -> Result<&Request, Failure> {
        let plain = id.strip_prefix(PREFIX).unwrap_or(id);
        let found = self.requests().find(|it| it.id.as_str() == plain);
        found.ok_or_else(|| Failure::Budget(Box::new(Refusal::NoRequest(RequestId::new(plain)))))
    }

    async fn wire(&self, desk: &Desk, it: &Request) -> Result<Value, Failure> {
        let user = it.budget.scope.name();
        let summary = if it.answer.is_none() {
            let all = spent(desk, &self.around, &self.standing, it.budget.period).await?;
            let spent = all.iter().find(|of| of.0 == user).map_or(NanoUsd::ZERO, |of| of.1);
            Some(summary(&self.standing, &self.around, (user, it.budget.period), spent)?)
        } else {
            None
        };
        Ok(json!({
            "type": "spend_limit_increase_request",
            "id": format!("{PREFIX}{}", it.id),
            "status": status(it),
            "actor": member(&self.around, user),
            "created_at": moment(it.at),
            "period": period_name(it.budget.period),
            "resolved_at": it.answer.as_ref().map(|it| moment(it.at)),
            "resolved_by": it.answer.as_ref().map(|it| member(&self.around, &it.by.name)),
            "spend_summary": summary,
        }))
    }
}

fn status(request: &Request) -> &'static str {
    match &request.answer {
        None => "pending",
        Some(answer) if answer.granted.is_some() => "approved",
        Some(_) => "denied",
    }
}

pub(super) async fn list(State(desk): State<Desk>, headers: HeaderMap, Query(pairs): Pairs) -> Answer {
    ask(async {
        administrator(&desk, &headers).await?;
        let view = View::new(&desk).await?;
        let given = |names: [&str; 2]| -> Vec<&str> {
            pairs.iter().filter(|it| names.contains(&it.0.as_str())).map(|it| it.1.as_str()).collect()
        };
        let (statuses, actors) = (given(["status[]", "status"]), given(["actor_ids[]", "actor_ids"]));
        let mut rows = Vec::new();
        for it in view.requests().take(MOST_ROWS) {
            let is_asked = (statuses.is_empty() || statuses.contains(&status(it)))
                && (actors.is_empty() || actors.contains(&it.budget.scope.name()));
            if is_asked {
                rows.push(view.wire(&desk, it).await?);
            }
        }
        Ok(json!({ "data": rows, "next_page": Value::Null }))
    })
    .await
}

pub(super) async fn show(State(desk): State<Desk>, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    ask(async {
        administrator(&desk, &headers).await?;
        let view = View::new(&desk).await?;
        view.wire(&desk, view.found(&id)?).await
    })
    .await
}

/// The new limit.
#[derive(Deserialize)]
struct Wanted {
    amount: String,
}

/// Grants as much as brings what there is to spend in this period to the new limit.
pub(super) async fn approve(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    headers: HeaderMap,
    sent: Body,
) -> Answer {
    ask(async {
        let caller = administrator(&desk, &headers).await?;
        let wanted: Wanted = body(&desk, &headers, sent).await?;
        let limit = of_cents(&wanted.amount)
            .ok_or_else(|| Failure::Body("`amount` is a number of cents as text".to_owned()))?;
        let view = View::new(&desk).await?;
        let request = view.found(&id)?;
        let tree = crate::budgets::tree::Tree::new(&view.standing, desk.now());
        let budget = view.standing.budgets.iter().find(|it| it.key == request.budget);
        let has = budget.map_or(NanoUsd::ZERO, |it| tree.shown(it).counter.allocation());
        let (request, amount) = (request.id.clone(), limit.minus(has)?);
        desk.decide(Command::Approve(Approve { order: order(&caller), request, amount, from: None })).await?;
        let view = View::new(&desk).await?;
        view.wire(&desk, view.found(&id)?).await
    })
    .await
}

/// Denies it; one that is denied stays so.
pub(super) async fn deny(State(desk): State<Desk>, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    ask(async {
        let caller = administrator(&desk, &headers).await?;
        let view = View::new(&desk).await?;
        let request = view.found(&id)?;
        if status(request) != "denied" {
            let request = request.id.clone();
            desk.decide(Command::Deny(Deny { order: order(&caller), request })).await?;
        }
        let view = View::new(&desk).await?;
        view.wire(&desk, view.found(&id)?).await
    })
    .await
}
