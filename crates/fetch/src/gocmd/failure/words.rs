//! The words of `go`: which of them are the error, and which may leave the host.

use std::path::Path;

const MAX_LINES: usize = 8;
const MAX_BYTES: usize = 640;

/// The error itself: without progress, warnings and the program's name.
pub(crate) fn told(text: &str) -> String {
    let progress =
        ["go: downloading ", "go: finding ", "go: extracting ", "go: switching to ", "go: warning: ", "warning: "];
    let lines = text.lines().filter(|line| !progress.iter().any(|start| line.starts_with(start)));
    let lines: Vec<&str> = lines.map(|line| line.strip_prefix("go: ").unwrap_or(line)).collect();
    lines.join("\n").trim().to_owned()
}

/// The output of a program that `go` ran and that failed: `<command> in <dir>: exit status 128:` and indented lines.
pub(crate) fn of_program(told: &str) -> Option<&str> {
    let ends = [": exit status ", ": signal: "].iter().filter_map(|sign| told.find(sign)).min();
    let command =
        [" in /", "git ", "hg ", "svn ", "fossil "].iter().any(|sign| told[..ends.unwrap_or(0)].contains(sign));
    ends.filter(|_| command).map(|at| &told[at..])
}

/// What the client may read: no URL credentials, no paths of this host, bounded.
pub(crate) fn shown(told: &str, scratch: &Path) -> String {
    let text = without_secrets(told).replace(&*scratch.to_string_lossy(), "");
    let mut shown = String::new();
    for line in text.lines().take_while(|line| !line.trim().is_empty()).take(MAX_LINES) {
        let line: String = without_paths(line).chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let room = MAX_BYTES.saturating_sub(shown.len() + 1);
        shown.push_str(&line[..line.floor_char_boundary(room)]);
        if line.len() >= room {
            break;
        }
        shown.push('\n');
    }
    shown.trim_end().to_owned()
}

/// Cuts user and password out of every URL, and what follows the name of a scheme of authentication.
pub(crate) fn without_secrets(text: &str) -> String {
    without_headers(&without_userinfo(text))
}

/// The output of a program without what a server said through it: that may repeat credentials which are git's and not
/// ours to know.
pub(crate) fn without_remote(text: &str) -> String {
    let cut = |line: &str| {
        let said = ["remote: ", "remote error: "].iter().filter_map(|sign| Some(line.find(sign)? + sign.len())).min();
        said.map_or_else(|| line.to_owned(), |at| format!("{}[what the server said is left out]", &line[..at]))
    };
    // `go` indents, or escapes, what programs print.
    text.split_inclusive('\n')
        .map(|line| if line.ends_with('\n') { cut(line.trim_end()) + "\n" } else { cut(line) })
        .collect()
}

/// As servers repeat it: `Authorization: Basic YTpi`, `Bearer eyJh...`.
fn without_headers(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut out = String::with_capacity(text.len());
    let mut rest = 0;
    for (at, scheme) in ["basic ", "bearer "]
        .iter()
        .flat_map(|word| lower.match_indices(word))
        .collect::<std::collections::BTreeMap<_, _>>()
    {
        let from = at + scheme.len();
        let word = text[from..]
            .find(|c: char| !(c.is_ascii_alphanumeric() || "-._~+/=".contains(c)))
            .unwrap_or(text.len() - from);
        // Prose has shorter words, or plain ones.
        let token = &text[from..from + word];
        if from >= rest && word >= 8 && token.bytes().any(|b| !b.is_ascii_lowercase()) {
            out.push_str(&text[rest..from]);
            out.push_str("[secret]");
            rest = from + word;
        }
    }
    out.push_str(&text[rest..]);
    out
}

fn without_userinfo(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        out.push_str(before);
        out.push_str("://");
        let end = after.find(|c: char| c.is_whitespace() || "/?#'\"`<>".contains(c)).unwrap_or(after.len());
        // A password may hold any of these if somebody forgot to encode it; up to the last @ of the word is no host.
        let word = after.find(|c: char| c.is_whitespace() || "'\"`<>".contains(c)).unwrap_or(after.len());
        let cut =
            after[..end].rfind('@').or_else(|| after[..word].rfind('@').filter(|at| looks_like_user(&after[..*at])));
        rest = cut.map_or(after, |at| &after[at + 1..]);
    }
    out.push_str(rest);
    out
}

/// `user:pass/word` before an @, rather than `host/path` before a version.
fn looks_like_user(before: &str) -> bool {
    let host = before.split('/').next().unwrap_or_default();
    host.split_once(':').is_some_and(|(_, port)| port.is_empty() || !port.bytes().all(|b| b.is_ascii_digit()))
}

/// Replaces absolute paths by `(path)`.
fn without_paths(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    let mut previous = ' ';
    while let Some(c) = rest.chars().next() {
        let starts = c == '/' && (previous.is_whitespace() || "'\"`(=,".contains(previous));
        let len = if starts {
            rest.find(|c: char| c.is_whitespace() || "'\"`),:".contains(c)).unwrap_or(rest.len())
        } else {
            0
        };
        if rest[..len].matches('/').count() > 1 {
            out.push_str("(path)");
            rest = &rest[len..];
            previous = ')';
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
            previous = c;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_never_pass() {
        for (text, clean) in [
            ("at https://u:S3CRET@h.x/a and ssh://git@h/b", "at https://h.x/a and ssh://h/b"),
            ("'https://S3CRET@h'", "'https://h'"),
            ("https://u:S3/C@RET@h/x", "https://h/x"),
            ("https://h/a/b@v1.0.0", "https://h/a/b@v1.0.0"),
            ("https://h:8080/a/b@v1.0.0", "https://h:8080/a/b@v1.0.0"),
            ("no url", "no url"),
            ("remote: Authorization: Basic Ym90OlMzQ1JFVA==!", "remote: Authorization: Basic [secret]!"),
            ("bearer S3CRETS3CRET, BASIC S3CRETS3CRET", "bearer [secret], BASIC [secret]"),
            ("basic authentication failed", "basic authentication failed"),
        ] {
            assert_eq!(without_secrets(text), clean);
        }
    }

    #[test]
    fn paths_and_control_characters_do_not_pass() {
        let scratch = Path::new("/var/tmp/go-1");
        let text = "a: open /var/tmp/go-1/x/y: denied \"/etc/passwd\" https://h/a/b a/b/c ./x /v2\u{1b}[0m";
        let clean = "a: open /x/y: denied \"(path)\" https://h/a/b a/b/c ./x /v2 [0m";
        assert_eq!(shown(text, scratch), clean.replace("/x/y", "(path)"));
    }

    #[test]
    fn what_is_shown_is_bounded_and_ends_at_an_empty_line() {
        assert_eq!(shown("one\n\ntwo", Path::new("/s")), "one");
        assert_eq!(shown(&"x\n".repeat(50), Path::new("/s")).lines().count(), 8);
        let long = shown(&"ü".repeat(5000), Path::new("/s"));
        assert!((600..=640).contains(&long.len()), "{}", long.len());
        assert!(shown(&format!("{}\n", "z".repeat(300)).repeat(8), Path::new("/s")).len() <= 640);
    }

    #[test]
    fn progress_is_not_the_error() {
        let text = "go: downloading go1.30\nwarning: redirecting\ngo: module a.b/c: no matching versions\n";
        assert_eq!(told(text), "module a.b/c: no matching versions");
    }
}
