//! Patterns with `*`, which stands for any run of characters, slashes included.

use domain::wildcard;

/// A pattern. ASCII letters match in either case unless it is a [`Glob::path`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Glob {
    pattern: Box<str>,
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
        Self { pattern: pattern.into(), case: Case::Ignored }
    }

    /// A pattern for folders: letters match in their own case, `\` and `/` are the same,
    /// and everything below a folder that matches, matches.
    pub(crate) fn path(pattern: &str) -> Self {
        let pattern = pattern.replace('\\', "/");
        let pattern = pattern.trim_end_matches('/');
        Self { pattern: pattern.into(), case: Case::Kept }
    }

    /// Whether all of the text matches.
    pub(crate) fn matches(&self, text: &str) -> bool {
        match self.case {
            Case::Ignored => wildcard::matches(&self.pattern, text),
            Case::Kept => wildcard::matches_by(
                self.pattern.as_bytes(),
                text.as_bytes(),
                |it| if it == b'\\' { b'/' } else { it },
                |rest| matches!(rest.first(), None | Some(b'/' | b'\\')),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
