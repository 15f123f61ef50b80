//! What may be asked of `bursar insight`, and what each answer must read: one door for the
//! command line and the server.

use domain::{Dimension, SessionTally, Timestamp};
use pricing::Pricer;

use crate::anomaly::{Anomalies, anomalies, anomaly_query, unusual_sessions_query};
use crate::book::Book;
use crate::efficiency::{Efficiency, efficiency};
use crate::forecast::{Ahead, Forecast, Plan, forecast, history_query};
use crate::models::{Models, models, of_a_period};
use crate::overview::{Beside, Overview, overview};
use crate::query::Query;
use crate::report::ReportError;
use crate::teams::{Teams, teams};
use crate::trends::{Trends, trends, trends_query};

/// A subject that there is insight into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// One screen.
    Overview,
    /// How spend moves.
    Trends,
    /// What is unusual.
    Anomalies,
    /// What will have been spent.
    Forecast,
    /// How well it is used.
    Efficiency,
    /// What teams were given and used.
    Teams,
    /// Where it goes.
    Models,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Insight {
    /// One screen.
    Overview(Box<Overview>),
    /// How spend moves.
    Trends(Box<Trends>),
    /// What is unusual.
    Anomalies(Box<Anomalies>),
    /// What will have been spent.
    Forecast(Box<Forecast>),
    /// How well it is used.
    Efficiency(Box<Efficiency>),
    /// What teams were given and used.
    Teams(Box<Teams>),
    /// Where it goes.
    Models(Box<Models>),
}

/// What is known beside the book.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Budgets, verdicts, and whether people are told apart.
    pub beside: Beside<'a>,
    /// How sessions went.
    pub tallies: &'a [SessionTally],
    /// What models cost.
    pub pricer: &'a Pricer,
    /// What will be different.
    pub plan: &'a Plan,
}

impl Topic {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Overview,
        Self::Trends,
        Self::Anomalies,
        Self::Forecast,
        Self::Efficiency,
        Self::Teams,
        Self::Models,
    ];

    /// The name in addresses, options and schemas.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Trends => "trends",
            Self::Anomalies => "anomalies",
            Self::Forecast => "forecast",
            Self::Efficiency => "efficiency",
            Self::Teams => "teams",
            Self::Models => "models",
        }
    }

    /// The topic of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// The questions whose sums answer it: their periods, and every dimension that is told apart.
    #[must_use]
    pub fn reads(self, query: &Query, now: Timestamp) -> Vec<Query> {
        let month = || of_a_period(query, now).unwrap_or_else(|_| query.clone());
        let by = |asked: Query, by: &[Dimension]| {
            let group_by = by.iter().chain(&query.group_by).copied().collect();
            Query { group_by, ..asked }
        };
        let days = |asked: Query| by(asked, &[Dimension::Day]);
        let sessions = |asked: &Query| by(unusual_sessions_query(asked, now), &[Dimension::Session]);
        match self {
            Self::Overview => {
                let asked = month();
                let unusual = days(anomaly_query(&asked, now));
                let budgets = days(Ahead::query(&query.timezone, now));
                vec![budgets, days(history_query(query, now)), unusual, sessions(&asked), days(asked)]
            }
            Self::Teams => {
                let budgets = days(Ahead::query(&query.timezone, now));
                vec![budgets, days(history_query(query, now)), days(month())]
            }
            Self::Trends => vec![days(trends_query(query, now))],
            Self::Anomalies => vec![days(anomaly_query(query, now)), sessions(query)],
            Self::Forecast => vec![days(history_query(query, now))],
            Self::Efficiency => {
                let asked = Query { compare: false, ..month() };
                vec![by(asked, &[Dimension::Session, Dimension::Branch])]
            }
            Self::Models => vec![days(month())],
        }
    }
}

/// The answer.
///
/// # Errors
/// [`ReportError`] where the question makes no sense or a sum does not fit.
pub fn insight(
    topic: Topic,
    query: &Query,
    book: &Book<'_>,
    known: &Known<'_>,
    now: Timestamp,
) -> Result<Insight, ReportError> {
    let beside = &known.beside;
    Ok(match topic {
        Topic::Overview => Insight::Overview(Box::new(overview(query, book, beside, now)?)),
        Topic::Trends => Insight::Trends(Box::new(trends(query, book, now)?)),
        Topic::Anomalies => {
            let found = anomalies(query, book, beside.judgements, beside.individuals, now)?;
            Insight::Anomalies(Box::new(found))
        }
        Topic::Forecast => Insight::Forecast(Box::new(forecast(query, book, known.plan, now)?)),
        Topic::Efficiency => {
            Insight::Efficiency(Box::new(efficiency(query, book, known.tallies, beside.individuals, now)?))
        }
        Topic::Teams => Insight::Teams(Box::new(teams(query, book, beside.budgets, now)?)),
        Topic::Models => Insight::Models(Box::new(models(query, book, known.pricer, now)?)),
    })
}
