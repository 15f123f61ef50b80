//! opencode: `opencode.db` and `opencode-*.db`, and `storage/message/*/*.json` of
//! versions before there was a database.
//!
//! A message of the role `assistant` is one request, with its counts. Its key is
//! `opencode:<message id>`, which the move from files to the database keeps. A
//! message is written several times; counts appear with the last step.
//!
//! A fork copies messages under new ids. An id begins with the time of its making,
//! and a copy keeps the original's `time.created`: a message whose id is younger
//! than its creation is a copy and is left out.
//!
//! `input` covers what no cache served. Whether `reasoning` is inside of `output`
//! changed with the versions: `total`, where there is one, tells. Without it,
//! reasoning stands beside output for Google's models and inside for others.
//!
//! A session started by another one is a subagent's and belongs to the session that
//! all began with. Files do not say so: there, each session is its own.

use std::sync::Arc;

use domain::{
    CallKey, Folder, Lineage, ModelName, Observation, Origin, OutputConfidence, Place, Provider, SessionId,
    Shape, Terms, Thread, Tokens, Tool, ToolUses, Usage,
};

use self::message::{Counts, Message};
use crate::fingerprint;
use crate::folders::entries;
use crate::harvest::{Harvest, Problem};
use crate::json::{Count, any_odd};
use crate::source::{Found, Roots};

mod files;
mod message;
mod table;
#[cfg(test)]
mod tests;

pub use self::files::read as read_document;
pub use self::table::read;

/// Finds databases and message files.
pub(crate) fn find(roots: &Roots, found: &mut Found) {
    for root in &roots.opencode {
        for entry in entries(root, found) {
            if entry.name().is_some_and(is_database) {
                found.file(Tool::Opencode, Shape::Database, &entry.path());
            }
        }
        for session in entries(&root.join("storage/message"), found) {
            for message in entries(&session.path(), found) {
                if message.name().is_some_and(|name| name.ends_with(".json")) {
                    found.file(Tool::Opencode, Shape::Document, &message.path());
                }
            }
        }
    }
}

fn is_database(name: &str) -> bool {
    name == "opencode.db" || (name.starts_with("opencode-") && name.ends_with(".db"))
}

/// Where a message stands: its id, its session, and its place in the log.
struct Stand<'a> {
    id: &'a str,
    /// The session that its calls belong to.
    session: &'a str,
    thread: Thread,
    /// The session's folder, where the message has none.
    folder: Option<&'a str>,
    /// The tools that its parts say it called.
    tools: ToolUses,
    offset: u64,
}

/// Counts a message, if it is one that used something.
fn count(message: &Message, stand: &Stand<'_>, harvest: &mut Harvest) {
    if !message.role.is("assistant") || message.is_copy(stand.id) {
        return;
    }
    let Some(counts) = &message.tokens.0 else { return };
    let usage = usage(counts, message.provider_id.get());
    if usage.is_some_and(|usage| usage.is_zero()) {
        return;
    }
    let (Some(usage), Some(at), Some(model)) = (usage, message.created(), message.model_id.get()) else {
        harvest.problems.count(Problem::Incomplete, stand.offset);
        return;
    };
    let folder = message.path.0.as_ref().and_then(|path| path.cwd.get()).or(stand.folder);
    let place = Place {
        thread: stand.thread,
        folder: folder.map(Folder::new),
        ..Place::of(Tool::Opencode, SessionId::new(stand.session))
    };
    harvest.observations.push(Observation {
        key: CallKey::new(&format!("opencode:{}", stand.id)),
        request: None,
        at,
        model: ModelName::new(model),
        provider: message.provider_id.get().map(Provider::new),
        usage,
        terms: Terms::STANDARD,
        output: if message.was_aborted() { OutputConfidence::Interrupted } else { OutputConfidence::Final },
        lineage: Lineage::Own,
        place: Arc::new(place),
        // A subagent's prompt is not the developer's.
        turn: message.parent_id.get().filter(|_| stand.thread == Thread::Main).map(fingerprint::turn),
        tools: stand.tools.clone(),
        reported_cost: message.cost.0,
        origin: Origin { file: 0, offset: stand.offset },
    });
}

/// The counts in disjoint classes; nothing if one is odd or a sum beyond all bounds.
fn usage(counts: &Counts, provider: Option<&str>) -> Option<Usage> {
    let cache = counts.cache.0.unwrap_or_default();
    if any_odd([counts.input, counts.output, counts.reasoning, cache.read, cache.write]) {
        return None;
    }
    let (output, reasoning) = (counts.output.tokens(), counts.reasoning.tokens());
    let usage = Usage {
        input: counts.input.tokens(),
        output,
        cache_read: cache.read.tokens(),
        cache_write_5m: cache.write.tokens(),
        reasoning,
        ..Usage::ZERO
    };
    let inside = usage.prompt().ok()?.plus(output).ok()?;
    let beside = inside.plus(reasoning).ok()?;
    let stands_beside = match counts.total {
        Count::Of(total) if Tokens::new(total) == beside => true,
        Count::Of(total) if Tokens::new(total) == inside => false,
        Count::Of(_) | Count::Absent | Count::Odd => {
            reasoning > output || provider.is_some_and(|provider| provider.starts_with("google"))
        }
    };
    Some(if stands_beside { Usage { output: output.plus(reasoning).ok()?, ..usage } } else { usage })
}
