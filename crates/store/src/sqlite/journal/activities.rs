//! What happened beside calls, and who reports.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{Activity, ActivityKind, Branch, Day, Folder, SessionId, Tool};
use rusqlite::{Connection, params};

use super::values::{Values, columns_of_witness};
use crate::calendar::Calendar;
use crate::error::StoreError;
use crate::journal::columns::Columns;
use crate::plan::ids;
use crate::reading::{ActivitySum, Reporter};

/// Keeps an activity, or the larger amount and the earlier moment of one that is known;
/// says whether it was not known.
pub(super) fn store(connection: &Connection, it: &Activity, calendar: &Calendar) -> Result<bool, StoreError> {
    let day = calendar.day(it.at.quarter_hour()).number();
    let amount = i64::try_from(it.amount).map_err(|_| domain::Overflow)?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO activity
            (identity, at, day, kind, amount, subject, tool, session, witness, folder, branch)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT (identity) DO NOTHING",
    )?;
    let inserted = insert.execute(params![
        it.identity.as_slice(),
        it.at.millis(),
        day,
        it.kind.name(),
        amount,
        it.subject.as_deref(),
        it.tool.map(Tool::name),
        it.session.as_ref().map(SessionId::as_str),
        ids::witness_of(it),
        it.folder.as_ref().map(Folder::as_str),
        it.branch.as_ref().map(Branch::as_str),
    ])?;
    if inserted > 0 {
        return Ok(true);
    }
    let mut update = connection.prepare_cached(
        "UPDATE activity SET amount = max(amount, ?2),
            day = CASE WHEN ?3 < at THEN ?4 ELSE day END, at = min(at, ?3)
         WHERE identity = ?1 AND (amount < ?2 OR at > ?3)",
    )?;
    update.execute(params![it.identity.as_slice(), amount, it.at.millis(), day])?;
    Ok(false)
}

/// What happened on some days, added up.
pub(super) fn sums(
    connection: &Connection,
    days: Option<(Day, Day)>,
) -> Result<Vec<ActivitySum>, StoreError> {
    let Some((first, last)) = days else { return Ok(Vec::new()) };
    let mut statement = connection.prepare_cached(
        "SELECT day, kind, amount, subject, tool, session, folder, branch, witness FROM activity
         WHERE day BETWEEN ?1 AND ?2",
    )?;
    let mut rows = statement.query([first.number(), last.number()])?;
    let mut values = Values::default();
    let mut sums: BTreeMap<ActivitySum, u64> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let mut columns = Columns::of(row);
        let day = Day::new(columns.value()?);
        let kind = columns.named("kind of activity", ActivityKind::from_name)?;
        let amount = columns.count()?;
        let subject = columns.maybe_text(|text| Arc::from(text))?;
        let tool = tool(&mut columns)?;
        let session = columns.maybe_text(SessionId::new)?;
        let folder = columns.maybe_text(Folder::new)?;
        let branch = columns.maybe_text(Branch::new)?;
        let witness = values.witness(connection, columns.value()?)?;
        let (developer, claimed) = (witness.developer.clone(), witness.claimed.clone());
        let sum =
            ActivitySum { day, kind, subject, tool, session, folder, branch, developer, claimed, amount: 0 };
        let total = sums.entry(sum).or_default();
        *total = total.checked_add(amount).ok_or(domain::Overflow)?;
    }
    Ok(sums.into_iter().map(|(sum, amount)| ActivitySum { amount, ..sum }).collect())
}

/// Some activities behind an identity, in the order of identities.
pub(super) fn behind(
    connection: &Connection,
    values: &mut Values,
    identity: &[u8],
    limit: i64,
) -> Result<Vec<Activity>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT identity, at, kind, amount, subject, tool, session, folder, branch, witness FROM activity
         WHERE identity > ?1 ORDER BY identity LIMIT ?2",
    )?;
    let mut rows = statement.query(params![identity, limit])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let mut columns = Columns::of(row);
        found.push(Activity {
            identity: columns.value()?,
            at: columns.moment()?,
            kind: columns.named("kind of activity", ActivityKind::from_name)?,
            amount: columns.count()?,
            subject: columns.maybe_text(|text| Arc::from(text))?,
            tool: tool(&mut columns)?,
            session: columns.maybe_text(SessionId::new)?,
            folder: columns.maybe_text(Folder::new)?,
            branch: columns.maybe_text(Branch::new)?,
            witness: values.witness(connection, columns.value()?)?,
        });
    }
    Ok(found)
}

/// Puts activities on the days of another time zone.
pub(super) fn move_days(connection: &Connection, calendar: &Calendar) -> Result<(), StoreError> {
    let mut quarters = connection.prepare_cached("SELECT DISTINCT at / ?1 FROM activity")?;
    let quarters: Vec<i64> =
        quarters.query_map([domain::QuarterHour::MILLIS], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut update = connection.prepare_cached("UPDATE activity SET day = ?1 WHERE at >= ?2 AND at < ?3")?;
    for quarter in quarters {
        let quarter = domain::QuarterHour::new(quarter);
        let end = domain::QuarterHour::new(quarter.number().saturating_add(1));
        let (from, to) = (quarter.start().millis(), end.start().millis());
        update.execute([calendar.day(quarter).number(), from, to])?;
    }
    Ok(())
}

/// Everybody who ever reported.
pub(super) fn reporters(connection: &Connection) -> Result<Vec<Reporter>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT source, reporter, developer, claimed, first_at, last_at, observations, activities
         FROM witness ORDER BY reporter, source, developer, claimed",
    )?;
    let mut rows = statement.query([])?;
    let mut reporters = Vec::new();
    while let Some(row) = rows.next()? {
        let mut columns = Columns::of(row);
        reporters.push(Reporter {
            witness: Arc::new(columns_of_witness(&mut columns)?),
            first_at: columns.moment()?,
            last_at: columns.moment()?,
            observations: columns.count()?,
            activities: columns.count()?,
        });
    }
    Ok(reporters)
}

fn tool(columns: &mut Columns<'_>) -> Result<Option<Tool>, StoreError> {
    let named = columns.maybe_text(|text| {
        Tool::from_name(text).ok_or_else(|| StoreError::Unknown { what: "tool", value: text.to_owned() })
    })?;
    named.transpose()
}
