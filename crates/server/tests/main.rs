//! The server over HTTP, as its clients see it: a real one on a loopback port, its book
//! in a temporary folder, its clock in the hand of the test.

mod directory;
mod limits;
mod openapi;
mod reporting;
mod roles;
mod tokens;
mod world;
