//! `bursar tag`: what a person knows of a session and no log says.

mod remote;

use anyhow::Result;
use attribution::TagKey;
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use domain::SessionId;
use insight::printable;
use serde_json::{Value, json};
use store::Tag;

use crate::environment::{Environment, now};
use crate::failure::usage;
use crate::listing::Listing;
use crate::named;
use crate::opened::{Opened, SourceOptions};
use crate::output::{OutputOption, Told};
use crate::server_option::ServerOption;

const EXAMPLES: &str = "Examples:
  bursar tag 5a69ca08 task=review client=acme
  bursar tag 5a69ca08 client=            takes the client back
  bursar tag                             lists all tags
  bursar tag 5a69ca08 client=acme --server https://bursar.example.com
                                         says it where the company's book is";

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
    #[command(flatten)]
    output: OutputOption,
    #[command(flatten)]
    server: ServerOption,
}

/// Runs the command; gives what to print.
pub(crate) fn run(args: &TagArgs, environment: &Environment) -> Result<String> {
    if let Some(client) = args.server.client(environment)? {
        let (Some(session), false) = (&args.session, args.tags.is_empty()) else {
            return Err(usage(
                "a server takes tags and lists none: give SESSION KEY=VALUE; \
                 `bursar explain SESSION --server URL` shows what its figures rest on",
            ));
        };
        let session = remote::session(&client, session)?;
        let tags = parsed(&session, &args.tags)?;
        remote::set(&client, &session, &tags)?;
        return told(&tags).print(args.output.format);
    }
    let options = SourceOptions::default();
    // A session may be tagged before anybody asked for a report of it.
    let mut opened = match &args.session {
        Some(_) => Opened::up_to_date(&options, environment)?,
        None => Opened::as_it_is(&options, environment)?,
    };
    let session = args.session.as_ref().map(|text| named::session(&opened, text)).transpose()?;
    if let Some(session) = &session {
        for tag in &parsed(session, &args.tags)? {
            opened.journal.set_tag(tag)?;
        }
    }
    let mut tags = opened.journal.tags()?;
    tags.retain(|tag| session.as_ref().is_none_or(|session| tag.session == session.as_str()));
    told(&tags).print(args.output.format)
}

/// Tags in all forms.
fn told(tags: &[Tag]) -> Told<Value> {
    let mut rows = Listing::new(&["session", "key", "value"]);
    let (mut text, mut all) = (String::new(), Vec::new());
    for Tag { session, key, value, .. } in tags {
        rows.row(vec![session.clone(), key.clone(), value.clone()]);
        text.extend([&printable(session), "  ", key, "=", &printable(value), "\n"]);
        all.push(json!({ "session": session, "key": key, "value": value }));
    }
    if tags.is_empty() {
        "No tags.\n".clone_into(&mut text);
    }
    Told { schema: "bursar.tags/1", text, body: json!({ "tags": all }), rows }
}

fn parsed(session: &SessionId, texts: &[String]) -> Result<Vec<Tag>> {
    texts.iter().map(|text| parse(session, text)).collect()
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
