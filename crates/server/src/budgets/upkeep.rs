//! What is done for budgets every few seconds, as long as the server runs.

use std::time::Duration;

use ledger::Policy;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::policy::{self, BudgetSettings};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::listener::told;

/// How often.
const BEAT: Duration = Duration::from_secs(2);
/// How long the end of the server waits for the last of it.
const LAST_BEAT: Duration = Duration::from_secs(5);

/// Takes back what is due, follows the settings, and books what no gateway saw; until no
/// more is stored.
pub(crate) async fn run(desk: Desk, mut ending: watch::Receiver<bool>) {
    let mut followed: Option<BudgetSettings> = None;
    let beats = async {
        loop {
            if let Err(failure) = beat(&desk, &mut followed).await {
                tracing::warn!(%failure, "the budgets are looked after later");
            }
            sleep(BEAT).await;
        }
    };
    // A database that does not answer keeps nobody from stopping.
    tokio::select! {
        () = beats => {}
        () = told(&mut ending) => {}
    }
    let last = timeout(LAST_BEAT, desk.bookings().hold(&desk)).await;
    if last.is_ok_and(|it| it.is_ok()) {
        return;
    }
    tracing::warn!("calls are not booked into the budgets; the next start looks back");
}

async fn beat(desk: &Desk, followed: &mut Option<BudgetSettings>) -> Result<(), Failure> {
    let budgets = desk.store().budgets();
    let settings = desk.register().current().await?.settings.budgets.clone();
    if followed.as_ref() != Some(&settings) {
        let policy: Policy = policy::of(desk).await?;
        budgets.follow(policy);
        *followed = Some(settings);
    }
    budgets.tidy(desk.now()).await?;
    desk.bookings().run(desk).await
}
