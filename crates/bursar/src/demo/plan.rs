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

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(seed: u64) -> Plan {
        let until = Day::parse("2026-06-12").unwrap();
        Plan::new(Terms { until, seed, size: Size::Small }).unwrap()
    }

    #[test]
    fn the_same_terms_tell_the_same_story() {
        let told = |seed| format!("{:?}", plan(seed));
        assert_eq!(told(1), told(1));
        assert_ne!(told(1), told(2));
    }

    #[test]
    fn a_session_is_of_one_day_and_a_call_is_one() {
        let plan = plan(3);
        let mut ids = std::collections::HashSet::new();
        for session in &plan.sessions {
            assert!(session.calls().all(|it| Day::of(it.at) == session.day), "{session:?}");
            assert!(session.calls().all(|it| ids.insert(it.id)), "{session:?}");
            let person = plan.organisation.person(session.stage.user).unwrap();
            assert!(session.day >= person.joined && session.day <= plan.calendar.last);
        }
        assert!(ids.len() > 3_000, "{}", ids.len());
    }
}
