//! What a client says of its call in its headers: session and agent, repository, branch, tags.

use std::collections::BTreeMap;
use std::fmt;

use domain::{SessionId, Tool};
use http::header::USER_AGENT;
use http::{HeaderMap, HeaderName};
use serde_json::Value;

use crate::budget_desk::Claims;

const TAG: HeaderName = HeaderName::from_static("x-bursar-tag");
const REPO: HeaderName = HeaderName::from_static("x-bursar-repo");
const BRANCH: HeaderName = HeaderName::from_static("x-bursar-branch");
const TICKET: HeaderName = HeaderName::from_static("x-bursar-ticket");
const TASK: HeaderName = HeaderName::from_static("x-bursar-task");
const CLIENT: HeaderName = HeaderName::from_static("x-bursar-client");
const PROJECT: HeaderName = HeaderName::from_static("x-bursar-project");
const ORIGINATOR: HeaderName = HeaderName::from_static("originator");
const CODEX_TURN: HeaderName = HeaderName::from_static("x-codex-turn-metadata");
const OPENCODE_SESSION: HeaderName = HeaderName::from_static("x-session-affinity");
const CLAUDE_SESSION: HeaderName = HeaderName::from_static("x-claude-code-session-id");
/// Which of a session's agents makes the call.
pub(crate) const CLAUDE_AGENT: HeaderName = HeaderName::from_static("x-claude-code-agent-id");
/// Headers that name the session, the surest first.
static SESSIONS: [HeaderName; 4] = [
    HeaderName::from_static("x-bursar-session"),
    CLAUDE_SESSION,
    HeaderName::from_static("session-id"),
    HeaderName::from_static("x-session-id"),
];
/// Headers that only calls of subagents have.
static SUBAGENTS: [HeaderName; 3] = [
    CLAUDE_AGENT,
    HeaderName::from_static("x-claude-code-parent-agent-id"),
    HeaderName::from_static("x-openai-subagent"),
];

/// The longest name that a client may claim.
pub const MAX_CLAIM_BYTES: usize = 256;
/// The most tags.
pub const MAX_TAGS: usize = 16;
/// Codex's description of a turn is read up to this length.
const TURN_LIMIT: usize = 16 << 10;
/// How the user agents of tools begin, or what is in them.
const AGENTS: [(&str, Tool); 12] = [
    ("claude-cli/", Tool::ClaudeCode),
    ("claude-code/", Tool::ClaudeCode),
    ("codex", Tool::Codex),
    ("geminicli", Tool::GeminiCli),
    ("opencode", Tool::Opencode),
    ("kilo", Tool::Kilo),
    ("roocode", Tool::Roo),
    ("roo-code", Tool::Roo),
    ("cline", Tool::Cline),
    ("copilotchat", Tool::CopilotChat),
    ("copilot", Tool::CopilotCli),
    ("cursor", Tool::Cursor),
];

/// A claim that cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadClaim(String);

impl fmt::Display for BadClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the headers say. Model and provider are not among it, nor a session that the
/// body names.
pub(crate) fn read(headers: &HeaderMap) -> Result<Claims, BadClaim> {
    let own = |name: HeaderName| text(headers, &name).map(|it| it.map(str::to_owned));
    let tool = tool(headers);
    let turn = text_up_to(headers, &CODEX_TURN, TURN_LIMIT).ok().flatten();
    let session = SESSIONS.iter().find_map(|name| text(headers, name).transpose()).transpose()?;
    let repo = own(REPO)?.or_else(|| turn.and_then(remote_of_turn));
    Ok(Claims {
        tool,
        session: session.map(SessionId::new),
        is_subagent: SUBAGENTS.iter().any(|it| headers.contains_key(it)),
        repo: repo.as_deref().map(as_remote),
        branch: own(BRANCH)?,
        ticket: own(TICKET)?,
        task: own(TASK)?,
        client: own(CLIENT)?,
        project: own(PROJECT)?,
        tags: tags(headers)?,
        model: String::new(),
        provider: String::new(),
    })
}

