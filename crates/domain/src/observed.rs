//! An observation as the company's book keeps it: what one source said of one
//! call, who reported it, and by which ids of the provider it may be recognised.

use std::sync::Arc;

use crate::call::Call;
use crate::ids::{CallKey, Developer, ReporterId, RequestId};
use crate::observation::Place;

/// The kinds of source, the most authoritative for token counts first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SourceKind {
    /// The gateway, which read the provider's response itself.
    Gateway,
    /// The tool's own session log.
    Log,
    /// The tool's telemetry.
    Otlp,
    /// A hook of the tool.
    Hook,
    /// The vendor's usage report.
    Vendor,
}

impl SourceKind {
    /// All of them, in the order of their authority.
    pub const ALL: [Self; 5] = [Self::Gateway, Self::Log, Self::Otlp, Self::Hook, Self::Vendor];

    /// The name in JSON, tables and the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Log => "log",
            Self::Otlp => "otlp",
            Self::Hook => "hook",
            Self::Vendor => "vendor",
        }
    }

    /// The variant of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Gateway => 1,
            Self::Log => 2,
            Self::Otlp => 4,
            Self::Hook => 8,
            Self::Vendor => 16,
        }
    }
}

/// Which kinds of source saw a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Seen(u8);

impl Seen {
    /// By nobody.
    pub const NONE: Self = Self(0);

    /// By that kind alone.
    #[must_use]
    pub const fn by(kind: SourceKind) -> Self {
        Self(kind.bit())
    }

    /// By either.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether that kind saw it.
    #[must_use]
    pub const fn has(self, kind: SourceKind) -> bool {
        self.0 & kind.bit() != 0
    }

    /// Whether some kind is in both.
    #[must_use]
    pub const fn shares(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The kinds, in the order of their authority.
    pub fn kinds(self) -> impl Iterator<Item = SourceKind> {
        SourceKind::ALL.into_iter().filter(move |kind| self.has(*kind))
    }

    /// The number that stands for it in the store.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// What that number stands for; bits that mean nothing are refused.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Option<Self> {
        if bits < 32 { Some(Self(bits)) } else { None }
    }
}

/// Who reported. A few of these report everything.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Witness {
    /// What kind of source it is.
    pub source: SourceKind,
    /// Which one: a machine's collector, an exporter, a gateway.
    pub reporter: ReporterId,
    /// The person whose credential it came with; `None` where several share one.
    pub developer: Option<Developer>,
    /// The person that the reporter itself names. A claim, believed only where no
    /// credential says who it was.
    pub claimed: Option<Developer>,
}

/// Whether the key of an observation is the provider's own id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Naming {
    /// The provider's message or response id: every source that has it means this call.
    Provider,
    /// Derived by the rule of this source: nobody else knows it.
    Derived,
}

/// One source's word on one call, as it reaches the company's book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// Who reported it.
    pub witness: Arc<Witness>,
    /// What kind of id the call's key is.
    pub naming: Naming,
    /// The provider's id of the request, as its response header has it.
    pub request: Option<RequestId>,
    /// The call that this observation makes alone.
    pub call: Call,
}

impl Observed {
    /// The id by which it is recognised.
    #[must_use]
    pub const fn key(&self) -> &CallKey {
        &self.call.key
    }

    /// Where it says that the call was made, and by whom.
    #[must_use]
    pub fn whereabouts(&self) -> Whereabouts {
        Whereabouts {
            place: Arc::clone(&self.call.owner.place),
            developer: self.witness.developer.clone(),
            claimed: self.witness.claimed.clone(),
        }
    }
}

/// Where a call of the company's book was made, and by whom.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Whereabouts {
    /// Session, branch, and the folder, which stands there under a name that tells
    /// nothing of its path.
    pub place: Arc<Place>,
    /// The person whose credential reported it.
    pub developer: Option<Developer>,
    /// The person that the reporter named.
    pub claimed: Option<Developer>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_is_a_set() {
        let both = Seen::by(SourceKind::Otlp).and(Seen::by(SourceKind::Log));
        assert_eq!(both.kinds().collect::<Vec<_>>(), [SourceKind::Log, SourceKind::Otlp]);
        assert_eq!(both.and(both), both);
        assert!(!both.shares(Seen::by(SourceKind::Gateway)));
        assert_eq!(Seen::from_bits(both.bits()), Some(both));
        assert_eq!(Seen::from_bits(32), None);
        for kind in SourceKind::ALL {
            assert_eq!(SourceKind::from_name(kind.name()), Some(kind));
        }
    }
}
