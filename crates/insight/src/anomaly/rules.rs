//! What is unusual.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{Dimension, NanoUsd};
use jiff::ToSpan;
use jiff::civil::Date;

use super::ledger::{ByDay, Parts, Spent};
use super::robust::{median, narrow, share, wide};
use super::weekdays::{Day, Watch};
use super::{Anomaly, CAUSES, Cause, Rule, Subject};
use crate::report::ReportError;
use crate::series::shifted;
use crate::text::dollars;

/// So many times the middle of active days is unusual.
pub const TIMES: u32 = 8;
/// A day that is less than this above what is usual is nothing to tell of.
pub const DAY_FLOOR: NanoUsd = NanoUsd::new(25_000_000_000);
/// A week that is less than this above what is usual is nothing to tell of.
pub const WEEK_FLOOR: NanoUsd = NanoUsd::new(100_000_000_000);
/// Days within which the same of the same subject is not told again, unless it is twice as much.
pub const COOL_DOWN_DAYS: i64 = 7;
/// The same for weeks.
pub(super) const WEEK_COOL_DOWN_DAYS: i64 = 28;

/// Days before a developer's day whose active ones make the middle.
const ACTIVE_WINDOW: i64 = 35;
/// Active days that make a middle; of fewer it is that of all developers.
const LEAST_ACTIVE: usize = 5;
/// What is more than usual must be this part of what the team spent on the day, in tenths of a percent.
const PART_OF_TEAM: i128 = 100;
/// Days that say how widely people's days scatter; of fewer nothing is said.
const LEAST_MULTIPLES: usize = 100;
/// Beyond the square of what nine of ten days are within it must be so much, in tenths of a percent.
const OUT_OF_REACH: i128 = 1_500;
/// Days of a session that are one event.
pub(super) const SESSION_DAYS: i64 = 3;

/// Days before a day, and how many of them are worked on, that say what a person usually spends in a part.
const USUAL_PART_DAYS: i64 = 28;
const WORKING_DAYS: i128 = 20;
/// A day is one person's where this part of what is more than usual is theirs, in tenths of a percent.
const OF_ONE: i128 = 667;

/// Everything unusual on the days from the first to the last, those told first that began first.
pub(super) fn unusual(spent: &Spent, first: Date, last: Date) -> Result<Vec<Anomaly>, ReportError> {
    let mut found = developers(spent, first, last)?;
    found.extend(sessions(spent, first, last, &found)?);
    let people = found.clone();
    for (dimension, all, parts) in
        [(Dimension::Team, &spent.teams, &spent.in_team), (Dimension::Repo, &spent.repos, &spent.in_repo)]
    {
        for (value, days) in all {
            let watch = Watch::of(Subject::of(dimension, value), days, Some(&spent.whole), last);
            let mut seen = watch.unusual(first, &|from, to| causes(parts, value, (from, to)));
            seen.retain(|it| is_of_several(it, parts) || is_of_somebody_told(it, &people));
            found.extend(seen);
        }
    }
    let by_team = |from: Date, to: Date| {
        let costs = spent.teams.iter().map(|(team, days)| Cause {
            subject: Subject::of(Dimension::Team, team),
            cost: sum(days.range(from..=to).map(|it| *it.1)),
        });
        dearest(costs.collect())
    };
    found.extend(Watch::of(Subject::whole(), &spent.whole, None, last).unusual(first, &by_team));
    found.sort_by(|a, b| (a.first, a.last, &a.subject).cmp(&(b.first, b.last, &b.subject)));
    Ok(found)
}

/// The middle of the active days before one, and how many they are.
fn usual_day(spent: &Spent, developer: &Arc<str>, day: Date) -> Result<Option<(i128, usize)>, ReportError> {
    let from = shifted(day, -ACTIVE_WINDOW)?;
    let before = |days: &ByDay| -> Vec<i128> {
        days.range(from..day).map(|it| wide(*it.1)).filter(|it| *it > 0).collect()
    };
    let own = spent.developers.get(developer).map(before).unwrap_or_default();
    let active =
        if own.len() < LEAST_ACTIVE { spent.developers.values().flat_map(before).collect() } else { own };
    let count = active.len();
    Ok(median(active).filter(|_| count >= LEAST_ACTIVE).map(|it| (it, count)))
}

