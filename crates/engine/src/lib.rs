//! The engine: one pipeline from a request to a verified answer, and the ports it works through.
//!
//! It knows no HTTP, no TLS and no file layout. [`Engine`] answers; [`Store`], [`Source`], [`SumSource`] and
//! [`Observer`] are what it needs from the world.

mod admission;
mod ahead;
mod answers;
mod blocking;
pub mod check;
mod engine;
mod error;
mod flight;
mod growing;
mod import;
mod intake;
mod key;
mod latest;
mod memory;
mod objects;
pub mod own_dir;
mod port;
mod rank;
mod reply;
mod routing;
mod stage;
mod sumdb;
pub mod trace;
mod verify;
mod watch;

pub use admission::Load;
pub use blocking::blocking;
pub use engine::Engine;
pub use error::{Error, ErrorKind, Result};
pub use flight::Flight;
pub use growing::{Growing, Piece};
pub use intake::Intake;
pub use key::{Answer, Fact, Kind, Object};
pub use port::{
    Blob, FactFound, Observer, Remembered, Resolved, Source, Store, Stored, SumSource, Unobserved, Versions,
};
pub use rank::{Turn, Turns, queued};
pub use reply::{CacheStatus, Lifetime, Reply, Served, Via};
pub use routing::{Hop, Routing};
pub use stage::{Staging, TempPath, Verified};
pub use verify::Voucher;
