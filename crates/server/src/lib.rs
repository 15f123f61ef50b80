//! The company's book over HTTP: the API, the receivers of telemetry, who may see
//! what, and the wiring of all of it.
//!
//! Invariants: an acknowledgement follows the durable write; identity comes from the
//! credential, and what a body says of people is a claim; nothing that was sent to the
//! server and no token enters a log; every request has a limit on its bytes, its time
//! and the company it has; the clock is an argument.
//!
//! Reading order: [`options`] (what it is started with), [`serve`](mod@serve) (the
//! wiring), [`owner`] (who is the first), `desk` (what every request finds), `access/` (tokens, roles, who sees
//! what), `register` (the books with their tokens, directory and settings), `org/` (the
//! directory on the wire), [`figures`] (what the book answers), `api/` (one file a resource), `failure` (every refusal and
//! its status), `newsroom` (what live events are made of), `call_path` and `budget_desk` (the gateway and what it asks), `traffic`, `listener`, `tls`, `metrics` (what is around a request).

mod access;
mod api;
pub mod backup;
mod budget_desk;
mod budgets;
mod call_path;
mod clock;
mod desk;
mod failure;
pub mod figures;
mod inlet;
mod listener;
mod metrics;
mod newsroom;
pub mod options;
mod org;
mod otlp_receiver;
pub mod owner;
mod page;
mod register;
pub mod serve;
mod tls;
mod traffic;

pub use clock::Clock;
pub use failure::ServeError;
pub use inlet::{Inlet, InletError};
pub use options::{GatewayOptions, Limits, Role, ServeOptions, TlsFiles};
pub use serve::{Addresses, serve};

/// The description of the API, OpenAPI 3.1, as the server serves it.
///
/// # Errors
/// Where it cannot be written as JSON, which these types do not allow.
pub fn openapi_json() -> Result<String, serde_json::Error> {
    api::openapi_json()
}
