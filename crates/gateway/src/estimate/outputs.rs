//! The longest answers of models, for requests that state no limit.

use domain::{ModelName, wildcard};

/// What models are taken for that are not listed: as much as any of the listed.
const UNLISTED: u64 = 128_000;

/// As providers document them, by canonical name; the first line that matches counts.
/// One that is too high only holds more money for a while.
const LARGEST: [(&str, u64); 21] = [
    ("claude-3-haiku*", 4_096),
    ("claude-3-opus*", 4_096),
    ("claude-3-sonnet*", 4_096),
    ("claude-3-5-*", 8_192),
    ("claude-opus-4", 32_000),
    ("claude-opus-4-0", 32_000),
    ("claude-opus-4-1", 32_000),
    ("claude-opus-4-5", 64_000),
    ("claude-sonnet-4", 64_000),
    ("claude-sonnet-4-5", 64_000),
    ("claude-haiku-4-5", 64_000),
    ("gpt-3.5*", 4_096),
    ("gpt-4-turbo*", 4_096),
    ("gpt-4.1*", 32_768),
    ("gpt-4o*", 16_384),
    ("gpt-4", 8_192),
    ("o1*", 100_000),
    ("o3*", 100_000),
    ("o4-mini*", 100_000),
    ("gemini-1.5*", 8_192),
    ("gemini-*", 65_536),
];

/// The most tokens that one answer of a model can have.
pub(super) fn largest(model: &ModelName) -> u64 {
    let known = LARGEST.iter().find(|(pattern, _)| wildcard::matches(pattern, model.as_str()));
    known.map_or(UNLISTED, |(_, tokens)| *tokens)
}
