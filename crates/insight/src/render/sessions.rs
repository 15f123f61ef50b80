//! `bursar sessions` and `bursar session` as tables.

use std::collections::HashSet;

use domain::{Measures, Timestamp};
use jiff::tz::TimeZone;

use super::heading::heading;
use super::notes::{notes, print_notes};
use super::value::{cost, shared_host, tenths, without_host};
use crate::book::{Provenance, UNKNOWN};
use crate::calendar;
use crate::report::{Key, Row};
use crate::session_detail::SessionDetail;
use crate::sessions::{Course, SessionRow, Sessions, cache_hit};
use crate::table::{Column, Field, Kind, Table, Terminal, Tone, fact, printable, prose};
use crate::text::{compact, counted, share, thousands};

/// Characters of an id that are shown where they tell the sessions apart.
const SHORT_ID: usize = 8;
/// Models, branches or hours of one session that are shown.
const ROWS_SHOWN: usize = 24;

/// The sessions as text of at most that width. Times are in the zone.
#[must_use]
pub fn sessions_text(
    sessions: &Sessions,
    provenance: &Provenance<'_>,
    zone: &TimeZone,
    terminal: &Terminal,
) -> String {
    let mut out = heading("Sessions, the dearest first", &sessions.whole, terminal);
    if sessions.rows.is_empty() && sessions.rest.is_none() {
        out.push_str(&prose("No sessions in this period.", terminal));
    } else {
        out.push_str(&body(sessions, zone, terminal));
    }
    out.push_str(&print_notes(&notes(&sessions.whole, provenance.sources), terminal));
    out
}

fn body(sessions: &Sessions, zone: &TimeZone, terminal: &Terminal) -> String {
    let mut table = Table::new(vec![
        Column { head: "session", kind: Kind::Name },
        Column { head: "repo", kind: Kind::Name },
        Column { head: "began", kind: Kind::Spare(3) },
        Column { head: "length", kind: Kind::Spare(7) },
        Column { head: "active", kind: Kind::Spare(2) },
        Column { head: "turns", kind: Kind::Spare(4) },
        Column { head: "per hour", kind: Kind::Spare(9) },
        Column { head: "calls", kind: Kind::Spare(8) },
        Column { head: "context", kind: Kind::Spare(5) },
        Column { head: "cache hit", kind: Kind::Spare(6) },
        Column { head: "cost", kind: Kind::Figure },
        Column { head: "share", kind: Kind::Spare(1) },
    ]);
    let total = &sessions.whole.total.measures;
    let short = short_ids(&sessions.rows);
    let host = shared_host(sessions.rows.iter().map(|it| &it.repo));
    for row in &sessions.rows {
        let course = row.course.as_ref();
        let text = |it: Option<String>| Field::new(&it.unwrap_or_else(|| "-".to_owned()));
        let id = row.session.as_str();
        let measures = &row.figures.measures;
        table.push(vec![
            Field::new(if short { id.get(..SHORT_ID).unwrap_or(id) } else { id }),
            value(&row.repo, host),
            text(course.and_then(|it| began(it.first_at, zone))),
            text(course.map(|it| duration(it.length_ms()))),
            text(course.map(|it| duration(it.busy_ms()))),
            text(course.map(|it| thousands(u128::from(it.turns)))),
            text(course.and_then(Course::cadence_tenths).map(tenths)),
            Field::new(&thousands(u128::from(measures.calls))),
            context(course, terminal),
            text(cache_hit(measures).map(|it| it.to_string())),
            Field::new(&cost(measures, total)),
            Field::new(&share(measures.cost, total.cost)),
        ]);
    }
    let summary = |label: &str, measures: &Measures, tone| {
        let mut fields = vec![Field::new(label).toned(tone)];
        fields.resize(7, Field::new(""));
        for text in [
            thousands(u128::from(measures.calls)),
            String::new(),
            cache_hit(measures).map(|it| it.to_string()).unwrap_or_default(),
            cost(measures, total),
            share(measures.cost, total.cost),
        ] {
            fields.push(Field::new(&text).toned(tone));
        }
        fields
    };
    if let Some(rest) = &sessions.rest {
        table.push(summary(&format!("{} more", rest.rows), &rest.figures.measures, Tone::Quiet));
    }
    table.rule();
    table.push(summary("total", total, Tone::Strong));
    table.print(terminal).with_left_out(terminal)
}

