//! Tables for people: right-aligned figures under rules, as in a book of accounts.
//!
//! A table fits the width it is given: it leaves out its least important columns,
//! then cuts the middle out of long names. What others named (branches, folders)
//! is stripped of control characters first, so that no name can write on the
//! terminal.

use std::collections::BTreeMap;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Where a text is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terminal {
    /// Columns of characters; what is not a terminal has as many as it likes.
    pub width: usize,
    /// Whether to use colour.
    pub color: Color,
    /// Whether to use more than ASCII.
    pub charset: Charset,
}

/// Whether to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// None.
    Off,
    /// The terminal's own sixteen.
    On,
}

/// What characters a terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// ASCII; names keep the letters that they have.
    Ascii,
    /// Unicode.
    Unicode,
}

impl Terminal {
    /// No colour, and so many columns.
    #[must_use]
    pub const fn plain(width: usize) -> Self {
        Self { width, color: Color::Off, charset: Charset::Unicode }
    }

    /// One of two texts, by what the terminal can show.
    pub(crate) const fn either(&self, unicode: &'static str, ascii: &'static str) -> &'static str {
        match self.charset {
            Charset::Unicode => unicode,
            Charset::Ascii => ascii,
        }
    }

    /// The text in a tone.
    pub(crate) fn tint(&self, tone: Tone, text: &str) -> String {
        let code = match (self.color, tone) {
            (Color::Off, _) | (Color::On, Tone::Plain) => return text.to_owned(),
            (Color::On, Tone::Strong) => "1",
            (Color::On, Tone::Quiet) => "2",
            (Color::On, Tone::Alarm) => "33",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// The widest that text is set: prose wider than this is hard to read.
    pub(crate) const fn prose_width(&self) -> usize {
        /// Columns of prose.
        const WIDEST: usize = 100;
        if self.width < WIDEST { self.width } else { WIDEST }
    }
}

/// How a text stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// It does not.
    Plain,
    /// Totals and titles.
    Strong,
    /// Rules, heads and notes.
    Quiet,
    /// What should be looked at.
    Alarm,
}

/// A column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    /// Its head.
    pub(crate) head: &'static str,
    /// What it holds.
    pub(crate) kind: Kind,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Names, aligned left, cut in the middle where there is no room.
    Name,
    /// Figures, aligned right; never cut, and never left out.
    Figure,
    /// Figures that may be left out, together with those of the same number; the
    /// lowest number stays longest.
    Spare(u8),
}

/// A text in a table.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    text: String,
    tone: Tone,
}

impl Field {
    /// Of that text; control characters are shown as `?`.
    pub(crate) fn new(text: &str) -> Self {
        Self { text: printable(text), tone: Tone::Plain }
    }

    /// The same in a tone.
    pub(crate) const fn toned(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }
}

/// A line of a table.
#[derive(Debug, Clone)]
enum Line {
    Fields(Vec<Field>),
    Rule,
}

/// A table.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    columns: Vec<Column>,
    lines: Vec<Line>,
}

/// A printed table, and the heads of the columns for which there was no room.
pub(crate) struct Printed {
    pub(crate) text: String,
    pub(crate) left_out: Vec<&'static str>,
}

impl Printed {
    /// The text, and what there was no room for.
    pub(crate) fn with_left_out(self, terminal: &Terminal) -> String {
        if self.left_out.is_empty() {
            return self.text;
        }
        let note = prose(&format!("Too narrow for: {}.", self.left_out.join(", ")), terminal);
        format!("{}\n{}\n", self.text, terminal.tint(Tone::Quiet, note.trim_end()))
    }
}

/// Between two columns.
const GAP: usize = 2;
/// Names wider than this give way before a column is left out: alone, of two, three or more.
const COMFORTABLE: [usize; 4] = [40, 26, 18, 14];
/// No name is cut to less.
const NARROWEST: usize = 6;

impl Table {
    /// With those columns.
    pub(crate) const fn new(columns: Vec<Column>) -> Self {
        Self { columns, lines: Vec::new() }
    }

    /// Adds a line of fields, one for each column.
    pub(crate) fn push(&mut self, fields: Vec<Field>) {
        self.lines.push(Line::Fields(fields));
    }

    /// Adds a rule over the whole width.
    pub(crate) fn rule(&mut self) {
        self.lines.push(Line::Rule);
    }

