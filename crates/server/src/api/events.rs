//! What happens, as it happens: server-sent events of calls that are new or of which
//! more is known. Who comes back names the last event that they saw, and goes on behind it.
//! What happens to budgets is told to those who are there: who comes back reads how they stand.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, Sse};
use futures_util::stream::{self, Stream, StreamExt};
use http::HeaderMap;
use store::{BudgetNews, News};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, broadcast};
use tokio::time::sleep;

use super::calls::WireCall;
use crate::access::Caller;
use crate::budgets::news::{Told, told};
use crate::budgets::sight::BudgetSight;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::newsroom::{Bookmark, Issue, Reading};
use crate::register::Standing;

/// After how long a silent connection is told that it is alive, and where it is.
const BEAT: Duration = Duration::from_secs(15);
/// The header in which who comes back names the last event that they saw.
const LAST_EVENT: &str = "last-event-id";
/// What a reader does who hears of a gap.
const RELOAD: &str = r#"{"reload":true}"#;

/// Somebody who watches.
struct Watcher {
    desk: Desk,
    caller: Caller,
    /// What was missed, the newest first.
    missed: Vec<Arc<Issue>>,
    live: broadcast::Receiver<Arc<Issue>>,
    budgets: broadcast::Receiver<Arc<BudgetNews>>,
    /// Where the reader came back.
    from: Option<Bookmark>,
    _place: OwnedSemaphorePermit,
}

type Events = Vec<Result<Event, Infallible>>;

/// New calls as they are stored: events `call` and `corrected`, and `gap` where some are missing. And what
/// happens to budgets: `threshold`, `overrun`, `too_late`, and `budget` where somebody changed something; these
/// are not told again to who comes back
#[utoipa::path(get, operation_id = "watchEvents", path = "/api/v1/events", tag = "figures",
    params(("last-event-id" = Option<String>, Header, description = "the id of the last event that was seen")),
    responses((status = 200, description = "server-sent events", body = String,
               content_type = "text/event-stream")))]
pub(crate) async fn watch(
    State(desk): State<Desk>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Failure> {
    // Refused here, and not in the middle of a stream.
    caller.view(&desk.register().current().await?.settings)?;
    let place = Arc::clone(desk.watchers()).try_acquire_owned().map_err(|_| Failure::Busy)?;
    let last = headers.get(LAST_EVENT).and_then(|it| it.to_str().ok()).filter(|it| !it.is_empty());
    let from = last.and_then(|it| desk.newsroom().place(it));
    let Reading { mut missed, gap, live } = desk.newsroom().read_from(from);
    missed.reverse();
    let first: Events =
        if gap || (last.is_some() && from.is_none()) { vec![Ok(gap_event())] } else { Vec::new() };
    let budgets = desk.store().budgets().watch();
    let mut watcher = Watcher { desk, caller, missed, live, budgets, from, _place: place };
    let here = if watcher.missed.is_empty() { watcher.here() } else { Vec::new() };
    let events = stream::unfold(watcher, |mut watcher| async move {
        let events = watcher.next().await?;
        Some((stream::iter(events), watcher))
    });
    Ok(Sse::new(stream::iter(first).chain(stream::iter(here)).chain(events.flatten())))
}

fn gap_event() -> Event {
    Event::default().event("gap").data(RELOAD)
}

impl Watcher {
    /// The next events; none when it is over.
    async fn next(&mut self) -> Option<Events> {
        if let Some(issue) = self.missed.pop() {
            return self.issue(&issue).await;
        }
        let issue = tokio::select! {
            issue = self.live.recv() => issue,
            news = self.budgets.recv() => return match news {
                Ok(news) => self.budget_events(&news).await.ok(),
                Err(RecvError::Lagged(_)) => Some(vec![Ok(gap_event())]),
                Err(RecvError::Closed) => None,
            },
            () = sleep(BEAT) => return Some(self.here()),
        };
        match issue {
            Ok(issue) => self.issue(&issue).await,
            Err(RecvError::Lagged(_)) => Some(vec![Ok(gap_event())]),
            Err(RecvError::Closed) => None,
        }
    }

    /// An id alone: where somebody is who has seen everything, whether there was anything
    /// for them to see or not.
    fn here(&mut self) -> Events {
        let newsroom = self.desk.newsroom();
        let here = newsroom.end(&self.live).map(|it| Event::default().id(newsroom.written(it)));
        // What is being alive without a place is a comment.
        vec![Ok(here.unwrap_or_else(|| Event::default().comment("")))]
    }

    async fn issue(&self, issue: &Issue) -> Option<Events> {
        match &issue.news {
            Some(news) => self.events(issue, news).await.ok(),
            None => Some(vec![Ok(gap_event())]),
        }
    }

    /// What the watcher sees of what happened to budgets.
    async fn budget_events(&self, news: &BudgetNews) -> Result<Events, Failure> {
        let standing = self.still_known().await?;
        let sight = BudgetSight::of(&self.caller, &standing, self.desk.today())?;
        let event = |(name, data): Told| Ok(Event::default().event(name).data(data));
        Ok(told(news, &sight)?.into_iter().map(event).collect())
    }

    /// How the books stand, where the token may still watch.
    async fn still_known(&self) -> Result<Arc<Standing>, Failure> {
        let standing = self.desk.register().current().await?;
        let token = standing.tokens.get(&self.caller.public).ok_or(Failure::BadToken)?;
        let now = self.desk.now();
        if token.state(now) != "active" {
            return Err(Failure::TokenRevoked);
        }
        let sign_in = self.caller.sign_in.as_ref().map(|it| standing.sign_ins.get(it));
        let is_signed_out = sign_in.is_some_and(|it| it.is_none_or(|it| it.is_over(now)));
        if is_signed_out { Err(Failure::SignInOver) } else { Ok(standing) }
    }

    /// What the watcher sees of it. The token may have been revoked meanwhile, and what it
    /// shows may have changed.
    async fn events(&self, issue: &Issue, news: &News) -> Result<Events, Failure> {
        let standing = self.still_known().await?;
        let view = self.caller.view(&standing.settings)?;
        let (mut events, mut count) = (Vec::new(), 0_usize);
        let seen = issue.seen_at(self.from);
        for (name, calls) in [("call", &news.new), ("corrected", &news.corrected)] {
            let placed =
                self.desk.figures().placed(calls.clone(), &view.sight, &standing.directory_at()).await?;
            for it in placed {
                count = count.saturating_add(1);
                if count > seen {
                    let data = serde_json::to_string(&WireCall::of(&it, view.individuals))?;
                    let id = self.desk.newsroom().written(issue.behind(count));
                    events.push(Ok(Event::default().event(name).id(id).data(data)));
                }
            }
        }
        Ok(events)
    }
}
