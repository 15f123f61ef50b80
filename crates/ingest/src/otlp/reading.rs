//! One request being read: what its records say, in the words of the book.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use domain::call::{Figures, Owner};
use domain::{
    Activity, ActivityKind, Branch, Call, CallKey, Developer, Lineage, ModelName, Naming, NanoUsd, Observed,
    Origin, OutputConfidence, Place, Provider, RequestId, SessionId, SourceKind, Terms, Thread, Timestamp,
    Tool, ToolUses, TurnId, Usage, Witness,
};

use super::attributes::{Facts, Raw};
use super::identity::Identity;
use super::message::{self, Id, Log, Metric, Point, Span, Visitor};
use super::telemetry::{Rejection, Telemetry};
use super::{Exporter, claude_code, codex, gemini_cli, gen_ai, metrics};
use crate::{moment, remote};

/// Milliseconds that an exporter's clock may be ahead of ours and still be believed.
pub const AHEAD_LIMIT_MS: i64 = 10 * 60 * 1_000;

/// Milliseconds that a record may be old and still be believed: a year, for what was
/// queued, or replayed on purpose.
pub const BEHIND_LIMIT_MS: i64 = 366 * 24 * 60 * 60 * 1_000;

const NANOS_PER_MILLI: u64 = 1_000_000;

/// What one request says, so far.
pub(super) struct Reading<'e> {
    exporter: &'e Exporter,
    received_at: Timestamp,
    /// One for each person that was named; a request mostly names one.
    witnesses: Vec<Arc<Witness>>,
    /// The repository of each session, as soon as one of its records names it.
    remotes: HashMap<SessionId, Arc<str>>,
    /// The place of the last call, shared by all that follow in the same one.
    place: Option<Arc<Place>>,
    telemetry: Telemetry,
}

/// An event or a span, with what is the same in both.
pub(super) struct Event<'r, 'a> {
    pub(super) tool: Tool,
    /// Its name, without the tool's prefix.
    pub(super) name: &'r str,
    pub(super) facts: Facts<'r, 'a>,
    /// When, in nanoseconds, as the exporter says.
    pub(super) nanos: u64,
    /// When, as far as it can be believed.
    pub(super) at: Timestamp,
    pub(super) trace: Option<&'r Id<'a>>,
    pub(super) kind: EventKind,
}

/// Where an event was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EventKind {
    /// In a log record.
    Log,
    /// In a span.
    Span,
}

/// A call that an event tells of.
pub(super) struct Told {
    pub(super) model: String,
    pub(super) provider: Option<Provider>,
    pub(super) usage: Usage,
    pub(super) terms: Terms,
    pub(super) reported_cost: Option<NanoUsd>,
    pub(super) thread: Thread,
    pub(super) turn: Option<TurnId>,
    pub(super) id: CallId,
    /// Whether another record of the same source says more of the same call.
    pub(super) lineage: Lineage,
}

/// How a call is named.
pub(super) enum CallId {
    /// By the provider's id of its response.
    Response(String),
    /// By the provider's id of the request.
    Request(String),
    /// By nothing.
    None,
}

impl<'e> Reading<'e> {
    pub(super) fn new(exporter: &'e Exporter, received_at: Timestamp) -> Self {
        Self {
            exporter,
            received_at,
            witnesses: Vec::new(),
            remotes: HashMap::new(),
            place: None,
            telemetry: Telemetry::default(),
        }
    }

    /// All that was said. The first events of a session come before its repository is
    /// known: they are given the one that a later record of the request names.
    pub(super) fn finish(mut self) -> Telemetry {
        for observed in &mut self.telemetry.observed {
            let place = &mut observed.call.owner.place;
            if place.remote.is_none()
                && let Some(remote) = self.remotes.get(&place.session)
            {
                *place = Arc::new(Place { remote: Some(Arc::clone(remote)), ..place.as_ref().clone() });
            }
        }
        self.telemetry
    }

    /// A record that says nothing that is kept.
    pub(super) fn ignore(&mut self) {
        self.telemetry.ignored = self.telemetry.ignored.saturating_add(1);
    }

    /// A record that should say something and cannot be read.
    pub(super) fn reject(&mut self, reason: Rejection) {
        self.telemetry.rejected.add(reason);
    }

    /// The moment that an exporter names in nanoseconds, as far as it can be believed.
    pub(super) fn moment(&self, nanos: u64) -> Option<Timestamp> {
        let millis = i64::try_from(nanos / NANOS_PER_MILLI).ok().filter(|millis| *millis != 0)?;
        Some(self.believed(Timestamp::from_millis(millis)))
    }

