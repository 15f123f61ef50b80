//! A level and a trend over whole weeks, the trend damped: exponential smoothing after
//! Holt, with the damping of Gardner and McKenzie. Weeks, because days would bring the
//! noise of weekdays along.

use super::method::WEEK;

/// The newest weeks that are looked at.
const WEEKS: usize = 26;
/// How fast the level follows, to choose from.
const LEVELS: [f64; 4] = [0.1, 0.25, 0.5, 0.8];
/// How fast the trend follows.
const TRENDS: [f64; 3] = [0.0, 0.1, 0.3];
/// What is left of the trend a week later.
const DAMPING: [f64; 2] = [0.8, 0.95];

/// A state of the smoothing.
#[derive(Clone, Copy)]
struct State {
    level: f64,
    trend: f64,
}

/// How it is smoothed.
#[derive(Clone, Copy)]
struct Speed {
    level: f64,
    trend: f64,
    damping: f64,
}

/// The weeks that begin after the history, as many as hold so many days.
pub(super) fn weeks_ahead(history: &[f64], days: usize) -> Vec<f64> {
    let weeks = whole_weeks(history);
    let wanted = days.div_ceil(WEEK);
    let Some((state, speed)) = best(&weeks) else { return vec![0.0; wanted] };
    let mut step = state.trend;
    let mut at = state.level;
    let next = |_| {
        step *= speed.damping;
        at = (at + step).max(0.0);
        at
    };
    (0..wanted).map(next).collect()
}

/// Sums of whole weeks that end with the history, the oldest first.
fn whole_weeks(history: &[f64]) -> Vec<f64> {
    let odd = history.len() % WEEK;
    let whole = history.get(odd..).unwrap_or_default();
    let all: Vec<f64> = whole.chunks(WEEK).map(|it| it.iter().sum()).collect();
    all.get(all.len().saturating_sub(WEEKS)..).unwrap_or_default().to_vec()
}

/// The speed whose guesses of the next week were best, and where it ends.
fn best(weeks: &[f64]) -> Option<(State, Speed)> {
    let mut best: Option<(f64, State, Speed)> = None;
    for level in LEVELS {
        for trend in TRENDS {
            for damping in DAMPING {
                let speed = Speed { level, trend, damping };
                let (error, state) = smooth(weeks, speed)?;
                if best.is_none_or(|it| error < it.0) {
                    best = Some((error, state, speed));
                }
            }
        }
    }
    best.map(|(_, state, speed)| (state, speed))
}

/// The sum of squared errors of the next week, and the last state.
fn smooth(weeks: &[f64], speed: Speed) -> Option<(f64, State)> {
    let (first, rest) = weeks.split_first()?;
    let trend = rest.first().map_or(0.0, |second| (second - first) / 2.0);
    let mut state = State { level: *first, trend };
    let mut error = 0.0;
    for week in rest {
        let expected = speed.damping.mul_add(state.trend, state.level);
        error += (week - expected).powi(2);
        let level = speed.level.mul_add(week - expected, expected);
        let moved = level - state.level;
        let damped = speed.damping * state.trend;
        state = State { level, trend: speed.trend.mul_add(moved - damped, damped) };
    }
    Some((error, state))
}
