//! Where the money goes.

use domain::NanoUsd;

use super::{changed, days, part, percent, remark, table, title};
use crate::models::{CHEAPER_CAVEAT, MixRow, Models};
use crate::table::{Field, Kind, Terminal, Tone, printable, prose};
use crate::text::{counted, dollars, thousands};

pub(super) fn text(it: &Models, terminal: &Terminal) -> String {
    let mut out = title("Models and providers", &days(&it.period), terminal);
    for (head, rows) in [("model", &it.models), ("provider", &it.providers)] {
        let mut lines = table(&[
            (head, Kind::Name),
            ("calls", Kind::Spare(2)),
            ("cost", Kind::Figure),
            ("change", Kind::Spare(1)),
            ("share", Kind::Figure),
            ("before", Kind::Spare(1)),
        ]);
        for row in rows {
            lines.push(fields(row));
        }
        if rows.len() > 1 {
            lines.rule();
            let total = &it.total;
            let strong = |text: &str| Field::new(text).toned(Tone::Strong);
            lines.push(vec![
                strong("total"),
                strong(&thousands(u128::from(total.measures.calls))),
                strong(&dollars(total.measures.cost)),
                changed(total.change.as_ref()),
                Field::new(""),
                Field::new(""),
            ]);
        }
        out.push_str(&lines.print(terminal).with_left_out(terminal));
        out.push('\n');
    }
    if !it.cheaper.is_empty() {
        out.push_str(part("What cheaper models would have cost", terminal).trim_start_matches('\n'));
        for one in &it.cheaper {
            let saving = NanoUsd::new(one.actual.nano().saturating_sub(one.hypothetical.nano()));
            let text = format!(
                "{} as {}: {} in place of {}, {} less ({}).",
                one.from,
                one.to,
                dollars(one.hypothetical),
                dollars(one.actual),
                dollars(saving),
                counted(one.calls, "call", "calls"),
            );
            out.push_str(&prose(&printable(&text), terminal));
        }
        out.push_str(&remark(CHEAPER_CAVEAT, terminal));
    }
    out
}

fn fields(row: &MixRow) -> Vec<Field> {
    vec![
        Field::new(&row.value),
        Field::new(&thousands(u128::from(row.figures.measures.calls))),
        Field::new(&super::super::value::cost(&row.figures.measures, &row.figures.measures)),
        changed(row.figures.change.as_ref()),
        Field::new(&percent(row.share)),
        Field::new(&percent(row.share_before)),
    ]
}
