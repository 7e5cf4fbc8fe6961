//! Repositories on disk: packs, their indexes, loose objects (gitformat-pack(5)). Bare and never complete: a cache of
//! what remotes have.

mod delta;
mod entry;
mod index;
mod inflate;
mod init;
mod odb;
mod receive;

pub use init::init;
pub use odb::Odb;
pub use receive::{PackLimits, PackReceiver, PackStats};

use crate::Error;

/// What cannot have been written by git.
fn corrupt<T>(what: impl Into<String>) -> Result<T, Error> {
    Err(Error::Corrupt(what.into()))
}
