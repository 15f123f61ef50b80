//! What a developer does day by day: comes to work or not, goes on with a branch, talks to
//! the tools.

use domain::{Day, Tool};

use super::calendar::{self, Calendar, Kind};
use super::cast::{Habits, Keeps, Repo, Team, WORK};
use super::dice::Dice;
use super::model;
use super::organisation::{Organisation, Person};
use super::session::{Brief, Session, Stage, play};

/// Days in a thousand on which somebody works, by kind of day.
const AT_WORK: u64 = 910;
const AT_WEEKENDS: u64 = 45;
const AT_HOLIDAYS: u64 = 25;
/// Sessions in a thousand days of an ordinary developer in the middle of the simulation.
const SESSIONS: u64 = 1_020;
/// The same of a Friday, in thousandths of another day.
const FRIDAY: u64 = 780;
/// Sessions in a thousand that are in no repository, and those on the default branch.
const ELSEWHERE: u64 = 45;
const ON_MAIN: u64 = 90;
/// Sessions in a thousand in which a step fails again and again, and how often: from and to.
const LOOPING: u64 = 7;
const LOOPS: (u64, u64) = (6, 14);
/// Repositories in a thousand that are another team's.
const VISITS: u64 = 60;
/// Days of a leave, from and to, and how many leaves there are in a year.
const LEAVE: (u64, u64) = (5, 11);
const LEAVES_IN_A_YEAR: u64 = 4;

/// One developer at work.
pub(super) struct Desk<'a> {
    person: &'a Person,
    organisation: &'a Organisation,
    calendar: &'a Calendar,
    dice: Dice,
    branch: Option<Branch>,
    leaves: Vec<(Day, Day)>,
    opened: u64,
}

/// What somebody works on for some days.
struct Branch {
    repo: &'static Repo,
    name: String,
    days_left: u64,
}

impl<'a> Desk<'a> {
    pub(super) fn new(
        person: &'a Person,
        organisation: &'a Organisation,
        calendar: &'a Calendar,
        seed: u64,
    ) -> Self {
        let mut leaves = Dice::of(seed, &format!("leave/{}", person.user));
        let count = calendar.length().saturating_mul(LEAVES_IN_A_YEAR) / 365;
        let leaves = (0..count).map(|_| {
            let first = calendar.at(leaves.below(1_000));
            let length = leaves.between(LEAVE.0, LEAVE.1);
            (first, Day::new(first.number().saturating_add_unsigned(length)))
        });
        let leaves = leaves.collect();
        let dice = Dice::of(seed, &format!("work/{}", person.user));
        Self { person, organisation, calendar, dice, branch: None, leaves, opened: 0 }
    }

    /// Everything that is done in all days.
    pub(super) fn all(mut self) -> Vec<Session> {
        let calendar = *self.calendar;
        calendar.days().flat_map(|day| self.day(day)).collect()
    }

    fn day(&mut self, day: Day) -> Vec<Session> {
        let often = match calendar::kind(day) {
            Kind::Working => AT_WORK,
            Kind::Weekend => AT_WEEKENDS,
            Kind::Holiday => AT_HOLIDAYS,
        };
        let is_away = self.leaves.iter().any(|it| it.0 <= day && day < it.1);
        // Thrown in any case, so that who is away changes nothing for the days behind.
        if !self.dice.chance(often) || is_away || day < self.person.joined {
            return Vec::new();
        }
        let team = self.person.team(day);
        let branch = self.branch(team);
        let count = self.how_many(day);
        let share = 480_u64.checked_div(count).unwrap_or_default();
        let mut sessions: Vec<Session> = (0..count)
            .map(|number| {
                let from = 480_u64.saturating_add(share.saturating_mul(number));
                let minute = self.dice.between(from, from.saturating_add(share / 2));
                let minute = i64::try_from(minute).unwrap_or_default();
                self.session((day, minute), team, &branch)
            })
            .collect();
        if branch.days_left == 0
            && let Some(last) = sessions.last_mut()
            && last.tool == Tool::ClaudeCode
            && last.stage.branch.as_ref() == Some(&branch.name)
        {
            self.opened = self.opened.saturating_add(1);
            last.pull_request = Some(self.pull_request());
        }
        self.branch = Some(branch).filter(|it| it.days_left > 0);
        sessions
    }

