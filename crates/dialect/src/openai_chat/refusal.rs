//! A refusal in the words of Chat Completions.

use crate::refusal::{Grounds, JSON, Refusal, Told};

pub(crate) fn tell(refusal: &Refusal) -> Told {
    let status = match refusal.grounds {
        Grounds::Budget => 402,
        Grounds::Policy | Grounds::Identity => 403,
        Grounds::Request => 400,
        Grounds::Unavailable => 503,
    };
    let tells_when = refusal.grounds.is_passing();
    Told { status, content_type: JSON, request_header: "x-request-id", tells_when, body: error(refusal) }
}

/// The last event of a stream that is cut. No `[DONE]` follows: nothing is done.
pub(crate) fn event(refusal: &Refusal) -> String {
    format!("data: {}\n\n", error(refusal))
}

fn error(refusal: &Refusal) -> String {
    // Never `insufficient_quota`: clients try again on that word, whatever the status.
    let code = match refusal.grounds {
        Grounds::Budget => "budget_exceeded",
        Grounds::Policy => "policy_refused",
        Grounds::Identity => "identity_unknown",
        Grounds::Request => "invalid_request_error",
        Grounds::Unavailable => "server_overloaded",
    };
    let message = refusal.message_json();
    format!(r#"{{"error":{{"message":{message},"type":"{code}","param":null,"code":"{code}"}}}}"#)
}
