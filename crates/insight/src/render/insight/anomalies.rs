//! What is unusual.

use super::{remark, title};
use crate::anomaly::{Anomalies, Anomaly, COOL_DOWN_DAYS, Cause, DAY_FLOOR, TIMES, Verdict};
use crate::table::{Terminal, Tone, printable, prose};
use crate::text::{counted, dollars, signed_dollars};

pub(super) fn text(it: &Anomalies, terminal: &Terminal) -> String {
    let when = format!("{} to {} ({})", it.first, it.last, it.timezone);
    let mut out = title("What is unusual", &when, terminal);
    if it.told.is_empty() {
        out.push_str("Nothing.\n");
    }
    for one in &it.told {
        out.push_str(&paragraph(one, terminal));
    }
    if !it.settled.is_empty() {
        let count = counted(u64::try_from(it.settled.len()).unwrap_or(u64::MAX), "more was", "more were");
        out.push_str(&remark(&format!("{count} expected, and are not told again."), terminal));
    }
    out.push_str(&remark(
        &format!(
            "Told: {TIMES} times the middle of a developer's active days, and days and weeks of teams, \
             repositories and everything that are far from what such days come to; from {} up, and the same \
             of the same once in {COOL_DOWN_DAYS} days. Say what was expected with `bursar insight verdict ID \
             expected`.",
            dollars(DAY_FLOOR)
        ),
        terminal,
    ));
    out
}

/// The excess and the name, then the reason, what it came from, and what was said.
fn paragraph(it: &Anomaly, terminal: &Terminal) -> String {
    let name = terminal.tint(Tone::Quiet, &it.id);
    let excess = terminal.tint(Tone::Alarm, &signed_dollars(it.excess));
    let mut out = format!("{excess}  {}  {name}\n", printable(&it.subject.title()));
    let indented = |text: &str| format!("  {}", prose(&printable(text), terminal));
    out.push_str(&indented(&it.reason));
    if !it.causes.is_empty() {
        let causes: Vec<String> = it.causes.iter().map(cause).collect();
        out.push_str(&indented(&format!("Mostly {}.", causes.join(", "))));
    }
    if !it.seen_in.is_empty() {
        let seen: Vec<String> = it.seen_in.iter().map(crate::anomaly::Subject::title).collect();
        out.push_str(&indented(&format!("Seen in {} as well.", seen.join(", "))));
    }
    if it.repeats > 0 {
        let times = counted(u64::from(it.repeats), "day", "days");
        out.push_str(&indented(&format!("It went on: {times} after it were unusual too.")));
    }
    if let Some(said) = &it.verdict {
        let what = match said.verdict {
            Verdict::Expected => "expected",
            Verdict::Unexpected => "not expected",
        };
        let note = said.note.as_ref().map(|it| format!(": {it}")).unwrap_or_default();
        out.push_str(&indented(&format!("{} said it was {what}{note}", said.by)));
    }
    out.push('\n');
    out
}

fn cause(it: &Cause) -> String {
    format!("{} {}", it.subject.title(), dollars(it.cost))
}
