//! The simulated months, lived through: a server with a clock of its own is told everything
//! at the moment when it happens, over the same addresses as any other.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use domain::{Day, Timestamp};
use serde_json::{Value, json};
use server::serve::Ready;
use server::{Addresses, Clock, ServeOptions};
use tokio::sync::oneshot;

use super::calendar::minute_of;
use super::finance::{ADMIN, Errand, FINANCE};
use super::folder::Folder;
use super::plan::Plan;
use super::reporter::Weeks;
use crate::client::{Ask, Client};
use crate::collect::http::Server;
use crate::collect::sink::Sink;
use crate::environment::Environment;
use crate::serve::{runtime, stop_signal};
use crate::server_option::ServerOptions;

/// The name of the owner's token.
pub(super) const OWNER: &str = "owner";
/// Machines that report at the same time.
const AT_ONCE: usize = 4;
/// What a week holds is delivered so long after its first day.
const DAYS_LATER: i64 = 7;
/// And at this minute of the day.
const WEEK_MINUTE: i64 = 6 * 60;
/// The last of all is delivered at this minute of the last day.
const LAST_MINUTE: i64 = 23 * 60 + 50;
/// How long one request may take: months of calls are booked at once.
const PATIENCE: Duration = Duration::from_secs(600);

/// What happens.
pub(super) struct History<'a> {
    pub(super) plan: &'a Plan,
    pub(super) errands: Vec<Errand>,
    /// What each machine reports, by account.
    pub(super) weeks: BTreeMap<&'static str, Weeks>,
    pub(super) folder: &'a Folder,
    pub(super) environment: &'a Environment,
}

/// Lives through everything. The tokens of all who took part are in the folder then.
pub(super) fn live(history: History<'_>, mut options: ServeOptions) -> Result<()> {
    let hand = Arc::new(AtomicI64::new(history.plan.calendar.first.start().millis()));
    let clock = Arc::clone(&hand);
    options.clock = Clock::new(move || Timestamp::from_millis(clock.load(Ordering::Relaxed)));
    options.limits.request_time = PATIENCE;
    let given = options.owner_token.clone();
    let folder = history.folder.path();
    let (done, over) = oneshot::channel::<()>();
    let runtime = runtime()?;
    thread::scope(|scope| {
        let mut living = None;
        let ready = |addresses: &Addresses, _| {
            let server = format!("http://{}", addresses.api);
            let owner = addresses.owner_token.clone().or(given);
            living = Some(scope.spawn(move || {
                // Held until the end: when it goes, the server stops.
                let _done = done;
                let owner = owner.context("there is no owner")?;
                history.folder.keep_token(OWNER, &owner)?;
                Life { history, server, hand, clients: BTreeMap::new(), made: BTreeMap::new() }.live()
            }));
        };
        let is_stopped = runtime.block_on(serve(options, Box::new(ready), over))?;
        let lived = living.map(|it| it.join().map_err(|_| anyhow!("the simulation broke off")));
        if is_stopped {
            bail!(
                "it was stopped before it was finished; {} holds a part of it, and can go",
                folder.display()
            );
        }
        lived.context("the server never began")??
    })
}

/// Serves until everything is over; whether somebody stopped it before.
async fn serve(options: ServeOptions, ready: Ready<'_>, over: oneshot::Receiver<()>) -> Result<bool> {
    let told = stop_signal()?;
    let is_stopped = Cell::new(false);
    let shutdown = async {
        tokio::select! {
            () = told => is_stopped.set(true),
            _ = over => {}
        }
    };
    server::serve(options, ready, Box::pin(shutdown)).await?;
    Ok(is_stopped.get())
}

/// Something at a moment.
enum Event {
    Errand(Errand),
    Week(Day),
}

/// Everything, while it happens.
struct Life<'a> {
    history: History<'a>,
    server: String,
    /// The hand of the server's clock.
    hand: Arc<AtomicI64>,
    clients: BTreeMap<String, Client>,
    /// The ids of what was made, by name.
    made: BTreeMap<&'static str, String>,
}

/// A machine's way to the server, and what it has to report.
struct Reporter {
    sink: Server,
    weeks: Weeks,
}

