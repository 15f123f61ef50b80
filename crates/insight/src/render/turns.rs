//! The turns of a session as a table.

use domain::Measures;
use jiff::tz::TimeZone;

use super::sessions::began;
use super::value::cost;
use crate::sessions::cache_hit;
use crate::table::{Column, Field, Kind, Table, Terminal, Tone, prose};
use crate::text::{compact, share, thousands};
use crate::turns::{ToolCount, Turn, Turns};

/// Turns of one session that are shown.
const TURNS_SHOWN: usize = 40;

/// A row a turn, in the order of time; `total` is what the session cost.
pub(super) fn table(turns: &Turns, total: &Measures, zone: &TimeZone, terminal: &Terminal) -> String {
    if turns.all.is_empty() {
        return prose("Its log does not tell which calls answer which prompt.", terminal);
    }
    let mut table = Table::new(vec![
        Column { head: "turn", kind: Kind::Name },
        Column { head: "began", kind: Kind::Spare(1) },
        Column { head: "calls", kind: Kind::Spare(4) },
        Column { head: "subagents", kind: Kind::Spare(5) },
        Column { head: "context", kind: Kind::Spare(3) },
        Column { head: "cache hit", kind: Kind::Spare(6) },
        Column { head: "tools", kind: Kind::Name },
        Column { head: "cost", kind: Kind::Figure },
        Column { head: "share", kind: Kind::Spare(2) },
    ]);
    for it in turns.all.iter().take(TURNS_SHOWN) {
        table.push(vec![
            Field::new(&it.number.map_or_else(|| "before".to_owned(), |it| it.to_string())),
            Field::new(&began(it.first_at, zone).unwrap_or_default()),
            Field::new(&thousands(u128::from(it.measures.calls))),
            Field::new(&thousands(u128::from(it.subagents.calls))),
            Field::new(&context(it, terminal)),
            Field::new(&cache_hit(&it.measures).map(|it| it.to_string()).unwrap_or_default()),
            Field::new(&tools(it)).toned(if it.is_likely_loop() { Tone::Alarm } else { Tone::Plain }),
            Field::new(&cost(&it.measures, total)),
            Field::new(&share(it.measures.cost, total.cost)),
        ]);
    }
    let mut text = table.print(terminal).text;
    if let Some(more @ 1..) = turns.all.len().checked_sub(TURNS_SHOWN) {
        text.push_str(&prose(&format!("{more} more turns; `--format json` lists them."), terminal));
    }
    text
}

fn context(it: &Turn, terminal: &Terminal) -> String {
    let Some((first, last)) = it.context else { return "-".to_owned() };
    let arrow = terminal.either("\u{2192}", "to");
    let shrank = if it.shrank > 0 { " compacted" } else { "" };
    format!("{} {arrow} {}{shrank}", compact(first.count()), compact(last.count()))
}

/// The tools, those that were called most first, and whether it went round in circles.
fn tools(it: &Turn) -> String {
    let mut tools: Vec<_> = it.tools.iter().collect();
    tools.sort_by_key(|(name, count)| (std::cmp::Reverse(count.uses), *name));
    let named = |(name, count): (&String, &ToolCount)| format!("{name} {}", count.uses);
    let mut text = tools.into_iter().map(named).collect::<Vec<_>>().join(", ");
    if it.is_likely_loop() {
        text.insert_str(0, &format!("looped, {} tries: ", it.most_tries));
    }
    if text.is_empty() { "-".to_owned() } else { text }
}
