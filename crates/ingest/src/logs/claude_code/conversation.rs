//! What must be remembered from record to record of a transcript: whether a
//! prompt is waiting for its first call, which command or skill is at work, and
//! which steps fail.

use std::sync::Arc;

use domain::{SessionTally, Thread, Timestamp, ToolUse, ToolUses, TurnId};
use memchr::memmem;
use serde::{Deserialize, Serialize};

use super::record::{Block, Message, Text};
use crate::fingerprint;
use crate::json::{Raw, read};
use crate::steps::Steps;

type Spoken<'a> = Message<'a, Raw<'a>>;

/// A command's or skill's name is at most this long.
const NAME_LIMIT: usize = 80;

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Conversation {
    last_at: Option<i64>,
    /// A prompt was given and no call was made yet.
    prompted: bool,
    command: Option<Arc<str>>,
    skill: Option<Arc<str>>,
    /// The last branch that a record named.
    branch: Option<String>,
    /// The fingerprint of the turn that is under way.
    #[serde(default)]
    turn: Option<u64>,
    steps: Steps,
}

impl Conversation {
    /// Keeps the time of a record, for one that has none.
    pub(super) fn moment(&mut self, at: Option<Timestamp>) -> Option<Timestamp> {
        if let Some(at) = at {
            self.last_at = Some(at.millis());
        }
        self.last_at.map(Timestamp::from_millis)
    }

    /// A record names the branch that is checked out; most name the same.
    pub(super) fn enter_branch(&mut self, branch: &str) {
        if !branch.is_empty() && self.branch() != Some(branch) {
            self.branch = Some(branch.to_owned());
        }
    }

    /// The branch, for a record that names none.
    pub(super) fn branch(&self) -> Option<&str> {
        self.branch.as_deref()
    }

    /// A call of the main conversation: whether it is the first after a prompt. A
    /// prompt that leads to none, as a command that the tool answers itself, is no turn.
    pub(super) fn call(&mut self) -> bool {
        std::mem::take(&mut self.prompted)
    }

    /// A turn of that name begins, or goes on.
    pub(super) fn enter_turn(&mut self, name: &str) {
        self.turn = Some(fingerprint::turn(name).fingerprint());
    }

    /// The turn that is under way.
    pub(super) fn turn(&self) -> Option<TurnId> {
        self.turn.map(TurnId::new)
    }

    /// The developer said something: whether it was to the model. It is looked at for the
    /// name of a slash command, and for nothing else.
    pub(super) fn prompt(&mut self, message: &Spoken<'_>) -> bool {
        let Some(content) = message.content else { return false };
        let content = content.text();
        let text = match read::<Text<'_>>(content.as_bytes()) {
            Some(text) => text.0.into_owned(),
            None => blocks(&content)
                .into_iter()
                .find_map(|block| block.text)
                .map(|text| text.0.into_owned())
                .unwrap_or_default(),
        };
        if text.starts_with("<local-command-") || text.starts_with("<bash-") {
            return false;
        }
        self.prompted = true;
        self.skill = None;
        self.command = command(&text);
        true
    }

    /// The command and skill at work. A subagent works for its parent's turn, but
    /// its file does not say which.
    pub(super) fn activity(&self, thread: Thread) -> (Option<Arc<str>>, Option<Arc<str>>) {
        match thread {
            Thread::Main => (self.command.clone(), self.skill.clone()),
            Thread::Subagent => (None, None),
        }
    }

    pub(super) fn awaits_success(&self) -> bool {
        self.steps.any_failing()
    }

    /// Counts the tool calls and tool results among a message's blocks.
    pub(super) fn blocks(&mut self, message: &Spoken<'_>, tally: &mut SessionTally) -> Blocks {
        let mut found = Blocks::default();
        let Some(content) = message.content else { return found };
        if memmem::find(content.0, b"\"tool_use").is_none() {
            return found;
        }
        for block in blocks(&content.text()) {
            found.has_results |= block.tool_use_id.is_some();
            match (block.kind.as_ref().map_or("", Text::as_str), &block.id, &block.tool_use_id) {
                ("tool_use", Some(id), _) => found.tools.add(self.tool_use(id.as_str(), &block, tally)),
                ("tool_result", _, Some(id)) if block.is_error == Some(true) => {
                    let run = self.steps.fail(id.as_str());
                    tally.failed_steps = tally.failed_steps.saturating_add(1);
                    tally.longest_failing_run = tally.longest_failing_run.max(run);
                }
                ("tool_result", _, Some(id)) => self.steps.succeed(id.as_str()),
                _ => {}
            }
        }
        found
    }

    fn tool_use(&mut self, id: &str, block: &Block<'_>, tally: &mut SessionTally) -> ToolUse {
        let name = block.name.as_ref().map_or("", Text::as_str);
        let arguments = block.input.map_or(&[][..], |input| input.0);
        tally.tool_calls = tally.tool_calls.saturating_add(1);
        let used = self.steps.begin(id, name, arguments);
        if name == "Skill" {
            #[derive(Deserialize)]
            struct Input<'a> {
                #[serde(borrow, alias = "command")]
                skill: Option<Text<'a>>,
            }
            let input = read::<Input<'_>>(arguments);
            self.skill = input.and_then(|input| input.skill).and_then(|skill| name_of(skill.as_str()));
        }
        used
    }
}

/// What was found among a message's blocks.
#[derive(Default)]
pub(super) struct Blocks {
    /// Tools that are called.
    pub(super) tools: ToolUses,
    /// Whether there are results of tools.
    pub(super) has_results: bool,
}

fn blocks(content: &str) -> Vec<Block<'_>> {
    read(content.as_bytes()).unwrap_or_default()
}

/// The slash command of a prompt: Claude Code writes `<command-name>/review</command-name>`.
fn command(prompt: &str) -> Option<Arc<str>> {
    let (_, rest) = prompt.split_once("<command-name>")?;
    let (name, _) = rest.split_once("</command-name>")?;
    name_of(name.trim().trim_start_matches('/'))
}

/// A name of a command or skill, and nothing that might be more than a name.
fn name_of(text: &str) -> Option<Arc<str>> {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | ':' | '.' | '/');
    (!text.is_empty() && text.len() <= NAME_LIMIT && text.chars().all(plain)).then(|| Arc::from(text))
}
