//! Leases.

use std::collections::BTreeMap;

use domain::Scope;
use ledger::{Held, Lease, LeaseId, LeaseState, LentSlice};
use serde::{Deserialize, Serialize};

use super::{HeldWire, NotARow, moment, scope, usd};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LeaseWire {
    id: String,
    replica: String,
    expires_at: i64,
    state: StateWire,
    /// With the epoch of each.
    scopes: Vec<(String, u64)>,
    /// With what was lent and what was spent of each.
    slices: Vec<(HeldWire, i64, i64)>,
    touched: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StateWire {
    Live,
    Expired,
    Returned,
}

impl LeaseWire {
    pub(super) fn of(it: &Lease) -> Self {
        let slice = |(held, slice): (&Held, &LentSlice)| {
            (HeldWire::of(held), slice.amount.nano(), slice.spent.nano())
        };
        Self {
            id: it.id.to_string(),
            replica: it.replica.clone(),
            expires_at: it.expires_at.millis(),
            state: match it.state {
                LeaseState::Live => StateWire::Live,
                LeaseState::Expired => StateWire::Expired,
                LeaseState::Returned => StateWire::Returned,
            },
            scopes: it.scopes.iter().map(|(scope, epoch)| (scope.to_string(), *epoch)).collect(),
            slices: it.slices.iter().map(slice).collect(),
            touched: it.touched.millis(),
        }
    }

    pub(super) fn lease(self) -> Result<Lease, NotARow> {
        let leased = |(text, epoch): &(String, u64)| Ok((scope(text)?, *epoch));
        let slice = |(held, amount, spent): &(HeldWire, i64, i64)| {
            Ok((held.held()?, LentSlice { amount: usd(*amount), spent: usd(*spent) }))
        };
        Ok(Lease {
            id: LeaseId::new(&self.id),
            replica: self.replica,
            expires_at: moment(self.expires_at),
            state: match self.state {
                StateWire::Live => LeaseState::Live,
                StateWire::Expired => LeaseState::Expired,
                StateWire::Returned => LeaseState::Returned,
            },
            scopes: self.scopes.iter().map(leased).collect::<Result<BTreeMap<Scope, u64>, NotARow>>()?,
            slices: self.slices.iter().map(slice).collect::<Result<BTreeMap<Held, LentSlice>, NotARow>>()?,
            touched: moment(self.touched),
        })
    }
}