fn tool(headers: &HeaderMap) -> Option<Tool> {
    let named = [USER_AGENT, ORIGINATOR];
    let named = named.iter().filter_map(|name| headers.get(name)?.to_str().ok());
    let known = named.clone().find_map(agent_by_beginning).or_else(|| named.clone().find_map(agent_by_part));
    let known = known.or_else(|| headers.contains_key(OPENCODE_SESSION).then_some(Tool::Opencode));
    known.or_else(|| headers.contains_key(CLAUDE_SESSION).then_some(Tool::ClaudeCode))
}

/// The tool of a user agent that begins as its name does, as nearly all do.
fn agent_by_beginning(agent: &str) -> Option<Tool> {
    let begins = |part: &str| agent.get(..part.len()).is_some_and(|it| it.eq_ignore_ascii_case(part));
    AGENTS.iter().find(|(part, _)| begins(part)).map(|(_, tool)| *tool)
}

fn agent_by_part(agent: &str) -> Option<Tool> {
    let agent = agent.to_ascii_lowercase();
    AGENTS.iter().find(|(part, _)| agent.contains(part)).map(|(_, tool)| *tool)
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, BadClaim> {
    text_up_to(headers, name, MAX_CLAIM_BYTES)
}

fn text_up_to<'h>(
    headers: &'h HeaderMap,
    name: &HeaderName,
    limit: usize,
) -> Result<Option<&'h str>, BadClaim> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let text =
        str::from_utf8(value.as_bytes()).map_err(|_| bad(name, "is no UTF-8; write plain text"))?.trim();
    if text.len() > limit {
        return Err(bad(name, &format!("is longer than {limit} bytes; write a shorter one")));
    }
    Ok(Some(text).filter(|it| !it.is_empty()))
}

fn bad(name: &HeaderName, what: &str) -> BadClaim {
    BadClaim(format!("the header `{name}` {what}"))
}

/// `key=value`, several by comma or in several headers.
fn tags(headers: &HeaderMap) -> Result<BTreeMap<String, String>, BadClaim> {
    let mut tags = BTreeMap::new();
    for value in headers.get_all(TAG) {
        let value =
            str::from_utf8(value.as_bytes()).map_err(|_| bad(&TAG, "is no UTF-8; write plain text"))?;
        for pair in value.split(',').map(str::trim).filter(|it| !it.is_empty()) {
            let wrong = || bad(&TAG, "has what is no tag; write `key=value`, several by comma");
            let (key, value) = pair.split_once('=').ok_or_else(wrong)?;
            let (key, value) = (key.trim(), value.trim());
            if key.is_empty() || value.is_empty() || pair.len() > MAX_CLAIM_BYTES {
                return Err(wrong());
            }
            tags.insert(key.to_owned(), value.to_owned());
            if tags.len() > MAX_TAGS {
                return Err(bad(&TAG, &format!("has more than {MAX_TAGS} tags; leave some out")));
            }
        }
    }
    Ok(tags)
}

/// The remote of the first working folder that has one, as Codex describes a turn.
fn remote_of_turn(turn: &str) -> Option<String> {
    let turn: Value = serde_json::from_str(turn).ok()?;
    let folders = turn.get("workspaces")?.as_object()?.values();
    let remote = |folder: &Value| {
        let remotes = folder.get("associated_remote_urls")?.as_object()?;
        let remote = remotes.get("origin").or_else(|| remotes.values().next())?.as_str()?;
        (!remote.is_empty() && remote.len() <= MAX_CLAIM_BYTES).then(|| remote.to_owned())
    };
    folders.into_iter().find_map(remote)
}

