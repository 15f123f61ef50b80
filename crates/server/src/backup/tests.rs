//! Copies out and in, and what becomes of those that are damaged or broke off.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use domain::call::{Figures, Owner};
use domain::{
    Call, CallKey, Lineage, ModelName, Naming, NanoUsd, Observed, Origin, OutputConfidence, Place, SessionId,
    SourceKind, Terms, Tokens, Tool, Usage, Witness,
};
use ledger::command::Set;
use ledger::{Actor, BudgetKey, Command, IdempotencyKey, Order};
use store::{Database, Delivery};
use tempfile::TempDir;

use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);

/// A database in a folder.
async fn store(folder: &Path) -> Store {
    let prices = pricing::Pricer::new(pricing::PriceBook::bundled().unwrap(), None);
    let settings = store::Settings { prices, zone: Some(jiff::tz::TimeZone::UTC) };
    Store::open(&Database::Sqlite(folder.to_owned()), settings).await.unwrap()
}

/// One with calls and tokens.
async fn filled(folder: &Path) -> Store {
    let store = store(folder).await;
    store.accept(calls(40)).await.unwrap();
    for (id, body) in [("ada", "{}"), ("bob", "{}"), ("ada", "{\"role\":\"owner\"}")] {
        let change = Change { kind: TOKEN.to_owned(), id: id.to_owned(), after: Some(body.to_owned()) };
        let act = Act {
            at: NOW,
            actor: "root".to_owned(),
            action: "token.create".to_owned(),
            reason: Some("for this test".to_owned()),
            changes: vec![change],
            expected: None,
        };
        store.books().act(act).await.unwrap();
    }
    store
}

/// What one machine says of so many calls.
fn calls(count: i64) -> Delivery {
    let witness = Arc::new(Witness {
        source: SourceKind::Log,
        reporter: domain::ReporterId::new("laptop"),
        developer: None,
        claimed: None,
    });
    let place = Arc::new(Place::of(Tool::ClaudeCode, SessionId::new("s")));
    let figures = Figures {
        model: ModelName::new("claude-sonnet-4-6"),
        provider: None,
        usage: Usage { output: Tokens::new(100), ..Usage::ZERO },
        terms: Terms::STANDARD,
        output: OutputConfidence::Final,
        reported_cost: None,
        lineage: Lineage::Own,
        at: NOW,
        origin: Origin::default(),
    };
    let owner = Owner { place, turn: Some(domain::TurnId::new(7)), lineage: Lineage::Own, at: NOW };
    let tools = domain::ToolUses::of([domain::ToolUse::new(1, "Bash", 2)]);
    let call = |key| Call {
        key,
        request: None,
        at: NOW,
        figures: figures.clone(),
        owner: owner.clone(),
        tools: tools.clone(),
    };
    let observed = (0..count).map(|number| Observed {
        witness: Arc::clone(&witness),
        naming: Naming::Provider,
        request: None,
        call: call(CallKey::new(&format!("msg_{number}"))),
    });
    Delivery { observed: observed.collect(), ..Delivery::new(NOW) }
}

async fn copied(store: &Store, folder: &TempDir) -> Vec<u8> {
    let path = folder.path().join("it.backup");
    let copied = backup(store, Box::new(File::create(&path).unwrap())).await.unwrap();
    assert_eq!(copied.entries, 2);
    fs::read(path).unwrap()
}

async fn restored(store: &Store, bytes: &[u8], onto: Onto) -> Result<Copied, BackupError> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    restore(store, file, onto, NOW).await
}

