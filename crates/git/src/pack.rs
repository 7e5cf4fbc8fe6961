//! Repositories on disk: packs, their indexes, loose objects. Bare and never complete: a cache of what remotes have.

mod init;
mod odb;
mod receive;

pub use init::init;
pub use odb::Odb;
pub use receive::{PackLimits, PackReceiver, PackStats};
