//! The text format of the price book, one block of lines a model.
//!
//! ```text
//! = anthropic claude-haiku-5-5            provider and model
//! * - - genai                             from, until (days or `-`), source
//!  rates 0.1 0.125 0.2 0.01 0.5           input, write 5m, write 1h, read, output
//!  above 100000 0.5 0.625 1 0.05 2.5      the same for prompts longer than that
//!  search 10                              USD per thousand web searches
//!  batch x0.5 genai                       a term of service that is a factor
//!  priority 0.2 - - 0.02 1 genai          … or has rates of its own
//!  priority above 200000 0.4 - - 0.04 2   … with their own threshold
//! ```
//!
//! `-` is a class without a rate; `@input` is one that is billed as input. Where
//! several entries hold at a moment, the last of them does.

use domain::{Day, Tokens};

use crate::entry::{Billed, Effect, Entry, Hours, Modifier, ModifierKind, RateCard, Rates};
use crate::rate::{PieceRate, Rate, Ratio};

/// Why a block cannot be read: the line, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadLine {
    pub(crate) line: String,
    pub(crate) problem: &'static str,
}

/// Reads the entries of one block: the lines after its `=` line.
pub(crate) fn read_entries(block: &str) -> Result<Vec<Entry>, BadLine> {
    let mut entries = Vec::new();
    for line in block.lines() {
        let bad = |problem| BadLine { line: line.to_owned(), problem };
        let mut words = line.split_ascii_whitespace();
        match words.next() {
            Some("*") => entries.push(read_span(&mut words).map_err(bad)?),
            Some(word) => {
                let entry = entries.last_mut().ok_or_else(|| bad("it stands before the first `*` line"))?;
                read_detail(entry, word, words).map_err(bad)?;
            }
            None => return Err(bad("it is empty")),
        }
    }
    Ok(entries)
}

type Words<'a> = std::str::SplitAsciiWhitespace<'a>;

