//! What the simulation knows of itself: what every call cost, summed up as reports sum it
//! up, and what was planted.
//!
//! Each call is priced here by itself, from what was thrown: not from what was read from a
//! log, merged, stored or attributed. So a report that agrees with this to the nano-dollar
//! lost nothing on its way.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result};
use domain::{Day, ModelName, NanoUsd, Terms};
use pricing::{Pricer, ResolvedModel};
use serde::Serialize;

use super::model::Model;
use super::plan::Plan;
use super::session::{Call, Session};

/// What stands for what nobody knows, in reports.
const UNKNOWN: &str = "unknown";

/// The file.
#[derive(Debug, Serialize)]
pub(super) struct Truth {
    schema: &'static str,
    pub(super) first_day: String,
    pub(super) last_day: String,
    pub(super) seed: u64,
    size: &'static str,
    pub(super) developers: usize,
    pub(super) total: Sum,
    /// A sum for each answer that a report by that dimension has.
    by_model: BTreeMap<String, Sum>,
    by_team: BTreeMap<String, Sum>,
    by_developer: BTreeMap<String, Sum>,
    by_repo: BTreeMap<String, Sum>,
    by_client: BTreeMap<String, Sum>,
    by_day: BTreeMap<String, Sum>,
    by_team_and_model: Vec<TeamModel>,
    pub(super) anomalies: Vec<Anomaly>,
    /// Sessions in which the same step failed again and again.
    loops: Vec<Loop>,
}

/// What was spent on each day, by team and by developer: what budgets are made from.
pub(super) type Spending = BTreeMap<(Day, String), NanoUsd>;

/// A number of calls and what they cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Sum {
    pub(super) calls: u64,
    #[serde(serialize_with = "as_text")]
    pub(super) cost_nano_usd: NanoUsd,
}

/// The sum of a team's calls of a model.
#[derive(Debug, Serialize)]
struct TeamModel {
    team: String,
    model: &'static str,
    #[serde(flatten)]
    sum: Sum,
}

