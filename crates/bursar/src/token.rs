//! `bursar token`: tokens of a server, made, listed, revoked.

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use server::{Clock, owner};

use crate::client::{Ask, encoded};
use crate::database::{DatabaseOptions, Missing};
use crate::directory::Directory;
use crate::environment::{Environment, now};
use crate::listing::{Listing, text};
use crate::output::{Format, OutputOption, Told, document};
use crate::serve::runtime;
use crate::server_option::ServerAddress;

/// The contract of one token.
const TOKEN: &str = "bursar.token/1";

const EXAMPLES: &str = "Examples:
  bursar token create --role collector --developer ada@example.com
  bursar token create --role lead --team core --label 'dashboard of the core team'
  bursar token create --role finance --expires-in-days 90 --format json
  bursar token list
  bursar token revoke 4k2m9x0a7c1d
  bursar token recover --database sqlite:/var/lib/bursar";

/// Tokens of a server: who may report, and who may see what
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct TokenArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Create(CreateArgs),
    List(ListArgs),
    Revoke(RevokeArgs),
    Recover(RecoverArgs),
}

/// What a token is for.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Role {
    /// Everything
    Owner,
    /// Everything but tokens of owners
    Admin,
    /// The figures of teams, repositories, projects and clients
    Finance,
    /// The figures of some teams, individuals included
    Lead,
    /// One's own figures
    Developer,
    /// To report, and nothing else
    Collector,
}

impl Role {
    const fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Finance => "finance",
            Self::Lead => "lead",
            Self::Developer => "developer",
            Self::Collector => "collector",
        }
    }
}

/// Makes a token, and shows it this once
#[derive(Debug, Args)]
struct CreateArgs {
    /// What it is for
    #[arg(long, value_enum)]
    role: Role,
    /// Whose it is: what it reports is theirs, and what it shows
    #[arg(long, value_name = "E-MAIL")]
    developer: Option<String>,
    /// The teams whose figures it shows, those below them included
    #[arg(long, value_name = "TEAM", value_delimiter = ',')]
    team: Vec<String>,
    /// What it is for, in words
    #[arg(long, default_value = "")]
    label: String,
    /// After how many days it expires [default: never]
    #[arg(long, value_name = "DAYS")]
    expires_in_days: Option<u32>,
    #[command(flatten)]
    common: Common,
}

/// Lists all tokens, without their secrets
#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    output: OutputOption,
    #[command(flatten)]
    server: ServerAddress,
}

/// Revokes a token for good
#[derive(Debug, Args)]
struct RevokeArgs {
    /// Its public part, as `bursar token list` has it
    public: String,
    #[command(flatten)]
    common: Common,
}

/// Makes an owner's token at the database, where nobody has one any more
#[derive(Debug, Args)]
#[command(after_help = "The audit log tells that it was made so.

Examples:
  bursar token recover --database sqlite:/var/lib/bursar")]
struct RecoverArgs {
    #[command(flatten)]
    database: DatabaseOptions,
}

/// What every change takes.
#[derive(Debug, Args)]
struct Common {
    /// Why, for the audit log
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    output: OutputOption,
    #[command(flatten)]
    server: ServerAddress,
}

/// Runs the command; gives what to print.
pub(crate) fn run(args: &TokenArgs, environment: &Environment) -> Result<String> {
    match &args.what {
        What::Create(args) => create(args, environment),
        What::List(args) => list(args, environment),
        What::Revoke(args) => revoke(args, environment),
        What::Recover(args) => recover(args, environment),
    }
}

fn create(args: &CreateArgs, environment: &Environment) -> Result<String> {
    let wanted = json!({
        "role": args.role.name(),
        "developer": args.developer,
        "teams": args.team,
        "label": args.label,
        "expires_in_days": args.expires_in_days,
    });
    let pairs: Vec<_> = args.common.reason.clone().map(|it| ("reason", it)).into_iter().collect();
    let body = Some(("application/json", wanted.to_string()));
    let ask = Ask { method: "POST", path: "/api/v1/tokens", pairs: &pairs, body };
    let client = args.common.server.client(environment)?;
    let made = client.json(&ask)?;
    if args.developer.is_some() {
        // The token is made and must be shown, whatever the directory says.
        let doubt = Directory::ask(&client).map(|it| it.doubt_developer(&text(&made, "developer")));
        doubt.ok().flatten().iter().for_each(|it| crate::warn(it));
    }
    let text = |name: &str| text(&made, name);
    Ok(match args.common.output.format {
        Format::Json => document(TOKEN, &made)?,
        Format::Csv => {
            let mut listing = Listing::new(&["token", "public", "role", "developer", "expires_at"]);
            listing.row(["token", "public", "role", "developer", "expires_at"].map(text).to_vec());
            listing.csv()
        }
        Format::Table => format!(
            "{}\n\nIt is shown this once. Give it to whoever needs it as BURSAR_TOKEN;\n\
             `bursar token revoke {}` takes it back.\n",
            text("token"),
            text("public")
        ),
    })
}

fn recover(args: &RecoverArgs, environment: &Environment) -> Result<String> {
    let token = runtime()?.block_on(async {
        let store = args.database.open(Missing::Refuse, environment).await?;
        anyhow::Ok(owner::recover(store.books(), &Clock::new(now)).await?)
    })?;
    let mut rows = Listing::new(&["token"]);
    rows.row(vec![token.clone()]);
    let text = format!("{token}\n\nIt is an owner's, and is shown this once.\n");
    let body = json!({ "token": token });
    Told { schema: TOKEN, text, body, rows }.print(args.database.format())
}

const COLUMNS: [&str; 7] = ["public", "role", "developer", "teams", "state", "created_at", "label"];

fn list(args: &ListArgs, environment: &Environment) -> Result<String> {
    let client = args.server.client(environment)?;
    let tokens = client.pages("/api/v1/tokens", "tokens")?;
    if matches!(args.output.format, Format::Json) {
        return document("bursar.tokens/1", &json!({ "tokens": tokens }));
    }
    let mut listing = Listing::new(&COLUMNS);
    for token in &tokens {
        listing.row(COLUMNS.map(|it| text(token, it)).to_vec());
    }
    Ok(if matches!(args.output.format, Format::Csv) { listing.csv() } else { listing.table() })
}

fn revoke(args: &RevokeArgs, environment: &Environment) -> Result<String> {
    let pairs: Vec<_> = args.common.reason.clone().map(|it| ("reason", it)).into_iter().collect();
    let path = format!("/api/v1/tokens/{}", encoded(&args.public));
    let ask = Ask { method: "DELETE", path: &path, pairs: &pairs, body: None };
    let revoked = args.common.server.client(environment)?.json(&ask)?;
    Ok(match args.common.output.format {
        Format::Json => document(TOKEN, &revoked)?,
        Format::Csv => {
            let mut listing = Listing::new(&COLUMNS);
            listing.row(COLUMNS.map(|it| text(&revoked, it)).to_vec());
            listing.csv()
        }
        Format::Table => format!("The token {} is revoked.\n", text(&revoked, "public")),
    })
}
