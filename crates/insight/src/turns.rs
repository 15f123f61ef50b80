//! The turns of a session: what each prompt cost, used and called.
//!
//! A call is of the turn that its source names. One whose source names none, as a subagent of
//! an older version or a call that only the gateway saw, is of the turn that was under way at
//! its moment; before the first turn it is of none. A session of which no call names a turn
//! has none: its source does not tell turns apart. Parts add up to the whole.

use std::collections::{BTreeMap, HashMap};

use domain::{Measures, Overflow, PricedCall, Thread, Timestamp, Tokens, ToolUses, TurnId};

use crate::sessions::LOOP_RUN;

/// A call, as far as turns are told of.
#[derive(Debug, Clone, Copy)]
pub struct TurnCall<'a> {
    /// When it was made.
    pub at: Timestamp,
    /// Main conversation or subagent.
    pub thread: Thread,
    /// The turn that its source names.
    pub turn: Option<TurnId>,
    /// What it used and cost.
    pub measures: Measures,
    /// The tools that its response called.
    pub tools: &'a ToolUses,
}

impl<'a> TurnCall<'a> {
    /// Of a call.
    #[must_use]
    pub fn of(priced: &'a PricedCall) -> Self {
        let (call, owner) = (&priced.call, &priced.call.owner);
        Self {
            at: call.at,
            thread: owner.place.thread,
            turn: owner.turn,
            measures: Measures::of(priced),
            tools: &call.tools,
        }
    }
}

/// One prompt and its calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Its number in the session, from 1; none for the calls before the first turn.
    pub number: Option<u32>,
    /// The moment of its first call.
    pub first_at: Timestamp,
    /// The moment of its last call.
    pub last_at: Timestamp,
    /// What its calls used and cost.
    pub measures: Measures,
    /// How many of its calls name no turn, and are of it by their moment.
    pub by_moment: u64,
    /// What subagents took of it.
    pub subagents: Measures,
    /// The prompts of its first and last call of the main conversation.
    pub context: Option<(Tokens, Tokens)>,
    /// How often the prompt shrank to less than half: it was compacted, or begun anew.
    pub shrank: u32,
    /// The tools that its calls called.
    pub tools: BTreeMap<String, ToolCount>,
    /// How often at most the same step was tried that failed each time before; 0 where it
    /// called no tool.
    pub most_tries: u32,
}

impl Turn {
    /// Whether the same step was tried so often that it was likely a loop.
    #[must_use]
    pub const fn is_likely_loop(&self) -> bool {
        self.most_tries >= LOOP_RUN
    }
}

/// How often a tool was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ToolCount {
    /// In all.
    pub uses: u64,
    /// Of these, how often a step was tried again that had failed.
    pub retries: u64,
}

/// The turns of a session, and which of them each call is of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Turns {
    /// In the order of time.
    pub all: Vec<Turn>,
    /// For each call, in the order in which they were given.
    pub of_calls: Vec<Belonging>,
}

/// Which turn a call is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Belonging {
    /// The number of the turn.
    pub turn: Option<u32>,
    /// Whether it follows from the moment of the call: its source names none.
    pub by_moment: bool,
}

impl Turns {
    /// How many turns there are.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.all.last().and_then(|it| it.number).unwrap_or_default()
    }
}

