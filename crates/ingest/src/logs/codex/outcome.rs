//! Whether a tool call failed, as far as its output says so.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::json::{Count, Maybe};

/// Lines at the head of an output that may tell the exit code.
const HEAD_LINES: usize = 6;

/// Whether the output states a failure. Text that merely sounds like one is the
/// output of a command that may have worked.
pub(super) fn failed(output: Option<&RawValue>) -> bool {
    let Some(output) = output else { return false };
    if let Ok(text) = serde_json::from_str::<Cow<'_, str>>(output.get()) {
        return text_failed(&text);
    }
    #[derive(Deserialize)]
    struct Object {
        success: Option<bool>,
        content: Option<String>,
    }
    serde_json::from_str::<Object>(output.get()).is_ok_and(|object| {
        object.success == Some(false) || object.content.is_some_and(|content| text_failed(&content))
    })
}

fn text_failed(text: &str) -> bool {
    let text = text.trim_start();
    if text.starts_with('{') {
        return metadata_exit_code(text).is_some_and(|code| code != Count::Of(0));
    }
    if text.starts_with("Script failed") {
        return true;
    }
    let head = text.lines().take(HEAD_LINES).take_while(|line| !line.starts_with("Output:"));
    let mut codes = head.filter_map(|line| {
        line.strip_prefix("Exit code:").or_else(|| line.strip_prefix("Process exited with code"))
    });
    codes.next().is_some_and(|code| code.trim() != "0")
}

/// `{"output": …, "metadata": {"exit_code": 1}}`, as shells of 2025 answered.
fn metadata_exit_code(text: &str) -> Option<Count> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(default)]
        metadata: Maybe<Metadata>,
    }
    #[derive(Deserialize)]
    struct Metadata {
        #[serde(default)]
        exit_code: Count,
    }
    let answer: Answer = serde_json::from_str(text).ok()?;
    answer.metadata.0.map(|metadata| metadata.exit_code).filter(|code| *code != Count::Absent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_stated_failure_is_one() {
        for (json, fails) in [
            (r#""{\"output\":\"\",\"metadata\":{\"exit_code\":1,\"duration_seconds\":0.1}}""#, true),
            (r#""{\"output\":\"\",\"metadata\":{\"exit_code\":-1}}""#, true),
            (r#""{\"output\":\"\",\"metadata\":{\"exit_code\":0}}""#, false),
            (r#""{\"a\":1}""#, false),
            (r#""Exit code: 101\nWall time: 2 seconds\nOutput:\nerror""#, true),
            (r#""Exit code: 0\nWall time: 2 seconds\nOutput:\nExit code: 1""#, false),
            (r#""Chunk ID: a1\nWall time: 0.1 seconds\nProcess exited with code 2\nOutput:\n""#, true),
            (r#""Script failed\nWall time 1 s""#, true),
            (r#""error: no such file""#, false),
            (r#"{"content":"Exit code: 3","success":null}"#, true),
            (r#"{"content":"","success":false}"#, true),
            (r#"[{"type":"input_text","text":"x"}]"#, false),
        ] {
            let raw = RawValue::from_string(json.to_owned()).unwrap();
            assert_eq!(failed(Some(&raw)), fails, "{json}");
        }
        assert!(!failed(None));
    }
}
