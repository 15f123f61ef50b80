//! Single calls, with whom they belong to; those that the asker may not see left out.

use domain::{Attribution, Day, Timestamp};
use insight::PlaceFacts;
use jiff::tz::TimeZone;
use store::BookedCall;

use super::sight::Sight;
use super::{DirectoryAt, FiguresDesk, FiguresError};

/// A call, and whom it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The call.
    pub call: BookedCall,
    /// What follows from where it was made.
    pub attribution: Attribution,
}

/// The day of a moment in that time zone.
pub(crate) fn day_at(at: Timestamp, zone: &TimeZone) -> Option<Day> {
    let moment = jiff::Timestamp::from_millisecond(at.millis()).ok()?;
    Day::parse(&moment.to_zoned(zone.clone()).date().to_string())
}

impl FiguresDesk {
    /// The day of a moment, in the organisation's time zone.
    #[must_use]
    pub fn day_of(&self, at: Timestamp) -> Option<Day> {
        day_at(at, &self.zone)
    }

    /// Whom the calls belong to, those out of sight left out.
    ///
    /// # Errors
    /// [`FiguresError`] where the store fails.
    pub async fn placed(
        &self,
        calls: Vec<BookedCall>,
        sight: &Sight,
        directory: &DirectoryAt,
    ) -> Result<Vec<Placed>, FiguresError> {
        let surroundings = self.surroundings(directory).await?;
        let mut placed = Vec::with_capacity(calls.len());
        for call in calls {
            let Some(day) = self.day_of(call.at) else { continue };
            let attribution = surroundings.attribution(&call.whereabouts, day, call.at.quarter_hour());
            let facts = PlaceFacts { place: call.whereabouts.place.as_ref().clone(), attribution };
            if sight.sees(&facts, &directory.directory, day) {
                placed.push(Placed { call, attribution: facts.attribution });
            }
        }
        Ok(placed)
    }
}