    fn how_many(&mut self, day: Day) -> u64 {
        let friday = if calendar::is_friday(day) { FRIDAY } else { 1_000 };
        let mut expected = SESSIONS;
        for factor in [self.person.zeal, self.calendar.growth(day), friday] {
            expected = expected.saturating_mul(factor) / 1_000;
        }
        let spread = expected.saturating_mul(self.dice.between(500, 1_500)) / 1_000;
        (spread / 1_000).saturating_add(u64::from(self.dice.chance(spread % 1_000))).max(1)
    }

    /// The branch of the day: the one of the day before, or a new one.
    fn branch(&mut self, team: &'static Team) -> Branch {
        if let Some(branch) = self.branch.take() {
            let days_left = branch.days_left.saturating_sub(1);
            return Branch { days_left, ..branch };
        }
        let own = self.organisation.repos_of(team.id);
        let repos = if self.dice.chance(VISITS) { &self.organisation.repos } else { &own };
        let first = own.first().or_else(|| self.organisation.repos.first());
        // An organisation has a repository.
        let repo = self.dice.of_these(repos).or(first).copied().unwrap_or(&super::cast::REPOS[0]);
        let (kind, about) = self.dice.of_these(&WORK).copied().unwrap_or(("chore", "upkeep"));
        let ticket = self.dice.between(100, 999);
        let name = format!("{kind}/{}-{ticket}-{about}", team.tickets);
        Branch { repo, name, days_left: self.dice.between(1, 5) }
    }

    fn pull_request(&self) -> u64 {
        let place = self.organisation.people.iter().position(|it| it.user == self.person.user);
        let place = u64::try_from(place.unwrap_or_default()).unwrap_or_default();
        place.saturating_mul(100).saturating_add(self.opened).saturating_add(100)
    }

    fn session(&mut self, (day, minute): (Day, i64), team: &'static Team, branch: &Branch) -> Session {
        let stage = self.stage(branch);
        let Habits { opus, codex, gemini, cold, subagents, keeps } = team.habits;
        let thrown = self.dice.below(1_000);
        let tool = if thrown < codex {
            Tool::Codex
        } else if thrown < codex.saturating_add(gemini) {
            Tool::GeminiCli
        } else {
            Tool::ClaudeCode
        };
        let is_claude = tool == Tool::ClaudeCode;
        let loops = if self.dice.chance(LOOPING) { self.dice.between(LOOPS.0, LOOPS.1) } else { 0 };
        let brief = Brief {
            tool,
            models: model::lead(tool, (day, self.calendar), opus, &mut self.dice),
            day,
            minute,
            turns: self.dice.about(4).max(1),
            calls: 3,
            context: self.dice.between(18_000, 42_000),
            fresh: (2_500, 30_000),
            output: self.dice.between(1_500, 6_500),
            cold,
            keeps,
            subagents: if is_claude { subagents } else { 0 },
            pace: ((12, 80), (1, 22)),
            loops: if is_claude { loops } else { 0 },
        };
        play(&brief, stage, &mut self.dice)
    }

    fn stage(&mut self, branch: &Branch) -> Stage {
        let thrown = self.dice.below(1_000);
        if thrown < ELSEWHERE {
            return Stage {
                user: self.person.user,
                folder: format!("/home/{}/scratch", self.person.user),
                repo: None,
                branch: None,
            };
        }
        let is_main = thrown < ELSEWHERE.saturating_add(ON_MAIN);
        let name = if is_main { "main".to_owned() } else { branch.name.clone() };
        stage(self.person, branch.repo, name)
    }
}

/// A working copy of a repository.
pub(super) fn stage(person: &Person, repo: &'static Repo, branch: String) -> Stage {
    let name = repo.id.rsplit('/').next().unwrap_or_default();
    let folder = format!("/home/{}/src/{name}", person.user);
    Stage { user: person.user, folder, repo: Some(repo), branch: Some(branch) }
}

/// What an unusual session begins with: all of it is changed where it is planted.
pub(super) fn usual(day: Day, minute: i64) -> Brief {
    Brief {
        tool: Tool::ClaudeCode,
        models: (&model::OPUS, &model::OPUS),
        day,
        minute,
        turns: 4,
        calls: 4,
        context: 30_000,
        fresh: (2_500, 30_000),
        output: 4_000,
        cold: 60,
        keeps: Keeps::Hour,
        subagents: 0,
        pace: ((10, 40), (1, 6)),
        loops: 0,
    }
}
