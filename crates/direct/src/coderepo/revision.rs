//! A version of a module, and where it comes from.

use bytes::Bytes;
use gomod::Version;
use goproxy_git::Oid;

use super::info;

/// What a version is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Revision {
    pub(crate) version: Version,
    pub(crate) commit: Oid,
    /// The root directory of the commit.
    pub(crate) tree: Oid,
    /// When it was committed, in seconds since 1970.
    pub(crate) time: i64,
    /// `refs/tags/v1.0.0`; none of a pseudo-version, which any ref may lead to.
    pub(crate) reference: Option<String>,
    /// The directory of the module in the repository.
    pub(crate) dir: String,
    /// The go.mod as it is in the repository, or the one that `go` makes up where there is none.
    pub(crate) go_mod: Bytes,
    /// `Origin.Subdir`: the directory without the major version, wherever the module was found.
    pub(super) subdirectory: String,
}

impl Revision {
    /// The `.info`, as `go` writes it into its module cache. The URL is the one that was asked for.
    pub(crate) fn info(&self, url: &str) -> Bytes {
        info::write(self, url).into()
    }
}
