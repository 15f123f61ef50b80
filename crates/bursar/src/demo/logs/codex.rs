//! Rollouts of Codex.

use std::fmt::Write;
use std::path::Path;

use anyhow::Result;
use domain::Usage;

use super::{moment, put};
use crate::demo::session::{Call, Outcome, Session, Turn};

/// Writes the rollout.
pub(super) fn write(home: &Path, session: &Session) -> Result<()> {
    let Some(first) = session.turns.first() else { return Ok(()) };
    let (day, at) = (session.day.to_string(), moment(first.at));
    let (cwd, id) = (&session.stage.folder, &session.id);
    let git = match (session.stage.repo, &session.stage.branch) {
        (Some(repo), Some(branch)) => {
            format!(r#","git":{{"branch":"{branch}","repository_url":"https://{}.git"}}"#, repo.id)
        }
        _ => String::new(),
    };
    let mut rollout = Rollout { session, total: Usage::ZERO, text: String::new() };
    writeln!(
        rollout.text,
        r#"{{"timestamp":"{at}","type":"session_meta","payload":{{"id":"{id}","session_id":"{id}","timestamp":"{at}","cwd":"{cwd}","originator":"codex_cli_rs","cli_version":"0.90.0","source":"cli","model_provider":"openai"{git}}}}}"#
    )?;
    session.turns.iter().try_for_each(|it| rollout.turn(it))?;
    let folder = home.join(".codex/sessions").join(day.replace('-', "/"));
    let name = format!("rollout-{}-{id}.jsonl", at.get(..19).unwrap_or_default().replace(':', "-"));
    put(&folder, &name, &rollout.text)
}

/// One file, as it grows.
struct Rollout<'a> {
    session: &'a Session,
    /// What was used so far.
    total: Usage,
    text: String,
}

impl Rollout<'_> {
    fn turn(&mut self, turn: &Turn) -> Result<()> {
        let (at, cwd) = (moment(turn.at), &self.session.stage.folder);
        let model = turn.calls.first().map_or("", |it| it.model.logged);
        writeln!(
            self.text,
            concat!(
                r#"{{"timestamp":"{at}","type":"event_msg","payload":{{"type":"task_started","turn_id":"{at}"}}}}"#,
                "\n",
                r#"{{"timestamp":"{at}","type":"event_msg","payload":{{"type":"user_message","message":"…"}}}}"#,
                "\n",
                r#"{{"timestamp":"{at}","type":"turn_context","payload":{{"turn_id":"{at}","cwd":"{cwd}","model":"{model}"}}}}"#,
            ),
            at = at,
            cwd = cwd,
            model = model,
        )?;
        turn.calls.iter().try_for_each(|it| self.call(it))
    }

    fn call(&mut self, call: &Call) -> Result<()> {
        let (at, id, thread) = (moment(call.at), call.id, &self.session.id);
        let usage = counts(&call.usage);
        self.total = self.total.plus(&call.usage)?;
        let total = counts(&self.total);
        writeln!(
            self.text,
            r#"{{"timestamp":"{at}","type":"token_usage_record","payload":{{"session_id":"{thread}","thread_id":"{thread}","response_id":"resp_{id:016x}","usage":{usage}}}}}"#
        )?;
        writeln!(
            self.text,
            r#"{{"timestamp":"{at}","type":"event_msg","payload":{{"type":"token_count","info":{{"total_token_usage":{total},"last_token_usage":{usage}}},"rate_limits":null}}}}"#
        )?;
        let Some(step) = call.step else { return Ok(()) };
        let code = if step.outcome == Outcome::Failed { 1 } else { 0 };
        writeln!(
            self.text,
            concat!(
                r#"{{"timestamp":"{at}","type":"response_item","payload":{{"type":"function_call","name":"shell","#,
                r#""arguments":"{input}","call_id":"call_{id:016x}"}}}}"#,
                "\n",
                r#"{{"timestamp":"{at}","type":"response_item","payload":{{"type":"function_call_output","#,
                r#""call_id":"call_{id:016x}","output":"Exit code: {code}\nOutput:\n…"}}}}"#,
            ),
            at = at,
            input = step.input,
            id = id,
            code = code,
        )?;
        Ok(())
    }
}

/// Cached tokens are inside of input here, and reasoning is inside of output.
fn counts(usage: &Usage) -> String {
    let input = usage.input.count().saturating_add(usage.cache_read.count());
    format!(
        r#"{{"input_tokens":{input},"cached_input_tokens":{},"output_tokens":{},"reasoning_output_tokens":{},"total_tokens":{}}}"#,
        usage.cache_read,
        usage.output,
        usage.reasoning,
        input.saturating_add(usage.output.count())
    )
}
