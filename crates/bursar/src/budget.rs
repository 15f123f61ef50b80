//! `bursar budget`: who may spend how much, and what is left of it.

mod change;
mod halt;
mod options;
mod request;
mod tree;

use anyhow::Result;
use clap::{Args, Subcommand};

use self::change::{AllocateArgs, RemoveArgs, SetArgs, TransferArgs};
use self::halt::{FreezeArgs, UnfreezeArgs};
use self::request::{ApproveArgs, DenyArgs, RequestArgs, RequestsArgs};
use self::tree::{ShowArgs, TreeArgs};
use crate::environment::Environment;

pub(crate) use self::halt::{KillArgs, UnkillArgs, kill, unkill};

const EXAMPLES: &str = "Examples:
  bursar budget set org --amount 20000 --period month --soft
  bursar budget set team/web --amount 5000 --period month --parent org --threshold 80=notify
  bursar budget set 'developer/*' --amount 50 --period day
  bursar budget tree
  bursar budget transfer team/core team/web --amount 200 --period month --reason 'the release'
  bursar budget request developer/ada@example.com --amount 20 --period month --reason 'the release'
  bursar budget requests
  bursar budget approve 4k2m9x0a7c1d --from team/web";

/// Budgets: who may spend how much, and what is left of it
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct BudgetArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Set(SetArgs),
    Tree(TreeArgs),
    Show(ShowArgs),
    Allocate(AllocateArgs),
    Remove(RemoveArgs),
    Transfer(TransferArgs),
    Freeze(FreezeArgs),
    Unfreeze(UnfreezeArgs),
    Request(RequestArgs),
    Requests(RequestsArgs),
    Approve(ApproveArgs),
    Deny(DenyArgs),
}

/// Runs the command; gives what to print.
pub(crate) fn run(args: &BudgetArgs, environment: &Environment) -> Result<String> {
    match &args.what {
        What::Set(args) => change::set(args, environment),
        What::Tree(args) => tree::run(args, environment),
        What::Show(args) => tree::show(args, environment),
        What::Allocate(args) => change::allocate(args, environment),
        What::Remove(args) => change::remove(args, environment),
        What::Transfer(args) => change::transfer(args, environment),
        What::Freeze(args) => halt::freeze(args, environment),
        What::Unfreeze(args) => halt::unfreeze(args, environment),
        What::Request(args) => request::ask(args, environment),
        What::Requests(args) => request::list(args, environment),
        What::Approve(args) => request::approve(args, environment),
        What::Deny(args) => request::deny(args, environment),
    }
}