/// The turns of these calls, which are those of one session in the order of time.
///
/// # Errors
/// [`Overflow`] where a sum does not fit.
pub fn turns(calls: &[TurnCall<'_>]) -> Result<Turns, Overflow> {
    let numbers = numbers(calls);
    let mut turns = Turns::default();
    if numbers.is_empty() {
        turns.of_calls = vec![Belonging::default(); calls.len()];
        return Ok(turns);
    }
    let mut building: BTreeMap<Option<u32>, Turn> = BTreeMap::new();
    let (mut under_way, mut prompt) = (None::<u32>, Tokens::ZERO);
    for call in calls {
        let named = call.turn.and_then(|it| numbers.get(&it).copied());
        under_way = under_way.max(named);
        let turn = named.or(under_way);
        let by_moment = named.is_none() && turn.is_some();
        turns.of_calls.push(Belonging { turn, by_moment });
        let of = building.entry(turn).or_insert_with(|| Turn::beginning(turn, call.at));
        of.by_moment = of.by_moment.saturating_add(u64::from(by_moment));
        of.add(call, &mut prompt)?;
    }
    turns.all = building.into_values().collect();
    Ok(turns)
}

/// The turns that are named, numbered in the order of their first calls.
fn numbers(calls: &[TurnCall<'_>]) -> HashMap<TurnId, u32> {
    let mut numbers = HashMap::new();
    for turn in calls.iter().filter_map(|it| it.turn) {
        let next = u32::try_from(numbers.len().saturating_add(1)).unwrap_or(u32::MAX);
        numbers.entry(turn).or_insert(next);
    }
    numbers
}

impl Turn {
    const fn beginning(number: Option<u32>, at: Timestamp) -> Self {
        Self {
            number,
            first_at: at,
            last_at: at,
            measures: Measures::ZERO,
            by_moment: 0,
            subagents: Measures::ZERO,
            context: None,
            shrank: 0,
            tools: BTreeMap::new(),
            most_tries: 0,
        }
    }

    /// One more call; `before` is the last prompt of the main conversation.
    fn add(&mut self, call: &TurnCall<'_>, before: &mut Tokens) -> Result<(), Overflow> {
        self.last_at = self.last_at.max(call.at);
        self.measures = self.measures.plus(&call.measures)?;
        match call.thread {
            Thread::Subagent => self.subagents = self.subagents.plus(&call.measures)?,
            Thread::Main => {
                let prompt = call.measures.usage.prompt()?;
                let first = self.context.map_or(prompt, |(first, _)| first);
                self.context = Some((first, prompt));
                if shrank(*before, prompt) {
                    self.shrank = self.shrank.saturating_add(1);
                }
                *before = prompt;
            }
        }
        for used in call.tools {
            let count = self.tools.entry(used.name().to_owned()).or_default();
            count.uses = count.uses.saturating_add(1);
            count.retries = count.retries.saturating_add(u64::from(used.retry() > 0));
            self.most_tries = self.most_tries.max(used.retry().saturating_add(1));
        }
        Ok(())
    }
}

/// Whether a prompt of the conversation is less than half as long as the one before: it was
/// compacted, or begun anew.
#[must_use]
pub const fn shrank(before: Tokens, now: Tokens) -> bool {
    now.count() < before.count() / 2
}

#[cfg(test)]
mod tests {
    use domain::{NanoUsd, ToolUse, Usage};

    use super::*;

    /// `moment, thread, turn, prompt, nano-dollars, retries of its tools`
    type Told<'a> = (i64, char, Option<u64>, u64, i64, &'a [u32]);

    /// A line a turn, and then the turns of the calls.
    fn check(told: &[Told<'_>], expected: &[&str]) {
        let tools: Vec<ToolUses> = told
            .iter()
            .map(|(at, .., retries)| {
                let id = at.unsigned_abs() * 100;
                ToolUses::of((id..).zip(*retries).map(|(id, retry)| ToolUse::new(id, "Bash", *retry)))
            })
            .collect();
        let calls: Vec<_> = told
            .iter()
            .zip(&tools)
            .map(|((at, thread, turn, prompt, nano, _), tools)| TurnCall {
                at: Timestamp::from_millis(*at),
                thread: if *thread == 'm' { Thread::Main } else { Thread::Subagent },
                turn: turn.map(TurnId::new),
                measures: Measures {
                    calls: 1,
                    usage: Usage { input: Tokens::new(*prompt), ..Usage::ZERO },
                    cost: NanoUsd::new(*nano),
                    ..Measures::ZERO
                },
                tools,
            })
            .collect();
        let turns = turns(&calls).expect("turns");
        let number = |it: Option<u32>| it.map_or_else(|| "-".to_owned(), |it| it.to_string());
        let mut lines: Vec<String> = turns
            .all
            .iter()
            .map(|it| {
                let context = it.context.map(|(first, last)| format!("{first}..{last}")).unwrap_or_default();
                let bash = it.tools.get("Bash").copied().unwrap_or_default();
                format!(
                    "{} {}..{} {} calls {} nano, {} by moment, {} by {} subagents, context {context} shrank {}, {} uses {} retries {} tries",
                    number(it.number),
                    it.first_at.millis(),
                    it.last_at.millis(),
                    it.measures.calls,
                    it.measures.cost.nano(),
                    it.by_moment,
                    it.subagents.cost.nano(),
                    it.subagents.calls,
                    it.shrank,
                    bash.uses,
                    bash.retries,
                    it.most_tries,
                )
            })
            .collect();
        let of = |it: &Belonging| format!("{}{}", number(it.turn), if it.by_moment { "?" } else { "" });
        lines.push(turns.of_calls.iter().map(of).collect::<Vec<_>>().join(" "));
        assert_eq!(lines, expected);
        let sum: i64 = turns.all.iter().map(|it| it.measures.cost.nano()).sum();
        assert!(turns.all.is_empty() || sum == told.iter().map(|it| it.4).sum::<i64>());
    }

    #[test]
    fn each_turn_has_its_calls() {
        check(
            &[
                (1, 'm', Some(9), 100, 5, &[0, 0]),
                (2, 's', Some(9), 50, 7, &[0]),
                (3, 'm', Some(9), 180, 5, &[1, 2, 3]),
                (9, 'm', Some(4), 60, 1, &[]),
            ],
            &[
                "1 1..3 3 calls 17 nano, 0 by moment, 7 by 1 subagents, context 100..180 shrank 0, 6 uses 3 retries 4 tries",
                "2 9..9 1 calls 1 nano, 0 by moment, 0 by 0 subagents, context 60..60 shrank 1, 0 uses 0 retries 0 tries",
                "1 1 1 2",
            ],
        );
    }

    #[test]
    fn a_call_that_names_no_turn_is_of_the_one_under_way() {
        check(
            &[
                (1, 'm', None, 10, 1, &[]),
                (2, 'm', Some(7), 10, 1, &[]),
                (3, 's', None, 10, 1, &[]),
                (4, 'm', Some(8), 10, 1, &[]),
                (5, 's', Some(7), 10, 1, &[]),
                (6, 's', None, 10, 1, &[]),
            ],
            &[
                "- 1..1 1 calls 1 nano, 0 by moment, 0 by 0 subagents, context 10..10 shrank 0, 0 uses 0 retries 0 tries",
                "1 2..5 3 calls 3 nano, 1 by moment, 2 by 2 subagents, context 10..10 shrank 0, 0 uses 0 retries 0 tries",
                "2 4..6 2 calls 2 nano, 1 by moment, 1 by 1 subagents, context 10..10 shrank 0, 0 uses 0 retries 0 tries",
                "- 1 1? 2 1 2?",
            ],
        );
    }

    #[test]
    fn a_source_that_names_no_turns_has_none() {
        check(&[(1, 'm', None, 10, 1, &[0]), (2, 's', None, 10, 1, &[])], &["- -"]);
        check(&[], &[""]);
    }
}
