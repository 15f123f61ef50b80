//! The commands, as a user runs them: the built program, on a machine of its own.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    reason = "a failure in a helper is a failure of the test that called it"
)]

mod budget;
mod ceiling;
mod collect;
mod demo;
mod example;
mod git;
mod growth;
mod hook;
mod insight;
mod machine;
mod page_link;
mod printed;
mod privacy;
mod process;
mod refusals;
mod rollout;
mod run;
mod served;
mod settings;
mod shell;
mod statusline;
mod stopping;
mod together;
mod torture;
mod totals;
mod world;
