//! Stories about budgets: commands line by line, and what each comes to.

#![expect(clippy::expect_used, clippy::panic, reason = "what fails in here fails the test")]

mod desk;
mod stories;
