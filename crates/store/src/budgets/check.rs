//! Commands that no store can keep are refused before they share a transaction with
//! others, so that all engines refuse the same and nobody's command fails for another's.

use domain::Scope;
use domain::scope::MAX_SCOPE_BYTES;
use ledger::reservation::MAX_NAME_BYTES;
use ledger::{Action, Command, Key, MAX_REASON_BYTES, Refusal, Terms, touches};

use super::minutes::order_of;
use crate::books::{MAX_BODY_BYTES, MAX_LINE_BYTES, text, within};
use crate::error::StoreError;

/// Bytes of what is agreed of one budget: it has to fit into a row of the audit log, where
/// a character may take six.
const MAX_TERMS_BYTES: usize = MAX_BODY_BYTES / 8;

/// The name in a command that is none, and would not be found either.
pub(super) fn misnamed(command: &Command) -> Option<Refusal> {
    touches(command).iter().find_map(|key| {
        let name = match key {
            Key::Done(key) => key.as_str(),
            Key::Request(id) => id.as_str(),
            Key::Lease(id) => id.as_str(),
            Key::Reservation(id) => id.as_str(),
            Key::Tally(_) | Key::Scope(_) | Key::Past(_) => return None,
        };
        let is_name = name.len() <= MAX_NAME_BYTES && !name.chars().any(char::is_control);
        (!is_name).then(|| Refusal::BadKey(name.chars().take(MAX_NAME_BYTES).collect()))
    })
}

/// Refuses a command that cannot be kept.
pub(super) fn check(command: &Command) -> Result<(), StoreError> {
    for key in touches(command) {
        if let Key::Scope(it) = &key {
            scope(it)?;
        }
    }
    if let Some(order) = order_of(command) {
        text("an actor", &order.by.name, MAX_LINE_BYTES)?;
        text("a role", &order.by.role, MAX_LINE_BYTES)?;
        text("a reason", &order.reason, MAX_REASON_BYTES)?;
    }
    match command {
        Command::Set(it) => terms(&it.terms),
        Command::Approve(it) => it.from.as_ref().map_or(Ok(()), scope),
        Command::Lend(it) => {
            text("the name of a gateway", &it.replica, MAX_NAME_BYTES)?;
            let used = it.used.iter().map(|it| &it.held.budget.scope);
            it.wants.iter().map(|it| &it.scope).chain(used).try_for_each(scope)
        }
        Command::Return(it) => it.used.iter().map(|it| &it.held.budget.scope).try_for_each(scope),
        Command::Allocate(_)
        | Command::Remove(_)
        | Command::Transfer(_)
        | Command::Reserve(_)
        | Command::Settle(_)
        | Command::Release(_)
        | Command::Expire(_)
        | Command::Book(_)
        | Command::Halt(_)
        | Command::Lift(_)
        | Command::Ask(_)
        | Command::Deny(_)
        | Command::ExpireLease(_) => Ok(()),
    }
}

/// A name that grew when it was put into lower case could not be read back.
fn scope(it: &Scope) -> Result<(), StoreError> {
    let size = it.name().len().saturating_add(it.kind().name().len());
    within("a scope", size, MAX_SCOPE_BYTES.saturating_sub(1))
}

fn terms(it: &Terms) -> Result<(), StoreError> {
    let maps = it.thresholds.iter().filter_map(|it| match &it.action {
        Action::Downgrade(map) => Some(map),
        Action::Notify | Action::Clamp | Action::Refuse | Action::AllowOverrun => None,
    });
    let models: usize = maps.flatten().map(|it| it.from.len().saturating_add(it.to.as_str().len())).sum();
    let owner = it.owner.as_deref().map_or(0, str::len);
    within("what is agreed of a budget", models.saturating_add(owner), MAX_TERMS_BYTES)
}
