//! What the organisation decides once for all budgets: as settings, and as the ledger's policy.

use std::collections::BTreeMap;

use domain::Day;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use ledger::{Calendar, Policy, TransferLimit};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::amount::dollars;
use crate::access::Role;
use crate::desk::Desk;
use crate::failure::Failure;

/// The most holidays that are kept: a dozen a year for longer than anybody plans.
const MAX_HOLIDAYS: usize = 1_000;

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

/// What holds for all budgets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct BudgetSettings {
    /// How much the holders of a role may move, by role: finance, lead, and limits for owner
    /// and admin, who move what they like where nothing is said of them. Other roles move nothing.
    pub(crate) transfers: BTreeMap<String, WireTransferLimit>,
    /// The days of the week on which people work; Monday to Friday where none is named.
    pub(crate) working_days: Vec<String>,
    /// Days on which they do not, whatever the day of the week: `2026-12-25`.
    pub(crate) holidays: Vec<String>,
}

/// How much a role may move. What is missing is not limited.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct WireTransferLimit {
    /// At once.
    #[serde(skip_serializing_if = "Option::is_none")]
    at_once_usd: Option<String>,
    /// In a period of the budgets that it is moved between.
    #[serde(skip_serializing_if = "Option::is_none")]
    in_period_usd: Option<String>,
    /// How often in such a period.
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u32>,
}

impl WireTransferLimit {
    fn limit(&self, role: &str) -> Result<TransferLimit, Failure> {
        let amount = |name: &str, text: &Option<String>| {
            let read = text.as_deref().map(dollars).transpose();
            read.map_err(|why| Failure::Body(format!("`budgets.transfers.{role}.{name}`: {why}")))
        };
        Ok(TransferLimit {
            at_once: amount("at_once_usd", &self.at_once_usd)?,
            in_period: amount("in_period_usd", &self.in_period_usd)?,
            times: self.times,
        })
    }
}

/// What holds for all budgets, as the books have it.
pub(crate) async fn of(desk: &Desk) -> Result<Policy, Failure> {
    desk.register().current().await?.settings.budgets.policy(desk.figures().zone())
}

impl BudgetSettings {
    /// The policy that follows from them in that time zone.
    pub(crate) fn policy(&self, zone: &TimeZone) -> Result<Policy, Failure> {
        let mut calendar = Calendar::new(zone.clone());
        if !self.working_days.is_empty() {
            calendar.working = self.working_days.iter().map(|it| weekday(it)).collect::<Result<_, _>>()?;
        }
        if self.holidays.len() > MAX_HOLIDAYS {
            return Err(Failure::Body(format!("`budgets.holidays` holds at most {MAX_HOLIDAYS} days")));
        }
        let day = |it: &String| {
            let no = || Failure::Body(format!("`budgets.holidays`: `{it}` is no day such as 2026-12-25"));
            Day::parse(it).ok_or_else(no)
        };
        calendar.holidays = self.holidays.iter().map(day).collect::<Result<_, _>>()?;
        let mut policy = Policy::new(calendar);
        for (role, limit) in &self.transfers {
            if !matches!(Role::from_name(role), Some(Role::Owner | Role::Admin | Role::Finance | Role::Lead))
            {
                let why = format!(
                    "`budgets.transfers`: a limit is of owner, admin, finance or lead, not of `{role}`"
                );
                return Err(Failure::Body(why));
            }
            policy.transfers.insert(role.clone(), limit.limit(role)?);
        }
        Ok(policy)
    }
}

fn weekday(name: &str) -> Result<Weekday, Failure> {
    let found = WEEKDAYS.iter().find(|it| it.0 == name).map(|it| it.1);
    found.ok_or_else(|| {
        let all = WEEKDAYS.map(|it| it.0).join(", ");
        Failure::Body(format!("`budgets.working_days`: `{name}` is none of {all}"))
    })
}
