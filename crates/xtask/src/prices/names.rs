//! The names of a model: whole names only.

use super::genai::{Clause, Model};

/// The texts of a model's matching rules, as whole names in lower case.
pub(super) fn of(model: &Model) -> Vec<String> {
    let mut names = vec![model.id.to_ascii_lowercase()];
    collect(&model.matching, &mut names);
    names
}

fn collect(clause: &Clause, names: &mut Vec<String>) {
    match clause {
        Clause::Equals(text) => offer(text, names),
        Clause::StartsWith(text) => {
            offer(text, names);
            // The data lets a preview be billed as the model that its name begins with.
            if text.starts_with("gemini-") && !text.contains("preview") {
                offer(&format!("{text}-preview"), names);
            }
        }
        Clause::EndsWith(text) | Clause::Contains(text) => offer(text, names),
        Clause::Regex(_) => {}
        Clause::Or(clauses) | Clause::And(clauses) => {
            for clause in clauses {
                collect(clause, names);
            }
        }
    }
}

fn offer(text: &str, names: &mut Vec<String>) {
    let name = text.trim_end_matches(['-', '@', '.']).to_ascii_lowercase();
    let whole = !name.is_empty() && !name.contains(char::is_whitespace);
    if whole && !names.contains(&name) {
        names.push(name);
    }
}

/// Whether a pattern with one `*` at its end, or none, fits.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |prefix| name.starts_with(prefix))
}
