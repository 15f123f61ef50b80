//! Writes a price book: what `cargo xtask prices` ends with. Kept beside the reader,
//! so that the format is known in one place.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use domain::Day;

use crate::digest;
use crate::entry::{Billed, Effect, Entry, Modifier, Rates};
use crate::price_book::HEAD;

/// The parts of a book. All of them are sorted, so that the same prices make the
/// same file.
#[derive(Debug, Clone, Default)]
pub struct BookParts {
    /// What stands at its head: where it comes from, whose data it holds.
    pub notice: Vec<String>,
    /// Sources by their key.
    pub sources: BTreeMap<String, String>,
    /// Provider lines in the order in which makers are asked for a bare name:
    /// `azure reseller alias azure_ai charges openai`.
    pub providers: Vec<String>,
    /// Names, in lower case, with the provider and model that they stand for.
    pub names: BTreeSet<(String, String, String)>,
    /// Prices by provider and model.
    pub models: BTreeMap<(String, String), Vec<Entry>>,
}

impl BookParts {
    /// The text of the book.
    #[must_use]
    pub fn write(&self) -> String {
        let mut body = String::new();
        for notice in &self.notice {
            line(&mut body, format_args!("# {notice}"));
        }
        for (key, source) in &self.sources {
            line(&mut body, format_args!("source {key} {source}"));
        }
        for provider in &self.providers {
            line(&mut body, format_args!("provider {provider}"));
        }
        line(&mut body, format_args!("[names]"));
        let names: BTreeSet<String> = self.names.iter().map(name_line).collect();
        for name in names {
            line(&mut body, format_args!("{name}"));
        }
        line(&mut body, format_args!("[models]"));
        // Sorted as the reader searches: by the whole line.
        let models: BTreeMap<String, &Vec<Entry>> =
            self.models.iter().map(|((provider, model), it)| (format!("{provider} {model}"), it)).collect();
        for (key, entries) in models {
            line(&mut body, format_args!("= {key}"));
            body.push_str(&write_entries(entries));
        }
        format!("{HEAD}\ndigest {}\n{body}", digest::sha256_hex(&[&body]))
    }
}

fn name_line((name, provider, model): &(String, String, String)) -> String {
    if name == model { format!("{name} {provider}") } else { format!("{name} {provider} {model}") }
}

/// Writes the entries of one block, as `book_text` reads them.
pub(crate) fn write_entries(entries: &[Entry]) -> String {
    let mut text = String::new();
    for entry in entries {
        write_entry(&mut text, entry);
    }
    text
}

fn write_entry(text: &mut String, entry: &Entry) {
    let day = |day: Option<Day>| day.map_or_else(|| "-".to_owned(), |day| day.to_string());
    line(text, format_args!("* {} {} {}", day(entry.from), day(entry.until), entry.source));
    if let Some(hours) = entry.hours {
        line(text, format_args!(" hours {hours}"));
    }
    line(text, format_args!(" rates {}", rates(&entry.card.base)));
    for (threshold, above) in &entry.card.above {
        line(text, format_args!(" above {threshold} {}", rates(above)));
    }
    if let Some(rate) = entry.web_searches {
        line(text, format_args!(" search {rate}"));
    }
    for Modifier { kind, effect, source } in &entry.modifiers {
        let name = kind.name();
        match effect {
            Effect::Factor(factor) => line(text, format_args!(" {name} x{factor} {source}")),
            Effect::Rates(card) => {
                line(text, format_args!(" {name} {} {source}", rates(&card.base)));
                for (threshold, above) in &card.above {
                    line(text, format_args!(" {name} above {threshold} {}", rates(above)));
                }
            }
        }
    }
}

fn line(text: &mut String, words: fmt::Arguments<'_>) {
    text.push_str(&fmt::format(words));
    text.push('\n');
}

fn rates(rates: &Rates) -> String {
    let Rates { input, cache_write_5m, cache_write_1h, cache_read, output } = rates;
    let words = [input, cache_write_5m, cache_write_1h, cache_read, output].map(|billed| match billed {
        Billed::Unlisted => "-".to_owned(),
        Billed::AsInput => "@input".to_owned(),
        Billed::At(rate) => rate.to_string(),
    });
    words.join(" ")
}
