//! GOSUMDB: which checksum database is believed (<https://go.dev/ref/mod#environment-variables>,
//! cmd/go/internal/modfetch `dbDial`).

use std::fmt;

use super::{KeyError, VerifierKey};
use crate::{ProxyList, ProxyTarget};

/// The address of sum.golang.org in mainland China: the same database, by the same key.
const ALIAS: &str = "sum.golang.google.cn";

/// A parsed GOSUMDB.
#[derive(Clone, PartialEq, Eq)]
pub enum SumDbSetting {
    /// `off`: none.
    Off,
    /// A database.
    On {
        /// Its name and key.
        key: VerifierKey,
        /// Where to ask instead of the proxies and `https://<name>`: http or https, without a trailing slash. May hold a
        /// password, which [`fmt::Debug`] of this type leaves out.
        url: Option<String>,
    },
}

/// Why a GOSUMDB is refused. Never shows the value: it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// Nothing is in it.
    #[error("no checksum database is named; write off, a name, or a verifier key with perhaps a URL")]
    Empty,
    /// More than a key and a URL.
    #[error("too many fields; write a name or verifier key and at most one URL, separated by a space")]
    TooMany,
    /// The name is not one of those whose keys are known.
    #[error("the key of this checksum database is not known; write its full verifier key, name+hash+key")]
    UnknownName,
    /// The key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The name in the key cannot be asked for as `https://<name>`.
    #[error("the name in the verifier key must be host[/path]")]
    Name,
    /// The URL.
    #[error("the URL must be http:// or https:// and a host, without query and fragment")]
    Url,
}

/// What `go` does without GOSUMDB: sum.golang.org.
impl Default for SumDbSetting {
    fn default() -> Self {
        Self::On { key: VerifierKey::sum_golang_org(), url: None }
    }
}

impl SumDbSetting {
    /// Reads `off`, `<name>`, `<key>`, or either of the latter with a URL after white space.
    ///
    /// # Errors
    /// See [`SettingError`]. An empty text is an error here: what it stands for is up to whoever reads the environment.
    pub fn parse(text: &str) -> Result<Self, SettingError> {
        match text {
            "off" => return Ok(Self::Off),
            // Like `go`, only where it stands alone.
            ALIAS => return Ok(Self::On { key: VerifierKey::sum_golang_org(), url: Some(format!("https://{ALIAS}")) }),
            _ => {}
        }
        let mut fields = text.split_whitespace();
        let key = key(fields.next().ok_or(SettingError::Empty)?)?;
        let url = fields.next().map(url).transpose()?;
        if fields.next().is_some() {
            return Err(SettingError::TooMany);
        }
        Ok(Self::On { key, url })
    }
}

impl fmt::Debug for SumDbSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::On { key, url: None } => key.fmt(f),
            Self::On { key, url: Some(url) } => write!(f, "{key:?} {}", ProxyTarget::Url(url.clone())),
        }
    }
}

fn key(field: &str) -> Result<VerifierKey, SettingError> {
    let known = VerifierKey::sum_golang_org();
    if field == known.name() {
        return Ok(known);
    }
    if !field.contains('+') {
        return Err(SettingError::UnknownName);
    }
    let key = VerifierKey::parse(field)?;
    if is_host_and_path(key.name()) { Ok(key) } else { Err(SettingError::Name) }
}

fn url(field: &str) -> Result<String, SettingError> {
    let http = field.starts_with("https://") || field.starts_with("http://");
    only_url(field).filter(|_| http).ok_or(SettingError::Url)
}

/// `host[:port][/path]` with nothing that a URL would read or write differently; `go` compares with what it parsed.
fn is_host_and_path(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '~' | ':' | '/');
    let elements = || name.split('/').all(|element| !matches!(element, "" | "." | ".."));
    let url = format!("https://{name}");
    name.chars().all(plain) && elements() && only_url(&url) == Some(url)
}

/// The rules for a URL are those of a proxy's.
fn only_url(text: &str) -> Option<String> {
    match ProxyList::parse(text).ok()?.entries() {
        [only] => match &only.target {
            ProxyTarget::Url(url) => Some(url.clone()),
            ProxyTarget::Direct | ProxyTarget::Off => None,
        },
        _ => None,
    }
}

#[cfg(test)]
#[path = "setting_tests.rs"]
mod tests;
