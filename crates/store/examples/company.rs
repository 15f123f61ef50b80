//! Measures the company's book: `company ADDRESS CALLS COLLECTORS [otlp|log] [DAYS]`.
//!
//! Fifty developers work through a year, or so many days of it, in sessions of some sixty
//! calls; collectors deliver them in batches of 512, side by side; with `otlp` every call
//! is delivered a second time by telemetry. Then a quarter is read as reports read it.
//! Prints one line of JSON a figure. `bench/store.py` runs it.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program that measures: what fails in here fails the measurement"
)]

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::call::{Figures, Owner};
use domain::{
    Branch, Call, CallKey, Developer, Folder, Lineage, Measures, ModelName, Naming, Observed, Origin,
    OutputConfidence, Place, ReporterId, RequestId, SessionId, SourceKind, Terms, Thread, Timestamp, Tokens,
    Tool, ToolUse, ToolUses, TurnId, Usage, Witness,
};
use pricing::{PriceBook, Pricer};
use store::{Cells, Database, Delivery, Grain, Settings, Store};

const DEVELOPERS: u64 = 50;
const DAYS: u64 = 365;
const BATCH: usize = 512;
const CALLS_OF_SESSION: u64 = 64;
const DAY: i64 = 86_400_000;
/// 2025-11-01T00:00:00Z.
const FIRST: i64 = 1_761_955_200_000;
const MODELS: [&str; 3] = ["claude-opus-4-8", "claude-sonnet-4-5", "claude-haiku-4-5"];

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let database = Database::parse(&arguments[0]).unwrap();
    let calls: u64 = arguments[1].parse().unwrap();
    let collectors: u64 = arguments[2].parse().unwrap();
    let both = arguments.get(3).is_some_and(|it| it == "otlp");
    let prices = Pricer::new(PriceBook::bundled().unwrap(), None);
    let settings = Settings { prices, zone: jiff::tz::TimeZone::get("Europe/Berlin").ok() };
    let store = Store::open(&database, settings).await.unwrap();
    if calls > 0 {
        let days = arguments.get(4).map_or(DAYS, |it| it.parse().unwrap());
        fill(&store, (calls, days), collectors, both).await;
    }
    read(&store).await;
}

async fn fill(store: &Store, work: (u64, u64), collectors: u64, both: bool) {
    let (began, cpu) = (Instant::now(), cpu());
    let tasks: Vec<_> = (0..collectors)
        .map(|collector| {
            let store = store.clone();
            tokio::task::spawn(async move { collect(&store, work, (collector, collectors), both).await })
        })
        .collect();
    let (mut waits, mut observations) = (Vec::new(), 0_usize);
    for task in tasks {
        let (waited, sent) = task.await.unwrap();
        waits.extend(waited);
        observations += sent;
    }
    let seconds = began.elapsed().as_secs_f64();
    waits.sort_unstable();
    let at = |share: usize| millis(waits[(waits.len() * share / 1_000).min(waits.len() - 1)]);
    println!(
        "{{\"what\":\"accept\",\"observations\":{observations},\"seconds\":{seconds:.2},\"per_second\":{:.0},\
         \"cpu_seconds\":{:.2},\"batch_p50_ms\":{:.2},\"batch_p99_ms\":{:.2},\"batch_max_ms\":{:.2}}}",
        observations as f64 / seconds,
        self::cpu() - cpu,
        at(500),
        at(990),
        at(1_000),
    );
}

/// One collector's developers, a day after the other; each sends whole batches.
async fn collect(
    store: &Store,
    (calls, days): (u64, u64),
    (mine, of): (u64, u64),
    both: bool,
) -> (Vec<Duration>, usize) {
    let of_day = (calls / DEVELOPERS / days).max(1);
    let (mut waits, mut sent) = (Vec::new(), 0);
    let mut spools: HashMap<u64, Vec<Observed>> = HashMap::new();
    for day in 0..days {
        for developer in (0..DEVELOPERS).filter(|it| it % of == mine) {
            let spool = spools.entry(developer).or_default();
            spool.extend((0..of_day).map(|it| log(developer, day, it)));
            while spool.len() >= BATCH || (day + 1 == days && !spool.is_empty()) {
                let logs: Vec<Observed> = spool.drain(..spool.len().min(BATCH)).collect();
                let telemetry = both.then(|| logs.iter().map(otlp).collect::<Vec<_>>());
                for observed in [Some(logs), telemetry].into_iter().flatten() {
                    sent += observed.len();
                    let received_at = Timestamp::from_millis(FIRST + day as i64 * DAY + DAY);
                    let delivery = Delivery { observed, ..Delivery::new(received_at) };
                    let began = Instant::now();
                    store.accept(delivery).await.unwrap();
                    waits.push(began.elapsed());
                }
            }
        }
    }
    (waits, sent)
}