    fn believed(&self, at: Timestamp) -> Timestamp {
        let ahead = at.millis_since(self.received_at);
        if (-BEHIND_LIMIT_MS..=AHEAD_LIMIT_MS).contains(&ahead) { at } else { self.received_at }
    }

    /// The session that a record belongs to. Records without one belong to their trace,
    /// and those without that to whoever sent them.
    pub(super) fn session(&self, event: &Event<'_, '_>) -> SessionId {
        if let Some(session) = self.named_session(&event.facts) {
            return session;
        }
        match event.trace.and_then(Id::hex) {
            Some(trace) => SessionId::new(&format!("trace:{trace}")),
            None => SessionId::new(&format!("otlp:{}", self.exporter.reporter)),
        }
    }

    /// The session that a record names.
    pub(super) fn named_session(&self, facts: &Facts<'_, '_>) -> Option<SessionId> {
        let named = facts.any_name(&["gen_ai.conversation.id", "conversation.id", "session.id"])?;
        match &self.place {
            Some(place) if place.session.as_str() == named => Some(place.session.clone()),
            _ => Some(SessionId::new(&named)),
        }
    }

    /// Who a record is from.
    pub(super) fn witness(&mut self, facts: &Facts<'_, '_>) -> Arc<Witness> {
        let claimed = facts.any_name(&["user.email", "enduser.id"]);
        let claimed =
            claimed.map(|name| if name.contains('@') { name.to_lowercase() } else { name.into_owned() });
        let known = self
            .witnesses
            .iter()
            .find(|known| known.claimed.as_ref().map(Developer::as_str) == claimed.as_deref());
        if let Some(known) = known {
            return Arc::clone(known);
        }
        let witness = Arc::new(Witness {
            source: SourceKind::Otlp,
            reporter: self.exporter.reporter.clone(),
            developer: self.exporter.developer.clone(),
            claimed: claimed.as_deref().map(Developer::new),
        });
        self.witnesses.push(Arc::clone(&witness));
        witness
    }

    /// A call.
    pub(super) fn call(&mut self, event: &Event<'_, '_>, told: Told) {
        let place = self.place(event, told.thread);
        let witness = self.witness(&event.facts);
        let (key, naming, request) = match &told.id {
            CallId::Response(id) => (CallKey::new(id), Naming::Provider, None),
            CallId::Request(id) => {
                (CallKey::new(&format!("otlp:{id}")), Naming::Derived, Some(RequestId::new(id)))
            }
            CallId::None => (derived_key(event, &place.session, &told), Naming::Derived, None),
        };
        let figures = Figures {
            model: ModelName::new(&told.model),
            provider: told.provider,
            usage: told.usage,
            terms: told.terms,
            output: OutputConfidence::Final,
            reported_cost: told.reported_cost,
            lineage: told.lineage,
            at: event.at,
            origin: Origin::default(),
        };
        let owner = Owner { place, turn: told.turn, lineage: told.lineage, at: event.at };
        let call = Call { key, request: None, at: event.at, figures, owner, tools: ToolUses::NONE };
        self.telemetry.observed.push(Observed { witness, naming, request, call });
    }

    fn place(&mut self, event: &Event<'_, '_>, thread: Thread) -> Arc<Place> {
        let session = self.session(event);
        let place = Place {
            tool: event.tool,
            remote: self.remotes.get(&session).cloned(),
            session,
            thread,
            folder: None,
            branch: None,
            command: None,
            skill: event.facts.name("skill.name").map(Arc::from),
        };
        if let Some(known) = self.place.as_ref().filter(|known| ***known == place) {
            return Arc::clone(known);
        }
        let place = Arc::new(place);
        self.place = Some(Arc::clone(&place));
        place
    }

    /// Something that happened once.
    pub(super) fn deed(&mut self, event: &Event<'_, '_>, kind: ActivityKind, deed: Deed<'_>) {
        let session = self.session(event);
        let identity = Identity::of(kind.name()).with(event.tool.name()).with(session.as_str());
        let identity = match deed.id {
            Some(id) => identity.with(id),
            None => {
                let number = event.facts.name("event.sequence").unwrap_or_default();
                identity
                    .with("")
                    .with_number(event.nanos)
                    .with(&number)
                    .with(deed.subject.unwrap_or_default())
            }
        };
        let witness = self.witness(&event.facts);
        self.activity(Activity {
            identity: identity.finish(),
            at: event.at,
            kind,
            amount: 1,
            subject: deed.subject.map(Arc::from),
            tool: Some(event.tool),
            session: Some(session),
            folder: None,
            branch: deed.branch.map(Branch::new),
            witness,
        });
    }

    /// Something that happened.
    pub(super) fn activity(&mut self, activity: Activity) {
        self.telemetry.activities.push(activity);
    }

