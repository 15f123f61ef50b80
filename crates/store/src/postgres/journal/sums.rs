//! Sums by quarter of an hour and by day, and the stamps of days.

use std::sync::Arc;

use deadpool_postgres::Transaction;
use domain::{Day, QuarterHour, Service, Timestamp, Whereabouts};
use metering::rollup::Change;

use super::values::{Known, Values, store_whereabouts};
use crate::calendar::Calendar;
use crate::error::StoreError;
use crate::memory::{Memory, SumRow};
use crate::plan::{Applied, SumKey};
use crate::postgres::columns::{Columns, column, columns};
use crate::reading::{Cells, DayCells, Grain};

macro_rules! upsert {
    ($table:literal) => {
        concat!(
            "INSERT INTO journal.",
            $table,
            " AS known
                (period, whereabouts, service, confidence, seen, calls, unpriced_calls, input, output,
                 cache_read, cache_write_5m, cache_write_1h, reasoning, web_searches, list_nano, cost_nano)
             SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[],
                 $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[],
                 $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[])
             ON CONFLICT (period, whereabouts, service, confidence, seen) DO UPDATE SET
                calls = known.calls + excluded.calls,
                unpriced_calls = known.unpriced_calls + excluded.unpriced_calls,
                input = known.input + excluded.input,
                output = known.output + excluded.output,
                cache_read = known.cache_read + excluded.cache_read,
                cache_write_5m = known.cache_write_5m + excluded.cache_write_5m,
                cache_write_1h = known.cache_write_1h + excluded.cache_write_1h,
                reasoning = known.reasoning + excluded.reasoning,
                web_searches = known.web_searches + excluded.web_searches,
                list_nano = known.list_nano + excluded.list_nano,
                cost_nano = known.cost_nano + excluded.cost_nano"
        )
    };
}

macro_rules! emptied {
    ($table:literal) => {
        concat!(
            "DELETE FROM journal.",
            $table,
            " AS known USING unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])
                 AS less (period, whereabouts, service, confidence, seen)
             WHERE known.period = less.period AND known.whereabouts = less.whereabouts
                AND known.service = less.service AND known.confidence = less.confidence
                AND known.seen = less.seen AND known.calls = 0"
        )
    };
}

macro_rules! select {
    ($table:literal) => {
        concat!(
            "SELECT period, whereabouts, service, confidence, seen, calls, unpriced_calls, input, output,
                cache_read, cache_write_5m, cache_write_1h, reasoning, web_searches, list_nano, cost_nano
             FROM journal.",
            $table,
            " WHERE period >= $1 AND period < $2"
        )
    };
}

/// Applies changes of sums, and stamps their days.
pub(super) async fn apply(
    transaction: &Transaction<'_>,
    values: &Values,
    changes: &Applied,
) -> Result<(), StoreError> {
    let sites: Known<Whereabouts> = changes.sites.iter().cloned().collect();
    store_whereabouts(transaction, &values.unknown(&sites)).await?;
    apply_to(transaction, (upsert!("cell"), emptied!("cell")), &changes.quarters).await?;
    apply_to(transaction, (upsert!("day_cell"), emptied!("day_cell")), &changes.days).await?;
    let days: Vec<_> = changes.touched.iter().map(|day| day.number()).collect();
    if days.is_empty() {
        return Ok(());
    }
    let stamp = transaction
        .prepare_cached(
            "INSERT INTO journal.stamp AS known (day, changes) SELECT day, 1 FROM unnest($1::bigint[]) AS new (day)
             ON CONFLICT (day) DO UPDATE SET changes = known.changes + 1",
        )
        .await?;
    transaction.execute(&stamp, &[&days]).await?;
    Ok(())
}

