//! The desk of the gateway: tokens, budgets and the book, as the call path asks for them.
//!
//! Reading order: `till` (what may be spent here), `subjects` (what a call counts
//! against), `outlooks` (how things stand), `recorder` (what goes into the book, by way of the `spool`).

mod incoming;
mod outlooks;
mod recorder;
mod spool;
mod subjects;
mod till;

use std::io;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use domain::{NanoUsd, ReporterId, Timestamp};
use futures_util::future::{BoxFuture, join_all};
use gateway::{BudgetDesk, Claims, DeskError, Identity, Metered, Stops};
use ledger::command::Reserve;
use ledger::{Command, Outlook, Policy, ReservationId, Subject};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use self::incoming::Incoming;
use self::outlooks::Outlooks;
use self::spool::Spool;
use self::subjects::Subjects;
use self::till::Till;
use crate::access::Right;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::options::ServeOptions;
use crate::register::Standing;

/// Money is held for a call at most so long: longer than any call runs.
const HOLD_MS: i64 = 24 * 3_600_000;
/// The folder of calls on their way into the book, in the gateway's own.
const CALLS: &str = "calls";
/// How often the ledger is asked what is stopped, and told what was spent.
const TICK: Duration = Duration::from_millis(300);
/// Words that are told side by side, and so share transactions.
const WORDS: usize = 256;
/// The pause after the ledger could not be told something; twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The desk of this process's gateway.
pub(crate) struct GatewayDesk {
    desk: Desk,
    till: Till,
    outlooks: Outlooks,
    subjects: Subjects,
    /// What stood in the books when somebody was identified last.
    standing: RwLock<Arc<Standing>>,
    metered: mpsc::UnboundedSender<Metered>,
}

/// What a desk has to be told later.
struct Later {
    words: mpsc::UnboundedReceiver<Command>,
    metered: mpsc::UnboundedReceiver<Metered>,
}

/// What goes on beside the calls.
pub(crate) struct Work {
    desk: Desk,
    gateway: Arc<GatewayDesk>,
    later: Later,
    spool: Spool,
}

impl GatewayDesk {
    /// Opens it; the work has to be run.
    pub(crate) fn open(
        desk: &Desk,
        options: &ServeOptions,
        (policy, folder): (Policy, &Path),
    ) -> io::Result<(Arc<Self>, Work)> {
        let budgets = desk.store().budgets().clone();
        let (till, words) = Till::open(budgets.clone(), desk.clock(), policy, folder)?;
        let spool = Spool::open(&folder.join(CALLS))?;
        let (sender, metered) = mpsc::unbounded_channel();
        let gateway = Arc::new(Self {
            desk: desk.clone(),
            till,
            outlooks: Outlooks::new(budgets, desk.clock()),
            subjects: Subjects::new(options.rules.clone(), options.zone.clone()),
            standing: RwLock::default(),
            metered: sender,
        });
        let later = Later { words, metered };
        let work = Work { desk: desk.clone(), gateway: Arc::clone(&gateway), later, spool };
        Ok((gateway, work))
    }

    /// Has all calls cut that still run.
    pub(crate) fn end_calls(&self) {
        self.till.end_calls();
    }

