//! What remains to be reported to the company's server.
//!
//! Whatever changes what a report of this machine would say is put into the outbox in
//! the transaction that changes it. What was sent is taken out only if it has not
//! changed since it was read, so nothing is lost between the two; what the server
//! will never take is parked, and tried again when it changes or the collector starts.
//! A machine that reports to nobody keeps no outbox.

use std::sync::Arc;

use domain::{ActivityKind, Branch, Call, Folder, PrLink, SessionId, SessionTally, Timestamp, Tool};
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

use super::Journal;
use super::columns::{Columns, signed};
use super::folders::{FolderRow, Tag};
use super::interned::Interned;
use super::read;
use super::sources::{TALLY_COLUMNS, tally};
use crate::error::StoreError;

/// What stands between the parts of a key. No id, branch or address holds it.
const BETWEEN: char = '\u{1f}';

/// What an entry of the outbox is about, in the order of sending: what explains
/// calls goes before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum About {
    Folder,
    Tag,
    PullRequest,
    Session,
    Activity,
    Call,
}

impl About {
    const ALL: [Self; 6] =
        [Self::Folder, Self::Tag, Self::PullRequest, Self::Session, Self::Activity, Self::Call];

    const fn code(self) -> i64 {
        match self {
            Self::Folder => 0,
            Self::Tag => 1,
            Self::PullRequest => 2,
            Self::Session => 3,
            Self::Activity => 4,
            Self::Call => 5,
        }
    }

    fn from_code(code: i64) -> Result<Self, StoreError> {
        let found = Self::ALL.into_iter().find(|it| it.code() == code);
        found.ok_or_else(|| StoreError::Unknown { what: "a kind of report", value: code.to_string() })
    }
}

/// An entry of the outbox as it was read: enough to take it out, unless it changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    about: About,
    key: String,
    change: i64,
}

/// Something to report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Its entry.
    pub ticket: Ticket,
    /// What it is now; nothing where it is gone.
    pub item: Option<Outgoing>,
}

/// What is reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outgoing {
    /// What git says of a folder.
    Folder(FolderRow),
    /// What somebody said of a session.
    Tag(Tag),
    /// A pull request.
    PullRequest(PrLink),
    /// What a session did.
    Session(SessionTally),
    /// What happened beside calls.
    Activity(ActivityRow),
    /// A call.
    Call(Box<Call>),
}

/// Something that a hook noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityRow {
    /// The same for the same thing.
    pub identity: [u8; 16],
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: ActivityKind,
    /// How much, in the unit of the kind.
    pub amount: u64,
    /// Of what.
    pub subject: Option<Arc<str>>,
    /// The tool.
    pub tool: Option<Tool>,
    /// The session.
    pub session: Option<SessionId>,
    /// The working folder.
    pub folder: Option<Folder>,
    /// The branch that was checked out.
    pub branch: Option<Branch>,
}

/// How much is in the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutboxState {
    /// Entries to be sent.
    pub waiting: u64,
    /// Entries that the server refused.
    pub parked: u64,
}

/// Puts entries into the outbox, if this machine reports to anybody.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outbox<'a> {
    connection: &'a Connection,
    reports: bool,
}

impl<'a> Outbox<'a> {
    pub(super) fn of(connection: &'a Connection) -> Result<Self, StoreError> {
        let mut statement = connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM reporting)")?;
        Ok(Self { connection, reports: statement.query_row([], |row| row.get(0))? })
    }

    /// Something changed.
    pub(super) fn put(&self, about: About, parts: &[&str]) -> Result<(), StoreError> {
        if !self.reports {
            return Ok(());
        }
        let joined;
        let key = match parts {
            [one] => *one,
            _ => {
                joined = parts.join("\u{1f}");
                joined.as_str()
            }
        };
        self.connection
            .prepare_cached(
                "INSERT INTO outbox (about, key, change) VALUES (?1, ?2, 1)
                 ON CONFLICT (about, key) DO UPDATE SET change = change + 1",
            )?
            .execute(params![about.code(), key])?;
        self.connection
            .prepare_cached("DELETE FROM parked WHERE about = ?1 AND key = ?2")?
            .execute(params![about.code(), key])?;
        Ok(())
    }
}

