//! Who works where: the cast, with the days on which people came or moved.

use std::fmt::Write;

use anyhow::{Result, anyhow};
use domain::{Day, Scope, ScopeKind};

use super::calendar::Calendar;
use super::cast::{DOMAIN, PEOPLE, PROJECTS, Project, REPOS, Repo, TEAMS, Team};
use super::dice::Dice;
use super::size::Size;

/// Those who came while it ran, and how many thousandths of it were over.
const HIRED: [(&str, u64); 6] =
    [("milo", 180), ("paul", 300), ("anouk", 420), ("nils", 500), ("oskar", 610), ("will", 740)];
/// Who changed teams, where to, and how many thousandths were over.
const MOVED: (&str, &str, u64) = ("felix", "platform", 560);
/// How much a person uses the tools beside others, in thousandths: many a little, a few much.
const ZEAL: [u64; 10] = [350, 500, 650, 750, 850, 950, 1_050, 1_250, 1_600, 2_100];

/// The company.
#[derive(Debug)]
pub(super) struct Organisation {
    pub(super) people: Vec<Person>,
    pub(super) teams: Vec<&'static Team>,
    pub(super) repos: Vec<&'static Repo>,
    pub(super) projects: Vec<&'static Project>,
}

/// A developer.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) name: &'static str,
    /// The account on their machine.
    pub(super) user: &'static str,
    /// The first day.
    pub(super) joined: Day,
    pub(super) zeal: u64,
    team: &'static Team,
    moved: Option<(Day, &'static Team)>,
}

impl Person {
    /// The address.
    pub(super) fn email(&self) -> String {
        format!("{}@{DOMAIN}", self.user)
    }

    /// The team on that day.
    pub(super) fn team(&self, day: Day) -> &'static Team {
        match self.moved {
            Some((since, team)) if day >= since => team,
            _ => self.team,
        }
    }

    /// As budgets name them.
    pub(super) fn scope(&self) -> String {
        format!("developer/{}", self.email())
    }
}

impl Organisation {
    /// The company in that size, over those days.
    pub(super) fn new(size: Size, calendar: &Calendar, seed: u64) -> Result<Self> {
        let teams: Vec<_> = TEAMS.iter().take(size.teams()).collect();
        let mut people = Vec::new();
        for team in &teams {
            let of_team = PEOPLE.iter().filter(|it| it.2 == team.id).take(size.people_of_a_team());
            for (name, user, _) in of_team {
                people.push(Person {
                    name,
                    user,
                    joined: joined(user, calendar),
                    zeal: *Dice::of(seed, user).of_these(&ZEAL).unwrap_or(&1_000),
                    team,
                    moved: None,
                });
            }
        }
        let (user, to, per_mille) = MOVED;
        let to = teams.iter().find(|it| it.id == to).copied();
        if let (Some(person), Some(to)) = (people.iter_mut().find(|it| it.user == user), to) {
            person.moved = Some((calendar.at(per_mille), to));
        }
        let is_there = |it: &&Repo| teams.iter().any(|team| team.id == it.team);
        let repos: Vec<_> = REPOS.iter().filter(is_there).collect();
        let is_worked_on = |it: &&Project| repos.iter().any(|repo| repo.project == Some(it.id));
        let projects = PROJECTS.iter().filter(is_worked_on).collect();
        if people.is_empty() || repos.is_empty() {
            return Err(anyhow!("nobody works here"));
        }
        Ok(Self { people, teams, repos, projects })
    }

    /// The person of that account.
    pub(super) fn person(&self, user: &str) -> Result<&Person> {
        self.people.iter().find(|it| it.user == user).ok_or_else(|| anyhow!("nobody is called {user}"))
    }

    /// Those who are in a team on that day.
    pub(super) fn members(&self, team: &str, day: Day) -> Vec<&Person> {
        self.people.iter().filter(|it| it.joined <= day && it.team(day).id == team).collect()
    }

    /// Who leads a team: the first in it.
    pub(super) fn lead(&self, team: &str) -> Result<&Person> {
        let first = self.people.iter().find(|it| it.team.id == team);
        first.ok_or_else(|| anyhow!("nobody is in the team {team}"))
    }

    /// The repositories of a team.
    pub(super) fn repos_of(&self, team: &str) -> Vec<&'static Repo> {
        self.repos.iter().filter(|it| it.team == team).copied().collect()
    }

    /// The file for `bursar org apply`.
    pub(super) fn file(&self) -> Result<String> {
        let mut out = String::new();
        let mut centres: Vec<_> = self.teams.iter().map(|it| it.cost_centre).collect();
        centres.dedup();
        for id in centres {
            writeln!(out, "[[cost_centre]]\nid = {id:?}\n")?;
        }
        for Project { id, client } in &self.projects {
            writeln!(out, "[[client]]\nid = {client:?}\n\n[[project]]\nid = {id:?}\nclient = {client:?}\n")?;
        }
        for Team { id, name, cost_centre, .. } in &self.teams {
            writeln!(out, "[[team]]\nid = {id:?}\nname = {name:?}\ncost_centre = {cost_centre:?}\n")?;
        }
        for person in &self.people {
            writeln!(out, "[[developer]]\nid = {:?}\nname = {:?}", person.email(), person.name)?;
            let team = person.team.id;
            match person.moved {
                None => writeln!(out, "team = {team:?}\n")?,
                Some((since, to)) => writeln!(
                    out,
                    "team = [{{ id = {team:?}, valid_to = \"{}\" }}, {{ id = {:?}, valid_from = \"{since}\" }}]\n",
                    since.previous(),
                    to.id
                )?,
            }
        }
        for Repo { id, project, .. } in &self.repos {
            if let Some(project) = project {
                writeln!(out, "[[repo]]\nid = {id:?}\nproject = {project:?}\n")?;
            }
        }
        Ok(out)
    }
}

/// A scope as budgets and reports name it.
pub(super) fn scope(kind: ScopeKind, name: &str) -> Result<Scope> {
    Ok(Scope::new(kind, name)?)
}

fn joined(user: &str, calendar: &Calendar) -> Day {
    let late = HIRED.iter().find(|it| it.0 == user);
    late.map_or(calendar.first, |(_, per_mille)| calendar.at(*per_mille))
}
