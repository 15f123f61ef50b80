//! JSON of foreign hands, read leniently.
//!
//! A field of another type than expected reads as absent: it must not lose the
//! record around it. A count that is not a whole number of tokens is remembered
//! as [`Count::Odd`], so that the record is reported rather than guessed at.

mod skim;

use std::fmt;
use std::marker::PhantomData;

use domain::{NanoUsd, PicoUsd, Timestamp, Tokens};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

pub(crate) use self::skim::{Raw, read, read_leniently};
use crate::harvest::Record;
use crate::moment;

/// Digits of an amount that can matter: beyond them it is below a pico-dollar or
/// above all the money there is.
const AMOUNT_DIGITS: usize = 30;

/// Tokens that one record can be about. A record that says more is broken, and must
/// not overflow the sums of all others.
pub(crate) const COUNT_LIMIT: u64 = 1_000_000_000_000;

/// Reads a record; what cannot be read is [`lines`](crate::lines) to recover or count.
pub(crate) fn parse<'a, T: Deserialize<'a>>(record: Record<'a>) -> Option<T> {
    read(record.bytes)
}

/// Reads a part of a record that was kept as it stands; absent if it is of another shape.
pub(crate) fn part<'a, T: Deserialize<'a>>(raw: Option<&'a RawValue>) -> Option<T> {
    serde_json::from_str(raw?.get()).ok()
}

/// A text; anything else is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Text(Option<String>);

impl Text {
    /// The text, unless it is absent or empty.
    pub(crate) fn get(&self) -> Option<&str> {
        self.0.as_deref().filter(|text| !text.is_empty())
    }

    /// Whether it is that text.
    pub(crate) fn is(&self, text: &str) -> bool {
        self.0.as_deref() == Some(text)
    }
}

/// A count of tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Count {
    /// Not there, or null.
    #[default]
    Absent,
    /// A whole number, however it was written: `12`, `12.0`, `"12"`.
    Of(u64),
    /// Negative, broken, or above [`COUNT_LIMIT`].
    Odd,
}

impl Count {
    /// The tokens; none if absent or odd.
    pub(crate) const fn tokens(self) -> Tokens {
        match self {
            Self::Of(count) => Tokens::new(count),
            Self::Absent | Self::Odd => Tokens::ZERO,
        }
    }

    /// The number, if it is one.
    pub(crate) const fn number(self) -> Option<u64> {
        match self {
            Self::Of(count) => Some(count),
            Self::Absent | Self::Odd => None,
        }
    }

    /// A number, if it is within [`COUNT_LIMIT`].
    pub(crate) const fn of(number: u64) -> Self {
        if number > COUNT_LIMIT { Self::Odd } else { Self::Of(number) }
    }

    fn of_text(text: &str) -> Self {
        let whole = text.strip_suffix(".0").unwrap_or(text);
        whole.parse().map_or(Self::Odd, Self::of)
    }
}

/// Whether any of these is odd.
pub(crate) fn any_odd<const N: usize>(counts: [Count; N]) -> bool {
    counts.contains(&Count::Odd)
}

/// Whether something is stated to be true.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Flag(pub(crate) bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self(raw.get() == "true"))
    }
}

/// A moment: an epoch number in seconds or milliseconds, or RFC 3339.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct When(pub(crate) Option<Timestamp>);

/// An amount of US dollars, read exactly from the number's text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usd(pub(crate) Option<NanoUsd>);

impl<'de> Deserialize<'de> for Usd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self(usd(raw.get())))
    }
}

