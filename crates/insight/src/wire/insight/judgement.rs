//! A verdict as it is kept: by a server in its books, by one machine in a file.

use domain::{NanoUsd, Timestamp};
use serde::{Deserialize, Serialize};

use crate::anomaly::{Judgement, Rule, Verdict};

/// A verdict as JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WireJudgement {
    id: String,
    kind: String,
    value: String,
    rule: String,
    day: String,
    cost_nano_usd: String,
    verdict: String,
    note: Option<String>,
    by: String,
    at_ms: i64,
}

impl WireJudgement {
    /// Of that verdict.
    #[must_use]
    pub fn of(it: &Judgement) -> Self {
        Self {
            id: it.id.clone(),
            kind: it.subject.kind().to_owned(),
            value: it.subject.value.to_string(),
            rule: it.rule.name().to_owned(),
            day: it.day.to_string(),
            cost_nano_usd: it.cost.nano().to_string(),
            verdict: it.verdict.name().to_owned(),
            note: it.note.clone(),
            by: it.by.clone(),
            at_ms: it.at.millis(),
        }
    }

    /// The verdict; `None` where it makes no sense.
    #[must_use]
    pub fn judgement(self) -> Option<Judgement> {
        Some(Judgement {
            subject: Judgement::subject_of(&self.kind, &self.value)?,
            rule: Rule::from_name(&self.rule)?,
            day: self.day.parse().ok()?,
            cost: NanoUsd::new(self.cost_nano_usd.parse().ok()?),
            verdict: Verdict::from_name(&self.verdict)?,
            note: self.note,
            by: self.by,
            at: Timestamp::from_millis(self.at_ms),
            id: self.id,
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::Dimension;

    use super::*;
    use crate::anomaly::Subject;

    #[test]
    fn a_verdict_is_kept_as_it_was_said() {
        for dimension in [None, Some(Dimension::Team), Some(Dimension::Session)] {
            let value = if dimension.is_none() { "" } else { "web, of all" };
            let said = Judgement {
                id: "a0".to_owned(),
                subject: Subject { dimension, value: value.into() },
                rule: Rule::Week,
                day: "2026-11-03".parse().expect("a day"),
                cost: NanoUsd::new(7),
                verdict: Verdict::Expected,
                note: None,
                by: "ada".to_owned(),
                at: Timestamp::from_millis(1),
            };
            assert_eq!(WireJudgement::of(&said).judgement(), Some(said));
        }
    }
}
