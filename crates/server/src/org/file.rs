//! The organisation's file: the whole directory as TOML.

use domain::directory::Entries;

use super::wire::WireDirectory;
use crate::failure::Failure;

/// The entries of a file.
pub(crate) fn from_toml(text: &str) -> Result<Entries, Failure> {
    let directory: WireDirectory = toml::from_str(text).map_err(|error| {
        let line = error.span().map(|it| {
            let before = text.get(..it.start).unwrap_or_default();
            before.matches('\n').count().saturating_add(1)
        });
        let place = line.map_or_else(String::new, |line| format!("line {line}: "));
        Failure::Body(format!("{place}{}", error.message()))
    })?;
    directory.entries()
}

/// The file of all entries.
pub(crate) fn to_toml(entries: &Entries) -> Result<String, Failure> {
    toml::to_string(&WireDirectory::of(entries)).map_err(|error| Failure::Damaged(error.to_string()))
}

#[cfg(test)]
mod tests {
    use domain::Directory;

    use super::*;

    const EXAMPLE: &str = include_str!("../../../../docs/examples/org.toml");

    #[test]
    fn the_example_fits_together_and_goes_there_and_back() {
        let entries = from_toml(EXAMPLE).expect("a file");
        assert_eq!(entries.len(), 16);
        Directory::new(entries.clone()).expect("entries that fit together");
        let written = to_toml(&entries).expect("a file");
        assert_eq!(from_toml(&written).expect("a file"), entries);
        let json = serde_json::to_string(&WireDirectory::of(&entries)).expect("json");
        let read: WireDirectory = serde_json::from_str(&json).expect("json");
        assert_eq!(read.entries().expect("entries"), entries);
    }

    fn check(text: &str, expected: &str) {
        assert_eq!(
            from_toml(text).expect_err(text).to_string(),
            format!("the body cannot be read: {expected}")
        );
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        check(
            "[[team]]\nid = \"a\"\nparents = \"b\"",
            "line 3: unknown field `parents`, expected one of `id`, `name`, `parent`, `cost_centre`",
        );
        check("[[team]]\nid = \"a\"\nparent = 7", "line 3: an id, or a list of { id, valid_from, valid_to }");
        check("[[team]]\nid = \"a\"\n[[team]]\nid = \"a\"", "the team `a` stands there twice");
        check(
            "[[developer]]\nid = \"d\"\nteam = [{ id = \"a\", valid_from = \"2026-02-30\" }]",
            "`2026-02-30` is no day; write it as 2026-11-01",
        );
    }
}
