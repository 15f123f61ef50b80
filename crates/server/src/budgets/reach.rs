//! What a freeze or a kill hits, for whoever is about to stop something or to let it go on.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use domain::{Developer, Dimension, Measures, NanoUsd, Scope, ScopeKind, SessionId, Timestamp};
use ledger::HaltKind;
use serde::Serialize;
use store::{CallQuery, Standing as Budgets};
use utoipa::ToSchema;

use super::bookings::subject;
use super::tree::{Tree, WireStop};
use crate::api::moment;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::figures::calls::Placed;
use crate::figures::sight::Sight;
use crate::register::Standing;

/// How far back calls are looked for.
const LOOK_BACK_MS: i64 = 60 * 60 * 1_000;
/// Calls that are read at once.
const READ_AT_ONCE: usize = 5_000;
/// How often calls are read: of a busier hour the first half a million are told.
const READS: usize = 100;
/// Sessions that are told, the newest first.
const SESSIONS: usize = 50;

/// What would be stopped, or go on.
#[derive(Serialize, ToSchema)]
pub(crate) struct StopReach {
    /// Whether new calls will be refused.
    refuses_new_calls: bool,
    /// Whether calls that run will be cut.
    cuts_running_calls: bool,
    /// The stop that will be lifted: who set it, when and why.
    lifts: Option<WireStop>,
    /// What is held for calls that run. None where the scope has no budget: money is held in budgets.
    held: Option<HeldNow>,
    /// Who was at it of late. None for tags, which the book does not know.
    last_hour: Option<LastHour>,
}

/// What is held in the budgets of a scope; of several periods, which hold the same, the most.
#[derive(Serialize, ToSchema)]
pub(crate) struct HeldNow {
    /// For calls that run.
    reserved_nano_usd: String,
    reserved_usd: String,
    /// By gateways, which pay calls from it and have not yet told of them.
    leased_nano_usd: String,
    leased_usd: String,
}

/// The calls of the last hour.
#[derive(Serialize, ToSchema)]
pub(crate) struct LastHour {
    calls: u64,
    cost_nano_usd: String,
    cost_usd: String,
    /// Developers with calls, as far as they are known.
    developers: usize,
    /// Sessions with calls, the one that called last first.
    sessions: Vec<ReachedSession>,
    /// Sessions that are not told.
    sessions_left_out: usize,
}

/// A session with calls in the last hour.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReachedSession {
    session: String,
    developer: Option<String>,
    last_call_at: String,
    /// What it cost today, whatever of it is in the scope; of what the token sees.
    today_nano_usd: String,
    today_usd: String,
}

/// What is to be done to a scope.
#[derive(Debug, Clone)]
pub(crate) enum Stopping {
    /// It is to be stopped.
    Halt(HaltKind),
    /// What stops it is to be lifted, where something does.
    Lift(Option<WireStop>),
}

impl StopReach {
    /// Of a scope, as things stand, and as far as the asker sees its calls.
    pub(crate) async fn of(
        desk: &Desk,
        (standing, sight): (&Standing, &Sight),
        (budgets, scope): (&Budgets, &Scope),
        stopping: Stopping,
    ) -> Result<Self, Failure> {
        let (refuses_new_calls, cuts_running_calls, lifts) = match stopping {
            Stopping::Halt(HaltKind::Freeze) => (true, false, None),
            Stopping::Halt(HaltKind::Kill) => (true, true, None),
            Stopping::Lift(stop) => (false, false, stop),
        };
        let held = HeldNow::of(budgets, scope, desk.now());
        let is_in_the_book = scope.kind() != ScopeKind::Tag;
        let last_hour =
            if is_in_the_book { Some(LastHour::of(desk, (standing, sight), scope).await?) } else { None };
        Ok(Self { refuses_new_calls, cuts_running_calls, lifts, held, last_hour })
    }
}

