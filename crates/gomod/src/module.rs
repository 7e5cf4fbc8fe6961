//! Module paths and module versions as types: whoever holds one need not check it again.

use std::fmt;
use std::sync::Arc;

use crate::escape;
use crate::major::{check_path_major, split_path_version};
use crate::path::{PathError, check_path, unescape_path};
use crate::version::{Version, VersionError};

/// A valid module path, such as `github.com/Azure/azure-sdk-for-go`. Ordered as a string; a clone is cheap.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModulePath(Arc<str>);

impl ModulePath {
    /// Accepts what `module.CheckPath` accepts.
    pub fn parse(path: &str) -> Result<Self, PathError> {
        check_path(path)?;
        Ok(Self(path.into()))
    }

    /// The same for the form in URLs, where `!x` stands for `X` (`module.UnescapePath`).
    pub fn unescape(escaped: &str) -> Result<Self, PathError> {
        Ok(Self(unescape_path(escaped)?.into()))
    }

    /// The path as written in go.mod files.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path as written in URLs and file names.
    pub fn escaped(&self) -> String {
        escape::escape(&self.0)
    }

    /// What stands before the major version, and the suffix: empty, `/v2`, `.v2` of gopkg.in.
    pub fn split_major(&self) -> (&str, &str) {
        split_path_version(&self.0).unwrap_or((&self.0, ""))
    }
}

impl fmt::Display for ModulePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ModulePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// A module path and a canonical version that agrees with its major version suffix.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModuleVersion {
    path: ModulePath,
    version: Version,
}

impl ModuleVersion {
    /// Accepts what `module.Check` accepts: `v2.0.0` belongs to `/v2` paths, `v2.0.0+incompatible` to those without.
    pub fn new(path: ModulePath, version: Version) -> Result<Self, VersionError> {
        match check_path_major(version.as_str(), path.split_major().1) {
            Ok(()) => Ok(Self { path, version }),
            Err(VersionError::Major { version, want, got }) => {
                Err(VersionError::ModuleMajor { module: path.as_str().to_owned(), version, want, got })
            }
            Err(error) => Err(error),
        }
    }

    /// The module's path.
    pub const fn path(&self) -> &ModulePath {
        &self.path
    }

    /// The module's version.
    pub const fn version(&self) -> &Version {
        &self.version
    }
}

/// `path@version`.
impl fmt::Display for ModuleVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.path, self.version)
    }
}

impl fmt::Debug for ModuleVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
#[path = "module_tests.rs"]
mod tests;
