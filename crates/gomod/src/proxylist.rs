//! The GOPROXY list: sources in the order they are asked, with the rule for going on to the next
//! (<https://go.dev/ref/mod#goproxy-protocol>, cmd/go/internal/modfetch `proxyList`).

use std::fmt;

/// A parsed GOPROXY list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProxyList(Vec<ProxyEntry>);

/// One source of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyEntry {
    /// Where to ask.
    pub target: ProxyTarget,
    /// Whether any failure leads to the next entry (`|` follows), not only 404 and 410 (`,` follows).
    pub on_any_error: bool,
}

/// What an entry stands for.
#[derive(Clone, PartialEq, Eq)]
pub enum ProxyTarget {
    /// The base URL of a proxy, without a trailing slash: http, https or file. May hold a password, which
    /// [`fmt::Debug`] and [`fmt::Display`] of this type leave out.
    Url(String),
    /// Version control.
    Direct,
    /// Nothing: every request fails here.
    Off,
}

/// Why a list is refused. Never shows a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyListError {
    /// Only separators.
    #[error("the list has separators but no entries")]
    Empty,
    /// An entry is no proxy.
    #[error("entry {number} ({entry}): {reason}")]
    Entry {
        /// Which one, from 1.
        number: usize,
        /// The entry, as far as it can be shown.
        entry: String,
        /// What is wrong with it, and what to write instead.
        reason: &'static str,
    },
}

impl ProxyList {
    /// Parses a list. An entry without scheme gets `https://`; what stands after `direct` or `off` is dropped. An empty
    /// string is an empty list.
    pub fn parse(list: &str) -> Result<Self, ProxyListError> {
        let mut entries = Vec::new();
        for piece in list.split_inclusive([',', '|']) {
            let text = piece.trim_end_matches([',', '|']).trim();
            if text.is_empty() {
                continue;
            }
            let target = target(text).map_err(|reason| ProxyListError::Entry {
                number: entries.len() + 1,
                entry: shown(text, list),
                reason,
            })?;
            let last = !matches!(target, ProxyTarget::Url(_));
            entries.push(ProxyEntry { target, on_any_error: piece.ends_with('|') });
            if last {
                break;
            }
        }
        if entries.is_empty() && !list.trim().is_empty() {
            return Err(ProxyListError::Empty);
        }
        Ok(Self(entries))
    }

    /// The entries in order.
    pub fn entries(&self) -> &[ProxyEntry] {
        &self.0
    }
}

/// The list in its own syntax, without passwords.
impl fmt::Display for ProxyList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for entry in &self.0 {
            write!(f, "{separator}{}", entry.target)?;
            separator = if entry.on_any_error { "|" } else { "," };
        }
        Ok(())
    }
}

/// The entry without user name and password.
impl fmt::Display for ProxyTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct => f.write_str("direct"),
            Self::Off => f.write_str("off"),
            Self::Url(url) => match split_url(url) {
                Some(Url { scheme, userinfo: Some(_), host, path }) => write!(f, "{scheme}://xxxxx@{host}{path}"),
                _ => f.write_str(url),
            },
        }
    }
}

impl fmt::Debug for ProxyTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn target(text: &str) -> Result<ProxyTarget, &'static str> {
    match text {
        "direct" => return Ok(ProxyTarget::Direct),
        "off" => return Ok(ProxyTarget::Off),
        path if path.starts_with('/') => return Err("missing scheme; write file:// before a path"),
        word if !word.contains(['.', ':', '/']) => return Err("neither a URL nor direct nor off"),
        _ => {}
    }
    let url = if text.contains(":/") { text.to_owned() } else { format!("https://{text}") };
    check(&url)?;
    Ok(ProxyTarget::Url(url.strip_suffix('/').map(str::to_owned).unwrap_or(url)))
}

fn check(url: &str) -> Result<(), &'static str> {
    let Url { scheme, userinfo, host, path } = split_url(url).ok_or("not a URL; write scheme://host/path")?;
    if url.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err("white space or a control character in the URL");
    }
    if path.contains(['?', '#']) {
        return Err("a proxy URL has neither query nor fragment");
    }
    match scheme {
        "file" if userinfo.is_none() && host.is_empty() && path.len() > 1 => Ok(()),
        "file" => Err("a file URL has a path and nothing else; write file:///path"),
        "http" | "https" => check_host(host),
        _ => Err("the scheme must be https, http or file"),
    }
}

fn check_host(host: &str) -> Result<(), &'static str> {
    let (name, port) = match host.strip_prefix('[') {
        Some(v6) => v6.split_once(']').ok_or("the host's bracket is not closed")?,
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    if name.is_empty() || name.contains(['@', '[', '\\']) {
        return Err("the host is missing or malformed");
    }
    match port.strip_prefix(':') {
        None if port.is_empty() => Ok(()),
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) && digits.parse::<u16>().is_ok() => Ok(()),
        _ => Err("the port is no number up to 65535"),
    }
}

/// The parts of `scheme://userinfo@host/path`; `host` with its port, `path` with all that follows.
struct Url<'a> {
    scheme: &'a str,
    userinfo: Option<&'a str>,
    host: &'a str,
    path: &'a str,
}

fn split_url(url: &str) -> Option<Url<'_>> {
    let (scheme, rest) = url.split_once("://")?;
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (userinfo, host) = match authority.rsplit_once('@') {
        Some((userinfo, host)) => (Some(userinfo), host),
        None => (None, authority),
    };
    Some(Url { scheme, userinfo, host, path })
}

/// A refused entry for an error text. Where the list has an `@`, what stands before it may be part of a password that
/// contains a comma or slash, so then only the scheme is shown.
fn shown(entry: &str, list: &str) -> String {
    if !list.contains('@') {
        return entry.to_owned();
    }
    match entry.split_once("://") {
        Some((scheme @ ("http" | "https" | "file"), _)) => format!("{scheme}://…"),
        _ => "…".to_owned(),
    }
}

#[cfg(test)]
#[path = "proxylist_tests.rs"]
mod tests;