impl Life<'_> {
    fn live(mut self) -> Result<()> {
        self.begin()?;
        let events = self.events();
        let mut reporters = self.reporters()?;
        for (at, event) in events {
            self.hand.store(at.millis(), Ordering::Relaxed);
            match event {
                Event::Errand(errand) => self.run(&errand)?,
                Event::Week(first) => deliver(&mut reporters, first)?,
            }
        }
        self.settle()
    }

    /// In their order.
    fn events(&mut self) -> Vec<(Timestamp, Event)> {
        let last = minute_of(self.history.plan.calendar.last, LAST_MINUTE);
        let mut events: Vec<(Timestamp, Event)> = Vec::new();
        let mut weeks: Vec<Day> = self.history.weeks.values().flat_map(|it| it.keys().copied()).collect();
        weeks.sort_unstable();
        weeks.dedup();
        for week in weeks {
            let later = Day::new(week.number().saturating_add(DAYS_LATER));
            events.push((minute_of(later, WEEK_MINUTE).min(last), Event::Week(week)));
        }
        let errands = std::mem::take(&mut self.history.errands);
        events.extend(errands.into_iter().map(|it| (it.at, Event::Errand(it))));
        events.sort_by_key(|it| it.0);
        events
    }

    /// The organisation, its settings, and a token for everybody.
    fn begin(&mut self) -> Result<()> {
        let plan = self.history.plan;
        let file = plan.organisation.file()?;
        self.history.folder.write("organisation.toml", &file)?;
        let body = Some(("application/toml", file));
        let pairs = [("reason", "the company as it is".to_owned())];
        self.client(OWNER)?.ask(&Ask { method: "PUT", path: "/api/v1/org", pairs: &pairs, body })?;
        let holidays: Vec<String> = plan.calendar.holidays().iter().map(ToString::to_string).collect();
        let transfers =
            json!({ "finance": {}, "lead": { "at_once_usd": "50", "in_period_usd": "200", "times": 5 } });
        let settings = json!({ "budgets": { "transfers": transfers, "holidays": holidays } });
        self.json(OWNER, "PUT", "/api/v1/settings", &settings)?;
        let head = plan.organisation.people.first().map(super::organisation::Person::email);
        self.token(ADMIN, &json!({ "role": "admin", "developer": head, "label": "administration" }))?;
        self.token(FINANCE, &json!({ "role": "finance", "label": "finance" }))?;
        for team in &plan.organisation.teams {
            let lead = plan.organisation.lead(team.id)?;
            let label = format!("lead of {}", team.name);
            let wanted =
                json!({ "role": "lead", "teams": [team.id], "developer": lead.email(), "label": label });
            self.token(&format!("lead-{}", team.id), &wanted)?;
        }
        for person in &plan.organisation.people {
            let wanted = json!({ "role": "developer", "developer": person.email(), "label": person.name });
            self.token(person.user, &wanted)?;
        }
        Ok(())
    }

    fn token(&mut self, whose: &str, wanted: &Value) -> Result<()> {
        let made = self.json(OWNER, "POST", "/api/v1/tokens", wanted)?;
        let token = made.get("token").and_then(Value::as_str).context("no token was made")?;
        self.history.folder.keep_token(whose, token)
    }

    fn reporters(&mut self) -> Result<Vec<Reporter>> {
        let mut reporters = Vec::new();
        for (user, weeks) in std::mem::take(&mut self.history.weeks) {
            let sink = Server::of(&self.options(user), self.history.environment)?;
            reporters.push(Reporter { sink, weeks });
        }
        Ok(reporters)
    }

    fn run(&mut self, errand: &Errand) -> Result<()> {
        let mut path = errand.path.clone();
        for (name, id) in &self.made {
            path = path.replace(&format!("{{{name}}}"), id);
        }
        let about = || format!("{} {path} by {}: {}", errand.method, errand.who, errand.body);
        let made = self.json(&errand.who, errand.method, &path, &errand.body).with_context(about)?;
        if let (Some(name), Some(id)) = (errand.name, made.get("id").and_then(Value::as_str)) {
            self.made.insert(name, id.to_owned());
        }
        Ok(())
    }

    /// Has everything counted in the budgets that is not yet: a rehearsal does that first.
    fn settle(&mut self) -> Result<()> {
        let wanted = json!({ "scope": "org", "period": "month", "amount_usd": "1" });
        let pairs = [("dry_run", "true".to_owned())];
        let body = Some(("application/json", wanted.to_string()));
        self.client(ADMIN)?.ask(&Ask { method: "PUT", path: "/api/v1/budgets", pairs: &pairs, body })?;
        Ok(())
    }

    fn options(&self, whose: &str) -> ServerOptions {
        let token_file = Some(self.history.folder.token(whose));
        ServerOptions { server: Some(self.server.clone()), token_file, ca: None }
    }

    fn client(&mut self, whose: &str) -> Result<&Client> {
        if !self.clients.contains_key(whose) {
            let client = Client::new(&self.options(whose), self.history.environment)?;
            self.clients.insert(whose.to_owned(), client);
        }
        self.clients.get(whose).context("nobody of that name")
    }

    fn json(&mut self, whose: &str, method: &'static str, path: &str, body: &Value) -> Result<Value> {
        let body = Some(("application/json", body.to_string()));
        self.client(whose)?.json(&Ask { method, path, pairs: &[], body })
    }
}

/// Everybody's week, several at a time.
fn deliver(reporters: &mut [Reporter], week: Day) -> Result<()> {
    let each = reporters.len().div_ceil(AT_ONCE).max(1);
    thread::scope(|scope| {
        let some = |reporters: &mut [Reporter]| -> Result<()> {
            for reporter in reporters {
                if let Some(delivery) = reporter.weeks.remove(&week) {
                    reporter.sink.deliver(&delivery)?;
                }
            }
            Ok(())
        };
        let groups: Vec<_> =
            reporters.chunks_mut(each).map(|group| scope.spawn(move || some(group))).collect();
        groups.into_iter().try_for_each(|it| it.join().map_err(|_| anyhow!("a delivery broke off"))?)
    })
}
