//! A made-up organisation with a seed: developers who work on weekdays, spend unevenly and
//! take to the tools slowly, and the unusual things that were planted among them.

use std::sync::Arc;

use domain::{
    Attributed, Attribution, Cell, Developer, Evidence, Measures, ModelName, NanoUsd, OutputConfidence,
    Place, Provider, RepoId, Service, SessionId, Team, Terms, Timestamp, Tool, Usage,
};
use insight::{Book, PlaceFacts, ServiceFacts};

/// 2026-06-01, a Monday.
pub const FIRST: i64 = 1_780_272_000_000;
/// Milliseconds of a day.
pub const DAY: i64 = 86_400_000;
const DEVELOPERS: usize = 40;
const TEAMS: usize = 6;
const REPOS: usize = 25;

/// Something unusual that is known to be there.
#[derive(Debug, Clone)]
pub struct Planted {
    pub kind: &'static str,
    /// The developer, team or repository.
    pub subject: String,
    pub first: usize,
    pub last: usize,
}

pub struct Organisation {
    pub days: usize,
    cells: Vec<Cell>,
    places: Vec<PlaceFacts>,
    services: Vec<ServiceFacts>,
    pub planted: Vec<Planted>,
}

/// xorshift64*, with the normal numbers of Box and Muller.
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn unit(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let bits = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11;
        (bits as f64 + 0.5) / (1_u64 << 53) as f64
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.unit() * bound as f64) as usize
    }

    pub fn normal(&mut self) -> f64 {
        (-2.0 * self.unit().ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }
}

/// What a day of the organisation is like beside chance.
#[derive(Debug, Clone, Copy)]
pub struct Character {
    /// How much more the last day costs than the first, as growth of adoption.
    pub growth: f64,
    /// How unevenly a developer spends.
    pub scatter: f64,
}

impl Organisation {
    pub fn new(seed: u64, days: usize, character: Character) -> Self {
        let mut chance = Chance::new(seed);
        let mut it =
            Self { days, cells: Vec::new(), places: Vec::new(), services: services(), planted: Vec::new() };
        let levels: Vec<f64> = (0..DEVELOPERS).map(|_| 9.0 * (0.6 * chance.normal()).exp()).collect();
        it.planted = planted(&mut chance, days);
        for day in 0..days {
            let grown = 1.0 + character.growth * day as f64 / days as f64;
            for (who, level) in levels.iter().enumerate() {
                it.day(&mut chance, (day, who), level * grown, character.scatter);
            }
        }
        it
    }

    pub fn book(&self) -> Book<'_> {
        Book { cells: &self.cells, places: &self.places, services: &self.services }
    }

    /// The middle of the afternoon of the last day.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(FIRST + DAY * (self.days as i64 - 1) + DAY / 2 + DAY / 4)
    }

    fn day(&mut self, chance: &mut Chance, (day, who): (usize, usize), level: f64, scatter: f64) {
        let is_holiday = day % 61 == 33;
        let active = match day % 7 {
            _ if is_holiday => 0.05,
            5 | 6 => 0.08,
            4 => 0.7,
            _ => 0.8,
        };
        let developer = format!("dev{who:02}@acme.example");
        let team = format!("team-{}", who % TEAMS);
        let is = |kind: &str, subject: &str, planted: &Planted| {
            planted.kind == kind
                && planted.subject == subject
                && (planted.first..=planted.last).contains(&day)
        };
        let spike = self.planted.iter().any(|it| is("day", &developer, it));
        let runaway = self.planted.iter().find(|it| is("session", &developer, it)).map(|it| it.first);
        let overspent = self.planted.iter().any(|it| is("team", &team, it));
        let own = who * 7 % REPOS;
        if self.planted.iter().any(|it| is("repo", &format!("github.com/acme/repo-{own:02}"), it)) {
            // A batch that somebody runs over it, whoever else works.
            self.cell((day, who), &format!("batch-{who}-{day}"), own, 140.0 + 60.0 * chance.unit());
        }
        if chance.unit() > active && !spike {
            return;
        }
        let mut cost = level * (scatter * chance.normal()).exp();
        if spike {
            cost = level.max(6.0) * (12.0 + 10.0 * chance.unit());
        }
        if overspent {
            cost *= 2.2;
        }
        let sessions = 1 + chance.below(3);
        for number in 0..sessions {
            let repo = (who * 7 + chance.below(4)) % REPOS;
            self.cell((day, who), &format!("s{who}-{day}-{number}"), repo, cost / sessions as f64);
        }
        if let Some(begun) = runaway {
            self.cell((day, who), &format!("runaway-{who}-{begun}"), who % REPOS, level.max(10.0) * 7.0);
        }
    }

    fn cell(&mut self, (day, who): (usize, usize), session: &str, repo: usize, dollars: f64) {
        let place = self.places.len() as u32;
        self.places.push(PlaceFacts {
            place: Place::of(Tool::ClaudeCode, SessionId::new(session)),
            attribution: Attribution {
                developer: known(Developer::new(&format!("dev{who:02}@acme.example")), Evidence::Credential),
                team: known(Team::new(&format!("team-{}", who % TEAMS)), Evidence::Directory),
                repo: known(RepoId::new(&format!("github.com/acme/repo-{repo:02}")), Evidence::Remote),
                ..Attribution::default()
            },
        });
        let cost = NanoUsd::new((dollars * 1e9) as i64);
        let at = Timestamp::from_millis(FIRST + DAY * day as i64 + DAY / 2);
        self.cells.push(Cell {
            quarter: at.quarter_hour(),
            place,
            service: place.is_multiple_of(5).into(),
            output: OutputConfidence::Final,
            measures: Measures { calls: 40, unpriced_calls: 0, usage: Usage::ZERO, list: cost, cost },
        });
    }
}

#[expect(clippy::unnecessary_wraps, reason = "what an attribution holds")]
fn known<T>(value: T, evidence: Evidence) -> Option<Attributed<T>> {
    Some(Attributed { value, evidence })
}

fn services() -> Vec<ServiceFacts> {
    ["claude-sonnet-5-5", "claude-opus-5-5"]
        .map(|model| ServiceFacts {
            service: Service { model: ModelName::new(model), provider: None, terms: Terms::STANDARD },
            model: Arc::from(model),
            provider: Provider::new("anthropic"),
            priced: true,
        })
        .to_vec()
}

/// Six days of developers, three runaways of two nights, two teams that overspend for two
/// weeks, two batches on a repository.
fn planted(chance: &mut Chance, days: usize) -> Vec<Planted> {
    let mut all = Vec::new();
    let mut plant = |kind, subject, first: usize, len: usize| {
        all.push(Planted { kind, subject, first, last: first + len - 1 });
    };
    for number in 0..6 {
        let at = 63 + number * 17 + chance.below(9);
        plant("day", format!("dev{:02}@acme.example", number * 5 + chance.below(5)), at.min(days - 2), 1);
    }
    for number in 0..3 {
        // A Monday, so that the runaway has two days of work.
        let at = 70 + number * 28;
        plant("session", format!("dev{:02}@acme.example", 30 + number * 3 + chance.below(3)), at, 2);
    }
    for number in 0..2 {
        plant("team", format!("team-{}", number * 3 + chance.below(3)), 77 + number * 56, 14);
    }
    for number in 0..2 {
        let who = chance.below(DEVELOPERS);
        plant("repo", format!("github.com/acme/repo-{:02}", (who * 7) % REPOS), 92 + number * 35, 1);
    }
    all
}
