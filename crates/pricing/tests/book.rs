//! The embedded book as data.

use domain::{ModelName, NanoUsd, Terms, TokenClass, Unpriced, Usage};
use pricing::{BookError, PriceBook, PriceQuery, Pricer};

use crate::support::moment;

const TEXT: &str = include_str!("../data/price_book.txt");

#[test]
fn the_embedded_book_reads_to_its_last_line() {
    let book = PriceBook::parse(TEXT).expect("the committed book");
    assert_eq!(book.digest(), PriceBook::bundled().expect("the embedded book").digest());
    assert_eq!(book.digest().len(), 64);
    assert!(book.digest().starts_with(book.short_digest()));
}

#[test]
fn every_name_of_the_book_resolves_to_its_model() {
    let book = PriceBook::bundled().expect("the embedded book");
    let names = TEXT.split_once("\n[names]\n").and_then(|(_, rest)| rest.split_once("\n[models]\n"));
    let mut checked = 0;
    for line in names.expect("its sections").0.lines() {
        let mut words = line.split(' ');
        let (name, provider) = (words.next().expect("a name"), words.next().expect("a provider"));
        let model = words.next().unwrap_or(name);
        let found = book.resolve(&ModelName::new(name), Some(&provider.into()));
        let found = found.unwrap_or_else(|| panic!("{line}"));
        if found.listed_under().as_str() == provider {
            assert_eq!(found.model().as_str(), model, "{line}");
        }
        checked += 1;
    }
    assert!(checked > 2_000, "{checked} names");
}

#[test]
fn a_changed_book_is_noticed() {
    let changed = TEXT.replacen(" rates 5 6.25 10 0.5 25", " rates 5 6.25 10 0.5 2.5", 1);
    assert!(matches!(PriceBook::parse(&changed), Err(BookError::WrongDigest { .. })));
    assert_eq!(PriceBook::parse("{}").err(), Some(BookError::NotABook));
    let cut: String = TEXT.lines().take(2).collect::<Vec<_>>().join("\n");
    assert!(matches!(PriceBook::parse(&cut), Err(BookError::Missing(_))));
}

#[test]
fn a_model_has_no_price_before_its_first() {
    let book = pricing::book_writer::BookParts {
        sources: [("s".to_owned(), "a source".to_owned())].into(),
        providers: vec!["maker-of-it maker".to_owned()],
        names: [("new".to_owned(), "maker-of-it".to_owned(), "new".to_owned())].into(),
        models: [(
            ("maker-of-it".to_owned(), "new".to_owned()),
            vec![pricing::Entry {
                from: pricing::Day::parse("2026-11-01"),
                until: pricing::Day::parse("2026-12-01"),
                hours: None,
                card: pricing::RateCard::default(),
                modifiers: Vec::new(),
                web_searches: None,
                source: "s".into(),
            }],
        )]
        .into(),
        ..Default::default()
    };
    let pricer = Pricer::new(PriceBook::parse(&book.write()).expect("it reads back"), None);
    let model = pricer.resolve(&ModelName::new("New"), None);
    for (at, price) in [
        ("2026-10-31T23:59:59.999", Err(Unpriced::NoPriceThen)),
        ("2026-11-01", Ok(NanoUsd::ZERO)),
        ("2026-12-01", Err(Unpriced::NoPriceThen)),
    ] {
        let got = pricer.price(model.as_ref(), moment(at), &Usage::ZERO, &Terms::STANDARD);
        assert_eq!(got.map(|price| price.list), price, "{at}");
    }
}

#[test]
fn listings_have_what_a_price_list_shows() {
    let book = PriceBook::bundled().expect("the embedded book");
    let list = |model, at| {
        let query = PriceQuery { model: Some(model), at: Some(moment(at)) };
        book.entries(&query).expect("it reads")
    };
    let listed = list("anthropic haiku-5-5", "2026-11-10");
    let [haiku] = listed.as_slice() else { panic!("{} listings", listed.len()) };
    assert_eq!((haiku.provider.as_str(), haiku.model.as_str()), ("anthropic", "claude-haiku-5-5"));
    let rates =
        TokenClass::BILLED.map(|class| haiku.entry.card.base.rate(class).expect("a rate").to_string());
    assert_eq!(rates, ["0.1", "0.125", "0.2", "0.01", "0.5"]);
    assert_eq!(haiku.entry.card.above.first().map(|(threshold, _)| threshold.count()), Some(100_000));
    let terms: Vec<&str> = haiku.entry.modifiers.iter().map(|modifier| modifier.kind.name()).collect();
    assert_eq!(terms, ["batch", "priority", "us"]);
    assert!(haiku.source.starts_with("genai-prices 0.2.1"), "{}", haiku.source);
    assert_eq!(haiku.entry.web_searches.map(|rate| rate.to_string()).as_deref(), Some("10"));

    // A name that resolves lists its model, whatever its spelling.
    assert_eq!(list("sonnet-5.5", "2026-10-06").len(), list("sonnet-5.5", "2026-10-07").len());
    let steps = book.entries(&PriceQuery { model: Some("anthropic/claude-sonnet-5-5"), at: None });
    assert_eq!(steps.expect("it reads").len(), 2);
    assert!(list("no such model", "2026-11-10").is_empty());
}
