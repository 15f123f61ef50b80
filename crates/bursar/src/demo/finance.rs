//! What people decide while it goes on: budgets at the beginning of each month, transfers,
//! requests for more and their answers, stops.

use anyhow::{Context, Result};
use domain::money::NANO_PER_USD;
use domain::{Day, NanoUsd, Timestamp};
use serde_json::{Value, json};

use super::calendar::minute_of;
use super::organisation::Person;
use super::plan::Plan;
use super::plants::Kind;
use super::truth::{Spending, Truth};

/// The tokens of those who decide, beside `lead-TEAM` and the accounts of developers.
pub(super) const ADMIN: &str = "admin";
pub(super) const FINANCE: &str = "finance";
/// Months for which there are budgets, the one that runs among them.
const MONTHS: usize = 2;
/// Budgets that are ample are made in steps of so many USD.
const STEP_USD: i64 = 10;
/// What is agreed, in hundredths of what is then spent: of most, of the team that spends
/// more than it has, and of the developer who is refused.
const AMPLE: i64 = 130;
const SHORT: i64 = 75;
const REFUSED: i64 = 70;
/// What a team keeps that gives the rest to its developers.
const UNPROMISED_USD: i64 = 60;
/// The same of the whole company: more than its teams have.
const COMPANY: i64 = 150;

/// Something that somebody asks of the server at some moment.
#[derive(Debug, Clone)]
pub(super) struct Errand {
    pub(super) at: Timestamp,
    /// Whose token it comes with.
    pub(super) who: String,
    pub(super) method: &'static str,
    /// `{NAME}` stands for the id of what the errand of that name made.
    pub(super) path: String,
    pub(super) body: Value,
    /// The name under which what it makes is known to later ones.
    pub(super) name: Option<&'static str>,
}

/// A month that has budgets.
#[derive(Debug, Clone, Copy)]
struct Month {
    first: Day,
    /// The day after the last that is simulated.
    end: Day,
    before: Day,
    is_whole: bool,
}

impl Month {
    /// A minute of the day so many days after its first; of its last, where it is shorter.
    fn at(self, days: i64, minute: i64) -> Timestamp {
        minute_of(Day::new(self.first.number().saturating_add(days)).min(self.end.previous()), minute)
    }
}

/// Everything that is decided, in no order.
pub(super) fn errands(plan: &Plan, spending: &Spending, truth: &Truth) -> Result<Vec<Errand>> {
    let starts = plan.calendar.month_starts();
    let end = plan.calendar.last.next();
    let mut months = Vec::new();
    for (at, first) in starts.iter().enumerate().skip(starts.len().saturating_sub(MONTHS)) {
        let next = starts.get(at.saturating_add(1)).copied();
        let before = at.checked_sub(1).and_then(|it| starts.get(it)).copied();
        months.push(Month {
            first: *first,
            end: next.unwrap_or(end),
            before: before.unwrap_or(*first),
            is_whole: next.is_some(),
        });
    }
    let mut office = Office { plan, spending, errands: Vec::new() };
    for month in &months {
        office.budgets(*month)?;
    }
    if let [.., before, last] = months[..] {
        office.requests(before, last)?;
        office.transfers(before, last);
    }
    office.stops(truth);
    Ok(office.errands)
}

/// Those who decide.
struct Office<'a> {
    plan: &'a Plan,
    spending: &'a Spending,
    errands: Vec<Errand>,
}

