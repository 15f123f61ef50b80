//! Sessions that run away: a model that is told the same failure again and again, or that
//! spends far faster than its session ever did.
//!
//! A person at the keyboard is the cure, so a person's prompt is always let through and
//! begins anew. What is known of a session is a handful of figures, and sessions that are
//! idle are forgotten when there are too many.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use dialect::{Request, Step};
use domain::{NanoUsd, ReporterId, SessionId, Timestamp};

use crate::budget_desk::{Claims, Identity};

/// Spend is looked at in spans of this length.
const SPAN_MS: i64 = 300_000;
/// Spans of a session in which something was spent, that are remembered.
const SPANS_LIMIT: usize = 24;
/// So many of them tell what is usual.
const SPANS_ENOUGH: usize = 3;
/// Sessions that are remembered.
const SESSIONS_LIMIT: usize = 10_000;
/// Conversations of one session, its own and those of its agents, that are remembered.
const THREADS_LIMIT: usize = 16;

/// When a session counts as running away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoopLimits {
    /// A tool failed so many times in a row, each time in the same way.
    pub failures: Option<u32>,
    /// More is spent in five minutes than so many times what is usual for the session.
    pub times_usual: Option<u32>,
    /// What may be spent in five minutes whatever is usual.
    pub floor: NanoUsd,
    /// What is never spent in five minutes, whatever is usual.
    pub most: Option<NanoUsd>,
}

impl Default for LoopLimits {
    fn default() -> Self {
        Self { failures: Some(6), times_usual: Some(10), floor: NanoUsd::new(5_000_000_000), most: None }
    }
}

/// Whose conversation a call belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Caller {
    /// By the credential: sessions of one cannot disturb those of another.
    pub reporter: ReporterId,
    /// The session.
    pub session: SessionId,
    /// The agent that the session started; none in the conversation with the person.
    pub agent: Option<Box<str>>,
}

impl Caller {
    /// Of a call that names its session. There is no guard over others.
    #[must_use]
    pub fn of(identity: &Identity, claims: &Claims) -> Option<Self> {
        let session = claims.session.clone()?;
        let agent = claims.is_subagent.then(|| Box::from("agent"));
        Some(Self { reporter: identity.reporter.clone(), session, agent })
    }
}

/// Why a session is taken to run away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Looping {
    /// The same failure, so many times.
    #[error(
        "the model was told the same failure of a tool {times} times in a row, and goes on as before. Look at what \
         fails, then say how to go on: a prompt of yours is let through"
    )]
    Failing {
        /// How often.
        times: u32,
    },
    /// Far more than the session usually spends.
    #[error(
        "this session spent {} USD within five minutes, and usually spends {}. If that is meant to be, write a \
         prompt: it is let through and the session goes on",
        .spent.to_cents_string(), .usual.to_cents_string()
    )]
    Racing {
        /// What it spent.
        spent: NanoUsd,
        /// What it spends as a rule.
        usual: NanoUsd,
    },
    /// More than any session may.
    #[error(
        "this session spent {} USD within five minutes, and {} are the limit. If that is meant to be, write a \
         prompt: it is let through and the session goes on",
        .spent.to_cents_string(), .most.to_cents_string()
    )]
    TooFast {
        /// What it spent.
        spent: NanoUsd,
        /// What it may.
        most: NanoUsd,
    },
}

impl Looping {
    /// The stable name of the reason.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Failing { .. } => "loop_failing",
            Self::Racing { .. } => "loop_racing",
            Self::TooFast { .. } => "loop_too_fast",
        }
    }
}

/// Watches over sessions. One for all calls.
#[derive(Debug)]
pub struct LoopGuard {
    limits: LoopLimits,
    sessions: Mutex<HashMap<(ReporterId, SessionId), Session>>,
}

#[derive(Debug, Default)]
struct Session {
    seen: Timestamp,
    /// What was spent in earlier spans, the latest last; nothing in none of them.
    spans: VecDeque<NanoUsd>,
    /// The number of this span.
    span: i64,
    spent: NanoUsd,
    /// What of it was spent before a person let the session go on.
    excused: NanoUsd,
    /// Until a person lets it go on.
    held: Option<Looping>,
    /// By agent.
    threads: HashMap<Option<Box<str>>, Thread>,
}

/// One conversation.
#[derive(Debug, Default)]
struct Thread {
    /// How long it was when it was last looked at.
    bytes: u64,
    /// The failure that it was told last, and how often in a row.
    print: Option<u64>,
    times: u32,
}

impl LoopGuard {
    /// With these limits.
    #[must_use]
    pub fn new(limits: LoopLimits) -> Self {
        Self { limits, sessions: Mutex::default() }
    }

