//! The commands, as a user runs them: the built program, on a machine of its own.

mod example;
mod machine;
mod printed;
mod refusals;
mod shell;
mod statusline;
mod totals;
mod world;
