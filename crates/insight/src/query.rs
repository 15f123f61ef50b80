//! What a report is asked: how to cut, what to leave out, which period.

use domain::{Dimension, Timestamp, wildcard};
use jiff::tz::TimeZone;

use crate::span::Span;

/// The most dimensions that `--by` takes.
pub const MAX_DIMENSIONS: usize = 3;
/// The most patterns of all filters of one report.
pub const MAX_PATTERNS: usize = 200;

/// One question to a [`crate::Book`].
#[derive(Debug, Clone)]
pub struct Query {
    /// What to cut by, at most [`MAX_DIMENSIONS`]; nothing gives the total alone.
    pub group_by: Vec<Dimension>,
    /// Days, weeks or months as the first cut.
    pub period: Option<Period>,
    /// What to keep; all of them must agree.
    pub filters: Vec<Filter>,
    /// From when to when.
    pub span: Span,
    /// Whose days.
    pub timezone: TimeZone,
    /// Whether to compare with the period before.
    pub compare: bool,
    /// Only so many rows, the dearest, and the rest as one.
    pub top: Option<usize>,
}

impl Query {
    /// The total of everything, in that time zone.
    #[must_use]
    pub const fn total(timezone: TimeZone) -> Self {
        Self {
            group_by: Vec::new(),
            period: None,
            filters: Vec::new(),
            span: Span::ALL,
            timezone,
            compare: false,
            top: None,
        }
    }

    /// All cuts in order, the period first.
    ///
    /// # Errors
    /// [`QueryError`] where there are too many, or one is named twice.
    pub fn dimensions(&self) -> Result<Vec<Dimension>, QueryError> {
        if self.group_by.len() > MAX_DIMENSIONS {
            return Err(QueryError::TooManyDimensions(self.group_by.len()));
        }
        let mut all: Vec<Dimension> = self.period.map(Period::dimension).into_iter().collect();
        for &dimension in &self.group_by {
            // `daily --by day` asks for the same twice and means it once.
            if self.period.is_some_and(|it| it.dimension() == dimension) {
                continue;
            }
            if all.contains(&dimension) {
                return Err(QueryError::Twice(dimension.name()));
            }
            all.push(dimension);
        }
        Ok(all)
    }

    /// The first moment that the answer depends on: where the period before is compared
    /// with, its beginning. `None` for all time.
    #[must_use]
    pub fn begins(&self, now: Timestamp) -> Option<Timestamp> {
        let since = self.span.since?;
        if !self.compare {
            return Some(since);
        }
        let before = self.span.before(&self.timezone, now)?.0.since?;
        Some(before.min(since))
    }

    /// The moments at which its period begins and ends, and the one that it is compared with.
    #[must_use]
    pub fn ends(&self, now: Timestamp) -> Vec<Timestamp> {
        let before = if self.compare { self.span.before(&self.timezone, now).map(|it| it.0) } else { None };
        [Some(self.span), before]
            .into_iter()
            .flatten()
            .flat_map(|it| [it.since, it.until])
            .flatten()
            .collect()
    }

    pub(crate) fn check_filters(&self) -> Result<(), QueryError> {
        let patterns = self.filters.iter().map(|it| it.patterns.len()).sum::<usize>();
        if patterns > MAX_PATTERNS { Err(QueryError::TooManyPatterns(patterns)) } else { Ok(()) }
    }
}

/// The cuts that have a word of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// By day.
    Daily,
    /// By week, from Monday.
    Weekly,
    /// By month.
    Monthly,
}

impl Period {
    /// The dimension it cuts by.
    #[must_use]
    pub const fn dimension(self) -> Dimension {
        match self {
            Self::Daily => Dimension::Day,
            Self::Weekly => Dimension::Week,
            Self::Monthly => Dimension::Month,
        }
    }
}

/// What a dimension may be: any of the patterns, and none of those with a `!`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// The dimension.
    pub dimension: Dimension,
    /// The patterns.
    pub patterns: Vec<Pattern>,
}

impl Filter {
    /// Of patterns as written.
    ///
    /// # Errors
    /// [`QueryError::EmptyPattern`] where one says nothing.
    pub fn parse<T: AsRef<str>>(dimension: Dimension, patterns: &[T]) -> Result<Self, QueryError> {
        let empty = || QueryError::EmptyPattern(dimension.name());
        let read = |it: &T| Pattern::parse(it.as_ref()).ok_or_else(empty);
        Ok(Self { dimension, patterns: patterns.iter().map(read).collect::<Result<_, _>>()? })
    }

    /// Whether that value stays. A repository or pull request may be named without its host.
    #[must_use]
    pub fn keeps(&self, value: &str) -> bool {
        let mut wanted = self.patterns.iter().filter(|it| it.sense == Sense::Keep).peekable();
        let kept = wanted.peek().is_none() || wanted.any(|it| self.fits(it, value));
        kept && !self.patterns.iter().any(|it| it.sense == Sense::Drop && self.fits(it, value))
    }

    /// Whether one of its patterns matches the value, whatever the sign.
    pub(crate) fn fits(&self, pattern: &Pattern, value: &str) -> bool {
        let hosted = matches!(self.dimension, Dimension::Repo | Dimension::PullRequest);
        let is_whole = pattern.shape == Shape::Exact;
        let short = value.split_once('/').filter(|it| hosted && !is_whole && it.0.contains('.'));
        pattern.matches(value) || short.is_some_and(|it| pattern.matches(it.1))
    }
}

/// A text in which `*` stands for anything, upper and lower case alike; a leading
/// `!` turns it round. `unknown` matches what nobody knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    sense: Sense,
    shape: Shape,
}

