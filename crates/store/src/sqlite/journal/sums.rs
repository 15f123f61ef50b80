//! The sums by quarter of an hour and by day, and their stamps.

use std::sync::Arc;

use domain::{Day, Timestamp};
use metering::rollup::Change;
use rusqlite::{Connection, params};

use super::values::{Values, store_whereabouts};
use crate::calendar::Calendar;
use crate::error::StoreError;
use crate::journal::columns::Columns;
use crate::memory::{Memory, SumRow};
use crate::plan::{Applied, SumKey};
use crate::reading::{Cells, DayCells, Grain};

macro_rules! upsert {
    ($table:literal) => {
        concat!(
            "INSERT INTO ",
            $table,
            " (period, whereabouts, service, confidence, seen, calls, unpriced_calls, input, output,
                cache_read, cache_write_5m, cache_write_1h, reasoning, web_searches, list_nano, cost_nano)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
             ON CONFLICT (period, whereabouts, service, confidence, seen) DO UPDATE SET
                calls = calls + excluded.calls,
                unpriced_calls = unpriced_calls + excluded.unpriced_calls,
                input = input + excluded.input,
                output = output + excluded.output,
                cache_read = cache_read + excluded.cache_read,
                cache_write_5m = cache_write_5m + excluded.cache_write_5m,
                cache_write_1h = cache_write_1h + excluded.cache_write_1h,
                reasoning = reasoning + excluded.reasoning,
                web_searches = web_searches + excluded.web_searches,
                list_nano = list_nano + excluded.list_nano,
                cost_nano = cost_nano + excluded.cost_nano"
        )
    };
}

macro_rules! emptied {
    ($table:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE period = ?1 AND whereabouts = ?2 AND service = ?3 AND confidence = ?4 AND seen = ?5
                AND calls = 0"
        )
    };
}

macro_rules! select {
    ($table:literal) => {
        concat!(
            "SELECT period, whereabouts, service, confidence, seen, calls, unpriced_calls, input, output,
                cache_read, cache_write_5m, cache_write_1h, reasoning, web_searches, list_nano, cost_nano
             FROM ",
            $table,
            " WHERE period >= ?1 AND period < ?2"
        )
    };
}

/// Applies changes of sums, and stamps their days.
pub(super) fn apply(connection: &Connection, changes: &Applied) -> Result<(), StoreError> {
    for (id, site) in &changes.sites {
        store_whereabouts(connection, *id, site)?;
    }
    apply_to(connection, upsert!("cell"), emptied!("cell"), &changes.quarters)?;
    apply_to(connection, upsert!("day_cell"), emptied!("day_cell"), &changes.days)?;
    let mut stamp = connection.prepare_cached(
        "INSERT INTO stamp (day, changes) VALUES (?1, 1) ON CONFLICT (day) DO UPDATE SET changes = changes + 1",
    )?;
    for day in &changes.touched {
        stamp.execute([day.number()])?;
    }
    Ok(())
}

fn apply_to(
    connection: &Connection,
    upsert: &str,
    emptied: &str,
    changes: &[(SumKey, Change)],
) -> Result<(), StoreError> {
    let mut upsert = connection.prepare_cached(upsert)?;
    let mut emptied = connection.prepare_cached(emptied)?;
    for (key, change) in changes {
        let [calls, unpriced, input, output, read, five, hour, reasoning, searches, list, cost] =
            *change.figures();
        let SumKey { period, whereabouts, service, confidence, seen } = *key;
        upsert.execute(params![
            period,
            whereabouts,
            service,
            confidence,
            seen,
            calls,
            unpriced,
            input,
            output,
            read,
            five,
            hour,
            reasoning,
            searches,
            list,
            cost,
        ])?;
        if calls < 0 {
            emptied.execute(params![period, whereabouts, service, confidence, seen])?;
        }
    }
    Ok(())
}

/// The sums of all days that a span has moments of.
pub(super) fn read(
    connection: &Connection,
    memory: &Memory,
    calendar: &Calendar,
    grain: Grain,
    span: (Timestamp, Timestamp),
) -> Result<Cells, StoreError> {
    let mut days: Vec<Arc<DayCells>> = Vec::new();
    if let Some((first, last)) = calendar.days(span.0, span.1) {
        for (day, stamp) in stamps(connection, first, last)? {
            let cells = match memory.recall(grain, day, stamp) {
                Some(cells) => cells,
                None => {
                    let rows = of_day(connection, calendar, grain, day)?;
                    let (whereabouts, services) = memory.unknown(&rows);
                    let mut values = Values::default();
                    let whereabouts = whereabouts
                        .into_iter()
                        .map(|id| values.whereabouts(connection, id).map(|value| (id, value)));
                    let whereabouts = whereabouts.collect::<Result<Vec<_>, StoreError>>()?;
                    let services = services
                        .into_iter()
                        .map(|id| values.service(connection, id).map(|value| (id, value)));
                    let services = services.collect::<Result<Vec<_>, StoreError>>()?;
                    memory.learn(whereabouts, services)?;
                    memory.keep(calendar, (grain, day, stamp), &rows)?
                }
            };
            if !cells.cells.is_empty() {
                days.push(cells);
            }
        }
    }
    Ok(Cells { days, names: memory.names() })
}

/// The days of a span that sums were ever changed on, and how often.
pub(super) fn stamps(connection: &Connection, first: Day, last: Day) -> Result<Vec<(Day, i64)>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT day, changes FROM stamp WHERE day BETWEEN ?1 AND ?2 ORDER BY day")?;
    let rows = statement
        .query_map([first.number(), last.number()], |row| Ok((Day::new(row.get(0)?), row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The sums of one day.
pub(super) fn of_day(
    connection: &Connection,
    calendar: &Calendar,
    grain: Grain,
    day: Day,
) -> Result<Vec<SumRow>, StoreError> {
    match grain {
        // Those by session are added up where they are remembered.
        Grain::Quarter | Grain::Session => {
            let (first, end) = (calendar.first_quarter(day), calendar.first_quarter(day.next()));
            rows(connection, select!("cell"), first.number(), end.number())
        }
        Grain::Day => rows(connection, select!("day_cell"), day.number(), day.next().number()),
    }
}

fn rows(connection: &Connection, sql: &str, first: i64, end: i64) -> Result<Vec<SumRow>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([first, end])?;
    let mut sums = Vec::new();
    while let Some(row) = rows.next()? {
        let mut columns = Columns::of(row);
        let key = SumKey {
            period: columns.value()?,
            whereabouts: columns.value()?,
            service: columns.value()?,
            confidence: columns.value()?,
            seen: columns.value()?,
        };
        let mut figures = [0; 11];
        for figure in &mut figures {
            *figure = columns.value()?;
        }
        sums.push(SumRow { key, figures });
    }
    Ok(sums)
}