/// Something that was planted.
#[derive(Debug, Serialize)]
pub(super) struct Anomaly {
    pub(super) kind: &'static str,
    pub(super) scope: String,
    pub(super) day: String,
    what: &'static str,
    /// What was planted, without what would have been spent in any case.
    #[serde(flatten)]
    pub(super) sum: Sum,
    /// All scopes that it is a part of: one that tells of these on that day tells of this.
    touches: Vec<String>,
    pub(super) sessions: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Loop {
    session: String,
    day: String,
    developer: String,
    failures: u64,
    #[serde(flatten)]
    sum: Sum,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a field over so")]
fn as_text<S: serde::Serializer>(amount: &NanoUsd, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&amount.nano())
}

impl Sum {
    fn add(&mut self, other: Self) -> Result<()> {
        self.calls = self.calls.saturating_add(other.calls);
        self.cost_nano_usd = self.cost_nano_usd.plus(other.cost_nano_usd)?;
        Ok(())
    }
}

/// Prices all calls of a plan.
pub(super) fn of(plan: &Plan, prices: &Pricer) -> Result<(Truth, Spending)> {
    let mut till = Till { prices, known: HashMap::new() };
    let mut spending = Spending::new();
    let mut truth = Truth {
        schema: "bursar.demo_truth/1",
        first_day: plan.calendar.first.to_string(),
        last_day: plan.calendar.last.to_string(),
        seed: plan.terms.seed,
        size: plan.terms.size.name(),
        developers: plan.organisation.people.len(),
        total: Sum::default(),
        by_model: BTreeMap::new(),
        by_team: BTreeMap::new(),
        by_developer: BTreeMap::new(),
        by_repo: BTreeMap::new(),
        by_client: BTreeMap::new(),
        by_day: BTreeMap::new(),
        by_team_and_model: Vec::new(),
        anomalies: planted(plan),
        loops: Vec::new(),
    };
    let mut pairs: BTreeMap<(&str, &'static str), Sum> = BTreeMap::new();
    for session in &plan.sessions {
        let person = plan.organisation.person(session.stage.user)?;
        let team = person.team(session.day).id;
        let mut whole = Sum::default();
        for call in session.calls() {
            let sum = till.price(call)?;
            whole.add(sum)?;
            truth.by_model.entry(call.model.name.to_owned()).or_default().add(sum)?;
            pairs.entry((team, call.model.name)).or_default().add(sum)?;
        }
        for scope in [format!("team/{team}"), person.scope(), "org".to_owned()] {
            let spent = spending.entry((session.day, scope)).or_default();
            *spent = spent.plus(whole.cost_nano_usd)?;
        }
        truth.total.add(whole)?;
        truth.by_team.entry(team.to_owned()).or_default().add(whole)?;
        truth.by_developer.entry(person.email()).or_default().add(whole)?;
        truth.by_day.entry(session.day.to_string()).or_default().add(whole)?;
        truth.by_repo.entry(repo(session).to_owned()).or_default().add(whole)?;
        truth.by_client.entry(client(plan, session).to_owned()).or_default().add(whole)?;
        if let Some(anomaly) = session.plant.and_then(|it| truth.anomalies.get_mut(it)) {
            anomaly.sum.add(whole)?;
        }
        if session.loops > 0 {
            truth.loops.push(Loop {
                session: session.id.clone(),
                day: session.day.to_string(),
                developer: person.email(),
                failures: session.loops,
                sum: whole,
            });
        }
    }
    let pair =
        |((team, model), sum): ((&str, &'static str), Sum)| TeamModel { team: team.to_owned(), model, sum };
    truth.by_team_and_model = pairs.into_iter().map(pair).collect();
    Ok((truth, spending))
}

impl Truth {
    /// How many sessions went in circles.
    pub(super) fn loops(&self) -> usize {
        self.loops.len()
    }
}

/// Prices, with the models that were looked up.
struct Till<'a> {
    prices: &'a Pricer,
    known: HashMap<&'static str, ResolvedModel>,
}

impl Till<'_> {
    fn price(&mut self, call: &Call) -> Result<Sum> {
        let Model { logged, .. } = call.model;
        let unpriced = || format!("the price book has no price for {logged}");
        let model = match self.known.entry(logged) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let found = self.prices.resolve(&ModelName::new(logged), Some(&call.model.served_by()));
                place.insert(found.with_context(unpriced)?)
            }
        };
        let price = self.prices.price(Some(model), call.at, &call.usage, &Terms::STANDARD);
        Ok(Sum { calls: 1, cost_nano_usd: price.with_context(unpriced)?.contract })
    }
}

fn repo(session: &Session) -> &'static str {
    session.stage.repo.map_or(UNKNOWN, |it| it.id)
}

fn client(plan: &Plan, session: &Session) -> &'static str {
    let project = session.stage.repo.and_then(|it| it.project);
    let project = project.and_then(|id| plan.organisation.projects.iter().find(|it| it.id == id));
    project.map_or(UNKNOWN, |it| it.client)
}

fn planted(plan: &Plan) -> Vec<Anomaly> {
    let mut anomalies: Vec<Anomaly> = plan
        .plants
        .iter()
        .map(|it| Anomaly {
            kind: it.kind.name(),
            scope: it.scope.to_string(),
            day: it.day.to_string(),
            what: it.kind.describe(),
            sum: Sum::default(),
            touches: vec!["org".to_owned()],
            sessions: Vec::new(),
        })
        .collect();
    for session in &plan.sessions {
        let Some(anomaly) = session.plant.and_then(|it| anomalies.get_mut(it)) else { continue };
        anomaly.sessions.push(session.id.clone());
        let Ok(person) = plan.organisation.person(session.stage.user) else { continue };
        anomaly.touches.push(person.scope());
        anomaly.touches.push(format!("team/{}", person.team(session.day).id));
        anomaly.touches.push(format!("repo/{}", repo(session)));
    }
    for anomaly in &mut anomalies {
        anomaly.touches.extend(anomaly.sessions.iter().map(|it| format!("session/{it}")));
        anomaly.touches.sort();
        anomaly.touches.dedup();
    }
    anomalies
}
