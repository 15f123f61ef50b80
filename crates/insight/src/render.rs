//! Reports for people: a title, a table, a total, and what must be known to read it.

mod explain;
mod figures;
mod heading;
mod insight;
mod notes;
mod prices;
mod report;
mod sessions;
mod turns;
mod value;
mod what_if;

pub use explain::explain_text;
pub use insight::insight_text;
pub use prices::prices_text;
pub use report::report_text;
pub use sessions::{session_text, sessions_text};
