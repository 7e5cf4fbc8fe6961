//! What is right: the answers of the real `go` command to the same questions about the same repositories.
//!
//! `go` works on the repositories themselves, by `file://`, with a module cache of its own for each lot of questions. The
//! proxy gets them over http from a server that may know less than git does. Both look for them where the same git
//! configuration leads; the domains that they believe to ask belong to nobody, and nothing leaves loopback.

mod ask;
mod go;
mod judge;
mod world;

pub(crate) use ask::at_once;
pub(crate) use go::{Go, Told};
pub(crate) use judge::{Outcome, compare};
pub(crate) use world::{VANITY, World};

/// What is asked: `path@query`, or the list of a path's versions where there is no query.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Question {
    pub(crate) path: String,
    pub(crate) query: String,
}

impl Question {
    pub(crate) fn new(path: impl Into<String>, query: impl Into<String>) -> Self {
        Self { path: path.into(), query: query.into() }
    }

    pub(crate) fn is_list(&self) -> bool {
        self.query.is_empty()
    }

    /// Whether the query has the form of a version by itself, so that `.mod` and `.zip` of it may be asked for.
    pub(crate) fn is_version(&self) -> bool {
        is_canonical(&self.query)
    }
}

impl std::fmt::Display for Question {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = if self.is_list() { "" } else { "@" };
        write!(f, "{}{at}{}", self.path, self.query)
    }
}

/// `vX.Y.Z[-pre][+incompatible]` in canonical form.
pub(crate) fn is_canonical(version: &str) -> bool {
    let version = version.strip_suffix("+incompatible").unwrap_or(version);
    let Some(rest) = version.strip_prefix('v') else { return false };
    let (numbers, pre) = rest.split_once('-').map_or((rest, None), |(numbers, pre)| (numbers, Some(pre)));
    let number = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'))
    };
    let numeric_with_zero =
        |part: &str| part.len() > 1 && part.starts_with('0') && part.bytes().all(|b| b.is_ascii_digit());
    let identifier = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') && !numeric_with_zero(part)
    };
    numbers.split('.').count() == 3
        && numbers.split('.').all(number)
        && pre.is_none_or(|pre| pre.split('.').all(identifier))
}
