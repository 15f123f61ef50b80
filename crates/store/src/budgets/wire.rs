//! Rows of the ledger as JSON. Structs here are the format; they are converted by hand, so
//! that the ledger can change and what is kept stays readable. Money is in nano-USD, moments
//! are milliseconds since 1970. A field that is added has a default.

mod agreed;
mod counted;
mod lent;

use domain::{NanoUsd, Period, Scope, Timestamp};
use ledger::{
    Account, Actor, Answer, BudgetKey, Done, Fingerprint, Held, IdempotencyKey, Request, RequestId, Row,
    Stop, Tally, TallyKey,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use self::agreed::BudgetWire;
use self::counted::{PastWire, ReservationWire};
use self::lent::LeaseWire;

/// Why a body is no row.
pub(super) type NotARow = String;

/// The JSON of a row.
pub(super) fn body_of(row: &Row) -> serde_json::Result<String> {
    match row {
        Row::Account(it) => serde_json::to_string(&AccountWire::of(it)),
        Row::Budget(it) => serde_json::to_string(&BudgetWire::of(it)),
        Row::Past(it) => serde_json::to_string(&PastWire::of(it)),
        Row::Reservation(it) => serde_json::to_string(&ReservationWire::of(it)),
        Row::Lease(it) => serde_json::to_string(&LeaseWire::of(it)),
        Row::Request(it) => serde_json::to_string(&RequestWire::of(it)),
        Row::Tally(it) => serde_json::to_string(&TallyWire::of(it)),
        Row::Done(it) => serde_json::to_string(&DoneWire::of(it)),
    }
}

/// The row of a kind that some JSON tells.
pub(super) fn row_of(kind: &str, body: &str) -> Result<Row, NotARow> {
    match kind {
        "account" => read::<AccountWire>(body)?.account().map(Row::Account),
        "budget" => read::<BudgetWire>(body)?.budget().map(Row::Budget),
        "past" => read::<PastWire>(body)?.past().map(Row::Past),
        "reservation" => read::<ReservationWire>(body)?.reservation().map(Row::Reservation),
        "lease" => read::<LeaseWire>(body)?.lease().map(Row::Lease),
        "request" => read::<RequestWire>(body)?.request().map(Row::Request),
        "tally" => read::<TallyWire>(body)?.tally().map(Row::Tally),
        "done" => read::<DoneWire>(body)?.done().map(Row::Done),
        _ => Err("no such kind".to_owned()),
    }
}

fn read<T: DeserializeOwned>(body: &str) -> Result<T, NotARow> {
    serde_json::from_str(body).map_err(|error| error.to_string())
}

fn scope(text: &str) -> Result<Scope, NotARow> {
    text.parse().map_err(|error: domain::NotAScope| error.to_string())
}

fn period(name: &str) -> Result<Period, NotARow> {
    Period::from_name(name).ok_or_else(|| format!("`{name}` is no period"))
}

const fn moment(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

const fn usd(nano: i64) -> NanoUsd {
    NanoUsd::new(nano)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands in a reference")]
const fn is_zero(nano: &i64) -> bool {
    *nano == 0
}

/// A budget: scope and period.
#[derive(Serialize, Deserialize)]
struct KeyWire(String, String);

impl KeyWire {
    fn of(it: &BudgetKey) -> Self {
        Self(it.scope.to_string(), it.period.name().to_owned())
    }

    fn key(&self) -> Result<BudgetKey, NotARow> {
        Ok(BudgetKey::new(scope(&self.0)?, period(&self.1)?))
    }
}

/// A budget in one of its periods: scope, period, first moment.
#[derive(Serialize, Deserialize)]
struct HeldWire(String, String, i64);

impl HeldWire {
    fn of(it: &Held) -> Self {
        Self(it.budget.scope.to_string(), it.budget.period.name().to_owned(), it.start.millis())
    }

    fn held(&self) -> Result<Held, NotARow> {
        let budget = BudgetKey::new(scope(&self.0)?, period(&self.1)?);
        Ok(Held { budget, start: moment(self.2) })
    }
}

/// A digest of 128 bits, in hexadecimal.
#[derive(Serialize, Deserialize)]
struct PrintWire(String);

impl PrintWire {
    fn of(it: Fingerprint) -> Self {
        Self(format!("{:x}", it.number()))
    }

    fn print(&self) -> Result<Fingerprint, NotARow> {
        let number = u128::from_str_radix(&self.0, 16);
        number.map(Fingerprint::new).map_err(|_| format!("`{}` is no digest", self.0))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountWire {
    scope: String,
    epoch: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    frozen: Option<StopWire>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    killed: Option<StopWire>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StopWire {
    by: String,
    at: i64,
    reason: String,
}

impl AccountWire {
    fn of(it: &Account) -> Self {
        let stop = |it: &Stop| StopWire { by: it.by.clone(), at: it.at.millis(), reason: it.reason.clone() };
        Self {
            scope: it.scope.to_string(),
            epoch: it.epoch,
            frozen: it.frozen.as_ref().map(stop),
            killed: it.killed.as_ref().map(stop),
        }
    }

    fn account(self) -> Result<Account, NotARow> {
        let stop = |it: StopWire| Stop { by: it.by, at: moment(it.at), reason: it.reason };
        let scope = scope(&self.scope)?;
        let (frozen, killed) = (self.frozen.map(stop), self.killed.map(stop));
        Ok(Account { scope, epoch: self.epoch, frozen, killed })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ActorWire {
    name: String,
    role: String,
}

impl ActorWire {
    fn of(it: &Actor) -> Self {
        Self { name: it.name.clone(), role: it.role.clone() }
    }

    fn actor(self) -> Actor {
        Actor { name: self.name, role: self.role }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestWire {
    id: String,
    at: i64,
    budget: KeyWire,
    amount: i64,
    by: ActorWire,
    reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answer: Option<AnswerWire>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerWire {
    by: ActorWire,
    at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    granted: Option<i64>,
    note: String,
}

impl RequestWire {
    fn of(it: &Request) -> Self {
        let answer = |it: &Answer| AnswerWire {
            by: ActorWire::of(&it.by),
            at: it.at.millis(),
            granted: it.granted.map(NanoUsd::nano),
            note: it.note.clone(),
        };
        Self {
            id: it.id.to_string(),
            at: it.at.millis(),
            budget: KeyWire::of(&it.budget),
            amount: it.amount.nano(),
            by: ActorWire::of(&it.by),
            reason: it.reason.clone(),
            answer: it.answer.as_ref().map(answer),
        }
    }

    fn request(self) -> Result<Request, NotARow> {
        let answer = |it: AnswerWire| Answer {
            by: it.by.actor(),
            at: moment(it.at),
            granted: it.granted.map(usd),
            note: it.note,
        };
        Ok(Request {
            id: RequestId::new(&self.id),
            at: moment(self.at),
            budget: self.budget.key()?,
            amount: usd(self.amount),
            by: self.by.actor(),
            reason: self.reason,
            answer: self.answer.map(answer),
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TallyWire {
    actor: String,
    period: String,
    start: i64,
    times: u32,
    amount: i64,
    touched: i64,
}

impl TallyWire {
    fn of(it: &Tally) -> Self {
        Self {
            actor: it.key.actor.clone(),
            period: it.key.period.name().to_owned(),
            start: it.key.start.millis(),
            times: it.times,
            amount: it.amount.nano(),
            touched: it.touched.millis(),
        }
    }

    fn tally(self) -> Result<Tally, NotARow> {
        let period = period(&self.period)?;
        Ok(Tally {
            key: TallyKey { actor: self.actor, period, start: moment(self.start) },
            times: self.times,
            amount: usd(self.amount),
            touched: moment(self.touched),
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DoneWire {
    key: String,
    asked: PrintWire,
    at: i64,
}

impl DoneWire {
    fn of(it: &Done) -> Self {
        Self { key: it.key.to_string(), asked: PrintWire::of(it.asked), at: it.at.millis() }
    }

    fn done(self) -> Result<Done, NotARow> {
        let asked = self.asked.print()?;
        Ok(Done { key: IdempotencyKey::new(&self.key), asked, at: moment(self.at) })
    }
}
