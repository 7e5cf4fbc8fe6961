//! Git's formats, without network and without programs: object ids, objects, packs on disk, the messages of the wire
//! protocol. What talks to servers is in `goproxy-fetch`, what a module proxy makes of repositories in `goproxy-direct`.

mod error;
mod file;
mod hash;
mod object;
mod oid;
mod pack;
mod refs;
mod request;
pub mod wire;

pub use error::Error;
pub use file::open_regular;
pub use object::{Commit, EntryKind, Kind, MemoryObjects, Object, Objects, TreeEntry};
pub use oid::{ObjectFormat, Oid};
pub use pack::{Odb, PackLimits, PackReceiver, PackStats, init};
pub use refs::{Ref, Refs};
pub use request::{FetchRequest, Filter};
