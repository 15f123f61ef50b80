//! The table of figures that were worked out by hand.

use domain::{ModelName, Provider};
use serde::Deserialize;

use crate::support::{Counts, moment, pricer, refusal, terms};

const TABLE: &str = include_str!("golden.toml");
/// The table never becomes smaller than this.
const AT_LEAST: usize = 150;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    model: String,
    provider: Option<String>,
    /// The provider and model that the book knows it as.
    resolves: Option<String>,
    at: String,
    usage: Counts,
    tier: Option<String>,
    speed: Option<String>,
    geo: Option<String>,
    nano: Option<i64>,
    refused: Option<String>,
    #[serde(rename = "working")]
    _working: Option<String>,
    source: String,
}

#[test]
fn every_case_is_priced_as_by_hand() {
    let table: Table = toml::from_str(TABLE).expect("the golden table");
    assert!(table.case.len() >= AT_LEAST, "{} cases", table.case.len());
    let wrong: Vec<String> = table.case.iter().filter_map(|case| case.wrong()).collect();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

impl Case {
    /// What differs, if anything does.
    fn wrong(&self) -> Option<String> {
        assert!(!self.source.is_empty(), "{}: it has no source", self.name);
        let pricer = pricer();
        let provider = self.provider.as_deref().map(Provider::new);
        let resolved = pricer.resolve(&ModelName::new(&self.model), provider.as_ref());
        let name = resolved.as_ref().map(|model| format!("{}/{}", model.provider(), model.model()));
        let terms = terms(self.tier.as_deref(), self.speed.as_deref(), self.geo.as_deref());
        let usage = self.usage.usage();
        let price = pricer.price(resolved.as_ref(), moment(&self.at), &usage, &terms);
        let derived = pricer.derive(resolved.as_ref(), moment(&self.at), &usage, &terms);
        assert_eq!(
            derived.as_ref().map(|it| it.list.rounded).ok(),
            price.map(|it| it.list).ok(),
            "{}",
            self.name
        );
        let got = (
            name,
            price.ok().map(|price| price.list.nano()),
            price.err().map(|unpriced| refusal(unpriced).to_owned()),
        );
        let wanted = (self.resolves.clone(), self.nano, self.refused.clone());
        (got != wanted).then(|| format!("{}: got {got:?}, wanted {wanted:?}", self.name))
    }
}
