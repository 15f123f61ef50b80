//! A question as parameters of a request: the options of `bursar report` by the
//! same names, so that a report asked of a server is the report of the command line.

use std::str::FromStr;

use domain::{Dimension, Timestamp};
use jiff::tz::TimeZone;

use crate::query::{Filter, Pattern, Period, Query, QueryError};
use crate::span::{Span, SpanError};
use crate::table::{Charset, Color, Terminal};

/// The most parameters of one request.
const MAX_PARAMETERS: usize = 300;
/// Behind the name of a dimension: its value letter by letter, with whatever it holds.
const IS: &str = "is";
/// The same, to be left out.
const NOT: &str = "not";
/// How wide a table is unless the request says otherwise, in columns.
const DEFAULT_WIDTH: usize = 100;
/// The widest table that is drawn.
const MAX_WIDTH: usize = 1_000;

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// The stable contract.
    #[default]
    Json,
    /// Rows alone.
    Csv,
    /// For people at a terminal.
    Table,
}

/// A question and how its answer is to be written.
#[derive(Debug, Clone)]
pub struct Parameters {
    /// What is asked.
    pub query: Query,
    /// How to write the answer.
    pub format: Format,
    /// Whether the figures that leaders ask for are to stand beside it.
    pub figures: bool,
    /// Which models to try instead: `opus-5.5=sonnet-5.5`.
    pub what_if: Option<String>,
    /// What the reader's terminal can show.
    pub terminal: Terminal,
}

/// Why a request makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// There is no such parameter.
    #[error(
        "there is no parameter `{0}`; there are by, every, since, until, timezone, compare, top, figures, \
         what_if, format, width, color, charset, and a filter for each dimension: repo=acme/*, repo.is=VALUE, \
         repo.not=VALUE"
    )]
    Unknown(String),
    /// There is no such dimension.
    #[error("by={0}: there is no such dimension; give one of {all}", all = Dimension::ALL.map(Dimension::name).join(", "))]
    NoSuchDimension(String),
    /// The value is none of those that are possible.
    #[error("{name}={value}: give {wanted}")]
    Value {
        /// The parameter.
        name: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        wanted: &'static str,
    },
    /// There are too many.
    #[error("a request has at most {MAX_PARAMETERS} parameters")]
    TooMany,
    /// The question itself makes no sense.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The period makes no sense.
    #[error(transparent)]
    Span(#[from] SpanError),
}

impl Parameters {
    /// Reads them, in any order. A list is separated by commas or repeated.
    ///
    /// # Errors
    /// [`ParameterError`] names the first that makes no sense.
    pub fn parse<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
        zone: &TimeZone,
        now: Timestamp,
    ) -> Result<Self, ParameterError> {
        let mut raw = Raw::default();
        for (number, (name, value)) in pairs.into_iter().enumerate() {
            if number >= MAX_PARAMETERS {
                return Err(ParameterError::TooMany);
            }
            raw.take(name, value)?;
        }
        raw.understood(zone, now)
    }
}

/// The parameters, each by itself.
#[derive(Default)]
struct Raw<'a> {
    by: Vec<Dimension>,
    filters: Vec<Filter>,
    every: Option<Period>,
    since: Option<&'a str>,
    until: Option<&'a str>,
    timezone: Option<&'a str>,
    compare: bool,
    top: Option<usize>,
    figures: bool,
    what_if: Option<&'a str>,
    format: Format,
    width: Option<usize>,
    color: Option<Color>,
    charset: Option<Charset>,
}

impl<'a> Raw<'a> {
    fn take(&mut self, name: &str, value: &'a str) -> Result<(), ParameterError> {
        let list = || value.split(',').map(str::trim).filter(|it| !it.is_empty());
        match name {
            "by" => {
                for name in list() {
                    let dimension = Dimension::from_name(name);
                    self.by.push(dimension.ok_or_else(|| ParameterError::NoSuchDimension(name.to_owned()))?);
                }
            }
            "every" => self.every = Some(one_of("every", value, &PERIODS, "daily, weekly or monthly")?),
            "since" => self.since = Some(value),
            "until" => self.until = Some(value),
            "timezone" => self.timezone = Some(value),
            "compare" => self.compare = one_of("compare", value, &SWITCH, "true or false")?,
            "top" => self.top = Some(number("top", value)?),
            "figures" => self.figures = one_of("figures", value, &SWITCH, "true or false")?,
            "what_if" => self.what_if = Some(value),
            "format" => self.format = one_of("format", value, &FORMATS, "json, csv or table")?,
            "width" => self.width = Some(number("width", value)?.min(MAX_WIDTH)),
            "color" => self.color = Some(one_of("color", value, &COLORS, "true or false")?),
            "charset" => self.charset = Some(one_of("charset", value, &CHARSETS, "ascii or unicode")?),
            _ => {
                let (of, exactly) = name.split_once('.').map_or((name, None), |it| (it.0, Some(it.1)));
                let filtered = Dimension::from_name(of).filter(|it| !it.is_time());
                let unknown = || ParameterError::Unknown(name.to_owned());
                let dimension = filtered.ok_or_else(unknown)?;
                let empty = || QueryError::EmptyPattern(dimension.name());
                let patterns: Vec<Pattern> = match exactly {
                    None => {
                        list().map(|it| Pattern::parse(it).ok_or_else(empty)).collect::<Result<_, _>>()?
                    }
                    Some(_) if value.is_empty() => return Err(empty().into()),
                    Some(IS) => vec![Pattern::exact(value, true)],
                    Some(NOT) => vec![Pattern::exact(value, false)],
                    Some(_) => return Err(unknown()),
                };
                match self.filters.iter_mut().find(|it| it.dimension == dimension) {
                    Some(filter) => filter.patterns.extend(patterns),
                    None => self.filters.push(Filter { dimension, patterns }),
                }
            }
        }
        Ok(())
    }

