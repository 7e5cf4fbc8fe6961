//! Where a credential belongs: scheme, host, port and a path prefix of whole elements. Nothing else ever gets it.

use reqwest::Url;

use crate::{guard, wire};

/// A place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bound {
    /// With a slash at its end; without user, query and fragment.
    url: Url,
}

impl Bound {
    /// Parses what somebody configured; the error is the remedy.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        const EXAMPLE: &str = "for example https://git.example.com/team/";
        // What does not parse may hold a password.
        let mut url = Url::parse(text).map_err(|error| format!("is no URL ({error}); write one, {EXAMPLE}"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(format!("holds a user or password; give them their own keys, and a plain URL here, {EXAMPLE}"));
        }
        if !matches!(url.scheme(), "https" | "http") || !url.has_host() {
            return Err(format!("is not the https URL of a host, {EXAMPLE}"));
        }
        if url.query().is_some() || url.fragment().is_some() || wire::climbs(url.path()) {
            return Err(format!("holds more than scheme, host, port and path, {EXAMPLE}"));
        }
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        Ok(Self { url })
    }

    /// All of the host of a URL.
    pub(crate) fn host_of(url: &Url) -> Self {
        let mut url = url.clone();
        wire::strip_userinfo(&mut url);
        url.set_query(None);
        url.set_fragment(None);
        url.set_path("/");
        Self { url }
    }

    /// How well it fits a URL: the length of its path; none where the URL lies elsewhere.
    pub(crate) fn fits(&self, url: &Url) -> Option<usize> {
        let (ours, path) = (self.url.path(), url.path());
        let below = path.starts_with(ours) || path == ours.trim_end_matches('/');
        // Some servers decode a path before they look for `..` in it.
        (self.url.origin() == url.origin() && below && !wire::climbs(path)).then_some(ours.len())
    }

    /// Whether it may be sent without TLS: to this machine only, unless the module is one that may be insecure.
    pub(crate) fn is_safe(&self, insecure: bool) -> bool {
        self.url.scheme() == "https" || guard::is_loopback(&self.url) || insecure
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Whether it is all of an https host.
    pub(crate) fn is_https_host(&self) -> bool {
        self.url.scheme() == "https" && self.url.path() == "/"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_left_its_scheme_host_port_or_path() {
        let bound = Bound::parse("https://git.example.com/team").unwrap();
        let fits = |url: &str| bound.fits(&Url::parse(url).unwrap());
        for url in ["https://git.example.com/team", "https://GIT.example.com:443/team/a.git/info/refs?service=x"] {
            assert_eq!(fits(url), Some(6), "{url}");
        }
        for url in [
            "http://git.example.com/team/a",
            "https://git.example.com:8443/team/a",
            "https://git.example.com/teams/a",
            "https://git.example.com/Team/a",
            "https://git.example.com/team/../other",
            "https://git.example.com/team/..%2fother",
            "https://git.example.com/team/%2e%2e/other",
            "https://git.example.com/team/%252e%252e%252fother",
            "https://git.example.com/team/..%5cother",
            "https://git.example.com/team/..;/other",
            "https://git.example.com/team/%2e.%3bx=y/other",
            "https://git.example.com/",
            "https://x.git.example.com/team/a",
            "https://git.example.com.evil.example/team/a",
            "https://git.example.com@evil.example/team/a",
        ] {
            assert_eq!(fits(url), None, "{url}");
        }
    }

    #[test]
    fn what_is_no_place_is_refused_without_being_shown() {
        for text in [
            "git.example.com",
            "https://",
            "ftp://git.example.com/",
            "https://u:canary@git.example.com/",
            "https://canary@git.example.com/",
            "https://git.example.com/?canary",
            "https://git.example.com/#canary",
            "https://git.example.com/a%2f..",
            "canary@git.example.com:team",
        ] {
            let error = Bound::parse(text).unwrap_err();
            assert!(error.contains("https://git.example.com/team/") && !error.contains("canary"), "{error}");
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_and_for_what_may_be_insecure() {
        for (url, insecure, safe) in [
            ("https://a.example/", false, true),
            ("http://a.example/", false, false),
            ("http://a.example/", true, true),
            ("http://127.0.0.1:8080/", false, true),
        ] {
            assert_eq!(Bound::parse(url).unwrap().is_safe(insecure), safe, "{url}");
        }
    }
}