fn log(developer: u64, day: u64, number: u64) -> Observed {
    let session = number / CALLS_OF_SESSION;
    let seed = (developer * 7 + day * 13 + session * 5) % 97;
    // Sessions begin at seven and go on side by side into the evening.
    let start = 7 * 3_600_000 + (session * 5_000_000 % 36_000_000) as i64;
    let within = (number % CALLS_OF_SESSION) as i64 * 61_000;
    let at = Timestamp::from_millis(FIRST + day as i64 * DAY + start + within + developer as i64 * 17);
    let place = Place {
        tool: if seed.is_multiple_of(4) { Tool::Codex } else { Tool::ClaudeCode },
        session: SessionId::new(&format!("{developer:08x}-{day:04x}-4000-8000-{session:012x}")),
        thread: if number.is_multiple_of(5) { Thread::Subagent } else { Thread::Main },
        folder: Some(Folder::new(&format!("f{developer:02}{:014x}", seed % 3))),
        branch: Some(Branch::new(&format!("feat/eng-{seed}"))),
        remote: Some(Arc::from(format!("github.com/acme/repo-{}", (developer + seed % 3) % 20))),
        command: None,
        skill: None,
    };
    let usage = Usage {
        input: Tokens::new(3 + number % 11),
        output: Tokens::new(100 + (number * 37 + seed) % 900),
        cache_read: Tokens::new(20_000 + number * 131),
        cache_write_5m: Tokens::new(900 + number % 1_000),
        ..Usage::ZERO
    };
    let figures = Figures {
        model: ModelName::new(MODELS[((seed + number / 40) % 3) as usize]),
        provider: None,
        usage,
        terms: Terms::STANDARD,
        output: OutputConfidence::Final,
        reported_cost: None,
        lineage: Lineage::Own,
        at,
        origin: Origin { file: session as u32, offset: number * 2_311 },
    };
    let key = mixed(developer << 48 | day << 24 | number);
    let turn = Some(TurnId::new(mixed((session << 16) | (number / 8))));
    let owner = Owner { place: Arc::new(place), turn, lineage: Lineage::Own, at };
    let tools = ToolUses::of((0..number % 3).map(|it| ToolUse::new(mixed(key ^ it), "Bash", 0)));
    Observed {
        witness: Arc::new(Witness {
            source: SourceKind::Log,
            reporter: ReporterId::new(&format!("machine-{developer}")),
            developer: Some(Developer::new(&format!("developer-{developer}@example.com"))),
            claimed: None,
        }),
        naming: Naming::Provider,
        request: Some(RequestId::new(&format!("req_011C{:020x}", mixed(key)))),
        call: Call {
            key: CallKey::new(&format!("msg_01{key:022x}")),
            request: None,
            at,
            figures,
            owner,
            tools,
        },
    }
}

/// What telemetry says of the same call.
fn otlp(log: &Observed) -> Observed {
    let mut it = log.clone();
    let witness = Arc::make_mut(&mut it.witness);
    witness.source = SourceKind::Otlp;
    it.naming = Naming::Derived;
    it.call.key = CallKey::new(&format!("otlp:{}", log.call.key));
    let place = Arc::make_mut(&mut it.call.owner.place);
    (place.folder, place.branch, place.remote) = (None, None, None);
    it
}

fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// A quarter of a year, by three dimensions, cold and warm; and for one team.
async fn read(store: &Store) {
    let (_, last) = store.span().await.unwrap().unwrap();
    let (from, to) = (Timestamp::from_millis(last.millis() - 90 * DAY), last);
    for grain in [Grain::Day, Grain::Session, Grain::Quarter] {
        let began = Instant::now();
        let cells = store.cells(grain, from, to).await.unwrap();
        let developers = developers(&cells);
        let cold = began.elapsed();
        let mut times = Vec::new();
        let mut what = (0, 0, 0);
        for _ in 0..21 {
            let began = Instant::now();
            let cells = store.cells(grain, from, to).await.unwrap();
            let loaded = began.elapsed();
            let groups = by_three(&cells, &developers, |_| true);
            let all = began.elapsed();
            let began = Instant::now();
            let cells_again = store.cells(grain, from, to).await.unwrap();
            let team = by_three(&cells_again, &developers, |developer| developer % 10 == 3);
            times.push((loaded, all, began.elapsed()));
            what = (cells.days.iter().map(|day| day.cells.len()).sum(), groups, team);
        }
        let median = |pick: fn(&(Duration, Duration, Duration)) -> Duration| {
            let mut all: Vec<Duration> = times.iter().map(pick).collect();
            all.sort_unstable();
            millis(all[all.len() / 2])
        };
        println!(
            "{{\"what\":\"read\",\"grain\":\"{grain:?}\",\"cells\":{},\"groups\":{},\"team_groups\":{},\
             \"cold_ms\":{:.2},\"load_ms\":{:.2},\"report_ms\":{:.2},\"team_ms\":{:.2}}}",
            what.0,
            what.1,
            what.2,
            millis(cold),
            median(|it| it.0),
            median(|it| it.1),
            median(|it| it.2),
        );
    }
}

/// Whose each of the whereabouts is. A server remembers it too.
fn developers(cells: &Cells) -> Vec<u64> {
    let number = |it: &Developer| it.as_str().chars().filter(char::is_ascii_digit).collect::<String>();
    let of = |it: &Option<Developer>| it.as_ref().map_or(u64::MAX, |it| number(it).parse().unwrap());
    cells.names.whereabouts().iter().map(|it| of(&it.developer)).collect()
}

/// Groups by developer and repository, model and day, of the developers that are kept.
fn by_three(cells: &Cells, developers: &[u64], keep: fn(u64) -> bool) -> usize {
    let mut groups: HashMap<(u32, u32, i64), Measures> = HashMap::new();
    for day in &cells.days {
        for cell in &day.cells {
            if keep(developers[cell.place as usize]) {
                let sum = groups.entry((cell.place, cell.service, day.day.number())).or_default();
                *sum = sum.plus(&cell.measures).unwrap();
            }
        }
    }
    groups.len()
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

/// User and system seconds of this process, where the system tells them.
fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<f64> =
        text.rsplit(')').next().unwrap_or("").split(' ').filter_map(|it| it.parse().ok()).collect();
    // The fields behind the name; the state, a letter, is not among them.
    fields.get(10).zip(fields.get(11)).map_or(0.0, |(user, system)| (user + system) / 100.0)
}
