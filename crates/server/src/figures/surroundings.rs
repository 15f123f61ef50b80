//! Everything that says whom calls belong to, and what it says, remembered until
//! something of it changes.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use attribution::{FolderFacts, Known, PullRequests, Rules, TagKey, Tags, attribute_reported, organisation};
use domain::{Attribution, Day, Directory, Folder, PrLink, QuarterHour, Whereabouts};
use insight::PlaceFacts;
use store::{FolderReport, SessionTag};

use super::DirectoryAt;

/// What the store was told about folders, pull requests and sessions.
pub(super) struct Told {
    pub(super) version: u64,
    pub(super) folders: Vec<FolderReport>,
    pub(super) links: Vec<PrLink>,
    /// Where the sessions of the links were.
    pub(super) linked: Vec<Arc<Whereabouts>>,
    pub(super) tags: Vec<SessionTag>,
    pub(super) rules: Arc<Rules>,
}

/// The surroundings of all calls.
#[derive(Default)]
pub(super) struct Surroundings {
    versions: Option<(u64, u64)>,
    rules: Arc<Rules>,
    folders: HashMap<Folder, FolderFacts>,
    pull_requests: PullRequests,
    tags: Tags,
    directory: Arc<Directory>,
    turning_days: Vec<Day>,
    answers: RwLock<Answers>,
}

/// All answers so far. What stands there stays there.
#[derive(Default)]
pub(super) struct Answers {
    places: Vec<PlaceFacts>,
    /// By age of the directory, and in it by number of [`store::Names`].
    positions: Vec<Vec<Position>>,
    /// Where the answer stands for an age, a number and a quarter of an hour.
    by_time: HashMap<(usize, usize, QuarterHour), u32>,
}

/// Where the answer for a number stands.
#[derive(Debug, Clone, Copy, Default)]
enum Position {
    /// Nobody asked yet.
    #[default]
    Unknown,
    At(u32),
    /// It is another one from some quarter of an hour on.
    ByTime,
}

impl Surroundings {
    pub(super) fn new(told: Told, directory: DirectoryAt) -> Self {
        let mut folders = HashMap::new();
        for report in told.folders {
            // Facts that a newer collector writes differently are as good as none.
            if let Ok(facts) = FolderFacts::from_text(&report.facts) {
                folders.insert(report.folder, facts);
            }
        }
        let mut tags = Tags::default();
        for tag in told.tags {
            if let Some(key) = TagKey::from_name(&tag.key) {
                tags.set(tag.session, key, &tag.value);
            }
        }
        let places = told.linked.iter().map(|it| &*it.place);
        Self {
            versions: Some((told.version, directory.version)),
            pull_requests: PullRequests::new(&told.links, places, &folders, &told.rules),
            rules: told.rules,
            folders,
            tags,
            turning_days: directory.directory.turning_days(),
            directory: directory.directory,
            answers: RwLock::default(),
        }
    }

    pub(super) fn is_of(&self, told: u64, directory: u64) -> bool {
        self.versions == Some((told, directory))
    }

    /// All answers so far.
    pub(super) fn answers(&self) -> RwLockReadGuard<'_, Answers> {
        self.answers.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets somebody ask for many answers at once.
    pub(super) fn ask<T>(&self, work: impl FnOnce(&mut Inquiry<'_>) -> T) -> T {
        let mut answers = self.answers.write().unwrap_or_else(PoisonError::into_inner);
        work(&mut Inquiry { surroundings: self, answers: &mut answers })
    }

    /// Whom the calls belong to that were made there, on that day.
    pub(super) fn attribution(&self, there: &Whereabouts, day: Day, quarter: QuarterHour) -> Attribution {
        let known = Known {
            rules: &self.rules,
            folders: &self.folders,
            pull_requests: &self.pull_requests,
            tags: &self.tags,
        };
        organisation::on_day(attribute_reported(there, quarter, &known), &self.directory, day)
    }

    pub(super) fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Which age of the directory a day lies in: within one nothing of it changes.
    pub(super) fn age_of(&self, day: Day) -> usize {
        self.turning_days.partition_point(|it| *it <= day)
    }
}

impl Answers {
    /// Whom calls belong to, by position.
    pub(super) fn places(&self) -> &[PlaceFacts] {
        &self.places
    }

    fn note(&mut self, age: usize, number: usize, stands: Position) {
        if self.positions.len() <= age {
            self.positions.resize_with(age.saturating_add(1), Vec::new);
        }
        let Some(positions) = self.positions.get_mut(age) else { return };
        if positions.len() <= number {
            positions.resize(number.saturating_add(1), Position::Unknown);
        }
        if let Some(position) = positions.get_mut(number) {
            *position = stands;
        }
    }
}

/// Somebody asking.
pub(super) struct Inquiry<'a> {
    surroundings: &'a Surroundings,
    answers: &'a mut Answers,
}

impl Inquiry<'_> {
    /// The answer at a position.
    pub(super) fn facts(&self, position: u32) -> Option<&PlaceFacts> {
        self.answers.places.get(usize::try_from(position).ok()?)
    }

    /// Where in [`Answers::places`] it stands whom calls belong to that were made
    /// there, on that day.
    pub(super) fn position(
        &mut self,
        number: u32,
        whereabouts: &Whereabouts,
        day: Day,
        quarter: QuarterHour,
    ) -> u32 {
        let around = self.surroundings;
        let (age, number) = (around.age_of(day), usize::try_from(number).unwrap_or(usize::MAX));
        let known = self.answers.positions.get(age).and_then(|it| it.get(number)).copied();
        match known.unwrap_or_default() {
            Position::At(position) => return position,
            Position::ByTime => {
                if let Some(&position) = self.answers.by_time.get(&(age, number, quarter)) {
                    return position;
                }
            }
            Position::Unknown => {}
        }
        let attribution = around.attribution(whereabouts, day, quarter);
        let position = u32::try_from(self.answers.places.len()).unwrap_or(u32::MAX);
        self.answers.places.push(PlaceFacts { place: whereabouts.place.as_ref().clone(), attribution });
        let stands = if around.pull_requests.depend_on_time(&whereabouts.place) {
            self.answers.by_time.insert((age, number, quarter), position);
            Position::ByTime
        } else {
            Position::At(position)
        };
        self.answers.note(age, number, stands);
        position
    }
}