/// What the text says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// How values look.
    Wildcard,
    /// The one value, letter by letter.
    Exact,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sense {
    Keep,
    Drop,
}

impl Pattern {
    /// Of that text; `None` where nothing is left of it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (text, sense) = match text.strip_prefix('!') {
            Some(rest) => (rest, Sense::Drop),
            None => (text, Sense::Keep),
        };
        (!text.is_empty()).then(|| Self { text: text.to_owned(), sense, shape: Shape::Wildcard })
    }

    /// Of that value and no other, whatever it holds, kept or dropped.
    #[must_use]
    pub fn exact(value: &str, is_wanted: bool) -> Self {
        let sense = if is_wanted { Sense::Keep } else { Sense::Drop };
        Self { text: value.to_owned(), sense, shape: Shape::Exact }
    }

    /// As written; what is exact with a `=` before it.
    #[must_use]
    pub fn to_text(&self) -> String {
        let sign = if self.sense == Sense::Drop { "!" } else { "" };
        let shape = if self.shape == Shape::Exact { "=" } else { "" };
        format!("{sign}{shape}{}", self.text)
    }

    /// Whether it keeps what it matches.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        self.sense == Sense::Keep
    }

    /// The text without its sign.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether the value is of that shape, whatever the sign.
    #[must_use]
    pub fn matches(&self, value: &str) -> bool {
        match self.shape {
            Shape::Wildcard => wildcard::matches(&self.text, value),
            Shape::Exact => self.text == value,
        }
    }
}

/// Why a question makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// Too many cuts.
    #[error("--by takes at most {MAX_DIMENSIONS} dimensions, not {0}")]
    TooManyDimensions(usize),
    /// The same cut twice.
    #[error("--by names `{0}` twice; once is enough")]
    Twice(&'static str),
    /// A filter that says nothing.
    #[error("the filter on {0} is empty; give a value, a pattern with `*`, or `unknown`")]
    EmptyPattern(&'static str),
    /// Too many patterns.
    #[error("the filters hold {0} patterns and at most {MAX_PATTERNS} are taken; use `*` to join some")]
    TooManyPatterns(usize),
    /// Nothing to compare with.
    #[error("--compare needs a period that begins somewhere; add --since, as in `--since this-month`")]
    NothingToCompare,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_the_whole_value() {
        for (pattern, value, expected) in [
            ("api", "api", true),
            ("api", "API", true),
            ("api", "apis", false),
            ("*", "", true),
            ("*/api", "github.com/acme/api", true),
            ("*/api", "github.com/acme/api-docs", false),
            ("github.com/*/api*", "github.com/acme/api-docs", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*bc", "abc", true),
            ("a*b*b", "ab", false),
            ("ab*ba", "aba", false),
            ("é*", "école", true),
            ("é*", "éa", true),
            ("*é", "caf\u{e9}", true),
            ("a", "é", false),
            ("**", "x", true),
        ] {
            let parsed = Pattern::parse(pattern).expect("a pattern");
            assert_eq!(parsed.matches(value), expected, "{pattern} {value}");
        }
        assert_eq!(Pattern::parse("!"), None);
    }

    #[test]
    fn filters_keep_any_and_drop_each() {
        let check = |patterns: &[&str], value: &str, expected: bool| {
            let filter = Filter::parse(Dimension::Repo, patterns).expect("a filter");
            assert_eq!(filter.keeps(value), expected, "{patterns:?} {value}");
        };
        check(&["a*", "b*"], "bc", true);
        check(&["a*", "b*"], "cd", false);
        check(&["!a*"], "ab", false);
        check(&["!a*"], "unknown", true);
        check(&["a*", "!ab"], "ab", false);
        check(&["a*", "!ab"], "ac", true);
        check(&[], "anything", true);
        check(&["acme/api"], "github.com/acme/api", true);
        check(&["!acme/*"], "github.com/acme/api", false);
        check(&["api"], "github.com/acme/api", false);
    }

    #[test]
    fn an_exact_pattern_is_its_value_and_nothing_else() {
        for (value, other) in
            [("a,b", "a"), ("!x", "x"), ("*", "x"), ("Main", "main"), ("acme/api", "github.com/acme/api")]
        {
            let (kept, dropped) = (Pattern::exact(value, true), Pattern::exact(value, false));
            let keeps = |it: &Pattern, value| {
                Filter { dimension: Dimension::Repo, patterns: vec![it.clone()] }.keeps(value)
            };
            assert!(keeps(&kept, value) && !keeps(&kept, other), "{value}");
            assert!(!keeps(&dropped, value) && keeps(&dropped, other), "{value}");
        }
        assert_eq!(Pattern::exact("!x", false).to_text(), "!=!x");
    }

    #[test]
    fn questions_that_make_no_sense_are_refused() {
        let ask = |period, group_by: &[Dimension]| {
            let query = Query { period, group_by: group_by.to_vec(), ..Query::total(TimeZone::UTC) };
            query.dimensions().map_err(|it| it.to_string())
        };
        assert_eq!(ask(Some(Period::Daily), &[Dimension::Day, Dimension::Repo]).map(|it| it.len()), Ok(2));
        assert_eq!(
            ask(None, &[Dimension::Repo, Dimension::Repo]),
            Err("--by names `repo` twice; once is enough".to_owned())
        );
        assert_eq!(
            ask(None, &[Dimension::Repo; 4]),
            Err("--by takes at most 3 dimensions, not 4".to_owned())
        );
    }
}
