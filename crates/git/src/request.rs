//! What is asked of a remote.

use crate::Oid;

/// Objects to leave out (git-rev-list(1) `--filter`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// No file contents.
    NoBlobs,
    /// Nothing but commits.
    NoTrees,
    /// Directories, and files of at most `blob_limit` bytes, down to `levels` below the root directory: at 1, the
    /// root directory itself and what lies in it, its subdirectories as ids only.
    Shallow {
        /// Levels of entries.
        levels: u32,
        /// Largest content in bytes.
        blob_limit: u64,
    },
}

/// What is asked of a remote. A remote may always send more: one without filters ignores the filter, one without shallow
/// answers ignores the depth.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FetchRequest {
    /// Ids of commits; of trees and blobs only where [`FetchRequest::filter`] was honoured before.
    pub wants: Vec<Oid>,
    /// Only the wanted commits themselves, without those they follow.
    pub shallow: bool,
    /// What to leave out.
    pub filter: Option<Filter>,
    /// Commits that are here with all they contain (as far as the filter goes), so that the remote leaves out what
    /// they have. Only ever a saving.
    pub haves: Vec<Oid>,
}
