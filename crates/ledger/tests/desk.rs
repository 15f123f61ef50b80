//! Reads lines such as `set team/web 50 month below org`, does them, and writes down what
//! came of each.

use std::fmt::Write as _;

use domain::{Day, ModelName, NanoUsd, Period, PicoUsd, Scope, Timestamp};
use jiff::tz::TimeZone;
use ledger::command::{Allocate, Approve, Ask, Book, Deny, Halt, Remove, Reserve, Set, Settle, Transfer};
use ledger::{
    Action, Actor, BudgetKey, Calendar, Ceiling, Command, Downgrade, Event, HaltKind, IdempotencyKey, Ledger,
    Limit, Mark, Order, Outcome, Outlook, Overcommit, Pace, Policy, Refusal, ReservationId, Rollover,
    Stopped, Subject, Terms, Threshold, TransferLimit,
};

const HOLD_MS: i64 = 600_000;

pub(crate) struct Desk {
    ledger: Ledger,
    zone: TimeZone,
    now: Timestamp,
    lines: u32,
    out: String,
}

/// What the lines of a story come to.
pub(crate) fn tell(story: &str) -> String {
    let zone = TimeZone::get("Europe/Berlin").expect("a zone");
    let mut calendar = Calendar::new(zone.clone());
    calendar.holidays.insert(Day::parse("2026-03-06").expect("a day"));
    let mut policy = Policy::new(calendar);
    let limit = TransferLimit { at_once: Some(usd("20")), in_period: Some(usd("30")), times: Some(3) };
    policy.transfers.insert("lead".to_owned(), limit);
    let now = Timestamp::default();
    let mut desk = Desk { ledger: Ledger::whole(policy, []), zone, now, lines: 0, out: String::new() };
    for line in story.lines().map(str::trim).filter(|it| !it.is_empty()) {
        desk.lines += 1;
        writeln!(desk.out, "> {line}").expect("a text");
        desk.line(&line.split_whitespace().collect::<Vec<_>>());
    }
    desk.out
}

fn usd(text: &str) -> NanoUsd {
    text.parse::<PicoUsd>().expect(text).round_half_even().expect(text)
}

fn scope(text: &str) -> Scope {
    text.parse().expect(text)
}

fn key(scope_text: &str, period: &str) -> BudgetKey {
    BudgetKey::new(scope(scope_text), Period::from_name(period).expect(period))
}

fn subject(scopes: &[&str]) -> Subject {
    Subject::new(scopes.iter().map(|it| scope(it))).expect("a subject")
}

fn short(amount: NanoUsd) -> String {
    let text = amount.to_string();
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text.is_empty() { "0".to_owned() } else { text.to_owned() }
}

/// Words after the period: `soft`, `below org`, `carry`, `carry 5`, `paced`, `strict`,
/// `owner NAME`, `at 80 refuse`, `at forecast notify`, `at 50 use A for B`.
fn terms(amount: &str, mut words: &[&str]) -> (Terms, Option<Scope>) {
    let mut terms = Terms::hard(usd(amount));
    let mut parent = None;
    loop {
        words = match words {
            [] => return (terms, parent),
            ["soft", rest @ ..] => {
                terms.ceiling = Ceiling::Soft;
                rest
            }
            ["below", above, rest @ ..] => {
                parent = Some(scope(above));
                rest
            }
            ["carry", "up-to", most, rest @ ..] => {
                terms.rollover = Rollover::UpTo(usd(most));
                rest
            }
            ["carry", rest @ ..] => {
                terms.rollover = Rollover::OnePeriod;
                rest
            }
            ["paced", rest @ ..] => {
                terms.pace = Pace::WorkingDays;
                rest
            }
            ["strict", rest @ ..] => {
                terms.overcommit = Overcommit::Refuse;
                rest
            }
            ["owner", name, rest @ ..] => {
                terms.owner = Some((*name).to_owned());
                rest
            }
            ["at", mark, "use", to, "for", from, rest @ ..] => {
                let line = Downgrade { from: (*from).to_owned(), to: ModelName::new(to) };
                terms
                    .thresholds
                    .push(Threshold { mark: mark_of(mark), action: Action::Downgrade(vec![line]) });
                rest
            }
            ["at", mark, action, rest @ ..] => {
                let all = [Action::Notify, Action::Clamp, Action::Refuse, Action::AllowOverrun];
                let action = all.into_iter().find(|it| it.name() == *action).expect(action);
                terms.thresholds.push(Threshold { mark: mark_of(mark), action });
                rest
            }
            other => panic!("what is {other:?}"),
        }
    }
}

