//! Model names as they occur in logs, gateways and clouds, read without guessing.
//!
//! A name is taken apart by the writing rules of those who make such names: a
//! region before a Bedrock id, a date behind a dated id, a gateway's prefix. What
//! is left must be a name that the book lists; a name that merely begins like a
//! listed one stays unknown, so a future model never gets an old one's price.

use domain::{InferenceGeo, Speed};

/// What a name says besides the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NameFacts {
    /// Where inference ran, where the name says so.
    pub geo: Option<InferenceGeo>,
    /// The serving speed, where the name says so.
    pub speed: Option<Speed>,
    /// Whether the name asks for the long context window, as `[1m]` does.
    pub long_context: bool,
}

/// A name taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Reading {
    /// The providers that the name itself points at, the outermost first.
    pub(crate) prefixes: Vec<String>,
    /// The cloud that writes names this way.
    pub(crate) cloud: Option<&'static str>,
    /// Names that the book may list, the most literal first.
    pub(crate) candidates: Vec<String>,
    /// What else it says.
    pub(crate) facts: NameFacts,
}

/// The provider name of Amazon Bedrock.
pub(crate) const BEDROCK: &str = "aws-bedrock";
/// The provider name of Google's Vertex AI.
pub(crate) const VERTEX: &str = "google-vertex";

/// Names longer than this are no names.
const MAX_NAME_BYTES: usize = 300;
/// A name has no more parts between slashes than this.
const MAX_PREFIXES: usize = 6;

/// Geographies that Bedrock writes before the id of a cross-region profile.
/// GovCloud is not among them: it has prices of its own, on which sources disagree.
const BEDROCK_GEOGRAPHIES: [&str; 11] =
    ["global", "us", "eu", "apac", "ap", "jp", "au", "ca", "in", "sa", "mx"];
/// Makers whose Bedrock ids are `maker.model`, and that the book lists without it.
const BEDROCK_MAKERS: [&str; 2] = ["anthropic", "openai"];
/// Families of Anthropic's models.
const CLAUDE_FAMILIES: [&str; 5] = ["opus", "sonnet", "haiku", "fable", "mythos"];

/// Takes a name apart. Case does not matter.
pub(crate) fn read(name: &str) -> Reading {
    let mut reading = Reading::default();
    if name.len() > MAX_NAME_BYTES {
        return reading;
    }
    let lower = name.trim().to_ascii_lowercase();
    let mut rest = lower.as_str();
    if let Some(short) = rest.strip_suffix("[1m]") {
        reading.facts.long_context = true;
        rest = short;
    }
    rest = strip_arn(rest, &mut reading);
    rest = strip_vertex_path(rest, &mut reading);
    rest = strip_prefixes(rest, &mut reading);
    rest = strip_bedrock_geography(rest, &mut reading);
    if let Some((base, _version)) = rest.split_once('@') {
        if reading.prefixes.is_empty() {
            reading.cloud = Some(VERTEX);
        }
        offer(&mut reading.candidates, rest);
        rest = base;
    }
    offer_spellings(&mut reading.candidates, rest);
    reading
}

/// `arn:aws:bedrock:eu-west-1:…:inference-profile/eu.anthropic.…`: the part behind
/// the slash. The id of an application's own profile is opaque and stays unknown.
fn strip_arn<'a>(name: &'a str, reading: &mut Reading) -> &'a str {
    if !name.starts_with("arn:") || !name.contains(":bedrock:") {
        return name;
    }
    reading.cloud = Some(BEDROCK);
    match name.split_once('/') {
        Some((head, rest)) if head.ends_with(":inference-profile") => rest,
        Some((head, rest)) if head.ends_with(":foundation-model") => {
            reading.facts.geo = Some(InferenceGeo::Regional);
            rest
        }
        _ => name,
    }
}

/// `projects/p/locations/us-east5/publishers/anthropic/models/claude-…`.
fn strip_vertex_path<'a>(name: &'a str, reading: &mut Reading) -> &'a str {
    let Some((head, tail)) = name.split_once("publishers/") else { return name };
    let Some((maker, model)) = tail.split_once("/models/") else { return name };
    reading.cloud = Some(VERTEX);
    // Google's own models cost the same in every region.
    if let (Some((_, place)), "anthropic") = (head.split_once("locations/"), maker) {
        let global = place.trim_end_matches('/') == "global";
        reading.facts.geo = Some(if global { InferenceGeo::Global } else { InferenceGeo::Regional });
    }
    model
}

/// `litellm_proxy/vertex_ai/claude-…`: every part before the last may be a
/// provider, a gateway or a region; each rest in turn may be a listed name.
fn strip_prefixes<'a>(name: &'a str, reading: &mut Reading) -> &'a str {
    let mut rest = name;
    for _ in 0..MAX_PREFIXES {
        let Some((prefix, tail)) = rest.split_once('/') else { break };
        offer(&mut reading.candidates, rest);
        if prefix == "fast" {
            reading.facts.speed = Some(Speed::Fast);
        } else {
            reading.prefixes.push(prefix.to_owned());
        }
        rest = tail;
    }
    rest
}