/// `changes` are in the order of their keys, so that rows are locked in one order.
async fn apply_to(
    transaction: &Transaction<'_>,
    sql: (&'static str, &'static str),
    changes: &[(SumKey, Change)],
) -> Result<(), StoreError> {
    if changes.is_empty() {
        return Ok(());
    }
    let keys = |changes: &[&(SumKey, Change)]| {
        [
            column(changes, |(key, _)| key.period),
            column(changes, |(key, _)| key.whereabouts),
            column(changes, |(key, _)| key.service),
            column(changes, |(key, _)| key.confidence),
            column(changes, |(key, _)| key.seen),
        ]
    };
    let all: Vec<_> = changes.iter().collect();
    let [periods, whereabouts, services, confidences, seen] = keys(&all);
    let [calls, unpriced, input, output, read, five, hour, reasoning, searches, list, cost] =
        columns(changes, |(_, change)| change.figures());
    let upsert = transaction.prepare_cached(sql.0).await?;
    transaction
        .execute(
            &upsert,
            &[
                &periods,
                &whereabouts,
                &services,
                &confidences,
                &seen,
                &calls,
                &unpriced,
                &input,
                &output,
                &read,
                &five,
                &hour,
                &reasoning,
                &searches,
                &list,
                &cost,
            ],
        )
        .await?;
    let less: Vec<_> = changes.iter().filter(|(_, change)| change.figures().first() < Some(&0)).collect();
    if less.is_empty() {
        return Ok(());
    }
    let [periods, whereabouts, services, confidences, seen] = keys(&less);
    let emptied = transaction.prepare_cached(sql.1).await?;
    transaction.execute(&emptied, &[&periods, &whereabouts, &services, &confidences, &seen]).await?;
    Ok(())
}

/// The sums of all days that a span has moments of.
pub(super) async fn read(
    transaction: &Transaction<'_>,
    (memory, values): (&Memory, &Values),
    calendar: &Calendar,
    grain: Grain,
    span: (Timestamp, Timestamp),
) -> Result<Cells, StoreError> {
    let mut days: Vec<Arc<DayCells>> = Vec::new();
    if let Some((first, last)) = calendar.days(span.0, span.1) {
        for (day, stamp) in stamps(transaction, first, last).await? {
            let cells = match memory.recall(grain, day, stamp) {
                Some(cells) => cells,
                None => {
                    let rows = of_day(transaction, calendar, grain, day).await?;
                    learn(transaction, (memory, values), &rows).await?;
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

/// Makes the memory know all ids of some sums.
async fn learn(
    transaction: &Transaction<'_>,
    (memory, values): (&Memory, &Values),
    rows: &[SumRow],
) -> Result<(), StoreError> {
    let (whereabouts, services) = memory.unknown(rows);
    let whereabouts = values.load::<Whereabouts>(transaction, whereabouts.into_iter()).await?;
    let services = values.load::<Service>(transaction, services.into_iter()).await?;
    memory.learn(whereabouts.into_iter().collect(), services.into_iter().collect())
}

/// The days of a span that sums were ever changed on, and how often.
pub(super) async fn stamps(
    transaction: &Transaction<'_>,
    first: Day,
    last: Day,
) -> Result<Vec<(Day, i64)>, StoreError> {
    let statement = transaction
        .prepare_cached("SELECT day, changes FROM journal.stamp WHERE day BETWEEN $1 AND $2 ORDER BY day")
        .await?;
    let rows = transaction.query(&statement, &[&first.number(), &last.number()]).await?;
    rows.iter().map(|row| Ok((Day::new(row.try_get(0)?), row.try_get(1)?))).collect()
}

/// The sums of one day.
pub(super) async fn of_day(
    transaction: &Transaction<'_>,
    calendar: &Calendar,
    grain: Grain,
    day: Day,
) -> Result<Vec<SumRow>, StoreError> {
    match grain {
        // Those by session are added up where they are remembered.
        Grain::Quarter | Grain::Session => {
            let (first, end) = (calendar.first_quarter(day), calendar.first_quarter(day.next()));
            of_quarters(transaction, first, end).await
        }
        Grain::Day => rows(transaction, select!("day_cell"), day.number(), day.next().number()).await,
    }
}

/// The sums of all quarters of an hour from one on and before another.
pub(super) async fn of_quarters(
    transaction: &Transaction<'_>,
    first: QuarterHour,
    end: QuarterHour,
) -> Result<Vec<SumRow>, StoreError> {
    rows(transaction, select!("cell"), first.number(), end.number()).await
}

async fn rows(
    transaction: &Transaction<'_>,
    sql: &'static str,
    first: i64,
    end: i64,
) -> Result<Vec<SumRow>, StoreError> {
    let statement = transaction.prepare_cached(sql).await?;
    let rows = transaction.query(&statement, &[&first, &end]).await?;
    let sum = |row| {
        let mut columns = Columns::of(row);
        let key = SumKey {
            period: columns.value()?,
            whereabouts: columns.value()?,
            service: columns.value()?,
            confidence: columns.small()?,
            seen: columns.small()?,
        };
        Ok(SumRow { key, figures: columns.numbers()? })
    };
    rows.iter().map(sum).collect()
}
