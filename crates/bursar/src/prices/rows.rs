//! `bursar.prices/1` laid flat: a row for each set of rates. docs/report-json.md lists
//! the columns.

use serde_json::Value;

use crate::listing::{Listing, all, text};

/// Whose rates they are, and from when to when.
const WHOSE: [&str; 5] = ["provider", "model", "valid_from", "valid_until", "hours_utc"];
/// The token classes, in USD per million.
const RATES: [&str; 5] = ["input", "cache_write_5m", "cache_write_1h", "cache_read", "output"];

/// A row for the standard rates of a price, for those of long prompts, and for each term
/// of service.
pub(super) fn prices(document: &Value) -> Listing {
    let head = WHOSE.iter().chain(&["term", "above_prompt_tokens", "factor"]).chain(&RATES);
    let head = head.chain(&["web_searches_per_thousand", "source"]);
    let mut rows = Listing::new(&head.copied().collect::<Vec<_>>());
    for price in all(document, "prices") {
        let terms = all(price, "terms").iter().map(|it| (it, text(it, "name")));
        for (card, term) in [(price, "standard".to_owned())].into_iter().chain(terms) {
            let mut row = |above: String, rates: &Value| {
                let mut cells: Vec<String> = WHOSE.iter().map(|it| text(price, it)).collect();
                cells.extend([term.clone(), above, text(card, "factor")]);
                cells.extend(RATES.iter().map(|it| text(rates, it)));
                cells.extend(["web_searches_per_thousand", "source"].map(|it| text(price, it)));
                rows.row(cells);
            };
            row(String::new(), card.get("rates").unwrap_or(&Value::Null));
            for above in all(card, "above") {
                row(text(above, "prompt_tokens"), above.get("rates").unwrap_or(&Value::Null));
            }
        }
    }
    rows
}