    /// Fits it to the terminal.
    pub(crate) fn print(&self, terminal: &Terminal) -> Printed {
        let natural = self.natural_widths();
        let kept = kept_columns(&self.columns, &natural, terminal.width);
        let widths = fitted(&self.columns, &natural, &kept, terminal.width);
        let whole = widths.iter().flatten().fold(0_usize, |sum, it| sum.saturating_add(*it));
        let gaps = widths.iter().flatten().count().saturating_sub(1).saturating_mul(GAP);
        let rule = terminal.either("\u{2500}", "-").repeat(whole.saturating_add(gaps));
        let mut text = String::new();
        let heads = self.columns.iter().map(|it| Field::new(it.head).toned(Tone::Quiet)).collect::<Vec<_>>();
        self.print_line(&mut text, &heads, &widths, terminal);
        for line in [&Line::Rule].into_iter().chain(&self.lines) {
            match line {
                Line::Rule => {
                    text.push_str(&terminal.tint(Tone::Quiet, &rule));
                    text.push('\n');
                }
                Line::Fields(fields) => self.print_line(&mut text, fields, &widths, terminal),
            }
        }
        let left_out = self.columns.iter().zip(&kept).filter(|it| !it.1).map(|it| it.0.head);
        Printed { text, left_out: left_out.collect() }
    }

    fn natural_widths(&self) -> Vec<usize> {
        let mut widths: Vec<usize> = self.columns.iter().map(|it| it.head.width()).collect();
        for line in &self.lines {
            let Line::Fields(fields) = line else { continue };
            for (width, field) in widths.iter_mut().zip(fields) {
                *width = (*width).max(field.text.width());
            }
        }
        widths
    }

