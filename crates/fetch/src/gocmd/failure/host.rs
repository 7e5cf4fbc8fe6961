//! Which host a program or `go` speaks of: for the remedy in an error text.

/// The host of the first URL, or the one that ssh names. Without user, password and path.
pub(crate) fn of(text: &str) -> Option<String> {
    let url = text.split_once("://").map(|(_, rest)| {
        let authority = rest.split(|c: char| "/?#'\" \t\n,)".contains(c)).next().unwrap_or_default();
        authority.rsplit('@').next().unwrap_or_default()
    });
    let word = |after: &str| text.split_once(after).and_then(|(_, rest)| rest.split([' ', ':', '\n']).next());
    // `git@host: Permission denied (publickey).`
    let user = text.lines().find_map(|line| line.trim().split_once(": Permission denied").map(|(who, _)| who));
    let login = user.and_then(|who| who.rsplit('@').next());
    let candidates = [url, word("connect to host "), word("resolve hostname "), word("resolve host: "), login];
    candidates
        .into_iter()
        .flatten()
        .map(|host| host.trim_end_matches(':'))
        .find(|host| is_host(host))
        .map(str::to_owned)
}

fn is_host(host: &str) -> bool {
    !host.is_empty()
        && host.len() <= 255
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':' | b'[' | b']'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_without_anything_secret() {
        for (text, host) in [
            ("fatal: could not read Username for 'https://git.corp:8443': terminal prompts disabled", "git.corp:8443"),
            ("fatal: Authentication failed for 'https://user:pa@ss@git.corp/a/b.git/'", "git.corp"),
            ("ssh: connect to host git.corp port 22: Connection refused", "git.corp"),
            ("ssh: Could not resolve hostname git.corp: Name or service not known", "git.corp"),
            ("git@git.corp: Permission denied (publickey).", "git.corp"),
            ("Get \"https://a.b/c?go-get=1\": dial tcp: lookup a.b on 10.0.0.1:53: no such host", "a.b"),
        ] {
            assert_eq!(of(text).as_deref(), Some(host), "{text}");
        }
        for text in ["fatal: something", "x://", "see ://\u{7}bell"] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