/// How many times the middle is too many before a day, in thousandths: [`TIMES`], and more where
/// people's days scatter so widely that some reach that by chance. Nine of ten days are within
/// some multiple of their middle; the square of it and half as much again is out of reach.
fn bar(spent: &Spent, day: Date) -> Result<i128, ReportError> {
    let least = i128::from(TIMES) * 1_000;
    let from = shifted(day, -ACTIVE_WINDOW)?;
    let mut multiples: Vec<i128> = Vec::new();
    for days in spent.developers.values() {
        let active: Vec<i128> = days.range(from..day).map(|it| wide(*it.1)).filter(|it| *it > 0).collect();
        if active.len() >= LEAST_ACTIVE
            && let Some(middle) = median(active.clone())
        {
            multiples.extend(active.iter().filter_map(|it| it.saturating_mul(1_000).checked_div(middle)));
        }
    }
    multiples.sort_unstable();
    let most = (multiples.len() * 9).div_ceil(10).checked_sub(1).and_then(|it| multiples.get(it));
    let enough = multiples.len() >= LEAST_MULTIPLES;
    Ok(most
        .filter(|_| enough)
        .map_or(least, |it| share(share(it.saturating_mul(*it), 1), OUT_OF_REACH).max(least)))
}

/// Whether an amount is so many times what is usual, and enough more to matter on that day.
fn is_many_times(cost: i128, usual: i128, around: i128, bar: i128) -> bool {
    let excess = cost.saturating_sub(usual);
    cost >= share(usual, bar) && excess >= wide(DAY_FLOOR) && excess >= share(around, PART_OF_TEAM)
}

/// What was spent on a day around a developer: by the team, or by everybody.
fn around(spent: &Spent, developer: &Arc<str>, day: Date) -> i128 {
    let team = spent.team_of.get(&(Arc::clone(developer), day)).and_then(|it| spent.teams.get(it));
    team.unwrap_or(&spent.whole).get(&day).map_or(0, |it| wide(*it))
}

fn developers(spent: &Spent, first: Date, last: Date) -> Result<Vec<Anomaly>, ReportError> {
    let least = i128::from(TIMES) * 1_000;
    let mut found = Vec::new();
    for (developer, days) in &spent.developers {
        for (&day, &cost) in days.range(first..=last) {
            // Most days are not worth a middle.
            if wide(cost) < wide(DAY_FLOOR) {
                continue;
            }
            let Some((usual, active)) = usual_day(spent, developer, day)? else { continue };
            let around = around(spent, developer, day);
            if !is_many_times(wide(cost), usual, around, least)
                || !is_many_times(wide(cost), usual, around, bar(spent, day)?)
            {
                continue;
            }
            let own = spent.developers.get(developer).map_or(0, |it| it.range(..day).count());
            let whose = if own < LEAST_ACTIVE { "all developers'" } else { "their" };
            let reason = format!(
                "{developer} spent {} on {}: {} times the middle of {whose} active days before it ({} over {active}).",
                dollars(cost),
                long(day),
                times(wide(cost), usual),
                dollars(narrow(usual)),
            );
            let subject = Subject::of(Dimension::Developer, developer);
            let sessions = spent.sessions.get(&(Arc::clone(developer), day)).cloned().unwrap_or_default();
            let causes = sessions
                .into_iter()
                .map(|(session, cost)| Cause { subject: Subject::of(Dimension::Session, &session), cost });
            found.push(Anomaly {
                causes: dearest(causes.collect()),
                ..anomaly(subject, Rule::TimesMedian, (day, day), (wide(cost), usual), reason)
            });
        }
    }
    Ok(found)
}

/// Sessions that went on over days, none of which needs to be unusual by itself.
fn sessions(spent: &Spent, first: Date, last: Date, days: &[Anomaly]) -> Result<Vec<Anomaly>, ReportError> {
    let mut courses: BTreeMap<(&Arc<str>, &Arc<str>), Vec<Day>> = BTreeMap::new();
    for ((developer, day), sessions) in &spent.sessions {
        for (session, cost) in sessions {
            courses.entry((session, developer)).or_default().push((*day, wide(*cost)));
        }
    }
    let mut found = Vec::new();
    for ((session, developer), mut course) in courses {
        course.sort_unstable();
        let Some((from, to, cost)) = dearest_stretch(&course)? else { continue };
        if to < first || to > last || cost < wide(DAY_FLOOR) {
            continue;
        }
        let Some((usual, _)) = usual_day(spent, developer, from)? else { continue };
        let told = days.iter().any(|it| it.subject.value == *developer && (from..=to).contains(&it.first));
        let around = around(spent, developer, to);
        if told || !is_many_times(cost, usual, around, i128::from(TIMES) * 1_000) {
            continue;
        }
        let reason = format!(
            "session {session} of {developer} cost {} by {}: {} times an active day of theirs ({}).",
            dollars(narrow(cost)),
            long(to),
            times(cost, usual),
            dollars(narrow(usual)),
        );
        let subject = Subject::of(Dimension::Session, session);
        let whose = Cause { subject: Subject::of(Dimension::Developer, developer), cost: narrow(cost) };
        found.push(Anomaly {
            causes: vec![whose],
            ..anomaly(subject, Rule::TimesMedian, (from, to), (cost, usual), reason)
        });
    }
    Ok(found)
}

