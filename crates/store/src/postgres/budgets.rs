//! Budgets in PostgreSQL: each round loads what it needs of the ledger, and writes what it
//! changed.
//!
//! A round holds one advisory lock until the end of its transaction, so that rounds of any
//! number of servers come one after another. Every call counts against the organisation, so
//! they would wait for one another at its row in any case; with one lock, taken first, none
//! can wait for another that waits for it. What waits for its turn shares the next round.
//!
//! Deciding the same command twice is deciding it once, so a round that failed for a
//! passing reason is tried again, even where nobody knows whether its commit arrived.

mod rows;

use std::sync::Arc;

use deadpool_postgres::Transaction;
use domain::{Scope, Timestamp};
use ledger::{Key, Ledger, Outlook, Policy, Refusal, Row, Subject, touches};

use super::attempts::Attempts;
use super::books::{self, Books};
use super::pool::Pool;
use crate::budgets::code::Kept;
use crate::budgets::copies::Laid;
use crate::budgets::minutes::Minute;
use crate::budgets::round::{Asked, Round, Sheet, Verdict};
use crate::error::StoreError;

/// What begins a round. A server that falls silent in the middle of its own loses its turn
/// to the others, who wait a little longer than that.
const TURN: &str = "SET LOCAL lock_timeout = '15s';
    SET LOCAL idle_in_transaction_session_timeout = '10s';
    SET LOCAL enable_seqscan = off;
    SELECT pg_advisory_xact_lock(108276936)";
/// How often a round loads more of the ledger. One command needs a load for each budget on
/// the way to the top of its tree, at either end of a transfer.
const LOADS: usize = 64;

/// The budgets in a database; [`crate::Budgets`] says what each of its methods does.
#[derive(Clone)]
pub(crate) struct Budgets {
    pool: Pool,
}

/// Why a round failed, and what it had decided if it may have been written nevertheless.
struct Failed {
    why: StoreError,
    perhaps: Option<Round>,
}

impl<E: Into<StoreError>> From<E> for Failed {
    fn from(why: E) -> Self {
        Self { why: why.into(), perhaps: None }
    }
}

impl Budgets {
    /// Those of the books.
    pub(crate) fn of(books: &Books) -> Self {
        Self { pool: books.pool() }
    }

    /// Decides commands in one transaction; returns when it is durable.
    pub(crate) async fn round(
        &self,
        policy: Arc<Policy>,
        asked: Arc<[Asked]>,
    ) -> Result<Vec<Verdict>, StoreError> {
        let mut attempts = Attempts::begin();
        let mut perhaps = None;
        loop {
            match self.attempt(&policy, &asked).await {
                Ok(round) => return Ok(round.verdicts_after(perhaps)),
                Err(failed) => {
                    perhaps = failed.perhaps.or(perhaps);
                    if !attempts.again(&failed.why).await {
                        return Err(failed.why);
                    }
                }
            }
        }
    }

    async fn attempt(&self, policy: &Policy, asked: &[Asked]) -> Result<Round, Failed> {
        let mut client = self.pool.take().await?;
        let transaction = client.transaction().await?;
        transaction.batch_execute(TURN).await?;
        let round = decide(&transaction, policy, asked).await?;
        let sheet = round.sheet()?;
        if !round.minutes.is_empty() {
            let standing = books::standing(&transaction, &[]).await?;
            books::write(&transaction, &Minute::deed(&round.minutes, &standing)?).await?;
        }
        rows::write(&transaction, &sheet).await?;
        match transaction.commit().await {
            Ok(()) => Ok(round),
            Err(why) => Err(Failed { why: why.into(), perhaps: Some(round) }),
        }
    }

    /// Forgets some of what may be forgotten; returns how many rows.
    pub(crate) async fn sweep(&self, policy: Arc<Policy>, now: Timestamp) -> Result<u64, StoreError> {
        let mut attempts = Attempts::begin();
        loop {
            match self.sweep_once(&policy, now).await {
                Err(failure) if attempts.again(&failure).await => (),
                outcome => return outcome,
            }
        }
    }

