//! What a report reads: sums of calls, and what is known of places and services.

use std::sync::Arc;

use domain::{Attribution, Cell, Confidence, Dimension, Place, Provider, Service, Timestamp, Tool};
use pricing::Pricer;

use crate::query::Query;
use crate::span::Span;

/// How anything that is not known is called, in every key and filter.
pub const UNKNOWN: &str = "unknown";

/// Everything that one report reads.
#[derive(Debug, Clone, Copy)]
pub struct Book<'a> {
    /// Sums of calls by quarter hour, place, model and output confidence.
    pub cells: &'a [Cell],
    /// Places, by [`Cell::place`].
    pub places: &'a [PlaceFacts],
    /// Services, by [`Cell::service`].
    pub services: &'a [ServiceFacts],
}

impl Book<'_> {
    /// The cells that lie in the period of a question, or in the one that it is compared with:
    /// for who asks several questions about a part of a long book.
    pub(crate) fn cells_of(&self, query: &Query, now: Timestamp) -> Vec<Cell> {
        let span = Span::between(query.begins(now), query.span.until);
        self.cells.iter().filter(|it| span.holds(it.quarter)).copied().collect()
    }
}

/// A place and whom its calls belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceFacts {
    /// The place, as the tool recorded it.
    pub place: Place,
    /// What follows from it.
    pub attribution: Attribution,
}

impl PlaceFacts {
    /// Its answer to a dimension, and how sure it is where that is a question;
    /// `None` where nobody knows, and for dimensions that are not of places.
    pub(crate) fn answer(&self, dimension: Dimension) -> Option<(&str, Option<Confidence>)> {
        macro_rules! attributed {
            ($field:ident) => {
                self.attribution.$field.as_ref().map(|it| (it.value.as_str(), Some(it.confidence())))
            };
        }
        match dimension {
            Dimension::Developer => attributed!(developer),
            Dimension::Repo => attributed!(repo),
            Dimension::Branch => attributed!(branch),
            Dimension::PullRequest => attributed!(pull_request),
            Dimension::Ticket => attributed!(ticket),
            Dimension::Task => attributed!(task),
            Dimension::Client => attributed!(client),
            Dimension::Project => attributed!(project),
            Dimension::Team => attributed!(team),
            Dimension::CostCentre => attributed!(cost_centre),
            Dimension::Tool => Some((self.place.tool.name(), None)),
            Dimension::Session => Some((self.place.session.as_str(), None)),
            Dimension::Model
            | Dimension::Provider
            | Dimension::Day
            | Dimension::Week
            | Dimension::Month
            | Dimension::Hour => None,
        }
    }
}

/// Whether the dimension is an attribution, which rests on evidence, and not a
/// fact of every call.
pub(crate) const fn is_attributed(dimension: Dimension) -> bool {
    matches!(
        dimension,
        Dimension::Developer
            | Dimension::Repo
            | Dimension::Branch
            | Dimension::PullRequest
            | Dimension::Ticket
            | Dimension::Task
            | Dimension::Client
            | Dimension::Project
            | Dimension::Team
            | Dimension::CostCentre
    )
}

/// A service that was asked for, and what the price book makes of it. Services
/// that differ in their terms alone are one model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceFacts {
    /// The service, as the calls name it.
    pub service: Service,
    /// The price book's name of the model, or the name as it occurred.
    pub model: Arc<str>,
    /// Who serves it; [`UNKNOWN`] where nobody knows.
    pub provider: Provider,
    /// Whether the price book knows the model.
    pub priced: bool,
}

impl ServiceFacts {
    /// What the price book makes of a service.
    #[must_use]
    pub fn of(service: &Service, pricer: &Pricer) -> Self {
        let resolved = pricer.resolve(&service.model, service.provider.as_ref());
        let named = || service.provider.clone().unwrap_or_else(|| Provider::new(UNKNOWN));
        Self {
            service: service.clone(),
            model: resolved
                .as_ref()
                .map_or_else(|| Arc::from(service.model.as_str()), |it| Arc::from(it.model().as_str())),
            provider: resolved.as_ref().map_or_else(named, |it| it.provider().clone()),
            priced: resolved.is_some(),
        }
    }
}

/// What was read to fill a [`Book`], and what could not be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sources {
    /// By tool, those with files only.
    pub tools: Vec<ToolSource>,
    /// Files that could not be opened or read.
    pub unreadable_files: u64,
    /// Records in readable files that made no sense.
    pub problem_records: u64,
    /// The newest record of all.
    pub newest: Option<Timestamp>,
}

impl Sources {
    /// Files read, of all tools.
    #[must_use]
    pub fn files(&self) -> u64 {
        self.tools.iter().fold(0, |sum, it| sum.saturating_add(it.files))
    }

    /// Bytes in them.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.tools.iter().fold(0, |sum, it| sum.saturating_add(it.bytes))
    }
}

/// What was read of one tool's logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToolSource {
    /// The tool.
    pub tool: Tool,
    /// Files, those that are gone by now included.
    pub files: u64,
    /// Bytes in them.
    pub bytes: u64,
}

/// Where the figures of a report come from, to be printed beside them.
#[derive(Debug, Clone, Copy)]
pub struct Provenance<'a> {
    /// What was read.
    pub sources: &'a Sources,
    /// The digest of the price book that priced it.
    pub price_book: &'a str,
}
