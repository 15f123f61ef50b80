//! A refusal in the words of Google's APIs.

use crate::refusal::{Grounds, JSON, Refusal, Told};
use crate::route::Delivery;

pub(crate) fn tell(refusal: &Refusal, delivery: Delivery) -> Told {
    let error = error(refusal);
    let body = if delivery == Delivery::List { format!("[{error}]") } else { error };
    let tells_when = refusal.grounds.is_passing();
    Told { status: status(refusal).0, content_type: JSON, request_header: "x-request-id", tells_when, body }
}

/// The last event of a stream that is cut.
pub(crate) fn event(refusal: &Refusal) -> String {
    format!("data: {}\r\n\r\n", error(refusal))
}

const fn status(refusal: &Refusal) -> (u16, &'static str) {
    match refusal.grounds {
        Grounds::Budget | Grounds::Policy | Grounds::Identity => (403, "PERMISSION_DENIED"),
        Grounds::Request => (400, "INVALID_ARGUMENT"),
        Grounds::Unavailable => (503, "UNAVAILABLE"),
    }
}

fn error(refusal: &Refusal) -> String {
    let (code, status) = status(refusal);
    let message = refusal.message_json();
    format!(r#"{{"error":{{"code":{code},"message":{message},"status":"{status}"}}}}"#)
}
