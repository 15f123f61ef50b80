//! A session as it is played: turns of calls, whose context grows until it is compacted.

use domain::{Day, Timestamp, Tokens, Tool, Usage};

use super::calendar::minute_of;
use super::cast::{Keeps, Repo};
use super::dice::Dice;
use super::model::{Lead, Model};

/// A conversation is compacted before a turn that begins with more tokens than this.
const COMPACTED_ABOVE: u64 = 165_000;
/// What is left of it then.
const COMPACTED_TO: u64 = 24_000;
/// The part of a prompt that every session of a tool has in common.
const COMMON_PROMPT: u64 = 14_000;
/// Nothing begins after this minute of a day, so that a session is of one day.
const LAST_MINUTE: i64 = 23 * 60 + 40;
/// Steps in a thousand that fail by the way.
const FAILING: u64 = 60;
/// Turns in a thousand that begin with a command.
const COMMANDS: u64 = 60;
/// The command that they begin with.
const COMMAND: &str = "review";

/// What is to be played.
#[derive(Debug, Clone)]
pub(super) struct Brief {
    pub(super) tool: Tool,
    pub(super) models: Lead,
    /// When it begins.
    pub(super) day: Day,
    pub(super) minute: i64,
    pub(super) turns: u64,
    /// Calls of a turn, about.
    pub(super) calls: u64,
    /// Tokens that the first prompt has.
    pub(super) context: u64,
    /// Tokens that each call adds, from and to.
    pub(super) fresh: (u64, u64),
    /// Tokens of an answer, about.
    pub(super) output: u64,
    /// Turns in a thousand whose cache is gone.
    pub(super) cold: u64,
    pub(super) keeps: Keeps,
    /// Turns in a thousand that start a subagent.
    pub(super) subagents: u64,
    /// Seconds between calls, and minutes between turns: from and to.
    pub(super) pace: ((u64, u64), (u64, u64)),
    /// How often the same step fails again and again in its longest turn.
    pub(super) loops: u64,
}

/// Where a session is played.
#[derive(Debug, Clone)]
pub(super) struct Stage {
    /// Whose account it is.
    pub(super) user: &'static str,
    pub(super) folder: String,
    pub(super) repo: Option<&'static Repo>,
    pub(super) branch: Option<String>,
}

/// A session.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) id: String,
    pub(super) tool: Tool,
    pub(super) day: Day,
    pub(super) stage: Stage,
    pub(super) turns: Vec<Turn>,
    /// The number of the pull request that it opens at its end.
    pub(super) pull_request: Option<u64>,
    /// Which of the planted anomalies it is a part of.
    pub(super) plant: Option<usize>,
    /// How often the same step failed in a row.
    pub(super) loops: u64,
}

/// A prompt and what came of it.
#[derive(Debug, Clone)]
pub(super) struct Turn {
    pub(super) at: Timestamp,
    pub(super) command: Option<&'static str>,
    /// Whether the conversation was compacted before it.
    pub(super) is_compacted: bool,
    pub(super) calls: Vec<Call>,
    /// The calls of the subagent that it started.
    pub(super) subagent: Vec<Call>,
}

/// A call.
#[derive(Debug, Clone)]
pub(super) struct Call {
    /// Unique among all.
    pub(super) id: u64,
    pub(super) at: Timestamp,
    pub(super) model: &'static Model,
    pub(super) usage: Usage,
    pub(super) step: Option<Step>,
}

/// A tool that the model uses, and what comes of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) tool: &'static str,
    /// Which file or command, by number: the same again is the same step.
    pub(super) input: u64,
    pub(super) outcome: Outcome,
}

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    Failed,
}

impl Session {
    /// All calls, those of subagents included.
    pub(super) fn calls(&self) -> impl Iterator<Item = &Call> {
        self.turns.iter().flat_map(|it| it.calls.iter().chain(&it.subagent))
    }
}

/// Plays a session.
pub(super) fn play(brief: &Brief, stage: Stage, dice: &mut Dice) -> Session {
    let mut player = Player {
        brief,
        at: minute_of(brief.day, brief.minute),
        context: brief.context,
        is_cached: false,
        dice,
    };
    let mut turns = Vec::new();
    for number in 0..brief.turns {
        if player.at > minute_of(brief.day, LAST_MINUTE) {
            break;
        }
        let loops = if number.saturating_add(1) == brief.turns { brief.loops } else { 0 };
        turns.push(player.turn(loops));
    }
    let (id, Brief { tool, day, loops, .. }) = (player.dice.uuid(), brief.clone());
    Session { id, tool, day, stage, turns, pull_request: None, plant: None, loops }
}

