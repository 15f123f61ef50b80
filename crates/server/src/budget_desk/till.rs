//! What this gateway may spend without asking: slices of budgets, lent from the ledger,
//! and spent in memory.
//!
//! Money for a call is held here where a slice has room, and in the ledger itself where
//! none has: so calls do not wait for a disk, and the last dollars are exact. What was
//! spent is told each time the lease is renewed. When this process dies, what it has not
//! told of stays committed in the ledger, until a process reads in the `log` what it was.

mod drawer;
mod log;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{NanoUsd, Scope};
use gateway::{DeskError, Stops};
use ledger::command::{Book, Reserve, Settle};
use ledger::{BudgetKey, Command, IdempotencyKey, Outcome, Policy, Refusal, ReservationId, Stopped, Subject};
use store::{Budgets, Decided, StoreError};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use self::drawer::{Drawer, Idle, Lent, Place, later};
use crate::access;
use crate::clock::Clock;

/// After a slice had no room for a call, calls of that budget go to the ledger for so long.
const SCARCE_MS: i64 = 1_000;
/// How long a call waits for the ledger.
const ASK_TIME: Duration = Duration::from_secs(5);
/// How long the end of the process waits for the ledger.
const CLOSE_TIME: Duration = Duration::from_secs(10);
/// Letters of the name of a lease.
const NAME_LETTERS: usize = 16;

/// What is lent to this gateway.
pub(super) struct Till {
    budgets: Budgets,
    clock: Clock,
    policy: Policy,
    /// Where the files of leases are.
    folder: PathBuf,
    /// This gateway, for the ledger.
    replica: String,
    drawer: Mutex<Drawer>,
    /// One asks the ledger for a slice, the others wait for what it gets.
    asking: tokio::sync::Mutex<()>,
    /// What the ledger has yet to be told.
    words: mpsc::UnboundedSender<Command>,
    stops: watch::Sender<Arc<Stops>>,
}

/// What comes of asking here.
enum Asked {
    Held,
    /// A slice has not enough.
    Short(Box<Refusal>),
    NotLent,
    Refused(Box<Refusal>),
}

impl Till {
    /// A till with what processes before left in the folder, and what it has to say to the
    /// ledger.
    pub(super) fn open(
        budgets: Budgets,
        clock: Clock,
        policy: Policy,
        folder: &Path,
    ) -> io::Result<(Self, mpsc::UnboundedReceiver<Command>)> {
        fs::create_dir_all(folder)?;
        let now = clock.now();
        let left = log::left(folder, &policy)?.into_iter().map(|it| Lent::left(it, now)).collect();
        let drawer = Mutex::new(Drawer { leases: left, ..Drawer::default() });
        let (words, to_say) = mpsc::unbounded_channel();
        let (asking, stops) = (tokio::sync::Mutex::default(), watch::Sender::default());
        let replica = access::random_id(NAME_LETTERS);
        let folder = folder.to_owned();
        Ok((Self { budgets, clock, policy, folder, replica, drawer, asking, words, stops }, to_say))
    }

    /// What is killed, as far as this process has heard.
    pub(super) fn stops(&self) -> watch::Receiver<Arc<Stops>> {
        self.stops.subscribe()
    }

    /// Has all calls cut that still run.
    pub(super) fn end_calls(&self) {
        self.stops.send_modify(|known| Arc::make_mut(known).is_closing = true);
    }

    /// Holds money for a call.
    pub(super) async fn reserve(&self, reserve: Reserve) -> Result<(), DeskError> {
        self.drawer().note(&reserve, self.clock.now());
        let (id, subject) = (reserve.id.clone(), reserve.subject.clone());
        let reserve = Command::Reserve(reserve);
        let asked = match self.ask_here((&id, &subject), &reserve) {
            Asked::Short(refusal) if self.is_scarce(&refusal) => Ok(Asked::Short(refusal)),
            Asked::NotLent if self.drawer().is_scarce_for(&subject, self.clock.now()) => Ok(Asked::NotLent),
            Asked::Held => return Ok(()),
            Asked::Refused(refusal) => return Err(DeskError::Refused(refusal)),
            Asked::Short(_) | Asked::NotLent => self.be_lent(&id, &subject, &reserve).await,
        };
        match asked {
            Ok(Asked::Held) => Ok(()),
            Ok(Asked::Refused(refusal)) => Err(DeskError::Refused(refusal)),
            Ok(Asked::Short(refusal)) => self.ask_ledger(id, subject, reserve, Some(refusal)).await,
            Ok(Asked::NotLent) => self.ask_ledger(id, subject, reserve, None).await,
            Err(error) => self.without_ledger(id, subject, &error),
        }
    }

