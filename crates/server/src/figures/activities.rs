//! What happened beside calls, by day, developer, team and kind, for whoever may see it.

use std::collections::BTreeMap;

use attribution::organisation;
use domain::{ActivityKind, Attributed, Attribution, Day, Developer, Evidence, Overflow, Team};
use insight::{ReportError, Span};
use store::ActivitySum;

use super::commits::each_once;
use super::{Asked, FiguresDesk, FiguresError};

/// What a row is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ActivityKey {
    /// The day.
    pub day: Day,
    /// Whose it was; none where nobody is known.
    pub developer: Option<Developer>,
    /// Their team on that day.
    pub team: Option<Team>,
    /// What happened.
    pub kind: ActivityKind,
}

/// Rows by what they are of, with how much.
pub type Activities = BTreeMap<ActivityKey, u64>;

impl FiguresDesk {
    /// What happened on the days of a period that the asker sees.
    ///
    /// # Errors
    /// [`FiguresError`] where the store fails or a sum does not fit.
    pub async fn activities(&self, asked: &Asked) -> Result<Activities, FiguresError> {
        let Span { since, until, .. } = asked.parameters.query.span;
        let from = since.unwrap_or_default();
        let sums = self.store.activities(from, until.unwrap_or(asked.now)).await?;
        let mut rows = Activities::new();
        for sum in each_once(sums) {
            let attribution = self.whose(&sum, asked);
            let sight = &asked.sight;
            if !sight.sees_whom(&attribution, &asked.directory.directory, sum.day) {
                continue;
            }
            let key = ActivityKey {
                day: sum.day,
                developer: attribution.developer.map(|it| it.value),
                team: attribution.team.map(|it| it.value),
                kind: sum.kind,
            };
            let amount = rows.entry(key).or_default();
            *amount = amount.checked_add(sum.amount).ok_or_else(|| ReportError::from(Overflow))?;
        }
        Ok(rows)
    }

    /// The person whose credential reported it, else the one who was claimed; with their
    /// team on that day.
    pub(super) fn whose(&self, sum: &ActivitySum, asked: &Asked) -> Attribution {
        let by_credential = sum.developer.as_ref().map(|it| (it, Evidence::Credential));
        let named = by_credential.or_else(|| sum.claimed.as_ref().map(|it| (it, Evidence::Claim)));
        let developer = named.map(|(it, evidence)| Attributed { value: self.rules.developer(it), evidence });
        let attribution = Attribution { developer, ..Attribution::default() };
        organisation::on_day(attribution, &asked.directory.directory, sum.day)
    }
}
