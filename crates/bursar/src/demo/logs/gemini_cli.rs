//! Conversations of Gemini CLI.

use std::fmt::Write;
use std::path::Path;

use anyhow::Result;

use super::{moment, put};
use crate::demo::session::{Call, Outcome, Session};

/// Writes the conversation, and where its project is.
pub(super) fn write(home: &Path, session: &Session) -> Result<()> {
    let (id, folder) = (&session.id, &session.stage.folder);
    let began = session.turns.first().map(|it| moment(it.at)).unwrap_or_default();
    let mut text = String::new();
    writeln!(
        text,
        r#"{{"sessionId":"{id}","projectHash":"00","startTime":"{began}","lastUpdated":"{began}","kind":"main"}}"#
    )?;
    for (number, turn) in session.turns.iter().enumerate() {
        let at = moment(turn.at);
        writeln!(
            text,
            r#"{{"id":"p{number}","timestamp":"{at}","type":"user","content":[{{"text":"…"}}]}}"#
        )?;
        turn.calls.iter().try_for_each(|it| call(&mut text, it))?;
    }
    let project = home.join(".gemini/tmp").join(folder.rsplit('/').next().unwrap_or_default());
    put(&project, ".project_root", folder)?;
    put(&project.join("chats"), &format!("session-{id}.jsonl"), &text)
}

/// Cached tokens are inside of input here, and thoughts stand beside output.
fn call(text: &mut String, call: &Call) -> Result<()> {
    let Call { id, usage, model, .. } = call;
    let at = moment(call.at);
    let input = usage.input.count().saturating_add(usage.cache_read.count());
    let output = usage.output.less(usage.reasoning);
    let total = input.saturating_add(usage.output.count());
    let calls = match call.step {
        None => String::new(),
        Some(step) => {
            let status = if step.outcome == Outcome::Failed { "error" } else { "success" };
            format!(
                r#","toolCalls":[{{"id":"{id:016x}","name":"run_shell","args":{{"at":{}}},"status":"{status}","timestamp":"{at}"}}]"#,
                step.input
            )
        }
    };
    writeln!(
        text,
        r#"{{"id":"{id:016x}","timestamp":"{at}","type":"gemini","content":"…","thoughts":[],"tokens":{{"input":{input},"output":{output},"cached":{},"thoughts":{},"tool":0,"total":{total}}},"model":"{}"{calls}}}"#,
        usage.cache_read, usage.reasoning, model.logged
    )?;
    Ok(())
}
