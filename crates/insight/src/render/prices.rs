//! Prices for people: a line for each set of rates, what terms of service do, and
//! where it stands.

use domain::TokenClass;
use pricing::entry::{Billed, Effect, Entry, Rates};
use pricing::price_book::Listing;

use crate::table::{Column, Field, Kind, Table, Terminal, Tone, prose};
use crate::text::thousands;

/// More models than this are listed without their sources.
const WITH_SOURCES: usize = 12;

/// Prints prices; says so where there are none.
#[must_use]
pub fn prices_text(listings: &[Listing], digest: &str, terminal: &Terminal) -> String {
    if listings.is_empty() {
        return prose("The price book has no such model: calls of it are counted and not priced.", terminal);
    }
    let figure = |head| Column { head, kind: Kind::Figure };
    let name = |head| Column { head, kind: Kind::Name };
    let mut columns = vec![name("provider"), name("model"), name("since"), name("rates")];
    columns.extend(TokenClass::BILLED.iter().map(|class| figure(class_head(*class))));
    columns.push(Column { head: "searches/1k", kind: Kind::Spare(2) });
    columns.push(Column { head: "terms", kind: Kind::Spare(1) });
    let mut table = Table::new(columns);
    for listing in listings {
        push_listing(&mut table, listing, terminal);
    }
    let title = terminal.tint(Tone::Strong, "Prices in USD per million tokens");
    let mut out = format!("{title}  {}\n\n", terminal.tint(Tone::Quiet, &format!("price book {digest}")));
    out.push_str(&table.print(terminal).with_left_out(terminal));
    if listings.len() <= WITH_SOURCES {
        out.push('\n');
        let mut sources: Vec<&str> = listings.iter().map(|it| it.source.as_str()).collect();
        sources.dedup();
        for source in sources {
            out.push_str(
                &terminal.tint(Tone::Quiet, prose(&format!("Source: {source}"), terminal).trim_end()),
            );
            out.push('\n');
        }
    }
    out
}

const fn class_head(class: TokenClass) -> &'static str {
    match class {
        TokenClass::CacheRead => "read",
        TokenClass::CacheWrite5m => "write 5m",
        TokenClass::CacheWrite1h => "write 1h",
        TokenClass::Input | TokenClass::Output | TokenClass::Reasoning => class.name(),
    }
}

/// The standard rates, then those that take their place.
fn push_listing(table: &mut Table, listing: &Listing, terminal: &Terminal) {
    let entry = &listing.entry;
    let searches = entry.web_searches.map(|rate| rate.to_string()).unwrap_or_default();
    let head = [listing.provider.as_str(), listing.model.as_str(), &since(entry)];
    let mut push = |head: [&str; 3], label: &str, rates: &Rates, rest: [&str; 2]| {
        let mut fields: Vec<Field> = head.iter().map(|text| Field::new(text)).collect();
        fields.push(Field::new(label));
        fields.extend(TokenClass::BILLED.iter().map(|class| Field::new(&rate_text(rates, *class, terminal))));
        fields.extend(rest.iter().map(|text| Field::new(text)));
        table.push(fields);
    };
    push(head, "standard", &entry.card.base, [&searches, &factors(entry)]);
    for (threshold, rates) in &entry.card.above {
        push([""; 3], &above(threshold.count()), rates, [""; 2]);
    }
    for modifier in &entry.modifiers {
        if let Effect::Rates(card) = &modifier.effect {
            push([""; 3], modifier.kind.name(), &card.base, [""; 2]);
            for (threshold, rates) in &card.above {
                push(
                    [""; 3],
                    &format!("{}, {}", modifier.kind.name(), above(threshold.count())),
                    rates,
                    [""; 2],
                );
            }
        }
    }
}

fn above(threshold: u64) -> String {
    format!("prompt > {}", thousands(u128::from(threshold)))
}

/// From when, until when, and in which hours.
fn since(entry: &Entry) -> String {
    let from = entry.from.map_or_else(|| "ever".to_owned(), |from| from.to_string());
    let until = entry.until.map(|until| format!(" until {until}")).unwrap_or_default();
    let hours = entry.hours.map(|hours| format!(" {hours} UTC")).unwrap_or_default();
    format!("{from}{until}{hours}")
}

fn rate_text(rates: &Rates, class: TokenClass, terminal: &Terminal) -> String {
    match rates.billed(class) {
        Billed::At(rate) => rate.to_string(),
        Billed::AsInput => "as input".to_owned(),
        Billed::Unlisted => terminal.either("\u{2013}", "-").to_owned(),
    }
}

/// Terms of service that multiply all rates: `batch x0.5, us x1.1`.
fn factors(entry: &Entry) -> String {
    let factors = entry.modifiers.iter().filter_map(|modifier| match &modifier.effect {
        Effect::Factor(factor) => Some(format!("{} x{factor}", modifier.kind.name())),
        Effect::Rates(_) => None,
    });
    factors.collect::<Vec<_>>().join(", ")
}
