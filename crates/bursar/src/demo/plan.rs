//! Everything that happens, before any of it is written down: the same for the same last
//! day, seed and size.

use std::thread;

use anyhow::{Result, anyhow};
use domain::Day;

use super::calendar::Calendar;
use super::organisation::Organisation;
use super::plants::{self, Plant};
use super::session::Session;
use super::size::Size;
use super::work::Desk;

/// What decides everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Terms {
    /// The last day.
    pub(super) until: Day,
    pub(super) seed: u64,
    pub(super) size: Size,
}

/// Everything that happens.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) terms: Terms,
    pub(super) calendar: Calendar,
    pub(super) organisation: Organisation,
    pub(super) plants: Vec<Plant>,
    /// In the order of people, then of days.
    pub(super) sessions: Vec<Session>,
}

impl Plan {
    /// Makes it up.
    pub(super) fn new(terms: Terms) -> Result<Self> {
        let Terms { until, seed, size } = terms;
        let calendar = Calendar::months_until(until, size.months())?;
        let organisation = Organisation::new(size, &calendar, seed)?;
        let (plants, planted) = plants::all(&organisation, &calendar, (size, seed))?;
        let played: Result<Vec<Vec<Session>>> = thread::scope(|scope| {
            let desks = organisation.people.iter().map(|person| {
                let desk = Desk::new(person, &organisation, &calendar, seed);
                scope.spawn(move || desk.all())
            });
            let desks: Vec<_> = desks.collect();
            desks.into_iter().map(|it| it.join().map_err(|_| anyhow!("nobody came to work"))).collect()
        });
        let sessions = played?.into_iter().flatten().chain(planted).collect();
        Ok(Self { terms, calendar, organisation, plants, sessions })
    }

    /// The sessions of an account.
    pub(super) fn sessions_of<'a>(&'a self, user: &'a str) -> impl Iterator<Item = &'a Session> {
        self.sessions.iter().filter(move |it| it.stage.user == user)
    }
}
