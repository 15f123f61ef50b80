//! Single calls, with whom they belong to; those that the asker may not see left out.

use domain::{Attribution, Day, Measures, NanoUsd, Timestamp};
use insight::{PlaceFacts, TurnCall};
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

impl Placed {
    /// The call, as far as turns are told of.
    #[must_use]
    pub fn in_turn(&self) -> TurnCall<'_> {
        let call = &self.call;
        let (list, cost) = match call.price {
            Ok(price) => (price.list, price.contract),
            Err(_) => (NanoUsd::ZERO, NanoUsd::ZERO),
        };
        let unpriced_calls = u64::from(call.price.is_err());
        TurnCall {
            at: call.at,
            thread: call.whereabouts.place.thread,
            turn: call.turn,
            measures: Measures { calls: 1, unpriced_calls, usage: call.usage, list, cost },
            tools: &call.tools,
        }
    }
}

/// The calls in the order of time, as turns are told of.
#[must_use]
pub fn in_turns(placed: &[Placed]) -> Vec<TurnCall<'_>> {
    placed.iter().map(Placed::in_turn).collect()
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