fn read_span(words: &mut Words<'_>) -> Result<Entry, &'static str> {
    let mut day = || match words.next() {
        Some("-") => Ok(None),
        Some(text) => Day::parse(text).map(Some).ok_or("a day is not of the form 2026-10-07"),
        None => Err("`*` takes from, until and a source"),
    };
    let (from, until) = (day()?, day()?);
    let source = words.next().ok_or("`*` takes from, until and a source")?.into();
    if words.next().is_some() {
        return Err("there is too much on the line");
    }
    Ok(Entry {
        from,
        until,
        hours: None,
        card: RateCard::default(),
        modifiers: Vec::new(),
        web_searches: None,
        source,
    })
}

fn read_detail(entry: &mut Entry, word: &str, mut words: Words<'_>) -> Result<(), &'static str> {
    match word {
        "rates" => entry.card.base = read_rates(&mut words)?,
        "above" => push_threshold(&mut entry.card, &mut words)?,
        "hours" => entry.hours = Some(words.next().and_then(read_hours).ok_or("hours are like 01:00-04:00")?),
        "search" => {
            let rate = words.next().and_then(PieceRate::from_usd_per_thousand);
            entry.web_searches = Some(rate.ok_or("`search` takes USD per thousand")?);
        }
        name => {
            let kind = ModifierKind::from_name(name).ok_or("it begins with no known word")?;
            read_modifier(entry, kind, &mut words)?;
        }
    }
    words.next().map_or(Ok(()), |_| Err("there is too much on the line"))
}

fn read_modifier(entry: &mut Entry, kind: ModifierKind, words: &mut Words<'_>) -> Result<(), &'static str> {
    let mut ahead = words.clone();
    let first = ahead.next().ok_or("a term of service takes a factor or rates")?;
    if first == "above" {
        *words = ahead;
        let modifier = entry.modifiers.last_mut().filter(|modifier| modifier.kind == kind);
        return match modifier.map(|modifier| &mut modifier.effect) {
            Some(Effect::Rates(card)) => push_threshold(card, words),
            Some(Effect::Factor(_)) | None => Err("there are no rates of that term before its threshold"),
        };
    }
    let effect = if let Some(factor) = first.strip_prefix('x') {
        *words = ahead;
        Effect::Factor(Ratio::from_decimal(factor).ok_or("a factor is a decimal, as x1.1")?)
    } else {
        Effect::Rates(RateCard { base: read_rates(words)?, above: Vec::new() })
    };
    let source = words.next().ok_or("a term of service ends with its source")?.into();
    entry.modifiers.push(Modifier { kind, effect, source });
    Ok(())
}

fn push_threshold(card: &mut RateCard, words: &mut Words<'_>) -> Result<(), &'static str> {
    let threshold = words.next().and_then(|text| text.parse().ok()).map(Tokens::new);
    let threshold = threshold.ok_or("`above` takes a number of tokens")?;
    if card.above.last().is_some_and(|(last, _)| *last >= threshold) {
        return Err("thresholds do not rise");
    }
    card.above.push((threshold, read_rates(words)?));
    Ok(())
}

fn read_rates(words: &mut Words<'_>) -> Result<Rates, &'static str> {
    let mut billed = || match words.next() {
        None => Err("rates are five: input, write 5m, write 1h, read, output"),
        Some("-") => Ok(Billed::Unlisted),
        Some("@input") => Ok(Billed::AsInput),
        Some(text) => Rate::from_usd_per_mtok(text)
            .map(Billed::At)
            .ok_or("a rate is USD per million tokens with at most six decimals"),
    };
    Ok(Rates {
        input: billed()?,
        cache_write_5m: billed()?,
        cache_write_1h: billed()?,
        cache_read: billed()?,
        output: billed()?,
    })
}

fn read_hours(text: &str) -> Option<Hours> {
    let (from, until) = text.split_once('-')?;
    let minute = |clock: &str| {
        let (hour, minute) = clock.split_once(':')?;
        let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
        (hour < 24 && minute < 60).then(|| hour.saturating_mul(60).saturating_add(minute))
    };
    Some(Hours { from_minute: minute(from)?, until_minute: minute(until)? })
}

/// Lines in byte order, each found by its beginning without reading the others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SortedLines<'a> {
    text: &'a str,
    /// What the sorted lines begin with; other lines belong to the one before them.
    mark: &'static str,
}

impl<'a> SortedLines<'a> {
    pub(crate) const fn new(text: &'a str, mark: &'static str) -> Self {
        Self { text, mark }
    }

    /// The text from the first marked line on that is `key` or comes after it.
    pub(crate) fn starting_at(self, key: &str) -> &'a str {
        let (mut low, mut high) = (0, self.text.len());
        while low < high {
            let middle = low.midpoint(high);
            let start = self.line_at(middle).max(low);
            let next = self.next_line(start.saturating_add(1)).min(high);
            if self.before(start, key) {
                low = next;
            } else if high == start {
                break;
            } else {
                high = start;
            }
        }
        self.text.get(low..).unwrap_or_default()
    }

    /// The start of the marked line that holds a byte.
    fn line_at(self, byte: usize) -> usize {
        let mut end = byte.saturating_add(1).min(self.text.len());
        while let Some(line_break) = self.bytes(0, end).iter().rposition(|it| *it == b'\n') {
            let start = line_break.saturating_add(1);
            if start <= byte && self.marked(start) {
                return start;
            }
            end = line_break;
        }
        0
    }

    /// The start of the first marked line at or after a byte.
    fn next_line(self, byte: usize) -> usize {
        let mut from = byte;
        while let Some(found) = self.bytes(from, self.text.len()).iter().position(|it| *it == b'\n') {
            let start = from.saturating_add(found).saturating_add(1);
            if self.marked(start) {
                return start;
            }
            from = start;
        }
        self.text.len()
    }

    fn bytes(self, from: usize, until: usize) -> &'a [u8] {
        self.text.as_bytes().get(from..until).unwrap_or_default()
    }

    fn marked(self, start: usize) -> bool {
        let rest = self.bytes(start, self.text.len());
        !rest.is_empty() && rest.starts_with(self.mark.as_bytes())
    }

    fn before(self, start: usize, key: &str) -> bool {
        let rest = self.bytes(start, self.text.len());
        let rest = rest.get(self.mark.len()..).unwrap_or_default();
        rest.split(|byte| *byte == b'\n').next().unwrap_or_default() < key.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_go_both_ways() {
        let block = "\
* - 2026-10-07 list
 rates 2 2.5 4 0.2 10
* 2026-10-07 - list
 hours 22:30-04:00
 rates 0.1 @input - 0.01 0.5
 above 100000 0.5 @input - 0.05 2.5
 above 200000 1 @input - 0.1 5
 search 10
 batch x0.5 docs
 priority 0.2 - - 0.02 1 docs
 priority above 100000 0.4 - - 0.04 2
 us x1.1 docs
";
        let entries = read_entries(block).expect("valid");
        assert_eq!(crate::book_writer::write_entries(&entries), block);
    }

    #[test]
    fn bad_lines_are_named() {
        for (block, problem) in [
            (" rates 1 1 1 1 1", "it stands before the first `*` line"),
            ("* - -", "`*` takes from, until and a source"),
            ("* 2026-02-30 - a", "a day is not of the form 2026-10-07"),
            ("* - - a\n rates 1 1 1 1", "rates are five: input, write 5m, write 1h, read, output"),
            ("* - - a\n rates 1 1 1 1 1 1", "there is too much on the line"),
            ("* - - a\n rates 1 1 1 1 -1", "a rate is USD per million tokens with at most six decimals"),
            ("* - - a\n above x", "`above` takes a number of tokens"),
            ("* - - a\n above 2 1 1 1 1 1\n above 2 1 1 1 1 1", "thresholds do not rise"),
            ("* - - a\n hours 1-2", "hours are like 01:00-04:00"),
            ("* - - a\n batch xhalf a", "a factor is a decimal, as x1.1"),
            ("* - - a\n batch x0.5", "a term of service ends with its source"),
            ("* - - a\n batch above 1 1 1 1 1 1", "there are no rates of that term before its threshold"),
            ("* - - a\n turbo x2 a", "it begins with no known word"),
            ("\n", "it is empty"),
        ] {
            assert_eq!(read_entries(block).expect_err(block).problem, problem, "{block}");
        }
    }

    #[test]
    fn sorted_lines_are_found() {
        let text = "= b 1\n x\n y\n= d\n= f 2\n z\n";
        let lines = SortedLines::new(text, "= ");
        for (key, found) in
            [("a", "= b 1"), ("b 1", "= b 1"), ("b 2", "= d"), ("d", "= d"), ("e", "= f 2"), ("g", "")]
        {
            assert_eq!(lines.starting_at(key).lines().next().unwrap_or_default(), found, "{key}");
        }
        assert_eq!(SortedLines::new("", "= ").starting_at("a"), "");
    }

    #[test]
    fn every_line_of_a_long_list_is_found() {
        let text: String = (0..500).map(|n| format!("k{n:03}\n")).collect();
        for n in 0..500 {
            let key = format!("k{n:03}");
            assert!(SortedLines::new(&text, "").starting_at(&key).starts_with(&key), "{key}");
        }
    }
}
