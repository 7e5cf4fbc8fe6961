//! How to get to a repository: where its URL really leads, and what goes along.

use std::{fmt, sync::Arc};

use base64::Engine as _;
use goproxy_engine::{Error, ErrorKind, Result};
use http::{HeaderName, HeaderValue, header::AUTHORIZATION};
use reqwest::Url;

use super::{
    entries::Entries,
    http::{headers, obstacle, sensitive},
    place::{Place, Scheme},
    urlmatch::Target,
};
use crate::{Access, HttpClient, credentials::Entry, exec::hostenv::Var};

/// The way to a repository, as the host's git configuration has it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Way {
    /// Where it is, after `insteadOf`: without password, over HTTP without user, too. Names the repository.
    pub(crate) url: String,
    /// The URL before `insteadOf`: what the `git` command is given, so that it rewrites it itself and no token is an
    /// argument.
    pub(crate) asked: String,
    /// The operator's own choice: addresses inside our network and any protocol are allowed.
    pub(crate) rewritten: bool,
    /// How the repository is spoken to.
    pub(crate) scheme: Scheme,
    /// The host, with the port where the URL has one; empty for a directory.
    pub(crate) host: String,
    /// The user of the URL where there is no password, over HTTP: credentials are to be of this user.
    pub(crate) user: Option<String>,
    /// What goes along with each request to this host and to no other.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// Why only the `git` command can go there.
    pub(crate) needs_git: Option<&'static str>,
    /// Whether the configuration says how `ssh` is to be run.
    pub(crate) own_ssh: bool,
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Way").field("url", &self.url).field("needs_git", &self.needs_git).finish_non_exhaustive()
    }
}

impl Way {
    pub(super) fn new(asked: &str, entries: &Entries, env: &[Var]) -> Result<Self> {
        let mut place = Place::parse(asked)?;
        let rewritten = rewrite(asked, entries);
        if let Some(url) = &rewritten {
            place = Place::parse(url).map_err(|_| {
                let shown = Place::parse(asked).map_or_else(|_| String::new(), |place| place.shown());
                let message = format!("the git configuration of the proxy host leads {shown} to what is no repository");
                Error::new(ErrorKind::Refused, message)
            })?;
        }
        super::protocol::check(place.scheme, entries, env)?;
        let mut way = Self {
            url: place.url(),
            asked: asked.to_owned(),
            rewritten: rewritten.is_some(),
            scheme: place.scheme,
            host: place.port.map_or_else(|| place.host.clone(), |port| format!("{}:{port}", place.host)),
            user: None,
            headers: Vec::new(),
            needs_git: None,
            own_ssh: entries.get("core", "sshcommand").is_some_and(|command| !command.is_empty()),
        };
        match place.scheme {
            Scheme::Ssh => way.needs_git = Some("ssh"),
            Scheme::Git => way.needs_git = Some("git://"),
            Scheme::File => way.needs_git = Some("a directory"),
            Scheme::Http | Scheme::Https => way.add_http(&place, entries, env)?,
        }
        Ok(way)
    }

    fn add_http(&mut self, place: &Place, entries: &Entries, env: &[Var]) -> Result<()> {
        let url =
            Url::parse(&self.url).map_err(|_| Error::new(ErrorKind::Refused, format!("not a URL: {}", self.url)))?;
        let settings = entries.about("http", &Target::new(url, place.user.clone()));
        self.needs_git = obstacle(&settings, env, place.scheme == Scheme::Https);
        match headers(&settings, env) {
            Some(headers) => self.headers = headers,
            None => self.needs_git = Some("http.extraHeader"),
        }
        // A header of the operator goes before the login in a URL, as it does in libcurl.
        match (&place.user, &place.password) {
            (Some(user), Some(password)) if !self.headers.iter().any(|(name, _)| name == AUTHORIZATION) => {
                let login = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{}", password.expose()));
                self.headers.extend(sensitive(&format!("Basic {login}")).map(|value| (AUTHORIZATION, value)));
            }
            (user, None) => self.user.clone_from(user),
            _ => {}
        }
        Ok(())
    }

    /// The configured credential for it. The login in a URL and the headers of the host's git configuration go before.
    pub(crate) fn configured(&self, http: &HttpClient, access: Access) -> Option<Arc<Entry>> {
        if !self.scheme.is_http() || self.headers.iter().any(|(name, _)| name == AUTHORIZATION) {
            return None;
        }
        let url = Url::parse(&self.url).ok()?;
        http.options().credentials.find(&url, access.credentials, access.insecure)
    }

    /// Whether the protocol may be spoken: without encryption only where the module is marked insecure or the operator
    /// leads there, a directory only where the operator leads there.
    ///
    /// # Errors
    /// [`ErrorKind::Refused`], with the remedy.
    pub(crate) fn check(&self, access: Access) -> Result<()> {
        let allowed = match self.scheme {
            Scheme::Https | Scheme::Ssh => true,
            Scheme::Http | Scheme::Git => self.rewritten || access.insecure,
            Scheme::File => self.rewritten,
        };
        let remedy =
            if self.scheme == Scheme::File { "" } else { "; GOINSECURE on the proxy host allows it for named modules" };
        let message = || format!("{}: {}:// is not a secure way to a repository{remedy}", self.url, self.scheme.name());
        if allowed { Ok(()) } else { Err(Error::new(ErrorKind::Refused, message())) }
    }
}