/// Where a session is.
struct Player<'a> {
    brief: &'a Brief,
    at: Timestamp,
    /// Tokens of the conversation so far.
    context: u64,
    is_cached: bool,
    dice: &'a mut Dice,
}

impl Player<'_> {
    fn turn(&mut self, loops: u64) -> Turn {
        let is_compacted = self.context > COMPACTED_ABOVE && self.brief.tool == Tool::ClaudeCode;
        if is_compacted {
            (self.context, self.is_cached) = (COMPACTED_TO, false);
        }
        if self.dice.chance(self.brief.cold) {
            self.is_cached = false;
        }
        let at = self.at;
        let command = self.dice.chance(COMMANDS).then_some(COMMAND);
        let count = self.dice.about(self.brief.calls).max(1).saturating_add(loops);
        let calls: Vec<Call> =
            (1..=count).map(|number| self.call(number <= loops, number == count)).collect();
        let subagent = if self.dice.chance(self.brief.subagents) { self.subagent(at) } else { Vec::new() };
        let (low, high) = self.brief.pace.1;
        let pause = self.dice.between(low, high).saturating_mul(60);
        self.wait(pause);
        Turn { at, command, is_compacted, calls, subagent }
    }

    fn call(&mut self, is_looping: bool, is_last: bool) -> Call {
        let (low, high) = self.brief.pace.0;
        let pause = self.dice.between(low, high);
        self.wait(pause);
        let fresh = self.dice.between(self.brief.fresh.0, self.brief.fresh.1);
        let output = self.dice.about(self.brief.output).max(20);
        let (read, written) = if self.is_cached {
            (self.context, fresh)
        } else {
            let common = COMMON_PROMPT.min(self.context);
            (common, self.context.saturating_sub(common).saturating_add(fresh))
        };
        self.is_cached = true;
        self.context = self.context.saturating_add(fresh).saturating_add(output);
        let input = self.dice.below(12);
        let usage = self.usage([input, written, read, output]);
        let step = if is_looping {
            Some(Step { tool: "Bash", input: 0, outcome: Outcome::Failed })
        } else if is_last {
            None
        } else {
            Some(self.step())
        };
        Call { id: self.dice.next(), at: self.at, model: self.brief.models.0, usage, step }
    }

    fn step(&mut self) -> Step {
        const TOOLS: [&str; 5] = ["Read", "Edit", "Bash", "Grep", "Write"];
        let tool = self.dice.of_these(&TOOLS).copied().unwrap_or("Bash");
        let outcome = if self.dice.chance(FAILING) { Outcome::Failed } else { Outcome::Done };
        Step { tool, input: self.dice.between(1, 1_000_000), outcome }
    }

    /// A subagent works beside its session, on a prompt of its own.
    fn subagent(&mut self, began: Timestamp) -> Vec<Call> {
        let mut context = 9_000;
        let mut at = began;
        let mut calls = Vec::new();
        for number in 0..self.dice.between(3, 7) {
            let (fresh, output) = (self.dice.between(900, 6_000), self.dice.about(700).max(20));
            let read = if number == 0 { 0 } else { context };
            let written = if number == 0 { context } else { fresh };
            at = later(at, self.dice.between(6, 25));
            let usage = self.usage([4, written, read, output]);
            let step = Some(self.step());
            calls.push(Call { id: self.dice.next(), at, model: self.brief.models.1, usage, step });
            context = context.saturating_add(fresh).saturating_add(output);
        }
        calls
    }

    /// Input, written to the cache, read from it, output: as the tool's log tells them.
    fn usage(&mut self, [input, written, read, output]: [u64; 4]) -> Usage {
        let tokens = Tokens::new;
        let usage = Usage { cache_read: tokens(read), output: tokens(output), ..Usage::ZERO };
        match (self.brief.tool, self.brief.keeps) {
            // What is written to the cache of these costs what input does, and is told so.
            (Tool::Codex | Tool::GeminiCli, _) => Usage {
                input: tokens(input.saturating_add(written)),
                reasoning: tokens(self.dice.below(output)),
                ..usage
            },
            (_, Keeps::Hour) => Usage { input: tokens(input), cache_write_1h: tokens(written), ..usage },
            (_, Keeps::Minutes) => Usage { input: tokens(input), cache_write_5m: tokens(written), ..usage },
        }
    }

    const fn wait(&mut self, seconds: u64) {
        self.at = later(self.at, seconds);
    }
}

const fn later(at: Timestamp, seconds: u64) -> Timestamp {
    Timestamp::from_millis(at.millis().saturating_add_unsigned(seconds.saturating_mul(1_000)))
}
