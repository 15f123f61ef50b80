//! What will have been spent.

use std::sync::Arc;

use domain::Dimension;

use super::{part, percent, remark, table, title};
use crate::forecast::{
    ENOUGH_DAYS, Errors, Estimate, Forecast, History, Horizon, LEAST_DAYS, Method, NOMINAL_PERCENT, Outlook,
    Target,
};
use crate::query::Pattern;
use crate::table::{Field, Kind, Terminal, printable, prose};
use crate::text::{counted, dollars};

pub(super) fn text(it: &Forecast, terminal: &Terminal) -> String {
    let mut out =
        title("What will have been spent", &format!("as of {} ({})", it.today, it.timezone), terminal);
    out.push_str(&history(&it.whole, terminal));
    if it.whole.history == History::None {
        return out;
    }
    let mut lines = table(&[
        ("", Kind::Name),
        ("until", Kind::Spare(2)),
        ("spent", Kind::Spare(1)),
        ("forecast", Kind::Figure),
        ("likely from", Kind::Figure),
        ("to", Kind::Figure),
        ("error", Kind::Spare(0)),
    ]);
    for target in &it.whole.targets {
        let mut fields = vec![Field::new(target.horizon.title()), Field::new(&target.last.to_string())];
        fields.push(Field::new(&dollars(target.spent)));
        fields.extend(estimate(target.total.as_ref()));
        fields.push(Field::new(&percent(target.expected_error())));
        lines.push(fields);
    }
    out.push_str(&lines.print(terminal).with_left_out(terminal));
    out.push('\n');
    if let Some(by) = it.by {
        out.push_str(&rows(by, &it.rows, terminal));
        if it.left_out > 0 {
            out.push_str(&remark(&format!("{} more rows: --top shows them.", it.left_out), terminal));
            out.push('\n');
        }
    }
    out.push_str(&plan(it, terminal));
    out.push_str(&backtest(&it.whole, terminal));
    out
}

fn history(it: &Outlook, terminal: &Terminal) -> String {
    let days = counted(u64::try_from(it.history_days).unwrap_or(u64::MAX), "whole day", "whole days");
    match it.history {
        History::Enough => String::new(),
        History::Short => {
            let text = format!(
                "There are {days} of calls, and methods are compared from {ENOUGH_DAYS} on: this is the rate of \
                 each weekday so far, and may be far off."
            );
            format!("{}\n", prose(&text, terminal))
        }
        History::None => prose(
            &format!("There are {days} of calls, and a forecast needs {LEAST_DAYS}. Ask again later."),
            terminal,
        ),
    }
}

fn estimate(it: Option<&Estimate>) -> [Field; 3] {
    match it {
        Some(it) => [it.point, it.low, it.high].map(|it| Field::new(&dollars(it))),
        None => ["-", "", ""].map(Field::new),
    }
}

fn rows(by: Dimension, rows: &[(Arc<str>, Outlook)], terminal: &Terminal) -> String {
    let mut lines = table(&[
        (by.name(), Kind::Name),
        ("this month", Kind::Figure),
        ("likely from", Kind::Spare(1)),
        ("to", Kind::Spare(1)),
        ("this quarter", Kind::Spare(2)),
        ("next quarter", Kind::Spare(2)),
        ("error", Kind::Spare(3)),
    ]);
    for (value, outlook) in rows {
        let total = |horizon| outlook.targets.iter().find(|it| it.horizon == horizon);
        let point = |horizon| {
            let point = total(horizon).and_then(|it| it.total).map(|it| dollars(it.point));
            Field::new(&point.unwrap_or_else(|| "-".to_owned()))
        };
        let month = total(Horizon::Month);
        let mut fields = vec![Field::new(value)];
        fields.extend(estimate(month.and_then(|it| it.total.as_ref())));
        fields.extend([point(Horizon::Quarter), point(Horizon::NextQuarter)]);
        fields.push(Field::new(&percent(month.and_then(Target::expected_error))));
        lines.push(fields);
    }
    format!("{}\n", lines.print(terminal).with_left_out(terminal))
}

