//! The ledger in a backup: what people agreed and what was spent, and nothing that is only
//! so while something runs.
//!
//! Reservations and leases are not in it. Where a backup is laid down nobody holds money any
//! more: what was reserved or lent is free again, and what gateways spent of it and had not
//! told is not known to it.

use domain::NanoUsd;
use ledger::{Counter, Row};

use super::code::{self, Kept};
use crate::error::StoreError;

/// The kinds of rows that are in a backup.
pub(super) const KINDS: &[&str] = &["account", "budget", "past", "request", "tally", "done"];
/// The kind of periods that nothing can change any more, in a backup.
const CLOSED: &str = "closed";

/// A row of the ledger as text, as a backup has it, and a gateway's own file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LedgerRow {
    /// What kind of row.
    pub kind: String,
    /// Its JSON.
    pub body: String,
}

impl LedgerRow {
    /// Of a row, as it is.
    ///
    /// # Errors
    /// [`StoreError::NotWritten`] where it cannot be text.
    pub fn of(row: &Row) -> Result<Self, StoreError> {
        let kept = Kept::of(row)?;
        Ok(Self { kind: kept.name.kind.to_owned(), body: kept.body })
    }

    /// The row.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] where it is none.
    pub fn row(&self) -> Result<Row, StoreError> {
        code::row(&self.kind, &self.body)
    }
}

/// What a backup lays down.
#[derive(Debug, Clone, Default)]
pub(crate) struct Laid {
    pub(crate) rows: Vec<Row>,
    pub(crate) closed: Vec<Row>,
}

/// Rows as a backup has them, in an order that is always the same.
pub(super) fn copied(rows: Vec<Row>, closed: &[Row]) -> Result<Vec<LedgerRow>, StoreError> {
    let line = |kind: &str, row: &Row| {
        Ok::<_, StoreError>(LedgerRow { kind: kind.to_owned(), body: Kept::of(row)?.body })
    };
    let mut all = Vec::with_capacity(rows.len().saturating_add(closed.len()));
    for row in rows {
        let row = at_rest(row);
        all.push(line(Kept::of(&row)?.name.kind, &row)?);
    }
    for row in closed {
        all.push(line(CLOSED, row)?);
    }
    all.sort_unstable();
    Ok(all)
}

/// A row of which nothing is held or lent.
fn at_rest(row: Row) -> Row {
    match row {
        Row::Budget(mut it) => {
            free(&mut it.counter);
            Row::Budget(it)
        }
        Row::Past(mut it) => {
            free(&mut it.counter);
            Row::Past(it)
        }
        Row::Account(_)
        | Row::Reservation(_)
        | Row::Lease(_)
        | Row::Request(_)
        | Row::Tally(_)
        | Row::Done(_) => row,
    }
}

const fn free(counter: &mut Counter) {
    (counter.reserved, counter.leased) = (NanoUsd::ZERO, NanoUsd::ZERO);
}

/// What such rows say.
pub(super) fn laid(lines: &[LedgerRow]) -> Result<Laid, StoreError> {
    let mut laid = Laid::default();
    for (number, LedgerRow { kind, body }) in (1_u64..).zip(lines) {
        let is_closed = kind == CLOSED;
        if !is_closed && !KINDS.contains(&kind.as_str()) {
            return Err(StoreError::Import { line: number, why: format!("`{kind}` is no kind of it") });
        }
        let row = code::row(if is_closed { "past" } else { kind }, body)
            .map_err(|error| StoreError::Import { line: number, why: error.to_string() })?;
        let into = if is_closed { &mut laid.closed } else { &mut laid.rows };
        into.push(at_rest(row));
    }
    Ok(laid)
}
