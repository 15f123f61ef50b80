//! What surrounds calls and decides whom they belong to: folders, pull requests, tags;
//! and what sessions did besides.

use std::sync::Arc;

use domain::{Branch, Folder, PrLink, ReporterId, SessionId, SessionTally, Timestamp, Tokens, Tool};
use rusqlite::{Connection, params};

use crate::delivery::{FolderReport, SessionTag, TallyReport};
use crate::error::StoreError;
use crate::journal::columns::Columns;
use crate::plan::site::Said;

/// What is said of a session.
pub(super) fn said(connection: &Connection, session: &SessionId) -> Result<Said, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM tag WHERE session = ?1 AND value <> ''),
                EXISTS (SELECT 1 FROM pull_request WHERE session = ?1)",
    )?;
    let said = statement
        .query_row([session.as_str()], |row| Ok(Said { tag: row.get(0)?, pull_request: row.get(1)? }))?;
    Ok(said)
}

/// Keeps what git said of a folder unless something newer is known; says whether it did.
pub(super) fn store_folder(connection: &Connection, it: &FolderReport) -> Result<bool, StoreError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO folder (folder, looked_up_at, facts, reporter) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (folder) DO UPDATE SET
            looked_up_at = excluded.looked_up_at, facts = excluded.facts, reporter = excluded.reporter
         WHERE (excluded.looked_up_at, excluded.facts, excluded.reporter) > (looked_up_at, facts, reporter)",
    )?;
    let changed = statement.execute(params![
        it.folder.as_str(),
        it.looked_up_at.millis(),
        it.facts,
        it.reporter.as_str()
    ])?;
    Ok(changed > 0)
}

/// Keeps a pull request on the branch where it was first named; says whether anything
/// changed.
pub(super) fn store_pull_request(connection: &Connection, it: &PrLink) -> Result<bool, StoreError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO pull_request (session, url, branch, branch_at, tool, number, first_at, last_at)
         VALUES (?1, ?2, ?3, ?6, ?4, ?5, ?6, ?7)
         ON CONFLICT (session, url) DO UPDATE SET
            branch = CASE WHEN (excluded.branch = '', excluded.branch_at, excluded.branch)
                             < (branch = '', branch_at, branch) THEN excluded.branch ELSE branch END,
            branch_at = CASE WHEN (excluded.branch = '', excluded.branch_at, excluded.branch)
                                < (branch = '', branch_at, branch) THEN excluded.branch_at ELSE branch_at END,
            first_at = min(first_at, excluded.first_at),
            last_at = max(last_at, excluded.last_at)
         WHERE (excluded.branch = '', excluded.branch_at, excluded.branch) < (branch = '', branch_at, branch)
            OR excluded.first_at < first_at OR excluded.last_at > last_at",
    )?;
    let changed = statement.execute(params![
        it.session.as_str(),
        &*it.url,
        it.branch.as_ref().map_or("", Branch::as_str),
        it.tool.name(),
        signed(it.number)?,
        it.first_at.millis(),
        it.last_at.millis(),
    ])?;
    Ok(changed > 0)
}

/// Keeps what somebody says of a session unless something later was said; says whether
/// it did.
pub(super) fn store_tag(connection: &Connection, it: &SessionTag) -> Result<bool, StoreError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO tag (session, key, value, at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (session, key) DO UPDATE SET value = excluded.value, at = excluded.at
         WHERE (excluded.at, excluded.value) > (at, value)",
    )?;
    Ok(statement.execute(params![it.session.as_str(), it.key, it.value, it.at.millis()])? > 0)
}

/// Keeps what a reporter says of a session unless it knew of more before.
pub(super) fn store_tally(connection: &Connection, it: &TallyReport) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO tally
            (reporter, tool, session, first_at, last_at, turns, active_ms, tool_calls, failed_steps,
             longest_failing_run, compactions, first_context, peak_context)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
         ON CONFLICT (tool, session, reporter) DO UPDATE SET
            first_at = excluded.first_at, last_at = excluded.last_at, turns = excluded.turns,
            active_ms = excluded.active_ms, tool_calls = excluded.tool_calls,
            failed_steps = excluded.failed_steps, longest_failing_run = excluded.longest_failing_run,
            compactions = excluded.compactions, first_context = excluded.first_context,
            peak_context = excluded.peak_context
         WHERE (excluded.last_at, excluded.turns, excluded.active_ms, excluded.tool_calls,
                excluded.failed_steps, excluded.longest_failing_run, excluded.compactions,
                excluded.peak_context, excluded.first_context, excluded.first_at)
             > (last_at, turns, active_ms, tool_calls, failed_steps, longest_failing_run, compactions,
                peak_context, first_context, first_at)",
    )?;
    let tally = &it.tally;
    statement.execute(params![
        it.reporter.as_str(),
        tally.tool.name(),
        tally.session.as_str(),
        tally.first_at.millis(),
        tally.last_at.millis(),
        tally.turns,
        signed(tally.active_ms)?,
        tally.tool_calls,
        tally.failed_steps,
        tally.longest_failing_run,
        tally.compactions,
        signed(tally.first_context.count())?,
        signed(tally.peak_context.count())?,
    ])?;
    Ok(())
}

/// Notes that folders, pull requests or tags changed.
pub(super) fn raise_version(connection: &Connection) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO setting (name, value) VALUES ('surroundings', '1')
             ON CONFLICT (name) DO UPDATE SET value = CAST(value AS INTEGER) + 1",
        )?
        .execute([])?;
    Ok(())
}

