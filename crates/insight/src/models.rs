//! Which models and providers the money goes to, how that moves, and what a cheaper model
//! would have cost.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{
    Cell, Dimension, Measures, NanoUsd, OutputConfidence, Overflow, Service, Timestamp, Tokens, Usage,
};
use jiff::civil::Date;
use pricing::{Pricer, ResolvedModel, Used};

use crate::book::Book;
use crate::calendar;
use crate::codes::CodeMap;
use crate::cut::{CutError, Sieves};
use crate::query::Query;
use crate::report::{Figures, ReportError, ReportPeriod, report};
use crate::series::today;
use crate::text::PerMille;

/// What must be said beside every price of a cheaper model.
pub const CHEAPER_CAVEAT: &str = "Estimated from sums of calls, for the same tokens; another model would have \
     used others. `bursar report --what-if` prices call by call.";
/// The dearest models that are compared with cheaper ones.
const COMPARED: usize = 3;
/// Cheaper models that each is compared with.
const ALTERNATIVES: usize = 3;

/// Models and providers of a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Models {
    /// The period.
    pub period: ReportPeriod,
    /// The period before.
    pub before: Option<ReportPeriod>,
    /// Everything.
    pub total: Figures,
    /// Models, the dearest first.
    pub models: Vec<MixRow>,
    /// Providers, the dearest first.
    pub providers: Vec<MixRow>,
    /// What each model cost in each week of the period, by its Monday.
    pub weeks: Vec<MixWeek>,
    /// What cheaper models would have cost, the largest saving first.
    pub cheaper: Vec<Cheaper>,
}

/// A model or provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MixRow {
    /// Which.
    pub value: Arc<str>,
    /// Its calls, and how that changed.
    pub figures: Figures,
    /// Its part of the cost.
    pub share: Option<PerMille>,
    /// Its part of the cost of the period before.
    pub share_before: Option<PerMille>,
}

/// A week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MixWeek {
    /// Its Monday.
    pub monday: Date,
    /// Models with calls, the dearest first.
    pub models: Vec<(Arc<str>, NanoUsd)>,
}

/// A model in the place of a dearer one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cheaper {
    /// The model that was used.
    pub from: Arc<str>,
    /// A cheaper one that is used as well.
    pub to: Arc<str>,
    /// Calls that both have a price for.
    pub calls: u64,
    /// What they cost.
    pub actual: NanoUsd,
    /// What they would have cost.
    pub hypothetical: NanoUsd,
}

/// The question with this month for a period, unless it names one, and what came before it:
/// the same as a report of that period that is compared. Nothing comes before all time.
///
/// # Errors
/// [`ReportError::OutsideCalendar`] for moments that have no day.
pub fn of_a_period(query: &Query, now: Timestamp) -> Result<Query, ReportError> {
    let mut asked = Query { group_by: Vec::new(), period: None, top: None, ..query.clone() };
    if asked.span.since.is_none() && !asked.span.is_all_time() {
        let first = today(query, now)?.first_of_month();
        asked.span.since = calendar::midnight(first, &query.timezone);
    }
    asked.compare = asked.span.since.is_some();
    Ok(asked)
}

/// Models and providers of a question, this month's unless it names a period.
///
/// # Errors
/// [`ReportError`] where the question makes no sense or a sum does not fit.
pub fn models(
    query: &Query,
    book: &Book<'_>,
    pricer: &Pricer,
    now: Timestamp,
) -> Result<Models, ReportError> {
    let asked = of_a_period(query, now)?;
    let (whole, models) = mix(&asked, Dimension::Model, book, now)?;
    let (_, providers) = mix(&asked, Dimension::Provider, book, now)?;
    let cheaper = cheaper(&asked, &models, book, pricer)?;
    Ok(Models {
        weeks: weeks(&asked, book, now)?,
        period: whole.period,
        before: whole.compared_with,
        total: whole.total,
        models,
        providers,
        cheaper,
    })
}

fn mix(
    asked: &Query,
    by: Dimension,
    book: &Book<'_>,
    now: Timestamp,
) -> Result<(crate::report::Report, Vec<MixRow>), ReportError> {
    let report = report(&Query { group_by: vec![by], ..asked.clone() }, book, now)?;
    let before = report.total.change.map(|it| it.before).unwrap_or_default();
    let rows = report.rows.iter().filter_map(|row| {
        let was = row.figures.change.map(|it| it.before).unwrap_or_default();
        Some(MixRow {
            value: Arc::clone(&row.key.first()?.value),
            figures: row.figures,
            share: PerMille::of_money(row.figures.measures.cost, report.total.measures.cost),
            share_before: PerMille::of_money(was, before),
        })
    });
    let rows = rows.collect();
    Ok((report, rows))
}

fn weeks(asked: &Query, book: &Book<'_>, now: Timestamp) -> Result<Vec<MixWeek>, ReportError> {
    let by = vec![Dimension::Week, Dimension::Model];
    let cut = Query { group_by: by, compare: false, ..asked.clone() };
    let mut weeks: BTreeMap<Date, Vec<(Arc<str>, NanoUsd)>> = BTreeMap::new();
    for row in report(&cut, book, now)?.rows {
        let mut key = row.key.into_iter().map(|it| it.value);
        let monday = key.next().and_then(|it| it.parse().ok());
        if let (Some(monday), Some(model)) = (monday, key.next()) {
            weeks.entry(monday).or_default().push((model, row.figures.measures.cost));
        }
    }
    Ok(weeks.into_iter().map(|(monday, models)| MixWeek { monday, models }).collect())
}

