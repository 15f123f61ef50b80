//! What surrounds calls and decides whom they belong to: folders, pull requests, tags;
//! and what sessions did besides.
//!
//! Each is written by a statement of its own, as one may come twice in a delivery; the
//! statements go out together and are answered together.

use std::collections::HashMap;
use std::sync::Arc;

use deadpool_postgres::Transaction;
use domain::{Branch, Folder, PrLink, ReporterId, SessionId, SessionTally, Timestamp, Tokens, Tool};
use futures_util::future::try_join_all;
use tokio_postgres::Statement;
use tokio_postgres::types::ToSql;

use crate::books::{count, signed};
use crate::delivery::{FolderReport, SessionTag, TallyReport};
use crate::error::StoreError;
use crate::plan::site::Said;
use crate::postgres::columns::Columns;

/// What is bound to a statement.
type Bound = Box<dyn ToSql + Sync + Send>;

/// Values as they are bound to one statement.
macro_rules! bound {
    ($($value:expr),+) => {
        [$(boxed($value)),+]
    };
}

fn boxed(value: impl ToSql + Sync + Send + 'static) -> Bound {
    Box::new(value)
}

/// What is said of sessions; nothing, of most of them.
pub(super) async fn said(
    transaction: &Transaction<'_>,
    sessions: &[&str],
) -> Result<HashMap<SessionId, Said>, StoreError> {
    let mut said: HashMap<_, _> =
        sessions.iter().map(|session| (SessionId::new(session), Said::default())).collect();
    if sessions.is_empty() {
        return Ok(said);
    }
    let statement = transaction
        .prepare_cached(
            "SELECT session, true FROM journal.tag WHERE session = ANY ($1) AND value <> ''
             UNION SELECT session, false FROM journal.pull_request WHERE session = ANY ($1)",
        )
        .await?;
    for row in transaction.query(&statement, &[&sessions]).await? {
        let of = said.entry(SessionId::new(row.try_get(0)?)).or_default();
        if row.try_get(1)? {
            of.tag = true;
        } else {
            of.pull_request = true;
        }
    }
    Ok(said)
}

/// Runs a statement once for each row. Returns how many rows it changed each time.
async fn each<R, const N: usize>(
    transaction: &Transaction<'_>,
    sql: &'static str,
    rows: &[R],
    bind: impl Fn(&R) -> Result<[Bound; N], StoreError>,
) -> Result<Vec<u64>, StoreError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let statement = transaction.prepare_cached(sql).await?;
    let bound = rows.iter().map(bind).collect::<Result<Vec<_>, _>>()?;
    let running = bound.iter().map(|with| execute(transaction, &statement, with));
    try_join_all(running).await
}

async fn execute(
    transaction: &Transaction<'_>,
    statement: &Statement,
    with: &[Bound],
) -> Result<u64, StoreError> {
    let with: Vec<&(dyn ToSql + Sync)> = with.iter().map(borrowed).collect();
    Ok(transaction.execute(statement, &with).await?)
}

fn borrowed(value: &Bound) -> &(dyn ToSql + Sync) {
    &**value
}

fn any(changed: &[u64]) -> bool {
    changed.iter().any(|rows| *rows > 0)
}

/// Keeps what git said of folders unless something newer is known; says whether it kept
/// anything.
pub(super) async fn store_folders(
    transaction: &Transaction<'_>,
    folders: &[&FolderReport],
) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO journal.folder AS known (folder, looked_up_at, facts, reporter)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT (folder) DO UPDATE SET
            looked_up_at = excluded.looked_up_at, facts = excluded.facts, reporter = excluded.reporter
         WHERE (excluded.looked_up_at, excluded.facts, excluded.reporter)
             > (known.looked_up_at, known.facts, known.reporter)";
    let bind = |it: &&FolderReport| {
        let (facts, reporter) = (it.facts.clone(), it.reporter.as_str().to_owned());
        Ok(bound!(it.folder.as_str().to_owned(), it.looked_up_at.millis(), facts, reporter))
    };
    each(transaction, SQL, folders, bind).await.map(|changed| any(&changed))
}

/// Keeps pull requests, each on the branch where it was first named; says whether
/// anything changed.
pub(super) async fn store_pull_requests(
    transaction: &Transaction<'_>,
    links: &[&PrLink],
) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO journal.pull_request AS known
            (session, url, branch, branch_at, tool, number, first_at, last_at)
         VALUES ($1, $2, $3, $6, $4, $5, $6, $7)
         ON CONFLICT (session, url) DO UPDATE SET
            branch = CASE WHEN (excluded.branch = '', excluded.branch_at, excluded.branch)
                             < (known.branch = '', known.branch_at, known.branch)
                     THEN excluded.branch ELSE known.branch END,
            branch_at = CASE WHEN (excluded.branch = '', excluded.branch_at, excluded.branch)
                                < (known.branch = '', known.branch_at, known.branch)
                        THEN excluded.branch_at ELSE known.branch_at END,
            first_at = least(known.first_at, excluded.first_at),
            last_at = greatest(known.last_at, excluded.last_at)
         WHERE (excluded.branch = '', excluded.branch_at, excluded.branch)
                 < (known.branch = '', known.branch_at, known.branch)
            OR excluded.first_at < known.first_at OR excluded.last_at > known.last_at";
    let bind = |it: &&PrLink| {
        Ok(bound!(
            it.session.as_str().to_owned(),
            (*it.url).to_owned(),
            it.branch.as_ref().map_or("", Branch::as_str).to_owned(),
            it.tool.name(),
            signed(it.number)?,
            it.first_at.millis(),
            it.last_at.millis()
        ))
    };
    each(transaction, SQL, links, bind).await.map(|changed| any(&changed))
}