    /// The call ended: what it cost, or that there was none.
    pub(super) fn end(&self, id: ReservationId, cost: Option<NanoUsd>) {
        let now = self.clock.now();
        let mut drawer = self.drawer();
        let ended = |id| match cost {
            Some(cost) => Command::Settle(Settle { id, cost }),
            None => Command::Release(id),
        };
        let word = match drawer.held.remove(&id) {
            Some(Place::Here(lease)) => return drawer.end(&lease, &ended(id), now),
            Some(Place::Ledger) => ended(id),
            Some(Place::Nowhere(subject)) => {
                let Some(cost) = cost else { return };
                Command::Book(Book { key: IdempotencyKey::new(id.as_str()), subject, cost, at: now })
            }
            None => return tracing::error!(reservation = %id, "a call ended that nobody began"),
        };
        drop(drawer);
        self.say(word);
    }

    /// Says something to the ledger, as soon as it can be reached.
    fn say(&self, word: Command) {
        // Nobody listens any more when the process ends: then the reservation expires.
        drop(self.words.send(word));
    }

    fn drawer(&self) -> MutexGuard<'_, Drawer> {
        self.drawer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the slices.
    fn ask_here(&self, (id, subject): (&ReservationId, &Subject), reserve: &Command) -> Asked {
        let now = self.clock.now();
        // The slices may not have heard of it yet; the ledger has the last word.
        if self.stops.borrow().kills(subject) {
            return Asked::NotLent;
        }
        let mut drawer = self.drawer();
        let is_usable = |it: &&mut Lent| it.is_live && now.millis_since(it.expires_at) < 0;
        let Some(lent) = drawer.leases.last_mut().filter(is_usable) else { return Asked::NotLent };
        match lent.ledger.decide(reserve, now) {
            Ok(decision) => {
                lent.ledger.absorb(&decision.changes);
                lent.note(|log| log.done(reserve, now));
                lent.used_at = now;
                lent.calls = lent.calls.saturating_add(1);
                let place = Place::Here(lent.id.clone());
                drawer.held.insert(id.clone(), place);
                Asked::Held
            }
            Err(Stopped::Missing(_)) => Asked::NotLent,
            Err(Stopped::Refused(refusal)) => {
                // What is stopped may have been set free a moment ago.
                let may_be_old = matches!(
                    *refusal,
                    Refusal::LeaseOver(_) | Refusal::Frozen { .. } | Refusal::Killed { .. }
                );
                if may_be_old {
                    Asked::NotLent
                } else if matches!(*refusal, Refusal::Exceeded(_)) {
                    Asked::Short(refusal)
                } else {
                    Asked::Refused(refusal)
                }
            }
        }
    }

    fn is_scarce(&self, refusal: &Refusal) -> bool {
        let Refusal::Exceeded(short) = refusal else { return false };
        let now = self.clock.now();
        self.drawer().scarce.get(&short.budget).is_some_and(|until| *until > now)
    }

    /// Has more lent, and asks the slices again.
    async fn be_lent(
        &self,
        id: &ReservationId,
        subject: &Subject,
        reserve: &Command,
    ) -> Result<Asked, StoreError> {
        let _turn = self.asking.lock().await;
        // Somebody else may have been lent what this call needs.
        match self.ask_here((id, subject), reserve) {
            Asked::Short(_) | Asked::NotLent => {}
            asked @ (Asked::Held | Asked::Refused(_)) => return Ok(asked),
        }
        self.lend(subject.scopes().cloned().collect()).await?;
        let asked = self.ask_here((id, subject), reserve);
        if let Asked::Short(refusal) = &asked
            && let Refusal::Exceeded(short) = &**refusal
        {
            self.is_short_of(&short.budget);
        }
        Ok(asked)
    }

    /// Of that budget nothing more is lent for a moment: there is too little left of it.
    fn is_short_of(&self, budget: &BudgetKey) {
        let until = later(self.clock.now(), SCARCE_MS);
        self.drawer().scarce.insert(budget.clone(), until);
    }

    /// Asks the ledger itself: what it says holds.
    async fn ask_ledger(
        &self,
        id: ReservationId,
        subject: Subject,
        reserve: Command,
        short: Option<Box<Refusal>>,
    ) -> Result<(), DeskError> {
        // Whoever waits may go away; what was held for them is set free.
        let mut unheard = Unheard { till: self, id: Some(id.clone()) };
        let mut answer = self.command(reserve.clone()).await;
        if let Ok(Err(refusal)) = &answer
            && let Refusal::Exceeded(short) = &**refusal
        {
            self.is_short_of(&short.budget);
            if self.give_back(Idle::With(&short.budget)).await {
                // What was left of slices is together again.
                answer = self.command(reserve).await;
            }
        }
        unheard.id = None;
        match answer {
            Ok(Ok(_)) => {
                self.drawer().held.insert(id, Place::Ledger);
                Ok(())
            }
            Ok(Err(refusal)) => Err(DeskError::Refused(with_slices(refusal, short.as_deref()))),
            Err(error) => {
                // It may have been held all the same.
                self.say(Command::Release(id.clone()));
                self.without_ledger(id, subject, &error)
            }
        }
    }

