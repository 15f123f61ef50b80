//! How a command fails: with 2 where the user can put it right on the command
//! line or in a settings file, with 1 otherwise.

use std::process::ExitCode;

use insight::{QueryError, ReportError, SessionError, SpanError, SwapError};

/// The user asked for something that cannot be.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Usage(String);

/// An error that the user can put right.
pub(crate) fn usage(message: impl Into<String>) -> anyhow::Error {
    Usage(message.into()).into()
}

/// The exit code of an error.
pub(crate) fn exit_code(error: &anyhow::Error) -> ExitCode {
    let asked_wrong = error.is::<Usage>()
        || error.is::<SpanError>()
        || error.is::<QueryError>()
        || error.is::<SwapError>()
        || error.downcast_ref().is_some_and(|error| matches!(error, ReportError::Query(_)))
        || error.downcast_ref().is_some_and(|error| {
            matches!(error, SessionError::NoCalls(_) | SessionError::SeveralTools { .. })
        });
    ExitCode::from(if asked_wrong { 2 } else { 1 })
}
