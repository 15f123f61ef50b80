//! What was spent since a moment, on each value of a dimension.

use std::sync::Arc;

use domain::{Dimension, Measures, Timestamp};
use insight::{Query, Span};

use super::sight::Sight;
use super::{Asker, DirectoryAt, FiguresDesk, FiguresError};

/// A value, and the sums of its calls.
pub type Cost = (Arc<str>, Measures);

impl FiguresDesk {
    /// What was spent from a moment on, by the values of a dimension; all of it as one row
    /// without a value where there is none.
    ///
    /// # Errors
    /// [`FiguresError`].
    pub async fn costs(
        &self,
        by: Option<Dimension>,
        since: Option<Timestamp>,
        (sight, directory): (&Sight, &DirectoryAt),
        now: Timestamp,
    ) -> Result<Vec<Cost>, FiguresError> {
        let mut query = Query::total(self.zone.clone());
        query.group_by = by.into_iter().collect();
        query.span = Span::between(since, None);
        let asker = Asker { sight, directory };
        let laid = self.lay_out(&self.portions(std::slice::from_ref(&query), now), asker).await?;
        super::blocking(move || {
            let report = Self::with_book(&laid, |book| insight::report(&query, book, now))?;
            if query.group_by.is_empty() {
                return Ok(vec![(Arc::from(""), report.total.measures)]);
            }
            let value = |it: insight::report::Row| Some((it.key.first()?.value.clone(), it.figures.measures));
            Ok(report.rows.into_iter().filter_map(value).collect())
        })
        .await
    }
}
