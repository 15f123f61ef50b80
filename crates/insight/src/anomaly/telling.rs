//! What of the unusual is told: each event once, and not what was called expected.

use jiff::civil::Date;

use super::robust::wide;
use super::rules::{COOL_DOWN_DAYS, WEEK_COOL_DOWN_DAYS};
use super::verdict::{Judgement, Verdict};
use super::{Anomaly, Rule, Subject};

/// The name of something unusual: of who, what and when, so that it is the same tomorrow.
pub(super) fn id(subject: &Subject, rule: Rule, day: Date) -> String {
    /// FNV-1a, of 64 bits.
    const START: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let text = format!("{}\0{}\0{}\0{day}", rule.name(), subject.kind(), subject.value);
    let hash = text.bytes().fold(START, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
    format!("a{hash:016x}")
}

/// What is told, the newest first, and what is settled.
pub(super) fn told(found: Vec<Anomaly>, judgements: &[Judgement]) -> (Vec<Anomaly>, Vec<Anomaly>) {
    let once = once_in_a_while(found, judgements);
    let narrowest = on_the_narrowest(once);
    let (mut told, mut settled) = (Vec::new(), Vec::new());
    for mut one in narrowest {
        // What was said of it itself goes before what was said of the like.
        let own = judgements.iter().find(|it| it.id == one.id);
        one.verdict = own.or_else(|| judgements.iter().find(|it| it.is_about(&one))).cloned();
        let is_expected = one.verdict.as_ref().is_some_and(|it| it.verdict == Verdict::Expected);
        if is_expected { settled.push(one) } else { told.push(one) }
    }
    for all in [&mut told, &mut settled] {
        all.sort_by(|a, b| (b.last, b.excess, &a.subject).cmp(&(a.last, a.excess, &b.subject)));
    }
    (told, settled)
}

/// Of what goes on the first is told, then nothing until the cool-down is over, unless it is
/// twice as much, or the first was called unexpected.
fn once_in_a_while(found: Vec<Anomaly>, judgements: &[Judgement]) -> Vec<Anomaly> {
    let mut kept: Vec<Anomaly> = Vec::with_capacity(found.len());
    for one in found {
        let days = if one.rule == Rule::Week { WEEK_COOL_DOWN_DAYS } else { COOL_DOWN_DAYS };
        let is_same = |it: &&mut Anomaly| it.subject == one.subject && it.rule == one.rule;
        match kept.iter_mut().rev().find(is_same) {
            Some(before)
                if days_between(before.last, one.last) < days
                    && wide(one.excess) < wide(before.excess).saturating_mul(2)
                    && !is_called(before, judgements, Verdict::Unexpected) =>
            {
                before.repeats = before.repeats.saturating_add(1);
            }
            _ => kept.push(one),
        }
    }
    kept
}

fn is_called(one: &Anomaly, judgements: &[Judgement], verdict: Verdict) -> bool {
    judgements.iter().any(|it| it.id == one.id && it.verdict == verdict)
}

fn days_between(one: Date, other: Date) -> i64 {
    one.until(other).map_or(i64::MAX, |it| i64::from(it.get_days()))
}

/// How wide something is: what is seen in it may come from something narrower. A week is
/// wider than a day of the same.
fn width(of: &Anomaly) -> (u8, bool) {
    let subject = match of.subject.dimension {
        Some(domain::Dimension::Session) => 0,
        Some(domain::Dimension::Developer) => 1,
        Some(domain::Dimension::Team) => 2,
        Some(_) => 3,
        None => 4,
    };
    (subject, of.rule == Rule::Week)
}

/// Leaves out of the wider what the narrower explain, and notes there that it is seen.
fn on_the_narrowest(mut found: Vec<Anomaly>) -> Vec<Anomaly> {
    found.sort_by_key(width);
    let mut kept: Vec<Anomaly> = Vec::with_capacity(found.len());
    for one in found {
        let narrower = kept.iter_mut().filter(|it| width(it) < width(&one));
        let mut parts: Vec<(&mut Anomaly, i128)> =
            narrower.filter_map(|it| part_of(it, &one).map(|part| (it, part))).collect();
        let sum = parts.iter().fold(0_i128, |sum, it| sum.saturating_add(it.1));
        if !parts.is_empty() && sum.saturating_mul(2) >= wide(one.excess) {
            for (part, _) in &mut parts {
                if part.subject != one.subject && !part.seen_in.contains(&one.subject) {
                    part.seen_in.push(one.subject.clone());
                }
            }
        } else {
            kept.push(one);
        }
    }
    kept
}

/// How much of what is more than usual in the wider came of the narrower, as far as their days
/// and causes say; none where it did not happen within it.
fn part_of(narrow: &Anomaly, wider: &Anomaly) -> Option<i128> {
    if narrow.first > wider.last || wider.first > narrow.last {
        return None;
    }
    let excess = wide(narrow.excess);
    // Everything holds all there is, and a week is made of more days than its causes are of.
    if wider.subject.dimension.is_none() || wider.subject == narrow.subject {
        return Some(excess);
    }
    let by = |it: &&super::Cause| {
        it.subject == narrow.subject || narrow.causes.iter().any(|cause| cause.subject == it.subject)
    };
    // A person may have spent it elsewhere.
    let spent = wider.causes.iter().filter(by).fold(0_i128, |sum, it| sum.saturating_add(wide(it.cost)));
    (spent > 0).then_some(excess.min(spent))
}
