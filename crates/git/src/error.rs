//! What can be wrong with bytes that claim to be git's.

use crate::Oid;

/// Why an object, a pack or a message cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk, ours.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// Bytes that are not what git would have written: of a server (nothing of them is kept) or on disk (the repository
    /// is to be removed and fetched again).
    #[error("{0}")]
    Corrupt(String),
    /// More than a limit allows.
    #[error("{0}")]
    TooLarge(String),
    /// An object that is needed is not there.
    #[error("object {0} is missing")]
    Missing(Oid),
}
