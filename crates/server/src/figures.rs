//! What the book answers: reports, sessions and coverage, for whoever may see them.
//!
//! Sums come from the store, whom they belong to from the surroundings (folders, pull
//! requests, tags) and from the organisation's directory on the day of the calls. The
//! answers are computed by `insight`, the same as on one machine.
//!
//! Reading order: [`sight`] (who may see what), `grain` (which sums are enough),
//! `surroundings` (what calls belong to), `layout` (sums laid out for `insight`),
//! [`FiguresDesk`], [`coverage`].

pub mod activities;
pub mod calls;
pub mod commits;
pub mod costs;
pub mod coverage;
mod grain;
pub(crate) mod insight_desk;
mod layout;
mod one_session;
pub mod sight;
mod subtree;
mod surroundings;
pub mod timeline;

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

use attribution::Rules;
use domain::{Dimension, Directory, SessionId, SessionTally, Timestamp};
use insight::{
    Asides, Format, Parameters, Provenance, Query, Report, ReportError, SessionError, SessionMark, Sessions,
    Sources, Swap, SwapError, WhatIf, WhatIfCall, WhatIfDesk, csv, render, wire,
};
use jiff::tz::TimeZone;
use pricing::{Pricer, Used};
use store::{CallQuery, Cells, Store, StoreError};

use self::grain::Portion;
use self::layout::Layout;
use self::sight::Sight;
use self::surroundings::Surroundings;

/// Calls that are read at once for a what-if.
const CALLS_AT_ONCE: usize = 5_000;

