//! Calls that no gateway saw, booked into the budgets as well.
//!
//! A call is booked some time after it was stored, so that the word of a gateway that
//! settled it comes first; and once, under a key of its own. What waits is kept in memory:
//! a server that stops books it first, one that was killed looks back over the last calls.
//!
//! A budget that is set counts what the book has of the period. So whoever sets one first
//! has everything booked that waits ([`Bookings::hold`]), and nothing is counted twice.

use std::collections::VecDeque;
use std::sync::Arc;

use domain::{Scope, ScopeKind, SourceKind, Timestamp};
use futures_util::future::join_all;
use insight::ServiceFacts;
use ledger::command::Book;
use ledger::{Command, IdempotencyKey, Subject};
use metering::CallId;
use store::{BookedCall, CallQuery, News, Store};
use tokio::sync::broadcast::error::TryRecvError;
use tokio::sync::{Mutex, MutexGuard, broadcast};

use crate::desk::Desk;
use crate::failure::Failure;
use crate::figures::calls::Placed;
use crate::figures::sight::Sight;
use crate::register::Standing;

/// How long after it was stored a call is booked.
const WAIT_MS: i64 = 2 * 60_000;
/// How far a server looks back that may have been killed, or missed news.
const LOOK_BACK_MS: i64 = 15 * 60_000;
/// Calls that are booked together.
const TOGETHER: usize = 64;
/// Calls that wait, at most; of more the oldest are booked early.
const MOST_WAITING: usize = 200_000;
/// Calls that are read at once.
const READ_AT_ONCE: usize = 5_000;

/// What waits to be booked.
pub(crate) struct Bookings(Mutex<Waiting>);

/// Calls in the order in which they were stored.
pub(crate) struct Waiting {
    news: broadcast::Receiver<Arc<News>>,
    calls: VecDeque<(Timestamp, CallId)>,
    /// Whether calls may be missing: at the start, and after news were missed.
    looks_back: bool,
}

/// What becomes of calls while there is no budget at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unbudgeted {
    /// Nothing is to be counted.
    Left,
    /// They are booked, since the first budget is about to be made.
    Booked,
}

impl Bookings {
    /// Of what this process stores from now on.
    pub(crate) fn new(store: &Store) -> Self {
        Self(Mutex::new(Waiting { news: store.watch(), calls: VecDeque::new(), looks_back: true }))
    }

    /// Books what is due.
    pub(crate) async fn run(&self, desk: &Desk) -> Result<(), Failure> {
        let mut waiting = self.0.lock().await;
        waiting.listen(desk).await?;
        let due = Timestamp::from_millis(desk.now().millis().saturating_sub(WAIT_MS));
        waiting.book(desk, (|since| since <= due, Unbudgeted::Left)).await
    }

    /// Books all that waits, and keeps others from booking until it is let go.
    pub(crate) async fn hold(&self, desk: &Desk) -> Result<MutexGuard<'_, Waiting>, Failure> {
        let mut waiting = self.0.lock().await;
        // What other processes stored is booked as well, and has its key from now on: whoever
        // looks back later finds it booked.
        waiting.looks_back = true;
        waiting.listen(desk).await?;
        waiting.book(desk, (|_| true, Unbudgeted::Booked)).await?;
        Ok(waiting)
    }
}