fn plan(it: &Forecast, terminal: &Terminal) -> String {
    if it.plan.is_empty() {
        return String::new();
    }
    let people = it
        .plan
        .headcount
        .iter()
        .map(|one| format!("{} developers from {} ({} now)", one.developers, one.from, it.developers));
    let prices = it.plan.prices.iter().map(|one| {
        let models = one.models.as_ref().map_or_else(|| "all models".to_owned(), Pattern::to_text);
        let sign = if one.tenths > 0 { "+" } else { "" };
        format!("{models} {sign}{} from {}", crate::text::PerMille::in_tenths(one.tenths), one.from)
    });
    let all: Vec<String> = people.chain(prices).collect();
    prose(&printable(&format!("Planned: {}.", all.join("; "))), terminal)
}

fn backtest(it: &Outlook, terminal: &Terminal) -> String {
    let tried: Vec<(&Target, &Errors)> =
        it.targets.iter().filter_map(|it| Some((it, it.errors.as_ref()?))).collect();
    if tried.is_empty() {
        return String::new();
    }
    let mut out = part("How such forecasts came out", terminal);
    let mut lines = table(&[
        ("", Kind::Name),
        ("method", Kind::Name),
        ("tries", Kind::Spare(2)),
        ("days ahead", Kind::Spare(2)),
        ("error of the total", Kind::Figure),
        ("of days", Kind::Spare(1)),
        ("MASE", Kind::Spare(3)),
        ("within", Kind::Spare(0)),
    ]);
    for (target, errors) in tried {
        let method = target.method.map_or("", crate::forecast::Method::name);
        let mase = errors.mase;
        lines.push(vec![
            Field::new(target.horizon.title()),
            Field::new(&method.replace('_', " ")),
            Field::new(&errors.tries.to_string()),
            Field::new(&errors.tried_days.to_string()),
            Field::new(&percent(Some(errors.total))),
            Field::new(&percent(Some(errors.wape))),
            Field::new(&format!("{}.{:02}", mase / 1_000, mase % 1_000 / 10)),
            Field::new(&percent(errors.coverage)),
        ]);
    }
    out.push_str(&lines.print(terminal).with_left_out(terminal));
    out.push('\n');
    out.push_str(&methods(it, terminal));
    out.push_str(&remark(
        &format!(
            "Each method was asked at moments of the past for the total that was to come. The blend, the mean of \
             the others, is used (*), unless one of them was off by a fifth less. The first table judges forecasts \
             as they would have been made, by the method that was used then; the second each method by itself. \
             Likely: {NOMINAL_PERCENT} of a hundred totals; `within` is how many were. MASE below 1 is better than \
             saying that a day is like that of a week before. The error at the top is that of the total here, of \
             what is forecast of it, as a part of the whole."
        ),
        terminal,
    ));
    out
}

/// The error of totals of every method, the one that is used marked.
fn methods(it: &Outlook, terminal: &Terminal) -> String {
    let mut lines = table(&[
        ("error of the total", Kind::Name),
        (Horizon::Month.title(), Kind::Figure),
        (Horizon::Quarter.title(), Kind::Figure),
        (Horizon::NextQuarter.title(), Kind::Figure),
    ]);
    for method in Method::ALL {
        let mut fields = vec![Field::new(&method.name().replace('_', " "))];
        fields.extend(Horizon::ALL.map(|horizon| {
            let target = it.targets.iter().find(|it| it.horizon == horizon);
            let errors = target.and_then(|it| it.errors.as_ref());
            let error = errors.and_then(|it| it.methods.iter().find(|it| it.0 == method)).map(|it| it.1);
            let is_used = target.is_some_and(|it| it.method == Some(method));
            let mark = if is_used { " *" } else { "  " };
            Field::new(&format!("{}{mark}", percent(error)))
        }));
        lines.push(fields);
    }
    format!("{}\n", lines.print(terminal).with_left_out(terminal))
}
