//! How spend moves.

use domain::Dimension;

use super::{changed, remark, table, title};
use crate::table::{Field, Kind, Table, Terminal, Tone};
use crate::text::dollars;
use crate::trends::{Trend, Trends, View, Views};

pub(super) fn text(it: &Trends, terminal: &Terminal) -> String {
    let mut out = title("How spend moves", &format!("up to {} ({})", it.today, it.timezone), terminal);
    let Views { rolling, week, month } = it.views;
    let head = it.by.map_or("", Dimension::name);
    let mut lines = table(&[
        (head, Kind::Name),
        (rolling.kind.title(), Kind::Figure),
        ("change", Kind::Figure),
        (week.kind.title(), Kind::Spare(2)),
        ("change", Kind::Spare(2)),
        (month.kind.title(), Kind::Spare(1)),
        ("change", Kind::Spare(1)),
        ("12 weeks", Kind::Spare(3)),
    ]);
    for (value, trend) in &it.rows {
        push(&mut lines, value, trend, (Tone::Plain, terminal));
    }
    if it.by.is_some() {
        lines.rule();
    }
    push(&mut lines, "total", &it.whole, (Tone::Strong, terminal));
    out.push_str(&lines.print(terminal).with_left_out(terminal));
    out.push('\n');
    if it.left_out > 0 {
        out.push_str(&remark(&format!("{} more rows: --top shows them.", it.left_out), terminal));
    }
    let days = |it: (jiff::civil::Date, jiff::civil::Date)| format!("{} to {}", it.0, it.1);
    let compared = |it: View| format!("{} against {}", days(it.days), days(it.before));
    out.push_str(&remark(
        &format!(
            "Whole days are compared. {}: {}. {}: {}. {}: {}.",
            upper(rolling.kind.title()),
            compared(rolling),
            upper(week.kind.title()),
            compared(week),
            upper(month.kind.title()),
            compared(month),
        ),
        terminal,
    ));
    out
}

fn push(lines: &mut Table, value: &str, trend: &Trend, (tone, terminal): (Tone, &Terminal)) {
    let mut fields = vec![Field::new(value).toned(tone)];
    for moved in [&trend.rolling, &trend.week, &trend.month] {
        fields.push(Field::new(&dollars(moved.measures.cost)).toned(tone));
        fields.push(changed(Some(&moved.change)));
    }
    fields.push(Field::new(&spark(trend, terminal)).toned(Tone::Quiet));
    lines.push(fields);
}

/// The weeks as a line of bars.
fn spark(trend: &Trend, terminal: &Terminal) -> String {
    let bars =
        terminal.either(" \u{2581}\u{2582}\u{2583}\u{2584}\u{2585}\u{2586}\u{2587}\u{2588}", " ..--==##");
    let size = |nano: i64| u128::from(nano.max(0).unsigned_abs());
    let most = trend.weeks.iter().map(|it| size(it.1.nano())).max().unwrap_or_default().max(1);
    let bar = |nano: i64| {
        let height = size(nano).saturating_mul(8).div_ceil(most);
        usize::try_from(height).ok().and_then(|it| bars.chars().nth(it)).unwrap_or(' ')
    };
    trend.weeks.iter().map(|it| bar(it.1.nano())).collect()
}

/// With a capital letter, as a sentence begins.
fn upper(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
