//! The price book: what every model costs, and since when.
//!
//! The text stays as it is; looking a model up reads only its own lines. Loading
//! the embedded book is therefore a matter of microseconds, for a command that
//! runs in 40 ms. `cargo xtask prices` writes it and a test reads all of it.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use domain::{ModelName, Provider, Speed, Timestamp};

use crate::book_text::{self, BadLine, SortedLines};
use crate::digest;
use crate::entry::{Entry, ModifierKind};
use crate::model_name::{self, NameFacts, Reading};

/// The first line of every book, with the version of its format.
pub(crate) const HEAD: &str = "bursar price book 1";
/// A book larger than this is refused.
const MAX_BOOK_BYTES: usize = 16 * 1024 * 1024;

/// The embedded book.
const BUNDLED: &str = include_str!("../data/price_book.txt");

/// List prices by provider, model and time. Immutable, and cheap to clone.
#[derive(Debug, Clone)]
pub struct PriceBook {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    text: Cow<'static, str>,
    digest: String,
    providers: Vec<ProviderLine>,
    sources: Vec<(String, String)>,
    names: Range<usize>,
    models: Range<usize>,
}

/// What the book says of a provider.
#[derive(Debug)]
struct ProviderLine {
    id: String,
    /// It makes the models that it serves: a bare model name means its own.
    maker: bool,
    /// Other names that it goes by.
    aliases: Vec<String>,
    /// Whose prices it charges for models that the book does not list under it.
    charges_as: Vec<String>,
}

/// Why a book cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BookError {
    /// It is no price book of this format.
    #[error("not a price book: the first line is not `{HEAD}`; rebuild it with `cargo xtask prices`")]
    NotABook,
    /// It is larger than any book.
    #[error("the price book is larger than 16 MiB")]
    TooLarge,
    /// A part of it is missing.
    #[error("the price book has no `{0}` line; rebuild it with `cargo xtask prices`")]
    Missing(&'static str),
    /// It is not what was written.
    #[error(
        "the price book was changed by hand or cut off: its digest is {actual}, not {stated}; rebuild it"
    )]
    WrongDigest {
        /// The digest that it states.
        stated: String,
        /// The digest that it has.
        actual: String,
    },
    /// A line of it cannot be read.
    #[error("the price book's lines of {model} cannot be read: `{line}`: {problem}")]
    BadLine {
        /// The model, or the part of the book.
        model: String,
        /// The line.
        line: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// It is not in order, so that looking up would miss lines.
    #[error("the price book is out of order at `{0}`; rebuild it with `cargo xtask prices`")]
    OutOfOrder(String),
}

/// A model of the book, found by one of its names.
#[derive(Debug, Clone)]
pub struct ResolvedModel {
    provider: Provider,
    model: ModelName,
    listed_under: Provider,
    facts: NameFacts,
    entries: Arc<[Entry]>,
}

impl ResolvedModel {
    /// Who serves and bills it.
    #[must_use]
    pub const fn provider(&self) -> &Provider {
        &self.provider
    }

    /// Its canonical name.
    #[must_use]
    pub const fn model(&self) -> &ModelName {
        &self.model
    }

    /// The provider whose prices apply: another than the one that serves it where
    /// that one charges the maker's prices.
    #[must_use]
    pub const fn listed_under(&self) -> &Provider {
        &self.listed_under
    }

    /// What else the name says.
    #[must_use]
    pub const fn facts(&self) -> NameFacts {
        self.facts
    }

    /// Its prices, in the order of the book.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The price in force at a moment.
    #[must_use]
    pub fn entry_at(&self, at: Timestamp) -> Option<&Entry> {
        self.entries.iter().rev().find(|entry| entry.holds(at))
    }
}

/// What to list.
#[derive(Debug, Clone, Default)]
pub struct PriceQuery<'a> {
    /// Words that must all occur in `provider/model`, or a name that resolves.
    pub model: Option<&'a str>,
    /// Only the prices in force at that moment.
    pub at: Option<Timestamp>,
}

/// One price of one model, for people.
#[derive(Debug, Clone)]
pub struct Listing {
    /// Who bills it.
    pub provider: Provider,
    /// The model.
    pub model: ModelName,
    /// The price, with rates that display as exact decimals.
    pub entry: Entry,
    /// Where it stands, in full.
    pub source: String,
}

