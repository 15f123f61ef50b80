//! Lists of texts as a table or as CSV: what administration prints.

use insight::printable;
use serde_json::Value;

/// Columns are this far apart.
const GAP: &str = "  ";

/// A list with a head.
pub(crate) struct Listing {
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Listing {
    pub(crate) fn new(head: &[&'static str]) -> Self {
        Self { head: head.to_vec(), rows: Vec::new() }
    }

    pub(crate) fn row(&mut self, row: Vec<String>) {
        self.rows.push(row);
    }

    /// Whether it has no rows.
    pub(crate) const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// As a table: columns as wide as their texts.
    pub(crate) fn table(&self) -> String {
        let head: Vec<String> = self.head.iter().map(|it| (*it).to_owned()).collect();
        let shown = |row: &Vec<String>| -> Vec<String> { row.iter().map(|it| printable(it)).collect() };
        let all: Vec<Vec<String>> = std::iter::once(head).chain(self.rows.iter().map(shown)).collect();
        let width = |column: usize| {
            let widths = all.iter().filter_map(|row| row.get(column)).map(|it| it.chars().count());
            widths.max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.head.len()).map(width).collect();
        let mut out = String::new();
        for row in &all {
            let cells: Vec<String> =
                row.iter().zip(&widths).map(|(text, width)| format!("{text:<width$}")).collect();
            out.push_str(cells.join(GAP).trim_end());
            out.push('\n');
        }
        out
    }

    /// As CSV, RFC 4180.
    pub(crate) fn csv(&self) -> String {
        let mut out = self.head.join(",");
        out.push_str("\r\n");
        for row in &self.rows {
            let cells: Vec<String> = row.iter().map(|it| quoted(it)).collect();
            out.push_str(&cells.join(","));
            out.push_str("\r\n");
        }
        out
    }
}

fn quoted(text: &str) -> String {
    // A spreadsheet would take these for a formula.
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// A field of an answer as text.
pub(crate) fn text(value: &Value, name: &str) -> String {
    match value.get(name) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(all)) => {
            all.iter().map(|it| it.as_str().unwrap_or_default()).collect::<Vec<_>>().join(" ")
        }
        Some(other) => other.to_string(),
    }
}

/// The values of a field that is a list; none where there is no such list.
pub(crate) fn all<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_a_table_or_rows() {
        let mut listing = Listing::new(&["id", "what"]);
        listing.row(vec!["longer".to_owned(), "a, b".to_owned()]);
        listing.row(vec!["x".to_owned(), "=1".to_owned()]);
        assert_eq!(listing.table(), "id      what\nlonger  a, b\nx       =1\n");
        assert_eq!(listing.csv(), "id,what\r\nlonger,\"a, b\"\r\nx,'=1\r\n");
    }
}
