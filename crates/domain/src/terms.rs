//! The terms of service that a call ran under, where they change its price.

use crate::ids::{ModelName, Provider};

/// Which queue of the provider served the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum ServiceTier {
    /// On demand, at list price.
    #[default]
    Standard,
    /// Guaranteed capacity.
    Priority,
    /// Asynchronous batch.
    Batch,
    /// Slower and cheaper, on demand.
    Flex,
}

/// Whether the provider's faster serving mode was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Speed {
    /// The ordinary speed.
    #[default]
    Standard,
    /// Fast mode.
    Fast,
}

/// Where inference was pinned to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum InferenceGeo {
    /// Anywhere.
    #[default]
    Global,
    /// The United States, at the provider's own API.
    Us,
    /// A region of a cloud (Bedrock, Vertex).
    Regional,
}

/// All of the terms of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Terms {
    /// The service tier.
    pub tier: ServiceTier,
    /// The serving speed.
    pub speed: Speed,
    /// Where inference ran.
    pub geo: InferenceGeo,
}

impl Terms {
    /// On demand, ordinary speed, anywhere.
    pub const STANDARD: Self =
        Self { tier: ServiceTier::Standard, speed: Speed::Standard, geo: InferenceGeo::Global };
}

macro_rules! named {
    ($type:ident { $($variant:ident => $name:literal),+ $(,)? }) => {
        impl $type {
            /// The name in JSON, tables and the store.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// The variant of that name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

named!(ServiceTier { Standard => "standard", Priority => "priority", Batch => "batch", Flex => "flex" });
named!(Speed { Standard => "standard", Fast => "fast" });
named!(InferenceGeo { Global => "global", Us => "us", Regional => "regional" });

/// What was asked of a provider: a model, under terms. All that a price depends
/// on besides the tokens and the day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Service {
    /// The model, as named.
    pub model: ModelName,
    /// Who serves it, where known.
    pub provider: Option<Provider>,
    /// The terms.
    pub terms: Terms,
}
