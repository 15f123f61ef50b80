//! Patterns with `*`, which stands for any run of characters, slashes included.

/// A pattern. ASCII letters match in either case unless it is a [`Glob::path`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Glob {
    pattern: Box<[u8]>,
    case: Case,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    Ignored,
    Kept,
}

impl Glob {
    /// A pattern for names, in which the case of letters says nothing.
    pub(crate) fn name(pattern: &str) -> Self {
        Self { pattern: pattern.to_ascii_lowercase().into_bytes().into(), case: Case::Ignored }
    }

    /// A pattern for folders: letters match in their own case, `\` and `/` are the same,
    /// and everything below a folder that matches, matches.
    pub(crate) fn path(pattern: &str) -> Self {
        let pattern = pattern.replace('\\', "/");
        let pattern = pattern.trim_end_matches('/');
        Self { pattern: pattern.as_bytes().into(), case: Case::Kept }
    }

    /// Whether all of the text matches.
    pub(crate) fn matches(&self, text: &str) -> bool {
        match self.case {
            Case::Ignored => {
                run(&self.pattern, text.as_bytes(), |it| it.to_ascii_lowercase(), |rest| rest.is_empty())
            }
            Case::Kept => run(
                &self.pattern,
                text.as_bytes(),
                |it| if it == b'\\' { b'/' } else { it },
                |rest| matches!(rest.first(), None | Some(b'/' | b'\\')),
            ),
        }
    }
}

/// Matches with one step back: the last `*` takes one more byte whenever what follows it fails.
fn run(pattern: &[u8], text: &[u8], fold: impl Fn(u8) -> u8, may_end: impl Fn(&[u8]) -> bool) -> bool {
    let (mut pattern, mut text) = (pattern, text);
    let mut retry: Option<(&[u8], &[u8])> = None;
    loop {
        match (pattern.split_first(), text.split_first()) {
            (Some((b'*', after)), _) => {
                retry = Some((after, text));
                pattern = after;
                continue;
            }
            (Some((wanted, after)), Some((byte, rest))) if *wanted == fold(*byte) => {
                pattern = after;
                text = rest;
                continue;
            }
            (None, _) if may_end(text) => return true,
            _ => {}
        }
        let Some((after, [_, rest @ ..])) = retry else { return false };
        retry = Some((after, rest));
        pattern = after;
        text = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_run() {
        for (pattern, text, expected) in [
            ("fix/*", "fix/a/b", true),
            ("fix/*", "Fix/", true),
            ("FIX/*", "fix/x", true),
            ("fix/*", "hotfix/x", false),
            ("*fix/*", "hotfix/x", true),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("a*b*c", "aXbbYc", true),
            ("a*b*c", "aXbbY", false),
            ("*.rs", "a.rs.rs", true),
            ("a**b", "ab", true),
            ("ENG-*", "eng-12", true),
        ] {
            assert_eq!(Glob::name(pattern).matches(text), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn a_folder_matches_with_all_below_it() {
        for (pattern, text, expected) in [
            ("/home/*/src/billing", "/home/ada/src/billing", true),
            ("/home/*/src/billing", "/home/ada/src/billing/api", true),
            ("/home/*/src/billing/", "/home/ada/src/billing", true),
            ("/home/*/src/billing", "/home/ada/src/billing-ui", false),
            ("/home/*/src/billing*", "/home/ada/src/billing-ui", true),
            ("/home/*/src/billing", "/home/ada/src/Billing", false),
            ("C:/src/app", r"C:\src\app\web", true),
            (r"C:\src\app", "C:/src/app", true),
            ("/srv/*/x", "/srv/x", false),
        ] {
            assert_eq!(Glob::path(pattern).matches(text), expected, "{pattern} on {text}");
        }
    }
}
