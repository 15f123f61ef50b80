//! How one value is written in tables and lines.

use domain::Measures;

use crate::book::UNKNOWN;
use crate::report::Key;
use crate::text::{dollars, thousands};

/// The host that all repositories of a column have, with its slash: it says nothing then.
pub(super) fn shared_host<'a>(values: impl Iterator<Item = &'a Key>) -> Option<&'a str> {
    let mut shared = None;
    for key in values.filter(|it| &*it.value != UNKNOWN) {
        let (host, _) = key.value.split_once('/').filter(|it| it.0.contains('.'))?;
        let host = key.value.get(..host.len().saturating_add(1))?;
        if *shared.get_or_insert(host) != host {
            return None;
        }
    }
    shared
}

/// The value without that host.
pub(super) fn without_host<'a>(value: &'a str, host: Option<&str>) -> &'a str {
    value.strip_prefix(host.unwrap_or_default()).unwrap_or(value)
}

/// The cost, or that there is none to tell. A `+` says that some calls are not in
/// it; where the column has one, the others leave its place free.
pub(super) fn cost(measures: &Measures, total: &Measures) -> String {
    let free = if total.unpriced_calls == 0 { "" } else { " " };
    if measures.unpriced_calls == 0 {
        format!("{}{free}", dollars(measures.cost))
    } else if measures.unpriced_calls >= measures.calls {
        "unpriced".to_owned()
    } else {
        format!("{}+", dollars(measures.cost))
    }
}

/// Tenths as a decimal: `12.4`.
pub(super) fn tenths(count: u64) -> String {
    format!("{}.{}", thousands(u128::from(count / 10)), count % 10)
}
