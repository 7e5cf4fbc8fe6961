//! The body of `@v/list`: a version a line, with whatever else upstreams in the field put there.

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::version::Version;
use crate::{pseudo, rfc3339, semver};

/// Why a body is no list of versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// It begins like HTML or XML.
    #[error("invalid list of versions: it is a web page")]
    Markup,
    /// It has a NUL byte.
    #[error("invalid list of versions: it is binary")]
    Binary,
    /// No line of it begins with a version.
    #[error("invalid list of versions: no line has a version")]
    NoVersion,
}

/// The versions of a module that a source knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    versions: Vec<Version>,
    newest_pseudo: Option<Version>,
}

/// Reads a list as the `go` command does: the first word of a line counts if it is a semantic version, other lines are
/// skipped. Pseudo-versions are no part of a list but stand in for the latest version where nothing is tagged; a second
/// word is the commit's time. Versions that are not in canonical form cannot be asked for, and are left out.
pub fn parse(body: &[u8]) -> Result<List, ListError> {
    let text = body.trim_ascii_start();
    if text.first() == Some(&b'<') {
        return Err(ListError::Markup);
    }
    if text.contains(&0) {
        return Err(ListError::Binary);
    }
    let (mut valid, mut versions, mut newest) = (text.is_empty(), Vec::new(), Newest(None));
    for line in text.split(|&b| b == b'\n') {
        let line = String::from_utf8_lossy(line);
        let mut words = line.split_whitespace();
        let Some(word) = words.next().filter(|word| semver::is_valid(word)) else { continue };
        valid = true;
        let Ok(version) = Version::parse(word) else { continue };
        if version.is_pseudo() {
            newest.add(version, words.next());
        } else {
            versions.push(version);
        }
    }
    if !valid {
        return Err(ListError::NoVersion);
    }
    versions.sort();
    versions.dedup();
    Ok(List { versions, newest_pseudo: newest.0.map(|(_, version)| version) })
}

/// The newest pseudo-version so far; of two at the same time the first one, as in `latestFromList` of
/// cmd/go/internal/modfetch/proxy.go.
struct Newest(Option<(Timestamp, Version)>);

impl Newest {
    fn add(&mut self, version: Version, time: Option<&str>) {
        let time = time.and_then(rfc3339::parse).or_else(|| pseudo::pseudo_version_time(version.as_str()).ok());
        if let Some(time) = time.filter(|time| self.0.as_ref().is_none_or(|(best, _)| best < time)) {
            self.0 = Some((time, version));
        }
    }
}

impl List {
    /// All but the pseudo-versions, sorted, each once. Compatible versions and `+incompatible` ones are mixed, in the
    /// order of precedence.
    pub fn versions(&self) -> &[Version] {
        &self.versions
    }

    /// The body that says the same to a client: a line for each of [`List::versions`].
    pub fn body(&self) -> String {
        self.versions.iter().fold(String::new(), |mut body, version| {
            let _ = writeln!(body, "{version}");
            body
        })
    }

    /// The last version without `+incompatible`, prereleases included. Whether it has a go.mod file decides whether
    /// `+incompatible` versions count as the latest one.
    pub fn last_compatible(&self) -> Option<&Version> {
        self.versions.iter().rfind(|version| !version.is_incompatible())
    }

    /// The highest release without `+incompatible`, else the highest prerelease.
    pub fn highest_compatible(&self) -> Option<&Version> {
        self.highest(|version| !version.is_incompatible())
    }

    /// The highest release with `+incompatible`, else the highest prerelease.
    pub fn highest_incompatible(&self) -> Option<&Version> {
        self.highest(Version::is_incompatible)
    }

    fn highest(&self, wanted: impl Fn(&Version) -> bool) -> Option<&Version> {
        let wanted = |version: &&Version| wanted(version);
        let release = self.versions.iter().filter(wanted).rfind(|version| !version.is_prerelease());
        release.or_else(|| self.versions.iter().rfind(wanted))
    }

    /// The pseudo-version with the latest time, for a module without tags.
    pub const fn newest_pseudo(&self) -> Option<&Version> {
        self.newest_pseudo.as_ref()
    }
}

#[cfg(test)]
#[path = "list_tests.rs"]
mod tests;
