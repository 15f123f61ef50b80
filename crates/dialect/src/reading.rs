//! What a response says of itself, and how sure that is.

use domain::{CallKey, InferenceGeo, ModelName, OutputConfidence, ServiceTier, Speed, Terms, Tokens, Usage};

use crate::json::{Cursor, Fault};
use crate::request::NAME_LIMIT;

/// Bytes of output that are taken for a token where the provider never said: text,
/// thinking and arguments of tools, as written in JSON. Rather too many tokens than
/// too few, since code has more of them than prose, and nobody pays back an overrun.
pub const OUTPUT_BYTES_PER_TOKEN: u64 = 3;
/// Tokens that one response can be about. One that says more is broken.
const COUNT_LIMIT: u64 = 1_000_000_000_000;
/// Advisors that are kept of one response.
const ADVISORS_LIMIT: usize = 64;

/// How a figure came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Basis {
    /// The provider stated it, and it is final.
    Stated,
    /// Nothing final was stated: it is worked out from what was said, or what was
    /// stated up to then, whichever is more.
    Estimated,
    /// Nothing was said of it: it is zero here, and the caller has to estimate it
    /// from the request.
    Unknown,
}

/// What a response used, as far as it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The tokens by class. See `input` and `output` for how sure they are.
    pub usage: Usage,
    /// How the classes of the prompt came about.
    pub input: Basis,
    /// How the output came about.
    pub output: Basis,
    /// Bytes of output so far, for who has a better rate than [`OUTPUT_BYTES_PER_TOKEN`].
    pub output_bytes: u64,
    /// The model that served, which may be another than was asked for.
    pub model: Option<ModelName>,
    /// The provider's id of the message or response.
    pub id: Option<CallKey>,
    /// The tier that was billed, if stated.
    pub tier: Option<ServiceTier>,
    /// The speed that was billed, if stated.
    pub speed: Option<Speed>,
    /// Where inference ran, if stated.
    pub geo: Option<InferenceGeo>,
    /// Why the answer ended, in the provider's own word.
    pub stop: Option<Box<str>>,
    /// The last counts have come: nothing more will be billed.
    pub is_complete: bool,
    /// The kind of error that the provider reported, in its own word.
    pub error: Option<Box<str>>,
    /// Calls of other models inside of this one, which `usage` leaves out.
    pub advisors: Vec<Advisor>,
    /// Events or objects that could not be read.
    pub missed: u64,
}

/// A call of another model inside of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advisor {
    /// Which of the call's steps this is; the key of its own is `{id}#advisor-{step}`.
    pub step: u64,
    /// The model.
    pub model: ModelName,
    /// What it used.
    pub usage: Usage,
}

impl Reading {
    /// The terms as billed; what was not stated is as it was asked for.
    #[must_use]
    pub fn terms(&self, asked: Terms) -> Terms {
        Terms {
            tier: self.tier.unwrap_or(asked.tier),
            speed: self.speed.unwrap_or(asked.speed),
            geo: self.geo.unwrap_or(asked.geo),
        }
    }

    /// How far the output count can be trusted.
    #[must_use]
    pub const fn confidence(&self) -> OutputConfidence {
        match self.output {
            Basis::Stated => OutputConfidence::Final,
            Basis::Estimated | Basis::Unknown => OutputConfidence::Interrupted,
        }
    }
}

/// Counts as a provider states them, before they are split into classes. What is
/// stated later takes the place of what was stated before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// With cached tokens or without, as the dialect has it.
    pub(crate) input: Option<u64>,
    /// Prompts of tools that the provider runs (Gemini).
    pub(crate) tool_input: Option<u64>,
    pub(crate) output: Option<u64>,
    /// In output or beside it, as the dialect has it.
    pub(crate) reasoning: Option<u64>,
    pub(crate) cache_read: Option<u64>,
    /// Of any life.
    pub(crate) cache_write: Option<u64>,
    pub(crate) cache_write_5m: Option<u64>,
    pub(crate) cache_write_1h: Option<u64>,
    pub(crate) web_searches: Option<u64>,
    /// A count was negative, broken or beyond all bounds.
    pub(crate) is_odd: bool,
}

impl Counts {
    /// Reads a count. Null and nothing leave what was stated before.
    pub(crate) fn take(
        &mut self,
        slot: impl FnOnce(&mut Self) -> &mut Option<u64>,
        cursor: &mut Cursor<'_>,
    ) -> Result<(), Fault> {
        if cursor.peek() == Some(b'n') {
            return cursor.pass();
        }
        match cursor.maybe_count()?.filter(|count| *count <= COUNT_LIMIT) {
            Some(count) => *slot(self) = Some(count),
            None => self.is_odd = true,
        }
        Ok(())
    }
}

