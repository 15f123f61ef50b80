//! Every known form of an address, and random ones.

use super::*;

/// Checks the id of each address; `local`, `unusable` and `alias …` stand for the other outcomes.
fn check(expected: &str, addresses: &[&str]) {
    for address in addresses {
        assert_eq!(text(&normalise(address)), expected, "{address}");
    }
}

fn text(remote: &Remote) -> String {
    match remote {
        Remote::Repo { id, .. } => id.to_string(),
        Remote::SshAlias { host, port: None, path } => format!("alias {host} {path}"),
        Remote::SshAlias { host, port: Some(port), path } => format!("alias {host}:{port} {path}"),
        Remote::Local => "local".to_owned(),
        Remote::Unusable => "unusable".to_owned(),
    }
}

#[test]
fn github_is_one_repository_by_any_address() {
    check(
        "github.com/owner/repo",
        &[
            "git@github.com:Owner/Repo.git",
            "org-1234@github.com:Owner/Repo.git",
            "github.com:Owner/Repo",
            "ssh://git@ssh.github.com:443/Owner/Repo.git",
            "ssh://git@github.com/Owner/Repo",
            "git+ssh://git@github.com:22//Owner//Repo.git/",
            "https://user:tok@github.com/Owner/Repo.git/",
            "https://www.github.com/Owner/Repo",
            "HTTPS://GitHub.com.:443/Owner/Repo?ref=main#readme",
            "git://github.com/Owner/Repo",
            "  https://github.com/Owner/Repo\n",
            "https://github.com/Owner/Re%70o.git",
        ],
    );
    check("github.com/o/r.wiki", &["https://github.com/o/r.wiki.git"]);
}

#[test]
fn gitlab_keeps_its_subgroups() {
    check(
        "gitlab.com/grp/sub/sub2/proj",
        &[
            "git@gitlab.com:grp/sub/sub2/proj.git",
            "ssh://git@altssh.gitlab.com:443/grp/sub/sub2/proj.git",
            "https://oauth2:glpat-x@gitlab.com/Grp/Sub/sub2/Proj",
        ],
    );
    check("bitbucket.org/team/repo", &["git@altssh.bitbucket.org:Team/Repo.git"]);
}

#[test]
fn azure_devops_has_many_forms() {
    check(
        "dev.azure.com/org/my project/repo",
        &[
            "git@ssh.dev.azure.com:v3/Org/My%20Project/Repo",
            "https://Org@dev.azure.com/Org/My%20Project/_git/Repo",
            "https://org.visualstudio.com/DefaultCollection/My%20Project/_git/Repo",
            "https://org.visualstudio.com/My%20Project/_git/_optimized/Repo",
            "org@vs-ssh.visualstudio.com:v3/org/My%20Project/Repo",
        ],
    );
    check(
        "dev.azure.com/org/repo/repo",
        &["https://dev.azure.com/Org/_git/Repo", "https://org.visualstudio.com/_git/Repo"],
    );
}

#[test]
fn bitbucket_data_center_is_the_same_over_ssh_and_https() {
    check("bb.x/proj/repo", &["https://bb.x/scm/PROJ/repo.git", "ssh://git@bb.x:7999/PROJ/repo.git"]);
    check("bb.x/~jdoe/r", &["https://bb.x/scm/~jdoe/r.git", "ssh://git@bb.x:7999/~jdoe/r"]);
}

#[test]
fn gerrit_loses_its_port_and_keeps_its_path() {
    check("gerrit.x/plat/proj", &["ssh://u@gerrit.x:29418/plat/proj", "https://gerrit.x/plat/proj"]);
    check("gerrit.x/a/plat/proj", &["https://gerrit.x/a/plat/proj"]);
}

#[test]
fn unknown_hosts_keep_case_and_port() {
    check(
        "git.example.com/Team/App",
        &["https://git.Example.com/Team/App.git", "git@git.example.com:/Team/App"],
    );
    check("git.example.com:8443/Team/App", &["https://git.example.com:8443/Team/App.git"]);
    check(
        "git.example.com:2222/o/r",
        &["ssh://git@git.example.com:2222/o/r", "[git@git.example.com:2222]:o/r.git"],
    );
    check("gitserver/o/r", &["http://gitserver/o/r"]);
    check("gitserver:3000/o/r", &["http://gitserver:3000/o/r"]);
}

