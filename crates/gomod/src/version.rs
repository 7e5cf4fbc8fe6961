//! Versions and version queries as types: whoever holds one need not check it again.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use crate::path::unescape_version;
use crate::{escape, pseudo, semver};

/// Why a version or query is refused, in the words of the `go` command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// Not a semantic version at all.
    #[error("version {0:?} invalid: not a semantic version")]
    NotSemver(String),
    /// A semantic version, but written otherwise than `vMAJOR.MINOR.PATCH[-PRERELEASE][+incompatible]`.
    #[error("version {0} is not in canonical form")]
    NotCanonical(String),
    /// Not a file name, so nothing that a version query may be.
    #[error("version {0:?} invalid: disallowed version string")]
    Disallowed(String),
    /// A query that only a client can answer: `latest`, `upgrade`, `patch`, a range.
    #[error("version {0} is disallowed")]
    ClientQuery(String),
    /// The `!` escaping is broken, or what it stands for is no file name.
    #[error("invalid escaped version {escaped:?}{}", reason.as_ref().map(|r| format!(": {r}")).unwrap_or_default())]
    Escaped {
        /// The escaped version as given.
        escaped: String,
        /// The rule broken by the unescaped version, if the escaping itself was right.
        reason: Option<String>,
    },
    /// The major version is not that of the module path's suffix.
    #[error("version {version:?} invalid: should be {want}, not {got}")]
    Major {
        /// The version as given.
        version: String,
        /// `v2`, or `v0 or v1` where the path has no suffix.
        want: String,
        /// The version's own major version.
        got: String,
    },
    /// The same, where the module is known.
    #[error("{module}@{version}: invalid version: should be {want}, not {got}")]
    ModuleMajor {
        /// The module path.
        module: String,
        /// The version as given.
        version: String,
        /// `v2`, or `v0 or v1` where the path has no suffix.
        want: String,
        /// The version's own major version.
        got: String,
    },
    /// Not a pseudo-version, or one that means nothing.
    #[error("pseudo-version {version:?} invalid: {reason}")]
    Pseudo {
        /// The version as given.
        version: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// A canonical version: `v1.2.3`, `v1.2.3-pre`, `v2.0.0+incompatible`. Ordered by precedence, then as a string; a clone
/// is cheap.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Version(Arc<str>);

impl Version {
    /// Accepts exactly the canonical form (`module.CanonicalVersion(v) == v`).
    pub fn parse(v: &str) -> Result<Self, VersionError> {
        match semver::parse(v) {
            None => Err(VersionError::NotSemver(v.to_owned())),
            Some(p) if p.is_full() && matches!(p.build, "" | "+incompatible") => Ok(Self(v.into())),
            Some(_) => Err(VersionError::NotCanonical(v.to_owned())),
        }
    }

    /// The version as written in go.mod files.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The version as written in URLs and file names.
    pub fn escaped(&self) -> String {
        escape::escape(&self.0)
    }

    /// Whether it names a commit rather than a tag.
    pub fn is_pseudo(&self) -> bool {
        pseudo::is_pseudo_version(&self.0)
    }

    /// Whether it has a prerelease part; pseudo-versions do.
    pub fn is_prerelease(&self) -> bool {
        !semver::prerelease(&self.0).is_empty()
    }

    /// Whether it ends in `+incompatible`.
    pub fn is_incompatible(&self) -> bool {
        self.0.ends_with("+incompatible")
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        semver::compare(&self.0, &other.0).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// What may stand before `.info` beside a canonical version: a branch, a tag, a commit hash or its prefix, `v1`.
/// A clone is cheap.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Query(Arc<str>);

impl Query {
    /// Accepts file names (ASCII, no `/`, no `!`) but not what a client answers itself and never sends: `latest`,
    /// `upgrade`, `patch` and ranges. A leading dash is refused as the `go` command does since CVE-2025-68119: version
    /// control programs would take it for an option.
    pub fn parse(query: &str) -> Result<Self, VersionError> {
        if matches!(query, "latest" | "upgrade" | "patch") || query.starts_with(['<', '>', '=']) {
            return Err(VersionError::ClientQuery(query.to_owned()));
        }
        crate::path::escape_version(query)?;
        if query.starts_with('-') {
            return Err(VersionError::Disallowed(query.to_owned()));
        }
        Ok(Self(query.into()))
    }

    /// The same for the form in URLs.
    pub fn unescape(escaped: &str) -> Result<Self, VersionError> {
        Self::parse(&unescape_version(escaped)?)
    }

    /// The query as a user types it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The query as written in URLs and file names.
    pub fn escaped(&self) -> String {
        escape::escape(&self.0)
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
#[path = "version_tests.rs"]
mod tests;