    fn understood(self, zone: &TimeZone, now: Timestamp) -> Result<Parameters, ParameterError> {
        let timezone = match self.timezone {
            None => zone.clone(),
            Some(name) => TimeZone::get(name).map_err(|_| ParameterError::Value {
                name: "timezone",
                value: name.to_owned(),
                wanted: "a time zone such as Europe/Berlin or UTC",
            })?,
        };
        Ok(Parameters {
            query: Query {
                group_by: self.by,
                period: self.every,
                filters: self.filters.into_iter().filter(|it| !it.patterns.is_empty()).collect(),
                span: Span::parse(self.since, self.until, &timezone, now)?,
                timezone,
                compare: self.compare,
                top: self.top,
            },
            format: self.format,
            figures: self.figures,
            what_if: self.what_if.map(str::to_owned),
            terminal: Terminal {
                width: self.width.unwrap_or(DEFAULT_WIDTH),
                color: self.color.unwrap_or(Color::Off),
                charset: self.charset.unwrap_or(Charset::Unicode),
            },
        })
    }
}

const PERIODS: [(&str, Period); 3] =
    [("daily", Period::Daily), ("weekly", Period::Weekly), ("monthly", Period::Monthly)];
const FORMATS: [(&str, Format); 3] = [("json", Format::Json), ("csv", Format::Csv), ("table", Format::Table)];
const COLORS: [(&str, Color); 2] = [("true", Color::On), ("false", Color::Off)];
const CHARSETS: [(&str, Charset); 2] = [("ascii", Charset::Ascii), ("unicode", Charset::Unicode)];
const SWITCH: [(&str, bool); 4] = [("true", true), ("", true), ("1", true), ("false", false)];

fn one_of<T: Copy>(
    name: &'static str,
    value: &str,
    all: &[(&str, T)],
    wanted: &'static str,
) -> Result<T, ParameterError> {
    let found = all.iter().find(|it| it.0 == value).map(|it| it.1);
    found.ok_or_else(|| ParameterError::Value { name, value: value.to_owned(), wanted })
}

fn number(name: &'static str, value: &str) -> Result<usize, ParameterError> {
    usize::from_str(value).map_err(|_| ParameterError::Value {
        name,
        value: value.to_owned(),
        wanted: "a whole number",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pairs: &[(&str, &str)], expected: &str) {
        let now = Timestamp::from_millis(1_793_000_000_000);
        let text = match Parameters::parse(pairs.iter().copied(), &TimeZone::UTC, now) {
            Ok(it) => {
                let by: Vec<_> = it.query.group_by.iter().map(|it| it.name()).collect();
                let filters = it.query.filters.iter().map(|it| {
                    let patterns: Vec<String> =
                        it.patterns.iter().map(crate::query::Pattern::to_text).collect();
                    format!(" {}={}", it.dimension.name(), patterns.join("|"))
                });
                format!("{}{} {:?}", by.join(","), filters.collect::<String>(), it.format)
            }
            Err(error) => error.to_string(),
        };
        assert_eq!(text, expected);
    }

    #[test]
    fn requests_are_read_like_the_command_line() {
        check(&[], " Json");
        check(
            &[("by", "repo,model"), ("repo", "acme/*,!acme/x"), ("repo", "b")],
            "repo,model repo=acme/*|!acme/x|b Json",
        );
        check(
            &[("branch.is", "a,b *"), ("branch.not", "!x"), ("branch", "c,d")],
            " branch==a,b *|!=!x|c|d Json",
        );
        check(&[("branch.was", "a")], &ParameterError::Unknown("branch.was".to_owned()).to_string());
        check(
            &[("branch.is", "")],
            "the filter on branch is empty; give a value, a pattern with `*`, or `unknown`",
        );
        check(&[("format", "csv"), ("every", "daily"), ("since", "7d"), ("compare", "")], " Csv");
        check(&[("format", "pdf")], "format=pdf: give json, csv or table");
        check(&[("top", "-1")], "top=-1: give a whole number");
        check(&[("timezone", "Mars")], "timezone=Mars: give a time zone such as Europe/Berlin or UTC");
        check(&[("day", "2026-01-01")], &ParameterError::Unknown("day".to_owned()).to_string());
        check(&[("by", "colour")], &ParameterError::NoSuchDimension("colour".to_owned()).to_string());
        check(
            &[("repo", "!")],
            "the filter on repo is empty; give a value, a pattern with `*`, or `unknown`",
        );
    }
}