/// Whether the beginnings of the ids tell the sessions apart.
fn short_ids(rows: &[SessionRow]) -> bool {
    let short: HashSet<&str> = rows.iter().filter_map(|it| it.session.as_str().get(..SHORT_ID)).collect();
    short.len() == rows.len()
}

fn value(key: &Key, host: Option<&str>) -> Field {
    let field = Field::new(without_host(&key.value, host));
    if &*key.value == UNKNOWN { field.toned(Tone::Quiet) } else { field }
}

fn context(course: Option<&Course>, terminal: &Terminal) -> Field {
    let Some(course) = course.filter(|it| it.peak_context.count() > 0) else { return Field::new("-") };
    let (first, peak) = (compact(course.first_context.count()), compact(course.peak_context.count()));
    let text = format!("{first} {} {peak}", terminal.either("\u{2192}", "to"));
    Field::new(&text).toned(if course.grew_large() { Tone::Alarm } else { Tone::Plain })
}

pub(super) fn began(at: Timestamp, zone: &TimeZone) -> Option<String> {
    let wall = calendar::wall(at, zone)?;
    Some(format!("{} {:02}:{:02}", wall.date(), wall.hour(), wall.minute()))
}

/// A length of time in its two largest units: `3d 4h`, `2h 05m`, `43m`, `12s`.
pub(crate) fn duration(millis: u64) -> String {
    let seconds = millis / 1_000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    if days > 0 {
        format!("{days}d {}h", hours % 24)
    } else if hours > 0 {
        format!("{hours}h {:02}m", minutes % 60)
    } else if minutes > 0 {
        format!("{minutes}m")
    } else {
        format!("{seconds}s")
    }
}

/// One session as text of at most that width. Times are in the zone.
#[must_use]
pub fn session_text(
    detail: &SessionDetail,
    provenance: &Provenance<'_>,
    zone: &TimeZone,
    terminal: &Terminal,
) -> String {
    let row = &detail.row;
    let title = format!("Session {} ({})", row.session, row.tool.name());
    let mut out = format!("{}\n\n", terminal.tint(Tone::Strong, &printable(&title)));
    for (name, text) in facts(detail, zone) {
        out.push_str(&fact(name, 14, &text, terminal));
    }
    let cuts = [("model", &detail.by_model), ("branch", &detail.by_branch), ("hour", &detail.by_hour)];
    for (name, rows) in cuts {
        out.push('\n');
        out.push_str(&cut(name, rows, &row.figures.measures, terminal));
    }
    out.push('\n');
    out.push_str(&super::turns::table(&detail.turns, &row.figures.measures, zone, terminal));
    out.push_str(&print_notes(&notes(&detail.whole, provenance.sources), terminal));
    out
}

fn facts(detail: &SessionDetail, zone: &TimeZone) -> Vec<(&'static str, String)> {
    let row = &detail.row;
    let measures = &row.figures.measures;
    let mut facts = vec![
        (
            "cost",
            format!(
                "{} in {}",
                cost(measures, measures).trim_end(),
                counted(measures.calls, "call", "calls")
            ),
        ),
        ("developer", row.developer.value.to_string()),
        ("repo", row.repo.value.to_string()),
    ];
    if let Some(course) = &row.course {
        let side = |at| began(at, zone).unwrap_or_else(|| UNKNOWN.to_owned());
        facts.push(("from", format!("{} to {}", side(course.first_at), side(course.last_at))));
        let (busy, idle) = (duration(course.busy_ms()), duration(course.idle_ms()));
        facts.push(("length", format!("{}: {busy} active, {idle} idle", duration(course.length_ms()))));
        let pace = course.cadence_tenths().map(|it| format!(", {} for each active hour", tenths(it)));
        facts.push(("turns", format!("{}{}", thousands(u128::from(course.turns)), pace.unwrap_or_default())));
        facts.push(("context", {
            let (first, peak) = (course.first_context.count(), course.peak_context.count());
            let compactions = counted(course.compactions, "compaction", "compactions");
            format!("{} tokens at first, {} at its peak, {compactions}", compact(first), compact(peak))
        }));
        let looped = if course.is_likely_loop() { ", likely a loop" } else { "" };
        facts.push((
            "steps",
            format!(
                "{}, {} failed, at most {} times in a row{looped}",
                counted(course.tool_calls, "tool call", "tool calls"),
                thousands(u128::from(course.failed_steps)),
                course.longest_failing_run
            ),
        ));
    }
    if let Some(hit) = cache_hit(measures) {
        facts.push(("cache hit", format!("{hit} of the prompts were read from the cache")));
    }
    if detail.subagents.calls > 0 {
        let part = share(detail.subagents.cost, measures.cost);
        let calls = counted(detail.subagents.calls, "call", "calls");
        let money = cost(&detail.subagents, &detail.subagents);
        facts.push(("subagents", format!("{} in {calls}, {part} of the cost", money.trim_end())));
    }
    for link in &detail.pull_requests {
        facts.push(("pull request", link.url.to_string()));
    }
    facts
}

