//! What hooks of coding tools say: that a turn is over, so that there is something
//! to read, and that a commit was made.
//!
//! Claude Code, Codex and Cursor run a command at their hooks and write JSON to its
//! standard input; `hook_event_name` says which hook it is. No hook tells of tokens,
//! so nothing here makes a call: the log does. Of a command that ran, the branch and
//! the hash of a commit are kept, and nothing else.
//!
//! What is heard is kept as a [`Note`], a line of JSON that stays on the machine
//! until the collector reads it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::{ActivityKind, Branch, Folder, SessionId, SourceKind, Timestamp, Tool};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::delivery::ReportedActivity;
use crate::json::Text;
use crate::otlp::identity::Identity;

/// Bytes of a note; a longer one is not kept.
pub const MAX_NOTE_BYTES: usize = 16 * 1_024;
/// Digits of a commit's hash: as short as git abbreviates it, and as long as SHA-256 is.
const HASH_DIGITS: std::ops::RangeInclusive<usize> = 7..=64;
/// Lines of a command's output in which git's word of a commit is looked for.
const OUTPUT_LINES: usize = 10_000;

/// What tools call that which a command printed.
const OUTPUTS: [&str; 3] = ["stdout", "output", "aggregated_output"];

/// The hooks after which a log has grown, of all tools.
const ENDS_OF_TURNS: [&str; 11] = [
    "Stop",
    "StopFailure",
    "SubagentStop",
    "SessionEnd",
    "PreCompact",
    "PostCompact",
    "Interrupt",
    "stop",
    "sessionEnd",
    "afterAgentResponse",
    "subagentStop",
];
/// The hooks that follow a command.
const ENDS_OF_COMMANDS: [&str; 2] = ["PostToolUse", "afterShellExecution"];

/// What a hook says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// Something was added to a log.
    Turn {
        /// The logs, where the hook names them.
        transcripts: Vec<PathBuf>,
    },
    /// A commit was made.
    Commit {
        /// Where.
        folder: Option<PathBuf>,
        /// On which branch.
        branch: Option<Branch>,
        /// Its hash, as far as it is known: git says only the beginning.
        hash: String,
    },
}

/// What was heard, when, and of what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// When the hook ran.
    pub at: Timestamp,
    /// The tool.
    pub tool: Tool,
    /// The session, where the hook names it.
    pub session: Option<SessionId>,
    /// What it says.
    pub heard: Heard,
}

/// What a hook writes to standard input, as far as it matters here.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Payload {
    hook_event_name: Text,
    session_id: Text,
    /// Cursor's name for it.
    conversation_id: Text,
    transcript_path: Text,
    /// The log of the subagent that ended.
    agent_transcript_path: Text,
    cwd: Text,
    /// Cursor's folders, where it names no other.
    workspace_roots: Value,
    tool_input: Value,
    tool_response: Value,
    /// Cursor's command and what it printed.
    command: Value,
    output: Value,
}

/// What the hook of a tool says. Nothing, for a hook that is of no use here and for
/// bytes that are none of a hook.
#[must_use]
pub fn hear(tool: Tool, bytes: &[u8], at: Timestamp) -> Option<Note> {
    let payload: Payload = serde_json::from_str(&String::from_utf8_lossy(bytes)).ok()?;
    let event = payload.hook_event_name.get()?;
    let heard = if ENDS_OF_TURNS.contains(&event) {
        let named = [&payload.transcript_path, &payload.agent_transcript_path];
        Heard::Turn { transcripts: named.into_iter().filter_map(Text::get).map(PathBuf::from).collect() }
    } else if ENDS_OF_COMMANDS.contains(&event) {
        payload.commit()?
    } else {
        return None;
    };
    let session = payload.session_id.get().or_else(|| payload.conversation_id.get()).map(SessionId::new);
    Some(Note { at, tool, session, heard })
}

impl Payload {
    fn commit(&self) -> Option<Heard> {
        let (branch, hash) = self.stated().or_else(|| self.printed())?;
        let root = self.workspace_roots.get(0).and_then(Value::as_str);
        let folder = self.cwd.get().or(root).map(PathBuf::from);
        Some(Heard::Commit { folder, branch, hash })
    }

    /// The commit that Claude Code itself recognised.
    fn stated(&self) -> Option<(Option<Branch>, String)> {
        let commit = self.tool_response.get("gitOperation")?.get("commit")?;
        let hash = hash(commit.get("sha")?.as_str()?)?;
        let branch = commit.get("branch").and_then(Value::as_str).filter(|it| !it.is_empty());
        Some((branch.map(Branch::new), hash))
    }

