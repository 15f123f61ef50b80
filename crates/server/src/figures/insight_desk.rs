//! The answers behind the dashboard: the same as `bursar insight` gives on one machine, with the
//! budgets and verdicts of the organisation beside them.

use domain::{QuarterHour, Seen, Timestamp};
use insight::anomaly::{Anomalies, Individuals, Judgement, anomalies};
use insight::budget_line::BudgetLine;
use insight::forecast::Plan;
use insight::models::of_a_period;
use insight::overview::{Beside, SeenTwice};
use insight::{Format, Insight, Known, ReportError, Span, Topic, csv, render, wire};

use super::layout::Layout;
use super::{Asked, Asker, FiguresDesk, FiguresError, Written, blocking, grain};

/// How far back the newest call is looked for by the quarter hour.
const RECENT_MILLIS: i64 = 2 * 24 * 60 * 60 * 1_000;

/// What stands beside the figures.
#[derive(Debug, Clone)]
pub(crate) struct Around {
    /// Budgets that the asker sees.
    pub(crate) budgets: Vec<BudgetLine>,
    /// What people said of anomalies.
    pub(crate) judgements: Vec<Judgement>,
    /// Whether people are told apart.
    pub(crate) individuals: Individuals,
    /// What will be different.
    pub(crate) plan: Plan,
}

impl FiguresDesk {
    /// The answer on a topic, written as asked.
    ///
    /// # Errors
    /// [`FiguresError`].
    pub(crate) async fn insight(
        &self,
        topic: Topic,
        asked: Asked,
        around: Around,
    ) -> Result<Written, FiguresError> {
        let Asked { parameters, sight, directory, now } = self.whole_teams(asked);
        let reads = topic.reads(&parameters.query, now);
        let asker = Asker { sight: &sight, directory: &directory };
        let tallies = if topic == Topic::Efficiency { self.store.sessions().await? } else { Vec::new() };
        let laid = self.lay_out(&self.portions(&reads, now), asker).await?;
        let newest = if topic == Topic::Overview { self.newest(asker, &laid, now).await? } else { None };
        let pricer = std::sync::Arc::clone(&self.pricer);
        let query = parameters.query.clone();
        let (laid, answer) = blocking(move || {
            let answer = Self::with_book(&laid, |book| {
                let seen =
                    if topic == Topic::Overview { Some(seen(&laid, &query, book, now)?) } else { None };
                let beside = Beside {
                    budgets: &around.budgets,
                    judgements: &around.judgements,
                    individuals: around.individuals,
                    seen,
                    newest,
                };
                let known = Known { beside, tallies: &tallies, pricer: &pricer, plan: &around.plan };
                insight::insight(topic, &query, book, &known, now)
            })?;
            Ok::<(Layout, Insight), FiguresError>((laid, answer))
        })
        .await?;
        let text = match parameters.format {
            Format::Json => wire::insight_json(&answer, &self.provenance(&laid.sources))?,
            Format::Csv => csv::insight_csv(&answer),
            Format::Table => render::insight_text(&answer, &parameters.terminal),
        };
        Ok(Written { format: parameters.format, text })
    }

    /// Takes the sums of the first page into memory, of this month and of the last.
    ///
    /// # Errors
    /// [`FiguresError::Store`].
    pub(crate) async fn read_ahead(&self, now: Timestamp) -> Result<(), FiguresError> {
        let this_month = insight::Query::total(self.zone.clone());
        let last_month = Span::named("last-month", &self.zone, now).ok();
        let last_month = last_month.map(|span| insight::Query { span, ..this_month.clone() });
        let months = [Some(this_month), last_month].into_iter().flatten();
        let reads: Vec<_> = months.flat_map(|it| Topic::Overview.reads(&it, now)).collect();
        for grain::Portion { from, to, grain } in self.portions(&reads, now) {
            self.store.cells(grain, from, to).await?;
        }
        Ok(())
    }

    /// What is unusual, for whoever has something to say of it.
    ///
    /// # Errors
    /// [`FiguresError`].
    pub(crate) async fn unusual(
        &self,
        asked: Asked,
        individuals: Individuals,
    ) -> Result<Anomalies, FiguresError> {
        let Asked { parameters, sight, directory, now } = asked;
        let reads = Topic::Anomalies.reads(&parameters.query, now);
        let asker = Asker { sight: &sight, directory: &directory };
        let laid = self.lay_out(&self.portions(&reads, now), asker).await?;
        blocking(move || {
            Self::with_book(&laid, |book| anomalies(&parameters.query, book, &[], individuals, now))
        })
        .await
    }

    /// When the newest call was made: to the quarter hour of late, else to the day.
    async fn newest(
        &self,
        asker: Asker<'_>,
        laid: &Layout,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, FiguresError> {
        let since = Timestamp::from_millis(now.millis().saturating_sub(RECENT_MILLIS));
        let span = Span::between(Some(since), None);
        let recent = insight::Query { span, ..insight::Query::total(self.zone.clone()) };
        let recent = self.lay_out(&grain::by_quarter(&recent, now), asker).await?;
        let past = laid.cells.iter().chain(&recent.cells).map(|it| it.quarter);
        let past = past.filter(|it| it.start() <= now);
        Ok(past.max().map(QuarterHour::start))
    }
}

/// How much of the period more than one kind of source saw.
fn seen(
    laid: &Layout,
    query: &insight::Query,
    book: &insight::Book<'_>,
    now: Timestamp,
) -> Result<SeenTwice, ReportError> {
    let kept = insight::kept_cells(&of_a_period(query, now)?, book)?;
    let cells = laid.cells.iter().zip(&laid.seen).zip(kept).filter(|it| it.1).map(|it| it.0);
    let mut sum = SeenTwice { calls: 0, once: 0 };
    for (cell, seen) in cells {
        sum.calls = sum.calls.saturating_add(cell.measures.calls);
        if Seen::kinds(*seen).count() == 1 {
            sum.once = sum.once.saturating_add(cell.measures.calls);
        }
    }
    Ok(sum)
}
