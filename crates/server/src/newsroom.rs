//! The newest news, kept for those whose connection broke for a moment.
//!
//! A place in the news is a moment and a number, never how many calls there were before:
//! that would tell everybody how much all others do. It is good for as long as this
//! process runs and keeps what came behind it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use store::News;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};

use crate::access;
use crate::clock::Clock;
use crate::listener::told;

/// Calls that are kept for those who come back.
const KEPT_CALLS: usize = 10_000;
/// Issues that wait for a reader; who is slower misses the oldest.
const WAITING: usize = 1_024;
/// Letters by which a process knows the places that it gave out.
const EDITION_LETTERS: usize = 8;

/// What one transaction brought, with a moment that no other has.
#[derive(Debug)]
pub(crate) struct Issue {
    at: i64,
    /// What it brought; nothing where some are missing.
    pub(crate) news: Option<Arc<News>>,
}

/// How far somebody has read: up to some moment, or so many events of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bookmark {
    at: i64,
    /// How many events of the issue of that moment; all where there is none.
    events: Option<usize>,
}

/// What a reader goes on with.
pub(crate) struct Reading {
    /// What was missed, the oldest first.
    pub(crate) missed: Vec<Arc<Issue>>,
    /// Whether more was missed than is kept.
    pub(crate) gap: bool,
    /// What is to come.
    pub(crate) live: broadcast::Receiver<Arc<Issue>>,
}

/// Keeps the newest news, and hands out all that come.
pub(crate) struct Newsroom {
    edition: String,
    clock: Clock,
    shelf: Mutex<Shelf>,
}

struct Shelf {
    /// The oldest first.
    issues: VecDeque<Arc<Issue>>,
    calls: usize,
    /// All issues behind this moment are there.
    since: i64,
    /// No issue to come is of this moment or before.
    last: i64,
    /// Where readers hear of issues; none when no more come.
    wire: Option<broadcast::Sender<Arc<Issue>>>,
}

impl Issue {
    fn calls(&self) -> usize {
        self.news.as_ref().map_or(0, |it| it.new.len().saturating_add(it.corrected.len()))
    }

    /// The place behind so many of its events.
    pub(crate) const fn behind(&self, events: usize) -> Bookmark {
        Bookmark { at: self.at, events: Some(events) }
    }

    /// How many of its events somebody at that place has seen.
    pub(crate) const fn seen_at(&self, bookmark: Option<Bookmark>) -> usize {
        match bookmark {
            Some(Bookmark { at, events: Some(events) }) if at == self.at => events,
            Some(_) | None => 0,
        }
    }
}

impl Newsroom {
    pub(crate) fn new(clock: Clock) -> Self {
        let opened = clock.now().millis();
        let wire = Some(broadcast::Sender::new(WAITING));
        let shelf = Shelf { issues: VecDeque::new(), calls: 0, since: opened, last: opened, wire };
        Self { edition: access::random_id(EDITION_LETTERS), clock, shelf: Mutex::new(shelf) }
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in everything that comes, until the server stops. Then readers hear what has
    /// come by then, and that it is over.
    pub(crate) async fn follow(
        &self,
        mut news: broadcast::Receiver<Arc<News>>,
        mut stopping: watch::Receiver<bool>,
    ) {
        loop {
            let received = tokio::select! {
                received = news.recv() => received,
                () = told(&mut stopping) => break,
            };
            match received {
                Ok(news) => self.publish(Some(news)),
                Err(RecvError::Lagged(_)) => self.publish(None),
                Err(RecvError::Closed) => break,
            }
        }
        while let Ok(news) = news.try_recv() {
            self.publish(Some(news));
        }
        self.shelf().wire = None;
    }

    /// Keeps what came, or that something is missing, and hands it out.
    fn publish(&self, news: Option<Arc<News>>) {
        let mut shelf = self.shelf();
        let at = self.clock.now().millis().max(shelf.last.saturating_add(1));
        let issue = Arc::new(Issue { at, news });
        shelf.put(Arc::clone(&issue));
        // Nobody may be reading.
        if let Some(wire) = &shelf.wire {
            drop(wire.send(issue));
        }
    }

    /// What somebody at that place goes on with, or who begins.
    pub(crate) fn read_from(&self, bookmark: Option<Bookmark>) -> Reading {
        let shelf = self.shelf();
        // Where no more come, a wire that is cut at once.
        let live = shelf.wire.as_ref().map_or_else(|| broadcast::channel(1).1, broadcast::Sender::subscribe);
        let gap = bookmark.is_some_and(|it| !shelf.reaches_back_to(it));
        let missed = bookmark.filter(|_| !gap).map_or_else(Vec::new, |it| shelf.behind(it));
        Reading { missed, gap, live }
    }

    /// Where somebody is who has read everything; none while something waits to be read.
    pub(crate) fn end(&self, live: &broadcast::Receiver<Arc<Issue>>) -> Option<Bookmark> {
        let mut shelf = self.shelf();
        if !live.is_empty() {
            return None;
        }
        shelf.last = shelf.last.max(self.clock.now().millis());
        Some(Bookmark { at: shelf.last, events: None })
    }

    /// A place as text.
    pub(crate) fn written(&self, bookmark: Bookmark) -> String {
        let Bookmark { at, events } = bookmark;
        let edition = &self.edition;
        events.map_or_else(|| format!("{edition}.{at}"), |events| format!("{edition}.{at}.{events}"))
    }

    /// The place that a text names, where this process wrote it.
    pub(crate) fn place(&self, text: &str) -> Option<Bookmark> {
        let rest = text.strip_prefix(self.edition.as_str())?.strip_prefix('.')?;
        let (at, events) = rest.split_once('.').map_or((rest, None), |(at, events)| (at, Some(events)));
        let events = events.map(str::parse).transpose().ok()?;
        Some(Bookmark { at: at.parse().ok()?, events })
    }
}

impl Shelf {
    fn put(&mut self, issue: Arc<Issue>) {
        self.last = issue.at;
        if issue.news.is_none() {
            self.issues.clear();
            self.calls = 0;
            self.since = issue.at;
            return;
        }
        self.calls = self.calls.saturating_add(issue.calls());
        self.issues.push_back(issue);
        while self.calls > KEPT_CALLS
            && let Some(oldest) = self.issues.pop_front()
        {
            self.calls = self.calls.saturating_sub(oldest.calls());
            self.since = oldest.at;
        }
    }