/// `eu.anthropic.claude-opus-4-8-v1:0`: a geography, a maker, an id, a version.
fn strip_bedrock_geography<'a>(name: &'a str, reading: &mut Reading) -> &'a str {
    let geography = name.split_once('.').filter(|(head, _)| BEDROCK_GEOGRAPHIES.contains(head));
    let inside = geography.map_or(name, |(_, tail)| tail);
    let maker = BEDROCK_MAKERS.iter().find_map(|maker| inside.strip_prefix(maker)?.strip_prefix('.'));
    match (geography, maker) {
        (None, None) => return name,
        (Some(("global", _)), _) => reading.facts.geo = Some(InferenceGeo::Global),
        (Some(_), _) | (None, Some(_)) => reading.facts.geo = Some(InferenceGeo::Regional),
    }
    reading.cloud = Some(BEDROCK);
    offer(&mut reading.candidates, inside);
    maker.unwrap_or(inside)
}

/// The ways in which a name of the book may be written, the most literal first.
fn offer_spellings(candidates: &mut Vec<String>, name: &str) {
    offer(candidates, name);
    let plain = strip_bedrock_version(name);
    offer(candidates, plain);
    for form in [plain.to_owned(), dashed_claude(plain)] {
        offer(candidates, &form);
        let undated = strip_date(&form);
        offer(candidates, undated);
        let untagged = ["-latest", "-thinking"].iter().find_map(|tag| undated.strip_suffix(tag));
        let untagged = untagged.map_or(undated, strip_date);
        offer(candidates, untagged);
        if let Some(other) = other_claude_order(untagged) {
            offer(candidates, &other);
        }
        if let Some(full) = claude_shorthand(untagged) {
            offer(candidates, &full);
        }
        if let Some(preview) = strip_preview_date(untagged) {
            offer(candidates, preview);
        }
    }
}

fn offer(candidates: &mut Vec<String>, name: &str) {
    if !name.is_empty() && !candidates.iter().any(|known| known == name) {
        candidates.push(name.to_owned());
    }
}

/// `…-v1:0`, `…-v2`: the version that Bedrock writes behind an id.
fn strip_bedrock_version(name: &str) -> &str {
    let Some((base, version)) = name.rsplit_once("-v") else { return name };
    let (major, minor) = version.split_once(':').unwrap_or((version, "0"));
    if digits(major, 1..=2) && digits(minor, 1..=2) { base } else { name }
}

/// `…-20251001`, `…-2025-11-13`: the date of a dated id.
fn strip_date(name: &str) -> &str {
    if let Some((base, date)) = name.rsplit_once('-')
        && digits(date, 8..=8)
        && date.starts_with("20")
    {
        return base;
    }
    let mut parts = name.rsplitn(4, '-');
    let (day, month, year, base) = (parts.next(), parts.next(), parts.next(), parts.next());
    let is = |part: Option<&str>, width: usize| part.is_some_and(|part| digits(part, width..=width));
    match base {
        Some(base) if is(day, 2) && is(month, 2) && is(year, 4) => base,
        _ => name,
    }
}

/// `claude-sonnet-4.6` with dashes, as Anthropic itself writes it.
fn dashed_claude(name: &str) -> String {
    let claude = name.starts_with("claude-")
        || CLAUDE_FAMILIES.iter().any(|family| name.starts_with(&format!("{family}-")));
    if claude { name.replace('.', "-") } else { name.to_owned() }
}

/// `claude-4-6-sonnet` as `claude-sonnet-4-6`, and the other way around: Anthropic
/// changed the order once, and tools write either.
fn other_claude_order(name: &str) -> Option<String> {
    let rest = name.strip_prefix("claude-")?;
    for family in CLAUDE_FAMILIES {
        if let Some(version) = rest.strip_prefix(family).and_then(|rest| rest.strip_prefix('-')) {
            return version_like(version).then(|| format!("claude-{version}-{family}"));
        }
        if let Some(version) = rest.strip_suffix(family).and_then(|rest| rest.strip_suffix('-')) {
            return version_like(version).then(|| format!("claude-{family}-{version}"));
        }
    }
    None
}

/// `opus-5-5`, as people write it for `claude-opus-5-5`.
fn claude_shorthand(name: &str) -> Option<String> {
    let (family, version) = name.split_once('-')?;
    (CLAUDE_FAMILIES.contains(&family) && version_like(version)).then(|| format!("claude-{name}"))
}

/// `gemini-2.5-pro-preview-06-05`, `…-preview-09-2025`: the date of a preview.
fn strip_preview_date(name: &str) -> Option<&str> {
    let (base, date) = name.rsplit_once("-preview-")?;
    let (first, second) = date.split_once('-')?;
    let dated = digits(first, 2..=2) && (digits(second, 2..=2) || digits(second, 4..=4));
    dated.then(|| name.get(..base.len().saturating_add("-preview".len()))).flatten()
}

fn version_like(version: &str) -> bool {
    version.split('-').all(|part| digits(part, 1..=2))
}

fn digits(text: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    length.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}