impl Waiting {
    /// Takes in what was stored.
    async fn listen(&mut self, desk: &Desk) -> Result<(), Failure> {
        let now = desk.now();
        loop {
            match self.news.try_recv() {
                Ok(news) => {
                    let calls = news.new.iter().filter(|it| !it.seen.has(SourceKind::Gateway));
                    self.calls.extend(calls.map(|it| (now, it.id)));
                }
                Err(TryRecvError::Lagged(_)) => self.looks_back = true,
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        if self.looks_back {
            let from = Timestamp::from_millis(now.millis().saturating_sub(LOOK_BACK_MS));
            let mut query = CallQuery { from: Some(from), limit: READ_AT_ONCE, ..CallQuery::default() };
            loop {
                let page = desk.store().calls(query.clone()).await?;
                self.calls.extend(page.calls.iter().map(|it| (now, it.id)));
                match page.next {
                    Some(next) => query.after = Some(next),
                    None => break,
                }
            }
            self.looks_back = false;
        }
        Ok(())
    }

    /// Books those that wait since a moment that counts. What fails waits on.
    async fn book(
        &mut self,
        desk: &Desk,
        (is_due, unbudgeted): (impl Fn(Timestamp) -> bool, Unbudgeted),
    ) -> Result<(), Failure> {
        let is_next = |it: &Self| {
            let oldest = it.calls.front().map(|it| it.0);
            oldest.is_some_and(|since| is_due(since) || it.calls.len() > MOST_WAITING)
        };
        if !is_next(self) {
            return Ok(());
        }
        let is_left = unbudgeted == Unbudgeted::Left;
        if is_left && desk.store().budgets().standing().await?.budgets.is_empty() {
            self.calls.clear();
            return Ok(());
        }
        let standing = desk.register().current().await?;
        while is_next(self) {
            let ids: Vec<CallId> = self.calls.iter().take(TOGETHER).map(|it| it.1).collect();
            let named = join_all(ids.iter().map(|id| named(desk, *id))).await;
            let calls = named.into_iter().collect::<Result<Vec<_>, Failure>>()?;
            book(desk, &standing, calls.into_iter().flatten().collect()).await?;
            self.calls.drain(..ids.len().min(self.calls.len()));
        }
        Ok(())
    }
}

/// The call as it is known now; none where it became a part of another.
async fn named(desk: &Desk, id: CallId) -> Result<Option<BookedCall>, Failure> {
    let found = desk.store().named(&id.to_string(), 1).await?;
    Ok(found.into_iter().find(|it| it.id == id))
}

async fn book(desk: &Desk, standing: &Standing, calls: Vec<BookedCall>) -> Result<(), Failure> {
    let unseen = calls.into_iter().filter(|it| !it.seen.has(SourceKind::Gateway)).collect();
    let placed = desk.figures().placed(unseen, &Sight::Everything, &standing.directory_at()).await?;
    let commands = placed.iter().filter_map(|it| command(desk, standing, it));
    for decided in join_all(commands.map(|it| desk.store().budgets().command(it, desk.now()))).await {
        // A call that was booked before with another price stays as it was booked.
        if let Err(refusal) = decided? {
            tracing::debug!(code = refusal.code(), "a call is not booked into the budgets");
        }
    }
    Ok(())
}

/// What books a call; none where it has no price.
fn command(desk: &Desk, standing: &Standing, placed: &Placed) -> Option<Command> {
    let Placed { call, attribution } = placed;
    let cost = call.price.as_ref().ok()?.contract;
    let service = ServiceFacts::of(&call.service, desk.prices());
    let mut named = vec![
        (ScopeKind::Session, call.whereabouts.place.session.as_str()),
        (ScopeKind::Model, &*service.model),
        (ScopeKind::Provider, service.provider.as_str()),
    ];
    macro_rules! answer {
        ($kind:ident, $field:ident) => {
            named.extend(attribution.$field.as_ref().map(|it| (ScopeKind::$kind, it.value.as_str())))
        };
    }
    answer!(Developer, developer);
    answer!(Repo, repo);
    answer!(Project, project);
    answer!(Client, client);
    answer!(Task, task);
    let day = desk.figures().day_of(call.at)?;
    let directory = &standing.directory;
    let teams = attribution.team.as_ref().map(|it| directory.lineage(&it.value, day)).unwrap_or_default();
    named.extend(teams.iter().map(|it| (ScopeKind::Team, it.as_str())));
    // What cannot be a scope has no budget.
    let scopes = named.into_iter().filter_map(|(kind, name)| Scope::new(kind, name).ok());
    let subject = Subject::new(scopes.filter(|it| !it.is_each())).ok()?;
    let key = IdempotencyKey::new(&format!("call:{}", call.id));
    Some(Command::Book(Book { key, subject, cost, at: call.at }))
}
