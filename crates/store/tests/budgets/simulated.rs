//! Random commands against a model that knows nothing of how the ledger works: in bursts
//! that share transactions, from two processes, through crashes, failures and duplicates.
//!
//! A failure names its seed. `LEDGER_SEED=17` runs that one alone, and `LEDGER_SEEDS=100`
//! more of them.

use std::ops::Range;
use std::time::Duration;

use domain::Timestamp;
use futures_util::future::{join_all, poll_immediate};
use ledger::simulation::Simulation;
use ledger::{Command, Outcome, Refusal};
use store::{Act, Budgets, Store, StoreError};

use crate::engine::{Engine, on_both_engines};
use crate::journal::random::Random;

on_both_engines! {
    budgets_do_what_the_model_says
}

const SEEDS: u64 = 4;
const BURSTS: usize = 60;
const LONGEST_BURST: u64 = 24;
/// How often connections break while some bursts are decided: less often than one is tried.
const BREAKS: usize = 4;
const TOGETHER: usize = 6;
const BREAK: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid()";

/// The seeds to run, as whoever runs the tests wants them.
fn seeds() -> Range<u64> {
    let wanted = |name: &str| -> Option<u64> {
        #[expect(clippy::disallowed_methods, reason = "a test has no command line to take a seed from")]
        let text = std::env::var(name).ok()?;
        Some(text.parse().unwrap_or_else(|_| panic!("{name} is a number, not `{text}`")))
    };
    match wanted("LEDGER_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..wanted("LEDGER_SEEDS").unwrap_or(SEEDS),
    }
}

/// Two processes on one database.
struct World<'e> {
    engine: &'e Engine,
    stores: [Store; 2],
    random: Random,
    simulation: Simulation,
    seed: u64,
    /// Answers that were compared with the model's.
    judged: usize,
}

type Burst = Vec<(Command, Timestamp)>;

async fn open(engine: &Engine) -> Store {
    let store = engine.store().await;
    store.budgets().follow(Simulation::policy());
    store
}

impl World<'_> {
    fn burst(&mut self) -> Burst {
        let length = 1 + self.random.below(LONGEST_BURST);
        (0..length).map(|_| self.simulation.next()).collect()
    }

    fn budgets(&mut self) -> Budgets {
        // Mostly the same, so that it goes on from what it remembers.
        let other = self.random.below(5) == 0;
        self.stores[usize::from(other)].budgets().clone()
    }

    /// Judges the answers to a burst, which were given one after another.
    fn judge(&mut self, burst: &Burst, answers: Vec<Result<Outcome, Refusal>>) {
        self.judged += answers.len();
        for ((command, now), answer) in burst.iter().zip(answers) {
            let judged = self.simulation.judge_at(command, *now, &answer);
            judged.unwrap_or_else(|wrong| panic!("LEDGER_SEED={}: {wrong}", self.seed));
        }
    }

    async fn agrees(&mut self) {
        for number in 0..2 {
            let standing = self.stores[number].budgets().standing().await.unwrap();
            let agrees = self.simulation.agrees(&standing.budgets);
            agrees.unwrap_or_else(|wrong| panic!("LEDGER_SEED={}: {wrong}", self.seed));
        }
    }

    /// One more burst, or something that goes wrong with one.
    async fn step(&mut self) {
        match self.random.below(10) {
            // Nobody hears of what was asked, and asks again.
            0 => {
                let (command, now) = self.simulation.next();
                let budgets = self.budgets();
                drop(poll_immediate(budgets.command(command.clone(), now)).await);
                let again = vec![(command, now)];
                let answer = asked(&budgets, &again).await;
                self.judge(&again, answer);
            }
            // Nothing of it can be written.
            1 => {
                let burst = self.burst();
                let budgets = self.budgets();
                self.engine.statements("books.db", breaks);
                for answer in join_all(burst.iter().map(|(it, now)| budgets.command(it.clone(), *now))).await
                {
                    // What changes nothing is answered all the same.
                    assert!(!matches!(answer, Err(StoreError::Closed)), "LEDGER_SEED={}", self.seed);
                }
                self.engine.statements("books.db", mends);
                self.agrees().await;
                let answers = asked(&budgets, &burst).await;
                self.judge(&burst, answers);
            }
            2 => self.reopen().await,
            // Somebody else's work that shares a transaction with it fails.
            3 => {
                let burst = self.burst();
                let store = self.stores[0].clone();
                let failing = (0..8).map(|_| async {
                    for _ in 0..12 {
                        assert!(store.books().act(too_late()).await.is_err());
                    }
                });
                let (answers, _) = tokio::join!(asked(store.budgets(), &burst), join_all(failing));
                self.judge(&burst, answers);
            }
            _ => {
                let burst = self.burst();
                let answers = asked(&self.budgets(), &burst).await;
                self.judge(&burst, answers);
            }
        }
        self.agrees().await;
    }

    async fn reopen(&mut self) {
        let number = usize::from(self.random.below(2) == 0);
        self.stores[number] = open(self.engine).await;
    }
}

