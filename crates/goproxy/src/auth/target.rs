//! Whom the token is for.

use std::path::PathBuf;

use crate::settings::Environment;

/// The proxy that gets the token: the first URL of GOPROXY, and no other. Those behind it are for what it does not
/// have, most often public ones, and would learn the token with the first request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target(String);

impl Target {
    /// From the environment, else from what `go env -w` wrote.
    pub(crate) fn find(environment: &Environment) -> Option<Self> {
        let list = environment.get("GOPROXY").map(str::to_owned).or_else(|| written(environment))?;
        Self::first(&list)
    }

    fn first(list: &str) -> Option<Self> {
        let url = list.split([',', '|']).map(str::trim).find(|entry| entry.contains("://"))?;
        let (scheme, rest) = url.split_once("://")?;
        let host = rest.split('/').next()?;
        let plain = rest.bytes().all(|b| b.is_ascii_graphic() && !b"?#\\\"<>".contains(&b));
        // With a user in the URL, go takes the password from there.
        let usable = !host.is_empty() && !host.contains('@') && plain;
        let safe = scheme == "https" || (scheme == "http" && is_local(host));
        (usable && safe).then(|| Self(url.trim_end_matches('/').to_owned()))
    }

    /// Without a slash at its end.
    pub(crate) fn url(&self) -> &str {
        &self.0
    }

    /// `https://host`, without the path.
    pub(crate) fn origin(&self) -> &str {
        let start = self.0.find("://").map_or(0, |at| at + 3);
        let end = self.0[start..].find('/').map_or(self.0.len(), |at| start + at);
        &self.0[..end]
    }

    /// Whether a URL is at or below it.
    pub(crate) fn covers(&self, url: &str) -> bool {
        url.strip_prefix(&self.0).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
    }
}

fn is_local(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next(),
        None => host.split(':').next(),
    };
    matches!(name, Some("localhost" | "127.0.0.1" | "::1"))
}

/// GOPROXY of the file of `go env -w`: `$GOENV`, else `go/env` below the user's configuration directory.
fn written(environment: &Environment) -> Option<String> {
    let config = || match environment.get("XDG_CONFIG_HOME") {
        Some(folder) => Some(PathBuf::from(folder)),
        None => Some(PathBuf::from(environment.get("HOME")?).join(".config")),
    };
    let file = match environment.get("GOENV") {
        Some("off") => return None,
        Some(file) => PathBuf::from(file),
        None => config()?.join("go/env"),
    };
    let text = std::fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| line.strip_prefix("GOPROXY=")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_proxy_gets_the_token_and_nobody_else() {
        for (list, url) in [
            ("https://goproxy.io", Some("https://goproxy.io")),
            ("https://goproxy.io/go/,https://proxy.golang.org,direct", Some("https://goproxy.io/go")),
            ("off, https://goproxy.io|direct", Some("https://goproxy.io")),
            ("http://127.0.0.1:8081", Some("http://127.0.0.1:8081")),
            ("http://[::1]:8081", Some("http://[::1]:8081")),
            ("http://goproxy.io", None),
            ("http://127.0.0.1.example.com", None),
            ("https://user@goproxy.io", None),
            ("file:///srv/cache,https://goproxy.io", None),
            ("https://goproxy.io\nhttps://evil.example", None),
            ("direct", None),
            ("https://", None),
        ] {
            assert_eq!(Target::first(list).as_ref().map(Target::url), url, "{list}");
        }
    }

    #[test]
    fn a_url_is_covered_at_its_own_host_and_path_only() {
        let target = Target::first("https://goproxy.io/go").unwrap();
        assert_eq!(target.origin(), "https://goproxy.io");
        for url in ["https://goproxy.io/go", "https://goproxy.io/go/a.b/@v/list"] {
            assert!(target.covers(url), "{url}");
        }
        for url in [
            "https://goproxy.io/",
            "https://goproxy.io/gopher",
            "https://goproxy.io.evil.example/go",
            "http://goproxy.io/go",
        ] {
            assert!(!target.covers(url), "{url}");
        }
    }
}
