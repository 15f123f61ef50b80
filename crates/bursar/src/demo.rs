//! `bursar demo`: a company that does not exist, and half a year of what it spent.
//!
//! Everything about it follows from a last day, a seed and a size. It is thrown as a plan,
//! written as the log files of many machines, read by `ingest`, and reported to a server by
//! each developer's own credential, while that server's clock goes through the half year.
//! `truth.json` beside the book says what any report must come to, and what was planted for
//! the insight to find.
//!
//! Reading order: `plan` (all that happens), with `cast`, `organisation`, `calendar`, `work`,
//! `session` and `plants`; `truth` (what it comes to); `logs` and `reporter` (how it is
//! reported); `finance` (what people decide); `past` (how the server lives through it).

mod calendar;
mod cast;
mod dice;
mod finance;
mod folder;
mod greeting;
mod logs;
mod model;
mod organisation;
mod past;
mod plan;
mod plants;
mod reporter;
mod session;
mod size;
mod truth;
mod work;

use std::collections::BTreeMap;
use std::io::{self, IsTerminal};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use domain::{Day, Timestamp};
use pricing::{Contract, PriceBook, Pricer};
use server::{Clock, ServeOptions};

use self::calendar::minute_of;
use self::folder::Folder;
use self::greeting::Summary;
use self::past::History;
use self::plan::{Plan, Terms};
use self::reporter::Weeks;
pub(crate) use self::size::Size;
use crate::environment::{Environment, now};
use crate::failure::usage;
use crate::output::{Format, OutputOption};
use crate::page_link::{Opening, show};
use crate::serve::{announce, runtime, tell, until_told};
use crate::server_option::NoServer;
use crate::server_settings::{LogFormat, LogLevel, ServerOptions, start_log};

/// Where it listens, unless told otherwise: where `bursar up` does, so that commands find it.
const LISTEN: &str = "127.0.0.1:4320";
/// The minute of the last day at which the clock of a server stands that is given the day.
const EVENING: i64 = 18 * 60;
/// The files of the folder.
const SETTINGS: &str = "server.toml";
const CONTRACT: &str = "contract.toml";
const TRUTH: &str = "truth.json";
/// The days, in thousandths of all, after which the company pays less for some models.
const AGREEMENT: u64 = 450;

const EXAMPLES: &str = "Examples:
  bursar demo                                   makes it in a temporary folder and opens the page
  bursar demo --data /tmp/tidewater             keeps it there; the next start takes seconds
  bursar demo --data /tmp/tidewater --until 2026-06-12 --seed 7 --no-serve
                                                makes another one and ends";

/// A made-up company with half a year of spending, on a server to look around in
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DemoArgs {
    /// The folder of the demonstration; one that was made before is used as it is
    /// [default: a temporary one, removed at the end]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The last day; the server's clock goes on from its evening [default: yesterday]
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
    /// Another seed tells another story [default: 1]
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// How large it is [default: full]
    #[arg(long, value_enum)]
    size: Option<Size>,
    /// Where the server listens
    #[arg(long, value_name = "ADDR", default_value = LISTEN)]
    listen: String,
    /// Do not open the page
    #[arg(long)]
    no_open: bool,
    /// Make the book and end
    #[arg(long, requires = "data")]
    no_serve: bool,
    #[command(flatten)]
    output: OutputOption,
    #[command(flatten)]
    server: NoServer,
}

/// Runs the command; gives what to print.
pub(crate) fn run(args: &DemoArgs, environment: &Environment) -> Result<String> {
    args.server.refuse("this starts one; `bursar report --server URL` and its kin ask it")?;
    let listen: SocketAddr = args
        .listen
        .parse()
        .map_err(|_| usage(format!("`--listen {}` is no address; give one such as {LISTEN}", args.listen)))?;
    if !args.no_serve && args.output.format == Format::Csv {
        return Err(usage("a server says where it listens as one line of JSON, and in no csv"));
    }
    // Removed when it goes out of scope.
    let temporary = match &args.data {
        Some(_) => None,
        None => Some(tempfile::tempdir().context("cannot make a folder for the demonstration")?),
    };
    let path = args.data.as_deref().or_else(|| temporary.as_ref().map(tempfile::TempDir::path));
    let folder = Folder::at(path.unwrap_or_else(|| Path::new(".")))?;
    start_log(LogFormat::Text, LogLevel::Warn)?;
    let terms = terms(args, &folder)?;
    let summary = match folder.made_from()? {
        Some(_) => Summary::read(&folder)?,
        None => {
            // It takes a while; what is asked for by a program is printed at its end.
            if !args.no_serve || io::stderr().is_terminal() {
                tell(&greeting::beginning(terms));
            }
            make(terms, &folder, environment)?
        }
    };
    if args.no_serve {
        return summary.told(&folder).print(args.output.format);
    }
    let mut options = options(&folder, environment)?;
    options.api = listen;
    if args.until.is_some() {
        let ahead = minute_of(terms.until, EVENING).millis_since(now());
        options.clock = Clock::new(move || Timestamp::from_millis(now().millis().saturating_add(ahead)));
    }
    let is_kept = temporary.is_none();
    let opening = if args.no_open { Opening::Unwanted } else { Opening::Wanted };
    runtime()?.block_on(until_told(options, |addresses, inlet| {
        announce(addresses);
        tell(&greeting::of(&summary, &folder, (addresses, is_kept)));
        show(addresses, &inlet, opening, environment);
    }))?;
    Ok(String::new())
}

