//! Who asks, and what they may.

mod attempts;
pub(crate) mod caller;
mod links;
mod role;
pub(crate) mod same_origin;
pub(crate) mod sign_in;
mod token;
mod view;

pub(crate) use attempts::{Attempts, Peer};
pub(crate) use caller::Caller;
pub(crate) use links::Links;
pub(crate) use role::{Right, Role};
pub(crate) use token::{Minted, Presented, TokenEntry, WireToken};
pub(crate) use view::View;

/// Random letters to tell requests apart; the same ones where the machine has none.
pub(crate) fn random_id(letters: usize) -> String {
    token::random(letters).unwrap_or_else(|_| "0".repeat(letters))
}

/// Letters that stand for the first bytes of something.
pub(crate) fn letters(bytes: &[u8], letters: usize) -> String {
    bytes.iter().take(letters).copied().filter_map(token::letter).collect()
}
