//! Services whose addresses have forms of their own: Azure DevOps and AWS CodeCommit.

use super::address::{path_segments, without_user};
use super::{Case, Remote, repo};

/// `codecommit::REGION://[PROFILE@]REPOSITORY`. Any other helper may be a command line.
pub(super) fn codecommit_helper(helper: &str, address: &str) -> Remote {
    if helper != "codecommit" {
        return Remote::Unusable;
    }
    let Some((region, rest)) = address.split_once("://") else { return Remote::Unusable };
    match path_segments(without_user(rest)).as_deref() {
        Some([name]) if is_region(region) => codecommit(region, name),
        _ => Remote::Unusable,
    }
}

/// `git-codecommit.REGION.amazonaws.com/v1/repos/REPOSITORY`.
pub(super) fn codecommit_host(host: &str, segments: &[String]) -> Option<Remote> {
    let rest = host.strip_prefix("git-codecommit.").or_else(|| host.strip_prefix("git-codecommit-fips."))?;
    let (region, domain) = rest.split_once('.')?;
    match (domain, segments) {
        ("amazonaws.com" | "amazonaws.com.cn", [v1, repos, name]) if v1 == "v1" && repos == "repos" => {
            Some(codecommit(region, name))
        }
        _ => None,
    }
}

fn codecommit(region: &str, name: &str) -> Remote {
    repo("codecommit", &[region.to_owned(), name.to_owned()], Case::Kept)
}

fn is_region(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-')
}

/// Azure DevOps, under its new and old hosts: `dev.azure.com/organisation/project/repository`.
pub(super) fn azure(host: &str, segments: &[String]) -> Remote {
    const HOST: &str = "dev.azure.com";
    let mut parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    if parts.first() == Some(&"v3") {
        parts.remove(0);
    } else if let Some(organisation) = host.strip_suffix(".visualstudio.com") {
        if parts.first().is_some_and(|it| it.eq_ignore_ascii_case("DefaultCollection")) {
            parts.remove(0);
        }
        if organisation != "vs-ssh" {
            parts.insert(0, organisation);
        }
    }
    parts.retain(|it| !matches!(*it, "_full" | "_optimized"));
    let [organisation, project, name] = match parts.as_slice() {
        [organisation, "_git" | "_ssh", name] => [*organisation, *name, *name],
        [organisation, project, "_git" | "_ssh", name] => [*organisation, *project, *name],
        [organisation, project, name] => [*organisation, *project, *name],
        _ => return Remote::Unusable,
    };
    repo(HOST, &[organisation.to_owned(), project.to_owned(), name.to_owned()], Case::Folded)
}
