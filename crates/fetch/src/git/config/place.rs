//! Where a repository is: a URL, `user@host:path` or a directory, taken apart as git does (gitprotocol, urls.txt of git),
//! and refused where it could be read as anything else.

use std::fmt;

use goproxy_engine::{Error, ErrorKind, Result};

use crate::{Secret, wire};

/// How a repository is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Scheme {
    Https,
    Http,
    Ssh,
    /// Git's own, without encryption or authentication.
    Git,
    /// A directory of this machine.
    File,
}

impl Scheme {
    /// The word of GIT_ALLOW_PROTOCOL and `protocol.<name>.allow`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
            Self::Ssh => "ssh",
            Self::Git => "git",
            Self::File => "file",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "https" => Self::Https,
            "http" => Self::Http,
            "ssh" | "git+ssh" | "ssh+git" => Self::Ssh,
            "git" => Self::Git,
            "file" => Self::File,
            _ => return None,
        })
    }

    /// Whether it is spoken over HTTP.
    pub(crate) const fn is_http(self) -> bool {
        matches!(self, Self::Https | Self::Http)
    }
}

/// A place, without any doubt about its parts.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) scheme: Scheme,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<Secret>,
    /// Empty for a directory. IPv6 addresses are in brackets.
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
    /// Begins with a slash, unless it is the path of `host:path`.
    pub(crate) path: String,
    /// Written as `host:path`.
    short: bool,
}

impl Place {
    /// Takes it apart.
    ///
    /// # Errors
    /// [`ErrorKind::Refused`] for what no repository of a module is: helpers (`ext::`), other schemes, hosts and users
    /// that a program could take for an option, `..` in paths. The text names no secret.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let place = Self::split(text).ok_or_else(|| refused(text))?;
        if place.is_sound() { Ok(place) } else { Err(refused(text)) }
    }

    fn split(text: &str) -> Option<Self> {
        let word = text.find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c)).unwrap_or(text.len());
        if text[word..].starts_with("::") || text.chars().any(char::is_control) {
            return None;
        }
        if let Some((scheme, rest)) = text.split_once("://") {
            return Self::of_url(Scheme::parse(scheme)?, rest);
        }
        if text.starts_with('/') {
            return Some(Self::new(Scheme::File, "", None, text));
        }
        let (authority, path) = text.split_once(':')?;
        if authority.contains('/') {
            return None;
        }
        let (login, host) = authority.rsplit_once('@').map_or((None, authority), |(login, host)| (Some(login), host));
        let user = login.map(str::to_owned);
        Some(Self { user, short: true, ..Self::new(Scheme::Ssh, host, None, path) })
    }

    fn of_url(scheme: Scheme, rest: &str) -> Option<Self> {
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (login, host) = authority.rsplit_once('@').map_or((None, authority), |(login, host)| (Some(login), host));
        // The colon of a port stands after the bracket of an address.
        let colon = host.rfind(':').filter(|at| host.rfind(']').is_none_or(|bracket| bracket < *at));
        let (host, port) = match colon {
            Some(at) if at + 1 == host.len() => (&host[..at], None),
            Some(at) => (&host[..at], Some(number(&host[at + 1..])?)),
            None => (host, None),
        };
        let decode = |text: &str| String::from_utf8(wire::percent_decode(text)).ok();
        let (user, password) = match login {
            // Other parsers would end the host elsewhere.
            Some(login) if login.contains(['@', '\\', '#', '?', ' ', '\'', '"']) => return None,
            Some(login) => match login.split_once(':') {
                Some((user, password)) => (Some(decode(user)?), Some(Secret::new(decode(password)?))),
                None => (Some(decode(login)?).filter(|user| !user.is_empty()), None),
            },
            None => (None, None),
        };
        Some(Self { user, password, ..Self::new(scheme, host, port, path) })
    }

    fn new(scheme: Scheme, host: &str, port: Option<u16>, path: &str) -> Self {
        let (host, path) = (host.to_ascii_lowercase(), path.to_owned());
        Self { scheme, user: None, password: None, host, port, path, short: false }
    }

    fn is_sound(&self) -> bool {
        let host = if self.scheme == Scheme::File { self.host.is_empty() } else { is_host(&self.host) };
        let user = self.user.as_deref().is_none_or(|user| self.scheme.is_http() || is_login(user));
        let path = !self.path.is_empty() && !self.path.starts_with('-') && is_path(&self.path);
        // Over HTTP a query or a fragment would swallow what git appends.
        host && user && path && !(self.scheme.is_http() && self.path.contains(['?', '#']))
    }

    /// Where it is, without user and password: for people.
    pub(crate) fn shown(&self) -> String {
        self.written("")
    }

    /// Where it is, with the user but without password: what tells repositories apart.
    pub(crate) fn url(&self) -> String {
        match &self.user {
            Some(user) if !self.scheme.is_http() => self.written(&format!("{user}@")),
            _ => self.written(""),
        }
    }

    fn written(&self, login: &str) -> String {
        let Self { host, path, .. } = self;
        match (self.scheme, self.port) {
            (Scheme::File, _) => format!("file://{path}"),
            _ if self.short => format!("{login}{host}:{path}"),
            (scheme, Some(port)) => format!("{}://{login}{host}:{port}{path}", scheme.name()),
            (scheme, None) => format!("{}://{login}{host}{path}", scheme.name()),
        }
    }
}

