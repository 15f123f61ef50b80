//! What teams were given and used.

use super::{changed, days, percent, remark, table, title};
use crate::book::UNKNOWN;
use crate::budget_line::BudgetCourse;
use crate::forecast::BURN_DAYS;
use crate::table::{Field, Kind, Terminal, Tone};
use crate::teams::Teams;
use crate::text::dollars;

pub(super) fn text(it: &Teams, terminal: &Terminal) -> String {
    let mut out = title("Teams: given and used", &days(&it.period), terminal);
    let mut lines = table(&[
        ("team", Kind::Name),
        ("cost", Kind::Figure),
        ("change", Kind::Spare(2)),
        ("share", Kind::Spare(5)),
        ("developers", Kind::Spare(6)),
        ("a day each", Kind::Spare(4)),
        ("burn a day", Kind::Spare(3)),
        ("budget", Kind::Spare(1)),
        ("used", Kind::Spare(1)),
        ("runs out", Kind::Spare(1)),
    ]);
    for row in &it.rows {
        let budget = row.budgets.iter().find(|it| it.line.period == domain::Period::Month);
        let budget = budget.or_else(|| row.budgets.first());
        let median = row.developer_day.map_or_else(|| "-".to_owned(), |it| dollars(it.median));
        let mut fields = vec![
            Field::new(&row.team),
            Field::new(&dollars(row.figures.measures.cost)),
            changed(row.figures.change.as_ref()),
            Field::new(&percent(row.share)),
            Field::new(&row.developers.to_string()),
            Field::new(&median),
            Field::new(&dollars(row.burn_per_day)),
        ];
        fields.extend(budget_fields(budget));
        lines.push(fields);
    }
    if it.rows.len() > 1 {
        lines.rule();
        let strong = |text: &str| Field::new(text).toned(Tone::Strong);
        let mut total = vec![
            strong("total"),
            strong(&dollars(it.total.measures.cost)),
            changed(it.total.change.as_ref()),
        ];
        total.resize_with(10, || Field::new(""));
        lines.push(total);
    }
    out.push_str(&lines.print(terminal).with_left_out(terminal));
    out.push('\n');
    out.push_str(&remark(
        &format!(
            "A day each: half of the days with calls of its developers cost at most that. Burn: the mean \
             of the last {BURN_DAYS} days, weekends included. Runs out: where the forecast of its days uses \
             up its budget."
        ),
        terminal,
    ));
    if it.rows.iter().all(|it| &*it.team == UNKNOWN) {
        out.push_str(&remark(
            "Teams are known to a server with a directory: ask one with --server.",
            terminal,
        ));
    }
    out
}

fn budget_fields(budget: Option<&BudgetCourse>) -> [Field; 3] {
    let Some(it) = budget else { return ["none", "", ""].map(Field::new) };
    let tone = if it.is_in_danger() { Tone::Alarm } else { Tone::Plain };
    [
        Field::new(&format!("{} a {}", dollars(it.line.allocation), it.line.period.name())),
        Field::new(&percent(it.spent)).toned(tone),
        Field::new(&it.state.to_text()).toned(tone),
    ]
}