    fn print_line(&self, out: &mut String, fields: &[Field], widths: &[Option<usize>], terminal: &Terminal) {
        let mut line = String::new();
        let mut first = true;
        for ((column, field), width) in self.columns.iter().zip(fields).zip(widths) {
            let Some(width) = *width else { continue };
            if !first {
                line.push_str(&" ".repeat(GAP));
            }
            first = false;
            let text = cut_middle(&field.text, width, terminal);
            let space = " ".repeat(width.saturating_sub(text.width()));
            let text = if text.is_empty() { text } else { terminal.tint(field.tone, &text) };
            match column.kind {
                Kind::Name => {
                    line.push_str(&text);
                    line.push_str(&space);
                }
                Kind::Figure | Kind::Spare(_) => {
                    line.push_str(&space);
                    line.push_str(&text);
                }
            }
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
}

/// Which columns there is room for: names and figures always, and of the spare ones
/// the most important first, each that still fits. Those of one number belong together.
fn kept_columns(columns: &[Column], natural: &[usize], width: usize) -> Vec<bool> {
    let names = columns.iter().filter(|it| it.kind == Kind::Name).count();
    let comfortable = COMFORTABLE.iter().take(names.max(1)).min().copied().unwrap_or(NARROWEST);
    let mut room = width.saturating_add(GAP);
    let mut spare: BTreeMap<u8, usize> = BTreeMap::new();
    for (column, &natural) in columns.iter().zip(natural) {
        match column.kind {
            Kind::Name => room = room.saturating_sub(natural.min(comfortable).saturating_add(GAP)),
            Kind::Figure => room = room.saturating_sub(natural.saturating_add(GAP)),
            Kind::Spare(order) => {
                let together = spare.entry(order).or_default();
                *together = together.saturating_add(natural).saturating_add(GAP);
            }
        }
    }
    spare.retain(|_, needed| match room.checked_sub(*needed) {
        Some(left) => {
            room = left;
            true
        }
        None => false,
    });
    let kept = |it: &Column| match it.kind {
        Kind::Name | Kind::Figure => true,
        Kind::Spare(order) => spare.contains_key(&order),
    };
    columns.iter().map(kept).collect()
}

/// The width of each column that is kept: names share what the figures leave,
/// and the widest gives way first.
fn fitted(columns: &[Column], natural: &[usize], kept: &[bool], width: usize) -> Vec<Option<usize>> {
    let mut widths: Vec<Option<usize>> =
        natural.iter().zip(kept).map(|(&it, &kept)| kept.then_some(it)).collect();
    loop {
        let whole =
            widths.iter().flatten().fold(0_usize, |sum, it| sum.saturating_add(*it).saturating_add(GAP));
        if whole <= width.saturating_add(GAP) {
            return widths;
        }
        let names = columns.iter().zip(&mut widths).filter(|it| it.0.kind == Kind::Name);
        let widest = names.filter_map(|it| it.1.as_mut()).filter(|it| **it > NARROWEST).max_by_key(|it| **it);
        let Some(widest) = widest else { return widths };
        *widest = widest.saturating_sub(1);
    }
}

/// The text with its middle cut out where it is too wide.
fn cut_middle(text: &str, width: usize, terminal: &Terminal) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mark = terminal.either("\u{2026}", "..");
    let room = width.saturating_sub(mark.width());
    let tail_room = room / 2;
    let head = take(text.chars(), room.saturating_sub(tail_room));
    let tail: String = take(text.chars().rev(), tail_room).chars().rev().collect();
    format!("{head}{mark}{tail}")
}

/// As many characters as there is room for.
fn take(chars: impl Iterator<Item = char>, room: usize) -> String {
    let mut used = 0_usize;
    chars
        .take_while(|it| {
            used = used.saturating_add(it.width().unwrap_or_default());
            used <= room
        })
        .collect()
}

/// The text without characters that move the cursor, colour the screen or turn
/// the direction of writing.
#[must_use]
pub fn printable(text: &str) -> String {
    let unfit = |it: char| {
        it.is_control()
            || matches!(it, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    text.chars().map(|it| if unfit(it) { '?' } else { it }).collect()
}

/// Prose under a table, broken at spaces, the lines after the first indented.
pub(crate) fn prose(text: &str, terminal: &Terminal) -> String {
    broken(text, 2, terminal)
}

/// A fact after its name, in a column so wide.
pub(crate) fn fact(name: &str, column: usize, text: &str, terminal: &Terminal) -> String {
    broken(&format!("{name:<column$}{}", printable(text)), column, terminal)
}

/// The text broken at spaces, the lines after the first indented by so much.
fn broken(text: &str, indent: usize, terminal: &Terminal) -> String {
    let width = terminal.prose_width();
    let mut out = String::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let full = line.width().saturating_add(1).saturating_add(word.width()) > width;
        if full && !line.trim().is_empty() {
            out.push_str(line.trim_end());
            out.push('\n');
            line = " ".repeat(indent);
            line.push_str(word);
        } else {
            if !line.is_empty() || word.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    out.push_str(line.trim_end());
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(width: usize, charset: Charset, expected: &str) {
        let mut table = Table::new(vec![
            Column { head: "name", kind: Kind::Name },
            Column { head: "calls", kind: Kind::Spare(1) },
            Column { head: "share", kind: Kind::Spare(2) },
            Column { head: "cost", kind: Kind::Figure },
        ]);
        let row = |fields: [&str; 4]| fields.map(Field::new).to_vec();
        table.push(row(["github.com/acme/a-rather-long-name", "12", "50.0%", "$1.00"]));
        table.push(row(["\u{65e5}\u{672c}\u{8a9e}\u{1b}[31m", "1", "<0.1%", "$1,000.00"]));
        table.rule();
        table.push(row(["total", "13", "", "$1,001.00"]));
        let printed = table.print(&Terminal { width, color: Color::Off, charset });
        assert_eq!(format!("{}{:?}", printed.text, printed.left_out), expected.trim_start_matches('\n'));
        assert!(printed.text.lines().all(|it| it.width() <= width));
    }

    #[test]
    fn a_wide_table_shows_everything() {
        check(
            80,
            Charset::Unicode,
            "
name                                calls  share       cost
───────────────────────────────────────────────────────────
github.com/acme/a-rather-long-name     12  50.0%      $1.00
日本語?[31m                             1  <0.1%  $1,000.00
───────────────────────────────────────────────────────────
total                                  13         $1,001.00
[]",
        );
    }

    #[test]
    fn a_narrow_table_drops_columns_and_cuts_names() {
        check(
            52,
            Charset::Unicode,
            "
name                                calls       cost
────────────────────────────────────────────────────
github.com/acme/a-rather-long-name     12      $1.00
日本語?[31m                             1  $1,000.00
────────────────────────────────────────────────────
total                                  13  $1,001.00
[\"share\"]",
        );
        check(
            24,
            Charset::Ascii,
            "
name                cost
------------------------
github..-name      $1.00
日本語?[31m    $1,000.00
------------------------
total          $1,001.00
[\"calls\", \"share\"]",
        );
    }

    #[test]
    fn prose_is_broken_at_spaces() {
        assert_eq!(prose("one two three four", &Terminal::plain(9)), "one two\n  three\n  four\n");
        assert_eq!(fact("a", 3, "one two three", &Terminal::plain(9)), "a  one\n   two\n   three\n");
        assert_eq!(fact("a", 4, "b", &Terminal::plain(9)), "a   b\n");
    }
}