/// `url.<base>.insteadOf`: what begins with the value begins with the base instead; the longest value wins, of equally
/// long ones the first.
fn rewrite(url: &str, entries: &Entries) -> Option<String> {
    let mut best: Option<(&str, &str)> = None;
    for (base, prefix) in entries.subsections("url", "insteadof") {
        if url.starts_with(prefix) && best.is_none_or(|(_, longest)| prefix.len() > longest.len()) {
            best = Some((base, prefix));
        }
    }
    best.map(|(base, prefix)| format!("{base}{}", &url[prefix.len()..]))
}

#[cfg(test)]
mod tests {
    use super::{super::entries::entries, *};

    fn way(url: &str, settings: &[(&str, &str)]) -> Result<Way> {
        Way::new(url, &entries(settings), &[])
    }

    #[test]
    fn the_longest_prefix_wins() {
        let settings = [
            ("url.https://short.example/.insteadof", "https://github.com/"),
            ("url.git@long.example:.insteadof", "https://github.com/corp/"),
            ("url.https://same.example/.insteadof", "https://github.com/corp/"),
            ("url.https://push.example/.pushinsteadof", "https://push/"),
        ];
        for (asked, url, rewritten) in [
            ("https://github.com/a/b", "https://short.example/a/b", true),
            ("https://github.com/corp/b", "git@long.example:b", true),
            ("https://gitlab.com/a/b", "https://gitlab.com/a/b", false),
            ("https://push/a/b", "https://push/a/b", false),
        ] {
            let way = way(asked, &settings).unwrap();
            assert_eq!((way.url.as_str(), way.asked.as_str(), way.rewritten), (url, asked, rewritten));
        }
    }

    #[test]
    fn a_token_in_a_url_is_a_header_and_never_shown() {
        let settings = [("url.https://me:canary%21@github.com/.insteadof", "https://github.com/")];
        let way = way("https://github.com/a/b", &settings).unwrap();
        assert_eq!((way.url.as_str(), way.user, way.needs_git), ("https://github.com/a/b", None, None));
        assert_eq!(way.headers[0].0, AUTHORIZATION);
        assert_eq!(way.headers[0].1, "Basic bWU6Y2FuYXJ5IQ==");
        assert!(way.headers[0].1.is_sensitive());
    }

    #[test]
    fn a_lone_user_waits_for_its_password() {
        let way =
            way("https://github.com/a/b", &[("url.https://me@github.com/.insteadof", "https://github.com/")]).unwrap();
        assert_eq!(
            (way.user.as_deref(), way.headers.len(), way.url.as_str()),
            (Some("me"), 0, "https://github.com/a/b")
        );
        assert!(!format!("{way:?}").contains("me@"));
    }

    #[test]
    fn settings_are_those_of_the_rewritten_url() {
        let settings = [
            ("url.https://git.corp/.insteadof", "https://github.com/"),
            ("http.https://git.corp.extraheader", "Authorization: Bearer canary"),
            ("http.https://github.com.sslverify", "false"),
        ];
        let corp = way("https://github.com/a/b", &settings).unwrap();
        assert_eq!((corp.headers[0].1.as_bytes(), corp.needs_git), (&b"Bearer canary"[..], None));
        let other = way("https://gitlab.com/a/b", &settings).unwrap();
        assert!(other.headers.is_empty());
    }

    #[test]
    fn what_only_git_can_do() {
        let lead = |base: &str| {
            let key = format!("url.{base}.insteadof");
            way("https://github.com/a/b", &[(&key, "https://github.com/"), ("core.sshcommand", "ssh -i x")]).unwrap()
        };
        for (base, why) in
            [("ssh://git@h/", "ssh"), ("git@h:", "ssh"), ("/srv/", "a directory"), ("git://h/", "git://")]
        {
            assert_eq!(lead(base).needs_git, Some(why), "{base}");
        }
        assert!(lead("git@h:").own_ssh);
        assert_eq!(
            way("https://h/a", &[("http.extraheader", "nonsense")]).unwrap().needs_git,
            Some("http.extraHeader")
        );
    }

    #[test]
    fn protocols_without_encryption_need_a_reason() {
        let allowed = |way: &Way, insecure| way.check(Access { insecure, ..Access::default() }).is_ok();
        for (url, plain) in [("https://h/a", true), ("ssh://h/a", true), ("http://h/a", false), ("git://h/a", false)] {
            let way = way(url, &[]).unwrap();
            assert_eq!((allowed(&way, false), allowed(&way, true)), (plain, true), "{url}");
        }
        assert!(!allowed(&way("file:///srv/a", &[]).unwrap(), true));
        assert!(allowed(&way("https://h/a", &[("url./srv/.insteadof", "https://h/")]).unwrap(), false));
        for helper in ["ext::sh ", "https::", "ftp://x/", "../"] {
            let key = format!("url.{helper}.insteadof");
            let error = way("https://h/a", &[(&key, "https://h/")]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Refused, "{helper}");
        }
    }
}