#[test]
fn ipv6_addresses_are_hosts() {
    check("[2001:db8::1]/o/r", &["git@[2001:db8::1]:o/r.git", "[git@2001:db8::1]:o/r.git"]);
    check("[::1]:2222/o/r", &["ssh://git@[::1]:2222/o/r"]);
    check("[::1]/o/r", &["ssh://git@[::1]/o/r", "https://[::1]:443/o/r"]);
}

#[test]
fn ssh_aliases_wait_for_the_ssh_configuration() {
    check("alias github-work o/r", &["github-work:o/r.git", "git@GitHub-Work:o/r.git"]);
    check("alias host:2222 o/r", &["[git@host:2222]:o/r.git", "ssh://git@host:2222/o/r"]);
    check("alias github.com-work o/r", &["git@github.com-work:o/r.git"]);

    let alias = normalise("git@github-work:Acme/Billing.git");
    assert_eq!(alias.id(), Some(RepoId::new("ssh-alias:github-work/Acme/Billing")));
    let resolved = alias.clone().resolved(|host| {
        assert_eq!(host, "github-work");
        Some(("ssh.github.com".to_owned(), Some(443)))
    });
    assert_eq!(text(&resolved), "github.com/acme/billing");
    let intranet = normalise("git@code:o/r").resolved(|_| Some(("gitserver".to_owned(), Some(2222))));
    assert_eq!(text(&intranet), "gitserver:2222/o/r");
    assert_eq!(alias.clone().resolved(|_| None), alias);
}

#[test]
fn paths_of_any_system_are_local() {
    check(
        "local",
        &[
            r"C:\src\r",
            "C:/src/r",
            "c:r",
            r"\\srv\share\r.git",
            "/srv/git/r.git",
            "file:///srv/git/r.git",
            "FILE://srv/r",
            "../sib.git",
            "./here",
            "~/src/r",
            "sibling",
            "some/folder:with-colon",
        ],
    );
}

#[test]
fn codecommit_is_named_by_region() {
    check(
        "codecommit/us-east-1/r",
        &[
            "codecommit::us-east-1://r",
            "codecommit::us-east-1://profile@r",
            "https://git-codecommit.us-east-1.amazonaws.com/v1/repos/r",
            "ssh://APKAEXAMPLE@git-codecommit.us-east-1.amazonaws.com/v1/repos/r",
        ],
    );
}

#[test]
fn what_is_no_repository_is_unusable() {
    check(
        "unusable",
        &[
            "",
            "   ",
            "https://",
            "https:///o/r",
            "https://github.com",
            "https://github.com/",
            "https://github.com/.git",
            "https://github.com/o/../r",
            "https://host:port/o/r",
            "https://host:99999/o/r",
            "https://ho st/o/r",
            "ssh://-oProxyCommand=touch/o/r",
            "-oProxyCommand=touch:o/r",
            "ssh://[::1/o/r",
            "[git@host:2222/o/r",
            "ext::sh -c 'touch /tmp/x'",
            "https::https://user:tok@github.com/o/r",
            "codecommit://r",
            "gopher://host/o/r",
            "https://github.com/o/r\u{0}",
            "https://github.com/o/r%00",
            "https://github.com/o\\r",
        ],
    );
    check("unusable", &[&format!("https://github.com/o/{}", "r".repeat(MAX_URL_BYTES))]);
    check("unusable", &[&format!("https://{}/o/r", "h".repeat(MAX_HOST_BYTES + 1))]);
}

#[test]
fn the_case_of_the_address_is_kept_for_display() {
    let Remote::Repo { display, .. } = normalise("git@github.com:Acme/Billing.git") else {
        panic!("no repo")
    };
    assert_eq!(&*display, "github.com/Acme/Billing");
}

