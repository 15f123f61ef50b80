//! A call as JSON, in pages and in live events.

use insight::wire::WireTokens;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::moment;
use crate::figures::calls::Placed;

/// One call.
#[derive(Serialize, ToSchema)]
pub(crate) struct WireCall {
    /// Its id in the book; ids are in the order of time.
    id: String,
    /// The provider's id for it, or the source's.
    key: String,
    at: String,
    tool: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    developer: Option<String>,
    team: Option<String>,
    repo: Option<String>,
    branch: Option<String>,
    project: Option<String>,
    client: Option<String>,
    model: String,
    provider: Option<String>,
    tokens: WireTokens,
    web_searches: u64,
    /// Under contract; none where the call has no price.
    cost_nano_usd: Option<String>,
    list_cost_nano_usd: Option<String>,
    /// The kinds of source that saw it.
    seen: Vec<&'static str>,
    /// by_id or by_tokens: how sure it is that they saw one call.
    matching: &'static str,
}

impl WireCall {
    /// Of a call; of individuals only where they are seen.
    pub(crate) fn of(placed: &Placed, individuals: bool) -> Self {
        let Placed { call, attribution } = placed;
        macro_rules! answer {
            ($field:ident) => {
                attribution.$field.as_ref().map(|it| it.value.to_string())
            };
        }
        let place = &call.whereabouts.place;
        let price = call.price.as_ref().ok();
        Self {
            id: call.id.to_string(),
            key: call.key.to_string(),
            at: moment(call.at),
            tool: place.tool.name(),
            session: individuals.then(|| place.session.to_string()),
            developer: answer!(developer).filter(|_| individuals),
            team: answer!(team),
            repo: answer!(repo),
            branch: answer!(branch),
            project: answer!(project),
            client: answer!(client),
            model: call.service.model.to_string(),
            provider: call.service.provider.as_ref().map(ToString::to_string),
            tokens: WireTokens::of(&call.usage),
            web_searches: call.usage.web_searches,
            cost_nano_usd: price.map(|it| it.contract.nano().to_string()),
            list_cost_nano_usd: price.map(|it| it.list.nano().to_string()),
            seen: call.seen.kinds().map(domain::SourceKind::name).collect(),
            matching: call.matching.name(),
        }
    }
}