    /// Whether everything behind that place is there.
    const fn reaches_back_to(&self, bookmark: Bookmark) -> bool {
        // Some of an issue that is gone may not have been read.
        match bookmark.events {
            Some(_) => bookmark.at > self.since,
            None => bookmark.at >= self.since,
        }
    }

    fn behind(&self, bookmark: Bookmark) -> Vec<Arc<Issue>> {
        let is_behind = |it: &&Arc<Issue>| match bookmark.events {
            Some(_) => it.at >= bookmark.at,
            None => it.at > bookmark.at,
        };
        self.issues.iter().filter(is_behind).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;

    use super::*;

    fn newsroom() -> Newsroom {
        Newsroom::new(Clock::new(|| Timestamp::from_millis(1_000)))
    }

    fn moments(reading: &Reading) -> Vec<i64> {
        reading.missed.iter().map(|it| it.at).collect()
    }

    #[test]
    fn who_comes_back_goes_on_behind_what_they_read() {
        let newsroom = newsroom();
        let begin = newsroom.read_from(None);
        let place = newsroom.end(&begin.live).expect("nothing waits");
        for _ in 0..3 {
            newsroom.publish(Some(Arc::default()));
        }
        assert_eq!(newsroom.end(&begin.live), None, "three wait");
        let text = newsroom.written(place);
        assert_eq!(newsroom.place(&text), Some(place));
        assert_eq!(moments(&newsroom.read_from(Some(place))), [1_001, 1_002, 1_003]);
        // Some events of the second are read, and it may have more.
        let within = Bookmark { at: 1_002, events: Some(2) };
        let reading = newsroom.read_from(Some(within));
        assert_eq!(moments(&reading), [1_002, 1_003]);
        assert_eq!(reading.missed[0].seen_at(Some(within)), 2);
        assert_eq!(reading.missed[1].seen_at(Some(within)), 0);
        assert!(newsroom.read_from(None).missed.is_empty());
    }

    #[test]
    fn what_is_not_kept_any_more_is_a_gap() {
        let newsroom = newsroom();
        let place = newsroom.end(&newsroom.read_from(None).live).expect("nothing waits");
        newsroom.publish(Some(Arc::default()));
        assert!(!newsroom.read_from(Some(place)).gap);
        newsroom.publish(None);
        let reading = newsroom.read_from(Some(place));
        assert!(reading.gap && reading.missed.is_empty());
        for foreign in ["", "1000", "elsewhere.1000", "elsewhere.1000.1"] {
            assert_eq!(newsroom.place(foreign), None, "{foreign}");
        }
    }
}
