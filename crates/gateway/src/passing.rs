//! Requests that cost nothing, or nothing that is metered here: they are passed on.

use bytes::Bytes;
use dialect::Grounds;
use http::{Request, Response};
use ledger::Outlook;
use tokio::time::timeout;

use crate::body::{Body, ToUpstream};
use crate::call::{no_response, too_late};
use crate::claims;
use crate::door::Visit;
use crate::headers;
use crate::refuse::No;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// No, where a hard budget is about a request whose cost nobody meters.
pub(crate) async fn nothing_binds(visit: &Visit) -> Result<(), No> {
    let mut claims = claims::read(&visit.head.headers)
        .map_err(|bad| No::new(Grounds::Request, "bad_claim", bad.to_string()))?;
    claims.provider = visit.upstream.provider.to_string();
    if let Some(model) = &visit.route.model {
        claims.model = model.to_string();
    }
    let desk = visit.gateway.desk();
    let subject = desk.subject(&visit.identity, &claims)?;
    let outlook = desk.outlook(&subject).await?;
    stopped(&outlook)?;
    if let Some((budget, _)) = &outlook.room {
        let text = format!(
            "the budget {budget} is hard, and what this request costs is not metered here; send it without the \
             gateway if you may, or ask for a soft budget"
        );
        return Err(No::new(Grounds::Policy, "unmetered", text));
    }
    Ok(())
}

/// No, where something of a call is frozen or killed.
pub(crate) fn stopped(outlook: &Outlook) -> Result<(), No> {
    let killed = outlook.killed.clone().map(|(scope, stop)| ledger::Refusal::Killed { scope, stop });
    let frozen = || outlook.frozen.clone().map(|(scope, stop)| ledger::Refusal::Frozen { scope, stop });
    killed.or_else(frozen).map_or(Ok(()), |refusal| Err(No::from(&refusal)))
}

/// Passes a request on, and its response back, as they come.
pub(crate) async fn pass<B>(mut visit: Visit, body: B) -> Result<Response<Body>, No>
where
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let target = visit.target()?;
    visit.dress();
    let mut request = Request::new(ToUpstream::passed(body, visit.gateway.limits().unmetered_body_bytes));
    *request.uri_mut() = target;
    *request.method_mut() = visit.head.method.clone();
    *request.headers_mut() = std::mem::take(&mut visit.head.headers);
    let sending = timeout(visit.upstream.timeouts.first_byte, visit.upstream.send(request));
    let response = match sending.await {
        Ok(response) => response.map_err(|why| no_response(why, &visit.upstream.name))?,
        Err(_) => return Err(too_late(&visit.upstream.name)),
    };
    let (mut head, body) = response.into_parts();
    headers::leave_connection(&mut head.headers);
    visit.name_response(&mut head.headers);
    let mut passed = Response::new(Body::passed(body, visit.places));
    *passed.status_mut() = head.status;
    *passed.headers_mut() = head.headers;
    Ok(passed)
}