/// Everything in the books, as text.
async fn books(store: &Store) -> String {
    let mut rows = store.books().audit(None, AUDIT_ROWS).await.unwrap();
    rows.reverse();
    let entries = store.books().entries(TOKEN).await.unwrap();
    let entries = entries.iter().map(|it| format!("{} {}", it.id, it.body));
    let rows = rows.iter().map(|it| {
        let restored = it.restored_at.map_or("", |_| " (restored)");
        format!("{} v{} {} {}{restored}", it.seq, it.version, it.action, it.id)
    });
    entries.chain(rows).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn entries_and_the_log_of_who_made_them_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let original = filled(&folder.path().join("a")).await;
    let bytes = copied(&original, &folder).await;
    let other = store(&folder.path().join("b")).await;
    let copied = restored(&other, &bytes, Onto::Empty).await.unwrap();
    assert_eq!((copied.entries, copied.lines), (2, 43));
    let expected = "\
ada {\"role\":\"owner\"}
bob {}
1 v1 token.create ada (restored)
2 v2 token.create bob (restored)
3 v3 token.create ada (restored)
4 v4 backup.restore ada
5 v4 backup.restore bob";
    assert_eq!(books(&other).await, expected);
    let again = restored(&other, &bytes, Onto::Empty).await.unwrap_err();
    assert!(matches!(again, BackupError::NotEmpty(_)), "{again}");
    restored(&other, &bytes, Onto::Existing).await.unwrap();
    let log = "\n6 v5 backup.restore ada\n7 v5 backup.restore bob";
    assert_eq!(books(&other).await, format!("{expected}{log}"));
}

#[tokio::test]
async fn budgets_come_back_with_what_was_spent_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let original = filled(&folder.path().join("a")).await;
    let by = Actor { name: "ada".to_owned(), role: "owner".to_owned() };
    let order = Order { key: IdempotencyKey::new("set"), by, reason: "for this test".to_owned() };
    let month = BudgetKey::new(domain::Scope::organisation(), domain::Period::Month);
    let (terms, spent_before) = (ledger::Terms::hard(NanoUsd::new(9)), NanoUsd::new(4));
    let set = Set { order, budget: month, terms, parent: None, spent_before };
    original.budgets().command(Command::Set(set), NOW).await.unwrap().unwrap();
    let bytes = copied(&original, &folder).await;
    let other = store(&folder.path().join("b")).await;
    for onto in [Onto::Empty, Onto::Existing] {
        restored(&other, &bytes, onto).await.unwrap();
        let standing = other.budgets().standing().await.unwrap();
        let [budget] = standing.budgets.as_slice() else { panic!("{standing:?}") };
        assert_eq!((budget.counter.base, budget.counter.spent), (NanoUsd::new(9), NanoUsd::new(4)));
    }
    assert!(books(&other).await.contains("4 v4 budget.set org a month (restored)"));
}

#[tokio::test]
async fn a_backup_that_is_not_whole_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = copied(&filled(&folder.path().join("a")).await, &folder).await;
    let other = store(&folder.path().join("b")).await;
    let mut checked = 0;
    for end in (0..bytes.len()).step_by(29).chain([bytes.len() - 1]) {
        let outcome = restored(&other, &bytes[..end], Onto::Empty).await;
        let error = outcome.expect_err("it is cut off").to_string();
        assert!(error.contains("bursar backup"), "{end}: {error}");
        checked += 1;
    }
    assert!(checked > 10);
    let mut changed = bytes.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    assert!(restored(&other, &changed, Onto::Empty).await.is_err());
    assert_eq!(books(&other).await, "");
    assert_eq!(other.span().await.unwrap(), None);
}

#[tokio::test]
async fn a_restore_that_broke_off_goes_on_with_the_same_backup_alone() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = copied(&filled(&folder.path().join("a")).await, &folder).await;
    let half = folder.path().join("half");
    let other = store(&half).await;
    // As killed within the book: some calls, no entry.
    other.accept(calls(7)).await.unwrap();
    assert!(is_half_restored(&other).await.unwrap());
    restored(&other, &bytes, Onto::Empty).await.unwrap();
    assert!(!is_half_restored(&other).await.unwrap());
    assert_eq!(other.check(9).await.unwrap(), []);

    let mixed = store(&folder.path().join("mixed")).await;
    mixed.accept(calls(90)).await.unwrap();
    let error = restored(&mixed, &bytes, Onto::Empty).await.unwrap_err();
    assert!(matches!(error, BackupError::OfAnother { found: 90, expected: 40 }), "{error}");
    assert_eq!(books(&mixed).await, "");
}
