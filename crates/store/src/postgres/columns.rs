//! A row read from left to right, without looking columns up by name; rows turned into
//! the columns that are bound as arrays; and the types of rows that are copied.

use std::iter;

use domain::Overflow;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Type};

use crate::error::StoreError;
use crate::journal::code::Code;

pub(super) struct Columns<'a> {
    row: &'a Row,
    next: usize,
}

impl<'a> Columns<'a> {
    pub(super) const fn of(row: &'a Row) -> Self {
        Self { row, next: 0 }
    }

    pub(super) fn value<T: FromSql<'a>>(&mut self) -> Result<T, StoreError> {
        let column = self.next;
        self.next = column.saturating_add(1);
        Ok(self.row.try_get(column)?)
    }

    pub(super) fn text<T>(&mut self, make: impl Fn(&str) -> T) -> Result<T, StoreError> {
        self.value::<&str>().map(make)
    }

    pub(super) fn maybe_text<T>(&mut self, make: impl Fn(&str) -> T) -> Result<Option<T>, StoreError> {
        Ok(self.value::<Option<&str>>()?.map(make))
    }

    /// A name of an enumeration.
    pub(super) fn named<T>(
        &mut self,
        what: &'static str,
        make: fn(&str) -> Option<T>,
    ) -> Result<T, StoreError> {
        self.text(|text| make(text).ok_or_else(|| StoreError::Unknown { what, value: text.to_owned() }))?
    }

    /// A small number, as rows have it.
    pub(super) fn small(&mut self) -> Result<i64, StoreError> {
        self.value::<i16>().map(i64::from)
    }

    /// A variant of an enumeration by its number.
    pub(super) fn code<T: Code>(&mut self) -> Result<T, StoreError> {
        T::from_code(self.small()?)
    }

    /// So many numbers.
    pub(super) fn numbers<const N: usize>(&mut self) -> Result<[i64; N], StoreError> {
        let mut numbers = [0; N];
        for number in &mut numbers {
            *number = self.value()?;
        }
        Ok(numbers)
    }
}

/// One column of many rows.
pub(super) fn column<'a, R, T>(rows: &'a [R], pick: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(pick).collect()
}

/// Several columns of many rows.
pub(super) fn columns<R, const N: usize>(rows: &[R], pick: impl Fn(&R) -> &[i64; N]) -> [Vec<i64>; N] {
    let mut columns = [const { Vec::new() }; N];
    for row in rows {
        for (column, number) in columns.iter_mut().zip(pick(row)) {
            column.push(*number);
        }
    }
    columns
}

/// The types of a copied row: so many of each, one after another.
pub(super) fn types<const N: usize>(runs: [(Type, usize); N]) -> Vec<Type> {
    runs.into_iter().flat_map(|(of, count)| iter::repeat_n(of, count)).collect()
}

/// A number of an enumeration, as its column keeps it.
pub(super) fn small(number: i64) -> Result<i16, Overflow> {
    i16::try_from(number).map_err(|_| Overflow)
}