fn mark_of(text: &str) -> Mark {
    if text == "forecast" { Mark::Forecast } else { Mark::Percent(text.parse().expect(text)) }
}

impl Desk {
    fn line(&mut self, words: &[&str]) {
        match words {
            ["at", moment] => {
                self.now = self.read(moment);
                let swept = self.ledger.sweep(self.now, usize::MAX);
                self.ledger.absorb(&swept);
            }
            ["zone", name] => {
                self.zone = TimeZone::get(name).expect(name);
                self.ledger.follow(Policy::new(Calendar::new(self.zone.clone())));
            }
            ["show", of, period] => self.show(&key(of, period)),
            ["look", of @ ..] => {
                let outlook = self.ledger.outlook(&subject(of), self.now).expect("an outlook");
                self.say(&self.outlook(&outlook));
            }
            _ => {
                let command = self.about_calls(words).unwrap_or_else(|| self.about_budgets(words));
                self.command(&command);
            }
        }
    }

    fn about_calls(&self, words: &[&str]) -> Option<Command> {
        Some(match words {
            ["reserve", id, amount, of @ ..] => Command::Reserve(Reserve {
                id: ReservationId::new(id),
                subject: subject(of),
                amount: usd(amount),
                hold_ms: HOLD_MS,
            }),
            ["settle", id, cost] => Command::Settle(Settle { id: ReservationId::new(id), cost: usd(cost) }),
            ["release", id] => Command::Release(ReservationId::new(id)),
            ["expire", id] => Command::Expire(ReservationId::new(id)),
            ["book", id, cost, of @ ..] => Command::Book(Book {
                key: IdempotencyKey::new(id),
                subject: subject(of),
                cost: usd(cost),
                at: self.now,
            }),
            ["book-of", moment, id, cost, of @ ..] => Command::Book(Book {
                key: IdempotencyKey::new(id),
                subject: subject(of),
                cost: usd(cost),
                at: self.read(moment),
            }),
            _ => return None,
        })
    }

    fn about_budgets(&self, words: &[&str]) -> Command {
        let order = |role: &str| Order {
            key: IdempotencyKey::new(&format!("line {}", self.lines)),
            by: Actor { name: format!("{role} dana"), role: role.to_owned() },
            reason: "a reason".to_owned(),
        };
        match words {
            ["set", of, amount, period, rest @ ..] => {
                let (terms, parent) = terms(amount, rest);
                let (order, budget) = (order("admin"), key(of, period));
                Command::Set(Set { order, budget, terms, parent, spent_before: NanoUsd::ZERO })
            }
            ["allocate", amount, of, period] => Command::Allocate(Allocate {
                order: order("admin"),
                budget: key(of, period),
                amount: usd(amount),
            }),
            ["remove", of, period] => {
                Command::Remove(Remove { order: order("admin"), budget: key(of, period) })
            }
            [role, "moves", amount, period, from, to] => Command::Transfer(Transfer {
                order: order(role),
                from: scope(from),
                to: scope(to),
                period: Period::from_name(period).expect(period),
                amount: usd(amount),
            }),
            ["freeze", of] => halt(order("admin"), of, HaltKind::Freeze, Command::Halt),
            ["unfreeze", of] => halt(order("admin"), of, HaltKind::Freeze, Command::Lift),
            ["kill", of] => halt(order("admin"), of, HaltKind::Kill, Command::Halt),
            ["unkill", of] => halt(order("admin"), of, HaltKind::Kill, Command::Lift),
            ["ask", id, amount, of, period] => {
                let mut order = order("developer");
                order.key = IdempotencyKey::new(id);
                Command::Ask(Ask { order, budget: key(of, period), amount: usd(amount) })
            }
            ["approve", id, amount, rest @ ..] => {
                let from = if let ["from", from] = rest { Some(scope(from)) } else { None };
                let request = IdempotencyKey::new(id);
                Command::Approve(Approve { order: order("admin"), request, amount: usd(amount), from })
            }
            ["deny", id] => Command::Deny(Deny { order: order("admin"), request: IdempotencyKey::new(id) }),
            other => panic!("what is {other:?}"),
        }
    }

