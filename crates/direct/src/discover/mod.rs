//! Where the repository of a module is: `cmd/go/internal/vcs`.

use goproxy_fetch::Access;

/// What keeps a module's source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Vcs {
    Git,
    /// What only the `go` command fetches here.
    Hg,
    Svn,
    Fossil,
    /// A module proxy, named by a go-import page.
    Mod,
}

/// Where a module comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Root {
    /// The path of the repository's root: the module path or a prefix of it (`codeRoot`).
    pub(crate) prefix: String,
    pub(crate) vcs: Vcs,
    /// The repository's URL, or the proxy's.
    pub(crate) url: String,
    /// The fourth field of a go-import tag: where in the repository the prefix lies; empty for its root.
    pub(crate) subdirectory: String,
    /// What may be connected to on behalf of this module.
    pub(crate) access: Access,
}
