//! The integers that stand for enumerations in the journal. They are never
//! reused for something else.

use domain::{Lineage, Naming, OutputConfidence, SourceKind, Thread, Unpriced};
use metering::Matching;

use crate::error::StoreError;

/// An enumeration with a number for each variant.
pub(crate) trait Code: Copy + Sized + 'static {
    /// What it is, for errors.
    const WHAT: &'static str;
    /// The variants and their numbers.
    const TABLE: &'static [(Self, i64)];

    fn same(self, other: Self) -> bool;

    fn code(self) -> i64 {
        Self::TABLE.iter().find(|(variant, _)| variant.same(self)).map_or(-1, |(_, code)| *code)
    }

    fn from_code(code: i64) -> Result<Self, StoreError> {
        let found = Self::TABLE.iter().find(|(_, known)| *known == code).map(|(variant, _)| *variant);
        found.ok_or_else(|| StoreError::Unknown { what: Self::WHAT, value: code.to_string() })
    }
}

macro_rules! codes {
    ($($type:ident $what:literal { $($variant:ident = $code:literal),+ $(,)? })+) => {$(
        impl Code for $type {
            const WHAT: &'static str = $what;
            const TABLE: &'static [(Self, i64)] = &[$((Self::$variant, $code)),+];

            fn same(self, other: Self) -> bool {
                self == other
            }
        }
    )+};
}

codes! {
    Lineage "lineage" { Own = 0, Sidechain = 1, Copied = 2, Quoted = 3 }
    OutputConfidence "confidence" { Final = 0, Aggregate = 1, Interrupted = 2, Placeholder = 3 }
    Matching "matching" { ById = 0, ByTokens = 1 }
    Naming "naming" { Provider = 0, Derived = 1 }
    SourceKind "kind of source" { Gateway = 0, Log = 1, Otlp = 2, Hook = 3, Vendor = 4 }
    Thread "thread" { Main = 0, Subagent = 1 }
    Unpriced "reason for no price" { UnknownModel = 1, NoPriceThen = 2, NoRate = 3, OutOfRange = 4 }
}