    async fn sweep_once(&self, policy: &Policy, now: Timestamp) -> Result<u64, StoreError> {
        let mut client = self.pool.take().await?;
        let transaction = client.transaction().await?;
        transaction.batch_execute(TURN).await?;
        let due = rows::read(&rows::due_within(&transaction, now).await?)?;
        let limit = due.len();
        let changes = Ledger::whole(policy.clone(), due).sweep(now, limit);
        rows::close(&transaction, changes.iter().filter_map(|it| it.before.as_ref())).await?;
        rows::write(&transaction, &Sheet::of(&changes)?).await?;
        transaction.commit().await?;
        Ok(u64::try_from(changes.len()).unwrap_or(u64::MAX))
    }

    /// How things stand for a call.
    pub(crate) async fn outlook(
        &self,
        policy: Arc<Policy>,
        subject: Subject,
        now: Timestamp,
    ) -> Result<Result<Outlook, Box<Refusal>>, StoreError> {
        let mut keys: Vec<Key> = Vec::new();
        for _ in 0..LOADS {
            let mut ledger = Ledger::partial(Policy::clone(&policy));
            if !keys.is_empty() {
                // All in one statement, so that it is one moment of the ledger.
                let rows = rows::load(&self.pool, &keys).await?;
                ledger.load(keys.iter().cloned(), rows);
            }
            match ledger.outlook(&subject, now) {
                Ok(outlook) => return Ok(Ok(outlook)),
                Err(ledger::Stopped::Refused(refusal)) => return Ok(Err(refusal)),
                Err(ledger::Stopped::Missing(more)) => keys.extend(more),
            }
        }
        Err(endless())
    }

    /// All rows of those kinds.
    pub(crate) async fn rows(&self, kinds: &'static [&'static str]) -> Result<Vec<Row>, StoreError> {
        rows::of_kinds(&self.pool, kinds).await
    }

    /// All periods that nothing can change any more.
    pub(crate) async fn closed(&self) -> Result<Vec<Row>, StoreError> {
        rows::closed(&self.pool).await
    }

    /// Lays down what a backup holds, where there is nothing; says whether it did.
    pub(crate) async fn lay_down(&self, laid: Laid) -> Result<bool, StoreError> {
        let puts = laid.rows.iter().map(Kept::of).collect::<Result<Vec<_>, _>>()?;
        let sheet = Sheet { puts, gone: Vec::new() };
        let mut client = self.pool.take().await?;
        let transaction = client.transaction().await?;
        transaction.batch_execute(TURN).await?;
        if !rows::is_empty(&transaction).await? {
            return Ok(false);
        }
        rows::write(&transaction, &sheet).await?;
        rows::close(&transaction, &laid.closed).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// The periods of that scope's budgets that are over.
    pub(crate) async fn pasts(&self, scope: &Scope) -> Result<Vec<Row>, StoreError> {
        rows::pasts(&self.pool, scope).await
    }

    /// Rows of which something is to be done.
    pub(crate) async fn due(&self, now: Timestamp) -> Result<Vec<Row>, StoreError> {
        rows::due(&self.pool, now).await
    }
}

/// Decides commands, loading what they need.
async fn decide(
    transaction: &Transaction<'_>,
    policy: &Policy,
    asked: &[Asked],
) -> Result<Round, StoreError> {
    let mut ledger = Ledger::partial(policy.clone());
    let mut keys: Vec<Key> = asked.iter().flat_map(|it| touches(&it.command)).collect();
    let mut round = Round::default();
    for _ in 0..LOADS {
        keys.sort_unstable();
        keys.dedup();
        let rows = rows::load_within(transaction, &keys).await?;
        ledger.load(keys, rows::read(&rows)?);
        // What the others need is loaded with what the first one needs.
        keys = round.needed(&ledger, asked);
        if !keys.is_empty() {
            continue;
        }
        match round.go_on(&mut ledger, asked) {
            Ok(()) => return Ok(round),
            Err(more) => keys = more,
        }
    }
    Err(endless())
}

fn endless() -> StoreError {
    StoreError::NotWritten(format!("a command needs the ledger more than {LOADS} times"))
}
