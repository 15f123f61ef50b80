//! A delivery, written.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use domain::{InferenceGeo, NanoUsd, Place, PrLink, ServiceTier, SessionTally, Speed, ToolUse};

use super::wire::{self, Text, names};
use super::{Delivery, DeliveryError, FORMAT, FolderReport, ReportedActivity, ReportedCall, SessionTag};

/// As JSON.
pub(super) fn delivery(delivery: &Delivery) -> Result<Vec<u8>, DeliveryError> {
    let mut places = Places::default();
    let calls = delivery.calls.iter().map(|it| call(it, &mut places)).collect();
    let written = wire::Delivery {
        format: Text::from(FORMAT),
        reporter: Text::from(delivery.reporter.as_str()),
        bursar: Text::from(&*delivery.version),
        developer: delivery.claimed.as_ref().map(|it| Text::from(it.as_str())),
        places: places.list,
        calls,
        sessions: delivery.sessions.iter().map(session).collect(),
        pull_requests: delivery.pull_requests.iter().map(pull_request).collect(),
        folders: delivery.folders.iter().map(folder).collect(),
        tags: delivery.tags.iter().map(tag).collect(),
        activities: delivery.activities.iter().map(activity).collect(),
    };
    serde_json::to_vec(&written).map_err(|error| DeliveryError::Malformed(error.to_string()))
}

/// The places of all calls, each once.
#[derive(Default)]
struct Places<'a> {
    list: Vec<wire::Place<'a>>,
    numbers: HashMap<&'a Place, usize>,
}

impl<'a> Places<'a> {
    fn number(&mut self, place: &'a Arc<Place>) -> usize {
        *self.numbers.entry(place).or_insert_with(|| {
            self.list.push(wire_place(place));
            self.list.len().saturating_sub(1)
        })
    }
}

fn wire_place(place: &Place) -> wire::Place<'_> {
    wire::Place {
        tool: Text::from(place.tool.name()),
        session: Text::from(place.session.as_str()),
        thread: Text::from(names::thread(place.thread)),
        folder: place.folder.as_ref().map(|it| Text::from(it.as_str())),
        branch: place.branch.as_ref().map(|it| Text::from(it.as_str())),
        remote: place.remote.as_deref().map(Text::from),
        command: place.command.as_deref().map(Text::from),
        skill: place.skill.as_deref().map(Text::from),
    }
}

fn call<'a>(reported: &'a ReportedCall, places: &mut Places<'a>) -> wire::Call<'a> {
    let ReportedCall { naming, call } = reported;
    let (figures, usage, terms) = (&call.figures, &call.figures.usage, &call.figures.terms);
    wire::Call {
        key: Text::from(call.key.as_str()),
        naming: Text::from(names::naming(*naming)),
        request: call.request.as_ref().map(|it| Text::from(it.as_str())),
        place: places.number(&call.owner.place),
        at_ms: call.at.millis(),
        model: Text::from(figures.model.as_str()),
        provider: figures.provider.as_ref().map(|it| Text::from(it.as_str())),
        service_tier: unless(terms.tier, ServiceTier::Standard, ServiceTier::name),
        speed: unless(terms.speed, Speed::Standard, Speed::name),
        inference_geo: unless(terms.geo, InferenceGeo::Global, InferenceGeo::name),
        input: usage.input.count(),
        output: usage.output.count(),
        cache_read: usage.cache_read.count(),
        cache_write_5m: usage.cache_write_5m.count(),
        cache_write_1h: usage.cache_write_1h.count(),
        reasoning: usage.reasoning.count(),
        web_searches: usage.web_searches,
        output_confidence: Text::from(figures.output.name()),
        reported_nano_usd: figures.reported_cost.map(NanoUsd::nano),
        figures_lineage: Text::from(names::lineage(figures.lineage)),
        figures_at_ms: figures.at.millis(),
        owner_lineage: Text::from(names::lineage(call.owner.lineage)),
        owner_at_ms: call.owner.at.millis(),
        turn: call.owner.turn.map(|it| hexadecimal(it.fingerprint())),
        tools: call.tools.iter().map(tool_use).collect(),
    }
}

fn tool_use(used: &ToolUse) -> wire::ToolUse<'_> {
    wire::ToolUse { id: hexadecimal(used.id()), name: Text::from(used.name()), retry: used.retry() }
}

fn hexadecimal(fingerprint: u64) -> Text<'static> {
    Text::from(format!("{fingerprint:016x}"))
}

/// The name of a value, unless it is what a reader takes for granted.
fn unless<T: Copy + PartialEq>(value: T, granted: T, name: fn(T) -> &'static str) -> Option<Text<'static>> {
    (value != granted).then(|| Cow::Borrowed(name(value)))
}

fn session(tally: &SessionTally) -> wire::Session<'_> {
    wire::Session {
        tool: Text::from(tally.tool.name()),
        session: Text::from(tally.session.as_str()),
        first_at_ms: tally.first_at.millis(),
        last_at_ms: tally.last_at.millis(),
        turns: tally.turns,
        active_ms: tally.active_ms,
        tool_calls: tally.tool_calls,
        failed_steps: tally.failed_steps,
        longest_failing_run: tally.longest_failing_run,
        compactions: tally.compactions,
        first_context: tally.first_context.count(),
        peak_context: tally.peak_context.count(),
    }
}

fn pull_request(link: &PrLink) -> wire::PullRequest<'_> {
    wire::PullRequest {
        tool: Text::from(link.tool.name()),
        session: Text::from(link.session.as_str()),
        url: Text::from(&*link.url),
        number: link.number,
        branch: link.branch.as_ref().map(|it| Text::from(it.as_str())),
        first_at_ms: link.first_at.millis(),
        last_at_ms: link.last_at.millis(),
    }
}

fn folder(report: &FolderReport) -> wire::Folder<'_> {
    wire::Folder {
        folder: Text::from(report.folder.as_str()),
        at_ms: report.at.millis(),
        facts: Text::from(&*report.facts),
    }
}

fn tag(tag: &SessionTag) -> wire::Tag<'_> {
    wire::Tag {
        session: Text::from(tag.session.as_str()),
        at_ms: tag.at.millis(),
        key: Text::from(&*tag.key),
        value: Text::from(&*tag.value),
    }
}

fn activity(activity: &ReportedActivity) -> wire::Activity<'_> {
    wire::Activity {
        identity: Text::from(format!("{:032x}", u128::from_be_bytes(activity.identity))),
        source: Text::from(activity.source.name()),
        at_ms: activity.at.millis(),
        kind: Text::from(activity.kind.name()),
        amount: activity.amount,
        subject: activity.subject.as_deref().map(Text::from),
        tool: activity.tool.map(|it| Text::from(it.name())),
        session: activity.session.as_ref().map(|it| Text::from(it.as_str())),
        folder: activity.folder.as_ref().map(|it| Text::from(it.as_str())),
        branch: activity.branch.as_ref().map(|it| Text::from(it.as_str())),
    }
}