impl PriceBook {
    /// The embedded book.
    ///
    /// # Errors
    /// [`BookError`] where the build embedded something else.
    pub fn bundled() -> Result<Self, BookError> {
        Self::load(Cow::Borrowed(BUNDLED))
    }

    /// A book from its text, checked to the last line.
    ///
    /// # Errors
    /// [`BookError`] that names the line.
    pub fn parse(data: &str) -> Result<Self, BookError> {
        let book = Self::load(Cow::Owned(data.to_owned()))?;
        book.check()?;
        Ok(book)
    }

    /// The SHA-256 of the data, as 64 hex digits: what a figure names as its prices.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.inner.digest
    }

    /// The digest's first digits, for people.
    #[must_use]
    pub fn short_digest(&self) -> &str {
        digest::short(&self.inner.digest)
    }

    /// The model that a name means, where the book lists it. A provider that the
    /// book does not know, as a company's own gateway, says nothing about the model.
    #[must_use]
    pub fn resolve(&self, model: &ModelName, provider: Option<&Provider>) -> Option<ResolvedModel> {
        let stated = provider.and_then(|provider| self.provider(provider.as_str()));
        let literal = self.resolve_reading(&model_name::read(model.as_str()), stated);
        literal.or_else(|| {
            // `…-fast` is the model in its fast mode, if the book knows that it has one.
            let mut reading = model_name::read(model.as_str().strip_suffix("-fast")?);
            reading.facts.speed = Some(Speed::Fast);
            let found = self.resolve_reading(&reading, stated)?;
            found.entries.iter().any(|entry| entry.modifier(ModifierKind::Fast).is_some()).then_some(found)
        })
    }

    fn resolve_reading(&self, reading: &Reading, stated: Option<&ProviderLine>) -> Option<ResolvedModel> {
        let cloud = reading.cloud.and_then(|cloud| self.provider(cloud));
        let prefixed = reading.prefixes.iter().find_map(|prefix| self.provider(prefix));
        let named = cloud.or(prefixed);
        let billing = match (stated, named) {
            // Tools call a gateway by the maker whose protocol it speaks; the name
            // of the model then says who really serves it.
            (Some(stated), Some(named)) if stated.maker => Some(named),
            (Some(stated), _) => Some(stated),
            (None, named) => named,
        };
        match billing {
            Some(line) => self.resolve_at(reading, line),
            None => self.resolve_anywhere(reading),
        }
    }

    /// What the book lists, by provider, model and time.
    ///
    /// # Errors
    /// [`BookError::BadLine`] where a line cannot be read.
    pub fn entries(&self, query: &PriceQuery<'_>) -> Result<Vec<Listing>, BookError> {
        let resolved = query.model.and_then(|name| self.resolve(&ModelName::new(name), None));
        let wanted = |provider: &str, model: &str| match (query.model, &resolved) {
            (None, _) => true,
            (Some(_), Some(found))
                if found.listed_under.as_str() == provider && found.model.as_str() == model =>
            {
                true
            }
            (Some(words), _) => {
                let full = format!("{provider}/{model}").to_ascii_lowercase();
                words.split_ascii_whitespace().all(|word| full.contains(&word.to_ascii_lowercase()))
            }
        };
        let mut listings = Vec::new();
        for (provider, model, lines) in self.blocks() {
            if !wanted(provider, model) {
                continue;
            }
            let entries = read_block(provider, model, lines)?;
            let last_holding = |at| entries.iter().rposition(|entry: &Entry| entry.holds(at));
            let only = query.at.map(last_holding);
            for (index, entry) in entries.iter().enumerate() {
                if only.is_none_or(|only| only == Some(index)) {
                    listings.push(Listing {
                        provider: Provider::new(provider),
                        model: ModelName::new(model),
                        source: self.source(&entry.source).to_owned(),
                        entry: entry.clone(),
                    });
                }
            }
        }
        Ok(listings)
    }

    /// A source in full, by its key; the key where the book has no more to say.
    #[must_use]
    pub fn source<'a>(&'a self, key: &'a str) -> &'a str {
        let found = self.inner.sources.iter().find(|(known, _)| known == key);
        found.map_or(key, |(_, text)| text.as_str())
    }

    fn load(text: Cow<'static, str>) -> Result<Self, BookError> {
        if text.len() > MAX_BOOK_BYTES {
            return Err(BookError::TooLarge);
        }
        let rest =
            text.strip_prefix(HEAD).and_then(|rest| rest.strip_prefix('\n')).ok_or(BookError::NotABook)?;
        let (digest_line, _) = rest.split_once('\n').ok_or(BookError::Missing("digest"))?;
        let digest = digest_line.strip_prefix("digest ").ok_or(BookError::Missing("digest"))?.to_owned();
        let (head, names) = section(&text, "\n[names]\n")?;
        let (names_end, models) = section(&text, "\n[models]\n")?;
        let mut providers = Vec::new();
        let mut sources = Vec::new();
        for line in text.get(..head).unwrap_or_default().lines() {
            if let Some(line) = line.strip_prefix("source ") {
                sources.push(split_pair(line));
            } else if let Some(line) = line.strip_prefix("provider ") {
                providers.push(ProviderLine::read(line)?);
            }
        }
        let (names, models) = (names..names_end.saturating_add(1), models..text.len());
        Ok(Self { inner: Arc::new(Inner { text, digest, providers, sources, names, models }) })
    }

    /// Reads every line once: the digest, the order, the names, the entries.
    fn check(&self) -> Result<(), BookError> {
        let body = self.inner.text.splitn(3, '\n').nth(2).unwrap_or_default();
        let actual = digest::sha256_hex(&[body]);
        if actual != self.inner.digest {
            return Err(BookError::WrongDigest { stated: self.inner.digest.clone(), actual });
        }
        self.check_names()?;
        let mut before = String::new();
        for (provider, model, lines) in self.blocks() {
            let key = format!("{provider} {model}");
            if self.provider_by_id(provider).is_none() || before >= key {
                return Err(BookError::OutOfOrder(key));
            }
            for entry in read_block(provider, model, lines)? {
                self.check_sources(&entry, &key)?;
            }
            before = key;
        }
        Ok(())
    }

    fn check_names(&self) -> Result<(), BookError> {
        let mut before = "";
        for line in self.names().lines() {
            let Some((_, provider, model)) = split_name_line(line) else {
                let (model, problem) = ("[names]".to_owned(), "a line is a name, a provider and a model");
                return Err(BookError::BadLine { model, line: line.to_owned(), problem });
            };
            if before >= line || self.block(provider, model).is_none() {
                return Err(BookError::OutOfOrder(line.to_owned()));
            }
            before = line;
        }
        Ok(())
    }

    fn check_sources(&self, entry: &Entry, key: &str) -> Result<(), BookError> {
        let of_modifiers = entry.modifiers.iter().map(|modifier| &modifier.source);
        for source in std::iter::once(&entry.source).chain(of_modifiers) {
            if !self.inner.sources.iter().any(|(known, _)| **known == **source) {
                let (model, line) = (key.to_owned(), source.to_string());
                return Err(BookError::BadLine { model, line, problem: "its source is not in the book" });
            }
        }
        Ok(())
    }

    fn names(&self) -> &str {
        self.inner.text.get(self.inner.names.clone()).unwrap_or_default()
    }

    fn models(&self) -> &str {
        self.inner.text.get(self.inner.models.clone()).unwrap_or_default()
    }

    fn provider(&self, name: &str) -> Option<&ProviderLine> {
        let is = |known: &str| known.eq_ignore_ascii_case(name);
        self.inner.providers.iter().find(|line| is(&line.id) || line.aliases.iter().any(|alias| is(alias)))
    }

    fn provider_by_id(&self, id: &str) -> Option<&ProviderLine> {
        self.inner.providers.iter().find(|line| line.id == id)
    }

    /// The model at a provider, or at those whose prices it charges.
    fn resolve_at(&self, reading: &Reading, billing: &ProviderLine) -> Option<ResolvedModel> {
        let listings = std::iter::once(&billing.id).chain(&billing.charges_as);
        listings.into_iter().find_map(|listed_under| {
            let model = self.listed_name(reading, |provider| provider == listed_under)?.1;
            self.resolved(reading, &billing.id, listed_under, model)
        })
    }

    /// The model at the maker that lists it; a name that only resellers list says
    /// nothing about whose price applies.
    fn resolve_anywhere(&self, reading: &Reading) -> Option<ResolvedModel> {
        let makers = self.inner.providers.iter().filter(|line| line.maker);
        makers.into_iter().find_map(|maker| {
            let model = self.listed_name(reading, |provider| provider == maker.id)?.1;
            self.resolved(reading, &maker.id, &maker.id, model)
        })
    }

    /// The provider and model that the first listed candidate stands for.
    fn listed_name(&self, reading: &Reading, at: impl Fn(&str) -> bool) -> Option<(&str, &str)> {
        let names = SortedLines::new(self.names(), "");
        reading.candidates.iter().find_map(|candidate| {
            let lines = names.starting_at(candidate).lines().map_while(split_name_line);
            let same = lines.take_while(|(name, _, _)| name == candidate);
            same.map(|(_, provider, model)| (provider, model)).find(|(provider, _)| at(provider))
        })
    }

    fn resolved(&self, reading: &Reading, billing: &str, listed: &str, model: &str) -> Option<ResolvedModel> {
        let entries = read_block(listed, model, self.block(listed, model)?).ok()?;
        Some(ResolvedModel {
            provider: Provider::new(billing),
            model: ModelName::new(model),
            listed_under: Provider::new(listed),
            facts: reading.facts,
            entries: entries.into(),
        })
    }

    /// The lines of one model, after its key line.
    fn block(&self, provider: &str, model: &str) -> Option<&str> {
        let key = format!("{provider} {model}");
        let found = SortedLines::new(self.models(), "= ").starting_at(&key);
        let rest = found.strip_prefix("= ")?.strip_prefix(key.as_str())?.strip_prefix('\n')?;
        Some(rest.split_once("\n= ").map_or(rest, |(lines, _)| lines))
    }

    fn blocks(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        let blocks = self.models().strip_prefix("= ").unwrap_or_default().split("\n= ");
        blocks.filter_map(|block| {
            let (key, lines) = block.split_once('\n')?;
            let (provider, model) = key.split_once(' ')?;
            Some((provider, model, lines))
        })
    }
}

