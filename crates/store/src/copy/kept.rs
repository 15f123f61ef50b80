//! A delivery as lines of a copy, for whoever keeps it until the book can take it.

use std::sync::Arc;

use domain::{Observed, Timestamp, Witness};

use super::lines::{EndLine, Line, line_of, thing_of};
use super::{Thing, delivered};
use crate::delivery::Delivery;
use crate::error::StoreError;
use crate::reading::{Evidence, Reporter};

/// The delivery as JSON lines. The last says how many there are.
///
/// # Errors
/// Where a line cannot be written.
pub fn kept(delivery: &Delivery) -> Result<Vec<u8>, StoreError> {
    let mut text = Vec::new();
    let mut lines = 1_u64;
    let mut write = |line: &Line| {
        serde_json::to_writer(&mut text, line).map_err(std::io::Error::from)?;
        text.push(b'\n');
        Ok::<_, StoreError>(())
    };
    for thing in things(delivery) {
        write(&line_of(&thing))?;
        lines = lines.saturating_add(1);
    }
    write(&Line::End(EndLine { lines }))?;
    Ok(text)
}

/// The delivery of those lines, as it arrived at that moment.
///
/// # Errors
/// [`StoreError::Import`] with the line that is not understood.
pub fn unkept(text: &[u8], received_at: Timestamp) -> Result<Delivery, StoreError> {
    let mut delivery = Delivery::new(received_at);
    let mut line = 0_u64;
    for text in text.split_inclusive(|it| *it == b'\n') {
        line = line.saturating_add(1);
        let wrong = |why: String| StoreError::Import { line, why };
        match serde_json::from_slice(text).map_err(|error| wrong(error.to_string()))? {
            Line::End(EndLine { lines }) if lines == line => return Ok(delivery),
            Line::End(EndLine { lines }) => return Err(wrong(format!("there should be {lines} lines"))),
            said @ (Line::Observation(_)
            | Line::Activity(_)
            | Line::Folder(_)
            | Line::PullRequest(_)
            | Line::Tally(_)
            | Line::Tag(_)
            | Line::Reporter(_)) => {
                let thing = thing_of(said).ok_or_else(|| wrong("a name is unknown".to_owned()))?;
                delivery.add(delivered(thing));
            }
        }
    }
    Err(StoreError::Import { line, why: "the line that ends it is missing".to_owned() })
}

/// All that is in it, one by one.
fn things(delivery: &Delivery) -> impl Iterator<Item = Thing> {
    let received_at = delivery.received_at;
    let evidence = move |it: &Observed| Evidence { observed: it.clone(), received_at };
    let heard = |it: &Arc<Witness>| Reporter {
        witness: Arc::clone(it),
        first_at: received_at,
        last_at: received_at,
        observations: 0,
        activities: 0,
    };
    let observed = delivery.observed.iter().map(move |it| Thing::Observation(evidence(it)));
    let activities = delivery.activities.iter().cloned().map(Thing::Activity);
    let folders = delivery.folders.iter().cloned().map(Thing::Folder);
    let links = delivery.pull_requests.iter().cloned().map(Thing::PullRequest);
    let tallies = delivery.tallies.iter().cloned().map(Thing::Tally);
    let tags = delivery.tags.iter().cloned().map(Thing::Tag);
    let witness = delivery.witness.as_ref().map(heard).map(Thing::Reporter);
    observed.chain(activities).chain(folders).chain(links).chain(tallies).chain(tags).chain(witness)
}

impl Delivery {
    /// Adds what is in another.
    fn add(&mut self, other: Self) {
        self.witness = other.witness.or_else(|| self.witness.take());
        self.observed.extend(other.observed);
        self.activities.extend(other.activities);
        self.folders.extend(other.folders);
        self.pull_requests.extend(other.pull_requests);
        self.tallies.extend(other.tallies);
        self.tags.extend(other.tags);
    }
}

#[cfg(test)]
mod tests {
    use domain::{CallKey, Naming, SourceKind};
    use metering::single;

    use super::*;
    use crate::delivery::SessionTag;

    fn delivery() -> Delivery {
        let at = Timestamp::from_millis(1_795_003_200_000);
        let witness = Arc::new(Witness {
            source: SourceKind::Gateway,
            reporter: domain::ReporterId::new("gateway:a"),
            developer: Some(domain::Developer::new("ada@example.com")),
            claimed: None,
        });
        let place = Arc::new(domain::Place::of(domain::Tool::ClaudeCode, domain::SessionId::new("s-1")));
        let observed = (0..3).map(|number| {
            let observation = domain::Observation {
                key: CallKey::new(&format!("msg_{number}")),
                request: Some(domain::RequestId::new("req_1")),
                at,
                model: domain::ModelName::new("claude-haiku-4-5"),
                provider: None,
                usage: domain::Usage { input: domain::Tokens::new(100), ..domain::Usage::default() },
                terms: domain::Terms::default(),
                output: domain::OutputConfidence::Final,
                lineage: domain::Lineage::Own,
                place: Arc::clone(&place),
                turn: Some(domain::TurnId::new(u64::MAX)),
                tools: domain::ToolUses::of([domain::ToolUse::new(number, "Bash", 1)]),
                reported_cost: None,
                origin: domain::Origin::default(),
            };
            // A copy says it beside the call alone.
            let request = observation.request.clone();
            let call = domain::Call { request: None, ..single(observation) };
            Observed { witness: Arc::clone(&witness), naming: Naming::Provider, request, call }
        });
        let tag = SessionTag {
            session: domain::SessionId::new("s-1"),
            key: "task".to_owned(),
            value: "review".to_owned(),
            at,
        };
        Delivery { observed: observed.collect(), tags: vec![tag], ..Delivery::new(at) }
    }

    #[test]
    fn what_is_kept_comes_back() {
        let delivery = delivery();
        let text = kept(&delivery).unwrap();
        assert_eq!(unkept(&text, delivery.received_at).unwrap(), delivery);
    }

    #[test]
    fn what_is_cut_off_is_noticed() {
        let text = kept(&delivery()).unwrap();
        for end in 0..text.len() - 1 {
            let torn = unkept(&text[..end], Timestamp::default());
            assert!(matches!(torn, Err(StoreError::Import { .. })), "{end}: {torn:?}");
        }
    }
}
