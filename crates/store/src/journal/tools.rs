//! The tools that a call's response called, as a text of a column: a line a use, its id in
//! hexadecimal digits, the tool, and how often the step had failed before, where it had.

use domain::{ToolUse, ToolUses};

use crate::error::StoreError;

/// The text; none of no tools.
pub(crate) fn to_text(tools: &ToolUses) -> Option<String> {
    if tools.is_empty() {
        return None;
    }
    let line = |it: &ToolUse| match it.retry() {
        0 => format!("{:x} {}", it.id(), it.name()),
        retry => format!("{:x} {} {retry}", it.id(), it.name()),
    };
    Some(tools.iter().map(line).collect::<Vec<_>>().join("\n"))
}

/// What a text says.
pub(crate) fn of_text(text: Option<&str>) -> Result<ToolUses, StoreError> {
    let unknown = |line: &str| StoreError::Unknown { what: "a tool's use", value: line.to_owned() };
    let uses = text.unwrap_or_default().lines().map(|line| one(line).ok_or_else(|| unknown(line)));
    Ok(ToolUses::of(uses.collect::<Result<Vec<_>, _>>()?))
}

fn one(line: &str) -> Option<ToolUse> {
    let mut parts = line.split(' ');
    let (id, name) = (u64::from_str_radix(parts.next()?, 16).ok()?, parts.next()?);
    let retry = parts.next().map_or(Ok(0), str::parse).ok()?;
    parts.next().is_none().then(|| ToolUse::new(id, name, retry))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let tools = ToolUses::of([
            ToolUse::new(u64::MAX, "mcp__github__create_issue", 0),
            ToolUse::new(1, "Bash", 12),
            ToolUse::new(0, "rm -rf", 0),
        ]);
        let text = to_text(&tools).unwrap();
        assert_eq!(text, "0 nameless\n1 Bash 12\nffffffffffffffff mcp__github__create_issue");
        assert_eq!(of_text(Some(&text)).unwrap(), tools);
        assert_eq!(to_text(&ToolUses::NONE), None);
        assert_eq!(of_text(None).unwrap(), ToolUses::NONE);
        for odd in ["", "x Bash", "1", "1 Bash 2 3", "1 Bash -1", "1 Bash x"] {
            assert_eq!(of_text(Some(odd)).is_ok(), odd.is_empty(), "{odd}");
        }
    }
}
