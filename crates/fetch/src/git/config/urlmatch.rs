//! Which `http.<url>.*` settings are about a URL, and which of them more so (git-config(1), `http.<url>.*`).

use reqwest::Url;

/// A URL that settings may be about.
#[derive(Clone, Debug)]
pub(super) struct Target {
    url: Url,
    user: Option<String>,
}

impl Target {
    /// A URL without login.
    #[cfg(test)]
    pub(super) fn parse(url: &str) -> Option<Self> {
        Some(Self::new(Url::parse(url).ok()?, None))
    }

    pub(super) fn new(url: Url, user: Option<String>) -> Self {
        Self { url, user }
    }
}

/// How well a setting fits; the better is the greater: by the host's length, then the path's, then the user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    host: usize,
    path: usize,
    user: bool,
}

/// The URL in the name of a setting. In its host a `*` stands for one label.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    url: Url,
    user: Option<String>,
}

impl Pattern {
    /// `None` for what is no URL: such a setting is about nothing.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok().filter(Url::has_host)?;
        let decoded = String::from_utf8(crate::wire::percent_decode(url.username())).ok()?;
        Some(Self { url, user: Some(decoded).filter(|user| !user.is_empty()) })
    }

    pub(super) fn rank(&self, target: &Target) -> Option<Rank> {
        let (ours, theirs) = (&self.url, &target.url);
        let (host, asked) = (ours.host_str()?, theirs.host_str()?);
        let same = ours.scheme() == theirs.scheme()
            && ours.port_or_known_default() == theirs.port_or_known_default()
            && (self.user.is_none() || self.user == target.user)
            && host_fits(host, asked);
        let path = path_fits(ours.path(), theirs.path()).filter(|_| same)?;
        Some(Rank { host: host.len(), path, user: self.user.is_some() })
    }
}

fn host_fits(pattern: &str, host: &str) -> bool {
    let mut labels = host.split('.');
    let all = pattern.split('.').all(|label| labels.next().is_some_and(|other| label == "*" || label == other));
    all && labels.next().is_none()
}

/// A path fits what lies below it, by whole elements.
fn path_fits(pattern: &str, path: &str) -> Option<usize> {
    let pattern = pattern.strip_suffix('/').unwrap_or(pattern);
    let rest = path.strip_prefix(pattern)?;
    (rest.is_empty() || rest.starts_with('/')).then_some(pattern.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_and_what_does_not() {
        let rank = |pattern: &str| {
            let target = Target::new(Url::parse("https://git.h.example/a/b.git").unwrap(), Some("me".to_owned()));
            Pattern::parse(pattern)?.rank(&target)
        };
        for fits in [
            "https://git.h.example",
            "https://GIT.h.example:443/",
            "https://git.h.example/a",
            "https://git.h.example/a/",
            "https://git.h.example/%61/b.git",
            "https://*.h.example",
            "https://me@git.h.example",
        ] {
            let canonical = fits.replace("%61", "a");
            assert!(rank(&canonical).is_some(), "{fits}");
        }
        for other in [
            "http://git.h.example",
            "https://git.h.example:8443",
            "https://h.example",
            "https://*.example",
            "https://x.git.h.example",
            "https://git.h.example/a/b",
            "https://git.h.example/A",
            "https://you@git.h.example",
            "git.h.example",
            "",
        ] {
            assert_eq!(rank(other), None, "{other}");
        }
        let order =
            ["https://*.h.example", "https://git.h.example", "https://git.h.example/a", "https://me@git.h.example/a"];
        assert!(order.windows(2).all(|pair| rank(pair[0]) < rank(pair[1])));
    }
}