impl Journal {
    /// From now on, whatever changes is to be reported to that server. Where it is
    /// another than before, everything that is known is; else what was parked is tried
    /// again.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn report_to(&mut self, server: &str) -> Result<(), StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let before: Option<String> =
            transaction.query_row("SELECT server FROM reporting", [], |row| row.get(0)).optional()?;
        if before.as_deref() == Some(server) {
            transaction.execute_batch(
                "INSERT INTO outbox (about, key, change) SELECT about, key, 1 FROM parked WHERE true
                     ON CONFLICT DO NOTHING;
                 DELETE FROM parked;",
            )?;
        } else {
            transaction.execute_batch(include_str!("outbox/everything.sql"))?;
            transaction.execute("INSERT INTO reporting (server) VALUES (?1)", [server])?;
        }
        Ok(transaction.commit()?)
    }

    /// Whom changes are reported to.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn reports_to(&self) -> Result<Option<String>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT server FROM reporting")?;
        Ok(statement.query_row([], |row| row.get(0)).optional()?)
    }

    /// What is to be reported next, at most so much.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn pending(&mut self, at_most: u32) -> Result<Vec<Pending>, StoreError> {
        let moment = self.connection.unchecked_transaction()?;
        self.interned.refresh(&moment)?;
        let tickets = {
            let mut statement = moment
                .prepare_cached("SELECT about, key, change FROM outbox ORDER BY about, key LIMIT ?1")?;
            let mut rows = statement.query([at_most])?;
            let mut tickets = Vec::new();
            while let Some(row) = rows.next()? {
                let about = About::from_code(row.get(0)?)?;
                tickets.push(Ticket { about, key: row.get(1)?, change: row.get(2)? });
            }
            tickets
        };
        let mut pending = Vec::with_capacity(tickets.len());
        for ticket in tickets {
            let item = item(&moment, &self.interned, &ticket)?;
            pending.push(Pending { ticket, item });
        }
        moment.finish()?;
        Ok(pending)
    }

    /// Takes out what was sent, unless it changed since it was read.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn acknowledge<'a>(
        &mut self,
        tickets: impl IntoIterator<Item = &'a Ticket>,
    ) -> Result<(), StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for ticket in tickets {
            take_out(&transaction, ticket)?;
        }
        Ok(transaction.commit()?)
    }

    /// Puts aside what the server refused, unless it changed since it was read.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn park(&mut self, ticket: &Ticket, why: &str, at: Timestamp) -> Result<(), StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if take_out(&transaction, ticket)? {
            transaction.execute(
                "INSERT OR REPLACE INTO parked (about, key, at, why) VALUES (?1, ?2, ?3, ?4)",
                params![ticket.about.code(), ticket.key, at.millis(), why],
            )?;
        }
        Ok(transaction.commit()?)
    }

    /// How much is in the outbox.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn outbox(&self) -> Result<OutboxState, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT (SELECT count(*) FROM outbox), (SELECT count(*) FROM parked)")?;
        let mut rows = statement.query([])?;
        let Some(row) = rows.next()? else { return Ok(OutboxState::default()) };
        let mut columns = Columns::of(row);
        Ok(OutboxState { waiting: columns.count()?, parked: columns.count()? })
    }

    /// Keeps what hooks noted; what is known already changes nothing.
    ///
    /// # Errors
    /// Where the database fails or a figure does not fit.
    pub fn record(&mut self, activities: &[ActivityRow]) -> Result<(), StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let outbox = Outbox::of(&transaction)?;
            let mut statement = transaction.prepare_cached(
                "INSERT INTO activity (identity, at, kind, amount, subject, tool, session, folder, branch)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING",
            )?;
            for it in activities {
                let identity = hex(it.identity);
                let added = statement.execute(params![
                    identity,
                    it.at.millis(),
                    it.kind.name(),
                    signed(it.amount)?,
                    it.subject.as_deref(),
                    it.tool.map(Tool::name),
                    it.session.as_ref().map(SessionId::as_str),
                    it.folder.as_ref().map(Folder::as_str),
                    it.branch.as_ref().map(Branch::as_str),
                ])?;
                if added > 0 {
                    outbox.put(About::Activity, &[&identity])?;
                }
            }
        }
        Ok(transaction.commit()?)
    }

    /// The folders in which something happened that hooks noted.
    ///
    /// # Errors
    /// Where the database fails.
    pub fn noted_folders(&self) -> Result<Vec<Folder>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT DISTINCT folder FROM activity WHERE folder IS NOT NULL ORDER BY folder",
        )?;
        let folders = statement.query_map([], |row| Ok(Folder::new(&row.get::<_, String>(0)?)))?;
        Ok(folders.collect::<Result<_, _>>()?)
    }
}