    /// The commit that git itself told of: `[main 1f0a2b3] subject`.
    fn printed(&self) -> Option<(Option<Branch>, String)> {
        if !self.tool_input.get("command").is_some_and(runs_git) && !runs_git(&self.command) {
            return None;
        }
        let of_response = OUTPUTS.into_iter().filter_map(|name| self.tool_response.get(name));
        let outputs = [&self.tool_response, &self.output].into_iter().chain(of_response);
        outputs.filter_map(Value::as_str).find_map(|output| {
            // The last one is what the command left behind.
            output.lines().take(OUTPUT_LINES).filter_map(told).last()
        })
    }
}

/// Whether a command, or the words of one, names git.
fn runs_git(command: &Value) -> bool {
    let names_git = |text: &str| text.split(|it: char| !it.is_alphanumeric()).any(|word| word == "git");
    match command {
        Value::String(text) => names_git(text),
        Value::Array(words) => words.iter().filter_map(Value::as_str).any(names_git),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}

/// Branch and hash of git's line about a commit: `[main 1f0a2b3] …`,
/// `[main (root-commit) 1f0a2b3] …`, `[detached HEAD 1f0a2b3] …`.
fn told(line: &str) -> Option<(Option<Branch>, String)> {
    let (inside, _) = line.trim_start().strip_prefix('[')?.split_once(']')?;
    let words: Vec<&str> = inside.split(' ').collect();
    let (branch, hash_word) = match words.as_slice() {
        [branch, hash] | [branch, "(root-commit)", hash] => (Some(Branch::new(branch)), hash),
        ["detached", "HEAD", hash] | ["detached", "HEAD", "(root-commit)", hash] => (None, hash),
        _ => return None,
    };
    Some((branch, hash(hash_word)?))
}

/// A commit's hash, or the beginning of one.
fn hash(text: &str) -> Option<String> {
    let is_hash = HASH_DIGITS.contains(&text.len()) && text.bytes().all(|it| it.is_ascii_hexdigit());
    is_hash.then(|| text.to_ascii_lowercase())
}

/// A note as it is written down.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    at_ms: i64,
    tool: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    transcripts: Vec<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    folder: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
}

impl Note {
    /// What happened, where something did. A commit that telemetry tells of as well is
    /// the same one.
    #[must_use]
    pub fn activity(&self) -> Option<ReportedActivity> {
        let Heard::Commit { folder, branch, hash } = &self.heard else { return None };
        let kind = ActivityKind::Commit;
        let session = self.session.as_ref().map_or("", SessionId::as_str);
        let identity = Identity::of(kind.name()).with(self.tool.name()).with(session).with(hash).finish();
        Some(ReportedActivity {
            identity,
            source: SourceKind::Hook,
            at: self.at,
            kind,
            amount: 1,
            subject: Some(Arc::from(hash.as_str())),
            tool: Some(self.tool),
            session: self.session.clone(),
            folder: folder.as_deref().and_then(Path::to_str).map(Folder::new),
            branch: branch.clone(),
        })
    }

    /// The note as a line, with its end; nothing where it cannot be written or is too long.
    #[must_use]
    pub fn to_line(&self) -> Option<String> {
        let mut line = Line {
            at_ms: self.at.millis(),
            tool: self.tool.name().to_owned(),
            session: self.session.as_ref().map(ToString::to_string),
            transcripts: Vec::new(),
            folder: None,
            branch: None,
            commit: None,
        };
        match &self.heard {
            Heard::Turn { transcripts } => line.transcripts.clone_from(transcripts),
            Heard::Commit { folder, branch, hash } => {
                line.folder.clone_from(folder);
                line.branch = branch.as_ref().map(ToString::to_string);
                line.commit = Some(hash.clone());
            }
        }
        let mut text = serde_json::to_string(&line).ok()?;
        text.push('\n');
        (text.len() <= MAX_NOTE_BYTES).then_some(text)
    }

    /// The note of a line; nothing for a line that is none.
    #[must_use]
    pub fn from_line(line: &str) -> Option<Self> {
        let line: Line = serde_json::from_str(line).ok()?;
        let heard = match line.commit {
            Some(commit) => Heard::Commit {
                folder: line.folder,
                branch: line.branch.as_deref().map(Branch::new),
                hash: hash(&commit)?,
            },
            None => Heard::Turn { transcripts: line.transcripts },
        };
        Some(Self {
            at: Timestamp::from_millis(line.at_ms),
            tool: Tool::from_name(&line.tool)?,
            session: line.session.as_deref().map(SessionId::new),
            heard,
        })
    }
}

#[cfg(test)]
mod tests;
