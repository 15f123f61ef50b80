//! Transcripts of Claude Code.

use std::fmt::Write;
use std::path::Path;

use anyhow::Result;
use domain::Timestamp;

use super::{moment, put};
use crate::demo::session::{Call, Outcome, Session, Turn};

/// The version that writes them.
const VERSION: &str = "2.1.150";

/// Writes the transcript, and one of each subagent.
pub(super) fn write(home: &Path, session: &Session) -> Result<()> {
    let slug: String = session.stage.folder.chars().map(|it| if it == '/' { '-' } else { it }).collect();
    let folder = home.join(".claude/projects").join(slug);
    let subagents = folder.join(&session.id).join("subagents");
    let branch = session.stage.branch.as_deref().unwrap_or_default();
    let cwd = &session.stage.folder;
    let head =
        format!(r#""sessionId":"{}","cwd":"{cwd}","gitBranch":"{branch}","version":"{VERSION}""#, session.id);
    let mut main = Transcript { head: &head, thread: r#""isSidechain":false"#, text: String::new() };
    let mut last = None;
    for (number, turn) in session.turns.iter().enumerate() {
        // A subagent's file names the prompt that it works for.
        let prompt = format!("{}:{number}", session.id);
        main.turn(turn, &prompt)?;
        last = turn.calls.last().map(|it| it.at).or(last);
        if let Some(first) = turn.subagent.first() {
            let agent = format!("{:016x}", first.id);
            let thread = format!(r#""isSidechain":true,"agentId":"{agent}""#);
            let mut beside = Transcript { head: &head, thread: &thread, text: String::new() };
            beside.prompt(turn.at, &prompt, "…")?;
            turn.subagent.iter().try_for_each(|it| beside.call(it))?;
            put(&subagents, &format!("agent-{agent}.jsonl"), &beside.text)?;
        }
    }
    if let (Some(number), Some(repo), Some(at)) = (session.pull_request, session.stage.repo, last) {
        main.pull_request(at, repo.id, number)?;
    }
    put(&folder, &format!("{}.jsonl", session.id), &main.text)
}

/// One file, as it grows.
struct Transcript<'a> {
    /// What every record says of its session.
    head: &'a str,
    thread: &'a str,
    text: String,
}

impl Transcript<'_> {
    fn turn(&mut self, turn: &Turn, prompt: &str) -> Result<()> {
        if turn.is_compacted {
            let (head, at) = (self.head, moment(turn.at));
            writeln!(
                self.text,
                r#"{{"type":"system","subtype":"compact_boundary","content":"…",{head},"timestamp":"{at}"}}"#
            )?;
        }
        match turn.command {
            Some(command) => {
                self.prompt(turn.at, prompt, &format!("<command-name>/{command}</command-name>"))?;
            }
            None => self.prompt(turn.at, prompt, "…")?,
        }
        turn.calls.iter().try_for_each(|it| self.call(it))
    }

    fn prompt(&mut self, at: Timestamp, id: &str, text: &str) -> Result<()> {
        let Self { head, thread, .. } = self;
        let at = moment(at);
        writeln!(
            self.text,
            r#"{{"parentUuid":null,{thread},"promptId":"{id}","type":"user",{head},"timestamp":"{at}","message":{{"role":"user","content":"{text}"}}}}"#
        )?;
        Ok(())
    }

    fn call(&mut self, call: &Call) -> Result<()> {
        let Self { head, thread, .. } = self;
        let (Call { id, model, usage, .. }, at) = (call, moment(call.at));
        let (stop, content) = match call.step {
            Some(step) => (
                "tool_use",
                format!(
                    r#"{{"type":"tool_use","id":"toolu_{id:016x}","name":"{}","input":{{"at":{}}}}}"#,
                    step.tool, step.input
                ),
            ),
            None => ("end_turn", r#"{"type":"text","text":"…"}"#.to_owned()),
        };
        let (five, hour) = (usage.cache_write_5m.count(), usage.cache_write_1h.count());
        let written = five.saturating_add(hour);
        writeln!(
            self.text,
            concat!(
                r#"{{"parentUuid":null,{thread},"type":"assistant",{head},"timestamp":"{at}","requestId":"req_{id:016x}","#,
                r#""message":{{"id":"msg_{id:016x}","type":"message","role":"assistant","model":"{model}","#,
                r#""stop_reason":"{stop}","content":[{content}],"usage":{{"input_tokens":{input},"#,
                r#""output_tokens":{output},"cache_read_input_tokens":{read},"#,
                r#""cache_creation_input_tokens":{written},"cache_creation":{{"ephemeral_5m_input_tokens":{five},"#,
                r#""ephemeral_1h_input_tokens":{hour}}},"service_tier":"standard"}}}}}}"#,
            ),
            thread = thread,
            head = head,
            at = at,
            id = id,
            model = model.logged,
            stop = stop,
            content = content,
            input = usage.input,
            output = usage.output,
            read = usage.cache_read,
            written = written,
            five = five,
            hour = hour,
        )?;
        let Some(step) = call.step else { return Ok(()) };
        let is_error = step.outcome == Outcome::Failed;
        writeln!(
            self.text,
            r#"{{"parentUuid":null,{thread},"type":"user",{head},"timestamp":"{at}","message":{{"role":"user","content":[{{"type":"tool_result","tool_use_id":"toolu_{id:016x}","content":"…","is_error":{is_error}}}]}}}}"#
        )?;
        Ok(())
    }

    fn pull_request(&mut self, at: Timestamp, repo: &str, number: u64) -> Result<()> {
        let (head, at) = (self.head, moment(at));
        writeln!(
            self.text,
            r#"{{"type":"pr-link",{head},"prNumber":{number},"prUrl":"https://{repo}/pull/{number}","timestamp":"{at}"}}"#
        )?;
        Ok(())
    }
}
