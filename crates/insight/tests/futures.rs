//! Forecasts of the simulated organisation, made some days before its end, against what came.

use insight::forecast::{Plan, forecast};
use insight::{Query, Span};
use jiff::tz::TimeZone;

use domain::Timestamp;

use crate::organisation::{Character, DAY, FIRST, Organisation};

/// How forecasts of the month came out.
#[derive(Debug, Clone, Copy, Default)]
pub struct Outcome {
    pub asked: usize,
    /// Totals within the interval, in per cent.
    pub within_percent: usize,
    /// The mean error of totals, in per cent of them.
    pub error_percent: usize,
    /// What the backtest said that would be.
    pub said_percent: usize,
}

/// Asks on several days of each of so many organisations what the month will come to.
pub fn many(seeds: u64, character: Character) -> Outcome {
    let (mut asked, mut within, mut error, mut said) = (0, 0, 0.0, 0.0);
    for seed in 0..seeds {
        let of = Organisation::new(1_000 + seed, 214, character);
        // August, October and November, from their eighth day; and December from its first.
        for day in [68, 129, 160, 183] {
            let now = Timestamp::from_millis(FIRST + DAY * day + DAY / 2);
            let span = Span::ALL;
            let query = Query { span, ..Query::total(TimeZone::UTC) };
            let book = of.book();
            let cells: Vec<_> = book.cells.iter().filter(|it| it.quarter.start() < now).copied().collect();
            let known = insight::Book { cells: &cells, ..book };
            let made = forecast(&query, &known, &Plan::default(), now).expect("a forecast");
            let target = &made.whole.targets[0];
            let estimate = target.total.expect("an estimate");
            let came = query_total(&of, target.first, target.last);
            asked += 1;
            within += usize::from((estimate.low.nano()..=estimate.high.nano()).contains(&came));
            error += (estimate.point.nano() - came).unsigned_abs() as f64 / came as f64;
            said += target.errors.as_ref().expect("errors").total.tenths() as f64 / 1_000.0;
        }
    }
    Outcome {
        asked,
        within_percent: within * 100 / asked,
        error_percent: (error * 100.0 / asked as f64) as usize,
        said_percent: (said * 100.0 / asked as f64) as usize,
    }
}

fn query_total(of: &Organisation, first: jiff::civil::Date, last: jiff::civil::Date) -> i64 {
    let within = of.book().cells.iter().filter(|it| {
        let day = jiff::Timestamp::from_millisecond(it.quarter.start().millis()).expect("a time");
        (first..=last).contains(&day.to_zoned(TimeZone::UTC).date())
    });
    within.map(|it| it.measures.cost.nano()).sum()
}
