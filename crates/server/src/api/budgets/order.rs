//! By whose order something is done to budgets, why, and under which key.

use http::HeaderMap;
use ledger::{Actor, BudgetKey, Command, IdempotencyKey, Order};
use sha2::{Digest, Sha256};
use store::Standing;

use crate::access::{self, Caller};
use crate::budgets::sight::BudgetSight;
use crate::failure::Failure;

/// The header with the key under which asking twice is asking once.
const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The longest such key, in bytes.
const MAX_KEY_BYTES: usize = 255;
/// Letters of the key of a command: 60 bits of what was given, or made up.
const KEY_LETTERS: usize = 12;

/// Something to be done, and what is told of it.
pub(super) struct Wish {
    pub(super) command: Command,
    /// The budgets that are shown before and after.
    pub(super) keys: Vec<BudgetKey>,
    pub(super) dry_run: bool,
    pub(super) sight: BudgetSight,
    /// How budgets stood, where somebody looked already.
    pub(super) standing: Option<Standing>,
}

/// The order of a request.
pub(super) fn order(caller: &Caller, headers: &HeaderMap, reason: &str) -> Result<Order, Failure> {
    Ok(Order { key: key(caller, headers)?, by: actor(caller), reason: reason.trim().to_owned() })
}

/// Who commands. A person is the same with whichever token, so that what they may move in
/// a period is.
pub(in crate::api) fn actor(caller: &Caller) -> Actor {
    let name = caller.developer().map_or_else(|| format!("token:{}", caller.public), ToString::to_string);
    Actor { name, role: caller.role().name().to_owned() }
}

/// The key of a request: of the token and of what it gave, so that nobody meets a key of
/// somebody else; or a new one.
fn key(caller: &Caller, headers: &HeaderMap) -> Result<IdempotencyKey, Failure> {
    let Some(given) = headers.get(IDEMPOTENCY_KEY) else {
        return Ok(IdempotencyKey::new(&access::random_id(KEY_LETTERS)));
    };
    let is_key = |it: &&str| !it.trim().is_empty() && it.len() <= MAX_KEY_BYTES;
    let given = given.to_str().ok().filter(is_key).ok_or_else(|| Failure::Parameter {
        name: IDEMPOTENCY_KEY.to_owned(),
        problem: format!("give 1 to {MAX_KEY_BYTES} visible characters"),
    })?;
    let digest = Sha256::digest(format!("{}\n{}", caller.public, given.trim()).as_bytes());
    Ok(IdempotencyKey::new(&access::letters(&digest, KEY_LETTERS)))
}
