//! Transcripts as Claude Code writes them, made up: a prompt, a call, and every
//! way in which the same call is written twice.

#![expect(clippy::indexing_slicing, reason = "a field of JSON that is not there yet is made")]

use jiff::Timestamp;
use serde_json::{Value, json};

/// The version that a transcript is written by, unless it says otherwise: its last
/// line of a message states the final output count.
pub const VERSION: &str = "2.1.150";

/// The milliseconds since 1970 of a moment such as `2026-03-02T09:00:00Z`.
#[must_use]
pub fn millis(moment: &str) -> i64 {
    let parsed: Result<Timestamp, _> = moment.parse();
    parsed.unwrap_or_else(|error| panic!("{moment} is no moment: {error}")).as_millisecond()
}

/// That moment as a log has it.
#[must_use]
pub fn moment(millis: i64) -> String {
    let at = Timestamp::from_millisecond(millis).unwrap_or_else(|error| panic!("{millis}: {error}"));
    format!("{at:.3}")
}

/// What a call used, as `message.usage` counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tokens {
    /// Prompt tokens without the cached ones.
    pub input: u64,
    /// Tokens of the answer.
    pub output: u64,
    /// Prompt tokens read from the cache.
    pub cache_read: u64,
    /// Prompt tokens written for five minutes.
    pub cache_write_5m: u64,
    /// Prompt tokens written for one hour.
    pub cache_write_1h: u64,
    /// Searches that the provider ran.
    pub web_searches: u64,
}

/// The terms that a call was served under, as `message.usage` names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// `standard`, `batch` or `priority`.
    pub tier: &'static str,
    /// `standard` or `fast`.
    pub speed: &'static str,
    /// `us`, or whatever else.
    pub geo: &'static str,
}

impl Terms {
    /// As most calls are.
    pub const STANDARD: Self = Self { tier: "standard", speed: "standard", geo: "not_available" };
}

/// A call that was never made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The provider's id of the message.
    pub id: String,
    /// The model, as the log names it.
    pub model: String,
    /// When its first line was written.
    pub at: i64,
    /// What it used.
    pub tokens: Tokens,
    /// Under which terms.
    pub terms: Terms,
}

impl Call {
    /// One of ten tokens in and twenty out.
    #[must_use]
    pub fn new(id: &str, model: &str, at: &str) -> Self {
        let tokens = Tokens { input: 10, output: 20, ..Tokens::default() };
        Self { id: id.to_owned(), model: model.to_owned(), at: millis(at), tokens, terms: Terms::STANDARD }
    }

    /// The same with other counts.
    #[must_use]
    pub fn with(self, tokens: Tokens) -> Self {
        Self { tokens, ..self }
    }

    /// The same under other terms.
    #[must_use]
    pub fn under(self, terms: Terms) -> Self {
        Self { terms, ..self }
    }

    /// `message.usage`.
    #[must_use]
    pub fn usage(&self) -> Value {
        let it = &self.tokens;
        json!({
            "input_tokens": it.input,
            "output_tokens": it.output,
            "cache_read_input_tokens": it.cache_read,
            "cache_creation_input_tokens": it.cache_write_5m.saturating_add(it.cache_write_1h),
            "cache_creation": {
                "ephemeral_5m_input_tokens": it.cache_write_5m,
                "ephemeral_1h_input_tokens": it.cache_write_1h,
            },
            "server_tool_use": {"web_search_requests": it.web_searches},
            "service_tier": self.terms.tier,
            "speed": self.terms.speed,
            "inference_geo": self.terms.geo,
        })
    }
}

/// A transcript being written.
#[derive(Debug, Clone)]
pub struct Transcript {
    session: String,
    folder: String,
    branch: String,
    version: String,
    text: String,
}

impl Transcript {
    /// An empty one of that session, in that folder, on that branch.
    #[must_use]
    pub fn new(session: &str, folder: &str, branch: &str) -> Self {
        Self {
            session: session.to_owned(),
            folder: folder.to_owned(),
            branch: branch.to_owned(),
            version: VERSION.to_owned(),
            text: String::new(),
        }
    }

    /// From here on written by that version of Claude Code.
    pub fn version(&mut self, version: &str) -> &mut Self {
        version.clone_into(&mut self.version);
        self
    }

    /// From here on, on that branch.
    pub fn branch(&mut self, branch: &str) -> &mut Self {
        branch.clone_into(&mut self.branch);
        self
    }

    /// What was written so far.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Any line.
    pub fn line(&mut self, line: &str) -> &mut Self {
        self.text.push_str(line);
        self.text.push('\n');
        self
    }

    /// Any record, on one line. Claude Code puts the parent's id first.
    pub fn record(&mut self, record: &Value) -> &mut Self {
        let text = record.to_string();
        let fields = text.strip_prefix('{').unwrap_or_else(|| panic!("{text} is no record"));
        self.line(&format!("{{\"parentUuid\":null,{fields}"))
    }

    /// What the developer typed.
    pub fn prompt(&mut self, at: i64, text: &str) -> &mut Self {
        let record = self.user(at, &json!(text));
        self.record(&record)
    }

