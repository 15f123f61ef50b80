//! Changes to a request body: a named value, and no other byte.
//!
//! Providers cache prompts by their bytes, and clients sign some of them, so a body
//! is never written anew: what is changed is cut out and replaced where it stood,
//! what is added stands first in its object.

use std::ops::Range;

use domain::ModelName;

use crate::json::Inside;
use crate::request::{Place, Request};
use crate::route::{Dialect, Operation};

/// What to change in a body. The default changes nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edit {
    /// Another model.
    pub model: Option<ModelName>,
    /// An output limit: a higher one is lowered to it, a lower one stays, and where
    /// there is none it is added.
    pub output_limit: Option<u64>,
    /// A streamed chat completion is asked to end with usage. Changes nothing where
    /// the request asks for it already or gets it anyway.
    pub report_usage: bool,
}

/// Why a body cannot be changed so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoEdit {
    /// The model stands in the path.
    #[error("the model stands in the request's path; rewrite it there, with `path_with_model`")]
    ModelInPath,
    /// This kind of request takes no output limit.
    #[error("a request to shorten a conversation takes no output limit; refuse it or let it pass")]
    TakesNoLimit,
    /// The provider refuses a limit that leaves nothing beside the thinking.
    #[error(
        "an output limit of {limit} tokens is not above the thinking budget of {budget}; reserve more or refuse the call"
    )]
    BelowThinking {
        /// The limit.
        limit: u64,
        /// The budget.
        budget: u64,
    },
    /// The request was read from other bytes.
    #[error("these {len} bytes are not the {expected} that the request was read from; edit those")]
    OtherBody {
        /// How many they are.
        len: usize,
        /// How many they should be.
        expected: usize,
    },
}

/// A part of a body, and what takes its place.
#[derive(Debug)]
struct Patch {
    range: Range<usize>,
    with: String,
}

impl Request {
    /// The body with some values changed and all other bytes as they were.
    ///
    /// # Errors
    /// [`NoEdit`], and then nothing is changed.
    pub fn edit(&self, body: &[u8], edit: &Edit) -> Result<Vec<u8>, NoEdit> {
        let expected = self.places.body_len;
        if body.len() != expected {
            return Err(NoEdit::OtherBody { len: body.len(), expected });
        }
        let mut patches = Vec::new();
        if let Some(model) = &edit.model {
            let range = self.places.model.clone().filter(|_| self.dialect != Dialect::Gemini);
            let range = range.ok_or(NoEdit::ModelInPath)?;
            patches.push(Patch { range, with: quoted(model.as_str()) });
        }
        if let Some(limit) = edit.output_limit {
            self.limit(limit, &mut patches)?;
        }
        if edit.report_usage && !self.reports_usage {
            patches.push(self.ask_for_usage());
        }
        patches.sort_by_key(|patch| patch.range.start);
        apply(body, &patches).ok_or(NoEdit::OtherBody { len: body.len(), expected })
    }

    fn limit(&self, limit: u64, patches: &mut Vec<Patch>) -> Result<(), NoEdit> {
        if self.operation == Operation::Compact {
            return Err(NoEdit::TakesNoLimit);
        }
        let is_low_enough = |stated: &Option<u64>| stated.is_some_and(|stated| stated <= limit);
        if self.output_limit.is_some_and(|stated| stated <= limit)
            && self.places.limits.iter().all(|(_, stated)| is_low_enough(stated))
        {
            return Ok(());
        }
        if let Some(budget) = self.reasoning.budget.filter(|budget| *budget >= limit) {
            return Err(NoEdit::BelowThinking { limit, budget });
        }
        if self.places.limits.is_empty() {
            patches.push(self.new_limit(limit));
            return Ok(());
        }
        let too_high = self.places.limits.iter().filter(|(_, stated)| !is_low_enough(stated));
        patches.extend(too_high.map(|(range, _)| Patch { range: range.clone(), with: limit.to_string() }));
        Ok(())
    }

    /// A limit where there is none.
    fn new_limit(&self, limit: u64) -> Patch {
        match self.dialect {
            Dialect::Anthropic => self.add("max_tokens", &limit.to_string()),
            Dialect::OpenAiChat => self.add("max_completion_tokens", &limit.to_string()),
            Dialect::OpenAiResponses => self.add("max_output_tokens", &limit.to_string()),
            Dialect::Gemini => {
                let place = self.places.generation_config.as_ref();
                self.add_inside(place, "generationConfig", &member("maxOutputTokens", &limit.to_string()))
            }
        }
    }

    fn ask_for_usage(&self) -> Patch {
        match &self.places.include_usage {
            Some(range) => Patch { range: range.clone(), with: "true".to_owned() },
            None => {
                let place = self.places.stream_options.as_ref();
                self.add_inside(place, "stream_options", &member("include_usage", "true"))
            }
        }
    }

    /// A member of the body.
    fn add(&self, name: &str, value: &str) -> Patch {
        let inside = self.places.body.unwrap_or(Inside { at: 0, is_empty: true });
        added(inside, member(name, value))
    }

    /// A member of an object in the body, which is added as well if it is not there.
    fn add_inside(&self, place: Option<&Place>, object: &str, member: &str) -> Patch {
        match place {
            Some(Place::Object(inside)) => added(*inside, member.to_owned()),
            Some(Place::Null(range)) => Patch { range: range.clone(), with: format!("{{{member}}}") },
            None => self.add(object, &format!("{{{member}}}")),
        }
    }
}

fn added(inside: Inside, mut member: String) -> Patch {
    if !inside.is_empty {
        member.push(',');
    }
    Patch { range: inside.at..inside.at, with: member }
}

fn member(name: &str, value: &str) -> String {
    format!("\"{name}\":{value}")
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn apply(body: &[u8], patches: &[Patch]) -> Option<Vec<u8>> {
    let more = patches.iter().map(|patch| patch.with.len()).fold(0, usize::saturating_add);
    let mut edited = Vec::with_capacity(body.len().saturating_add(more));
    let mut done = 0;
    for Patch { range, with } in patches {
        edited.extend_from_slice(body.get(done..range.start)?);
        edited.extend_from_slice(with.as_bytes());
        done = range.end;
    }
    edited.extend_from_slice(body.get(done..)?);
    Some(edited)
}

#[cfg(test)]
mod tests;