/// A decimal number of dollars, as JavaScript and SQLite write them: `0.0375`,
/// `1.2e-7`, `0.000023999999999999997`. Digits below a pico-dollar are cut off.
fn usd(text: &str) -> Option<NanoUsd> {
    let text = text.trim_matches('"');
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (negative, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits = format!("{whole}{part}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut scale = i32::try_from(part.len()).ok()?.checked_sub(exponent)?;
    digits = digits.trim_start_matches('0').to_owned();
    if let Some(too_many) = digits.len().checked_sub(AMOUNT_DIGITS) {
        digits.truncate(AMOUNT_DIGITS);
        scale = scale.checked_sub(i32::try_from(too_many).ok()?)?;
    }
    let number: i128 = if digits.is_empty() { 0 } else { digits.parse().ok()? };
    let to_pico = 12_i32.checked_sub(scale)?;
    let pico = match u32::try_from(to_pico) {
        Ok(up) => number.checked_mul(10_i128.checked_pow(up)?)?,
        Err(_) => 10_i128.checked_pow(to_pico.unsigned_abs()).map_or(0, |down| number / down),
    };
    let pico = if negative { pico.checked_neg()? } else { pico };
    PicoUsd::new(pico).round_half_even().ok()
}

/// An object; anything else is absent.
#[derive(Debug, Clone)]
pub(crate) struct Maybe<T>(pub(crate) Option<T>);

impl<T> Default for Maybe<T> {
    fn default() -> Self {
        Self(None)
    }
}

/// A list of objects; elements that are something else are left out.
#[derive(Debug, Clone)]
pub(crate) struct List<T>(pub(crate) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// Visits any JSON value; what the implementor does not name reads as its default.
macro_rules! lenient {
    ([$($generic:tt)*] $visitor:ty, $value:ty, { $($methods:tt)* } $($ignored:ident)*) => {
        impl<'de, $($generic)*> Visitor<'de> for $visitor {
            type Value = $value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any JSON")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Self::Value::default())
            }

            fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
                Ok(Self::Value::default())
            }

            $($methods)*
            $(lenient!(@ $ignored);)*
        }
    };
    (@ numbers) => {
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }

        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }

        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
    };
    (@ text) => {
        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
    };
    (@ list) => {
        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            Ok(Self::Value::default())
        }
    };
    (@ object) => {
        fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
            while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(Self::Value::default())
        }
    };
}

struct TextVisitor;

lenient!([] TextVisitor, Text, {
    fn visit_str<E>(self, text: &str) -> Result<Text, E> {
        Ok(Text(Some(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> Result<Text, E> {
        Ok(Text(Some(text)))
    }
} numbers list object);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct CountVisitor;

lenient!([] CountVisitor, Count, {
    fn visit_u64<E>(self, number: u64) -> Result<Count, E> {
        Ok(Count::of(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Count, E> {
        Ok(u64::try_from(number).map_or(Count::Odd, Count::of))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Count, E> {
        Ok(Count::of_text(&number.to_string()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Count, E> {
        Ok(Count::of_text(text))
    }
} list object);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CountVisitor)
    }
}

struct WhenVisitor;

lenient!([] WhenVisitor, When, {
    fn visit_u64<E>(self, number: u64) -> Result<When, E> {
        Ok(When(moment::from_epoch(number)))
    }

    fn visit_i64<E>(self, _: i64) -> Result<When, E> {
        Ok(When(None))
    }

    fn visit_f64<E>(self, number: f64) -> Result<When, E> {
        let whole = number.trunc().to_string();
        Ok(When(whole.parse().ok().and_then(moment::from_epoch)))
    }

    fn visit_str<E>(self, text: &str) -> Result<When, E> {
        Ok(When(moment::parse(text)))
    }
} list object);

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WhenVisitor)
    }
}

struct MaybeVisitor<T>(PhantomData<T>);

lenient!([T: Deserialize<'de>] MaybeVisitor<T>, Maybe<T>, {
    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Maybe<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(object)).map(|value| Maybe(Some(value)))
    }
} numbers text list);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Maybe<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MaybeVisitor(PhantomData))
    }
}

struct ListVisitor<T>(PhantomData<T>);