    /// A tool that the model used, and what came of it; `error` for a step that failed.
    pub fn step(&mut self, at: i64, step: &Step<'_>) -> &mut Self {
        let id = format!("toolu_{}_{at}", self.session);
        let mut used = self.assistant(&Call { at, ..step.call.clone() });
        used["message"]["content"] =
            json!([{"type": "tool_use", "id": id, "name": step.tool, "input": {"command": step.input}}]);
        self.record(&used);
        let result = json!([{
            "type": "tool_result", "tool_use_id": id, "content": step.output,
            "is_error": step.outcome == Outcome::Failed,
        }]);
        let record = self.user(at.saturating_add(500), &result);
        self.record(&record)
    }

    /// A call, on one line.
    pub fn call(&mut self, call: &Call) -> &mut Self {
        let record = self.assistant(call);
        self.record(&record)
    }

    /// A call on several lines, a second apart, whose output count grows; only the
    /// last has a stop reason.
    pub fn call_in_steps(&mut self, call: &Call, steps: u64) -> &mut Self {
        for step in 1..=steps {
            let mut record = self.assistant(call);
            let at = call.at.saturating_add_unsigned(step.saturating_sub(1).saturating_mul(1_000));
            record["timestamp"] = json!(moment(at));
            if step < steps {
                let grown = call.tokens.output.saturating_mul(step).checked_div(steps).unwrap_or_default();
                record["message"]["usage"]["output_tokens"] = json!(grown);
                record["message"]["stop_reason"] = Value::Null;
            }
            self.record(&record);
        }
        self
    }

    /// A call of another session, copied when that one was resumed or forked.
    pub fn copy(&mut self, call: &Call, from: &str) -> &mut Self {
        let mut record = self.assistant(call);
        record["forkedFrom"] = json!({"sessionId": from, "messageUuid": format!("uuid-{}", call.id)});
        self.record(&record)
    }

    /// A call of a subagent or side question, which may replay one of the main conversation.
    pub fn aside(&mut self, call: &Call) -> &mut Self {
        let mut record = self.assistant(call);
        record["isSidechain"] = json!(true);
        record["agentId"] = json!("a1");
        record["requestId"] = json!(format!("req_aside_{}", call.id));
        self.record(&record)
    }

    /// A subagent's call, quoted in a progress record of the main conversation.
    pub fn quote(&mut self, call: &Call) -> &mut Self {
        let quoted = self.assistant(call);
        let record = json!({
            "type": "progress", "sessionId": self.session, "cwd": self.folder, "gitBranch": self.branch,
            "version": self.version, "timestamp": moment(call.at),
            "data": {"type": "agent_progress", "message": {
                "type": "assistant", "timestamp": moment(call.at), "requestId": quoted["requestId"],
                "message": quoted["message"],
            }},
        });
        self.record(&record)
    }

    /// A pull request that the session opened.
    pub fn pull_request(&mut self, at: i64, url: &str, number: u64) -> &mut Self {
        let record = json!({
            "type": "pr-link", "sessionId": self.session, "prNumber": number, "prUrl": url,
            "timestamp": moment(at),
        });
        self.record(&record)
    }

    /// The record of a call, to be altered.
    #[must_use]
    pub fn assistant(&self, call: &Call) -> Value {
        json!({
            "type": "assistant", "uuid": format!("uuid-{}", call.id), "sessionId": self.session,
            "cwd": self.folder, "gitBranch": self.branch, "version": self.version,
            "timestamp": moment(call.at), "requestId": format!("req_{}", call.id),
            "message": {
                "id": call.id, "model": call.model, "role": "assistant", "type": "message",
                "stop_reason": "end_turn", "content": [{"type": "text", "text": "Done."}],
                "usage": call.usage(),
            },
        })
    }

    fn user(&self, at: i64, content: &Value) -> Value {
        json!({
            "type": "user", "uuid": format!("uuid-{}-{at}", self.session), "sessionId": self.session,
            "cwd": self.folder, "gitBranch": self.branch, "version": self.version,
            "timestamp": moment(at), "message": {"role": "user", "content": content},
        })
    }
}

/// A step of a session: a call that uses a tool, and what the tool gave.
#[derive(Debug, Clone)]
pub struct Step<'a> {
    /// The call.
    pub call: Call,
    /// The tool.
    pub tool: &'a str,
    /// What it was given.
    pub input: &'a str,
    /// What it gave.
    pub output: &'a str,
    /// How it went.
    pub outcome: Outcome,
}

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Well.
    Done,
    /// Not well.
    Failed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_claude_code_writes_them() {
        assert_eq!(moment(millis("2026-03-02T09:00:00Z")), "2026-03-02T09:00:00.000Z");
        assert_eq!(moment(1_772_442_000_250), "2026-03-02T09:00:00.250Z");
    }

    #[test]
    fn the_output_count_of_a_call_grows_to_its_end() {
        let call = Call::new("msg_1", "claude-opus-5-5", "2026-03-02T09:00:00Z");
        let mut transcript = Transcript::new("s", "/home/ada/src/web", "main");
        transcript.call_in_steps(&call, 3);
        let counts: Vec<Value> = transcript
            .text()
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
            .map(|record| record["message"]["usage"]["output_tokens"].clone())
            .collect();
        assert_eq!(counts, [6, 13, 20]);
    }
}