/// The few days in a row on which a session cost most.
fn dearest_stretch(course: &[Day]) -> Result<Option<(Date, Date, i128)>, ReportError> {
    let mut best: Option<(Date, Date, i128)> = None;
    for (place, &(from, _)) in course.iter().enumerate() {
        let end = shifted(from, SESSION_DAYS)?;
        let within = course.iter().skip(place).take_while(|it| it.0 < end);
        let (to, cost) = within.fold((from, 0_i128), |(_, sum), it| (it.0, sum.saturating_add(it.1)));
        if best.is_none_or(|it| cost > it.2) {
            best = Some((from, to, cost));
        }
    }
    Ok(best)
}

pub(super) fn anomaly(
    subject: Subject,
    rule: Rule,
    (first, last): (Date, Date),
    (cost, usual): (i128, i128),
    reason: String,
) -> Anomaly {
    Anomaly {
        id: super::telling::id(&subject, rule, last),
        subject,
        rule,
        first,
        last,
        cost: narrow(cost),
        usual: narrow(usual),
        excess: narrow(cost.saturating_sub(usual)),
        reason,
        causes: Vec::new(),
        seen_in: Vec::new(),
        repeats: 0,
        verdict: None,
    }
}

/// Whether what is more than usual on a day comes from several people. A day of one person is
/// judged by what is usual for that person, wherever it was spent.
fn is_of_several(one: &Anomaly, parts: &Parts) -> bool {
    let Some(dearest) = one.causes.first().filter(|_| one.rule == Rule::Weekday) else { return true };
    let (value, person) = (&one.subject.value, &dearest.subject.value);
    let of_person = |day: Date| {
        let parts = parts.get(&(Arc::clone(value), day)).into_iter().flatten();
        parts.filter(|it| it.0 == *person).fold(0_i128, |sum, it| sum.saturating_add(wide(it.1)))
    };
    let before: i128 = (1..=USUAL_PART_DAYS)
        .filter_map(|back| shifted(one.first, -back).ok())
        .fold(0, |sum, day| sum.saturating_add(of_person(day)));
    let usual = before / WORKING_DAYS;
    let excess = wide(dearest.cost).saturating_sub(usual);
    excess.saturating_mul(1_000) < wide(one.excess).saturating_mul(OF_ONE)
}

/// Whether a person that it came from most is told of as well: then it is told with them.
fn is_of_somebody_told(one: &Anomaly, people: &[Anomaly]) -> bool {
    let overlaps = |it: &&Anomaly| it.first <= one.last && one.first <= it.last;
    let named = |it: &Anomaly| {
        let own = [&it.subject].into_iter().chain(it.causes.iter().map(|it| &it.subject));
        own.into_iter().any(|it| one.causes.iter().take(CAUSES).any(|cause| cause.subject == *it))
    };
    people.iter().filter(overlaps).any(named)
}

/// Who spent on something from one day to another.
fn causes(parts: &Parts, value: &Arc<str>, (from, to): (Date, Date)) -> Vec<Cause> {
    let mut by: BTreeMap<Arc<str>, Vec<NanoUsd>> = BTreeMap::new();
    let days = from.series(1.day()).take_while(|it| *it <= to);
    for (developer, cost) in days.filter_map(|day| parts.get(&(Arc::clone(value), day))).flatten() {
        by.entry(Arc::clone(developer)).or_default().push(*cost);
    }
    let all = by.into_iter().map(|(developer, costs)| Cause {
        subject: Subject::of(Dimension::Developer, &developer),
        cost: sum(costs.into_iter()),
    });
    dearest(all.collect())
}

fn sum(costs: impl Iterator<Item = NanoUsd>) -> NanoUsd {
    narrow(costs.map(wide).fold(0_i128, i128::saturating_add))
}

fn dearest(mut causes: Vec<Cause>) -> Vec<Cause> {
    causes.sort_by(|a, b| (b.cost, &a.subject).cmp(&(a.cost, &b.subject)));
    causes
}

/// How many times, with one decimal below ten.
pub(super) fn times(cost: i128, usual: i128) -> String {
    let tenths = cost.saturating_mul(10).checked_div(usual).unwrap_or(i128::MAX);
    if tenths < 100 { format!("{}.{}", tenths / 10, tenths % 10) } else { (tenths / 10).to_string() }
}

/// `Tue 2026-11-03`.
pub(super) fn long(day: Date) -> String {
    day.strftime("%a %Y-%m-%d").to_string()
}
