//! What happens, as it happens: server-sent events of calls that are new or of which
//! more is known.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream, StreamExt};
use serde_json::json;
use store::{BookedCall, News};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, broadcast, watch};

use super::calls::WireCall;
use crate::access::Caller;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::listener::told;

/// How often a silent connection is told that it is alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Somebody who watches.
struct Watcher {
    desk: Desk,
    caller: Caller,
    news: broadcast::Receiver<Arc<News>>,
    stopping: watch::Receiver<bool>,
    _place: OwnedSemaphorePermit,
}

/// New calls as they are stored: events `call` and `corrected`, and `missed` where the reader was too slow
#[utoipa::path(get, operation_id = "watchEvents", path = "/api/v1/events", tag = "figures",
    responses((status = 200, description = "server-sent events", body = String,
               content_type = "text/event-stream")))]
pub(crate) async fn watch(
    State(desk): State<Desk>,
    caller: Caller,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Failure> {
    // Refused here, and not in the middle of a stream.
    caller.view(&desk.register().current().await?.settings)?;
    let place = Arc::clone(desk.watchers()).try_acquire_owned().map_err(|_| Failure::Busy)?;
    let (news, stopping) = (desk.store().watch(), desk.stopping());
    let watcher = Watcher { desk, caller, news, stopping, _place: place };
    let events = stream::unfold(watcher, |mut watcher| async move {
        let events = watcher.next().await?;
        Some((stream::iter(events), watcher))
    });
    Ok(Sse::new(events.flatten()).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

impl Watcher {
    /// The next events; none when it is over.
    async fn next(&mut self) -> Option<Vec<Result<Event, Infallible>>> {
        let news = tokio::select! {
            news = self.news.recv() => news,
            () = told(&mut self.stopping) => return None,
        };
        match news {
            Ok(news) => self.events(&news).await.ok(),
            Err(RecvError::Lagged(count)) => Some(vec![Ok(Event::default()
                .event("missed")
                .data(json!({ "messages": count }).to_string()))]),
            Err(RecvError::Closed) => None,
        }
    }

    /// What the watcher sees of it. The token may have been revoked meanwhile, and what it
    /// shows may have changed.
    async fn events(&self, news: &News) -> Result<Vec<Result<Event, Infallible>>, Failure> {
        let standing = self.desk.register().current().await?;
        let token = standing.tokens.get(&self.caller.public).ok_or(Failure::BadToken)?;
        if token.state(self.desk.now()) != "active" {
            return Err(Failure::TokenRevoked);
        }
        let view = self.caller.view(&standing.settings)?;
        let mut events = Vec::new();
        for (name, calls) in [("call", &news.new), ("corrected", &news.corrected)] {
            let calls: Vec<BookedCall> = calls.clone();
            let placed = self.desk.figures().placed(calls, &view.sight, &standing.directory_at()).await?;
            for it in placed {
                let data = serde_json::to_string(&WireCall::of(&it, view.individuals))?;
                events.push(Ok(Event::default().event(name).id(it.call.id.to_string()).data(data)));
            }
        }
        Ok(events)
    }
}
