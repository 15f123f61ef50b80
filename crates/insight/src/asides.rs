//! What may be asked beside a report, and is printed under it.

use crate::figures::LeaderFigures;
use crate::what_if::WhatIf;

/// What was asked besides the report itself; nothing by default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Asides {
    /// The figures that leaders ask for, by [`figures`](fn@crate::figures).
    pub figures: Option<LeaderFigures>,
    /// What-ifs, by [`crate::WhatIfDesk`].
    pub what_if: Vec<WhatIf>,
}
