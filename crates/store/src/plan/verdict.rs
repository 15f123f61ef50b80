//! What a check finds: rows as the book has them, against rows as they should be.

use std::collections::{BTreeMap, BTreeSet};

use metering::rollup::Change;

use super::SumKey;
use super::rows::CallRow;
use crate::memory::SumRow;
use crate::reading::Difference;

/// The differences so far.
pub(crate) struct Verdict {
    found: Vec<Difference>,
    limit: usize,
}

impl Verdict {
    /// None yet; at most so many are looked for.
    pub(crate) const fn of_at_most(limit: usize) -> Self {
        Self { found: Vec::new(), limit }
    }

    /// Whether enough were found.
    pub(crate) fn is_full(&self) -> bool {
        self.found.len() >= self.limit
    }

    /// All of them.
    pub(crate) fn differences(mut self) -> Vec<Difference> {
        self.found.truncate(self.limit);
        self.found
    }

    /// Two texts that should be alike.
    pub(crate) fn texts(
        &mut self,
        what: &'static str,
        which: &impl ToString,
        found: String,
        expected: String,
    ) {
        if found != expected {
            self.found.push(Difference { what, which: which.to_string(), found, expected });
        }
    }

    /// A call. One that was priced with other prices than those of number `prices`
    /// keeps its amounts: they are not to be compared.
    pub(crate) fn call(&mut self, found: Option<&CallRow>, expected: CallRow, prices: Option<i64>) {
        let mut expected = expected;
        if let Some(row) = found
            && Some(row.prices) != prices
        {
            let CallRow { prices, list, cost, unpriced, .. } = *row;
            (expected.prices, expected.list, expected.cost, expected.unpriced) =
                (prices, list, cost, unpriced);
        }
        let found = found.map_or_else(nothing, told_call);
        self.texts("call", &expected.id, found, told_call(&expected));
    }

    /// A call that nobody told of.
    pub(crate) fn call_of_nobody(&mut self, found: &CallRow) {
        self.texts("call", &found.id, told_call(found), nothing());
    }

    /// The sums of a day.
    pub(crate) fn sums(&mut self, what: &'static str, found: &[SumRow], expected: &[(SumKey, Change)]) {
        let found: BTreeMap<SumKey, [i64; 11]> = found.iter().map(|row| (row.key, row.figures)).collect();
        let expected: BTreeMap<SumKey, [i64; 11]> =
            expected.iter().map(|(key, change)| (*key, *change.figures())).collect();
        let told = |figures: Option<&[i64; 11]>| figures.map_or_else(nothing, |it| format!("{it:?}"));
        let keys: BTreeSet<&SumKey> = found.keys().chain(expected.keys()).collect();
        for key in keys {
            let SumKey { period, whereabouts, service, confidence, seen } = key;
            let which = format!("{period}/{whereabouts}/{service}/{confidence}/{seen}");
            self.texts(what, &which, told(found.get(key)), told(expected.get(key)));
        }
    }

    /// How many rows there are of a kind.
    pub(crate) fn count(&mut self, what: &'static str, found: i64, expected: usize) {
        self.texts(what, &"all", format!("{found} rows"), format!("{expected} rows"));
    }
}

fn nothing() -> String {
    "nothing".to_owned()
}

/// A call, as a difference tells it.
fn told_call(row: &CallRow) -> String {
    let CallRow { key, at, whereabouts, service, confidence, seen, matching, counts, turn, tools, .. } = row;
    let amount = |it: Option<i64>| it.map_or_else(|| "-".to_owned(), |it| it.to_string());
    let price = format!("{} {} {}", amount(row.list), amount(row.cost), amount(row.unpriced));
    let (reported, turn) = (amount(row.reported), amount(*turn));
    let tools = tools.as_deref().unwrap_or("-").replace('\n', ", ");
    format!(
        "{key} at {at} {whereabouts}/{service}/{confidence}/{seen}/{matching} {counts:?} {reported} {price} of turn {turn} with {tools}"
    )
}