impl HeldNow {
    fn of(budgets: &Budgets, scope: &Scope, now: Timestamp) -> Option<Self> {
        let tree = Tree::new(budgets, now);
        let own = budgets.budgets.iter().filter(|it| is_of(&it.key.scope, scope) && !it.key.scope.is_each());
        // By period: a template's are of many scopes, each of which holds its own.
        let mut by_period: BTreeMap<domain::Period, (i64, i64)> = BTreeMap::new();
        for budget in own {
            let counter = tree.shown(budget).counter;
            let sum = by_period.entry(budget.key.period).or_default();
            sum.0 = sum.0.saturating_add(counter.reserved.nano());
            sum.1 = sum.1.saturating_add(counter.leased.nano());
        }
        let (reserved, leased) = by_period.into_values().max_by_key(|it| it.0.saturating_add(it.1))?;
        let (reserved, leased) = (NanoUsd::new(reserved), NanoUsd::new(leased));
        Some(Self {
            reserved_nano_usd: reserved.nano().to_string(),
            reserved_usd: reserved.to_string(),
            leased_nano_usd: leased.nano().to_string(),
            leased_usd: leased.to_string(),
        })
    }
}

impl LastHour {
    async fn of(desk: &Desk, (standing, sight): (&Standing, &Sight), scope: &Scope) -> Result<Self, Failure> {
        let from = Timestamp::from_millis(desk.now().millis().saturating_sub(LOOK_BACK_MS));
        let mut query = CallQuery { from: Some(from), limit: READ_AT_ONCE, ..CallQuery::default() };
        let mut seen = Seen::default();
        for _ in 0..READS {
            let page = desk.store().calls(query.clone()).await?;
            let placed = desk.figures().placed(page.calls, sight, &standing.directory_at()).await?;
            for placed in placed {
                let subject = subject(desk, standing, &placed);
                if subject.is_some_and(|it| it.scopes().any(|it| is_of(it, scope))) {
                    seen.add(&placed)?;
                }
            }
            match page.next {
                Some(next) => query.after = Some(next),
                None => break,
            }
        }
        let today =
            if seen.sessions.is_empty() { HashMap::new() } else { today(desk, (standing, sight)).await? };
        Ok(seen.told(&today))
    }
}

/// What was seen of calls.
#[derive(Default)]
struct Seen {
    calls: u64,
    cost: NanoUsd,
    developers: BTreeSet<Developer>,
    sessions: HashMap<SessionId, (Timestamp, Option<Developer>)>,
}

impl Seen {
    fn add(&mut self, placed: &Placed) -> Result<(), Failure> {
        let call = &placed.call;
        self.calls = self.calls.saturating_add(1);
        self.cost = self.cost.plus(call.price.as_ref().map_or(NanoUsd::ZERO, |it| it.contract))?;
        let developer = placed.attribution.developer.as_ref().map(|it| it.value.clone());
        self.developers.extend(developer.clone());
        let session = self.sessions.entry(call.whereabouts.place.session.clone()).or_insert((call.at, None));
        if call.at >= session.0 {
            *session = (call.at, developer);
        }
        Ok(())
    }

    fn told(self, today: &HashMap<Arc<str>, Measures>) -> LastHour {
        let mut sessions: Vec<_> = self.sessions.into_iter().collect();
        sessions.sort_by(|a, b| (b.1.0, &a.0).cmp(&(a.1.0, &b.0)));
        let left_out = sessions.len().saturating_sub(SESSIONS);
        let told = sessions.into_iter().take(SESSIONS).map(|(session, (at, developer))| {
            let cost = today.get(session.as_str()).map_or(NanoUsd::ZERO, |it| it.cost);
            ReachedSession {
                session: session.to_string(),
                developer: developer.map(|it| it.to_string()),
                last_call_at: moment(at),
                today_nano_usd: cost.nano().to_string(),
                today_usd: cost.to_string(),
            }
        });
        LastHour {
            calls: self.calls,
            cost_nano_usd: self.cost.nano().to_string(),
            cost_usd: self.cost.to_string(),
            developers: self.developers.len(),
            sessions: told.collect(),
            sessions_left_out: left_out,
        }
    }
}

/// What each session cost today.
async fn today(
    desk: &Desk,
    (standing, sight): (&Standing, &Sight),
) -> Result<HashMap<Arc<str>, Measures>, Failure> {
    let since = insight::Span::parse(Some("today"), None, desk.figures().zone(), desk.now());
    let since = since.ok().and_then(|it| it.since);
    let who = (sight, &standing.directory_at());
    let costs = desk.figures().costs(Some(Dimension::Session), since, who, desk.now()).await?;
    Ok(costs.into_iter().collect())
}

/// Whether a scope of a call is the one that is meant, or one of those that a template is of.
fn is_of(one: &Scope, meant: &Scope) -> bool {
    one == meant || one.each().is_some_and(|it| it == *meant)
}