#[test]
fn people_may_name_a_repository_in_short() {
    for (name, expected) in [
        ("github.com/Acme/Billing", Some("github.com/acme/billing")),
        ("git@github.com:acme/billing.git", Some("github.com/acme/billing")),
        ("git.example.com:8443/Team/App", Some("git.example.com:8443/Team/App")),
        ("local:0123abcd", Some("local:0123abcd")),
        ("ssh-alias:work/o/r", Some("ssh-alias:work/o/r")),
        ("/srv/git/r", None),
        ("billing", None),
    ] {
        assert_eq!(from_name(name), expected.map(RepoId::new), "{name}");
    }
}

const SECRET: &str = "s3cr3t";

#[test]
fn credentials_are_in_no_outcome() {
    for address in [
        "https://user:s3cr3t@github.com/o/r",
        "https://s3cr3t@github.com/o/r",
        "https://user:s3cr3t@github.com",
        "https://user:s3cr3t/x@github.com/o/r",
        "https://user:x/s3cr3t@github.com/o/r",
        "https://s3cr3t/x@github.com/o/r",
        "https://user:s3cr3t?x@github.com/o/r",
        "https://s3cr3t#x@github.com/o/r",
        "https://a@s3cr3t@github.com/o/r",
        "user:s3cr3t@github.com:o/r",
        "s3cr3t@github-work:o/r",
        "[user:s3cr3t@host:2222]:o/r",
        "ssh://user:s3cr3t@host:2222/o/r",
        "https::https://user:s3cr3t@github.com/o/r",
        "codecommit::us-east-1://s3cr3t@r",
        "https://gitlab.com/o/r?private_token=s3cr3t",
        "https://gitlab.com/o/r#s3cr3t",
    ] {
        let remote = normalise(address);
        assert!(!format!("{remote:?}").contains(SECRET), "{address} gives {remote:?}");
    }
}

/// A small generator of numbers that look random, the same on every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(sides).expect("a small number")).expect("a small number")
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }
}

/// Random addresses with a secret before their `@`, then with random damage to the rest.
#[test]
fn random_addresses_neither_panic_nor_leak() {
    const ROUNDS: usize = 60_000;
    let noise = [
        "", "/", "//", ":", "[", "]", "%", "%2", "%zz", "%00", "%40", "?", "#", ".git", "..", "é", "::", " ",
        "\\", "~", "-",
    ];
    let schemes = [
        "https://",
        "http://",
        "ssh://",
        "git://",
        "git+ssh://",
        "",
        "ftp://",
        "codecommit::us-east-1://",
        "ext::",
    ];
    let hosts = [
        "github.com",
        "GitHub.com.",
        "bb.x:7999",
        "[::1]:22",
        "work",
        "dev.azure.com",
        "org.visualstudio.com",
        "host:x",
    ];
    let paths = ["/o/r", ":o/r.git", "/scm/P/r", "/v3/a/b/c", "/a/_git/b", "/v1/repos/r", "", "/"];
    let mut dice = Dice(0x5eed_1234_5678_9abc);
    for round in 0..ROUNDS {
        let mut rest = format!("{}{}", dice.pick(&hosts), dice.pick(&paths));
        for _ in 0..dice.roll(4) {
            let at = dice.roll(rest.len() + 1);
            if rest.is_char_boundary(at) {
                rest.insert_str(at, dice.pick(&noise));
            }
        }
        let user = dice.pick(&["user:s3cr3t@", "s3cr3t@", "s3cr3t:x@", "u:a/s3cr3t@", "s3cr3t:@"]);
        let address = format!("{}{user}{rest}", dice.pick(&schemes));
        let remote = normalise(&address);
        assert!(!format!("{remote:?}").contains(SECRET), "round {round}: {address} gives {remote:?}");
        if let Some(id) = remote.id() {
            assert!(!id.as_str().contains(['@', '\\']), "round {round}: {address} gives {id}");
            let again = from_name(id.as_str());
            assert!(again.is_some(), "round {round}: {address} gives {id}, which is no name");
        }
    }
}
