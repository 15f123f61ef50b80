//! The API, version 1: one file a resource. Every handler asks first who calls, and
//! whether that role may.

mod activities;
mod audit;
mod budgets;
mod calls;
mod commits;
pub(crate) mod deliveries;
mod events;
mod figures;
mod health;
pub(crate) mod insight;
mod me;
mod organisation;
mod prices;
mod reporters;
pub(crate) mod runs;
mod settings;
mod sign_in;
mod spend_limits;
mod tags;
mod timeline;
mod tokens;

use axum::Router;
use axum::extract::Query;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use domain::Timestamp;
use http::header::CONTENT_TYPE;
use utoipa::ToSchema;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Ref, ResponseBuilder,
    SecurityRequirement,
};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::desk::Desk;
use crate::failure::{Failure, WireFailure, WireProblem, WireShortfall};
use crate::{page, traffic};

/// Under which name the description speaks of tokens.
const TOKEN_SCHEME: &str = "token";

/// The parameters of a request, in their order.
type Pairs = Query<Vec<Pair>>;
/// One of them.
type Pair = (String, String);

/// All addresses, with what is around each request.
pub(crate) fn router(desk: Desk) -> Router {
    let (router, openapi) = described().split_for_parts();
    let document = with_failures(openapi).to_pretty_json().unwrap_or_default();
    let serve = move || {
        let document = document.clone();
        async move { ([(CONTENT_TYPE, "application/json")], document) }
    };
    router
        .route("/api/openapi.json", get(serve))
        .merge(spend_limits::router())
        .merge(page::router())
        .fallback(page::otherwise)
        .method_not_allowed_fallback(async || Failure::NoMethod)
        .layer(from_fn_with_state(desk.clone(), traffic::around))
        .layer(from_fn(page::headers::around))
        .with_state(desk)
}

/// What a process answers that is a gateway and nothing else.
pub(crate) fn health_router(desk: Desk) -> Router {
    Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .fallback(async || Failure::NoRoute)
        .layer(from_fn_with_state(desk.clone(), traffic::around))
        .with_state(desk)
}

/// The description as text.
pub(crate) fn openapi_json() -> Result<String, serde_json::Error> {
    with_failures(described().into_openapi()).to_pretty_json()
}

/// Every operation may fail, and all of them fail alike.
fn with_failures(mut openapi: OpenApi) -> OpenApi {
    let schema = Ref::from_schema_name(WireFailure::name());
    let content = ContentBuilder::new().schema(Some(schema)).build();
    let failure = ResponseBuilder::new()
        .description("A problem, with a stable `code`.")
        .content("application/problem+json", content)
        .build();
    for item in openapi.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            operation.responses.responses.insert("default".to_owned(), failure.clone().into());
        }
    }
    openapi
}

fn described() -> OpenApiRouter<Desk> {
    OpenApiRouter::with_openapi(head())
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(health::metrics))
        .routes(routes!(me::me))
        .routes(routes!(sign_in::sign_in))
        .routes(routes!(sign_in::sign_out))
        .routes(routes!(deliveries::deliver))
        .routes(routes!(reporters::list))
        .routes(routes!(figures::report))
        .routes(routes!(figures::sessions))
        .routes(routes!(figures::session))
        .routes(routes!(timeline::timeline))
        .routes(routes!(figures::coverage))
        .routes(routes!(insight::overview))
        .routes(routes!(insight::trends))
        .routes(routes!(insight::anomalies))
        .routes(routes!(insight::forecast))
        .routes(routes!(insight::efficiency))
        .routes(routes!(insight::teams))
        .routes(routes!(insight::models))
        .routes(routes!(insight::verdict::judge))
        .routes(routes!(activities::list))
        .routes(routes!(commits::list))
        .routes(routes!(prices::list))
        .routes(routes!(tags::tag))
        .routes(routes!(calls::list))
        .routes(routes!(runs::run))
        .routes(routes!(calls::one))
        .routes(routes!(events::watch))
        .routes(routes!(tokens::list, tokens::create))
        .routes(routes!(tokens::revoke))
        .routes(routes!(organisation::show, organisation::apply))
        .routes(routes!(organisation::file))
        .routes(routes!(organisation::entry, organisation::put, organisation::remove))
        .routes(routes!(budgets::list, budgets::set))
        .routes(routes!(budgets::remove))
        .routes(routes!(budgets::allocate))
        .routes(routes!(budgets::room::room))
        .routes(routes!(budgets::transfers::transfer))
        .routes(routes!(budgets::stops::stops))
        .routes(routes!(budgets::stops::freeze))
        .routes(routes!(budgets::stops::unfreeze))
        .routes(routes!(budgets::stops::kill))
        .routes(routes!(budgets::stops::unkill))
        .routes(routes!(budgets::requests::requests, budgets::requests::ask))
        .routes(routes!(budgets::requests::approve))
        .routes(routes!(budgets::requests::deny))
        .routes(routes!(audit::list))
        .routes(routes!(settings::show, settings::put))
}