/// Takes an entry out if it is as it was; whether it was.
fn take_out(connection: &Connection, ticket: &Ticket) -> Result<bool, StoreError> {
    let mut statement =
        connection.prepare_cached("DELETE FROM outbox WHERE about = ?1 AND key = ?2 AND change = ?3")?;
    Ok(statement.execute(params![ticket.about.code(), ticket.key, ticket.change])? > 0)
}

/// What an entry stands for.
fn item(
    connection: &Connection,
    interned: &Interned,
    ticket: &Ticket,
) -> Result<Option<Outgoing>, StoreError> {
    let (first, second) = ticket.key.split_once(BETWEEN).unwrap_or((&ticket.key, ""));
    match ticket.about {
        About::Folder => {
            one(connection, "SELECT path, looked_up_at, facts FROM folder WHERE path = ?1", [first], |row| {
                let mut columns = Columns::of(row);
                let (path, looked_up_at, facts) = (columns.value()?, columns.moment()?, columns.value()?);
                Ok(Outgoing::Folder(FolderRow { path, looked_up_at, facts }))
            })
        }
        About::Tag => one(
            connection,
            "SELECT session, key, value, at FROM tag WHERE session = ?1 AND key = ?2",
            [first, second],
            |row| {
                let mut columns = Columns::of(row);
                let (session, key, value) = (columns.value()?, columns.value()?, columns.value()?);
                Ok(Outgoing::Tag(Tag { session, key, value, at: columns.moment()? }))
            },
        ),
        About::PullRequest => one(
            connection,
            "SELECT tool, session, url, number, branch, first_at, last_at FROM pull_request
             WHERE session = ?1 AND url = ?2",
            [first, second],
            |row| read::pull_request(row).map(Outgoing::PullRequest),
        ),
        About::Session => session(connection, first, second),
        About::Activity => one(
            connection,
            "SELECT at, kind, amount, subject, tool, session, folder, branch FROM activity
             WHERE identity = ?1",
            [first],
            |row| activity(first, row).map(Outgoing::Activity),
        ),
        About::Call => {
            let known = read::call(connection, interned, &ticket.key)?;
            Ok(known.map(|known| Outgoing::Call(Box::new(known.call))))
        }
    }
}

fn one<const N: usize>(
    connection: &Connection,
    sql: &str,
    key: [&str; N],
    read: impl FnOnce(&Row<'_>) -> Result<Outgoing, StoreError>,
) -> Result<Option<Outgoing>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(rusqlite::params_from_iter(key))?;
    rows.next()?.map(read).transpose()
}

/// A session, put together from the files that know of it.
fn session(connection: &Connection, tool: &str, session: &str) -> Result<Option<Outgoing>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {TALLY_COLUMNS} FROM tally WHERE session = ?1 AND tool = ?2 ORDER BY first_at, source"
    ))?;
    let mut rows = statement.query([session, tool])?;
    let mut whole: Option<SessionTally> = None;
    while let Some(row) = rows.next()? {
        let part = tally(row)?;
        match &mut whole {
            Some(whole) => whole.join(&part),
            None => whole = Some(part),
        }
    }
    Ok(whole.map(Outgoing::Session))
}

fn activity(identity: &str, row: &Row<'_>) -> Result<ActivityRow, StoreError> {
    let mut columns = Columns::of(row);
    let bytes = u128::from_str_radix(identity, 16).map(u128::to_be_bytes);
    Ok(ActivityRow {
        identity: bytes
            .map_err(|_| StoreError::Unknown { what: "an identity", value: identity.to_owned() })?,
        at: columns.moment()?,
        kind: columns.named("a kind of activity", ActivityKind::from_name)?,
        amount: columns.count()?,
        subject: columns.maybe_text(|text| Arc::from(text))?,
        tool: columns.value::<Option<String>>()?.as_deref().and_then(Tool::from_name),
        session: columns.maybe_text(SessionId::new)?,
        folder: columns.maybe_text(Folder::new)?,
        branch: columns.maybe_text(Branch::new)?,
    })
}

fn hex(identity: [u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(identity))
}

#[cfg(test)]
mod tests;