/// A number that grows whenever they change, or a session with pull requests was
/// somewhere new.
pub(super) fn version(connection: &Connection) -> Result<u64, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT coalesce((SELECT CAST(value AS INTEGER) FROM setting WHERE name = 'surroundings'), 0)
              + (SELECT count(*) FROM whereabouts WHERE session IN (SELECT session FROM pull_request))",
    )?;
    let version: i64 = statement.query_row([], |row| row.get(0))?;
    crate::books::count(version)
}

pub(super) fn folders(connection: &Connection) -> Result<Vec<FolderReport>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT folder, looked_up_at, facts, reporter FROM folder ORDER BY folder")?;
    let mut rows = statement.query([])?;
    let mut folders = Vec::new();
    while let Some(row) = rows.next()? {
        let mut columns = Columns::of(row);
        folders.push(FolderReport {
            folder: columns.text(Folder::new)?,
            looked_up_at: columns.moment()?,
            facts: columns.value()?,
            reporter: columns.text(ReporterId::new)?,
        });
    }
    Ok(folders)
}

pub(super) fn pull_requests(connection: &Connection) -> Result<Vec<PrLink>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT tool, session, url, number, branch, first_at, last_at FROM pull_request
         ORDER BY session, first_at, url",
    )?;
    let mut rows = statement.query([])?;
    let mut links = Vec::new();
    while let Some(row) = rows.next()? {
        let mut columns = Columns::of(row);
        links.push(PrLink {
            tool: columns.named("tool", Tool::from_name)?,
            session: columns.text(SessionId::new)?,
            url: columns.text(|text| Arc::from(text))?,
            number: columns.count()?,
            branch: Some(columns.text(Branch::new)?).filter(|branch| !branch.as_str().is_empty()),
            first_at: columns.moment()?,
            last_at: columns.moment()?,
        });
    }
    Ok(links)
}

/// Pull requests such that storing them again makes the same rows: one that got its
/// branch later than it was first named is told twice.
pub(super) fn pull_requests_as_named(connection: &Connection) -> Result<Vec<PrLink>, StoreError> {
    let mut links = pull_requests(connection)?;
    let mut statement =
        connection.prepare_cached("SELECT branch_at FROM pull_request ORDER BY session, first_at, url")?;
    let branch_at: Vec<i64> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut again = Vec::new();
    for (link, branch_at) in links.iter_mut().zip(branch_at) {
        if link.first_at.millis() != branch_at {
            again.push(PrLink { branch: None, ..link.clone() });
            link.first_at = Timestamp::from_millis(branch_at);
        }
    }
    links.extend(again);
    Ok(links)
}

pub(super) fn tags(connection: &Connection, taken_back: bool) -> Result<Vec<SessionTag>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT session, key, value, at FROM tag ORDER BY session, key")?;
    let mut rows = statement.query([])?;
    let mut tags = Vec::new();
    while let Some(row) = rows.next()? {
        let mut columns = Columns::of(row);
        let tag = SessionTag {
            session: columns.text(SessionId::new)?,
            key: columns.value()?,
            value: columns.value()?,
            at: columns.moment()?,
        };
        if taken_back || !tag.value.is_empty() {
            tags.push(tag);
        }
    }
    Ok(tags)
}

pub(super) fn tallies(connection: &Connection) -> Result<Vec<TallyReport>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT reporter, tool, session, first_at, last_at, turns, active_ms, tool_calls, failed_steps,
                longest_failing_run, compactions, first_context, peak_context
         FROM tally ORDER BY tool, session, first_at, reporter",
    )?;
    let mut rows = statement.query([])?;
    let mut tallies = Vec::new();
    while let Some(row) = rows.next()? {
        let mut columns = Columns::of(row);
        let reporter = columns.text(ReporterId::new)?;
        let tally = SessionTally {
            tool: columns.named("tool", Tool::from_name)?,
            session: columns.text(SessionId::new)?,
            first_at: columns.moment()?,
            last_at: columns.moment()?,
            turns: columns.value()?,
            active_ms: columns.count()?,
            tool_calls: columns.value()?,
            failed_steps: columns.value()?,
            longest_failing_run: columns.value()?,
            compactions: columns.value()?,
            first_context: Tokens::new(columns.count()?),
            peak_context: Tokens::new(columns.count()?),
        };
        tallies.push(TallyReport { reporter, tally });
    }
    Ok(tallies)
}

/// A setting of the file itself.
pub(super) fn setting(connection: &Connection, name: &str) -> Result<Option<String>, StoreError> {
    use rusqlite::OptionalExtension as _;
    let mut statement = connection.prepare_cached("SELECT value FROM setting WHERE name = ?1")?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?)
}

/// The name that the book gave itself when it was made.
pub(super) fn identity(connection: &Connection) -> Result<String, StoreError> {
    connection.execute(
        "INSERT INTO setting (name, value) VALUES ('book', lower(hex(randomblob(16))))
         ON CONFLICT (name) DO NOTHING",
        [],
    )?;
    setting(connection, "book")?.ok_or(StoreError::Closed)
}

/// Changes a setting of the file itself.
pub(super) fn set(connection: &Connection, name: &str, value: &str) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO setting (name, value) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )?
        .execute([name, value])?;
    Ok(())
}

fn signed(count: u64) -> Result<i64, domain::Overflow> {
    i64::try_from(count).map_err(|_| domain::Overflow)
}