lenient!([T: Deserialize<'de>] ListVisitor<T>, List<T>, {
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<List<T>, A::Error> {
        let mut kept = Vec::new();
        while let Some(element) = list.next_element::<Maybe<T>>()? {
            kept.extend(element.0);
        }
        Ok(List(kept))
    }
} numbers text object);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Sample {
        #[serde(default)]
        text: Text,
        #[serde(default)]
        count: Count,
        #[serde(default)]
        usd: Usd,
        #[serde(default)]
        inner: Maybe<Inner>,
        #[serde(default)]
        list: List<Inner>,
    }

    #[derive(Debug, Deserialize)]
    struct Inner {
        #[serde(default)]
        n: Count,
    }

    fn check(json: &str, shown: &str) {
        let sample: Sample = serde_json::from_str(json).unwrap();
        let text = sample.text.get().unwrap_or("-");
        let usd = sample.usd.0.map_or_else(|| "-".to_owned(), |usd| usd.to_string());
        let inner = sample.inner.0.map(|inner| inner.n);
        let list: Vec<_> = sample.list.0.iter().map(|inner| inner.n).collect();
        assert_eq!(format!("{text} {:?} {usd} {inner:?} {list:?}", sample.count), shown, "{json}");
    }

    #[test]
    fn what_is_of_another_type_is_absent_and_hurts_nothing_around_it() {
        check("{}", "- Absent - None []");
        check(
            r#"{"text":"a","count":7,"usd":0.5,"inner":{"n":1},"list":[{"n":2},3,{"n":4}]}"#,
            "a Of(7) 0.500000000 Some(Of(1)) [Of(2), Of(4)]",
        );
        check(r#"{"text":5,"count":[1,{}],"usd":"x","inner":[{}],"list":{"a":1}}"#, "- Absent - None []");
        check(r#"{"text":{"a":1},"count":null,"usd":null,"inner":null,"list":null}"#, "- Absent - None []");
        check(r#"{"text":"","count":true,"usd":[],"inner":"x","list":"x"}"#, "- Absent - None []");
    }

    #[test]
    fn counts_are_whole_numbers_or_odd() {
        for (json, count) in [
            ("12", Count::Of(12)),
            ("12.0", Count::Of(12)),
            ("\"12\"", Count::Of(12)),
            ("1000000000000", Count::Of(COUNT_LIMIT)),
            ("1000000000001", Count::Odd),
            ("\"1000000000001\"", Count::Odd),
            ("1e13", Count::Odd),
            ("18446744073709551615", Count::Odd),
            ("18446744073709551616", Count::Odd),
            ("-1", Count::Odd),
            ("1.5", Count::Odd),
            ("1e300", Count::Odd),
            ("\"many\"", Count::Odd),
            ("null", Count::Absent),
        ] {
            assert_eq!(serde_json::from_str::<Count>(json).unwrap(), count, "{json}");
        }
    }

    #[test]
    fn moments_are_numbers_or_texts() {
        for (json, millis) in [
            ("1767225600000", Some(1_767_225_600_000)),
            ("1767225600000.7", Some(1_767_225_600_000)),
            ("1767225600", Some(1_767_225_600_000)),
            ("\"2026-01-01T00:00:00Z\"", Some(1_767_225_600_000)),
            ("-1", None),
            ("1e300", None),
            ("\"soon\"", None),
            ("[]", None),
        ] {
            let when: When = serde_json::from_str(json).unwrap();
            assert_eq!(when.0.map(Timestamp::millis), millis, "{json}");
        }
    }

    #[test]
    fn amounts_are_read_without_a_float() {
        for (json, nano) in [
            ("0.0375", Some(37_500_000)),
            ("\"0.0375\"", Some(37_500_000)),
            ("1.2e-7", Some(120)),
            ("12E2", Some(1_200_000_000_000)),
            ("0.000023999999999999997", Some(24_000)),
            ("123456789.123456789123456789123456789", Some(123_456_789_123_456_789)),
            ("-0.5", Some(-500_000_000)),
            ("0", Some(0)),
            ("0.0", Some(0)),
            ("1e-400", Some(0)),
            ("1e400", None),
            ("99999999999999999999", None),
            ("true", None),
            ("\"\"", None),
            ("null", None),
        ] {
            assert_eq!(usd(json).map(NanoUsd::nano), nano, "{json}");
        }
    }
}