/// What the dearest models would have cost as cheaper ones that are used as well, from sums:
/// each sum by the ratio of the two prices of its average call.
fn cheaper(
    asked: &Query,
    mix: &[MixRow],
    book: &Book<'_>,
    pricer: &Pricer,
) -> Result<Vec<Cheaper>, ReportError> {
    let used: Vec<&MixRow> = mix.iter().filter(|it| it.figures.measures.cost > NanoUsd::ZERO).collect();
    let mut found = Vec::new();
    for from in used.iter().take(COMPARED) {
        let mut of_one = Vec::new();
        let averages = averages(asked, &from.value, book, pricer)?;
        for to in used.iter().filter(|it| it.value != from.value) {
            let Some(target) = pricer.resolve(&domain::ModelName::new(&to.value), None) else { continue };
            let answer = instead((&from.value, &to.value), &averages, &target, pricer)?;
            of_one.extend(answer.filter(|it| it.hypothetical < it.actual));
        }
        of_one.sort_by_key(|it| it.hypothetical);
        of_one.truncate(ALTERNATIVES);
        found.extend(of_one);
    }
    let saving = |it: &Cheaper| it.hypothetical.nano().saturating_sub(it.actual.nano());
    found.sort_by_key(saving);
    Ok(found)
}

/// A sum of calls of a model, and what its average call used and cost.
struct Average<'a> {
    cell: &'a Cell,
    service: &'a Service,
    usage: Usage,
    price: i128,
}

/// The sums of a model, each with its average call, as far as that has a price.
fn averages<'a>(
    asked: &Query,
    model: &Arc<str>,
    book: &Book<'a>,
    pricer: &Pricer,
) -> Result<Vec<Average<'a>>, ReportError> {
    let mut sieves = Sieves::new(asked, book)?;
    let mut resolved: CodeMap<u32, Option<ResolvedModel>> = CodeMap::default();
    let mut found = Vec::new();
    for cell in book.cells.iter().filter(|it| asked.span.holds(it.quarter)) {
        let facts = usize::try_from(cell.service).ok().and_then(|it| book.services.get(it));
        let facts = facts.ok_or(CutError::NoSuchService(cell.service))?;
        if facts.model != *model || cell.measures.unpriced_calls > 0 || !sieves.keep(cell)? {
            continue;
        }
        let service = &facts.service;
        let own = resolved
            .entry(cell.service)
            .or_insert_with(|| pricer.resolve(&service.model, service.provider.as_ref()));
        let Some(usage) = average(&cell.measures) else { continue };
        let Some(price) = price(cell, (&usage, service), own.as_ref(), pricer) else { continue };
        found.push(Average { cell, service, usage, price });
    }
    Ok(found)
}

/// What sums would have cost: each its cost by the ratio of the two prices of its average call.
fn instead(
    (from, to): (&Arc<str>, &Arc<str>),
    averages: &[Average<'_>],
    target: &ResolvedModel,
    pricer: &Pricer,
) -> Result<Option<Cheaper>, ReportError> {
    let mut answer = Cheaper {
        from: Arc::clone(from),
        to: Arc::clone(to),
        calls: 0,
        actual: NanoUsd::ZERO,
        hypothetical: NanoUsd::ZERO,
    };
    for Average { cell, service, usage, price: own } in averages {
        let cost = cell.measures.cost;
        let hypothetical = price(cell, (usage, service), Some(target), pricer).and_then(|other| {
            let scaled = i128::from(cost.nano()).checked_mul(other)?.checked_div(*own)?;
            i64::try_from(scaled).ok().map(NanoUsd::new)
        });
        let Some(hypothetical) = hypothetical else { continue };
        answer.calls = answer.calls.checked_add(cell.measures.calls).ok_or(Overflow)?;
        answer.actual = answer.actual.plus(cost)?;
        answer.hypothetical = answer.hypothetical.plus(hypothetical)?;
    }
    Ok((answer.calls > 0).then_some(answer))
}

/// What the average call of a sum costs with a model.
fn price(
    cell: &Cell,
    (usage, service): (&Usage, &Service),
    model: Option<&ResolvedModel>,
    pricer: &Pricer,
) -> Option<i128> {
    let used = Used::stated(usage, OutputConfidence::Final);
    let priced = pricer.price(model, cell.quarter.start(), used, &service.terms);
    priced.ok().map(|it| i128::from(it.contract.nano()))
}

/// The usage of the average call of a sum.
fn average(measures: &Measures) -> Option<Usage> {
    let calls = measures.calls;
    let part = |it: Tokens| it.count().checked_div(calls).map(Tokens::new);
    let usage = &measures.usage;
    Some(Usage {
        input: part(usage.input)?,
        output: part(usage.output)?,
        cache_read: part(usage.cache_read)?,
        cache_write_5m: part(usage.cache_write_5m)?,
        cache_write_1h: part(usage.cache_write_1h)?,
        reasoning: part(usage.reasoning)?,
        web_searches: usage.web_searches.checked_div(calls)?,
    })
}