/// An act on books that never were.
fn too_late() -> Act {
    Act {
        at: Timestamp::default(),
        actor: "bob".to_owned(),
        action: "org.apply".to_owned(),
        reason: None,
        changes: Vec::new(),
        expected: Some(u64::MAX),
    }
}

/// What becomes of a burst: handed in at once, answered in order.
async fn asked(budgets: &Budgets, burst: &Burst) -> Vec<Result<Outcome, Refusal>> {
    let answers = join_all(burst.iter().map(|(it, now)| budgets.command(it.clone(), *now))).await;
    let told = answers.into_iter().map(Result::unwrap);
    told.map(|it| it.map(|it| it.outcome).map_err(|refusal| *refusal)).collect()
}

fn breaks(engine: &Engine) -> &'static str {
    match engine {
        Engine::Sqlite(_) => {
            "CREATE TRIGGER no_put BEFORE INSERT ON ledger BEGIN SELECT RAISE(ABORT, 'no room'); END;
             CREATE TRIGGER no_change BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'no room'); END;"
        }
        Engine::Postgres(_) => "ALTER TABLE ledger ADD CONSTRAINT no_room CHECK (false) NOT VALID",
    }
}

fn mends(engine: &Engine) -> &'static str {
    match engine {
        Engine::Sqlite(_) => "DROP TRIGGER no_put; DROP TRIGGER no_change;",
        Engine::Postgres(_) => "ALTER TABLE ledger DROP CONSTRAINT no_room",
    }
}

#[expect(clippy::print_stdout, reason = "a long run says how far it is, and what it compared")]
async fn budgets_do_what_the_model_says(engine: &Engine) {
    for seed in seeds() {
        let engine = engine.another();
        let stores = [open(&engine).await, open(&engine).await];
        let (random, simulation) = (Random::of(seed + 1), Simulation::new(seed));
        let mut world = World { engine: &engine, stores, random, simulation, seed, judged: 0 };
        for _ in 0..BURSTS {
            world.step().await;
        }
        world.agrees().await;
        let World { judged, .. } = world;
        println!("LEDGER_SEED={seed}: {judged} answers, each as the model's, and every budget agrees");
    }
}

/// The same while somebody ends connections, before a commit or after it.
#[tokio::test(flavor = "multi_thread")]
async fn a_broken_connection_is_not_noticed() {
    let engine = Engine::postgres();
    let stores = [open(&engine).await, open(&engine).await];
    let (random, simulation) = (Random::of(7), Simulation::new(7));
    let mut world = World { engine: &engine, stores, random, simulation, seed: 7, judged: 0 };
    let Engine::Postgres(database) = &engine else { return };
    let mut random = Random::of(70);
    for _ in 0..BURSTS / TOGETHER {
        let breaking = async {
            for _ in 0..BREAKS {
                tokio::time::sleep(Duration::from_millis(random.below(40))).await;
                tokio::task::block_in_place(|| database.statement(BREAK));
            }
        };
        let asking = async {
            for _ in 0..TOGETHER {
                let burst = world.burst();
                let answers = asked(&world.budgets(), &burst).await;
                world.judge(&burst, answers);
            }
        };
        tokio::join!(asking, breaking);
    }
    world.agrees().await;
}