/// Without the password, and without the user, which is a token at times.
impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

/// Names and addresses; nothing that begins like an option, nothing that ends the host for another parser.
fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<std::net::Ipv6Addr>().is_ok();
    }
    let ends = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = host.strip_suffix('.').unwrap_or(host).as_bytes();
    host.len() <= 255
        && ends(bytes.first())
        && ends(bytes.last())
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
}

/// What `ssh` may get before the `@`.
fn is_login(user: &str) -> bool {
    !user.is_empty()
        && !user.starts_with('-')
        && user.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'+'))
}

/// No way up, however it is written, and nothing that a terminal or a protocol line would take for its own.
fn is_path(path: &str) -> bool {
    !wire::climbs(path) && !wire::percent_decode(path).iter().any(u8::is_ascii_control)
}

fn number(text: &str) -> Option<u16> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

fn refused(text: &str) -> Error {
    let scheme =
        text.split(':').next().filter(|word| word.len() < 20 && word.bytes().all(|b| b.is_ascii_alphanumeric()));
    let what = scheme.map_or_else(String::new, |word| format!(" ({word}:)"));
    let message = format!(
        "not the URL of a repository that may be fetched{what}: https, ssh and what the git configuration of the proxy host leads to"
    );
    Error::new(ErrorKind::Refused, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        for (text, scheme, user, host, port, path, url) in [
            (
                "https://H.example/a/b.git",
                Scheme::Https,
                None,
                "h.example",
                None,
                "/a/b.git",
                "https://h.example/a/b.git",
            ),
            ("https://u:p%40@h:8443/a", Scheme::Https, Some("u"), "h", Some(8443), "/a", "https://h:8443/a"),
            ("https://tok@h/a", Scheme::Https, Some("tok"), "h", None, "/a", "https://h/a"),
            ("ssh://git@h:22/~me/a", Scheme::Ssh, Some("git"), "h", Some(22), "/~me/a", "ssh://git@h:22/~me/a"),
            ("git+ssh://h/a", Scheme::Ssh, None, "h", None, "/a", "ssh://h/a"),
            ("git@h:a/b", Scheme::Ssh, Some("git"), "h", None, "a/b", "git@h:a/b"),
            ("http://[::1]:80/a", Scheme::Http, None, "[::1]", Some(80), "/a", "http://[::1]:80/a"),
            ("git://h/a", Scheme::Git, None, "h", None, "/a", "git://h/a"),
            ("file:///srv/a b", Scheme::File, None, "", None, "/srv/a b", "file:///srv/a b"),
            ("/srv/a", Scheme::File, None, "", None, "/srv/a", "file:///srv/a"),
        ] {
            let place = Place::parse(text).unwrap();
            assert_eq!((place.scheme, place.user.as_deref(), place.host.as_str()), (scheme, user, host), "{text}");
            assert_eq!((place.port, place.path.as_str(), place.url().as_str()), (port, path, url), "{text}");
        }
        let place = Place::parse("https://u:p%40@h/a").unwrap();
        assert_eq!(place.password.as_ref().map(Secret::expose), Some("p@"));
        assert!(!format!("{place:?}").contains('p') || format!("{place:?}") == "https://h/a", "{place:?}");
    }

    #[test]
    fn what_is_no_place_of_a_repository() {
        for text in [
            "",
            "ext::sh -c true",
            "fd::17",
            "x-y.z+1::https://h/a",
            "https::https://h/a",
            "ftp://h/a",
            "rsync://h/a",
            "ssh://-oProxyCommand=true/a",
            "ssh://-oProxyCommand=true@h/a",
            "-oProxyCommand=true:a",
            "-u@h:a",
            "a b@h:a",
            "ssh://h;id/a",
            "ssh://h/a\nb",
            "ssh://h h/a",
            "https://h@evil@/a",
            "https://h\\@evil/a",
            "https://h#@evil/a",
            "https://h'/a",
            "https://h",
            "https:///a",
            "https://h:x/a",
            "https://h:99999/a",
            "https://h/a/../b",
            "https://h/a/%2e%2E/b",
            "https://h/a%0ab",
            "https://h/a?x",
            "https://[::1/a",
            "https://[h]/a",
            "host:-a",
            "./a",
            "a/b",
            "file://host/a",
            "file:///a/../b",
            "/srv/../etc",
        ] {
            assert_eq!(Place::parse(text).map_err(|e| e.kind()), Err(ErrorKind::Refused), "{text}");
        }
    }
}
