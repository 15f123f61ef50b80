//! `bursar`: what AI coding tools cost, who and what the money went to.
//!
//! One file a command. Each takes its arguments and the environment and gives
//! back the text to print; this file alone prints, and turns errors into exit
//! codes (0 done, 1 failed, 2 asked wrong).

mod audit;
mod book;
mod budget;
mod client;
mod collect;
mod database;
mod demo;
mod directory;
mod doctor;
mod environment;
mod explain;
mod failure;
mod gateway_settings;
mod hook;
mod insight;
mod knowledge;
mod listing;
mod me;
mod named;
mod opened;
mod org;
mod output;
mod page_link;
mod prices;
mod progress;
mod report;
mod rollout;
mod run;
mod scan;
mod seal;
mod sealed;
mod serve;
mod server_option;
mod server_settings;
mod session;
mod sessions;
mod shell;
mod statusline;
mod tag;
mod token;
mod up;

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use anyhow::Result;
use clap::{CommandFactory, Parser, Subcommand};
use mimalloc::MiMalloc;

use crate::environment::Environment;

/// A call through the gateway costs a quarter less than with the system's allocator.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// What AI coding tools cost, who and what the money went to.
#[derive(Debug, Parser)]
#[command(name = "bursar", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Report(report::ReportArgs),
    Insight(insight::InsightArgs),
    Sessions(sessions::SessionsArgs),
    Session(session::SessionArgs),
    Explain(explain::ExplainArgs),
    Prices(prices::PricesArgs),
    Statusline(statusline::StatuslineArgs),
    Tag(tag::TagArgs),
    Collect(collect::CollectArgs),
    Hook(hook::HookArgs),
    Run(run::RunArgs),
    Rollout(rollout::RolloutArgs),
    Doctor(doctor::DoctorArgs),
    Demo(demo::DemoArgs),
    Up(up::UpArgs),
    Serve(serve::ServeArgs),
    Seal(seal::SealArgs),
    Token(token::TokenArgs),
    Org(org::OrgArgs),
    Budget(budget::BudgetArgs),
    Kill(budget::KillArgs),
    Unkill(budget::UnkillArgs),
    Audit(audit::AuditArgs),
    Migrate(database::MigrateArgs),
    Check(database::CheckArgs),
    Backup(database::BackupArgs),
    Restore(database::RestoreArgs),
    Completions(shell::CompletionsArgs),
    Man(shell::ManArgs),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let environment = Environment::read();
    // The exit code is the client's, and nothing is printed where the client prints.
    if let Command::Run(args) = &cli.command {
        return run::main(args, &environment);
    }
    match run(&cli.command, &environment).and_then(|text| Ok(print(&text)?)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            warn(&format!("{error:#}"));
            failure::exit_code(&error)
        }
    }
}

fn run(command: &Command, environment: &Environment) -> Result<String> {
    match command {
        Command::Report(args) => report::run(args, environment),
        Command::Insight(args) => insight::run(args, environment),
        Command::Sessions(args) => sessions::run(args, environment),
        Command::Session(args) => session::run(args, environment),
        Command::Explain(args) => explain::run(args, environment),
        Command::Prices(args) => prices::run(args, environment),
        Command::Statusline(args) => statusline::run(args, environment),
        Command::Tag(args) => tag::run(args, environment),
        Command::Collect(args) => collect::run(args, environment),
        Command::Rollout(args) => rollout::run(args, environment),
        Command::Hook(args) => Ok(hook::run(args, environment)),
        Command::Run(_) => Ok(String::new()),
        Command::Doctor(args) => doctor::run(args, environment),
        Command::Demo(args) => demo::run(args, environment),
        Command::Up(args) => up::run(args, environment),
        Command::Serve(args) => serve::run(args, environment),
        Command::Seal(args) => seal::run(args, environment),
        Command::Token(args) => token::run(args, environment),
        Command::Org(args) => org::run(args, environment),
        Command::Budget(args) => budget::run(args, environment),
        Command::Kill(args) => budget::kill(args, environment),
        Command::Unkill(args) => budget::unkill(args, environment),
        Command::Audit(args) => audit::run(args, environment),
        Command::Migrate(args) => database::migrate(args, environment),
        Command::Check(args) => database::check(args, environment),
        Command::Backup(args) => database::run_backup(args, environment),
        Command::Restore(args) => database::run_restore(args, environment),
        Command::Completions(args) => shell::completions(args, Cli::command()),
        Command::Man(args) => shell::man(args, Cli::command()),
    }
}

/// Says what is wrong, whatever else is printed. Where standard error is closed there is
/// nobody left to tell.
fn warn(text: &str) {
    drop(writeln!(io::stderr(), "bursar: {text}"));
}

/// Prints; a reader that has seen enough, as `head`, is no failure.
fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Commands without `--server` and `--format`, and why.
    const OTHERWISE: [(&str, &str); 5] = [
        ("bursar hook", "a hook takes any words and never fails"),
        ("bursar run", "what it prints is what the client prints"),
        ("bursar rollout headers", "what it prints is what Claude Code reads"),
        ("bursar completions", "what it prints is what a shell reads"),
        ("bursar man", "it writes files that man reads"),
    ];

    /// The commands that have none below them, or do something themselves.
    fn leaves(command: &clap::Command, name: &str, found: &mut Vec<(String, clap::Command)>) {
        if !command.is_subcommand_required_set() {
            found.push((name.to_owned(), command.clone()));
        }
        for below in command.get_subcommands() {
            leaves(below, &format!("{name} {}", below.get_name()), found);
        }
    }

    #[test]
    fn every_command_takes_a_server_and_a_format() {
        let mut all = Vec::new();
        leaves(&Cli::command(), "bursar", &mut all);
        let mut without: Vec<&str> = Vec::new();
        for (name, command) in &all {
            let has = |option: &str| command.get_arguments().any(|it| it.get_long() == Some(option));
            if !(has("server") && has("format")) {
                without.push(name);
            }
            if let Some(format) = command.get_arguments().find(|it| it.get_long() == Some("format")) {
                let values = format.get_possible_values();
                let values: Vec<&str> = values.iter().map(clap::builder::PossibleValue::get_name).collect();
                assert_eq!(values, ["table", "json", "csv"], "{name}");
            }
        }
        assert!(all.len() > 25, "the tree was walked: {}", all.len());
        assert_eq!(without, OTHERWISE.map(|it| it.0));
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
