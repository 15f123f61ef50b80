//! Cline, and its forks Roo Code and Kilo Code (until 5): extensions of VS Code and
//! its relatives, and Cline's command line.
//!
//! Two formats, both documents that are written anew as a whole:
//!
//! - Tasks, `tasks/<id>/ui_messages.json`: what the window shows. Each model request
//!   is a message `api_req_started` whose text holds its counts. It is written
//!   before the answer, without counts, and filled in later; `task` reads them.
//! - Sessions, `sessions/<id>/<id>.messages.json` (Cline from 4.1 and its command
//!   line 3): the conversation, with the counts of each answer; `session` reads them.
//!
//! There is no provider id. Keys are made of what stays when a document is
//! rewritten: `<tool>:<task>:<time of the message>` and
//! `cline:<session>:<agent>:<message id>`. A request that the developer took back by
//! restoring a checkpoint stays counted if it was read before.
//!
//! Kilo Code 7 and later keeps its sessions as opencode does, in a database of its
//! own, which is not read.

use std::io;
use std::path::Path;

use domain::{Provider, Shape, Tokens, Tool, Usage};

use crate::folders::entries;
use crate::harvest::Harvest;
use crate::json::{Count, any_odd};
use crate::source::{Found, Roots};

mod session;
mod surroundings;
mod task;
#[cfg(test)]
mod tests;

/// The extensions' names, which their storage folders have.
const EXTENSIONS: [(&str, Tool); 3] = [
    ("saoudrizwan.claude-dev", Tool::Cline),
    ("rooveterinaryinc.roo-cline", Tool::Roo),
    ("kilocode.kilo-code", Tool::Kilo),
];

/// Finds tasks and sessions.
pub(crate) fn find(roots: &Roots, found: &mut Found) {
    for editor in &roots.editors {
        for (extension, tool) in EXTENSIONS {
            tasks(&editor.join("globalStorage").join(extension), tool, found);
        }
    }
    for root in &roots.cline {
        tasks(root, Tool::Cline, found);
        for session in entries(&root.join("sessions"), found) {
            sessions(&session.path(), found);
        }
    }
}

fn tasks(storage: &Path, tool: Tool, found: &mut Found) {
    for task in entries(&storage.join("tasks"), found) {
        let messages = task.path().join("ui_messages.json");
        if task.is_folder && messages.is_file() {
            found.file(tool, Shape::Document, &messages);
        }
    }
}

fn sessions(folder: &Path, found: &mut Found) {
    for entry in entries(folder, found) {
        if entry.name().is_some_and(|name| name.ends_with(session::SUFFIX)) {
            found.file(Tool::Cline, Shape::Document, &entry.path());
        }
    }
}

/// Reads a task or a session.
///
/// # Errors
/// Where the file cannot be opened or read.
pub fn read(path: &Path, harvest: &mut Harvest) -> io::Result<()> {
    let is_session = path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(session::SUFFIX));
    if is_session { session::read(path, harvest) } else { task::read(path, tool_of(path), harvest) }
}

/// The tool whose storage a file lies in.
fn tool_of(path: &Path) -> Tool {
    let extension = path.components().find_map(|part| {
        let name = part.as_os_str().to_str()?;
        EXTENSIONS.iter().find(|(extension, _)| *extension == name)
    });
    extension.map_or(Tool::Cline, |(_, tool)| *tool)
}

fn name_of(path: Option<&Path>) -> &str {
    path.and_then(Path::file_name).and_then(|name| name.to_str()).unwrap_or_default()
}

/// Who serves the model, as the tool's settings name it. `openai` there means any
/// endpoint that speaks OpenAI's protocol, which says nothing.
fn provider(name: Option<&str>) -> Option<Provider> {
    match name? {
        "openai" => None,
        "openai-native" | "openai-codex" => Some(Provider::new("openai")),
        "claude-code" => Some(Provider::new("anthropic")),
        name => Some(Provider::new(name)),
    }
}

/// What the count of input tokens covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Prompt {
    /// The whole prompt, cached parts included.
    Whole,
    /// Only what was neither read from nor written to a cache.
    Rest,
}

/// The counts of one request.
#[derive(Debug, Clone, Copy)]
struct Counts {
    input: Count,
    output: Count,
    cache_writes: Count,
    cache_reads: Count,
}

impl Counts {
    fn is_odd(self) -> bool {
        any_odd([self.input, self.output, self.cache_writes, self.cache_reads])
    }

    /// Split into disjoint classes. A prompt smaller than its cached parts cannot
    /// be the whole one.
    fn usage(self, prompt: Prompt) -> Usage {
        let (input, read, written) =
            (self.input.tokens(), self.cache_reads.tokens(), self.cache_writes.tokens());
        let cached = read.plus(written).unwrap_or(Tokens::new(u64::MAX));
        let whole = prompt == Prompt::Whole && input >= cached;
        Usage {
            input: if whole { input.less(cached) } else { input },
            output: self.output.tokens(),
            cache_read: read,
            cache_write_5m: written,
            ..Usage::ZERO
        }
    }
}
