//! What changes from one state of the directory to another, for people to read
//! before it happens.

use std::collections::BTreeMap;
use std::fmt;

use super::entry::{Entries, Entry, EntryKind};

/// What becomes of entries that the wanted state does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// They stay.
    Keep,
    /// They are struck out.
    Remove,
}

/// One entry that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What it is about.
    pub kind: EntryKind,
    /// Its id.
    pub id: String,
    /// As it is; `None` where there is none.
    pub before: Option<Entry>,
    /// As it will be; `None` where it is struck out.
    pub after: Option<Entry>,
}

/// A field that changes: its name, and its text before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldChange {
    /// Its name.
    pub field: &'static str,
    /// Before; empty where it said nothing.
    pub before: String,
    /// After; empty where it will say nothing.
    pub after: String,
}

/// What leads from one state to the other, and which entries are left alone
/// although the wanted state does not have them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// What changes: by kind, then by id.
    pub differences: Vec<Difference>,
    /// What stays although nobody wants it: kind and id.
    pub kept: Vec<(EntryKind, String)>,
}

/// The way from `current` to `wanted`.
#[must_use]
pub fn plan(current: &Entries, wanted: &Entries, missing: Missing) -> Plan {
    let mut plan = Plan::default();
    for kind in EntryKind::ALL {
        let mut before: BTreeMap<String, Entry> = current.all(kind).into_iter().collect();
        for (id, entry) in wanted.all(kind) {
            let known = before.remove(&id);
            if known.as_ref() != Some(&entry) {
                plan.differences.push(Difference { kind, id, before: known, after: Some(entry) });
            }
        }
        for (id, entry) in before {
            match missing {
                Missing::Keep => plan.kept.push((kind, id)),
                Missing::Remove => {
                    plan.differences.push(Difference { kind, id, before: Some(entry), after: None });
                }
            }
        }
    }
    plan
}

impl Plan {
    /// `current` with all differences made.
    #[must_use]
    pub fn applied(&self, current: &Entries) -> Entries {
        let mut entries = current.clone();
        for difference in &self.differences {
            match &difference.after {
                Some(entry) => entries.put(&difference.id, entry.clone()),
                None => entries.remove(difference.kind, &difference.id),
            };
        }
        entries
    }
}

impl Difference {
    /// The fields that differ.
    #[must_use]
    pub fn fields(&self) -> Vec<FieldChange> {
        let fields = |entry: &Option<Entry>| entry.as_ref().map(Entry::fields).unwrap_or_default();
        let (mut before, after) = (fields(&self.before), fields(&self.after));
        let mut changes = Vec::new();
        for (field, after) in after {
            let before = before.remove(field).unwrap_or_default();
            if before != after {
                changes.push(FieldChange { field, before, after });
            }
        }
        changes.extend(before.into_iter().map(|(field, before)| FieldChange {
            field,
            before,
            after: String::new(),
        }));
        changes
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match (&self.before, &self.after) {
            (None, _) => '+',
            (_, None) => '-',
            (Some(_), Some(_)) => '~',
        };
        write!(f, "{sign} {} {}", self.kind.words(), self.id)?;
        for FieldChange { field, before, after } in self.fields() {
            match (before.as_str(), after.as_str()) {
                (before, "") => write!(f, "\n    {field}: {before} -> nothing")?,
                ("", after) => write!(f, "\n    {field}: {after}")?,
                (before, after) => write!(f, "\n    {field}: {before} -> {after}")?,
            }
        }
        Ok(())
    }
}
