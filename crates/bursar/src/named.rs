//! What a person names by an id, or by the beginning of one: a call or a session.
//!
//! All commands that take an id ask here, so that one text names the same for each
//! of them and is refused in the same words. A whole id names what has it, even
//! where others begin with it, as those of a call's advisors do.

use anyhow::Result;
use domain::{CallKey, SessionId};
use insight::printable;

use crate::failure::usage;
use crate::opened::Opened;

/// Candidates that are named where a beginning is not unique.
const CANDIDATES_SHOWN: usize = 10;
/// Candidates that are looked for: one more, to know whether there are others.
const CANDIDATES_SOUGHT: u32 = 11;

/// What was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Named {
    /// A call.
    Call(CallKey),
    /// A session.
    Session(SessionId),
}

impl Named {
    fn id(&self) -> &str {
        match self {
            Self::Call(call) => call.as_str(),
            Self::Session(session) => session.as_str(),
        }
    }
}

/// The session of that id, else the only one whose id begins so.
pub(crate) fn session(opened: &Opened, text: &str) -> Result<SessionId> {
    let (_, sessions) = opened.journal.names_beginning(text, CANDIDATES_SOUGHT)?;
    one_of("session", text, sessions.iter().map(|it| SessionId::new(it)).collect(), SessionId::as_str)
}

/// The call or session of that id, else the only one whose id begins so.
pub(crate) fn call_or_session(opened: &Opened, text: &str) -> Result<Named> {
    let (calls, sessions) = opened.journal.names_beginning(text, CANDIDATES_SOUGHT)?;
    let calls = calls.iter().map(|it| Named::Call(CallKey::new(it)));
    let sessions = sessions.iter().map(|it| Named::Session(SessionId::new(it)));
    one_of("call or session", text, calls.chain(sessions).collect(), Named::id)
}

/// The candidate that has the text as its id, else the only one.
fn one_of<T>(kind: &str, text: &str, mut candidates: Vec<T>, id: impl Fn(&T) -> &str) -> Result<T> {
    let said = printable(text);
    if candidates.iter().any(|it| id(it) == text) {
        candidates.retain(|it| id(it) == text);
    }
    if let [_, _, ..] = candidates.as_slice() {
        let mut names: Vec<String> =
            candidates.iter().take(CANDIDATES_SHOWN).map(|it| printable(id(it))).collect();
        if candidates.len() > CANDIDATES_SHOWN {
            names.push("and others".to_owned());
        }
        return Err(usage(format!(
            "`{said}` is the beginning of several: {}; give more of the id",
            names.join(", ")
        )));
    }
    candidates.pop().ok_or_else(|| {
        usage(format!("no {kind} has an id that begins with `{said}`; `bursar sessions` lists sessions"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, ids: &[&str], expected: Result<&str, &str>) {
        let found = one_of("session", text, ids.to_vec(), |it| it).map_err(|it| it.to_string());
        assert_eq!(found.as_deref().map_err(String::as_str), expected, "{text} of {ids:?}");
    }

    #[test]
    fn one_is_found_or_all_are_named() {
        check("5f", &["5f0e"], Ok("5f0e"));
        check("5f0e", &["5f0e", "5f0e-2"], Ok("5f0e"));
        check(
            "5f",
            &["5f0e", "5f11"],
            Err("`5f` is the beginning of several: 5f0e, 5f11; give more of the id"),
        );
        check("x", &[], Err("no session has an id that begins with `x`; `bursar sessions` lists sessions"));
        check(
            "5",
            &["50", "51", "52", "53", "54", "55", "56", "57", "58", "59", "5a"],
            Err("`5` is the beginning of several: 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, and others; \
                 give more of the id"),
        );
    }
}
