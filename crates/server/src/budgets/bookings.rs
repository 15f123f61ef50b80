//! Calls that no gateway saw, booked into the budgets as well.
//!
//! A call is booked some time after it was stored, so that the word of a gateway that
//! settled it comes first; and once, under a key of its own. A gateway has the last word at
//! the end of a stream, a log the first at its beginning: where the person's calls go through
//! a gateway, theirs wait for as long as a stream may run. What waits is kept in memory:
//! a server that stops books it first, one that was killed looks back over the last calls.
//!
//! A budget that is set counts what the book has of the period. So whoever sets one first
//! has everything booked that waits ([`Bookings::hold`]), and nothing is counted twice.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use domain::{Developer, Scope, ScopeKind, SourceKind, Timestamp, Whereabouts};
use futures_util::future::join_all;
use insight::ServiceFacts;
use ledger::command::Book;
use ledger::{Command, IdempotencyKey, Subject};
use metering::CallId;
use store::{BookedCall, CallQuery, News, Reporter, Store};
use tokio::sync::broadcast::error::TryRecvError;
use tokio::sync::{Mutex, MutexGuard, broadcast};

use crate::desk::Desk;
use crate::failure::Failure;
use crate::figures::calls::Placed;
use crate::figures::sight::Sight;
use crate::register::Standing;

/// How long after it was stored a call is booked.
const WAIT_MS: i64 = 2 * 60_000;
/// How long where a gateway may still be relaying it: clients give a stream up after ten
/// minutes, unless they are told otherwise.
const STREAM_MS: i64 = 15 * 60_000;
/// For how long a person's calls are taken to go through a gateway after one did.
const HABIT_MS: i64 = 7 * 24 * 3_600_000;
/// How far a server looks back that may have been killed, or missed news.
const LOOK_BACK_MS: i64 = 45 * 60_000;
const _: () = assert!(LOOK_BACK_MS >= 2 * STREAM_MS, "what a killed server had waiting is looked for");
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
    /// Those that a gateway may still be relaying.
    streams: VecDeque<(Timestamp, CallId)>,
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
        let (calls, streams) = (VecDeque::new(), VecDeque::new());
        Self(Mutex::new(Waiting { news: store.watch(), calls, streams, looks_back: true }))
    }

    /// Books what is due.
    pub(crate) async fn run(&self, desk: &Desk) -> Result<(), Failure> {
        let mut waiting = self.0.lock().await;
        waiting.listen(desk).await?;
        let ago = |millis| Timestamp::from_millis(desk.now().millis().saturating_sub(millis));
        let due = Due { calls: ago(WAIT_MS), streams: ago(STREAM_MS) };
        waiting.book(desk, due, Unbudgeted::Left).await
    }

    /// Books all that waits, and keeps others from booking until it is let go.
    pub(crate) async fn hold(&self, desk: &Desk) -> Result<MutexGuard<'_, Waiting>, Failure> {
        let mut waiting = self.0.lock().await;
        // What other processes stored is booked as well, and has its key from now on: whoever
        // looks back later finds it booked.
        waiting.looks_back = true;
        waiting.listen(desk).await?;
        waiting.book(desk, Due::ALL, Unbudgeted::Booked).await?;
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

    /// Books those that are due. What fails waits on.
    async fn book(&mut self, desk: &Desk, due: Due, unbudgeted: Unbudgeted) -> Result<(), Failure> {
        if !is_next(&self.calls, due.calls) && !is_next(&self.streams, due.streams) {
            return Ok(());
        }
        let is_left = unbudgeted == Unbudgeted::Left;
        if is_left && desk.store().budgets().standing().await?.budgets.is_empty() {
            self.calls.clear();
            self.streams.clear();
            return Ok(());
        }
        let standing = desk.register().current().await?;
        let habits = Habits::of(&desk.store().reporters().await?, desk.now());
        while is_next(&self.streams, due.streams) {
            let (taken, calls) = first(desk, &self.streams).await?;
            book(desk, &standing, calls.into_iter().map(|it| it.1).collect()).await?;
            self.streams.drain(..taken);
        }
        while is_next(&self.calls, due.calls) {
            let (taken, calls) = first(desk, &self.calls).await?;
            let (wait, ready): (Vec<_>, Vec<_>) = calls.into_iter().partition(|(since, it)| {
                *since > due.streams && habits.go_through_a_gateway(&it.whereabouts)
            });
            book(desk, &standing, ready.into_iter().map(|it| it.1).collect()).await?;
            self.calls.drain(..taken);
            self.streams.extend(wait.into_iter().map(|(since, it)| (since, it.id)));
        }
        Ok(())
    }
}

/// Since when calls must wait to be booked.
#[derive(Clone, Copy)]
struct Due {
    calls: Timestamp,
    /// Those that a gateway may still be relaying.
    streams: Timestamp,
}

impl Due {
    const ALL: Self =
        Self { calls: Timestamp::from_millis(i64::MAX), streams: Timestamp::from_millis(i64::MAX) };
}