    fn standing(&self) -> Arc<Standing> {
        Arc::clone(&self.standing.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn who(&self, credential: &str) -> Result<Arc<Identity>, DeskError> {
        let known = self.desk.caller_of_call(credential).await;
        let (caller, standing) = known.map_err(|it| desk_error(&it))?;
        caller.must(Right::Deliver).map_err(|it| desk_error(&it))?;
        if !Arc::ptr_eq(&self.standing(), &standing) {
            *self.standing.write().unwrap_or_else(PoisonError::into_inner) = standing;
        }
        Ok(Arc::new(Identity {
            reporter: ReporterId::new(&format!("gateway:{}", caller.public)),
            developer: caller.developer().cloned(),
            name: caller.actor(),
        }))
    }
}

impl BudgetDesk for GatewayDesk {
    fn identify<'a>(&'a self, credential: &'a str) -> BoxFuture<'a, Result<Arc<Identity>, DeskError>> {
        Box::pin(self.who(credential))
    }

    fn subject(&self, identity: &Identity, claims: &Claims) -> Result<Subject, DeskError> {
        self.subjects.of((identity, claims), &self.standing(), self.now())
    }

    fn outlook<'a>(&'a self, subject: &'a Subject) -> BoxFuture<'a, Result<Outlook, DeskError>> {
        Box::pin(self.outlooks.of(subject))
    }

    fn reserve(
        &self,
        id: ReservationId,
        subject: Subject,
        amount: NanoUsd,
    ) -> BoxFuture<'_, Result<(), DeskError>> {
        Box::pin(self.till.reserve(Reserve { id, subject, amount, hold_ms: HOLD_MS }))
    }

    fn settle(&self, id: ReservationId, cost: NanoUsd) {
        self.till.end(id, Some(cost));
    }

    fn release(&self, id: ReservationId) {
        self.till.end(id, None);
    }

    fn stops(&self) -> watch::Receiver<Arc<Stops>> {
        self.till.stops()
    }

    fn record(&self, metered: Metered) {
        // Nobody listens any more when the process ends.
        drop(self.metered.send(metered));
    }

    fn now(&self) -> Timestamp {
        self.desk.now()
    }
}

impl Work {
    /// The desk that it is done for.
    pub(crate) fn desk(&self) -> Arc<GatewayDesk> {
        Arc::clone(&self.gateway)
    }

    /// Goes on until no call runs any more; then gives back what was lent, and sees to it
    /// that everything that was metered is in the book.
    pub(crate) async fn run(self, calls_ended: impl Future<Output = ()>) {
        let Self { desk, gateway, later: Later { words, metered }, spool } = self;
        let (close, closing) = watch::channel(false);
        let mut writing = JoinSet::new();
        writing.spawn(recorder::record(desk.clone(), Incoming::new(metered, closing.clone()), spool));
        writing.spawn(say(desk.clone(), Incoming::new(words, closing)));
        let looking = async {
            loop {
                gateway.till.look().await;
                sleep(TICK).await;
            }
        };
        let ticking = async {
            loop {
                gateway.till.tick().await;
                sleep(TICK).await;
            }
        };
        tokio::select! {
            () = looking => {}
            () = ticking => {}
            () = calls_ended => {}
        }
        gateway.till.close().await;
        close.send_replace(true);
        let written =
            timeout(desk.limits().drain_time, async { while writing.join_next().await.is_some() {} });
        if written.await.is_err() {
            tracing::error!(
                "not everything could be told in time: calls wait in the folder for the next start, reservations expire"
            );
        }
    }
}

/// Tells the ledger what it has to be told.
async fn say(desk: Desk, mut words: Incoming<Command>) {
    let mut batch = Vec::new();
    // What is said of different calls may be heard in any order; of one call it is one word.
    while words.next_into(&mut batch, WORDS).await {
        join_all(batch.drain(..).map(|word| tell(&desk, word))).await;
    }
}

/// Tells it until it is heard.
async fn tell(desk: &Desk, word: Command) {
    let mut pause = FIRST_PAUSE;
    loop {
        match desk.store().budgets().command(word.clone(), desk.now()).await {
            Ok(Ok(_)) => return,
            Ok(Err(refusal)) => return tracing::debug!(%refusal, "the ledger did not take: {word}"),
            Err(error) => tracing::warn!(%error, "the ledger is told later: {word}"),
        }
        sleep(pause).await;
        pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
    }
}

/// A failure of the server, as the call path is told of it.
fn desk_error(failure: &Failure) -> DeskError {
    let (status, _) = failure.code();
    match status.as_u16() {
        401 | 403 => DeskError::NotKnown(failure.to_string()),
        _ => DeskError::Unavailable(failure.to_string()),
    }
}
