//! What happened beside calls, and who reports.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use deadpool_postgres::Transaction;
use domain::{Activity, ActivityKind, Branch, Day, Folder, QuarterHour, SessionId, Timestamp, Tool, Witness};

use super::values::{self, Value as _, Values};
use crate::books::{count, signed};
use crate::calendar::Calendar;
use crate::error::StoreError;
use crate::plan::ids;
use crate::postgres::columns::{Columns, column};
use crate::reading::{ActivitySum, Reporter};

/// Keeps activities, or the larger amount and the earlier moment of those that are
/// known; returns the ids of the witnesses of those that were not, once for each.
pub(super) async fn store(
    transaction: &Transaction<'_>,
    activities: &[&Activity],
    calendar: &Calendar,
) -> Result<Vec<i64>, StoreError> {
    if activities.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<Row<'_>> = rows(activities, calendar)?;
    let insert = transaction
        .prepare_cached(
            "INSERT INTO journal.activity
                (identity, at, day, kind, amount, subject, tool, session, witness, folder, branch)
             SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[],
                $6::text[], $7::text[], $8::text[], $9::bigint[], $10::text[], $11::text[])
             ON CONFLICT (identity) DO NOTHING RETURNING witness",
        )
        .await?;
    let identities = column(&rows, |row| row.it.identity.as_slice());
    let at = column(&rows, |row| row.at);
    let days = column(&rows, |row| row.day);
    let amounts = column(&rows, |row| row.amount);
    let new = transaction
        .query(
            &insert,
            &[
                &identities,
                &at,
                &days,
                &column(&rows, |row| row.it.kind.name()),
                &amounts,
                &column(&rows, |row| row.it.subject.as_deref()),
                &column(&rows, |row| row.it.tool.map(Tool::name)),
                &column(&rows, |row| row.it.session.as_ref().map(SessionId::as_str)),
                &column(&rows, |row| ids::witness_of(row.it)),
                &column(&rows, |row| row.it.folder.as_ref().map(Folder::as_str)),
                &column(&rows, |row| row.it.branch.as_ref().map(Branch::as_str)),
            ],
        )
        .await?;
    if new.len() < rows.len() {
        let update = transaction
            .prepare_cached(
                "UPDATE journal.activity AS known SET
                    amount = greatest(known.amount, new.amount),
                    day = CASE WHEN new.at < known.at THEN new.day ELSE known.day END,
                    at = least(known.at, new.at)
                 FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::bigint[])
                    AS new (identity, at, day, amount)
                 WHERE known.identity = new.identity AND (known.amount < new.amount OR known.at > new.at)",
            )
            .await?;
        transaction.execute(&update, &[&identities, &at, &days, &amounts]).await?;
    }
    new.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// An activity with the largest amount and the earliest moment that are told of it.
struct Row<'a> {
    it: &'a Activity,
    at: i64,
    day: i64,
    amount: i64,
}

/// Each activity once.
fn rows<'a>(activities: &[&'a Activity], calendar: &Calendar) -> Result<Vec<Row<'a>>, StoreError> {
    let mut rows: Vec<Row<'a>> = Vec::with_capacity(activities.len());
    let mut known: HashMap<[u8; 16], usize> = HashMap::with_capacity(activities.len());
    for it in activities {
        let (at, amount) = (it.at.millis(), signed(it.amount)?);
        let day = calendar.day(it.at.quarter_hour()).number();
        let place = *known.entry(it.identity).or_insert(rows.len());
        match rows.get_mut(place) {
            Some(row) => {
                row.amount = row.amount.max(amount);
                if at < row.at {
                    (row.at, row.day) = (at, day);
                }
            }
            None => rows.push(Row { it, at, day, amount }),
        }
    }
    Ok(rows)
}

/// What happened on some days, added up.
pub(super) async fn sums(
    transaction: &Transaction<'_>,
    values: &Values,
    days: Option<(Day, Day)>,
) -> Result<Vec<ActivitySum>, StoreError> {
    let Some((first, last)) = days else { return Ok(Vec::new()) };
    let statement = transaction
        .prepare_cached(
            "SELECT day, kind, sum(amount)::bigint, subject, tool, session, folder, branch, witness
             FROM journal.activity WHERE day BETWEEN $1 AND $2
             GROUP BY day, kind, subject, tool, session, folder, branch, witness",
        )
        .await?;
    let rows = transaction.query(&statement, &[&first.number(), &last.number()]).await?;
    let ids = rows.iter().map(|row| row.try_get(8)).collect::<Result<Vec<i64>, _>>()?;
    let witnesses = values.load::<Witness>(transaction, ids.into_iter()).await?;
    let mut sums: BTreeMap<ActivitySum, u64> = BTreeMap::new();
    for row in &rows {
        let mut columns = Columns::of(row);
        let day = Day::new(columns.value()?);
        let kind = columns.named("kind of activity", ActivityKind::from_name)?;
        let amount = count(columns.value()?)?;
        let subject = columns.maybe_text(|text| Arc::from(text))?;
        let tool = tool(&mut columns)?;
        let session = columns.maybe_text(SessionId::new)?;
        let folder = columns.maybe_text(Folder::new)?;
        let branch = columns.maybe_text(Branch::new)?;
        let witness = values::of(&witnesses, columns.value()?)?;
        let (developer, claimed) = (witness.developer.clone(), witness.claimed.clone());
        let sum =
            ActivitySum { day, kind, subject, tool, session, folder, branch, developer, claimed, amount: 0 };
        let total = sums.entry(sum).or_default();
        *total = total.checked_add(amount).ok_or(domain::Overflow)?;
    }
    Ok(sums.into_iter().map(|(sum, amount)| ActivitySum { amount, ..sum }).collect())
}

