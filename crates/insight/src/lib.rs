//! What the figures say: reports, sessions, the numbers that leaders ask for,
//! what-ifs, and how all of them are printed.
//!
//! Pure functions over sums of calls. Nothing here reads a file, a clock or the
//! environment: the moment, the time zone, the width of the terminal and whether
//! it has colour are arguments. No float touches money, and parts always add up
//! to the whole.
//!
//! Reading order, which is that of the arrows too: a module uses those before it.
//!
//! - `text` and [`table`] write numbers and lines, `calendar` knows days;
//! - [`book`] is what is read, [`span`] and [`query`] are what is asked, [`parameters`]
//!   how a request asks it;
//! - `cut` lays a question over a book, [`change`] compares two sums;
//! - [`report`](mod@report) answers it; [`sessions`](mod@sessions), [`figures`](mod@figures)
//!   and [`session_detail`] (with its [`turns`](mod@turns)) are further answers made of reports, [`what_if`] prices
//!   calls again, [`explain`] shows how one was priced;
//! - [`asides`] is what stands beside a report;
//! - [`series`] are days, `stretches` some of them together, [`forecast`](mod@forecast) goes on from them, [`anomaly`] finds the
//!   unusual among them; [`trends`](mod@trends), [`models`](mod@models),
//!   [`efficiency`](mod@efficiency), [`teams`](mod@teams) and [`overview`](mod@overview) are
//!   what a dashboard shows, and [`topic`] is the one door to them;
//! - [`wire`] (JSON, a stable contract), [`csv`] and [`render`] (for people) print
//!   the answers, [`statusline`](mod@statusline) is one line of its own.

#![deny(clippy::float_arithmetic, clippy::as_conversions)]

pub mod anomaly;
pub mod asides;
pub mod book;
pub mod budget_line;
mod calendar;
pub mod change;
mod codes;
pub mod csv;
mod cut;
mod daily;
pub mod efficiency;
pub mod explain;
pub mod figures;
#[cfg(test)]
mod fixtures;
pub mod forecast;
pub mod models;
pub mod overview;
pub mod parameters;
pub mod query;
pub mod render;
pub mod report;
pub mod series;
pub mod session_detail;
mod session_page;
pub mod sessions;
pub mod span;
pub mod statusline;
mod stretches;
pub mod table;
pub mod teams;
mod text;
pub mod topic;
pub mod trends;
pub mod turns;
pub mod what_if;
pub mod wire;

pub use asides::Asides;
pub use book::{Book, PlaceFacts, Provenance, ServiceFacts, Sources, ToolSource, UNKNOWN};
pub use change::{Change, Rate};
pub use cut::CutError;
pub use explain::ExplainedCall;
pub use figures::{LeaderFigures, figures};
pub use parameters::{Format, ParameterError, Parameters};
pub use query::{Filter, Pattern, Period, Query, QueryError};
pub use report::{Report, ReportError, report};
pub use session_detail::{SessionDetail, SessionError, SessionNotes, session};
pub use session_page::SessionMark;
pub use sessions::{Course, SessionRow, Sessions, cache_hit, sessions};
pub use span::{Named, Span, SpanError};
pub use statusline::{Spent, StatuslineFacts, StatuslineInput, statusline};
pub use table::{Charset, Color, Terminal, printable};
pub use text::{PerMille, dollars};
pub use topic::{Insight, Known, Topic, insight};
pub use turns::{TurnCall, Turns, turns};
pub use what_if::{Swap, SwapError, WhatIf, WhatIfCall, WhatIfDesk, kept_cells};
