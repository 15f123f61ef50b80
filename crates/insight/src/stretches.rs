//! Sums over several stretches of time at once, whole and by value: for who compares many of
//! them. The book is walked over once, whatever their number.

use std::collections::HashMap;
use std::sync::Arc;

use domain::{Dimension, Measures};

use crate::book::Book;
use crate::calendar::Shift;
use crate::codes::CodeMap;
use crate::cut::{Cut, Side, Sieves, UNKNOWN_CODE};
use crate::query::Query;
use crate::report::ReportError;
use crate::span::Span;

/// What stretches came to, in the order in which they were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stretches<const N: usize> {
    /// All of it.
    pub(crate) whole: [Measures; N],
    /// By value, those with calls.
    pub(crate) by_value: HashMap<Arc<str>, [Measures; N]>,
}

/// Of what the filters of a question keep; stretches may overlap.
pub(crate) fn stretches<const N: usize>(
    query: &Query,
    by: Option<Dimension>,
    spans: &[Span; N],
    book: &Book<'_>,
) -> Result<Stretches<N>, ReportError> {
    query.check_filters()?;
    let mut sieves = Sieves::new(query, book)?;
    let mut cut = by.map(|it| Cut::new(it, book, &query.timezone)).transpose()?;
    let mut sums: CodeMap<u32, [Measures; N]> = CodeMap::default();
    for cell in book.cells {
        if !spans.iter().any(|it| it.holds(cell.quarter)) || !sieves.keep(cell)? {
            continue;
        }
        let code = match &mut cut {
            Some(cut) => cut.answer(cell, Side::Now, Shift::Millis(0))?.code,
            None => UNKNOWN_CODE,
        };
        let of_value = sums.entry(code).or_insert([Measures::ZERO; N]);
        for (span, sum) in spans.iter().zip(of_value) {
            if span.holds(cell.quarter) {
                *sum = sum.plus(&cell.measures)?;
            }
        }
    }
    let mut answer = Stretches { whole: [Measures::ZERO; N], by_value: HashMap::new() };
    for (code, of_value) in sums {
        for (whole, sum) in answer.whole.iter_mut().zip(&of_value) {
            *whole = whole.plus(sum)?;
        }
        answer.by_value.extend(cut.as_ref().map(|it| (it.label(code), of_value)));
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{NOW, Seeded, at, berlin, random, random_query};
    use crate::report::report;

    #[test]
    fn each_is_the_report_of_its_days() {
        let spans = [("30d", None), ("2026-10", Some("2026-10")), ("this-week", Some("yesterday"))]
            .map(|(since, until)| Span::parse(Some(since), until, &berlin(), at(NOW)).expect("a span"));
        for seed in 0..200 {
            let mut seeded = Seeded::new(seed);
            let owned = random(&mut seeded);
            let query = Query { compare: false, top: None, period: None, ..random_query(&mut seeded) };
            let found = stretches(&query, Some(Dimension::Repo), &spans, &owned.book()).expect("sums");
            for (place, span) in spans.into_iter().enumerate() {
                let asked = Query { span, group_by: vec![Dimension::Repo], ..query.clone() };
                let expected = report(&asked, &owned.book(), at(NOW)).expect("a report");
                assert_eq!(found.whole[place], expected.total.measures, "seed {seed}");
                for row in expected.rows {
                    let value = &row.key[0].value;
                    assert_eq!(found.by_value[value][place], row.figures.measures, "seed {seed}");
                }
            }
            let whole = stretches(&query, None, &spans, &owned.book()).expect("sums").whole;
            assert_eq!(whole, found.whole, "seed {seed}");
        }
    }
}
