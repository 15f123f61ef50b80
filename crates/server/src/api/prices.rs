//! Prices: what the server prices with, as `bursar prices` prints it.

use axum::extract::{Query, State};
use http::header::CONTENT_TYPE;
use insight::{Span, wire};
use pricing::price_book::PriceQuery;

use super::{Given, Pairs, bad};
use crate::access::Caller;
use crate::desk::Desk;
use crate::failure::Failure;

/// Prices at list: of a day, or all that ever were
#[utoipa::path(get, operation_id = "listPrices", path = "/api/v1/prices", tag = "figures",
    params(("model" = Option<String>, Query, description = "a model, or words that its provider and name contain"),
           ("at" = Option<String>, Query, description = "of that day; today by default"),
           ("history" = Option<bool>, Query, description = "all prices that ever were")),
    responses((status = 200, description = "bursar.prices/1", body = wire::WirePrices<'static>)))]
pub(crate) async fn list(
    State(desk): State<Desk>,
    _caller: Caller,
    Query(pairs): Pairs,
) -> Result<([(http::HeaderName, &'static str); 1], String), Failure> {
    let given = Given::only(&pairs, &["model", "at", "history"])?;
    let (day, history) = (given.text("at"), given.flag("history")?);
    if day.is_some() && history {
        return Err(bad("at", "give it without history: that is of all days"));
    }
    let now = desk.now();
    let span = Span::parse(day, None, desk.figures().zone(), now)
        .map_err(|_| bad("at", "give a day such as 2026-11-22, today or 7d"))?;
    let at = (!history).then(|| span.since.unwrap_or(now));
    let book = desk.prices().book();
    let query = PriceQuery { model: given.text("model"), at };
    let listings = book.entries(&query).map_err(|it| Failure::Damaged(it.to_string()))?;
    Ok(([(CONTENT_TYPE, "application/json")], wire::prices_json(&listings, book.digest())?))
}