fn cut(name: &'static str, rows: &[Row], total: &Measures, terminal: &Terminal) -> String {
    let mut table = Table::new(vec![
        Column { head: name, kind: Kind::Name },
        Column { head: "calls", kind: Kind::Spare(1) },
        Column { head: "output", kind: Kind::Spare(3) },
        Column { head: "cost", kind: Kind::Figure },
        Column { head: "share", kind: Kind::Spare(2) },
    ]);
    for row in rows.iter().take(ROWS_SHOWN) {
        let measures = &row.figures.measures;
        let label = row.key.first().map(|it| it.value.replace('T', " ")).unwrap_or_default();
        let label = if name == "hour" {
            label
        } else {
            row.key.first().map(|it| it.value.to_string()).unwrap_or_default()
        };
        table.push(vec![
            Field::new(&label),
            Field::new(&thousands(u128::from(measures.calls))),
            Field::new(&compact(measures.usage.output.count())),
            Field::new(&cost(measures, total)),
            Field::new(&share(measures.cost, total.cost)),
        ]);
    }
    let mut text = table.print(terminal).text;
    if let Some(more @ 1..) = rows.len().checked_sub(ROWS_SHOWN) {
        let note = format!("{more} more; `--format json` lists them.");
        text.push_str(&prose(&note, terminal));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{NOW, at, berlin, company, links, sources, tallies, told_calls};
    use crate::query::Query;
    use crate::session_detail::{SessionNotes, session};
    use crate::sessions::sessions;
    use crate::turns::TurnCall;

    #[test]
    fn at_several_widths() {
        let company = company();
        let query = Query { top: Some(4), ..Query::total(berlin()) };
        let sessions = sessions(&query, &company.book(), &tallies(), at(NOW)).expect("sessions");
        let provenance = Provenance { sources: &sources(), price_book: "" };
        for width in [60, 80, 120] {
            let text = sessions_text(&sessions, &provenance, &berlin(), &Terminal::plain(width));
            insta::assert_snapshot!(format!("sessions-{width}"), text);
        }
    }

    #[test]
    fn one_from_within() {
        let company = company();
        let (tallies, links) = (tallies(), links());
        let calls = told_calls();
        let calls: Vec<_> = calls.iter().map(TurnCall::of).collect();
        let notes = SessionNotes { tallies: &tallies, pull_requests: &links, calls: &calls };
        let detail =
            session(&"5f0e6c1a".into(), &company.book(), &notes, &berlin(), at(NOW)).expect("a session");
        let provenance = Provenance { sources: &sources(), price_book: "" };
        let text = session_text(&detail, &provenance, &berlin(), &Terminal::plain(80));
        insta::assert_snapshot!("session", text);
    }

    #[test]
    fn lengths_have_two_units() {
        for (millis, text) in [
            (0, "0s"),
            (59_999, "59s"),
            (60_000, "1m"),
            (3_900_000, "1h 05m"),
            (86_400_000, "1d 0h"),
            (277_200_000, "3d 5h"),
        ] {
            assert_eq!(duration(millis), text);
        }
    }
}
