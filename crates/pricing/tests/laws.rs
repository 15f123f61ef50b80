//! Laws of pricing, over random usages of every model of the book.

use domain::{
    InferenceGeo, ModelName, Price, ServiceTier, Speed, Terms, Timestamp, TokenClass, Tokens, Usage,
};
use pricing::{Contract, Derivation, Exact, PriceBook, PriceQuery, Pricer, ResolvedModel};

use crate::support::moment;

const SEED: u64 = 0x5eed_b007;
const ROUNDS: usize = 20_000;
const CONTRACT: &str = include_str!("../../../docs/examples/contract.toml");

/// Random calls: the seed is the whole of a failure.
struct Calls {
    random: fastrand::Rng,
    models: Vec<ResolvedModel>,
}

impl Calls {
    fn new() -> Self {
        let book = PriceBook::bundled().expect("the embedded book");
        let listings = book.entries(&PriceQuery::default()).expect("it reads");
        let resolve =
            |it: &pricing::Listing| book.resolve(&ModelName::new(it.model.as_str()), Some(&it.provider));
        let models = listings.iter().filter_map(resolve).collect();
        Self { random: fastrand::Rng::with_seed(SEED), models }
    }

    fn tokens(&mut self) -> Tokens {
        let magnitude = self.random.u32(0..40);
        let count = if self.random.bool() { self.random.u64(0..=1 << magnitude) } else { 0 };
        Tokens::new(if self.random.u32(0..2_000) == 0 { u64::MAX } else { count })
    }

    fn usage(&mut self) -> Usage {
        Usage {
            input: self.tokens(),
            output: self.tokens(),
            cache_read: self.tokens(),
            cache_write_5m: self.tokens(),
            cache_write_1h: self.tokens(),
            reasoning: Tokens::ZERO,
            web_searches: if self.random.u32(0..10) == 0 { self.random.u64(0..9) } else { 0 },
        }
    }

    fn terms(&mut self) -> Terms {
        use {InferenceGeo as Geo, ServiceTier as Tier};
        let tiers = [Tier::Standard, Tier::Standard, Tier::Batch, Tier::Flex, Tier::Priority];
        Terms {
            tier: *self.random.choice(&tiers).expect("a tier"),
            speed: if self.random.u32(0..5) == 0 { Speed::Fast } else { Speed::Standard },
            geo: *self.random.choice(&[Geo::Global, Geo::Global, Geo::Us, Geo::Regional]).expect("a place"),
        }
    }

    /// Half of the time one of Anthropic's, whose models have the most to get wrong.
    fn model(&mut self) -> ResolvedModel {
        let claude = |model: &&ResolvedModel| model.provider().as_str() == "anthropic";
        let any = self.random.bool();
        let models: Vec<&ResolvedModel> = self.models.iter().filter(|it| any || claude(it)).collect();
        models[self.random.usize(0..models.len())].clone()
    }

    fn at(&mut self) -> Timestamp {
        Timestamp::from_millis(self.random.i64(moment("2025-01-01").millis()..moment("2027-06-01").millis()))
    }
}

fn pricer() -> Pricer {
    let contract = Contract::parse(CONTRACT).expect("the example contract");
    Pricer::new(PriceBook::bundled().expect("the embedded book"), Some(contract))
}

#[test]
fn a_derivation_is_the_price_and_adds_up() {
    let (pricer, mut calls, mut priced, mut under_contract) = (pricer(), Calls::new(), 0, 0);
    for round in 0..ROUNDS {
        let (model, at, usage, terms) = (calls.model(), calls.at(), calls.usage(), calls.terms());
        let price = pricer.price(Some(&model), at, &usage, &terms);
        let derived = pricer.derive(Some(&model), at, &usage, &terms);
        match (price, derived) {
            (Ok(price), Ok(derived)) => {
                priced += 1;
                under_contract += u32::from(derived.contract.is_some());
                assert_adds_up(&derived, price, &format!("round {round}: {model:?} {usage:?} {terms:?}"));
            }
            (Err(price), Err(derived)) => assert_eq!(price, derived, "round {round}"),
            other => panic!("round {round}: {other:?}"),
        }
    }
    assert!(priced > ROUNDS / 10, "only {priced} priced");
    assert!(under_contract > 100, "only {under_contract} under contract");
}

fn assert_adds_up(derived: &Derivation, price: Price, call: &str) {
    let sum = |lines: &pricing::derivation::Lines| {
        let amounts = lines.iter().map(|line| line.amount);
        amounts.fold(domain::PicoUsd::ZERO, |sum, amount| sum.plus(amount).expect("fits"))
    };
    assert_eq!(sum(&derived.lines), derived.tokens, "{call}");
    let exact = |tokens, searches| {
        let tokens = Exact::from_pico(tokens).times(derived.factor).expect("fits");
        tokens.plus(Exact::from_pico(searches)).expect("fits")
    };
    assert_eq!(exact(derived.tokens, derived.web_search_amount), derived.list.exact, "{call}");
    assert_eq!(derived.list.rounded, price.list, "{call}");
    let rounded = derived.list.exact.plus(derived.list.rounding).expect("fits");
    assert_eq!(rounded.round_half_even(), Ok(price.list), "{call}");
    assert_eq!(rounded.rounding().expect("fits").to_string(), "0", "{call}");
    match &derived.contract {
        None => assert_eq!(price.contract, price.list, "{call}"),
        Some(account) => {
            let total = exact(sum(&account.lines), account.web_search_amount).times(account.multiplier);
            assert_eq!(total, Ok(account.total.exact), "{call}");
            assert_eq!(account.total.rounded, price.contract, "{call}");
        }
    }
}

#[test]
fn more_tokens_never_cost_less_at_the_same_rates() {
    let (pricer, mut calls) = (pricer(), Calls::new());
    for round in 0..ROUNDS {
        let (model, at, usage, terms) = (calls.model(), calls.at(), calls.usage(), calls.terms());
        let mut more = usage;
        let extra = Tokens::new(calls.random.u64(1..10_000));
        let class = *calls.random.choice(&TokenClass::BILLED).expect("a class");
        let slot = match class {
            TokenClass::Input => &mut more.input,
            TokenClass::CacheWrite5m => &mut more.cache_write_5m,
            TokenClass::CacheWrite1h => &mut more.cache_write_1h,
            TokenClass::CacheRead => &mut more.cache_read,
            TokenClass::Output | TokenClass::Reasoning => &mut more.output,
        };
        *slot = slot.plus(extra).unwrap_or(*slot);
        let derive = |usage: &Usage| pricer.derive(Some(&model), at, usage, &terms);
        let (Ok(less), Ok(more)) = (derive(&usage), derive(&more)) else { continue };
        if less.threshold == more.threshold {
            assert!(less.list.rounded <= more.list.rounded, "round {round}: {model:?} {usage:?}");
        }
    }
}

#[test]
fn the_digest_tells_the_prices_apart() {
    let book = PriceBook::bundled().expect("the embedded book");
    let without = Pricer::new(book.clone(), None);
    assert_eq!(without.digest(), book.digest());
    assert_ne!(pricer().digest(), without.digest());
    assert_eq!(pricer().digest(), pricer().digest());
}