fn is_next(waiting: &VecDeque<(Timestamp, CallId)>, due: Timestamp) -> bool {
    waiting.front().is_some_and(|(since, _)| *since <= due || waiting.len() > MOST_WAITING)
}

/// How many are the first that wait, and those of them that no gateway saw.
async fn first(
    desk: &Desk,
    waiting: &VecDeque<(Timestamp, CallId)>,
) -> Result<(usize, Vec<(Timestamp, BookedCall)>), Failure> {
    let first: Vec<_> = waiting.iter().take(TOGETHER).copied().collect();
    let calls = join_all(first.iter().map(|it| named(desk, it.1))).await;
    let calls = calls.into_iter().collect::<Result<Vec<_>, Failure>>()?;
    let calls = first.iter().zip(calls).filter_map(|(it, call)| Some((it.0, call?)));
    Ok((first.len(), calls.filter(|(_, it)| !it.seen.has(SourceKind::Gateway)).collect()))
}

/// Whose calls have lately gone through a gateway.
struct Habits {
    people: HashSet<Developer>,
    /// Whether some came with a credential that several people share, and named nobody.
    of_anybody: bool,
}

impl Habits {
    fn of(reporters: &[Reporter], now: Timestamp) -> Self {
        let lately = |it: &&Reporter| {
            it.witness.source == SourceKind::Gateway && now.millis_since(it.last_at) <= HABIT_MS
        };
        let mut habits = Self { people: HashSet::new(), of_anybody: false };
        for reporter in reporters.iter().filter(lately) {
            let witness = &reporter.witness;
            match witness.developer.as_ref().or(witness.claimed.as_ref()) {
                Some(person) => drop(habits.people.insert(person.clone())),
                None => habits.of_anybody = true,
            }
        }
        habits
    }

    fn go_through_a_gateway(&self, there: &Whereabouts) -> bool {
        let person = there.developer.as_ref().or(there.claimed.as_ref());
        self.of_anybody || person.is_some_and(|it| self.people.contains(it))
    }
}

/// The call as it is known now; none where it became a part of another.
async fn named(desk: &Desk, id: CallId) -> Result<Option<BookedCall>, Failure> {
    let found = desk.store().named(&id.to_string(), 1).await?;
    Ok(found.into_iter().find(|it| it.id == id))
}

async fn book(desk: &Desk, standing: &Standing, calls: Vec<BookedCall>) -> Result<(), Failure> {
    let placed = desk.figures().placed(calls, &Sight::Everything, &standing.directory_at()).await?;
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
    let call = &placed.call;
    let cost = call.price.as_ref().ok()?.contract;
    let subject = subject(desk, standing, placed)?;
    let key = IdempotencyKey::new(&format!("call:{}", call.id));
    Some(Command::Book(Book { key, subject, cost, at: call.at }))
}

/// What a call counts against, as far as the book knows.
pub(super) fn subject(desk: &Desk, standing: &Standing, placed: &Placed) -> Option<Subject> {
    let Placed { call, attribution } = placed;
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
    Subject::new(scopes.filter(|it| !it.is_each())).ok()
}

#[cfg(test)]
mod tests {
    use domain::{Place, ReporterId, SessionId, Thread, Tool, Witness};

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn heard(source: SourceKind, developer: Option<&str>, claimed: Option<&str>, days_ago: i64) -> Reporter {
        let last_at = Timestamp::from_millis(NOW.millis() - days_ago * 24 * 3_600_000);
        let (developer, claimed) = (developer.map(Developer::new), claimed.map(Developer::new));
        let witness = Witness { source, reporter: ReporterId::new("r"), developer, claimed };
        Reporter { witness: Arc::new(witness), first_at: last_at, last_at, observations: 1, activities: 0 }
    }

    /// Of whom calls wait for a gateway, where these were heard from.
    fn check(reporters: &[Reporter], expected: &str) {
        let habits = Habits::of(reporters, NOW);
        let place = Arc::new(Place {
            tool: Tool::ClaudeCode,
            session: SessionId::new("s"),
            thread: Thread::Main,
            folder: None,
            branch: None,
            remote: None,
            command: None,
            skill: None,
        });
        let there = |person: &&str| Whereabouts {
            place: Arc::clone(&place),
            developer: (*person != "-").then(|| Developer::new(person)),
            claimed: None,
        };
        let all = ["ada", "grace", "-"];
        let who: Vec<_> = all.iter().filter(|it| habits.go_through_a_gateway(&there(it))).copied().collect();
        assert_eq!(who.join(" "), expected);
    }

    #[test]
    fn calls_wait_for_a_gateway_that_their_people_use() {
        check(&[], "");
        check(&[heard(SourceKind::Log, Some("ada"), None, 0)], "");
        check(&[heard(SourceKind::Gateway, Some("ada"), Some("grace"), 0)], "ada");
        check(&[heard(SourceKind::Gateway, None, Some("grace"), 6)], "grace");
        check(&[heard(SourceKind::Gateway, Some("ada"), None, 8)], "");
        check(&[heard(SourceKind::Gateway, None, None, 0)], "ada grace -");
    }
}