/// Keeps what people say of sessions unless something later was said; says whether it
/// kept anything.
pub(super) async fn store_tags(
    transaction: &Transaction<'_>,
    tags: &[&SessionTag],
) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO journal.tag AS known (session, key, value, at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (session, key) DO UPDATE SET value = excluded.value, at = excluded.at
         WHERE (excluded.at, excluded.value) > (known.at, known.value)";
    let bind = |it: &&SessionTag| {
        let session = it.session.as_str().to_owned();
        Ok(bound!(session, it.key.clone(), it.value.clone(), it.at.millis()))
    };
    each(transaction, SQL, tags, bind).await.map(|changed| any(&changed))
}

/// Keeps what reporters say of sessions unless they knew of more before.
pub(super) async fn store_tallies(
    transaction: &Transaction<'_>,
    tallies: &[&TallyReport],
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO journal.tally AS known
            (reporter, tool, session, first_at, last_at, turns, active_ms, tool_calls, failed_steps,
             longest_failing_run, compactions, first_context, peak_context)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         ON CONFLICT (tool, session, reporter) DO UPDATE SET
            first_at = excluded.first_at, last_at = excluded.last_at, turns = excluded.turns,
            active_ms = excluded.active_ms, tool_calls = excluded.tool_calls,
            failed_steps = excluded.failed_steps, longest_failing_run = excluded.longest_failing_run,
            compactions = excluded.compactions, first_context = excluded.first_context,
            peak_context = excluded.peak_context
         WHERE (excluded.last_at, excluded.turns, excluded.active_ms, excluded.tool_calls,
                excluded.failed_steps, excluded.longest_failing_run, excluded.compactions,
                excluded.peak_context, excluded.first_context, excluded.first_at)
             > (known.last_at, known.turns, known.active_ms, known.tool_calls, known.failed_steps,
                known.longest_failing_run, known.compactions, known.peak_context, known.first_context,
                known.first_at)";
    let bind = |it: &&TallyReport| {
        let tally = &it.tally;
        Ok(bound!(
            it.reporter.as_str().to_owned(),
            tally.tool.name(),
            tally.session.as_str().to_owned(),
            tally.first_at.millis(),
            tally.last_at.millis(),
            i64::from(tally.turns),
            signed(tally.active_ms)?,
            i64::from(tally.tool_calls),
            i64::from(tally.failed_steps),
            i64::from(tally.longest_failing_run),
            i64::from(tally.compactions),
            signed(tally.first_context.count())?,
            signed(tally.peak_context.count())?
        ))
    };
    each(transaction, SQL, tallies, bind).await.map(|_| ())
}

/// Notes that folders, pull requests or tags changed.
pub(super) async fn raise_version(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    let statement = transaction
        .prepare_cached(
            "INSERT INTO journal.setting AS known (name, value) VALUES ('surroundings', '1')
             ON CONFLICT (name) DO UPDATE SET value = (known.value::bigint + 1)::text",
        )
        .await?;
    transaction.execute(&statement, &[]).await?;
    Ok(())
}

/// A number that grows whenever they change, or a session with pull requests was
/// somewhere new.
pub(super) async fn version(transaction: &Transaction<'_>) -> Result<u64, StoreError> {
    let statement = transaction
        .prepare_cached(
            "SELECT coalesce((SELECT value::bigint FROM journal.setting WHERE name = 'surroundings'), 0)
                  + (SELECT count(*) FROM journal.whereabouts
                     WHERE session IN (SELECT session FROM journal.pull_request))",
        )
        .await?;
    count(transaction.query_one(&statement, &[]).await?.try_get(0)?)
}

pub(super) async fn folders(transaction: &Transaction<'_>) -> Result<Vec<FolderReport>, StoreError> {
    const SQL: &str = "SELECT folder, looked_up_at, facts, reporter FROM journal.folder ORDER BY folder";
    read(transaction, SQL, |columns| {
        Ok(FolderReport {
            folder: columns.text(Folder::new)?,
            looked_up_at: moment(columns)?,
            facts: columns.value()?,
            reporter: columns.text(ReporterId::new)?,
        })
    })
    .await
}

pub(super) async fn pull_requests(transaction: &Transaction<'_>) -> Result<Vec<PrLink>, StoreError> {
    const SQL: &str = "SELECT tool, session, url, number, branch, first_at, last_at FROM journal.pull_request
         ORDER BY session, first_at, url";
    read(transaction, SQL, link).await
}