    /// Looks at a call before it is made.
    ///
    /// # Errors
    /// [`Looping`] where its session runs away.
    pub fn check(&self, caller: &Caller, request: &Request, now: Timestamp) -> Result<(), Looping> {
        self.with(caller, now, |session| {
            let times = session.follow(caller, request);
            if let Some(held) = session.held {
                return Err(held);
            }
            if self.limits.failures.is_some_and(|limit| times >= limit) {
                return Err(Looping::Failing { times });
            }
            session.held = self.limits.judge(session);
            session.held.map_or(Ok(()), Err)
        })
    }

    /// Takes what a call did cost.
    pub fn spent(&self, caller: &Caller, cost: NanoUsd, now: Timestamp) {
        self.with(caller, now, |session| {
            session.spent = session.spent.plus(cost).unwrap_or(session.spent);
        });
    }

    fn with<T>(&self, caller: &Caller, now: Timestamp, look: impl FnOnce(&mut Session) -> T) -> T {
        let key = (caller.reporter.clone(), caller.session.clone());
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if sessions.len() >= SESSIONS_LIMIT && !sessions.contains_key(&key) {
            forget_half(&mut sessions);
        }
        let session = sessions.entry(key).or_default();
        session.reach(now);
        look(session)
    }
}

/// The half that was idle for longer.
fn forget_half(sessions: &mut HashMap<(ReporterId, SessionId), Session>) {
    let mut seen: Vec<Timestamp> = sessions.values().map(|session| session.seen).collect();
    let middle = seen.len() / 2;
    if middle < seen.len() {
        let (_, median, _) = seen.select_nth_unstable(middle);
        let median = *median;
        sessions.retain(|_, session| session.seen > median);
    }
}

impl LoopLimits {
    fn judge(&self, session: &Session) -> Option<Looping> {
        let spent = session.spent.minus(session.excused).unwrap_or_default();
        if let Some(most) = self.most.filter(|most| spent > *most) {
            return Some(Looping::TooFast { spent, most });
        }
        let times = i64::from(self.times_usual.filter(|_| spent > self.floor)?);
        let usual = session.usual()?;
        let limit = usual.nano().checked_mul(times)?;
        (spent.nano() > limit).then_some(Looping::Racing { spent, usual })
    }
}

impl Session {
    /// Goes to the span that it is now.
    fn reach(&mut self, now: Timestamp) {
        self.seen = now;
        let span = now.millis().div_euclid(SPAN_MS);
        if span == self.span {
            return;
        }
        self.span = span;
        if self.spent > NanoUsd::ZERO {
            if self.spans.len() >= SPANS_LIMIT {
                self.spans.pop_front();
            }
            self.spans.push_back(self.spent);
        }
        (self.spent, self.excused) = (NanoUsd::ZERO, NanoUsd::ZERO);
    }

    /// The median of the spans in which something was spent.
    fn usual(&self) -> Option<NanoUsd> {
        let mut spans: Vec<NanoUsd> = self.spans.iter().copied().collect();
        spans.sort_unstable();
        spans.get(spans.len() / 2).filter(|_| spans.len() >= SPANS_ENOUGH).copied()
    }

    /// Follows a conversation by one call. Gives how often it was told the same failure.
    fn follow(&mut self, caller: &Caller, request: &Request) -> u32 {
        let bytes = request.prompt.text_bytes;
        let thread = self.thread(caller);
        // Beside the conversation clients ask short questions of their own, for a title or
        // a summary: those are nobody's prompt, and say nothing of how it gets on.
        if request.step.is_none() && bytes < thread.bytes / 2 {
            return thread.times;
        }
        match request.step {
            Some(Step { print, is_failure: true }) if thread.print == Some(print) => {
                // The same request again is another attempt, not another failure.
                if bytes != thread.bytes {
                    thread.times = thread.times.saturating_add(1);
                }
            }
            Some(Step { print, is_failure: true }) => (thread.print, thread.times) = (Some(print), 1),
            Some(Step { is_failure: false, .. }) | None => (thread.print, thread.times) = (None, 0),
        }
        thread.bytes = bytes;
        let times = thread.times;
        if request.step.is_none() && caller.agent.is_none() {
            self.begin_anew();
        }
        times
    }

    /// A person said how to go on.
    fn begin_anew(&mut self) {
        self.held = None;
        self.excused = self.spent;
        self.threads.retain(|agent, _| agent.is_none());
    }

    fn thread(&mut self, caller: &Caller) -> &mut Thread {
        if self.threads.len() >= THREADS_LIMIT && !self.threads.contains_key(&caller.agent) {
            self.threads.retain(|agent, _| agent.is_none());
        }
        self.threads.entry(caller.agent.clone()).or_default()
    }
}

#[cfg(test)]
mod tests;
