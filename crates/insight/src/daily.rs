//! What was spent day by day, cut by a few dimensions: the amounts of a report by day and
//! nothing else. Who looks at a year of days needs no counts of tokens, and no coverage.

use std::cmp::Reverse;
use std::sync::Arc;

use domain::{Dimension, NanoUsd};
use jiff::civil::Date;

use crate::book::Book;
use crate::calendar::Shift;
use crate::codes::CodeMap;
use crate::cut::{Cut, Side, Sieves};
use crate::query::Query;
use crate::report::ReportError;

/// A day, the values of what it was cut by, and what was spent.
pub(crate) type Amount<const N: usize> = (Date, [Arc<str>; N], NanoUsd);

/// The amounts of what a question keeps, in the order of days, the dearest of a day first.
pub(crate) fn daily<const N: usize>(
    query: &Query,
    by: [Dimension; N],
    book: &Book<'_>,
) -> Result<Vec<Amount<N>>, ReportError> {
    query.check_filters()?;
    let mut sieves = Sieves::new(query, book)?;
    let mut days = Cut::new(Dimension::Day, book, &query.timezone)?;
    let mut cuts = Vec::with_capacity(N);
    for dimension in by {
        cuts.push(Cut::new(dimension, book, &query.timezone)?);
    }
    let none = Shift::Millis(0);
    let mut sums: CodeMap<(u32, [u32; N]), NanoUsd> = CodeMap::default();
    for cell in book.cells.iter().filter(|it| query.span.holds(it.quarter)) {
        if !sieves.keep(cell)? {
            continue;
        }
        let mut codes = [0; N];
        for (code, cut) in codes.iter_mut().zip(&mut cuts) {
            *code = cut.answer(cell, Side::Now, none)?.code;
        }
        let sum = sums.entry((days.answer(cell, Side::Now, none)?.code, codes)).or_default();
        *sum = sum.plus(cell.measures.cost)?;
    }
    let mut dates: CodeMap<u32, Option<Date>> = CodeMap::default();
    let mut amounts: Vec<Amount<N>> = Vec::with_capacity(sums.len());
    for ((day, codes), cost) in sums {
        let date = dates.entry(day).or_insert_with(|| days.label(day).parse().ok());
        let mut labels = cuts.iter().zip(codes).map(|(cut, code)| cut.label(code));
        let values = std::array::from_fn(|_| labels.next().unwrap_or_else(|| Arc::from("")));
        // A moment outside of the calendar has no day.
        amounts.extend(date.map(|it| (it, values, cost)));
    }
    amounts.sort_unstable_by(|a, b| (a.0, Reverse(a.2), &a.1).cmp(&(b.0, Reverse(b.2), &b.1)));
    Ok(amounts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{NOW, Seeded, at, random, random_query};
    use crate::report::report;

    #[test]
    fn it_is_the_report_by_day() {
        for seed in 0..200 {
            let mut seeded = Seeded::new(seed);
            let owned = random(&mut seeded);
            let query = Query { compare: false, top: None, period: None, ..random_query(&mut seeded) };
            let by = vec![Dimension::Day, Dimension::Repo, Dimension::Developer];
            let rows = report(&Query { group_by: by, ..query.clone() }, &owned.book(), at(NOW))
                .expect("a report")
                .rows;
            let mut expected: Vec<_> = rows
                .into_iter()
                .map(|row| {
                    let key: Vec<Arc<str>> = row.key.into_iter().map(|it| it.value).collect();
                    (key, row.figures.measures.cost)
                })
                .collect();
            // The report has sums without calls, which only made-up books have, at its end.
            expected.sort_by_key(|(key, cost)| (key.first().cloned(), Reverse(*cost), key.clone()));
            let amounts =
                daily(&query, [Dimension::Repo, Dimension::Developer], &owned.book()).expect("amounts");
            let amounts: Vec<_> = amounts
                .into_iter()
                .map(|(day, [repo, developer], cost)| {
                    (vec![Arc::from(day.to_string()), repo, developer], cost)
                })
                .collect();
            assert_eq!(amounts, expected, "seed {seed}");
        }
    }
}