    /// Nobody can be asked: the policies decide of the budgets that are known here.
    fn without_ledger(
        &self,
        id: ReservationId,
        subject: Subject,
        error: &StoreError,
    ) -> Result<(), DeskError> {
        let mut drawer = self.drawer();
        if drawer.leases.last().is_some_and(|it| it.allows_blindly(&subject)) {
            tracing::warn!(%error, "a call goes on that no budget was asked for: all of its budgets allow that");
            drawer.held.insert(id, Place::Nowhere(subject));
            return Ok(());
        }
        Err(DeskError::Unavailable(format!(
            "the budgets cannot be asked at the moment, and calls under a hard budget wait for them ({error})"
        )))
    }

    /// Has slices of these scopes lent, or lent for longer, and tells what was spent.
    /// Whoever calls it has the turn.
    async fn lend(&self, scopes: Vec<Scope>) -> Result<(), StoreError> {
        // The second time under a new lease, where the first is over.
        for _ in 0..2 {
            let (now, lend) = {
                let now = self.clock.now();
                (now, self.drawer().lend(&scopes, self, now))
            };
            let lease = lend.lease.clone();
            match self.command(Command::Lend(lend)).await? {
                Ok(decided) => {
                    if let Outcome::Lent(grant) = decided.outcome {
                        self.drawer().adopt(&grant, now);
                    }
                    return Ok(());
                }
                Err(refusal) => {
                    tracing::debug!(%lease, %refusal, "not lent");
                    self.drawer().retire(&lease);
                }
            }
        }
        Ok(())
    }

    /// Asks the ledger, but not for ever: calls wait for what it says.
    async fn command(&self, command: Command) -> Result<Result<Decided, Box<Refusal>>, StoreError> {
        let asked = timeout(ASK_TIME, self.budgets.command(command, self.clock.now())).await;
        asked.unwrap_or_else(|_| Err(StoreError::Unreachable("no answer in time".to_owned())))
    }

    /// What is to be done now and then: tells what was spent, gives back what nobody uses.
    pub(super) async fn tick(&self) {
        self.drawer().expire(self.clock.now());
        let due = self.drawer().due(&self.policy, self.clock.now());
        if let Some(scopes) = due {
            let _turn = self.asking.lock().await;
            if let Err(error) = self.lend(scopes).await {
                tracing::debug!(%error, "the ledger was not told what was spent; it will be");
                self.drawer().is_behind = true;
            }
        }
        self.give_back(Idle::Long).await;
    }

    /// Gives everything back, as far as no call runs; but the process ends, and what cannot
    /// be given back in time is told by the next one.
    pub(super) async fn close(&self) {
        if timeout(CLOSE_TIME, self.give_back(Idle::Whatever)).await.is_err() {
            tracing::warn!("what is lent is not given back in time; the next start does that");
        }
    }

    /// Hears what is stopped. Nothing else may keep it from looking.
    pub(super) async fn look(&self) {
        let Ok(stopped) = self.budgets.stops().await else { return };
        let killed = stopped.accounts.into_iter().filter_map(|it| Some((it.scope, it.killed?))).collect();
        self.stops.send_if_modified(|known| {
            let is_news = known.killed != killed;
            if is_news {
                *known = Arc::new(Stops { killed, is_closing: known.is_closing });
            }
            is_news
        });
        let mut drawer = self.drawer();
        drawer.is_behind |= drawer.version != stopped.version;
        drawer.version = stopped.version;
    }

    /// Gives leases back; says whether any went.
    async fn give_back(&self, idle: Idle<'_>) -> bool {
        if !self.drawer().has_something_to_give_back(idle, self.clock.now()) {
            return false;
        }
        // A lease that is just being lent is not given back before it is there.
        let _turn = self.asking.lock().await;
        let back = self.drawer().take_back(idle, self.clock.now());
        let mut went = false;
        for it in back {
            let lease = it.lease.clone();
            match self.command(Command::Return(it)).await {
                Ok(Ok(_)) => {
                    self.drawer().forget(&lease);
                    went = true;
                }
                Ok(Err(refusal)) => {
                    tracing::warn!(%lease, %refusal, "a lease is not taken back");
                    self.drawer().forget(&lease);
                }
                Err(error) => tracing::debug!(%lease, %error, "a lease goes back later"),
            }
        }
        went
    }
}

/// Sets free what was held for somebody who is not there any more.
struct Unheard<'a> {
    till: &'a Till,
    id: Option<ReservationId>,
}

impl Drop for Unheard<'_> {
    fn drop(&mut self) {
        if let Some(id) = self.id.take() {
            self.till.say(Command::Release(id));
        }
    }
}

/// A refusal of the ledger, which knows nothing of what a slice here still has.
fn with_slices(mut refusal: Box<Refusal>, here: Option<&Refusal>) -> Box<Refusal> {
    if let (Refusal::Exceeded(told), Some(Refusal::Exceeded(here))) = (&mut *refusal, here) {
        told.grantable = told.grantable.max(here.grantable);
    }
    refusal
}

#[cfg(test)]
mod tests;
