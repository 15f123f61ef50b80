//! `bursar tag`: what a person knows of a session and no log says.

use std::fmt::Write;

use anyhow::Result;
use attribution::TagKey;
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use domain::SessionId;
use insight::printable;
use store::Tag;

use crate::environment::{Environment, now};
use crate::failure::usage;
use crate::named;
use crate::opened::{Opened, SourceOptions};

const EXAMPLES: &str = "Examples:
  bursar tag 5a69ca08 task=review client=acme
  bursar tag 5a69ca08 client=            takes the client back
  bursar tag                             lists all tags";

/// Says what a session was for: task, client, project, ticket, repo, developer, pr
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct TagArgs {
    /// The session's id, or its beginning
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    session: Option<String>,
    /// What to say of it: KEY=VALUE, or KEY= to take it back
    #[arg(value_name = "KEY=VALUE")]
    tags: Vec<String>,
}

/// Runs the command; gives what to print.
pub(crate) fn run(args: &TagArgs, environment: &Environment) -> Result<String> {
    let options = SourceOptions::default();
    // A session may be tagged before anybody asked for a report of it.
    let mut opened = match &args.session {
        Some(_) => Opened::up_to_date(&options, environment)?,
        None => Opened::as_it_is(&options, environment)?,
    };
    let session = args.session.as_ref().map(|text| named::session(&opened, text)).transpose()?;
    if let Some(session) = &session {
        let tags = args.tags.iter().map(|text| parse(session, text)).collect::<Result<Vec<_>>>()?;
        for tag in &tags {
            opened.journal.set_tag(tag)?;
        }
    }
    let mut out = String::new();
    let tags = opened.journal.tags()?;
    let wanted = |tag: &&Tag| session.as_ref().is_none_or(|session| tag.session == session.as_str());
    for tag in tags.iter().filter(wanted) {
        writeln!(out, "{}  {}={}", printable(&tag.session), tag.key, printable(&tag.value))?;
    }
    Ok(if out.is_empty() { "No tags.\n".to_owned() } else { out })
}

fn parse(session: &SessionId, text: &str) -> Result<Tag> {
    let known = TagKey::ALL.map(TagKey::name).join(", ");
    let (key, value) = text
        .split_once('=')
        .ok_or_else(|| usage(format!("`{text}` is no tag: write KEY=VALUE, with one of {known}")))?;
    let key = TagKey::from_name(key.trim())
        .ok_or_else(|| usage(format!("there is no tag `{key}`; give one of {known}")))?;
    Ok(Tag {
        session: session.to_string(),
        key: key.name().to_owned(),
        value: value.trim().to_owned(),
        at: now(),
    })
}
