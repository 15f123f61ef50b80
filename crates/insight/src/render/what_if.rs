//! What-ifs, as lines under a report.

use crate::table::{Terminal, Tone, printable, prose};
use crate::text::{counted, dollars, signed_dollars};
use crate::what_if::{CAVEAT, WhatIf};

/// A paragraph for each; nothing where none was asked for.
pub(super) fn what_if_text(answers: &[WhatIf], terminal: &Terminal) -> String {
    if answers.is_empty() {
        return String::new();
    }
    let mut out = format!("\n{}\n", terminal.tint(Tone::Strong, "What if"));
    for it in answers {
        let text = if it.calls == 0 && it.unpriced_calls == 0 {
            format!("{} as {}: no calls.", it.from, it.to)
        } else {
            let change = it.difference().map_or_else(|_| "out of range".to_owned(), signed_dollars);
            let rate = it.rate().map(|it| format!(", {it}")).unwrap_or_default();
            let (from, to) = (dollars(it.actual), dollars(it.hypothetical));
            let calls = counted(it.calls, "call", "calls");
            format!("{} as {}: {from} would be {to} ({change}{rate}) in {calls}.", it.from, it.to)
        };
        out.push_str(&prose(&printable(&text), terminal));
        if it.unpriced_calls > 0 {
            let calls = counted(it.unpriced_calls, "call", "calls");
            let note = format!("Left out: {calls} without a price on one of the two.");
            out.push_str(&terminal.tint(Tone::Alarm, prose(&note, terminal).trim_end()));
            out.push('\n');
        }
    }
    out.push_str(&terminal.tint(Tone::Quiet, prose(CAVEAT, terminal).trim_end()));
    out.push('\n');
    out
}
