//! Patterns in which `*` stands for any run of characters, as people write them in
//! filters, rules and contracts. Everything else stands for itself.

/// Whether a pattern covers the whole text. Upper and lower case are one, for the
/// letters of ASCII.
#[must_use]
pub fn matches(pattern: &str, text: &str) -> bool {
    matches_by(pattern.as_bytes(), text.as_bytes(), |byte| byte.to_ascii_lowercase(), <[u8]>::is_empty)
}

/// The same for texts that are compared in another way: bytes are alike if `fold`
/// makes the same of them, and the text may go on behind the pattern where
/// `may_end` says so of the rest.
pub fn matches_by(
    pattern: &[u8],
    text: &[u8],
    fold: impl Fn(u8) -> u8,
    may_end: impl Fn(&[u8]) -> bool,
) -> bool {
    let (mut pattern, mut text) = (pattern, text);
    // One step back is enough: the last `*` takes one more byte whenever what follows it fails.
    let mut retry: Option<(&[u8], &[u8])> = None;
    loop {
        match (pattern.split_first(), text.split_first()) {
            (Some((b'*', after)), _) => {
                retry = Some((after, text));
                pattern = after;
                continue;
            }
            (Some((wanted, after)), Some((byte, rest))) if fold(*wanted) == fold(*byte) => {
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
            ("aba", "ababa", false),
            ("ab*ba", "aba", false),
            ("caf\u{e9}*", "caf\u{e9} noir", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} on {text}");
        }
    }
}
