//! Counters, and what is held in them.

use domain::NanoUsd;
use ledger::calendar::{Today, Window};
use ledger::{Counter, DayOpened, Ending, Held, Past, Reservation, ReservationId, ReservationState, Told};
use serde::{Deserialize, Serialize};

use super::agreed::CeilingWire;
use super::{HeldWire, KeyWire, NotARow, PrintWire, is_zero, moment, usd};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CounterWire {
    start: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end: Option<i64>,
    #[serde(default, skip_serializing_if = "is_zero")]
    base: i64,
    #[serde(default, skip_serializing_if = "is_zero")]
    carried: i64,
    #[serde(default, skip_serializing_if = "is_zero")]
    moved: i64,
    #[serde(default, skip_serializing_if = "is_zero")]
    moved_below: i64,
    #[serde(default, skip_serializing_if = "is_zero")]
    spent: i64,
    #[serde(default, skip_serializing_if = "is_zero")]
    reserved: i64,
    #[serde(default, skip_serializing_if = "is_zero")]
    leased: i64,
    #[serde(default, skip_serializing_if = "is_zero")]
    overrun: i64,
    ceiling: CeilingWire,
    #[serde(default, skip_serializing_if = "is_nothing")]
    told_percent: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    told_forecast_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    day: Option<DayWire>,
    touched: i64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands in a reference")]
const fn is_nothing(percent: &u16) -> bool {
    *percent == 0
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DayWire {
    starts: i64,
    ends: i64,
    is_working: bool,
    days_past: u32,
    days_left: u32,
    opening: i64,
}

impl DayWire {
    const fn of(it: &DayOpened) -> Self {
        let DayOpened { today, opening } = it;
        Self {
            starts: today.starts.millis(),
            ends: today.ends.millis(),
            is_working: today.is_working,
            days_past: today.days_past,
            days_left: today.days_left,
            opening: opening.nano(),
        }
    }

    const fn day(self) -> DayOpened {
        let today = Today {
            starts: moment(self.starts),
            ends: moment(self.ends),
            is_working: self.is_working,
            days_past: self.days_past,
            days_left: self.days_left,
        };
        DayOpened { today, opening: usd(self.opening) }
    }
}

impl CounterWire {
    pub(super) fn of(it: &Counter) -> Self {
        Self {
            start: it.window.start.millis(),
            end: it.window.end.map(domain::Timestamp::millis),
            base: it.base.nano(),
            carried: it.carried.nano(),
            moved: it.moved.nano(),
            moved_below: it.moved_below.nano(),
            spent: it.spent.nano(),
            reserved: it.reserved.nano(),
            leased: it.leased.nano(),
            overrun: it.overrun.nano(),
            ceiling: CeilingWire::of(it.ceiling),
            told_percent: it.told.percent,
            told_forecast_at: it.told.forecast_at.map(domain::Timestamp::millis),
            day: it.day.as_ref().map(DayWire::of),
            touched: it.touched.millis(),
        }
    }

    pub(super) fn counter(self) -> Result<Counter, NotARow> {
        if self.end.is_some_and(|end| end <= self.start) {
            return Err("a period ends before it begins".to_owned());
        }
        Ok(Counter {
            window: Window { start: moment(self.start), end: self.end.map(moment) },
            base: usd(self.base),
            carried: usd(self.carried),
            moved: usd(self.moved),
            moved_below: usd(self.moved_below),
            spent: usd(self.spent),
            reserved: usd(self.reserved),
            leased: usd(self.leased),
            overrun: usd(self.overrun),
            ceiling: self.ceiling.ceiling(),
            told: Told { percent: self.told_percent, forecast_at: self.told_forecast_at.map(moment) },
            day: self.day.map(DayWire::day),
            touched: moment(self.touched),
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PastWire {
    budget: KeyWire,
    counter: CounterWire,
}

impl PastWire {
    pub(super) fn of(it: &Past) -> Self {
        Self { budget: KeyWire::of(&it.key), counter: CounterWire::of(&it.counter) }
    }

    pub(super) fn past(self) -> Result<Past, NotARow> {
        Ok(Past { key: self.budget.key()?, counter: self.counter.counter()? })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReservationWire {
    id: String,
    at: i64,
    expires_at: i64,
    amount: i64,
    held: Vec<HeldWire>,
    asked: PrintWire,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended: Option<EndedWire>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EndedWire {
    at: i64,
    how: EndingWire,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum EndingWire {
    Settled(i64),
    Released,
    /// With what was told late.
    Expired(Option<i64>),
}

impl ReservationWire {
    pub(super) fn of(it: &Reservation) -> Self {
        let ended = match it.state {
            ReservationState::Open => None,
            ReservationState::Ended { at, ending } => {
                let how = match ending {
                    Ending::Settled(cost) => EndingWire::Settled(cost.nano()),
                    Ending::Released => EndingWire::Released,
                    Ending::Expired { late } => EndingWire::Expired(late.map(NanoUsd::nano)),
                };
                Some(EndedWire { at: at.millis(), how })
            }
        };
        Self {
            id: it.id.to_string(),
            at: it.at.millis(),
            expires_at: it.expires_at.millis(),
            amount: it.amount.nano(),
            held: it.held.iter().map(HeldWire::of).collect(),
            asked: PrintWire::of(it.asked),
            ended,
        }
    }

    pub(super) fn reservation(self) -> Result<Reservation, NotARow> {
        let state = match self.ended {
            None => ReservationState::Open,
            Some(EndedWire { at, how }) => {
                let ending = match how {
                    EndingWire::Settled(cost) => Ending::Settled(usd(cost)),
                    EndingWire::Released => Ending::Released,
                    EndingWire::Expired(late) => Ending::Expired { late: late.map(usd) },
                };
                ReservationState::Ended { at: moment(at), ending }
            }
        };
        Ok(Reservation {
            id: ReservationId::new(&self.id),
            at: moment(self.at),
            expires_at: moment(self.expires_at),
            amount: usd(self.amount),
            held: self.held.iter().map(HeldWire::held).collect::<Result<Vec<Held>, _>>()?,
            asked: self.asked.print()?,
            state,
        })
    }
}