    /// Notes the repository that a record names for its session.
    fn repository(&mut self, facts: &Facts<'_, '_>) {
        let Some(url) = facts.name("vcs.repository.url.full") else { return };
        if let Some(session) = self.named_session(facts)
            && !self.remotes.contains_key(&session)
        {
            self.remotes.insert(session, remote::without_credentials(&url));
        }
    }

    /// When a log record was written, in nanoseconds and as far as it can be believed.
    fn log_moment(&self, log: &Log<'_>, facts: &Facts<'_, '_>) -> (u64, Timestamp) {
        for nanos in [log.at, log.observed_at] {
            if let Some(at) = self.moment(nanos) {
                return (nanos, at);
            }
        }
        let written = facts.name("event.timestamp").and_then(|text| moment::parse(&text));
        let nanos = written.and_then(|at| u64::try_from(at.millis()).ok()?.checked_mul(NANOS_PER_MILLI));
        (nanos.unwrap_or_default(), written.map_or(self.received_at, |at| self.believed(at)))
    }
}

/// What is told of something that happened once.
#[derive(Clone, Copy, Default)]
pub(super) struct Deed<'d> {
    /// The id by which it is the same if it is sent again.
    pub(super) id: Option<&'d str>,
    pub(super) subject: Option<&'d str>,
    /// The branch on which it happened.
    pub(super) branch: Option<&'d str>,
}

/// The key of a call that nothing names.
fn derived_key(event: &Event<'_, '_>, session: &SessionId, told: &Told) -> CallKey {
    let Usage { input, output, cache_read, cache_write_5m, cache_write_1h, reasoning, .. } = told.usage;
    let counts = [input, output, cache_read, cache_write_5m, cache_write_1h, reasoning];
    let mut identity = Identity::of("call")
        .with(event.tool.name())
        .with(session.as_str())
        .with_number(event.nanos)
        .with(&event.facts.name("event.sequence").unwrap_or_default())
        .with(&event.facts.any_name(&["prompt.id", "prompt_id"]).unwrap_or_default())
        .with(&told.model);
    for count in counts {
        identity = identity.with_number(count.count());
    }
    CallKey::new(&format!("otlp:{}", identity.hex()))
}

impl Visitor for Reading<'_> {
    fn log(&mut self, origin: &message::Origin<'_, '_>, log: &Log<'_>) {
        let facts = origin.facts(&log.attributes);
        self.repository(&facts);
        let named = facts.name("event.name").unwrap_or_else(|| Cow::Borrowed(&log.event_name));
        let body = log.body.as_ref().map(Raw::value).and_then(|body| body.text()).unwrap_or_default();
        let (nanos, at) = self.log_moment(log, &facts);
        let of = |tool, name| Event {
            tool,
            name,
            facts,
            nanos,
            at,
            trace: log.trace.as_ref(),
            kind: EventKind::Log,
        };
        if claude_code::wrote(origin.scope, &body, &facts) {
            let name = named.strip_prefix(claude_code::PREFIX).unwrap_or(&named);
            claude_code::event(self, &of(Tool::ClaudeCode, name));
        } else if let Some(name) = named.strip_prefix(codex::PREFIX) {
            codex::event(self, &of(Tool::Codex, name));
        } else if let Some(name) = named.strip_prefix(gemini_cli::PREFIX) {
            gemini_cli::event(self, &of(Tool::GeminiCli, name));
        } else if let Some(name) = named.strip_prefix(gen_ai::PREFIX) {
            gen_ai::event(self, &of(gen_ai::tool(&facts), name));
        } else {
            self.ignore();
        }
    }

    fn span(&mut self, origin: &message::Origin<'_, '_>, span: &Span<'_>) {
        let facts = origin.facts(&span.attributes);
        self.repository(&facts);
        let nanos = if span.ended_at == 0 { span.began_at } else { span.ended_at };
        let at = self.moment(nanos).unwrap_or(self.received_at);
        let of = |tool| Event {
            tool,
            name: &span.name,
            facts,
            nanos,
            at,
            trace: span.trace.as_ref(),
            kind: EventKind::Span,
        };
        if claude_code::wrote(origin.scope, &span.name, &facts) {
            claude_code::span(self, &of(Tool::ClaudeCode));
        } else {
            gen_ai::span(self, &of(gen_ai::tool(&facts)));
        }
    }

    fn point(&mut self, origin: &message::Origin<'_, '_>, metric: &Metric<'_>, point: &Point<'_>) {
        let facts = origin.facts(&point.attributes);
        self.repository(&facts);
        metrics::point(self, &facts, metric, point);
    }

    fn broken(&mut self) {
        self.reject(Rejection::Broken);
    }
}