    fn command(&mut self, command: &Command) {
        match self.ledger.decide(command, self.now) {
            Ok(decision) => {
                self.ledger.absorb(&decision.changes);
                let repeated = if decision.changes.is_empty() { " (nothing changes)" } else { "" };
                match &decision.outcome {
                    Outcome::Done => self.say(&format!("done{repeated}")),
                    Outcome::Reserved { held, .. } => {
                        let held: Vec<String> = held.iter().map(|it| it.budget.to_string()).collect();
                        self.say(&format!("reserved in [{}]{repeated}", held.join(", ")));
                    }
                    Outcome::Lent(_) => self.say("lent"),
                }
                decision.events.iter().for_each(|it| self.event(it));
            }
            Err(Stopped::Refused(refusal)) => self.refusal(&refusal),
            Err(missing @ Stopped::Missing(_)) => panic!("{missing}"),
        }
    }

    fn refusal(&mut self, refusal: &Refusal) {
        self.say(&format!("{}: {refusal}", refusal.code()));
        if let Refusal::Exceeded(it) = refusal {
            let resets = it.resets.map_or_else(|| "never".to_owned(), |at| self.moment(at));
            let owner = it.owner.as_deref().unwrap_or("nobody");
            self.say(&format!("  {} can be had; more {resets}; ask {owner}", short(it.grantable)));
        }
        if let Some(hint) = refusal.hint() {
            self.say(&format!("  {hint}"));
        }
    }

    fn event(&mut self, event: &Event) {
        let text = match event {
            Event::Threshold { budget, mark, action, allocation, spent, forecast, .. } => {
                let forecast = forecast.map(|it| format!(", forecast {}", short(it))).unwrap_or_default();
                let (spent, allocation) = (short(*spent), short(*allocation));
                format!("{mark:?} of {budget}: {}, {spent} of {allocation}{forecast}", action.name())
            }
            Event::Overrun { held, amount, cause } => {
                format!("overrun of {}: {} with {cause}", held.budget, short(*amount))
            }
            Event::TooLate { held, amount, cause } => {
                format!("too late for {}: {} with {cause}", held.budget, short(*amount))
            }
        };
        self.say(&format!("  ! {text}"));
    }

    fn show(&mut self, key: &BudgetKey) {
        let Some(budget) = self.ledger.budget(key) else { return self.say("nothing") };
        let it = &budget.counter;
        let mut text = format!("from {}: {} allotted", self.moment(it.window.start), short(it.allocation()));
        for (name, amount) in [
            ("carried", it.carried),
            ("moved", it.moved),
            ("spent", it.spent),
            ("reserved", it.reserved),
            ("overrun", it.overrun),
        ] {
            if amount != NanoUsd::ZERO {
                write!(text, ", {} {name}", short(amount)).expect("a text");
            }
        }
        let unpromised = it.unpromised(budget.promised);
        if unpromised != it.allocation() {
            write!(text, ", {} not promised", short(unpromised)).expect("a text");
        }
        self.say(&text);
    }

    fn outlook(&self, it: &Outlook) -> String {
        let available = it.available().map_or_else(|| "anything".to_owned(), short);
        let limit = it.room.as_ref().map(|(budget, room)| {
            let limit = match room.limit {
                Limit::Pace(at) => format!("its pace until {}", self.moment(at)),
                limit @ (Limit::Allocation | Limit::Threshold(_) | Limit::Forecast) => format!("{limit:?}"),
            };
            format!(" by {limit} of {budget}")
        });
        let actions: Vec<&str> = it.actions.iter().map(|(_, action)| action.name()).collect();
        let downgrade = it.downgrade("big-1").map(|it| format!(", big-1 becomes {it}")).unwrap_or_default();
        let clamped = it.clamped_to.map(|it| format!(", clamped to {}", short(it))).unwrap_or_default();
        format!("{available} can be had{}; {actions:?}{downgrade}{clamped}", limit.unwrap_or_default())
    }

    fn read(&self, moment: &str) -> Timestamp {
        let moment: jiff::civil::DateTime = moment.parse().expect(moment);
        let at = self.zone.to_ambiguous_timestamp(moment).compatible().expect("a moment");
        Timestamp::from_millis(at.as_millisecond())
    }

    fn moment(&self, at: Timestamp) -> String {
        let at = jiff::Timestamp::from_millisecond(at.millis()).expect("a moment");
        self.zone.to_datetime(at).strftime("%Y-%m-%d %H:%M").to_string()
    }

    fn say(&mut self, text: &str) {
        writeln!(self.out, "  {text}").expect("a text");
    }
}

fn halt(order: Order, of: &str, kind: HaltKind, make: impl FnOnce(Halt) -> Command) -> Command {
    make(Halt { order, scope: scope(of), kind })
}