impl Office<'_> {
    /// The team that spends more than it has: the last but one.
    fn careless(&self) -> &'static str {
        self.plan.organisation.teams.iter().rev().nth(1).map_or("platform", |it| it.id)
    }

    /// The team whose developers have budgets of their own: the last.
    fn strict(&self) -> &'static str {
        self.plan.organisation.teams.last().map_or("platform", |it| it.id)
    }

    fn spent(&self, scope: &str, from: Day, to: Day) -> Result<NanoUsd> {
        let days = self.spending.range((from, String::new())..(to, String::new()));
        let of_scope = days.filter(|it| it.0.1 == scope);
        of_scope.map(|it| *it.1).try_fold(NanoUsd::ZERO, NanoUsd::plus).context("more than can be counted")
    }

    /// What is agreed for a month, in hundredths of what is spent in it. Of one that is not
    /// over, the month before tells more.
    fn amount(&self, scope: &str, month: Month, per_cent: i64) -> Result<i64> {
        let so_far = self.spent(scope, month.first, month.end)?;
        let is_ample = per_cent >= AMPLE;
        let base = if month.is_whole || !is_ample {
            so_far
        } else {
            so_far.max(self.spent(scope, month.before, month.first)?)
        };
        let usd = base.nano().saturating_mul(per_cent) / 100 / NANO_PER_USD;
        let rounded = (usd / STEP_USD).saturating_add(1).saturating_mul(STEP_USD);
        Ok(if is_ample { rounded } else { usd.max(1) })
    }

    /// Who spends most of those with a budget of their own: the one who is refused.
    fn refused(&self, month: Month) -> Result<Option<&Person>> {
        let members = self.plan.organisation.members(self.strict(), month.end.previous());
        let mut found: Option<(NanoUsd, &Person)> = None;
        for person in members {
            let spent = self.spent(&person.scope(), month.first, month.end)?;
            if found.is_none_or(|it| spent > it.0) {
                found = Some((spent, person));
            }
        }
        Ok(found.map(|it| it.1))
    }

    fn budgets(&mut self, month: Month) -> Result<()> {
        let at = minute_of(month.first, 8 * 60);
        let notify = |at: &str| json!({ "at": at, "action": "notify" });
        let thresholds = json!([notify("80"), notify("100"), notify("forecast")]);
        let own = self.own_amounts(month)?;
        let company = self.amount("org", month, COMPANY)?.to_string();
        let terms = json!({ "amount_usd": company, "ceiling": "soft", "thresholds": thresholds });
        self.put(at, "org", None, terms);
        for team in &self.plan.organisation.teams {
            let scope = format!("team/{}", team.id);
            let (amount, ceiling) = if team.id == self.careless() {
                (self.amount(&scope, month, SHORT)?, "soft")
            } else if team.id == self.strict() {
                (own.iter().fold(UNPROMISED_USD, |sum, it| sum.saturating_add(it.1)), "hard")
            } else {
                (self.amount(&scope, month, AMPLE)?, "hard")
            };
            let owner = self.plan.organisation.lead(team.id)?.email();
            let terms = json!({ "amount_usd": amount.to_string(), "ceiling": ceiling,
                "thresholds": thresholds, "owner": owner });
            self.put(at, &scope, Some("org"), terms);
        }
        let parent = format!("team/{}", self.strict());
        let owner = self.plan.organisation.lead(self.strict())?.email();
        for (scope, amount) in own {
            let terms =
                json!({ "amount_usd": amount.to_string(), "thresholds": [notify("80")], "owner": owner });
            self.put(at, &scope, Some(&parent), terms);
        }
        Ok(())
    }

    /// What those get who have a budget of their own.
    fn own_amounts(&self, month: Month) -> Result<Vec<(String, i64)>> {
        let refused = if month.is_whole { None } else { self.refused(month)?.map(Person::scope) };
        let members = self.plan.organisation.members(self.strict(), month.end.previous());
        let own = members.into_iter().map(|person| {
            let scope = person.scope();
            let per_cent = if refused.as_ref() == Some(&scope) { REFUSED } else { AMPLE };
            let amount = self.amount(&scope, month, per_cent)?;
            Ok((scope, amount))
        });
        own.collect()
    }

    fn requests(&mut self, before: Month, last: Month) -> Result<()> {
        let team = self.strict();
        let lead = format!("lead-{team}");
        let members = self.plan.organisation.members(team, before.first);
        let members: Vec<_> = members.into_iter().map(|it| (it.user, it.scope())).collect();
        let reasons = [("granted", "a second review before the release"), ("denied", "to try another model")];
        for ((name, why), (user, scope)) in reasons.into_iter().zip(members.iter().skip(1)) {
            self.ask(before.at(9, 610), (user, scope), ("15", why), Some(name));
        }
        let granted = json!({ "from": format!("team/{team}"), "reason": "the release comes first" });
        self.post(before.at(10, 545), &lead, "/api/v1/budget-requests/{granted}/approve", granted);
        let denied = json!({ "reason": "next month, when the trial is over" });
        self.post(before.at(10, 550), &lead, "/api/v1/budget-requests/{denied}/deny", denied);
        let day = self.plan.calendar.last;
        if let Some((user, scope)) = self.refused(last)?.map(|it| (it.user, it.scope())) {
            let asked = ("25", "two days before the client's deadline");
            self.ask(minute_of(day, 11 * 60), (user, &scope), asked, None);
        }
        let (lead, scope) = (format!("lead-{}", self.careless()), format!("team/{}", self.careless()));
        let asked = ("60", "the migration takes a week longer");
        self.ask(minute_of(day, 15 * 60), (&lead, &scope), asked, None);
        Ok(())
    }

    /// Between teams, and down from what the company has not promised.
    fn transfers(&mut self, before: Month, last: Month) {
        let teams: Vec<&str> = self.plan.organisation.teams.iter().map(|it| it.id).collect();
        if let [from, _, to, ..] = teams[..] {
            let body = json!({ "from": format!("team/{from}"), "to": format!("team/{to}"),
                "period": "month", "amount_usd": "20", "reason": "the sale of the season" });
            self.post(before.at(14, 14 * 60), FINANCE, "/api/v1/transfers", body);
        }
        let body = json!({ "from": "org", "to": format!("team/{}", self.careless()), "period": "month",
            "amount_usd": "10", "reason": "half of what the migration needs" });
        self.post(last.at(6, 16 * 60), FINANCE, "/api/v1/transfers", body);
    }

    /// The last runaway is stopped when somebody comes to work; a client's repository rests.
    fn stops(&mut self, truth: &Truth) {
        let is_night = |kind: &str| kind == Kind::RunawayNight.name();
        let night = truth.anomalies.iter().rev().find(|it| is_night(it.kind));
        if let Some((session, day)) = night.and_then(|it| it.sessions.first().zip(Day::parse(&it.day))) {
            let body = json!({ "scope": format!("session/{session}"), "reason": "it went on all night" });
            self.post(minute_of(day, 7 * 60 + 50), ADMIN, "/api/v1/kills", body);
        }
        if let Some(repo) = self.plan.organisation.repos.iter().rev().find(|it| it.project.is_some()) {
            let body = json!({ "scope": format!("repo/{}", repo.id), "reason": "the contract has ended" });
            self.post(minute_of(self.plan.calendar.last, 17 * 60), ADMIN, "/api/v1/freezes", body);
        }
    }

    fn put(&mut self, at: Timestamp, scope: &str, parent: Option<&str>, mut body: Value) {
        if let Some(fields) = body.as_object_mut() {
            let said = [("scope", scope), ("period", "month"), ("reason", "the plan of the month")];
            let said = said.into_iter().chain(parent.map(|it| ("parent", it)));
            fields.extend(said.map(|(name, text)| (name.to_owned(), json!(text))));
        }
        let (who, path) = (ADMIN.to_owned(), "/api/v1/budgets".to_owned());
        self.errands.push(Errand { at, who, method: "PUT", path, body, name: None });
    }

    fn post(&mut self, at: Timestamp, who: &str, path: &str, body: Value) {
        let (who, path) = (who.to_owned(), path.to_owned());
        self.errands.push(Errand { at, who, method: "POST", path, body, name: None });
    }

    fn ask(
        &mut self,
        at: Timestamp,
        (who, scope): (&str, &str),
        (amount, reason): (&str, &str),
        name: Option<&'static str>,
    ) {
        let body = json!({ "scope": scope, "period": "month", "amount_usd": amount, "reason": reason });
        self.post(at, who, "/api/v1/budget-requests", body);
        if let Some(errand) = self.errands.last_mut() {
            errand.name = name;
        }
    }
}
