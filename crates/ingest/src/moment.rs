//! Moments as logs write them, read into [`Timestamp`].

use domain::Timestamp;

const MILLIS_PER_SECOND: i64 = 1_000;
const MILLIS_PER_MINUTE: i64 = 60 * MILLIS_PER_SECOND;
const MILLIS_PER_HOUR: i64 = 60 * MILLIS_PER_MINUTE;
const MILLIS_PER_DAY: i64 = 24 * MILLIS_PER_HOUR;

/// An epoch number below this is in seconds: as milliseconds it would lie before
/// March 1973, and as seconds it reaches to the year 5138.
const SECONDS_BELOW: u64 = 100_000_000_000;

/// The moment that an RFC 3339 text names, with any offset. Parts of a
/// millisecond are cut off.
///
/// Every record of a log passes through here, and nearly all are written as
/// `2026-01-02T03:04:05.678Z`: that form is read by hand, others by `jiff`.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    usual(text.as_bytes()).or_else(|| {
        let moment: jiff::Timestamp = text.parse().ok()?;
        Some(Timestamp::from_millis(moment.as_millisecond()))
    })
}

/// The moment of an epoch number in milliseconds or seconds, told apart by size.
pub(crate) fn from_epoch(number: u64) -> Option<Timestamp> {
    let number_i64 = i64::try_from(number).ok()?;
    let millis = if number < SECONDS_BELOW { number_i64.checked_mul(MILLIS_PER_SECOND)? } else { number_i64 };
    Some(Timestamp::from_millis(millis))
}

/// `YYYY-MM-DDTHH:MM:SS.mmmZ`, and nothing else.
fn usual(text: &[u8]) -> Option<Timestamp> {
    let [
        y1,
        y2,
        y3,
        y4,
        b'-',
        mo1,
        mo2,
        b'-',
        d1,
        d2,
        b'T',
        h1,
        h2,
        b':',
        mi1,
        mi2,
        b':',
        s1,
        s2,
        b'.',
        ms1,
        ms2,
        ms3,
        b'Z',
    ] = *<&[u8; 24]>::try_from(text).ok()?
    else {
        return None;
    };
    let year = number([y1, y2, y3, y4])?;
    let month = number([mo1, mo2])?;
    let day = number([d1, d2])?;
    let hour = number([h1, h2])?;
    let minute = number([mi1, mi2])?;
    let second = number([s1, s2])?;
    let milli = number([ms1, ms2, ms3])?;
    // Days 29 to 31 and second 60 are left to jiff, which knows the calendar.
    if !(1..=12).contains(&month) || !(1..=28).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let millis = days_since_1970(year, month, day) * MILLIS_PER_DAY
        + hour * MILLIS_PER_HOUR
        + minute * MILLIS_PER_MINUTE
        + second * MILLIS_PER_SECOND
        + milli;
    Some(Timestamp::from_millis(millis))
}

fn number<const N: usize>(digits: [u8; N]) -> Option<i64> {
    digits.into_iter().try_fold(0, |sum: i64, digit| {
        let value = digit.wrapping_sub(b'0');
        (value <= 9).then(|| sum * 10 + i64::from(value))
    })
}

/// Days from 1970-01-01 to a day of the Gregorian calendar, counted in years that
/// begin in March so that the leap day comes last. For years 0 to 9999.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    const TO_1970_FROM_MARCH_OF_YEAR_0: i64 = 719_468;
    let year = if month <= 2 { year - 1 } else { year };
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + day_of_year - TO_1970_FROM_MARCH_OF_YEAR_0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_logs_write() {
        for (text, millis) in [
            ("1970-01-01T00:00:00.000Z", Some(0)),
            ("2026-01-02T03:04:05.678Z", Some(1_767_323_045_678)),
            ("2026-01-02T03:04:05Z", Some(1_767_323_045_000)),
            ("2026-01-02T04:04:05.678+01:00", Some(1_767_323_045_678)),
            ("2026-01-02T03:04:05.678912345Z", Some(1_767_323_045_678)),
            ("2024-02-29T12:00:00.000Z", Some(1_709_208_000_000)),
            ("1969-12-31T23:59:59.999Z", Some(-1)),
            ("2026-02-29T12:00:00.000Z", None),
            ("2026-13-01T12:00:00.000Z", None),
            ("2026-01-02T25:04:05.678Z", None),
            ("2026-01-02T03:04:05.6x8Z", None),
            ("2026-01-02", None),
            ("", None),
        ] {
            assert_eq!(parse(text).map(Timestamp::millis), millis, "{text}");
        }
    }

    #[test]
    fn the_fast_reading_agrees_with_the_calendar() {
        for day_number in (0..60_000).step_by(7) {
            let moment = jiff::Timestamp::from_millisecond(day_number * MILLIS_PER_DAY + 12_345_678).unwrap();
            let text = format!("{moment:.3}");
            assert_eq!(parse(&text).map(Timestamp::millis), Some(moment.as_millisecond()), "{text}");
        }
    }

    #[test]
    fn tells_seconds_from_milliseconds() {
        for (number, millis) in [
            (1_767_323_045, Some(1_767_323_045_000)),
            (1_767_323_045_678, Some(1_767_323_045_678)),
            (u64::MAX, None),
        ] {
            assert_eq!(from_epoch(number).map(Timestamp::millis), millis, "{number}");
        }
    }
}
