//! `message.usage` of a Claude Code record, read into Bursar's terms.

use domain::{InferenceGeo, OutputConfidence, ServiceTier, Speed, Terms, Tokens, Usage};

use super::record;
use crate::json::any_odd;

/// The first version whose last line of a message states the final output count.
/// Earlier ones mostly repeat what the stream began with.
const FINAL_OUTPUT_SINCE: [u32; 3] = [2, 1, 97];

/// The token counts; nothing if one of them is odd. The split of cache writes by lifetime is believed as far as
/// it goes; what the total has beyond it was written for five minutes, which is
/// the provider's default.
pub(super) fn usage(wire: &record::Usage<'_>) -> Option<Usage> {
    let split = wire.cache_creation.0.unwrap_or_default();
    let (hour, five) = (split.ephemeral_1h_input_tokens, split.ephemeral_5m_input_tokens);
    let written = wire.cache_creation_input_tokens;
    let searches = wire.server_tool_use.0.unwrap_or_default().web_search_requests;
    if any_odd([
        wire.input_tokens,
        wire.output_tokens,
        wire.cache_read_input_tokens,
        written,
        hour,
        five,
        searches,
    ]) {
        return None;
    }
    let (hour, five) = (hour.number().unwrap_or_default(), five.number().unwrap_or_default());
    let beyond = written.number().unwrap_or_default().saturating_sub(hour.saturating_add(five));
    Some(Usage {
        input: wire.input_tokens.tokens(),
        output: wire.output_tokens.tokens(),
        cache_read: wire.cache_read_input_tokens.tokens(),
        cache_write_5m: Tokens::new(five.saturating_add(beyond)),
        cache_write_1h: Tokens::new(hour),
        reasoning: Tokens::ZERO,
        web_searches: searches.number().unwrap_or_default(),
    })
}

/// The terms of service. What is not known to change a price is the standard.
pub(super) fn terms(wire: &record::Usage<'_>) -> Terms {
    let tier = wire.service_tier.as_ref().and_then(|tier| ServiceTier::from_name(tier.as_str()));
    let speed = wire.speed.as_ref().and_then(|speed| Speed::from_name(speed.as_str()));
    let us = wire.inference_geo.as_ref().is_some_and(|geo| geo.as_str() == "us");
    Terms {
        tier: tier.unwrap_or_default(),
        speed: speed.unwrap_or_default(),
        geo: if us { InferenceGeo::Us } else { InferenceGeo::Global },
    }
}

/// How far the output count can be trusted. A stop reason comes with the final
/// count, whatever the version.
pub(super) fn output_confidence(stop_reason: Option<&str>, version: Option<&str>) -> OutputConfidence {
    match (stop_reason, version.and_then(parse_version)) {
        (Some(_), _) => OutputConfidence::Final,
        (None, Some(version)) if version < FINAL_OUTPUT_SINCE => OutputConfidence::Placeholder,
        (None, _) => OutputConfidence::Interrupted,
    }
}

fn parse_version(text: &str) -> Option<[u32; 3]> {
    let core = text.split(['-', '+']).next().unwrap_or_default();
    let mut parts = core.split('.').map(str::parse);
    let mut next = || parts.next()?.ok();
    Some([next()?, next()?, next()?])
}
