//! What is planted into ordinary work for others to find: days that cost far more than
//! they should, each of one scope.

use anyhow::Result;
use domain::{Day, Scope, ScopeKind};

use super::calendar::Calendar;
use super::cast::Repo;
use super::dice::Dice;
use super::organisation::{Organisation, Person, scope};
use super::session::{Brief, Session, play};
use super::size::Size;
use super::work::{stage, usual};

/// The branch of what is planted.
const BRANCH: &str = "spike/long-run";
/// How far a plant may lie from its place, in thousandths of the simulation, either way.
const JITTER: u64 = 12;
/// Those who take part in a rewrite.
const REWRITERS: usize = 5;

/// Kinds of anomaly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An agent that nobody watched worked through the night.
    RunawayNight,
    /// A developer's cache never held for a day.
    ColdCache,
    /// One session that went on and on.
    LongSession,
    /// A team works on everything at once.
    TeamRush,
    /// Several people have one repository rewritten.
    RepoRewrite,
    /// The whole company tries things out.
    CompanyDay,
}

impl Kind {
    /// The name in the list of truths.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::RunawayNight => "runaway_night",
            Self::ColdCache => "cold_cache",
            Self::LongSession => "long_session",
            Self::TeamRush => "team_rush",
            Self::RepoRewrite => "repo_rewrite",
            Self::CompanyDay => "company_day",
        }
    }

    /// What happened, for people.
    pub(super) const fn describe(self) -> &'static str {
        match self {
            Self::RunawayNight => "an agent went on through the night, in circles at its end",
            Self::ColdCache => "every prompt was written to the cache anew",
            Self::LongSession => "one session went on and on",
            Self::TeamRush => "the whole team had agents at work on everything at once",
            Self::RepoRewrite => "several people had one repository rewritten",
            Self::CompanyDay => "everybody tried things out on one day",
        }
    }
}

/// What is planted, and how many thousandths of the simulation are over then.
const FULL: [(Kind, u64); 12] = [
    (Kind::ColdCache, 300),
    (Kind::LongSession, 360),
    (Kind::TeamRush, 430),
    (Kind::RepoRewrite, 500),
    (Kind::LongSession, 560),
    (Kind::RunawayNight, 620),
    (Kind::CompanyDay, 680),
    (Kind::ColdCache, 740),
    (Kind::TeamRush, 800),
    (Kind::RepoRewrite, 860),
    (Kind::LongSession, 915),
    (Kind::RunawayNight, 970),
];
const SMALL: [(Kind, u64); 3] = [(Kind::LongSession, 600), (Kind::TeamRush, 780), (Kind::RunawayNight, 940)];

/// One of them.
#[derive(Debug)]
pub(super) struct Plant {
    pub(super) kind: Kind,
    pub(super) scope: Scope,
    pub(super) day: Day,
}

/// The plants, and the sessions that they are made of.
pub(super) fn all(
    organisation: &Organisation,
    calendar: &Calendar,
    (size, seed): (Size, u64),
) -> Result<(Vec<Plant>, Vec<Session>)> {
    let list: &[(Kind, u64)] = match size {
        Size::Full => &FULL,
        Size::Small => &SMALL,
    };
    let (mut plants, mut sessions) = (Vec::new(), Vec::new());
    for (number, (kind, per_mille)) in list.iter().enumerate() {
        let mut dice = Dice::of(seed, &format!("plant/{number}"));
        let place = per_mille.saturating_sub(JITTER).saturating_add(dice.below(JITTER.saturating_mul(2)));
        let day = calendar.working_day_until(calendar.at(place));
        let mut garden = Garden { organisation, day, dice };
        let (scope, mut grown) = garden.grow(*kind)?;
        grown.iter_mut().for_each(|it| it.plant = Some(number));
        plants.push(Plant { kind: *kind, scope, day });
        sessions.append(&mut grown);
    }
    Ok((plants, sessions))
}

/// Where one is planted.
struct Garden<'a> {
    organisation: &'a Organisation,
    day: Day,
    dice: Dice,
}

