//! A row read from left to right, without looking columns up by name.

use domain::{Overflow, Timestamp, Tokens};
use rusqlite::Row;
use rusqlite::types::FromSql;

use super::code::Code;
use crate::error::StoreError;

pub(crate) struct Columns<'a> {
    row: &'a Row<'a>,
    next: usize,
}

impl<'a> Columns<'a> {
    pub(crate) const fn of(row: &'a Row<'a>) -> Self {
        Self { row, next: 0 }
    }

    pub(crate) fn value<T: FromSql>(&mut self) -> Result<T, StoreError> {
        let column = self.next;
        self.next = column.saturating_add(1);
        Ok(self.row.get(column)?)
    }

    pub(crate) fn text<T>(&mut self, make: impl Fn(&str) -> T) -> Result<T, StoreError> {
        let text = self.maybe_text(make)?;
        text.ok_or_else(|| StoreError::Unknown { what: "text", value: "null".to_owned() })
    }

    pub(crate) fn maybe_text<T>(&mut self, make: impl Fn(&str) -> T) -> Result<Option<T>, StoreError> {
        let column = self.next;
        self.next = column.saturating_add(1);
        let text = self.row.get_ref(column)?.as_str_or_null().map_err(rusqlite::Error::from)?;
        Ok(text.map(make))
    }

    /// A name of an enumeration.
    pub(crate) fn named<T>(
        &mut self,
        what: &'static str,
        make: fn(&str) -> Option<T>,
    ) -> Result<T, StoreError> {
        self.text(|text| make(text).ok_or_else(|| StoreError::Unknown { what, value: text.to_owned() }))?
    }

    pub(crate) fn code<T: Code>(&mut self) -> Result<T, StoreError> {
        T::from_code(self.value()?)
    }

    /// A count, of which none is negative.
    pub(crate) fn count(&mut self) -> Result<u64, StoreError> {
        let value: i64 = self.value()?;
        u64::try_from(value).map_err(|_| StoreError::Unknown { what: "a count", value: value.to_string() })
    }

    /// Bits of a `u64` that is kept as a signed integer.
    pub(crate) fn bits(&mut self) -> Result<u64, StoreError> {
        self.value::<i64>().map(i64::cast_unsigned)
    }

    pub(crate) fn tokens(&mut self) -> Result<Tokens, StoreError> {
        self.count().map(Tokens::new)
    }

    pub(crate) fn moment(&mut self) -> Result<Timestamp, StoreError> {
        self.value().map(Timestamp::from_millis)
    }
}

/// A count for a signed column.
pub(crate) fn signed(count: u64) -> Result<i64, Overflow> {
    i64::try_from(count).map_err(|_| Overflow)
}
