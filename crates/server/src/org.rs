//! The organisation's directory on the wire: as JSON in the API and the books, as
//! TOML in a file that people keep.

mod file;
mod wire;

pub(crate) use file::{from_toml, to_toml};
pub(crate) use wire::{WireDirectory, WireEntry, normal};