type Grown = (Scope, Vec<Session>);

impl<'a> Garden<'a> {
    fn grow(&mut self, kind: Kind) -> Result<Grown> {
        match kind {
            Kind::RunawayNight => {
                let brief = Brief {
                    turns: 14,
                    calls: 36,
                    fresh: (8_000, 32_000),
                    output: 7_000,
                    pace: ((8, 30), (1, 2)),
                    loops: 40,
                    ..usual(self.day, 35)
                };
                self.of_one(&[brief])
            }
            Kind::ColdCache => {
                let at = |minute| Brief {
                    turns: 9,
                    calls: 1,
                    context: 120_000,
                    cold: 1_000,
                    ..usual(self.day, minute)
                };
                self.of_one(&[485, 560, 650, 760, 880].map(at))
            }
            Kind::LongSession => {
                let day = usual(self.day, 530);
                let brief = Brief {
                    turns: 13,
                    calls: 12,
                    fresh: (8_000, 32_000),
                    output: 9_000,
                    context: 80_000,
                    ..day
                };
                let (_, sessions) = self.of_one(&[brief])?;
                let id = sessions.first().map(|it| it.id.clone()).unwrap_or_default();
                Ok((scope(ScopeKind::Session, &id)?, sessions))
            }
            Kind::TeamRush => {
                let team = self.dice.of_these(&self.organisation.teams).map_or("platform", |it| it.id);
                let members = self.organisation.members(team, self.day);
                let sessions = self.of_all(&members, &self.busy(&[500, 640, 780, 920], 6), None);
                Ok((scope(ScopeKind::Team, team)?, sessions))
            }
            Kind::RepoRewrite => {
                let repo = self.dice.of_these(&self.organisation.repos).copied();
                let members = self.organisation.members(repo.map_or("platform", |it| it.team), self.day);
                let some = members.get(..REWRITERS.min(members.len())).unwrap_or_default();
                let sessions = self.of_all(some, &self.busy(&[500, 660, 820], 8), repo);
                Ok((scope(ScopeKind::Repo, repo.map_or("", |it| it.id))?, sessions))
            }
            Kind::CompanyDay => {
                let there = |it: &&Person| it.joined <= self.day;
                let all: Vec<&Person> = self.organisation.people.iter().filter(there).collect();
                let sessions = self.of_all(&all, &self.busy(&[520, 760], 6), None);
                Ok((Scope::organisation(), sessions))
            }
        }
    }

    /// Sessions of many turns that begin at these minutes.
    fn busy(&self, minutes: &[i64], turns: u64) -> Vec<Brief> {
        let brief = |minute: &i64| Brief { turns, calls: 6, output: 5_000, ..usual(self.day, *minute) };
        minutes.iter().map(brief).collect()
    }

    /// Of somebody who has been there from the beginning.
    fn of_one(&mut self, briefs: &[Brief]) -> Result<Grown> {
        let first = self.organisation.people.first().map(|it| it.joined);
        let old: Vec<&Person> =
            self.organisation.people.iter().filter(|it| Some(it.joined) == first).collect();
        let person = match self.dice.of_these(&old) {
            Some(person) => *person,
            None => self.organisation.lead("platform")?,
        };
        let sessions = self.of_all(&[person], briefs, None);
        Ok((scope(ScopeKind::Developer, &person.email())?, sessions))
    }

    /// Each of these people has each of these sessions, in one repository or in their own.
    fn of_all(
        &mut self,
        people: &[&'a Person],
        briefs: &[Brief],
        repo: Option<&'static Repo>,
    ) -> Vec<Session> {
        let mut sessions = Vec::new();
        for person in people {
            let own = self.organisation.repos_of(person.team(self.day).id);
            let Some(repo) = repo.or_else(|| self.dice.of_these(&own).copied()) else { continue };
            for brief in briefs {
                let stage = stage(person, repo, BRANCH.to_owned());
                sessions.push(play(brief, stage, &mut self.dice));
            }
        }
        sessions
    }
}