/// A repository as the address of a remote, without name and password: `git.example/acme/shop`
/// is as good as one.
fn as_remote(repo: &str) -> String {
    let Some((scheme, rest)) = repo.split_once("://") else {
        let is_name =
            repo.split_once('/').is_some_and(|(host, _)| host.contains('.') && !host.contains([':', '@']));
        return if is_name { format!("https://{repo}") } else { repo.to_owned() };
    };
    let (host, path) = rest.split_once('/').map_or((rest, None), |(host, path)| (host, Some(path)));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    path.map_or_else(|| format!("{scheme}://{host}"), |path| format!("{scheme}://{host}/{path}"))
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn check(lines: &[(&'static str, &str)], expected: &str) {
        let pairs = lines
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()));
        let said = read(&pairs.collect()).map_or_else(
            |bad| bad.to_string(),
            |it| {
                let mut said = vec![
                    it.tool.map(|it| it.name().to_owned()),
                    it.session.map(|it| it.to_string()),
                    it.is_subagent.then(|| "subagent".to_owned()),
                    it.repo,
                    it.branch,
                    it.ticket,
                    it.task,
                    it.client,
                    it.project,
                ];
                said.extend(it.tags.into_iter().map(|(key, value)| Some(format!("{key}={value}"))));
                said.into_iter().flatten().collect::<Vec<_>>().join(" ")
            },
        );
        assert_eq!(said, expected, "{lines:?}");
    }

    #[test]
    fn each_tool_is_known() {
        check(&[], "");
        check(
            &[("user-agent", "claude-cli/2.1.330 (external, sdk-cli)"), ("x-claude-code-session-id", "s1")],
            "claude-code s1",
        );
        check(
            &[
                ("user-agent", "claude-cli/2.1.330"),
                ("x-claude-code-session-id", "s1"),
                ("x-claude-code-agent-id", "a"),
            ],
            "claude-code s1 subagent",
        );
        let turn = r#"{"turn_id":"t","workspaces":{"/home/dana/shop":{"latest_git_commit_hash":"c","associated_remote_urls":{"origin":"https://dana:pw@git.example/acme/shop.git"}}}}"#;
        check(
            &[("originator", "codex_exec"), ("session-id", "s2"), ("x-codex-turn-metadata", turn)],
            "codex s2 https://git.example/acme/shop.git",
        );
        check(&[("user-agent", "GeminiCLI-tui/0.61.0/gemini-3-pro")], "gemini-cli");
        check(&[("x-session-id", "s3"), ("x-session-affinity", "s3")], "opencode s3");
        check(&[("x-codex-turn-metadata", "{broken")], "");
    }

    #[test]
    fn our_own_headers_say_the_rest() {
        check(
            &[
                ("x-claude-code-session-id", "s1"),
                ("x-bursar-session", "mine"),
                ("x-bursar-repo", "git@git.example:acme/shop.git"),
                ("x-bursar-branch", "fix/ENG-1"),
                ("x-bursar-ticket", "ENG-1"),
                ("x-bursar-task", "fix"),
                ("x-bursar-client", "Caf\u{e9}"),
                ("x-bursar-project", "shop"),
                ("x-bursar-tag", "env=eu, tier=gold"),
                ("x-bursar-tag", "a=b=c"),
            ],
            "claude-code mine git@git.example:acme/shop.git fix/ENG-1 ENG-1 fix Caf\u{e9} shop a=b=c env=eu tier=gold",
        );
    }

    #[test]
    fn a_repository_may_be_named_as_people_do() {
        check(&[("x-bursar-repo", "git.example/acme/shop")], "https://git.example/acme/shop");
        check(&[("x-bursar-repo", "local:9f3c")], "local:9f3c");
        check(&[("x-bursar-repo", "shop")], "shop");
    }

    #[test]
    fn what_cannot_be_claimed_is_told() {
        check(
            &[("x-bursar-task", &"x".repeat(257))],
            "the header `x-bursar-task` is longer than 256 bytes; write a shorter one",
        );
        check(
            &[("x-bursar-tag", "env")],
            "the header `x-bursar-tag` has what is no tag; write `key=value`, several by comma",
        );
    }
}