impl ProviderLine {
    /// `azure reseller alias azure_ai alias foundry charges openai charges anthropic`.
    fn read(line: &str) -> Result<Self, BookError> {
        let bad =
            |problem| BookError::BadLine { model: "provider".to_owned(), line: line.to_owned(), problem };
        let mut words = line.split_ascii_whitespace();
        let id = words.next().ok_or_else(|| bad("it has no name"))?.to_owned();
        let maker = match words.next() {
            Some("maker") => true,
            Some("reseller") => false,
            _ => return Err(bad("it is neither `maker` nor `reseller`")),
        };
        let mut read = Self { id, maker, aliases: Vec::new(), charges_as: Vec::new() };
        while let Some(word) = words.next() {
            let value = words.next().ok_or_else(|| bad("a word is missing at its end"))?.to_owned();
            match word {
                "alias" => read.aliases.push(value),
                "charges" => read.charges_as.push(value),
                _ => return Err(bad("it has a word that is neither `alias` nor `charges`")),
            }
        }
        Ok(read)
    }
}

fn section(text: &str, title: &'static str) -> Result<(usize, usize), BookError> {
    let start = text.find(title).ok_or_else(|| BookError::Missing(title.trim_ascii()))?;
    Ok((start, start.saturating_add(title.len())))
}

fn split_pair(line: &str) -> (String, String) {
    let (key, value) = line.split_once(' ').unwrap_or((line, ""));
    (key.to_owned(), value.to_owned())
}

/// `name provider model`, or `name provider` where the model has that very name.
fn split_name_line(line: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = line.split_once(' ')?;
    Some(rest.split_once(' ').map_or((name, rest, name), |(provider, model)| (name, provider, model)))
}

fn read_block(provider: &str, model: &str, lines: &str) -> Result<Vec<Entry>, BookError> {
    book_text::read_entries(lines).map_err(|BadLine { line, problem }| {
        let model = format!("{provider}/{model}");
        BookError::BadLine { model, line, problem }
    })
}
