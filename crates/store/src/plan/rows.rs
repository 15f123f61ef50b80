//! Rows as both engines keep them: numbers and texts.

use std::sync::Arc;

use domain::call::{Figures, Owner};
use domain::{
    Call, CallKey, Measures, NanoUsd, Observed, Origin, Overflow, Price, PricedCall, QuarterHour, RequestId,
    Seen, Service, Timestamp, Tokens, TurnId, Usage, Whereabouts, Witness,
};
use metering::{Assembled, CallId};

use super::ids::Ids;
use crate::error::StoreError;
use crate::journal::code::Code as _;
use crate::journal::tools;
use crate::reading::{BookedCall, Evidence};

/// Token counts in the order of their columns: input, output, `cache_read`,
/// `cache_write_5m`, `cache_write_1h`, reasoning, `web_searches`.
pub(crate) type Counts = [i64; 7];

/// An observation. `whereabouts`, `service` and `witness` are ids of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ObservationRow {
    pub(crate) key: CallKey,
    pub(crate) naming: i64,
    pub(crate) request: Option<RequestId>,
    pub(crate) key_hash: i64,
    pub(crate) request_hash: Option<i64>,
    pub(crate) tokens_hash: Option<i64>,
    pub(crate) at: i64,
    pub(crate) received_at: i64,
    pub(crate) witness: i64,
    pub(crate) whereabouts: i64,
    pub(crate) service: i64,
    pub(crate) confidence: i64,
    pub(crate) counts: Counts,
    pub(crate) reported: Option<i64>,
    pub(crate) figures_lineage: i64,
    pub(crate) figures_at: i64,
    pub(crate) owner_lineage: i64,
    pub(crate) owner_at: i64,
    pub(crate) file: i64,
    pub(crate) offset: i64,
    pub(crate) turn: Option<i64>,
    pub(crate) tools: Option<String>,
}

impl ObservationRow {
    pub(crate) fn of(it: &Observed, received_at: Timestamp, ids: &mut Ids) -> Result<Self, Overflow> {
        let names = metering::names(it);
        let Call { key, request: _, at, figures, owner, tools } = &it.call;
        Ok(Self {
            key: key.clone(),
            naming: it.naming.code(),
            request: it.request.clone(),
            key_hash: names.key.cast_signed(),
            request_hash: names.request.map(u64::cast_signed),
            tokens_hash: names.tokens.map(u64::cast_signed),
            at: at.millis(),
            received_at: received_at.millis(),
            witness: ids.witness(&it.witness),
            whereabouts: ids.whereabouts(&it.whereabouts()),
            service: ids.service(&figures.service()),
            confidence: figures.output.code(),
            counts: counts(&figures.usage)?,
            reported: figures.reported_cost.map(NanoUsd::nano),
            figures_lineage: figures.lineage.code(),
            figures_at: figures.at.millis(),
            owner_lineage: owner.lineage.code(),
            owner_at: owner.at.millis(),
            file: i64::from(figures.origin.file),
            offset: figures.origin.offset.cast_signed(),
            turn: turn_column(owner.turn),
            tools: tools::to_text(tools),
        })
    }

    /// What it says, with what its ids stand for.
    pub(crate) fn evidence(
        self,
        witness: &Arc<Witness>,
        whereabouts: &Arc<Whereabouts>,
        service: &Arc<Service>,
    ) -> Result<Evidence, StoreError> {
        let moment = Timestamp::from_millis;
        let file = u32::try_from(self.file).map_err(|_| StoreError::Unknown {
            what: "the number of a file",
            value: self.file.to_string(),
        })?;
        let figures = Figures {
            model: service.model.clone(),
            provider: service.provider.clone(),
            usage: usage(&self.counts)?,
            terms: service.terms,
            output: code(self.confidence)?,
            reported_cost: self.reported.map(NanoUsd::new),
            lineage: code(self.figures_lineage)?,
            at: moment(self.figures_at),
            origin: Origin { file, offset: self.offset.cast_unsigned() },
        };
        let owner = Owner {
            place: Arc::clone(&whereabouts.place),
            turn: turn(self.turn),
            lineage: code(self.owner_lineage)?,
            at: moment(self.owner_at),
        };
        let tools = tools::of_text(self.tools.as_deref())?;
        let call = Call { key: self.key, request: None, at: moment(self.at), figures, owner, tools };
        let observed = Observed {
            witness: Arc::clone(witness),
            naming: code(self.naming)?,
            request: self.request,
            call,
        };
        Ok(Evidence { observed, received_at: moment(self.received_at) })
    }
}

/// A call. `prices` is the engine's number of the prices that it was priced with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CallRow {
    pub(crate) id: CallId,
    pub(crate) key: CallKey,
    pub(crate) at: i64,
    pub(crate) whereabouts: i64,
    pub(crate) service: i64,
    pub(crate) confidence: i64,
    pub(crate) seen: i64,
    pub(crate) matching: i64,
    pub(crate) counts: Counts,
    pub(crate) reported: Option<i64>,
    pub(crate) prices: i64,
    pub(crate) list: Option<i64>,
    pub(crate) cost: Option<i64>,
    pub(crate) unpriced: Option<i64>,
    pub(crate) turn: Option<i64>,
    pub(crate) tools: Option<String>,
}

