//! Who a developer is, from an e-mail address or the path of a home folder.

use domain::Developer;

/// What starts the name of a developer of whom only the account on a machine is known.
pub const OS_USER: &str = "os-user:";

/// The longest e-mail address there can be, in bytes.
const MAX_EMAIL_BYTES: usize = 320;

/// The domain of the addresses behind which GitHub hides those of its users.
const GITHUB_NO_REPLY: &str = "users.noreply.github.com";

/// The same of GitLab.
const GITLAB_NO_REPLY: &str = "users.noreply.gitlab.com";

/// The developer of an e-mail address, in lower case; `None` for what is no address.
#[must_use]
pub fn developer(email: &str) -> Option<Developer> {
    let email = email.trim();
    let email = email.strip_prefix('<').and_then(|it| it.strip_suffix('>')).unwrap_or(email);
    let (mailbox, host) = email.rsplit_once('@')?;
    let is_clean = !email.chars().any(|it| it.is_whitespace() || it.is_control() || matches!(it, '<' | '>'));
    let is_address = is_clean && !mailbox.is_empty() && !host.is_empty() && email.len() <= MAX_EMAIL_BYTES;
    is_address.then(|| Developer::new(&email.to_lowercase()))
}

/// What stays the same of a developer when an account is renamed: the account's number
/// in a hiding address of GitHub (`12+login@…`) or GitLab (`12-login@…`), else the text itself.
#[must_use]
pub fn key(developer: &str) -> String {
    let text = developer.trim().to_lowercase();
    let numbered = text.split_once('@').and_then(|(mailbox, host)| {
        let separator = match host {
            GITHUB_NO_REPLY => '+',
            GITLAB_NO_REPLY => '-',
            _ => return None,
        };
        let (number, login) = mailbox.split_once(separator)?;
        let is_number = !number.is_empty() && number.bytes().all(|it| it.is_ascii_digit());
        (is_number && !login.is_empty()).then(|| format!("{number}@{host}"))
    });
    numbered.unwrap_or(text)
}

/// The account whose home folder holds the folder, by the layout of any system:
/// the folder may come from another machine.
#[must_use]
pub fn home_owner(folder: &str) -> Option<Developer> {
    let slashed = folder.replace('\\', "/");
    let parts: Vec<&str> = slashed.split('/').collect();
    let owner = match parts.as_slice() {
        ["", "home", owner, ..] => owner,
        ["", "Users", owner, ..] if *owner != "Shared" => owner,
        ["", "mnt", drive, "Users", owner, ..] if drive.len() == 1 && *owner != "Public" => owner,
        [drive, users, owner, ..]
            if drive.ends_with(':') && users.eq_ignore_ascii_case("users") && *owner != "Public" =>
        {
            owner
        }
        _ => return None,
    };
    let is_name = !owner.is_empty() && !owner.starts_with('.') && !owner.chars().any(char::is_control);
    is_name.then(|| Developer::new(&format!("{OS_USER}{}", owner.to_lowercase())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_lower_case() {
        for (email, expected) in [
            ("Ada@Example.com", Some("ada@example.com")),
            (" <ada@example.com> ", Some("ada@example.com")),
            ("12+Ada@users.noreply.github.com", Some("12+ada@users.noreply.github.com")),
            ("ada", None),
            ("@example.com", None),
            ("ada@", None),
            ("a da@example.com", None),
            ("ada@example.com>\n", None),
        ] {
            assert_eq!(developer(email), expected.map(Developer::new), "{email}");
        }
    }

    #[test]
    fn hiding_addresses_are_known_by_their_number() {
        for (text, expected) in [
            ("12+Ada@users.noreply.github.com", "12@users.noreply.github.com"),
            ("12-ada@users.noreply.gitlab.com", "12@users.noreply.gitlab.com"),
            ("ada@users.noreply.github.com", "ada@users.noreply.github.com"),
            ("x+ada@users.noreply.github.com", "x+ada@users.noreply.github.com"),
            ("12+ada@example.com", "12+ada@example.com"),
            ("os-user:ada", "os-user:ada"),
        ] {
            assert_eq!(key(text), expected, "{text}");
        }
    }

    #[test]
    fn home_folders_name_their_owner() {
        for (folder, expected) in [
            ("/home/ada/src/app", Some("os-user:ada")),
            ("/Users/Ada", Some("os-user:ada")),
            (r"C:\Users\ada\src", Some("os-user:ada")),
            ("d:/users/ada", Some("os-user:ada")),
            ("/mnt/c/Users/ada/src", Some("os-user:ada")),
            ("/Users/Shared/app", None),
            (r"C:\Users\Public\app", None),
            ("/home", None),
            ("/home/", None),
            ("/srv/app", None),
            ("home/ada", None),
            ("", None),
        ] {
            assert_eq!(home_owner(folder), expected.map(Developer::new), "{folder}");
        }
    }
}