fn link(columns: &mut Columns<'_>) -> Result<PrLink, StoreError> {
    Ok(PrLink {
        tool: columns.named("tool", Tool::from_name)?,
        session: columns.text(SessionId::new)?,
        url: columns.text(|text| Arc::from(text))?,
        number: count(columns.value()?)?,
        branch: Some(columns.text(Branch::new)?).filter(|branch| !branch.as_str().is_empty()),
        first_at: moment(columns)?,
        last_at: moment(columns)?,
    })
}

/// Pull requests such that storing them again makes the same: one whose branch was named
/// later than the pull request itself is told twice.
pub(super) async fn pull_requests_as_named(transaction: &Transaction<'_>) -> Result<Vec<PrLink>, StoreError> {
    const SQL: &str = "SELECT tool, session, url, number, branch, first_at, last_at, branch_at
         FROM journal.pull_request ORDER BY session, first_at, url";
    let named = read(transaction, SQL, |columns| Ok((link(columns)?, moment(columns)?))).await?;
    let told = named.into_iter().flat_map(|(link, branch_at)| {
        let again = (link.first_at != branch_at).then(|| PrLink { branch: None, ..link.clone() });
        std::iter::once(PrLink { first_at: branch_at, ..link }).chain(again)
    });
    Ok(told.collect())
}

pub(super) async fn tags(
    transaction: &Transaction<'_>,
    taken_back: bool,
) -> Result<Vec<SessionTag>, StoreError> {
    const SQL: &str = "SELECT session, key, value, at FROM journal.tag ORDER BY session, key";
    let mut tags = read(transaction, SQL, |columns| {
        Ok(SessionTag {
            session: columns.text(SessionId::new)?,
            key: columns.value()?,
            value: columns.value()?,
            at: moment(columns)?,
        })
    })
    .await?;
    tags.retain(|tag| taken_back || !tag.value.is_empty());
    Ok(tags)
}

pub(super) async fn tallies(transaction: &Transaction<'_>) -> Result<Vec<TallyReport>, StoreError> {
    const SQL: &str = "SELECT reporter, tool, session, first_at, last_at, turns, active_ms, tool_calls,
            failed_steps, longest_failing_run, compactions, first_context, peak_context
         FROM journal.tally ORDER BY tool, session, first_at, reporter";
    read(transaction, SQL, tally).await
}

fn tally(columns: &mut Columns<'_>) -> Result<TallyReport, StoreError> {
    let small = |column: i64| {
        u32::try_from(column).map_err(|_| StoreError::Unknown { what: "a count", value: column.to_string() })
    };
    let reporter = columns.text(ReporterId::new)?;
    let tally = SessionTally {
        tool: columns.named("tool", Tool::from_name)?,
        session: columns.text(SessionId::new)?,
        first_at: moment(columns)?,
        last_at: moment(columns)?,
        turns: small(columns.value()?)?,
        active_ms: count(columns.value()?)?,
        tool_calls: small(columns.value()?)?,
        failed_steps: small(columns.value()?)?,
        longest_failing_run: small(columns.value()?)?,
        compactions: small(columns.value()?)?,
        first_context: Tokens::new(count(columns.value()?)?),
        peak_context: Tokens::new(count(columns.value()?)?),
    };
    Ok(TallyReport { reporter, tally })
}

/// A setting of the schema itself.
pub(super) async fn setting(transaction: &Transaction<'_>, name: &str) -> Result<Option<String>, StoreError> {
    let statement = transaction.prepare_cached("SELECT value FROM journal.setting WHERE name = $1").await?;
    Ok(transaction.query_opt(&statement, &[&name]).await?.map(|row| row.try_get(0)).transpose()?)
}

/// The name that the book gave itself when it was made.
pub(super) async fn identity(transaction: &Transaction<'_>) -> Result<String, StoreError> {
    transaction
        .batch_execute(
            "INSERT INTO journal.setting (name, value)
             VALUES ('book', replace(gen_random_uuid()::text, '-', '')) ON CONFLICT (name) DO NOTHING",
        )
        .await?;
    setting(transaction, "book").await?.ok_or(StoreError::Closed)
}

/// Changes a setting of the schema itself.
pub(super) async fn set(transaction: &Transaction<'_>, name: &str, value: &str) -> Result<(), StoreError> {
    let statement = transaction
        .prepare_cached(
            "INSERT INTO journal.setting (name, value) VALUES ($1, $2)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )
        .await?;
    transaction.execute(&statement, &[&name, &value]).await?;
    Ok(())
}

async fn read<T>(
    transaction: &Transaction<'_>,
    sql: &'static str,
    make: impl Fn(&mut Columns<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let statement = transaction.prepare_cached(sql).await?;
    transaction.query(&statement, &[]).await?.iter().map(|row| make(&mut Columns::of(row))).collect()
}

fn moment(columns: &mut Columns<'_>) -> Result<Timestamp, StoreError> {
    columns.value().map(Timestamp::from_millis)
}