impl CallRow {
    /// A call of the book with its price.
    pub(crate) fn of(
        it: &Assembled,
        priced: &PricedCall,
        prices: i64,
        ids: &mut Ids,
    ) -> Result<Self, Overflow> {
        let amount = |pick: fn(&Price) -> i64| priced.price.as_ref().ok().map(pick);
        let figures = &it.call.figures;
        Ok(Self {
            id: it.id,
            key: it.call.key.clone(),
            at: it.call.at.millis(),
            whereabouts: ids.whereabouts(&it.whereabouts),
            service: ids.service(&figures.service()),
            confidence: figures.output.code(),
            seen: i64::from(it.seen.bits()),
            matching: it.matching.code(),
            counts: counts(&figures.usage)?,
            reported: figures.reported_cost.map(NanoUsd::nano),
            prices,
            list: amount(|price| price.list.nano()),
            cost: amount(|price| price.contract.nano()),
            unpriced: priced.price.as_ref().err().map(|reason| reason.code()),
            turn: turn_column(it.call.owner.turn),
            tools: tools::to_text(&it.call.tools),
        })
    }

    /// The quarter of an hour that it is booked to.
    pub(crate) const fn quarter(&self) -> QuarterHour {
        Timestamp::from_millis(self.at).quarter_hour()
    }

    /// What it adds to sums.
    pub(crate) fn measures(&self) -> Result<Measures, StoreError> {
        let usage = usage(&self.counts)?;
        let amount = |it: Option<i64>| it.map_or(NanoUsd::ZERO, NanoUsd::new);
        let unpriced_calls = u64::from(self.list.is_none() || self.cost.is_none());
        Ok(Measures { calls: 1, unpriced_calls, usage, list: amount(self.list), cost: amount(self.cost) })
    }

    /// What it says, with what its ids stand for.
    pub(crate) fn booked(
        self,
        whereabouts: &Arc<Whereabouts>,
        service: &Arc<Service>,
    ) -> Result<BookedCall, StoreError> {
        let price = match (self.list, self.cost, self.unpriced) {
            (Some(list), Some(cost), _) => {
                Ok(Price { list: NanoUsd::new(list), contract: NanoUsd::new(cost) })
            }
            (_, _, reason) => Err(code(reason.unwrap_or(-1))?),
        };
        Ok(BookedCall {
            id: self.id,
            key: self.key,
            at: Timestamp::from_millis(self.at),
            whereabouts: Arc::clone(whereabouts),
            service: Arc::clone(service),
            usage: usage(&self.counts)?,
            output: code(self.confidence)?,
            reported_cost: self.reported.map(NanoUsd::new),
            seen: seen(self.seen)?,
            matching: code(self.matching)?,
            turn: turn(self.turn),
            tools: tools::of_text(self.tools.as_deref())?,
            price,
        })
    }
}

/// As much of a call as pricing it again takes.
pub(crate) fn to_price(
    row: &CallRow,
    whereabouts: &Arc<Whereabouts>,
    service: &Service,
) -> Result<Call, StoreError> {
    let at = Timestamp::from_millis(row.at);
    let lineage = domain::Lineage::Own;
    let figures = Figures {
        model: service.model.clone(),
        provider: service.provider.clone(),
        usage: usage(&row.counts)?,
        terms: service.terms,
        output: code(row.confidence)?,
        reported_cost: None,
        lineage,
        at,
        origin: Origin::default(),
    };
    let owner = Owner { place: Arc::clone(&whereabouts.place), turn: turn(row.turn), lineage, at };
    let tools = tools::of_text(row.tools.as_deref())?;
    Ok(Call { key: row.key.clone(), request: None, at, figures, owner, tools })
}

fn turn_column(turn: Option<TurnId>) -> Option<i64> {
    turn.map(|it| it.fingerprint().cast_signed())
}

fn turn(column: Option<i64>) -> Option<TurnId> {
    column.map(|it| TurnId::new(it.cast_unsigned()))
}

pub(crate) fn code<T: crate::journal::code::Code>(column: i64) -> Result<T, StoreError> {
    T::from_code(column)
}

pub(crate) fn seen(column: i64) -> Result<Seen, StoreError> {
    let bits = u8::try_from(column).ok().and_then(Seen::from_bits);
    bits.ok_or_else(|| StoreError::Unknown { what: "the sources of a call", value: column.to_string() })
}

pub(crate) fn counts(usage: &Usage) -> Result<Counts, Overflow> {
    let signed = |count: u64| i64::try_from(count).map_err(|_| Overflow);
    Ok([
        signed(usage.input.count())?,
        signed(usage.output.count())?,
        signed(usage.cache_read.count())?,
        signed(usage.cache_write_5m.count())?,
        signed(usage.cache_write_1h.count())?,
        signed(usage.reasoning.count())?,
        signed(usage.web_searches)?,
    ])
}

pub(crate) fn usage(counts: &Counts) -> Result<Usage, StoreError> {
    let count = |column: i64| {
        u64::try_from(column).map_err(|_| StoreError::Unknown { what: "a count", value: column.to_string() })
    };
    let tokens = |column: i64| count(column).map(Tokens::new);
    let [input, output, cache_read, cache_write_5m, cache_write_1h, reasoning, web_searches] = *counts;
    Ok(Usage {
        input: tokens(input)?,
        output: tokens(output)?,
        cache_read: tokens(cache_read)?,
        cache_write_5m: tokens(cache_write_5m)?,
        cache_write_1h: tokens(cache_write_1h)?,
        reasoning: tokens(reasoning)?,
        web_searches: count(web_searches)?,
    })
}