/// All that has been read of a response.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    pub(crate) counts: Counts,
    /// The provider's sign that counts are final has come.
    pub(crate) has_final_counts: bool,
    /// The stream said that it is done.
    pub(crate) is_done: bool,
    pub(crate) output_bytes: u64,
    /// Web searches that were seen running.
    pub(crate) searches_seen: u64,
    pub(crate) model: Option<ModelName>,
    pub(crate) id: Option<CallKey>,
    pub(crate) tier: Option<ServiceTier>,
    pub(crate) speed: Option<Speed>,
    pub(crate) geo: Option<InferenceGeo>,
    pub(crate) stop: Option<Box<str>>,
    pub(crate) error: Option<Box<str>>,
    pub(crate) advisors: Vec<Advisor>,
    missed: u64,
}

impl Tally {
    pub(crate) const fn miss(&mut self) {
        self.missed = self.missed.saturating_add(1);
    }

    pub(crate) const fn say(&mut self, bytes: u64) {
        self.output_bytes = self.output_bytes.saturating_add(bytes);
    }

    pub(crate) fn take_model(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Fault> {
        if let Some(model) = name(cursor)? {
            self.model = Some(ModelName::new(&model));
        }
        Ok(())
    }

    pub(crate) fn take_id(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Fault> {
        if let Some(id) = name(cursor)? {
            self.id = Some(CallKey::new(&id));
        }
        Ok(())
    }

    pub(crate) fn take_tier(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Fault> {
        if let Some(tier) = name(cursor)? {
            self.tier = Some(ServiceTier::from_name(&tier).unwrap_or_default());
        }
        Ok(())
    }

    pub(crate) fn take_stop(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Fault> {
        if let Some(stop) = name(cursor)? {
            self.stop = Some(stop.into_boxed_str());
        }
        Ok(())
    }

    /// An error: an object with a kind in one of these members, or a text.
    pub(crate) fn take_error(&mut self, cursor: &mut Cursor<'_>, kinds: &[&[u8]]) -> Result<(), Fault> {
        let mut found: Option<(usize, String)> = None;
        match cursor.peek() {
            Some(b'{') => drop(cursor.object(|cursor, key| {
                let rank = kinds.iter().position(|kind| *kind == key);
                if let Some(rank) = rank.filter(|rank| found.as_ref().is_none_or(|(best, _)| rank < best))
                    && let Some(kind) = name(cursor)?
                {
                    found = Some((rank, kind));
                }
                Ok::<(), Fault>(())
            })?),
            Some(b'n') => return cursor.pass(),
            _ => cursor.pass()?,
        }
        let kind = found.map_or_else(|| "error".to_owned(), |(_, kind)| kind);
        self.error = Some(kind.into_boxed_str());
        Ok(())
    }

    pub(crate) fn advise(&mut self, advisor: Advisor) {
        if self.advisors.len() < ADVISORS_LIMIT {
            self.advisors.push(advisor);
        } else {
            self.miss();
        }
    }

    pub(crate) fn reading(&self, mut usage: Usage, held: u64) -> Reading {
        let counts = &self.counts;
        let is_sound = !counts.is_odd;
        let is_final = self.has_final_counts || self.is_done;
        let is_complete = is_final && is_sound && counts.output.is_some();
        let output_bytes = self.output_bytes.saturating_add(held);
        let output = if is_complete { Basis::Stated } else { Basis::Estimated };
        if !is_complete {
            let estimate = Tokens::new(output_bytes.div_ceil(OUTPUT_BYTES_PER_TOKEN));
            usage.output = usage.output.max(estimate);
        }
        usage.web_searches = counts.web_searches.unwrap_or(self.searches_seen);
        Reading {
            usage,
            input: if counts.input.is_some() && is_sound { Basis::Stated } else { Basis::Unknown },
            output,
            output_bytes,
            model: self.model.clone(),
            id: self.id.clone(),
            tier: self.tier,
            speed: self.speed,
            geo: self.geo,
            stop: self.stop.clone(),
            is_complete,
            error: self.error.clone(),
            advisors: self.advisors.clone(),
            missed: self.missed,
        }
    }
}

/// A short text that is not empty.
pub(crate) fn name(cursor: &mut Cursor<'_>) -> Result<Option<String>, Fault> {
    let text = cursor.maybe_text()?.map(|text| text.says_briefly(NAME_LIMIT));
    Ok(text.filter(|text| !text.is_empty()))
}

/// The length of all texts in a value, names of members and of kinds left out.
pub(crate) fn said(cursor: &mut Cursor<'_>) -> Result<u64, Fault> {
    let mut bytes = 0_u64;
    match cursor.peek() {
        Some(b'"') => bytes = cursor.text()?.written_len(),
        Some(b'[') => cursor.list(|cursor| {
            bytes = bytes.saturating_add(said(cursor)?);
            Ok::<(), Fault>(())
        })?,
        Some(b'{') => drop(cursor.object(|cursor, key| {
            if !matches!(key, b"id" | b"type" | b"role" | b"call_id" | b"status") {
                bytes = bytes.saturating_add(said(cursor)?);
            }
            Ok::<(), Fault>(())
        })?),
        _ => cursor.pass()?,
    }
    Ok(bytes)
}

/// A count, or none.
pub(crate) fn tokens(count: Option<u64>) -> Tokens {
    Tokens::new(count.unwrap_or_default())
}
