//! A delivery, read. Strict with what it knows: a value that cannot be is an error
//! that names its record and field. What it does not know is passed over.

use std::sync::Arc;

use domain::call::{Figures, Owner};
use domain::{
    ActivityKind, Branch, Call, CallKey, Developer, Folder, InferenceGeo, ModelName, NanoUsd, Origin,
    OutputConfidence, Place, PrLink, Provider, ReporterId, RequestId, ServiceTier, SessionId, SessionTally,
    SourceKind, Speed, Terms, Timestamp, Tokens, Tool, ToolUse, ToolUses, TurnId, Usage,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::wire::{self, Text, names};
use super::{
    Delivery, DeliveryError, FORMAT, FolderReport, MAX_BYTES, MAX_COUNT, MAX_RECORDS, MAX_TEXT_BYTES,
    ReportedActivity, ReportedCall, SessionTag,
};

/// The year 9999 ends here: a moment beyond it is none.
const LAST_MILLIS: i64 = 253_402_300_799_999;
/// What a fact of a folder may be about.
const FACTS: [&str; 5] = ["repo", "developer", "display", "remote", "default_branch"];
/// The kinds of source that report from a developer's machine.
const OF_A_MACHINE: [SourceKind; 2] = [SourceKind::Log, SourceKind::Hook];

/// What is wrong with a record.
type Problem = String;

/// Reads it.
pub(super) fn delivery(bytes: &[u8]) -> Result<Delivery, DeliveryError> {
    if bytes.len() > MAX_BYTES {
        return Err(DeliveryError::TooLong);
    }
    let parts: wire::Parts<'_> =
        serde_json::from_slice(bytes).map_err(|error| DeliveryError::Malformed(error.to_string()))?;
    if parts.format != FORMAT {
        return Err(DeliveryError::Format(parts.format.chars().take(64).collect()));
    }
    let places = records("places", &parts.places, place)?;
    Ok(Delivery {
        reporter: text("reporter", &parts.reporter, ReporterId::new).map_err(DeliveryError::Head)?,
        version: text("bursar", &parts.bursar, |it| Arc::from(it)).map_err(DeliveryError::Head)?,
        claimed: maybe("developer", parts.developer.as_ref(), Developer::new).map_err(DeliveryError::Head)?,
        calls: records("calls", &parts.calls, |wire: &wire::Call<'_>| call(wire, &places))?,
        sessions: records("sessions", &parts.sessions, session)?,
        pull_requests: records("pull_requests", &parts.pull_requests, pull_request)?,
        folders: records("folders", &parts.folders, folder)?,
        tags: records("tags", &parts.tags, tag)?,
        activities: records("activities", &parts.activities, activity)?,
    })
}

/// The records of one list, each read by itself.
fn records<'a, W: Deserialize<'a>, T>(
    list: &'static str,
    raw: &[&'a RawValue],
    read: impl Fn(&W) -> Result<T, Problem>,
) -> Result<Vec<T>, DeliveryError> {
    if raw.len() > MAX_RECORDS {
        return Err(DeliveryError::TooMany { list, count: raw.len() });
    }
    let one = |(index, raw): (usize, &&'a RawValue)| {
        let wire = serde_json::from_str(raw.get()).map_err(|error| error.to_string());
        let record = wire.and_then(|wire| read(&wire));
        record.map_err(|problem| DeliveryError::Record { list, index, problem })
    };
    raw.iter().enumerate().map(one).collect()
}

fn place(wire: &wire::Place<'_>) -> Result<Arc<Place>, Problem> {
    Ok(Arc::new(Place {
        tool: named("tool", &wire.tool, Tool::from_name)?,
        session: text("session", &wire.session, SessionId::new)?,
        thread: named("thread", &wire.thread, names::thread_of)?,
        folder: maybe("folder", wire.folder.as_ref(), Folder::new)?,
        branch: maybe("branch", wire.branch.as_ref(), Branch::new)?,
        remote: maybe("remote", wire.remote.as_ref(), |it| Arc::from(it))?,
        command: maybe("command", wire.command.as_ref(), |it| Arc::from(it))?,
        skill: maybe("skill", wire.skill.as_ref(), |it| Arc::from(it))?,
    }))
}

fn call(wire: &wire::Call<'_>, places: &[Arc<Place>]) -> Result<ReportedCall, Problem> {
    let place = places
        .get(wire.place)
        .ok_or_else(|| format!("`place` is {}, and there are {} places", wire.place, places.len()))?;
    let figures = Figures {
        model: text("model", &wire.model, ModelName::new)?,
        provider: maybe("provider", wire.provider.as_ref(), Provider::new)?,
        usage: usage(wire)?,
        terms: Terms {
            tier: granted("service_tier", wire.service_tier.as_ref(), ServiceTier::from_name)?,
            speed: granted("speed", wire.speed.as_ref(), Speed::from_name)?,
            geo: granted("inference_geo", wire.inference_geo.as_ref(), InferenceGeo::from_name)?,
        },
        output: named("output_confidence", &wire.output_confidence, OutputConfidence::from_name)?,
        reported_cost: wire.reported_nano_usd.map(reported).transpose()?,
        lineage: named("figures_lineage", &wire.figures_lineage, names::lineage_of)?,
        at: moment("figures_at_ms", wire.figures_at_ms)?,
        origin: Origin::default(),
    };
    let owner = Owner {
        place: Arc::clone(place),
        turn: wire.turn.as_ref().map(|it| fingerprint("turn", it)).transpose()?.map(TurnId::new),
        lineage: named("owner_lineage", &wire.owner_lineage, names::lineage_of)?,
        at: moment("owner_at_ms", wire.owner_at_ms)?,
    };
    Ok(ReportedCall {
        naming: named("naming", &wire.naming, names::naming_of)?,
        call: Call {
            key: text("key", &wire.key, CallKey::new)?,
            request: maybe("request", wire.request.as_ref(), RequestId::new)?,
            at: moment("at_ms", wire.at_ms)?,
            figures,
            owner,
            tools: tools(&wire.tools)?,
        },
    })
}

fn tools(wire: &[wire::ToolUse<'_>]) -> Result<ToolUses, Problem> {
    if wire.len() > ToolUses::MOST {
        return Err(format!("`tools` has {}, above {}", wire.len(), ToolUses::MOST));
    }
    let one = |it: &wire::ToolUse<'_>| Ok(ToolUse::new(fingerprint("id", &it.id)?, &it.name, it.retry));
    Ok(ToolUses::of(wire.iter().map(one).collect::<Result<Vec<_>, Problem>>()?))
}

/// 16 hexadecimal digits.
fn fingerprint(field: &str, text: &str) -> Result<u64, Problem> {
    let digits = Some(text).filter(|it| it.len() == 16 && it.bytes().all(|it| it.is_ascii_hexdigit()));
    digits
        .and_then(|it| u64::from_str_radix(it, 16).ok())
        .ok_or_else(|| format!("`{field}` is not 16 hexadecimal digits"))
}

fn usage(wire: &wire::Call<'_>) -> Result<Usage, Problem> {
    let tokens = |field, number| count(field, number).map(Tokens::new);
    Ok(Usage {
        input: tokens("input", wire.input)?,
        output: tokens("output", wire.output)?,
        cache_read: tokens("cache_read", wire.cache_read)?,
        cache_write_5m: tokens("cache_write_5m", wire.cache_write_5m)?,
        cache_write_1h: tokens("cache_write_1h", wire.cache_write_1h)?,
        reasoning: tokens("reasoning", wire.reasoning)?,
        web_searches: count("web_searches", wire.web_searches)?,
    })
}

fn session(wire: &wire::Session<'_>) -> Result<SessionTally, Problem> {
    Ok(SessionTally {
        tool: named("tool", &wire.tool, Tool::from_name)?,
        session: text("session", &wire.session, SessionId::new)?,
        first_at: moment("first_at_ms", wire.first_at_ms)?,
        last_at: moment("last_at_ms", wire.last_at_ms)?,
        turns: wire.turns,
        active_ms: count("active_ms", wire.active_ms)?,
        tool_calls: wire.tool_calls,
        failed_steps: wire.failed_steps,
        longest_failing_run: wire.longest_failing_run,
        compactions: wire.compactions,
        first_context: count("first_context", wire.first_context).map(Tokens::new)?,
        peak_context: count("peak_context", wire.peak_context).map(Tokens::new)?,
    })
}

fn pull_request(wire: &wire::PullRequest<'_>) -> Result<PrLink, Problem> {
    Ok(PrLink {
        tool: named("tool", &wire.tool, Tool::from_name)?,
        session: text("session", &wire.session, SessionId::new)?,
        url: text("url", &wire.url, |it| Arc::from(it))?,
        number: count("number", wire.number)?,
        branch: maybe("branch", wire.branch.as_ref(), Branch::new)?,
        first_at: moment("first_at_ms", wire.first_at_ms)?,
        last_at: moment("last_at_ms", wire.last_at_ms)?,
    })
}

fn folder(wire: &wire::Folder<'_>) -> Result<FolderReport, Problem> {
    let facts = clean("facts", &wire.facts)?;
    for line in facts.lines() {
        let about = line.split(' ').next().unwrap_or_default();
        if !FACTS.contains(&about) {
            return Err(format!("`facts` says something of `{about}`; known are {}", FACTS.join(", ")));
        }
    }
    Ok(FolderReport {
        folder: text("folder", &wire.folder, Folder::new)?,
        at: moment("at_ms", wire.at_ms)?,
        facts: Arc::from(facts),
    })
}

fn tag(wire: &wire::Tag<'_>) -> Result<SessionTag, Problem> {
    Ok(SessionTag {
        session: text("session", &wire.session, SessionId::new)?,
        at: moment("at_ms", wire.at_ms)?,
        key: text("key", &wire.key, |it| Arc::from(it))?,
        value: Arc::from(clean("value", &wire.value)?),
    })
}

fn activity(wire: &wire::Activity<'_>) -> Result<ReportedActivity, Problem> {
    let is_hash = wire.identity.len() == 32 && wire.identity.bytes().all(|it| it.is_ascii_hexdigit());
    let identity = u128::from_str_radix(&wire.identity, 16).ok().filter(|_| is_hash);
    let source = named("source", &wire.source, SourceKind::from_name)?;
    if !OF_A_MACHINE.contains(&source) {
        return Err(format!("`source` is `{}`, which is not on a developer's machine", source.name()));
    }
    Ok(ReportedActivity {
        identity: identity.ok_or("`identity` is not 32 hexadecimal digits")?.to_be_bytes(),
        source,
        at: moment("at_ms", wire.at_ms)?,
        kind: named("kind", &wire.kind, ActivityKind::from_name)?,
        amount: i64::try_from(wire.amount).map(|_| wire.amount).map_err(|_| "`amount` is too large")?,
        subject: maybe("subject", wire.subject.as_ref(), |it| Arc::from(it))?,
        tool: wire.tool.as_ref().map(|it| named("tool", it, Tool::from_name)).transpose()?,
        session: maybe("session", wire.session.as_ref(), SessionId::new)?,
        folder: maybe("folder", wire.folder.as_ref(), Folder::new)?,
        branch: maybe("branch", wire.branch.as_ref(), Branch::new)?,
    })
}

fn reported(nano: i64) -> Result<NanoUsd, Problem> {
    if nano < 0 { Err(format!("`reported_nano_usd` is {nano}, below zero")) } else { Ok(NanoUsd::new(nano)) }
}

/// A text within bounds that any database can hold.
fn clean<'a>(field: &str, text: &'a Text<'_>) -> Result<&'a str, Problem> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(format!("`{field}` is longer than {MAX_TEXT_BYTES} bytes"));
    }
    if text.contains('\0') {
        return Err(format!("`{field}` holds a NUL"));
    }
    Ok(text)
}

fn text<T>(field: &str, text: &Text<'_>, make: impl FnOnce(&str) -> T) -> Result<T, Problem> {
    let text = clean(field, text)?;
    if text.is_empty() { Err(format!("`{field}` is missing or empty")) } else { Ok(make(text)) }
}

fn maybe<T>(
    field: &str,
    value: Option<&Text<'_>>,
    make: impl FnOnce(&str) -> T,
) -> Result<Option<T>, Problem> {
    value.filter(|it| !it.is_empty()).map(|it| text(field, it, make)).transpose()
}

fn named<T>(field: &str, name: &Text<'_>, make: impl FnOnce(&str) -> Option<T>) -> Result<T, Problem> {
    make(name).ok_or_else(|| {
        let name: String = name.chars().take(64).collect();
        format!("`{field}` is `{name}`, which this version does not know")
    })
}

/// A name that is only written where it is not the usual one.
fn granted<T: Default>(
    field: &str,
    name: Option<&Text<'_>>,
    make: impl FnOnce(&str) -> Option<T>,
) -> Result<T, Problem> {
    name.map_or_else(|| Ok(T::default()), |name| named(field, name, make))
}

fn moment(field: &str, millis: i64) -> Result<Timestamp, Problem> {
    if (1..=LAST_MILLIS).contains(&millis) {
        Ok(Timestamp::from_millis(millis))
    } else {
        Err(format!("`{field}` is {millis}, which is no moment since 1970"))
    }
}

fn count(field: &str, count: u64) -> Result<u64, Problem> {
    if count <= MAX_COUNT { Ok(count) } else { Err(format!("`{field}` is {count}, above {MAX_COUNT}")) }
}
