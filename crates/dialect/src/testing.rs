//! What several tests need: a seeded source of chance, and random request bodies.

use serde_json::{Map, Value, json};

/// A path for each dialect.
pub(crate) mod paths {
    pub(crate) const ANTHROPIC: &str = "/v1/messages";
    pub(crate) const CHAT: &str = "/v1/chat/completions";
    pub(crate) const RESPONSES: &str = "/v1/responses";
    pub(crate) const GEMINI: &str = "/v1beta/models/gemini-x:generateContent";
}

/// Chance that a seed repeats: SplitMix64.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub(crate) fn flip(&mut self) -> bool {
        self.below(2) == 0
    }

    pub(crate) fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        let index = usize::try_from(self.below(u64::try_from(choices.len()).unwrap())).unwrap();
        &choices[index]
    }

    fn string(&mut self) -> String {
        const PIECES: [&str; 12] =
            ["a", "model", "\"", "\\", "\n", "é", "😀", "{", "}", "max_tokens\":1", ",", "\u{1}"];
        (0..self.below(12)).map(|_| *self.one_of(&PIECES)).collect()
    }

    fn value(&mut self, depth: u64) -> Value {
        match self.below(if depth == 0 { 4 } else { 6 }) {
            0 => json!(self.string()),
            1 => json!(self.below(100_000)),
            2 => json!(self.flip()),
            3 => Value::Null,
            4 => (0..self.below(4)).map(|_| self.value(depth - 1)).collect(),
            _ => (0..self.below(4))
                .map(|_| (self.string(), self.value(depth - 1)))
                .collect::<Map<_, _>>()
                .into(),
        }
    }

    /// A request body for the path, with members of any kind around those that matter.
    pub(crate) fn body(&mut self, path: &str) -> Map<String, Value> {
        let mut body = Map::new();
        for _ in 0..self.below(4) {
            body.insert(format!("x{}", self.string()), self.value(3));
        }
        body.insert("model".to_owned(), json!(format!("m{}", self.string())));
        let limits: &[&str] = match path {
            paths::ANTHROPIC => &["max_tokens"],
            paths::RESPONSES => &["max_output_tokens"],
            _ => &["max_completion_tokens", "max_tokens"],
        };
        for limit in limits {
            match self.below(3) {
                0 => drop(body.insert((*limit).to_owned(), json!(self.below(3_000)))),
                1 => drop(body.insert((*limit).to_owned(), Value::Null)),
                _ => {}
            }
        }
        if path == paths::CHAT {
            match self.below(4) {
                0 => drop(body.insert("stream_options".to_owned(), Value::Null)),
                1 => drop(body.insert("stream_options".to_owned(), json!({ "include_usage": self.flip() }))),
                2 => drop(body.insert("stream_options".to_owned(), json!({}))),
                _ => {}
            }
        }
        body.insert("messages".to_owned(), self.value(4));
        body
    }

    /// The bytes with some of them changed, doubled, cut out or put elsewhere.
    pub(crate) fn mutated(&mut self, bytes: &[u8]) -> Vec<u8> {
        const SPECIAL: &[u8] = b"\"\\{}[],:\r\n 0-e\xFF\0";
        let mut mutated = bytes.to_vec();
        for _ in 0..=self.below(4) {
            let end = u64::try_from(mutated.len()).unwrap();
            let [one, two] =
                [self.below(end + 1), self.below(end + 1)].map(|it| usize::try_from(it).unwrap());
            let (from, to) = (one.min(two), one.max(two));
            match self.below(4) {
                0 => drop(mutated.drain(from..to.min(from + 40))),
                1 => mutated.insert(from, *self.one_of(SPECIAL)),
                2 => drop(mutated.splice(from..to.min(from + 1), [*self.one_of(SPECIAL)])),
                _ => {
                    let copied = mutated[from..to.min(from + 200)].to_vec();
                    drop(mutated.splice(from..from, copied));
                }
            }
        }
        mutated
    }

    /// The value as JSON, with its members in any order and white space anywhere.
    pub(crate) fn written(&mut self, value: &Value) -> String {
        let space =
            |random: &mut Self| if random.below(4) == 0 { *random.one_of(&[" ", "\n  ", "\t"]) } else { "" };
        match value {
            Value::Object(members) => {
                let mut written: Vec<String> = members
                    .iter()
                    .map(|(key, value)| {
                        let (before, after) = (space(self), space(self));
                        format!("{before}{}{after}:{before}{}", json!(key), self.written(value))
                    })
                    .collect();
                if self.flip() {
                    written.reverse();
                }
                format!("{{{}{}}}", written.join(","), space(self))
            }
            Value::Array(elements) => {
                let written: Vec<String> = elements.iter().map(|it| self.written(it)).collect();
                format!("[{}{}]", written.join(","), space(self))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
        }
    }
}
