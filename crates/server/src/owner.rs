//! The first owner: whoever starts a server on books without a token.

use std::collections::BTreeSet;

use store::{Act, Books};

use crate::access::{Minted, Presented, Role, TokenEntry, WireToken};
use crate::clock::Clock;
use crate::desk::Desk;
use crate::failure::{Failure, ServeError};
use crate::register::{self, Register, TOKEN};

/// Makes sure that there is an owner: where there is no token at all, takes the one that
/// was given or makes one up, and returns that. Where there are some, whoever can start a
/// server could else make themselves an owner without anybody of them.
pub(crate) async fn first(desk: &Desk, given: Option<&str>) -> Result<Option<String>, ServeError> {
    let given = given.map(|it| Presented::of(it).ok_or(ServeError::OwnerToken)).transpose()?;
    let standing = desk.register().fresh().await.map_err(failed)?;
    if !standing.tokens.is_empty() {
        let is_known = |it: &Presented| standing.tokens.get(&it.public).is_some_and(|entry| it.is(entry));
        if given.is_some_and(|it| !is_known(&it)) {
            tracing::warn!(
                "BURSAR_OWNER_TOKEN is ignored: it names an owner at the first start alone, and these books \
                 have tokens; take it out of the environment, or make one with `bursar token create`"
            );
        }
        return Ok(None);
    }
    let (presented, shown) = match given {
        Some(presented) => (presented, None),
        None => {
            let minted = Minted::new().map_err(failed)?;
            (minted.presented, Some(minted.text))
        }
    };
    let making = Making { action: "token.bootstrap", label: "first owner", reason: "the server was started" };
    making.act(desk.register(), &presented, &desk.clock()).await?;
    Ok(shown)
}

/// Makes another owner's token, for who has the database and no token any more; returns
/// its text, which is shown nowhere else. The audit log says that it was made so.
///
/// # Errors
/// [`ServeError`] where the books cannot be read or changed.
pub async fn recover(books: &Books, clock: &Clock) -> Result<String, ServeError> {
    let minted = Minted::new().map_err(failed)?;
    let making = Making { action: "token.recover", label: "recovered owner", reason: "made at the database" };
    making.act(&Register::new(books.clone()), &minted.presented, clock).await?;
    Ok(minted.text)
}

/// How an owner comes about without another.
struct Making {
    action: &'static str,
    label: &'static str,
    reason: &'static str,
}

impl Making {
    async fn act(&self, register: &Register, token: &Presented, clock: &Clock) -> Result<(), ServeError> {
        let standing = register.fresh().await.map_err(failed)?;
        let entry = TokenEntry {
            role: Role::Owner,
            developer: None,
            teams: BTreeSet::new(),
            label: self.label.to_owned(),
            created_at: clock.now(),
            created_by: "server".to_owned(),
            expires_at: None,
            revoked_at: None,
            digest: token.digest(),
        };
        let change = register::change(TOKEN, &token.public, Some(&WireToken::of(&entry))).map_err(failed)?;
        let act = Act {
            at: clock.now(),
            actor: "server".to_owned(),
            action: self.action.to_owned(),
            reason: Some(self.reason.to_owned()),
            changes: vec![change],
            expected: Some(standing.version),
        };
        register.act(act).await.map(|_| ()).map_err(failed)
    }
}

fn failed(failure: Failure) -> ServeError {
    if let Failure::Store(error) = failure {
        return ServeError::Store(error);
    }
    ServeError::Start(failure.to_string())
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;

    use super::*;

    #[tokio::test]
    async fn who_has_the_database_makes_an_owner_and_the_log_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let books = Books::sqlite(folder.path()).unwrap();
        let clock = Clock::new(|| Timestamp::from_millis(1_795_000_000_000));
        let text = recover(&books, &clock).await.unwrap();
        let standing = Register::new(books.clone()).fresh().await.unwrap();
        let presented = Presented::of(&text).unwrap();
        let entry = &standing.tokens[&presented.public];
        assert!(presented.is(entry) && entry.role == Role::Owner);
        assert_eq!(books.audit(None, 9).await.unwrap()[0].action, "token.recover");
    }
}
