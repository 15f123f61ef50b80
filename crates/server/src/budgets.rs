//! Budgets as the server shows and changes them: everything between the API and the ledger
//! that the store keeps.
//!
//! Reading order: [`amount`] and [`terms`] (what is said of a budget), [`sight`] (who sees
//! which), [`tree`] (how they stand), [`policy`] (what the organisation decides once),
//! [`spent`] (what the book says was spent before there was a budget), [`bookings`] (what no
//! gateway saw), [`reach`] (what a stop hits), [`upkeep`] (what is done all the time), [`news`]
//! (what watchers hear).

pub(crate) mod amount;
pub(crate) mod bookings;
pub(crate) mod news;
pub(crate) mod policy;
pub(crate) mod reach;
pub(crate) mod sight;
pub(crate) mod spent;
pub(crate) mod terms;
pub(crate) mod tree;
pub(crate) mod upkeep;

use domain::{Day, Timestamp};
use ledger::{Command, Ledger, Row, Stopped};
use store::{Decided, Standing};

use crate::desk::Desk;
use crate::failure::Failure;

impl Desk {
    /// The organisation's day.
    pub(crate) fn today(&self) -> Day {
        let now = self.now();
        self.figures().day_of(now).unwrap_or_else(|| Day::of(now))
    }

    /// Does what is commanded; returns when it is durable.
    pub(crate) async fn decide(&self, command: Command) -> Result<Decided, Failure> {
        let decided = self.store().budgets().command(command, self.now()).await?;
        decided.map_err(Failure::Budget)
    }
}

/// What a command would come to, done to a copy of what stands there. How much somebody has
/// moved in the period already is not looked at.
pub(crate) fn rehearse(standing: &Standing, command: &Command, now: Timestamp) -> Result<Standing, Failure> {
    let Standing { budgets, accounts, requests, leases, policy } = standing.clone();
    let rows = budgets.into_iter().map(Row::Budget);
    let rows = rows.chain(accounts.into_iter().map(Row::Account));
    let rows = rows.chain(requests.into_iter().map(Row::Request));
    let rows = rows.chain(leases.into_iter().map(Row::Lease));
    let mut ledger = Ledger::whole(policy.clone(), rows);
    let decision = ledger.decide(command, now).map_err(|stopped| match stopped {
        Stopped::Refused(refusal) => Failure::Budget(refusal),
        Stopped::Missing(_) => Failure::Damaged("the rows of the budgets".to_owned()),
    })?;
    ledger.absorb(&decision.changes);
    let mut after = Standing {
        budgets: Vec::new(),
        accounts: Vec::new(),
        requests: Vec::new(),
        leases: Vec::new(),
        policy,
    };
    for row in ledger.rows() {
        match row {
            Row::Budget(it) => after.budgets.push(it),
            Row::Account(it) => after.accounts.push(it),
            Row::Request(it) => after.requests.push(it),
            Row::Lease(it) => after.leases.push(it),
            Row::Past(_) | Row::Reservation(_) | Row::Tally(_) | Row::Done(_) => {}
        }
    }
    Ok(after)
}
