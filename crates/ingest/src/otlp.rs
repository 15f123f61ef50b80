//! OpenTelemetry: what the tools export, read into observations and activities.
//!
//! Money comes from **events** (log records) and, where a provider's id is in them, from
//! **spans**. **Metrics** are counters without any id: they become activities, which
//! are never money; what they say of tokens and cost is a claim to compare with.
//!
//! **Key.** Tools send the provider's request id (Claude Code), its response id (the
//! GenAI conventions), or neither (Codex, Gemini CLI). A response id is the key as it is.
//! A request id is noted as such, beside the derived key `otlp:<request id>`, as other
//! sources know the same call by its message id. Without either, the key is
//! `otlp:<hash>` of tool, session, nanosecond, number in the process, model, prompt id
//! and counts: a record that is sent again has the same.
//!
//! **Time.** Clocks of exporters are wrong at times. A moment more than
//! [`AHEAD_LIMIT_MS`] after or [`BEHIND_LIMIT_MS`] before the arrival is replaced by that
//! of the arrival; within it, it is believed, so that it agrees with what the same
//! machine's logs say. A record without a time has that of its observation.
//!
//! **Identity.** Who a record is from is told by the credential that it came with.
//! `user.email` and `enduser.id` are claims.
//!
//! **Privacy.** Attributes are read by name, and no name of a prompt, an answer, a
//! command or an error text is among them. Refusals quote nothing.
//!
//! Reading order: this file, `message.rs` (what a request holds), `reading.rs` (what
//! is made of it), then a file a tool; `metrics.rs`; `protobuf.rs` and `json.rs`.

mod attributes;
mod claude_code;
mod codex;
mod gemini_cli;
mod gen_ai;
pub(crate) mod identity;
mod json;
mod message;
mod metrics;
mod protobuf;
mod reading;
mod telemetry;
#[cfg(test)]
mod tests;

use domain::{Developer, ReporterId, Timestamp};

use self::reading::Reading;
pub use self::reading::{AHEAD_LIMIT_MS, BEHIND_LIMIT_MS};
pub use self::telemetry::{Rejected, Rejection, Telemetry};

/// What a request carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Signal {
    /// Log records.
    Logs,
    /// Points of metrics.
    Metrics,
    /// Spans.
    Traces,
}

impl Signal {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Logs, Self::Metrics, Self::Traces];

    /// The name in paths and figures.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Logs => "logs",
            Self::Metrics => "metrics",
            Self::Traces => "traces",
        }
    }
}

/// How a request is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// `application/x-protobuf`, and all of gRPC.
    Protobuf,
    /// `application/json`.
    Json,
}

/// Who sends a request, by its credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exporter {
    /// The exporter, or all that share its credential.
    pub reporter: ReporterId,
    /// The person that the credential belongs to; `None` where several share it.
    pub developer: Option<Developer>,
}

/// Why bytes are no export request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The protobuf encoding is broken outside of any one record.
    #[error("the body is not an export request in protobuf: send one, or name the encoding in Content-Type")]
    Protobuf,
    /// The JSON is broken, or not of the shape of a request.
    #[error("the body is not an export request in JSON: it goes wrong at byte {at}")]
    Json {
        /// The byte, from 1, at which it goes wrong.
        at: usize,
    },
}

/// Reads one export request, decompressed.
///
/// # Errors
/// Where it is none. A record that is broken is counted instead, and the others are kept.
pub fn read(
    signal: Signal,
    encoding: Encoding,
    body: &[u8],
    exporter: &Exporter,
    received_at: Timestamp,
) -> Result<Telemetry, Malformed> {
    let mut reading = Reading::new(exporter, received_at);
    match encoding {
        Encoding::Protobuf => protobuf::read(signal, body, &mut reading)?,
        Encoding::Json => match std::str::from_utf8(body) {
            Ok(text) => json::read(signal, text, &mut reading)?,
            // A text that was cut inside of a letter must not lose the records around it.
            Err(_) => json::read(signal, &String::from_utf8_lossy(body), &mut reading)?,
        },
    }
    Ok(reading.finish())
}
