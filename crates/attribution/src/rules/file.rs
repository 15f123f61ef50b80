//! The text of a rules file, checked and made ready.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use domain::{Client, Developer, Project, TaskType};
use serde::Deserialize;
use toml::Spanned;

use super::glob::Glob;
use super::hosts::{HostRule, Hosts};
use super::task::{BuiltInTasks, TaskRule, TaskRules};
use super::{
    ClientRule, Condition, Force, MAX_FILE_BYTES, MAX_RULES, ProjectRule, RepoRule, Rules, RulesError,
};
use crate::identity;
use crate::repo_id;
use crate::ticket::TicketKeys;

/// How many aliases may stand between an old identity and the one in use.
const MAX_ALIAS_STEPS: usize = 16;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct File {
    built_in_tasks: Option<bool>,
    task: Vec<Spanned<TaskRow>>,
    repo: Vec<Spanned<RepoRow>>,
    project: Vec<Spanned<ProjectRow>>,
    client: Vec<Spanned<ClientRow>>,
    developers: BTreeMap<Spanned<String>, Spanned<String>>,
    tickets: TicketsTable,
    hosts: BTreeMap<Spanned<String>, HostTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TaskRow {
    branch: Option<String>,
    command: Option<String>,
    skill: Option<String>,
    tag: Option<String>,
    r#type: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RepoRow {
    folder: String,
    repo: Spanned<String>,
    #[serde(default)]
    overrule: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProjectRow {
    repo: Option<String>,
    folder: Option<String>,
    branch: Option<String>,
    ticket: Option<String>,
    name: Spanned<String>,
    client: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClientRow {
    repo: Option<String>,
    folder: Option<String>,
    branch: Option<String>,
    ticket: Option<String>,
    project: Option<String>,
    name: Spanned<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct TicketsTable {
    keys: Vec<String>,
    ignore: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct HostTable {
    same_as: Option<String>,
    strip: Option<String>,
    ports: Vec<u16>,
    ignore_case: bool,
}

/// The text, to turn places in it into lines.
#[derive(Clone, Copy)]
struct Source<'a>(&'a str);

impl Source<'_> {
    fn error(self, span: Range<usize>, message: impl Into<String>) -> RulesError {
        let before = self.0.as_bytes().get(..span.start).unwrap_or_default();
        let breaks = before.iter().filter(|it| **it == b'\n').count();
        RulesError { line: breaks.saturating_add(1), message: message.into() }
    }

    /// The text of a value that must say something.
    fn filled<'b>(self, key: &str, value: &'b Spanned<String>) -> Result<&'b str, RulesError> {
        let text = value.get_ref().trim();
        if text.is_empty() || text.chars().any(char::is_control) {
            return Err(
                self.error(value.span(), format!("`{key}` must be a text of one line, and not empty"))
            );
        }
        Ok(text)
    }
}

pub(super) fn parse(text: &str) -> Result<Rules, RulesError> {
    let source = Source(text);
    if text.len() > MAX_FILE_BYTES {
        return Err(source.error(0..0, format!("the file has more than {MAX_FILE_BYTES} bytes")));
    }
    let file: File = toml::from_str(text)
        .map_err(|error| source.error(error.span().unwrap_or_default(), error.message().trim()))?;
    let built_in = if file.built_in_tasks == Some(false) { BuiltInTasks::Off } else { BuiltInTasks::On };
    Ok(Rules {
        tasks: TaskRules::new(rows(source, &file.task, task_rule)?, built_in),
        tickets: ticket_keys(&file.tickets),
        repos: rows(source, &file.repo, repo_rule)?,
        projects: rows(source, &file.project, project_rule)?,
        clients: rows(source, &file.client, client_rule)?,
        developers: aliases(source, &file.developers)?,
        hosts: hosts(source, file.hosts)?,
    })
}

fn rows<Row, Rule>(
    source: Source<'_>,
    rows: &[Spanned<Row>],
    rule: impl Fn(Source<'_>, &Spanned<Row>) -> Result<Rule, RulesError>,
) -> Result<Vec<Rule>, RulesError> {
    if let Some(surplus) = rows.get(MAX_RULES) {
        return Err(
            source.error(surplus.span(), format!("there are more than {MAX_RULES} rules of this kind"))
        );
    }
    rows.iter().map(|row| rule(source, row)).collect()
}

fn task_rule(source: Source<'_>, row: &Spanned<TaskRow>) -> Result<TaskRule, RulesError> {
    let TaskRow { branch, command, skill, tag, r#type } = row.get_ref();
    let [branch, command, skill, tag] = [branch, command, skill, tag].map(|it| it.as_deref());
    if [branch, command, skill, tag].iter().all(Option::is_none) {
        let message = "[[task]] needs at least one of `tag`, `command`, `skill`, `branch`";
        return Err(source.error(row.span(), message));
    }
    let command = command.map(|it| Glob::name(it.strip_prefix('/').unwrap_or(it)));
    Ok(TaskRule {
        tag: tag.map(Glob::name),
        command,
        skill: skill.map(Glob::name),
        branch: branch.map(Glob::name),
        task: TaskType::new(source.filled("type", r#type)?),
    })
}

fn repo_rule(source: Source<'_>, row: &Spanned<RepoRow>) -> Result<RepoRule, RulesError> {
    let RepoRow { folder, repo, overrule } = row.get_ref();
    let id = repo_id::from_name(repo.get_ref()).ok_or_else(|| {
        let message = "`repo` must be like github.com/owner/name, or the URL of a remote";
        source.error(repo.span(), message)
    })?;
    let force = if *overrule { Force::Overrules } else { Force::FillsIn };
    Ok(RepoRule { folder: Glob::path(folder), repo: id, force })
}

fn project_rule(source: Source<'_>, row: &Spanned<ProjectRow>) -> Result<ProjectRule, RulesError> {
    let it = row.get_ref();
    let when = Condition {
        repo: it.repo.as_deref().map(Glob::name),
        folder: it.folder.as_deref().map(Glob::path),
        branch: it.branch.as_deref().map(Glob::name),
        ticket: it.ticket.as_deref().map(Glob::name),
        project: None,
    };
    if it.repo.is_none() && it.folder.is_none() && it.branch.is_none() && it.ticket.is_none() {
        let message = "[[project]] needs at least one of `repo`, `folder`, `branch`, `ticket`";
        return Err(source.error(row.span(), message));
    }
    let client = it.client.as_ref().map(|name| source.filled("client", name)).transpose()?;
    Ok(ProjectRule {
        when,
        name: Project::new(source.filled("name", &it.name)?),
        client: client.map(Client::new),
    })
}

fn client_rule(source: Source<'_>, row: &Spanned<ClientRow>) -> Result<ClientRule, RulesError> {
    let it = row.get_ref();
    let is_bare = it.repo.is_none() && it.folder.is_none() && it.branch.is_none() && it.ticket.is_none();
    if is_bare && it.project.is_none() {
        let message = "[[client]] needs at least one of `repo`, `folder`, `branch`, `ticket`, `project`";
        return Err(source.error(row.span(), message));
    }
    let when = Condition {
        repo: it.repo.as_deref().map(Glob::name),
        folder: it.folder.as_deref().map(Glob::path),
        branch: it.branch.as_deref().map(Glob::name),
        ticket: it.ticket.as_deref().map(Glob::name),
        project: it.project.as_deref().map(Glob::name),
    };
    Ok(ClientRule { when, name: Client::new(source.filled("name", &it.name)?) })
}

fn ticket_keys(table: &TicketsTable) -> TicketKeys {
    TicketKeys::new(table.keys.iter().map(String::as_str), table.ignore.iter().map(String::as_str))
}

/// The person behind each alias, with aliases of aliases followed to their end.
fn aliases(
    source: Source<'_>,
    table: &BTreeMap<Spanned<String>, Spanned<String>>,
) -> Result<HashMap<String, Developer>, RulesError> {
    let mut steps: HashMap<String, &str> = HashMap::new();
    for (old, new) in table {
        let new = source.filled("developers", new)?;
        if steps.insert(identity::key(old.get_ref()), new).is_some() {
            return Err(
                source.error(old.span(), format!("`{}` has two entries in [developers]", old.get_ref()))
            );
        }
    }
    let mut people = HashMap::new();
    for (old, new) in table {
        let mut person = new.get_ref().as_str();
        for step in 0.. {
            let Some(next) = steps.get(&identity::key(person)) else { break };
            if step == MAX_ALIAS_STEPS {
                let message = format!("the aliases of `{}` in [developers] go in a circle", old.get_ref());
                return Err(source.error(old.span(), message));
            }
            person = next;
        }
        let person = identity::developer(person).unwrap_or_else(|| Developer::new(person.trim()));
        people.insert(identity::key(old.get_ref()), person);
    }
    Ok(people)
}

fn hosts(source: Source<'_>, table: BTreeMap<Spanned<String>, HostTable>) -> Result<Hosts, RulesError> {
    let mut rules = HashMap::new();
    for (host, row) in table {
        let span = host.span();
        let host = host.into_inner().to_lowercase();
        if host.is_empty() || host.contains(['/', '@']) {
            let message = format!("[hosts.\"{host}\"] must be the name of a host, such as git.example.com");
            return Err(source.error(span, message));
        }
        let strip = row.strip.map(|it| it.trim_matches('/').to_owned()).filter(|it| !it.is_empty());
        let same_as = row.same_as.map(|it| it.to_lowercase());
        let HostTable { ports, ignore_case, .. } = row;
        rules.insert(host, HostRule { same_as, strip, ports, ignore_case });
    }
    Ok(Hosts(rules))
}