/// What it is made from: what is asked for, what the folder was made from, or what holds
/// where nobody says anything.
fn terms(args: &DemoArgs, folder: &Folder) -> Result<Terms> {
    let until = args.until.as_deref().map(|text| {
        Day::parse(text).ok_or_else(|| usage(format!("`--until {text}` is no day; write it as 2026-06-12")))
    });
    let until = until.transpose()?;
    let made = folder.made_from()?;
    let usual = || Terms { until: Day::of(now()).previous(), seed: 1, size: Size::default() };
    let otherwise = made.unwrap_or_else(usual);
    let wanted = Terms {
        until: until.unwrap_or(otherwise.until),
        seed: args.seed.unwrap_or(otherwise.seed),
        size: args.size.unwrap_or(otherwise.size),
    };
    if made.is_some_and(|it| it != wanted) {
        let Terms { until, seed, size } = otherwise;
        return Err(usage(format!(
            "{} holds another demonstration: --until {until} --seed {seed} --size {}; name another folder, or \
             delete it",
            folder.path().display(),
            size.name()
        )));
    }
    Ok(wanted)
}

/// Makes everything: the plan, its truth, the logs, and the book that follows from them.
fn make(terms: Terms, folder: &Folder, environment: &Environment) -> Result<Summary> {
    let plan = Plan::new(terms)?;
    let contract = contract(&plan);
    folder.write(CONTRACT, &contract)?;
    folder.write(SETTINGS, &settings(folder)?)?;
    let prices = Pricer::new(PriceBook::bundled()?, Some(Contract::parse(&contract)?));
    let (truth, spending) = truth::of(&plan, &prices)?;
    folder.write(TRUTH, &serde_json::to_string_pretty(&truth)?)?;
    let weeks = machines(&plan, folder)?;
    let errands = finance::errands(&plan, &spending, &truth)?;
    let mut options = options(folder, environment)?;
    options.api = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    past::live(History { plan: &plan, errands, weeks, folder, environment }, options)?;
    folder.finish(terms)?;
    Ok(Summary::of(&truth))
}

/// The machines with their logs, and what each will report.
fn machines(plan: &Plan, folder: &Folder) -> Result<BTreeMap<&'static str, Weeks>> {
    let at_once = thread::available_parallelism().map_or(1, usize::from);
    let each = plan.organisation.people.len().div_ceil(at_once).max(1);
    let some = |people: &[organisation::Person]| -> Result<Vec<(&'static str, Weeks)>> {
        let one = |person: &organisation::Person| {
            let home = folder.home(person.user);
            plan.sessions_of(person.user).try_for_each(|it| logs::write(&home, it))?;
            Ok((person.user, reporter::pack(plan, person, &home)?))
        };
        people.iter().map(one).collect()
    };
    let groups: Result<Vec<_>> = thread::scope(|scope| {
        let groups: Vec<_> =
            plan.organisation.people.chunks(each).map(|people| scope.spawn(move || some(people))).collect();
        groups.into_iter().map(|it| it.join().map_err(|_| anyhow!("the logs were not written"))?).collect()
    });
    Ok(groups?.into_iter().flatten().collect())
}

/// What the company negotiated.
fn contract(plan: &Plan) -> String {
    let from = plan.calendar.at(AGREEMENT);
    format!(
        "name = \"{} enterprise agreement\"\n\n[[price]]\nprovider = \"anthropic\"\nfrom = \"{from}\"\n\
         multiplier = \"0.9\"\nnote = \"section 3\"\n",
        cast::COMPANY
    )
}

/// The settings of a server on this book: `bursar serve --config` starts one as well.
fn settings(folder: &Folder) -> Result<String> {
    let book = format!("sqlite:{}", folder.file("book").display());
    let table = toml::Table::from_iter([
        ("database".to_owned(), toml::Value::String(book)),
        ("timezone".to_owned(), toml::Value::String("UTC".to_owned())),
        ("contract".to_owned(), toml::Value::String(CONTRACT.to_owned())),
    ]);
    Ok(toml::to_string(&table)?)
}

/// As those settings say, with the API alone.
fn options(folder: &Folder, environment: &Environment) -> Result<ServeOptions> {
    let server = ServerOptions::of_file(folder.file(SETTINGS));
    let database = format!("sqlite:{}", folder.file("book").display());
    let mut options = server.prepare(Some(&database), None, environment)?.options;
    (options.otlp_http, options.otlp_grpc) = (None, None);
    crate::opened::make_private(&options.database);
    Ok(options)
}
