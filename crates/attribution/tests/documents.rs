//! What the documentation shows is true.

use attribution::Rules;

#[test]
fn the_example_of_a_rules_file_is_one() {
    let text = include_str!("../../../docs/examples/rules.toml");
    Rules::parse(text).unwrap_or_else(|error| panic!("docs/examples/rules.toml, {error}"));
}

#[test]
fn every_kind_of_evidence_is_in_the_table() {
    let page = include_str!("../../../docs/attribution.md");
    for evidence in domain::Evidence::ALL {
        let row = format!("| `{}` | {} |", evidence.name(), evidence.confidence().name());
        assert!(page.contains(&row), "docs/attribution.md lacks: {row}");
    }
}
