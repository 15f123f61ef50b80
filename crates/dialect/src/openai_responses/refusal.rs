//! A refusal in the words of Responses.

use domain::CallKey;

use crate::refusal::{EVENTS, Grounds, JSON, Refusal, Told, quoted};
use crate::route::Delivery;

/// The id of a response that was never made.
const NO_RESPONSE: &str = "resp_refused";

pub(crate) fn tell(refusal: &Refusal, delivery: Delivery) -> Told {
    let told = |status, content_type, tells_when, body| Told {
        status,
        content_type,
        request_header: "x-request-id",
        tells_when,
        body,
    };
    match (refusal.grounds, delivery) {
        (Grounds::Unavailable, _) => told(503, JSON, true, error(refusal, "server_is_overloaded")),
        (_, Delivery::Events) => told(200, EVENTS, false, event(refusal, None)),
        (grounds, _) => {
            let code = if grounds == Grounds::Budget { "budget_exceeded" } else { "invalid_prompt" };
            told(400, JSON, false, error(refusal, code))
        }
    }
}

fn error(refusal: &Refusal, code: &str) -> String {
    let message = refusal.message_json();
    format!(
        r#"{{"error":{{"message":{message},"type":"invalid_request_error","param":null,"code":"{code}"}}}}"#
    )
}

/// The only event of a stream that is refused, or the last one of a stream that is cut.
pub(crate) fn event(refusal: &Refusal, response: Option<&CallKey>) -> String {
    let id = quoted(response.map_or(NO_RESPONSE, CallKey::as_str));
    let message = refusal.message_json();
    format!(
        "event: response.failed\ndata: {{\"type\":\"response.failed\",\"response\":{{\"id\":{id},\
         \"object\":\"response\",\"status\":\"failed\",\"error\":{{\"code\":\"invalid_prompt\",\
         \"message\":{message}}},\"incomplete_details\":null,\"output\":[],\"usage\":null}}}}\n\n"
    )
}
