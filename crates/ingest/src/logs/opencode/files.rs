//! Message files: one message each, from before there was a database.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use domain::{SessionId, Thread, Tool, ToolUses};

use super::message::Message;
use super::{Stand, count};
use crate::harvest::{Harvest, Problem};
use crate::lines::RECORD_LIMIT;

/// Reads a message file.
///
/// # Errors
/// Where the file cannot be opened or read.
pub fn read(path: &Path, harvest: &mut Harvest) -> io::Result<()> {
    let limit = u64::try_from(RECORD_LIMIT).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    File::open(path)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() > RECORD_LIMIT {
        harvest.problems.count(Problem::TooLong, 0);
        return Ok(());
    }
    let Ok(message) = serde_json::from_slice::<Message>(&bytes) else {
        harvest.problems.count(Problem::Malformed, 0);
        return Ok(());
    };
    let (Some(id), Some(session)) = (message.id.get(), message.session_id.get()) else {
        if message.tokens.0.is_some() {
            harvest.problems.count(Problem::Incomplete, 0);
        }
        return Ok(());
    };
    let stand = Stand { id, session, thread: Thread::Main, folder: None, tools: ToolUses::NONE, offset: 0 };
    count(&message, &stand, harvest);
    if !was_moved(path) && !message.is_copy(id) {
        deed(&message, &SessionId::new(session), harvest);
    }
    Ok(())
}

/// Whether the messages were moved into a database, which then tells what sessions did.
fn was_moved(path: &Path) -> bool {
    path.ancestors().nth(4).is_some_and(|root| root.join("opencode.db").exists())
}

fn deed(message: &Message, session: &SessionId, harvest: &mut Harvest) {
    let Some(at) = message.created() else { return };
    let tally = harvest.tallies.touch(Tool::Opencode, session, at);
    if message.role.is("user") {
        tally.turns = tally.turns.saturating_add(1);
    } else if message.summary.0 {
        tally.compactions = tally.compactions.saturating_add(1);
    }
}
