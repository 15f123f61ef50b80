//! A refusal in the words of the Messages API.

use crate::refusal::{Grounds, JSON, Refusal, Told, quoted};

pub(crate) fn tell(refusal: &Refusal) -> Told {
    let status = match refusal.grounds {
        Grounds::Budget | Grounds::Policy => 429,
        Grounds::Identity => 403,
        Grounds::Request => 400,
        Grounds::Unavailable => 529,
    };
    Told { status, content_type: JSON, request_header: "request-id", tells_when: true, body: error(refusal) }
}

/// The last event of a stream that is cut.
pub(crate) fn event(refusal: &Refusal) -> String {
    format!("event: error\ndata: {}\n\n", error(refusal))
}

fn error(refusal: &Refusal) -> String {
    let kind = match refusal.grounds {
        Grounds::Budget | Grounds::Policy => "billing_error",
        Grounds::Identity => "permission_error",
        Grounds::Request => "invalid_request_error",
        Grounds::Unavailable => "overloaded_error",
    };
    let message = refusal.message_json();
    let request = refusal.request.as_ref().map(|it| format!(r#","request_id":{}"#, quoted(it.as_str())));
    let request = request.unwrap_or_default();
    format!(r#"{{"type":"error","error":{{"type":"{kind}","message":{message}}}{request}}}"#)
}
