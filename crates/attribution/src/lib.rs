//! Who and where a call belongs to: developer, repository, branch, pull request,
//! ticket, kind of work, client and project, each with its evidence.
//!
//! The crate has two halves. The pure one decides: [`attribute()`] is a function
//! of a place and of what is [`Known`], and reads no file, clock or environment.
//! The other one, [`git`], is the only code of the program that reads git.
//!
//! Invariants: what is not known is `None`, never a guess. What stands before the
//! `@` of a remote's address is in no value that leaves [`repo_id`]. Reading a
//! repository, whoever made it, runs none of its hooks, filters or commands.
//!
//! Reading order: [`repo_id`], [`folder`], [`ticket`], [`pull_request`], [`rules`],
//! [`mod@attribute`], [`organisation`]; then [`git`].

pub mod attribute;
pub mod folder;
pub mod git;
pub mod identity;
pub mod organisation;
pub mod pull_request;
pub mod repo_id;
pub mod rules;
pub mod tag;
pub mod ticket;

pub use attribute::{Known, attribute, attribute_reported};
pub use folder::FolderFacts;
pub use git::{GitProblem, GitReader, Machine};
pub use pull_request::PullRequests;
pub use rules::{Rules, RulesError};
pub use tag::{TagKey, Tags};