fn head() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Bursar")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "What AI coding tools cost a company, who and what the money went to. Amounts are exact, in \
             nano-USD as text. Failures are application/problem+json with a stable `code`.",
        ))
        .build();
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("bsr_<public>_<secret>")
        .description(Some("A token that `bursar token create` printed."))
        .build();
    OpenApiBuilder::new()
        .info(info)
        .components(Some(
            ComponentsBuilder::new()
                .security_scheme(TOKEN_SCHEME, SecurityScheme::Http(token))
                .schema_from::<WireFailure>()
                .schema_from::<WireProblem>()
                .schema_from::<WireShortfall>()
                .build(),
        ))
        .security(Some([SecurityRequirement::new(TOKEN_SCHEME, Vec::<String>::new())]))
        .build()
}

/// A moment as text: `2026-11-22T09:00:00Z`.
pub(crate) fn moment(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.millis()).map_or_else(|_| String::new(), |it| it.to_string())
}

/// Rows of a page, unless asked otherwise.
const ROWS: usize = 100;

/// The parameters of a request that takes none but these, each at most once.
struct Given<'a> {
    pairs: &'a [(String, String)],
}

/// What asks for a page of something that has other parameters too.
const OF_A_PAGE: [&str; 2] = ["limit", "cursor"];

/// Apart: what asks for a page, and the rest.
fn page_and_rest(pairs: Vec<Pair>) -> (Vec<Pair>, Vec<Pair>) {
    pairs.into_iter().partition(|it| OF_A_PAGE.contains(&it.0.as_str()))
}

impl<'a> Given<'a> {
    /// What asks for a page.
    fn page(pairs: &'a [(String, String)]) -> Result<Self, Failure> {
        Self::only(pairs, &OF_A_PAGE)
    }

    fn only(pairs: &'a [(String, String)], known: &[&str]) -> Result<Self, Failure> {
        for (index, (name, _)) in pairs.iter().enumerate() {
            let problem = if !known.contains(&name.as_str()) {
                format!("there is no such parameter; there are {}", known.join(", "))
            } else if pairs.iter().skip(index.saturating_add(1)).any(|it| it.0 == *name) {
                "give it once".to_owned()
            } else {
                continue;
            };
            return Err(Failure::Parameter { name: name.clone(), problem });
        }
        Ok(Self { pairs })
    }

    fn text(&self, name: &str) -> Option<&'a str> {
        self.pairs.iter().find(|it| it.0 == name).map(|it| it.1.as_str())
    }

    fn flag(&self, name: &str) -> Result<bool, Failure> {
        match self.text(name) {
            None | Some("false") => Ok(false),
            Some("true" | "") => Ok(true),
            Some(_) => Err(bad(name, "give true or false")),
        }
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Failure> {
        let read = |text: &str| text.parse().map_err(|_| bad(name, "give a whole number"));
        self.text(name).map(read).transpose()
    }

    /// How many rows a page has.
    fn limit(&self, desk: &Desk) -> Result<usize, Failure> {
        let most = desk.limits().page_rows;
        match self.number::<usize>("limit")? {
            None => Ok(most.min(ROWS)),
            Some(limit) if (1..=most).contains(&limit) => Ok(limit),
            Some(_) => Err(bad("limit", &format!("give a number from 1 to {most}"))),
        }
    }
}

fn bad(name: &str, problem: &str) -> Failure {
    Failure::Parameter { name: name.to_owned(), problem: problem.to_owned() }
}
