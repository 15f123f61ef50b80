//! How a command prints: a table for people, one JSON document, or rows of CSV.

use anyhow::Result;
use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::client::{Pairs, terminal_pairs};
use crate::environment::Environment;
use crate::listing::Listing;

/// How to print.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    #[default]
    Table,
    Json,
    Csv,
}

/// What every command takes.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct OutputOption {
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

impl Format {
    /// As parameters of a request, with what the terminal can show.
    pub(crate) fn pairs(self, environment: &Environment) -> Pairs {
        let name = match self {
            Self::Table => "table",
            Self::Json => "json",
            Self::Csv => "csv",
        };
        let mut pairs = vec![("format", name.to_owned())];
        if matches!(self, Self::Table) {
            pairs.extend(terminal_pairs(environment));
        }
        pairs
    }
}

/// A document's first field names its contract; docs/report-json.md lists them all.
#[derive(Serialize)]
struct Document<'a, T> {
    schema: &'a str,
    #[serde(flatten)]
    body: &'a T,
}

/// A value with fields as a document of that contract.
pub(crate) fn document<T: Serialize>(schema: &str, body: &T) -> Result<String> {
    let mut text = serde_json::to_string_pretty(&Document { schema, body })?;
    text.push('\n');
    Ok(text)
}

/// An answer in its three forms: text for people, the fields of a document, and rows.
pub(crate) struct Told<T> {
    pub(crate) schema: &'static str,
    pub(crate) text: String,
    pub(crate) body: T,
    pub(crate) rows: Listing,
}

impl<T: Serialize> Told<T> {
    /// In the form that was asked for.
    pub(crate) fn print(self, format: Format) -> Result<String> {
        Ok(match format {
            Format::Table => self.text,
            Format::Json => document(self.schema, &self.body)?,
            Format::Csv => self.rows.csv(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_has_three_forms() {
        let check = |format, expected: &str| {
            let body = json!({ "files": 2, "a": null });
            let mut rows = Listing::new(&["files"]);
            rows.row(vec!["2".to_owned()]);
            let told = Told { schema: "bursar.test/1", text: "Two.\n".to_owned(), body, rows };
            assert_eq!(told.print(format).unwrap(), expected);
        };
        check(Format::Table, "Two.\n");
        check(Format::Csv, "files\r\n2\r\n");
        check(Format::Json, "{\n  \"schema\": \"bursar.test/1\",\n  \"a\": null,\n  \"files\": 2\n}\n");
    }
}