/// The organisation's directory, and which version of it this is.
#[derive(Debug, Clone, Default)]
pub struct DirectoryAt {
    /// The version of the books that it was read from.
    pub version: u64,
    /// What it says.
    pub directory: Arc<Directory>,
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum FiguresError {
    /// The question makes no sense.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// There is no such session, or more than one.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The models to try make no sense.
    #[error(transparent)]
    Swap(#[from] SwapError),
    /// Rows alone cannot say what was asked.
    #[error("csv holds rows alone: for figures and what_if ask for format=json or format=table")]
    RowsAlone,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The answer could not be written.
    #[error("the answer could not be written as JSON")]
    Json(#[from] serde_json::Error),
    /// The work was given up, because the server stops.
    #[error("the server is stopping; ask again")]
    Stopping,
}

/// Where questions are answered.
#[derive(Clone)]
pub struct FiguresDesk {
    store: Store,
    rules: Arc<Rules>,
    pricer: Arc<Pricer>,
    zone: TimeZone,
    surroundings: Arc<RwLock<Arc<Surroundings>>>,
}

/// An answer as it goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// How it is written.
    pub format: Format,
    /// The text.
    pub text: String,
}

impl FiguresDesk {
    /// Over that book, with the organisation's rules, prices and time zone.
    #[must_use]
    pub fn new(store: Store, rules: Rules, pricer: Pricer, zone: TimeZone) -> Self {
        Self { store, rules: Arc::new(rules), pricer: Arc::new(pricer), zone, surroundings: Arc::default() }
    }

    /// The organisation's time zone.
    #[must_use]
    pub const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The answer to a question of `bursar report`, written as asked.
    ///
    /// # Errors
    /// [`FiguresError`].
    pub async fn report(&self, asked: Asked) -> Result<Written, FiguresError> {
        let Asked { parameters, sight, directory, now } = self.whole_teams(asked);
        if parameters.format == Format::Csv && (parameters.figures || parameters.what_if.is_some()) {
            return Err(FiguresError::RowsAlone);
        }
        let swaps = parameters.what_if.as_deref().map(|it| Swap::parse(it, &self.pricer)).transpose()?;
        let tallies = if parameters.figures { self.store.sessions().await? } else { Vec::new() };
        let query = parameters.query.clone();
        // What leaders ask for looks at sessions, and a what-if at calls.
        let portions = match &swaps {
            None if parameters.figures => self.portions(&[query.clone(), of_sessions(&query)], now),
            None => self.portions(std::slice::from_ref(&query), now),
            Some(_) => grain::by_quarter(&query, now),
        };
        let asker = Asker { sight: &sight, directory: &directory };
        let laid = self.lay_out(&portions, asker).await?;
        let (laid, report, mut asides) = blocking(move || {
            let report = Self::with_book(&laid, |book| insight::report(&query, book, now))?;
            let mut asides = Asides::default();
            if parameters.figures {
                asides.figures =
                    Some(Self::with_book(&laid, |book| insight::figures(&query, book, &tallies, now))?);
            }
            Ok::<_, FiguresError>((laid, report, asides))
        })
        .await?;
        if let Some(swaps) = swaps {
            asides.what_if = self.what_if(swaps, &parameters.query, &laid).await?;
        }
        self.write_report(&parameters, &report, &asides, &laid)
    }

    fn write_report(
        &self,
        parameters: &Parameters,
        report: &Report,
        asides: &Asides,
        laid: &Layout,
    ) -> Result<Written, FiguresError> {
        let provenance = self.provenance(&laid.sources);
        let text = match parameters.format {
            Format::Json => wire::report_json(report, asides, &provenance)?,
            Format::Csv => csv::report_csv(report),
            Format::Table => render::report_text(report, asides, &provenance, &parameters.terminal),
        };
        Ok(Written { format: parameters.format, text })
    }

    /// The answer to a question of `bursar sessions`, written as asked; a page of it, where
    /// one is asked for.
    ///
    /// # Errors
    /// [`FiguresError`].
    pub async fn sessions(&self, asked: Asked, page: Option<SessionPage>) -> Result<Written, FiguresError> {
        let Asked { parameters, sight, directory, now } = self.whole_teams(asked);
        let tallies = self.store.sessions().await?;
        let asker = Asker { sight: &sight, directory: &directory };
        let laid = self.lay_out(&self.portions(&[of_sessions(&parameters.query)], now), asker).await?;
        let query = parameters.query.clone();
        let (laid, sessions): (Layout, Sessions) = blocking(move || {
            let tallies: Vec<SessionTally> = tallies;
            let mut sessions = Self::with_book(&laid, |book| insight::sessions(&query, book, &tallies, now))?;
            if let Some(SessionPage { after, limit }) = page {
                sessions.keep_page(after.as_ref(), limit);
            }
            Ok::<_, FiguresError>((laid, sessions))
        })
        .await?;
        let provenance = self.provenance(&laid.sources);
        let zone = &parameters.query.timezone;
        let text = match parameters.format {
            Format::Json => wire::sessions_json(&sessions, &provenance, zone)?,
            Format::Csv => csv::sessions_csv(&sessions, zone),
            Format::Table => render::sessions_text(&sessions, &provenance, zone, &parameters.terminal),
        };
        Ok(Written { format: parameters.format, text })
    }

    /// Which sources saw how much of the spend of a period, by session, developer and day.
    ///
    /// # Errors
    /// [`FiguresError`].
    pub async fn coverage(&self, asked: Asked, by: Dimension) -> Result<coverage::Coverage, FiguresError> {
        let Asked { parameters, sight, directory, now } = self.whole_teams(asked);
        let query = Query { group_by: vec![by], ..parameters.query };
        let asker = Asker { sight: &sight, directory: &directory };
        let laid = self.lay_out(&self.portions(std::slice::from_ref(&query), now), asker).await?;
        blocking(move || {
            let kept =
                Self::with_book(&laid, |book| insight::kept_cells(&query, book).map_err(ReportError::from))?;
            let coverage = laid.with_places(|places| coverage::of(by, &laid, &kept, places, &query.timezone));
            Ok(coverage.map_err(ReportError::from)?)
        })
        .await
    }

    /// A question about a team is one about everything below it.
    fn whole_teams(&self, mut asked: Asked) -> Asked {
        let until = asked.parameters.query.span.until.map_or(asked.now, |it| it.min(asked.now));
        let day = self.day_of(until).unwrap_or_else(|| domain::Day::of(until));
        asked.parameters.query =
            subtree::with_parts_of_teams(asked.parameters.query, &asked.directory.directory, day);
        asked
    }

    fn provenance<'a>(&'a self, sources: &'a Sources) -> Provenance<'a> {
        Provenance { sources, price_book: self.pricer.digest() }
    }

    /// The sums that are enough to answer some questions.
    fn portions(&self, queries: &[Query], now: Timestamp) -> Vec<Portion> {
        grain::portions(queries, &self.zone, &self.rules, now)
    }

    /// Those sums, with everything known about them.
    async fn lay_out(&self, portions: &[Portion], asker: Asker<'_>) -> Result<Layout, FiguresError> {
        let mut days = Vec::new();
        let mut names = Arc::default();
        for Portion { from, to, grain } in portions {
            let cells = self.store.cells(*grain, *from, *to).await?;
            days.extend(cells.days);
            // The later ones know all that the earlier ones do.
            names = cells.names;
        }
        let cells = Cells { days, names };
        let surroundings = self.surroundings(asker.directory).await?;
        let pricer = Arc::clone(&self.pricer);
        let sight = asker.sight.clone();
        blocking(move || Ok(layout::lay_out(&cells, &surroundings, &sight, &pricer))).await
    }

    /// What is around the calls: as known, unless something of it changed.
    async fn surroundings(&self, directory: &DirectoryAt) -> Result<Arc<Surroundings>, FiguresError> {
        let version = self.store.surroundings_version().await?;
        let known = Arc::clone(&self.surroundings.read().unwrap_or_else(PoisonError::into_inner));
        if known.is_of(version, directory.version) {
            return Ok(known);
        }
        let folders = self.store.folders().await?;
        let links = self.store.pull_requests().await?;
        let tags = self.store.tags().await?;
        let linked: BTreeSet<SessionId> = links.iter().map(|it| it.session.clone()).collect();
        let linked = self.store.whereabouts_of(linked.into_iter().collect()).await?;
        let rules = Arc::clone(&self.rules);
        let told = surroundings::Told { version, folders, links, linked, tags, rules };
        let fresh = Surroundings::new(told, directory.clone());
        let fresh = Arc::new(fresh);
        *self.surroundings.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&fresh);
        Ok(fresh)
    }

    fn with_book<T>(
        laid: &Layout,
        ask: impl FnOnce(&insight::Book<'_>) -> Result<T, ReportError>,
    ) -> Result<T, FiguresError> {
        let (cells, services) = (&*laid.cells, &*laid.services);
        Ok(laid.with_places(|places| ask(&insight::Book { cells, places, services }))?)
    }

    /// Prices the calls that the question keeps again, under other models.
    async fn what_if(
        &self,
        swaps: Vec<Swap>,
        query: &Query,
        laid: &Layout,
    ) -> Result<Vec<WhatIf>, FiguresError> {
        let kept = Self::with_book(laid, |book| insight::kept_cells(query, book).map_err(ReportError::from))?;
        let kept = laid.kept_keys(&kept);
        let mut desk = WhatIfDesk::new(&self.pricer, swaps);
        let mut ask = CallQuery {
            from: query.span.since,
            to: query.span.until,
            limit: CALLS_AT_ONCE,
            ..CallQuery::default()
        };
        loop {
            let page = self.store.calls(ask.clone()).await?;
            for call in page.calls.iter().filter(|it| kept.contains(&layout::key_of(it))) {
                desk.add(&WhatIfCall {
                    model: &call.service.model,
                    provider: call.service.provider.as_ref(),
                    at: call.at,
                    used: Used::stated(&call.usage, call.output),
                    terms: &call.service.terms,
                    cost: call.price.as_ref().ok().map(|it| it.contract),
                })
                .map_err(ReportError::from)?;
            }
            match page.next {
                Some(next) => ask.after = Some(next),
                None => return Ok(desk.answers()),
            }
        }
    }
}

/// A page of sessions.
#[derive(Debug, Clone)]
pub struct SessionPage {
    /// What the page before ended with.
    pub after: Option<SessionMark>,
    /// How many rows.
    pub limit: usize,
}

/// A question, who asks it, and when.
#[derive(Debug, Clone)]
pub struct Asked {
    /// What is asked.
    pub parameters: Parameters,
    /// What the asker may see.
    pub sight: Sight,
    /// The organisation.
    pub directory: DirectoryAt,
    /// The moment.
    pub now: Timestamp,
}

/// Who asks, of which organisation.
#[derive(Clone, Copy)]
struct Asker<'a> {
    sight: &'a Sight,
    directory: &'a DirectoryAt,
}

/// The question that reads what answers it session by session.
fn of_sessions(query: &Query) -> Query {
    let group_by = vec![Dimension::Session, Dimension::Branch];
    Query { group_by, compare: false, ..query.clone() }
}

/// Runs what takes milliseconds of a core where it holds up nobody.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FiguresError> + Send + 'static,
) -> Result<T, FiguresError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| FiguresError::Stopping)?
}

#[cfg(test)]
mod tests;