/// Some activities behind an identity, in the order of identities.
pub(super) async fn behind(
    transaction: &Transaction<'_>,
    values: &Values,
    identity: &[u8],
    limit: i64,
) -> Result<Vec<Activity>, StoreError> {
    let statement = transaction
        .prepare_cached(
            "SELECT identity, at, kind, amount, subject, tool, session, folder, branch, witness
             FROM journal.activity WHERE identity > $1 ORDER BY identity LIMIT $2",
        )
        .await?;
    let rows = transaction.query(&statement, &[&identity, &limit]).await?;
    let ids = rows.iter().map(|row| row.try_get(9)).collect::<Result<Vec<i64>, _>>()?;
    let witnesses = values.load::<Witness>(transaction, ids.into_iter()).await?;
    let activity = |row| {
        let mut columns = Columns::of(row);
        let identity: &[u8] = columns.value()?;
        let unknown = || StoreError::Unknown {
            what: "the identity of an activity",
            value: format!("{} bytes", identity.len()),
        };
        Ok(Activity {
            identity: identity.try_into().map_err(|_| unknown())?,
            at: Timestamp::from_millis(columns.value()?),
            kind: columns.named("kind of activity", ActivityKind::from_name)?,
            amount: count(columns.value()?)?,
            subject: columns.maybe_text(|text| Arc::from(text))?,
            tool: tool(&mut columns)?,
            session: columns.maybe_text(SessionId::new)?,
            folder: columns.maybe_text(Folder::new)?,
            branch: columns.maybe_text(Branch::new)?,
            witness: Arc::clone(values::of(&witnesses, columns.value()?)?),
        })
    };
    rows.iter().map(activity).collect()
}

/// Puts activities on the days of another time zone.
pub(super) async fn move_days(transaction: &Transaction<'_>, calendar: &Calendar) -> Result<(), StoreError> {
    let distinct = transaction.prepare_cached("SELECT DISTINCT at / $1 FROM journal.activity").await?;
    let length = QuarterHour::MILLIS;
    let quarters = transaction.query(&distinct, &[&length]).await?;
    let quarters = quarters.iter().map(|row| row.try_get(0)).collect::<Result<Vec<i64>, _>>()?;
    let days: Vec<_> =
        quarters.iter().map(|number| calendar.day(QuarterHour::new(*number)).number()).collect();
    let starts: Vec<_> = quarters.iter().map(|number| QuarterHour::new(*number).start().millis()).collect();
    let update = transaction
        .prepare_cached(
            "UPDATE journal.activity AS known SET day = quarter.day
             FROM unnest($1::bigint[], $2::bigint[]) AS quarter (start, day)
             WHERE known.at >= quarter.start AND known.at < quarter.start + $3
                AND known.day <> quarter.day",
        )
        .await?;
    transaction.execute(&update, &[&starts, &days, &length]).await?;
    Ok(())
}

/// Everybody who ever reported.
pub(super) async fn reporters(transaction: &Transaction<'_>) -> Result<Vec<Reporter>, StoreError> {
    let statement = transaction
        .prepare_cached(
            "SELECT source, reporter, developer, claimed, first_at, last_at, observations, activities
             FROM journal.witness
             ORDER BY reporter, source, developer NULLS FIRST, claimed NULLS FIRST",
        )
        .await?;
    let reporter = |row| {
        let mut columns = Columns::of(row);
        Ok(Reporter {
            witness: Arc::new(Witness::read(&mut columns)?),
            first_at: Timestamp::from_millis(columns.value()?),
            last_at: Timestamp::from_millis(columns.value()?),
            observations: count(columns.value()?)?,
            activities: count(columns.value()?)?,
        })
    };
    transaction.query(&statement, &[]).await?.iter().map(reporter).collect()
}

fn tool(columns: &mut Columns<'_>) -> Result<Option<Tool>, StoreError> {
    let named = columns.maybe_text(|text| {
        Tool::from_name(text).ok_or_else(|| StoreError::Unknown { what: "tool", value: text.to_owned() })
    })?;
    named.transpose()
}
